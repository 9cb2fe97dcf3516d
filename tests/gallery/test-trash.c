/* Deleting and taking it back: files byte for byte, with their place, their star and their id; and never a picture
 * less than there was where the trash refuses.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "domain/sfumato-error.h"
#include "sample.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sqlite3.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <utime.h>

static char *
get_trash (const char *sub)
{
  return g_build_filename (g_get_user_data_dir (), "Trash", sub, NULL);
}

static guint
count_in_trash (const char *prefix)
{
  g_autofree char *files = get_trash ("files");
  g_autofree char *notes = get_trash ("info");
  g_autoptr (GPtrArray) names = NULL;
  g_autoptr (GPtrArray) infos = NULL;

  if (!g_file_test (files, G_FILE_TEST_IS_DIR))
    return 0;
  names = scratch_list (files, prefix, "");
  infos = scratch_list (notes, prefix, ".trashinfo");
  g_assert_cmpuint (names->len, ==, infos->len);
  return names->len;
}

static guint
count_hidden (Sample *sample)
{
  g_autofree char *hidden = sample_path (sample, ".sfumato-undo");
  g_autoptr (GPtrArray) tokens = NULL;

  if (!g_file_test (hidden, G_FILE_TEST_IS_DIR))
    return 0;
  tokens = scratch_list (hidden, "", "");
  return tokens->len;
}

/* Everything about the gallery as one text: what is in the list, in its order, and what is in the files. */
static char *
describe_all (Sample *sample)
{
  g_autoptr (GListModel) all = sfumato_gallery_search (sample->gallery, NULL, FALSE);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < g_list_model_get_n_items (all); i++)
    {
      g_autoptr (SfumatoPicture) picture = g_list_model_get_item (all, i);
      g_autofree char *one = sample_describe (picture);
      g_autoptr (GBytes) bytes = scratch_read (sample->folder, sfumato_picture_get_fields (picture)->file_name);
      g_autofree char *sum = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);

      g_string_append_printf (text, "%s\n%s\n", one, sum);
    }
  return g_string_free (text, FALSE);
}

/* With an empty trash. */
static Sample *
make_sample (void)
{
  Sample *sample = sample_new ();

  scratch_remove (get_trash (NULL));
  for (int i = 0; i < 6; i++)
    {
      g_autoptr (SfumatoPicture) picture = sample_add (sample->gallery, "a \"fox\" in snow", i);

      g_assert_true (sfumato_gallery_set_favorite (sample->gallery, picture, i % 2 == 0, NULL));
    }
  sample_settle (sample);
  return sample;
}

static char *
trash (Sample      *sample,
       const guint *positions,
       guint        n)
{
  g_autoptr (GListModel) all = sfumato_gallery_search (sample->gallery, NULL, FALSE);
  g_autoptr (GPtrArray) pictures = g_ptr_array_new_with_free_func (g_object_unref);
  GError *error = NULL;
  char *undo;

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (pictures, g_list_model_get_item (all, positions[i]));
  g_assert_true (sfumato_gallery_trash (sample->gallery, pictures, &undo, &error));
  g_assert_no_error (error);
  sample_settle (sample);
  return undo;
}

static void
restore (Sample     *sample,
         const char *undo)
{
  GError *error = NULL;

  g_assert_true (sfumato_gallery_restore (sample->gallery, undo, &error));
  g_assert_no_error (error);
  sample_settle (sample);
}

static const guint some[] = { 0, 2, 5 };

/* With ".xmp" behind it, it is longer than a name can be. */
#define TEN       "0123456789"
#define FIFTY     TEN TEN TEN TEN TEN
#define LONG_NAME FIFTY FIFTY FIFTY FIFTY FIFTY ".png"

static void
test_undo (void)
{
  g_autoptr (Sample) sample = make_sample ();
  g_autofree char *before = describe_all (sample);
  guint in_trash = count_in_trash ("");
  g_autofree char *undo = trash (sample, some, 3);
  g_autofree char *after = NULL;

  g_assert_cmpuint (sample_count (sample, NULL), ==, 3);
  g_assert_cmpuint (sample_count (sample, "fox"), ==, 3);
  g_assert_cmpuint (count_in_trash (""), ==, in_trash + 6);
  sample_scan (sample);
  g_assert_cmpuint (sample_count (sample, NULL), ==, 3);
  restore (sample, undo);
  after = describe_all (sample);
  scratch_compare (after, before);
  g_assert_cmpuint (sample_count (sample, "fox"), ==, 6);
  g_assert_cmpuint (count_in_trash (""), ==, in_trash);
  g_assert_cmpuint (count_hidden (sample), ==, 0);
}

/* Over a restart of the program, also one that finds no index. */
static void
test_undo_later (gconstpointer data)
{
  gboolean lose_index = GPOINTER_TO_INT (data);
  g_autoptr (Sample) sample = make_sample ();
  g_autofree char *before = describe_all (sample);
  g_autofree char *undo = trash (sample, some, 3);
  g_autofree char *after = NULL;

  sample_close (sample);
  if (lose_index)
    sample_lose_index (sample);
  sample_open (sample);
  g_assert_cmpuint (sample_count (sample, NULL), ==, 3);
  restore (sample, undo);
  after = describe_all (sample);
  scratch_compare (after, before);
}

static int
count_rows (Sample *sample)
{
  sqlite3_stmt *statement;
  sqlite3 *handle;
  int n;

  g_assert_cmpint (sqlite3_open_v2 (sample->index, &handle, SQLITE_OPEN_READONLY, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_prepare_v2 (handle, "SELECT count(*) FROM pictures", -1, &statement, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_step (statement), ==, SQLITE_ROW);
  n = sqlite3_column_int (statement, 0);
  sqlite3_finalize (statement);
  sqlite3_close (handle);
  return n;
}

static void
test_forget (void)
{
  g_autoptr (Sample) sample = make_sample ();
  guint in_trash = count_in_trash ("");
  g_autofree char *undo = trash (sample, some, 3);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (count_hidden (sample), ==, 1);
  g_assert_cmpint (count_rows (sample), ==, 6);
  sfumato_gallery_forget_trash (sample->gallery, undo);
  g_assert_cmpuint (count_hidden (sample), ==, 0);
  g_assert_cmpint (count_rows (sample), ==, 3);
  g_assert_cmpuint (count_in_trash (""), ==, in_trash + 6);
  g_assert_false (sfumato_gallery_restore (sample->gallery, undo, &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_STORAGE);
  g_assert_cmpuint (sample_count (sample, NULL), ==, 3);
}

/* What a crash left is kept for a day. */
static void
test_expire (void)
{
  g_autoptr (Sample) sample = make_sample ();
  g_autofree char *young = trash (sample, some, 1);
  g_autofree char *old = trash (sample, some, 1);
  g_autofree char *path = g_build_filename (sample->folder, ".sfumato-undo", old, NULL);
  gint64 then = g_get_real_time () / G_USEC_PER_SEC - 25 * 60 * 60;
  struct utimbuf times = { .actime = then, .modtime = then };

  g_assert_cmpint (g_utime (path, &times), ==, 0);
  sample_close (sample);
  sample_open (sample);
  g_assert_cmpuint (count_hidden (sample), ==, 1);
  g_assert_false (sfumato_gallery_restore (sample->gallery, old, NULL));
  restore (sample, young);
  g_assert_cmpuint (sample_count (sample, NULL), ==, 5);
}

/* A name that is taken meanwhile is left alone; what comes back takes the next one. */
static void
test_collision (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (SfumatoPicture) first = sample_add (sample->gallery, "a fox", 5);
  g_autofree char *id = g_strdup (sfumato_picture_get_fields (first)->id);
  g_autofree char *name = g_strdup (sfumato_picture_get_fields (first)->file_name);
  g_autofree char *undo = NULL;
  g_autoptr (SfumatoPicture) second = NULL;
  g_autoptr (SfumatoPicture) back = NULL;

  sample_settle (sample);
  undo = trash (sample, some, 1);
  second = sample_add (sample->gallery, "a fox", 5);
  g_assert_cmpstr (sfumato_picture_get_fields (second)->file_name, ==, name);
  restore (sample, undo);
  g_assert_cmpuint (sample_count (sample, NULL), ==, 2);
  back = sfumato_gallery_find (sample->gallery, id);
  g_assert_true (g_str_has_suffix (sfumato_picture_get_fields (back)->file_name, "5 (2).png"));
  g_assert_true (sample_exists (sample, name));
}

/* Put back by way of the system's trash, and then undone as well. */
static void
test_back_already (void)
{
  g_autoptr (Sample) sample = make_sample ();
  g_autofree char *before = describe_all (sample);
  g_autoptr (GListModel) all = sfumato_gallery_search (sample->gallery, NULL, FALSE);
  g_autoptr (SfumatoPicture) picture = g_list_model_get_item (all, 0);
  const char *name = sfumato_picture_get_fields (picture)->file_name;
  g_autofree char *undo = trash (sample, some, 1);
  g_autofree char *from = get_trash ("files");
  g_autofree char *in_trash = g_build_filename (from, name, NULL);
  g_autofree char *here = sample_path (sample, name);
  g_autofree char *after = NULL;

  g_assert_cmpint (g_rename (in_trash, here), ==, 0);
  sample_scan (sample);
  g_assert_cmpuint (sample_count (sample, NULL), ==, 6);
  restore (sample, undo);
  after = describe_all (sample);
  scratch_compare (after, before);
}

/* A picture without a sidecar keeps what only the index knows of it. */
static void
test_without_sidecar (gconstpointer name)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (GBytes) png = sample_png (8, 8, 0);
  g_autofree char *short_path = sample_path (sample, "short");
  g_autofree char *path = sample_path (sample, name);
  g_autoptr (SfumatoPicture) picture = NULL;
  g_autoptr (SfumatoPicture) back = NULL;
  g_autofree char *undo = NULL;

  scratch_write (sample->folder, "short", g_bytes_get_data (png, NULL), g_bytes_get_size (png));
  g_assert_cmpint (g_rename (short_path, path), ==, 0);
  sample_scan (sample);
  picture = sfumato_gallery_find (sample->gallery, name);
  g_assert_nonnull (picture);
  undo = trash (sample, some, 1);
  g_assert_cmpuint (sample_count (sample, NULL), ==, 0);
  restore (sample, undo);
  back = sfumato_gallery_find (sample->gallery, name);
  g_assert_true (back == picture);
}

/* A file that is away already is no reason not to delete the others. */
static void
test_vanished (void)
{
  g_autoptr (Sample) sample = make_sample ();
  g_autoptr (GListModel) all = sfumato_gallery_search (sample->gallery, NULL, FALSE);
  g_autoptr (SfumatoPicture) picture = g_list_model_get_item (all, 2);
  g_autofree char *path = sfumato_gallery_dup_path (sample->gallery, picture);
  g_autofree char *undo = NULL;

  g_assert_cmpint (g_unlink (path), ==, 0);
  undo = trash (sample, some, 3);
  g_assert_cmpuint (sample_count (sample, NULL), ==, 3);
  restore (sample, undo);
  g_assert_cmpuint (sample_count (sample, NULL), ==, 5);
}

/* A file where the trash wants its folder. */
static void
refuse_trash (gpointer data)
{
  Sample *sample = data;
  g_autofree char *before = describe_all (sample);
  g_autofree char *after = NULL;
  g_autofree char *undo = NULL;
  g_autoptr (GListModel) all = sfumato_gallery_search (sample->gallery, NULL, FALSE);
  g_autoptr (GPtrArray) pictures = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;

  scratch_write (g_get_user_data_dir (), "Trash", "x", 1);
  for (guint i = 0; i < 6; i++)
    g_ptr_array_add (pictures, g_list_model_get_item (all, i));
  g_assert_false (sfumato_gallery_trash (sample->gallery, pictures, &undo, &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_STORAGE);
  g_assert_nonnull (strstr (error->message, "nothing was deleted"));
  sample_scan (sample);
  after = describe_all (sample);
  scratch_compare (after, before);
  g_assert_cmpuint (count_hidden (sample), ==, 0);
}

static void
test_refused (void)
{
  if (g_test_subprocess ())
    {
      g_autoptr (Sample) sample = make_sample ();

      refuse_trash (sample);
      return;
    }
  g_test_trap_subprocess (NULL, 20 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
}

/* The trash gives up in the middle: those that are in it already come back. */
static void
test_refused_halfway (void)
{
  g_autoptr (Sample) sample = make_sample ();
  g_autofree char *before = describe_all (sample);
  g_autofree char *after = NULL;
  g_autofree char *undo = NULL;
  g_autofree char *trap = NULL;
  g_autoptr (GListModel) all = sfumato_gallery_search (sample->gallery, NULL, FALSE);
  g_autoptr (GPtrArray) pictures = g_ptr_array_new_with_free_func (g_object_unref);
  guint in_trash = count_in_trash ("");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 6; i++)
    g_ptr_array_add (pictures, g_list_model_get_item (all, i));
  /* Where the third one's sidecar should go, there is a folder with something in it. */
  {
    SfumatoPicture *third = g_ptr_array_index (pictures, 2);
    g_autofree char *sidecar = g_strconcat (sfumato_picture_get_fields (third)->file_name, ".xmp", NULL);
    g_autofree char *files = get_trash ("files");

    trap = g_build_filename (files, sidecar, "trap", NULL);
    g_assert_cmpint (g_mkdir_with_parents (trap, 0700), ==, 0);
  }
  g_assert_false (sfumato_gallery_trash (sample->gallery, pictures, &undo, &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_STORAGE);
  sample_scan (sample);
  after = describe_all (sample);
  scratch_compare (after, before);
  g_assert_cmpuint (count_hidden (sample), ==, 0);
  {
    g_autofree char *folder = g_path_get_dirname (trap);

    g_rmdir (trap);
    g_rmdir (folder);
  }
  g_assert_cmpuint (count_in_trash (""), ==, in_trash);
}

/* ---- where there is no trash ---- */

/* Two pictures in a folder on a file system that no trash takes anything from, as the one behind the document portal is. */
static Sample *
make_trashless (const char *place)
{
  Sample *sample = sample_new ();

  scratch_remove (get_trash (NULL));
  sample_close (sample);
  sample_lose_index (sample);
  g_free (sample->folder);
  sample->folder = g_build_filename (g_get_user_runtime_dir (), place, "Pictures", NULL);
  sample_open (sample);
  g_object_unref (sample_add (sample->gallery, "a fox", 1));
  g_object_unref (sample_add (sample->gallery, "a bird", 2));
  sample_settle (sample);
  return sample;
}

static char *
get_last_place (const char *name)
{
  return g_build_filename (g_get_user_data_dir (), "deleted", name, NULL);
}

static void
test_chosen_for_a_sandbox (void)
{
  g_autoptr (Sample) sample = make_trashless ("doc/61f2a1");
  g_autofree char *before = describe_all (sample);
  g_autofree char *place = get_last_place (NULL);
  g_autofree char *undo = trash (sample, some, 1);
  g_autoptr (GPtrArray) left = scratch_list (sample->folder, "2", "");
  g_autoptr (GPtrArray) between = scratch_list (place, "", "");
  g_autofree char *after = NULL;

  g_assert_cmpuint (sample_count (sample, "bird"), ==, 0);
  g_assert_cmpuint (left->len, ==, 2);
  g_assert_cmpuint (count_in_trash (""), ==, 2);
  g_assert_cmpuint (between->len, ==, 0);
  restore (sample, undo);
  after = describe_all (sample);
  scratch_compare (after, before);
}

/* One that came back from the trash lies where the next one of its name would pass through. */
static void
test_deleted_again (void)
{
  g_autoptr (Sample) sample = make_trashless ("doc/61f2a2");
  g_autoptr (GListModel) all = sfumato_gallery_search (sample->gallery, NULL, FALSE);
  g_autoptr (SfumatoPicture) picture = g_list_model_get_item (all, 0);
  g_autofree char *place = get_last_place (NULL);
  g_autofree char *name = g_strdup (sfumato_picture_get_fields (picture)->file_name);
  g_autofree char *undo = NULL;
  g_autoptr (GBytes) kept = NULL;

  g_assert_no_errno (g_mkdir_with_parents (place, 0700));
  scratch_write (place, name, "came back", 9);
  undo = trash (sample, some, 1);
  g_assert_cmpuint (count_in_trash (""), ==, 2);
  kept = scratch_read (place, name);
  g_assert_cmpmem (g_bytes_get_data (kept, NULL), g_bytes_get_size (kept), "came back", 9);
  scratch_remove (g_steal_pointer (&place));
}

/* A drive is not to find its pictures on another one. */
static void
test_drive_without_trash (void)
{
  g_autoptr (Sample) sample = make_trashless ("drive");
  g_autoptr (GListModel) all = sfumato_gallery_search (sample->gallery, NULL, FALSE);
  g_autoptr (GPtrArray) pictures = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree char *before = describe_all (sample);
  g_autofree char *after = NULL;
  g_autofree char *undo = NULL;
  g_autoptr (GError) error = NULL;

  g_ptr_array_add (pictures, g_list_model_get_item (all, 0));
  g_assert_false (sfumato_gallery_trash (sample->gallery, pictures, &undo, &error));
  g_assert_nonnull (strstr (error->message, "nothing was deleted"));
  sample_scan (sample);
  after = describe_all (sample);
  scratch_compare (after, before);
  g_assert_cmpuint (count_in_trash (""), ==, 0);
}

/* As on a memory card: no hard links. For good, so only in a child. */
static void
refuse_links (void)
{
  struct sock_filter filter[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_linkat, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = { G_N_ELEMENTS (filter), filter };

  g_assert_no_errno (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  g_assert_no_errno (prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

/* Refused, and no picture is there twice. */
static void
test_refused_without_links (void)
{
  if (g_test_subprocess ())
    {
      refuse_links ();
      test_drive_without_trash ();
      return;
    }
  g_test_trap_subprocess (NULL, 20 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
}

/* Tokens are names of folders: nothing else may be reached with one. */
static void
test_bad_token (void)
{
  static const char * const tokens[] = { "", ".", "..", "../..", "/", "/tmp", "x", "00000000-0000-4000-8000-000000000000" };
  g_autoptr (Sample) sample = make_sample ();

  for (guint i = 0; i < G_N_ELEMENTS (tokens); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (sfumato_gallery_restore (sample->gallery, tokens[i], &error));
      g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_STORAGE);
      sfumato_gallery_forget_trash (sample->gallery, tokens[i]);
    }
  sample_scan (sample);
  g_assert_cmpuint (sample_count (sample, NULL), ==, 6);
}

#ifdef __SANITIZE_ADDRESS__
#define MANY 100
#else
#define MANY 1000
#endif

static void
test_many (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (GArray) positions = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autofree char *undo = NULL;
  gint64 begin;

  for (guint i = 0; i < MANY; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u.png", i);

      sample_put (sample, name, "one of many", "core", i, "2026-01-01T00:00:00", i % 3 == 0);
      g_array_append_val (positions, i);
    }
  sample_scan (sample);
  before = describe_all (sample);
  begin = g_get_monotonic_time ();
  undo = trash (sample, (guint *) positions->data, MANY);
  g_assert_cmpuint (sample_count (sample, NULL), ==, 0);
  restore (sample, undo);
  g_test_message ("FIGURE delete-and-undo-1000 %.2f 5", (g_get_monotonic_time () - begin) / 1e6);
  after = describe_all (sample);
  scratch_compare (after, before);
}

int
main (int   argc,
      char *argv[])
{
  char shared[] = "/dev/shm/sfumato-test-XXXXXX";
  int status;

  g_test_init (&argc, &argv, NULL);
  g_assert_nonnull (g_mkdtemp (shared));
  g_setenv ("XDG_RUNTIME_DIR", shared, TRUE);

  g_test_add_func ("/trash/undo", test_undo);
  g_test_add_data_func ("/trash/undo-later", GINT_TO_POINTER (FALSE), test_undo_later);
  g_test_add_data_func ("/trash/undo-without-index", GINT_TO_POINTER (TRUE), test_undo_later);
  g_test_add_func ("/trash/forget", test_forget);
  g_test_add_func ("/trash/expire", test_expire);
  g_test_add_func ("/trash/collision", test_collision);
  g_test_add_func ("/trash/back-already", test_back_already);
  g_test_add_data_func ("/trash/without-sidecar", "holiday.png", test_without_sidecar);
  g_test_add_data_func ("/trash/no-room-for-a-sidecar", LONG_NAME, test_without_sidecar);
  g_test_add_func ("/trash/vanished", test_vanished);
  g_test_add_func ("/trash/refused", test_refused);
  g_test_add_func ("/trash/refused-halfway", test_refused_halfway);
  g_test_add_func ("/trash/chosen-for-a-sandbox", test_chosen_for_a_sandbox);
  g_test_add_func ("/trash/deleted-again", test_deleted_again);
  g_test_add_func ("/trash/drive-without-trash", test_drive_without_trash);
  g_test_add_func ("/trash/refused-without-links", test_refused_without_links);
  g_test_add_func ("/trash/bad-token", test_bad_token);
  g_test_add_func ("/trash/many", test_many);

  status = sample_run ();
  scratch_remove (g_strdup (shared));
  return status;
}
