/* Whole pictures through the public header: a prompt goes in, pixels come out, whatever files the model is in.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "whole.h"

#include "engine/engine-private.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

static void
test_routes (void)
{
  static const char *const pieces[] = { "mmdit.safetensors", "vae.safetensors", "clip_l.safetensors", "clip_g.safetensors", "t5.safetensors" };
  sd3_engine *one = whole_open_good ("all.safetensors"), *two = whole_open_good ("folder"), *three = whole_open (pieces, 5, NULL, NULL);
  sd3_request request = whole_request (one);
  g_autofree guint8 *a = whole_make (one, &request), *b = whole_make (two, &request), *c = whole_make (three, &request);

  g_assert_cmpmem (a, BYTES, b, BYTES);
  g_assert_cmpmem (a, BYTES, c, BYTES);
  g_assert_true (sd3_get_info (one)->has_t5 && sd3_get_info (one)->has_encoder && !sd3_get_info (one)->has_preview);
  g_assert_cmpint (sd3_get_info (one)->side_step, ==, 16);
  g_assert_cmpint (sd3_get_info (one)->largest_side, ==, 192);
  sd3_close (one);
  sd3_close (two);
  sd3_close (three);
}

/* A folder's configuration says how many channels the VAE normalises together. */
static void
test_groups (void)
{
  g_autofree char *path = whole_path ("folder/vae/config.json");
  g_autofree guint8 *usual = NULL, *fewer = NULL;
  sd3_engine *engine = whole_open_good ("folder");
  sd3_request request = whole_request (engine);
  sd3_error error = { 0 };

  usual = whole_make (engine, &request);
  sd3_close (engine);
  g_assert_true (g_file_set_contents (path, "{\"norm_num_groups\": 8}", -1, NULL));
  engine = whole_open_good ("folder");
  fewer = whole_make (engine, &request);
  g_assert_cmpint (whole_largest_difference (usual, fewer), >, 0);
  sd3_close (engine);
  g_assert_true (g_file_set_contents (path, "{\"norm_num_groups\": 7}", -1, NULL));
  g_assert_null (whole_open ((const char *[]) { "folder" }, 1, NULL, &error));
  g_assert_nonnull (strstr (error.text, "VAE"));
  g_remove (path);
}

/* A folder's configuration says what the model learnt from. Nothing is offered that it has no places for. */
static void
test_side (void)
{
  static const struct { const char *config; int side; } cases[] = {
    { "{}", 192 }, { "{\"sample_size\": 16}", 128 }, { "{\"sample_size\": 17}", 128 }, { "{\"sample_size\": 128}", 192 },
    { "{\"sample_size\": 1}", 192 }, { "{\"sample_size\": -3}", 192 }, { "{\"sample_size\": \"16\"}", 192 },
  };
  g_autofree char *path = whole_path ("folder/transformer/config.json");

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      sd3_engine *engine;

      g_test_message ("%s", cases[i].config);
      g_assert_true (g_file_set_contents (path, cases[i].config, -1, NULL));
      engine = whole_open_good ("folder");
      g_assert_cmpint (sd3_defaults (engine).width, ==, cases[i].side);
      g_assert_cmpint (sd3_defaults (engine).height, ==, cases[i].side);
      sd3_close (engine);
    }
  g_remove (path);
}

static void
write_shards (TinyModel  *model,
              const char *folder,
              const char *stem)
{
  g_autoptr (GString) json = g_string_new ("{\"weight_map\":{");
  g_autofree char *index = g_strdup_printf ("%s/%s.safetensors.index.json", folder, stem), *index_path = whole_path (index);

  for (guint i = 0; i < 3; i++)
    {
      guint from = model->len * i / 3, to = model->len * (i + 1) / 3;
      g_autofree char *name = g_strdup_printf ("%s-%05u-of-00003.safetensors", stem, i + 1), *in = g_strdup_printf ("%s/%s", folder, name), *path = whole_path (in);

      tiny_write_shard (path, model, from, to);
      for (guint j = from; j < to; j++)
        g_string_append_printf (json, "%s\"%s\":\"%s\"", j ? "," : "", g_array_index (model, TinyTensor, j).name, name);
    }
  g_string_append (json, "}}");
  g_assert_true (g_file_set_contents (index_path, json->str, -1, NULL));
}

/* Shards of transformer and T5, and the transformer as GGUF beside one file with the rest: the same bytes again. */
static void
test_more_routes (void)
{
  g_autoptr (TinyModel) mmdit = tiny_mmdit (2, true, 1), clip = tiny_clip (49408, 64), t5 = tiny_t5 (200, 4096), vae = tiny_vae ();
  g_autoptr (TinyModel) theirs = tiny_diffusers_mmdit (mmdit);
  g_autofree char *clip_l = whole_path ("sharded/text_encoder/model.safetensors"), *clip_g = whole_path ("sharded/text_encoder_2/model.safetensors");
  g_autofree char *vae_path = whole_path ("sharded/vae/diffusion_pytorch_model.safetensors"), *gguf = whole_path ("mmdit.gguf");
  g_autofree char *rest = whole_path ("rest.safetensors");
  TinyModel *const all[] = { vae, clip, clip, t5 };
  sd3_engine *one = whole_open_good ("all.safetensors"), *two, *three;
  sd3_request request = whole_request (one);
  g_autofree guint8 *a = whole_make (one, &request), *b = NULL, *c = NULL;

  write_shards (theirs, "sharded/transformer", "diffusion_pytorch_model");
  write_shards (t5, "sharded/text_encoder_3", "model");
  tiny_write (clip_l, &clip, (const char *[]) { "" }, 1, "F32");
  tiny_write (clip_g, &clip, (const char *[]) { "" }, 1, "F32");
  tiny_write (vae_path, &vae, (const char *[]) { "" }, 1, "F32");
  two = whole_open_good ("sharded");
  b = whole_make (two, &request);
  g_assert_cmpmem (a, BYTES, b, BYTES);
  tiny_write_gguf (gguf, mmdit, GGML_TYPE_F32);
  tiny_write (rest, all, (const char *[]) { "first_stage_model.", "text_encoders.clip_l.transformer.", "text_encoders.clip_g.transformer.",
                                            "text_encoders.t5xxl.transformer." }, 4, "F32");
  three = whole_open ((const char *[]) { "mmdit.gguf", "rest.safetensors" }, 2, NULL, NULL);
  c = whole_make (three, &request);
  g_assert_cmpmem (a, BYTES, c, BYTES);
  sd3_close (one);
  sd3_close (two);
  sd3_close (three);
}

/* Weights in every type: as near to the picture of F32 as the type lets it be; the same type in another file is the same. */
static void
test_types (void)
{
  static const struct { const char *dtype; enum ggml_type gguf; int most; } cases[] = {
    { "F16", GGML_TYPE_F16, 2 }, { "BF16", GGML_TYPE_BF16, 6 }, { "F8_E4M3", 0, 40 }, { "F8_SCALED", 0, 40 }, { NULL, GGML_TYPE_Q8_0, 10 },
    { NULL, GGML_TYPE_Q6_K, 12 }, { NULL, GGML_TYPE_Q5_K, 20 }, { NULL, GGML_TYPE_Q4_K, 30 }, { NULL, GGML_TYPE_Q4_0, 90 },
  };
  static const char *const names[] = { "typed.safetensors", "vae.safetensors", "clip_l.safetensors", "clip_g.safetensors" };
  static const char *const packed_names[] = { "typed.gguf", "vae.safetensors", "clip_l.safetensors", "clip_g.safetensors" };
  static const char *const exact_names[] = { "mmdit.safetensors", "vae.safetensors", "clip_l.safetensors", "clip_g.safetensors" };
  g_autoptr (TinyModel) mmdit = tiny_mmdit (2, true, 1);
  g_autofree char *path = whole_path ("typed.safetensors"), *gguf = whole_path ("typed.gguf");
  sd3_engine *engine = whole_open (exact_names, 4, NULL, NULL);
  sd3_request request = whole_request (engine);
  g_autofree guint8 *exact = NULL;

  request.guidance = 1;
  exact = whole_make (engine, &request);
  sd3_close (engine);
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree guint8 *plain = NULL, *packed = NULL;

      if (cases[i].dtype)
        {
          tiny_write (path, &mmdit, (const char *[]) { "" }, 1, cases[i].dtype);
          engine = whole_open (names, 4, NULL, NULL);
          plain = whole_make (engine, &request);
          sd3_close (engine);
          g_test_message ("%s: %d", cases[i].dtype, whole_largest_difference (plain, exact));
          g_assert_cmpint (whole_largest_difference (plain, exact), <=, cases[i].most);
        }
      if (cases[i].gguf)
        {
          tiny_write_gguf (gguf, mmdit, cases[i].gguf);
          engine = whole_open (packed_names, 4, NULL, NULL);
          packed = whole_make (engine, &request);
          sd3_close (engine);
          g_test_message ("GGUF %s: %d", ggml_type_name (cases[i].gguf), whole_largest_difference (packed, exact));
          g_assert_cmpint (whole_largest_difference (packed, exact), >, 0);
          g_assert_cmpint (whole_largest_difference (packed, exact), <=, cases[i].most);
        }
      if (plain && packed)
        g_assert_cmpmem (plain, BYTES, packed, BYTES);
    }
}

static void
test_same_and_other (void)
{
  sd3_engine *engine = whole_open_good ("all.safetensors");
  sd3_request request = whole_request (engine);
  g_autofree guint8 *a = whole_make (engine, &request), *again = whole_make (engine, &request), *seed = NULL, *prompt = NULL, *alone = NULL, *still = NULL;

  g_assert_cmpmem (a, BYTES, again, BYTES);
  request.seed = 8;
  seed = whole_make (engine, &request);
  g_assert_cmpint (whole_largest_difference (a, seed), >, 10);
  request.seed = 7;
  request.prompt = "a horse";
  prompt = whole_make (engine, &request);
  g_assert_cmpint (whole_largest_difference (a, prompt), >, 0);
  /* Without guidance the negative prompt has no effect. */
  request.guidance = 1;
  alone = whole_make (engine, &request);
  request.negative = "something else";
  still = whole_make (engine, &request);
  g_assert_cmpmem (alone, BYTES, still, BYTES);
  sd3_close (engine);
}

static void
test_from_picture (void)
{
  sd3_engine *engine = whole_open_good ("all.safetensors");
  sd3_request request = whole_request (engine);
  g_autofree guint8 *white = g_malloc (BYTES), *black = g_malloc0 (BYTES), *a = NULL, *b = NULL, *c = NULL, *d = NULL;

  memset (white, 255, BYTES);
  request.steps = 4;
  request.picture = white;
  request.strength = 0.3;
  a = whole_make (engine, &request);
  request.picture = black;
  b = whole_make (engine, &request);
  g_assert_cmpint (whole_largest_difference (a, b), >, 0);
  /* At full strength nothing of it stays. */
  request.strength = 1;
  c = whole_make (engine, &request);
  request.picture = NULL;
  d = whole_make (engine, &request);
  g_assert_cmpmem (c, BYTES, d, BYTES);
  sd3_close (engine);
}

/* Strength 0: what the reference does, where no step is left. The picture goes through the VAE and back, whatever else is asked. */
static void
test_kept_picture (void)
{
  sd3_engine *engine = whole_open_good ("all.safetensors");
  sd3_request request = whole_request (engine);
  g_autofree guint8 *start = g_malloc (BYTES), *kept = NULL, *other = NULL;
  g_autofree float *rgb = g_new (float, 3 * SIDE * SIDE), *moments = g_new (float, 32 * SIDE * SIDE / 64);
  uint64_t needed = sd3_memory_needed (engine, &request);

  for (int i = 0; i < BYTES; i++)
    start[i] = (guint8) (i * 7 % 256);
  request.picture = start;
  request.strength = 0;
  kept = whole_make (engine, &request);
  for (int i = 0; i < BYTES; i++)
    rgb[i % 3 * SIDE * SIDE + i / 3] = start[i] / 127.5f - 1;
  g_assert_true (sd3_vae_run (engine->encoder, rgb, SIDE, SIDE, NULL, moments, NULL));
  g_assert_true (sd3_vae_run (engine->decoder, moments, SIDE / 8, SIDE / 8, NULL, rgb, NULL));
  for (int i = 0; i < BYTES; i++)
    g_assert_cmpfloat_with_epsilon (kept[i], CLAMP ((rgb[i % 3 * SIDE * SIDE + i / 3] + 1) * 127.5f, 0, 255), 0.51f);
  g_assert_cmpuint (sd3_memory_needed (engine, &request), <, needed); /* neither encoders nor transformer */
  request.prompt = "something else";
  request.seed = 8;
  request.steps = 9;
  request.guidance = 1;
  other = whole_make (engine, &request);
  g_assert_cmpmem (kept, BYTES, other, BYTES);
  sd3_close (engine);
}

static bool
stop_cb (void     *opaque,
         sd3_phase phase,
         int       done,
         int       total)
{
  int *calls = opaque;

  if (phase != SD3_PHASE_STEPS || done == 0)
    return true;
  g_assert_cmpint (done, ==, ++*calls);
  g_assert_cmpint (total, ==, 5);
  return done < 2;
}

static bool
cancelled_cb (void *opaque)
{
  return true;
}

static void
test_cancel (void)
{
  sd3_engine *engine = whole_open_good ("all.safetensors");
  sd3_request request = whole_request (engine);
  g_autofree guint8 *whole = whole_make (engine, &request), *after = NULL;
  int calls = 0;
  sd3_picture picture;
  sd3_error error = { "" };

  request.steps = 5;
  request.progress = stop_cb;
  request.opaque = &calls;
  g_assert_false (sd3_generate (engine, &request, &picture, &error));
  g_assert_cmpstr (error.text, ==, "It was cancelled.");
  g_assert_cmpint (calls, ==, 2);
  request.progress = NULL;
  request.prompt = "never seen";
  request.cancelled = cancelled_cb;
  g_assert_false (sd3_generate (engine, &request, &picture, &error));
  g_assert_cmpstr (error.text, ==, "It was cancelled.");
  request = whole_request (engine);
  after = whole_make (engine, &request);
  g_assert_cmpmem (whole, BYTES, after, BYTES);
  sd3_close (engine);
}

static void
test_pieces (void)
{
  static const struct { const char *names[4]; int n; const char *says; } cases[] = {
    { { "mmdit.safetensors" }, 1, "no text encoder" },
    { { "mmdit.safetensors", "clip_l.safetensors", "clip_g.safetensors" }, 3, "the VAE" },
    { { "vae.safetensors", "clip_l.safetensors" }, 2, "the transformer" },
    { { "mmdit.safetensors", "vae.safetensors", "clip_l.safetensors", "clip_g.safetensors" }, 4, NULL },
    { { "mmdit.safetensors", "vae.safetensors", "clip_g.safetensors" }, 3, NULL },
    { { "all.safetensors", "vae.safetensors" }, 2, "both bring" },
    { { "folder/vae" }, 1, "no part “transformer”" },
    { { "missing" }, 1, "cannot be opened" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      sd3_error error = { "" };
      sd3_engine *engine = whole_open (cases[i].names, cases[i].n, NULL, &error);

      if (cases[i].says)
        {
          g_assert_null (engine);
          if (!strstr (error.text, cases[i].says))
            g_error ("“%s” should say “%s”", error.text, cases[i].says);
          continue;
        }
      if (!engine)
        g_error ("%s", error.text);
      g_assert_false (sd3_get_info (engine)->has_t5);
      g_free (whole_make (engine, &(sd3_request[]) { whole_request (engine) }[0]));
      sd3_close (engine);
    }
}

/* The official models by their names and shapes alone; their sizes are those the makers give. */
static void
test_variants (void)
{
  static const struct { const char *name; int depth, width, grid; bool qk_norm; int n_dual; guint n_tensors; double parameters;
                        sd3_variant variant; bool may_be_turbo; int side, steps; } cases[] = {
    { "some.safetensors", 24, 1536, 192, false, 0, 491, 2.085e9, SD3_VARIANT_MEDIUM, false, 3072, 28 },
    { "b.safetensors", 24, 1536, 384, true, 13, 665, 2.470e9, SD3_VARIANT_35_MEDIUM, false, 6144, 40 },
    { "c.safetensors", 38, 2432, 192, true, 0, 923, 8.146e9, SD3_VARIANT_35_LARGE, true, 3072, 28 },
    { "sd3.5_Large-Turbo.safetensors", 38, 2432, 192, true, 0, 923, 8.146e9, SD3_VARIANT_35_LARGE_TURBO, false, 3072, 4 },
    { "d.safetensors", 3, 192, 12, true, 1, 0, 0, SD3_VARIANT_OTHER, false, 192, 20 },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TinyModel) model = tiny_hollow_mmdit (cases[i].depth, cases[i].width, cases[i].grid, cases[i].qk_norm, cases[i].n_dual);
      g_autofree char *path = whole_path (cases[i].name);
      double table = (double) cases[i].grid * cases[i].grid * cases[i].width;
      sd3_error error = { "" };
      sd3_engine *engine;

      tiny_write_hollow (path, model);
      engine = whole_open ((const char *[]) { cases[i].name, "clip_g.safetensors", "vae.safetensors" }, 3, NULL, &error);
      if (!engine)
        g_error ("%s", error.text);
      g_assert_cmpint (sd3_get_info (engine)->variant, ==, cases[i].variant);
      g_assert_cmpint (sd3_get_info (engine)->may_be_turbo, ==, cases[i].may_be_turbo);
      g_assert_cmpint (sd3_get_info (engine)->largest_side, ==, cases[i].side);
      g_assert_cmpint (sd3_defaults (engine).steps, ==, cases[i].steps);
      sd3_set_turbo (engine, true);
      g_assert_cmpint (sd3_defaults (engine).steps, ==, cases[i].may_be_turbo ? 4 : cases[i].steps);
      sd3_set_turbo (engine, false);
      g_assert_cmpint (sd3_defaults (engine).steps, ==, cases[i].steps);
      if (cases[i].n_tensors > 0)
        {
          g_assert_cmpuint (model->len, ==, cases[i].n_tensors);
          /* Halves, but vectors in F32; the table of positions stays in the file. */
          g_assert_cmpfloat_with_epsilon ((double) sd3_get_info (engine)->transformer_size / 2 / (cases[i].parameters - table), 1, 0.002);
        }
      sd3_close (engine);
      g_remove (path);
    }
}

static void
test_requests (void)
{
  sd3_engine *engine = whole_open_good ("all.safetensors");
  g_autoptr (GString) longest = g_string_new (NULL);
  g_autofree char *too_long = g_strnfill (50000, 'a');
  sd3_request good = whole_request (engine), bad[8];
  static const char *const says[] = { "multiples of 16", "multiples of 16", "multiples of 16", "number of steps", "number of steps", "not valid text", "too long", "T5 takes" };
  sd3_picture picture;
  sd3_error error = { "" };

  for (int i = 0; i < 8; i++)
    bad[i] = good;
  bad[0].width = 72;
  bad[1].height = 208;
  bad[2].width = -16;
  bad[3].steps = 0;
  bad[4].steps = 100000;
  bad[5].prompt = "\xc3(";
  bad[6].prompt = too_long;
  bad[7].t5_length = 1000;
  for (int i = 0; i < 8; i++)
    {
      g_assert_false (sd3_generate (engine, &bad[i], &picture, &error));
      g_assert_cmpint (error.kind, ==, SD3_ERROR_REQUEST);
      if (!strstr (error.text, says[i]))
        g_error ("“%s” should say “%s”", error.text, says[i]);
    }
  for (int i = 0; i < 400; i++)
    g_string_append (longest, "lighthouse fog ");
  good.prompt = longest->str;
  g_assert_true (sd3_generate (engine, &good, &picture, &error));
  g_assert_cmpint (picture.clip_cut, ==, 200);
  g_assert_cmpint (picture.t5_cut, >, 0);
  free (picture.rgb);
  good.clip_chunks = 1;
  g_assert_true (sd3_generate (engine, &good, &picture, &error));
  g_assert_cmpint (picture.clip_cut, ==, 725);
  free (picture.rgb);
  sd3_close (engine);
}

int
main (int    argc,
      char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  whole_set_up ();
  whole_write_models ();
  g_test_add_func ("/picture/routes", test_routes);
  g_test_add_func ("/picture/more-routes", test_more_routes);
  g_test_add_func ("/picture/types", test_types);
  g_test_add_func ("/picture/groups", test_groups);
  g_test_add_func ("/picture/side", test_side);
  g_test_add_func ("/picture/same-and-other", test_same_and_other);
  g_test_add_func ("/picture/from-picture", test_from_picture);
  g_test_add_func ("/picture/kept-picture", test_kept_picture);
  g_test_add_func ("/picture/cancel", test_cancel);
  g_test_add_func ("/picture/pieces", test_pieces);
  g_test_add_func ("/picture/variants", test_variants);
  g_test_add_func ("/picture/requests", test_requests);
  status = g_test_run ();
  whole_tear_down ();
  return status;
}
