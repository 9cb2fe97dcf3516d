/* A part of a model on its way into memory. The part first says which tensors it wants and of what shape: that finds
 * everything that is missing or wrong, and what memory it takes, before a byte of weights is read.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/device.h"
#include "engine/weights.h"

typedef struct
{
  struct ggml_tensor *w; /* [in, out] in ggml's order; on the processor its data is the kernels' (kernel-ops.h) */
  struct ggml_tensor *b; /* [out], or NULL */
} sd3_linear;

/* Models of this width are wide. */
#define SD3_WIDE 512

typedef struct
{
  const sd3_weights *weights;
  sd3_role           role;
  sd3_store          store;
  struct sd3_want   *wants;
  size_t             n_wants, want_room;
  uint64_t           size;   /* bytes it will take */
  bool               wide;   /* products may be in BF16 where the weights are in halves: set it before reading */
  bool               failed; /* the error says why: the first thing that was missing */
  sd3_error         *error;  /* while wants are being named */
} sd3_loader;

void sd3_loader_begin (sd3_loader        *loader,
                       const sd3_weights *weights,
                       sd3_role           role,
                       size_t             n_tensors,
                       sd3_error         *error);

/* Names without ".weight" and ".bias". After a failure they return NULL and do nothing. */
sd3_linear sd3_want_linear (sd3_loader *loader,
                            int64_t     out,
                            int64_t     in,
                            bool        bias,
                            const char *format,
                            ...) __attribute__ ((format (printf, 5, 6)));

/* [out, in, k, k], in a type the convolutions know. */
sd3_linear sd3_want_conv (sd3_loader *loader,
                          int64_t     out,
                          int64_t     in,
                          int         k,
                          bool        bias,
                          const char *format,
                          ...) __attribute__ ((format (printf, 6, 7)));

/* Says of one that was wanted that its picture is doubled before. */
void sd3_want_doubled (sd3_loader *loader,
                       sd3_linear  conv);

/* Scale and, with @bias, shift of a norm: vectors in F32. */
sd3_linear sd3_want_norm (sd3_loader *loader,
                          int64_t     n,
                          bool        bias,
                          const char *format,
                          ...) __attribute__ ((format (printf, 4, 5)));

/* Whether a result is of numbers; no weights that are in order make others. */
bool sd3_check_numbers (const float *values,
                        size_t       n,
                        sd3_error   *error);

/* Reads all that was wanted. */
bool sd3_loader_read (sd3_loader *loader,
                      sd3_device *device,
                      sd3_error  *error);

/* For numbers that ran out of range: weights in halves, with which the other side of a product is rounded to halves
 * too, are wanted as @wide (convolutions: F32); not @on is as they are stored again. Returns whether that changes
 * anything. Gives the memory back. */
bool sd3_loader_widen (sd3_loader    *loader,
                       bool           on,
                       enum ggml_type wide);

/* Gives the memory back; a later read fills it again. */
void sd3_loader_unload (sd3_loader *loader);

void sd3_loader_clear (sd3_loader *loader);

/* The tensor of a name with its whole shape checked, or NULL with an error. -1 stands for any size. */
const sd3_tensor *sd3_need (const sd3_weights *weights,
                            sd3_role           role,
                            const char        *name,
                            int64_t            rows,
                            int64_t            columns,
                            sd3_error         *error);
