/* Save As….
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/gallery/sfumato-picture-save.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "domain/sfumato-error.h"
#include "ui/widgets/sfumato-error-dialog.h"

/* What one press of Save As… is about. */
typedef struct
{
  GWeakRef   window;   /* SfumatoWindow */
  GPtrArray *sources;  /* owned, of GFile */
  GFile     *target;   /* owned, nullable: the chosen file, or with several sources the folder */
} Saving;

static void
saving_free (Saving *saving)
{
  g_weak_ref_clear (&saving->window);
  g_ptr_array_unref (saving->sources);
  g_clear_object (&saving->target);
  g_free (saving);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Saving, saving_free)

/* A name in folder that nobody has yet: "name.png", "name (2).png" …; the copy itself refuses to overwrite. */
static GFile *
numbered_child (GFile *folder,
                GFile *source,
                guint  number)
{
  g_autofree char *name = g_file_get_basename (source);
  g_autofree char *numbered = NULL;
  char *dot = strrchr (name, '.');

  if (number == 1 || !dot)
    return g_file_get_child (folder, name);
  *dot = '\0';
  numbered = g_strdup_printf ("%s (%u).%s", name, number, dot + 1);
  return g_file_get_child (folder, numbered);
}

static gboolean
copy_into (GFile         *source,
           GFile         *folder,
           GCancellable  *cancellable,
           GError       **error)
{
  for (guint number = 1; ; number++)
    {
      g_autoptr (GFile) target = numbered_child (folder, source, number);
      g_autoptr (GError) problem = NULL;

      if (g_file_copy (source, target, G_FILE_COPY_TARGET_DEFAULT_PERMS, cancellable, NULL, NULL, &problem))
        return TRUE;
      if (!g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_EXISTS))
        {
          g_propagate_error (error, g_steal_pointer (&problem));
          return FALSE;
        }
    }
}

static gboolean
copy_over (GFile         *source,
           GFile         *target,
           GCancellable  *cancellable,
           GError       **error)
{
  /* Replacing was agreed to in the dialog; a picture saved over itself is saved already. */
  return g_file_equal (source, target) ||
         g_file_copy (source, target, G_FILE_COPY_OVERWRITE | G_FILE_COPY_TARGET_DEFAULT_PERMS, cancellable,
                      NULL, NULL, error);
}

static void
copy_thread (GTask        *task,
             gpointer      source,
             gpointer      task_data,
             GCancellable *cancellable)
{
  Saving *saving = task_data;
  GError *error = NULL;
  gboolean copied = TRUE;

  for (guint i = 0; copied && i < saving->sources->len; i++)
    copied = saving->sources->len == 1
             ? copy_over (saving->sources->pdata[0], saving->target, cancellable, &error)
             : copy_into (saving->sources->pdata[i], saving->target, cancellable, &error);
  if (copied)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
show_saved_cb (AdwToast *toast,
               GFile    *file)
{
  g_autoptr (GtkFileLauncher) launcher = gtk_file_launcher_new (file);

  gtk_file_launcher_open_containing_folder (launcher, NULL, NULL, NULL, NULL);
}

static void
tell_saved (SfumatoWindow *window,
            Saving        *saving)
{
  g_autofree char *name = g_file_get_basename (saving->target);
  g_autofree char *title = NULL;
  AdwToast *toast;

  if (saving->sources->len == 1)
    title = g_strdup_printf (_("Saved as “%s”"), name);
  else
    title = g_strdup_printf (ngettext ("%u picture saved in “%s”", "%u pictures saved in “%s”",
                                       saving->sources->len), saving->sources->len, name);
  toast = adw_toast_new (title);
  adw_toast_set_use_markup (toast, FALSE);
  adw_toast_set_button_label (toast, _("_Show in Files"));
  g_signal_connect_object (toast, "button-clicked", G_CALLBACK (show_saved_cb), saving->target, 0);
  sfumato_window_add_toast (window, toast);
}

static void
copied_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Saving *saving = g_task_get_task_data (G_TASK (result));
  g_autoptr (SfumatoWindow) window = g_weak_ref_get (&saving->window);
  g_autoptr (GError) problem = NULL;
  g_autoptr (GError) error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &problem))
    {
      if (window)
        tell_saved (window, saving);
      return;
    }
  if (!window)
    return;
  error = sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Picture Not Saved There"),
                             _("The copy could not be written; the picture itself is safe in the gallery. %s"),
                             problem->message);
  sfumato_error_dialog_present (GTK_WIDGET (window), error);
}

static void
remember_folder (SfumatoWindow *window,
                 Saving        *saving)
{
  g_autoptr (GFile) folder = saving->sources->len == 1 ? g_file_get_parent (saving->target)
                                                       : g_object_ref (saving->target);
  g_autofree char *uri = folder ? g_file_get_uri (folder) : NULL;

  if (uri)
    g_settings_set_string (sfumato_studio_get_settings (sfumato_window_get_studio (window)), "save-folder", uri);
}

static void
start_copying (Saving *saving,
               GFile  *target)
{
  g_autoptr (Saving) owned = saving;
  g_autoptr (SfumatoWindow) window = g_weak_ref_get (&saving->window);
  g_autoptr (GTask) task = NULL;

  /* Dismissed: nothing to say. */
  if (!target)
    return;
  saving->target = target;
  if (window)
    remember_folder (window, saving);
  task = g_task_new (NULL, NULL, copied_cb, NULL);
  g_task_set_static_name (task, "sfumato_picture_save_as");
  g_task_set_task_data (task, g_steal_pointer (&owned), (GDestroyNotify) saving_free);
  g_task_run_in_thread (task, copy_thread);
}

static void
file_chosen_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  start_copying (user_data, gtk_file_dialog_save_finish (GTK_FILE_DIALOG (source), result, NULL));
}

static void
folder_chosen_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  start_copying (user_data, gtk_file_dialog_select_folder_finish (GTK_FILE_DIALOG (source), result, NULL));
}

static GPtrArray *
list_sources (SfumatoGallery *gallery,
              GListModel     *pictures)
{
  GPtrArray *sources = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < g_list_model_get_n_items (pictures); i++)
    {
      g_autoptr (SfumatoPicture) picture = g_list_model_get_item (pictures, i);
      g_autofree char *path = sfumato_gallery_dup_path (gallery, picture);

      if (!sfumato_picture_get_fields (picture)->missing)
        g_ptr_array_add (sources, g_file_new_for_path (path));
    }
  return sources;
}

static void
open_last_folder (GtkFileDialog *dialog,
                  GSettings     *settings)
{
  g_autofree char *uri = g_settings_get_string (settings, "save-folder");
  g_autoptr (GFile) folder = *uri ? g_file_new_for_uri (uri) : NULL;

  if (folder)
    gtk_file_dialog_set_initial_folder (dialog, folder);
}

void
sfumato_picture_save_as (SfumatoWindow *window,
                         GListModel    *pictures)
{
  SfumatoStudio *studio = sfumato_window_get_studio (window);
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();
  g_autoptr (GPtrArray) sources = list_sources (sfumato_studio_get_gallery (studio), pictures);
  g_autofree char *name = NULL;
  Saving *saving;

  if (sources->len == 0)
    return;
  open_last_folder (dialog, sfumato_studio_get_settings (studio));
  saving = g_new0 (Saving, 1);
  g_weak_ref_init (&saving->window, window);
  saving->sources = g_steal_pointer (&sources);
  if (saving->sources->len > 1)
    {
      gtk_file_dialog_set_title (dialog, _("Save Pictures In"));
      gtk_file_dialog_select_folder (dialog, GTK_WINDOW (window), NULL, folder_chosen_cb, saving);
      return;
    }
  name = g_file_get_basename (saving->sources->pdata[0]);
  gtk_file_dialog_set_title (dialog, _("Save Picture As"));
  gtk_file_dialog_set_initial_name (dialog, name);
  gtk_file_dialog_save (dialog, GTK_WINDOW (window), NULL, file_chosen_cb, saving);
}
