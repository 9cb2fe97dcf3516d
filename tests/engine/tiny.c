/* Tiny models whose weights come from a hash of their names.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "tiny.h"

#include <math.h>
#include <string.h>

static double
hash_value (guint32 key,
            size_t  i)
{
  guint32 x = key + (guint32) i * 0x9E3779B9u;

  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  x ^= x >> 16;
  return 2 * ((x >> 8) * 0x1p-24) - 1;
}

static guint32
hash_name (const char *name)
{
  guint32 key = 0x811c9dc5u;

  for (; *name; name++)
    key = (key ^ (guint8) *name) * 0x01000193u;
  return key;
}

static bool
is_table (const char *name)
{
  return strstr (name, "pos_embed") || strstr (name, "embedding") || strstr (name, "embed_tokens") || strstr (name, "relative_attention_bias");
}

static bool
is_scale (const char *name)
{
  return g_str_has_suffix (name, "norm.weight") || g_str_has_suffix (name, "norm1.weight") || g_str_has_suffix (name, "norm2.weight") ||
         g_str_has_suffix (name, "norm_out.weight") || strstr (name, ".ln_");
}

static void
fill (TinyTensor *tensor,
      const char *hash_as)
{
  guint32 key = hash_name (hash_as);
  bool scale = is_scale (hash_as), table = is_table (hash_as);
  double spread = tensor->n_dims >= 2 && !table ? sqrt (3.0 / (double) (tensor->n / (size_t) tensor->shape[0])) : table ? 0.5 : 0.05;

  for (size_t i = 0; tensor->data && i < tensor->n; i++)
    {
      double v = hash_value (key, i);

      tensor->data[i] = (float) (scale ? 1 + 0.1 * v : spread * v);
    }
}

static bool hollow; /* tensors get no values while it is set */

static TinyTensor *
add_empty (TinyModel  *model,
           const char *name,
           int         n_dims,
           int64_t     a,
           int64_t     b,
           int64_t     c,
           int64_t     d)
{
  TinyTensor tensor = { .n_dims = n_dims, .shape = { a, b, c, d } };

  g_strlcpy (tensor.name, name, sizeof tensor.name);
  tensor.n = (size_t) (a * b * c * d);
  tensor.data = hollow ? NULL : g_new (float, tensor.n);
  g_array_append_val (model, tensor);
  return &g_array_index (model, TinyTensor, model->len - 1);
}

static void G_GNUC_PRINTF (7, 8)
add (TinyModel  *model,
     int         n_dims,
     int64_t     a,
     int64_t     b,
     int64_t     c,
     int64_t     d,
     const char *format,
     ...)
{
  va_list args;
  g_autofree char *name = NULL;

  va_start (args, format);
  name = g_strdup_vprintf (format, args);
  va_end (args);
  fill (add_empty (model, name, n_dims, a, b, c, d), name);
}

static void G_GNUC_PRINTF (4, 5)
add_linear (TinyModel  *model,
            int64_t     out,
            int64_t     in,
            const char *format,
            ...)
{
  va_list args;
  g_autofree char *name = NULL;

  va_start (args, format);
  name = g_strdup_vprintf (format, args);
  va_end (args);
  add (model, 2, out, in, 1, 1, "%s.weight", name);
  add (model, 1, out, 1, 1, 1, "%s.bias", name);
}

static void
clear_tensor (gpointer data)
{
  g_free (((TinyTensor *) data)->data);
}

TinyModel *
tiny_new (void)
{
  TinyModel *model = g_array_new (FALSE, FALSE, sizeof (TinyTensor));

  g_array_set_clear_func (model, clear_tensor);
  return model;
}

void
tiny_free (TinyModel *model)
{
  g_array_unref (model);
}

const TinyTensor *
tiny_find (TinyModel  *model,
           const char *name)
{
  for (guint i = 0; i < model->len; i++)
    if (strcmp (g_array_index (model, TinyTensor, i).name, name) == 0)
      return &g_array_index (model, TinyTensor, i);
  return NULL;
}

static void
add_stream (TinyModel  *model,
            int         block,
            const char *stream,
            int         h,
            bool        qk_norm,
            bool        dual,
            bool        last)
{
  g_autofree char *at = g_strdup_printf ("joint_blocks.%d.%s", block, stream);

  add_linear (model, (last ? 2 : dual ? 9 : 6) * h, h, "%s.adaLN_modulation.1", at);
  for (int which = 0; which < (dual ? 2 : 1); which++)
    {
      const char *attn = which ? "attn2" : "attn";

      add_linear (model, 3 * h, h, "%s.%s.qkv", at, attn);
      if (qk_norm)
        {
          add (model, 1, 64, 1, 1, 1, "%s.%s.ln_q.weight", at, attn);
          add (model, 1, 64, 1, 1, 1, "%s.%s.ln_k.weight", at, attn);
        }
      if (!last)
        add_linear (model, h, h, "%s.%s.proj", at, attn);
    }
  if (last)
    return;
  add_linear (model, 4 * h, h, "%s.mlp.fc1", at);
  add_linear (model, h, 4 * h, "%s.mlp.fc2", at);
}

TinyModel *
tiny_mmdit_of (int  depth,
               int  h,
               int  grid,
               bool qk_norm,
               int  n_dual)
{
  TinyModel *model = tiny_new ();

  add (model, 4, h, 16, 2, 2, "x_embedder.proj.weight");
  add (model, 1, h, 1, 1, 1, "x_embedder.proj.bias");
  add (model, 3, 1, grid * grid, h, 1, "pos_embed");
  add_linear (model, h, 256, "t_embedder.mlp.0");
  add_linear (model, h, h, "t_embedder.mlp.2");
  add_linear (model, h, 2048, "y_embedder.mlp.0");
  add_linear (model, h, h, "y_embedder.mlp.2");
  add_linear (model, h, 4096, "context_embedder");
  for (int i = 0; i < depth; i++)
    {
      add_stream (model, i, "context_block", h, qk_norm, false, i == depth - 1);
      add_stream (model, i, "x_block", h, qk_norm, i < n_dual, false);
    }
  add_linear (model, 2 * h, h, "final_layer.adaLN_modulation.1");
  add_linear (model, 64, h, "final_layer.linear");
  return model;
}

TinyModel *
tiny_mmdit (int  depth,
            bool qk_norm,
            int  n_dual)
{
  return tiny_mmdit_of (depth, 64 * depth, 12, qk_norm, n_dual);
}

TinyModel *
tiny_hollow_mmdit (int  depth,
                   int  width,
                   int  grid,
                   bool qk_norm,
                   int  n_dual)
{
  TinyModel *model;

  hollow = true;
  model = tiny_mmdit_of (depth, width, grid, qk_norm, n_dual);
  hollow = false;
  return model;
}

TinyModel *
tiny_clip (int vocabulary,
           int width)
{
  return tiny_clip_of (vocabulary, width, 3);
}

TinyModel *
tiny_clip_of (int vocabulary,
              int width,
              int n_layers)
{
  TinyModel *model = tiny_new ();

  add (model, 2, vocabulary, width, 1, 1, "text_model.embeddings.token_embedding.weight");
  add (model, 2, 77, width, 1, 1, "text_model.embeddings.position_embedding.weight");
  for (int i = 0; i < n_layers; i++)
    {
      static const char *const projections[] = { "q_proj", "k_proj", "v_proj", "out_proj" };

      for (int j = 0; j < 4; j++)
        add_linear (model, width, width, "text_model.encoder.layers.%d.self_attn.%s", i, projections[j]);
      for (int j = 1; j <= 2; j++)
        {
          add (model, 1, width, 1, 1, 1, "text_model.encoder.layers.%d.layer_norm%d.weight", i, j);
          add (model, 1, width, 1, 1, 1, "text_model.encoder.layers.%d.layer_norm%d.bias", i, j);
        }
      add_linear (model, 2 * width, width, "text_model.encoder.layers.%d.mlp.fc1", i);
      add_linear (model, width, 2 * width, "text_model.encoder.layers.%d.mlp.fc2", i);
    }
  add (model, 1, width, 1, 1, 1, "text_model.final_layer_norm.weight");
  add (model, 1, width, 1, 1, 1, "text_model.final_layer_norm.bias");
  add (model, 2, width, width, 1, 1, "text_projection.weight");
  return model;
}

TinyModel *
tiny_t5 (int vocabulary,
         int width)
{
  TinyModel *model = tiny_new ();

  add (model, 2, vocabulary, width, 1, 1, "encoder.embed_tokens.weight");
  for (int i = 0; i < 2; i++)
    {
      static const char *const projections[] = { "q", "k", "v", "o" };

      for (int j = 0; j < 4; j++)
        add (model, 2, j == 3 ? width : 64, j == 3 ? 64 : width, 1, 1, "encoder.block.%d.layer.0.SelfAttention.%s.weight", i, projections[j]);
      if (i == 0)
        add (model, 2, 32, 4, 1, 1, "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight");
      add (model, 1, width, 1, 1, 1, "encoder.block.%d.layer.0.layer_norm.weight", i);
      add (model, 2, 96, width, 1, 1, "encoder.block.%d.layer.1.DenseReluDense.wi_0.weight", i);
      add (model, 2, 96, width, 1, 1, "encoder.block.%d.layer.1.DenseReluDense.wi_1.weight", i);
      add (model, 2, width, 96, 1, 1, "encoder.block.%d.layer.1.DenseReluDense.wo.weight", i);
      add (model, 1, width, 1, 1, 1, "encoder.block.%d.layer.1.layer_norm.weight", i);
    }
  add (model, 1, width, 1, 1, 1, "encoder.final_layer_norm.weight");
  return model;
}

static void G_GNUC_PRINTF (5, 6)
add_conv (TinyModel  *model,
          int64_t     out,
          int64_t     in,
          int64_t     k,
          const char *format,
          ...)
{
  va_list args;
  g_autofree char *name = NULL;

  va_start (args, format);
  name = g_strdup_vprintf (format, args);
  va_end (args);
  add (model, 4, out, in, k, k, "%s.weight", name);
  add (model, 1, out, 1, 1, 1, "%s.bias", name);
}

static void
add_norm (TinyModel  *model,
          int64_t     n,
          const char *name)
{
  add (model, 1, n, 1, 1, 1, "%s.weight", name);
  add (model, 1, n, 1, 1, 1, "%s.bias", name);
}

static void
add_resnet (TinyModel  *model,
            int64_t     in,
            int64_t     out,
            const char *name)
{
  g_autofree char *norm1 = g_strconcat (name, ".norm1", NULL), *norm2 = g_strconcat (name, ".norm2", NULL);

  add_norm (model, in, norm1);
  add_conv (model, out, in, 3, "%s.conv1", name);
  add_norm (model, out, norm2);
  add_conv (model, out, out, 3, "%s.conv2", name);
  if (in != out)
    add_conv (model, out, in, 1, "%s.nin_shortcut", name);
}

static void
add_middle (TinyModel  *model,
            int64_t     n,
            const char *half)
{
  static const char *const projections[] = { "q", "k", "v", "proj_out" };
  g_autofree char *one = g_strconcat (half, ".mid.block_1", NULL), *two = g_strconcat (half, ".mid.block_2", NULL);
  g_autofree char *norm = g_strconcat (half, ".mid.attn_1.norm", NULL), *out = g_strconcat (half, ".norm_out", NULL);

  add_resnet (model, n, n, one);
  add_norm (model, n, norm);
  for (int i = 0; i < 4; i++)
    add_conv (model, n, n, 1, "%s.mid.attn_1.%s", half, projections[i]);
  add_resnet (model, n, n, two);
  add_norm (model, half[0] == 'e' ? n : 32, out);
}

TinyModel *
tiny_vae (void)
{
  static const int64_t widths[] = { 32, 64, 128, 128 };
  TinyModel *model = tiny_new ();

  add_conv (model, 32, 3, 3, "encoder.conv_in");
  add_conv (model, 128, 16, 3, "decoder.conv_in");
  for (int level = 0; level < 4; level++)
    {
      int64_t n = widths[level], below = level ? widths[level - 1] : n, above = level < 3 ? widths[level + 1] : n;

      for (int i = 0; i < 2; i++)
        {
          g_autofree char *name = g_strdup_printf ("encoder.down.%d.block.%d", level, i);

          add_resnet (model, i ? n : below, n, name);
        }
      for (int i = 0; i < 3; i++)
        {
          g_autofree char *name = g_strdup_printf ("decoder.up.%d.block.%d", level, i);

          add_resnet (model, i ? n : above, n, name);
        }
      if (level < 3)
        add_conv (model, n, n, 3, "encoder.down.%d.downsample.conv", level);
      if (level > 0)
        add_conv (model, n, n, 3, "decoder.up.%d.upsample.conv", level);
    }
  add_middle (model, 128, "encoder");
  add_middle (model, 128, "decoder");
  add_conv (model, 32, 128, 3, "encoder.conv_out");
  add_conv (model, 3, 32, 3, "decoder.conv_out");
  return model;
}

/* The values are hashed under "taesd3.decoder.", the file has the bare indices. */
static void
add_taesd_conv (TinyModel  *model,
                int64_t     out,
                int64_t     in,
                bool        bias,
                const char *name)
{
  g_autofree char *weight = g_strdup_printf ("taesd3.decoder.%s.weight", name), *b = g_strdup_printf ("taesd3.decoder.%s.bias", name);

  fill (add_empty (model, weight + 15, 4, out, in, 3, 3), weight);
  if (bias)
    fill (add_empty (model, b + 15, 1, out, 1, 1, 1), b);
}

TinyModel *
tiny_taesd (void)
{
  static const int blocks[] = { 3, 4, 5, 8, 9, 10, 13, 14, 15, 18 };
  TinyModel *model = tiny_new ();

  add_taesd_conv (model, 64, 16, true, "1");
  for (size_t i = 0; i < G_N_ELEMENTS (blocks); i++)
    for (int j = 0; j <= 4; j += 2)
      {
        g_autofree char *name = g_strdup_printf ("%d.conv.%d", blocks[i], j);

        add_taesd_conv (model, 64, 64, true, name);
      }
  add_taesd_conv (model, 64, 64, false, "7");
  add_taesd_conv (model, 64, 64, false, "12");
  add_taesd_conv (model, 64, 64, false, "17");
  add_taesd_conv (model, 3, 64, true, "19");
  return model;
}

const char *
tiny_device (void)
{
  const char *device = g_getenv ("SFUMATO_TEST_DEVICE");

  return device ? device : "cpu";
}

bool
tiny_on_card (void)
{
  return strcmp (tiny_device (), "cpu") != 0;
}

float *
tiny_data (const char *name,
           double      amplitude,
           size_t      n)
{
  guint32 key = hash_name (name);
  float *data = g_new (float, n);

  for (size_t i = 0; i < n; i++)
    data[i] = (float) (hash_value (key, i) * amplitude * sqrt (3));
  return data;
}

void
tiny_check (const char  *label,
            const float *values,
            size_t       n,
            double       sum,
            double       norm,
            const float *first,
            size_t       n_first,
            double       tolerance)
{
  double got_sum = 0, got_square = 0;

  for (size_t i = 0; i < n; i++)
    {
      got_sum += values[i];
      got_square += (double) values[i] * values[i];
    }
  g_test_message ("%s: sum %.6f (%.6f), norm %.6f (%.6f)", label, got_sum, sum, sqrt (got_square), norm);
  g_assert_cmpfloat_with_epsilon (sqrt (got_square), norm, tolerance * norm);
  g_assert_cmpfloat_with_epsilon (got_sum, sum, tolerance * norm * sqrt ((double) n));
  for (size_t i = 0; i < n_first; i++)
    g_assert_cmpfloat_with_epsilon (values[i], first[i], 8 * tolerance * norm / sqrt ((double) n) + 1e-5);
}
