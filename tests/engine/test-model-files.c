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
set_up (Fixture      *fixture,
        gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("sfumato-XXXXXX", NULL);
}

static void
tear_down (Fixture      *fixture,
           gconstpointer data)
{
  tiny_remove_folder (fixture->folder);
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
  static const struct { const char *dtype; guint8 stored[8]; float plain[8]; } kinds[] = {
    { "F8_E4M3", { 0x38, 0xb8, 0x7e, 0x01, 0x08, 0x00, 0x40, 0x3c }, { 1, -1, 448, 0x1p-9f, 0x1p-6f, 0, 2, 1.5f } },
    { "F8_E5M2", { 0x3c, 0xbc, 0x7b, 0x01, 0x04, 0x00, 0x40, 0x3e }, { 1, -1, 57344, 0x1p-16f, 0x1p-14f, 0, 2, 1.5f } },
  };
  static const struct { int kind; const char *scale_name; float scale; enum ggml_type type; } cases[] = {
    { 0, "joint_blocks.0.x_block.attn.qkv.scale_weight", 0.3f, GGML_TYPE_F16 },
    { 0, "joint_blocks.0.x_block.attn.qkv.weight_scale", 0.3f, GGML_TYPE_F16 },
    { 0, "joint_blocks.0.x_block.attn.qkv.scale_weight", 1000, GGML_TYPE_BF16 },
    { 0, "other.scale_weight", 1, GGML_TYPE_BF16 },
    { 1, "joint_blocks.0.x_block.attn.qkv.scale_weight", 0.3f, GGML_TYPE_F16 },
    { 1, "joint_blocks.0.x_block.attn.qkv.scale_weight", 1.3f, GGML_TYPE_BF16 },
    { 1, "other.scale_weight", 1, GGML_TYPE_BF16 },
  };
  g_autofree char *path = in_folder (fixture, "scaled.safetensors");

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      sd3_writer *writer = sd3_writer_new ();
      const sd3_tensor *tensor;
      sd3_weights *weights;
      float values[8];

      sd3_writer_add (writer, "joint_blocks.0.x_block.attn.qkv.weight", kinds[cases[i].kind].dtype, 2, (int64_t[]) { 2, 4 }, kinds[cases[i].kind].stored, 8);
      sd3_writer_add (writer, cases[i].scale_name, "F32", 0, NULL, &cases[i].scale, 4);
      sd3_writer_add (writer, "scaled_fp8", "F8_E4M3", 1, (int64_t[]) { 1 }, kinds[0].stored, 1);
      g_assert_true (sd3_writer_save (writer, path, NULL));
      sd3_writer_free (writer);
      weights = open_good (path);
      tensor = sd3_weights_find (weights, SD3_ROLE_MMDIT, "joint_blocks.0.x_block.attn.qkv.weight");
      g_assert_cmpint (sd3_tensor_type (tensor, false), ==, cases[i].type);
      g_assert_cmpint (sd3_tensor_type (tensor, true), ==, cases[i].scale == 1 ? cases[i].type : GGML_TYPE_F32);
      g_assert_true (sd3_tensor_read (weights, tensor, 0, 2, values, NULL));
      for (int j = 0; j < 8; j++)
        g_assert_cmpfloat (values[j], ==, kinds[cases[i].kind].plain[j] * cases[i].scale);
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
      g_assert_cmpint (sd3_tensor_type (sd3_weights_find (weights, SD3_ROLE_MMDIT, "context_embedder.weight"), false), ==, types[i].type);
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
    { "circle.safetensors", "Too many levels" },
  };
  g_autoptr (TinyModel) model = tiny_mmdit (2, false, 0);
  g_autofree char *folder = make_folder (fixture, "bad"), *root = in_folder (fixture, "bad"), *empty = in_folder (fixture, "empty");
  g_autofree char *outside = in_folder (fixture, "outside.safetensors");
  g_autofree char *link = g_build_filename (folder, "link.safetensors", NULL), *absolute = g_build_filename (folder, "absolute.safetensors", NULL);
  g_autofree char *circle = g_build_filename (folder, "circle.safetensors", NULL);

  tiny_write (outside, &model, (const char *[]) { "" }, 1, "F32");
  g_assert_cmpint (symlink ("../../outside.safetensors", link), ==, 0);
  g_assert_cmpint (symlink (outside, absolute), ==, 0);
  g_assert_cmpint (symlink ("circle.safetensors", circle), ==, 0);
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

  /* Also when it is as long as before. */
  tiny_write (path, &model, (const char *[]) { "" }, 1, "F32");
  weights = open_good (path);
  tiny_write (path, &model, (const char *[]) { "" }, 1, "F32");
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

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
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
