/* From noise to a picture's latent: schedules, samplers and guidance of rectified flow (arXiv 2403.03206; the formulas
 * are those of Stability-AI/sd3.5 and ComfyUI's k_diffusion). The latent and all sums stay in F32.
 *
 * x_σ = (1 − σ)·x0 + σ·noise; the model gives the velocity v = noise − x0, so that x0 = x − σ·v.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/error.h"

#include <stddef.h>

/* Fills @sigmas with @n + 1 values: the first is 1 (or near it), the last 0. */
void sd3_schedule (sd3_schedule_kind kind,
                   int               n,
                   double            shift,
                   float            *sigmas);

/* Where image-to-image starts in a schedule of @n steps: the reference's rule, in doubles. */
int sd3_schedule_start (int    n,
                        double strength);

typedef struct
{
  sd3_sampler  sampler;
  const float *sigmas; /* n_steps + 1 */
  int          n_steps;
  int          first;  /* the step to begin with */
  size_t       n;      /* elements of the latent */
  float       *x;      /* in: the latent at sigmas[first]; out: the result */

  /* All set to repaint a part only: 1 in @mask is new, 0 stays as in @init. */
  const float *mask, *init, *noise;

  /* The guided velocity at x and σ. Returns false to stop, for which it has a reason of its own. */
  bool (*velocity) (void        *model,
                    const float *x,
                    float        sigma,
                    int          step,
                    float       *v);
  /* After each step, with the estimate of the finished latent; may be NULL. */
  void (*stepped) (void        *model,
                   int          step,
                   const float *x0);
  void *model;
} sd3_sampling;

bool sd3_sample (const sd3_sampling *sampling);

/* @v: the velocity for the prompt, becomes the guided one. @uncond (for the negative prompt) and @skipped (for the
 * prompt with layers left out) may be NULL. v = uncond + scale·(v − uncond) + skip_scale·(v − skipped), then drawn
 * back by @rescale towards the spread of v. */
void sd3_guide (float       *v,
                const float *uncond,
                const float *skipped,
                size_t       n,
                float        scale,
                float        skip_scale,
                float        rescale);
