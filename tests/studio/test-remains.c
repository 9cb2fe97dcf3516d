/* What arrived of pictures that broke off: counted, deleted when it is old, and moved to the trash when it is asked for.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <glib/gstdio.h>
#include <unistd.h>
#include <utime.h>

#include "studio/sfumato-remains.h"

#define DAY 86400

typedef struct
{
  char *folder; /* owned */
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  /* The trash is where a home is. */
  g_assert_cmpint (g_mkdir_with_parents (g_get_home_dir (), 0700), ==, 0);
  fixture->folder = g_build_filename (g_get_user_data_dir (), "remains", NULL);
  g_assert_cmpint (g_mkdir_with_parents (fixture->folder, 0700), ==, 0);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_free (fixture->folder);
}

static char *
write_old (Fixture    *fixture,
           const char *name,
           gint64      seconds)
{
  char *path = g_build_filename (fixture->folder, name, NULL);
  time_t then = g_get_real_time () / G_USEC_PER_SEC - seconds;

  g_assert_true (g_file_set_contents (path, "12345", 5, NULL));
  g_assert_cmpint (g_utime (path, &(struct utimbuf) { .actime = then, .modtime = then }), ==, 0);
  return path;
}

static gboolean
is_there (const char *path)
{
  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static void
test_prune (Fixture       *fixture,
            gconstpointer  data)
{
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  g_autofree char *fresh = write_old (fixture, "fresh.png", 0);
  g_autofree char *last_day = write_old (fixture, "last-day.png", (SFUMATO_REMAINS_DAYS - 1) * DAY);
  g_autofree char *over = write_old (fixture, "over.png", (SFUMATO_REMAINS_DAYS + 1) * DAY);
  g_autofree char *elsewhere = write_old (fixture, "../elsewhere.png", 2 * SFUMATO_REMAINS_DAYS * DAY);
  g_autofree char *link = g_build_filename (fixture->folder, "link.png", NULL);
  guint64 bytes;

  g_assert_cmpint (symlink (elsewhere, link), ==, 0);
  g_assert_cmpuint (sfumato_remains_measure (fixture->folder, &bytes), ==, 3);
  g_assert_cmpuint (bytes, ==, 15);
  sfumato_remains_prune (fixture->folder, now);
  g_assert_true (is_there (fresh) && is_there (last_day));
  g_assert_false (is_there (over));
  g_assert_true (is_there (elsewhere));
  g_assert_cmpuint (sfumato_remains_measure (fixture->folder, &bytes), ==, 2);
  g_assert_cmpuint (bytes, ==, 10);
  g_unlink (link);
  g_unlink (elsewhere);
}

static void
test_trash (Fixture       *fixture,
            gconstpointer  data)
{
  g_autofree char *one = write_old (fixture, "one.png", 0);
  g_autofree char *other = write_old (fixture, "other.json", 0);
  g_autofree char *trashed = g_build_filename (g_get_user_data_dir (), "Trash", "files", "one.png", NULL);
  g_autoptr (GError) error = NULL;
  guint64 bytes;

  g_assert_true (sfumato_remains_trash (fixture->folder, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (sfumato_remains_measure (fixture->folder, &bytes), ==, 0);
  g_assert_true (is_there (trashed));
}

/* As on the first day. */
static void
test_no_folder (void)
{
  g_autoptr (GError) error = NULL;
  guint64 bytes = 1;

  sfumato_remains_prune ("/nonexistent/incomplete", 0);
  g_assert_cmpuint (sfumato_remains_measure ("/nonexistent/incomplete", &bytes), ==, 0);
  g_assert_cmpuint (bytes, ==, 0);
  g_assert_true (sfumato_remains_trash ("/nonexistent/incomplete", &error));
  g_assert_no_error (error);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  g_test_add ("/remains/prune", Fixture, NULL, set_up, test_prune, tear_down);
  g_test_add ("/remains/trash", Fixture, NULL, set_up, test_trash, tear_down);
  g_test_add_func ("/remains/no-folder", test_no_folder);
  return g_test_run ();
}
