/* Killed at any moment, or with any call to the system failing: what was said to be done is done, nothing is half,
 * and the next start finds everything.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "sample.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#define KILLS 12
#else
#define KILLS 50
#endif

/* A picture as far as the dead could tell. */
typedef struct
{
  guint     key;        /* says what is in it */
  char     *name;       /* owned: its file, when it was kept */
  char     *undo;       /* owned, nullable: the token it was deleted under */
  gboolean  favorite;
  gboolean  star_open;  /* the saver died while it changed the star */
  gboolean  place_open; /* … deleted it or gave it back */
} Told;

static void
told_free (gpointer data)
{
  Told *told = data;

  g_free (told->name);
  g_free (told->undo);
  g_free (told);
}

/* ---- the saver ---- */

static GPid
start_saver (Sample             *sample,
             const char * const *before,
             const char         *seed,
             const char         *deeds,
             const char         *mode,
             int                *out)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_auto (GStrv) environment = g_environ_setenv (g_get_environ (), "ASAN_OPTIONS", "detect_leaks=0", TRUE);
  const char *own[] = { g_getenv ("SAVER"), sample->folder, sample->index, sample->cache, seed, deeds, mode };
  GError *error = NULL;
  GPid pid;

  for (guint i = 0; before != NULL && before[i] != NULL; i++)
    g_ptr_array_add (argv, (char *) before[i]);
  for (guint i = 0; i < G_N_ELEMENTS (own); i++)
    g_ptr_array_add (argv, (char *) own[i]);
  g_ptr_array_add (argv, NULL);
  g_spawn_async_with_pipes (NULL, (char **) argv->pdata, environment, G_SPAWN_DO_NOT_REAP_CHILD |
                            G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &pid, NULL, out, NULL,
                            &error);
  g_assert_no_error (error);
  return pid;
}

/* Until so many things were said, or until the end. */
static void
read_into (GString *text,
           int      fd,
           int      n_times)
{
  char buffer[4096];
  gssize n = 1;

  for (int i = 0; n > 0 && i < n_times; i++)
    {
      n = read (fd, buffer, sizeof buffer);
      if (n > 0)
        g_string_append_len (text, buffer, n);
    }
}

static void
hear_line (GHashTable *all,
           char      **words)
{
  gboolean done = !g_str_equal (words[0], "?");
  char **rest = done ? words : words + 1;
  Told *told = rest[1] != NULL ? g_hash_table_lookup (all, rest[1]) : NULL;

  if (done && g_str_equal (rest[0], "add"))
    {
      told = g_new0 (Told, 1);
      told->key = atoi (rest[2]);
      told->name = g_strjoinv (" ", rest + 3);
      g_hash_table_insert (all, g_strdup (rest[1]), told);
    }
  else if (told != NULL && g_str_equal (rest[0], "star"))
    {
      told->star_open = !done;
      told->favorite = done ? atoi (rest[2]) : told->favorite;
    }
  else if (told != NULL && g_str_equal (rest[0], "delete"))
    {
      told->place_open = !done;
      g_set_str (&told->undo, done ? rest[2] : NULL);
    }
  else if (told != NULL && g_str_equal (rest[0], "back"))
    {
      told->place_open = !done;
      g_set_str (&told->undo, done ? NULL : rest[2]);
    }
}

/* Lines that are not whole were not said. */
static void
hear (GHashTable *all,
      GString    *text)
{
  g_auto (GStrv) lines = g_strsplit (text->str, "\n", -1);

  for (guint i = 0; lines[i] != NULL && lines[i + 1] != NULL; i++)
    {
      g_auto (GStrv) words = g_strsplit (lines[i], " ", -1);

      hear_line (all, words);
    }
}

static void
run_and_kill (Sample     *sample,
              GHashTable *all,
              GRand      *random)
{
  g_autofree char *seed = g_strdup_printf ("%d", g_rand_int_range (random, 0, G_MAXINT));
  g_autoptr (GString) text = g_string_new (NULL);
  int out;
  GPid pid = start_saver (sample, NULL, seed, "1000000", NULL, &out);

  read_into (text, out, g_rand_int_range (random, 1, 12));
  g_usleep (g_rand_int_range (random, 0, 8000));
  kill (pid, SIGKILL);
  scratch_wait (pid);
  read_into (text, out, G_MAXINT);
  close (out);
  g_assert_true (g_str_has_prefix (text->str, "ready"));
  hear (all, text);
}

/* ---- what is left ---- */

static void
assert_no_halves (Sample *sample)
{
  g_autoptr (GPtrArray) names = scratch_list (sample->folder, "", ".png");

  for (guint i = 0; i < names->len; i++)
    {
      g_autoptr (GBytes) bytes = scratch_read (sample->folder, g_ptr_array_index (names, i));
      SfumatoImageHeader header;

      g_assert_true (sfumato_image_header_read (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &header));
      g_assert_true (header.complete);
    }
}

/* Somewhere a person would look, or undo would. */
static gboolean
is_in_trash (Sample     *sample,
             const char *name)
{
  g_autofree char *trash = g_build_filename (g_get_user_data_dir (), "Trash", "files", NULL);
  g_autofree char *hidden = sample_path (sample, ".sfumato-undo");
  g_autofree char *stem = g_strndup (name, strlen (name) - strlen (".png"));
  g_autoptr (GPtrArray) found = g_file_test (trash, G_FILE_TEST_IS_DIR) ? scratch_list (trash, stem, ".png") : NULL;
  g_autoptr (GPtrArray) tokens = g_file_test (hidden, G_FILE_TEST_IS_DIR) ? scratch_list (hidden, "", "") : NULL;

  if (found != NULL && found->len > 0)
    return TRUE;
  for (guint i = 0; tokens != NULL && i < tokens->len; i++)
    {
      g_autofree char *path = g_build_filename (hidden, g_ptr_array_index (tokens, i), name, NULL);

      if (g_file_test (path, G_FILE_TEST_EXISTS))
        return TRUE;
    }
  return FALSE;
}

static void
assert_right (Sample         *sample,
              SfumatoPicture *picture,
              Told           *told)
{
  const SfumatoPictureFields *fields = sfumato_picture_get_fields (picture);
  g_autoptr (SfumatoResult) result = sample_result (told->key);
  g_autoptr (GBytes) bytes = scratch_read (sample->folder, fields->file_name);
  g_autofree char *prompt = g_strdup_printf ("picture %u", told->key);

  g_assert_true (g_bytes_equal (bytes, sfumato_result_get_fields (result)->bytes));
  g_assert_cmpstr (sfumato_request_get_prompt (fields->request), ==, prompt);
  g_assert_cmpint (fields->seed_used, ==, told->key);
  if (!told->star_open)
    g_assert_cmpint (fields->favorite, ==, told->favorite);
  told->favorite = fields->favorite;
  told->star_open = FALSE;
}

/* TRUE while there is more to know of it: a picture in the trash whose token nobody heard is as good as deleted. */
static gboolean
check (Sample     *sample,
       const char *id,
       Told       *told)
{
  g_autoptr (SfumatoPicture) picture = NULL;

  if (told->undo != NULL)
    {
      gboolean restored = sfumato_gallery_restore (sample->gallery, told->undo, NULL);

      g_assert_true (restored || told->place_open);
      g_clear_pointer (&told->undo, g_free);
    }
  picture = sfumato_gallery_find (sample->gallery, id);
  if (picture == NULL)
    {
      g_assert_true (told->place_open);
      g_assert_true (is_in_trash (sample, told->name));
      return FALSE;
    }
  told->place_open = FALSE;
  assert_right (sample, picture, told);
  return TRUE;
}

static void
check_all (Sample     *sample,
           GHashTable *all)
{
  GHashTableIter iter;
  gpointer id, told;

  sample_open (sample);
  assert_no_halves (sample);
  g_hash_table_iter_init (&iter, all);
  while (g_hash_table_iter_next (&iter, &id, &told))
    if (!check (sample, id, told))
      g_hash_table_iter_remove (&iter);
  sample_close (sample);
}

static void
test_killed (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (GHashTable) all = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, told_free);
  g_autoptr (GRand) random = g_rand_new ();
  int rounds = g_test_slow () ? 1500 : KILLS;

  sample_close (sample);
  for (int round = 1; round <= rounds; round++)
    {
      run_and_kill (sample, all, random);
      if (round % 5 == 0 || round == rounds)
        check_all (sample, all);
    }
  sample_lose_index (sample);
  check_all (sample, all);
  g_test_message ("%d kills, %u pictures", rounds, g_hash_table_size (all));
  g_assert_cmpuint (g_hash_table_size (all), >, rounds / 4);
}

/* ---- calls that fail ---- */

static gboolean
can_trace (void)
{
  const char *argv[] = { "strace", "-qq", "-o", "/dev/null", "true", NULL };
  int status = 1;

  return g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL,
                       NULL, &status, NULL) && status == 0;
}

static void
run_with_fault (const char *call,
                const char *fault,
                int         when,
                guint      *acknowledged)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (GHashTable) all = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, told_free);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *trace = g_strdup_printf ("trace=%s", call);
  g_autofree char *inject = g_strdup_printf ("inject=%s:error=%s:when=%d", call, fault, when);
  g_autoptr (GPtrArray) left = NULL;
  const char *strace[] = { "strace", "-f", "-qq", "-o", "/dev/null", "-e", trace, "-e", inject, NULL };
  int out;
  GPid pid;

  sample_close (sample);
  pid = start_saver (sample, strace, "7", "3", "add", &out);
  read_into (text, out, G_MAXINT);
  close (out);
  scratch_wait (pid);
  hear (all, text);
  *acknowledged += g_hash_table_size (all);
  check_all (sample, all);
  left = scratch_list (sample->folder, ".sfumato-", "");
  g_assert_cmpuint (left->len, ==, 0);
}

static void
test_failing_calls (void)
{
  static const struct
  {
    const char *call;
    const char *fault;
    int         n;
  } cases[] = {
    { "fsync", "EIO", 6 },     { "fdatasync", "EIO", 5 },    { "write", "ENOSPC", 6 },     { "renameat2", "EIO", 4 },
    { "renameat2", "EINVAL", 2 }, { "pwrite64", "ENOSPC", 8 }, { "unlinkat", "EACCES", 1 }, { "fcntl", "EIO", 4 },
  };
  guint acknowledged = 0, runs = 0;

  if (!can_trace ())
    {
      g_test_skip ("strace is not here or may not trace");
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (int when = 1; when <= (g_test_slow () ? 40 : cases[i].n); when++, runs++)
      run_with_fault (cases[i].call, cases[i].fault, when, &acknowledged);
  g_test_message ("%u runs, %u pictures kept", runs, acknowledged);
  g_assert_cmpuint (acknowledged, >, runs);
}

/* Killed at this call, the picture is there whole at the next start, under the id it was to have and with all that is known
 * of it. */
static void
kill_while_adding (const char *call,
                   int         when)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *trace = g_strdup_printf ("trace=%s", call);
  g_autofree char *inject = g_strdup_printf ("inject=%s:signal=SIGKILL:when=%d", call, when);
  const char *strace[] = { "strace", "-f", "-qq", "-o", "/dev/null", "-e", trace, "-e", inject, NULL };
  g_autoptr (SfumatoPicture) picture = NULL;
  g_auto (GStrv) lines = NULL;
  int out;
  GPid pid;

  sample_close (sample);
  pid = start_saver (sample, strace, "7", "3", "add", &out);
  read_into (text, out, G_MAXINT);
  close (out);
  scratch_wait (pid);
  lines = g_strsplit (text->str, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 3);
  g_assert_true (g_str_has_prefix (lines[1], "? add "));
  sample_open (sample);
  picture = sfumato_gallery_find (sample->gallery, lines[1] + strlen ("? add "));
  g_assert_nonnull (picture);
  g_assert_nonnull (sfumato_picture_get_fields (picture)->request);
  g_assert_cmpuint (sample_count (sample, NULL), ==, 1);
  assert_no_halves (sample);
}

static void
test_killed_while_adding (void)
{
  static const struct
  {
    const char *call;
    int         when;
  } cases[] = {
    { "fsync", 2 }, { "linkat", 1 }, { "renameat2", 1 }, { "unlinkat", 1 }, { "fsync", 3 },
  };

  if (!can_trace ())
    {
      g_test_skip ("strace is not here or may not trace");
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    kill_while_adding (cases[i].call, cases[i].when);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/killed/at-random", test_killed);
  g_test_add_func ("/killed/failing-calls", test_failing_calls);
  g_test_add_func ("/killed/while-adding", test_killed_while_adding);

  return sample_run ();
}
