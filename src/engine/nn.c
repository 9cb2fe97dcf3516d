/* The few layers all parts are made of.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/nn.h"

#include "engine/kernel-ops.h"

#include <math.h>

static struct ggml_tensor *
in_f32 (struct ggml_tensor *node)
{
  ggml_prec_set_acc (node, GGML_PREC_F32);
  return node;
}

/* The type that @next wants. */
static enum ggml_type
type_for (sd3_linear next)
{
  return sd3_packed_of (next.w) ? sd3_packed_type (next.w) : GGML_TYPE_F32;
}

struct ggml_tensor *
sd3_nn_linear (struct ggml_context *ctx,
               sd3_linear           linear,
               struct ggml_tensor  *x)
{
  struct ggml_tensor *y;

  if (sd3_packed_of (linear.w))
    return sd3_op_linear (ctx, x, &(sd3_linear_op) { .w = linear.w, .b = linear.b, .type = GGML_TYPE_F32 });
  y = in_f32 (ggml_mul_mat (ctx, linear.w, x));
  return linear.b ? ggml_add (ctx, y, linear.b) : y;
}

struct ggml_tensor *
sd3_nn_linear_gelu (struct ggml_context *ctx,
                    sd3_linear           linear,
                    struct ggml_tensor  *x,
                    sd3_linear           next)
{
  if (sd3_packed_of (linear.w))
    return sd3_op_linear (ctx, x, &(sd3_linear_op) { .w = linear.w, .b = linear.b, .act = SD3_ACT_GELU, .type = type_for (next) });
  return ggml_gelu (ctx, sd3_nn_linear (ctx, linear, x));
}

struct ggml_tensor *
sd3_nn_linear_gated (struct ggml_context *ctx,
                     sd3_linear           linear,
                     struct ggml_tensor  *x,
                     struct ggml_tensor  *gate,
                     struct ggml_tensor  *to)
{
  if (sd3_packed_of (linear.w))
    return sd3_op_linear (ctx, x, &(sd3_linear_op) { .w = linear.w, .b = linear.b, .gate = gate, .residual = to, .type = GGML_TYPE_F32 });
  return ggml_add (ctx, to, ggml_mul (ctx, sd3_nn_linear (ctx, linear, x), gate));
}

struct ggml_tensor *
sd3_nn_modulate (struct ggml_context *ctx,
                 struct ggml_tensor  *x,
                 struct ggml_tensor  *scale,
                 struct ggml_tensor  *shift,
                 sd3_linear           next)
{
  if (sd3_packed_of (next.w))
    return sd3_op_modulate (ctx, x, scale, shift, type_for (next));
  return ggml_add (ctx, ggml_mul (ctx, ggml_norm (ctx, x, 1e-6f), scale), shift);
}

struct ggml_tensor *
sd3_nn_layer_norm (struct ggml_context *ctx,
                   struct ggml_tensor  *x,
                   sd3_linear           norm,
                   float                eps)
{
  x = ggml_norm (ctx, x, eps);
  if (norm.w)
    x = ggml_mul (ctx, x, norm.w);
  return norm.b ? ggml_add (ctx, x, norm.b) : x;
}

struct ggml_tensor *
sd3_nn_rms_norm (struct ggml_context *ctx,
                 struct ggml_tensor  *x,
                 struct ggml_tensor  *scale)
{
  return ggml_mul (ctx, ggml_rms_norm (ctx, x, 1e-6f), scale);
}

struct ggml_tensor *
sd3_nn_part (struct ggml_context *ctx,
             struct ggml_tensor  *qkv,
             int                  part,
             int                  n_heads)
{
  int64_t h = qkv->ne[0] / 3;

  return ggml_view_3d (ctx, qkv, h / n_heads, n_heads, qkv->ne[1], (size_t) (h / n_heads) * sizeof (float), qkv->nb[1],
                       (size_t) (part * h) * sizeof (float));
}

static struct ggml_tensor *
join (struct ggml_context *ctx,
      struct ggml_tensor  *first,
      struct ggml_tensor  *second)
{
  return ggml_permute (ctx, second ? ggml_concat (ctx, first, second, 2) : first, 0, 2, 1, 3);
}

/* ggml's flash attention keeps no scores. k and v stay in F32: without norms on q and k, a half could overflow. */
struct ggml_tensor *
sd3_nn_attention (struct ggml_context *ctx,
                  sd3_qkv              first,
                  sd3_qkv              second,
                  sd3_linear           next)
{
  float scale = 1 / sqrtf ((float) first.q->ne[0]);
  struct ggml_tensor *a;

  if (sd3_packed_of (next.w))
    return sd3_op_attention (ctx, (struct ggml_tensor *[]) { first.q, second.q }, (struct ggml_tensor *[]) { first.k, second.k },
                             (struct ggml_tensor *[]) { first.v, second.v }, scale, type_for (next));
  a = in_f32 (ggml_flash_attn_ext (ctx, join (ctx, first.q, second.q), join (ctx, first.k, second.k), join (ctx, first.v, second.v), NULL, scale, 0, 0));
  return ggml_reshape_2d (ctx, a, a->ne[0] * a->ne[1], a->ne[2]);
}

struct ggml_tensor *
sd3_nn_masked_attention (struct ggml_context *ctx,
                         struct ggml_tensor  *q,
                         struct ggml_tensor  *k,
                         struct ggml_tensor  *v,
                         struct ggml_tensor  *mask,
                         float                scale)
{
  struct ggml_tensor *scores = in_f32 (ggml_mul_mat (ctx, ggml_permute (ctx, k, 0, 2, 1, 3), ggml_permute (ctx, q, 0, 2, 1, 3)));
  struct ggml_tensor *turned = ggml_cont (ctx, ggml_permute (ctx, v, 1, 2, 0, 3)); /* [n, d, heads] */
  struct ggml_tensor *a = in_f32 (ggml_mul_mat (ctx, turned, ggml_soft_max_ext (ctx, scores, mask, scale, 0)));

  return ggml_cont_2d (ctx, ggml_permute (ctx, a, 0, 2, 1, 3), a->ne[0] * a->ne[2], a->ne[1]);
}
