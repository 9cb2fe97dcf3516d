/* Text encoders and autoencoders against the reference implementation's values on tiny models.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "stages.h"
#include "tiny.h"

#include "engine/clip.h"
#include "engine/t5.h"
#include "engine/vae.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define TOLERANCE (tiny_on_card () ? 2e-3 : 1e-5)

typedef struct
{
  sd3_device   device;
  sd3_weights *weights;
  char        *folder;
} Fixture;

static void
open_model (Fixture    *fixture,
            TinyModel  *model,
            const char *name,
            const char *prefix,
            const char *dtype)
{
  g_autofree char *path = NULL;
  sd3_error error = { "" };

  fixture->folder = g_dir_make_tmp ("sfumato-XXXXXX", NULL);
  path = g_build_filename (fixture->folder, name, NULL);
  tiny_write (path, &model, &prefix, 1, dtype);
  fixture->weights = sd3_weights_open ((const char *[]) { path }, 1, &error);
  if (!fixture->weights || !sd3_device_open (&fixture->device, tiny_device (), 1, &error))
    g_error ("%s", error.text);
  g_remove (path);
}

static void
close_model (Fixture *fixture)
{
  sd3_weights_free (fixture->weights);
  sd3_device_close (&fixture->device);
  g_rmdir (fixture->folder);
  g_free (fixture->folder);
}

static void
test_clip (void)
{
  static const struct { sd3_role role; const char *prefix; int pad; double sum, norm; float first[3]; double pooled_sum, pooled_norm; float pooled[3]; } cases[] = {
    { SD3_ROLE_CLIP_L, "text_encoders.clip_l.transformer.", 63, -135.964260, 67.238371, { -4.523184f, .503808f, -.649728f },
      -.477670, 5.729501, { .932467f, 1.211351f, -.246108f } },
    { SD3_ROLE_CLIP_G, "text_encoders.clip_g.transformer.", 0, 400.529427, 73.181069, { -4.536243f, .506261f, -.671396f },
      -3.903929, 6.857702, { .173302f, -2.650010f } },
  };
  static const float raw[4] = { .918921f, 1.225634f }, projected[4] = { .164742f, -2.641182f, .002483f };
  g_autoptr (TinyModel) model = tiny_clip (64, 32);

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      int32_t ids[77] = { 62, 5, 9, 33, 1, 63 };
      float hidden[77 * 32], pooled[32];
      sd3_error error = { "" };
      Fixture fixture;
      Stages stages;
      sd3_clip *clip;

      for (int j = 6; j < 77; j++)
        ids[j] = cases[i].pad;
      open_model (&fixture, model, "clips.safetensors", cases[i].prefix, "F32");
      sd3_weights_set_heads (fixture.weights, cases[i].role, 4);
      clip = sd3_clip_new (fixture.weights, cases[i].role, &error);
      stages_init (&stages);
      if (!clip || !sd3_clip_load (clip, &fixture.device, &error) || !sd3_clip_encode (clip, ids, &stages.trace, hidden, pooled, &error))
        g_error ("%s", error.text);
      tiny_check ("hidden", hidden, 77 * 32, cases[i].sum, cases[i].norm, cases[i].first, 3, TOLERANCE);
      tiny_check ("pooled", pooled, 32, cases[i].pooled_sum, cases[i].pooled_norm, cases[i].pooled, cases[i].role == SD3_ROLE_CLIP_G ? 2 : 3, TOLERANCE);
      if (cases[i].role == SD3_ROLE_CLIP_G)
        stages_check (&stages, "clip_g.pooled", 32, -.472766, 5.729200, raw, TOLERANCE);
      else
        stages_check (&stages, "clip_l.projected", 32, -3.968173, 6.878211, projected, TOLERANCE);
      /* Given back and read again it is the same. */
      sd3_clip_unload (clip);
      g_assert_true (sd3_clip_load (clip, &fixture.device, &error) && sd3_clip_encode (clip, ids, NULL, hidden, pooled, &error));
      tiny_check ("again", hidden, 77 * 32, cases[i].sum, cases[i].norm, cases[i].first, 3, TOLERANCE);
      ids[3] = 64;
      g_assert_false (sd3_clip_encode (clip, ids, NULL, hidden, pooled, &error));
      g_assert_nonnull (strstr (error.text, "does not have"));
      sd3_clip_free (clip);
      stages_clear (&stages);
      close_model (&fixture);
    }
}

static void
test_t5 (void)
{
  static const struct { const char *dtype; double tolerance; } types[] = { { "F32", 1e-5 }, { "F16", 2e-3 }, { "BF16", 1e-2 } };
  static const float first[] = { -1.950592f, -.660697f, .055859f, .234477f, .059845f, .446731f };
  int32_t ids[77] = { 7, 3, 41, 5, 1 };
  g_autoptr (TinyModel) model = tiny_t5 (48, 64);

  for (size_t i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autofree float *out = g_new (float, 77 * 64);
      sd3_error error = { "" };
      Fixture fixture;
      sd3_t5 *t5;

      open_model (&fixture, model, "t5.safetensors", "", types[i].dtype);
      t5 = sd3_t5_new (fixture.weights, &error);
      if (!t5 || !sd3_t5_load (t5, &fixture.device, &error) || !sd3_t5_encode (t5, ids, 77, NULL, out, &error))
        g_error ("%s", error.text);
      tiny_check (types[i].dtype, out, 77 * 64, 75.565865, 69.925663, first, 6, fmax (types[i].tolerance, TOLERANCE));
      g_assert_false (sd3_t5_encode (t5, ids, 0, NULL, out, &error));
      g_assert_false (sd3_t5_encode (t5, ids, 513, NULL, out, &error));
      sd3_t5_free (t5);
      close_model (&fixture);
    }
}

static void
check_first (const float *values,
             const float *first,
             int          n,
             double       tolerance)
{
  for (int i = 0; i < n; i++)
    g_assert_cmpfloat_with_epsilon (values[i], first[i], tolerance);
}

static void
test_vae (void)
{
  static const struct { const char *dtype; double tolerance; } types[] = { { "F32", 2e-3 }, { "F16", 5e-3 }, { "BF16", 2e-2 } };
  static const float decoded[] = { .207338f, .192921f, .277028f, .244252f }, encoded[] = { -.332492f, -.302121f, .582755f };
  g_autoptr (TinyModel) model = tiny_vae ();
  g_autofree float *z = tiny_data ("in.z", 1, 16 * 6 * 8), *picture = tiny_data ("in.img", 0.4, 3 * 48 * 64), *out = g_new (float, 3 * 48 * 64);

  for (size_t i = 0; i < (tiny_on_card () ? 1 : G_N_ELEMENTS (types)); i++)
    {
      double tolerance = tiny_on_card () ? fmax (types[i].tolerance, 1e-2) : types[i].tolerance;
      sd3_error error = { "" };
      Fixture fixture;
      sd3_vae *decoder, *encoder;

      open_model (&fixture, model, "vae.safetensors", "first_stage_model.", types[i].dtype);
      decoder = sd3_vae_new (fixture.weights, SD3_VAE_DECODER, &error);
      encoder = decoder ? sd3_vae_new (fixture.weights, SD3_VAE_ENCODER, &error) : NULL;
      if (!encoder || !sd3_vae_load (decoder, &fixture.device, &error) || !sd3_vae_run (decoder, z, 6, 8, NULL, out, &error))
        g_error ("%s", error.text);
      tiny_check ("decoded", out, 3 * 48 * 64, -1345.108806, 63.110635, decoded, 4, tolerance);
      check_first (out, decoded, 4, tolerance);
      if (!sd3_vae_load (encoder, &fixture.device, &error) || !sd3_vae_run (encoder, picture, 48, 64, NULL, out, &error))
        g_error ("%s", error.text);
      tiny_check ("encoded", out, 32 * 6 * 8, -4.700040, 21.974912, encoded, 3, tolerance);
      check_first (out, encoded, 3, tolerance);
      sd3_vae_free (decoder);
      sd3_vae_free (encoder);
      close_model (&fixture);
    }
}

static void
test_taesd (void)
{
  static const float first[] = { .030652f, .110326f, .058453f };
  g_autoptr (TinyModel) model = tiny_taesd ();
  g_autofree float *z = tiny_data ("in.z", 1, 16 * 6 * 8), *out = g_new (float, 3 * 48 * 64);
  sd3_error error = { "" };
  Fixture fixture;
  sd3_vae *vae;

  open_model (&fixture, model, "taesd3_decoder.safetensors", "", "F32");
  vae = sd3_vae_new (fixture.weights, SD3_VAE_PREVIEW, &error);
  if (!vae || !sd3_vae_load (vae, &fixture.device, &error) || !sd3_vae_run (vae, z, 6, 8, NULL, out, &error))
    g_error ("%s", error.text);
  tiny_check ("preview", out, 3 * 48 * 64, -5824.502820, 83.979011, first, 3, tiny_on_card () ? 1e-2 : 1e-3);
  sd3_vae_free (vae);
  close_model (&fixture);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/parts/clip", test_clip);
  g_test_add_func ("/parts/t5", test_t5);
  g_test_add_func ("/parts/vae", test_vae);
  g_test_add_func ("/parts/taesd", test_taesd);
  return g_test_run ();
}
