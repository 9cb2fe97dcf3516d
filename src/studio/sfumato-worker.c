/* A job at work.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "studio/sfumato-worker.h"

#include "studio/sfumato-job-private.h"

struct _SfumatoWorker
{
  SfumatoJob        *job;         /* owned */
  SfumatoRun         run;         /* its objects owned */
  SfumatoResult     *unsaved;     /* owned, nullable */
  GCancellable      *cancellable; /* owned */
  SfumatoWorkerDone  done;
  gpointer           user_data;
  gint               abandoned;   /* atomic */

  GMutex             lock;        /* for what follows */
  SfumatoProgress    progress;    /* its preview owned */
  guint              report;      /* source on its way to the main thread, or 0 */
};

static void
sfumato_worker_free (gpointer data)
{
  SfumatoWorker *self = data;

  g_clear_handle_id (&self->report, g_source_remove);
  g_clear_object (&self->job);
  g_clear_object (&self->run.request);
  g_clear_object (&self->run.service);
  g_clear_object (&self->run.gallery);
  g_clear_object (&self->run.keyring);
  g_clear_object (&self->unsaved);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->progress.preview.rgb, g_bytes_unref);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static gboolean
progress_arrived_cb (gpointer user_data)
{
  SfumatoWorker *self = user_data;
  SfumatoProgress progress;
  g_autoptr (GBytes) preview = NULL;

  g_mutex_lock (&self->lock);
  self->report = 0;
  progress = self->progress;
  preview = progress.preview.rgb != NULL ? g_bytes_ref (progress.preview.rgb) : NULL;
  g_mutex_unlock (&self->lock);
  if (sfumato_job_get_started (self->job) == 0)
    sfumato_job_set_started (self->job, g_get_monotonic_time ());
  sfumato_job_set_progress (self->job, &progress);
  return G_SOURCE_REMOVE;
}

/* On the worker's thread: the newest word replaces one that is still on its way. */
static void
progress_made_cb (const SfumatoProgress *progress,
                  gpointer               user_data)
{
  SfumatoWorker *self = user_data;
  g_autoptr (GBytes) old_preview = NULL;

  g_mutex_lock (&self->lock);
  old_preview = self->progress.preview.rgb;
  self->progress = *progress;
  if (progress->preview.rgb != NULL)
    g_bytes_ref (progress->preview.rgb);
  if (self->report == 0)
    self->report = g_idle_add (progress_arrived_cb, self);
  g_mutex_unlock (&self->lock);
}

static void
work (GTask        *task,
      gpointer      source,
      gpointer      task_data,
      GCancellable *cancellable)
{
  SfumatoWorker *self = task_data;

  g_task_return_pointer (task,
                         self->unsaved != NULL ? sfumato_run_save (&self->run, self->unsaved)
                                               : sfumato_run_job (&self->run, self->cancellable),
                         (GDestroyNotify) sfumato_outcome_free);
}

static void
work_done_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  SfumatoWorker *self = g_task_get_task_data (G_TASK (result));
  g_autoptr (SfumatoOutcome) outcome = g_task_propagate_pointer (G_TASK (result), NULL);

  self->done (self, outcome, self->user_data);
}

/* What a job does before its service has said anything. */
static SfumatoProgress
first_progress (const SfumatoRun *run)
{
  const SfumatoModel *model = sfumato_service_find_model (run->service, sfumato_request_get_fields (run->request)->model);
  gboolean sends = model == NULL || model->leaves_computer;

  return (SfumatoProgress) { .stage = sends ? SFUMATO_STAGE_SENDING : SFUMATO_STAGE_PREPARING, .fraction = -1,
                             .seconds_left = -1 };
}

SfumatoWorker *
sfumato_worker_start (SfumatoJob        *job,
                      const SfumatoRun  *run,
                      SfumatoResult     *unsaved,
                      SfumatoWorkerDone  done,
                      gpointer           user_data)
{
  SfumatoWorker *self = g_new0 (SfumatoWorker, 1);
  g_autoptr (GTask) task = NULL;

  self->job = g_object_ref (job);
  self->run = *run;
  self->run.id = sfumato_job_get_id (job);
  self->run.request = g_object_ref (run->request);
  self->run.service = g_object_ref (run->service);
  self->run.gallery = g_object_ref (run->gallery);
  self->run.keyring = g_object_ref (run->keyring);
  self->run.abandoned = &self->abandoned;
  self->run.progress = progress_made_cb;
  self->run.progress_data = self;
  self->unsaved = unsaved != NULL ? g_object_ref (unsaved) : NULL;
  self->cancellable = g_cancellable_new ();
  self->done = done;
  self->user_data = user_data;
  self->progress = first_progress (run);
  g_mutex_init (&self->lock);

  sfumato_job_set_resume_at (job, 0);
  sfumato_job_set_progress (job, &self->progress);
  sfumato_job_set_state (job, SFUMATO_JOB_RUNNING);
  task = g_task_new (NULL, NULL, work_done_cb, NULL);
  g_task_set_task_data (task, self, sfumato_worker_free);
  g_task_run_in_thread (task, work);
  return self;
}

SfumatoJob *
sfumato_worker_get_job (SfumatoWorker *self)
{
  return self->job;
}

SfumatoService *
sfumato_worker_get_service (SfumatoWorker *self)
{
  return self->run.service;
}

void
sfumato_worker_cancel (SfumatoWorker *self)
{
  g_cancellable_cancel (self->cancellable);
}

void
sfumato_worker_abandon (SfumatoWorker *self)
{
  g_atomic_int_set (&self->abandoned, 1);
  g_cancellable_cancel (self->cancellable);
}
