/* What a job and the queue are doing, in words.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "domain/sfumato-error.h"
#include "studio/sfumato-job-private.h"
#include "ui/queue/sfumato-job-words.h"

#define SECOND G_GINT64_CONSTANT (1000000)

static SfumatoJob *
make_job (SfumatoJobState state)
{
  const SfumatoRequestFields fields = { .service = "stability", .model = "sd3.5-large", .prompt = "fox" };
  g_autoptr (SfumatoRequest) request = sfumato_request_new (&fields);
  SfumatoJob *job = sfumato_job_new ("id", "batch", request, 650, 0);

  sfumato_job_set_state (job, state);
  return job;
}

static void
test_state (void)
{
  static const struct
  {
    SfumatoJobState  state;
    SfumatoStage     stage;
    double           fraction;
    const char      *words;
  } cases[] = {
    { SFUMATO_JOB_WAITING, 0, -1, "Waiting" },
    { SFUMATO_JOB_RUNNING, SFUMATO_STAGE_SENDING, 0.5, "Sending…" },
    { SFUMATO_JOB_RUNNING, SFUMATO_STAGE_MAKING, -1, "Making…" },
    { SFUMATO_JOB_RUNNING, SFUMATO_STAGE_MAKING, 0.4, "Making… 40 %" },
    { SFUMATO_JOB_RUNNING, SFUMATO_STAGE_RECEIVING, -1, "Receiving…" },
    { SFUMATO_JOB_RUNNING, SFUMATO_STAGE_PREPARING, 0.01, "Preparing…" },
    { SFUMATO_JOB_RUNNING, SFUMATO_STAGE_FINISHING, 0.97, "Finishing…" },
    { SFUMATO_JOB_UNSAVED, 0, -1, "Not saved yet" },
    { SFUMATO_JOB_DONE, 0, -1, "Done" },
    { SFUMATO_JOB_CANCELLED, 0, -1, "Cancelled" },
    { SFUMATO_JOB_UNKNOWN, 0, -1, "Needs attention" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (SfumatoJob) job = make_job (cases[i].state);
      g_autofree char *words = NULL;

      sfumato_job_set_progress (job, &(SfumatoProgress) { .stage = cases[i].stage, .fraction = cases[i].fraction,
                                                          .seconds_left = -1 });
      words = sfumato_job_dup_state_words (job);
      g_assert_cmpstr (words, ==, cases[i].words);
    }
}

static void
test_steps (void)
{
  static const struct
  {
    guint       step;
    int         seconds;
    const char *words;
  } cases[] = {
    { 0, -1, "Step 0 of 28" },
    { 12, 9, "Step 12 of 28 · about 9 s left" },
    { 12, 59, "Step 12 of 28 · about 59 s left" },
    { 12, 100, "Step 12 of 28 · about 2 min left" },
    { 28, 0, "Step 28 of 28 · about 0 s left" },
  };
  gint64 now = g_get_monotonic_time ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (SfumatoJob) job = make_job (SFUMATO_JOB_RUNNING);
      g_autofree char *state = NULL;
      g_autofree char *time = NULL;

      sfumato_job_set_started (job, now - 5 * G_USEC_PER_SEC);
      sfumato_job_set_progress (job, &(SfumatoProgress) { .stage = SFUMATO_STAGE_MAKING, .fraction = 0.4,
                                                          .step = cases[i].step, .n_steps = 28,
                                                          .seconds_left = cases[i].seconds });
      state = sfumato_job_dup_state_words (job);
      time = sfumato_job_dup_time_words (job, now);
      g_assert_cmpstr (state, ==, "Making…");
      g_assert_cmpstr (time, ==, cases[i].words);
    }
}

static void
test_failed (void)
{
  g_autoptr (SfumatoJob) job = make_job (SFUMATO_JOB_FAILED);
  g_autoptr (GError) error = sfumato_error_new (SFUMATO_ERROR_PAYMENT, "Not Enough Credits", "Buy some.");
  g_autofree char *words = NULL;

  sfumato_job_set_error (job, error);
  words = sfumato_job_dup_state_words (job);
  g_assert_cmpstr (words, ==, "Not Enough Credits");
}

static void
assert_time (SfumatoJob *job,
             gint64      now,
             const char *expected)
{
  g_autofree char *words = sfumato_job_dup_time_words (job, now);

  g_assert_cmpstr (words, ==, expected);
}

static void
test_time (void)
{
  g_autoptr (SfumatoJob) job = make_job (SFUMATO_JOB_RUNNING);

  assert_time (job, 5 * SECOND, "");
  sfumato_job_set_started (job, 5 * SECOND);
  assert_time (job, 17 * SECOND, "0:12");
  assert_time (job, 5 * SECOND + 3661 * SECOND, "61:01");
  sfumato_job_set_state (job, SFUMATO_JOB_WAITING);
  sfumato_job_set_resume_at (job, 100 * SECOND);
  assert_time (job, 40 * SECOND + 1, "Too many requests. Goes on in 60 s.");
  g_assert_cmpuint (sfumato_job_get_pause (job, 99 * SECOND + SECOND / 2), ==, 0); /* the queue's own affair */
  assert_time (job, 101 * SECOND, "");
}

static void
assert_charge (SfumatoJobState  state,
               SfumatoCharge    charge,
               const char      *expected)
{
  g_autoptr (SfumatoJob) job = make_job (state);
  g_autoptr (GError) error = sfumato_error_new (SFUMATO_ERROR_SERVICE, "Title", "Message.");
  g_autofree char *words = NULL;

  sfumato_error_set_charge (error, charge);
  if (state == SFUMATO_JOB_FAILED)
    sfumato_job_set_error (job, error);
  words = sfumato_job_dup_charge_words (job);
  g_assert_cmpstr (words, ==, expected);
}

static void
test_charge (void)
{
  assert_charge (SFUMATO_JOB_WAITING, 0, NULL);
  assert_charge (SFUMATO_JOB_RUNNING, 0, NULL);
  assert_charge (SFUMATO_JOB_FAILED, SFUMATO_CHARGE_NONE, "Not charged");
  assert_charge (SFUMATO_JOB_FAILED, SFUMATO_CHARGE_MAYBE, "Maybe charged: 6.5 credits");
  assert_charge (SFUMATO_JOB_FAILED, SFUMATO_CHARGE_YES, "Charged: 6.5 credits");
  assert_charge (SFUMATO_JOB_UNKNOWN, 0, "Maybe charged: 6.5 credits");
}

static void
test_summary (void)
{
  g_autoptr (SfumatoJob) running = make_job (SFUMATO_JOB_RUNNING);
  const struct
  {
    SfumatoQueueSummary  summary;
    const char          *words;
  } cases[] = {
    { { .running = 1, .first = running }, "Sending… · 0:12" },
    { { .running = 1, .waiting = 3, .first = running }, "Sending… · 0:12 · 3 more" },
    { { .waiting = 2, .first = running }, "2 pictures waiting" },
    { { .waiting = 2, .paused = TRUE, .first = running }, "Paused · 2 pictures waiting" },
    { { .waiting = 1, .held_back = 1, .first = running }, "1 picture of last time is waiting" },
    { { .attention = 1 }, "1 picture needs attention" },
    { { .attention = 0 }, "" },
  };

  sfumato_job_set_started (running, 5 * SECOND);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *words = sfumato_queue_summary_dup_words (&cases[i].summary, 17 * SECOND);

      g_assert_cmpstr (words, ==, cases[i].words);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/job-words/state", test_state);
  g_test_add_func ("/job-words/steps", test_steps);
  g_test_add_func ("/job-words/failed", test_failed);
  g_test_add_func ("/job-words/time", test_time);
  g_test_add_func ("/job-words/charge", test_charge);
  g_test_add_func ("/job-words/summary", test_summary);
  return g_test_run ();
}
