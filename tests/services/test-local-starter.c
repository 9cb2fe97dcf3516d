/* The model that comes with Sfumato, by its description alone.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "local-fixture.h"

#include "domain/sfumato-error.h"

#include <glib/gstdio.h>
#include <string.h>

static void
set_up (LocalFixture *fixture,
        const char   *folder)
{
  g_setenv ("SFUMATO_STARTER_MODEL", folder, TRUE);
  local_fixture_set_up (fixture);
  g_unsetenv ("SFUMATO_STARTER_MODEL");
}

static void
test_what_it_is (void)
{
  g_auto (LocalFixture) fixture = { 0 };
  const SfumatoModel *model;
  g_autoptr (SfumatoLocalModel) found = NULL;
  g_autoptr (GError) error = NULL;

  set_up (&fixture, STARTER);
  model = sfumato_service_find_model (fixture.service, "starter");
  g_assert_true (model == &sfumato_service_get_models (fixture.service)[1]);
  g_assert_cmpuint (model->steps_default, ==, 20);
  g_assert_cmpfloat (model->guidance_default, ==, 4);
  g_assert_cmpuint (model->size_default, ==, 128);
  g_assert_cmpuint (model->side_max, ==, 512);
  g_assert_true (model->sizes[0] == 128 && model->sizes[1] == 0);
  g_assert_true (model->negative_prompt && model->input_picture);
  g_assert_false (model->leaves_computer);
  g_assert_cmpstr (sfumato_vocabulary_get_example (model->vocabulary), ==, "a red house");
  found = sfumato_local_service_find (fixture.local, "Starter (picture-book scenes)");
  g_assert_true (found->builtin);
  g_assert_false (sfumato_local_service_remove (fixture.local, "starter", &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_INVALID);
  g_assert_true (sfumato_service_find_model (fixture.service, "starter") == model);
  /* Alone, it is the first. */
  g_assert_true (sfumato_local_service_remove (fixture.local, fixture.model, NULL));
  g_assert_cmpstr (sfumato_service_get_models (fixture.service)->id, ==, "starter");
}

static void
assert_note (LocalFixture *fixture,
             const char   *prompt,
             const char   *note)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SfumatoResult) result = NULL;

  g_set_str (&fixture->model, "starter");
  result = local_fixture_generate_with (fixture, &(SfumatoRequestFields) { .prompt = prompt }, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (sfumato_result_get_fields (result)->finish_word, ==, note);
}

static void
test_words (void)
{
  g_auto (LocalFixture) fixture = { 0 };

  set_up (&fixture, STARTER);
  assert_note (&fixture, "two red houses", NULL);
  assert_note (&fixture, "a red castle", "The model does not know this word: castle");
  assert_note (&fixture, "b c d e f g h i", "The model does not know these words: b, c, d, e, f, g, h, i");
  assert_note (&fixture, "b c d e f g h i j k", "The model does not know these and other words: b, c, d, e, f, g, h, i");
  assert_note (&fixture, "clip b", "The prompt is too long for this model: its end was left out (12 tokens). "
               "The model does not know these words: clip, b");
}

static void
test_not_there (void)
{
  static const char * const texts[] = { "", "{}", "[]", "{\"variant\":\"other\"}" };
  g_autofree char *text = NULL;
  g_autofree char *path = g_build_filename (STARTER, "sfumato.json", NULL);
  char *known;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  known = strstr (text, "\"known\"");
  memcpy (known, "\"knewn\"", 7);
  for (guint i = 0; i <= G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *folder = g_dir_make_tmp ("sfumato-starter-XXXXXX", NULL);
      g_autofree char *damaged = g_build_filename (folder, "sfumato.json", NULL);
      g_auto (LocalFixture) fixture = { 0 };

      g_assert_true (g_file_set_contents (damaged, i < G_N_ELEMENTS (texts) ? texts[i] : text, -1, NULL));
      set_up (&fixture, folder);
      g_assert_null (sfumato_service_find_model (fixture.service, "starter"));
      local_fixture_make (&fixture, "a picture all the same");
      g_remove (damaged);
      g_remove (folder);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/local-starter/what-it-is", test_what_it_is);
  g_test_add_func ("/local-starter/words", test_words);
  g_test_add_func ("/local-starter/not-there", test_not_there);
  return g_test_run ();
}
