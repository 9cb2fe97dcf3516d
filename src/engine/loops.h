/* What is done to every number between the products, one row at a time. loops.c is compiled for several processors,
 * and the best of these tables is chosen at run time.
 *
 * Numbers are F32 or BF16, as a flag says. Sums are F32 in sixteen lanes, whatever the processor: the same bytes
 * come out for the same length.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct
{
  /* Copies a row from one type to the other. */
  void (*convert) (const void *from, bool from_bf16, void *to, bool to_bf16, size_t n);

  /* (x − mean) / √(variance + eps) · scale + shift; F32 in. */
  void (*layer_norm) (const float *x, const float *scale, const float *shift, float eps, void *to, bool to_bf16, size_t n);

  /* exp (scale · (x − max)) in the place of x, as F32 or BF16; returns their sum. */
  float (*soft_max) (float *x, float scale, bool to_bf16, size_t n);

  /* x · factor; F32 in. */
  void (*multiply) (const float *x, float factor, void *to, bool to_bf16, size_t n);

  /* Adds @n_rows rows of @n to @sums, and their squares to @squares. */
  void (*add_squares) (const void *x, bool bf16, float *sums, float *squares, size_t n, size_t n_rows);

  /* x · scale + shift for each of @n_rows rows of @n, and with @silu its SiLU. */
  void (*affine) (const void *x, bool from_bf16, const float *scale, const float *shift, bool silu, void *to, bool to_bf16, size_t n, size_t n_rows);
} sd3_loops;

/* The best for this processor. */
const sd3_loops *sd3_loops_get (void);
