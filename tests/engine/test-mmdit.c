/* The transformer against the reference implementation's values on tiny models, and what must hold for any model.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "stages.h"
#include "tiny.h"

#include "engine/mmdit.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define N (16 * 8 * 12)
#define TOLERANCE (tiny_on_card () ? 3e-3 : 2e-4)

typedef struct
{
  sd3_device   device;
  sd3_weights *weights;
  sd3_mmdit   *mmdit;
  char        *path;
} Fixture;

static void
open_file (Fixture    *fixture,
           const char *path)
{
  sd3_error error = { "" };

  fixture->weights = sd3_weights_open (&path, 1, &error);
  fixture->mmdit = fixture->weights ? sd3_mmdit_new (fixture->weights, &error) : NULL;
  if (!fixture->mmdit || !sd3_device_open (&fixture->device, tiny_device (), 1, &error) || !sd3_mmdit_load (fixture->mmdit, &fixture->device, &error))
    g_error ("%s", error.text);
}

static void
open_model (Fixture    *fixture,
            TinyModel  *model,
            const char *dtype)
{
  g_autofree char *folder = g_dir_make_tmp ("sfumato-XXXXXX", NULL);

  fixture->path = g_build_filename (folder, "model.safetensors", NULL);
  tiny_write (fixture->path, &model, (const char *[]) { "" }, 1, dtype);
  open_file (fixture, fixture->path);
}

static void
close_model (Fixture *fixture)
{
  g_autofree char *folder = g_path_get_dirname (fixture->path);

  sd3_mmdit_free (fixture->mmdit);
  sd3_weights_free (fixture->weights);
  sd3_device_close (&fixture->device);
  g_remove (fixture->path);
  g_rmdir (folder);
  g_clear_pointer (&fixture->path, g_free);
}

static float *
velocity (Fixture    *fixture,
          int         skipped,
          sd3_trace  *trace)
{
  g_autofree float *x = tiny_data ("in.x", 1, N), *context = tiny_data ("in.ctx", 1, 20 * 4096), *pooled = tiny_data ("in.y", 1, 2048);
  float *v = g_new (float, N), time = 731.25f;
  bool skip[SD3_MAX_BLOCKS] = { false };
  sd3_mmdit_prompt prompt;
  sd3_error error = { "" };

  if (skipped >= 0)
    skip[skipped] = true;
  if (!sd3_mmdit_prompt_make (fixture->mmdit, context, 20, pooled, &time, 1, trace, &prompt, &error) ||
      !sd3_mmdit_velocity (fixture->mmdit, x, 8, 12, &prompt, 0, skipped >= 0 ? skip : NULL, trace, v, &error))
    g_error ("%s", error.text);
  sd3_mmdit_prompt_clear (&prompt);
  return v;
}

static double
distance (const float *a,
          const float *b)
{
  double difference = 0, norm = 0;

  for (size_t i = 0; i < N; i++)
    {
      difference += (a[i] - b[i]) * (double) (a[i] - b[i]);
      norm += b[i] * (double) b[i];
    }
  return sqrt (difference / norm);
}

/* Every stage, and the same with a block left out. */
static void
check_inside (Fixture *fixture)
{
  static const float first[] = { .377217f, -.197441f, -.366638f, -.433304f, -1.734773f, .941716f };
  static const struct { const char *name; size_t n; double sum, norm; float first[4]; } cases[] = {
    { "x_embedder", 6144, 103.584282, 77.419216, { .660709f, 1.526220f, .427819f } },
    { "pos_embed", 6144, -29.818117, 22.488215, { .070729f, .240653f, -.001348f } },
    { "t_embedder", 256, -4.325966, 7.230637, { .066331f, -.468213f, -.157402f } },
    { "y_embedder", 256, -19.168028, 8.341382, { -.218313f, -.380857f, .170446f } },
    { "context_embedder", 5120, 28.731530, 71.137616, { -.388625f, -1.780300f, -.038747f } },
    { "joint_blocks.0.x_block.modulation", 2304, -38.688845, 17.217509, { -.646672f, .100669f, -.038633f } },
    { "joint_blocks.0.x_block.q", 6144, -60.022016, 79.076199, { 1.050601f, 1.272084f, .583692f } },
    { "joint_blocks.0.context", 5120, 52.891996, 74.517778, { -.933756f, -1.948633f } },
    { "joint_blocks.0.x", 6144, 126.929677, 84.472573, { .672411f, 1.872341f } },
    { "joint_blocks.1.context", 5120, -49.253097, 77.874951, { -.729593f, -1.675475f } },
    { "joint_blocks.1.x", 6144, 167.505001, 89.172262, { .998201f, 1.861024f } },
    { "joint_blocks.2.context", 5120, -105.691806, 81.175214, { -.884252f, -1.738248f } },
    { "joint_blocks.2.x", 6144, 306.238816, 92.699061, { .988623f, 1.654600f } },
    { "joint_blocks.3.x", 6144, 331.692107, 95.022583, { 1.218755f, 1.742492f } },
  };
  g_autofree float *v = NULL, *skipped = velocity (fixture, 2, NULL);
  Stages stages;

  tiny_check ("without block 2", skipped, N, -185.230755, 45.856915, first, 6, TOLERANCE);
  stages_init (&stages);
  v = velocity (fixture, -1, &stages.trace);
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    stages_check (&stages, cases[i].name, cases[i].n, cases[i].sum, cases[i].norm, cases[i].first, TOLERANCE);
  stages_clear (&stages);
}

static void
test_variants (void)
{
  static const struct { int depth; bool qk_norm; int n_dual; double sum, norm; float first[6]; } cases[] = {
    { 2, false, 0, -43.673124, 47.086602, { -.358486f, .012885f, -.545289f, .474307f, -.044104f, -.243451f } },
    { 2, true, 0, -42.273593, 47.202340, { -.373964f, -.044826f, -.475702f, .470997f, -.034607f, -.206463f } },
    { 4, true, 2, -140.007827, 46.188832, { .627622f, -.183652f, -.095722f, -.678813f, -1.587533f, .991272f } },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TinyModel) model = tiny_mmdit (cases[i].depth, cases[i].qk_norm, cases[i].n_dual);
      Fixture fixture;
      g_autofree float *v = NULL;
      const sd3_mmdit_shape *shape;

      open_model (&fixture, model, "F32");
      shape = sd3_mmdit_get_shape (fixture.mmdit);
      g_assert_cmpint (shape->depth, ==, cases[i].depth);
      g_assert_cmpint (shape->n_heads, ==, cases[i].depth);
      g_assert_cmpint (shape->n_dual, ==, cases[i].n_dual);
      g_assert_cmpint (shape->qk_norm, ==, cases[i].qk_norm);
      g_assert_cmpint (shape->grid, ==, 12);
      v = velocity (&fixture, -1, NULL);
      tiny_check ("velocity", v, N, cases[i].sum, cases[i].norm, cases[i].first, 6, TOLERANCE);
      if (shape->depth == 4)
        check_inside (&fixture);
      close_model (&fixture);
    }
}

/* Weights in smaller types stay as near as their precision lets them. */
static void
test_types (void)
{
  static const struct { const char *dtype; double tolerance; } cases[] = { { "F16", 1.5e-3 }, { "BF16", 1e-2 }, { "F8_E4M3", 0.1 } };
  static const struct { enum ggml_type type; double tolerance; } packed[] = { { GGML_TYPE_F16, 1.5e-3 }, { GGML_TYPE_Q8_0, 3e-2 }, { GGML_TYPE_Q4_0, 0.25 } };
  g_autoptr (TinyModel) model = tiny_mmdit (2, true, 1);
  g_autofree float *exact = NULL;
  Fixture fixture;

  open_model (&fixture, model, "F32");
  exact = velocity (&fixture, -1, NULL);
  close_model (&fixture);
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree float *v = NULL;

      open_model (&fixture, model, cases[i].dtype);
      v = velocity (&fixture, -1, NULL);
      g_test_message ("%s: %g", cases[i].dtype, distance (v, exact));
      g_assert_cmpfloat (distance (v, exact), <, cases[i].tolerance);
      close_model (&fixture);
    }
  for (size_t i = 0; i < G_N_ELEMENTS (packed); i++)
    {
      g_autofree float *v = NULL;
      g_autofree char *folder = g_dir_make_tmp ("sfumato-XXXXXX", NULL);

      fixture.path = g_build_filename (folder, "model.gguf", NULL);
      tiny_write_gguf (fixture.path, model, packed[i].type);
      open_file (&fixture, fixture.path);
      v = velocity (&fixture, -1, NULL);
      g_test_message ("%s: %g", ggml_type_name (packed[i].type), distance (v, exact));
      g_assert_cmpfloat (distance (v, exact), <, packed[i].tolerance);
      close_model (&fixture);
    }
}

/* Same inputs, same bytes; the order of the context's rows does not matter; several times at once are the same as one. */
static void
test_properties (void)
{
  g_autoptr (TinyModel) model = tiny_mmdit (2, true, 1);
  g_autofree float *x = tiny_data ("in.x", 1, N), *context = tiny_data ("in.ctx", 1, 20 * 4096), *pooled = tiny_data ("in.y", 1, 2048);
  g_autofree float *turned = g_new (float, 20 * 4096), *one = g_new (float, N), *two = g_new (float, N), *again = g_new (float, N);
  float times[] = { 1000, 731.25f, 12 };
  sd3_mmdit_prompt prompt, backwards, alone;
  Fixture fixture;

  open_model (&fixture, model, "F32");
  for (int i = 0; i < 20; i++)
    memcpy (turned + i * 4096, context + (19 - i) * 4096, 4096 * sizeof *turned);
  g_assert_true (sd3_mmdit_prompt_make (fixture.mmdit, context, 20, pooled, times, 3, NULL, &prompt, NULL));
  g_assert_true (sd3_mmdit_prompt_make (fixture.mmdit, turned, 20, pooled, times, 3, NULL, &backwards, NULL));
  g_assert_true (sd3_mmdit_prompt_make (fixture.mmdit, context, 20, pooled, times + 1, 1, NULL, &alone, NULL));
  g_assert_true (sd3_mmdit_velocity (fixture.mmdit, x, 8, 12, &prompt, 1, NULL, NULL, one, NULL));
  g_assert_true (sd3_mmdit_velocity (fixture.mmdit, x, 8, 12, &prompt, 0, NULL, NULL, two, NULL));
  g_assert_cmpfloat (distance (two, one), >, 0.01);
  g_assert_true (sd3_mmdit_velocity (fixture.mmdit, x, 8, 12, &prompt, 1, NULL, NULL, again, NULL));
  g_assert_cmpmem (again, N * sizeof *again, one, N * sizeof *one);
  g_assert_true (sd3_mmdit_velocity (fixture.mmdit, x, 8, 12, &alone, 0, NULL, NULL, two, NULL));
  g_assert_cmpfloat (distance (two, one), <, tiny_on_card () ? 1e-3 : 1e-5);
  g_assert_true (sd3_mmdit_velocity (fixture.mmdit, x, 8, 12, &backwards, 1, NULL, NULL, two, NULL));
  g_assert_cmpfloat (distance (two, one), <, tiny_on_card () ? 1e-3 : 1e-5);
  g_assert_false (sd3_mmdit_velocity (fixture.mmdit, x, 8, 26, &prompt, 1, NULL, NULL, two, NULL));
  g_assert_false (sd3_mmdit_velocity (fixture.mmdit, x, 7, 12, &prompt, 1, NULL, NULL, two, NULL));
  sd3_mmdit_prompt_clear (&prompt);
  sd3_mmdit_prompt_clear (&backwards);
  sd3_mmdit_prompt_clear (&alone);
  close_model (&fixture);
}

/* One tensor is missing or has another shape: the sentence names the file and the tensor. */
static void
test_incomplete (void)
{
  static const char *const names[] = {
    "pos_embed", "joint_blocks.1.x_block.mlp.fc2.weight", "joint_blocks.0.context_block.attn.ln_q.weight",
  };
  g_autofree char *folder = g_dir_make_tmp ("sfumato-XXXXXX", NULL), *path = g_build_filename (folder, "some.safetensors", NULL);

  for (size_t i = 0; i < 2 * G_N_ELEMENTS (names); i++)
    {
      g_autoptr (TinyModel) model = tiny_mmdit (2, true, 0);
      TinyTensor *tensor = (TinyTensor *) tiny_find (model, names[i / 2]);
      sd3_error error = { "" };
      sd3_weights *weights;

      if (i % 2 == 0)
        g_strlcpy (tensor->name, "lost", sizeof tensor->name);
      else
        tensor->shape[tensor->n_dims - 1] -= 1, tensor->n = tensor->n / (size_t) (tensor->shape[tensor->n_dims - 1] + 1) * (size_t) tensor->shape[tensor->n_dims - 1];
      tiny_write (path, &model, (const char *[]) { "" }, 1, "F32");
      weights = sd3_weights_open ((const char *[]) { path }, 1, &error);
      g_assert_nonnull (weights);
      g_assert_null (sd3_mmdit_new (weights, &error));
      g_assert_nonnull (strstr (error.text, "“some.safetensors”"));
      if (i % 2 == 0)
        g_assert_nonnull (strstr (error.text, names[i / 2]));
      sd3_weights_free (weights);
    }
  g_remove (path);
  g_rmdir (folder);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mmdit/variants", test_variants);
  g_test_add_func ("/mmdit/types", test_types);
  g_test_add_func ("/mmdit/properties", test_properties);
  g_test_add_func ("/mmdit/incomplete", test_incomplete);
  return g_test_run ();
}
