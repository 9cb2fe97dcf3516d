/* The queue: the list, and when a job begins. What a person can do to it is in sfumato-queue-verbs.c, what a job does
 * in sfumato-runner.c.
 *
 * The journal decides whether a job may be sent; the queue only asks in the right order.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "studio/sfumato-queue-private.h"

#include "studio/sfumato-job-private.h"

#define ASK_AGAIN_MS       500 /* when all places are taken by other processes */
#define CLOSE_SECONDS_MAX  5

enum
{
  PROP_0,
  PROP_ACTIVE,
  PROP_PAUSED,
  PROP_HELD_BACK,
  N_PROPS
};

enum
{
  JOB_OVER,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

static void list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SfumatoQueue, sfumato_queue, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

/* ---- the list ---- */

static guint
find_place (SfumatoQueue *self,
            double        place)
{
  guint at = 0;

  while (at < self->jobs->len && sfumato_job_get_place (g_ptr_array_index (self->jobs, at)) <= place)
    at++;
  return at;
}

void
sfumato_queue_insert (SfumatoQueue *self,
                      SfumatoJob   *job)
{
  guint at = find_place (self, sfumato_job_get_place (job));

  g_ptr_array_insert (self->jobs, at, g_object_ref (job));
  g_list_model_items_changed (G_LIST_MODEL (self), at, 0, 1);
}

void
sfumato_queue_take_out (SfumatoQueue *self,
                        SfumatoJob   *job)
{
  guint at;

  if (!g_ptr_array_find (self->jobs, job, &at))
    return;
  g_ptr_array_remove_index (self->jobs, at);
  g_list_model_items_changed (G_LIST_MODEL (self), at, 1, 0);
}

static void
emit_job_over (SfumatoQueue *self,
               SfumatoJob   *job)
{
  g_signal_emit (self, signals[JOB_OVER], 0, job);
}

void
sfumato_queue_notify_counts (SfumatoQueue *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ACTIVE]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HELD_BACK]);
}

const char *
sfumato_queue_service_of (SfumatoJob *job)
{
  return sfumato_request_get_fields (sfumato_job_get_request (job))->service;
}

SfumatoWorker *
sfumato_queue_find_worker (SfumatoQueue *self,
                           SfumatoJob   *job)
{
  for (guint i = 0; i < self->workers->len; i++)
    {
      SfumatoWorker *worker = g_ptr_array_index (self->workers, i);

      if (sfumato_worker_get_job (worker) == job)
        return worker;
    }
  return NULL;
}

/* ---- what runs ---- */

/* The service asked for time: nothing of it is sent until then, and everybody who waits for it can say so. */
static void
let_rest (SfumatoQueue *self,
          const char   *service,
          guint         seconds)
{
  gint64 *until = g_new (gint64, 1);

  *until = g_get_monotonic_time () + (gint64) seconds * G_USEC_PER_SEC;
  g_hash_table_insert (self->resting, g_strdup (service), until);
  for (guint i = 0; i < self->jobs->len; i++)
    {
      SfumatoJob *job = g_ptr_array_index (self->jobs, i);

      if (sfumato_job_get_state (job) == SFUMATO_JOB_WAITING && g_strcmp0 (sfumato_queue_service_of (job), service) == 0)
        sfumato_job_set_resume_at (job, *until);
    }
}

static void
take_outcome (SfumatoQueue   *self,
              SfumatoJob     *job,
              SfumatoOutcome *outcome)
{
  sfumato_job_set_error (job, outcome->error);
  sfumato_job_set_result (job, outcome->result);
  sfumato_job_set_picture (job, outcome->picture);
  sfumato_job_set_state (job, outcome->state);
  if (outcome->state == SFUMATO_JOB_WAITING)
    {
      sfumato_job_set_started (job, 0);
      if (outcome->error != NULL)
        let_rest (self, sfumato_queue_service_of (job), sfumato_error_get_retry_after (outcome->error));
      else
        sfumato_job_set_resume_at (job, g_get_monotonic_time () + ASK_AGAIN_MS * 1000);
    }
}

void
sfumato_queue_end_unsent (SfumatoQueue    *self,
                          SfumatoJob      *job,
                          SfumatoJobState  state,
                          const GError    *error)
{
  sfumato_journal_end (self->journal, sfumato_job_get_id (job), state, SFUMATO_CHARGE_NONE, NULL, NULL);
  sfumato_job_set_error (job, error);
  sfumato_job_set_resume_at (job, 0);
  sfumato_job_set_state (job, state);
  sfumato_queue_notify_counts (self);
  emit_job_over (self, job);
}

/* A key that is refused, or missing, or an empty account says no to the other pictures of the same press as well. */
static void
refuse_rest (SfumatoQueue *self,
             SfumatoJob   *refused)
{
  const GError *error = sfumato_job_get_error (refused);
  g_autoptr (GPtrArray) jobs = g_ptr_array_new_with_free_func (g_object_unref);

  if (!g_error_matches (error, SFUMATO_ERROR, SFUMATO_ERROR_UNAUTHORISED) &&
      !g_error_matches (error, SFUMATO_ERROR, SFUMATO_ERROR_PAYMENT))
    return;
  for (guint i = 0; i < self->jobs->len; i++)
    {
      SfumatoJob *job = g_ptr_array_index (self->jobs, i);

      if (sfumato_job_get_state (job) == SFUMATO_JOB_WAITING && sfumato_queue_find_worker (self, job) == NULL &&
          g_strcmp0 (sfumato_job_get_batch (job), sfumato_job_get_batch (refused)) == 0)
        g_ptr_array_add (jobs, g_object_ref (job));
    }
  /* Whoever hears of an end may take jobs off the list. */
  for (guint i = 0; i < jobs->len; i++)
    sfumato_queue_end_unsent (self, g_ptr_array_index (jobs, i), SFUMATO_JOB_FAILED, error);
}

static void
worker_done_cb (SfumatoWorker  *worker,
                SfumatoOutcome *outcome,
                gpointer        user_data)
{
  g_autoptr (SfumatoQueue) self = user_data; /* it stayed for the worker's sake */
  SfumatoJob *job = sfumato_worker_get_job (worker);

  g_ptr_array_remove (self->workers, worker);
  take_outcome (self, job, outcome);
  sfumato_queue_notify_counts (self);
  if (outcome->state != SFUMATO_JOB_WAITING)
    emit_job_over (self, job);
  if (outcome->state == SFUMATO_JOB_FAILED)
    refuse_rest (self, job);
  sfumato_queue_look_for_work (self);
}

void
sfumato_queue_start (SfumatoQueue   *self,
                     SfumatoJob     *job,
                     SfumatoService *service)
{
  SfumatoRun run = {
    .request = sfumato_job_get_request (job),
    .service = service,
    .gallery = self->gallery,
    .keyring = self->keyring,
    .journal = self->journal,
    .data_folder = self->data_folder,
    .may_wait = sfumato_job_get_error (job) == NULL,
  };

  g_ptr_array_add (self->workers,
                   sfumato_worker_start (job, &run, sfumato_job_get_result (job), worker_done_cb,
                                         g_object_ref (self)));
}

/* ---- when a job begins ---- */

static guint
count_running (SfumatoQueue *self,
               const char   *service)
{
  guint n = 0;

  for (guint i = 0; i < self->workers->len; i++)
    {
      SfumatoWorker *worker = g_ptr_array_index (self->workers, i);

      n += g_strcmp0 (sfumato_service_get_id (sfumato_worker_get_service (worker)), service) == 0;
    }
  return n;
}

static gboolean
woken_cb (gpointer user_data)
{
  SfumatoQueue *self = user_data;

  self->wake = 0;
  sfumato_queue_look_for_work (self);
  return G_SOURCE_REMOVE;
}

static void
wake_at (SfumatoQueue *self,
         gint64        when)
{
  gint64 delay = (when - g_get_monotonic_time ()) / 1000 + 1;

  g_clear_handle_id (&self->wake, g_source_remove);
  self->wake = g_timeout_add (CLAMP (delay, 1, G_MAXINT), woken_cb, self);
}

/* When a waiting job may begin: 0 now, G_MAXINT64 not by itself. */
static gint64
ready_at (SfumatoQueue *self,
          SfumatoJob   *job,
          gint64        now)
{
  const gint64 *rest = g_hash_table_lookup (self->resting, sfumato_queue_service_of (job));
  gint64 when = MAX (sfumato_job_get_resume_at (job), rest != NULL ? *rest : 0);

  if (sfumato_job_get_state (job) != SFUMATO_JOB_WAITING || sfumato_job_is_held_back (job))
    return G_MAXINT64;
  return when > now ? when : 0;
}

void
sfumato_queue_look_for_work (SfumatoQueue *self)
{
  gint64 now = g_get_monotonic_time ();
  gint64 next = G_MAXINT64;

  if (self->paused || self->closed)
    return;
  for (guint i = 0; i < self->jobs->len; i++)
    {
      SfumatoJob *job = g_ptr_array_index (self->jobs, i);
      gint64 when = ready_at (self, job, now);
      g_autoptr (SfumatoService) service = NULL;

      if (when > 0)
        {
          next = MIN (next, when);
          continue;
        }
      service = sfumato_service_find (self->services, sfumato_queue_service_of (job));
      if (service != NULL &&
          count_running (self, sfumato_queue_service_of (job)) < sfumato_service_get_max_concurrent (service))
        sfumato_queue_start (self, job, service);
    }
  if (next != G_MAXINT64)
    wake_at (self, next);
  sfumato_queue_notify_counts (self);
}

/* ---- the list model ---- */

static GType
sfumato_queue_get_item_type (GListModel *model)
{
  return SFUMATO_TYPE_JOB;
}

static guint
sfumato_queue_get_n_items (GListModel *model)
{
  return SFUMATO_QUEUE (model)->jobs->len;
}

static gpointer
sfumato_queue_get_item (GListModel *model,
                        guint       position)
{
  SfumatoQueue *self = SFUMATO_QUEUE (model);

  return position < self->jobs->len ? g_object_ref (g_ptr_array_index (self->jobs, position)) : NULL;
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = sfumato_queue_get_item_type;
  iface->get_n_items = sfumato_queue_get_n_items;
  iface->get_item = sfumato_queue_get_item;
}

/* ---- the object ---- */

static void
sfumato_queue_get_property (GObject    *object,
                            guint       prop_id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  SfumatoQueue *self = SFUMATO_QUEUE (object);

  switch (prop_id)
    {
    case PROP_ACTIVE:
      g_value_set_uint (value, sfumato_queue_get_active (self));
      break;
    case PROP_PAUSED:
      g_value_set_boolean (value, self->paused);
      break;
    case PROP_HELD_BACK:
      g_value_set_uint (value, sfumato_queue_get_held_back (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
sfumato_queue_finalize (GObject *object)
{
  SfumatoQueue *self = SFUMATO_QUEUE (object);

  g_clear_handle_id (&self->wake, g_source_remove);
  g_clear_pointer (&self->jobs, g_ptr_array_unref);
  g_clear_pointer (&self->workers, g_ptr_array_unref);
  g_clear_pointer (&self->resting, g_hash_table_unref);
  g_clear_object (&self->removed);
  g_clear_pointer (&self->journal, sfumato_journal_close);
  g_clear_object (&self->keyring);
  g_clear_object (&self->gallery);
  g_clear_object (&self->services);
  g_free (self->data_folder);

  G_OBJECT_CLASS (sfumato_queue_parent_class)->finalize (object);
}

static void
sfumato_queue_class_init (SfumatoQueueClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = sfumato_queue_get_property;
  object_class->finalize = sfumato_queue_finalize;

  properties[PROP_ACTIVE] = g_param_spec_uint ("active", NULL, NULL, 0, G_MAXUINT, 0,
                                               G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_PAUSED] = g_param_spec_boolean ("paused", NULL, NULL, FALSE,
                                                  G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_HELD_BACK] = g_param_spec_uint ("held-back", NULL, NULL, 0, G_MAXUINT, 0,
                                                  G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[JOB_OVER] = g_signal_new ("job-over", SFUMATO_TYPE_QUEUE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                    G_TYPE_NONE, 1, SFUMATO_TYPE_JOB);
}

static void
sfumato_queue_init (SfumatoQueue *self)
{
  self->jobs = g_ptr_array_new_with_free_func (g_object_unref);
  self->workers = g_ptr_array_new ();
  self->resting = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

/* A job of an earlier run as it was found; NULL where it is over after all. */
static SfumatoJob *
job_from_entry (SfumatoQueue       *self,
                const SfumatoEntry *entry)
{
  g_autoptr (SfumatoJob) job = sfumato_job_new (entry->id, entry->batch, entry->request, entry->price, entry->place);
  g_autoptr (SfumatoPicture) picture = sfumato_gallery_find (self->gallery, entry->id);
  g_autoptr (SfumatoResult) result = NULL;

  /* It ended between the picture's last byte and the journal's last word. */
  if (picture != NULL)
    {
      sfumato_journal_end (self->journal, entry->id, SFUMATO_JOB_DONE,
                           sfumato_picture_get_fields (picture)->charge, NULL, NULL);
      return NULL;
    }
  if (entry->state == SFUMATO_JOB_UNSAVED)
    result = sfumato_run_reload (self->data_folder, entry);
  sfumato_job_set_held_back (job, entry->state == SFUMATO_JOB_WAITING);
  sfumato_job_set_result (job, result);
  sfumato_job_set_state (job, entry->state == SFUMATO_JOB_UNSAVED && result == NULL ? SFUMATO_JOB_UNKNOWN
                                                                                    : entry->state);
  return g_steal_pointer (&job);
}

void
sfumato_queue_inherit (SfumatoQueue *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) entries = sfumato_journal_inherit (self->journal, &error);

  if (entries == NULL)
    g_message ("the queue of the last time cannot be read: %s", error->message);
  for (guint i = 0; entries != NULL && i < entries->len; i++)
    {
      g_autoptr (SfumatoJob) job = job_from_entry (self, g_ptr_array_index (entries, i));

      if (job != NULL)
        sfumato_queue_insert (self, job);
    }
  sfumato_queue_notify_counts (self);
}

SfumatoQueue *
sfumato_queue_new (const SfumatoQueueParts *parts)
{
  SfumatoQueue *self = g_object_new (SFUMATO_TYPE_QUEUE, NULL);

  self->journal = parts->journal;
  self->keyring = g_object_ref (parts->keyring);
  self->gallery = g_object_ref (parts->gallery);
  self->services = g_object_ref (parts->services);
  self->data_folder = g_strdup (parts->data_folder);
  return self;
}

void
sfumato_queue_set_gallery (SfumatoQueue   *self,
                           SfumatoGallery *gallery)
{
  g_set_object (&self->gallery, gallery);
}

void
sfumato_queue_close (SfumatoQueue *self)
{
  gint64 until = g_get_monotonic_time () + CLOSE_SECONDS_MAX * G_USEC_PER_SEC;

  self->closed = TRUE;
  for (guint i = 0; i < self->workers->len; i++)
    sfumato_worker_abandon (g_ptr_array_index (self->workers, i));
  while (self->workers->len > 0 && g_get_monotonic_time () < until)
    g_main_context_iteration (NULL, TRUE);
}
