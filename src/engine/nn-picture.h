/* The layers of autoencoders. On the processor pictures between them have their channels first and the type of the
 * products, elsewhere they are [w, h, c] in F32.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/nn.h"

/* From [w, h, c] in F32 to what the layers take, of which @conv is the first; and back. */
struct ggml_tensor *sd3_nn_picture_in (struct ggml_context *ctx,
                                       sd3_linear           conv,
                                       struct ggml_tensor  *x);
struct ggml_tensor *sd3_nn_picture_out (struct ggml_context *ctx,
                                        sd3_linear           conv,
                                        struct ggml_tensor  *x);

typedef struct
{
  sd3_linear          norm;     /* GroupNorm and SiLU come first, unless empty */
  int                 n_groups; /* of channels that it takes together */
  bool                doubled;  /* then twice the size, the nearest value */
  bool                halved;   /* or half: a row and a column of zeros at the far ends only, and every second place */
  sd3_linear          conv;     /* zeros all around keep the size */
  struct ggml_tensor *residual; /* then this is added, which nothing else may use any more; or NULL */
  bool                relu;
  bool                last;     /* what comes out is in F32 */
} sd3_nn_layer;

struct ggml_tensor *sd3_nn_conv (struct ggml_context *ctx,
                                 struct ggml_tensor  *x,
                                 const sd3_nn_layer  *layer);

/* @x plus attention over all its places, after a GroupNorm. */
struct ggml_tensor *sd3_nn_place_attention (struct ggml_context *ctx,
                                            struct ggml_tensor  *x,
                                            sd3_linear           norm,
                                            int                  n_groups,
                                            sd3_linear           qkv,
                                            sd3_linear           out);
