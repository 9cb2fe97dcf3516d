/* The door for checking, as anybody uses it: files in, files out. Whole samplings against the reference's values, and
 * every route to the same weights gives the same result.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "tiny.h"

#include "engine/clip-tokens.h"
#include "engine/inputs.h"
#include "engine/safetensors-write.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define N (16 * 8 * 12)

static char *folder;

static char *
in_folder (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

static void
write_inputs (const char *name,
              const char *latent, /* what "init" is made of, or NULL */
              bool        mask)
{
  static const struct { const char *as, *from; int n_dims; int64_t shape[3]; } tensors[] = {
    { "context", "in.ctx", 2, { 20, 4096 } },
    { "pooled", "in.y", 1, { 2048 } },
    { "negative.context", "in.uctx", 2, { 20, 4096 } },
    { "negative.pooled", "in.uy", 1, { 2048 } },
    { "init", "in.lat", 3, { 16, 8, 12 } },
  };
  g_autofree char *path = in_folder (name);
  sd3_writer *writer = sd3_writer_new ();
  float parts[N];

  for (size_t i = 0; i < G_N_ELEMENTS (tensors) - !latent; i++)
    {
      size_t n = (size_t) (tensors[i].shape[0] * (tensors[i].n_dims > 1 ? tensors[i].shape[1] : 1) * (tensors[i].n_dims > 2 ? tensors[i].shape[2] : 1));
      g_autofree float *data = tiny_data (tensors[i].from, 1, n);

      sd3_writer_add (writer, tensors[i].as, "F32", tensors[i].n_dims, tensors[i].shape, data, n * sizeof *data);
    }
  for (int i = 0; i < N; i++)
    parts[i] = i % 12 <= 5;
  if (mask)
    sd3_writer_add (writer, "mask", "F32", 3, (int64_t[]) { 16, 8, 12 }, parts, sizeof parts);
  g_assert_true (sd3_writer_save (writer, path, NULL));
  sd3_writer_free (writer);
}

/* Runs the engine with a model, inputs and further options; its sentence when it fails. */
static char *
run_engine (const char *model,
            const char *inputs,
            const char *more)
{
  g_autofree char *model_path = in_folder (model), *inputs_path = in_folder (inputs);
  g_autofree char *line = g_strdup_printf ("%s --trace %s --model %s --inputs %s --threads 1 --device %s %s",
                                           ENGINE, folder, model_path, inputs_path, tiny_device (), more);
  g_auto (GStrv) arguments = g_strsplit (g_strchomp (line), " ", -1);
  g_autoptr (GSubprocess) engine = NULL;
  char *said = NULL;

  /* "_" in an argument of its own stands for a space, so that a prompt can have some. */
  for (char **argument = arguments; *argument; argument++)
    if (g_str_has_prefix (*argument, "--prompt="))
      g_strdelimit (*argument, "_", ' ');
  engine = g_subprocess_newv ((const char *const *) arguments, G_SUBPROCESS_FLAGS_STDERR_PIPE, NULL);
  g_assert_true (g_subprocess_communicate_utf8 (engine, NULL, NULL, NULL, &said, NULL));
  g_assert_true (g_subprocess_get_if_exited (engine));
  if (g_subprocess_get_exit_status (engine) == 0)
    g_clear_pointer (&said, g_free);
  return said;
}

static float *
read_stage (const char *part,
            const char *name,
            size_t      n)
{
  g_autofree char *file = g_strconcat (part, ".safetensors", NULL), *path = in_folder (file);
  sd3_inputs inputs;
  const sd3_entry *entry;
  sd3_error error = { "" };
  float *values;

  if (!sd3_inputs_open (&inputs, path, &error))
    g_error ("%s", error.text);
  entry = sd3_inputs_find (&inputs, name);
  g_assert_nonnull (entry);
  g_assert_cmpuint (entry->size, ==, n * sizeof *values);
  values = sd3_inputs_floats (&inputs, entry, &error);
  sd3_inputs_close (&inputs);
  return values;
}

static void
test_sampling (void)
{
  static const struct { const char *inputs, *more; double sum, norm; float first[4]; bool card; } cases[] = {
    { "plain", "--steps 4 --guidance 4.5", 101.894049, 122.252629, { .781582f, .989532f, .254415f, -2.3150f }, true },
    { "plain", "--steps 4", 72.870267, 58.959356, { 2.094995f, 2.889634f, -.013632f }, false },
    { "plain", "--steps 4 --guidance 4.5 --schedule simple", 227.193149, 118.518980, { 1.881360f, 2.085245f, .118600f }, false },
    { "plain", "--steps 4 --guidance 4.5 --rescale 0.7", 40.520812, 78.143381, { 1.177090f, 1.413310f, .793367f }, false },
    { "plain", "--steps 4 --guidance 4.5 --sampler heun", 273.352664, 113.654590, { .753124f, .370931f, -.194219f }, false },
    { "plain", "--steps 6 --guidance 4.5 --sampler dpmpp-2m", 972.992248, 190.223774, { 3.663939f, -2.287633f }, false },
    { "plain", "--steps 10 --guidance 4 --sampler dpmpp-2m --skip-guidance 2.5 --skip-layer 2", 227.459667, 105.911738, { 2.003956f, 2.632900f }, true },
    { "init", "--steps 10 --guidance 4.5 --strength 0.6", 137.842622, 96.150294, { 1.733855f, 1.937663f }, true },
    { "mask", "--steps 4 --guidance 4.5", 65.490494, 91.490496, { .565449f, 1.100760f, -.219044f }, false },
  };
  g_autoptr (TinyModel) model = tiny_mmdit (4, true, 2);
  g_autofree char *path = in_folder ("sampled.safetensors");

  tiny_write (path, &model, (const char *[]) { "model.diffusion_model." }, 1, "F32");
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *more = g_strconcat ("--seed 42 --width 96 --height 64 ", cases[i].more, NULL);
      g_autofree char *said = NULL;
      g_autofree float *result = NULL;
      size_t n_first = 0;

      /* Samplers and schedules are the processor's in any case: of a card some of them ask enough. */
      if (tiny_on_card () && !cases[i].card)
        continue;
      said = run_engine ("sampled.safetensors", cases[i].inputs, more);
      g_assert_cmpstr (said, ==, NULL);
      result = read_stage ("transformer", "result", N);
      while (n_first < 4 && cases[i].first[n_first] != 0)
        n_first++;
      tiny_check (cases[i].more, result, N, cases[i].sum, cases[i].norm, cases[i].first, n_first, tiny_on_card () ? 3e-2 : 1e-3);
    }
  g_remove (path);
}

/* A single file, bare or with prefixes, and GGUF: the same bytes come out. */
static void
test_routes (void)
{
  g_autoptr (TinyModel) model = tiny_mmdit (2, true, 1);
  g_autoptr (TinyModel) theirs = tiny_diffusers_mmdit (model);
  g_autofree char *bare = in_folder ("bare.safetensors"), *prefixed = in_folder ("prefixed.safetensors"), *gguf = in_folder ("all.gguf");
  g_autofree char *diffusers = in_folder ("diffusers.safetensors");
  static const char *const names[] = { "bare.safetensors", "prefixed.safetensors", "all.gguf", "diffusers.safetensors" };
  g_autofree float *first = NULL;

  tiny_write (bare, &model, (const char *[]) { "" }, 1, "F32");
  tiny_write (prefixed, &model, (const char *[]) { "model.diffusion_model." }, 1, "F32");
  tiny_write (diffusers, &theirs, (const char *[]) { "" }, 1, "F32");
  tiny_write_gguf (gguf, model, GGML_TYPE_F32);
  for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *said = run_engine (names[i], "plain", "--seed 7 --width 64 --height 48 --steps 3 --guidance 3");
      g_autofree float *result = NULL;

      g_assert_cmpstr (said, ==, NULL);
      result = read_stage ("transformer", "result", 16 * 6 * 8);
      if (first)
        g_assert_cmpmem (result, 16 * 6 * 8 * sizeof *result, first, 16 * 6 * 8 * sizeof *first);
      else
        first = g_steal_pointer (&result);
    }
}

static void
test_pass (void)
{
  g_autofree char *said = run_engine ("bare.safetensors", "plain", "--time 731.25 --width 64 --height 48");
  g_autofree float *embedded = NULL, *velocity = NULL;

  g_assert_cmpstr (said, ==, NULL);
  embedded = read_stage ("transformer", "context_embedder", 20 * 128);
  velocity = read_stage ("transformer", "velocity", 16 * 6 * 8);
  g_assert_true (isfinite (embedded[0]) && isfinite (velocity[0]));
}

/* The reference takes no step at strength 0: the latent stays what it was, whatever the noise is. */
static void
test_no_steps (void)
{
  g_autofree char *said = run_engine ("bare.safetensors", "init", "--strength 0 --steps 5 --seed 3");
  g_autofree float *result = NULL, *init = tiny_data ("in.lat", 1, N);

  g_assert_cmpstr (said, ==, NULL);
  result = read_stage ("transformer", "result", N);
  g_assert_cmpmem (result, N * sizeof *result, init, N * sizeof *init);
}

static void
write_ids (const char *prompt)
{
  g_autofree char *path = in_folder ("ids"), *merges = NULL;
  sd3_writer *writer = sd3_writer_new ();
  int32_t ids[77], t5[77] = { 12, 86, 82, 29, 31, 1 };
  sd3_clip_tokens *tokens;
  gsize size;
  int cut;

  g_assert_true (g_file_get_contents (CLIP_MERGES, &merges, &size, NULL));
  tokens = sd3_clip_tokens_new (merges, size, NULL, 0, NULL);
  g_assert_true (sd3_clip_tokens_fill (tokens, prompt, true, &ids, 1, &cut, NULL));
  sd3_writer_add (writer, "ids.clip_l", "I32", 1, (int64_t[]) { 77 }, ids, sizeof ids);
  for (int i = 76; ids[i - 1] == 49407; i--)
    ids[i] = 0;
  sd3_writer_add (writer, "ids.clip_g", "I32", 1, (int64_t[]) { 77 }, ids, sizeof ids);
  sd3_writer_add (writer, "ids.t5", "I32", 1, (int64_t[]) { 77 }, t5, sizeof t5);
  g_assert_true (sd3_writer_save (writer, path, NULL));
  sd3_writer_free (writer);
  sd3_clip_tokens_free (tokens);
}

/* A prompt's rows are [CLIP-L | CLIP-G | zeros], then T5's; its pooled vector is [CLIP-L | CLIP-G]. */
static void
test_prompt (void)
{
  g_autoptr (TinyModel) mmdit = tiny_mmdit (2, true, 0), clip = tiny_clip (49408, 64), t5 = tiny_t5 (200, 4096);
  g_autofree char *path = in_folder ("text.model.safetensors"), *said = NULL, *again = NULL;
  g_autofree float *l = NULL, *g = NULL, *t = NULL, *context = NULL, *pooled = NULL, *pooled_l = NULL, *pooled_g = NULL;

  tiny_write (path, (TinyModel *[]) { mmdit, clip, clip, t5 },
              (const char *[]) { "model.diffusion_model.", "text_encoders.clip_l.transformer.", "text_encoders.clip_g.transformer.",
                                 "text_encoders.t5xxl.transformer." }, 4, "F32");
  write_ids ("a lighthouse in the fog");
  said = run_engine ("text.model.safetensors", "ids", "");
  g_assert_cmpstr (said, ==, NULL);
  l = read_stage ("text", "clip_l.hidden", 77 * 64);
  g = read_stage ("text", "clip_g.hidden", 77 * 64);
  t = read_stage ("text", "t5.hidden", 77 * 4096);
  pooled_l = read_stage ("text", "clip_l.pooled", 64);
  pooled_g = read_stage ("text", "clip_g.projected", 64);
  again = run_engine ("text.model.safetensors", "plain", "--prompt=a_lighthouse_in_the_fog --width 32 --height 32 --steps 1 --clip-merges " CLIP_MERGES " --t5-model " FIXTURES "/unigram.model");
  g_assert_cmpstr (again, ==, NULL);
  context = read_stage ("transformer", "context", 154 * 4096);
  pooled = read_stage ("transformer", "pooled", 2048);
  for (int i = 0; i < 77; i++)
    {
      g_assert_cmpmem (context + i * 4096, 64 * sizeof *l, l + i * 64, 64 * sizeof *l);
      g_assert_cmpmem (context + i * 4096 + 64, 64 * sizeof *g, g + i * 64, 64 * sizeof *g);
      for (int j = 128; j < 4096; j++)
        g_assert_true (context[i * 4096 + j] == 0);
    }
  g_assert_cmpmem (context + 77 * 4096, 77 * 4096 * sizeof *t, t, 77 * 4096 * sizeof *t);
  g_assert_cmpmem (pooled, 64 * sizeof *pooled, pooled_l, 64 * sizeof *pooled);
  g_assert_cmpmem (pooled + 64, 64 * sizeof *pooled, pooled_g, 64 * sizeof *pooled);
  g_remove (path);
}

/* One number out of range in the weights is said, not painted; a single pass says where, and still shows its stages. */
static void
test_out_of_range (void)
{
  g_autoptr (TinyModel) model = tiny_mmdit (2, true, 0);
  g_autofree char *path = in_folder ("infinite.safetensors"), *said = NULL, *pass = NULL;

  tiny_find (model, "joint_blocks.1.x_block.mlp.fc2.bias")->data[0] = INFINITY;
  tiny_write (path, &model, (const char *[]) { "" }, 1, "F32");
  said = run_engine ("infinite.safetensors", "plain", "--width 64 --height 64 --steps 2");
  g_assert_nonnull (said);
  g_assert_nonnull (strstr (said, "ran out of range"));
  pass = run_engine ("infinite.safetensors", "plain", "--time 500 --width 64 --height 64");
  g_assert_nonnull (pass);
  g_assert_nonnull (strstr (pass, "ran out of range, first in “joint_blocks.1.x”"));
  g_free (read_stage ("transformer", "velocity", 16 * 8 * 8));
}

static void
test_refused (void)
{
  static const struct { const char *inputs, *more, *says; } cases[] = {
    { "plain", "", "size of the picture is missing" },
    { "plain", "--width 64 --height 40", "multiple of 16" },
    { "plain", "--width 64 --height 208", "at most" },
    { "plain", "--width 64 --height 64 --steps 0", "number of steps" },
    { "plain", "--width 64 --height 64 --shift 0", "outside of what it can be" },
    { "init", "--strength -0.1", "outside of what it can be" },
    { "init", "--strength 1.1", "outside of what it can be" },
    { "plain", "--width 64 --height 64 --skip-layer 2", "no layer 2" },
    { "nothing", "", "cannot be opened" },
    { "plain", "--sampler magic", "wrong option" },
    { "plain", "--seed -1", "wrong option" },
    { "plain", "--prompt cat --width 64 --height 64", "no text encoder" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *said = run_engine ("bare.safetensors", cases[i].inputs, cases[i].more);

      if (!said || !strstr (said, cases[i].says))
        g_error ("%s gave “%s”", cases[i].more, said ? said : "nothing");
    }
}

static void
remove_files (void)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)))
    {
      g_autofree char *path = in_folder (name);

      g_remove (path);
    }
  g_rmdir (folder);
}

int
main (int    argc,
      char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("sfumato-XXXXXX", NULL);
  write_inputs ("plain", NULL, false);
  write_inputs ("init", "in.lat", false);
  write_inputs ("mask", "in.lat", true);
  g_test_add_func ("/trace/sampling", test_sampling);
  g_test_add_func ("/trace/routes", test_routes);
  g_test_add_func ("/trace/pass", test_pass);
  g_test_add_func ("/trace/no-steps", test_no_steps);
  g_test_add_func ("/trace/prompt", test_prompt);
  g_test_add_func ("/trace/out-of-range", test_out_of_range);
  g_test_add_func ("/trace/refused", test_refused);
  status = g_test_run ();
  remove_files ();
  return status;
}
