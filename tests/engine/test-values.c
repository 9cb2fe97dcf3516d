/* Parts by themselves through the door for checking, against the reference implementation: depths, widths, shapes and
 * inputs that no published model has (tests/engine/reference/values.py says which).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "expected.h"
#include "tiny.h"

#include "engine/inputs.h"
#include "engine/safetensors-write.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

static char     *folder, *model_path, *inputs_path;
static GKeyFile *expected;

static int
number (const char *group,
        const char *key)
{
  return expected_number (expected, group, key);
}

static char *
text (const char *group,
      const char *key)
{
  return g_key_file_get_string (expected, group, key, NULL);
}

/* ---- What a case is made of -------------------------------------------------------------------------------- */

static void
add_values (sd3_writer *writer,
            const char *group,
            const char *as,
            const char *part,
            double      amplitude,
            int         n_dims,
            int64_t     a,
            int64_t     b,
            int64_t     c)
{
  g_autofree char *inputs = text (group, "inputs"), *name = g_strconcat (inputs, ".", part, NULL);
  size_t n = (size_t) (a * b * c);
  g_autofree float *values = tiny_data (name, amplitude, n);

  sd3_writer_add (writer, as, "F32", n_dims, (int64_t[]) { a, b, c }, values, n * sizeof *values);
}

static void
add_transformer (sd3_writer *writer,
                 const char *group)
{
  g_autoptr (TinyModel) model = tiny_mmdit_of (number (group, "depth"), number (group, "hidden"), number (group, "grid"), number (group, "qk_norm"), number (group, "dual"));
  int rows = number (group, "rows"), height = number (group, "height"), width = number (group, "width");
  bool starts = g_key_file_has_key (expected, group, "init", NULL) && number (group, "init");

  tiny_write (model_path, &model, (const char *[]) { "" }, 1, "F32");
  add_values (writer, group, "context", "ctx", 1, 2, rows, 4096, 1);
  add_values (writer, group, "pooled", "y", 1, 1, 2048, 1, 1);
  add_values (writer, group, "negative.context", "uctx", 1, 2, rows, 4096, 1);
  add_values (writer, group, "negative.pooled", "uy", 1, 1, 2048, 1, 1);
  /* Without "init" a latent still says how large the picture is. */
  add_values (writer, group, starts ? "init" : "latent", "lat", 1, 3, 16, height, width);
}

static void
add_encoder (sd3_writer *writer,
             const char *group,
             const char *kind)
{
  bool t5 = strcmp (kind, "t5") == 0;
  g_autoptr (TinyModel) model = t5 ? tiny_t5 (number (group, "vocabulary"), number (group, "hidden"))
                                   : tiny_clip_of (number (group, "vocabulary"), number (group, "hidden"), number (group, "layers"));
  g_autofree char *prefix = t5 ? g_strdup ("text_encoders.t5xxl.transformer.") : g_strdup_printf ("text_encoders.%s.transformer.", kind);
  g_autofree char *name = g_strconcat ("ids.", kind, NULL);
  gsize n;
  g_autofree int *ids = g_key_file_get_integer_list (expected, group, "ids", &n, NULL);

  tiny_write (model_path, &model, (const char *[]) { prefix }, 1, "F32");
  sd3_writer_add (writer, name, "I32", 1, (int64_t[]) { (int64_t) n }, ids, n * sizeof *ids);
}

static void
add_vae (sd3_writer *writer,
         const char *group)
{
  g_autoptr (TinyModel) model = tiny_vae ();
  int height = number (group, "height"), width = number (group, "width");
  double amplitude = g_key_file_get_double (expected, group, "amplitude", NULL);

  tiny_write (model_path, &model, (const char *[]) { "first_stage_model." }, 1, "F32");
  add_values (writer, group, "z", "z", amplitude, 3, 16, height, width);
  add_values (writer, group, "picture", "picture", amplitude / 8, 3, 3, 8 * height, 8 * width);
}

static void
write_case (const char *group)
{
  g_autofree char *kind = text (group, "kind");
  sd3_writer *writer = sd3_writer_new ();

  if (strcmp (kind, "transformer") == 0)
    add_transformer (writer, group);
  else if (strcmp (kind, "vae") == 0)
    add_vae (writer, group);
  else
    add_encoder (writer, group, kind);
  g_assert_true (sd3_writer_save (writer, inputs_path, NULL));
  sd3_writer_free (writer);
}

/* ---- Running and reading ----------------------------------------------------------------------------------- */

static void
run_engine (const char *group)
{
  g_autofree char *options = text (group, "options");
  g_autofree char *line = g_strdup_printf ("%s --trace %s --model %s --inputs %s --threads 1 --device %s %s", ENGINE, folder, model_path, inputs_path, tiny_device (), options ? options : "");
  g_auto (GStrv) arguments = g_strsplit (g_strchomp (line), " ", -1);
  g_autoptr (GSubprocess) engine = g_subprocess_newv ((const char *const *) arguments, G_SUBPROCESS_FLAGS_STDERR_PIPE, NULL);
  g_autofree char *said = NULL;

  g_assert_true (g_subprocess_communicate_utf8 (engine, NULL, NULL, NULL, &said, NULL));
  if (!g_subprocess_get_successful (engine))
    g_error ("%s: %s", group, said);
}

static bool
check_in (const char *group,
          const char *stage,
          const char *file)
{
  g_autofree char *path = g_build_filename (folder, file, NULL);
  g_autofree float *values = NULL;
  sd3_inputs inputs;
  const sd3_entry *entry;
  sd3_error error = { 0 };

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return false;
  if (!sd3_inputs_open (&inputs, path, &error))
    g_error ("%s", error.text);
  entry = sd3_inputs_find (&inputs, stage);
  if (entry)
    {
      values = sd3_inputs_floats (&inputs, entry, &error);
      expected_check (expected, group, stage, values, entry->size / sizeof *values, 1e-3);
    }
  sd3_inputs_close (&inputs);
  return entry;
}

static void
test_case (gconstpointer data)
{
  static const char *const files[] = { "text.safetensors", "transformer.safetensors", "vae.safetensors" };
  const char *group = data;
  g_auto (GStrv) stages = expected_stages (expected, group);

  g_assert_cmpuint (g_strv_length (stages), >, 0);
  write_case (group);
  run_engine (group);
  for (char **stage = stages; *stage; stage++)
    if (!check_in (group, *stage, files[0]) && !check_in (group, *stage, files[1]) && !check_in (group, *stage, files[2]))
      g_error ("%s: the engine shows no “%s”", group, *stage);
  for (size_t i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = g_build_filename (folder, files[i], NULL);

      g_remove (path);
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
  model_path = g_build_filename (folder, "model.safetensors", NULL);
  inputs_path = g_build_filename (folder, "inputs.safetensors", NULL);
  expected = expected_load ("values.ini");
  groups = g_key_file_get_groups (expected, NULL);
  for (char **group = groups; *group; group++)
    {
      g_autofree char *path = g_strconcat ("/values/", *group, NULL);

      g_test_add_data_func (path, *group, test_case);
    }
  status = g_test_run ();
  g_key_file_unref (expected);
  g_remove (model_path);
  g_remove (inputs_path);
  g_rmdir (folder);
  g_free (model_path);
  g_free (inputs_path);
  g_free (folder);
  return status;
}
