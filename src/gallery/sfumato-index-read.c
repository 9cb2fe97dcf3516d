/* The index: what is read from it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-index-private.h"

/* ---- a picture as one value ---- */

/* request, service, model, width, height, type, size, created, duration, finish, finish word, charge, price,
 * request id, content credentials. */
#define DETAILS "(msmsmsuuytsxymsyimsb)"

static char *
request_to_text (SfumatoRequest *request)
{
  g_autoptr (JsonNode) json = request != NULL ? sfumato_request_to_json (request) : NULL;

  return json != NULL ? json_to_string (json, FALSE) : NULL;
}

/* Text that came from a file may be no UTF-8; nothing else can be packed. */
static char *
valid (const char *text)
{
  return text != NULL ? g_utf8_make_valid (text, -1) : NULL;
}

GBytes *
_sfumato_index_pack (const SfumatoPictureFields *fields)
{
  g_autofree char *request = request_to_text (fields->request);
  g_autofree char *service = valid (fields->service);
  g_autofree char *model = valid (fields->model);
  g_autofree char *finish_word = valid (fields->finish_word);
  g_autofree char *request_id = valid (fields->request_id);
  g_autofree char *created = g_date_time_format_iso8601 (fields->created);
  g_autoptr (GVariant) details = g_variant_ref_sink (g_variant_new (
    DETAILS, request, service, model, fields->width, fields->height, (guchar) fields->type, fields->size, created,
    fields->duration, (guchar) fields->finish, finish_word, (guchar) fields->charge, fields->price, request_id,
    fields->content_credentials));

  return g_variant_get_data_as_bytes (details);
}

static SfumatoPicture *
unpack (const char *id,
        const char *file_name,
        gint64      row,
        gboolean    favorite,
        gint64      seed,
        GBytes     *bytes)
{
  g_autoptr (GVariant) details = g_variant_new_from_bytes (G_VARIANT_TYPE (DETAILS), bytes, FALSE);
  SfumatoPictureFields fields = { .id = id, .file_name = file_name, .favorite = favorite, .seed_used = seed };
  g_autoptr (SfumatoRequest) request = NULL;
  g_autoptr (GDateTime) date = NULL;
  const char *request_text, *created;
  guchar type, finish, charge;

  g_variant_ref_sink (details);
  g_variant_get (details, "(m&sm&sm&suuyt&sxym&syim&sb)", &request_text, &fields.service, &fields.model,
                 &fields.width, &fields.height, &type, &fields.size, &created, &fields.duration, &finish,
                 &fields.finish_word, &charge, &fields.price, &fields.request_id, &fields.content_credentials);
  request = sfumato_request_from_text (request_text, NULL);
  date = g_date_time_new_from_iso8601 (created, NULL);
  if (date == NULL)
    date = g_date_time_new_from_unix_utc_usec (row);
  fields.request = request;
  fields.created = date;
  fields.type = MIN (type, SFUMATO_IMAGE_WEBP);
  fields.finish = MIN (finish, SFUMATO_FINISH_OTHER);
  fields.charge = MIN (charge, SFUMATO_CHARGE_YES);
  return date != NULL && id != NULL && file_name != NULL ? sfumato_picture_new (&fields) : NULL;
}

static SfumatoPicture *
read_picture (SfumatoDatabase *db,
              gint64           row)
{
  SfumatoPicture *picture = NULL;
  sqlite3_stmt *statement;

  sfumato_database_lock (db);
  statement = _sfumato_index_prepare (db, "SELECT id, file_name, favorite, seed, details FROM pictures WHERE row = ?");
  if (statement != NULL)
    {
      sqlite3_bind_int64 (statement, 1, row);
      if (sfumato_database_step (db, statement, NULL) == SQLITE_ROW)
        {
          g_autoptr (GBytes) details = g_bytes_new (sqlite3_column_blob (statement, 4),
                                                    sqlite3_column_bytes (statement, 4));

          picture = unpack ((const char *) sqlite3_column_text (statement, 0),
                            (const char *) sqlite3_column_text (statement, 1), row,
                            sqlite3_column_int (statement, 2), sqlite3_column_int64 (statement, 3), details);
        }
    }
  sfumato_database_unlock (db);
  return picture;
}

SfumatoPicture *
sfumato_index_read (SfumatoIndex *self,
                    gint64        row)
{
  return read_picture (self->reader, row);
}

SfumatoPicture *
sfumato_index_get_picture (SfumatoIndex *self,
                           gint64        row)
{
  return read_picture (self->writer, row);
}

/* ---- questions ---- */

/* One number; -1 where there is no row. text may be NULL. */
static gint64
ask (SfumatoIndex *self,
     const char   *sql,
     gint64        number,
     const char   *text)
{
  gint64 answer = -1;
  sqlite3_stmt *statement;

  sfumato_database_lock (self->reader);
  statement = _sfumato_index_prepare (self->reader, sql);
  if (statement != NULL)
    {
      if (text != NULL)
        sqlite3_bind_text (statement, 1, text, -1, SQLITE_TRANSIENT);
      else if (sqlite3_bind_parameter_count (statement) > 0)
        sqlite3_bind_int64 (statement, 1, number);
      if (sfumato_database_step (self->reader, statement, NULL) == SQLITE_ROW)
        answer = sqlite3_column_int64 (statement, 0);
    }
  sfumato_database_unlock (self->reader);
  return answer;
}

guint
sfumato_index_count (SfumatoIndex *self)
{
  return MAX (0, ask (self, "SELECT count(*) FROM pictures INDEXED BY pictures_here WHERE state = 0", 0, NULL));
}

gboolean
sfumato_index_is_favorite (SfumatoIndex *self,
                           gint64        row)
{
  return ask (self, "SELECT favorite FROM pictures WHERE row = ?", row, NULL) == 1;
}

gint64
sfumato_index_find (SfumatoIndex *self,
                    const char   *id_or_name)
{
  gint64 row = ask (self, "SELECT row FROM pictures WHERE id = ? AND state = 0", 0, id_or_name);

  if (row == -1)
    row = ask (self, "SELECT row FROM pictures WHERE file_name = ? AND state = 0", 0, id_or_name);
  return row == -1 ? 0 : row;
}

/* The parts that a search needs, put together once for each combination: prepared statements are kept by text. The
 * index to use is named because SQLite would rather walk through the table, which is a hundred times as large; and
 * "+rowid" keeps it from asking the full-text index once for each favorite. */
static const char *
make_query (const SfumatoSearch *search)
{
  const char *index = search->seed >= 0 ? "seed" : search->favorites ? "favorite" : "here";
  g_autofree char *here = g_strdup_printf ("SELECT row FROM pictures INDEXED BY pictures_%s WHERE state = 0%s%s", index,
                                           search->favorites ? " AND favorite = 1" : "",
                                           search->seed >= 0 ? " AND seed = ?4" : "");
  g_autofree char *sql = NULL;

  if (search->match == NULL)
    sql = g_strconcat (here, " AND row >= ?1 AND row < ?2 ORDER BY row DESC", NULL);
  else
    sql = g_strconcat ("SELECT rowid FROM words WHERE words MATCH ?3 AND rowid >= ?1 AND rowid < ?2",
                       search->favorites || search->seed >= 0 ? " AND +rowid IN (" : "",
                       search->favorites || search->seed >= 0 ? here : "",
                       search->favorites || search->seed >= 0 ? ")" : "", " ORDER BY rowid DESC", NULL);
  return g_intern_string (sql);
}

GArray *
sfumato_index_search (SfumatoIndex        *self,
                      const SfumatoSearch *search)
{
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (gint64));
  sqlite3_stmt *statement;
  gboolean found = FALSE;

  sfumato_database_lock (self->reader);
  statement = _sfumato_index_prepare (self->reader, make_query (search));
  if (statement != NULL)
    {
      sqlite3_bind_int64 (statement, 1, search->from);
      sqlite3_bind_int64 (statement, 2, search->until);
      if (search->match != NULL)
        sqlite3_bind_text (statement, 3, search->match, -1, SQLITE_TRANSIENT);
      if (search->seed >= 0)
        sqlite3_bind_int64 (statement, 4, search->seed);
      found = sfumato_database_collect (self->reader, statement, rows, NULL);
    }
  sfumato_database_unlock (self->reader);
  return found ? g_steal_pointer (&rows) : NULL;
}
