/* Thumbnails in a folder of the cache.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-thumbnails.h"

#include "domain/sfumato-error.h"
#include "domain/sfumato-image-header.h"
#include "gallery/sfumato-image.h"
#include "gallery/sfumato-store.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of those that are used, the times are renewed once a day: writing them each time would wear out the disk. */
#define RENEW_AFTER (24 * 60 * 60)

struct _SfumatoThumbnails
{
  char    *folder;    /* owned */
  guint64  max_bytes;
  GMutex   lock;
  guint64  used;      /* bytes in the folder, as far as known */
  gboolean counted;
};

SfumatoThumbnails *
sfumato_thumbnails_new (const char *folder,
                        guint64     max_bytes)
{
  SfumatoThumbnails *self = g_new0 (SfumatoThumbnails, 1);

  self->folder = g_strdup (folder);
  self->max_bytes = max_bytes;
  g_mutex_init (&self->lock);
  return self;
}

void
sfumato_thumbnails_free (SfumatoThumbnails *self)
{
  g_mutex_clear (&self->lock);
  g_free (self->folder);
  g_free (self);
}

/* ---- how much there is ---- */

typedef struct
{
  char    *path; /* owned */
  gint64   time;
  guint64  size;
} Cached;

static void
cached_clear (gpointer data)
{
  g_free (((Cached *) data)->path);
}

static int
compare_time (gconstpointer a,
              gconstpointer b)
{
  const Cached *first = a;
  const Cached *second = b;

  return (first->time > second->time) - (first->time < second->time);
}

static GArray *
list (SfumatoThumbnails *self)
{
  GArray *all = g_array_new (FALSE, FALSE, sizeof (Cached));
  g_autoptr (GDir) dir = g_dir_open (self->folder, 0, NULL);
  const char *name;

  g_array_set_clear_func (all, cached_clear);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      Cached cached = { .path = g_build_filename (self->folder, name, NULL) };
      struct stat info;

      if (lstat (cached.path, &info) == 0 && S_ISREG (info.st_mode))
        {
          cached.time = info.st_mtime;
          cached.size = info.st_size;
          g_array_append_val (all, cached);
        }
      else
        g_free (cached.path);
    }
  return all;
}

/* Down to three quarters, so that it does not have to be done again soon. */
static void
make_room (SfumatoThumbnails *self)
{
  g_autoptr (GArray) all = list (self);

  self->used = 0;
  for (guint i = 0; i < all->len; i++)
    self->used += g_array_index (all, Cached, i).size;
  self->counted = TRUE;
  if (self->used <= self->max_bytes)
    return;
  g_array_sort (all, compare_time);
  for (guint i = 0; i < all->len && self->used > self->max_bytes / 4 * 3; i++)
    {
      g_unlink (g_array_index (all, Cached, i).path);
      self->used -= g_array_index (all, Cached, i).size;
    }
}

static void
count (SfumatoThumbnails *self,
       gsize              size)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->used += size;
  if (!self->counted || self->used > self->max_bytes)
    make_room (self);
}

/* ---- one of them ---- */

/* Written without fsync, so that after a power cut it may be there but empty: it is looked at whether it has its
 * end. */
static gboolean
is_whole (const char *path)
{
  static const guint8 end[] = { 'I', 'E', 'N', 'D', 0xae, 0x42, 0x60, 0x82 };
  guint8 tail[sizeof end];
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  struct stat info;
  gboolean whole;

  if (fd < 0)
    return FALSE;
  whole = fstat (fd, &info) == 0 && info.st_size > (goffset) sizeof end &&
          pread (fd, tail, sizeof tail, info.st_size - sizeof tail) == sizeof tail &&
          memcmp (tail, end, sizeof end) == 0;
  if (whole && g_get_real_time () / G_USEC_PER_SEC - info.st_mtime > RENEW_AFTER)
    futimens (fd, NULL);
  close (fd);
  return whole;
}

static GBytes *
read_picture (const char  *path,
              GError     **error)
{
  g_autofree char *name = g_filename_display_basename (path);
  gsize length = 0;
  char *data = sfumato_store_read (AT_FDCWD, path, SFUMATO_IMAGE_BYTES_MAX, &length);

  if (data != NULL)
    return g_bytes_new_take (data, length);
  g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Picture Not Readable"),
                                               _("The picture “%s” could not be read."), name));
  return NULL;
}

/* A cache that cannot be written is told like any other folder. */
static gboolean
write_thumbnail (SfumatoThumbnails  *self,
                 const char         *path,
                 GBytes             *png,
                 GError            **error)
{
  g_autoptr (GError) cause = NULL;

  g_mkdir_with_parents (self->folder, 0700);
  if (!g_file_set_contents (path, g_bytes_get_data (png, NULL), g_bytes_get_size (png), &cause))
    {
      g_propagate_error (error, sfumato_store_error (self->folder, cause->code == G_FILE_ERROR_NOSPC ? ENOSPC : EACCES));
      return FALSE;
    }
  count (self, g_bytes_get_size (png));
  return TRUE;
}

char *
sfumato_thumbnails_get (SfumatoThumbnails  *self,
                        const char         *name,
                        const char         *picture_path,
                        guint               size,
                        GCancellable       *cancellable,
                        GError            **error)
{
  g_autofree char *file_name = NULL;
  g_autofree char *path = NULL;
  g_autoptr (GBytes) picture = NULL;
  g_autoptr (GBytes) png = NULL;
  struct stat info;

  if (stat (picture_path, &info) != 0)
    {
      g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Picture Not There"),
                                                   _("This picture is not in the folder any more.")));
      return NULL;
    }
  file_name = g_strdup_printf ("%s-%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x-%u.png", name,
                               (gint64) info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec,
                               (gint64) info.st_size, size);
  path = g_build_filename (self->folder, file_name, NULL);
  if (is_whole (path))
    return g_steal_pointer (&path);
  picture = read_picture (picture_path, error);
  png = picture != NULL ? sfumato_image_make_thumbnail (picture, size, cancellable, error) : NULL;
  return png != NULL && write_thumbnail (self, path, png, error) ? g_steal_pointer (&path) : NULL;
}
