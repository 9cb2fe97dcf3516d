/* What can be done with a job.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/queue/sfumato-job-actions.h"

#include <glib/gi18n-lib.h>

#include "ui/queue/sfumato-job-words.h"
#include "ui/sfumato-window.h"
#include "ui/widgets/sfumato-error-dialog.h"

static SfumatoJob *
dup_job (GtkWidget *widget)
{
  SfumatoJob *job = NULL;

  g_object_get (widget, "job", &job, NULL);
  return job;
}

static SfumatoWindow *
find_window (GtkWidget *widget)
{
  return SFUMATO_WINDOW (gtk_widget_get_root (widget));
}

static SfumatoQueue *
find_queue (GtkWidget *widget)
{
  return sfumato_studio_get_queue (sfumato_window_get_studio (find_window (widget)));
}

/* The waiting job that comes "steps" after the given one (before it, where negative); NULL: there is none. */
static SfumatoJob *
find_neighbour (SfumatoQueue *queue,
                SfumatoJob   *job,
                int           steps)
{
  g_autoptr (GPtrArray) waiting = g_ptr_array_new_with_free_func (g_object_unref);
  guint at;

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (queue)); i++)
    {
      g_autoptr (SfumatoJob) other = g_list_model_get_item (G_LIST_MODEL (queue), i);

      if (sfumato_job_get_state (other) == SFUMATO_JOB_WAITING)
        g_ptr_array_add (waiting, g_steal_pointer (&other));
    }
  if (!g_ptr_array_find (waiting, job, &at) || (int) at + steps < 0 || at + steps >= waiting->len)
    return NULL;
  return g_ptr_array_index (waiting, at + steps); /* the queue keeps it */
}

static void
cancel (GtkWidget  *widget,
        const char *name,
        GVariant   *parameter)
{
  g_autoptr (SfumatoJob) job = dup_job (widget);

  sfumato_queue_cancel (find_queue (widget), job);
}

static void
send_again (GtkWidget  *widget,
            const char *name,
            GVariant   *parameter)
{
  g_autoptr (SfumatoJob) job = dup_job (widget);

  sfumato_window_send_again (find_window (widget), job);
}

static void
save_again (GtkWidget  *widget,
            const char *name,
            GVariant   *parameter)
{
  g_autoptr (SfumatoJob) job = dup_job (widget);

  sfumato_queue_save_again (find_queue (widget), job);
}

static void
written_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (SfumatoWindow) window = user_data;
  g_autoptr (GError) error = NULL;

  if (g_file_replace_contents_finish (G_FILE (source), result, NULL, &error))
    sfumato_window_add_toast (window, adw_toast_new (_("Picture saved")));
  else
    sfumato_error_dialog_present (GTK_WIDGET (window), error);
}

typedef struct
{
  SfumatoWindow *window;  /* owned */
  GBytes        *bytes;   /* owned */
} SaveElsewhere;

static void
place_chosen_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autofree SaveElsewhere *save = user_data;
  g_autoptr (GBytes) bytes = save->bytes;
  g_autoptr (SfumatoWindow) window = save->window;
  g_autoptr (GFile) file = gtk_file_dialog_save_finish (GTK_FILE_DIALOG (source), result, NULL);

  if (file != NULL)
    g_file_replace_contents_bytes_async (file, bytes, NULL, FALSE, G_FILE_CREATE_NONE, NULL, written_cb,
                                         g_object_ref (window));
}

static char *
make_file_name (SfumatoJob *job)
{
  SfumatoResult *result = sfumato_job_get_result (job);
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *name = sfumato_picture_make_name (sfumato_request_get_prompt (sfumato_job_get_request (job)),
                                                     sfumato_result_get_fields (result)->seed_used, now, 110);

  return g_strconcat (name, ".", sfumato_image_type_extension (sfumato_result_get_header (result)->type), NULL);
}

static void
save_elsewhere (GtkWidget  *widget,
                const char *name,
                GVariant   *parameter)
{
  g_autoptr (SfumatoJob) job = dup_job (widget);
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();
  g_autofree char *file_name = make_file_name (job);
  SaveElsewhere *save = g_new (SaveElsewhere, 1);

  save->window = g_object_ref (find_window (widget));
  save->bytes = g_bytes_ref (sfumato_result_get_fields (sfumato_job_get_result (job))->bytes);
  gtk_file_dialog_set_initial_name (dialog, file_name);
  gtk_file_dialog_save (dialog, GTK_WINDOW (save->window), NULL, place_chosen_cb, save);
}

static void
remove_job (GtkWidget  *widget,
            const char *name,
            GVariant   *parameter)
{
  g_autoptr (SfumatoJob) job = dup_job (widget);

  sfumato_window_remove_job (find_window (widget), job);
}

/* before: NULL for the end. The widget goes with its row. */
static void
move_before (GtkWidget  *widget,
             SfumatoJob *job,
             SfumatoJob *before)
{
  SfumatoWindow *window = find_window (widget);
  SfumatoQueue *queue = find_queue (widget);
  g_autofree char *place = NULL;

  sfumato_queue_move (queue, job, before);
  place = sfumato_job_dup_place_words (job, queue);
  sfumato_window_announce (window, place, FALSE);
}

static void
move_job (GtkWidget *widget,
          int        steps)
{
  g_autoptr (SfumatoJob) job = dup_job (widget);
  SfumatoQueue *queue = find_queue (widget);

  /* Down means: behind the next one, and so before the one after that. */
  if (find_neighbour (queue, job, steps < 0 ? -1 : 1) != NULL)
    move_before (widget, job, find_neighbour (queue, job, steps < 0 ? -1 : 2));
}

static void
move_up (GtkWidget  *widget,
         const char *name,
         GVariant   *parameter)
{
  move_job (widget, -1);
}

static void
move_down (GtkWidget  *widget,
           const char *name,
           GVariant   *parameter)
{
  move_job (widget, 1);
}

static void
move_to_front (GtkWidget  *widget,
               const char *name,
               GVariant   *parameter)
{
  g_autoptr (SfumatoJob) job = dup_job (widget);
  SfumatoQueue *queue = find_queue (widget);
  SfumatoJob *first = job;

  for (SfumatoJob *before = job; before != NULL; before = find_neighbour (queue, before, -1))
    first = before;
  move_before (widget, job, first);
}

static void
show_job (GtkWidget  *widget,
          const char *name,
          GVariant   *parameter)
{
  g_autoptr (SfumatoJob) job = dup_job (widget);

  sfumato_window_show_job (find_window (widget), job);
}

void
sfumato_job_actions_install (GtkWidgetClass *widget_class)
{
  static const struct
  {
    const char                  *name;
    GtkWidgetActionActivateFunc  activate;
  } actions[] = {
    { "job.cancel", cancel },
    { "job.send-again", send_again },
    { "job.save-again", save_again },
    { "job.save-elsewhere", save_elsewhere },
    { "job.remove", remove_job },
    { "job.move-up", move_up },
    { "job.move-down", move_down },
    { "job.move-to-front", move_to_front },
    { "job.show", show_job },
  };

  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    gtk_widget_class_install_action (widget_class, actions[i].name, NULL, actions[i].activate);
}

void
sfumato_job_actions_update (GtkWidget *widget)
{
  g_autoptr (SfumatoJob) job = dup_job (widget);
  gboolean there = job != NULL;
  SfumatoJobState state = there ? sfumato_job_get_state (job) : SFUMATO_JOB_DONE;
  gboolean waiting = there && state == SFUMATO_JOB_WAITING;
  gboolean running = there && state == SFUMATO_JOB_RUNNING;
  gboolean unsaved = there && state == SFUMATO_JOB_UNSAVED;

  gtk_widget_action_set_enabled (widget, "job.cancel", waiting || running);
  gtk_widget_action_set_enabled (widget, "job.send-again", there && (state == SFUMATO_JOB_FAILED ||
                                 state == SFUMATO_JOB_CANCELLED || state == SFUMATO_JOB_UNKNOWN));
  gtk_widget_action_set_enabled (widget, "job.save-again", unsaved);
  gtk_widget_action_set_enabled (widget, "job.save-elsewhere", unsaved);
  gtk_widget_action_set_enabled (widget, "job.remove", there && !running);
  gtk_widget_action_set_enabled (widget, "job.move-up", waiting);
  gtk_widget_action_set_enabled (widget, "job.move-down", waiting);
  gtk_widget_action_set_enabled (widget, "job.move-to-front", waiting);
  gtk_widget_action_set_enabled (widget, "job.show", there);
}
