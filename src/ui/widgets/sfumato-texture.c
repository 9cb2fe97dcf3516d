/* Pictures as GdkTexture: a pool of its own whose latest requests run first, and a bounded store of small ones.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/widgets/sfumato-texture.h"

#include <glib/gi18n-lib.h>

#include "domain/sfumato-error.h"

/* The largest thumbnail the gallery makes; above it the file itself is decoded. */
#define THUMBNAIL_MAX 512
/* A screenful on a large display (about 230 cells of 256 pixels) with some scrolling back. */
#define STORE_BYTES_MAX (96u * 1024 * 1024)

/* Microseconds between two requests of one batch, such as the cells of a screenful. */
#define TOGETHER (30 * G_TIME_SPAN_MILLISECOND)

/* ---- the store of small textures ------------------------------------------------------------------------- */

typedef struct
{
  char       *key;     /* owned */
  GdkTexture *texture; /* owned */
  GList       link;    /* in store_order, most recently used first */
} Kept;

static GHashTable *store;             /* char* -> Kept, borrowed from store_order */
static GQueue store_order = G_QUEUE_INIT;
static gsize store_bytes;

static gsize
texture_bytes (GdkTexture *texture)
{
  return (gsize) gdk_texture_get_width (texture) * gdk_texture_get_height (texture) * 4;
}

static char *
store_key (SfumatoPicture *picture,
           int             side)
{
  const SfumatoPictureFields *fields = sfumato_picture_get_fields (picture);

  /* With the file's size, so that a picture that was exchanged outside is read again. */
  return g_strdup_printf ("%d/%" G_GUINT64_FORMAT "/%s", side, fields->size, fields->id);
}

static void
drop_oldest (void)
{
  Kept *kept = g_queue_peek_tail (&store_order);

  g_queue_unlink (&store_order, &kept->link);
  g_hash_table_remove (store, kept->key);
  store_bytes -= texture_bytes (kept->texture);
  g_object_unref (kept->texture);
  g_free (kept->key);
  g_free (kept);
}

static void
store_keep (const char *key,
            GdkTexture *texture)
{
  Kept *kept;

  if (!store)
    store = g_hash_table_new (g_str_hash, g_str_equal);
  if (g_hash_table_contains (store, key))
    return;
  kept = g_new0 (Kept, 1);
  kept->key = g_strdup (key);
  kept->texture = g_object_ref (texture);
  kept->link.data = kept;
  g_queue_push_head_link (&store_order, &kept->link);
  g_hash_table_insert (store, kept->key, kept);
  store_bytes += texture_bytes (texture);
  while (store_bytes > STORE_BYTES_MAX)
    drop_oldest ();
}

static GdkTexture *
store_find (const char *key)
{
  Kept *kept = store ? g_hash_table_lookup (store, key) : NULL;

  if (!kept)
    return NULL;
  g_queue_unlink (&store_order, &kept->link);
  g_queue_push_head_link (&store_order, &kept->link);
  return g_object_ref (kept->texture);
}

/* ---- the work, on a thread of the pool ------------------------------------------------------------------- */

/* Made and freed on the main thread, so that no last reference to a gallery or picture is dropped elsewhere. */
typedef struct
{
  GTask          *task;     /* owned; touched on the main thread only */
  SfumatoGallery *gallery;  /* owned, nullable */
  SfumatoPicture *picture;  /* owned, nullable */
  GBytes         *bytes;    /* owned, nullable */
  int             side;
  guint           batch;    /* requests made together; the latest batch runs first */
  guint           place;    /* in the batch, where the first runs first */
  GdkTexture     *texture;  /* owned, nullable: the answer */
  GError         *error;    /* owned, nullable: or why there is none */
} Work;

static void
work_free (Work *work)
{
  g_clear_object (&work->task);
  g_clear_object (&work->gallery);
  g_clear_object (&work->picture);
  g_clear_pointer (&work->bytes, g_bytes_unref);
  g_clear_object (&work->texture);
  g_clear_error (&work->error);
  g_free (work);
}

static GBytes *
read_file (const char    *path,
           GCancellable  *cancellable,
           GError       **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileInfo) info = NULL;

  info = g_file_query_info (file, G_FILE_ATTRIBUTE_STANDARD_TYPE "," G_FILE_ATTRIBUTE_STANDARD_SIZE,
                            G_FILE_QUERY_INFO_NONE, cancellable, error);
  if (!info)
    return NULL;
  if (g_file_info_get_file_type (info) != G_FILE_TYPE_REGULAR ||
      g_file_info_get_size (info) > SFUMATO_IMAGE_BYTES_MAX)
    {
      g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Not a Picture"),
                         _("The file is not a picture, or larger than any picture Sfumato opens.")));
      return NULL;
    }
  return g_file_load_bytes (file, cancellable, NULL, error);
}

static GdkTexture *
decode (GBytes  *bytes,
        guint    max_side,
        GError **error)
{
  g_autoptr (GBytes) pixels = NULL;
  guint width, height;

  pixels = sfumato_gallery_decode (bytes, max_side, &width, &height, error);
  if (!pixels)
    return NULL;
  return gdk_memory_texture_new (width, height, GDK_MEMORY_R8G8B8A8, pixels, (gsize) width * 4);
}

static GdkTexture *
load_picture (Work          *work,
              GCancellable  *cancellable,
              GError       **error)
{
  g_autofree char *path = NULL;
  g_autoptr (GBytes) bytes = NULL;

  if (work->side > 0 && work->side <= THUMBNAIL_MAX)
    {
      path = sfumato_gallery_thumbnail (work->gallery, work->picture, work->side, cancellable, error);
      return path ? gdk_texture_new_from_filename (path, error) : NULL;
    }
  path = sfumato_gallery_dup_path (work->gallery, work->picture);
  bytes = read_file (path, cancellable, error);
  return bytes ? decode (bytes, work->side, error) : NULL;
}

static gboolean
work_done_cb (gpointer user_data)
{
  Work *work = user_data;

  if (work->texture && work->picture && work->side > 0 && work->side <= THUMBNAIL_MAX)
    {
      g_autofree char *key = store_key (work->picture, work->side);

      store_keep (key, work->texture);
    }
  if (work->texture)
    g_task_return_pointer (work->task, g_steal_pointer (&work->texture), g_object_unref);
  else
    g_task_return_error (work->task, g_steal_pointer (&work->error));
  work_free (work);
  return G_SOURCE_REMOVE;
}

static void
work_run (gpointer data,
          gpointer user_data)
{
  Work *work = data;
  GCancellable *cancellable = g_task_get_cancellable (work->task);

  /* What was scrolled over meanwhile costs nothing but this look. */
  if (!g_cancellable_set_error_if_cancelled (cancellable, &work->error))
    work->texture = work->bytes ? decode (work->bytes, work->side, &work->error)
                                : load_picture (work, cancellable, &work->error);
  g_idle_add_full (G_PRIORITY_DEFAULT, work_done_cb, work, NULL);
}

static int
compare_latest_first (gconstpointer a,
                      gconstpointer b,
                      gpointer      user_data)
{
  const Work *one = a, *other = b;

  if (one->batch != other->batch)
    return one->batch < other->batch ? 1 : -1;
  return one->place < other->place ? -1 : 1;
}

static GThreadPool *
get_pool (void)
{
  static GThreadPool *pool;

  if (!pool)
    {
      /* One processor stays free for drawing; more than four readers only fight for the disk. */
      pool = g_thread_pool_new (work_run, NULL, CLAMP ((int) g_get_num_processors () - 1, 1, 4), FALSE, NULL);
      g_thread_pool_set_sort_function (pool, compare_latest_first, NULL);
    }
  return pool;
}

static void
push (Work *work)
{
  static gint64 last;
  static guint batch, place;
  gint64 now = g_get_monotonic_time ();

  if (now - last > TOGETHER)
    {
      batch++;
      place = 0;
    }
  last = now;
  work->batch = batch;
  work->place = place++;
  g_thread_pool_push (get_pool (), work, NULL);
}

/* The thumbnail that covers that many pixels; 0, the file itself, where none does. */
static int
round_side (int side)
{
  if (side <= 0 || side > 2 * THUMBNAIL_MAX)
    return 0;
  if (side > THUMBNAIL_MAX)
    return 2 * THUMBNAIL_MAX;
  return side > THUMBNAIL_MAX / 2 ? THUMBNAIL_MAX : THUMBNAIL_MAX / 2;
}

/* ---- public ---------------------------------------------------------------------------------------------- */

void
sfumato_texture_load_async (SfumatoGallery      *gallery,
                            SfumatoPicture      *picture,
                            int                  side,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  GdkTexture *kept = sfumato_texture_peek (picture, side);
  Work *work;

  g_task_set_static_name (task, "sfumato_texture_load");
  g_task_set_source_tag (task, sfumato_texture_load_async);
  if (kept)
    {
      g_task_return_pointer (task, kept, g_object_unref);
      return;
    }
  work = g_new0 (Work, 1);
  work->task = g_steal_pointer (&task);
  work->gallery = g_object_ref (gallery);
  work->picture = g_object_ref (picture);
  work->side = round_side (side);
  push (work);
}

GdkTexture *
sfumato_texture_load_finish (GAsyncResult  *result,
                             GError       **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, sfumato_texture_load_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

GdkTexture *
sfumato_texture_peek (SfumatoPicture *picture,
                      int             side)
{
  g_autofree char *key = store_key (picture, round_side (side));

  return store_find (key);
}

void
sfumato_texture_from_bytes_async (GBytes              *bytes,
                                  guint                max_side,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data)
{
  Work *work = g_new0 (Work, 1);

  work->task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_static_name (work->task, "sfumato_texture_from_bytes");
  g_task_set_source_tag (work->task, sfumato_texture_from_bytes_async);
  work->bytes = g_bytes_ref (bytes);
  work->side = max_side;
  push (work);
}

GdkTexture *
sfumato_texture_from_bytes_finish (GAsyncResult  *result,
                                   GError       **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, sfumato_texture_from_bytes_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
