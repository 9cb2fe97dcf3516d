/* The service on this computer with a stand-in for its helper.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "local-fixture.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

void
local_fixture_set_up (LocalFixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->folder = g_dir_make_tmp ("sfumato-local-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->list = g_build_filename (fixture->folder, "data", "models.json", NULL);
  fixture->log = g_build_filename (fixture->folder, "log", NULL);
  g_setenv ("ENGINE_STAND_IN_LOG", fixture->log, TRUE);
  fixture->service = sfumato_local_service_new (fixture->list, ENGINE_STAND_IN);
  fixture->local = SFUMATO_LOCAL_SERVICE (fixture->service);
  fixture->model = local_fixture_add_model (fixture, "model.json", "{}", NULL);
}

static void
remove_folder (const char *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      if (g_file_test (child, G_FILE_TEST_IS_DIR))
        remove_folder (child);
      else
        g_remove (child);
    }
  g_rmdir (path);
}

void
local_fixture_tear_down (LocalFixture *fixture)
{
  g_clear_object (&fixture->service);
  g_unsetenv ("ENGINE_STAND_IN_LOG");
  if (fixture->folder != NULL)
    remove_folder (fixture->folder);
  g_clear_pointer (&fixture->folder, g_free);
  g_clear_pointer (&fixture->list, g_free);
  g_clear_pointer (&fixture->log, g_free);
  g_clear_pointer (&fixture->model, g_free);
}

char *
local_fixture_write (LocalFixture *fixture,
                     const char   *name,
                     const char   *text)
{
  char *path = g_build_filename (fixture->folder, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  return path;
}

char *
local_fixture_add_model (LocalFixture *fixture,
                         const char   *file,
                         const char   *text,
                         const char   *name)
{
  g_autofree char *path = local_fixture_write (fixture, file, text);
  const char *paths[] = { path, NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (SfumatoLocalModel) model = sfumato_local_service_inspect (fixture->local, paths, NULL, &error);

  g_assert_no_error (error);
  sfumato_local_service_add (fixture->local, model, name, FALSE, &error);
  g_assert_no_error (error);
  g_remove (fixture->log);
  return g_strdup (model->id);
}

SfumatoResult *
local_fixture_generate_with (LocalFixture                *fixture,
                             const SfumatoRequestFields  *fields,
                             SfumatoProgressFunc          progress,
                             gpointer                     user_data,
                             GCancellable                *cancellable,
                             GError                     **error)
{
  SfumatoRequestFields filled = *fields;
  g_autoptr (SfumatoRequest) request = NULL;

  filled.service = "local";
  filled.model = fixture->model;
  request = sfumato_request_new (&filled);
  return sfumato_service_generate (fixture->service, request, NULL, progress, user_data, cancellable, error);
}

SfumatoResult *
local_fixture_generate (LocalFixture  *fixture,
                        const char    *prompt,
                        GCancellable  *cancellable,
                        GError       **error)
{
  return local_fixture_generate_with (fixture, &(SfumatoRequestFields) { .prompt = prompt, .size = 512 }, NULL, NULL,
                                      cancellable, error);
}

void
local_fixture_make (LocalFixture *fixture,
                    const char   *prompt)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SfumatoResult) result = local_fixture_generate (fixture, prompt, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (sfumato_result_get_header (result)->complete);
}

static char **
read_log (LocalFixture *fixture)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents (fixture->log, &text, NULL, NULL))
    return g_new0 (char *, 1);
  return g_strsplit (g_strchomp (text), "\n", -1);
}

static const char *
word_of (const char *line)
{
  const char *space = strchr (line, ' ');

  return space != NULL ? space + 1 : "";
}

guint
local_fixture_count (LocalFixture *fixture,
                     const char   *word)
{
  g_auto (GStrv) lines = read_log (fixture);
  guint n = 0;

  for (guint i = 0; lines[i] != NULL; i++)
    n += g_str_has_prefix (word_of (lines[i]), word);
  return n;
}

void
local_fixture_wait (LocalFixture *fixture,
                    const char   *word,
                    guint         n)
{
  gint64 until = g_get_monotonic_time () + LOCAL_TIME;

  while (local_fixture_count (fixture, word) < n)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, until);
      g_usleep (5000);
    }
}

void
local_fixture_assert_log (LocalFixture *fixture,
                          const char   *words)
{
  g_autofree char *text = NULL;

  g_file_get_contents (fixture->log, &text, NULL, NULL);
  if (text == NULL || strstr (text, words) == NULL)
    g_error ("“%s” is not in the log:\n%s", words, text);
}

int
local_fixture_last_pid (LocalFixture *fixture)
{
  g_auto (GStrv) lines = read_log (fixture);

  return atoi (lines[g_strv_length (lines) - 1]);
}

void
local_fixture_end_all (LocalFixture *fixture)
{
  sfumato_local_service_set_keep_minutes (fixture->local, 0);
  local_fixture_make (fixture, "a last one");
  sfumato_local_service_set_keep_minutes (fixture->local, 5);
}

void
local_fixture_assert_none_left (LocalFixture *fixture)
{
  g_auto (GStrv) lines = read_log (fixture);

  for (guint i = 0; lines[i] != NULL; i++)
    if (g_str_equal (word_of (lines[i]), "start"))
      {
        g_assert_cmpint (kill (atoi (lines[i]), 0), ==, -1);
        g_assert_cmpint (errno, ==, ESRCH);
      }
}
