/* The transformer's weights and graphs, for the files that make them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/mmdit.h"
#include "engine/nn.h"

typedef struct
{
  sd3_linear          qkv, proj; /* proj is empty in the last context block */
  struct ggml_tensor *ln_q, *ln_k; /* [head] */
} sd3_mmdit_attention;

typedef struct
{
  sd3_linear          modulation;
  int                 n_chunks;  /* 6; 9 with a second attention; 2 where the stream ends */
  size_t              chunks_at; /* of the modulation's first value, in one time's row */
  sd3_mmdit_attention attn, attn2;
  sd3_linear          fc1, fc2;
} sd3_mmdit_stream;

typedef struct
{
  sd3_mmdit_stream context, x;
} sd3_mmdit_block;

#define SD3_MMDIT_GRAPHS 4

/* A step for one shape. */
typedef struct
{
  int                 height, width, n_context; /* the latent's; 0: free */
  bool                skip[SD3_MAX_BLOCKS];
  bool                traced;
  unsigned            used; /* when, for dropping the oldest */
  sd3_graph           graph;
  sd3_store           inputs;
  struct ggml_tensor *patches;    /* [channels·patch², tokens] */
  struct ggml_tensor *positions;  /* [h, tokens] */
  struct ggml_tensor *context;    /* [h, n_context] */
  struct ggml_tensor *modulation; /* [all] */
  struct ggml_tensor *result;     /* [patch²·channels, tokens] */
} sd3_mmdit_step;

struct sd3_mmdit
{
  const sd3_weights *weights;
  sd3_device        *device;
  sd3_mmdit_shape    shape;
  sd3_loader         loader;
  sd3_linear         x_embedder, context_embedder, t0, t2, y0, y2, final_modulation, final_linear;
  size_t             final_at;
  size_t             n_modulation; /* values of one time */
  sd3_mmdit_block    blocks[SD3_MAX_BLOCKS];
  sd3_mmdit_step     steps[SD3_MMDIT_GRAPHS];
  unsigned           clock;
};

/* Builds the graph of a step; its shape is set. */
bool sd3_mmdit_step_build (sd3_mmdit      *mmdit,
                           sd3_mmdit_step *step,
                           sd3_trace      *trace,
                           sd3_error      *error);

void sd3_mmdit_step_clear (sd3_mmdit_step *step);
