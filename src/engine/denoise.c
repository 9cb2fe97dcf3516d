/* From noise and conditionings to a latent.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/denoise.h"

#include "engine/memory.h"
#include "engine/sample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_STEPS 1000

typedef struct
{
  sd3_mmdit           *mmdit;
  const sd3_denoising *job;
  sd3_trace           *trace;
  sd3_error           *error;
  size_t               n; /* elements of the latent */
  int                  first;
  float               *sigmas;
  sd3_mmdit_prompt     prompt, negative;
  float               *uncond, *skipped;
  bool                 skip[SD3_MAX_BLOCKS];
  bool                 cancelled;
} run;

static void
trace_latent (const run   *r,
              const char  *name,
              int          step,
              const float *values)
{
  char full[64];

  if (!r->trace)
    return;
  snprintf (full, sizeof full, "step.%d.%s", step, name);
  r->trace->stage (r->trace->opaque, full, values, 3,
                   (int64_t[]) { sd3_mmdit_get_shape (r->mmdit)->channels, r->job->height, r->job->width });
}

static bool
evaluate (run                    *r,
          const float            *x,
          const sd3_mmdit_prompt *prompt,
          int                     time,
          const bool             *skip,
          float                  *v)
{
  return sd3_mmdit_velocity (r->mmdit, x, r->job->height, r->job->width, prompt, time, skip, NULL, v, r->error);
}

/* Heun also asks at the next step's σ. */
static int
time_of (const run *r,
         float      sigma)
{
  int time = 0;

  while (r->sigmas[r->first + time] > sigma)
    time++;
  return time;
}

static bool
velocity_cb (void        *model,
             const float *x,
             float        sigma,
             int          step,
             float       *v)
{
  run *r = model;
  const sd3_denoising *job = r->job;
  int time = time_of (r, sigma), taken = step - r->first; /* as the reference counts, from where a picture's tail begins */
  bool skips = job->skip_guidance != 0 && taken > job->skip_from * job->steps && taken < job->skip_to * job->steps;
  bool guides = job->guidance != 1;

  if (r->cancelled)
    return sd3_fail_as (r->error, SD3_ERROR_CANCELLED, "It was cancelled.");
  if (!evaluate (r, x, &r->prompt, time, NULL, v) || (guides && !evaluate (r, x, &r->negative, time, NULL, r->uncond)) ||
      (skips && !evaluate (r, x, &r->prompt, time, r->skip, r->skipped)))
    return false;
  sd3_guide (v, guides ? r->uncond : NULL, skips ? r->skipped : NULL, r->n, job->guidance, job->skip_guidance, job->rescale);
  trace_latent (r, sigma == r->sigmas[step] ? "velocity" : "velocity.ahead", step, v);
  return sd3_check_numbers (v, r->n, r->error);
}

static void
stepped_cb (void        *model,
            int          step,
            const float *x0)
{
  run *r = model;

  trace_latent (r, "x0", step, x0);
  if (r->job->stepped && !r->job->stepped (r->job->opaque, step + 1 - r->first, r->job->steps - r->first, x0))
    r->cancelled = true;
}

static bool
make_prompts (run *r)
{
  int n = r->job->steps - r->first;
  float *times = sd3_new (float, n);
  const sd3_conditioning *p = r->job->prompt, *q = r->job->negative;
  bool good;

  for (int i = 0; i < n; i++)
    times[i] = 1000 * r->sigmas[r->first + i];
  good = sd3_mmdit_prompt_make (r->mmdit, p->context, p->n, p->pooled, times, n, NULL, &r->prompt, r->error) &&
         (r->job->guidance == 1 || sd3_mmdit_prompt_make (r->mmdit, q->context, q->n, q->pooled, times, n, NULL, &r->negative, r->error));
  free (times);
  return good;
}

static int
first_step (const sd3_denoising *job)
{
  return job->init && !job->mask ? sd3_schedule_start (job->steps, job->strength) : 0;
}

int
sd3_denoise_steps (const sd3_denoising *job)
{
  return job->steps - first_step (job);
}

static void
start_latent (const run *r,
              float     *latent)
{
  const sd3_denoising *job = r->job;
  float sigma = r->sigmas[r->first];

  for (size_t i = 0; i < r->n; i++)
    latent[i] = job->init ? sigma * job->noise[i] + (1 - sigma) * job->init[i] : job->noise[i];
}

bool
sd3_denoise_check (const sd3_mmdit     *mmdit,
                   const sd3_denoising *job,
                   sd3_error           *error)
{
  int depth = sd3_mmdit_get_shape (mmdit)->depth;

  if (job->steps < 1 || job->steps > MAX_STEPS)
    return sd3_fail_as (error, SD3_ERROR_REQUEST, "The number of steps must be between 1 and %d.", MAX_STEPS);
  if (!(job->shift >= 0.01 && job->shift <= 100) || !(job->strength >= 0 && job->strength <= 1) || !isfinite (job->guidance) ||
      !isfinite (job->rescale) || !isfinite (job->skip_guidance))
    return sd3_fail_as (error, SD3_ERROR_REQUEST, N_ ("A setting is outside of what it can be."));
  for (int i = 0; i < job->n_skip_layers; i++)
    if (job->skip_layers[i] < 0 || job->skip_layers[i] >= depth)
      return sd3_fail_as (error, SD3_ERROR_REQUEST, "The model has no layer %d to leave out.", job->skip_layers[i]);
  return true;
}

static bool
sample (run   *r,
        float *latent)
{
  const sd3_denoising *job = r->job;
  sd3_sampling sampling = {
    .sampler = job->sampler, .sigmas = r->sigmas, .n_steps = job->steps, .first = r->first, .n = r->n, .x = latent,
    .mask = job->mask, .init = job->init, .noise = job->noise, .velocity = velocity_cb, .stepped = stepped_cb, .model = r,
  };

  start_latent (r, latent);
  return r->first == job->steps || (make_prompts (r) && sd3_sample (&sampling));
}

bool
sd3_denoise (sd3_mmdit           *mmdit,
             const sd3_denoising *job,
             sd3_trace           *trace,
             float               *latent,
             sd3_error           *error)
{
  run r = { .mmdit = mmdit, .job = job, .trace = trace, .error = error };
  bool good;

  if (!sd3_denoise_check (mmdit, job, error))
    return false;
  if (job->guidance != 1 && !job->negative)
    return sd3_fail_as (error, SD3_ERROR_REQUEST, "Guidance needs a negative prompt, which may be empty.");
  r.n = (size_t) sd3_mmdit_get_shape (mmdit)->channels * job->height * job->width;
  r.sigmas = sd3_new (float, job->steps + 1);
  r.uncond = sd3_new (float, r.n);
  r.skipped = sd3_new (float, r.n);
  for (int i = 0; i < job->n_skip_layers; i++)
    r.skip[job->skip_layers[i]] = true;
  sd3_schedule (job->schedule, job->steps, job->shift, r.sigmas);
  r.first = first_step (job);
  if (trace)
    trace->stage (trace->opaque, "sigmas", r.sigmas, 1, &(int64_t) { job->steps + 1 });
  good = sample (&r, latent);
  sd3_mmdit_prompt_clear (&r.prompt);
  sd3_mmdit_prompt_clear (&r.negative);
  free (r.sigmas);
  free (r.uncond);
  free (r.skipped);
  return good;
}
