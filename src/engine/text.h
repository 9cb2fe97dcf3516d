/* From a prompt to what the transformer is given: three encoders' answers side by side and one below the other.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/device.h"
#include "engine/weights.h"

typedef struct
{
  int    n;       /* rows */
  float *context; /* [n, context_width] */
  float *pooled;  /* [pooled_width] */
  int    clip_cut, t5_cut; /* tokens that found no room */
} sd3_conditioning;

typedef struct sd3_text sd3_text;

#define SD3_MAX_CLIP_CHUNKS 8

typedef struct
{
  const char *prompt;
  int         t5_length;   /* the least number of T5's tokens */
  int         clip_chunks; /* the most of CLIP's sequences */
} sd3_text_request;

/* At least one encoder must be there. @context_width and @pooled_width are the transformer's. */
sd3_text *sd3_text_open (const sd3_weights *weights,
                         const char        *clip_merges,
                         const char        *t5_model,
                         int                context_width,
                         int                pooled_width,
                         sd3_error         *error);

void sd3_text_free (sd3_text *text);

uint64_t sd3_text_size (const sd3_text *text);

/* The answer stays with @text; the last few prompts are remembered and cost nothing. Weights are in memory only while
 * a prompt is being encoded. */
const sd3_conditioning *sd3_text_encode (sd3_text        *text,
                                         sd3_device      *device,
                                         sd3_text_request request,
                                         sd3_trace       *trace,
                                         sd3_error       *error);

/* The same on a device that rehearses; nothing is remembered. Returns the rows there will be, or -1. */
int sd3_text_rehearse (sd3_text        *text,
                       sd3_device      *device,
                       sd3_text_request request,
                       sd3_error       *error);

/* Forgets the prompts it remembers. */
void sd3_text_forget (sd3_text *text);

void sd3_conditioning_clear (sd3_conditioning *conditioning);
