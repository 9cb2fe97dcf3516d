/* The processor's kernels against ggml's own operations: every layer is built twice from the same numbers, once with its
 * weights packed and once without, over random shapes.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/kernel-ops.h"
#include "engine/loops.h"
#include "engine/nn-picture.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#define MAX_TENSORS 40

/* A graph whose inputs are filled with random numbers before it runs. */
typedef struct
{
  sd3_device          device;
  sd3_store           store;
  sd3_graph           graph;
  struct ggml_context *ctx;     /* the graph's */
  struct ggml_tensor  *filled[MAX_TENSORS];
  int                  n_filled;
  sd3_linear           packs[MAX_TENSORS][2]; /* plain and packed, of the same numbers */
  int                  n_packs;
  bool                 bf16, mixed; /* mixed: some of the weights are in BF16 */
} Bed;

typedef struct
{
  struct ggml_tensor *plain, *packed;
} Pair;

static void
bed_open (Bed *bed,
          int  n_threads,
          bool bf16)
{
  sd3_error error = { "" };

  memset (bed, 0, sizeof *bed);
  bed->bf16 = bf16;
  if (!sd3_device_open (&bed->device, "cpu", n_threads, &error))
    g_error ("%s", error.text);
  sd3_store_begin (&bed->store, 3 * MAX_TENSORS);
  sd3_graph_begin (&bed->graph, &bed->device, NULL);
  bed->ctx = bed->graph.ctx;
}

static struct ggml_tensor *
input (Bed    *bed,
       int64_t a,
       int64_t b,
       int64_t c)
{
  struct ggml_tensor *t = ggml_new_tensor_3d (bed->store.ctx, GGML_TYPE_F32, a, b, c);

  g_assert_cmpint (bed->n_filled, <, MAX_TENSORS);
  return bed->filled[bed->n_filled++] = t;
}

/* A linear layer (@side 0) or a convolution, plain in [0] and packed in [1]; @type is that of the plain one. */
static sd3_linear *
weights (Bed           *bed,
         int            in,
         int            out,
         int            side,
         enum ggml_type type)
{
  sd3_linear *pair = bed->packs[bed->n_packs++];

  for (int i = 0; i < 2; i++)
    {
      pair[i].w = side ? ggml_new_tensor_4d (bed->store.ctx, GGML_TYPE_F32, side, side, in, out) : ggml_new_tensor_2d (bed->store.ctx, type, in, out);
      pair[i].b = i ? pair[0].b : input (bed, out, 1, 1);
    }
  pair[1].w->extra = sd3_packed_new (out, in, side, bed->bf16 && (!bed->mixed || g_test_rand_bit ()), !side && ggml_is_quantized (type));
  return pair;
}

/* The same convolution for a picture that is doubled before. */
static void
pack_doubled (sd3_linear *pair)
{
  sd3_packed *packed = sd3_packed_of (pair[1].w);

  pair[1].w->extra = sd3_packed_new_doubled (packed->n_out, packed->n_in, packed->bf16);
  sd3_packed_free (packed);
}

static float
draw (void)
{
  return (float) g_test_rand_double_range (-1, 1);
}

static float
to_bf16 (float value)
{
  uint16_t half;

  sd3_loops_get ()->convert (&value, false, &half, true, 1);
  sd3_loops_get ()->convert (&half, true, &value, false, 1);
  return value;
}

static void
fill_weights (Bed        *bed,
              sd3_linear *pair)
{
  struct ggml_tensor *w = pair[0].w;
  sd3_packed *packed = sd3_packed_of (pair[1].w);
  size_t n = (size_t) ggml_nelements (w);
  g_autofree float *values = g_new (float, n);
  g_autofree void *plain = g_malloc (n * 4);

  for (size_t i = 0; i < n; i++)
    values[i] = to_bf16 (draw () / sqrtf ((float) (n / (size_t) packed->n_out)));
  if (w->type == GGML_TYPE_F32)
    memcpy (w->data, values, n * sizeof *values);
  else
    ggml_quantize_chunk (w->type, values, w->data, 0, w->ne[1], w->ne[0], NULL);
  memcpy (pair[1].w->data, w->data, ggml_nbytes (w));
  if (!packed->layout)
    return;
  sd3_loops_get ()->convert (values, false, plain, packed->bf16 && !packed->doubles, n);
  g_assert_true (sd3_packed_fill (packed, plain, pair[1].w->data, ggml_nbytes (w)));
}

static void
run (Bed  *bed,
     Pair  pair)
{
  sd3_error error = { "" };

  sd3_graph_result (&bed->graph, pair.plain);
  sd3_graph_result (&bed->graph, pair.packed);
  if (!sd3_store_allocate (&bed->store, &bed->device, "a test", &error) || !sd3_graph_ready (&bed->graph, "a test", &error))
    g_error ("%s", error.text);
  for (int i = 0; i < bed->n_filled; i++)
    for (int64_t j = 0; j < ggml_nelements (bed->filled[i]); j++)
      ((float *) bed->filled[i]->data)[j] = draw ();
  for (int i = 0; i < bed->n_packs; i++)
    fill_weights (bed, bed->packs[i]);
  if (!sd3_graph_run (&bed->graph, &error))
    g_error ("%s", error.text);
}

static void
bed_close (Bed *bed)
{
  for (int i = 0; i < bed->n_packs; i++)
    sd3_packed_free (sd3_packed_of (bed->packs[i][1].w));
  sd3_graph_clear (&bed->graph);
  sd3_store_clear (&bed->store);
  sd3_device_close (&bed->device);
}

static float *
values_of (const struct ggml_tensor *t)
{
  size_t n = (size_t) ggml_nelements (t);
  float *values = g_new (float, n);

  g_assert_true (ggml_is_contiguous (t));
  sd3_loops_get ()->convert (t->data, t->type == GGML_TYPE_BF16, values, false, n);
  return values;
}

/* The distance between both, relative to the plain one's length. */
static double
distance (Pair pair)
{
  g_autofree float *a = values_of (pair.plain), *b = values_of (pair.packed);
  double difference = 0, length = 0;

  g_assert_true (ggml_nelements (pair.plain) == ggml_nelements (pair.packed));
  for (int64_t i = 0; i < ggml_nelements (pair.plain); i++)
    {
      difference += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
      length += (double) a[i] * a[i];
    }
  return sqrt (difference / length);
}

static void
check (Bed        *bed,
       Pair        pair,
       double      tolerance,
       const char *what,
       int         round)
{
  double error;

  run (bed, pair);
  error = distance (pair);
  if (!(error <= (bed->bf16 ? 1e-2 : tolerance)))
    g_error ("%s, round %d, %s: %g", what, round, bed->bf16 ? "BF16" : "F32", error);
  bed_close (bed);
}

static int
between (int least,
         int most)
{
  return g_test_rand_int_range (least, most + 1);
}

/* Every layer with both types and, as in a file of several, with some of each; with one thread or several. */
#define FOR_ROUNDS(n)                                                          \
  for (int round = 0; round < 2 * (n); round++)                                \
    if (round % 2 == 0 || sd3_kernels_bf16 ())

static void
begin_round (Bed *bed,
             int  round)
{
  bed_open (bed, between (1, 4), round % 2 != 0);
  bed->mixed = round % 4 == 3;
}

static void
test_linear (void)
{
  FOR_ROUNDS (30)
    {
      Bed bed;
      int in = between (1, 300), out = between (1, 300), n = round % 5 == 0 ? 1 : between (1, 700);
      sd3_linear *l;
      struct ggml_tensor *x;

      begin_round (&bed, round);
      l = weights (&bed, in, out, 0, GGML_TYPE_F32);
      /* Some rows of a longer matrix. */
      x = input (&bed, in, n + 3, 1);
      x = ggml_view_2d (bed.ctx, x, in, n, x->nb[1], 2 * x->nb[1]);
      check (&bed, (Pair) { sd3_nn_linear (bed.ctx, l[0], x), sd3_nn_linear (bed.ctx, l[1], x) }, 1e-5, "linear", round);
    }
}

/* Few rows are split by columns, which must then be whole blocks. */
static void
test_few_rows (void)
{
  FOR_ROUNDS (10)
    {
      Bed bed;
      int in = between (1, 300), out = 64 * between (1, 12), n = between (1, 100);
      sd3_linear *l;
      struct ggml_tensor *x;

      begin_round (&bed, round);
      l = weights (&bed, in, out, 0, GGML_TYPE_F32);
      x = input (&bed, in, n, 1);
      check (&bed, (Pair) { sd3_nn_linear (bed.ctx, l[0], x), sd3_nn_linear (bed.ctx, l[1], x) }, 1e-5, "few rows", round);
    }
}

/* A product in doubles, from what the quantised weights stand for: ggml rounds the other side to eight bits. */
static void
multiply_unpacked (sd3_linear                linear,
                   const struct ggml_tensor *x,
                   struct ggml_tensor       *out)
{
  g_autofree float *row = g_new (float, x->ne[0]);

  for (int64_t i = 0; i < linear.w->ne[1]; i++)
    {
      ggml_get_type_traits (linear.w->type)->to_float ((const char *) linear.w->data + (size_t) i * linear.w->nb[1], row, x->ne[0]);
      for (int64_t j = 0; j < x->ne[1]; j++)
        {
          double sum = ((const float *) linear.b->data)[i];

          for (int64_t k = 0; k < x->ne[0]; k++)
            sum += (double) row[k] * ((const float *) x->data)[j * x->ne[0] + k];
          ((float *) out->data)[j * linear.w->ne[1] + i] = (float) sum;
        }
    }
}

static void
test_quantised (void)
{
  static const enum ggml_type types[] = { GGML_TYPE_Q8_0, GGML_TYPE_Q4_0, GGML_TYPE_Q4_K, GGML_TYPE_Q6_K };

  FOR_ROUNDS (12)
    {
      Bed bed;
      int in = 256 * between (1, 3), out = round % 3 == 0 ? 64 * between (1, 8) + 1 : between (1, 700), n = between (1, 90);
      sd3_linear *l;
      struct ggml_tensor *x;
      Pair pair;
      double error;

      begin_round (&bed, round);
      l = weights (&bed, in, out, 0, types[round / 2 % 4]);
      x = input (&bed, in, n, 1);
      pair = (Pair) { input (&bed, out, n, 1), sd3_nn_linear (bed.ctx, l[1], x) };
      run (&bed, pair);
      multiply_unpacked (l[0], x, pair.plain);
      error = distance (pair);
      if (!(error <= (bed.bf16 ? 1e-2 : 1e-5)))
        g_error ("%s, round %d, [%d, %d] × %d: %g", ggml_type_name (types[round / 2 % 4]), round, in, out, n, error);
      bed_close (&bed);
    }
}

static Pair
mlp (Bed                *bed,
     struct ggml_tensor *x,
     struct ggml_tensor *vectors,
     sd3_linear         *up,
     sd3_linear         *down)
{
  struct ggml_tensor *part[3], *out[2];

  for (int i = 0; i < 3; i++)
    part[i] = ggml_view_1d (bed->ctx, vectors, x->ne[0], (size_t) i * vectors->nb[1]);
  for (int i = 0; i < 2; i++)
    {
      struct ggml_tensor *y = sd3_nn_modulate (bed->ctx, x, part[0], part[1], up[i]);

      y = sd3_nn_linear_gelu (bed->ctx, up[i], y, down[i]);
      out[i] = sd3_nn_linear_gated (bed->ctx, down[i], y, part[2], x);
    }
  return (Pair) { out[0], out[1] };
}

/* What goes from one layer to the next in a block: norm, GELU, gate and sum. */
static void
test_mlp (void)
{
  FOR_ROUNDS (15)
    {
      Bed bed;
      int width = between (2, 200), inner = between (1, 400);
      sd3_linear *up, *down;

      begin_round (&bed, round);
      up = weights (&bed, width, inner, 0, GGML_TYPE_F32);
      down = weights (&bed, inner, width, 0, GGML_TYPE_F32);
      /* ggml's GELU reads a table of halves. */
      check (&bed, mlp (&bed, input (&bed, width, between (1, 300), 1), input (&bed, width, 3, 1), up, down), 5e-4, "mlp", round);
    }
}

static sd3_qkv
parts_of (Bed                *bed,
          struct ggml_tensor *qkv,
          int                 heads)
{
  return (sd3_qkv) { sd3_nn_part (bed->ctx, qkv, 0, heads), sd3_nn_part (bed->ctx, qkv, 1, heads), sd3_nn_part (bed->ctx, qkv, 2, heads) };
}

static void
test_attention (void)
{
  FOR_ROUNDS (20)
    {
      Bed bed;
      int d = 8 * between (1, 16), heads = between (1, 5), n = round % 7 == 0 ? 1 : between (1, 600);
      sd3_qkv first, second = { 0 };
      sd3_linear *next;

      begin_round (&bed, round);
      next = weights (&bed, 8, 8, 0, GGML_TYPE_F32); /* says the type */
      first = parts_of (&bed, input (&bed, 3 * d * heads, n, 1), heads);
      if (round % 3)
        second = parts_of (&bed, input (&bed, 3 * d * heads, between (1, 300), 1), heads);
      check (&bed, (Pair) { sd3_nn_attention (bed.ctx, first, second, next[0]), sd3_nn_attention (bed.ctx, first, second, next[1]) }, 1e-5, "attention", round);
    }
}

/* Scores of several hundred, as models without norms on q and k have them, neither overflow nor vanish. */
static void
test_large_scores (void)
{
  Bed bed;
  sd3_qkv qkv;
  sd3_linear *next;

  bed_open (&bed, 2, false);
  next = weights (&bed, 8, 8, 0, GGML_TYPE_F32);
  qkv = parts_of (&bed, input (&bed, 3 * 64 * 2, 100, 1), 2);
  qkv.q = ggml_scale (bed.ctx, ggml_cont (bed.ctx, qkv.q), 2000);
  check (&bed, (Pair) { sd3_nn_attention (bed.ctx, qkv, (sd3_qkv) { 0 }, next[0]), sd3_nn_attention (bed.ctx, qkv, (sd3_qkv) { 0 }, next[1]) }, 1e-4,
         "large scores", 0);
}

static struct ggml_tensor *
picture_layers (Bed                *bed,
                struct ggml_tensor *x,
                int                 which,
                sd3_nn_layer        first,
                sd3_nn_layer        second)
{
  struct ggml_tensor *y;

  x = sd3_nn_picture_in (bed->ctx, first.conv, x);
  x = sd3_nn_conv (bed->ctx, x, &first);
  y = sd3_nn_conv (bed->ctx, x, &second);
  second.residual = x;
  x = sd3_nn_conv (bed->ctx, y, &second);
  return sd3_nn_picture_out (bed->ctx, second.conv, x);
}

/* Tall enough for several bands, which must meet without a seam. */
static void
test_pictures (void)
{
  FOR_ROUNDS (16)
    {
      Bed bed;
      int n_in = between (1, 70), n = 32 * between (1, 3), kind = round / 2 % 4, side = kind == 3 ? 1 : 3;
      struct ggml_tensor *x, *out[2];
      sd3_linear *first, *second, norm;

      begin_round (&bed, round);
      first = weights (&bed, n_in, n, side, GGML_TYPE_F32);
      second = weights (&bed, n, n, 3, GGML_TYPE_F32);
      if (kind == 1)
        pack_doubled (first);
      norm = (sd3_linear) { input (&bed, n, 1, 1), input (&bed, n, 1, 1) };
      x = input (&bed, 2 * between (1, 20), 2 * between (1, 40), n_in);
      for (int i = 0; i < 2; i++)
        out[i] = picture_layers (&bed, x, i, (sd3_nn_layer) { .doubled = kind == 1, .halved = kind == 2, .conv = first[i], .relu = round % 3 == 0 },
                                 (sd3_nn_layer) { .norm = norm, .n_groups = 32, .conv = second[i] });
      if (out[1]->type != GGML_TYPE_F32)
        out[1] = ggml_cast (bed.ctx, out[1], GGML_TYPE_F32);
      check (&bed, (Pair) { out[0], out[1] }, 1e-5, "picture", round);
    }
}

static void
test_place_attention (void)
{
  FOR_ROUNDS (6)
    {
      Bed bed;
      int n = 32 * between (1, 4);
      struct ggml_tensor *x, *out[2];
      sd3_linear *qkv, *proj, *conv, norm;

      begin_round (&bed, round);
      conv = weights (&bed, 4, n, 3, GGML_TYPE_F32);
      qkv = weights (&bed, n, 3 * n, 0, GGML_TYPE_F32);
      proj = weights (&bed, n, n, 0, GGML_TYPE_F32);
      norm = (sd3_linear) { input (&bed, n, 1, 1), input (&bed, n, 1, 1) };
      x = input (&bed, between (1, 20), between (1, 20), 4);
      for (int i = 0; i < 2; i++)
        {
          out[i] = sd3_nn_conv (bed.ctx, sd3_nn_picture_in (bed.ctx, conv[i], x), &(sd3_nn_layer) { .conv = conv[i] });
          out[i] = sd3_nn_picture_out (bed.ctx, conv[i], sd3_nn_place_attention (bed.ctx, out[i], norm, 32, qkv[i], proj[i]));
        }
      if (out[1]->type != GGML_TYPE_F32)
        out[1] = ggml_cast (bed.ctx, out[1], GGML_TYPE_F32);
      check (&bed, (Pair) { out[0], out[1] }, 1e-5, "place attention", round);
    }
}

/* What takes long is several nodes. */
static void
test_large (void)
{
  Bed bed;
  sd3_linear *l;
  sd3_qkv qkv;
  struct ggml_tensor *x, *out[2];

  bed_open (&bed, 2, false);
  l = weights (&bed, 8, 8, 0, GGML_TYPE_F32);
  qkv = parts_of (&bed, input (&bed, 3 * 128, 15000, 1), 1);
  check (&bed, (Pair) { sd3_nn_attention (bed.ctx, qkv, (sd3_qkv) { 0 }, l[0]), sd3_nn_attention (bed.ctx, qkv, (sd3_qkv) { 0 }, l[1]) }, 1e-5, "large attention", 0);
  bed_open (&bed, 2, false);
  l = weights (&bed, 256, 256, 3, GGML_TYPE_F32);
  x = input (&bed, 94, 1023, 256);
  for (int i = 0; i < 2; i++)
    out[i] = sd3_nn_picture_out (bed.ctx, l[i], sd3_nn_conv (bed.ctx, sd3_nn_picture_in (bed.ctx, l[i], x), &(sd3_nn_layer) { .conv = l[i], .last = true }));
  check (&bed, (Pair) { out[0], out[1] }, 1e-5, "large picture", 0);
}

/* The same graph twice, and with another number of threads: what a thread does depends on nothing but the shapes. */
static void
test_same_bytes (void)
{
  Bed bed;
  Pair pair;
  sd3_linear *up, *down;
  sd3_error error = { "" };
  g_autofree float *once = NULL, *twice = NULL;

  bed_open (&bed, 2, sd3_kernels_bf16 ());
  up = weights (&bed, 128, 512, 0, GGML_TYPE_F32);
  down = weights (&bed, 512, 128, 0, GGML_TYPE_F32);
  pair = mlp (&bed, input (&bed, 128, 333, 1), input (&bed, 128, 3, 1), up, down);
  run (&bed, pair);
  once = values_of (pair.packed);
  g_assert_true (sd3_graph_run (&bed.graph, &error));
  twice = values_of (pair.packed);
  g_assert_cmpmem (once, ggml_nbytes (pair.packed), twice, ggml_nbytes (pair.packed));
  bed_close (&bed);
}

/* A part of the columns of a layer, in each way there is, is computed with code made for this processor. */
static void
test_no_product_is_slow (void)
{
  for (unsigned way = 0; way < 24; way++)
    {
      bool bf16 = way & 1 && sd3_kernels_bf16 ();
      sd3_matmul m = { .m = 130, .k = 128, .n = 64, .lda = 128, .ldc = 128, .bf16 = bf16, .bias = true, .gate = way & 2, .accumulate = way & 4,
                       .act = (sd3_act) (way / 8) };
      const_dnnl_primitive_desc_t desc;
      const char *name = NULL;
      sd3_product product;

      m.weights = sd3_right_side (SD3_FEW_ROWS, m.k, m.n, bf16);
      g_assert_true (sd3_matmul_begin (&product, &m));
      dnnl_primitive_get_primitive_desc (product.primitive, &desc);
      dnnl_primitive_desc_query (desc, dnnl_query_impl_info_str, 0, &name);
      if (g_str_has_prefix (name, "ref"))
        g_error ("way %u is computed by %s", way, name);
      sd3_product_end (&product);
      dnnl_memory_desc_destroy (m.weights);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/kernels/linear", test_linear);
  g_test_add_func ("/kernels/few-rows", test_few_rows);
  g_test_add_func ("/kernels/quantised", test_quantised);
  g_test_add_func ("/kernels/mlp", test_mlp);
  g_test_add_func ("/kernels/attention", test_attention);
  g_test_add_func ("/kernels/large-scores", test_large_scores);
  g_test_add_func ("/kernels/pictures", test_pictures);
  g_test_add_func ("/kernels/place-attention", test_place_attention);
  g_test_add_func ("/kernels/large", test_large);
  g_test_add_func ("/kernels/same-bytes", test_same_bytes);
  g_test_add_func ("/kernels/no-product-is-slow", test_no_product_is_slow);
  return g_test_run ();
}
