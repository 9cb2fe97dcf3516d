/* How the engine conducts itself on the way to a picture: phases and previews, memory, cancelling, what it remembers,
 * and numbers that run out of range.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "stages.h"
#include "whole.h"

#include "engine/engine-private.h"
#include "engine/preview.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Phases and previews ----------------------------------------------------------------------------------- */

typedef struct
{
  GString *phases;
  int      n_previews, width, height;
  guint8  *last;
  int      asked, stop_at, asked_after; /* cancelling */
} Watch;

static bool
progress_cb (void     *opaque,
             sd3_phase phase,
             int       done,
             int       total)
{
  static const char names[] = "tpsd";
  Watch *watch = opaque;

  g_string_append_printf (watch->phases, "%c%d/%d ", names[phase], done, total);
  return true;
}

static void
preview_cb (void          *opaque,
            const uint8_t *rgb,
            int            width,
            int            height)
{
  Watch *watch = opaque;

  watch->n_previews++;
  watch->width = width;
  watch->height = height;
  g_free (watch->last);
  watch->last = g_memdup2 (rgb, (size_t) 3 * width * height);
}

static void
test_phases (void)
{
  sd3_engine *engine = whole_open_good ("all.safetensors");
  sd3_request request = whole_request (engine);
  g_autofree guint8 *grey = g_malloc (BYTES), *plain = whole_make (engine, &request), *watched = NULL, *from = NULL;
  Watch watch = { .phases = g_string_new (NULL) };

  memset (grey, 128, BYTES);
  request.progress = progress_cb;
  request.preview = preview_cb;
  request.opaque = &watch;
  watched = whole_make (engine, &request);
  g_assert_cmpstr (watch.phases->str, ==, "t0/1 t1/1 s0/2 s1/2 s2/2 d0/1 d1/1 ");
  g_assert_true (watch.n_previews == 2 && watch.width == SIDE / 8 && watch.height == SIDE / 8);
  g_assert_cmpmem (plain, BYTES, watched, BYTES);
  g_string_truncate (watch.phases, 0);
  request.picture = grey;
  request.steps = 4;
  request.strength = 0.5;
  from = whole_make (engine, &request);
  g_assert_cmpstr (watch.phases->str, ==, "t0/1 t1/1 p0/1 p1/1 s0/2 s1/2 s2/2 d0/1 d1/1 ");
  g_string_free (watch.phases, TRUE);
  g_free (watch.last);
  sd3_close (engine);
}

/* One channel at a time, in the colours of the reference's table. */
static void
test_linear_preview (void)
{
  static const struct { int channel; float value; guint8 rgb[3]; } cases[] = {
    { 0, 0, { 128, 128, 128 } }, { 10, -20, { 0, 0, 0 } }, { 10, 20, { 255, 255, 255 } },
    { 0, 5, { 86, 139, 195 } }, { 1, 5, { 129, 147, 169 } }, { 2, 5, { 245, 176, 150 } }, { 3, 5, { 188, 150, 184 } },
    { 4, 5, { 185, 160, 104 } }, { 5, 5, { 126, 204, 146 } }, { 6, 5, { 182, 135, 146 } }, { 7, 5, { 93, 169, 194 } },
    { 8, 5, { 124, 135, 172 } }, { 9, 5, { 101, 145, 125 } }, { 10, 5, { 198, 202, 205 } }, { 11, 5, { 112, 171, 97 } },
    { 12, 5, { 179, 181, 204 } }, { 13, 5, { 120, 124, 72 } }, { 14, 5, { 80, 87, 98 } }, { 15, 5, { 37, 35, 47 } },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      float latent[16 * 6] = { 0 };
      sd3_small_picture small;

      latent[cases[i].channel * 6 + 5] = cases[i].value;
      sd3_preview_linear (latent, 2, 3, &small);
      g_assert_true (small.width == 3 && small.height == 2);
      g_assert_true (small.rgb[0] == 128 && small.rgb[14] == 128);
      for (int c = 0; c < 3; c++)
        g_assert_cmpint (abs (small.rgb[15 + c] - cases[i].rgb[c]), <=, 1);
      free (small.rgb);
    }
}

/* With TAESD3's file there are as many pixels as the picture has, or fewer beyond 512 × 512; they are of the estimate of the
 * finished latent. */
static void
test_taesd_preview (void)
{
  g_autoptr (TinyModel) taesd = tiny_taesd ();
  g_autofree char *path = whole_path ("taesd3_decoder.safetensors");
  g_autofree float *colours = g_new (float, 3 * SIDE * SIDE), *zeros = g_new0 (float, 16 * 66 * 66);
  g_autofree guint8 *picture = NULL, *expected = g_malloc (BYTES);
  Watch watch = { 0 };
  Stages stages;
  GArray *estimate;
  sd3_engine *engine;
  sd3_request request;
  sd3_small_picture small;
  sd3_plan with, without;

  stages_init (&stages);
  tiny_write (path, &taesd, (const char *[]) { "" }, 1, "F32");
  engine = whole_open ((const char *[]) { "all.safetensors", "taesd3_decoder.safetensors" }, 2, &(sd3_options) { .trace = &stages.trace }, NULL);
  g_assert_true (sd3_get_info (engine)->has_preview);
  request = whole_request (engine);
  request.preview = preview_cb;
  request.opaque = &watch;
  picture = whole_make (engine, &request);
  g_assert_true (watch.n_previews == 2 && watch.width == SIDE && watch.height == SIDE);
  estimate = g_hash_table_lookup (stages.by_name, "step.1.x0");
  g_assert_true (sd3_vae_run (engine->taesd, &g_array_index (estimate, float, 0), SIDE / 8, SIDE / 8, NULL, colours, NULL));
  sd3_to_bytes (colours, SIDE * SIDE, expected);
  g_assert_cmpmem (watch.last, BYTES, expected, BYTES);
  g_assert_true (sd3_preview_decode (engine->taesd, zeros, 66, 66, &small, NULL));
  g_assert_true (small.width == 8 * 33 && small.height == 8 * 33);
  free (small.rgb);
  /* Its memory is planned where somebody looks. */
  g_assert_true (sd3_plan_make (engine, &request, &with, NULL));
  request.preview = NULL;
  g_assert_true (sd3_plan_make (engine, &request, &without, NULL));
  g_assert_cmpuint (with.peaks[SD3_PHASE_STEPS][SD3_ON_HOST] + with.peaks[SD3_PHASE_STEPS][SD3_ON_CARD], >,
                    without.peaks[SD3_PHASE_STEPS][SD3_ON_HOST] + without.peaks[SD3_PHASE_STEPS][SD3_ON_CARD]);
  g_free (watch.last);
  stages_clear (&stages);
  sd3_close (engine);
}

/* ---- Memory ------------------------------------------------------------------------------------------------ */

static sd3_engine *
open_limited (uint64_t limit)
{
  return whole_open ((const char *[]) { "all.safetensors" }, 1, &(sd3_options) { .memory_limit = limit }, NULL);
}

static void
check_peaks (sd3_engine        *engine,
             const sd3_request *request,
             const sd3_plan    *plan)
{
  uint64_t most[SD3_N_PLACES] = { 0 };
  sd3_error error = { "" };
  sd3_picture picture;

  if (!sd3_generate (engine, request, &picture, &error))
    g_error ("%s", error.text);
  free (picture.rgb);
  for (int i = 0; i < SD3_N_PLACES; i++)
    {
      for (int phase = 0; phase < SD3_N_PHASES; phase++)
        most[i] = MAX (most[i], plan->peaks[phase][i]);
      g_assert_cmpuint (engine->device.peak[i], ==, most[i]);
      engine->device.peak[i] = 0;
    }
}

/* What was computed beforehand is what is taken, byte for byte, where there is no more. */
static void
test_memory (void)
{
  static const struct { int side; const char *prompt; } cases[] = { { 64, "a cat" }, { 192, "a horse" }, { 192, "a horse" }, { 64, "a mouse" }, { 64, "a mouse" } };
  sd3_engine *roomy = whole_open_good ("all.safetensors"), *engine = open_limited (1);
  sd3_request request = whole_request (engine);

  engine->process_size = 0;
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      sd3_plan plan;

      request.width = request.height = cases[i].side;
      request.prompt = cases[i].prompt;
      engine->memory_limit = sd3_memory_needed (engine, &request);
      g_assert_true (sd3_plan_make (engine, &request, &plan, NULL));
      g_assert_cmpuint (engine->device.peak[SD3_ON_HOST], ==, 0);
      check_peaks (engine, &request, &plan);
    }
  /* Where there is room the transformer stays for the next picture. */
  request = whole_request (roomy);
  g_free (whole_make (roomy, &request));
  g_assert_cmpuint (roomy->device.used[SD3_ON_HOST] + roomy->device.used[SD3_ON_CARD], >, roomy->info.transformer_size);
  sd3_close (engine);
  sd3_close (roomy);
}

static void
test_too_little_memory (void)
{
  sd3_engine *engine = open_limited (1);
  sd3_request request = whole_request (engine);
  uint64_t needed = sd3_memory_needed (engine, &request);
  g_autofree char *numbers = g_strdup_printf ("needs about %.1f GB of memory, and 0.0 GB are allowed", (double) needed / 1e9);
  sd3_error error = { "" };
  sd3_picture picture;

  g_assert_false (sd3_generate (engine, &request, &picture, &error));
  g_assert_cmpint (error.kind, ==, SD3_ERROR_MEMORY);
  g_assert_nonnull (strstr (error.text, numbers));
  g_assert_cmpuint (engine->device.peak[SD3_ON_HOST], ==, 0);
  engine->memory_limit = needed - 1;
  g_assert_false (sd3_generate (engine, &request, &picture, &error));
  engine->memory_limit = needed;
  g_assert_true (sd3_generate (engine, &request, &picture, &error));
  free (picture.rgb);
  sd3_close (engine);
}

/* A part that is added costs what it is large. */
static void
test_memory_parts (void)
{
  sd3_engine *engine = whole_open_good ("all.safetensors");
  sd3_request small = whole_request (engine), large = small, wrong = small, from = small;
  g_autofree guint8 *picture = g_malloc0 (3 * 192 * 192);

  large.width = large.height = 192;
  g_assert_cmpuint (sd3_memory_needed (engine, &large), >, sd3_memory_needed (engine, &small));
  from = large;
  from.picture = picture;
  g_assert_cmpuint (sd3_memory_needed (engine, &from), >=, sd3_memory_needed (engine, &large));
  wrong.width = 70;
  g_assert_cmpuint (sd3_memory_needed (engine, &wrong), ==, 0);
  g_assert_cmpuint (sd3_memory_available (), >, 0);
  sd3_close (engine);
}

/* What lies beside weights and computations: a table for each step, and the picture's colours as numbers and as bytes. */
static void
test_memory_beside (void)
{
  sd3_engine *engine = whole_open_good ("all.safetensors");
  sd3_request request = whole_request (engine);
  size_t more = 192 * 192 - SIDE * SIDE;
  sd3_plan few, many, large;

  request.guidance = 1;
  request.steps = 1;
  g_assert_true (sd3_plan_make (engine, &request, &few, NULL));
  request.steps = 101;
  g_assert_true (sd3_plan_make (engine, &request, &many, NULL));
  g_assert_cmpuint (many.beside[SD3_PHASE_STEPS] - few.beside[SD3_PHASE_STEPS], ==,
                    sd3_mmdit_prompt_size (engine->mmdit, 0, 101) - sd3_mmdit_prompt_size (engine->mmdit, 0, 1));
  g_assert_cmpuint (many.beside[SD3_PHASE_STEPS], >, few.beside[SD3_PHASE_STEPS]);
  request.width = request.height = 192;
  g_assert_true (sd3_plan_make (engine, &request, &large, NULL));
  g_assert_cmpuint (large.beside[SD3_PHASE_DECODING] - many.beside[SD3_PHASE_DECODING], ==, (4 + 1) * 3 * more);
  sd3_close (engine);
}

static void
write_in (const char *root,
          const char *name,
          const char *text)
{
  g_autofree char *path = g_build_filename (root, name, NULL), *folder = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (!text || g_file_set_contents (path, text, -1, NULL));
}

/* What is available where this process is in control groups of version 2, as a desktop or a container makes them. */
static void
test_control_groups (void)
{
#define GROUP "sys/fs/cgroup/user.slice/"
#define MB "000000"
  static const struct { const char *ours, *max, *current, *stat, *above, *used_above; uint64_t available; } cases[] = {
    { "0::/user.slice/app.scope\n", "max\n", "1" MB, NULL, "max\n", "2" MB, 8192000000 },
    { "0::/user.slice/app.scope\n", "3000" MB "\n", "1000" MB "\n", NULL, "max\n", "2" MB, 2000000000 },
    { "0::/user.slice/app.scope\n", "3000" MB "\n", "1000" MB "\n", "anon 1\nactive_file 200" MB "\ninactive_file 300" MB "\n", "max\n", "2" MB, 2500000000 },
    { "0::/user.slice/app.scope\n", "3000" MB, "1000" MB, NULL, "4000" MB, "3500" MB, 500000000 },
    { "0::/user.slice/app.scope\n", "3000" MB, "3001" MB, NULL, "max", "0", 0 },
    { "0::/user.slice/app.scope\n", "9000" MB, "1000" MB, NULL, "max", "0", 8000000000 },
    { "4:memory:/elsewhere\n0::/user.slice/app.scope\n", "3000" MB, "1000" MB, NULL, "max", "0", 2000000000 },
    { "4:memory:/user.slice/app.scope\n", "3000" MB, "1000" MB, NULL, "max", "0", 8192000000 },
    { "0::/\n", "3000" MB, "1000" MB, NULL, "max", "0", 8192000000 },
    { "0::/user.slice/app.scope/deeper\n", "3000" MB, "1000" MB, NULL, "max", "0", 2000000000 },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *name = g_strdup_printf ("group%d/root", (int) i), *root = whole_path (name);

      write_in (root, "proc/meminfo", "MemTotal:       16000000 kB\nMemFree:          100000 kB\nMemAvailable:    8000000 kB\n");
      write_in (root, "proc/self/cgroup", cases[i].ours);
      write_in (root, GROUP "app.scope/memory.max", cases[i].max);
      write_in (root, GROUP "app.scope/memory.current", cases[i].current);
      write_in (root, GROUP "app.scope/memory.stat", cases[i].stat);
      write_in (root, GROUP "memory.max", cases[i].above);
      write_in (root, GROUP "memory.current", cases[i].used_above);
      sd3_memory_watch (root);
      g_assert_cmpuint (sd3_memory_available (), ==, cases[i].available);
    }
  sd3_memory_watch ("");
  g_assert_cmpuint (sd3_memory_available (), !=, cases[G_N_ELEMENTS (cases) - 1].available);
}

static void
test_unload (void)
{
  sd3_engine *engine = whole_open_good ("all.safetensors");
  sd3_request request = whole_request (engine);
  g_autofree guint8 *before = whole_make (engine, &request), *after = NULL;

  sd3_unload (engine);
  g_assert_cmpuint (engine->device.used[SD3_ON_HOST], ==, 0);
  g_assert_cmpuint (engine->device.used[SD3_ON_CARD], ==, 0);
  after = whole_make (engine, &request);
  g_assert_cmpmem (before, BYTES, after, BYTES);
  sd3_close (engine);
}

/* ---- Text -------------------------------------------------------------------------------------------------- */

static int n_encoded;

static void
count_cb (void          *opaque,
          const char    *name,
          const float   *data,
          int            n_dims,
          const int64_t *shape)
{
  n_encoded += g_str_equal (name, "clip_l.hidden") || g_str_equal (name, "clip_g.hidden") || g_str_equal (name, "t5.hidden");
}

/* A second picture of the same prompt pays nothing for text, also after seven others. */
static void
test_text_once (void)
{
  sd3_trace trace = { .stage = count_cb };
  sd3_engine *engine = whole_open ((const char *[]) { "all.safetensors" }, 1, &(sd3_options) { .trace = &trace }, NULL);
  sd3_request request = whole_request (engine);

  request.guidance = 1;
  request.steps = 1;
  for (int i = 0; i < 9; i++)
    {
      g_autofree char *prompt = g_strdup_printf ("number %d", i % 8);

      request.prompt = prompt;
      request.seed = (uint64_t) i;
      g_free (whole_make (engine, &request));
      g_assert_cmpint (n_encoded, ==, 3 * MIN (i + 1, 8));
    }
  request.prompt = "number 0";
  request.t5_length = 100; /* other rows */
  g_free (whole_make (engine, &request));
  g_assert_cmpint (n_encoded, ==, 27);
  sd3_close (engine);
}

/* Words beyond 75 tokens have an effect, unless one sequence is asked for. */
static void
test_long_prompt (void)
{
  sd3_engine *engine = whole_open ((const char *[]) { "mmdit.safetensors", "vae.safetensors", "clip_l.safetensors", "clip_g.safetensors" }, 4, NULL, NULL);
  g_autoptr (GString) words = g_string_new (NULL);
  g_autofree guint8 *one = NULL, *two = NULL, *cut_one = NULL, *cut_two = NULL;
  sd3_request request = whole_request (engine);
  g_autofree char *cat = NULL, *horse = NULL;

  for (int i = 0; i < 75; i++)
    g_string_append (words, "fog ");
  cat = g_strconcat (words->str, "cat", NULL);
  horse = g_strconcat (words->str, "horse", NULL);
  request.prompt = cat;
  one = whole_make (engine, &request);
  request.prompt = horse;
  two = whole_make (engine, &request);
  g_assert_cmpint (whole_largest_difference (one, two), >, 0);
  request.clip_chunks = 1;
  cut_two = whole_make (engine, &request);
  request.prompt = cat;
  cut_one = whole_make (engine, &request);
  g_assert_cmpmem (cut_one, BYTES, cut_two, BYTES);
  sd3_close (engine);
}

/* ---- Cancelling -------------------------------------------------------------------------------------------- */

static bool
cancelled_cb (void *opaque)
{
  Watch *watch = opaque;

  watch->asked++;
  watch->asked_after += watch->stop_at > 0 && watch->asked > watch->stop_at;
  return watch->stop_at > 0 && watch->asked >= watch->stop_at;
}

/* Wherever it is heard, nothing more is computed: it is not asked again but at the ends of what was begun. */
static void
test_cancel_anywhere (void)
{
  sd3_engine *engine = whole_open_good ("all.safetensors");
  sd3_request request = whole_request (engine);
  g_autofree guint8 *grey = g_malloc (BYTES), *whole = NULL, *after = NULL;
  Watch watch = { 0 };
  int all;

  memset (grey, 128, BYTES);
  request.picture = grey;
  request.cancelled = cancelled_cb;
  request.opaque = &watch;
  whole = whole_make (engine, &request);
  all = watch.asked;
  g_assert_cmpint (all, >, 1000);
  for (int i = 0; i < 12; i++)
    {
      sd3_error error = { "" };
      sd3_picture picture;

      sd3_unload (engine);
      watch = (Watch) { .stop_at = 1 + i * (all - 2) / 11 };
      g_assert_false (sd3_generate (engine, &request, &picture, &error));
      g_assert_cmpint (error.kind, ==, SD3_ERROR_CANCELLED);
      g_assert_null (picture.rgb);
      g_assert_cmpint (watch.asked_after, <=, 8);
    }
  watch = (Watch) { 0 };
  after = whole_make (engine, &request);
  g_assert_cmpmem (whole, BYTES, after, BYTES);
  sd3_close (engine);
}

/* ---- Numbers ----------------------------------------------------------------------------------------------- */

static void
set_all (TinyModel  *model,
         const char *name,
         float       value)
{
  const TinyTensor *tensor = tiny_find (model, name);

  for (size_t i = 0; i < tensor->n; i++)
    tensor->data[i] = value;
}

/* What is too large for halves is computed in other types, whichever part it is in: the picture is that of weights in
 * F32, and so is the next. */
static void
test_out_of_halves (void)
{
  static const struct { int part; const char *name; float value; } cases[] = {
    { 0, "joint_blocks.0.x_block.mlp.fc1.bias", 1e5f },
    { 1, "text_model.encoder.layers.0.self_attn.v_proj.bias", 1e6f },
    { 2, "encoder.block.0.layer.1.layer_norm.weight", 3e4f },
    { 3, "decoder.up.2.upsample.conv.bias", 1e6f },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TinyModel) mmdit = tiny_mmdit (2, true, 1), clip = tiny_clip (49408, 64), t5 = tiny_t5 (200, 4096), vae = tiny_vae ();
      TinyModel *parts[] = { mmdit, clip, t5, vae };
      g_autofree guint8 *exact = NULL, *first = NULL, *second = NULL;
      sd3_request request;
      sd3_engine *engine;

      set_all (parts[cases[i].part], cases[i].name, cases[i].value);
      whole_write ("exact.safetensors", mmdit, clip, t5, vae, "F32");
      engine = whole_open_good ("exact.safetensors");
      request = whole_request (engine);
      exact = whole_make (engine, &request);
      sd3_close (engine);
      whole_write ("halves.safetensors", mmdit, clip, t5, vae, "F16");
      engine = whole_open_good ("halves.safetensors");
      first = whole_make (engine, &request);
      second = whole_make (engine, &request);
      g_test_message ("%s: %d", cases[i].name, whole_largest_difference (exact, first));
      g_assert_cmpint (whole_largest_difference (exact, first), <, 40);
      g_assert_cmpmem (first, BYTES, second, BYTES);
      sd3_close (engine);
    }
}

/* Where a part has less room than was planned, as a second try may, it takes nothing and says so. */
static void
test_less_room (void)
{
  g_autofree char *path = whole_path ("all.safetensors");
  sd3_weights *weights = sd3_weights_open ((const char *[]) { path }, 1, NULL);
  sd3_vae *vae = sd3_vae_new (weights, SD3_VAE_DECODER, NULL);
  g_autofree float *latent = g_new0 (float, 16 * 24 * 24), *rgb = g_new0 (float, 3 * 192 * 192);
  sd3_error error = { "" };
  uint64_t size;
  sd3_device device;

  g_assert_true (sd3_device_open (&device, "cpu", 1, NULL));
  g_assert_true (sd3_vae_load (vae, &device, NULL));
  size = device.used[SD3_ON_HOST];
  sd3_vae_unload (vae);
  device.host_limit = size - 1;
  g_assert_false (sd3_vae_load (vae, &device, &error));
  g_assert_cmpint (error.kind, ==, SD3_ERROR_MEMORY);
  g_assert_cmpuint (device.used[SD3_ON_HOST], ==, 0);
  device.host_limit = size + 1000;
  g_assert_true (sd3_vae_load (vae, &device, NULL));
  error.kind = SD3_ERROR_OTHER;
  g_assert_false (sd3_vae_run (vae, latent, 24, 24, NULL, rgb, &error));
  g_assert_cmpint (error.kind, ==, SD3_ERROR_MEMORY);
  device.host_limit = UINT64_MAX;
  g_assert_true (sd3_vae_run (vae, latent, 24, 24, NULL, rgb, &error));
  sd3_vae_free (vae);
  g_assert_cmpuint (device.used[SD3_ON_HOST], ==, 0);
  sd3_device_close (&device);
  sd3_weights_free (weights);
}

/* What no type holds is said, and not painted. */
static void
test_no_numbers (void)
{
  static const struct { int part; const char *name; } cases[] = {
    { 0, "joint_blocks.1.x_block.mlp.fc2.bias" },
    { 1, "text_model.encoder.layers.0.mlp.fc2.bias" },
    { 2, "encoder.final_layer_norm.weight" },
    { 3, "decoder.conv_out.bias" },
    { 3, "encoder.conv_out.bias" },
  };
  g_autofree guint8 *black = g_malloc0 (BYTES);

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TinyModel) mmdit = tiny_mmdit (2, true, 1), clip = tiny_clip (49408, 64), t5 = tiny_t5 (200, 4096), vae = tiny_vae ();
      TinyModel *parts[] = { mmdit, clip, t5, vae };
      sd3_error error = { "" };
      sd3_picture picture;
      sd3_request request;
      sd3_engine *engine;

      tiny_find (parts[cases[i].part], cases[i].name)->data[0] = i % 2 ? NAN : INFINITY;
      whole_write ("none.safetensors", mmdit, clip, t5, vae, "F16");
      engine = whole_open_good ("none.safetensors");
      request = whole_request (engine);
      request.picture = black;
      g_assert_false (sd3_generate (engine, &request, &picture, &error));
      g_assert_cmpint (error.kind, ==, SD3_ERROR_NUMBERS);
      g_assert_nonnull (strstr (error.text, "ran out of range"));
      sd3_close (engine);
    }
}

int
main (int    argc,
      char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  whole_set_up ();
  whole_write_models ();
  g_test_add_func ("/conduct/phases", test_phases);
  g_test_add_func ("/conduct/linear-preview", test_linear_preview);
  g_test_add_func ("/conduct/taesd-preview", test_taesd_preview);
  g_test_add_func ("/conduct/memory", test_memory);
  g_test_add_func ("/conduct/too-little-memory", test_too_little_memory);
  g_test_add_func ("/conduct/memory-parts", test_memory_parts);
  g_test_add_func ("/conduct/memory-beside", test_memory_beside);
  g_test_add_func ("/conduct/control-groups", test_control_groups);
  g_test_add_func ("/conduct/unload", test_unload);
  g_test_add_func ("/conduct/text-once", test_text_once);
  g_test_add_func ("/conduct/long-prompt", test_long_prompt);
  g_test_add_func ("/conduct/cancel-anywhere", test_cancel_anywhere);
  g_test_add_func ("/conduct/out-of-halves", test_out_of_halves);
  g_test_add_func ("/conduct/less-room", test_less_room);
  g_test_add_func ("/conduct/no-numbers", test_no_numbers);
  status = g_test_run ();
  whole_tear_down ();
  return status;
}
