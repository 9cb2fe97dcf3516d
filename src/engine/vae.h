/* The autoencoder between pictures and latents (16 channels, an eighth of each side), and TAESD3, its small stand-in
 * for previews.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/load.h"

typedef enum
{
  SD3_VAE_DECODER,
  SD3_VAE_ENCODER,
  SD3_VAE_PREVIEW, /* TAESD3's decoder */
} sd3_vae_half;

typedef struct sd3_vae sd3_vae;

/* Checks that all is there; reads no weights. */
sd3_vae *sd3_vae_new (const sd3_weights *weights,
                      sd3_vae_half       half,
                      sd3_error         *error);

void sd3_vae_free (sd3_vae *vae);

uint64_t sd3_vae_size (const sd3_vae *vae);

bool sd3_vae_load (sd3_vae    *vae,
                   sd3_device *device,
                   sd3_error  *error);

/* Gives the weights' memory back; a later load reads them again. */
void sd3_vae_unload (sd3_vae *vae);

/* Weights in types of more range, for a second try, or as they are stored; gives their memory back. Returns whether
 * that changes anything. */
bool sd3_vae_widen (sd3_vae *vae,
                    bool     on);

/* Decoders take [16, height, width] and give [3, 8·height, 8·width]; the encoder takes [3, height, width] and gives
 * [32, height / 8, width / 8]: means, then logarithms of variances. Raw values: see sd3_latent_to_vae(). */
bool sd3_vae_run (sd3_vae     *vae,
                  const float *in,
                  int          height,
                  int          width,
                  sd3_trace   *trace,
                  float       *out,
                  sd3_error   *error);

/* Between the transformer's latents and the VAE's: a scale of 1.5305 about 0.0609. TAESD3 takes the transformer's. */
void sd3_latent_to_vae (float *latent,
                        size_t n);
void sd3_latent_from_vae (float *latent,
                          size_t n);
