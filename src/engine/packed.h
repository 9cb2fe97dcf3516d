/* Weights as the products of kernels.h read them: each in the layout that suits the processor, if it can be in the very
 * place its tensor has.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/kernels.h"

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
