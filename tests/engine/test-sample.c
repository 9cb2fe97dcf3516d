/* Noise as torch gives it, schedules, and samplers on a flow that can be solved by hand.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/noise.h"
#include "engine/sample.h"

#include <glib.h>
#include <math.h>
#include <string.h>

/* torch.manual_seed (seed); torch.randn (n). */
static void
test_noise (void)
{
  static const struct { guint64 seed; size_t n; int n_first; float first[5]; } cases[] = {
    { 0, 16, 5, { -1.1258398f, -1.1523602f, -0.25057858f, -0.4338788f, 0.84871036f } },
    { 42, 64, 4, { 1.9269153f, 1.4872841f, 0.9007172f, -2.105521f } },
    { 42, 10, 5, { .33669037f, .1288094f, .23446237f, .23033303f, -1.1228564f } },
    { 42 + (1ULL << 32), 64, 4, { 1.9269153f, 1.4872841f, 0.9007172f, -2.105521f } },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      float out[64];

      sd3_noise (cases[i].seed, out, cases[i].n);
      for (int j = 0; j < cases[i].n_first; j++)
        g_assert_cmpfloat (out[j], ==, cases[i].first[j]);
    }
}

/* Every bit of a whole latent of 1024 × 1024. */
static void
test_noise_bits (void)
{
  size_t n = 16 * 128 * 128;
  g_autofree float *out = g_new (float, n);
  g_autofree char *sum = NULL;
  double total = 0, squares = 0;

  sd3_noise (42, out, n);
  sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) out, n * sizeof *out);
  g_assert_cmpstr (sum, ==, "9d775f7135ddb2c8e138af1eeef8cdc1aeb25afeba22820c28e98f22794622f7");
  sd3_noise (42, out, 16 * 8 * 12);
  for (size_t i = 0; i < 16 * 8 * 12; i++)
    {
      total += out[i];
      squares += (double) out[i] * out[i];
    }
  g_assert_cmpfloat_with_epsilon (total, 6.496249, 2e-6);
  g_assert_cmpfloat_with_epsilon (sqrt (squares), 38.976478, 2e-6);
}

static void
test_schedule (void)
{
  static const struct { sd3_schedule_kind kind; int n; double shift; int from, count; float values[10]; } cases[] = {
    { SD3_SCHEDULE_REFERENCE, 1, 3, 0, 2, { 1, 0 } },
    { SD3_SCHEDULE_REFERENCE, 2, 3, 0, 3, { 1, .008929f, 0 } },
    { SD3_SCHEDULE_REFERENCE, 4, 3, 0, 5, { 1, .857692f, .602151f, .008929f, 0 } },
    { SD3_SCHEDULE_REFERENCE, 8, 3, 0, 9, { 1, .947542f, .882788f, .800837f, .693793f, .548046f, .337972f, .008929f, 0 } },
    { SD3_SCHEDULE_REFERENCE, 20, 3, 16, 5, { .364352f, .266330f, .149787f, .008929f, 0 } },
    { SD3_SCHEDULE_REFERENCE, 28, 3, 20, 9, { .515072f, .464876f, .409289f, .347393f, .278049f, .199827f, .110906f, .008929f, 0 } },
    { SD3_SCHEDULE_REFERENCE, 50, 3, 46, 5, { .170296f, .120533f, .066900f, .008929f, 0 } },
    { SD3_SCHEDULE_REFERENCE, 50, 1, 0, 5, { 1, .979612f, .959224f, .938837f, .918449f } },
    { SD3_SCHEDULE_SIMPLE, 4, 3, 0, 5, { 1, .9f, .75f, .5f, 0 } },
    { SD3_SCHEDULE_SGM_UNIFORM, 4, 3, 0, 5, { 1, .900359f, .751121f, .502985f, 0 } },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      float sigmas[64];

      sd3_schedule (cases[i].kind, cases[i].n, cases[i].shift, sigmas);
      for (int j = 0; j < cases[i].count; j++)
        g_assert_cmpfloat_with_epsilon (sigmas[cases[i].from + j], cases[i].values[j], 1e-6);
    }
  g_assert_cmpint (sd3_schedule_start (50, 0.8), ==, 9); /* 50·(1 − 0.8) is 9.999… in doubles */
  g_assert_cmpint (sd3_schedule_start (10, 0.6), ==, 4);
  g_assert_cmpint (sd3_schedule_start (28, 1), ==, 0);
  g_assert_cmpint (sd3_schedule_start (28, 0), ==, 28);
}

/* A model that knows the picture: all is a straight line, which every sampler must follow exactly. */
static bool
straight (void        *model,
          const float *x,
          float        sigma,
          int          step,
          float       *v)
{
  const float *picture = model;

  for (int i = 0; i < 4; i++)
    v[i] = (x[i] - picture[i]) / sigma;
  return true;
}

/* v = x: x(σ) = x(1)·e^(σ − 1), so that orders of accuracy can be told apart. */
static bool
growing (void        *model,
         const float *x,
         float        sigma,
         int          step,
         float       *v)
{
  memcpy (v, x, 4 * sizeof *v);
  return true;
}

static void
test_samplers (void)
{
  float picture[] = { 1, -2, 3, 0.5f }, sigmas[33];

  for (sd3_sampler sampler = SD3_SAMPLER_EULER; sampler <= SD3_SAMPLER_DPMPP_2M; sampler++)
    {
      float x[] = { 0.3f, 1, -1, 2 };

      sd3_schedule (SD3_SCHEDULE_REFERENCE, 7, 3, sigmas);
      g_assert_true (sd3_sample (&(sd3_sampling) { .sampler = sampler, .sigmas = sigmas, .n_steps = 7, .n = 4, .x = x,
                                                   .velocity = straight, .model = picture }));
      for (int i = 0; i < 4; i++)
        g_assert_cmpfloat_with_epsilon (x[i], picture[i], 1e-5);
    }
}

static void
test_heun_order (void)
{
  double errors[2];
  float sigmas[33];

  for (int i = 0; i < 2; i++)
    {
      float x[] = { 1, 1, 1, 1 };
      int n = 16 << i;

      for (int j = 0; j <= n; j++)
        sigmas[j] = (float) (1 - 0.5 * j / n); /* down to a half, where Heun does not fall back */
      g_assert_true (sd3_sample (&(sd3_sampling) { .sampler = SD3_SAMPLER_HEUN, .sigmas = sigmas, .n_steps = n, .n = 4, .x = x, .velocity = growing }));
      errors[i] = fabs (x[0] - exp (-0.5));
    }
  g_assert_cmpfloat (errors[0] / errors[1], >, 3.3); /* second order: a fourth of the error for half the step */
}

static void
test_guidance (void)
{
  float v[] = { 1, 2, 3, 4 }, uncond[] = { 0, 0, 1, 1 }, skipped[] = { 1, 1, 1, 1 }, one[] = { 1, 2, 3, 4 };

  sd3_guide (one, NULL, NULL, 4, 7, 3, 0);
  g_assert_cmpmem (one, sizeof one, v, sizeof v);
  sd3_guide (v, uncond, skipped, 4, 2, 0.5f, 0);
  g_assert_true (v[0] == 2 && v[1] == 4.5f && v[2] == 6 && v[3] == 8.5f);
  sd3_guide (one, uncond, NULL, 4, 3, 0, 1);
  g_assert_cmpfloat_with_epsilon (one[3] / one[0], 10.0 / 3, 1e-6);
}

/* Outside of the mask everything is as it was. */
static void
test_mask (void)
{
  float picture[] = { 1, -2, 3, 0.5f }, init[] = { 9, 9, 9, 9 }, mask[] = { 1, 0, 0, 1 }, noise[] = { .1f, .2f, .3f, .4f };
  float x[] = { .1f, .2f, .3f, .4f }, sigmas[8];

  sd3_schedule (SD3_SCHEDULE_REFERENCE, 5, 3, sigmas);
  g_assert_true (sd3_sample (&(sd3_sampling) { .sampler = SD3_SAMPLER_EULER, .sigmas = sigmas, .n_steps = 5, .n = 4, .x = x, .mask = mask,
                                               .init = init, .noise = noise, .velocity = straight, .model = picture }));
  g_assert_true (x[1] == 9 && x[2] == 9);
  g_assert_cmpfloat_with_epsilon (x[0], 1, 1e-5);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sample/noise", test_noise);
  g_test_add_func ("/sample/noise-bits", test_noise_bits);
  g_test_add_func ("/sample/schedule", test_schedule);
  g_test_add_func ("/sample/samplers", test_samplers);
  g_test_add_func ("/sample/heun-order", test_heun_order);
  g_test_add_func ("/sample/guidance", test_guidance);
  g_test_add_func ("/sample/mask", test_mask);
  return g_test_run ();
}
