/* Tiny models as the files people have.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "tiny.h"

#include "engine/safetensors-write.h"

#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Round to nearest, ties to even, saturating: what torch's float8_e4m3fn does within its range. */
static guint8
to_e4m3 (float value)
{
  float magnitude = fminf (fabsf (value), 448);
  int exponent = 0, code;

  if (magnitude < 0x1p-6f)
    code = (int) rintf (magnitude * 512);
  else
    {
      float mantissa = frexpf (magnitude, &exponent);

      code = ((exponent + 6) << 3) + (int) rintf (mantissa * 16) - 8;
    }
  return (guint8) (code | (signbit (value) ? 0x80 : 0));
}

/* As large as fits into the type, and the scale beside it. */
static void
write_scaled (sd3_writer       *writer,
              const TinyTensor *tensor,
              const char       *name)
{
  g_autofree char *stem = g_strndup (name, strlen (name) - strlen (".weight")), *scale_name = g_strconcat (stem, ".scale_weight", NULL);
  g_autofree guint8 *bytes = g_malloc (tensor->n);
  float scale = 0;

  for (size_t i = 0; i < tensor->n; i++)
    scale = fmaxf (scale, fabsf (tensor->data[i]) / 448);
  for (size_t i = 0; i < tensor->n; i++)
    bytes[i] = to_e4m3 (tensor->data[i] / scale);
  sd3_writer_add (writer, name, "F8_E4M3", tensor->n_dims, tensor->shape, bytes, tensor->n);
  sd3_writer_add (writer, scale_name, "F32", 0, NULL, &scale, sizeof scale);
}

static void
write_tensor (sd3_writer       *writer,
              const TinyTensor *tensor,
              const char       *prefix,
              const char       *dtype)
{
  g_autofree char *name = g_strconcat (prefix, tensor->name, NULL);
  g_autofree guint8 *bytes = g_malloc (tensor->n * 4);
  bool plain = tensor->n_dims < 2 || strcmp (dtype, "F32") == 0;
  size_t width = plain ? 4 : g_str_has_prefix (dtype, "F8") ? 1 : 2;

  if (strcmp (dtype, "F8_SCALED") == 0)
    {
      if (!plain && g_str_has_suffix (name, ".weight"))
        {
          write_scaled (writer, tensor, name);
          return;
        }
      plain = true;
      width = 4;
    }
  if (plain)
    memcpy (bytes, tensor->data, tensor->n * 4);
  else if (width == 1)
    for (size_t i = 0; i < tensor->n; i++)
      bytes[i] = to_e4m3 (tensor->data[i]);
  else if (dtype[0] == 'B')
    ggml_fp32_to_bf16_row (tensor->data, (ggml_bf16_t *) (void *) bytes, (int64_t) tensor->n);
  else
    ggml_fp32_to_fp16_row (tensor->data, (ggml_fp16_t *) (void *) bytes, (int64_t) tensor->n);
  sd3_writer_add (writer, name, plain ? "F32" : dtype, tensor->n_dims, tensor->shape, bytes, tensor->n * width);
}

static void
save (sd3_writer *writer,
      const char *path)
{
  sd3_error error;

  if (!sd3_writer_save (writer, path, &error))
    g_error ("%s", error.text);
  sd3_writer_free (writer);
}

void
tiny_write (const char        *path,
            TinyModel  *const *models,
            const char *const *prefixes,
            int                n_models,
            const char        *dtype)
{
  sd3_writer *writer = sd3_writer_new ();

  for (int m = 0; m < n_models; m++)
    for (guint i = 0; i < models[m]->len; i++)
      write_tensor (writer, &g_array_index (models[m], TinyTensor, i), prefixes[m], dtype);
  save (writer, path);
}

void
tiny_write_shard (const char *path,
                  TinyModel  *model,
                  guint       from,
                  guint       to)
{
  sd3_writer *writer = sd3_writer_new ();

  for (guint i = from; i < to; i++)
    write_tensor (writer, &g_array_index (model, TinyTensor, i), "", "F32");
  save (writer, path);
}

void
tiny_write_hollow (const char *path,
                   TinyModel  *model)
{
  g_autoptr (GString) header = g_string_new ("{");
  guint64 at = 0, length;
  FILE *out;

  for (guint i = 0; i < model->len; i++)
    {
      const TinyTensor *tensor = &g_array_index (model, TinyTensor, i);

      g_string_append_printf (header, "%s\"%s\":{\"dtype\":\"F16\",\"shape\":[", i ? "," : "", tensor->name);
      for (int d = 0; d < tensor->n_dims; d++)
        g_string_append_printf (header, "%s%" G_GINT64_FORMAT, d ? "," : "", tensor->shape[d]);
      g_string_append_printf (header, "],\"data_offsets\":[%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT "]}", at, at + 2 * tensor->n);
      at += 2 * tensor->n;
    }
  g_string_append (header, "}");
  length = header->len;
  out = fopen (path, "wb");
  g_assert_nonnull (out);
  g_assert_true (fwrite (&length, 8, 1, out) == 1 && fwrite (header->str, header->len, 1, out) == 1);
  g_assert_true (fflush (out) == 0 && ftruncate (fileno (out), (off_t) (8 + length + at)) == 0 && fclose (out) == 0);
}

/* ---- GGUF -------------------------------------------------------------------------------------------------- */

static void
put (GByteArray *out,
     guint64     value,
     guint       width)
{
  g_byte_array_append (out, (const guint8 *) &value, width);
}

static void
put_string (GByteArray *out,
            const char *string)
{
  put (out, strlen (string), 8);
  g_byte_array_append (out, (const guint8 *) string, (guint) strlen (string));
}

static void
align (GByteArray *out)
{
  while (out->len % 32 != 0)
    put (out, 0, 1);
}

static enum ggml_type
type_in_gguf (const TinyTensor *tensor,
              enum ggml_type    type)
{
  bool takes = ggml_is_quantized (type) ? tensor->n_dims == 2 && tensor->shape[1] % ggml_blck_size (type) == 0 : tensor->n_dims >= 2;

  return takes ? type : GGML_TYPE_F32;
}

void
tiny_write_gguf (const char    *path,
                 TinyModel     *model,
                 enum ggml_type type)
{
  g_autoptr (GByteArray) head = g_byte_array_new (), data = g_byte_array_new ();

  g_byte_array_append (head, (const guint8 *) "GGUF", 4);
  put (head, 3, 4);
  put (head, model->len, 8);
  put (head, 1, 8);
  put_string (head, "general.architecture");
  put (head, 8, 4);
  put_string (head, "sd3");
  for (guint i = 0; i < model->len; i++)
    {
      const TinyTensor *tensor = &g_array_index (model, TinyTensor, i);
      enum ggml_type as = type_in_gguf (tensor, type);
      int64_t rows = (int64_t) tensor->n / tensor->shape[tensor->n_dims - 1];
      guint at = data->len;

      put_string (head, tensor->name);
      put (head, (guint64) tensor->n_dims, 4);
      for (int d = tensor->n_dims - 1; d >= 0; d--)
        put (head, (guint64) tensor->shape[d], 8);
      put (head, as, 4);
      put (head, at, 8);
      g_byte_array_set_size (data, at + (guint) (ggml_row_size (as, tensor->shape[tensor->n_dims - 1]) * rows));
      ggml_quantize_chunk (as, tensor->data, data->data + at, 0, rows, tensor->shape[tensor->n_dims - 1], NULL);
      align (data);
    }
  align (head);
  g_byte_array_append (head, data->data, data->len);
  g_assert_true (g_file_set_contents (path, (const char *) head->data, head->len, NULL));
}

/* ---- diffusers --------------------------------------------------------------------------------------------- */

static void
add_rows (TinyModel        *out,
          const char       *name,
          const TinyTensor *from,
          int64_t           row,
          int64_t           n_rows)
{
  TinyTensor tensor = *from;
  size_t length = from->n / (size_t) from->shape[0];

  g_strlcpy (tensor.name, name, sizeof tensor.name);
  tensor.shape[0] = n_rows;
  tensor.n = (size_t) n_rows * length;
  tensor.data = g_memdup2 (from->data + (size_t) row * length, tensor.n * sizeof (float));
  g_array_append_val (out, tensor);
}

static void
add_swapped (TinyModel        *out,
             const char       *name,
             const TinyTensor *from)
{
  size_t half = from->n / 2;
  TinyTensor *tensor;

  add_rows (out, name, from, 0, from->shape[0]);
  tensor = &g_array_index (out, TinyTensor, out->len - 1);
  memcpy (tensor->data, from->data + half, half * sizeof (float));
  memcpy (tensor->data + half, from->data, half * sizeof (float));
}

static const struct
{
  const char *ours, *theirs, *k, *v;
} in_block[] = {
  { "x_block.adaLN_modulation.1", "norm1.linear" },
  { "context_block.adaLN_modulation.1", "norm1_context.linear" },
  { "x_block.attn.qkv", "attn.to_q", "attn.to_k", "attn.to_v" },
  { "context_block.attn.qkv", "attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj" },
  { "x_block.attn2.qkv", "attn2.to_q", "attn2.to_k", "attn2.to_v" },
  { "x_block.attn.proj", "attn.to_out.0" },
  { "context_block.attn.proj", "attn.to_add_out" },
  { "x_block.attn2.proj", "attn2.to_out.0" },
  { "x_block.attn.ln_q", "attn.norm_q" },
  { "x_block.attn.ln_k", "attn.norm_k" },
  { "context_block.attn.ln_q", "attn.norm_added_q" },
  { "context_block.attn.ln_k", "attn.norm_added_k" },
  { "x_block.attn2.ln_q", "attn2.norm_q" },
  { "x_block.attn2.ln_k", "attn2.norm_k" },
  { "x_block.mlp.fc1", "ff.net.0.proj" },
  { "x_block.mlp.fc2", "ff.net.2" },
  { "context_block.mlp.fc1", "ff_context.net.0.proj" },
  { "context_block.mlp.fc2", "ff_context.net.2" },
}, outside[] = {
  { "x_embedder.proj", "pos_embed.proj" },
  { "t_embedder.mlp.0", "time_text_embed.timestep_embedder.linear_1" },
  { "t_embedder.mlp.2", "time_text_embed.timestep_embedder.linear_2" },
  { "y_embedder.mlp.0", "time_text_embed.text_embedder.linear_1" },
  { "y_embedder.mlp.2", "time_text_embed.text_embedder.linear_2" },
  { "context_embedder", "context_embedder" },
  { "final_layer.linear", "proj_out" },
};

static void
add_in_block (TinyModel        *out,
              const TinyTensor *tensor,
              int64_t           h)
{
  g_auto (GStrv) parts = g_strsplit (tensor->name, ".", 3); /* joint_blocks, number, rest */
  const char *end = strrchr (parts[2], '.');
  g_autofree char *stem = g_strndup (parts[2], (gsize) (end - parts[2]));

  for (size_t i = 0; i < G_N_ELEMENTS (in_block); i++)
    if (strcmp (stem, in_block[i].ours) == 0)
      {
        const char *names[] = { in_block[i].theirs, in_block[i].k, in_block[i].v };
        bool swap = strcmp (in_block[i].theirs, "norm1_context.linear") == 0 && tensor->shape[0] == 2 * h;

        for (int j = 0; j < (in_block[i].k ? 3 : 1); j++)
          {
            g_autofree char *name = g_strdup_printf ("transformer_blocks.%s.%s%s", parts[1], names[j], end);

            if (swap)
              add_swapped (out, name, tensor);
            else
              add_rows (out, name, tensor, in_block[i].k ? j * h : 0, in_block[i].k ? h : tensor->shape[0]);
          }
        return;
      }
  g_error ("%s has no name in diffusers", tensor->name);
}

static void
add_outside (TinyModel        *out,
             const TinyTensor *tensor)
{
  const char *end = strrchr (tensor->name, '.');
  g_autofree char *stem = end ? g_strndup (tensor->name, (gsize) (end - tensor->name)) : g_strdup (tensor->name);

  if (!end)
    add_rows (out, "pos_embed.pos_embed", tensor, 0, 1);
  for (size_t i = 0; i < G_N_ELEMENTS (outside); i++)
    if (strcmp (stem, outside[i].ours) == 0)
      {
        g_autofree char *name = g_strconcat (outside[i].theirs, end, NULL);

        add_rows (out, name, tensor, 0, tensor->shape[0]);
      }
  if (strcmp (stem, "final_layer.adaLN_modulation.1") == 0)
    {
      g_autofree char *name = g_strconcat ("norm_out.linear", end, NULL);

      add_swapped (out, name, tensor);
    }
}

TinyModel *
tiny_diffusers_mmdit (TinyModel *model)
{
  TinyModel *out = tiny_new ();
  int64_t h = tiny_find (model, "x_embedder.proj.bias")->shape[0];

  for (guint i = 0; i < model->len; i++)
    {
      const TinyTensor *tensor = &g_array_index (model, TinyTensor, i);

      if (g_str_has_prefix (tensor->name, "joint_blocks."))
        add_in_block (out, tensor, h);
      else
        add_outside (out, tensor);
    }
  return out;
}

void
tiny_remove_folder (const char *path)
{
  g_autoptr (GDir) dir = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      tiny_remove_folder (child);
    }
  g_remove (path);
}
