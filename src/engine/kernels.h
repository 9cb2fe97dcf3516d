/* The products that take nearly all the time on a processor: matrices and convolutions, through oneDNN, which generates
 * code for the processor it meets. Nothing here knows ggml's graphs; packed.h keeps weights for it, and kernel-ops.h puts it
 * into graphs.
 *
 * Every call works on the caller's thread alone. Numbers are BF16 where the processor multiplies them in hardware, else
 * F32; sums are always F32.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <oneapi/dnnl/dnnl.h>

/* Whether the processor multiplies BF16 in hardware. */
bool sd3_kernels_bf16 (void);

typedef enum { SD3_ACT_NONE, SD3_ACT_GELU, SD3_ACT_RELU } sd3_act;

/* Memory of this thread that stays for the next call; four slots. */
void *sd3_scratch (int    slot,
                   size_t size);

/* ---- One kind of product, to be run often ---------------------------------------------------------------------- */

typedef struct
{
  dnnl_primitive_t primitive;
  dnnl_memory_t    memory[7];
  dnnl_exec_arg_t  args[7];
  int              n_args;
  size_t           scratch;
} sd3_product;

typedef struct
{
  int64_t            m, k, n;
  bool               bf16;     /* of both sides */
  int64_t            lda;      /* elements from row to row */
  dnnl_memory_desc_t weights;  /* [k, n] */
  bool               to_bf16;
  int64_t            ldc;
  bool               bias, gate; /* [n] F32 */
  bool               accumulate; /* adds to what is there */
  sd3_act            act;
} sd3_matmul;

bool sd3_matmul_begin (sd3_product      *product,
                       const sd3_matmul *matmul);

typedef struct
{
  int                height, width; /* of what goes in; rows above and below are already there */
  int                n_in, n_out, side, stride, pad_left, pad_right;
  bool               bf16;
  dnnl_memory_desc_t weights;
  bool               to_bf16;
  bool               bias, accumulate; /* adds to what is there */
  sd3_act            act;
} sd3_convolution;

bool sd3_convolution_begin (sd3_product           *product,
                            const sd3_convolution *convolution);

void sd3_product_run (sd3_product *product,
                      const void  *src,
                      const void  *weights,
                      const float *bias,
                      const float *gate,
                      void        *dst);

void sd3_product_end (sd3_product *product);

/* ---- How what is on the right side of a product lies best ------------------------------------------------------- */

enum { SD3_FEW_ROWS = 64, SD3_MANY_ROWS = 512 };

/* The layout of a matrix [k, n] for products of about @m rows; free with dnnl_memory_desc_destroy(). */
dnnl_memory_desc_t sd3_right_side (int64_t m,
                                   int64_t k,
                                   int64_t n,
                                   bool    bf16);

/* The same for a convolution's weights [out, in, side, side]. */
dnnl_memory_desc_t sd3_convolution_side (int  n_out,
                                         int  n_in,
                                         int  side,
                                         bool bf16);

/* Copies a plain matrix [k, n], with @row_stride and @column_stride elements between its values, into that layout. */
bool sd3_right_side_fill (dnnl_memory_desc_t desc,
                          int64_t            k,
                          int64_t            n,
                          int64_t            row_stride,
                          int64_t            column_stride,
                          bool               bf16,
                          const void        *from,
                          void              *to);

/* Copies plain weights of a convolution into theirs. */
bool sd3_convolution_side_fill (dnnl_memory_desc_t desc,
                                int                n_out,
                                int                n_in,
                                int                side,
                                bool               bf16,
                                const void        *from,
                                void              *to);
