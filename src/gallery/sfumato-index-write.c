/* The index: what is written to it, all of it inside of a transaction.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-index-private.h"

static gboolean
run (SfumatoIndex  *self,
     sqlite3_stmt  *statement,
     GError       **error)
{
  return sfumato_database_step (self->writer, statement, error) == SQLITE_DONE;
}

static gboolean
run_on_row (SfumatoIndex  *self,
            const char    *sql,
            gint64         row,
            GError       **error)
{
  sqlite3_stmt *statement = sfumato_database_prepare (self->writer, sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, row);
  return run (self, statement, error);
}

static gboolean
add_words (SfumatoIndex                *self,
           gint64                       row,
           const SfumatoPictureFields  *fields,
           GError                     **error)
{
  const SfumatoRequestFields *request = fields->request != NULL ? sfumato_request_get_fields (fields->request) : NULL;
  g_autofree char *name = g_filename_display_name (fields->file_name);
  const char *columns[] = {
    request != NULL ? request->prompt : NULL,
    request != NULL ? request->negative_prompt : NULL,
    name,
    fields->model,
    fields->service,
  };
  sqlite3_stmt *statement = sfumato_database_prepare (
    self->writer, "INSERT INTO words (rowid, prompt, negative, name, model, service) VALUES (?, ?, ?, ?, ?, ?)",
    error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, row);
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    sqlite3_bind_text (statement, i + 2, sfumato_search_spread (columns[i] != NULL ? columns[i] : ""), -1, g_free);
  return run (self, statement, error);
}

static gboolean
delete_row (SfumatoIndex  *self,
            gint64         row,
            GError       **error)
{
  return run_on_row (self, "DELETE FROM words WHERE rowid = ?", row, error) &&
         run_on_row (self, "DELETE FROM pictures WHERE row = ?", row, error);
}

static gint64
find_free_row (SfumatoIndex *self,
               gint64        row)
{
  sqlite3_stmt *statement = _sfumato_index_prepare (self->writer, "SELECT 1 FROM pictures WHERE row = ?");

  /* -1 and 0 mean "none" elsewhere. */
  for (row = row == -1 || row == 0 ? 1 : row; statement != NULL; row++)
    {
      sqlite3_reset (statement);
      sqlite3_bind_int64 (statement, 1, row);
      if (sfumato_database_step (self->writer, statement, NULL) != SQLITE_ROW)
        break;
    }
  return row;
}

static gboolean
insert_row (SfumatoIndex                *self,
            gint64                       row,
            const SfumatoPictureFields  *fields,
            const SfumatoStamp          *stamp,
            GBytes                      *details,
            GError                     **error)
{
  sqlite3_stmt *statement = sfumato_database_prepare (
    self->writer, "INSERT INTO pictures (row, id, file_name, state, favorite, seed, size, mtime, sidecar_size,"
    " sidecar_mtime, details) VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?)", error);
  gsize size;
  const void *data = g_bytes_get_data (details, &size);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, row);
  sqlite3_bind_text (statement, 2, fields->id, -1, SQLITE_TRANSIENT);
  sqlite3_bind_text (statement, 3, fields->file_name, -1, SQLITE_TRANSIENT);
  sqlite3_bind_int (statement, 4, fields->favorite);
  sqlite3_bind_int64 (statement, 5, fields->seed_used);
  sqlite3_bind_int64 (statement, 6, stamp->size);
  sqlite3_bind_int64 (statement, 7, stamp->mtime);
  sqlite3_bind_int64 (statement, 8, stamp->sidecar_size);
  sqlite3_bind_int64 (statement, 9, stamp->sidecar_mtime);
  sqlite3_bind_blob64 (statement, 10, data, size, SQLITE_TRANSIENT);
  return run (self, statement, error) && add_words (self, row, fields, error);
}

static gboolean
has_details (SfumatoIndex *self,
             gint64        row,
             gint64        seed,
             GBytes       *details)
{
  sqlite3_stmt *statement = _sfumato_index_prepare (
    self->writer, "SELECT details = ? AND seed = ? FROM pictures WHERE row = ?");
  gboolean same;

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_blob64 (statement, 1, g_bytes_get_data (details, NULL), g_bytes_get_size (details), SQLITE_TRANSIENT);
  sqlite3_bind_int64 (statement, 2, seed);
  sqlite3_bind_int64 (statement, 3, row);
  same = sfumato_database_step (self->writer, statement, NULL) == SQLITE_ROW && sqlite3_column_int (statement, 0) == 1;
  sqlite3_reset (statement);
  return same;
}

gboolean
sfumato_index_set_favorite (SfumatoIndex        *self,
                            gint64               row,
                            gboolean             favorite,
                            const SfumatoStamp  *stamp,
                            GError             **error)
{
  sqlite3_stmt *statement = sfumato_database_prepare (
    self->writer, "UPDATE pictures SET favorite = ?, size = ?, mtime = ?, sidecar_size = ?, sidecar_mtime = ?,"
    " state = 0, undo = NULL WHERE row = ?", error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int (statement, 1, favorite);
  sqlite3_bind_int64 (statement, 2, stamp->size);
  sqlite3_bind_int64 (statement, 3, stamp->mtime);
  sqlite3_bind_int64 (statement, 4, stamp->sidecar_size);
  sqlite3_bind_int64 (statement, 5, stamp->sidecar_mtime);
  sqlite3_bind_int64 (statement, 6, row);
  return run (self, statement, error);
}

/* Whoever holds the name now is not the picture any more that had it. */
static gboolean
free_name (SfumatoIndex                *self,
           const SfumatoPictureFields  *fields,
           GError                     **error)
{
  g_autoptr (SfumatoIndexEntry) other = sfumato_index_get_by_name (self, fields->file_name);

  return other == NULL || g_str_equal (other->id, fields->id) || delete_row (self, other->row, error);
}

/* Puts it into a row it has already: the same facts stay there, others move to the next one. Never back to one it
 * had before, because somebody may still hold the picture as it was then. */
static gint64
put_again (SfumatoIndex                *self,
           const SfumatoIndexEntry     *old,
           const SfumatoPictureFields  *fields,
           const SfumatoStamp          *stamp,
           GBytes                      *details,
           GError                     **error)
{
  gint64 row = g_date_time_to_unix_usec (fields->created);

  if (g_str_equal (old->file_name, fields->file_name) && has_details (self, old->row, fields->seed_used, details))
    return sfumato_index_set_favorite (self, old->row, fields->favorite, stamp, error) &&
           (old->state == SFUMATO_INDEX_HERE || add_words (self, old->row, fields, error)) ? old->row : 0;
  if (old->row >= row && old->row - row < G_USEC_PER_SEC)
    row = old->row + 1;
  row = find_free_row (self, row);
  return delete_row (self, old->row, error) && insert_row (self, row, fields, stamp, details, error) ? row : 0;
}

gint64
sfumato_index_put (SfumatoIndex                *self,
                   const SfumatoPictureFields  *fields,
                   const SfumatoStamp          *stamp,
                   GError                     **error)
{
  g_autoptr (GBytes) details = _sfumato_index_pack (fields);
  g_autoptr (SfumatoIndexEntry) old = NULL;
  gint64 row;

  if (!free_name (self, fields, error))
    return 0;
  old = sfumato_index_get_by_id (self, fields->id);
  if (old != NULL)
    return put_again (self, old, fields, stamp, details, error);
  row = find_free_row (self, g_date_time_to_unix_usec (fields->created));
  return insert_row (self, row, fields, stamp, details, error) ? row : 0;
}

gboolean
sfumato_index_hide (SfumatoIndex       *self,
                    gint64              row,
                    SfumatoIndexState   state,
                    const char         *undo,
                    GError            **error)
{
  sqlite3_stmt *statement = sfumato_database_prepare (
    self->writer, "UPDATE pictures SET state = ?, undo = ? WHERE row = ?", error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int (statement, 1, state);
  sqlite3_bind_text (statement, 2, undo, -1, SQLITE_TRANSIENT);
  sqlite3_bind_int64 (statement, 3, row);
  return run (self, statement, error) && run_on_row (self, "DELETE FROM words WHERE rowid = ?", row, error);
}

gboolean
sfumato_index_forget (SfumatoIndex  *self,
                      const char    *undo,
                      GError       **error)
{
  sqlite3_stmt *statement = sfumato_database_prepare (self->writer, "DELETE FROM pictures WHERE undo = ?", error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_text (statement, 1, undo, -1, SQLITE_TRANSIENT);
  return run (self, statement, error);
}

gboolean
sfumato_index_set_fact (SfumatoIndex  *self,
                        const char    *name,
                        gint64         value,
                        GError       **error)
{
  sqlite3_stmt *statement = sfumato_database_prepare (
    self->writer, "INSERT INTO facts VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_text (statement, 1, name, -1, SQLITE_TRANSIENT);
  sqlite3_bind_int64 (statement, 2, value);
  return run (self, statement, error);
}
