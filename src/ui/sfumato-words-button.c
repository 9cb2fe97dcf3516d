/* The words of a model that knows few, behind a button.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/sfumato-words-button.h"

#include <glib/gi18n-lib.h>

struct _SfumatoWordsButton
{
  AdwBin                   parent_instance;

  GtkBox                  *words_box;

  const SfumatoVocabulary *vocabulary;  /* borrowed, nullable: what is shown */
  GPtrArray               *labels;      /* owned: borrowed from the box */
};

G_DEFINE_FINAL_TYPE (SfumatoWordsButton, sfumato_words_button, ADW_TYPE_BIN)

static void
add_label (SfumatoWordsButton *self,
           const char         *text,
           const char         *style)
{
  GtkWidget *label = g_object_new (GTK_TYPE_LABEL, "label", text, "xalign", 0.0, "wrap", TRUE, "selectable", FALSE,
                                   "max-width-chars", 36, NULL);

  gtk_widget_add_css_class (label, style);
  gtk_box_append (self->words_box, label);
  g_ptr_array_add (self->labels, label);
}

static void
show_words (SfumatoWordsButton *self)
{
  for (guint i = 0; i < self->labels->len; i++)
    gtk_box_remove (self->words_box, g_ptr_array_index (self->labels, i));
  g_ptr_array_set_size (self->labels, 0);
  if (self->vocabulary == NULL)
    return;
  for (const SfumatoWordGroup *group = sfumato_vocabulary_get_groups (self->vocabulary); group->id != NULL; group++)
    {
      g_autofree char *words = g_strjoinv (", ", (char **) group->words);

      add_label (self, _(group->name), "caption-heading");
      add_label (self, words, "caption");
    }
}

static void
sfumato_words_button_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), SFUMATO_TYPE_WORDS_BUTTON);

  G_OBJECT_CLASS (sfumato_words_button_parent_class)->dispose (object);
}

static void
sfumato_words_button_finalize (GObject *object)
{
  g_ptr_array_unref (SFUMATO_WORDS_BUTTON (object)->labels);

  G_OBJECT_CLASS (sfumato_words_button_parent_class)->finalize (object);
}

static void
sfumato_words_button_class_init (SfumatoWordsButtonClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = sfumato_words_button_dispose;
  G_OBJECT_CLASS (klass)->finalize = sfumato_words_button_finalize;

  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-words-button.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoWordsButton, words_box);
}

static void
sfumato_words_button_init (SfumatoWordsButton *self)
{
  self->labels = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
}

void
sfumato_words_button_set_vocabulary (SfumatoWordsButton      *self,
                                     const SfumatoVocabulary *vocabulary)
{
  g_return_if_fail (SFUMATO_IS_WORDS_BUTTON (self));

  if (self->vocabulary == vocabulary)
    return;
  self->vocabulary = vocabulary;
  show_words (self);
  gtk_widget_set_visible (GTK_WIDGET (self), vocabulary != NULL);
}
