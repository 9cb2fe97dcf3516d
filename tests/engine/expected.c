/* What the reference implementation gave.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "expected.h"

#include "tiny.h"

#include <string.h>

#define CHECK "check."

GKeyFile *
expected_load (const char *name)
{
  GKeyFile *file = g_key_file_new ();
  g_autofree char *path = g_build_filename (REFERENCE, name, NULL);
  g_autoptr (GError) error = NULL;

  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, &error))
    g_error ("%s: %s", path, error->message);
  return file;
}

int
expected_number (GKeyFile   *file,
                 const char *group,
                 const char *key)
{
  g_autoptr (GError) error = NULL;
  int number = g_key_file_get_integer (file, group, key, &error);

  g_assert_no_error (error);
  return number;
}

void
expected_check (GKeyFile    *file,
                const char  *group,
                const char  *stage,
                const float *values,
                size_t       n,
                double       tolerance)
{
  g_autofree char *key = g_strconcat (CHECK, stage, NULL), *label = g_strdup_printf ("%s %s", group, stage);
  gsize n_numbers;
  g_autofree double *numbers = g_key_file_get_double_list (file, group, key, &n_numbers, NULL);
  float first[8];

  g_assert_true (numbers && n_numbers > 3 && n_numbers <= 3 + G_N_ELEMENTS (first));
  g_assert_cmpuint (n, ==, (size_t) numbers[0]);
  for (gsize i = 3; i < n_numbers; i++)
    first[i - 3] = (float) numbers[i];
  tiny_check (label, values, n, numbers[1], numbers[2], first, n_numbers - 3, tolerance);
}

GStrv
expected_stages (GKeyFile   *file,
                 const char *group)
{
  g_auto (GStrv) keys = g_key_file_get_keys (file, group, NULL, NULL);
  g_autoptr (GStrvBuilder) stages = g_strv_builder_new ();

  for (char **key = keys; *key; key++)
    if (g_str_has_prefix (*key, CHECK))
      g_strv_builder_add (stages, *key + strlen (CHECK));
  return g_strv_builder_end (stages);
}
