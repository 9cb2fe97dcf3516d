/* The kernels as nodes of ggml's graphs, for weights that were packed when they were loaded (load.h) and so for the
 * processor alone. Shapes are ggml's, fastest first; pictures have their channels first: [c, w, h].
 *
 * Numbers between the products may have the products' own type, which is that of the weight they go to: see
 * sd3_packed_type().
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/packed.h"

#include <ggml.h>

/* How a weight was packed, or NULL. */
sd3_packed *sd3_packed_of (const struct ggml_tensor *w);

/* The type that products with this weight want on their other side: BF16 or F32. */
enum ggml_type sd3_packed_type (const struct ggml_tensor *w);

typedef struct
{
  struct ggml_tensor *w, *b;     /* b may be NULL */
  struct ggml_tensor *gate;      /* [out], what comes out is multiplied by it, or NULL */
  struct ggml_tensor *residual;  /* of the result's shape and type, then added, or NULL */
  sd3_act             act;
  enum ggml_type      type;      /* of the result */
} sd3_linear_op;

/* [in, …] to [out, …]. */
struct ggml_tensor *sd3_op_linear (struct ggml_context *ctx,
                                   struct ggml_tensor  *x,
                                   const sd3_linear_op *op);

/* LayerNorm over the first dimension, · @scale + @shift, both [n]. */
struct ggml_tensor *sd3_op_modulate (struct ggml_context *ctx,
                                     struct ggml_tensor  *x,
                                     struct ggml_tensor  *scale,
                                     struct ggml_tensor  *shift,
                                     enum ggml_type       type);

/* Attention without a mask of tokens that come in up to two parts, first those of the first; q, k, v are [d, heads, n]
 * each, rows of heads may be strided. To [d · heads, all n]. */
struct ggml_tensor *sd3_op_attention (struct ggml_context       *ctx,
                                      struct ggml_tensor *const  q[2],
                                      struct ggml_tensor *const  k[2],
                                      struct ggml_tensor *const  v[2],
                                      float                      scale,
                                      enum ggml_type             type);

/* What GroupNorm needs to know of a picture [c, w, h]. */
struct ggml_tensor *sd3_op_group_sums (struct ggml_context *ctx,
                                       struct ggml_tensor  *x,
                                       int                  n_groups);

typedef struct
{
  struct ggml_tensor *sums, *scale, *shift; /* of GroupNorm, or all NULL */
} sd3_group_norm;

struct ggml_tensor *sd3_op_group_norm (struct ggml_context *ctx,
                                       struct ggml_tensor  *x,
                                       sd3_group_norm       norm,
                                       enum ggml_type       type);

typedef struct
{
  sd3_group_norm      norm;     /* and SiLU, before the convolution */
  bool                doubled;  /* the picture has twice the size before the convolution */
  bool                halved;   /* and this half of it: a row and a column of zeros at the far ends, every second place */
  struct ggml_tensor *w, *b;
  struct ggml_tensor *residual; /* is added to and becomes the result, or NULL */
  sd3_act             act;
  enum ggml_type      type;     /* of the result, and of the residual */
} sd3_conv_op;

/* A convolution of 1×1 or 3×3, [c, w, h] to [out, w, h]. */
struct ggml_tensor *sd3_op_conv (struct ggml_context *ctx,
                                 struct ggml_tensor  *x,
                                 const sd3_conv_op   *op);
