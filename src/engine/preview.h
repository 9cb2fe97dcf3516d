/* A small picture of what a latent is on its way to.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/vae.h"

typedef struct
{
  int      width, height;
  uint8_t *rgb; /* free() it */
} sd3_small_picture;

/* One pixel for each place of the latent [16, height, width], by a linear map to colours. */
void sd3_preview_linear (const float       *latent,
                         int                height,
                         int                width,
                         sd3_small_picture *small);

/* By TAESD3, whose weights are loaded: at most 512 × 512 pixels or as many of another shape. */
bool sd3_preview_decode (sd3_vae           *taesd,
                         const float       *latent,
                         int                height,
                         int                width,
                         sd3_small_picture *small,
                         sd3_error         *error);

/* Rounds colours from 0 to 1 [3, n] to bytes [n, 3]. */
void sd3_to_bytes (const float *colours,
                   size_t       n,
                   uint8_t     *rgb);
