/* From noise to a picture's latent.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/sample.h"

#include "engine/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* σ of a time in (0, 1]. */
static double
shifted (double time,
         double shift)
{
  return shift * time / (1 + (shift - 1) * time);
}

/* The end of the reference's line is σ(1/1000), which is shifted once more: its last σ before 0 is 0.0089 and not
 * 0.003 for a shift of 3. That is how the models are used everywhere, so it stays. */
void
sd3_schedule (sd3_schedule_kind kind,
              int               n,
              double            shift,
              float            *sigmas)
{
  double end = shifted (0.001, shift);
  int points = kind == SD3_SCHEDULE_SGM_UNIFORM ? n : n - 1;

  for (int i = 0; i < n; i++)
    if (kind == SD3_SCHEDULE_SIMPLE)
      sigmas[i] = (float) shifted ((1000 - (int) (i * (1000.0 / n))) / 1000.0, shift);
    else
      sigmas[i] = (float) shifted (points > 0 ? 1 + (end - 1) * i / points : 1, shift);
  sigmas[n] = 0;
}

int
sd3_schedule_start (int    n,
                    double strength)
{
  return (int) (n * (1 - strength));
}

/* ---- Guidance ---------------------------------------------------------------------------------------------- */

static double
spread (const float *v,
        size_t       n)
{
  double sum = 0, squares = 0;

  for (size_t i = 0; i < n; i++)
    sum += v[i];
  for (size_t i = 0; i < n; i++)
    squares += (v[i] - sum / n) * (v[i] - sum / n);
  return sqrt (squares / n);
}

void
sd3_guide (float       *v,
           const float *uncond,
           const float *skipped,
           size_t       n,
           float        scale,
           float        skip_scale,
           float        rescale)
{
  double before = rescale != 0 ? spread (v, n) : 0, factor;

  for (size_t i = 0; i < n; i++)
    {
      float guided = uncond ? uncond[i] + scale * (v[i] - uncond[i]) : v[i];

      v[i] = skipped ? guided + skip_scale * (v[i] - skipped[i]) : guided;
    }
  if (rescale == 0)
    return;
  factor = before / spread (v, n);
  factor = rescale * factor + (1 - rescale);
  for (size_t i = 0; i < n; i++)
    v[i] = (float) (v[i] * factor);
}

/* ---- Samplers ---------------------------------------------------------------------------------------------- */

typedef struct
{
  float *v;     /* velocity at x */
  float *other; /* Heun: the second velocity; DPM++ 2M: the estimate of the step before */
  float *ahead; /* Heun: where Euler would go; otherwise the estimate of the finished latent */
} scratch;

static void
estimate (const sd3_sampling *s,
          float               sigma,
          const float        *v,
          float              *x0)
{
  for (size_t i = 0; i < s->n; i++)
    x0[i] = s->x[i] - sigma * v[i];
}

static void
euler (const sd3_sampling *s,
       int                 step,
       scratch            *b)
{
  float delta = s->sigmas[step + 1] - s->sigmas[step];

  for (size_t i = 0; i < s->n; i++)
    s->x[i] += delta * b->v[i];
}

static bool
heun (const sd3_sampling *s,
      int                 step,
      scratch            *b)
{
  float delta = s->sigmas[step + 1] - s->sigmas[step];

  if (s->sigmas[step + 1] == 0)
    return euler (s, step, b), true;
  for (size_t i = 0; i < s->n; i++)
    b->ahead[i] = s->x[i] + delta * b->v[i];
  if (!s->velocity (s->model, b->ahead, s->sigmas[step + 1], step, b->other))
    return false;
  for (size_t i = 0; i < s->n; i++)
    s->x[i] += delta * (b->v[i] + b->other[i]) / 2;
  return true;
}

/* In t = −ln σ (arXiv 2211.01095), used on flow as the references do. @b->ahead holds this step's estimate. */
static void
dpmpp_2m (const sd3_sampling *s,
          int                 step,
          scratch            *b)
{
  double sigma = s->sigmas[step], next = s->sigmas[step + 1], h = log (sigma) - log (next);
  double before = step > s->first ? log (s->sigmas[step - 1]) - log (sigma) : 0;
  float keep = (float) (next / sigma), take = (float) -expm1 (-h), mix = before > 0 ? (float) (h / before / 2) : 0;

  for (size_t i = 0; i < s->n; i++)
    {
      float x0 = b->ahead[i];

      if (next == 0)
        s->x[i] = x0;
      else
        s->x[i] = keep * s->x[i] + take * ((1 + mix) * x0 - mix * b->other[i]);
    }
  memcpy (b->other, b->ahead, s->n * sizeof *b->other);
}

/* What is not to change is where it would be at this σ, always with the same noise. */
static void
put_back (const sd3_sampling *s,
          float               sigma)
{
  for (size_t i = 0; i < s->n; i++)
    s->x[i] = s->mask[i] * s->x[i] + (1 - s->mask[i]) * (sigma * s->noise[i] + (1 - sigma) * s->init[i]);
}

static bool
take_step (const sd3_sampling *s,
           int                 step,
           scratch            *b)
{
  if (!s->velocity (s->model, s->x, s->sigmas[step], step, b->v))
    return false;
  estimate (s, s->sigmas[step], b->v, b->ahead);
  if (s->stepped)
    s->stepped (s->model, step, b->ahead);
  if (s->sampler == SD3_SAMPLER_EULER)
    euler (s, step, b);
  else if (s->sampler == SD3_SAMPLER_DPMPP_2M)
    dpmpp_2m (s, step, b);
  else if (!heun (s, step, b))
    return false;
  if (s->mask)
    put_back (s, s->sigmas[step + 1]);
  return true;
}

bool
sd3_sample (const sd3_sampling *s)
{
  float *all = sd3_new (float, 3 * s->n);
  scratch b = { all, all + s->n, all + 2 * s->n };
  bool good = true;

  for (int step = s->first; good && step < s->n_steps; step++)
    good = take_step (s, step, &b);
  free (all);
  return good;
}
