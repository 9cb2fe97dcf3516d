/* The database: opened, brought up to date, shared by processes, and never lost where it is damaged.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "domain/sfumato-error.h"
#include "gallery/sfumato-database.h"
#include "scratch.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROWS 500

#ifdef __SANITIZE_ADDRESS__
#define HARMED 40
#else
#define HARMED 200
#endif

static const char * const first_schema[] = {
  "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;"
  "CREATE INDEX notes_text ON notes (text);",
  NULL,
};

static const char * const second_schema[] = {
  "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;"
  "CREATE INDEX notes_text ON notes (text);",
  "ALTER TABLE notes ADD COLUMN stars INTEGER NOT NULL DEFAULT 3;",
  NULL,
};

static SfumatoDatabase *
open_good (const char         *folder,
           const char * const *schema)
{
  g_autofree char *path = g_build_filename (folder, "notes.db", NULL);
  GError *error = NULL;
  SfumatoDatabase *db = sfumato_database_open (path, schema, &error);

  g_assert_no_error (error);
  return db;
}

static gint64
query (SfumatoDatabase *db,
       const char      *sql)
{
  GError *error = NULL;
  sqlite3_stmt *statement;
  gint64 value;

  sfumato_database_lock (db);
  statement = sfumato_database_prepare (db, sql, &error);
  g_assert_no_error (error);
  g_assert_cmpint (sfumato_database_step (db, statement, &error), ==, SQLITE_ROW);
  value = sqlite3_column_int64 (statement, 0);
  sfumato_database_unlock (db);
  return value;
}

static gboolean
insert (SfumatoDatabase  *db,
        const char       *text,
        GError          **error)
{
  sqlite3_stmt *statement;
  gboolean done;

  sfumato_database_lock (db);
  statement = sfumato_database_prepare (db, "INSERT INTO notes (text) VALUES (?)", error);
  done = statement != NULL;
  if (done)
    {
      sqlite3_bind_text (statement, 1, text, -1, SQLITE_TRANSIENT);
      done = sfumato_database_step (db, statement, error) == SQLITE_DONE;
    }
  sfumato_database_unlock (db);
  return done;
}

static void
fill (SfumatoDatabase *db)
{
  GError *error = NULL;

  g_assert_true (sfumato_database_begin (db, &error));
  for (int i = 0; i < ROWS; i++)
    {
      g_autofree char *text = g_strdup_printf ("note %d of a red fox in snow, and of much else", i);

      g_assert_true (insert (db, text, &error));
    }
  g_assert_true (sfumato_database_commit (db, &error));
  g_assert_no_error (error);
}

static void
test_new (void)
{
  g_autoptr (ScratchDir) top = scratch_make ();
  g_autofree char *folder = g_build_filename (top, "a", "b", NULL);
  g_autoptr (SfumatoDatabase) db = open_good (folder, first_schema);

  g_assert_cmpint (sfumato_database_get_state (db), ==, SFUMATO_DATABASE_CREATED);
  g_assert_cmpint (query (db, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), ==, 1);
  g_assert_cmpint (query (db, "PRAGMA synchronous"), ==, 2);
  g_assert_cmpint (query (db, "PRAGMA foreign_keys"), ==, 1);
  fill (db);
  g_clear_pointer (&db, sfumato_database_close);

  db = open_good (folder, first_schema);
  g_assert_cmpint (sfumato_database_get_state (db), ==, SFUMATO_DATABASE_OPENED);
  g_assert_cmpint (query (db, "SELECT count(*) FROM notes"), ==, ROWS);
}

static void
test_migrate (void)
{
  g_autoptr (ScratchDir) folder = scratch_make ();
  g_autoptr (SfumatoDatabase) db = open_good (folder, first_schema);

  fill (db);
  g_clear_pointer (&db, sfumato_database_close);
  db = open_good (folder, second_schema);
  g_assert_cmpint (sfumato_database_get_state (db), ==, SFUMATO_DATABASE_OPENED);
  g_assert_cmpint (query (db, "SELECT sum(stars) FROM notes"), ==, 3 * ROWS);
}

/* The same files before and after, whether the newer program closed well or was killed with its log behind it. */
static void
newer_program (gpointer data)
{
  g_autoptr (SfumatoDatabase) db = open_good (data, second_schema);

  fill (db);
  _exit (0);
}

static void
test_too_new (void)
{
  static const char * const files[] = { "notes.db", "notes.db-wal" };
  g_autoptr (ScratchDir) folder = scratch_make ();
  g_autofree char *path = g_build_filename (folder, "notes.db", NULL);
  GBytes *before[2];
  GError *error = NULL;

  scratch_in_child (newer_program, folder);
  for (guint i = 0; i < 2; i++)
    before[i] = scratch_read (folder, files[i]);
  g_assert_cmpuint (g_bytes_get_size (before[1]), >, 0);

  g_assert_null (sfumato_database_open (path, first_schema, &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_STORAGE);
  g_assert_nonnull (strstr (error->message, "newer version"));
  g_clear_error (&error);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GBytes) after = scratch_read (folder, files[i]);

      g_assert_true (g_bytes_equal (before[i], after));
      g_bytes_unref (before[i]);
    }
}

typedef enum
{
  FLIP,
  ZERO,
  GARBAGE,
  CUT,
  N_HARMS,
} Harm;

static void
harm (GByteArray *bytes,
      Harm        kind,
      GRand      *random)
{
  guint at = g_rand_int_range (random, 0, bytes->len);
  guint end = MIN (bytes->len, at + g_rand_int_range (random, 1, 9000));

  switch (kind)
    {
    case FLIP:
      bytes->data[at] ^= 1u << g_rand_int_range (random, 0, 8);
      break;
    case ZERO:
      memset (bytes->data + at, 0, end - at);
      break;
    case GARBAGE:
      for (; at < end; at++)
        bytes->data[at] = g_rand_int (random);
      break;
    case CUT:
    default:
      g_byte_array_set_size (bytes, at);
      break;
    }
}

static GBytes *
make_good_file (const char *folder)
{
  SfumatoDatabase *db = open_good (folder, first_schema);

  fill (db);
  sfumato_database_close (db);
  return scratch_read (folder, "notes.db");
}

/* Opens always, works always; and what was there is either still in use or beside, byte for byte. */
static void
open_harmed (GBytes *good,
             Harm    kind,
             GRand  *random)
{
  g_autoptr (ScratchDir) folder = scratch_make ();
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (SfumatoDatabase) db = NULL;

  g_byte_array_append (bytes, g_bytes_get_data (good, NULL), g_bytes_get_size (good));
  harm (bytes, kind, random);
  scratch_write (folder, "notes.db", bytes->data, bytes->len);
  db = open_good (folder, first_schema);
  g_assert_true (insert (db, "one more", NULL));
  g_assert_cmpint (query (db, "SELECT count(*) FROM notes WHERE text = 'one more'"), ==, 1);
  if (sfumato_database_get_state (db) == SFUMATO_DATABASE_REPLACED)
    {
      g_autoptr (GPtrArray) aside = scratch_list (folder, "notes.db.damaged-", "");
      g_autoptr (GBytes) kept = scratch_read (folder, g_ptr_array_index (aside, 0));

      g_assert_cmpmem (g_bytes_get_data (kept, NULL), g_bytes_get_size (kept), bytes->data, bytes->len);
      g_assert_cmpint (query (db, "SELECT count(*) FROM notes"), ==, 1);
    }
  else if (bytes->len > 0)
    g_assert_cmpint (query (db, "SELECT count(*) FROM notes"), ==, ROWS + 1);
}

static void
test_damage (void)
{
  g_autoptr (ScratchDir) folder = scratch_make ();
  g_autoptr (GBytes) good = make_good_file (folder);
  g_autoptr (GRand) random = g_rand_new_with_seed (20261122);

  for (guint i = 0; i < (g_test_slow () ? 4000 : HARMED); i++)
    open_harmed (good, i % N_HARMS, random);
}

/* Every bit of the version numbers in the file's head (offsets 60 and 68 of the SQLite file format). */
static void
test_version_flipped (void)
{
  static const guint offsets[] = { 60, 61, 62, 63, 68, 69, 70, 71 };
  g_autoptr (ScratchDir) folder = scratch_make ();
  g_autoptr (GBytes) good = make_good_file (folder);

  for (guint i = 0; i < G_N_ELEMENTS (offsets) * 8; i++)
    {
      g_autoptr (ScratchDir) other = scratch_make ();
      g_autofree guint8 *bytes = g_memdup2 (g_bytes_get_data (good, NULL), g_bytes_get_size (good));
      g_autoptr (SfumatoDatabase) db = NULL;

      bytes[offsets[i / 8]] ^= 1u << i % 8;
      scratch_write (other, "notes.db", bytes, g_bytes_get_size (good));
      db = open_good (other, first_schema);
      g_assert_cmpint (sfumato_database_get_state (db), ==, SFUMATO_DATABASE_REPLACED);
    }
}

/* Things that stand where the database should be, and how it opens. */
static void
test_strange_files (void)
{
  static const struct
  {
    const char           *content;
    const char           *log;
    SfumatoDatabaseState  state;
  } cases[] = {
    { "", NULL, SFUMATO_DATABASE_CREATED },
    { "", "a log without its database", SFUMATO_DATABASE_REPLACED },
    { NULL, "a log without its database", SFUMATO_DATABASE_REPLACED },
    { "This is not a database.", NULL, SFUMATO_DATABASE_REPLACED },
    { "SQLite format 3", NULL, SFUMATO_DATABASE_REPLACED },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (ScratchDir) folder = scratch_make ();
      g_autoptr (SfumatoDatabase) db = NULL;

      if (cases[i].content != NULL)
        scratch_write (folder, "notes.db", cases[i].content, strlen (cases[i].content));
      if (cases[i].log != NULL)
        scratch_write (folder, "notes.db-wal", cases[i].log, strlen (cases[i].log));
      db = open_good (folder, first_schema);
      g_assert_cmpint (sfumato_database_get_state (db), ==, cases[i].state);
      g_assert_cmpint (query (db, "SELECT count(*) FROM notes"), ==, 0);
      if (cases[i].log != NULL)
        {
          g_autoptr (GPtrArray) aside = scratch_list (folder, "notes.db.damaged-", "-wal");

          g_assert_cmpuint (aside->len, ==, 1);
        }
    }
}

/* What is no file at all is kept aside as well, with what is in it. */
static void
test_no_file (void)
{
  g_autoptr (ScratchDir) folder = scratch_make ();
  g_autofree char *path = g_build_filename (folder, "notes.db", NULL);
  g_autofree char *kept = NULL;
  g_autoptr (SfumatoDatabase) db = NULL;
  g_autoptr (GPtrArray) aside = NULL;

  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  scratch_write (path, "somebody's", "x", 1);
  db = open_good (folder, first_schema);
  g_assert_cmpint (sfumato_database_get_state (db), ==, SFUMATO_DATABASE_REPLACED);
  g_assert_cmpint (query (db, "SELECT count(*) FROM notes"), ==, 0);
  aside = scratch_list (folder, "notes.db.damaged-", "");
  g_assert_cmpuint (aside->len, ==, 1);
  kept = g_build_filename (folder, g_ptr_array_index (aside, 0), "somebody's", NULL);
  g_assert_true (g_file_test (kept, G_FILE_TEST_IS_REGULAR));
}

/* Another program's tables are not ours to use, and not ours to delete. */
static void
test_other_tables (void)
{
  static const char * const other_schema[] = { "CREATE TABLE songs (id INTEGER PRIMARY KEY, title TEXT);", NULL };
  g_autoptr (ScratchDir) folder = scratch_make ();
  g_autoptr (SfumatoDatabase) db = open_good (folder, other_schema);
  g_autoptr (GPtrArray) aside = NULL;

  g_clear_pointer (&db, sfumato_database_close);
  db = open_good (folder, first_schema);
  g_assert_cmpint (sfumato_database_get_state (db), ==, SFUMATO_DATABASE_REPLACED);
  aside = scratch_list (folder, "notes.db.damaged-", "");
  g_assert_cmpuint (aside->len, ==, 1);
}

static void
test_no_place (void)
{
  g_autoptr (ScratchDir) folder = scratch_make ();
  g_autofree char *under_file = g_build_filename (folder, "file", "notes.db", NULL);
  const char *paths[] = { under_file, "/proc/notes.db" };

  scratch_write (folder, "file", "x", 1);
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (sfumato_database_open (paths[i], first_schema, &error));
      g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_STORAGE);
      g_assert_nonnull (strstr (sfumato_error_get_details (error), paths[i]));
    }
}

static void
wait_for_start (int fd)
{
  char byte;

  g_assert_cmpint (read (fd, &byte, 1), ==, 0);
}

typedef struct
{
  const char *folder;
  int         start[2];  /* a pipe: closing its writing end starts all children at once */
} Race;

static void
racer (gpointer data)
{
  Race *race = data;
  g_autoptr (SfumatoDatabase) db = NULL;
  GError *error = NULL;

  close (race->start[1]);
  wait_for_start (race->start[0]);
  db = open_good (race->folder, second_schema);
  for (int i = 0; i < 5; i++)
    {
      gint64 n;

      g_assert_true (sfumato_database_begin (db, &error));
      n = query (db, "SELECT count(*) FROM notes");
      g_assert_true (insert (db, "from a process", &error));
      g_assert_cmpint (query (db, "SELECT count(*) FROM notes"), ==, n + 1);
      g_assert_true (sfumato_database_commit (db, &error));
      g_assert_no_error (error);
    }
}

/* Five processes open the same file at the same moment: new, old or damaged. One sets it aside or brings it up to
 * date, and all of them work in the same one. */
static void
race_once (const char *begin_with)
{
  g_autoptr (ScratchDir) folder = scratch_make ();
  g_autoptr (SfumatoDatabase) db = NULL;
  g_autoptr (GPtrArray) aside = NULL;
  Race race = { .folder = folder };
  pid_t pids[5];

  if (g_str_equal (begin_with, "old"))
    sfumato_database_close (open_good (folder, first_schema));
  else if (g_str_equal (begin_with, "damaged"))
    scratch_write (folder, "notes.db", "This is not a database.", 23);
  g_assert_true (g_unix_open_pipe (race.start, O_CLOEXEC, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (pids); i++)
    pids[i] = scratch_fork (racer, &race);
  close (race.start[0]);
  close (race.start[1]);
  for (guint i = 0; i < G_N_ELEMENTS (pids); i++)
    g_assert_cmpint (scratch_wait (pids[i]), ==, 0);
  db = open_good (folder, second_schema);
  g_assert_cmpint (query (db, "SELECT count(*) FROM notes"), ==, 5 * G_N_ELEMENTS (pids));
  aside = scratch_list (folder, "notes.db.damaged-", "");
  g_assert_cmpuint (aside->len, ==, g_str_equal (begin_with, "damaged") ? 1 : 0);
}

static void
test_processes (gconstpointer begin_with)
{
  for (guint round = 0; round < 10; round++)
    race_once (begin_with);
}

static void
writer_that_dies (gpointer data)
{
  Race *race = data;
  g_autoptr (SfumatoDatabase) db = open_good (race->folder, first_schema);

  for (guint8 i = 0; i < 250; i++)
    {
      g_assert_true (insert (db, "acknowledged", NULL));
      g_assert_cmpint (write (race->start[1], &i, 1), ==, 1);
    }
}

/* Killed at a random moment: every row that was said to be written is there. */
static void
test_killed (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (7);

  for (guint round = 0; round < 20; round++)
    {
      g_autoptr (ScratchDir) folder = scratch_make ();
      g_autoptr (SfumatoDatabase) db = NULL;
      Race race = { .folder = folder };
      int told = 0;
      int limit = g_rand_int_range (random, 1, 60);
      char byte;
      pid_t pid;

      g_assert_true (g_unix_open_pipe (race.start, O_CLOEXEC, NULL));
      pid = scratch_fork (writer_that_dies, &race);
      close (race.start[1]);
      while (told < limit && read (race.start[0], &byte, 1) == 1)
        told++;
      kill (pid, SIGKILL);
      scratch_wait (pid);
      while (read (race.start[0], &byte, 1) == 1)
        told++;
      close (race.start[0]);
      db = open_good (folder, first_schema);
      g_assert_cmpint (sfumato_database_get_state (db), ==, SFUMATO_DATABASE_OPENED);
      g_assert_cmpint (query (db, "SELECT count(*) FROM notes"), >=, told);
    }
}

static void
fill_a_full_disk (gpointer data)
{
  g_autoptr (SfumatoDatabase) db = open_good (data, first_schema);
  struct rlimit limit = { .rlim_cur = 300000, .rlim_max = 300000 };
  g_autoptr (GError) error = NULL;
  gint64 written = 0;

  signal (SIGXFSZ, SIG_IGN);
  setrlimit (RLIMIT_FSIZE, &limit);
  while (insert (db, "a note that takes a little room on the disk", &error))
    written++;
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_STORAGE);
  g_assert_cmpint (written, >, 0);
  g_assert_cmpint (query (db, "SELECT count(*) FROM notes"), ==, written);
  g_assert_false (sfumato_database_begin (db, NULL) && insert (db, "another", NULL) &&
                  sfumato_database_commit (db, NULL));
}

static void
test_full_disk (void)
{
  g_autoptr (ScratchDir) folder = scratch_make ();
  g_autoptr (SfumatoDatabase) db = NULL;

  scratch_in_child (fill_a_full_disk, folder);
  db = open_good (folder, first_schema);
  g_assert_cmpint (sfumato_database_get_state (db), ==, SFUMATO_DATABASE_OPENED);
  g_assert_true (insert (db, "there is room again", NULL));
}

/* A query nobody read to its end must not keep showing the past. */
static void
test_reader (void)
{
  g_autoptr (ScratchDir) folder = scratch_make ();
  g_autoptr (SfumatoDatabase) db = open_good (folder, first_schema);
  g_autoptr (SfumatoDatabase) reader = NULL;
  g_autoptr (GError) error = NULL;

  fill (db);
  reader = sfumato_database_open_reader (db, &error);
  g_assert_no_error (error);
  g_assert_cmpint (query (reader, "SELECT id FROM notes"), ==, 1);
  g_assert_true (insert (db, "new", NULL));
  g_assert_cmpint (query (reader, "SELECT count(*) FROM notes"), ==, ROWS + 1);

  g_assert_true (sfumato_database_begin (db, NULL));
  g_assert_true (insert (db, "not yet", NULL));
  g_assert_cmpint (query (reader, "SELECT count(*) FROM notes"), ==, ROWS + 1);
  sfumato_database_rollback (db);
  g_assert_cmpint (query (db, "SELECT count(*) FROM notes"), ==, ROWS + 1);
  g_assert_false (sfumato_database_exec (reader, "DELETE FROM notes", NULL));
}

static gpointer
thread_cb (gpointer db)
{
  for (int i = 0; i < 50; i++)
    g_assert_true (insert (db, "from a thread", NULL));
  return NULL;
}

static void
test_threads (void)
{
  g_autoptr (ScratchDir) folder = scratch_make ();
  g_autoptr (SfumatoDatabase) db = open_good (folder, first_schema);
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("writer", thread_cb, db);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (query (db, "SELECT count(*) FROM notes"), ==, 200);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/database/new", test_new);
  g_test_add_func ("/database/migrate", test_migrate);
  g_test_add_func ("/database/too-new", test_too_new);
  g_test_add_func ("/database/damage", test_damage);
  g_test_add_func ("/database/version-flipped", test_version_flipped);
  g_test_add_func ("/database/strange-files", test_strange_files);
  g_test_add_func ("/database/no-file", test_no_file);
  g_test_add_func ("/database/other-tables", test_other_tables);
  g_test_add_func ("/database/no-place", test_no_place);
  g_test_add_data_func ("/database/processes/new", "new", test_processes);
  g_test_add_data_func ("/database/processes/old", "old", test_processes);
  g_test_add_data_func ("/database/processes/damaged", "damaged", test_processes);
  g_test_add_func ("/database/killed", test_killed);
  g_test_add_func ("/database/full-disk", test_full_disk);
  g_test_add_func ("/database/reader", test_reader);
  g_test_add_func ("/database/threads", test_threads);

  return g_test_run ();
}
