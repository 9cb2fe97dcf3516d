/* The few layers all parts are made of. Shapes in comments are ggml's, fastest first.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/load.h"

/* [in, n] to [out, n]; sums in F32. */
struct ggml_tensor *sd3_nn_linear (struct ggml_context *ctx,
                                   sd3_linear           linear,
                                   struct ggml_tensor  *x);

/* LayerNorm over the first dimension; @norm may be empty. */
struct ggml_tensor *sd3_nn_layer_norm (struct ggml_context *ctx,
                                       struct ggml_tensor  *x,
                                       sd3_linear           norm,
                                       float                eps);

struct ggml_tensor *sd3_nn_rms_norm (struct ggml_context *ctx,
                                     struct ggml_tensor  *x,
                                     struct ggml_tensor  *scale);

/* One of q, k and v (0, 1, 2) out of a fused product [3·h, n], by heads: [h / heads, heads, n], no copy. */
struct ggml_tensor *sd3_nn_part (struct ggml_context *ctx,
                                 struct ggml_tensor  *qkv,
                                 int                  part,
                                 int                  n_heads);

/* Attention of q, k, v [d, heads, n] without a mask, to [d·heads, n]. */
struct ggml_tensor *sd3_nn_attention (struct ggml_context *ctx,
                                      struct ggml_tensor  *q,
                                      struct ggml_tensor  *k,
                                      struct ggml_tensor  *v,
                                      float                scale);

/* The same with what @mask [n, n] or [n, n, heads] adds to the scores: for short texts, the scores are in memory. */
struct ggml_tensor *sd3_nn_masked_attention (struct ggml_context *ctx,
                                             struct ggml_tensor  *q,
                                             struct ggml_tensor  *k,
                                             struct ggml_tensor  *v,
                                             struct ggml_tensor  *mask,
                                             float                scale);

/* [w, h, in] to [w / stride, h / stride, out]. */
struct ggml_tensor *sd3_nn_conv (struct ggml_context *ctx,
                                 sd3_linear           conv,
                                 struct ggml_tensor  *x,
                                 int                  stride,
                                 int                  pad);
