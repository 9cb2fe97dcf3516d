/* Opening a database: one process at a time, checked, brought up to date, and set aside where it is damaged.
 *
 * Damage is what SQLite's quick_check finds, a file that is no database, what is no file, tables that are not the ones
 * our migrations make, a write-ahead log whose database is gone, and what a thorough check finds after something was
 * met in use: to look into every value takes too long for each start. A full disk, missing rights or a busy file are
 * not: they are errors, and the file is left alone.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-database-private.h"

#include "domain/sfumato-error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <sys/file.h>

#define BUSY_TIMEOUT_MS 10000

/* "Sfum" in the high half of application_id. The low half repeats user_version, so that one flipped byte in the
 * file's head is not taken for a newer version. */
#define APPLICATION_ID 0x53660000

/* How an attempt to open went; only DAMAGED leads to the file being set aside. */
typedef enum
{
  ATTEMPT_GOOD,
  ATTEMPT_FAILED,
  ATTEMPT_DAMAGED,
} Attempt;

static Attempt
judge (sqlite3  *handle,
       int       code,
       GError  **error)
{
  switch (code & 0xff)
    {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_SCHEMA:
    case SQLITE_RANGE:
    case SQLITE_TOOBIG:
      return ATTEMPT_DAMAGED;
    default:
      g_propagate_error (error, _sfumato_database_error (handle, code));
      return ATTEMPT_FAILED;
    }
}

/* The first column of the first row, as text; NULL where there is none or code is not SQLITE_OK. */
static char *
query_text (sqlite3    *handle,
            const char *sql,
            int        *code)
{
  sqlite3_stmt *statement = NULL;
  char *text = NULL;

  *code = sqlite3_prepare_v2 (handle, sql, -1, &statement, NULL);
  if (*code == SQLITE_OK)
    {
      *code = sqlite3_step (statement);
      if (*code == SQLITE_ROW)
        text = g_strdup ((const char *) sqlite3_column_text (statement, 0));
      *code = *code == SQLITE_ROW || *code == SQLITE_DONE ? SQLITE_OK : *code;
    }
  sqlite3_finalize (statement);
  return text;
}

static int
query_int (sqlite3    *handle,
           const char *sql,
           int        *code)
{
  g_autofree char *text = query_text (handle, sql, code);

  return text != NULL ? atoi (text) : 0;
}

static int
run (sqlite3    *handle,
     const char *sql)
{
  return sqlite3_exec (handle, sql, NULL, NULL, NULL);
}

static int
count_migrations (const char * const *migrations)
{
  return (int) g_strv_length ((char **) migrations);
}

static int
migrate_once (sqlite3    *handle,
              const char *script,
              int         version)
{
  g_autofree char *seal = g_strdup_printf ("PRAGMA user_version = %d; PRAGMA application_id = %d;",
                                           version, APPLICATION_ID + version);
  int code = run (handle, script);

  if (code == SQLITE_OK)
    code = run (handle, seal);
  return code;
}

/* Every migration that is still to be done, each in a transaction. The version is read inside of it: another
 * process may have been faster. After an error the transaction is left to the closing of the connection, which
 * rolls back. */
static int
migrate (sqlite3            *handle,
         const char * const *migrations)
{
  int code = SQLITE_OK;
  int last = count_migrations (migrations);

  for (int version = query_int (handle, "PRAGMA user_version", &code); code == SQLITE_OK && version < last;)
    {
      code = run (handle, "BEGIN IMMEDIATE");
      if (code != SQLITE_OK)
        break;
      version = query_int (handle, "PRAGMA user_version", &code);
      if (code == SQLITE_OK && version < last)
        {
          code = migrate_once (handle, migrations[version], version + 1);
          version++;
        }
      if (code == SQLITE_OK)
        code = run (handle, "COMMIT");
    }
  return code;
}

/* Names of all tables and columns but those that FTS5 keeps for itself. */
static char *
read_shape (sqlite3 *handle,
            int     *code)
{
  return query_text (handle,
                     "SELECT group_concat(item) FROM (SELECT t.name || '.' || c.name AS item"
                     "  FROM pragma_table_list t, pragma_table_info(t.name) c"
                     "  WHERE t.schema = 'main' AND t.type IN ('table', 'virtual')"
                     "  ORDER BY t.name, c.cid)", code);
}

/* What the migrations make of an empty database, to compare with. */
static char *
make_shape (const char * const *migrations)
{
  sqlite3 *handle = NULL;
  char *shape = NULL;
  int code = sqlite3_open (":memory:", &handle);

  if (code == SQLITE_OK)
    code = migrate (handle, migrations);
  if (code == SQLITE_OK)
    shape = read_shape (handle, &code);
  else
    g_critical ("The migrations do not work: %s", sqlite3_errmsg (handle));
  sqlite3_close (handle);
  return shape;
}

/* On a connection of its own that knows no virtual tables: checking the words of a hundred thousand pictures takes
 * a second, while the tables FTS5 keeps them in are checked like any other. Where damage was met in use, everything
 * is checked. */
static Attempt
check_pages (const char  *path,
             GError     **error)
{
  g_autofree char *mark = g_strconcat (path, SFUMATO_DATABASE_MARK, NULL);
  gboolean thorough = g_file_test (mark, G_FILE_TEST_EXISTS);
  sqlite3 *handle = NULL;
  g_autofree char *verdict = NULL;
  Attempt result = ATTEMPT_GOOD;
  int code = sqlite3_open_v2 (path, &handle, SQLITE_OPEN_READWRITE, NULL);

  if (code == SQLITE_OK)
    {
      sqlite3_busy_timeout (handle, BUSY_TIMEOUT_MS);
      if (!thorough)
        sqlite3_drop_modules (handle, NULL);
      verdict = query_text (handle, thorough ? "PRAGMA integrity_check(1)" : "PRAGMA quick_check(1)", &code);
    }
  if (code != SQLITE_OK)
    result = judge (handle, code, error);
  else if (g_strcmp0 (verdict, "ok") != 0)
    result = ATTEMPT_DAMAGED;
  else if (thorough)
    g_unlink (mark);
  sqlite3_close (handle);
  return result;
}

static Attempt
check (sqlite3             *handle,
       const char          *path,
       const char * const  *migrations,
       GError             **error)
{
  Attempt pages = check_pages (path, error);
  g_autofree char *shape = NULL;
  g_autofree char *right = NULL;
  int code;

  if (pages != ATTEMPT_GOOD)
    return pages;
  code = migrate (handle, migrations);
  if (code != SQLITE_OK)
    return judge (handle, code, error);
  shape = read_shape (handle, &code);
  if (code != SQLITE_OK)
    return judge (handle, code, error);
  right = make_shape (migrations);
  return g_strcmp0 (shape, right) == 0 ? ATTEMPT_GOOD : ATTEMPT_DAMAGED;
}

static Attempt
refuse_newer (int      version,
              GError **error)
{
  GError *problem = sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Made by a Newer Sfumato"),
                                       _("These records were written by a newer version of Sfumato. They were left "
                                         "untouched. Update Sfumato to use them."));
  g_autofree char *details = g_strdup_printf ("user_version %d", version);

  sfumato_error_set_details (problem, details);
  g_propagate_error (error, problem);
  return ATTEMPT_FAILED;
}

static void
settle_connection (sqlite3 *handle)
{
  sqlite3_extended_result_codes (handle, 1);
  sqlite3_busy_timeout (handle, BUSY_TIMEOUT_MS);
  sqlite3_db_config (handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  run (handle, "PRAGMA foreign_keys = ON");
  run (handle, "PRAGMA synchronous = FULL");
}

/* Where the file system has no shared memory for a write-ahead log (some network shares), SQLite stays with its
 * rollback journal: slower, as safe. */
static void
switch_to_wal (sqlite3 *handle)
{
  run (handle, "PRAGMA journal_mode = WAL");
  run (handle, "PRAGMA journal_size_limit = 16777216");
}

/* Before the version is known nothing may change the file: neither the switch to WAL nor the checkpoint that
 * closing makes. */
static Attempt
examine (sqlite3             *handle,
         const char          *path,
         const char * const  *migrations,
         GError             **error)
{
  int code;
  int version;
  int seal;

  settle_connection (handle);
  sqlite3_db_config (handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  version = query_int (handle, "PRAGMA user_version", &code);
  if (code != SQLITE_OK)
    return judge (handle, code, error);
  seal = query_int (handle, "PRAGMA application_id", &code);
  if (code != SQLITE_OK)
    return judge (handle, code, error);
  if (version < 0 || version > G_MAXUINT16 || (version > 0 && seal != APPLICATION_ID + version))
    return ATTEMPT_DAMAGED;
  if (version > count_migrations (migrations))
    return refuse_newer (version, error);
  sqlite3_db_config (handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
  switch_to_wal (handle);
  return check (handle, path, migrations, error);
}

static goffset
file_size (const char *path,
           const char *suffix)
{
  g_autofree char *name = g_strconcat (path, suffix, NULL);
  GStatBuf info;

  return g_stat (name, &info) == 0 ? info.st_size : -1;
}

/* A folder or a pipe in its place. */
static gboolean
is_no_file (const char *path)
{
  GStatBuf info;

  return g_stat (path, &info) == 0 && !S_ISREG (info.st_mode);
}

static Attempt
attempt (const char          *path,
         const char * const  *migrations,
         sqlite3            **out_handle,
         GError             **error)
{
  sqlite3 *handle = NULL;
  Attempt result;
  int code;

  if (is_no_file (path))
    return ATTEMPT_DAMAGED;
  /* SQLite would delete a log that belongs to no database. */
  if (file_size (path, "") <= 0 && file_size (path, "-wal") > 0)
    return ATTEMPT_DAMAGED;
  code = sqlite3_open_v2 (path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, NULL);
  result = code == SQLITE_OK ? examine (handle, path, migrations, error) : judge (handle, code, error);
  if (result == ATTEMPT_GOOD)
    *out_handle = handle;
  else
    sqlite3_close (handle);
  return result;
}

static char *
make_aside_name (const char *path)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *date = g_date_time_format (now, "%Y-%m-%dT%H%M%S");
  char *name = g_strdup_printf ("%s.damaged-%s", path, date);

  for (guint n = 2; g_file_test (name, G_FILE_TEST_EXISTS); n++)
    {
      g_free (name);
      name = g_strdup_printf ("%s.damaged-%s-%u", path, date, n);
    }
  return name;
}

/* The files keep fitting names, so that a rescue program can open them together. */
static gboolean
set_aside (const char  *path,
           GError     **error)
{
  const char *suffixes[] = { "", "-wal", "-shm", SFUMATO_DATABASE_MARK };
  g_autofree char *aside = make_aside_name (path);

  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *from = g_strconcat (path, suffixes[i], NULL);
      g_autofree char *to = g_strconcat (aside, suffixes[i], NULL);

      if (g_rename (from, to) != 0 && errno != ENOENT)
        {
          g_propagate_error (error, _sfumato_database_error (NULL, SQLITE_READONLY));
          return FALSE;
        }
    }
  g_info ("A damaged database was set aside as %s", aside);
  return TRUE;
}

static SfumatoDatabase *
open_alone (const char          *path,
            const char * const  *migrations,
            GError             **error)
{
  SfumatoDatabaseState state = file_size (path, "") > 0 ? SFUMATO_DATABASE_OPENED : SFUMATO_DATABASE_CREATED;
  SfumatoDatabase *self;
  sqlite3 *handle = NULL;
  Attempt result = attempt (path, migrations, &handle, error);

  if (result == ATTEMPT_DAMAGED)
    {
      if (!set_aside (path, error))
        return NULL;
      state = SFUMATO_DATABASE_REPLACED;
      result = attempt (path, migrations, &handle, error);
      if (result == ATTEMPT_DAMAGED)
        g_propagate_error (error, _sfumato_database_error (NULL, SQLITE_CORRUPT));
    }
  if (result != ATTEMPT_GOOD)
    return NULL;
  self = _sfumato_database_new (path, handle);
  self->state = state;
  return self;
}

/* One process at a time opens, or two could set the same file aside. The kernel drops the lock of a process that
 * dies. Bounded, because a stopped process keeps it. */
static int
lock_opening (const char  *path,
              GError     **error)
{
  g_autofree char *name = g_strconcat (path, "-lock", NULL);
  int fd = g_open (name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  gint64 deadline = g_get_monotonic_time () + BUSY_TIMEOUT_MS * G_TIME_SPAN_MILLISECOND;

  if (fd < 0)
    {
      g_propagate_error (error, _sfumato_database_error (NULL, errno == ENOSPC ? SQLITE_FULL : SQLITE_CANTOPEN));
      return -1;
    }
  while (flock (fd, LOCK_EX | LOCK_NB) != 0)
    {
      if ((errno != EWOULDBLOCK && errno != EINTR) || g_get_monotonic_time () > deadline)
        {
          g_propagate_error (error, _sfumato_database_error (NULL, SQLITE_BUSY));
          g_close (fd, NULL);
          return -1;
        }
      g_usleep (5 * G_TIME_SPAN_MILLISECOND);
    }
  return fd;
}

static SfumatoDatabase *
open_in_turn (const char          *path,
              const char * const  *migrations,
              GError             **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  SfumatoDatabase *self;
  int fd;

  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      g_propagate_error (error, _sfumato_database_error (NULL, errno == ENOSPC ? SQLITE_FULL : SQLITE_CANTOPEN));
      return NULL;
    }
  fd = lock_opening (path, error);
  if (fd < 0)
    return NULL;
  self = open_alone (path, migrations, error);
  g_close (fd, NULL);
  return self;
}

/* So that somebody can see to it. */
static void
say_which (GError     *error,
           const char *path)
{
  g_autofree char *shown = g_filename_display_name (path);
  g_autofree char *details = g_strdup_printf ("%s\n%s", sfumato_error_get_details (error), shown);

  sfumato_error_set_details (error, details);
}

SfumatoDatabase *
sfumato_database_open (const char          *path,
                       const char * const  *migrations,
                       GError             **error)
{
  GError *problem = NULL;
  SfumatoDatabase *self;

  g_return_val_if_fail (path != NULL && migrations != NULL, NULL);

  self = open_in_turn (path, migrations, &problem);
  if (self == NULL)
    {
      say_which (problem, path);
      g_propagate_error (error, problem);
    }
  return self;
}

SfumatoDatabase *
sfumato_database_open_reader (SfumatoDatabase  *self,
                              GError          **error)
{
  sqlite3 *handle = NULL;
  int code;

  g_return_val_if_fail (self != NULL, NULL);

  code = sqlite3_open_v2 (self->path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, NULL);
  if (code != SQLITE_OK)
    {
      g_propagate_error (error, _sfumato_database_error (handle, code));
      sqlite3_close (handle);
      return NULL;
    }
  settle_connection (handle);
  run (handle, "PRAGMA query_only = ON");
  return _sfumato_database_new (self->path, handle);
}
