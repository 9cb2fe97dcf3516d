/* T5's encoder, version 1.1 (T5-XXL in Stable Diffusion 3).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/load.h"

#define SD3_MAX_T5_LAYERS 64
#define SD3_MAX_T5_LENGTH 512

typedef struct sd3_t5 sd3_t5;

/* Checks that all is there; reads no weights. */
sd3_t5 *sd3_t5_new (const sd3_weights *weights,
                    sd3_error         *error);

void sd3_t5_free (sd3_t5 *t5);

int sd3_t5_width (const sd3_t5 *t5);
int sd3_t5_vocabulary (const sd3_t5 *t5);
uint64_t sd3_t5_size (const sd3_t5 *t5);

bool sd3_t5_load (sd3_t5     *t5,
                  sd3_device *device,
                  sd3_error  *error);

/* Gives the weights' memory back; a later load reads them again. */
void sd3_t5_unload (sd3_t5 *t5);

/* Weights in types of more range, for a second try, or as they are stored; gives their memory back. Returns whether
 * that changes anything. */
bool sd3_t5_widen (sd3_t5 *t5,
                   bool    on);

/* @out: [n, width]. Padding takes part, as in the references. */
bool sd3_t5_encode (sd3_t5        *t5,
                    const int32_t *ids,
                    int            n,
                    sd3_trace     *trace,
                    float         *out,
                    sd3_error     *error);
