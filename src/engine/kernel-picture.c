/* The kernels' nodes for pictures: GroupNorm, and convolutions with all that comes before and after them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/kernel-ops-private.h"

#include <math.h>
#include <string.h>

#define EPS 1e-6f
#define N_PARTS 64     /* of a picture, whose sums are made apart: their order must not depend on threads */
#define RUN 256        /* places whose sums are made in F32 */
#define BAND (3 << 20) /* bytes of a convolution's input that are prepared at once */
#define MAX_NODES 256

/* The last three are first bits of numbers. */
enum { HAS_BIAS = 1, HAS_NORM = 2, ACCUMULATE = 4, DOUBLED = 8, HALVED = 16, IN_PLACE = 32, ACT = 8, NODE_INDEX = 12, NODE_COUNT = 20 };

static void
sums_of_part (const struct ggml_tensor *x,
              int64_t                   from,
              int64_t                   to,
              int                       n_groups,
              double                   *out)
{
  const sd3_loops *loops = sd3_loops_get ();
  int n = (int) x->ne[0];
  float *sums = sd3_scratch (SD3_SCRATCH_NORM, 2 * (size_t) n * sizeof (float));

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
  float *out = sd3_scratch (SD3_SCRATCH_NORM, 2 * (size_t) n * sizeof (float));
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
  bool                      doubled;  /* rows are, before they are convolved */
} conv;

static conv
get_conv (struct ggml_tensor *dst,
          uintptr_t           flags)
{
  struct ggml_tensor **src = flags & IN_PLACE ? &dst->src[1] : dst->src;
  conv c = { .x = src[0], .packed = sd3_packed_of (src[1]), .dst = dst };
  int next = 2, side = c.packed->side, pad = flags & HALVED ? 0 : side / 2;

  c.doubled = (flags & DOUBLED) && !c.packed->doubles;

  c.bias = flags & HAS_BIAS ? src[next++] : NULL;
  c.norm = flags & HAS_NORM ? (const struct ggml_tensor *const *) &src[next] : NULL;
  c.width = c.x->ne[1] << c.doubled;
  c.height = c.x->ne[2] << c.doubled;
  c.pad_top = pad;
  c.convolution = (sd3_convolution) {
    .width = (int) c.width, .n_in = c.packed->n_in, .n_out = c.packed->n_out, .side = side, .stride = flags & HALVED ? 2 : 1, .pad_left = pad,
    .pad_right = flags & HALVED ? 1 : pad, .bf16 = c.packed->bf16, .weights = c.packed->layout, .to_bf16 = is_bf16 (dst), .bias = c.bias != NULL,
    .accumulate = flags & ACCUMULATE, .act = (sd3_act) (flags >> ACT & 3),
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
  band = sd3_scratch (SD3_SCRATCH_MAIN, (size_t) shape.height * row_size);
  for (int i = 0; i < shape.height; i++)
    prepare_row (c, first + i, band + (size_t) i * row_size);
  if (!sd3_convolution_begin (&product, &shape))
    GGML_ABORT ("oneDNN has no convolution for a layer");
  sd3_product_run (&product, band, c->packed->data, floats (c->bias, 0), NULL, (char *) c->dst->data + (size_t) from * c->dst->nb[2]);
  sd3_product_end (&product);
}

/* One of the four places that each place of a band becomes: a picture of the band's size, and from there to every second
 * place of every second row. */
static void
run_part (const conv      *c,
          sd3_convolution *shape,
          int              part,
          const char      *band,
          int64_t          from,
          int64_t          to)
{
  size_t place = (size_t) c->packed->n_out * element (is_bf16 (c->dst));
  char *small = sd3_scratch (SD3_SCRATCH_MORE, (size_t) ((to - from) * c->width) * place), *at = small;
  sd3_product product;

  shape->pad_left = 1 - part % 2;
  shape->pad_right = part % 2;
  if (!sd3_convolution_begin (&product, shape))
    GGML_ABORT ("oneDNN has no convolution for a layer");
  sd3_product_run (&product, band + (size_t) (part / 2 * c->width * c->x->ne[0]) * element (c->packed->bf16), sd3_packed_part (c->packed, part),
                   floats (c->bias, 0), NULL, small);
  sd3_product_end (&product);
  for (int64_t row = from; row < to; row++)
    for (int64_t i = 0; i < c->width; i++, at += place)
      memcpy ((char *) c->dst->data + (size_t) (2 * row + part / 2) * c->dst->nb[2] + (size_t) (2 * i + part % 2) * place, at, place);
}

static void
run_doubled_band (const conv *c,
                  int64_t     from,
                  int64_t     to)
{
  sd3_convolution shape = c->convolution;
  size_t row_size = (size_t) (c->width * c->x->ne[0]) * element (c->packed->bf16);
  char *band = sd3_scratch (SD3_SCRATCH_MAIN, (size_t) (to - from + 2) * row_size);

  shape.height = (int) (to - from + 1);
  for (int64_t row = from - 1; row <= to; row++)
    prepare_row (c, row, band + (size_t) (row - from + 1) * row_size);
  for (int part = 0; part < 4; part++)
    run_part (c, &shape, part, band, from, to);
}

/* The rows of this node, in bands for each thread. */
static void
conv_cb (struct ggml_tensor *dst,
         int                 ith,
         int                 nth,
         void               *bits)
{
  uintptr_t flags = (uintptr_t) bits;
  conv c = get_conv (dst, flags);
  size_t row_size = (size_t) (c.width * c.x->ne[0]) * element (c.packed->bf16) * (size_t) c.convolution.stride;
  int64_t rows = (int64_t) (BAND / row_size), begin, end;

  share (c.packed->doubles ? c.x->ne[2] : dst->ne[2], 1, (int) (flags >> NODE_INDEX & 255), (int) (flags >> NODE_COUNT & 255) + 1, &begin, &end);
  if (rows < 4)
    rows = 4;
  if (rows > (end - begin + nth - 1) / nth)
    rows = (end - begin + nth - 1) / nth;
  if (c.norm)
    c.factors = coefficients (c.norm, c.x->ne[1] * c.x->ne[2]);
  for (int64_t from = begin + rows * ith; from < end; from += rows * nth)
    (c.packed->doubles ? run_doubled_band : run_band) (&c, from, from + rows < end ? from + rows : end);
}

static uintptr_t
count_nodes (const sd3_packed *packed,
             int64_t           width,
             int64_t           height)
{
  double n = 2.0 * packed->n_in * packed->n_out * packed->side * packed->side * (double) (width * height) / SD3_NODE;

  return n >= MAX_NODES ? MAX_NODES : n < 1 ? 1 : (uintptr_t) n;
}

/* A large one is several nodes, each of which adds its rows to the same picture; as in linear layers, F32 stays F32. */
struct ggml_tensor *
sd3_op_conv (struct ggml_context *ctx,
             struct ggml_tensor  *x,
             const sd3_conv_op   *op)
{
  const sd3_packed *packed = sd3_packed_of (op->w);
  struct ggml_tensor *args[] = { x, op->w, op->b, op->norm.sums, op->norm.scale, op->norm.shift };
  struct ggml_tensor *y = packed->bf16 ? op->residual : in_type (ctx, op->residual, GGML_TYPE_F32);
  int64_t width = (x->ne[1] << op->doubled) >> op->halved, height = (x->ne[2] << op->doubled) >> op->halved;
  uintptr_t n_nodes = count_nodes (packed, width, height);
  uintptr_t flags = (op->b ? HAS_BIAS : 0) | (op->residual ? ACCUMULATE : 0) | (op->norm.sums ? HAS_NORM : 0) | (op->doubled ? DOUBLED : 0) |
                    (op->halved ? HALVED : 0) | (uintptr_t) op->act << ACT | (n_nodes - 1) << NODE_COUNT;
  int n = pick (args, 6);

  for (uintptr_t i = 0; i < n_nodes; i++)
    if (y)
      y = ggml_custom_inplace (ctx, y, args, n, conv_cb, GGML_N_TASKS_MAX, (void *) (flags | IN_PLACE | i << NODE_INDEX));
    else
      y = ggml_custom_4d (ctx, op->type, packed->n_out, width, height, 1, args, n, conv_cb, GGML_N_TASKS_MAX, (void *) flags);
  return y;
}
