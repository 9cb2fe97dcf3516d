/* Tiny models whose weights come from a hash of their names, so that no file has to be shipped and any program can
 * make the same ones: FNV-1a of the name, a counter and a 32-bit mixer give each element. The shapes are those of the
 * real models at a fraction of their width.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/names.h"

#include <glib.h>

typedef struct
{
  char    name[160];
  int     n_dims;
  int64_t shape[4];
  size_t  n;
  float  *data;
} TinyTensor;

typedef GArray TinyModel; /* of TinyTensor; free with tiny_free() */

TinyModel *tiny_new (void);
TinyModel *tiny_mmdit (int  depth,
                       bool qk_norm,
                       int  n_dual);
/* One of any size; @grid is the table of positions' side. */
TinyModel *tiny_mmdit_of (int  depth,
                          int  width,
                          int  grid,
                          bool qk_norm,
                          int  n_dual);
/* The names and shapes of such a one, without values. */
TinyModel *tiny_hollow_mmdit (int  depth,
                              int  width,
                              int  grid,
                              bool qk_norm,
                              int  n_dual);
TinyModel *tiny_clip (int vocabulary,
                      int width);
TinyModel *tiny_clip_of (int vocabulary,
                         int width,
                         int n_layers);
TinyModel *tiny_t5 (int vocabulary,
                    int width);
TinyModel *tiny_vae (void);
TinyModel *tiny_taesd (void);
void tiny_free (TinyModel *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TinyModel, tiny_free)

const TinyTensor *tiny_find (TinyModel  *model,
                             const char *name);

/* The same transformer as diffusers stores it: other names, q, k and v apart, some halves exchanged. */
TinyModel *tiny_diffusers_mmdit (TinyModel *model);

/* Where the tests compute: SFUMATO_TEST_DEVICE in the environment names a device; the processor otherwise. */
const char *tiny_device (void);
bool tiny_on_card (void);

/* Inputs by the same construction. */
float *tiny_data (const char *name,
                  double      amplitude,
                  size_t      n);

/* A safetensors file: names get @prefix, matrices are stored as @dtype ("F32", "F16", "BF16", "F8_E4M3", or
 * "F8_SCALED": E4M3 with a scale for each). */
void tiny_write (const char *path,
                 TinyModel  *const *models,
                 const char *const *prefixes,
                 int         n_models,
                 const char *dtype);

/* A file of F16 tensors that is all holes: as long as the real one, and taking no room. */
void tiny_write_hollow (const char *path,
                        TinyModel  *model);

/* A part of a model's tensors: from the first to before the second. */
void tiny_write_shard (const char *path,
                       TinyModel  *model,
                       guint       from,
                       guint       to);

/* A GGUF file, version 3: matrices in @type, vectors in F32, and all but matrices of whole blocks where it packs. */
void tiny_write_gguf (const char    *path,
                      TinyModel     *model,
                      enum ggml_type type);

/* Sum, L2 norm and first values against what the reference implementation gave, within relative @tolerance of the norm. */
void tiny_check (const char  *label,
                 const float *values,
                 size_t       n,
                 double       sum,
                 double       norm,
                 const float *first,
                 size_t       n_first,
                 double       tolerance);

/* With all that is in it; links are not followed. */
void tiny_remove_folder (const char *path);
