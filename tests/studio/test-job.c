/* A job: what it says of itself, and when.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "studio/sfumato-job-private.h"

static SfumatoJob *
make_job (void)
{
  g_autoptr (SfumatoRequest) request = sfumato_request_new (&(SfumatoRequestFields) {
    .service = "scripted", .model = "m", .prompt = "a fox" });

  return sfumato_job_new ("an-id", "a-batch", request, 650, 1);
}

static void
count_cb (GObject    *object,
          GParamSpec *pspec,
          gpointer    data)
{
  ++*(guint *) data;
}

/* Each part of the progress is told when it changes, once, and not when it does not. */
static void
test_progress (void)
{
  guint8 pixel[3] = { 1, 2, 3 };
  g_autoptr (GBytes) rgb = g_bytes_new (pixel, sizeof pixel);
  const SfumatoProgress steps[] = {
    { .stage = SFUMATO_STAGE_MAKING, .fraction = -1, .seconds_left = -1 },
    { .stage = SFUMATO_STAGE_MAKING, .fraction = 0.5, .seconds_left = -1 },
    { .stage = SFUMATO_STAGE_MAKING, .fraction = 0.5, .step = 1, .seconds_left = -1 },
    { .stage = SFUMATO_STAGE_MAKING, .fraction = 0.5, .step = 1, .n_steps = 2, .seconds_left = -1 },
    { .stage = SFUMATO_STAGE_MAKING, .fraction = 0.5, .step = 1, .n_steps = 2, .seconds_left = 9 },
    { .stage = SFUMATO_STAGE_MAKING, .fraction = 0.5, .step = 1, .n_steps = 2, .seconds_left = 9, .preview = { rgb, 1, 1 } },
  };
  g_autoptr (SfumatoJob) job = make_job ();
  guint n_progress = 0, n_fraction = 0, n_stage = 0;

  g_signal_connect (job, "notify::progress", G_CALLBACK (count_cb), &n_progress);
  g_signal_connect (job, "notify::fraction", G_CALLBACK (count_cb), &n_fraction);
  g_signal_connect (job, "notify::stage", G_CALLBACK (count_cb), &n_stage);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    for (guint again = 0; again < 2; again++)
      {
        sfumato_job_set_progress (job, &steps[i]);
        g_assert_cmpuint (n_progress, ==, i + 1);
        g_assert_cmpint (sfumato_job_get_progress (job)->seconds_left, ==, steps[i].seconds_left);
      }
  g_assert_cmpuint (n_stage, ==, 1);
  g_assert_cmpuint (n_fraction, ==, 1);
}

/* Properties, which bindings read, say the same as functions. */
static void
test_properties (void)
{
  g_autoptr (SfumatoJob) job = make_job ();
  g_autoptr (GError) failure = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "no");
  g_autoptr (GError) error = NULL;
  g_autoptr (SfumatoPicture) picture = NULL;
  gpointer progress;
  gboolean held_back;
  gint64 resume_at;
  double fraction;
  guint state, stage;

  sfumato_job_set_state (job, SFUMATO_JOB_FAILED);
  sfumato_job_set_progress (job, &(SfumatoProgress) { .stage = SFUMATO_STAGE_RECEIVING, .fraction = 0.25 });
  sfumato_job_set_resume_at (job, 7);
  sfumato_job_set_held_back (job, TRUE);
  sfumato_job_set_error (job, failure);
  g_object_get (job, "state", &state, "stage", &stage, "fraction", &fraction, "progress", &progress, "resume-at", &resume_at,
                "held-back", &held_back, "error", &error, "picture", &picture, NULL);
  g_assert_cmpuint (state, ==, SFUMATO_JOB_FAILED);
  g_assert_cmpuint (stage, ==, SFUMATO_STAGE_RECEIVING);
  g_assert_cmpfloat (fraction, ==, 0.25);
  g_assert_true (progress == sfumato_job_get_progress (job));
  g_assert_cmpint (resume_at, ==, 7);
  g_assert_true (held_back);
  g_assert_cmpstr (error->message, ==, "no");
  g_assert_null (picture);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/job/progress", test_progress);
  g_test_add_func ("/job/properties", test_properties);
  return g_test_run ();
}
