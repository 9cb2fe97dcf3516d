/* The products that take nearly all the time on a processor: matrices and convolutions, through oneDNN, which generates
 * code for the processor it meets. Nothing here knows ggml's graphs; kernel-ops.h puts it into them.
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

/* A weight as the kernels read it. Without a layout it stays as it is, and a product unpacks the part it is at. */
typedef struct
{
  bool               bf16;   /* what products with it are in; else F32 */
  int                n_in, n_out, side; /* side 0: a matrix; else of a convolution */
  bool               doubles; /* four convolutions, one for each of the places that a place becomes */
  dnnl_memory_desc_t layout; /* or NULL */
  size_t             size;   /* bytes in this layout, of all that it is */
  void              *data;
  bool               owned;  /* data that did not fit into the weight's own place */
} sd3_packed;

/* Says how a weight will lie in memory; needs no data. */
sd3_packed *sd3_packed_new (int  n_out,
                            int  n_in,
                            int  side,
                            bool bf16,
                            bool as_it_is);

/* The same for a convolution of 3×3 of a picture that has twice the size of what it is made of, each value four times: then
 * three rows are only two, and it is one of 2×2 for each of the four, sd3_packed_part(). */
sd3_packed *sd3_packed_new_doubled (int  n_out,
                                    int  n_in,
                                    bool bf16);

const void *sd3_packed_part (const sd3_packed *packed,
                             int               part);

void sd3_packed_free (sd3_packed *packed);

/* Gives memory of its own back. */
void sd3_packed_drop (sd3_packed *packed);

/* Fills it from [out, in, side, side], in BF16 or F32 as its products are, one that doubles from [out, in, 3, 3] in F32; @to: its
 * place, of @room bytes. */
bool sd3_packed_fill (sd3_packed *packed,
                      const void *from,
                      void       *to,
                      size_t      room);

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
  bool               bias, gate, residual; /* [n], [n] F32; residual as the result, F32 */
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
                      const void  *residual,
                      void        *dst);

void sd3_product_end (sd3_product *product);

/* The layout of a matrix [k, n] on the right side of products with few rows; free with dnnl_memory_desc_destroy(). */
dnnl_memory_desc_t sd3_right_side (int64_t k,
                                   int64_t n,
                                   bool    bf16);

/* Copies a plain matrix [k, n], with @row_stride and @column_stride elements between its values, into that layout. */
bool sd3_right_side_fill (dnnl_memory_desc_t desc,
                          int64_t            k,
                          int64_t            n,
                          int64_t            row_stride,
                          int64_t            column_stride,
                          bool               bf16,
                          const void        *from,
                          void              *to);
