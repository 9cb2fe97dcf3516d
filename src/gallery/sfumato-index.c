/* The index: opening it, and the entries by which it is kept up to date.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-index-private.h"

#include "domain/sfumato-error.h"

/* What searches and the merging with the folder need has a column; everything else of a picture is in "details",
 * see sfumato-index-read.c. The partial indexes hold only what is in the list, in its order. */
static const char * const migrations[] = {
  "CREATE TABLE pictures ("
  "  row INTEGER PRIMARY KEY,"
  "  id TEXT NOT NULL UNIQUE,"
  "  file_name TEXT NOT NULL,"
  "  state INTEGER NOT NULL,"
  "  favorite INTEGER NOT NULL,"
  "  seed INTEGER NOT NULL,"
  "  size INTEGER NOT NULL,"
  "  mtime INTEGER NOT NULL,"
  "  sidecar_size INTEGER NOT NULL,"
  "  sidecar_mtime INTEGER NOT NULL,"
  "  undo TEXT,"
  "  details BLOB NOT NULL"
  ") STRICT;"
  "CREATE UNIQUE INDEX pictures_name ON pictures (file_name) WHERE state <> 2;"
  "CREATE INDEX pictures_here ON pictures (row) WHERE state = 0;"
  "CREATE INDEX pictures_favorite ON pictures (row) WHERE state = 0 AND favorite = 1;"
  "CREATE INDEX pictures_seed ON pictures (seed) WHERE state = 0;"
  "CREATE INDEX pictures_away ON pictures (size, mtime) WHERE state <> 0;"
  "CREATE INDEX pictures_undo ON pictures (undo) WHERE undo IS NOT NULL;"
  "CREATE VIRTUAL TABLE words USING fts5 (prompt, negative, name, model, service, content = '',"
  "  contentless_delete = 1, tokenize = \"unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'\");"
  "CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
  "CREATE TABLE folder (path TEXT NOT NULL) STRICT;",
  NULL,
};

void
sfumato_index_entry_free (SfumatoIndexEntry *entry)
{
  g_free (entry->id);
  g_free (entry->file_name);
  g_free (entry);
}

/* ---- opening ---- */

sqlite3_stmt *
_sfumato_index_prepare (SfumatoDatabase *db,
                        const char      *sql)
{
  g_autoptr (GError) error = NULL;
  sqlite3_stmt *statement = sfumato_database_prepare (db, sql, &error);

  if (statement == NULL)
    g_message ("The index cannot be read: %s", sfumato_error_get_details (error));
  return statement;
}

static char *
read_folder (SfumatoIndex *self)
{
  sqlite3_stmt *statement;
  char *folder = NULL;

  sfumato_database_lock (self->writer);
  statement = _sfumato_index_prepare (self->writer, "SELECT path FROM folder");
  if (statement != NULL && sfumato_database_step (self->writer, statement, NULL) == SQLITE_ROW)
    folder = g_strdup ((const char *) sqlite3_column_text (statement, 0));
  sfumato_database_unlock (self->writer);
  return folder;
}

static gboolean
begin_folder (SfumatoIndex  *self,
              const char    *folder,
              GError       **error)
{
  sqlite3_stmt *statement;

  if (!sfumato_database_begin (self->writer, error))
    return FALSE;
  statement = sfumato_database_exec (self->writer, "DELETE FROM pictures; DELETE FROM facts; DELETE FROM folder;"
                                     "INSERT INTO words (words) VALUES ('delete-all');", error) ?
                sfumato_database_prepare (self->writer, "INSERT INTO folder VALUES (?)", error) : NULL;
  if (statement != NULL)
    sqlite3_bind_text (statement, 1, folder, -1, SQLITE_TRANSIENT);
  if (statement == NULL || sfumato_database_step (self->writer, statement, error) != SQLITE_DONE)
    {
      sfumato_database_rollback (self->writer);
      return FALSE;
    }
  return sfumato_database_commit (self->writer, error);
}

SfumatoIndex *
sfumato_index_open (const char  *path,
                    const char  *folder,
                    GError     **error)
{
  g_autoptr (SfumatoIndex) self = g_new0 (SfumatoIndex, 1);
  g_autofree char *known = NULL;

  self->writer = sfumato_database_open (path, migrations, error);
  if (self->writer == NULL)
    return NULL;
  self->reader = sfumato_database_open_reader (self->writer, error);
  if (self->reader == NULL)
    return NULL;
  sfumato_index_was_changed (self);
  known = read_folder (self);
  if (g_strcmp0 (known, folder) != 0 && !begin_folder (self, folder, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
sfumato_index_close (SfumatoIndex *self)
{
  g_clear_pointer (&self->reader, sfumato_database_close);
  g_clear_pointer (&self->writer, sfumato_database_close);
  g_free (self);
}

gboolean
sfumato_index_begin (SfumatoIndex  *self,
                     GError       **error)
{
  return sfumato_database_begin (self->writer, error);
}

gboolean
sfumato_index_commit (SfumatoIndex  *self,
                      GError       **error)
{
  return sfumato_database_commit (self->writer, error);
}

void
sfumato_index_rollback (SfumatoIndex *self)
{
  sfumato_database_rollback (self->writer);
}

/* ---- entries ---- */

#define ENTRY "SELECT row, state, size, mtime, sidecar_size, sidecar_mtime, id, file_name FROM pictures "

/* The texts belong to the statement. */
static void
fill_entry (SfumatoIndexEntry *entry,
            sqlite3_stmt      *statement)
{
  entry->row = sqlite3_column_int64 (statement, 0);
  entry->state = sqlite3_column_int (statement, 1);
  entry->stamp.size = sqlite3_column_int64 (statement, 2);
  entry->stamp.mtime = sqlite3_column_int64 (statement, 3);
  entry->stamp.sidecar_size = sqlite3_column_int64 (statement, 4);
  entry->stamp.sidecar_mtime = sqlite3_column_int64 (statement, 5);
  entry->id = (char *) sqlite3_column_text (statement, 6);
  entry->file_name = (char *) sqlite3_column_text (statement, 7);
}

/* The first row of a bound statement; frees nothing of it but leaves it reset. */
static SfumatoIndexEntry *
take_entry (SfumatoIndex *self,
            sqlite3_stmt *statement)
{
  SfumatoIndexEntry *entry = NULL;

  if (sfumato_database_step (self->writer, statement, NULL) == SQLITE_ROW)
    {
      SfumatoIndexEntry borrowed;

      fill_entry (&borrowed, statement);
      entry = g_memdup2 (&borrowed, sizeof borrowed);
      entry->id = g_strdup (borrowed.id);
      entry->file_name = g_strdup (borrowed.file_name);
      sqlite3_reset (statement);
    }
  return entry;
}

static SfumatoIndexEntry *
get_by_text (SfumatoIndex *self,
             const char   *sql,
             const char   *text)
{
  SfumatoIndexEntry *entry = NULL;
  sqlite3_stmt *statement;

  sfumato_database_lock (self->writer);
  statement = _sfumato_index_prepare (self->writer, sql);
  if (statement != NULL)
    {
      sqlite3_bind_text (statement, 1, text, -1, SQLITE_TRANSIENT);
      entry = take_entry (self, statement);
    }
  sfumato_database_unlock (self->writer);
  return entry;
}

SfumatoIndexEntry *
sfumato_index_get_by_id (SfumatoIndex *self,
                         const char   *id)
{
  return get_by_text (self, ENTRY "WHERE id = ?", id);
}

SfumatoIndexEntry *
sfumato_index_get_by_name (SfumatoIndex *self,
                           const char   *file_name)
{
  return get_by_text (self, ENTRY "WHERE file_name = ? AND state <> 2", file_name);
}

SfumatoIndexEntry *
sfumato_index_get_away (SfumatoIndex       *self,
                        const SfumatoStamp *stamp)
{
  SfumatoIndexEntry *entry = NULL;
  sqlite3_stmt *statement;

  sfumato_database_lock (self->writer);
  statement = _sfumato_index_prepare (self->writer, ENTRY "WHERE size = ? AND mtime = ? AND state <> 0");
  if (statement != NULL)
    {
      sqlite3_bind_int64 (statement, 1, stamp->size);
      sqlite3_bind_int64 (statement, 2, stamp->mtime);
      entry = take_entry (self, statement);
    }
  sfumato_database_unlock (self->writer);
  return entry;
}

gboolean
sfumato_index_walk (SfumatoIndex       *self,
                    SfumatoIndexVisit   visit,
                    gpointer            data,
                    GError            **error)
{
  SfumatoIndexEntry entry;
  sqlite3_stmt *statement;
  int code = SQLITE_ERROR;

  sfumato_database_lock (self->writer);
  statement = sfumato_database_prepare (self->writer, ENTRY "WHERE state <> 2 ORDER BY file_name", error);
  while (statement != NULL && (code = sfumato_database_step (self->writer, statement, error)) == SQLITE_ROW)
    {
      fill_entry (&entry, statement);
      visit (&entry, data);
    }
  sfumato_database_unlock (self->writer);
  return code == SQLITE_DONE;
}

/* ---- tokens and facts ---- */

GPtrArray *
sfumato_index_list_undo (SfumatoIndex *self)
{
  GPtrArray *tokens = g_ptr_array_new_with_free_func (g_free);
  sqlite3_stmt *statement;

  sfumato_database_lock (self->writer);
  statement = _sfumato_index_prepare (self->writer, "SELECT DISTINCT undo FROM pictures WHERE undo IS NOT NULL");
  while (statement != NULL && sfumato_database_step (self->writer, statement, NULL) == SQLITE_ROW)
    g_ptr_array_add (tokens, g_strdup ((const char *) sqlite3_column_text (statement, 0)));
  sfumato_database_unlock (self->writer);
  return tokens;
}

gboolean
sfumato_index_was_changed (SfumatoIndex *self)
{
  sqlite3_stmt *statement;
  gint64 seen = self->seen;
  gboolean changed;

  sfumato_database_lock (self->writer);
  statement = _sfumato_index_prepare (self->writer, "PRAGMA data_version");
  if (statement != NULL && sfumato_database_step (self->writer, statement, NULL) == SQLITE_ROW)
    seen = sqlite3_column_int64 (statement, 0);
  changed = seen != self->seen;
  self->seen = seen;
  sfumato_database_unlock (self->writer);
  return changed;
}

gint64
sfumato_index_get_fact (SfumatoIndex *self,
                        const char   *name)
{
  sqlite3_stmt *statement;
  gint64 value = 0;

  sfumato_database_lock (self->writer);
  statement = _sfumato_index_prepare (self->writer, "SELECT value FROM facts WHERE name = ?");
  if (statement != NULL)
    {
      sqlite3_bind_text (statement, 1, name, -1, SQLITE_TRANSIENT);
      if (sfumato_database_step (self->writer, statement, NULL) == SQLITE_ROW)
        value = sqlite3_column_int64 (statement, 0);
    }
  sfumato_database_unlock (self->writer);
  return value;
}
