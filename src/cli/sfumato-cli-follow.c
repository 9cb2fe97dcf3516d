/* Waiting for jobs: progress for a person, and Ctrl+C.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "cli/sfumato-cli.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define CLEAR_LINE "\r\033[K"

typedef struct
{
  SfumatoCli *cli;
  GPtrArray  *jobs;       /* of SfumatoJob, borrowed */
  GMainLoop  *loop;       /* owned */
  gboolean    shown;      /* a person sees standard error */
  gboolean    cancelled;
} Follow;

static gboolean
has_ended (SfumatoJob *job)
{
  return sfumato_job_is_over (job) || sfumato_job_get_state (job) == SFUMATO_JOB_UNSAVED;
}

static guint
count_ended (Follow *follow)
{
  guint n = 0;

  for (guint i = 0; i < follow->jobs->len; i++)
    n += has_ended (g_ptr_array_index (follow->jobs, i));
  return n;
}

/* ---- in words ---- */

/* The one to speak of: what is furthest, so that the line does not jump between jobs. */
static SfumatoJob *
foremost (Follow *follow)
{
  for (guint i = 0; i < follow->jobs->len; i++)
    if (sfumato_job_get_state (g_ptr_array_index (follow->jobs, i)) == SFUMATO_JOB_RUNNING)
      return g_ptr_array_index (follow->jobs, i);
  for (guint i = 0; i < follow->jobs->len; i++)
    if (!has_ended (g_ptr_array_index (follow->jobs, i)))
      return g_ptr_array_index (follow->jobs, i);
  return NULL;
}

static int
seconds_until (gint64 when)
{
  return (int) ((when - g_get_monotonic_time () + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC);
}

static char *
describe_waiting (SfumatoJob *job)
{
  int seconds = seconds_until (sfumato_job_get_resume_at (job));

  if (sfumato_job_get_error (job) != NULL && seconds > 0)
    return g_strdup_printf (_("The service asked for a pause: %d s…"), seconds);
  return g_strdup (_("Waiting for its turn…"));
}

static char *
describe_running (SfumatoJob *job)
{
  double fraction = sfumato_job_get_fraction (job);
  const char *words[] = { _("Sending…"), _("Making the picture…"), _("Receiving…"), _("Preparing…"), _("Finishing…") };
  const char *word = words[MIN (sfumato_job_get_stage (job), G_N_ELEMENTS (words) - 1)];
  g_autofree char *steps = sfumato_job_dup_step_words (job);

  if (steps != NULL)
    return g_steal_pointer (&steps);
  if (sfumato_job_get_started (job) == 0)
    return g_strdup (word);
  if (fraction >= 0 && sfumato_job_get_stage (job) != SFUMATO_STAGE_PREPARING)
    return g_strdup_printf ("%s %.0f %%", word, fraction * 100);
  return g_strdup_printf (_("%s %d s"), word, -seconds_until (sfumato_job_get_started (job)));
}

static char *
describe (Follow *follow)
{
  SfumatoJob *job = foremost (follow);
  g_autofree char *what = NULL;

  if (job == NULL)
    return NULL;
  if (follow->cancelled)
    return g_strdup (_("Cancelling…"));
  what = sfumato_job_get_state (job) == SFUMATO_JOB_RUNNING ? describe_running (job) : describe_waiting (job);
  if (follow->jobs->len == 1)
    return g_steal_pointer (&what);
  return g_strdup_printf (_("%u of %u done · %s"), count_ended (follow), follow->jobs->len, what);
}

static void
show (Follow *follow)
{
  g_autofree char *line = follow->shown ? describe (follow) : NULL;

  if (line != NULL)
    fprintf (stderr, CLEAR_LINE "%s", line);
}

/* ---- what happens ---- */

static gboolean
tick_cb (gpointer user_data)
{
  show (user_data);
  return G_SOURCE_CONTINUE;
}

static void
job_changed_cb (Follow *follow)
{
  show (follow);
  if (count_ended (follow) == follow->jobs->len)
    g_main_loop_quit (follow->loop);
}

/* The first one closes the connections, and the jobs say what that may have cost; whoever does not want to wait even
 * for that presses again, and the journal says it at the next start. */
static gboolean
interrupted_cb (gpointer user_data)
{
  Follow *follow = user_data;
  SfumatoQueue *queue = sfumato_studio_get_queue (follow->cli->studio);

  if (follow->cancelled)
    {
      if (follow->shown)
        fputs (CLEAR_LINE, stderr);
      _exit (SFUMATO_EXIT_CANCELLED);
    }
  follow->cancelled = TRUE;
  for (guint i = 0; i < follow->jobs->len; i++)
    if (!has_ended (g_ptr_array_index (follow->jobs, i)))
      sfumato_queue_cancel (queue, g_ptr_array_index (follow->jobs, i));
  job_changed_cb (follow);
  return G_SOURCE_CONTINUE;
}

/* nohup and shell scripts start programs that are not to hear of some signals: 0 for one of these. */
static guint
watch_signal (int         number,
              GSourceFunc callback,
              gpointer    user_data)
{
  struct sigaction before;

  if (sigaction (number, NULL, &before) != 0 || before.sa_handler == SIG_IGN)
    return 0;
  return g_unix_signal_add (number, callback, user_data);
}

void
sfumato_cli_watch_signals (guint        sources[SFUMATO_CLI_SIGNALS],
                           GSourceFunc  callback,
                           gpointer     user_data)
{
  static const int signals[SFUMATO_CLI_SIGNALS] = { SIGINT, SIGTERM, SIGHUP };

  for (guint i = 0; i < SFUMATO_CLI_SIGNALS; i++)
    sources[i] = watch_signal (signals[i], callback, user_data);
}

void
sfumato_cli_unwatch_signals (guint sources[SFUMATO_CLI_SIGNALS])
{
  for (guint i = 0; i < SFUMATO_CLI_SIGNALS; i++)
    g_clear_handle_id (&sources[i], g_source_remove);
}

void
sfumato_cli_follow (SfumatoCli *cli,
                    GPtrArray  *jobs)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Follow follow = { .cli = cli, .jobs = jobs, .loop = loop, .shown = isatty (STDERR_FILENO) };
  guint sources[SFUMATO_CLI_SIGNALS];
  guint tick = follow.shown ? g_timeout_add_seconds (1, tick_cb, &follow) : 0;

  sfumato_cli_watch_signals (sources, interrupted_cb, &follow);
  for (guint i = 0; i < jobs->len; i++)
    g_signal_connect_swapped (g_ptr_array_index (jobs, i), "notify", G_CALLBACK (job_changed_cb), &follow);
  if (count_ended (&follow) < jobs->len)
    g_main_loop_run (loop);
  for (guint i = 0; i < jobs->len; i++)
    g_signal_handlers_disconnect_by_data (g_ptr_array_index (jobs, i), &follow);
  sfumato_cli_unwatch_signals (sources);
  g_clear_handle_id (&tick, g_source_remove);
  if (follow.shown)
    fputs (CLEAR_LINE, stderr);
}
