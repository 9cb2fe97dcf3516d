/* What goes wrong with disks, folders and files: a clear error, nothing half written, and nothing lost.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "domain/sfumato-error.h"
#include "sample.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NO_NAMESPACE 77 /* exit status of a child that may not mount anything */

static SfumatoPicture *
try_add (Sample  *sample,
         gint64   seed,
         GError **error)
{
  g_autoptr (SfumatoResult) result = sample_result (seed);
  g_autoptr (SfumatoRequest) request = sample_request ("a fox");

  return sfumato_gallery_add (sample->gallery, result, request, NULL, 0, error);
}

static void
assert_add_fails (Sample *sample)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (try_add (sample, 1, &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_STORAGE);
  g_assert_cmpint (sfumato_error_get_charge (error), ==, SFUMATO_CHARGE_YES);
  g_assert_cmpint (sfumato_error_get_help (error), ==, SFUMATO_ERROR_HELP_SAVE_ELSEWHERE);
}

/* Everything in the folder is whole: each picture with its sidecar, and no temporary file. */
static guint
count_whole (Sample *sample)
{
  g_autoptr (GPtrArray) pictures = scratch_list (sample->folder, "", ".png");
  g_autoptr (GPtrArray) sidecars = scratch_list (sample->folder, "", ".png.xmp");
  g_autoptr (GPtrArray) all = scratch_list (sample->folder, "", "");

  g_assert_cmpuint (sidecars->len, ==, pictures->len);
  g_assert_cmpuint (all->len, ==, 2 * pictures->len);
  for (guint i = 0; i < pictures->len; i++)
    {
      g_autoptr (GBytes) bytes = scratch_read (sample->folder, g_ptr_array_index (pictures, i));
      SfumatoImageHeader header;

      g_assert_true (sfumato_image_header_read (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &header));
      g_assert_true (header.complete);
    }
  return pictures->len;
}

/* ---- a full disk ---- */

static void
set_limit (rlim_t bytes)
{
  struct rlimit limit = { .rlim_cur = bytes, .rlim_max = RLIM_INFINITY };

  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
}

/* A file may grow to so many bytes and no more: picture, sidecar and index each hit that wall somewhere. A picture
 * that was given back is whole and found, with or without an index that could be written. */
static void
add_under_limits (gpointer data)
{
  Sample *sample = sample_new ();
  guint acknowledged = 0;

  signal (SIGXFSZ, SIG_IGN);
  for (rlim_t bytes = 0; bytes < 40000; bytes += bytes < 4000 ? 61 : 4000)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (SfumatoPicture) picture = NULL;

      set_limit (bytes);
      picture = try_add (sample, bytes, &error);
      set_limit (RLIM_INFINITY);
      if (picture == NULL)
        g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_STORAGE);
      else
        acknowledged++;
      g_assert_cmpuint (count_whole (sample), ==, acknowledged);
    }
  g_assert_cmpuint (acknowledged, >, 10);
  sample_scan (sample);
  g_assert_cmpuint (sample_count (sample, NULL), ==, acknowledged);
  sample_free (sample);
}

static void
test_file_limit (void)
{
  scratch_in_child (add_under_limits, NULL);
}

static void
write_text (const char *path,
            const char *text)
{
  int fd = g_open (path, O_WRONLY | O_CLOEXEC, 0);

  if (fd < 0)
    return;
  if (write (fd, text, strlen (text)) < 0)
    g_debug ("%s: %s", path, g_strerror (errno));
  close (fd);
}

/* Mounts of our own, which need no rights where user namespaces are allowed. */
static void
enter_namespace (void)
{
  g_autofree char *users = g_strdup_printf ("0 %u 1", getuid ());
  g_autofree char *groups = g_strdup_printf ("0 %u 1", getgid ());

  if (getuid () == 0 ? unshare (CLONE_NEWNS) != 0 : unshare (CLONE_NEWUSER | CLONE_NEWNS) != 0)
    _exit (NO_NAMESPACE);
  if (getuid () != 0)
    {
      write_text ("/proc/self/setgroups", "deny");
      write_text ("/proc/self/uid_map", users);
      write_text ("/proc/self/gid_map", groups);
    }
  if (mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
    _exit (NO_NAMESPACE);
}

static void
mount_small_disk (const char *folder)
{
  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  if (mount ("small", folder, "tmpfs", 0, "size=200k") != 0)
    _exit (NO_NAMESPACE);
}

static void
run_in_namespace (ScratchChild child,
                  gpointer     data)
{
  int status = scratch_wait (scratch_fork (child, data));

  if (WIFEXITED (status) && WEXITSTATUS (status) == NO_NAMESPACE)
    g_test_skip ("mounting is not allowed here");
  else
    g_assert_cmpint (status, ==, 0);
}

/* A disk that is really full, for pictures and index both; then there is room again. */
static void
fill_small_disk (gpointer data)
{
  Sample *sample = data;
  g_autofree char *filler = NULL;
  g_autoptr (GError) error = NULL;
  guint acknowledged = 0;

  enter_namespace ();
  sample_close (sample);
  mount_small_disk (sample->folder);
  sample_open (sample);
  for (;;)
    {
      g_autoptr (SfumatoPicture) picture = try_add (sample, acknowledged, &error);

      if (picture == NULL)
        break;
      acknowledged++;
      g_assert_cmpuint (acknowledged, <, 200);
    }
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_STORAGE);
  g_assert_nonnull (strstr (error->message, "no room"));
  g_assert_cmpuint (acknowledged, >, 0);
  g_assert_cmpuint (count_whole (sample), ==, acknowledged);
  assert_add_fails (sample);

  if (mount (NULL, sample->folder, NULL, MS_REMOUNT, "size=400k") == 0)
    {
      g_object_unref (sample_add (sample->gallery, "there is room again", 1));
      acknowledged++;
    }
  sample_lose_index (sample);
  sample_close (sample);
  sample_open (sample);
  g_assert_cmpuint (sample_count (sample, NULL), ==, acknowledged);
}

static void
test_full_disk (void)
{
  g_autoptr (Sample) sample = sample_new ();

  run_in_namespace (fill_small_disk, sample);
}

/* ---- folders ---- */

static void
use_read_only_folder (gpointer data)
{
  Sample *sample = data;
  g_autoptr (SfumatoPicture) picture = sfumato_gallery_find (sample->gallery, "a.png");
  g_autoptr (GPtrArray) pictures = g_ptr_array_new ();
  g_autofree char *undo = NULL;
  g_autoptr (GError) error = NULL;

  enter_namespace ();
  if (mount (sample->folder, sample->folder, NULL, MS_BIND, NULL) != 0 ||
      mount (NULL, sample->folder, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) != 0)
    _exit (NO_NAMESPACE);
  assert_add_fails (sample);
  g_assert_false (sfumato_gallery_set_favorite (sample->gallery, picture, TRUE, &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_STORAGE);
  g_assert_nonnull (strstr (error->message, "may not write"));
  g_clear_error (&error);
  g_ptr_array_add (pictures, picture);
  g_assert_false (sfumato_gallery_trash (sample->gallery, pictures, &undo, &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_STORAGE);
  g_assert_true (sample_exists (sample, "a.png"));
  g_assert_cmpuint (sample_count (sample, "fox"), ==, 1);
}

static void
test_read_only (void)
{
  g_autoptr (Sample) sample = sample_new ();

  sample_put (sample, "a.png", "a fox", "core", 1, "2026-01-01T00:00:00", FALSE);
  sample_scan (sample);
  run_in_namespace (use_read_only_folder, sample);
}

/* The folder is not there, or there is a file in its place: pictures are missing, not deleted, also over a restart;
 * nothing is made in its place; then everything is as before. */
static void
test_folder_away (gconstpointer data)
{
  gboolean replaced = GPOINTER_TO_INT (data);
  g_autoptr (Sample) sample = sample_new ();
  g_autofree char *away = g_build_filename (sample->top, "away", NULL);
  g_autoptr (SfumatoPicture) picture = sample_add (sample->gallery, "a fox", 1);
  g_autoptr (GListModel) all = NULL;
  g_autoptr (SfumatoPicture) item = NULL;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autoptr (GError) error = NULL;

  sample_settle (sample);
  before = sample_describe (picture);
  g_clear_object (&picture);
  g_assert_cmpint (g_rename (sample->folder, away), ==, 0);
  if (replaced)
    g_assert_true (g_file_set_contents (sample->folder, "x", 1, NULL));
  for (int round = 0; round < 2; round++)
    {
      assert_add_fails (sample);
      g_assert_false (sfumato_gallery_scan (sample->gallery, NULL, &error));
      g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_STORAGE);
      g_clear_error (&error);
      sample_settle (sample);
      g_assert_false (sfumato_gallery_is_available (sample->gallery));
      g_assert_cmpuint (sample_count (sample, "fox"), ==, 1);
      all = sfumato_gallery_search (sample->gallery, NULL, FALSE);
      item = g_list_model_get_item (all, 0);
      g_assert_true (sfumato_picture_get_fields (item)->missing);
      g_clear_object (&item);
      g_clear_object (&all);
      sample_close (sample);
      sample_open (sample);
    }
  g_unlink (sample->folder);
  g_assert_cmpint (g_rename (away, sample->folder), ==, 0);
  sample_scan (sample);
  g_assert_true (sfumato_gallery_is_available (sample->gallery));
  all = sfumato_gallery_search (sample->gallery, NULL, FALSE);
  item = g_list_model_get_item (all, 0);
  after = sample_describe (item);
  scratch_compare (after, before);
}

/* A folder that cannot be made is one that is away: the gallery opens, and says so when it is to be used. */
static void
test_no_folder (void)
{
  g_autoptr (Sample) sample = sample_new ();

  sample_close (sample);
  scratch_write (sample->top, "file", "x", 1);
  g_free (sample->folder);
  sample->folder = g_build_filename (sample->top, "file", "pictures", NULL);
  sample_open (sample);
  g_assert_false (sfumato_gallery_is_available (sample->gallery));
  assert_add_fails (sample);
}

/* ---- the index ---- */

#define PICTURES 60

static Sample *
make_many (void)
{
  Sample *sample = sample_new ();

  for (int i = 0; i < PICTURES; i++)
    {
      g_autofree char *name = g_strdup_printf ("%02d.png", i);
      g_autofree char *prompt = g_strdup_printf ("a red fox in snow, number %d, and much else", i);

      sample_put (sample, name, prompt, "core", i, "2026-01-01T00:00:00", i % 3 == 0);
    }
  sample_scan (sample);
  sample_close (sample);
  return sample;
}

static void
assert_all_there (Sample *sample)
{
  g_autoptr (GListModel) all = sfumato_gallery_search (sample->gallery, NULL, FALSE);

  g_assert_cmpuint (g_list_model_get_n_items (all), ==, PICTURES);
  for (int i = 0; i < PICTURES; i++)
    {
      g_autofree char *name = g_strdup_printf ("%02d.png", i);
      g_autoptr (SfumatoPicture) picture = sfumato_gallery_find (sample->gallery, name);

      g_assert_nonnull (picture);
      g_assert_cmpint (sfumato_picture_get_fields (picture)->seed_used, ==, i);
      g_assert_cmpint (sfumato_picture_get_fields (picture)->favorite, ==, i % 3 == 0);
    }
}

/* A disk fails by sectors: of the index, some are zero, garbage, another's, or not there. */
static void
harm_sectors (GByteArray *bytes,
              GRand      *random)
{
  guint sector = 512 << g_rand_int_range (random, 0, 4);
  guint n = bytes->len / sector;
  guint8 *at = bytes->data + sector * g_rand_int_range (random, 0, n);
  guint8 *other = bytes->data + sector * g_rand_int_range (random, 0, n);

  switch (g_rand_int_range (random, 0, 4))
    {
    case 0:
      memset (at, 0, sector);
      break;
    case 1:
      for (guint i = 0; i < sector; i++)
        at[i] = g_rand_int (random);
      break;
    case 2:
      memmove (at, other, sector);
      break;
    default:
      g_byte_array_set_size (bytes, at - bytes->data);
    }
}

/* It opens always, with all pictures. Damage inside of the words is found when they are searched, and is gone at the
 * next start. */
static void
test_damaged_index (void)
{
  g_autoptr (Sample) sample = make_many ();
  g_autofree char *data = g_path_get_dirname (sample->index);
  g_autoptr (GBytes) good = scratch_read (data, "gallery.db");
  g_autoptr (GRand) random = g_rand_new_with_seed (99);

  for (int round = 0; round < (g_test_slow () ? 1000 : 80); round++)
    {
      g_autoptr (GByteArray) bytes = g_byte_array_new ();

      g_byte_array_append (bytes, g_bytes_get_data (good, NULL), g_bytes_get_size (good));
      harm_sectors (bytes, random);
      sample_lose_index (sample);
      scratch_write (data, "gallery.db", bytes->data, bytes->len);
      sample_open (sample);
      assert_all_there (sample);
      if (sample_count (sample, "fox") != PICTURES)
        {
          sample_close (sample);
          sample_open (sample);
          assert_all_there (sample);
          g_assert_cmpuint (sample_count (sample, "fox"), ==, PICTURES);
        }
      sample_close (sample);
    }
}

/* Where only the words are harmed, searching finds nothing, and the next start makes them again. */
static void
test_damaged_words (void)
{
  g_autoptr (Sample) sample = make_many ();
  sqlite3 *db;

  g_assert_cmpint (sqlite3_open (sample->index, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, "UPDATE words_data SET block = randomblob (length (block)) WHERE id > 10", NULL,
                                 NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (db);
  sample_open (sample);
  assert_all_there (sample);
  g_assert_cmpuint (sample_count (sample, "fox"), <, PICTURES);
  sample_close (sample);
  sample_open (sample);
  assert_all_there (sample);
  g_assert_cmpuint (sample_count (sample, "fox"), ==, PICTURES);
}

static void
test_newer_index (void)
{
  g_autoptr (Sample) sample = make_many ();
  g_autofree char *data = g_path_get_dirname (sample->index);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) before = NULL;
  g_autoptr (GBytes) after = NULL;
  guint8 *bytes;
  gsize size;

  /* user_version and application_id, see sfumato-database-open.c */
  before = scratch_read (data, "gallery.db");
  bytes = g_bytes_unref_to_data (g_steal_pointer (&before), &size);
  bytes[63] = 99;
  bytes[71] = 99;
  scratch_write (data, "gallery.db", bytes, size);
  g_assert_null (sfumato_gallery_open (sample->folder, sample->index, sample->cache, &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_STORAGE);
  after = scratch_read (data, "gallery.db");
  g_assert_cmpmem (bytes, size, g_bytes_get_data (after, NULL), g_bytes_get_size (after));
  g_free (bytes);
  sample_lose_index (sample);
  sample_open (sample);
  assert_all_there (sample);
}

/* ---- names ---- */

static char *
make_odd_prompt (guint n)
{
  static const char * const pieces[] = {
    "", " ", ".", "..", "...", "/", "\\", "-rf", "--help", "~", "%s%n", "100%", "\n", "\r\n", "\t", "\"", "'", "`id`",
    "$HOME", "*", "?", ":", "<b>", "|", "&amp;", "con", "NUL.png", "\xe2\x80\xae" "gnp", "\xe2\x80\x8b", "e\xcc\x81",
    "\xc3\xa9", "狐", "ثعلب", "👩‍👩‍👧‍👦", "🏳️‍🌈", "a", ".png", ".xmp", "\x01", "\x7f",
  };
  guint first = n % G_N_ELEMENTS (pieces);
  guint second = n / G_N_ELEMENTS (pieces) * 7 % G_N_ELEMENTS (pieces);
  GString *prompt = g_string_new (pieces[first]);

  g_string_append (prompt, pieces[second]);
  for (guint length = n % 5 == 4 ? 255 : 0; *pieces[first] != '\0' && prompt->len < length;)
    g_string_append (prompt, pieces[first]);
  return g_string_free (prompt, FALSE);
}

static void
assert_good_name (const char *name)
{
  g_assert_true (g_utf8_validate (name, -1, NULL));
  g_assert_cmpuint (strlen (name) + strlen (".xmp"), <=, 120);
  g_assert_false (name[0] == '.' || name[0] == '-');
  g_assert_null (strpbrk (name, "/\\:*?\"<>|\n\r\t\x01\x7f"));
}

#ifdef __SANITIZE_ADDRESS__
#define PROMPTS 150
#else
#define PROMPTS 500
#endif

/* Whatever the prompt is made of, the picture is saved under a good name, shown with its prompt, and found. */
static void
test_odd_prompts (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < PROMPTS; i++)
    {
      g_autofree char *prompt = make_odd_prompt (i);
      g_autoptr (SfumatoPicture) picture = sample_add (sample->gallery, prompt, 7);
      const SfumatoPictureFields *fields = sfumato_picture_get_fields (picture);

      assert_good_name (fields->file_name);
      g_ptr_array_add (names, g_strdup (fields->file_name));
    }
  sample_close (sample);
  sample_lose_index (sample);
  sample_open (sample);
  for (guint i = 0; i < PROMPTS; i++)
    {
      g_autofree char *prompt = make_odd_prompt (i);
      g_autoptr (SfumatoPicture) picture = sfumato_gallery_find (sample->gallery, g_ptr_array_index (names, i));

      g_assert_nonnull (picture);
      g_assert_cmpstr (sfumato_request_get_prompt (sfumato_picture_get_fields (picture)->request), ==, prompt);
    }
}

/* Names others gave, which are any bytes. */
static void
test_odd_files (void)
{
  static const char * const names[] = {
    "-rf.png", " .png", "a\nb.png", "%s.png", "\xff\xfe.png", "caf\xe9.png", "e\xcc\x81.png", "\xc3\xa9.png", "'\"`$.png",
    "a.PNG", "b.Jpeg.png", "..png", "x.png.png", "\xe2\x80\xae.png", "con.png",
  };
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (GPtrArray) pictures = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree char *long_name = g_strnfill (255, 'x');
  g_autofree char *undo = NULL;
  guint n = G_N_ELEMENTS (names) - 1; /* "..png" is hidden */
  g_autoptr (GBytes) png = sample_png (3, 3, 0);

  memcpy (long_name + 251, ".png", 4);
  scratch_write (sample->folder, "long", g_bytes_get_data (png, NULL), g_bytes_get_size (png));
  {
    g_autofree char *from = sample_path (sample, "long");
    g_autofree char *to = sample_path (sample, long_name);

    g_assert_cmpint (g_rename (from, to), ==, 0);
  }
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    scratch_write (sample->folder, names[i], g_bytes_get_data (png, NULL), g_bytes_get_size (png));
  sample_scan (sample);
  g_assert_cmpuint (sample_count (sample, NULL), ==, n + 1);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (SfumatoPicture) picture = sfumato_gallery_find (sample->gallery, names[i]);
      g_autofree char *thumbnail = NULL;

      if (g_str_equal (names[i], "..png"))
        continue;
      g_assert_nonnull (picture);
      thumbnail = sfumato_gallery_thumbnail (sample->gallery, picture, 256, NULL, NULL);
      g_assert_nonnull (thumbnail);
      g_assert_true (sfumato_gallery_set_favorite (sample->gallery, picture, TRUE, NULL));
      g_ptr_array_add (pictures, g_steal_pointer (&picture));
    }
  g_assert_true (sfumato_gallery_trash (sample->gallery, pictures, &undo, NULL));
  g_assert_cmpuint (sample_count (sample, NULL), ==, 1);
  g_assert_true (sfumato_gallery_restore (sample->gallery, undo, NULL));
  g_assert_cmpuint (sample_count (sample, NULL), ==, n + 1);
}

/* Things that are no files, and links out of the folder, are not looked at; a pipe does not hang anybody. */
static void
test_no_files (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autofree char *pipe = sample_path (sample, "pipe.png");
  g_autofree char *folder = sample_path (sample, "folder.png");
  g_autofree char *link = sample_path (sample, "link.png");
  g_autofree char *loop = sample_path (sample, "loop.png");

  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  g_assert_cmpint (symlink ("/etc/passwd", link), ==, 0);
  g_assert_cmpint (symlink ("loop.png", loop), ==, 0);
  scratch_write (sample->folder, "empty.png", "", 0);
  sample_scan (sample);
  g_assert_cmpuint (sample_count (sample, NULL), ==, 0);
}

/* ---- many at once ---- */

static void
add_same_name (gpointer data)
{
  Sample *sample = data;

  sample_open (sample);
  for (int i = 0; i < 25; i++)
    g_object_unref (sample_add (sample->gallery, "the same name", 1));
}

/* Four processes on one folder and one index, all with pictures of the same name: every one has its own file. */
static void
test_same_names (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (GHashTable) ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GListModel) all = NULL;
  pid_t pids[4];

  sample_close (sample);
  for (guint i = 0; i < G_N_ELEMENTS (pids); i++)
    pids[i] = scratch_fork (add_same_name, sample);
  for (guint i = 0; i < G_N_ELEMENTS (pids); i++)
    g_assert_cmpint (scratch_wait (pids[i]), ==, 0);
  g_assert_cmpuint (count_whole (sample), ==, 100);
  sample_open (sample);
  all = sfumato_gallery_search (sample->gallery, "same", FALSE);
  g_assert_cmpuint (g_list_model_get_n_items (all), ==, 100);
  for (guint i = 0; i < 100; i++)
    {
      g_autoptr (SfumatoPicture) picture = g_list_model_get_item (all, i);

      g_assert_cmpint (sfumato_picture_get_fields (picture)->seed_used, ==, 1);
      g_hash_table_add (ids, g_strdup (sfumato_picture_get_fields (picture)->id));
    }
  g_assert_cmpuint (g_hash_table_size (ids), ==, 100);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/faults/file-limit", test_file_limit);
  g_test_add_func ("/faults/full-disk", test_full_disk);
  g_test_add_func ("/faults/read-only", test_read_only);
  g_test_add_data_func ("/faults/folder-away", GINT_TO_POINTER (FALSE), test_folder_away);
  g_test_add_data_func ("/faults/folder-replaced-by-file", GINT_TO_POINTER (TRUE), test_folder_away);
  g_test_add_func ("/faults/no-folder", test_no_folder);
  g_test_add_func ("/faults/damaged-index", test_damaged_index);
  g_test_add_func ("/faults/damaged-words", test_damaged_words);
  g_test_add_func ("/faults/newer-index", test_newer_index);
  g_test_add_func ("/faults/odd-prompts", test_odd_prompts);
  g_test_add_func ("/faults/odd-files", test_odd_files);
  g_test_add_func ("/faults/no-files", test_no_files);
  g_test_add_func ("/faults/same-names", test_same_names);

  return sample_run ();
}
