/* The list of installed models.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "local-fixture.h"

#include <glib/gstdio.h>
#include <string.h>

static char *
names_of (SfumatoLocalService *local)
{
  g_autoptr (GPtrArray) models = sfumato_local_service_list (local);
  GString *names = g_string_new (NULL);

  for (guint i = 0; i < models->len; i++)
    {
      const SfumatoLocalModel *model = g_ptr_array_index (models, i);

      g_string_append_printf (names, "%s%s=%s", i > 0 ? "|" : "", model->id, model->name);
    }
  return g_string_free (names, FALSE);
}

static void
assert_names (SfumatoLocalService *local,
              const char          *expected)
{
  g_autofree char *names = names_of (local);

  g_assert_cmpstr (names, ==, expected);
}

static void
test_add_and_remove (void)
{
  g_auto (LocalFixture) fixture = { 0 };
  g_autofree char *second = NULL;
  g_autofree char *third = NULL;
  g_autofree char *fourth = NULL;
  g_autoptr (GError) error = NULL;

  local_fixture_set_up (&fixture);
  second = local_fixture_add_model (&fixture, "b.json", "{}", NULL);
  third = local_fixture_add_model (&fixture, "c.json", "{\"variant\":\"other\"}", NULL);
  fourth = local_fixture_add_model (&fixture, "d.json", "{}", "  Füchse & Hasen\n ");
  assert_names (fixture.local, "local-sd-3.5-medium=SD 3.5 Medium|local-sd-3.5-medium-2=SD 3.5 Medium (2)|local-c=c|"
                               "local-fuchse-hasen=Füchse & Hasen");
  g_assert_true (sfumato_local_service_remove (fixture.local, second, &error));
  g_assert_no_error (error);
  assert_names (fixture.local, "local-sd-3.5-medium=SD 3.5 Medium|local-c=c|local-fuchse-hasen=Füchse & Hasen");
  /* The files are the person's. */
  g_assert_true (sfumato_local_service_remove (fixture.local, "no-such-model", &error));
  g_free (second);
  second = g_build_filename (fixture.folder, "b.json", NULL);
  g_assert_true (g_file_test (second, G_FILE_TEST_EXISTS));
}

static void
test_another_process (void)
{
  g_auto (LocalFixture) fixture = { 0 };
  g_autoptr (SfumatoService) other = NULL;
  g_autofree char *second = NULL;
  g_autofree char *third = NULL;
  g_autoptr (SfumatoLocalModel) model = NULL;

  local_fixture_set_up (&fixture);
  other = sfumato_local_service_new (fixture.list, ENGINE_STAND_IN);
  assert_names (SFUMATO_LOCAL_SERVICE (other), "local-sd-3.5-medium=SD 3.5 Medium");
  second = local_fixture_add_model (&fixture, "b.json", "{\"variant\":\"sd3-medium\",\"t5\":true,\"steps\":20}", NULL);
  /* What it does not know of yet is not lost when it writes. */
  g_assert_true (sfumato_local_service_remove (SFUMATO_LOCAL_SERVICE (other), "local-sd-3.5-medium", NULL));
  assert_names (SFUMATO_LOCAL_SERVICE (other), "local-sd-3-medium=SD 3 Medium");
  model = sfumato_local_service_find (SFUMATO_LOCAL_SERVICE (other), "SD 3 Medium");
  g_assert_cmpstr (model->variant, ==, "sd3-medium");
  g_assert_true (model->t5 && model->clip_l && model->clip_g && model->encoder && !model->turbo);
  g_assert_cmpuint (model->steps, ==, 20);
  g_assert_cmpuint (model->side_max, ==, 1536);
  g_assert_cmpuint (model->memory_needed, ==, G_GUINT64_CONSTANT (6) << 30);
  g_assert_cmpuint (model->file_size, ==, G_GUINT64_CONSTANT (5) << 30);
  g_assert_cmpfloat (model->guidance, ==, 4.5);
}

/* It is kept, and the list begins anew. */
static void
test_damaged (void)
{
  static const char * const texts[] = {
    "", "{", "[]", "{\"version\":2,\"models\":[]}", "{\"version\":1}", "{\"version\":1,\"models\":[7]}",
    "{\"version\":1,\"models\":[{}]}", "{\"version\":1,\"models\":{}}",
    "{\"version\":1,\"models\":[{\"id\":\"a\",\"name\":\"a\",\"variant\":\"v\",\"paths\":[\"relative\"],\"side_max\":1024,"
    "\"side_default\":1024,\"steps\":28,\"guidance\":4}]}",
    "{\"version\":1,\"models\":[{\"id\":\"a\",\"name\":\"a\",\"variant\":\"v\",\"paths\":[\"/a\"],\"side_max\":1e300,"
    "\"side_default\":1024,\"steps\":28,\"guidance\":4}]}",
    "{\"version\":1,\"models\":[{\"id\":\"a\",\"name\":\"a\",\"variant\":\"v\",\"paths\":[\"/a\"],\"side_max\":1024,"
    "\"side_default\":1024,\"steps\":28,\"guidance\":-1}]}",
  };
  g_auto (LocalFixture) fixture = { 0 };

  local_fixture_set_up (&fixture);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (SfumatoService) service = NULL;
      g_autofree char *aside = g_strdup_printf ("%s.damaged-%u", fixture.list, i + 1);
      g_autofree char *kept = NULL;

      g_test_message ("%s", texts[i]);
      g_assert_true (g_file_set_contents (fixture.list, texts[i], -1, NULL));
      service = sfumato_local_service_new (fixture.list, ENGINE_STAND_IN);
      assert_names (SFUMATO_LOCAL_SERVICE (service), "");
      g_assert_true (g_file_get_contents (aside, &kept, NULL, NULL));
      g_assert_cmpstr (kept, ==, texts[i]);
    }
}

static void
test_not_writable (void)
{
  g_autofree char *folder = g_dir_make_tmp ("sfumato-local-XXXXXX", NULL);
  g_autofree char *blocked = g_build_filename (folder, "file", NULL);
  g_autofree char *list = g_build_filename (blocked, "models.json", NULL);
  g_autofree char *model_file = g_build_filename (folder, "model.json", NULL);
  const char *paths[] = { model_file, NULL };
  g_autoptr (SfumatoService) service = sfumato_local_service_new (list, ENGINE_STAND_IN);
  g_autoptr (SfumatoLocalModel) model = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (blocked, "", 0, NULL));
  g_assert_true (g_file_set_contents (model_file, "{}", -1, NULL));
  model = sfumato_local_service_inspect (SFUMATO_LOCAL_SERVICE (service), paths, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (sfumato_local_service_add (SFUMATO_LOCAL_SERVICE (service), model, NULL, FALSE, &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_STORAGE);
  assert_names (SFUMATO_LOCAL_SERVICE (service), "");
  g_remove (model_file);
  g_remove (blocked);
  g_rmdir (folder);
}

static void
count_cb (guint *n)
{
  ++*n;
}

static void
test_changes_are_told (void)
{
  g_auto (LocalFixture) fixture = { 0 };
  const SfumatoModel *before;
  guint told = 0;

  local_fixture_set_up (&fixture);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  before = sfumato_service_find_model (fixture.service, fixture.model);
  g_signal_connect_swapped (fixture.service, "models-changed", G_CALLBACK (count_cb), &told);
  g_free (local_fixture_add_model (&fixture, "b.json", "{}", NULL));
  g_assert_true (sfumato_local_service_remove (fixture.local, fixture.model, NULL));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (told, ==, 2);
  g_assert_null (sfumato_service_find_model (fixture.service, fixture.model));
  /* Whoever still holds it can still read it. */
  g_assert_cmpstr (before->name, ==, "SD 3.5 Medium");
  g_assert_cmpstr (before->id, ==, fixture.model);
}

/* ---- what each can do ---- */

static void
assert_sizes (const SfumatoModel *model,
              const char         *expected)
{
  g_autoptr (GString) sizes = g_string_new (NULL);

  for (const guint *size = model->sizes; *size != 0; size++)
    g_string_append_printf (sizes, "%s%u", sizes->len > 0 ? " " : "", *size);
  g_assert_cmpstr (sizes->str, ==, expected);
}

static void
test_capabilities (void)
{
  static const struct
  {
    const char *model;
    gboolean    turbo;
    const char *name;
    guint       steps;
    double      guidance;
    gboolean    negative;
    const char *sizes;
    guint       size;
  } cases[] = {
    { "{}", FALSE, "SD 3.5 Medium", 28, 4.5, TRUE, "512 768 1024 1280 1408", 1024 },
    { "{\"variant\":\"sd3-medium\"}", FALSE, "SD 3 Medium", 28, 4.5, TRUE, "512 768 1024", 1024 },
    { "{\"variant\":\"sd3.5-large\",\"may_be_turbo\":true}", FALSE, "SD 3.5 Large", 28, 4.5, TRUE, "512 768 1024", 1024 },
    { "{\"variant\":\"sd3.5-large\",\"may_be_turbo\":true}", TRUE, "SD 3.5 Large Turbo", 4, 1, FALSE, "512 768 1024", 1024 },
    { "{\"variant\":\"sd3.5-large-turbo\"}", FALSE, "SD 3.5 Large Turbo", 4, 1, FALSE, "512 768 1024", 1024 },
    { "{\"variant\":\"other\",\"side_max\":320,\"encoder\":false}", FALSE, "model", 28, 4.5, TRUE, "320", 320 },
    { "{\"variant\":\"other\",\"side_max\":900}", FALSE, "model", 28, 4.5, TRUE, "512 768 900", 900 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (LocalFixture) fixture = { 0 };
      g_autofree char *path = NULL;
      g_autoptr (SfumatoLocalModel) found = NULL;
      const SfumatoModel *model;

      g_test_message ("%s", cases[i].model);
      local_fixture_set_up (&fixture);
      g_assert_true (sfumato_local_service_remove (fixture.local, fixture.model, NULL));
      path = local_fixture_write (&fixture, "model.json", cases[i].model);
      found = sfumato_local_service_inspect (fixture.local, (const char *[]) { path, NULL }, NULL, NULL);
      g_assert_true (sfumato_local_service_add (fixture.local, found, NULL, cases[i].turbo, NULL));
      model = sfumato_service_get_models (fixture.service);
      g_assert_cmpstr (model->name, ==, cases[i].name);
      g_assert_cmpuint (model->steps_default, ==, cases[i].steps);
      g_assert_cmpfloat (model->guidance_default, ==, cases[i].guidance);
      g_assert_cmpint (model->negative_prompt, ==, cases[i].negative);
      g_assert_cmpuint (model->size_default, ==, cases[i].size);
      assert_sizes (model, cases[i].sizes);
      g_assert_cmpint (model->price, ==, 0);
      g_assert_false (model->leaves_computer);
      g_assert_cmpint (model->input_picture, ==, strstr (cases[i].model, "encoder") == NULL);
    }
}

/* ---- what is added ---- */

static void
test_paths (void)
{
  g_auto (LocalFixture) fixture = { 0 };
  g_autofree char *model_file = NULL;
  g_autofree char *t5_file = NULL;
  g_autofree char *bad = NULL;
  g_autoptr (SfumatoLocalModel) alone = NULL;
  g_autoptr (SfumatoLocalModel) named = NULL;
  g_autoptr (GError) error = NULL;

  local_fixture_set_up (&fixture);
  model_file = local_fixture_write (&fixture, "model.json", "{}");
  t5_file = local_fixture_write (&fixture, "spiece.model", "");
  alone = sfumato_local_service_inspect (fixture.local, (const char *[]) { model_file, NULL }, NULL, &error);
  g_assert_no_error (error);
  /* The vocabulary is found beside the model, and is no part of it where it is named. */
  g_assert_cmpstr (alone->t5_vocabulary, ==, t5_file);
  named = sfumato_local_service_inspect (fixture.local, (const char *[]) { t5_file, model_file, NULL }, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length (named->paths), ==, 1);
  g_assert_cmpstr (named->paths[0], ==, model_file);
  local_fixture_assert_log (&fixture, "spiece.model\"}");

  g_assert_null (sfumato_local_service_inspect (fixture.local, (const char *[]) { t5_file, NULL }, NULL, &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_null (sfumato_local_service_inspect (fixture.local, (const char *[]) { "/no/such/file", NULL }, NULL, &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_INVALID);
  g_clear_error (&error);
  bad = local_fixture_write (&fixture, "\xff.safetensors", "{}");
  g_assert_null (sfumato_local_service_inspect (fixture.local, (const char *[]) { bad, NULL }, NULL, &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_INVALID);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/local-models/add-and-remove", test_add_and_remove);
  g_test_add_func ("/local-models/another-process", test_another_process);
  g_test_add_func ("/local-models/damaged", test_damaged);
  g_test_add_func ("/local-models/not-writable", test_not_writable);
  g_test_add_func ("/local-models/changes-are-told", test_changes_are_told);
  g_test_add_func ("/local-models/capabilities", test_capabilities);
  g_test_add_func ("/local-models/paths", test_paths);
  return g_test_run ();
}
