/* The transformer of Stable Diffusion 3 and 3.5 (MMDiT and MMDiT-X; arXiv 2403.03206, Stability-AI/sd3.5 mmditx.py).
 *
 * What depends on the prompt and the schedule alone is computed once (sd3_mmdit_prompt); a step then runs one graph
 * that was built once for its shape.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/load.h"

#define SD3_MAX_BLOCKS 64

/* All from names and shapes, never from a table of files. */
typedef struct
{
  int  depth, width, n_heads;
  int  patch, channels;            /* of the latent, in and out */
  int  grid;                       /* of the table of positions, a side */
  int  context_width, pooled_width, time_width;
  bool qk_norm;
  bool dual[SD3_MAX_BLOCKS];       /* blocks of MMDiT-X with a second attention */
  int  n_dual;
} sd3_mmdit_shape;

typedef struct sd3_mmdit sd3_mmdit;

/* Checks that all is there; reads no weights. The weights must outlive it. */
sd3_mmdit *sd3_mmdit_new (const sd3_weights *weights,
                          sd3_error         *error);

void sd3_mmdit_free (sd3_mmdit *mmdit);

const sd3_mmdit_shape *sd3_mmdit_get_shape (const sd3_mmdit *mmdit);

uint64_t sd3_mmdit_size (const sd3_mmdit *mmdit);

bool sd3_mmdit_load (sd3_mmdit  *mmdit,
                     sd3_device *device,
                     sd3_error  *error);

/* Gives the memory of weights and graphs back; a later load reads them again. */
void sd3_mmdit_unload (sd3_mmdit *mmdit);

/* Weights in types of more range, for a second try, or as they are stored; gives their memory back. Returns whether
 * that changes anything. */
bool sd3_mmdit_widen (sd3_mmdit *mmdit,
                      bool       on);

/* One conditioning for all times of a schedule. */
typedef struct
{
  int    n_context;
  int    n_times;
  float *times;      /* [n_times] */
  float *context;    /* [n_context, width], embedded */
  float *modulation; /* [n_times, all blocks' shifts, scales (plus one) and gates] */
} sd3_mmdit_prompt;

/* @context: [n_context, context_width]; @pooled: [pooled_width]; @times: 1000·σ. */
bool sd3_mmdit_prompt_make (sd3_mmdit        *mmdit,
                            const float      *context,
                            int               n_context,
                            const float      *pooled,
                            const float      *times,
                            int               n_times,
                            sd3_trace        *trace,
                            sd3_mmdit_prompt *prompt,
                            sd3_error        *error);

/* Bytes of a prompt that is made. */
uint64_t sd3_mmdit_prompt_size (const sd3_mmdit *mmdit,
                                int              n_context,
                                int              n_times);

void sd3_mmdit_prompt_clear (sd3_mmdit_prompt *prompt);

/* The velocity of @latent [channels, height, width] at the prompt's @time-th time. Blocks set in @skip (NULL: none)
 * are left out. */
bool sd3_mmdit_velocity (sd3_mmdit              *mmdit,
                         const float            *latent,
                         int                     height,
                         int                     width,
                         const sd3_mmdit_prompt *prompt,
                         int                     time,
                         const bool             *skip,
                         sd3_trace              *trace,
                         float                  *velocity,
                         sd3_error              *error);
