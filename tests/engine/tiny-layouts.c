/* Tiny models in the layouts of real ones.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "tiny-layouts.h"

#include <string.h>

/* ---- diffusers' VAE ---------------------------------------------------------------------------------------- */

static const char *const vae_names[][2] = {
  { ".mid.block_1.", ".mid_block.resnets.0." },
  { ".mid.block_2.", ".mid_block.resnets.1." },
  { ".mid.attn_1.norm.", ".mid_block.attentions.0.group_norm." },
  { ".mid.attn_1.proj_out.", ".mid_block.attentions.0.to_out.0." },
  { ".mid.attn_1.q.", ".mid_block.attentions.0.to_q." },
  { ".mid.attn_1.k.", ".mid_block.attentions.0.to_k." },
  { ".mid.attn_1.v.", ".mid_block.attentions.0.to_v." },
  { ".up.0.", ".up_blocks.3." },
  { ".up.1.", ".up_blocks.2." },
  { ".up.2.", ".up_blocks.1." },
  { ".up.3.", ".up_blocks.0." },
  { ".down.", ".down_blocks." },
  { ".downsample.", ".downsamplers.0." },
  { ".upsample.", ".upsamplers.0." },
  { ".block.", ".resnets." },
  { ".nin_shortcut.", ".conv_shortcut." },
  { "r.norm_out.", "r.conv_norm_out." },
};

TinyModel *
tiny_diffusers_vae (TinyModel *model)
{
  TinyModel *out = tiny_new ();

  for (guint i = 0; i < model->len; i++)
    {
      TinyTensor tensor = g_array_index (model, TinyTensor, i);
      g_autoptr (GString) name = g_string_new (tensor.name);

      for (size_t j = 0; j < G_N_ELEMENTS (vae_names); j++)
        g_string_replace (name, vae_names[j][0], vae_names[j][1], 0);
      g_strlcpy (tensor.name, name->str, sizeof tensor.name);
      if (strstr (tensor.name, ".attentions.0.to_") && tensor.n_dims == 4)
        tensor.n_dims = 2;
      tensor.data = g_memdup2 (tensor.data, tensor.n * sizeof *tensor.data);
      g_array_append_val (out, tensor);
    }
  return out;
}

/* ---- Shards ------------------------------------------------------------------------------------------------ */

void
tiny_write_shards (const char *folder,
                   const char *stem,
                   const char *index,
                   TinyModel  *model,
                   guint       n_shards,
                   const char *dtype)
{
  g_autoptr (GString) map = g_string_new ("{\"metadata\":{\"total_size\":1},\"weight_map\":{");
  g_autofree char *path = g_build_filename (folder, index, NULL);

  for (guint s = 0; s < n_shards; s++)
    {
      guint from = model->len * s / n_shards, to = model->len * (s + 1) / n_shards;
      g_autofree char *name = g_strdup_printf ("%s-%05u-of-%05u.safetensors", stem, s + 1, n_shards), *shard = g_build_filename (folder, name, NULL);
      g_autoptr (GArray) part = g_array_new (FALSE, FALSE, sizeof (TinyTensor)); /* shares the tensors' values */
      TinyModel *const models[] = { part };

      g_array_append_vals (part, &g_array_index (model, TinyTensor, from), to - from);
      tiny_write (shard, models, (const char *[]) { "" }, 1, dtype);
      for (guint i = from; i < to; i++)
        g_string_append_printf (map, "%s\"%s\":\"%s\"", i ? "," : "", g_array_index (model, TinyTensor, i).name, name);
    }
  g_string_append (map, "}}");
  g_assert_true (g_file_set_contents (path, map->str, -1, NULL));
}

/* ---- GGUF -------------------------------------------------------------------------------------------------- */

void
tiny_write_gguf_of (const char        *path,
                    TinyModel  *const *models,
                    const char *const *prefixes,
                    int                n_models)
{
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (TinyTensor));

  for (int m = 0; m < n_models; m++)
    for (guint i = 0; i < models[m]->len; i++)
      {
        TinyTensor tensor = g_array_index (models[m], TinyTensor, i);
        g_autofree char *name = g_strconcat (prefixes[m], tensor.name, NULL);

        g_strlcpy (tensor.name, name, sizeof tensor.name);
        g_array_append_val (all, tensor);
      }
  tiny_write_gguf (path, all, GGML_TYPE_F16);
}
