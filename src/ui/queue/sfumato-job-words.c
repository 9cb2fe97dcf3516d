/* What a job is doing, in words.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/queue/sfumato-job-words.h"

#include <glib/gi18n-lib.h>

#include "domain/sfumato-error.h"

/* A pause shorter than this is the queue's own affair: nobody has to read it. */
#define PAUSE_SHOWN_FROM 2

static char *
describe_stage (SfumatoJob *job)
{
  int percent = sfumato_job_get_fraction (job) * 100;

  /* Steps say it better. */
  if (sfumato_job_get_progress (job)->n_steps > 0)
    percent = -1;
  switch (sfumato_job_get_stage (job))
    {
    case SFUMATO_STAGE_MAKING:
      /* Translators: how much of a picture is made; %d is between 0 and 100 */
      return percent >= 0 ? g_strdup_printf (_("Making… %d %%"), percent) : g_strdup (_("Making…"));
    case SFUMATO_STAGE_RECEIVING:
      return g_strdup (_("Receiving…"));
    case SFUMATO_STAGE_PREPARING:
      return g_strdup (_("Preparing…"));
    case SFUMATO_STAGE_FINISHING:
      return g_strdup (_("Finishing…"));
    case SFUMATO_STAGE_SENDING:
    default:
      return g_strdup (_("Sending…"));
    }
}

char *
sfumato_job_dup_state_words (SfumatoJob *job)
{
  switch (sfumato_job_get_state (job))
    {
    case SFUMATO_JOB_WAITING: return g_strdup (_("Waiting"));
    case SFUMATO_JOB_RUNNING: return describe_stage (job);
    case SFUMATO_JOB_UNSAVED: return g_strdup (_("Not saved yet"));
    case SFUMATO_JOB_DONE: return g_strdup (_("Done"));
    case SFUMATO_JOB_CANCELLED: return g_strdup (_("Cancelled"));
    case SFUMATO_JOB_UNKNOWN: return g_strdup (_("Needs attention"));
    case SFUMATO_JOB_FAILED:
    default:
      /* Each of them says that it went wrong. */
      return g_strdup (sfumato_error_get_title (sfumato_job_get_error (job)));
    }
}

guint
sfumato_job_get_pause (SfumatoJob *job,
                       gint64      now)
{
  gint64 left = sfumato_job_get_resume_at (job) - now;

  if (sfumato_job_get_state (job) != SFUMATO_JOB_WAITING || left < PAUSE_SHOWN_FROM * G_USEC_PER_SEC)
    return 0;
  return (left + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC;
}

char *
sfumato_job_dup_time_words (SfumatoJob *job,
                            gint64      now)
{
  guint pause = sfumato_job_get_pause (job, now);
  gint64 started = sfumato_job_get_started (job);
  int seconds = (now - started) / G_USEC_PER_SEC;
  g_autofree char *steps = sfumato_job_dup_step_words (job);

  if (pause > 0)
    /* Translators: %u is a number of seconds */
    return g_strdup_printf (_("Too many requests. Goes on in %u s."), pause);
  if (sfumato_job_get_state (job) != SFUMATO_JOB_RUNNING || started == 0)
    return g_strdup ("");
  if (steps != NULL)
    return g_steal_pointer (&steps);
  /* Translators: minutes and seconds that have passed */
  return g_strdup_printf (C_("elapsed time", "%d:%02d"), seconds / 60, seconds % 60);
}

static guint
count_before (SfumatoJob   *job,
              SfumatoQueue *queue)
{
  guint n = 0;

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (queue)); i++)
    {
      g_autoptr (SfumatoJob) other = g_list_model_get_item (G_LIST_MODEL (queue), i);
      SfumatoJobState state = sfumato_job_get_state (other);

      if (other == job)
        break;
      n += state == SFUMATO_JOB_WAITING || state == SFUMATO_JOB_RUNNING;
    }
  return n;
}

char *
sfumato_job_dup_place_words (SfumatoJob   *job,
                             SfumatoQueue *queue)
{
  guint before = count_before (job, queue);

  if (before == 0)
    /* Translators: of a waiting picture */
    return g_strdup (_("It comes next."));
  return g_strdup_printf (ngettext ("%u picture comes first.", "%u pictures come first.", before), before);
}

gboolean
sfumato_job_is_filtered (SfumatoJob *job)
{
  SfumatoPicture *picture = sfumato_job_get_picture (job);

  return picture != NULL && sfumato_picture_get_fields (picture)->finish == SFUMATO_FINISH_FILTERED;
}

const char *
sfumato_job_get_problem (SfumatoJob  *job,
                         const char **text)
{
  const GError *error = sfumato_job_get_error (job);

  if (error != NULL)
    {
      *text = error->message;
      return sfumato_error_get_title (error);
    }
  if (sfumato_job_is_filtered (job))
    {
      *text = _("The service made a picture but blurred it, because its content filter objected. It may have been "
                "charged. Change the prompt, or open the picture to see what arrived.");
      return _("Picture Filtered");
    }
  *text = _("This picture had been asked for when Sfumato stopped. It may have been made and charged, "
            "but it did not arrive.");
  return _("Needs Attention");
}

SfumatoCharge
sfumato_job_find_charge (SfumatoJob *job)
{
  SfumatoPicture *picture = sfumato_job_get_picture (job);

  if (picture != NULL)
    return sfumato_picture_get_fields (picture)->charge;
  if (sfumato_job_get_state (job) == SFUMATO_JOB_UNKNOWN)
    return SFUMATO_CHARGE_MAYBE;
  return sfumato_error_get_charge (sfumato_job_get_error (job));
}

char *
sfumato_job_dup_charge_words (SfumatoJob *job)
{
  g_autofree char *price = sfumato_price_format (sfumato_job_get_price (job));
  SfumatoJobState state = sfumato_job_get_state (job);

  if (sfumato_job_get_price (job) == 0 || state == SFUMATO_JOB_WAITING || state == SFUMATO_JOB_RUNNING)
    return NULL;
  switch (sfumato_job_find_charge (job))
    {
    case SFUMATO_CHARGE_MAYBE:
      /* Translators: %s is a price */
      return g_strdup_printf (_("Maybe charged: %s"), price);
    case SFUMATO_CHARGE_YES:
      return g_strdup_printf (_("Charged: %s"), price);
    case SFUMATO_CHARGE_NONE:
    default:
      return g_strdup (_("Not charged"));
    }
}

void
sfumato_queue_summarize (SfumatoQueue        *queue,
                         SfumatoQueueSummary *summary)
{
  *summary = (SfumatoQueueSummary) {
    .held_back = sfumato_queue_get_held_back (queue),
    .paused = sfumato_queue_get_paused (queue),
  };
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (queue)); i++)
    {
      g_autoptr (SfumatoJob) job = g_list_model_get_item (G_LIST_MODEL (queue), i);
      SfumatoJobState state = sfumato_job_get_state (job);

      if (state == SFUMATO_JOB_RUNNING && summary->running++ == 0)
        summary->first = job;
      if (state == SFUMATO_JOB_WAITING && summary->waiting++ == 0 && summary->first == NULL)
        summary->first = job;
      summary->attention += state == SFUMATO_JOB_UNSAVED || state == SFUMATO_JOB_UNKNOWN;
    }
}

static char *
describe_running (const SfumatoQueueSummary *summary,
                  gint64                     now)
{
  g_autofree char *state = sfumato_job_dup_state_words (summary->first);
  g_autofree char *time = sfumato_job_dup_time_words (summary->first, now);
  guint more = summary->running + summary->waiting - 1;
  g_autoptr (GString) words = g_string_new (state);

  if (*time != '\0')
    g_string_append_printf (words, " · %s", time);
  if (more > 0)
    {
      g_string_append (words, " · ");
      /* Translators: pictures that run or wait beside the one just named */
      g_string_append_printf (words, ngettext ("%u more", "%u more", more), more);
    }
  return g_string_free (g_steal_pointer (&words), FALSE);
}

char *
sfumato_queue_summary_dup_words (const SfumatoQueueSummary *summary,
                                 gint64                     now)
{
  g_autofree char *waiting = g_strdup_printf (ngettext ("%u picture waiting", "%u pictures waiting",
                                                        summary->waiting), summary->waiting);

  if (summary->running > 0)
    return describe_running (summary, now);
  if (summary->held_back > 0)
    return g_strdup_printf (ngettext ("%u picture of last time is waiting", "%u pictures of last time are waiting",
                                      summary->held_back), summary->held_back);
  if (summary->waiting > 0 && summary->paused)
    return g_strdup_printf (C_("queue", "Paused · %s"), waiting);
  if (summary->waiting > 0 && sfumato_job_get_pause (summary->first, now) > 0)
    return sfumato_job_dup_time_words (summary->first, now);
  if (summary->waiting > 0)
    return g_steal_pointer (&waiting);
  if (summary->attention > 0)
    return g_strdup_printf (ngettext ("%u picture needs attention", "%u pictures need attention",
                                      summary->attention), summary->attention);
  return g_strdup ("");
}
