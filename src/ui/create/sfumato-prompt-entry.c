/* A text field of several lines for a prompt.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/create/sfumato-prompt-entry.h"

struct _SfumatoPromptEntry
{
  AdwBin         parent_instance;

  GtkTextView   *view;
  GtkTextBuffer *buffer;
  GtkWidget     *placeholder_label;
  GtkTextTag    *overflow;         /* borrowed from the buffer's table */

  char          *text;             /* owned: what the buffer holds */
  char          *label;            /* owned */
  char          *description;      /* owned */
  char          *placeholder;      /* owned */
  guint          maximum;
  int            maximum_height;
  gboolean       composing;
};

G_DEFINE_FINAL_TYPE (SfumatoPromptEntry, sfumato_prompt_entry, ADW_TYPE_BIN)

enum
{
  PROP_0,
  PROP_TEXT,
  PROP_LABEL,
  PROP_DESCRIPTION,
  PROP_PLACEHOLDER,
  PROP_MAXIMUM,
  PROP_MAXIMUM_HEIGHT,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static void
mark_overflow (SfumatoPromptEntry *self)
{
  GtkTextIter from, to, end;

  gtk_text_buffer_get_bounds (self->buffer, &from, &end);
  to = end;
  gtk_text_buffer_remove_tag (self->buffer, self->overflow, &from, &to);
  if (self->maximum == 0 || (guint) gtk_text_buffer_get_char_count (self->buffer) <= self->maximum)
    return;
  gtk_text_buffer_get_iter_at_offset (self->buffer, &from, self->maximum);
  gtk_text_buffer_apply_tag (self->buffer, self->overflow, &from, &end);
}

static void
update_placeholder (SfumatoPromptEntry *self)
{
  gtk_widget_set_visible (self->placeholder_label, *self->text == '\0' && !self->composing);
}

static void
buffer_changed_cb (SfumatoPromptEntry *self)
{
  GtkTextIter start, end;
  g_autofree char *text = NULL;

  gtk_text_buffer_get_bounds (self->buffer, &start, &end);
  text = gtk_text_buffer_get_text (self->buffer, &start, &end, TRUE);
  mark_overflow (self);
  if (!g_set_str (&self->text, text))
    return;
  update_placeholder (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TEXT]);
}

static void
preedit_changed_cb (SfumatoPromptEntry *self,
                    const char         *preedit)
{
  self->composing = preedit != NULL && *preedit != '\0';
  update_placeholder (self);
}

/* A picture in the clipboard is not text: whoever holds the entry may know what to do with it. Files count as
 * pictures too; their paths are never what somebody wants in a prompt. */
static void
pasting_cb (SfumatoPromptEntry *self)
{
  GdkContentFormats *formats = gdk_clipboard_get_formats (gtk_widget_get_clipboard (GTK_WIDGET (self)));

  if (!gdk_content_formats_contain_gtype (formats, GDK_TYPE_FILE_LIST) &&
      (gdk_content_formats_contain_gtype (formats, G_TYPE_STRING) ||
       !gdk_content_formats_contain_gtype (formats, GDK_TYPE_TEXTURE)))
    return;
  g_signal_stop_emission_by_name (self->view, "paste-clipboard");
  gtk_widget_activate_action (GTK_WIDGET (self), "win.paste-reference", NULL);
}

/* As a person would do it, so that Undo brings back what was there. */
static void
set_text (SfumatoPromptEntry *self,
          const char         *text)
{
  GtkTextIter start, end;

  if (g_strcmp0 (self->text, text) == 0)
    return;
  gtk_text_buffer_begin_user_action (self->buffer);
  gtk_text_buffer_get_bounds (self->buffer, &start, &end);
  gtk_text_buffer_delete (self->buffer, &start, &end);
  gtk_text_buffer_insert (self->buffer, &start, text != NULL ? text : "", -1);
  gtk_text_buffer_end_user_action (self->buffer);
}

static void
set_label (SfumatoPromptEntry *self,
           const char         *label)
{
  g_set_str (&self->label, label);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->view), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
}

static void
set_description (SfumatoPromptEntry *self,
                 const char         *description)
{
  if (g_set_str (&self->description, description))
    gtk_accessible_update_property (GTK_ACCESSIBLE (self->view), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                    description != NULL ? description : "", -1);
}

static void
set_maximum (SfumatoPromptEntry *self,
             guint               maximum)
{
  if (self->maximum == maximum)
    return;
  self->maximum = maximum;
  mark_overflow (self);
}

static void
set_maximum_height (SfumatoPromptEntry *self,
                    int                 height)
{
  if (self->maximum_height == height)
    return;
  self->maximum_height = height;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAXIMUM_HEIGHT]);
}

static gboolean
sfumato_prompt_entry_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (GTK_WIDGET (SFUMATO_PROMPT_ENTRY (widget)->view));
}

static void
sfumato_prompt_entry_get_property (GObject    *object,
                                   guint       id,
                                   GValue     *value,
                                   GParamSpec *pspec)
{
  SfumatoPromptEntry *self = SFUMATO_PROMPT_ENTRY (object);

  switch (id)
    {
    case PROP_TEXT: g_value_set_string (value, self->text); break;
    case PROP_LABEL: g_value_set_string (value, self->label); break;
    case PROP_DESCRIPTION: g_value_set_string (value, self->description); break;
    case PROP_PLACEHOLDER: g_value_set_string (value, self->placeholder); break;
    case PROP_MAXIMUM: g_value_set_uint (value, self->maximum); break;
    case PROP_MAXIMUM_HEIGHT: g_value_set_int (value, self->maximum_height); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_prompt_entry_set_property (GObject      *object,
                                   guint         id,
                                   const GValue *value,
                                   GParamSpec   *pspec)
{
  SfumatoPromptEntry *self = SFUMATO_PROMPT_ENTRY (object);

  switch (id)
    {
    case PROP_TEXT: set_text (self, g_value_get_string (value)); break;
    case PROP_LABEL: set_label (self, g_value_get_string (value)); break;
    case PROP_DESCRIPTION: set_description (self, g_value_get_string (value)); break;
    case PROP_PLACEHOLDER:
      if (g_set_str (&self->placeholder, g_value_get_string (value)))
        g_object_notify_by_pspec (object, pspec);
      break;
    case PROP_MAXIMUM: set_maximum (self, g_value_get_uint (value)); break;
    case PROP_MAXIMUM_HEIGHT: set_maximum_height (self, g_value_get_int (value)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_prompt_entry_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), SFUMATO_TYPE_PROMPT_ENTRY);

  G_OBJECT_CLASS (sfumato_prompt_entry_parent_class)->dispose (object);
}

static void
sfumato_prompt_entry_finalize (GObject *object)
{
  SfumatoPromptEntry *self = SFUMATO_PROMPT_ENTRY (object);

  g_free (self->text);
  g_free (self->label);
  g_free (self->description);
  g_free (self->placeholder);

  G_OBJECT_CLASS (sfumato_prompt_entry_parent_class)->finalize (object);
}

static void
sfumato_prompt_entry_class_init (SfumatoPromptEntryClass *klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = sfumato_prompt_entry_get_property;
  object_class->set_property = sfumato_prompt_entry_set_property;
  object_class->dispose = sfumato_prompt_entry_dispose;
  object_class->finalize = sfumato_prompt_entry_finalize;
  widget_class->grab_focus = sfumato_prompt_entry_grab_focus;

  properties[PROP_TEXT] = g_param_spec_string ("text", NULL, NULL, "", flags);
  properties[PROP_LABEL] = g_param_spec_string ("label", NULL, NULL, NULL, flags);
  properties[PROP_DESCRIPTION] = g_param_spec_string ("description", NULL, NULL, NULL, flags);
  properties[PROP_PLACEHOLDER] = g_param_spec_string ("placeholder", NULL, NULL, NULL, flags);
  properties[PROP_MAXIMUM] = g_param_spec_uint ("maximum", NULL, NULL, 0, G_MAXUINT, 0, flags);
  properties[PROP_MAXIMUM_HEIGHT] = g_param_spec_int ("maximum-height", NULL, NULL, 44, G_MAXINT, 220, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-prompt-entry.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoPromptEntry, view);
  gtk_widget_class_bind_template_child (widget_class, SfumatoPromptEntry, buffer);
  gtk_widget_class_bind_template_child (widget_class, SfumatoPromptEntry, placeholder_label);
  gtk_widget_class_bind_template_callback (widget_class, buffer_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, preedit_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, pasting_cb);
}

static void
sfumato_prompt_entry_init (SfumatoPromptEntry *self)
{
  self->text = g_strdup ("");
  self->maximum_height = 220;
  gtk_widget_init_template (GTK_WIDGET (self));
  self->overflow = gtk_text_buffer_create_tag (self->buffer, "overflow", "underline", PANGO_UNDERLINE_ERROR, NULL);
}

gboolean
sfumato_prompt_entry_is_composing (SfumatoPromptEntry *self)
{
  g_return_val_if_fail (SFUMATO_IS_PROMPT_ENTRY (self), FALSE);

  return self->composing;
}

void
sfumato_prompt_entry_focus_end (SfumatoPromptEntry *self)
{
  GtkTextIter end;

  g_return_if_fail (SFUMATO_IS_PROMPT_ENTRY (self));

  gtk_text_buffer_get_end_iter (self->buffer, &end);
  gtk_text_buffer_place_cursor (self->buffer, &end);
  gtk_widget_grab_focus (GTK_WIDGET (self->view));
}

void
sfumato_prompt_entry_insert (SfumatoPromptEntry *self,
                             const char         *word)
{
  GtkTextIter at, before;
  g_autofree char *spaced = NULL;
  gboolean first, last;

  g_return_if_fail (SFUMATO_IS_PROMPT_ENTRY (self));
  g_return_if_fail (word != NULL);

  gtk_text_buffer_begin_user_action (self->buffer);
  gtk_text_buffer_delete_selection (self->buffer, FALSE, TRUE);
  gtk_text_buffer_get_iter_at_mark (self->buffer, &at, gtk_text_buffer_get_insert (self->buffer));
  before = at;
  first = !gtk_text_iter_backward_char (&before) || g_unichar_isspace (gtk_text_iter_get_char (&before));
  last = gtk_text_iter_is_end (&at) || !g_unichar_isalnum (gtk_text_iter_get_char (&at));
  spaced = g_strconcat (first ? "" : " ", word, last ? "" : " ", NULL);
  gtk_text_buffer_insert_at_cursor (self->buffer, spaced, -1);
  gtk_text_buffer_end_user_action (self->buffer);
}

GtkWidget *
sfumato_prompt_entry_get_view (SfumatoPromptEntry *self)
{
  g_return_val_if_fail (SFUMATO_IS_PROMPT_ENTRY (self), NULL);

  return GTK_WIDGET (self->view);
}
