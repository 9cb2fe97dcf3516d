/* CLIP's text encoders.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/clip.h"

#include "engine/memory.h"
#include "engine/nn.h"

#include <math.h>
#include <stdlib.h>

#define EPS 1e-5f

typedef struct
{
  sd3_linear norm1, qkv, out, norm2, fc1, fc2;
} layer;

struct sd3_clip
{
  const sd3_weights *weights;
  sd3_role           role;
  sd3_device        *device;
  sd3_loader         loader;
  int                n_layers, width, inner, n_heads, length, vocabulary;
  layer              layers[SD3_MAX_CLIP_LAYERS];
  sd3_linear         final_norm, projection; /* in L only to be looked at, where it is */
};

static const char *
label (const sd3_clip *clip)
{
  return clip->role == SD3_ROLE_CLIP_G ? "clip_g" : "clip_l";
}

static bool
detect (sd3_clip  *clip,
        sd3_error *error)
{
  const sd3_tensor *tokens = sd3_need (clip->weights, clip->role, "embeddings.token_embedding.weight", -1, -1, error);
  const sd3_tensor *positions = tokens ? sd3_need (clip->weights, clip->role, "embeddings.position_embedding.weight", -1, tokens->shape[1], error) : NULL;
  const sd3_tensor *fc1 = positions ? sd3_need (clip->weights, clip->role, "encoder.layers.0.mlp.fc1.weight", -1, tokens->shape[1], error) : NULL;
  const char *file = sd3_weights_file_name (clip->weights, clip->role);

  if (!fc1)
    return false;
  clip->vocabulary = (int) tokens->shape[0];
  clip->width = (int) tokens->shape[1];
  clip->length = (int) positions->shape[0];
  clip->inner = (int) fc1->shape[0];
  clip->n_layers = sd3_weights_count (clip->weights, clip->role, "encoder.layers.", ".mlp.fc1.weight");
  clip->n_heads = sd3_weights_heads (clip->weights, clip->role);
  if (clip->n_heads == 0)
    clip->n_heads = clip->width / 64;
  if (clip->n_layers < 2 || clip->n_layers > SD3_MAX_CLIP_LAYERS || clip->length != 77 || clip->n_heads < 1 || clip->width % clip->n_heads != 0)
    return sd3_fail (error, N_ ("“%s” does not hold %s as Stable Diffusion 3 uses it."), file, sd3_role_name (clip->role));
  return true;
}

static void
want_all (sd3_clip *clip)
{
  sd3_loader *l = &clip->loader;
  int d = clip->width;

  l->wide = d >= SD3_WIDE;
  for (int i = 0; i < clip->n_layers; i++)
    clip->layers[i] = (layer) {
      .norm1 = sd3_want_norm (l, d, true, "encoder.layers.%d.layer_norm1", i),
      .qkv = sd3_want_linear (l, 3 * d, d, true, "encoder.layers.%d.self_attn.qkv", i),
      .out = sd3_want_linear (l, d, d, true, "encoder.layers.%d.self_attn.out_proj", i),
      .norm2 = sd3_want_norm (l, d, true, "encoder.layers.%d.layer_norm2", i),
      .fc1 = sd3_want_linear (l, clip->inner, d, true, "encoder.layers.%d.mlp.fc1", i),
      .fc2 = sd3_want_linear (l, d, clip->inner, true, "encoder.layers.%d.mlp.fc2", i),
    };
  clip->final_norm = sd3_want_norm (l, d, true, "final_layer_norm");
  if (clip->role == SD3_ROLE_CLIP_G || sd3_weights_find (clip->weights, clip->role, "text_projection.weight"))
    clip->projection = sd3_want_linear (l, d, d, false, "text_projection");
}

static bool
prepare (sd3_clip  *clip,
         sd3_error *error)
{
  sd3_loader_begin (&clip->loader, clip->weights, clip->role, 12 * SD3_MAX_CLIP_LAYERS + 8, error);
  if (!clip->loader.failed && detect (clip, error))
    {
      want_all (clip);
      return !clip->loader.failed;
    }
  return false;
}

sd3_clip *
sd3_clip_new (const sd3_weights *weights,
              sd3_role           role,
              sd3_error         *error)
{
  sd3_clip *clip = sd3_new (sd3_clip, 1);

  clip->weights = weights;
  clip->role = role;
  if (prepare (clip, error))
    return clip;
  sd3_clip_free (clip);
  return NULL;
}

void
sd3_clip_free (sd3_clip *clip)
{
  if (!clip)
    return;
  sd3_loader_clear (&clip->loader);
  free (clip);
}

int
sd3_clip_width (const sd3_clip *clip)
{
  return clip->width;
}

int
sd3_clip_vocabulary (const sd3_clip *clip)
{
  return clip->vocabulary;
}

uint64_t
sd3_clip_size (const sd3_clip *clip)
{
  return clip->loader.size;
}

bool
sd3_clip_load (sd3_clip   *clip,
               sd3_device *device,
               sd3_error  *error)
{
  clip->device = device;
  return sd3_loader_read (&clip->loader, device, error);
}

void
sd3_clip_unload (sd3_clip *clip)
{
  sd3_loader_unload (&clip->loader);
}

bool
sd3_clip_widen (sd3_clip *clip,
                bool      on)
{
  return sd3_loader_widen (&clip->loader, on, GGML_TYPE_BF16);
}

/* ---- A pass ------------------------------------------------------------------------------------------------ */

typedef struct
{
  sd3_graph           graph;
  sd3_store           inputs;
  struct ggml_tensor *x;      /* [width, length] */
  struct ggml_tensor *mask;   /* [length, length], causal */
  struct ggml_tensor *hidden; /* [width, length] */
  struct ggml_tensor *pooled; /* [width] */
} pass;

/* Rows of the tables, read from the file: only these of 49,408 are used. */
static bool
embed (const sd3_clip *clip,
       const int32_t  *ids,
       float          *x,
       sd3_error      *error)
{
  const sd3_tensor *tokens = sd3_weights_find (clip->weights, clip->role, "embeddings.token_embedding.weight");
  const sd3_tensor *positions = sd3_weights_find (clip->weights, clip->role, "embeddings.position_embedding.weight");
  size_t n = (size_t) clip->length * clip->width;
  float *places = sd3_new (float, n);
  bool good = sd3_tensor_read (clip->weights, positions, 0, clip->length, places, error);

  for (int i = 0; good && i < clip->length; i++)
    good = ids[i] >= 0 && ids[i] < clip->vocabulary
             ? sd3_tensor_read (clip->weights, tokens, ids[i], 1, x + (size_t) i * clip->width, error)
             : sd3_fail (error, "The tokenizer gave a number that %s does not have.", sd3_role_name (clip->role));
  for (size_t i = 0; good && i < n; i++)
    x[i] += places[i];
  free (places);
  return good;
}

static void
fill_mask (float *mask,
           int    n)
{
  for (int row = 0; row < n; row++)
    for (int column = 0; column < n; column++)
      mask[row * n + column] = column > row ? -INFINITY : 0;
}

/* The end of the text: the first of the largest id. */
static int
find_end (const int32_t *ids,
          int            n)
{
  int at = 0;

  for (int i = 1; i < n; i++)
    if (ids[i] > ids[at])
      at = i;
  return at;
}

/* ggml's own quick GELU reads a table of halves. */
static struct ggml_tensor *
add_layer (const sd3_clip     *clip,
           pass               *p,
           const layer        *l,
           struct ggml_tensor *x)
{
  struct ggml_context *ctx = p->graph.ctx;
  struct ggml_tensor *qkv = sd3_nn_linear (ctx, l->qkv, sd3_nn_layer_norm (ctx, x, l->norm1, EPS)), *y;
  int heads = clip->n_heads;

  y = sd3_nn_masked_attention (ctx, sd3_nn_part (ctx, qkv, 0, heads), sd3_nn_part (ctx, qkv, 1, heads), sd3_nn_part (ctx, qkv, 2, heads),
                               p->mask, 1 / sqrtf ((float) clip->width / heads));
  x = ggml_add (ctx, x, sd3_nn_linear (ctx, l->out, y));
  y = sd3_nn_linear (ctx, l->fc1, sd3_nn_layer_norm (ctx, x, l->norm2, EPS));
  y = clip->role == SD3_ROLE_CLIP_G ? ggml_gelu_erf (ctx, y) : ggml_mul (ctx, y, ggml_sigmoid (ctx, ggml_scale (ctx, y, 1.702f)));
  return ggml_add (ctx, x, sd3_nn_linear (ctx, l->fc2, y));
}

static void
build (const sd3_clip *clip,
       pass           *p,
       int             end)
{
  struct ggml_context *ctx = p->graph.ctx;
  struct ggml_tensor *x = p->x;

  for (int i = 0; i < clip->n_layers; i++)
    {
      if (i == clip->n_layers - 1)
        p->hidden = x;
      x = add_layer (clip, p, &clip->layers[i], x);
    }
  sd3_graph_result (&p->graph, p->hidden);
  sd3_graph_mark (&p->graph, p->hidden, "%s.hidden", label (clip));
  x = ggml_view_1d (ctx, x, clip->width, (size_t) end * x->nb[1]);
  p->pooled = sd3_nn_layer_norm (ctx, x, clip->final_norm, EPS);
  sd3_graph_mark (&p->graph, p->pooled, "%s.pooled", label (clip));
  if (clip->projection.w && (clip->role == SD3_ROLE_CLIP_G || p->graph.trace))
    {
      x = sd3_nn_linear (ctx, clip->projection, p->pooled);
      sd3_graph_mark (&p->graph, x, "%s.projected", label (clip));
      p->pooled = clip->role == SD3_ROLE_CLIP_G ? x : p->pooled;
    }
  sd3_graph_result (&p->graph, p->pooled);
}

static bool
run (const sd3_clip *clip,
     pass           *p,
     const int32_t  *ids,
     sd3_error      *error)
{
  size_t n = (size_t) clip->length * clip->width, n_mask = (size_t) clip->length * clip->length;
  float *values = sd3_new (float, n > n_mask ? n : n_mask);
  bool good;

  fill_mask (values, clip->length);
  sd3_upload (p->mask, values);
  good = embed (clip, ids, values, error);
  if (good)
    {
      sd3_upload (p->x, values);
      good = sd3_graph_run (&p->graph, error);
    }
  free (values);
  return good;
}

bool
sd3_clip_encode (sd3_clip      *clip,
                 const int32_t *ids,
                 sd3_trace     *trace,
                 float         *hidden,
                 float         *pooled,
                 sd3_error     *error)
{
  pass p = { 0 };
  bool good;

  sd3_store_begin (&p.inputs, 2);
  p.x = ggml_new_tensor_2d (p.inputs.ctx, GGML_TYPE_F32, clip->width, clip->length);
  p.mask = ggml_new_tensor_2d (p.inputs.ctx, GGML_TYPE_F32, clip->length, clip->length);
  sd3_graph_begin (&p.graph, clip->device, trace);
  build (clip, &p, find_end (ids, clip->length));
  good = sd3_store_allocate (&p.inputs, clip->device, sd3_role_name (clip->role), error) &&
         sd3_graph_ready (&p.graph, sd3_role_name (clip->role), error) && (clip->device->rehearses || run (clip, &p, ids, error));
  if (good)
    {
      sd3_download (p.hidden, hidden);
      sd3_download (p.pooled, pooled);
    }
  sd3_graph_clear (&p.graph);
  sd3_store_clear (&p.inputs);
  return good;
}
