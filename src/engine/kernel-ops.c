/* The kernels as nodes of ggml's graphs. ggml calls a node's function on each of its threads; who does what depends on
 * shapes and the number of threads alone.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/kernel-ops.h"

#include "engine/loops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EPS 1e-6f
#define FEW_ROWS 64   /* a thread's part of the rows; with fewer the columns are split */
#define COLUMNS 64    /* columns in a block of packed weights */
#define UNPACKED 256  /* columns whose weights are unpacked at once */
#define N_PARTS 64    /* of a picture, whose sums are made apart: their order must not depend on threads */
#define RUN 256       /* places whose sums are made in F32 */
#define BAND (3 << 20) /* bytes of a convolution's input that are prepared at once */

enum { SCRATCH_MAIN, SCRATCH_MORE, SCRATCH_NORM };

enum { HAS_BIAS = 1, HAS_GATE = 2, HAS_RESIDUAL = 4, HAS_NORM = 8, DOUBLED = 16, HALVED = 32, ACT = 6 /* first bit */ };

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

static bool
is_bf16 (const struct ggml_tensor *t)
{
  return t->type == GGML_TYPE_BF16;
}

static size_t
element (bool bf16)
{
  return bf16 ? 2 : 4;
}

/* A node with flags; @args may hold NULLs, which are left out. */
static struct ggml_tensor *
add_node (struct ggml_context *ctx,
          enum ggml_type       type,
          const int64_t        ne[4],
          struct ggml_tensor **args,
          int                  n_args,
          ggml_custom_op_t     function,
          uintptr_t            flags)
{
  int n = 0;

  for (int i = 0; i < n_args; i++)
    if (args[i])
      args[n++] = args[i];
  return ggml_custom_4d (ctx, type, ne[0], ne[1], ne[2], ne[3], args, n, function, GGML_N_TASKS_MAX, (void *) flags);
}

/* The ith of nth parts of n, in whole @unit. */
static void
share (int64_t  n,
       int64_t  unit,
       int      ith,
       int      nth,
       int64_t *from,
       int64_t *to)
{
  int64_t units = (n + unit - 1) / unit;

  *from = units * ith / nth * unit;
  *to = units * (ith + 1) / nth * unit;
  if (*to > n)
    *to = n;
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
    .residual = l.residual != NULL, .act = (sd3_act) (flags >> ACT),
  };
  return l;
}

static const float *
floats (const struct ggml_tensor *t,
        int64_t                   at)
{
  return t ? (const float *) t->data + at : NULL;
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
  sd3_product_run (&product, (const char *) l->x->data + (size_t) row * l->x->nb[1], weights, floats (l->bias, column),
                   floats (l->gate, column), l->residual ? (const char *) l->residual->data + at : NULL, (char *) dst->data + at);
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
  float *values = sd3_scratch (SCRATCH_NORM, n * sizeof (float));
  char *plain = sd3_scratch (SCRATCH_MORE, (size_t) (to - from) * row);
  void *out = sd3_scratch (SCRATCH_MAIN, dnnl_memory_desc_get_size (layout));

  for (int64_t i = from; i < to; i++)
    {
      ggml_get_type_traits (l->w->type)->to_float ((const char *) l->w->data + (size_t) i * l->w->nb[1], values, packed->n_in);
      sd3_loops_get ()->convert (values, false, plain + (size_t) (i - from) * row, packed->bf16, n);
    }
  if (!sd3_right_side_fill (layout, packed->n_in, to - from, 1, packed->n_in, packed->bf16, plain, out))
    GGML_ABORT ("oneDNN has no layout for a linear layer");
  return out;
}

/* Weights that stay in the file's type: each thread takes some columns, and unpacks a few at a time. */
static void
linear_unpacking (linear             *l,
                  struct ggml_tensor *dst,
                  int                 ith,
                  int                 nth)
{
  int64_t from, to;

  share (sd3_packed_of (l->w)->n_out, COLUMNS, ith, nth, &from, &to);
  for (; from < to; from += UNPACKED)
    {
      int64_t end = from + UNPACKED < to ? from + UNPACKED : to;

      l->matmul.n = end - from;
      l->matmul.weights = sd3_right_side (l->matmul.k, l->matmul.n, l->matmul.bf16);
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

struct ggml_tensor *
sd3_op_linear (struct ggml_context *ctx,
               struct ggml_tensor  *x,
               const sd3_linear_op *op)
{
  enum ggml_type wanted = sd3_packed_type (op->w);
  struct ggml_tensor *args[] = { x->type == wanted ? x : ggml_cast (ctx, x, wanted), op->w, op->b, op->gate, op->residual };
  uintptr_t flags = (op->b ? HAS_BIAS : 0) | (op->gate ? HAS_GATE : 0) | (op->residual ? HAS_RESIDUAL : 0) | (uintptr_t) op->act << ACT;

  return add_node (ctx, op->type, (int64_t[]) { sd3_packed_of (op->w)->n_out, x->ne[1], x->ne[2], x->ne[3] }, args, 5, linear_cb, flags);
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

/* ---- Pictures ---------------------------------------------------------------------------------------------------- */

static void
sums_of_part (const struct ggml_tensor *x,
              int64_t                   from,
              int64_t                   to,
              int                       n_groups,
              double                   *out)
{
  const sd3_loops *loops = sd3_loops_get ();
  int n = (int) x->ne[0];
  float *sums = sd3_scratch (SCRATCH_NORM, 2 * (size_t) n * sizeof (float));

  memset (out, 0, 2 * (size_t) n_groups * sizeof *out);
  for (int64_t place = from; place < to; place += RUN)
    {
      memset (sums, 0, 2 * (size_t) n * sizeof *sums);
      loops->add_squares ((const char *) x->data + (size_t) place * x->nb[1], is_bf16 (x), sums, sums + n, (size_t) n,
                          (size_t) (to - place < RUN ? to - place : RUN));
      for (int c = 0; c < n; c++)
        {
          out[2 * (c * n_groups / n)] += sums[c];
          out[2 * (c * n_groups / n) + 1] += sums[n + c];
        }
    }
}

static void
group_sums_cb (struct ggml_tensor *dst,
               int                 ith,
               int                 nth,
               void               *flags)
{
  const struct ggml_tensor *x = dst->src[0];

  for (int part = ith; part < N_PARTS; part += nth)
    {
      int64_t from, to;

      share (x->ne[1] * x->ne[2], 1, part, N_PARTS, &from, &to);
      sums_of_part (x, from, to, (int) dst->ne[0] / 2, (double *) dst->data + part * dst->ne[0]);
    }
}

struct ggml_tensor *
sd3_op_group_sums (struct ggml_context *ctx,
                   struct ggml_tensor  *x,
                   int                  n_groups)
{
  return add_node (ctx, GGML_TYPE_F64, (int64_t[]) { 2 * n_groups, N_PARTS, 1, 1 }, &x, 1, group_sums_cb, 0);
}

/* A GroupNorm as one factor and one term for each channel, in this thread's memory: factors first. */
static const float *
coefficients (const struct ggml_tensor *const *norm,
              int64_t                          places)
{
  int n = (int) norm[1]->ne[0], n_groups = (int) norm[0]->ne[0] / 2;
  float *out = sd3_scratch (SCRATCH_NORM, 2 * (size_t) n * sizeof (float));
  const double *sums = norm[0]->data;

  for (int c = 0; c < n; c++)
    {
      double sum = 0, squares = 0, count = (double) places * n / n_groups, mean;

      for (int part = 0; part < N_PARTS; part++)
        {
          sum += sums[(part * n_groups + c * n_groups / n) * 2];
          squares += sums[(part * n_groups + c * n_groups / n) * 2 + 1];
        }
      mean = sum / count;
      out[c] = (float) (((const float *) norm[1]->data)[c] / sqrt (fmax (squares / count - mean * mean, 0) + EPS));
      out[n + c] = (float) (((const float *) norm[2]->data)[c] - mean * out[c]);
    }
  return out;
}

static void
group_norm_cb (struct ggml_tensor *dst,
               int                 ith,
               int                 nth,
               void               *flags)
{
  const struct ggml_tensor *x = dst->src[0];
  int64_t places = x->ne[1] * x->ne[2], from, to;
  const float *factors = coefficients ((const struct ggml_tensor *const *) &dst->src[1], places);

  share (places, 1, ith, nth, &from, &to);
  sd3_loops_get ()->affine ((const char *) x->data + (size_t) from * x->nb[1], is_bf16 (x), factors, factors + x->ne[0], false,
                            (char *) dst->data + (size_t) from * dst->nb[1], is_bf16 (dst), (size_t) x->ne[0], (size_t) (to - from));
}

struct ggml_tensor *
sd3_op_group_norm (struct ggml_context *ctx,
                   struct ggml_tensor  *x,
                   sd3_group_norm       norm,
                   enum ggml_type       type)
{
  return add_node (ctx, type, x->ne, (struct ggml_tensor *[]) { x, norm.sums, norm.scale, norm.shift }, 4, group_norm_cb, 0);
}

/* A convolution in bands of rows: each is prepared (widened, normed, with rows of zeros around the picture) and
 * multiplied while it is near. */
typedef struct
{
  const struct ggml_tensor *x, *bias;
  const struct ggml_tensor *const *norm;
  const sd3_packed         *packed;
  struct ggml_tensor       *dst;
  const float              *factors;
  sd3_convolution           convolution;
  int64_t                   width, height; /* of what is convolved */
  int                       pad_top;
  bool                      doubled;
} conv;

static conv
get_conv (struct ggml_tensor *dst,
          uintptr_t           flags)
{
  struct ggml_tensor **src = flags & HAS_RESIDUAL ? &dst->src[1] : dst->src;
  conv c = { .x = src[0], .packed = sd3_packed_of (src[1]), .dst = dst, .doubled = flags & DOUBLED };
  int next = 2, side = c.packed->side, pad = flags & HALVED ? 0 : side / 2;

  c.bias = flags & HAS_BIAS ? src[next++] : NULL;
  c.norm = flags & HAS_NORM ? (const struct ggml_tensor *const *) &src[next] : NULL;
  c.width = c.x->ne[1] << c.doubled;
  c.height = c.x->ne[2] << c.doubled;
  c.pad_top = pad;
  c.convolution = (sd3_convolution) {
    .width = (int) c.width, .n_in = c.packed->n_in, .n_out = c.packed->n_out, .side = side, .stride = flags & HALVED ? 2 : 1, .pad_left = pad,
    .pad_right = flags & HALVED ? 1 : pad, .bf16 = c.packed->bf16, .weights = c.packed->layout, .to_bf16 = is_bf16 (dst), .bias = c.bias != NULL,
    .accumulate = flags & HAS_RESIDUAL, .act = (sd3_act) (flags >> ACT),
  };
  return c;
}

/* One row of what is convolved. */
static void
prepare_row (const conv *c,
             int64_t     row,
             char       *to)
{
  const sd3_loops *loops = sd3_loops_get ();
  size_t n = (size_t) c->x->ne[0], size = n * element (c->packed->bf16);
  const char *from = (const char *) c->x->data + (size_t) (row >> c->doubled) * c->x->nb[2];

  if (row < 0 || row >= c->height)
    memset (to, 0, (size_t) c->width * size);
  else if (c->doubled)
    for (int64_t i = 0; i < c->width; i += 2)
      {
        loops->convert (from + (size_t) (i / 2) * c->x->nb[1], is_bf16 (c->x), to + (size_t) i * size, c->packed->bf16, n);
        memcpy (to + (size_t) (i + 1) * size, to + (size_t) i * size, size);
      }
  else if (c->factors)
    loops->affine (from, is_bf16 (c->x), c->factors, c->factors + n, true, to, c->packed->bf16, n, (size_t) c->width);
  else
    loops->convert (from, is_bf16 (c->x), to, c->packed->bf16, n * (size_t) c->width);
}

static void
run_band (const conv *c,
          int64_t     from,
          int64_t     to)
{
  sd3_convolution shape = c->convolution;
  size_t row_size = (size_t) (c->width * c->x->ne[0]) * element (c->packed->bf16);
  int64_t first = from * shape.stride - c->pad_top;
  sd3_product product;
  char *band;

  shape.height = (int) (to - from - 1) * shape.stride + shape.side;
  band = sd3_scratch (SCRATCH_MAIN, (size_t) shape.height * row_size);
  for (int i = 0; i < shape.height; i++)
    prepare_row (c, first + i, band + (size_t) i * row_size);
  if (!sd3_convolution_begin (&product, &shape))
    GGML_ABORT ("oneDNN has no convolution for a layer");
  sd3_product_run (&product, band, c->packed->data, floats (c->bias, 0), NULL, NULL, (char *) c->dst->data + (size_t) from * c->dst->nb[2]);
  sd3_product_end (&product);
}

static void
conv_cb (struct ggml_tensor *dst,
         int                 ith,
         int                 nth,
         void               *flags)
{
  conv c = get_conv (dst, (uintptr_t) flags);
  size_t row_size = (size_t) (c.width * c.x->ne[0]) * element (c.packed->bf16) * (size_t) c.convolution.stride;
  int64_t rows = (int64_t) (BAND / row_size), height = dst->ne[2];

  if (rows < 4)
    rows = 4;
  if (rows > (height + nth - 1) / nth)
    rows = (height + nth - 1) / nth;
  if (c.norm)
    c.factors = coefficients (c.norm, c.x->ne[1] * c.x->ne[2]);
  for (int64_t from = rows * ith; from < height; from += rows * nth)
    run_band (&c, from, from + rows < height ? from + rows : height);
}

struct ggml_tensor *
sd3_op_conv (struct ggml_context *ctx,
             struct ggml_tensor  *x,
             const sd3_conv_op   *op)
{
  struct ggml_tensor *args[] = { x, op->w, op->b, op->norm.sums, op->norm.scale, op->norm.shift };
  uintptr_t flags = (op->b ? HAS_BIAS : 0) | (op->residual ? HAS_RESIDUAL : 0) | (op->norm.sums ? HAS_NORM : 0) | (op->doubled ? DOUBLED : 0) |
                    (op->halved ? HALVED : 0) | (uintptr_t) op->act << ACT;
  int64_t width = (x->ne[1] << op->doubled) >> op->halved, height = (x->ne[2] << op->doubled) >> op->halved;
  int n = 0;

  if (!op->residual)
    return add_node (ctx, op->type, (int64_t[]) { sd3_packed_of (op->w)->n_out, width, height, 1 }, args, 6, conv_cb, flags);
  for (int i = 0; i < 6; i++)
    if (args[i])
      args[n++] = args[i];
  return ggml_custom_inplace (ctx, op->residual, args, n, conv_cb, GGML_N_TASKS_MAX, (void *) flags);
}
