/* A card: it is found, and weights it has no room for stay with the processor.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "whole.h"

#include "engine/engine-private.h"

#include <stdlib.h>
#include <string.h>

#define N (16 * 8 * 12)

static void
test_devices (void)
{
  sd3_device_info infos[8];
  int n = sd3_devices (infos, 8);

  g_assert_cmpint (n, >=, 2);
  g_assert_cmpint (sd3_devices (NULL, 0), ==, n);
  g_assert_cmpint (sd3_devices (infos, 1), ==, n);
  g_assert_cmpstr (infos[0].id, ==, "cpu");
  g_assert_false (infos[0].is_gpu);
  g_assert_cmpstr (infos[1].id, ==, "vulkan0");
  g_assert_true (infos[1].is_gpu);
  for (int i = 0; i < 2; i++)
    g_assert_true (infos[i].name[0] && infos[i].total > 0 && infos[i].free > 0 && infos[i].free <= infos[i].total);
}

/* The best there is, by name, or none. */
static void
test_choice (void)
{
  static const struct { const char *id, *is; } cases[] = { { NULL, "vulkan0" }, { "auto", "vulkan0" }, { "cpu", "cpu" }, { "vulkan0", "vulkan0" } };
  static const char *const wrong[] = { "", "vulkan9", "VULKAN0", "gpu" };
  sd3_device device;
  sd3_error error;

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_assert_true (sd3_device_open (&device, cases[i].id, 1, &error));
      g_assert_cmpstr (device.id, ==, cases[i].is);
      g_assert_cmpint (device.is_cpu, ==, strcmp (cases[i].is, "cpu") == 0);
      sd3_device_close (&device);
    }
  for (size_t i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_assert_false (sd3_device_open (&device, wrong[i], 1, &error));
      g_assert_cmpint (error.kind, ==, SD3_ERROR_REQUEST);
      sd3_device_close (&device);
    }
}

/* A pass with so much room for weights; how much lay where is told. */
static float *
pass (const char *path,
      uint64_t    room,
      uint64_t    used[SD3_N_PLACES])
{
  g_autofree float *x = tiny_data ("in.x", 1, N), *context = tiny_data ("in.ctx", 1, 20 * 4096), *pooled = tiny_data ("in.y", 1, 2048);
  sd3_weights *weights = sd3_weights_open (&path, 1, NULL);
  sd3_mmdit *mmdit = sd3_mmdit_new (weights, NULL);
  float *v = g_new (float, N), time = 731.25f;
  sd3_mmdit_prompt prompt;
  sd3_device device;
  sd3_error error = { "" };

  g_assert_true (sd3_device_open (&device, "vulkan0", 1, NULL));
  device.card_room = room;
  g_assert_true (sd3_mmdit_load (mmdit, &device, &error));
  memcpy (used, device.used, sizeof device.used);
  if (!sd3_mmdit_prompt_make (mmdit, context, 20, pooled, &time, 1, NULL, &prompt, &error) ||
      !sd3_mmdit_velocity (mmdit, x, 8, 12, &prompt, 0, NULL, NULL, v, &error))
    g_error ("%s", error.text);
  sd3_mmdit_prompt_clear (&prompt);
  sd3_mmdit_free (mmdit);
  g_assert_true (device.used[0] == 0 && device.used[1] == 0);
  sd3_device_close (&device);
  sd3_weights_free (weights);
  return v;
}

static void
test_part_of_the_weights (void)
{
  static const float first[] = { .627622f, -.183652f, -.095722f, -.678813f, -1.587533f, .991272f };
  static const uint64_t rooms[] = { UINT64_MAX, 20 << 20, 1 << 20, 0 };
  g_autoptr (TinyModel) model = tiny_mmdit (4, true, 2);
  g_autofree char *path = whole_path ("model.safetensors");

  tiny_write (path, &model, (const char *[]) { "" }, 1, "F32");
  for (size_t i = 0; i < G_N_ELEMENTS (rooms); i++)
    {
      uint64_t used[SD3_N_PLACES];
      g_autofree float *v = pass (path, rooms[i], used);

      tiny_check ("velocity", v, N, -140.007827, 46.188832, first, 6, 3e-3);
      g_assert_cmpuint (used[SD3_ON_CARD], <=, rooms[i]);
      g_assert_cmpint (used[SD3_ON_CARD] > 0, ==, rooms[i] > 0);
      g_assert_cmpint (used[SD3_ON_HOST] > 0, ==, i > 0);
    }
}

/* A picture of 32 × 32 with what was planned for it. */
static guint8 *
picture (const char *name,
         const char *device,
         bool        checks_peaks)
{
  g_autofree char *path = whole_path (name);
  sd3_error error = { "" };
  sd3_engine *engine = sd3_open (&(sd3_options) { .paths = (const char *[]) { path }, .n_paths = 1, .device = device, .n_threads = 1,
                                                  .clip_merges = CLIP_MERGES, .t5_model = FIXTURES "/unigram.model" }, &error);
  sd3_request request;
  sd3_picture made;
  uint64_t most = 0;
  sd3_plan plan;

  if (!engine)
    g_error ("%s", error.text);
  request = whole_request (engine);
  request.width = request.height = 32;
  g_assert_true (sd3_plan_make (engine, &request, &plan, &error));
  if (!sd3_generate (engine, &request, &made, &error))
    g_error ("%s", error.text);
  g_assert_cmpstr (sd3_get_info (engine)->device, ==, device);
  for (int i = 0; i < SD3_N_PHASES; i++)
    most = MAX (most, plan.peaks[i][SD3_ON_CARD]);
  if (checks_peaks)
    {
      /* What other phases left lies beside it. */
      g_assert_cmpuint (engine->device.peak[SD3_ON_CARD], >=, most);
      g_assert_cmpuint (engine->device.peak[SD3_ON_CARD], <=, most + engine->info.transformer_size + engine->info.vae_size);
    }
  sd3_unload (engine);
  g_assert_true (engine->device.used[SD3_ON_CARD] == 0 && engine->device.used[SD3_ON_HOST] == 0);
  sd3_close (engine);
  return made.rgb;
}

static int
difference (const guint8 *a,
            const guint8 *b)
{
  int most = 0;

  for (int i = 0; i < 32 * 32 * 3; i++)
    most = MAX (most, abs (a[i] - b[i]));
  return most;
}

static void
test_picture (void)
{
  g_autofree guint8 *card = NULL, *processor = NULL;

  whole_write_models ();
  card = picture ("all.safetensors", "vulkan0", true);
  processor = picture ("all.safetensors", "cpu", false);
  g_test_message ("difference %d", difference (card, processor));
  g_assert_cmpint (difference (card, processor), <=, 8);
}

/* On a small card a part of the transformer stays with the processor, and a card that is too small is said. */
static void
test_small_card (void)
{
  g_autofree char *path = whole_path ("all.safetensors");
  sd3_engine *engine = sd3_open (&(sd3_options) { .paths = (const char *[]) { path }, .n_paths = 1, .device = "vulkan0", .n_threads = 1,
                                                  .clip_merges = CLIP_MERGES, .t5_model = FIXTURES "/unigram.model" }, NULL);
  sd3_request request = whole_request (engine);
  g_autofree guint8 *processor = picture ("all.safetensors", "cpu", false);
  sd3_error error = { "" };
  sd3_picture made;
  sd3_plan plan;

  request.width = request.height = 32;
  engine->device.card_limit = 8 << 20;
  g_assert_true (sd3_plan_make (engine, &request, &plan, &error));
  g_assert_cmpuint (plan.card_rooms[SD3_PHASE_STEPS], <, engine->info.transformer_size);
  g_assert_cmpuint (plan.card_rooms[SD3_PHASE_STEPS], >, 0);
  g_assert_true (sd3_generate (engine, &request, &made, &error));
  g_assert_cmpuint (engine->device.peak[SD3_ON_CARD], <=, 8 << 20);
  g_assert_cmpint (difference (made.rgb, processor), <=, 8);
  free (made.rgb);
  sd3_unload (engine);
  engine->device.card_limit = 100000;
  g_assert_false (sd3_generate (engine, &request, &made, &error));
  g_assert_cmpint (error.kind, ==, SD3_ERROR_MEMORY);
  g_assert_nonnull (strstr (error.text, "graphics card"));
  sd3_close (engine);
}

/* A card's products round to halves; what is out of their range is made by the processor. */
static void
test_out_of_halves (void)
{
  g_autoptr (TinyModel) mmdit = tiny_mmdit (2, true, 1), clip = tiny_clip (49408, 64), t5 = tiny_t5 (200, 4096), vae = tiny_vae ();
  const TinyTensor *bias = tiny_find (mmdit, "joint_blocks.0.x_block.mlp.fc1.bias");
  g_autofree guint8 *card = NULL, *processor = NULL;

  for (size_t i = 0; i < bias->n; i++)
    bias->data[i] = 1e5f;
  whole_write ("large.safetensors", mmdit, clip, t5, vae, "F32");
  card = picture ("large.safetensors", "vulkan0", false);
  processor = picture ("large.safetensors", "cpu", false);
  g_assert_cmpint (difference (card, processor), <=, 8);
}

/* The processor's second try has what is left of the computer's memory, which was planned for the card alone. */
static void
test_second_try_without_memory (void)
{
  g_autoptr (TinyModel) model = tiny_mmdit (4, true, 2);
  g_autofree char *path = whole_path ("model.safetensors");
  sd3_weights *weights;
  sd3_error error = { "" };
  sd3_device device;
  sd3_mmdit *mmdit;

  tiny_write (path, &model, (const char *[]) { "" }, 1, "F32");
  weights = sd3_weights_open ((const char *[]) { path }, 1, NULL);
  mmdit = sd3_mmdit_new (weights, NULL);
  g_assert_true (sd3_device_open (&device, "vulkan0", 1, NULL));
  device.host_limit = 1 << 20;
  g_assert_true (sd3_mmdit_load (mmdit, &device, &error));
  sd3_mmdit_unload (mmdit);
  g_assert_false (sd3_mmdit_load (mmdit, sd3_device_safer (&device), &error));
  g_assert_cmpint (error.kind, ==, SD3_ERROR_MEMORY);
  device.host_limit = UINT64_MAX;
  g_assert_true (sd3_mmdit_load (mmdit, sd3_device_safer (&device), &error));
  sd3_mmdit_free (mmdit);
  sd3_device_close (&device);
  sd3_weights_free (weights);
}

int
main (int    argc,
      char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  whole_set_up ();
  g_test_add_func ("/card/devices", test_devices);
  g_test_add_func ("/card/choice", test_choice);
  g_test_add_func ("/card/part-of-the-weights", test_part_of_the_weights);
  g_test_add_func ("/card/picture", test_picture);
  g_test_add_func ("/card/small-card", test_small_card);
  g_test_add_func ("/card/out-of-halves", test_out_of_halves);
  g_test_add_func ("/card/second-try-without-memory", test_second_try_without_memory);
  status = g_test_run ();
  whole_tear_down ();
  return status;
}
