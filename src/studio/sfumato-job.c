/* One picture on its way.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "studio/sfumato-job-private.h"

#include <glib/gi18n-lib.h>

struct _SfumatoJob
{
  GObject          parent_instance;

  char            *id;        /* owned */
  char            *batch;     /* owned */
  SfumatoRequest  *request;   /* owned */
  int              price;     /* hundredths of a credit */
  double           place;
  SfumatoJobState  state;
  SfumatoProgress  progress;  /* its preview owned */
  gint64           started;   /* monotonic, microseconds */
  gint64           resume_at; /* monotonic, microseconds */
  gboolean         held_back;
  GError          *error;     /* owned, nullable */
  SfumatoPicture  *picture;   /* owned, nullable */
  SfumatoResult   *result;    /* owned, nullable */
};

enum
{
  PROP_0,
  PROP_STATE,
  PROP_STAGE,
  PROP_FRACTION,
  PROP_PROGRESS,
  PROP_RESUME_AT,
  PROP_HELD_BACK,
  PROP_ERROR,
  PROP_PICTURE,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (SfumatoJob, sfumato_job, G_TYPE_OBJECT)

static void
sfumato_job_finalize (GObject *object)
{
  SfumatoJob *self = SFUMATO_JOB (object);

  g_free (self->id);
  g_free (self->batch);
  g_clear_object (&self->request);
  g_clear_error (&self->error);
  g_clear_object (&self->picture);
  g_clear_object (&self->result);
  g_clear_pointer (&self->progress.preview.rgb, g_bytes_unref);

  G_OBJECT_CLASS (sfumato_job_parent_class)->finalize (object);
}

static void
sfumato_job_get_property (GObject    *object,
                          guint       prop_id,
                          GValue     *value,
                          GParamSpec *pspec)
{
  SfumatoJob *self = SFUMATO_JOB (object);

  switch (prop_id)
    {
    case PROP_STATE:
      g_value_set_uint (value, self->state);
      break;
    case PROP_STAGE:
      g_value_set_uint (value, self->progress.stage);
      break;
    case PROP_FRACTION:
      g_value_set_double (value, self->progress.fraction);
      break;
    case PROP_PROGRESS:
      g_value_set_pointer (value, &self->progress);
      break;
    case PROP_RESUME_AT:
      g_value_set_int64 (value, self->resume_at);
      break;
    case PROP_HELD_BACK:
      g_value_set_boolean (value, self->held_back);
      break;
    case PROP_ERROR:
      g_value_set_boxed (value, self->error);
      break;
    case PROP_PICTURE:
      g_value_set_object (value, self->picture);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
sfumato_job_class_init (SfumatoJobClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = sfumato_job_finalize;
  object_class->get_property = sfumato_job_get_property;

  properties[PROP_STATE] = g_param_spec_uint ("state", NULL, NULL, 0, SFUMATO_JOB_UNKNOWN, 0, flags);
  properties[PROP_STAGE] = g_param_spec_uint ("stage", NULL, NULL, 0, SFUMATO_STAGE_FINISHING, 0, flags);
  properties[PROP_FRACTION] = g_param_spec_double ("fraction", NULL, NULL, -1, 1, -1, flags);
  properties[PROP_PROGRESS] = g_param_spec_pointer ("progress", NULL, NULL, flags);
  properties[PROP_RESUME_AT] = g_param_spec_int64 ("resume-at", NULL, NULL, 0, G_MAXINT64, 0, flags);
  properties[PROP_HELD_BACK] = g_param_spec_boolean ("held-back", NULL, NULL, FALSE, flags);
  properties[PROP_ERROR] = g_param_spec_boxed ("error", NULL, NULL, G_TYPE_ERROR, flags);
  properties[PROP_PICTURE] = g_param_spec_object ("picture", NULL, NULL, SFUMATO_TYPE_PICTURE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
sfumato_job_init (SfumatoJob *self)
{
  self->progress.fraction = -1;
  self->progress.seconds_left = -1;
}

SfumatoJob *
sfumato_job_new (const char     *id,
                 const char     *batch,
                 SfumatoRequest *request,
                 int             price,
                 double          place)
{
  SfumatoJob *self = g_object_new (SFUMATO_TYPE_JOB, NULL);

  self->id = g_strdup (id);
  self->batch = g_strdup (batch);
  self->request = g_object_ref (request);
  self->price = price;
  self->place = place;
  return self;
}

const char *
sfumato_job_get_id (SfumatoJob *self)
{
  g_return_val_if_fail (SFUMATO_IS_JOB (self), NULL);

  return self->id;
}

const char *
sfumato_job_get_batch (SfumatoJob *self)
{
  g_return_val_if_fail (SFUMATO_IS_JOB (self), NULL);

  return self->batch;
}

SfumatoRequest *
sfumato_job_get_request (SfumatoJob *self)
{
  g_return_val_if_fail (SFUMATO_IS_JOB (self), NULL);

  return self->request;
}

SfumatoJobState
sfumato_job_get_state (SfumatoJob *self)
{
  g_return_val_if_fail (SFUMATO_IS_JOB (self), SFUMATO_JOB_UNKNOWN);

  return self->state;
}

const SfumatoProgress *
sfumato_job_get_progress (SfumatoJob *self)
{
  g_return_val_if_fail (SFUMATO_IS_JOB (self), NULL);

  return &self->progress;
}

static char *
describe_seconds (int seconds)
{
  if (seconds < 0)
    return NULL;
  if (seconds < 60)
    /* Translators: time until a picture is made; s is seconds */
    return g_strdup_printf (_("about %d s left"), seconds);
  /* Translators: time until a picture is made; min is minutes */
  return g_strdup_printf (_("about %d min left"), (seconds + 30) / 60);
}

char *
sfumato_job_dup_step_words (SfumatoJob *self)
{
  const SfumatoProgress *progress = sfumato_job_get_progress (self);
  g_autofree char *time = NULL;
  g_autofree char *step = NULL;

  g_return_val_if_fail (SFUMATO_IS_JOB (self), NULL);

  if (self->state != SFUMATO_JOB_RUNNING || progress->stage != SFUMATO_STAGE_MAKING || progress->n_steps == 0)
    return NULL;
  time = describe_seconds (progress->seconds_left);
  step = g_strdup_printf (_("Step %u of %u"), progress->step, progress->n_steps);
  return time != NULL ? g_strdup_printf ("%s · %s", step, time) : g_steal_pointer (&step);
}

SfumatoStage
sfumato_job_get_stage (SfumatoJob *self)
{
  g_return_val_if_fail (SFUMATO_IS_JOB (self), SFUMATO_STAGE_SENDING);

  return self->progress.stage;
}

double
sfumato_job_get_fraction (SfumatoJob *self)
{
  g_return_val_if_fail (SFUMATO_IS_JOB (self), -1);

  return self->progress.fraction;
}

const GError *
sfumato_job_get_error (SfumatoJob *self)
{
  g_return_val_if_fail (SFUMATO_IS_JOB (self), NULL);

  return self->error;
}

SfumatoPicture *
sfumato_job_get_picture (SfumatoJob *self)
{
  g_return_val_if_fail (SFUMATO_IS_JOB (self), NULL);

  return self->picture;
}

SfumatoResult *
sfumato_job_get_result (SfumatoJob *self)
{
  g_return_val_if_fail (SFUMATO_IS_JOB (self), NULL);

  return self->result;
}

int
sfumato_job_get_price (SfumatoJob *self)
{
  g_return_val_if_fail (SFUMATO_IS_JOB (self), 0);

  return self->price;
}

gint64
sfumato_job_get_started (SfumatoJob *self)
{
  g_return_val_if_fail (SFUMATO_IS_JOB (self), 0);

  return self->started;
}

gint64
sfumato_job_get_resume_at (SfumatoJob *self)
{
  g_return_val_if_fail (SFUMATO_IS_JOB (self), 0);

  return self->resume_at;
}

gboolean
sfumato_job_is_held_back (SfumatoJob *self)
{
  g_return_val_if_fail (SFUMATO_IS_JOB (self), FALSE);

  return self->held_back;
}

gboolean
sfumato_job_is_over (SfumatoJob *self)
{
  SfumatoJobState state = sfumato_job_get_state (self);

  return state == SFUMATO_JOB_DONE || state == SFUMATO_JOB_FAILED || state == SFUMATO_JOB_CANCELLED;
}

double
sfumato_job_get_place (SfumatoJob *self)
{
  return self->place;
}

void
sfumato_job_set_place (SfumatoJob *self,
                       double      place)
{
  self->place = place;
}

void
sfumato_job_set_state (SfumatoJob      *self,
                       SfumatoJobState  state)
{
  if (self->state == state)
    return;
  self->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
}

void
sfumato_job_set_progress (SfumatoJob            *self,
                          const SfumatoProgress *progress)
{
  g_autoptr (GBytes) old_preview = self->progress.preview.rgb;
  gboolean other_stage = self->progress.stage != progress->stage;
  gboolean other_fraction = self->progress.fraction != progress->fraction;
  gboolean other_rest = self->progress.step != progress->step || self->progress.n_steps != progress->n_steps ||
                        self->progress.seconds_left != progress->seconds_left || old_preview != progress->preview.rgb;

  self->progress = *progress;
  if (progress->preview.rgb != NULL)
    g_bytes_ref (progress->preview.rgb);
  if (other_stage)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STAGE]);
  if (other_fraction)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FRACTION]);
  if (other_stage || other_fraction || other_rest)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PROGRESS]);
}

void
sfumato_job_set_started (SfumatoJob *self,
                         gint64      started)
{
  self->started = started;
}

void
sfumato_job_set_resume_at (SfumatoJob *self,
                           gint64      when)
{
  if (self->resume_at == when)
    return;
  self->resume_at = when;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_RESUME_AT]);
}

void
sfumato_job_set_held_back (SfumatoJob *self,
                           gboolean    held_back)
{
  if (self->held_back == !!held_back)
    return;
  self->held_back = !!held_back;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HELD_BACK]);
}

void
sfumato_job_set_error (SfumatoJob   *self,
                       const GError *error)
{
  g_clear_error (&self->error);
  self->error = error != NULL ? g_error_copy (error) : NULL;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ERROR]);
}

void
sfumato_job_set_picture (SfumatoJob     *self,
                         SfumatoPicture *picture)
{
  if (g_set_object (&self->picture, picture))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PICTURE]);
}

void
sfumato_job_set_result (SfumatoJob    *self,
                        SfumatoResult *result)
{
  g_set_object (&self->result, result);
}
