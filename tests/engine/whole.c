/* A tiny model with everything in it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "whole.h"

#include <stdlib.h>

static char *folder;

void
whole_set_up (void)
{
  folder = g_dir_make_tmp ("sfumato-XXXXXX", NULL);
}

void
whole_tear_down (void)
{
  tiny_remove_folder (folder);
  g_clear_pointer (&folder, g_free);
}

char *
whole_path (const char *name)
{
  char *path = g_build_filename (folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  return path;
}

void
whole_write (const char *name,
             TinyModel  *mmdit,
             TinyModel  *clip,
             TinyModel  *t5,
             TinyModel  *vae,
             const char *dtype)
{
  TinyModel *const all[] = { mmdit, vae, clip, clip, t5 };
  g_autofree char *path = whole_path (name);

  tiny_write (path, all, (const char *[]) { "model.diffusion_model.", "first_stage_model.", "text_encoders.clip_l.transformer.",
                                            "text_encoders.clip_g.transformer.", "text_encoders.t5xxl.transformer." }, 5, dtype);
}

static void
write_one (const char *name,
           TinyModel  *model)
{
  g_autofree char *path = whole_path (name);

  tiny_write (path, &model, (const char *[]) { "" }, 1, "F32");
}

void
whole_write_models (void)
{
  g_autoptr (TinyModel) mmdit = tiny_mmdit (2, true, 1), clip = tiny_clip (49408, 64), t5 = tiny_t5 (200, 4096), vae = tiny_vae ();
  g_autoptr (TinyModel) theirs = tiny_diffusers_mmdit (mmdit);
  g_autofree char *spiece = whole_path ("folder/tokenizer_3/spiece.model"), *model = NULL;
  gsize size;

  whole_write ("all.safetensors", mmdit, clip, t5, vae, "F32");
  write_one ("folder/transformer/diffusion_pytorch_model.safetensors", theirs);
  write_one ("folder/text_encoder/model.safetensors", clip);
  write_one ("folder/text_encoder_2/model.safetensors", clip);
  write_one ("folder/text_encoder_3/model.safetensors", t5);
  write_one ("folder/vae/diffusion_pytorch_model.safetensors", vae);
  write_one ("mmdit.safetensors", mmdit);
  write_one ("vae.safetensors", vae);
  write_one ("clip_l.safetensors", clip);
  write_one ("clip_g.safetensors", clip);
  write_one ("t5.safetensors", t5);
  g_assert_true (g_file_get_contents (FIXTURES "/unigram.model", &model, &size, NULL));
  g_assert_true (g_file_set_contents (spiece, model, (gssize) size, NULL));
}

sd3_engine *
whole_open (const char *const *names,
            int                n,
            const sd3_options *options,
            sd3_error         *error)
{
  sd3_options all = options ? *options : (sd3_options) { 0 };
  const char *paths[8] = { NULL };
  sd3_engine *engine;

  for (int i = 0; i < n; i++)
    paths[i] = whole_path (names[i]);
  all.paths = paths;
  all.n_paths = n;
  all.device = tiny_device ();
  all.n_threads = 1;
  all.clip_merges = CLIP_MERGES;
  all.t5_model = FIXTURES "/unigram.model";
  engine = sd3_open (&all, error);
  for (int i = 0; i < n; i++)
    g_free ((char *) paths[i]);
  return engine;
}

sd3_engine *
whole_open_good (const char *name)
{
  sd3_error error = { "" };
  sd3_engine *engine = whole_open (&name, 1, NULL, &error);

  if (!engine)
    g_error ("%s", error.text);
  return engine;
}

sd3_request
whole_request (sd3_engine *engine)
{
  sd3_request request = sd3_defaults (engine);

  request.prompt = "a lighthouse in the fog";
  request.negative = "glass";
  request.width = request.height = SIDE;
  request.steps = 2;
  request.guidance = 3;
  request.seed = 7;
  return request;
}

guint8 *
whole_make (sd3_engine        *engine,
            const sd3_request *request)
{
  sd3_error error = { "" };
  sd3_picture picture;

  if (!sd3_generate (engine, request, &picture, &error))
    g_error ("%s", error.text);
  g_assert_true (picture.width == SIDE && picture.height == SIDE);
  return picture.rgb;
}

int
whole_largest_difference (const guint8 *a,
                          const guint8 *b)
{
  int most = 0;

  for (int i = 0; i < BYTES; i++)
    most = MAX (most, abs (a[i] - b[i]));
  return most;
}
