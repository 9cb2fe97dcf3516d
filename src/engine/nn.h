/* The few layers all parts are made of. Shapes in comments are ggml's, fastest first.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/load.h"

/* On the processor these are nodes of kernel-ops.h, and what goes from one to the next may be in a type of theirs: what
 * is "for" a linear layer may only go there. Elsewhere all is ggml's and in F32. */

/* [in, n] to [out, n] in F32. */
struct ggml_tensor *sd3_nn_linear (struct ggml_context *ctx,
                                   sd3_linear           linear,
                                   struct ggml_tensor  *x);

/* With GELU (its tanh form), for @next. */
struct ggml_tensor *sd3_nn_linear_gelu (struct ggml_context *ctx,
                                        sd3_linear           linear,
                                        struct ggml_tensor  *x,
                                        sd3_linear           next);

/* @to + @gate · linear (x), in F32; @gate is [out]. */
struct ggml_tensor *sd3_nn_linear_gated (struct ggml_context *ctx,
                                         sd3_linear           linear,
                                         struct ggml_tensor  *x,
                                         struct ggml_tensor  *gate,
                                         struct ggml_tensor  *to);

/* LayerNorm over the first dimension; @norm may be empty. */
struct ggml_tensor *sd3_nn_layer_norm (struct ggml_context *ctx,
                                       struct ggml_tensor  *x,
                                       sd3_linear           norm,
                                       float                eps);

/* LayerNorm with an epsilon of 1e-6, · @scale + @shift, for @next. */
struct ggml_tensor *sd3_nn_modulate (struct ggml_context *ctx,
                                     struct ggml_tensor  *x,
                                     struct ggml_tensor  *scale,
                                     struct ggml_tensor  *shift,
                                     sd3_linear           next);

struct ggml_tensor *sd3_nn_rms_norm (struct ggml_context *ctx,
                                     struct ggml_tensor  *x,
                                     struct ggml_tensor  *scale);

/* One of q, k and v (0, 1, 2) out of a fused product [3·h, n], by heads: [h / heads, heads, n], no copy. */
struct ggml_tensor *sd3_nn_part (struct ggml_context *ctx,
                                 struct ggml_tensor  *qkv,
                                 int                  part,
                                 int                  n_heads);

typedef struct
{
  struct ggml_tensor *q, *k, *v; /* [d, heads, n] */
} sd3_qkv;

/* Attention without a mask of @first's tokens and then, unless empty, @second's, to [d·heads, all n], for @next. */
struct ggml_tensor *sd3_nn_attention (struct ggml_context *ctx,
                                      sd3_qkv              first,
                                      sd3_qkv              second,
                                      sd3_linear           next);

/* The same with what @mask [n, n] or [n, n, heads] adds to the scores: for short texts, the scores are in memory. */
struct ggml_tensor *sd3_nn_masked_attention (struct ggml_context *ctx,
                                             struct ggml_tensor  *q,
                                             struct ggml_tensor  *k,
                                             struct ggml_tensor  *v,
                                             struct ggml_tensor  *mask,
                                             float                scale);
