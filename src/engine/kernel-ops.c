/* The kernels as nodes of ggml's graphs. ggml calls a node's function on each of its threads; who does what depends on
 * shapes and the number of threads alone.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/kernel-ops-private.h"

#include <string.h>

#define EPS 1e-6f
#define FEW_ROWS 64   /* a thread's part of the rows; with fewer the columns are split */
#define COLUMNS 64    /* columns in a block of packed weights */
#define UNPACKED 256  /* columns whose weights are unpacked at once */

enum { HAS_BIAS = 1, HAS_GATE = 2, HAS_RESIDUAL = 4, ACT = 3 /* first bit */ };

sd3_packed *
sd3_packed_of (const struct ggml_tensor *w)
{
  return w->extra;
}

enum ggml_type
sd3_packed_type (const struct ggml_tensor *w)
{
  return sd3_packed_of (w)->bf16 ? GGML_TYPE_BF16 : GGML_TYPE_F32;
}

/* ---- Linear layers ----------------------------------------------------------------------------------------------- */

typedef struct
{
  const struct ggml_tensor *x, *w, *bias, *gate, *residual;
  sd3_matmul                matmul;
} linear;

static linear
get_linear (const struct ggml_tensor *dst,
            uintptr_t                 flags)
{
  const sd3_packed *packed = sd3_packed_of (dst->src[1]);
  linear l = { .x = dst->src[0], .w = dst->src[1] };
  int next = 2;

  l.bias = flags & HAS_BIAS ? dst->src[next++] : NULL;
  l.gate = flags & HAS_GATE ? dst->src[next++] : NULL;
  l.residual = flags & HAS_RESIDUAL ? dst->src[next++] : NULL;
  l.matmul = (sd3_matmul) {
    .m = ggml_nrows (dst), .k = packed->n_in, .n = packed->n_out, .bf16 = packed->bf16, .lda = (int64_t) (l.x->nb[1] / element (packed->bf16)),
    .weights = packed->layout, .to_bf16 = is_bf16 (dst), .ldc = packed->n_out, .bias = l.bias != NULL, .gate = l.gate != NULL,
    .accumulate = l.residual != NULL, .act = (sd3_act) (flags >> ACT),
  };
  return l;
}

/* So that the product is added to it. */
static void
begin_with_residual (const linear       *l,
                     struct ggml_tensor *dst,
                     size_t              at)
{
  size_t size = element (l->matmul.to_bf16);

  for (int64_t i = 0; i < l->matmul.m; i++, at += (size_t) l->matmul.ldc * size)
    memcpy ((char *) dst->data + at, (const char *) l->residual->data + at, (size_t) l->matmul.n * size);
}

static void
run_linear (const linear       *l,
            struct ggml_tensor *dst,
            int64_t             row,
            int64_t             column,
            const void         *weights)
{
  size_t at = (size_t) (row * l->matmul.ldc + column) * element (l->matmul.to_bf16);
  sd3_product product;

  if (!sd3_matmul_begin (&product, &l->matmul))
    GGML_ABORT ("oneDNN has no product for a linear layer");
  if (l->residual)
    begin_with_residual (l, dst, at);
  sd3_product_run (&product, (const char *) l->x->data + (size_t) row * l->x->nb[1], weights, floats (l->bias, column),
                   floats (l->gate, column), (char *) dst->data + at);
  sd3_product_end (&product);
}

/* Few rows: each thread takes some columns, whose weights lie together. */
static void
linear_columns (linear             *l,
                struct ggml_tensor *dst,
                int                 ith,
                int                 nth)
{
  const sd3_packed *packed = sd3_packed_of (l->w);
  size_t column_size = packed->size / (size_t) packed->n_out;
  dnnl_memory_desc_t part = NULL;
  int64_t from, to;

  share (packed->n_out, COLUMNS, ith, nth, &from, &to);
  if (from >= to)
    return;
  dnnl_memory_desc_create_submemory (&part, packed->layout, (dnnl_dims_t) { packed->n_in, to - from }, (dnnl_dims_t) { 0, 0 });
  l->matmul.weights = part;
  l->matmul.n = to - from;
  run_linear (l, dst, 0, from, (const char *) packed->data + (size_t) from * column_size);
  dnnl_memory_desc_destroy (part);
}

/* Weights [to − from, in] in the file's type, as a layout of their own in this thread's memory. */
static const void *
unpack (const linear      *l,
        int64_t            from,
        int64_t            to,
        dnnl_memory_desc_t layout)
{
  const sd3_packed *packed = sd3_packed_of (l->w);
  size_t n = (size_t) packed->n_in, row = n * element (packed->bf16);
  float *values = sd3_scratch (SD3_SCRATCH_NORM, n * sizeof (float));
  char *plain = sd3_scratch (SD3_SCRATCH_MORE, (size_t) (to - from) * row);
  void *out = sd3_scratch (SD3_SCRATCH_MAIN, dnnl_memory_desc_get_size (layout));

  for (int64_t i = from; i < to; i++)
    {
      ggml_get_type_traits (l->w->type)->to_float ((const char *) l->w->data + (size_t) i * l->w->nb[1], values, packed->n_in);
      sd3_loops_get ()->convert (values, false, plain + (size_t) (i - from) * row, packed->bf16, n);
    }
  if (!sd3_right_side_fill (layout, packed->n_in, to - from, 1, packed->n_in, packed->bf16, plain, out))
    GGML_ABORT ("oneDNN has no layout for a linear layer");
  return out;
}

/* Weights that stay in the file's type: each thread takes some columns, and unpacks a few at a time. The last is never alone:
 * oneDNN's product of one column in BF16 takes no notice of how far it is to the next row of the result. */
static void
linear_unpacking (linear             *l,
                  struct ggml_tensor *dst,
                  int                 ith,
                  int                 nth)
{
  int64_t n = sd3_packed_of (l->w)->n_out, lone = n > 1 && n % COLUMNS == 1, from, to, end;

  share (n - lone, COLUMNS, ith, nth, &from, &to);
  to += to == n - lone ? lone : 0;
  for (; from < to; from = end)
    {
      end = from + UNPACKED + lone < to ? from + UNPACKED : to;
      l->matmul.n = end - from;
      l->matmul.weights = sd3_right_side (SD3_FEW_ROWS, l->matmul.k, l->matmul.n, l->matmul.bf16);
      run_linear (l, dst, 0, from, unpack (l, from, end, l->matmul.weights));
      dnnl_memory_desc_destroy (l->matmul.weights);
    }
}

static void
linear_cb (struct ggml_tensor *dst,
           int                 ith,
           int                 nth,
           void               *flags)
{
  linear l = get_linear (dst, (uintptr_t) flags);
  int64_t from, to;

  if (!l.matmul.weights)
    {
      linear_unpacking (&l, dst, ith, nth);
      return;
    }
  if (l.matmul.m < (int64_t) FEW_ROWS * nth && l.matmul.n % COLUMNS == 0)
    {
      linear_columns (&l, dst, ith, nth);
      return;
    }
  share (l.matmul.m, 1, ith, nth, &from, &to);
  l.matmul.m = to - from;
  if (from < to)
    run_linear (&l, dst, from, 0, sd3_packed_of (l.w)->data);
}

/* oneDNN's products of F32 have no results in BF16, which a file of several types would ask for. */
struct ggml_tensor *
sd3_op_linear (struct ggml_context *ctx,
               struct ggml_tensor  *x,
               const sd3_linear_op *op)
{
  enum ggml_type wanted = sd3_packed_type (op->w), type = wanted == GGML_TYPE_BF16 ? op->type : GGML_TYPE_F32;
  struct ggml_tensor *args[] = { in_type (ctx, x, wanted), op->w, op->b, op->gate, in_type (ctx, op->residual, type) };
  uintptr_t flags = (op->b ? HAS_BIAS : 0) | (op->gate ? HAS_GATE : 0) | (op->residual ? HAS_RESIDUAL : 0) | (uintptr_t) op->act << ACT;

  return add_node (ctx, type, (int64_t[]) { sd3_packed_of (op->w)->n_out, x->ne[1], x->ne[2], x->ne[3] }, args, 5, linear_cb, flags);
}

/* ---- LayerNorm --------------------------------------------------------------------------------------------------- */

static void
modulate_cb (struct ggml_tensor *dst,
             int                 ith,
             int                 nth,
             void               *flags)
{
  const sd3_loops *loops = sd3_loops_get ();
  const struct ggml_tensor *x = dst->src[0];
  int64_t from, to;

  share (dst->ne[1], 1, ith, nth, &from, &to);
  for (int64_t row = from; row < to; row++)
    loops->layer_norm ((const void *) ((const char *) x->data + (size_t) row * x->nb[1]), floats (dst->src[1], 0), floats (dst->src[2], 0), EPS,
                       (char *) dst->data + (size_t) row * dst->nb[1], is_bf16 (dst), (size_t) dst->ne[0]);
}

struct ggml_tensor *
sd3_op_modulate (struct ggml_context *ctx,
                 struct ggml_tensor  *x,
                 struct ggml_tensor  *scale,
                 struct ggml_tensor  *shift,
                 enum ggml_type       type)
{
  return add_node (ctx, type, x->ne, (struct ggml_tensor *[]) { x, scale, shift }, 3, modulate_cb, 0);
}
