/* The person's pictures: folder and index together.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-gallery-private.h"

#include "gallery/sfumato-gallery-model.h"
#include "gallery/sfumato-host-path.h"
#include "gallery/sfumato-scan.h"
#include "gallery/sfumato-store.h"
#include "gallery/sfumato-trash.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include "domain/sfumato-error.h"

/* Changes inside of files that left no trace in the folder are looked for once a day. */
#define FULL_SCAN_EVERY G_TIME_SPAN_DAY

/* In the cache; one has about 100 kB. */
#define THUMBNAILS_MAX (512 * 1024 * 1024)

enum
{
  CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (SfumatoGallery, sfumato_gallery, G_TYPE_OBJECT)

static void
sfumato_gallery_finalize (GObject *object)
{
  SfumatoGallery *self = SFUMATO_GALLERY (object);

  g_clear_pointer (&self->watch, _sfumato_watch_free);
  g_clear_pointer (&self->models, g_ptr_array_unref);
  g_clear_pointer (&self->shelf, sfumato_shelf_free);
  g_clear_pointer (&self->index, sfumato_index_close);
  g_mutex_clear (&self->changing);
  g_mutex_clear (&self->scanning);
  g_clear_pointer (&self->thumbnails, sfumato_thumbnails_free);
  g_free (self->folder);

  G_OBJECT_CLASS (sfumato_gallery_parent_class)->finalize (object);
}

static void
sfumato_gallery_class_init (SfumatoGalleryClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sfumato_gallery_finalize;

  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
}

static void
sfumato_gallery_init (SfumatoGallery *self)
{
  self->models = g_ptr_array_new ();
  self->shelf = sfumato_shelf_new ();
  g_mutex_init (&self->changing);
  g_mutex_init (&self->scanning);
}

/* ---- what others see ---- */

static void
refresh_picture (gint64          row,
                 SfumatoPicture *picture,
                 gpointer        data)
{
  SfumatoGallery *self = data;

  sfumato_picture_set_favorite (picture, sfumato_index_is_favorite (self->index, row));
  sfumato_picture_set_missing (picture, !g_atomic_int_get (&self->available));
}

static gboolean
refresh_cb (gpointer data)
{
  SfumatoGallery *self = data;

  g_atomic_int_set (&self->refreshing, FALSE);
  sfumato_shelf_visit (self->shelf, refresh_picture, self);
  /* A model may go while another one tells of its changes. */
  for (guint i = self->models->len; i > 0; i--)
    if (i <= self->models->len)
      sfumato_gallery_model_update (g_ptr_array_index (self->models, i - 1));
  g_signal_emit (self, signals[CHANGED], 0);
  return G_SOURCE_REMOVE;
}

void
_sfumato_gallery_refresh (SfumatoGallery *self)
{
  if (g_atomic_int_compare_and_exchange (&self->refreshing, FALSE, TRUE))
    g_idle_add_full (G_PRIORITY_DEFAULT, refresh_cb, g_object_ref (self), g_object_unref);
}

static void
set_available (SfumatoGallery *self,
               gboolean        available)
{
  if (g_atomic_int_exchange (&self->available, available) != available)
    _sfumato_gallery_refresh (self);
}

/* A row that another process has just deleted still is in a list until that hears of it. */
static SfumatoPicture *
make_placeholder (gint64 row)
{
  g_autofree char *id = g_uuid_string_random ();
  g_autoptr (GDateTime) created = g_date_time_new_from_unix_utc (row / G_USEC_PER_SEC);

  if (created == NULL)
    created = g_date_time_new_from_unix_utc (0);
  return sfumato_picture_new (&(SfumatoPictureFields) {
    .id = id, .file_name = "", .seed_used = -1, .created = created, .missing = TRUE });
}

SfumatoPicture *
_sfumato_gallery_read (SfumatoGallery *self,
                       gint64          row)
{
  SfumatoPicture *picture = sfumato_shelf_get (self->shelf, row);

  if (picture != NULL)
    return picture;
  picture = sfumato_index_read (self->index, row);
  if (picture == NULL)
    return make_placeholder (row);
  sfumato_picture_set_missing (picture, !g_atomic_int_get (&self->available));
  return sfumato_shelf_put (self->shelf, row, picture);
}

static SfumatoPicture *
read_picture_cb (gint64   row,
                 gpointer owner)
{
  return _sfumato_gallery_read (owner, row);
}

/* ---- opening and scanning ---- */

/* A folder that is not there is made only where no pictures are known in it: otherwise it is on a drive that is not
 * connected, and an empty folder in its place would swallow what is made next. */
static void
make_folder (SfumatoGallery *self)
{
  if (!g_file_test (self->folder, G_FILE_TEST_IS_DIR) && sfumato_index_count (self->index) == 0)
    g_mkdir_with_parents (self->folder, 0755);
}

SfumatoGallery *
sfumato_gallery_open (const char  *folder,
                      const char  *index,
                      const char  *cache,
                      GError     **error)
{
  g_autoptr (SfumatoGallery) self = NULL;
  g_autoptr (GError) problem = NULL;

  g_return_val_if_fail (folder != NULL && index != NULL && cache != NULL, NULL);

  self = g_object_new (SFUMATO_TYPE_GALLERY, NULL);
  self->folder = g_canonicalize_filename (folder, NULL);
  self->thumbnails = sfumato_thumbnails_new (cache, THUMBNAILS_MAX);
  self->available = TRUE;
  self->index = sfumato_index_open (index, self->folder, error);
  if (self->index == NULL)
    return NULL;
  make_folder (self);
  sfumato_trash_expire (self->index, self->folder);
  /* What cannot be scanned now is shown as it was: see sfumato_gallery_is_available(). */
  if (!sfumato_gallery_scan (self, NULL, &problem))
    g_message ("The pictures folder could not be read: %s", problem->message);
  return g_steal_pointer (&self);
}

const char *
sfumato_gallery_get_folder (SfumatoGallery *self)
{
  g_return_val_if_fail (SFUMATO_IS_GALLERY (self), NULL);

  return self->folder;
}

char *
sfumato_gallery_dup_shown_folder (SfumatoGallery *self)
{
  g_return_val_if_fail (SFUMATO_IS_GALLERY (self), NULL);

  return sfumato_host_path (self->folder);
}

gboolean
sfumato_gallery_is_available (SfumatoGallery *self)
{
  g_return_val_if_fail (SFUMATO_IS_GALLERY (self), FALSE);

  return g_atomic_int_get (&self->available);
}

char *
sfumato_gallery_dup_path (SfumatoGallery *self,
                          SfumatoPicture *picture)
{
  g_return_val_if_fail (SFUMATO_IS_GALLERY (self) && SFUMATO_IS_PICTURE (picture), NULL);

  return g_build_filename (self->folder, sfumato_picture_get_fields (picture)->file_name, NULL);
}

/* Whether nothing was added to the folder or taken from it since it was looked through as a whole. After a change of our
 * own it is looked through again as well: somebody with an index of their own may have changed it in the same moment. */
static gboolean
is_settled (SfumatoGallery *self,
            gint64          stamp)
{
  gint64 age = g_get_real_time () - sfumato_index_get_fact (self->index, "scanned");

  return stamp != SFUMATO_SCAN_UNSETTLED && sfumato_index_get_fact (self->index, "folder") == stamp && age >= 0 &&
         age < FULL_SCAN_EVERY;
}

/* stamp: of the folder before it was looked through. Whatever came after that is found the next time. */
static void
note_scan (SfumatoGallery *self,
           gint64          stamp)
{
  if (!sfumato_index_begin (self->index, NULL))
    return;
  if (sfumato_index_set_fact (self->index, "folder", stamp, NULL) &&
      sfumato_index_set_fact (self->index, "scanned", g_get_real_time (), NULL))
    sfumato_index_commit (self->index, NULL);
  else
    sfumato_index_rollback (self->index);
}

static gboolean
scan_if_needed (SfumatoGallery  *self,
                int              fd,
                GCancellable    *cancellable,
                GError         **error)
{
  gint64 stamp = sfumato_scan_folder_stamp (fd);
  gboolean changed = FALSE;
  gboolean good;

  if (is_settled (self, stamp))
    {
      if (sfumato_index_was_changed (self->index))
        _sfumato_gallery_refresh (self);
      return TRUE;
    }
  good = sfumato_scan_folder (self->index, self->folder, cancellable, &changed, error);
  if (good)
    note_scan (self, stamp);
  if (changed || sfumato_index_was_changed (self->index))
    _sfumato_gallery_refresh (self);
  return good;
}

gboolean
sfumato_gallery_scan (SfumatoGallery  *self,
                      GCancellable    *cancellable,
                      GError         **error)
{
  g_autoptr (GMutexLocker) locker = NULL;
  gboolean good;
  int fd;

  g_return_val_if_fail (SFUMATO_IS_GALLERY (self), FALSE);

  locker = g_mutex_locker_new (&self->scanning);
  fd = sfumato_store_open (self->folder, error);
  set_available (self, fd >= 0);
  if (fd < 0)
    return FALSE;
  good = scan_if_needed (self, fd, cancellable, error);
  g_close (fd, NULL);
  return good;
}

static void
make_folder_in_thread (GTask        *task,
                       gpointer      source,
                       gpointer      task_data,
                       GCancellable *cancellable)
{
  SfumatoGallery *self = source;
  GError *error = NULL;

  if (g_mkdir_with_parents (self->folder, 0755) != 0)
    {
      const char *why = g_strerror (errno);
      g_autofree char *shown = sfumato_host_path (self->folder);

      error = sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Folder Not Created"), _("“%s” could not be created: %s."), shown,
                                 why);
    }
  else
    sfumato_gallery_scan (self, cancellable, &error);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

void
sfumato_gallery_make_folder_async (SfumatoGallery      *self,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (SFUMATO_IS_GALLERY (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_run_in_thread (task, make_folder_in_thread);
}

gboolean
sfumato_gallery_make_folder_finish (SfumatoGallery  *self,
                                    GAsyncResult    *result,
                                    GError         **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
_sfumato_gallery_scan_names (SfumatoGallery  *self,
                             GPtrArray       *names,
                             GError         **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->scanning);
  gboolean changed = FALSE;
  gboolean good = sfumato_scan_names (self->index, self->folder, names, &changed, error);

  if (changed || sfumato_index_was_changed (self->index))
    _sfumato_gallery_refresh (self);
  return good;
}

void
sfumato_gallery_watch (SfumatoGallery *self)
{
  g_return_if_fail (SFUMATO_IS_GALLERY (self));

  if (self->watch != NULL)
    return;
  self->watch = _sfumato_watch_new (self);
  _sfumato_watch_begin (self->watch);
}

/* ---- finding ---- */

static void
model_gone_cb (gpointer  data,
               GObject  *model)
{
  SfumatoGallery *self = data;

  g_ptr_array_remove (self->models, model);
}

GListModel *
sfumato_gallery_search (SfumatoGallery *self,
                        const char     *text,
                        gboolean        favorites)
{
  SfumatoGalleryModel *model;

  g_return_val_if_fail (SFUMATO_IS_GALLERY (self), NULL);

  model = sfumato_gallery_model_new (G_OBJECT (self), self->index, read_picture_cb,
                                     sfumato_search_new (text, favorites));
  g_ptr_array_add (self->models, model);
  g_object_weak_ref (G_OBJECT (model), model_gone_cb, self);
  return G_LIST_MODEL (model);
}

SfumatoPicture *
sfumato_gallery_find (SfumatoGallery *self,
                      const char     *id_or_name)
{
  gint64 row;

  g_return_val_if_fail (SFUMATO_IS_GALLERY (self) && id_or_name != NULL, NULL);

  row = sfumato_index_find (self->index, id_or_name);
  return row != 0 ? _sfumato_gallery_read (self, row) : NULL;
}

char *
sfumato_gallery_thumbnail (SfumatoGallery  *self,
                           SfumatoPicture  *picture,
                           int              size,
                           GCancellable    *cancellable,
                           GError         **error)
{
  g_autofree char *path = NULL;

  g_return_val_if_fail (SFUMATO_IS_GALLERY (self) && SFUMATO_IS_PICTURE (picture), NULL);
  g_return_val_if_fail (size > 0, NULL);

  path = sfumato_gallery_dup_path (self, picture);
  return sfumato_thumbnails_get (self->thumbnails, sfumato_picture_get_fields (picture)->id, path, size, cancellable,
                                 error);
}
