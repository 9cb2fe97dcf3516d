/* A set of model files as one table of tensors, by role and by one naming (names.h). Nothing is read but headers until
 * a tensor is asked for.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/file.h"
#include "engine/names.h"

typedef struct sd3_weights sd3_weights;

typedef struct
{
  const sd3_entry *entry;
  int              file;
  float            scale; /* of scaled FP8; 1 otherwise */
} sd3_part;

typedef struct
{
  sd3_role  role;
  char     *name;
  sd3_part  parts[3]; /* q, k, v; a missing one has no entry */
  int       n_parts;
  int       flags;    /* SD3_NAME_… */
  int       n_dims;
  int64_t   shape[4]; /* slowest first; of all parts together, after transposing */
} sd3_tensor;

/* Each path is a file, or a folder in the layout of diffusers. */
sd3_weights *sd3_weights_open (const char *const *paths,
                               int                n_paths,
                               sd3_error         *error);

void sd3_weights_free (sd3_weights *weights);

bool sd3_weights_has (const sd3_weights *weights,
                      sd3_role           role);

/* The file that brought a role, for sentences. */
const char *sd3_weights_file_name (const sd3_weights *weights,
                                   sd3_role           role);

/* NULL when it is not there. */
const sd3_tensor *sd3_weights_find (const sd3_weights *weights,
                                    sd3_role           role,
                                    const char        *name);

/* How often a number follows @before in names that go on with @after: blocks that follow each other from 0. */
int sd3_weights_count (const sd3_weights *weights,
                       sd3_role           role,
                       const char        *before,
                       const char        *after);

/* Attention heads a configuration names for a role, or 0; of a VAE, the groups of its norms. */
int sd3_weights_heads (const sd3_weights *weights,
                       sd3_role           role);

/* The side in pixels of the pictures the transformer learnt from, or 0 where no configuration says it. */
int sd3_weights_sample_side (const sd3_weights *weights);

/* For a model whose file does not say it and whose head is not the usual 64 wide. */
void sd3_weights_set_heads (sd3_weights *weights,
                            sd3_role     role,
                            int          n_heads);

/* The folder of the model when it is one, or NULL. */
const char *sd3_weights_folder (const sd3_weights *weights);

/* The name of the file or folder and what its notes say, for telling models of one shape apart. */
const char *sd3_weights_title (const sd3_weights *weights);

/* Bytes of all files. */
uint64_t sd3_weights_file_size (const sd3_weights *weights);

/* The header of the GGUF file that brings T5, for its tokenizer, or NULL. */
const char *sd3_weights_t5_header (const sd3_weights *weights,
                                   size_t            *size);

/* The ggml type that keeps a tensor as it is stored: FP8 widens to the 16-bit type that holds it; with a scale none does, and
 * F32 is taken where it must be @exact. */
enum ggml_type sd3_tensor_type (const sd3_tensor *tensor,
                                bool              exact);

/* Rows of a tensor as F32. A row is all but the first dimension. */
bool sd3_tensor_read (const sd3_weights *weights,
                      const sd3_tensor  *tensor,
                      int64_t            row,
                      int64_t            n_rows,
                      float             *out,
                      sd3_error         *error);

/* The whole tensor in @type, rows one after the other. */
bool sd3_tensor_load (const sd3_weights *weights,
                      const sd3_tensor  *tensor,
                      enum ggml_type     type,
                      void              *out,
                      sd3_error         *error);
