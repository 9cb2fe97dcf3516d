/* The journal.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "studio/sfumato-journal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "gallery/sfumato-database.h"

struct _SfumatoJournal
{
  SfumatoDatabase *database; /* owned */
  char            *locks;    /* owned: folder of the lock files */
  char            *owner;    /* owned: this process's name in the journal and its lock's */
  int              lock;     /* open file that holds our lock */
};

static const char * const migrations[] = {
  "CREATE TABLE jobs ("
  "  id TEXT PRIMARY KEY, batch TEXT NOT NULL, owner TEXT NOT NULL, service TEXT NOT NULL, request TEXT NOT NULL,"
  "  price INTEGER NOT NULL, state TEXT NOT NULL, place REAL NOT NULL, inherited INTEGER NOT NULL DEFAULT 0,"
  "  sent INTEGER, charge TEXT NOT NULL DEFAULT 'no', result TEXT, listed INTEGER NOT NULL DEFAULT 1);"
  "CREATE INDEX jobs_by_state ON jobs (state, service);"
  "CREATE INDEX jobs_by_sent ON jobs (sent);",
  NULL
};

static const char * const state_words[] = {
  [SFUMATO_JOB_WAITING] = "waiting",
  [SFUMATO_JOB_RUNNING] = "sent",
  [SFUMATO_JOB_UNSAVED] = "unsaved",
  [SFUMATO_JOB_DONE] = "done",
  [SFUMATO_JOB_FAILED] = "failed",
  [SFUMATO_JOB_CANCELLED] = "cancelled",
  [SFUMATO_JOB_UNKNOWN] = "unknown",
};

void
sfumato_entry_free (SfumatoEntry *entry)
{
  g_free (entry->id);
  g_free (entry->batch);
  g_clear_object (&entry->request);
  g_free (entry->result);
  g_free (entry);
}

/* ---- statements ---- */

/* Runs one statement whose parameters are given as text (all columns have affinities, so SQLite converts). */
static gboolean
run (SfumatoJournal      *self,
     const char          *sql,
     const char * const  *values,
     GError             **error)
{
  sqlite3_stmt *statement = sfumato_database_prepare (self->database, sql, error);

  if (statement == NULL)
    return FALSE;
  for (int i = 0; values[i] != NULL; i++)
    sqlite3_bind_text (statement, i + 1, values[i], -1, SQLITE_TRANSIENT);
  return sfumato_database_step (self->database, statement, error) == SQLITE_DONE;
}

static SfumatoJobState
state_from_word (const char *word)
{
  for (guint i = 0; i < G_N_ELEMENTS (state_words); i++)
    if (g_strcmp0 (state_words[i], word) == 0)
      return i;
  return SFUMATO_JOB_UNKNOWN;
}

static SfumatoEntry *
read_entry (sqlite3_stmt *row)
{
  g_autoptr (SfumatoEntry) entry = g_new0 (SfumatoEntry, 1);

  entry->id = g_strdup ((const char *) sqlite3_column_text (row, 0));
  entry->batch = g_strdup ((const char *) sqlite3_column_text (row, 1));
  entry->request = sfumato_request_from_text ((const char *) sqlite3_column_text (row, 2), NULL);
  entry->state = state_from_word ((const char *) sqlite3_column_text (row, 3));
  entry->place = sqlite3_column_double (row, 4);
  entry->price = sqlite3_column_int (row, 5);
  entry->inherited = sqlite3_column_int (row, 6);
  entry->result = g_strdup ((const char *) sqlite3_column_text (row, 7));
  return entry->request != NULL ? g_steal_pointer (&entry) : NULL;
}

#define ENTRY_COLUMNS "id, batch, request, state, place, price, inherited, result"
#define OPEN_STATES   "('waiting', 'sent', 'unsaved', 'unknown')"

/* ---- who is alive ---- */

static int
take_lock (const char *path)
{
  struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  /* An open file description's lock: it ends with the process and means the same in every sandbox, where process
   * numbers do not. */
  if (fd >= 0 && fcntl (fd, F_OFD_SETLK, &whole) != 0)
    {
      close (fd);
      return -1;
    }
  return fd;
}

static char *
lock_path (SfumatoJournal *self,
           const char     *owner)
{
  return g_build_filename (self->locks, owner, NULL);
}

static gboolean
is_alive (SfumatoJournal *self,
          const char     *owner)
{
  g_autofree char *path = lock_path (self, owner);
  int fd;

  if (g_strcmp0 (owner, self->owner) == 0)
    return TRUE;
  if (!g_uuid_string_is_valid (owner) || !g_file_test (path, G_FILE_TEST_EXISTS))
    return FALSE;
  fd = take_lock (path);
  if (fd < 0)
    return TRUE; /* also where it cannot be known: what was sent is not to be sent by another as well */
  g_unlink (path);
  close (fd);
  return FALSE;
}

static GPtrArray *
dead_owners (SfumatoJournal  *self,
             GError         **error)
{
  g_autoptr (GPtrArray) dead = g_ptr_array_new_with_free_func (g_free);
  sqlite3_stmt *row = sfumato_database_prepare (self->database,
                                                "SELECT DISTINCT owner FROM jobs WHERE listed AND state IN " OPEN_STATES,
                                                error);
  int step;

  if (row == NULL)
    return NULL;
  while ((step = sfumato_database_step (self->database, row, error)) == SQLITE_ROW)
    {
      const char *owner = (const char *) sqlite3_column_text (row, 0);

      if (!is_alive (self, owner))
        g_ptr_array_add (dead, g_strdup (owner));
    }
  return step == SQLITE_DONE ? g_steal_pointer (&dead) : NULL;
}

/* Whoever ended while a job was sent leaves it unknown; one that costs nothing is simply made again. Run inside a
 * transaction. */
static gboolean
settle_dead (SfumatoJournal  *self,
             gboolean         take_over,
             GError         **error)
{
  g_autoptr (GPtrArray) dead = dead_owners (self, error);

  for (guint i = 0; dead != NULL && i < dead->len; i++)
    {
      const char *owner = g_ptr_array_index (dead, i);

      if (!run (self, "UPDATE jobs SET state = CASE WHEN price = 0 THEN 'waiting' ELSE 'unknown' END"
                " WHERE state = 'sent' AND owner = ?",
                (const char *[]) { owner, NULL }, error))
        return FALSE;
      if (take_over &&
          !run (self, "UPDATE jobs SET owner = ?, inherited = 1 WHERE owner = ? AND state IN " OPEN_STATES,
                (const char *[]) { self->owner, owner, NULL }, error))
        return FALSE;
    }
  return dead != NULL;
}

/* ---- opening ---- */

SfumatoJournal *
sfumato_journal_open (const char  *folder,
                      GError     **error)
{
  g_autoptr (SfumatoJournal) self = g_new0 (SfumatoJournal, 1);
  g_autofree char *path = g_build_filename (folder, "queue.db", NULL);
  g_autofree char *lock = NULL;

  self->lock = -1;
  self->locks = g_build_filename (folder, "running", NULL);
  self->owner = g_uuid_string_random ();
  lock = lock_path (self, self->owner);
  if (g_mkdir_with_parents (self->locks, 0700) == 0)
    self->lock = take_lock (lock);
  if (self->lock < 0)
    {
      g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Queue Not Available"),
                                                   _("The folder “%s” cannot be written to: %s. Nothing can be "
                                                     "made until it can."), folder, g_strerror (errno)));
      return NULL;
    }
  self->database = sfumato_database_open (path, migrations, error);
  /* A prompt that is dropped is to be gone from the file, too. */
  if (self->database == NULL || !sfumato_database_exec (self->database, "PRAGMA secure_delete = ON", error))
    return NULL;
  return g_steal_pointer (&self);
}

gboolean
sfumato_journal_is_anew (SfumatoJournal *self)
{
  return sfumato_database_get_state (self->database) == SFUMATO_DATABASE_REPLACED;
}

void
sfumato_journal_close (SfumatoJournal *self)
{
  g_autofree char *lock = lock_path (self, self->owner);

  g_clear_pointer (&self->database, sfumato_database_close);
  if (self->lock >= 0)
    {
      g_unlink (lock);
      close (self->lock);
    }
  g_free (self->locks);
  g_free (self->owner);
  g_free (self);
}

static gboolean
finish_transaction (SfumatoJournal  *self,
                    gboolean         good,
                    GError         **error)
{
  if (good)
    good = sfumato_database_commit (self->database, error); /* where it fails it has rolled back */
  else
    sfumato_database_rollback (self->database);
  sfumato_database_unlock (self->database);
  return good;
}

static gboolean
start_transaction (SfumatoJournal  *self,
                   GError         **error)
{
  sfumato_database_lock (self->database);
  if (sfumato_database_begin (self->database, error))
    return TRUE;
  sfumato_database_unlock (self->database);
  return FALSE;
}

/* ---- public ---- */

static GPtrArray *
read_own (SfumatoJournal  *self,
          GError         **error)
{
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func ((GDestroyNotify) sfumato_entry_free);
  sqlite3_stmt *row = sfumato_database_prepare (self->database, "SELECT " ENTRY_COLUMNS " FROM jobs WHERE listed AND "
                                                "owner = ? AND state IN " OPEN_STATES " ORDER BY place", error);
  int step;

  if (row == NULL)
    return NULL;
  sqlite3_bind_text (row, 1, self->owner, -1, SQLITE_TRANSIENT);
  while ((step = sfumato_database_step (self->database, row, error)) == SQLITE_ROW)
    {
      SfumatoEntry *entry = read_entry (row);

      if (entry != NULL)
        g_ptr_array_add (entries, entry);
    }
  return step == SQLITE_DONE ? g_steal_pointer (&entries) : NULL;
}

GPtrArray *
sfumato_journal_inherit (SfumatoJournal  *self,
                         GError         **error)
{
  GPtrArray *entries = NULL;

  if (!start_transaction (self, error))
    return NULL;
  if (settle_dead (self, TRUE, error))
    entries = read_own (self, error);
  if (!finish_transaction (self, entries != NULL, error))
    g_clear_pointer (&entries, g_ptr_array_unref);
  return entries;
}

static gboolean
add_entry (SfumatoJournal      *self,
           const SfumatoEntry  *entry,
           GError             **error)
{
  g_autoptr (JsonNode) json = sfumato_request_to_json (entry->request);
  g_autofree char *request = json_to_string (json, FALSE);
  g_autofree char *price = g_strdup_printf ("%d", entry->price);
  char place[G_ASCII_DTOSTR_BUF_SIZE];

  return run (self, "INSERT INTO jobs (id, batch, owner, service, request, price, state, place) "
              "VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?)",
              (const char *[]) { entry->id, entry->batch, self->owner,
                                 sfumato_request_get_fields (entry->request)->service, request, price,
                                 g_ascii_dtostr (place, sizeof place, entry->place), NULL }, error);
}

gboolean
sfumato_journal_add (SfumatoJournal  *self,
                     GPtrArray       *entries,
                     GError         **error)
{
  gboolean good = TRUE;

  if (!start_transaction (self, error))
    return FALSE;
  for (guint i = 0; good && i < entries->len; i++)
    good = add_entry (self, g_ptr_array_index (entries, i), error);
  return finish_transaction (self, good, error);
}

gboolean
sfumato_journal_set_place (SfumatoJournal  *self,
                           const char      *id,
                           double           place,
                           GError         **error)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  gboolean good;

  sfumato_database_lock (self->database);
  good = run (self, "UPDATE jobs SET place = ? WHERE id = ?",
              (const char *[]) { g_ascii_dtostr (text, sizeof text, place), id, NULL }, error);
  sfumato_database_unlock (self->database);
  return good;
}

static gboolean
try_claim (SfumatoJournal  *self,
           const char      *id,
           guint            max_concurrent,
           guint            max_per_10s,
           gboolean        *claimed,
           GError         **error)
{
  sqlite3_stmt *statement = sfumato_database_prepare (self->database,
    "UPDATE jobs SET state = 'sent', sent = ?2, charge = CASE WHEN price = 0 THEN 'no' ELSE 'maybe' END WHERE id = ?1 AND state = 'waiting'"
    " AND (SELECT count(*) FROM jobs AS o WHERE o.service = jobs.service AND o.state = 'sent') < ?3"
    /* What was sent in the future was sent before the clock was set back. */
    " AND (SELECT count(*) FROM jobs AS o WHERE o.service = jobs.service"
    "      AND o.sent BETWEEN ?2 - 10000000 AND ?2 + 10000000) < ?4"
    " RETURNING id", error);
  int step;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_text (statement, 1, id, -1, SQLITE_TRANSIENT);
  sqlite3_bind_int64 (statement, 2, g_get_real_time ());
  sqlite3_bind_int64 (statement, 3, max_concurrent);
  sqlite3_bind_int64 (statement, 4, max_per_10s > 0 ? max_per_10s : G_MAXUINT);
  step = sfumato_database_step (self->database, statement, error);
  *claimed = step == SQLITE_ROW;
  /* To its end, or nothing is written. */
  if (step == SQLITE_ROW)
    step = sfumato_database_step (self->database, statement, error);
  return step == SQLITE_DONE;
}

gboolean
sfumato_journal_claim (SfumatoJournal  *self,
                       const char      *id,
                       guint            max_concurrent,
                       guint            max_per_10s,
                       GError         **error)
{
  gboolean claimed = FALSE;
  gboolean good;

  if (!start_transaction (self, error))
    return FALSE;
  good = try_claim (self, id, max_concurrent, max_per_10s, &claimed, error);
  /* A process that ended may still hold a place. */
  if (good && !claimed)
    good = settle_dead (self, FALSE, error) && try_claim (self, id, max_concurrent, max_per_10s, &claimed, error);
  return finish_transaction (self, good, error) && claimed;
}

gboolean
sfumato_journal_end (SfumatoJournal   *self,
                     const char       *id,
                     SfumatoJobState   state,
                     SfumatoCharge     charge,
                     const char       *result,
                     GError          **error)
{
  gboolean good;

  sfumato_database_lock (self->database);
  good = run (self, "UPDATE jobs SET state = ?1, charge = ?2, result = nullif(?3, ''),"
              /* What is over is not read again: its prompt need not stay. */
              " request = CASE WHEN ?1 IN ('done', 'failed', 'cancelled') THEN '{}' ELSE request END WHERE id = ?4",
              (const char *[]) { state_words[state], sfumato_charge_to_string (charge), result != NULL ? result : "",
                                 id, NULL }, error);
  sfumato_database_unlock (self->database);
  return good;
}

gboolean
sfumato_journal_remove (SfumatoJournal  *self,
                        const char      *id,
                        GError         **error)
{
  gboolean good;

  sfumato_database_lock (self->database);
  good = run (self, "UPDATE jobs SET listed = 0, request = '{}',"
              " state = CASE state WHEN 'waiting' THEN 'cancelled' ELSE state END WHERE id = ?",
              (const char *[]) { id, NULL }, error);
  sfumato_database_unlock (self->database);
  return good;
}

gboolean
sfumato_journal_restore (SfumatoJournal   *self,
                         const char       *id,
                         SfumatoRequest   *request,
                         SfumatoJobState   state,
                         GError          **error)
{
  g_autoptr (JsonNode) json = sfumato_request_to_json (request);
  g_autofree char *text = json_to_string (json, FALSE);
  gboolean good;

  sfumato_database_lock (self->database);
  good = run (self, "UPDATE jobs SET listed = 1, request = ?, state = ? WHERE id = ?",
              (const char *[]) { text, state_words[state], id, NULL }, error);
  sfumato_database_unlock (self->database);
  return good;
}

gint64
sfumato_journal_get_spent (SfumatoJournal *self,
                           gint64          since,
                           gint64         *maybe)
{
  sqlite3_stmt *row;
  gint64 spent = 0;

  sfumato_database_lock (self->database);
  row = sfumato_database_prepare (self->database,
                                  "SELECT total(price) FILTER (WHERE charge = 'yes'),"
                                  " total(price) FILTER (WHERE charge = 'maybe') FROM jobs WHERE sent >= ?", NULL);
  if (row != NULL)
    {
      sqlite3_bind_int64 (row, 1, since);
      if (sfumato_database_step (self->database, row, NULL) == SQLITE_ROW)
        {
          spent = sqlite3_column_int64 (row, 0);
          if (maybe != NULL)
            *maybe = sqlite3_column_int64 (row, 1);
        }
    }
  sfumato_database_unlock (self->database);
  return spent;
}
