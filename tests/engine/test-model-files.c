/* Model files: every route to the same weights gives the same numbers, and what is wrong with a file is said.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "tiny.h"

#include "engine/safetensors-write.h"
#include "engine/weights.h"

#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct
{
  char *folder;
} Fixture;

static char *
in_folder (Fixture    *fixture,
           const char *name)
{
  return g_build_filename (fixture->folder, name, NULL);
}

static void
remove_all (const char *path)
{
  g_autoptr (GDir) dir = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_all (child);
    }
  g_remove (path);
}

static void
set_up (Fixture      *fixture,
        gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("sfumato-XXXXXX", NULL);
}

static void
tear_down (Fixture      *fixture,
           gconstpointer data)
{
  remove_all (fixture->folder);
  g_free (fixture->folder);
}

static sd3_weights *
open_good (const char *path)
{
  sd3_error error = { "" };
  sd3_weights *weights = sd3_weights_open (&path, 1, &error);

  if (!weights)
    g_error ("%s", error.text);
  return weights;
}

/* The largest difference of a role's tensors to the model's, relative to the largest value of each tensor. */
static float
worst_difference (sd3_weights *weights,
                  sd3_role     role,
                  TinyModel   *model)
{
  float worst = 0;

  for (guint i = 0; i < model->len; i++)
    {
      const TinyTensor *tensor = &g_array_index (model, TinyTensor, i);
      const sd3_tensor *found = sd3_weights_find (weights, role, tensor->name);
      g_autofree float *values = g_new (float, tensor->n);
      float largest = 0, difference = 0;
      sd3_error error;

      if (!found)
        g_error ("%s is missing", tensor->name);
      if (!sd3_tensor_load (weights, found, GGML_TYPE_F32, values, &error))
        g_error ("%s", error.text);
      for (size_t j = 0; j < tensor->n; j++)
        {
          largest = fmaxf (largest, fabsf (tensor->data[j]));
          difference = fmaxf (difference, fabsf (values[j] - tensor->data[j]));
        }
      worst = fmaxf (worst, difference / largest);
    }
  return worst;
}

static void
test_single_file (Fixture      *fixture,
                  gconstpointer data)
{
  static const struct { const char *dtype; float tolerance; } types[] = {
    { "F32", 0 }, { "F16", 0x1p-11f }, { "BF16", 0x1p-8f }, { "F8_E4M3", 0x1p-4f },
  };
  g_autoptr (TinyModel) model = tiny_mmdit (2, true, 1);
  g_autofree char *path = in_folder (fixture, "model.safetensors");

  for (size_t i = 0; i < G_N_ELEMENTS (types); i++)
    {
      sd3_weights *weights;

      tiny_write (path, &model, (const char *[]) { "model.diffusion_model." }, 1, types[i].dtype);
      weights = open_good (path);
      g_assert_true (sd3_weights_has (weights, SD3_ROLE_MMDIT));
      g_assert_false (sd3_weights_has (weights, SD3_ROLE_VAE));
      g_assert_cmpfloat (worst_difference (weights, SD3_ROLE_MMDIT, model), <=, types[i].tolerance);
      sd3_weights_free (weights);
    }
}

/* "Scaled" FP8: the numbers are a scale times what is stored, and the type can hold them. */
static void
test_scaled (Fixture      *fixture,
             gconstpointer data)
{
  static const guint8 stored[] = { 0x38, 0xb8, 0x7e, 0x01, 0x08, 0x00, 0x40, 0x3c }; /* 1 −1 448 2⁻⁹ 2⁻⁶ 0 2 1.5 */
  static const float plain[] = { 1, -1, 448, 0x1p-9f, 0x1p-6f, 0, 2, 1.5f };
  static const struct { const char *scale_name; float scale; enum ggml_type type; } cases[] = {
    { "joint_blocks.0.x_block.attn.qkv.scale_weight", 0.3f, GGML_TYPE_F16 },
    { "joint_blocks.0.x_block.attn.qkv.weight_scale", 0.3f, GGML_TYPE_F16 },
    { "joint_blocks.0.x_block.attn.qkv.scale_weight", 1000, GGML_TYPE_BF16 },
    { "other.scale_weight", 1, GGML_TYPE_BF16 },
  };
  g_autofree char *path = in_folder (fixture, "scaled.safetensors");

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      sd3_writer *writer = sd3_writer_new ();
      const sd3_tensor *tensor;
      sd3_weights *weights;
      float values[8];

      sd3_writer_add (writer, "joint_blocks.0.x_block.attn.qkv.weight", "F8_E4M3", 2, (int64_t[]) { 2, 4 }, stored, 8);
      sd3_writer_add (writer, cases[i].scale_name, "F32", 0, NULL, &cases[i].scale, 4);
      sd3_writer_add (writer, "scaled_fp8", "F8_E4M3", 1, (int64_t[]) { 1 }, stored, 1);
      g_assert_true (sd3_writer_save (writer, path, NULL));
      sd3_writer_free (writer);
      weights = open_good (path);
      tensor = sd3_weights_find (weights, SD3_ROLE_MMDIT, "joint_blocks.0.x_block.attn.qkv.weight");
      g_assert_cmpint (sd3_tensor_type (tensor), ==, cases[i].type);
      g_assert_true (sd3_tensor_read (weights, tensor, 0, 2, values, NULL));
      for (int j = 0; j < 8; j++)
        g_assert_cmpfloat (values[j], ==, plain[j] * cases[i].scale);
      sd3_weights_free (weights);
    }
}

static void
test_gguf (Fixture      *fixture,
           gconstpointer data)
{
  static const struct { enum ggml_type type; float tolerance; } types[] = {
    { GGML_TYPE_F16, 0x1p-11f }, { GGML_TYPE_Q8_0, 0.005f }, { GGML_TYPE_Q6_K, 0.04f }, { GGML_TYPE_Q5_K, 0.07f },
    { GGML_TYPE_Q4_K, 0.13f }, { GGML_TYPE_Q4_0, 0.15f },
  };
  g_autoptr (TinyModel) model = tiny_mmdit (2, false, 0);
  g_autofree char *path = in_folder (fixture, "model.gguf");

  for (size_t i = 0; i < G_N_ELEMENTS (types); i++)
    {
      sd3_weights *weights;

      tiny_write_gguf (path, model, types[i].type);
      weights = open_good (path);
      g_assert_cmpint (sd3_tensor_type (sd3_weights_find (weights, SD3_ROLE_MMDIT, "context_embedder.weight")), ==, types[i].type);
      g_assert_cmpfloat (worst_difference (weights, SD3_ROLE_MMDIT, model), <=, types[i].tolerance);
      sd3_weights_free (weights);
    }
}

/* stable-diffusion.cpp writes names that libggml's own reader refuses. */
static void
test_gguf_long_names (Fixture      *fixture,
                      gconstpointer data)
{
  g_autoptr (TinyModel) model = tiny_mmdit (2, true, 1), named = tiny_mmdit (2, true, 1);
  g_autofree char *path = in_folder (fixture, "all.gguf");
  sd3_weights *weights;

  for (guint i = 0; i < named->len; i++)
    {
      TinyTensor *tensor = &g_array_index (named, TinyTensor, i);
      g_autofree char *name = g_strconcat ("model.diffusion_model.", tensor->name, NULL);

      g_strlcpy (tensor->name, name, sizeof tensor->name);
    }
  tiny_write_gguf (path, named, GGML_TYPE_F32);
  weights = open_good (path);
  g_assert_cmpfloat (worst_difference (weights, SD3_ROLE_MMDIT, model), ==, 0);
  sd3_weights_free (weights);
}

static char *
make_folder (Fixture    *fixture,
             const char *name)
{
  g_autofree char *inside = in_folder (fixture, name);
  char *path = g_build_filename (inside, "transformer", NULL);

  g_assert_cmpint (g_mkdir_with_parents (path, 0700), ==, 0);
  return path;
}

/* Two shards and an index; @second is what the index calls the second. */
static void
write_shards (const char *folder,
              TinyModel  *model,
              const char *second)
{
  g_autofree char *one = g_build_filename (folder, "diffusion_pytorch_model-00001-of-00002.safetensors", NULL);
  g_autofree char *two = g_build_filename (folder, "diffusion_pytorch_model-00002-of-00002.safetensors", NULL);
  g_autofree char *index = g_build_filename (folder, "diffusion_pytorch_model.safetensors.index.json", NULL);
  g_autoptr (GString) json = g_string_new ("{\"metadata\":{\"total_size\":1},\"weight_map\":{");
  guint half = model->len / 2;

  tiny_write_shard (one, model, 0, half);
  tiny_write_shard (two, model, half, model->len);
  for (guint i = 0; i < model->len; i++)
    g_string_append_printf (json, "%s\"%s\":\"%s\"", i ? "," : "", g_array_index (model, TinyTensor, i).name,
                            i < half ? "diffusion_pytorch_model-00001-of-00002.safetensors" : second);
  g_string_append (json, "}}");
  g_assert_true (g_file_set_contents (index, json->str, -1, NULL));
}

static void
test_folder (Fixture      *fixture,
             gconstpointer data)
{
  g_autoptr (TinyModel) model = tiny_mmdit (2, true, 1);
  g_autoptr (TinyModel) theirs = tiny_diffusers_mmdit (model);
  g_autofree char *folder = make_folder (fixture, "sharded"), *whole = make_folder (fixture, "whole");
  g_autofree char *file = g_build_filename (whole, "diffusion_pytorch_model.safetensors", NULL);
  g_autofree char *sharded_root = in_folder (fixture, "sharded"), *whole_root = in_folder (fixture, "whole");
  sd3_weights *weights;

  write_shards (folder, theirs, "diffusion_pytorch_model-00002-of-00002.safetensors");
  weights = open_good (sharded_root);
  g_assert_cmpfloat (worst_difference (weights, SD3_ROLE_MMDIT, model), ==, 0);
  sd3_weights_free (weights);

  tiny_write (file, &theirs, (const char *[]) { "" }, 1, "F32");
  weights = open_good (whole_root);
  g_assert_cmpfloat (worst_difference (weights, SD3_ROLE_MMDIT, model), ==, 0);
  sd3_weights_free (weights);
  weights = open_good (file);
  g_assert_cmpfloat (worst_difference (weights, SD3_ROLE_MMDIT, model), ==, 0);
  sd3_weights_free (weights);
}

static void
assert_refused (const char *path,
                const char *says)
{
  sd3_error error = { "" };

  g_assert_null (sd3_weights_open (&path, 1, &error));
  if (!strstr (error.text, says) || !g_str_has_suffix (error.text, "."))
    g_error ("“%s” should say “%s”", error.text, says);
}

static void
test_folder_bad (Fixture      *fixture,
                 gconstpointer data)
{
  static const struct { const char *second, *says; } cases[] = {
    { "../outside.safetensors", "its own folder" },
    { "/etc/passwd", "its own folder" },
    { "", "its own folder" },
    { "..", "its own folder" },
    { "missing.safetensors", "cannot be opened" },
    { "diffusion_pytorch_model-00001-of-00002.safetensors", "does not hold" },
    { "link.safetensors", "leads out of the folder" },
    { "absolute.safetensors", "leads out of the folder" },
  };
  g_autoptr (TinyModel) model = tiny_mmdit (2, false, 0);
  g_autofree char *folder = make_folder (fixture, "bad"), *root = in_folder (fixture, "bad"), *empty = in_folder (fixture, "empty");
  g_autofree char *outside = in_folder (fixture, "outside.safetensors");
  g_autofree char *link = g_build_filename (folder, "link.safetensors", NULL), *absolute = g_build_filename (folder, "absolute.safetensors", NULL);

  tiny_write (outside, &model, (const char *[]) { "" }, 1, "F32");
  g_assert_cmpint (symlink ("../../outside.safetensors", link), ==, 0);
  g_assert_cmpint (symlink (outside, absolute), ==, 0);
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      write_shards (folder, model, cases[i].second);
      assert_refused (root, cases[i].says);
    }
  g_assert_cmpint (g_mkdir (empty, 0700), ==, 0);
  assert_refused (empty, "no part “transformer”");
}

/* The layout of Hugging Face's download cache: links from a snapshot into a neighbour of it. */
static void
test_hub_cache (Fixture      *fixture,
                gconstpointer data)
{
  g_autoptr (TinyModel) model = tiny_mmdit (2, false, 0);
  g_autofree char *folder = make_folder (fixture, "models--a/snapshots/1234"), *root = in_folder (fixture, "models--a/snapshots/1234");
  g_autofree char *blobs = in_folder (fixture, "models--a/blobs"), *blob = in_folder (fixture, "models--a/blobs/abc");
  g_autofree char *link = g_build_filename (folder, "diffusion_pytorch_model.safetensors", NULL);
  sd3_weights *weights;

  g_assert_cmpint (g_mkdir (blobs, 0700), ==, 0);
  tiny_write (blob, &model, (const char *[]) { "" }, 1, "F32");
  g_assert_cmpint (symlink ("../../../blobs/abc", link), ==, 0);
  weights = open_good (root);
  g_assert_cmpfloat (worst_difference (weights, SD3_ROLE_MMDIT, model), ==, 0);
  sd3_weights_free (weights);
}

static void
test_changed (Fixture      *fixture,
              gconstpointer data)
{
  g_autoptr (TinyModel) model = tiny_mmdit (2, false, 0);
  g_autofree char *path = in_folder (fixture, "model.safetensors");
  g_autofree float *values = g_new (float, 6 * 128 * 128);
  sd3_error error = { "" };
  sd3_weights *weights;

  tiny_write (path, &model, (const char *[]) { "" }, 1, "F32");
  weights = open_good (path);
  g_assert_cmpint (truncate (path, 4000), ==, 0);
  g_assert_false (sd3_tensor_load (weights, sd3_weights_find (weights, SD3_ROLE_MMDIT, "joint_blocks.0.x_block.adaLN_modulation.1.weight"),
                                   GGML_TYPE_F32, values, &error));
  g_assert_nonnull (strstr (error.text, "changed while it was being read"));
  sd3_weights_free (weights);
}

static void
test_odd_files (Fixture      *fixture,
                gconstpointer data)
{
  static const struct { const char *content; gssize size; const char *says; } cases[] = {
    { "", 0, "ends too early" },
    { "GGUF", 4, "ends too early" },
    { "GGUF\3\0\0\0", 8, "ends too early" },
    { "GGUF\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24, "version" },
    { "GGUF\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24, "version" },
    { "GGUF\3\0\0\0\0\0\0\0\0\0\0\0\xa0\x86\1\0\0\0\0\0", 24, "too many entries" },
    { "PK\3\4archive/data.pkl", 20, "Python" },
    { "\x80\2}q\1X\4\0\0\0abcd", 13, "Python" },
    { "\xff\xff\xff\xff\xff\xff\xff\xff{}", 10, "neither safetensors nor GGUF" },
    { "\0\0\0\0\0\0\0\0", 8, "neither safetensors nor GGUF" },
    { "\x89PNG\r\n\x1a\n and so on", 18, "neither safetensors nor GGUF" },
  };
  g_autofree char *path = in_folder (fixture, "odd.safetensors"), *fifo = in_folder (fixture, "fifo"), *missing = in_folder (fixture, "missing");

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_assert_true (g_file_set_contents (path, cases[i].content, cases[i].size, NULL));
      assert_refused (path, cases[i].says);
    }
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  assert_refused (fifo, "is not a file");
  assert_refused (missing, "cannot be opened");
}

/* Headers against a file of so many bytes of data. */
static void
test_safetensors_bad (void)
{
#define F4 "\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]"
  static const struct { const char *header; guint64 data; const char *says; } cases[] = {
    { "{\"a\":{" F4 "}}", 4, NULL },
    { "{\"a\":{" F4 "}}   \n", 4, NULL },
    { "{\"__metadata__\":{\"format\":\"pt\"},\"a\":{" F4 ",\"more\":1}}", 4, NULL },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 4, NULL },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[0,0]}}", 0, NULL },
    { "{\"a\":{" F4 "}}", 8, "belongs to nothing" },
    { "{\"a\":{" F4 "}}", 3, "beyond the end" },
    { "{\"a\":{" F4 "},\"a\":{" F4 "}}", 4, "twice" },
    { "{\"a\":{" F4 ",\"shape\":[1]}}", 4, "twice" },
    { "{\"a\":{" F4 "},\"b\":{" F4 "}}", 4, "overlaps" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "hole" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "another size" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "shape" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}", 4, "shape" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1e0],\"data_offsets\":[0,4]}}", 4, "shape" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[01],\"data_offsets\":[0,4]}}", 4, "number" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,4]}}", 4, "shape" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[9007199254740992],\"data_offsets\":[0,4]}}", 4, "shape" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4, "shape" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":\"1\",\"data_offsets\":[0,4]}}", 4, "shape" },
    { "{\"a\":{\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "type" },
    { "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "type" },
    { "{\"a\":{\"dtype\":\"F4\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "another size" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, "no place" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 4, "no place" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,18446744073709551616]}}", 4, "no place" },
    { "{\"a\":7}", 0, "is none" },
    { "{\"__metadata__\":{\"a\":1}}", 0, "notes" },
    { "{\"__metadata__\":{\"a\":{}}}", 0, "notes" },
    { "{\"a\":{" F4 "}", 4, "bracket" },
    { "{\"a\":{" F4 "}} x", 4, "follows" },
    { "{\"a\":{" F4 "},}", 4, "text is missing" },
    { "{\"\xff\":{" F4 "}}", 4, "UTF-8" },
    { "{\"\xed\xa0\x80\":{" F4 "}}", 4, "UTF-8" },
    { "{\"a\\u0000\":{" F4 "}}", 4, "escape" },
    { "{\"\\ud800\":{" F4 "}}", 4, "escape" },
    { "{\"\\x\":{" F4 "}}", 4, "escape" },
    { "{\"a\n\":{" F4 "}}", 4, "control" },
    { "{\"a\":[[[[[[[[[[]]]]]]]]]]}", 0, "deeply" },
    { "{\"a\":nul}", 0, "word" },
    { "{\"a\":\"", 0, "middle" },
    { "[]", 0, "no safetensors" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      sd3_error error = { "" };
      sd3_entries list;
      size_t length = strlen (cases[i].header);
      bool good = sd3_safetensors_parse (&list, cases[i].header, length, 8 + length + cases[i].data, "x.safetensors", &error);

      if (good != !cases[i].says || (!good && !strstr (error.text, cases[i].says)))
        g_error ("%s gave “%s”", cases[i].header, error.text);
      if (good)
        sd3_entries_clear (&list);
    }
}

static void
test_many (void)
{
  g_autoptr (GString) wide = g_string_new ("{"), deep = g_string_new ("{\"a\":");
  sd3_error error = { "" };
  sd3_entries list;

  for (int i = 0; i < 70000; i++)
    g_string_append_printf (wide, "%s\"%d\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}", i ? "," : "", i);
  g_string_append (wide, "}");
  g_assert_false (sd3_safetensors_parse (&list, wide->str, wide->len, 8 + wide->len, "x", &error));
  g_assert_nonnull (strstr (error.text, "70000 tensors"));
  for (int i = 0; i < 1000000; i++)
    g_string_append_c (deep, '[');
  g_assert_false (sd3_safetensors_parse (&list, deep->str, deep->len, 8 + deep->len, "x", &error));
  g_assert_nonnull (strstr (error.text, "deeply"));
}

/* Two files that bring the same piece, and a piece that is there twice under two names. */
static void
test_twice (Fixture      *fixture,
            gconstpointer data)
{
  g_autoptr (TinyModel) model = tiny_mmdit (2, false, 0);
  g_autofree char *one = in_folder (fixture, "one.safetensors"), *two = in_folder (fixture, "two.safetensors");
  const char *paths[] = { one, two };
  sd3_error error = { "" };

  tiny_write (one, &model, (const char *[]) { "" }, 1, "F32");
  tiny_write (two, &model, (const char *[]) { "model.diffusion_model." }, 1, "F32");
  g_assert_null (sd3_weights_open (paths, 2, &error));
  g_assert_nonnull (strstr (error.text, "“one.safetensors” and “two.safetensors” both bring"));
  tiny_write (one, (TinyModel *[]) { model, model }, (const char *[]) { "", "model.diffusion_model." }, 2, "F32");
  g_assert_null (sd3_weights_open (paths, 1, &error));
  g_assert_nonnull (strstr (error.text, "twice, under two names"));
}

static void
test_names (void)
{
  static const struct { const char *name; sd3_role bare, role; const char *is; int part, flags; } cases[] = {
    { "first_stage_model.decoder.up.3.block.0.conv1.weight", SD3_ROLE_NONE, SD3_ROLE_VAE, "decoder.up.3.block.0.conv1.weight", 0, 0 },
    { "decoder.up_blocks.0.resnets.2.conv1.weight", SD3_ROLE_VAE, SD3_ROLE_VAE, "decoder.up.3.block.2.conv1.weight", 0, 0 },
    { "decoder.up_blocks.2.upsamplers.0.conv.bias", SD3_ROLE_VAE, SD3_ROLE_VAE, "decoder.up.1.upsample.conv.bias", 0, 0 },
    { "encoder.down_blocks.1.resnets.0.conv_shortcut.weight", SD3_ROLE_VAE, SD3_ROLE_VAE, "encoder.down.1.block.0.nin_shortcut.weight", 0, 0 },
    { "decoder.mid_block.attentions.0.to_k.weight", SD3_ROLE_VAE, SD3_ROLE_VAE, "decoder.mid.attn_1.qkv.weight", 1, 0 },
    { "decoder.mid_block.attentions.0.proj_attn.bias", SD3_ROLE_VAE, SD3_ROLE_VAE, "decoder.mid.attn_1.proj_out.bias", 0, 0 },
    { "vae.encoder.conv_norm_out.weight", SD3_ROLE_NONE, SD3_ROLE_VAE, "encoder.norm_out.weight", 0, 0 },
    { "text_encoders.clip_g.transformer.text_model.encoder.layers.31.self_attn.v_proj.bias", SD3_ROLE_NONE, SD3_ROLE_CLIP_G, "encoder.layers.31.self_attn.qkv.bias", 2, 0 },
    { "transformer.resblocks.3.attn.in_proj_bias", SD3_ROLE_CLIP_G, SD3_ROLE_CLIP_G, "encoder.layers.3.self_attn.qkv.bias", 0, 0 },
    { "text_projection", SD3_ROLE_CLIP_G, SD3_ROLE_CLIP_G, "text_projection.weight", 0, SD3_NAME_TRANSPOSE },
    { "text_projection.weight", SD3_ROLE_CLIP_G, SD3_ROLE_CLIP_G, "text_projection.weight", 0, 0 },
    { "enc.blk.11.ffn_gate.weight", SD3_ROLE_T5, SD3_ROLE_T5, "encoder.block.11.layer.1.DenseReluDense.wi_0.weight", 0, 0 },
    { "shared.weight", SD3_ROLE_T5, SD3_ROLE_T5, "encoder.embed_tokens.weight", 0, SD3_NAME_SPARE },
    { "model.diffusion_model.model.diffusion_model._orig_mod.pos_embed", SD3_ROLE_NONE, SD3_ROLE_MMDIT, "pos_embed", 0, 0 },
    { "norm_out.linear.bias", SD3_ROLE_MMDIT, SD3_ROLE_MMDIT, "final_layer.adaLN_modulation.1.bias", 0, SD3_NAME_SWAP },
    { "decoder.layers.18.bias", SD3_ROLE_TAESD, SD3_ROLE_TAESD, "19.bias", 0, 0 },
    { "text_encoders.clip_l.logit_scale", SD3_ROLE_NONE, SD3_ROLE_NONE, "", 0, 0 },
    { "decoder.block.0.layer.0.SelfAttention.q.weight", SD3_ROLE_T5, SD3_ROLE_NONE, "", 0, 0 },
    { "model_ema.decay", SD3_ROLE_MMDIT, SD3_ROLE_NONE, "", 0, 0 },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      sd3_place place;

      sd3_place_tensor (cases[i].name, cases[i].bare, &place);
      g_assert_cmpint (place.role, ==, cases[i].role);
      if (place.role == SD3_ROLE_NONE)
        continue;
      g_assert_cmpstr (place.name, ==, cases[i].is);
      g_assert_cmpint (place.part, ==, cases[i].part);
      g_assert_cmpint (place.flags, ==, cases[i].flags);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model-files/names", test_names);
  g_test_add_func ("/model-files/safetensors-bad", test_safetensors_bad);
  g_test_add_func ("/model-files/many", test_many);
#define ADD(name, function) g_test_add ("/model-files/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("single-file", test_single_file);
  ADD ("scaled", test_scaled);
  ADD ("gguf", test_gguf);
  ADD ("gguf-long-names", test_gguf_long_names);
  ADD ("folder", test_folder);
  ADD ("folder-bad", test_folder_bad);
  ADD ("hub-cache", test_hub_cache);
  ADD ("changed", test_changed);
  ADD ("odd-files", test_odd_files);
  ADD ("twice", test_twice);
  return g_test_run ();
}
