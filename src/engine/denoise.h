/* From noise and conditionings to a latent: the transformer inside a sampler, with guidance.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/mmdit.h"
#include "engine/text.h"

typedef struct
{
  const sd3_conditioning *prompt, *negative; /* negative may be NULL where guidance is 1 */
  int                     height, width;     /* of the latent */
  const float            *noise;             /* [channels, height, width] */
  const float            *init, *mask;       /* a latent to start from, or NULL; what of it is new */
  int                     steps;
  sd3_sampler             sampler;
  sd3_schedule_kind       schedule;
  double                  shift, strength, skip_from, skip_to;
  float                   guidance, rescale, skip_guidance;
  int                     skip_layers[8], n_skip_layers;

  /* After each step, with the estimate of the finished latent; may be NULL; false cancels. */
  bool (*stepped) (void *opaque, int done, int total, const float *x0);
  void *opaque;
} sd3_denoising;

/* How many steps there will be: fewer than asked for where a part of the way is there. */
int sd3_denoise_steps (const sd3_denoising *job);

/* Whether the settings can be, whatever the conditionings. */
bool sd3_denoise_check (const sd3_mmdit     *mmdit,
                        const sd3_denoising *job,
                        sd3_error           *error);

/* The transformer's weights are loaded. @latent: room for the result. */
bool sd3_denoise (sd3_mmdit           *mmdit,
                  const sd3_denoising *job,
                  sd3_trace           *trace,
                  float               *latent,
                  sd3_error           *error);
