/* The ways a reference picture comes into a form.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/create/sfumato-reference-intake.h"

#include <glib/gi18n-lib.h>

#include "ui/create/sfumato-reference.h"
#include "ui/widgets/sfumato-error-dialog.h"

/* The parts of a request around the reference picture, at most: two prompts of 10,000 characters and the form. */
#define REQUEST_BYTES_AROUND (128 * 1024)

/* One picture on its way. */
typedef struct
{
  SfumatoForm  *form;         /* owned */
  GtkWidget    *widget;       /* owned */
  GCancellable *cancellable;  /* owned */
} Intake;

static Intake *
intake_new (SfumatoForm  *form,
            GtkWidget    *widget,
            GCancellable *cancellable)
{
  Intake *intake = g_new (Intake, 1);

  *intake = (Intake) { g_object_ref (form), g_object_ref (widget), g_object_ref (cancellable) };
  return intake;
}

static void
intake_free (Intake *intake)
{
  g_object_unref (intake->form);
  g_object_unref (intake->widget);
  g_object_unref (intake->cancellable);
  g_free (intake);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Intake, intake_free)

static gsize
bytes_max (SfumatoForm *form)
{
  gsize most = sfumato_form_get_model (form)->request_bytes_max;

  return most > REQUEST_BYTES_AROUND ? most - REQUEST_BYTES_AROUND : 0;
}

static void
take_input (Intake       *intake,
            SfumatoInput *input)
{
  GtkRoot *root = gtk_widget_get_root (intake->widget);
  /* Translators: %s is the name of a file */
  g_autofree char *words = g_strdup_printf (_("Reference picture: %s"), input->name);

  sfumato_form_set_input (intake->form, input);
  if (root != NULL)
    gtk_accessible_announce (GTK_ACCESSIBLE (root), words, GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_MEDIUM);
}

static void
loaded_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (Intake) intake = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (SfumatoInput) input = sfumato_reference_load_finish (result, &error);

  if (input != NULL)
    take_input (intake, input);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) && gtk_widget_get_root (intake->widget) != NULL)
    sfumato_error_dialog_present (intake->widget, error);
}

static void
take_texture (SfumatoForm  *form,
              GdkTexture   *texture,
              const char   *name,
              GtkWidget    *widget,
              GCancellable *cancellable)
{
  g_autoptr (GBytes) bytes = gdk_texture_save_to_png_bytes (texture);

  sfumato_reference_load_bytes_async (bytes, name, bytes_max (form), cancellable, loaded_cb,
                                      intake_new (form, widget, cancellable));
}

static void
file_pasted_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr (Intake) intake = user_data;
  const GValue *value = gdk_clipboard_read_value_finish (GDK_CLIPBOARD (source), result, NULL);
  GSList *files = value != NULL ? g_value_get_boxed (value) : NULL;

  if (files != NULL)
    sfumato_reference_take_file (intake->form, files->data, intake->widget, intake->cancellable);
}

static void
texture_pasted_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr (Intake) intake = user_data;
  g_autoptr (GdkTexture) texture = gdk_clipboard_read_texture_finish (GDK_CLIPBOARD (source), result, NULL);

  if (texture != NULL)
    take_texture (intake->form, texture, _("Pasted picture"), intake->widget, intake->cancellable);
}

void
sfumato_reference_take_file (SfumatoForm  *form,
                             GFile        *file,
                             GtkWidget    *widget,
                             GCancellable *cancellable)
{
  sfumato_reference_load_async (file, bytes_max (form), cancellable, loaded_cb,
                                intake_new (form, widget, cancellable));
}

void
sfumato_reference_take_value (SfumatoForm  *form,
                              const GValue *value,
                              GtkWidget    *widget,
                              GCancellable *cancellable)
{
  if (G_VALUE_HOLDS (value, G_TYPE_FILE))
    sfumato_reference_take_file (form, g_value_get_object (value), widget, cancellable);
  else if (G_VALUE_HOLDS (value, GDK_TYPE_TEXTURE))
    take_texture (form, g_value_get_object (value), _("Dropped picture"), widget, cancellable);
}

void
sfumato_reference_take_clipboard (SfumatoForm  *form,
                                  GtkWidget    *widget,
                                  GCancellable *cancellable)
{
  GdkClipboard *clipboard = gtk_widget_get_clipboard (widget);
  GdkContentFormats *formats = gdk_clipboard_get_formats (clipboard);

  if (gdk_content_formats_contain_gtype (formats, GDK_TYPE_FILE_LIST))
    gdk_clipboard_read_value_async (clipboard, GDK_TYPE_FILE_LIST, G_PRIORITY_DEFAULT, cancellable, file_pasted_cb,
                                    intake_new (form, widget, cancellable));
  else if (gdk_content_formats_contain_gtype (formats, GDK_TYPE_TEXTURE))
    gdk_clipboard_read_texture_async (clipboard, cancellable, texture_pasted_cb,
                                      intake_new (form, widget, cancellable));
}
