/* Tiny models in the layouts of real ones.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "tiny.h"

/* A VAE as diffusers stores it: other names, the decoder's levels counted from the other end, flat attention. */
TinyModel *tiny_diffusers_vae (TinyModel *model);

/* @n_shards files "STEM-0000k-of-0000n.safetensors" and their index. */
void tiny_write_shards (const char *folder,
                        const char *stem,
                        const char *index,
                        TinyModel  *model,
                        guint       n_shards,
                        const char *dtype);

/* Everything in one GGUF file, matrices and kernels in F16; names get prefixes. */
void tiny_write_gguf_of (const char        *path,
                         TinyModel  *const *models,
                         const char *const *prefixes,
                         int                n_models);
