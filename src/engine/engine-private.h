/* An opened model, for the files that open it and make pictures with it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/denoise.h"
#include "engine/vae.h"

#define SD3_N_PHASES (SD3_PHASE_DECODING + 1)

struct sd3_engine
{
  sd3_weights *weights;
  sd3_device   device;
  uint64_t     memory_limit; /* 0: what is available */
  uint64_t     process_size; /* what the process has beside weights and computations */
  sd3_text    *text;
  sd3_mmdit   *mmdit;
  sd3_vae     *decoder;
  sd3_vae     *encoder; /* NULL where the model has none */
  sd3_vae     *taesd;   /* likewise */
  sd3_trace   *trace;
  sd3_info     info;
};

/* What the phases of a picture need, known by rehearsing them. */
typedef struct
{
  uint64_t peaks[SD3_N_PHASES][SD3_N_PLACES]; /* bytes of weights and computations */
  uint64_t beside[SD3_N_PHASES];              /* and of the rest, in the computer's memory */
  uint64_t card_rooms[SD3_N_PHASES];          /* for weights, beside what the computations need */
  uint64_t budget[SD3_N_PLACES];              /* bytes there are */
} sd3_plan;

/* The request is one that can be. Fails as well when there is not enough memory for it. */
bool sd3_plan_make (const sd3_engine  *engine,
                    const sd3_request *request,
                    sd3_plan          *plan,
                    sd3_error         *error);

/* Checks everything about a request that does not need its text. */
bool sd3_request_check (const sd3_engine  *engine,
                        const sd3_request *request,
                        sd3_error         *error);

/* The settings of a request; prompts, noise and picture are to be added. */
sd3_denoising sd3_request_denoising (const sd3_request *request);

/* There is no step from its picture to the result, and so nothing for words to say. */
bool sd3_request_has_no_steps (const sd3_request *request);
