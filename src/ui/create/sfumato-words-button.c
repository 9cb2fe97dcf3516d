/* The words of a model that knows few, behind a button: a heading and a row of small buttons a group.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/create/sfumato-words-button.h"

#include <glib/gi18n-lib.h>

struct _SfumatoWordsButton
{
  AdwBin                   parent_instance;

  GtkPopover              *popover;
  GtkBox                  *words_box;

  GtkWidget               *text;        /* borrowed from the template both are in: what is not to be covered */
  const SfumatoVocabulary *vocabulary;  /* borrowed, nullable: what is shown */
  GPtrArray               *shown;       /* owned: borrowed from the box */
};

G_DEFINE_FINAL_TYPE (SfumatoWordsButton, sfumato_words_button, ADW_TYPE_BIN)

enum
{
  WORD_CHOSEN,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static void
word_clicked_cb (SfumatoWordsButton *self,
                 GtkButton          *button)
{
  g_signal_emit (self, signals[WORD_CHOSEN], 0, gtk_button_get_label (button));
}

/* What is being written stays in view. */
static void
showing_cb (SfumatoWordsButton *self)
{
  graphene_rect_t bounds;

  if (self->text != NULL && gtk_widget_compute_bounds (self->text, GTK_WIDGET (self), &bounds))
    gtk_popover_set_offset (self->popover, 0, MIN (bounds.origin.y, 0));
}

static void
add (SfumatoWordsButton *self,
     GtkWidget          *widget)
{
  gtk_box_append (self->words_box, widget);
  g_ptr_array_add (self->shown, widget);
}

static void
add_group (SfumatoWordsButton    *self,
           const SfumatoWordGroup *group)
{
  GtkWidget *heading = g_object_new (GTK_TYPE_LABEL, "label", _(group->name), "xalign", 0.0, "margin-top", 6, NULL);
  GtkWidget *words = g_object_new (ADW_TYPE_WRAP_BOX, "child-spacing", 3, "line-spacing", 3,
                                   "accessible-role", GTK_ACCESSIBLE_ROLE_GROUP, NULL);

  gtk_widget_add_css_class (heading, "heading");
  gtk_accessible_update_property (GTK_ACCESSIBLE (words), GTK_ACCESSIBLE_PROPERTY_LABEL, _(group->name), -1);
  for (guint i = 0; group->words[i] != NULL; i++)
    {
      GtkWidget *button = gtk_button_new_with_label (group->words[i]);

      gtk_widget_add_css_class (button, "word");
      g_signal_connect_object (button, "clicked", G_CALLBACK (word_clicked_cb), self, G_CONNECT_SWAPPED);
      adw_wrap_box_append (ADW_WRAP_BOX (words), button);
    }
  add (self, heading);
  add (self, words);
}

static void
show_words (SfumatoWordsButton *self)
{
  for (guint i = 0; i < self->shown->len; i++)
    gtk_box_remove (self->words_box, g_ptr_array_index (self->shown, i));
  g_ptr_array_set_size (self->shown, 0);
  if (self->vocabulary == NULL)
    return;
  for (const SfumatoWordGroup *group = sfumato_vocabulary_get_groups (self->vocabulary); group->id != NULL; group++)
    add_group (self, group);
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
  g_ptr_array_unref (SFUMATO_WORDS_BUTTON (object)->shown);

  G_OBJECT_CLASS (sfumato_words_button_parent_class)->finalize (object);
}

static void
sfumato_words_button_class_init (SfumatoWordsButtonClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = sfumato_words_button_dispose;
  G_OBJECT_CLASS (klass)->finalize = sfumato_words_button_finalize;

  signals[WORD_CHOSEN] = g_signal_new ("word-chosen", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 1, G_TYPE_STRING);

  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-words-button.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoWordsButton, popover);
  gtk_widget_class_bind_template_child (widget_class, SfumatoWordsButton, words_box);
  gtk_widget_class_bind_template_callback (widget_class, showing_cb);
}

static void
sfumato_words_button_init (SfumatoWordsButton *self)
{
  self->shown = g_ptr_array_new ();
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

void
sfumato_words_button_set_text (SfumatoWordsButton *self,
                               GtkWidget          *text)
{
  g_return_if_fail (SFUMATO_IS_WORDS_BUTTON (self));

  self->text = text;
}
