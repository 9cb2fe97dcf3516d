/* The engine against the reference implementation: the same files, prompts and seeds gave these pictures in PyTorch
 * (tests/engine/reference/make), and every way in which the weights can be stored gives the same picture.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "expected.h"
#include "stages.h"
#include "tiny-layouts.h"

#include "engine/noise.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <stdlib.h>
#include <string.h>

static char     *folder;
static GKeyFile *expected;

static char *
in_folder (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

static int
number (const char *group,
        const char *key)
{
  return expected_number (expected, group, key);
}

static void
write_one (const char *name,
           TinyModel  *model)
{
  g_autofree char *path = in_folder (name);

  tiny_write (path, &model, (const char *[]) { "" }, 1, "F32");
}

static void
write_encoders (void)
{
  g_autoptr (TinyModel) l = tiny_clip (49408, 64), g = tiny_clip (49408, 128), t5 = tiny_t5 (200, 4096), vae = tiny_vae ();

  write_one ("clip_l.safetensors", l);
  write_one ("clip_g.safetensors", g);
  write_one ("t5.safetensors", t5);
  write_one ("vae.safetensors", vae);
}

static TinyModel *
transformer_of (const char *group)
{
  return tiny_mmdit_of (number (group, "depth"), number (group, "hidden"), number (group, "grid"), number (group, "qk_norm"), number (group, "dual"));
}

static sd3_sampler
sampler_of (const char *group)
{
  g_autofree char *name = g_key_file_get_string (expected, group, "sampler", NULL);

  return strcmp (name, "euler") == 0 ? SD3_SAMPLER_EULER : SD3_SAMPLER_DPMPP_2M;
}

static guint8 *
start_picture (int width,
               int height)
{
  guint8 *rgb = g_malloc ((gsize) width * height * 3), *at = rgb;

  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++, at += 3)
      {
        at[0] = (guint8) (x * 255 / (width - 1));
        at[1] = (guint8) (y * 255 / (height - 1));
        at[2] = (guint8) (x * y * 7 % 256);
      }
  return rgb;
}

static sd3_engine *
open_files (const char *const *names,
            sd3_trace         *trace)
{
  const char *paths[8] = { NULL };
  int n = 0;
  sd3_error error = { 0 };
  sd3_engine *engine;

  for (; names[n]; n++)
    paths[n] = in_folder (names[n]);
  engine = sd3_open (&(sd3_options) { .paths = paths, .n_paths = n, .n_threads = 1, .device = tiny_device (), .clip_merges = CLIP_MERGES,
                                      .t5_model = FIXTURES "/unigram.model", .trace = trace }, &error);
  if (!engine)
    g_error ("%s", error.text);
  for (int i = 0; i < n; i++)
    g_free ((char *) paths[i]);
  return engine;
}

/* What the group of the key file asks for. */
static guint8 *
make_picture (sd3_engine *engine,
              const char *group)
{
  g_autofree char *prompt = g_key_file_get_string (expected, group, "prompt", NULL), *negative = g_key_file_get_string (expected, group, "negative", NULL);
  int width = number (group, "width"), height = number (group, "height");
  g_autofree guint8 *start = number (group, "from_picture") ? start_picture (width, height) : NULL;
  sd3_request request = sd3_defaults (engine);
  sd3_picture picture;
  sd3_error error = { 0 };

  request.prompt = prompt;
  request.negative = negative;
  request.width = width;
  request.height = height;
  request.steps = number (group, "steps");
  request.sampler = sampler_of (group);
  request.shift = g_key_file_get_double (expected, group, "shift", NULL);
  request.guidance = (float) g_key_file_get_double (expected, group, "guidance", NULL);
  request.skip_guidance = (float) g_key_file_get_double (expected, group, "skip_guidance", NULL);
  request.strength = g_key_file_get_double (expected, group, "strength", NULL);
  request.seed = g_key_file_get_uint64 (expected, group, "seed", NULL);
  request.picture = start;
  if (!sd3_generate (engine, &request, &picture, &error))
    g_error ("%s", error.text);
  return picture.rgb;
}

/* Both round the same picture to 8 bits, so that a value differs where the two lie on either side of a half, and then by
 * one. In F32 the engine is off by about 1e-4 of a pass's norm (ggml's GELU reads a table of halves), which guidance
 * makes more of: about one value in fifty. Weights in F16 are themselves rounded, and what they are multiplied with is
 * rounded to halves, or to BF16 by kernels that are faster: a mean of 0.1 and 0.2. The bounds are twice that. */

/* ---- Comparing --------------------------------------------------------------------------------------------- */

static void
compare (const char   *label,
         const char   *group,
         const guint8 *rgb,
         int           most,
         double        mean)
{
  g_autofree char *name = g_strconcat (group, ".png", NULL), *path = g_build_filename (REFERENCE, name, NULL);
  g_autoptr (GdkPixbuf) theirs = gdk_pixbuf_new_from_file (path, NULL);
  int width = number (group, "width"), height = number (group, "height"), largest = 0;
  double sum = 0;

  g_assert_true (theirs && gdk_pixbuf_get_width (theirs) == width && gdk_pixbuf_get_height (theirs) == height && gdk_pixbuf_get_n_channels (theirs) == 3);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < 3 * width; x++)
      {
        int difference = abs (gdk_pixbuf_read_pixels (theirs)[y * gdk_pixbuf_get_rowstride (theirs) + x] - rgb[y * 3 * width + x]);

        largest = MAX (largest, difference);
        sum += difference;
      }
  sum /= 3.0 * width * height;
  g_test_message ("%s: largest difference to the reference %d of 255, mean %.4f", label, largest, sum);
  g_assert_cmpint (largest, <=, most);
  g_assert_cmpfloat (sum, <=, mean);
}

static void
check_stages (const char *group,
              Stages     *stages)
{
  g_auto (GStrv) names = expected_stages (expected, group);

  g_assert_cmpuint (g_strv_length (names), >, 8);
  for (char **name = names; *name; name++)
    {
      GArray *values = g_hash_table_lookup (stages->by_name, *name);

      if (strcmp (*name, "noise") == 0)
        continue;
      if (!values)
        g_error ("The engine shows no “%s”", *name);
      expected_check (expected, group, *name, &g_array_index (values, float, 0), values->len, 1e-3);
    }
}

static void
check_noise (const char *group)
{
  size_t n = (size_t) number (group, "width") / 8 * number (group, "height") / 8 * 16;
  g_autofree float *noise = g_new (float, n);

  sd3_noise (g_key_file_get_uint64 (expected, group, "seed", NULL), noise, n);
  expected_check (expected, group, "noise", noise, n, 1e-7);
}

static void
test_picture (gconstpointer data)
{
  const char *group = data;
  g_autoptr (TinyModel) model = transformer_of (group);
  g_autofree guint8 *rgb = NULL;
  const char *names[] = { "transformer.safetensors", "vae.safetensors", "clip_l.safetensors", "clip_g.safetensors", NULL, NULL };
  Stages stages;
  sd3_engine *engine;

  if (number (group, "t5"))
    names[4] = "t5.safetensors";
  write_one (names[0], model);
  stages_init (&stages);
  engine = open_files (names, &stages.trace);
  rgb = make_picture (engine, group);
  check_noise (group);
  check_stages (group, &stages);
  compare (group, group, rgb, 1, 0.05);
  sd3_close (engine);
  stages_clear (&stages);
}

/* ---- Every way to store the weights ------------------------------------------------------------------------ */

#define ROUTE "routes"

enum { MMDIT, VAE, CLIP_L, CLIP_G, T5, N_PARTS };

static const char *const prefixes[N_PARTS] = {
  "model.diffusion_model.", "first_stage_model.", "text_encoders.clip_l.transformer.", "text_encoders.clip_g.transformer.", "text_encoders.t5xxl.transformer.",
};

static char *
in_part (const char *root,
         const char *part)
{
  char *path = g_build_filename (folder, root, part, NULL);

  g_assert_cmpint (g_mkdir_with_parents (path, 0700), ==, 0);
  return path;
}

static void
write_in_part (const char *root,
               const char *part,
               const char *name,
               TinyModel  *model)
{
  g_autofree char *at = in_part (root, part), *path = g_build_filename (at, name, NULL);

  tiny_write (path, &model, (const char *[]) { "" }, 1, "F16");
}

static void
write_text (const char *root,
            const char *part,
            const char *name,
            const char *text,
            gssize      size)
{
  g_autofree char *at = in_part (root, part), *path = g_build_filename (at, name, NULL);

  g_assert_true (g_file_set_contents (path, text, size, NULL));
}

/* As diffusers downloads it: in F32's names or in those of the variant "fp16", the large parts whole or in shards. */
static void
write_folder (const char        *root,
              TinyModel  *const *parts,
              bool               sharded)
{
  g_autoptr (TinyModel) mmdit = tiny_diffusers_mmdit (parts[MMDIT]), vae = tiny_diffusers_vae (parts[VAE]);
  g_autofree char *transformer = in_part (root, "transformer"), *t5 = in_part (root, "text_encoder_3"), *model = NULL;
  gsize size;

  if (sharded)
    {
      tiny_write_shards (transformer, "diffusion_pytorch_model", "diffusion_pytorch_model.safetensors.index.json", mmdit, 3, "F16");
      tiny_write_shards (t5, "model.fp16", "model.safetensors.index.fp16.json", parts[T5], 2, "F16");
    }
  else
    {
      write_in_part (root, "transformer", "diffusion_pytorch_model.safetensors", mmdit);
      write_in_part (root, "text_encoder_3", "model.fp16.safetensors", parts[T5]);
    }
  write_in_part (root, "text_encoder", sharded ? "model.safetensors" : "model.fp16.safetensors", parts[CLIP_L]);
  write_in_part (root, "text_encoder_2", sharded ? "model.safetensors" : "model.fp16.safetensors", parts[CLIP_G]);
  write_in_part (root, "vae", "diffusion_pytorch_model.safetensors", vae);
  write_text (root, "", "model_index.json", "{\"_class_name\":\"StableDiffusion3Pipeline\"}", -1);
  write_text (root, "text_encoder", "config.json", "{\"num_attention_heads\":1,\"hidden_act\":\"quick_gelu\"}", -1);
  g_assert_true (g_file_get_contents (FIXTURES "/unigram.model", &model, &size, NULL));
  write_text (root, "tokenizer_3", "spiece.model", model, (gssize) size);
}

static void
write_routes (void)
{
  g_autoptr (TinyModel) mmdit = transformer_of (ROUTE), vae = tiny_vae (), l = tiny_clip (49408, 64), g = tiny_clip (49408, 128), t5 = tiny_t5 (200, 4096);
  TinyModel *const parts[N_PARTS] = { mmdit, vae, l, g, t5 };
  static const char *const files[N_PARTS] = { "mmdit", "vae", "clip_l", "clip_g", "t5" };
  g_autofree char *all = in_folder ("all.safetensors"), *gguf = in_folder ("all.gguf"), *alone = in_folder ("mmdit.gguf"), *one = in_folder ("two.safetensors");

  tiny_write (all, parts, prefixes, N_PARTS, "F16");
  tiny_write (one, parts, prefixes, 2, "F16");
  tiny_write_gguf_of (gguf, parts, prefixes, N_PARTS);
  tiny_write_gguf_of (alone, parts, (const char *[]) { "" }, 1);
  for (int i = 0; i < N_PARTS; i++)
    {
      g_autofree char *name = g_strconcat (files[i], ".fp16.safetensors", NULL), *path = in_folder (name);

      tiny_write (path, &parts[i], (const char *[]) { "" }, 1, "F16");
    }
  write_folder ("folder", parts, false);
  write_folder ("shards", parts, true);
}

static void
test_routes (void)
{
  static const char *const routes[][N_PARTS + 1] = {
    { "all.safetensors" },
    { "two.safetensors", "clip_l.fp16.safetensors", "clip_g.fp16.safetensors", "t5.fp16.safetensors" },
    { "mmdit.fp16.safetensors", "vae.fp16.safetensors", "clip_l.fp16.safetensors", "clip_g.fp16.safetensors", "t5.fp16.safetensors" },
    { "folder" },
    { "shards" },
    { "all.gguf" },
    { "mmdit.gguf", "vae.fp16.safetensors", "clip_l.fp16.safetensors", "clip_g.fp16.safetensors", "t5.fp16.safetensors" },
  };
  gsize size = (gsize) number (ROUTE, "width") * number (ROUTE, "height") * 3;
  g_autofree guint8 *first = NULL;

  write_routes ();
  for (size_t i = 0; i < G_N_ELEMENTS (routes); i++)
    {
      sd3_engine *engine = open_files (routes[i], NULL);
      g_autofree guint8 *rgb = make_picture (engine, ROUTE);

      sd3_close (engine);
      compare (routes[i][0], ROUTE, rgb, 3, 0.4);
      if (first)
        g_assert_cmpmem (rgb, size, first, size);
      else
        first = g_steal_pointer (&rgb);
    }
}

int
main (int    argc,
      char **argv)
{
  g_auto (GStrv) groups = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("sfumato-XXXXXX", NULL);
  expected = expected_load ("pictures.ini");
  write_encoders ();
  groups = g_key_file_get_groups (expected, NULL);
  for (char **group = groups; *group; group++)
    {
      g_autofree char *path = g_strconcat ("/reference/picture/", *group, NULL);

      g_test_add_data_func (path, *group, test_picture);
    }
  g_test_add_func ("/reference/routes", test_routes);
  status = g_test_run ();
  g_key_file_unref (expected);
  tiny_remove_folder (folder);
  g_free (folder);
  return status;
}
