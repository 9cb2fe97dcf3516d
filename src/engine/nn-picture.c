/* The layers of autoencoders.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/nn-picture.h"

#include "engine/kernel-ops.h"

#define EPS 1e-6f

static bool
is_packed (sd3_linear linear)
{
  return sd3_packed_of (linear.w) != NULL;
}

struct ggml_tensor *
sd3_nn_picture_in (struct ggml_context *ctx,
                   sd3_linear           conv,
                   struct ggml_tensor  *x)
{
  return is_packed (conv) ? ggml_cont (ctx, ggml_permute (ctx, x, 1, 2, 0, 3)) : x;
}

struct ggml_tensor *
sd3_nn_picture_out (struct ggml_context *ctx,
                    sd3_linear           conv,
                    struct ggml_tensor  *x)
{
  return is_packed (conv) ? ggml_cont (ctx, ggml_permute (ctx, x, 2, 0, 1, 3)) : x;
}

/* ---- By ggml --------------------------------------------------------------------------------------------------- */

static struct ggml_tensor *
for_channels (struct ggml_context *ctx,
              struct ggml_tensor  *values)
{
  return ggml_reshape_3d (ctx, values, 1, 1, values->ne[0]);
}

static struct ggml_tensor *
plain_group_norm (struct ggml_context *ctx,
                  struct ggml_tensor  *x,
                  sd3_linear           norm,
                  int                  n_groups)
{
  x = ggml_mul (ctx, ggml_group_norm (ctx, x, n_groups, EPS), for_channels (ctx, norm.w));
  return ggml_add (ctx, x, for_channels (ctx, norm.b));
}

static struct ggml_tensor *
plain_conv (struct ggml_context *ctx,
            struct ggml_tensor  *x,
            const sd3_nn_layer  *l)
{
  int stride = l->halved ? 2 : 1, pad = l->conv.w->ne[0] == 3 && !l->halved;

  if (l->norm.w)
    x = ggml_silu (ctx, plain_group_norm (ctx, x, l->norm, l->n_groups));
  if (l->doubled)
    x = ggml_upscale (ctx, x, 2, GGML_SCALE_MODE_NEAREST);
  if (l->halved)
    x = ggml_pad (ctx, x, 1, 1, 0, 0);
  x = ggml_conv_2d_direct (ctx, l->conv.w, x, stride, stride, pad, pad, 1, 1);
  if (l->conv.b)
    x = ggml_add (ctx, x, for_channels (ctx, l->conv.b));
  if (l->residual)
    x = ggml_add (ctx, x, l->residual);
  return l->relu ? ggml_relu (ctx, x) : x;
}

static struct ggml_tensor *
plain_attention (struct ggml_context *ctx,
                 struct ggml_tensor  *x,
                 sd3_linear           norm,
                 int                  n_groups,
                 sd3_linear           qkv,
                 sd3_linear           out)
{
  int64_t places = x->ne[0] * x->ne[1], n = x->ne[2];
  struct ggml_tensor *y = ggml_cont (ctx, ggml_transpose (ctx, ggml_reshape_2d (ctx, plain_group_norm (ctx, x, norm, n_groups), places, n))); /* [n, places] */

  y = sd3_nn_linear (ctx, qkv, y);
  y = sd3_nn_attention (ctx, (sd3_qkv) { sd3_nn_part (ctx, y, 0, 1), sd3_nn_part (ctx, y, 1, 1), sd3_nn_part (ctx, y, 2, 1) }, (sd3_qkv) { 0 }, out);
  y = ggml_cont (ctx, ggml_transpose (ctx, sd3_nn_linear (ctx, out, y)));
  return ggml_add (ctx, x, ggml_reshape_3d (ctx, y, x->ne[0], x->ne[1], n));
}

/* ---- By the kernels -------------------------------------------------------------------------------------------- */

static sd3_group_norm
group_norm_of (struct ggml_context *ctx,
               struct ggml_tensor  *x,
               sd3_linear           norm,
               int                  n_groups)
{
  return (sd3_group_norm) { sd3_op_group_sums (ctx, x, n_groups), norm.w, norm.b };
}

struct ggml_tensor *
sd3_nn_conv (struct ggml_context *ctx,
             struct ggml_tensor  *x,
             const sd3_nn_layer  *l)
{
  sd3_conv_op op = {
    .doubled = l->doubled, .halved = l->halved, .w = l->conv.w, .b = l->conv.b, .residual = l->residual, .act = l->relu ? SD3_ACT_RELU : SD3_ACT_NONE,
  };

  if (!is_packed (l->conv))
    return plain_conv (ctx, x, l);
  if (l->norm.w)
    op.norm = group_norm_of (ctx, x, l->norm, l->n_groups);
  op.type = l->last ? GGML_TYPE_F32 : sd3_packed_type (l->conv.w);
  return sd3_op_conv (ctx, x, &op);
}

struct ggml_tensor *
sd3_nn_place_attention (struct ggml_context *ctx,
                        struct ggml_tensor  *x,
                        sd3_linear           norm,
                        int                  n_groups,
                        sd3_linear           qkv,
                        sd3_linear           out)
{
  int64_t places = x->ne[1] * x->ne[2], n = x->ne[0];
  struct ggml_tensor *y;

  if (!is_packed (out))
    return plain_attention (ctx, x, norm, n_groups, qkv, out);
  y = sd3_op_group_norm (ctx, x, group_norm_of (ctx, x, norm, n_groups), sd3_packed_type (qkv.w));
  y = sd3_nn_linear (ctx, qkv, ggml_reshape_2d (ctx, y, n, places));
  y = sd3_nn_attention (ctx, (sd3_qkv) { sd3_nn_part (ctx, y, 0, 1), sd3_nn_part (ctx, y, 1, 1), sd3_nn_part (ctx, y, 2, 1) }, (sd3_qkv) { 0 }, out);
  y = sd3_op_linear (ctx, y, &(sd3_linear_op) { .w = out.w, .b = out.b, .residual = ggml_reshape_2d (ctx, x, n, places), .type = x->type });
  return ggml_reshape_3d (ctx, y, n, x->ne[1], x->ne[2]);
}
