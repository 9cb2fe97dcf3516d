/* T5's encoder: RMS norms, no positions but a bias by distance that all layers share, no scale on the scores.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/t5.h"

#include "engine/memory.h"
#include "engine/nn.h"

#include <math.h>
#include <stdlib.h>

typedef struct
{
  sd3_linear norm1, q, k, v, o, norm2, gate, up, down; /* wi_0, wi_1, wo */
} layer;

struct sd3_t5
{
  const sd3_weights *weights;
  sd3_device        *device;
  sd3_loader         loader;
  int                n_layers, width, inner, feed, n_heads, n_buckets, vocabulary;
  layer              layers[SD3_MAX_T5_LAYERS];
  sd3_linear         final_norm;
};

#define BIAS "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"

static bool
detect (sd3_t5    *t5,
        sd3_error *error)
{
  const sd3_weights *w = t5->weights;
  const sd3_tensor *table = sd3_need (w, SD3_ROLE_T5, "encoder.embed_tokens.weight", -1, -1, error);
  const sd3_tensor *bias = table ? sd3_need (w, SD3_ROLE_T5, BIAS, -1, -1, error) : NULL;
  const sd3_tensor *q = bias ? sd3_need (w, SD3_ROLE_T5, "encoder.block.0.layer.0.SelfAttention.q.weight", -1, table->shape[1], error) : NULL;
  const sd3_tensor *gate = q ? sd3_need (w, SD3_ROLE_T5, "encoder.block.0.layer.1.DenseReluDense.wi_0.weight", -1, table->shape[1], error) : NULL;

  if (!gate)
    return false;
  t5->vocabulary = (int) table->shape[0];
  t5->width = (int) table->shape[1];
  t5->n_buckets = (int) bias->shape[0];
  t5->n_heads = (int) bias->shape[1];
  t5->inner = (int) q->shape[0];
  t5->feed = (int) gate->shape[0];
  t5->n_layers = sd3_weights_count (w, SD3_ROLE_T5, "encoder.block.", ".layer.1.DenseReluDense.wo.weight");
  if (t5->n_layers < 1 || t5->n_layers > SD3_MAX_T5_LAYERS || t5->n_buckets != 32 || t5->inner % t5->n_heads != 0)
    return sd3_fail (error, N_ ("“%s” does not hold T5 as Stable Diffusion 3 uses it."), sd3_weights_file_name (w, SD3_ROLE_T5));
  return true;
}

static void
want_all (sd3_t5 *t5)
{
  sd3_loader *l = &t5->loader;
  int d = t5->width, inner = t5->inner, feed = t5->feed;

  l->wide = d >= SD3_WIDE;
  for (int i = 0; i < t5->n_layers; i++)
    t5->layers[i] = (layer) {
      .norm1 = sd3_want_norm (l, d, false, "encoder.block.%d.layer.0.layer_norm", i),
      .q = sd3_want_linear (l, inner, d, false, "encoder.block.%d.layer.0.SelfAttention.q", i),
      .k = sd3_want_linear (l, inner, d, false, "encoder.block.%d.layer.0.SelfAttention.k", i),
      .v = sd3_want_linear (l, inner, d, false, "encoder.block.%d.layer.0.SelfAttention.v", i),
      .o = sd3_want_linear (l, d, inner, false, "encoder.block.%d.layer.0.SelfAttention.o", i),
      .norm2 = sd3_want_norm (l, d, false, "encoder.block.%d.layer.1.layer_norm", i),
      .gate = sd3_want_linear (l, feed, d, false, "encoder.block.%d.layer.1.DenseReluDense.wi_0", i),
      .up = sd3_want_linear (l, feed, d, false, "encoder.block.%d.layer.1.DenseReluDense.wi_1", i),
      .down = sd3_want_linear (l, d, feed, false, "encoder.block.%d.layer.1.DenseReluDense.wo", i),
    };
  t5->final_norm = sd3_want_norm (l, d, false, "encoder.final_layer_norm");
}

static bool
prepare (sd3_t5    *t5,
         sd3_error *error)
{
  sd3_loader_begin (&t5->loader, t5->weights, SD3_ROLE_T5, 9 * SD3_MAX_T5_LAYERS + 4, error);
  if (!t5->loader.failed && detect (t5, error))
    {
      want_all (t5);
      return !t5->loader.failed;
    }
  return false;
}

sd3_t5 *
sd3_t5_new (const sd3_weights *weights,
            sd3_error         *error)
{
  sd3_t5 *t5 = sd3_new (sd3_t5, 1);

  t5->weights = weights;
  if (prepare (t5, error))
    return t5;
  sd3_t5_free (t5);
  return NULL;
}

void
sd3_t5_free (sd3_t5 *t5)
{
  if (!t5)
    return;
  sd3_loader_clear (&t5->loader);
  free (t5);
}

int
sd3_t5_width (const sd3_t5 *t5)
{
  return t5->width;
}

int
sd3_t5_vocabulary (const sd3_t5 *t5)
{
  return t5->vocabulary;
}

uint64_t
sd3_t5_size (const sd3_t5 *t5)
{
  return t5->loader.size;
}

bool
sd3_t5_load (sd3_t5     *t5,
             sd3_device *device,
             sd3_error  *error)
{
  t5->device = device;
  return sd3_loader_read (&t5->loader, device, error);
}

void
sd3_t5_unload (sd3_t5 *t5)
{
  sd3_loader_unload (&t5->loader);
}

bool
sd3_t5_widen (sd3_t5 *t5,
              bool    on)
{
  return sd3_loader_widen (&t5->loader, on, GGML_TYPE_BF16);
}

/* ---- A pass ------------------------------------------------------------------------------------------------ */

/* 32 classes of distances: 16 for each direction, exact up to 7, then by the logarithm up to 128. */
static int
bucket_of (int distance)
{
  int base = distance > 0 ? 16 : 0, far;

  distance = abs (distance);
  if (distance < 8)
    return base + distance;
  far = 8 + (int) (logf ((float) distance / 8) / logf (16) * 8);
  return base + (far < 15 ? far : 15);
}

/* [heads, query, key] */
static bool
fill_bias (const sd3_t5 *t5,
           int           n,
           float        *bias,
           sd3_error    *error)
{
  const sd3_tensor *tensor = sd3_weights_find (t5->weights, SD3_ROLE_T5, BIAS);
  float *table = sd3_new (float, (size_t) t5->n_buckets * t5->n_heads);
  bool good = sd3_tensor_read (t5->weights, tensor, 0, t5->n_buckets, table, error);

  for (int head = 0; good && head < t5->n_heads; head++)
    for (int query = 0; query < n; query++)
      for (int key = 0; key < n; key++)
        *bias++ = table[bucket_of (key - query) * t5->n_heads + head];
  free (table);
  return good;
}

static bool
embed (const sd3_t5  *t5,
       const int32_t *ids,
       int            n,
       float         *x,
       sd3_error     *error)
{
  const sd3_tensor *table = sd3_weights_find (t5->weights, SD3_ROLE_T5, "encoder.embed_tokens.weight");

  for (int i = 0; i < n; i++)
    {
      if (ids[i] < 0 || ids[i] >= t5->vocabulary)
        return sd3_fail (error, "The tokenizer gave a number that T5 does not have.");
      if (!sd3_tensor_read (t5->weights, table, ids[i], 1, x + (size_t) i * t5->width, error))
        return false;
    }
  return true;
}

typedef struct
{
  sd3_graph           graph;
  sd3_store           inputs;
  struct ggml_tensor *x;    /* [width, n] */
  struct ggml_tensor *bias; /* [n, n, heads] */
  struct ggml_tensor *out;  /* [width, n] */
} pass;

/* With weights in halves ggml rounds this product's other side to halves too, and T5's is known to exceed their range:
 * it goes in at a 32nd, which is exact, and comes out at 32 times. */
static struct ggml_tensor *
multiply_down (struct ggml_context *ctx,
               sd3_linear           down,
               struct ggml_tensor  *x)
{
  if (down.w->type != GGML_TYPE_F16)
    return sd3_nn_linear (ctx, down, x);
  return ggml_scale (ctx, sd3_nn_linear (ctx, down, ggml_scale (ctx, x, 1.0f / 32)), 32);
}

static struct ggml_tensor *
heads_of (const sd3_t5        *t5,
          struct ggml_context *ctx,
          struct ggml_tensor  *x)
{
  return ggml_reshape_3d (ctx, x, t5->inner / t5->n_heads, t5->n_heads, x->ne[1]);
}

/* GELU with tanh is x·σ(2·√(2/π)·(x + 0.044715·x³)); ggml's own reads a table of halves. */
static struct ggml_tensor *
gelu (struct ggml_context *ctx,
      struct ggml_tensor  *x)
{
  struct ggml_tensor *steep = ggml_scale_bias (ctx, ggml_sqr (ctx, x), 0.0713548163f, 1.5957691216f);

  return ggml_mul (ctx, x, ggml_sigmoid (ctx, ggml_mul (ctx, x, steep)));
}

static struct ggml_tensor *
add_layer (const sd3_t5       *t5,
           pass               *p,
           const layer        *l,
           struct ggml_tensor *x)
{
  struct ggml_context *ctx = p->graph.ctx;
  struct ggml_tensor *n = sd3_nn_rms_norm (ctx, x, l->norm1.w);
  struct ggml_tensor *q = heads_of (t5, ctx, sd3_nn_linear (ctx, l->q, n)), *k = heads_of (t5, ctx, sd3_nn_linear (ctx, l->k, n));
  struct ggml_tensor *v = heads_of (t5, ctx, sd3_nn_linear (ctx, l->v, n));

  x = ggml_add (ctx, x, sd3_nn_linear (ctx, l->o, sd3_nn_masked_attention (ctx, q, k, v, p->bias, 1)));
  n = sd3_nn_rms_norm (ctx, x, l->norm2.w);
  n = ggml_mul (ctx, gelu (ctx, sd3_nn_linear (ctx, l->gate, n)), sd3_nn_linear (ctx, l->up, n));
  return ggml_add (ctx, x, multiply_down (ctx, l->down, n));
}

static void
build (const sd3_t5 *t5,
       pass         *p)
{
  struct ggml_tensor *x = p->x;

  for (int i = 0; i < t5->n_layers; i++)
    x = add_layer (t5, p, &t5->layers[i], x);
  p->out = sd3_nn_rms_norm (p->graph.ctx, x, t5->final_norm.w);
  sd3_graph_result (&p->graph, p->out);
  sd3_graph_mark (&p->graph, p->out, "t5.hidden");
}

static bool
run (const sd3_t5  *t5,
     pass          *p,
     const int32_t *ids,
     int            n,
     float         *out,
     sd3_error     *error)
{
  float *bias = sd3_new (float, (size_t) n * n * t5->n_heads);
  bool good = fill_bias (t5, n, bias, error) && embed (t5, ids, n, out, error);

  if (good)
    {
      sd3_upload (p->bias, bias);
      sd3_upload (p->x, out);
      good = sd3_graph_run (&p->graph, error);
    }
  if (good)
    sd3_download (p->out, out);
  free (bias);
  return good;
}

bool
sd3_t5_encode (sd3_t5        *t5,
               const int32_t *ids,
               int            n,
               sd3_trace     *trace,
               float         *out,
               sd3_error     *error)
{
  pass p = { 0 };
  bool good;

  if (n < 1 || n > SD3_MAX_T5_LENGTH)
    return sd3_fail (error, "T5 is given %d tokens; it takes 1 to %d.", n, SD3_MAX_T5_LENGTH);
  sd3_store_begin (&p.inputs, 2);
  p.x = ggml_new_tensor_2d (p.inputs.ctx, GGML_TYPE_F32, t5->width, n);
  p.bias = ggml_new_tensor_3d (p.inputs.ctx, GGML_TYPE_F32, n, n, t5->n_heads);
  sd3_graph_begin (&p.graph, t5->device, trace);
  build (t5, &p);
  good = sd3_store_allocate (&p.inputs, t5->device, "T5", error) && sd3_graph_ready (&p.graph, "T5", error) &&
         (t5->device->rehearses || run (t5, &p, ids, n, out, error));
  sd3_graph_clear (&p.graph);
  sd3_store_clear (&p.inputs);
  return good;
}
