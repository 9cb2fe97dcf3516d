/* What a person can do to the queue.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "studio/sfumato-queue-private.h"

#include <glib/gi18n-lib.h>

#include "studio/sfumato-inputs.h"
#include "studio/sfumato-job-private.h"

/* One picture of a request. From the second on with the seed after the one before, as the same one would make the same
 * picture again, and cost again; after the largest comes 1, as 0 is random. */
static SfumatoRequest *
take_single (SfumatoRequest     *request,
             const SfumatoModel *model,
             int                 number)
{
  g_autoptr (SfumatoRequest) single = sfumato_request_with_count (request, 1);
  gint64 seed = sfumato_request_get_fields (request)->seed;

  if (number == 0 || sfumato_request_is_seed_random (request))
    return g_steal_pointer (&single);
  seed = number <= model->seed_max - seed ? seed + number : number - (model->seed_max - seed);
  return sfumato_request_with_seed (single, seed);
}

static SfumatoJob *
new_job (SfumatoRequest     *request,
         const SfumatoModel *model,
         int                 number,
         const char         *batch,
         double              place)
{
  g_autofree char *id = g_uuid_string_random ();
  g_autoptr (SfumatoRequest) single = take_single (request, model, number);

  return sfumato_job_new (id, batch, single, model->price, place);
}

static SfumatoEntry *
entry_of (SfumatoJob *job)
{
  SfumatoEntry *entry = g_new0 (SfumatoEntry, 1);

  entry->id = g_strdup (sfumato_job_get_id (job));
  entry->batch = g_strdup (sfumato_job_get_batch (job));
  entry->request = g_object_ref (sfumato_job_get_request (job));
  entry->place = sfumato_job_get_place (job);
  entry->price = sfumato_job_get_price (job);
  return entry;
}

/* The input picture, then the journal, then the list: what is on the list survives a crash. */
static gboolean
enlist (SfumatoQueue  *self,
        GPtrArray     *jobs,
        GError       **error)
{
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func ((GDestroyNotify) sfumato_entry_free);
  g_autofree char *inputs = g_build_filename (self->data_folder, "inputs", NULL);

  if (!sfumato_inputs_keep (inputs, sfumato_job_get_request (g_ptr_array_index (jobs, 0)), error))
    return FALSE;
  for (guint i = 0; i < jobs->len; i++)
    g_ptr_array_add (entries, entry_of (g_ptr_array_index (jobs, i)));
  if (!sfumato_journal_add (self->journal, entries, error))
    return FALSE;
  for (guint i = 0; i < jobs->len; i++)
    sfumato_queue_insert (self, g_ptr_array_index (jobs, i));
  sfumato_queue_look_for_work (self);
  return TRUE;
}

static double
first_place (SfumatoQueue *self,
             gboolean      in_front,
             int           count)
{
  gboolean any = self->jobs->len > 0;

  if (!any)
    return 0;
  if (in_front)
    return sfumato_job_get_place (g_ptr_array_index (self->jobs, 0)) - count;
  return sfumato_job_get_place (g_ptr_array_index (self->jobs, self->jobs->len - 1)) + 1;
}

GPtrArray *
sfumato_queue_add (SfumatoQueue    *self,
                   SfumatoRequest  *request,
                   gboolean         in_front,
                   GError         **error)
{
  const SfumatoRequestFields *fields;
  g_autoptr (SfumatoService) service = NULL;
  g_autoptr (GPtrArray) jobs = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree char *batch = g_uuid_string_random ();
  const SfumatoModel *model;
  double place;

  g_return_val_if_fail (SFUMATO_IS_QUEUE (self), NULL);
  g_return_val_if_fail (SFUMATO_IS_REQUEST (request), NULL);

  fields = sfumato_request_get_fields (request);
  service = sfumato_service_find (self->services, fields->service);
  model = service != NULL ? sfumato_service_find_model (service, fields->model) : NULL;
  if (model == NULL)
    {
      g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_INVALID, _("Model Not Known"),
                                                   _("There is no model “%s”. Nothing was sent."), fields->model));
      sfumato_error_set_field (error != NULL ? *error : NULL, "model");
      return NULL;
    }
  if (!sfumato_request_validate (request, model, error))
    return NULL;
  place = first_place (self, in_front, fields->count);
  for (int i = 0; i < fields->count; i++)
    g_ptr_array_add (jobs, new_job (request, model, i, batch, place + i));
  return enlist (self, jobs, error) ? g_steal_pointer (&jobs) : NULL;
}

static void
cancel_waiting (SfumatoQueue *self,
                SfumatoJob   *job)
{
  g_autoptr (GError) error = sfumato_error_new (SFUMATO_ERROR_CANCELLED, _("Cancelled"),
                                                _("Cancelled before it was sent. Nothing was charged."));

  sfumato_queue_end_unsent (self, job, SFUMATO_JOB_CANCELLED, error);
}

void
sfumato_queue_cancel (SfumatoQueue *self,
                      SfumatoJob   *job)
{
  SfumatoWorker *worker;

  g_return_if_fail (SFUMATO_IS_QUEUE (self));
  g_return_if_fail (SFUMATO_IS_JOB (job));

  worker = sfumato_queue_find_worker (self, job);
  if (worker != NULL)
    sfumato_worker_cancel (worker);
  else if (sfumato_job_get_state (job) == SFUMATO_JOB_WAITING)
    cancel_waiting (self, job);
}

void
sfumato_queue_remove (SfumatoQueue *self,
                      SfumatoJob   *job)
{
  g_return_if_fail (SFUMATO_IS_QUEUE (self));
  g_return_if_fail (SFUMATO_IS_JOB (job));

  if (sfumato_queue_find_worker (self, job) != NULL)
    return;
  g_object_ref (job);
  sfumato_journal_remove (self->journal, sfumato_job_get_id (job), NULL);
  sfumato_queue_take_out (self, job);
  g_set_object (&self->removed, job);
  sfumato_queue_notify_counts (self);
  g_object_unref (job);
}

gboolean
sfumato_queue_unremove (SfumatoQueue *self)
{
  g_return_val_if_fail (SFUMATO_IS_QUEUE (self), FALSE);

  if (self->removed == NULL)
    return FALSE;
  if (!sfumato_journal_restore (self->journal, sfumato_job_get_id (self->removed),
                                sfumato_job_get_request (self->removed), sfumato_job_get_state (self->removed), NULL))
    return FALSE;
  sfumato_queue_insert (self, self->removed);
  g_clear_object (&self->removed);
  sfumato_queue_look_for_work (self);
  return TRUE;
}

void
sfumato_queue_move (SfumatoQueue *self,
                    SfumatoJob   *job,
                    SfumatoJob   *before)
{
  guint at, target;
  double place;

  g_return_if_fail (SFUMATO_IS_QUEUE (self));

  if (job == before || !g_ptr_array_find (self->jobs, job, &at))
    return;
  if (before == NULL || !g_ptr_array_find (self->jobs, before, &target))
    place = sfumato_job_get_place (g_ptr_array_index (self->jobs, self->jobs->len - 1)) + 1;
  else if (target == 0)
    place = sfumato_job_get_place (before) - 1;
  else
    place = (sfumato_job_get_place (before) + sfumato_job_get_place (g_ptr_array_index (self->jobs, target - 1))) / 2;
  g_object_ref (job);
  sfumato_queue_take_out (self, job);
  sfumato_job_set_place (job, place);
  sfumato_queue_insert (self, job);
  sfumato_journal_set_place (self->journal, sfumato_job_get_id (job), place, NULL);
  g_object_unref (job);
}

gboolean
sfumato_queue_send_again (SfumatoQueue  *self,
                          SfumatoJob    *job,
                          GError       **error)
{
  g_autofree char *batch = g_uuid_string_random ();
  g_autofree char *inputs = NULL;
  g_autoptr (SfumatoRequest) request = NULL;
  g_autoptr (GPtrArray) jobs = NULL;

  g_return_val_if_fail (SFUMATO_IS_QUEUE (self), FALSE);
  g_return_val_if_fail (SFUMATO_IS_JOB (job), FALSE);

  if (sfumato_job_get_state (job) != SFUMATO_JOB_UNKNOWN && !sfumato_job_is_over (job) &&
      !sfumato_job_is_held_back (job))
    return FALSE;
  inputs = g_build_filename (self->data_folder, "inputs", NULL);
  request = sfumato_inputs_complete (inputs, sfumato_job_get_request (job), error);
  if (request == NULL)
    return FALSE;
  jobs = sfumato_queue_add (self, request, FALSE, error);
  if (jobs == NULL)
    return FALSE;
  sfumato_queue_remove (self, job);
  g_clear_object (&self->removed);
  return TRUE;
}

void
sfumato_queue_save_again (SfumatoQueue *self,
                          SfumatoJob   *job)
{
  g_autoptr (SfumatoService) service = NULL;

  g_return_if_fail (SFUMATO_IS_QUEUE (self));
  g_return_if_fail (SFUMATO_IS_JOB (job));

  service = sfumato_service_find (self->services, sfumato_queue_service_of (job));
  if (sfumato_job_get_state (job) == SFUMATO_JOB_UNSAVED && sfumato_queue_find_worker (self, job) == NULL && service != NULL)
    sfumato_queue_start (self, job, service);
}

void
sfumato_queue_set_paused (SfumatoQueue *self,
                          gboolean      paused)
{
  g_return_if_fail (SFUMATO_IS_QUEUE (self));

  if (self->paused == !!paused)
    return;
  self->paused = !!paused;
  g_object_notify (G_OBJECT (self), "paused");
  sfumato_queue_look_for_work (self);
}

gboolean
sfumato_queue_get_paused (SfumatoQueue *self)
{
  g_return_val_if_fail (SFUMATO_IS_QUEUE (self), FALSE);

  return self->paused;
}

void
sfumato_queue_resume (SfumatoQueue *self)
{
  g_return_if_fail (SFUMATO_IS_QUEUE (self));

  for (guint i = 0; i < self->jobs->len; i++)
    sfumato_job_set_held_back (g_ptr_array_index (self->jobs, i), FALSE);
  sfumato_queue_look_for_work (self);
}

guint
sfumato_queue_get_held_back (SfumatoQueue *self)
{
  guint n = 0;

  g_return_val_if_fail (SFUMATO_IS_QUEUE (self), 0);

  for (guint i = 0; i < self->jobs->len; i++)
    {
      SfumatoJob *job = g_ptr_array_index (self->jobs, i);

      n += sfumato_job_is_held_back (job) && sfumato_job_get_state (job) == SFUMATO_JOB_WAITING;
    }
  return n;
}

guint
sfumato_queue_get_active (SfumatoQueue *self)
{
  guint n = 0;

  g_return_val_if_fail (SFUMATO_IS_QUEUE (self), 0);

  for (guint i = 0; i < self->jobs->len; i++)
    {
      SfumatoJobState state = sfumato_job_get_state (g_ptr_array_index (self->jobs, i));

      n += state == SFUMATO_JOB_WAITING || state == SFUMATO_JOB_RUNNING;
    }
  return n;
}

void
sfumato_queue_clear_over (SfumatoQueue *self)
{
  g_return_if_fail (SFUMATO_IS_QUEUE (self));

  for (guint i = self->jobs->len; i-- > 0;)
    if (sfumato_job_is_over (g_ptr_array_index (self->jobs, i)))
      sfumato_queue_remove (self, g_ptr_array_index (self->jobs, i));
}
