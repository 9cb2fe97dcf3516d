/* The autoencoder. Layers are wanted and wired by the same walk: the walk names each tensor, and it either asks the
 * loader for it or takes the next one that was loaded.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/vae.h"

#include "engine/memory.h"
#include "engine/nn-picture.h"

#include <stdio.h>
#include <stdlib.h>

#define N_GROUPS 32 /* where no configuration says otherwise */
#define MAX_LAYERS 160
#define LATENT 16

struct sd3_vae
{
  const sd3_weights *weights;
  sd3_device        *device;
  sd3_vae_half       half;
  sd3_loader         loader;
  int                widths[4]; /* channels by level, the finest first */
  int                n_groups;  /* of channels that are normalised together */
  sd3_linear         layers[MAX_LAYERS];
  int                n_layers;
};

/* One walk over the layers: without a context it wants them, with one it uses them. */
typedef struct
{
  sd3_vae             *vae;
  struct ggml_context *ctx;
  int                  next;
} walk;

static sd3_linear
layer (walk      *w,
       sd3_linear wanted)
{
  if (w->ctx)
    return w->vae->layers[w->next++];
  return w->vae->layers[w->vae->n_layers++] = wanted;
}

#define CONV(w, out, in, k, ...) layer (w, (w)->ctx ? (sd3_linear) { 0 } : sd3_want_conv (&(w)->vae->loader, out, in, k, true, __VA_ARGS__))
#define NORM(w, n, ...) layer (w, (w)->ctx ? (sd3_linear) { 0 } : sd3_want_norm (&(w)->vae->loader, n, true, __VA_ARGS__))
#define LINEAR(w, out, in, ...) layer (w, (w)->ctx ? (sd3_linear) { 0 } : sd3_want_linear (&(w)->vae->loader, out, in, true, __VA_ARGS__))

static struct ggml_tensor *
conv (walk               *w,
      struct ggml_tensor *x,
      sd3_nn_layer        with)
{
  with.n_groups = w->vae->n_groups;
  return w->ctx ? sd3_nn_conv (w->ctx, x, &with) : NULL;
}

static struct ggml_tensor *
doubled_conv (walk               *w,
              struct ggml_tensor *x,
              sd3_linear          c)
{
  if (!w->ctx)
    sd3_want_doubled (&w->vae->loader, c);
  return conv (w, x, (sd3_nn_layer) { .doubled = true, .conv = c });
}

static struct ggml_tensor *
resnet (walk               *w,
        struct ggml_tensor *x,
        int                 in,
        int                 out,
        const char         *name)
{
  sd3_linear norm1 = NORM (w, in, "%s.norm1", name), conv1 = CONV (w, out, in, 3, "%s.conv1", name);
  sd3_linear norm2 = NORM (w, out, "%s.norm2", name), conv2 = CONV (w, out, out, 3, "%s.conv2", name);
  struct ggml_tensor *y = conv (w, x, (sd3_nn_layer) { .norm = norm1, .conv = conv1 });

  if (in != out)
    x = conv (w, x, (sd3_nn_layer) { .conv = CONV (w, out, in, 1, "%s.nin_shortcut", name) });
  return conv (w, y, (sd3_nn_layer) { .norm = norm2, .conv = conv2, .residual = x });
}

/* One head over all places. */
static struct ggml_tensor *
attention (walk               *w,
           struct ggml_tensor *x,
           int                 n,
           const char         *half)
{
  sd3_linear norm = NORM (w, n, "%s.mid.attn_1.norm", half), qkv = LINEAR (w, 3 * n, n, "%s.mid.attn_1.qkv", half);
  sd3_linear out = LINEAR (w, n, n, "%s.mid.attn_1.proj_out", half);

  return w->ctx ? sd3_nn_place_attention (w->ctx, x, norm, w->vae->n_groups, qkv, out) : NULL;
}

static struct ggml_tensor *
middle (walk               *w,
        struct ggml_tensor *x,
        int                 n,
        const char         *half)
{
  char name[64];

  snprintf (name, sizeof name, "%s.mid.block_1", half);
  x = attention (w, resnet (w, x, n, n, name), n, half);
  snprintf (name, sizeof name, "%s.mid.block_2", half);
  return resnet (w, x, n, n, name);
}

static struct ggml_tensor *
first_conv (walk               *w,
            struct ggml_tensor *x,
            sd3_linear          c,
            bool                relu)
{
  return w->ctx ? conv (w, sd3_nn_picture_in (w->ctx, c, x), (sd3_nn_layer) { .conv = c, .relu = relu }) : NULL;
}

static struct ggml_tensor *
last_conv (walk               *w,
           struct ggml_tensor *x,
           sd3_linear          norm,
           sd3_linear          c)
{
  return w->ctx ? sd3_nn_picture_out (w->ctx, c, conv (w, x, (sd3_nn_layer) { .norm = norm, .conv = c, .last = true })) : NULL;
}

static struct ggml_tensor *
decoder (walk               *w,
         struct ggml_tensor *x)
{
  const int *widths = w->vae->widths;
  sd3_linear norm;
  char name[64];

  x = first_conv (w, x, CONV (w, widths[3], LATENT, 3, "decoder.conv_in"), false);
  x = middle (w, x, widths[3], "decoder");
  for (int level = 3; level >= 0; level--)
    {
      for (int i = 0; i < 3; i++)
        {
          snprintf (name, sizeof name, "decoder.up.%d.block.%d", level, i);
          x = resnet (w, x, widths[i == 0 && level < 3 ? level + 1 : level], widths[level], name);
        }
      if (level > 0)
        x = doubled_conv (w, x, CONV (w, widths[level], widths[level], 3, "decoder.up.%d.upsample.conv", level));
    }
  norm = NORM (w, widths[0], "decoder.norm_out");
  return last_conv (w, x, norm, CONV (w, 3, widths[0], 3, "decoder.conv_out"));
}

static struct ggml_tensor *
encoder (walk               *w,
         struct ggml_tensor *x)
{
  const int *widths = w->vae->widths;
  sd3_linear norm;
  char name[64];

  x = first_conv (w, x, CONV (w, widths[0], 3, 3, "encoder.conv_in"), false);
  for (int level = 0; level < 4; level++)
    {
      for (int i = 0; i < 2; i++)
        {
          snprintf (name, sizeof name, "encoder.down.%d.block.%d", level, i);
          x = resnet (w, x, widths[i == 0 && level > 0 ? level - 1 : level], widths[level], name);
        }
      if (level < 3)
        x = conv (w, x, (sd3_nn_layer) { .halved = true, .conv = CONV (w, widths[level], widths[level], 3, "encoder.down.%d.downsample.conv", level) });
    }
  x = middle (w, x, widths[3], "encoder");
  norm = NORM (w, widths[3], "encoder.norm_out");
  return last_conv (w, x, norm, CONV (w, 2 * LATENT, widths[3], 3, "encoder.conv_out"));
}

/* ---- TAESD3 (madebyollin/taesd): a list of layers, named by their place ------------------------------------- */

static struct ggml_tensor *
small_block (walk               *w,
             struct ggml_tensor *x,
             int                 index)
{
  struct ggml_tensor *y = x;

  for (int i = 0; i <= 4; i += 2)
    y = conv (w, y, (sd3_nn_layer) { .conv = CONV (w, 64, 64, 3, "%d.conv.%d", index, i), .residual = i == 4 ? x : NULL, .relu = true });
  return y;
}

static struct ggml_tensor *
small_upsample (walk               *w,
                struct ggml_tensor *x,
                int                 index)
{
  return doubled_conv (w, x, layer (w, w->ctx ? (sd3_linear) { 0 } : sd3_want_conv (&w->vae->loader, 64, 64, 3, false, "%d", index)));
}

static struct ggml_tensor *
preview (walk               *w,
         struct ggml_tensor *x)
{
  if (w->ctx)
    x = ggml_scale (w->ctx, ggml_tanh (w->ctx, ggml_scale (w->ctx, x, 1.0f / 3)), 3);
  x = first_conv (w, x, CONV (w, 64, LATENT, 3, "1"), true);
  for (int index = 3; index <= 13; index += 5)
    {
      for (int i = 0; i < 3; i++)
        x = small_block (w, x, index + i);
      x = small_upsample (w, x, index + 4);
    }
  x = small_block (w, x, 18);
  return last_conv (w, x, (sd3_linear) { 0 }, CONV (w, 3, 64, 3, "19"));
}

/* ---- The whole --------------------------------------------------------------------------------------------- */

static struct ggml_tensor *
walk_all (walk               *w,
          struct ggml_tensor *x)
{
  switch (w->vae->half)
    {
    case SD3_VAE_DECODER:
      return decoder (w, x);
    case SD3_VAE_ENCODER:
      return encoder (w, x);
    default:
      return preview (w, x);
    }
}

static bool
detect (sd3_vae   *vae,
        sd3_error *error)
{
  static const char *const decoders[] = { "decoder.up.0.block.2.conv2.bias", "decoder.up.1.block.2.conv2.bias", "decoder.up.2.block.2.conv2.bias", "decoder.conv_in.bias" };
  static const char *const encoders[] = { "encoder.conv_in.bias", "encoder.down.1.block.1.conv2.bias", "encoder.down.2.block.1.conv2.bias", "encoder.norm_out.bias" };

  for (int i = 0; vae->half != SD3_VAE_PREVIEW && i < 4; i++)
    {
      const sd3_tensor *tensor = sd3_need (vae->weights, SD3_ROLE_VAE, vae->half == SD3_VAE_DECODER ? decoders[i] : encoders[i], -1, 1, error);

      if (!tensor)
        return false;
      vae->widths[i] = (int) tensor->shape[0];
      if (tensor->shape[0] % vae->n_groups != 0 || tensor->shape[0] > 8192)
        return sd3_fail (error, N_ ("“%s” does not hold a VAE as Stable Diffusion 3 uses it."), sd3_weights_file_name (vae->weights, SD3_ROLE_VAE));
    }
  return true;
}

sd3_vae *
sd3_vae_new (const sd3_weights *weights,
             sd3_vae_half       half,
             sd3_error         *error)
{
  sd3_vae *vae = sd3_new (sd3_vae, 1);
  walk w = { .vae = vae };

  vae->weights = weights;
  vae->half = half;
  vae->n_groups = sd3_weights_heads (weights, SD3_ROLE_VAE);
  if (vae->n_groups == 0)
    vae->n_groups = N_GROUPS;
  sd3_loader_begin (&vae->loader, weights, half == SD3_VAE_PREVIEW ? SD3_ROLE_TAESD : SD3_ROLE_VAE, 2 * MAX_LAYERS, error);
  if (!vae->loader.failed && detect (vae, error))
    {
      vae->loader.wide = half == SD3_VAE_PREVIEW || vae->widths[3] >= SD3_WIDE;
      walk_all (&w, NULL);
      if (!vae->loader.failed)
        return vae;
    }
  sd3_vae_free (vae);
  return NULL;
}

void
sd3_vae_free (sd3_vae *vae)
{
  if (!vae)
    return;
  sd3_loader_clear (&vae->loader);
  free (vae);
}

uint64_t
sd3_vae_size (const sd3_vae *vae)
{
  return vae->loader.size;
}

bool
sd3_vae_load (sd3_vae    *vae,
              sd3_device *device,
              sd3_error  *error)
{
  vae->device = device;
  return sd3_loader_read (&vae->loader, device, error);
}

void
sd3_vae_unload (sd3_vae *vae)
{
  sd3_loader_unload (&vae->loader);
}

bool
sd3_vae_widen (sd3_vae *vae,
               bool     on)
{
  return sd3_loader_widen (&vae->loader, on, GGML_TYPE_F32);
}

bool
sd3_vae_run (sd3_vae     *vae,
             const float *in,
             int          height,
             int          width,
             sd3_trace   *trace,
             float       *out,
             sd3_error   *error)
{
  sd3_graph graph;
  sd3_store inputs;
  struct ggml_tensor *x, *y;
  walk w = { .vae = vae };
  bool good;

  sd3_store_begin (&inputs, 1);
  x = ggml_new_tensor_3d (inputs.ctx, GGML_TYPE_F32, width, height, vae->half == SD3_VAE_ENCODER ? 3 : LATENT);
  sd3_graph_begin (&graph, vae->device, trace);
  w.ctx = graph.ctx;
  y = walk_all (&w, x);
  sd3_graph_result (&graph, y);
  sd3_graph_mark (&graph, y, "%s", vae->half == SD3_VAE_DECODER ? "vae.decoded" : vae->half == SD3_VAE_ENCODER ? "vae.moments" : "taesd.decoded");
  good = sd3_store_allocate (&inputs, vae->device, NC_ ("engine", "the VAE"), error) && sd3_graph_ready (&graph, NC_ ("engine", "the VAE"), error);
  if (good)
    {
      sd3_upload (x, in);
      good = sd3_graph_run (&graph, error);
    }
  if (good)
    sd3_download (y, out);
  sd3_graph_clear (&graph);
  sd3_store_clear (&inputs);
  return good;
}

void
sd3_latent_to_vae (float *latent,
                   size_t n)
{
  for (size_t i = 0; i < n; i++)
    latent[i] = latent[i] / 1.5305f + 0.0609f;
}

void
sd3_latent_from_vae (float *latent,
                     size_t n)
{
  for (size_t i = 0; i < n; i++)
    latent[i] = (latent[i] - 0.0609f) * 1.5305f;
}
