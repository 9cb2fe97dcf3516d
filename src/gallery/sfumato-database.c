/* An open SQLite database: statements, transactions, and its errors as sentences.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-database-private.h"

#include "domain/sfumato-error.h"

#include <glib/gi18n-lib.h>

static const char *
describe (int code)
{
  switch (code & 0xff)
    {
    case SQLITE_FULL:
      return _("The disk is full, so Sfumato cannot keep its records. Free some space, then try again.");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
      return _("Sfumato may not write to the folder of its records. Check its permissions, then try again.");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return _("Another Sfumato is busy with the same records. Try again in a moment.");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return _("Sfumato’s records are damaged. Start Sfumato again to have them repaired.");
    default:
      return _("Sfumato’s records could not be read or written. Check the disk, then try again.");
    }
}

GError *
_sfumato_database_error (sqlite3 *handle,
                         int      code)
{
  const char *message = handle != NULL ? sqlite3_errmsg (handle) : sqlite3_errstr (code);
  g_autofree char *details = g_strdup_printf ("SQLite %d: %s", code, message);
  GError *error = sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Records Not Available"), "%s", describe (code));

  sfumato_error_set_details (error, details);
  return error;
}

static void
finalize_statement (gpointer statement)
{
  sqlite3_finalize (statement);
}

SfumatoDatabase *
_sfumato_database_new (const char *path,
                       sqlite3    *handle)
{
  SfumatoDatabase *self = g_new0 (SfumatoDatabase, 1);

  self->path = g_strdup (path);
  self->handle = handle;
  self->statements = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, finalize_statement);
  g_rec_mutex_init (&self->lock);
  return self;
}

void
sfumato_database_close (SfumatoDatabase *self)
{
  g_return_if_fail (self != NULL);

  g_hash_table_unref (self->statements);
  sqlite3_close (self->handle);
  g_rec_mutex_clear (&self->lock);
  g_free (self->path);
  g_free (self);
}

SfumatoDatabaseState
sfumato_database_get_state (SfumatoDatabase *self)
{
  g_return_val_if_fail (self != NULL, SFUMATO_DATABASE_OPENED);

  return self->state;
}

void
sfumato_database_lock (SfumatoDatabase *self)
{
  g_rec_mutex_lock (&self->lock);
  self->depth++;
}

/* A SELECT that was not read to its end keeps the connection at the state it began with: whoever asks next would
 * be shown the past. */
static void
reset_statements (SfumatoDatabase *self)
{
  GHashTableIter iter;
  gpointer statement;

  g_hash_table_iter_init (&iter, self->statements);
  while (g_hash_table_iter_next (&iter, NULL, &statement))
    if (sqlite3_stmt_busy (statement))
      sqlite3_reset (statement);
}

void
sfumato_database_unlock (SfumatoDatabase *self)
{
  if (--self->depth == 0)
    reset_statements (self);
  g_rec_mutex_unlock (&self->lock);
}

/* Not where another process has set the file aside already, and a new one is in its place. */
static void
mark_suspect (SfumatoDatabase *self)
{
  g_autofree char *mark = g_strconcat (self->path, SFUMATO_DATABASE_MARK, NULL);
  int moved = 0;

  g_message ("%s is damaged: %s", self->path, sqlite3_errmsg (self->handle));
  sqlite3_file_control (self->handle, NULL, SQLITE_FCNTL_HAS_MOVED, &moved);
  if (!moved)
    g_file_set_contents (mark, "", 0, NULL);
}

static void
take_error (SfumatoDatabase  *self,
            int               code,
            GError          **error)
{
  if ((code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB)
    mark_suspect (self);
  g_propagate_error (error, _sfumato_database_error (self->handle, code));
}

sqlite3_stmt *
sfumato_database_prepare (SfumatoDatabase  *self,
                          const char       *sql,
                          GError          **error)
{
  g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&self->lock);
  sqlite3_stmt *statement = g_hash_table_lookup (self->statements, sql);
  int code;

  if (statement != NULL)
    {
      sqlite3_reset (statement);
      sqlite3_clear_bindings (statement);
      return statement;
    }
  code = sqlite3_prepare_v3 (self->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
  if (code != SQLITE_OK)
    {
      take_error (self, code, error);
      return NULL;
    }
  g_hash_table_insert (self->statements, (char *) sql, statement);
  return statement;
}

int
sfumato_database_step (SfumatoDatabase  *self,
                       sqlite3_stmt     *statement,
                       GError          **error)
{
  g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&self->lock);
  int code = sqlite3_step (statement);

  if (code == SQLITE_ROW)
    return code;
  if (code != SQLITE_DONE)
    take_error (self, code, error);
  sqlite3_reset (statement);
  return code;
}

gboolean
sfumato_database_collect (SfumatoDatabase  *self,
                          sqlite3_stmt     *statement,
                          GArray           *numbers,
                          GError          **error)
{
  g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&self->lock);
  int code;

  while ((code = sqlite3_step (statement)) == SQLITE_ROW)
    {
      gint64 number = sqlite3_column_int64 (statement, 0);

      g_array_append_val (numbers, number);
    }
  if (code != SQLITE_DONE)
    take_error (self, code, error);
  sqlite3_reset (statement);
  return code == SQLITE_DONE;
}

gboolean
sfumato_database_exec (SfumatoDatabase  *self,
                       const char       *sql,
                       GError          **error)
{
  g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&self->lock);
  int code = sqlite3_exec (self->handle, sql, NULL, NULL, NULL);

  if (code != SQLITE_OK)
    take_error (self, code, error);
  return code == SQLITE_OK;
}

/* Takes the write lock of the file at once: a transaction that finds out later that it may not write could only
 * be given up. */
gboolean
sfumato_database_begin (SfumatoDatabase  *self,
                        GError          **error)
{
  sfumato_database_lock (self);
  if (sfumato_database_exec (self, "BEGIN IMMEDIATE", error))
    return TRUE;
  sfumato_database_unlock (self);
  return FALSE;
}

gboolean
sfumato_database_commit (SfumatoDatabase  *self,
                         GError          **error)
{
  if (!sfumato_database_exec (self, "COMMIT", error))
    {
      sfumato_database_rollback (self);
      return FALSE;
    }
  sfumato_database_unlock (self);
  return TRUE;
}

void
sfumato_database_rollback (SfumatoDatabase *self)
{
  reset_statements (self);
  /* A full disk or a damaged file may have ended the transaction already. */
  if (!sqlite3_get_autocommit (self->handle))
    sqlite3_exec (self->handle, "ROLLBACK", NULL, NULL, NULL);
  sfumato_database_unlock (self);
}
