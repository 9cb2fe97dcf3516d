/* Brings the index up to date with the folder.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-scan.h"

#include "domain/sfumato-error.h"
#include "gallery/sfumato-adopt.h"
#include "gallery/sfumato-store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>

#define SIDECAR_MAX (4 * 1024 * 1024) /* bytes; the domain reads no larger ones */
#define BATCH       512               /* pictures a transaction */

typedef struct
{
  char         *name;  /* owned by the listing's chunk */
  SfumatoStamp  stamp;
} Listed;

typedef struct
{
  SfumatoIndex *index;   /* borrowed */
  int           fd;      /* of the folder */
  GStringChunk *chunk;   /* owned: names */
  GArray       *listed;  /* owned: Listed, by name */
  guint         next;    /* in listed, while the index is walked */
  GPtrArray    *news;    /* owned: Listed that are not in the index as they are, borrowed */
  GPtrArray    *gone;    /* owned: names, borrowed */
  gboolean      changed;
} Scan;

/* ---- one file ---- */

/* A file as it was when it was read, before the transaction. */
typedef struct
{
  Listed             *file;     /* borrowed */
  SfumatoIndexEntry  *entry;    /* owned, nullable: what the index knew under its name then */
  SfumatoPicture     *picture;  /* owned, nullable: from its sidecar */
  SfumatoPicture     *adopted;  /* owned, nullable: from the file alone, where there is no sidecar */
  SfumatoImageHeader  header;
} Reading;

static void
reading_free (gpointer data)
{
  Reading *reading = data;

  g_clear_pointer (&reading->entry, sfumato_index_entry_free);
  g_clear_object (&reading->picture);
  g_clear_object (&reading->adopted);
  g_free (reading);
}

/* The picture of a file as its sidecar tells; NULL where there is none that can be read. */
static SfumatoPicture *
read_sidecar (int                       folder_fd,
              const char               *file_name,
              gint64                    size,
              const SfumatoImageHeader *header)
{
  g_autofree char *sidecar = sfumato_store_sidecar (file_name);
  gsize length;
  g_autofree char *text = sfumato_store_read (folder_fd, sidecar, SIDECAR_MAX, &length);

  return text != NULL ? sfumato_picture_from_xmp (text, length, file_name, size, header, NULL) : NULL;
}

static Reading *
read_file (Scan   *scan,
           Listed *file)
{
  g_autoptr (GBytes) head = NULL;
  Reading *reading = g_new0 (Reading, 1);

  reading->file = file;
  reading->entry = sfumato_index_get_by_name (scan->index, file->name);
  if (!sfumato_adopt_read_header (scan->fd, file->name, &reading->header, &head))
    {
      reading_free (reading);
      return NULL;
    }
  if (file->stamp.sidecar_size > 0)
    reading->picture = read_sidecar (scan->fd, file->name, file->stamp.size, &reading->header);
  if (reading->picture == NULL)
    reading->adopted = sfumato_adopt (file->name, file->stamp.size, file->stamp.mtime, &reading->header, head);
  return reading;
}

/* ---- into the index ---- */

static gboolean
is_same_entry (const SfumatoIndexEntry *a,
               const SfumatoIndexEntry *b)
{
  if (a == NULL || b == NULL)
    return a == b;
  return a->row == b->row && a->state == b->state && memcmp (&a->stamp, &b->stamp, sizeof a->stamp) == 0;
}

/* A second picture whose sidecar was copied gets an id that follows from the first one's and its own name, so that
 * every process and every rebuilding of the index finds the same. */
static char *
derive_id (const char *id,
           const char *file_name)
{
  g_autofree char *both = g_strconcat (id, "/", file_name, NULL);
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA1, both, -1);

  return g_strdup_printf ("%.8s-%.4s-5%.3s-8%.3s-%.12s", sum, sum + 8, sum + 12, sum + 15, sum + 18);
}

static gboolean
is_owned_by_other (Scan                    *scan,
                   const SfumatoIndexEntry *owner,
                   const char              *file_name)
{
  SfumatoStamp stamp;

  return owner != NULL && owner->state == SFUMATO_INDEX_HERE && !g_str_equal (owner->file_name, file_name) &&
         sfumato_scan_stamp (scan->fd, owner->file_name, &stamp);
}

static gboolean
put_from_sidecar (Scan     *scan,
                  Reading  *reading,
                  GError  **error)
{
  SfumatoPictureFields fields = *sfumato_picture_get_fields (reading->picture);
  g_autoptr (SfumatoIndexEntry) owner = sfumato_index_get_by_id (scan->index, fields.id);
  g_autofree char *other_id = derive_id (fields.id, fields.file_name);

  if (is_owned_by_other (scan, owner, fields.file_name) ||
      (reading->entry != NULL && g_str_equal (reading->entry->id, other_id)))
    fields.id = other_id;
  return sfumato_index_put (scan->index, &fields, &reading->file->stamp, error) != 0;
}

/* The sidecar follows a picture that was renamed without it. */
static void
rename_sidecar (Scan       *scan,
                const char *from,
                Listed     *file)
{
  g_autofree char *old_name = sfumato_store_sidecar (from);
  g_autofree char *new_name = sfumato_store_sidecar (file->name);

  if (renameat2 (scan->fd, old_name, scan->fd, new_name, RENAME_NOREPLACE) == 0)
    sfumato_scan_stamp (scan->fd, file->name, &file->stamp);
}

/* No sidecar: what the index knows of it is better than what the file tells. */
static gboolean
put_without_sidecar (Scan     *scan,
                     Reading  *reading,
                     GError  **error)
{
  SfumatoPictureFields fields = *sfumato_picture_get_fields (reading->adopted);
  g_autoptr (SfumatoIndexEntry) renamed = NULL;
  g_autoptr (SfumatoPicture) known = NULL;

  if (reading->entry != NULL)
    known = sfumato_index_get_picture (scan->index, reading->entry->row);
  else if ((renamed = sfumato_index_get_away (scan->index, &reading->file->stamp)) != NULL)
    {
      known = sfumato_index_get_picture (scan->index, renamed->row);
      rename_sidecar (scan, renamed->file_name, reading->file);
    }
  if (known != NULL)
    {
      fields = *sfumato_picture_get_fields (known);
      fields.file_name = reading->file->name;
      fields.size = reading->file->stamp.size;
      fields.type = reading->header.type;
      fields.width = reading->header.width;
      fields.height = reading->header.height;
      fields.content_credentials = reading->header.content_credentials;
    }
  return sfumato_index_put (scan->index, &fields, &reading->file->stamp, error) != 0;
}

static gboolean
put (Scan     *scan,
     Reading  *reading,
     GError  **error)
{
  g_autoptr (SfumatoIndexEntry) entry = sfumato_index_get_by_name (scan->index, reading->file->name);

  if (!is_same_entry (entry, reading->entry))
    return TRUE; /* somebody was faster */
  scan->changed = TRUE;
  return reading->picture != NULL ? put_from_sidecar (scan, reading, error)
                                  : put_without_sidecar (scan, reading, error);
}

static gboolean
commit_or_roll_back (Scan      *scan,
                     gboolean   good,
                     GError   **error)
{
  if (good)
    return sfumato_index_commit (scan->index, error);
  sfumato_index_rollback (scan->index);
  return FALSE;
}

static gboolean
put_all (Scan       *scan,
         GPtrArray  *readings,
         GError    **error)
{
  gboolean good = TRUE;

  if (readings->len == 0)
    return TRUE;
  if (!sfumato_index_begin (scan->index, error))
    return FALSE;
  for (guint i = 0; good && i < readings->len; i++)
    good = put (scan, g_ptr_array_index (readings, i), error);
  return commit_or_roll_back (scan, good, error);
}

static gboolean
hide_all (Scan    *scan,
          GError **error)
{
  gboolean good = TRUE;

  if (scan->gone->len == 0)
    return TRUE;
  if (!sfumato_index_begin (scan->index, error))
    return FALSE;
  for (guint i = 0; good && i < scan->gone->len; i++)
    {
      const char *name = g_ptr_array_index (scan->gone, i);
      g_autoptr (SfumatoIndexEntry) entry = sfumato_index_get_by_name (scan->index, name);
      SfumatoStamp stamp;

      if (entry == NULL || entry->state != SFUMATO_INDEX_HERE || sfumato_scan_stamp (scan->fd, name, &stamp))
        continue;
      good = sfumato_index_hide (scan->index, entry->row, SFUMATO_INDEX_GONE, NULL, error);
      scan->changed = TRUE;
    }
  return commit_or_roll_back (scan, good, error);
}

/* What is gone comes first: a new name may be a new name for it. */
static gboolean
apply (Scan          *scan,
       GCancellable  *cancellable,
       GError       **error)
{
  if (!hide_all (scan, error))
    return FALSE;
  for (guint i = 0; i < scan->news->len;)
    {
      g_autoptr (GPtrArray) readings = g_ptr_array_new_with_free_func (reading_free);

      for (guint end = i + BATCH; i < scan->news->len && i < end; i++)
        {
          Reading *reading = read_file (scan, g_ptr_array_index (scan->news, i));

          if (reading != NULL)
            g_ptr_array_add (readings, reading);
        }
      if (!put_all (scan, readings, error))
        return FALSE;
      if (g_cancellable_is_cancelled (cancellable))
        {
          g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_CANCELLED, "", "Cancelled"));
          return FALSE;
        }
    }
  return TRUE;
}

/* ---- the whole folder, or some of it ---- */

static gboolean
scan_begin (Scan          *scan,
            SfumatoIndex  *index,
            const char    *folder,
            GError       **error)
{
  *scan = (Scan) { .index = index, .fd = sfumato_store_open (folder, error) };
  if (scan->fd < 0)
    return FALSE;
  scan->chunk = g_string_chunk_new (64 * 1024);
  scan->listed = g_array_new (FALSE, FALSE, sizeof (Listed));
  scan->news = g_ptr_array_new ();
  scan->gone = g_ptr_array_new ();
  return TRUE;
}

static void
scan_end (Scan     *scan,
          gboolean *changed)
{
  *changed = scan->changed;
  g_close (scan->fd, NULL);
  g_ptr_array_unref (scan->news);
  g_ptr_array_unref (scan->gone);
  g_array_unref (scan->listed);
  g_string_chunk_free (scan->chunk);
}

static void
list_file (Scan       *scan,
           const char *name)
{
  Listed listed;

  if (!sfumato_adopt_is_picture_name (name) || !sfumato_scan_stamp (scan->fd, name, &listed.stamp))
    return;
  listed.name = g_string_chunk_insert (scan->chunk, name);
  g_array_append_val (scan->listed, listed);
}

static void
clean (Scan      *scan,
       GPtrArray *temps)
{
  for (guint i = 0; i < temps->len; i++)
    {
      g_autofree char *name = sfumato_store_clean (scan->fd, g_ptr_array_index (temps, i), sfumato_adopt_is_whole);

      if (name != NULL)
        list_file (scan, name);
    }
}

static int
compare_listed (gconstpointer a,
                gconstpointer b)
{
  return strcmp (((const Listed *) a)->name, ((const Listed *) b)->name);
}

static gboolean
list_folder (Scan        *scan,
             const char  *folder,
             GError     **error)
{
  DIR *dir = fdopendir (fcntl (scan->fd, F_DUPFD_CLOEXEC, 0));
  g_autoptr (GPtrArray) temps = g_ptr_array_new_with_free_func (g_free);
  struct dirent *item;
  int failed;

  if (dir == NULL)
    {
      g_propagate_error (error, sfumato_store_error (folder, errno));
      return FALSE;
    }
  for (errno = 0; (item = readdir (dir)) != NULL; errno = 0)
    if (sfumato_store_is_temp (item->d_name))
      g_ptr_array_add (temps, g_strdup (item->d_name));
    else
      list_file (scan, item->d_name);
  failed = errno;
  closedir (dir);
  clean (scan, temps);
  if (failed != 0)
    g_propagate_error (error, sfumato_store_error (folder, failed));
  g_array_sort (scan->listed, compare_listed);
  return failed == 0;
}

/* Both sides are in the order of names: everything of the folder before this entry is new. */
static void
merge_entry (const SfumatoIndexEntry *entry,
             gpointer                 data)
{
  Scan *scan = data;
  Listed *file = NULL;
  int order = -1;

  while (scan->next < scan->listed->len)
    {
      file = &g_array_index (scan->listed, Listed, scan->next);
      order = strcmp (file->name, entry->file_name);
      if (order >= 0)
        break;
      g_ptr_array_add (scan->news, file);
      scan->next++;
    }
  if (scan->next < scan->listed->len && order == 0)
    {
      scan->next++;
      if (entry->state != SFUMATO_INDEX_HERE || memcmp (&file->stamp, &entry->stamp, sizeof entry->stamp) != 0)
        g_ptr_array_add (scan->news, file);
    }
  else if (entry->state == SFUMATO_INDEX_HERE)
    g_ptr_array_add (scan->gone, g_string_chunk_insert (scan->chunk, entry->file_name));
}

static gboolean
merge (Scan    *scan,
       GError **error)
{
  if (!sfumato_index_walk (scan->index, merge_entry, scan, error))
    return FALSE;
  for (; scan->next < scan->listed->len; scan->next++)
    g_ptr_array_add (scan->news, &g_array_index (scan->listed, Listed, scan->next));
  return TRUE;
}

gboolean
sfumato_scan_folder (SfumatoIndex  *index,
                     const char    *folder,
                     GCancellable  *cancellable,
                     gboolean      *changed,
                     GError       **error)
{
  Scan scan;
  gboolean good;

  *changed = FALSE;
  if (!scan_begin (&scan, index, folder, error))
    return FALSE;
  good = list_folder (&scan, folder, error) && merge (&scan, error) && apply (&scan, cancellable, error);
  scan_end (&scan, changed);
  return good;
}

/* One of these names; a sidecar stands for its picture. */
static void
look_at_name (Scan       *scan,
              const char *name)
{
  g_autofree char *picture = g_str_has_suffix (name, ".xmp") ? g_strndup (name, strlen (name) - 4) : g_strdup (name);
  g_autoptr (SfumatoIndexEntry) entry = NULL;
  Listed listed;

  if (!sfumato_adopt_is_picture_name (picture))
    return;
  entry = sfumato_index_get_by_name (scan->index, picture);
  listed.name = g_string_chunk_insert_const (scan->chunk, picture);
  if (!sfumato_scan_stamp (scan->fd, picture, &listed.stamp))
    g_ptr_array_add (scan->gone, listed.name);
  else if (entry == NULL || entry->state != SFUMATO_INDEX_HERE ||
           memcmp (&listed.stamp, &entry->stamp, sizeof listed.stamp) != 0)
    g_array_append_val (scan->listed, listed);
}

gboolean
sfumato_scan_names (SfumatoIndex  *index,
                    const char    *folder,
                    GPtrArray     *names,
                    gboolean      *changed,
                    GError       **error)
{
  Scan scan;
  gboolean good;

  *changed = FALSE;
  if (!scan_begin (&scan, index, folder, error))
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    look_at_name (&scan, g_ptr_array_index (names, i));
  for (guint i = 0; i < scan.listed->len; i++)
    g_ptr_array_add (scan.news, &g_array_index (scan.listed, Listed, i));
  good = apply (&scan, NULL, error);
  scan_end (&scan, changed);
  return good;
}
