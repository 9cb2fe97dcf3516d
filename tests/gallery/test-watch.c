/* What other programs and other processes do in the pictures folder shows in the window without being asked.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "sample.h"

#include <glib/gstdio.h>

static Sample *
make_watching (void)
{
  Sample *sample = sample_new ();

  sfumato_gallery_watch (sample->gallery);
  return sample;
}

static gboolean
is_watching (gpointer data)
{
  GListModel *model = data;

  return g_list_model_get_n_items (model) > 0;
}

/* A file that is there before the monitor is, or just after, is found in any case: this one says that it works. It is
 * found by a word of its sidecar: before that is there the picture is in the list too, by its name, but as another one. */
static void
wait_until_watching (Sample *sample)
{
  g_autoptr (GListModel) model = sfumato_gallery_search (sample->gallery, "sentinel", FALSE);

  sample_put (sample, "herald.png", "sentinel", "core", 1, "2026-01-01T00:00:00", FALSE);
  sample_wait (is_watching, model);
}

static void
rename_in (Sample     *sample,
           const char *from,
           const char *to)
{
  g_autofree char *old = sample_path (sample, from);
  g_autofree char *new = sample_path (sample, to);

  g_assert_cmpint (g_rename (old, new), ==, 0);
}

static void
test_files (void)
{
  g_autoptr (Sample) sample = make_watching ();
  g_autofree char *gone = NULL;

  wait_until_watching (sample);
  for (int i = 0; i < 50; i++)
    {
      g_autofree char *name = g_strdup_printf ("%d.png", i);

      sample_put (sample, name, "from elsewhere", "core", i, "2026-01-02T00:00:00", FALSE);
    }
  sample_wait_count (sample, 51);
  gone = sample_path (sample, "7.png");
  g_assert_cmpint (g_unlink (gone), ==, 0);
  sample_wait_count (sample, 50);
  rename_in (sample, "8.png", "renamed.png");
  rename_in (sample, "8.png.xmp", "renamed.png.xmp");
  while (sample_count (sample, "renamed") == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (sample_count (sample, NULL), ==, 50);
}

/* Another Sfumato on the same folder and the same index: this program, started with their places. */
static int
be_other_process (char **places)
{
  g_autoptr (SfumatoGallery) gallery = sfumato_gallery_open (places[0], places[1], places[2], NULL);
  g_autoptr (SfumatoPicture) herald = sfumato_gallery_find (gallery, "herald.png");

  g_object_unref (sample_add (gallery, "from another process", 5));
  return sfumato_gallery_set_favorite (gallery, herald, TRUE, NULL) ? 0 : 1;
}

static void
run_other_process (Sample *sample)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process =
    g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, &error, "/proc/self/exe", "other", sample->folder, sample->index,
                      sample->cache, NULL);

  g_assert_no_error (error);
  g_subprocess_wait_check (process, NULL, &error);
  g_assert_no_error (error);
}

static gboolean
is_favorite (gpointer data)
{
  return sfumato_picture_get_fields (data)->favorite;
}

static void
test_other_process (void)
{
  g_autoptr (Sample) sample = make_watching ();
  g_autoptr (GListModel) model = sfumato_gallery_search (sample->gallery, "another", FALSE);
  g_autoptr (SfumatoPicture) herald = NULL;

  wait_until_watching (sample);
  herald = sfumato_gallery_find (sample->gallery, "herald.png");
  run_other_process (sample);
  sample_wait (is_watching, model);
  sample_wait (is_favorite, herald);
}

static gboolean
is_missing (gpointer data)
{
  return sfumato_picture_get_fields (data)->missing;
}

static gboolean
is_not_missing (gpointer data)
{
  return !is_missing (data);
}

/* The folder goes away as a whole, as with a drive, and comes back: everything stays in the list meanwhile, as
 * missing. Then it is watched again. */
static void
test_folder_away (void)
{
  g_autoptr (Sample) sample = make_watching ();
  g_autoptr (GListModel) all = sfumato_gallery_search (sample->gallery, NULL, FALSE);
  g_autofree char *away = g_build_filename (sample->top, "away", NULL);
  g_autoptr (SfumatoPicture) picture = NULL;
  g_autoptr (SfumatoPicture) same = NULL;

  wait_until_watching (sample);
  picture = g_list_model_get_item (all, 0);
  g_assert_cmpint (g_rename (sample->folder, away), ==, 0);
  sample_wait (is_missing, picture);
  g_assert_false (sfumato_gallery_is_available (sample->gallery));
  g_assert_cmpuint (sample_count (sample, NULL), ==, 1);

  g_assert_cmpint (g_rename (away, sample->folder), ==, 0);
  sample_wait (is_not_missing, picture);
  g_assert_true (sfumato_gallery_is_available (sample->gallery));
  same = g_list_model_get_item (all, 0);
  g_assert_true (same == picture);
  sample_put (sample, "new.png", "new", "core", 1, "2026-01-01T00:00:00", FALSE);
  sample_wait_count (sample, 2);
}

/* The same at once: another folder stands in its place before anybody has looked. */
static void
test_folder_replaced (void)
{
  g_autoptr (Sample) sample = make_watching ();
  g_autofree char *away = g_build_filename (sample->top, "away", NULL);

  wait_until_watching (sample);
  g_assert_cmpint (g_rename (sample->folder, away), ==, 0);
  g_assert_cmpint (g_mkdir (sample->folder, 0700), ==, 0);
  sample_wait_count (sample, 0);
  sample_put (sample, "new.png", "new", "core", 1, "2026-01-01T00:00:00", FALSE);
  sample_wait_count (sample, 1);
}

/* Closing the gallery while there is something to do. */
static void
test_close (void)
{
  for (int i = 0; i < 20; i++)
    {
      g_autoptr (Sample) sample = make_watching ();

      sample_put (sample, "a.png", "a", "core", 1, "2026-01-01T00:00:00", FALSE);
      for (int turn = 0; turn < i; turn++)
        g_main_context_iteration (NULL, FALSE);
      sample_close (sample);
    }
}

int
main (int   argc,
      char *argv[])
{
  if (argc == 5 && g_str_equal (argv[1], "other"))
    return be_other_process (argv + 2);
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/watch/files", test_files);
  g_test_add_func ("/watch/other-process", test_other_process);
  g_test_add_func ("/watch/folder-away", test_folder_away);
  g_test_add_func ("/watch/folder-replaced", test_folder_replaced);
  g_test_add_func ("/watch/close", test_close);

  return sample_run ();
}
