/* The person's pictures: deleting, and taking it back.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-gallery-private.h"

#include "gallery/sfumato-scan.h"
#include "gallery/sfumato-store.h"
#include "gallery/sfumato-trash.h"

#include <glib/gstdio.h>

/* The pictures' entries in the index, and the names of those whose file is there. */
static GPtrArray *
find_entries (SfumatoGallery *self,
              int             fd,
              GPtrArray      *pictures,
              GPtrArray      *names)
{
  GPtrArray *entries = g_ptr_array_new_with_free_func ((GDestroyNotify) sfumato_index_entry_free);

  for (guint i = 0; i < pictures->len; i++)
    {
      const SfumatoPictureFields *fields = sfumato_picture_get_fields (g_ptr_array_index (pictures, i));
      SfumatoIndexEntry *entry = sfumato_index_get_by_id (self->index, fields->id);
      SfumatoStamp stamp;

      if (entry == NULL)
        continue;
      g_ptr_array_add (entries, entry);
      if (entry->state == SFUMATO_INDEX_HERE && sfumato_scan_stamp (fd, entry->file_name, &stamp))
        g_ptr_array_add (names, entry->file_name);
    }
  return entries;
}

static gboolean
hide_all (SfumatoGallery  *self,
          GPtrArray       *entries,
          const char      *undo,
          GError         **error)
{
  for (guint i = 0; i < entries->len; i++)
    {
      SfumatoIndexEntry *entry = g_ptr_array_index (entries, i);

      if (!sfumato_index_hide (self->index, entry->row, SFUMATO_INDEX_TRASHED, undo, error))
        return FALSE;
    }
  return TRUE;
}

/* The files are in the trash already: an index that cannot be written is put right by the next scan. */
static void
note_trashed (SfumatoGallery *self,
              GPtrArray      *entries,
              const char     *undo)
{
  g_autoptr (GError) error = NULL;

  if (sfumato_index_begin (self->index, &error))
    {
      if (!hide_all (self, entries, undo, &error))
        sfumato_index_rollback (self->index);
      else if (sfumato_index_commit (self->index, &error))
        return;
    }
  g_message ("Pictures were deleted but are still in the index: %s", error->message);
}

gboolean
sfumato_gallery_trash (SfumatoGallery  *self,
                       GPtrArray       *pictures,
                       char           **undo,
                       GError         **error)
{
  g_autoptr (GMutexLocker) locker = NULL;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autoptr (GPtrArray) entries = NULL;
  g_autofree char *token = NULL;
  int fd;

  g_return_val_if_fail (SFUMATO_IS_GALLERY (self) && pictures != NULL && undo != NULL, FALSE);

  locker = g_mutex_locker_new (&self->changing);
  fd = sfumato_store_open (self->folder, error);
  if (fd < 0)
    return FALSE;
  entries = find_entries (self, fd, pictures, names);
  token = sfumato_trash_move (self->folder, names, error);
  if (token != NULL)
    note_trashed (self, entries, token);
  g_close (fd, NULL);
  _sfumato_gallery_refresh (self);
  *undo = g_steal_pointer (&token);
  return *undo != NULL;
}

gboolean
sfumato_gallery_restore (SfumatoGallery  *self,
                         const char      *undo,
                         GError         **error)
{
  g_autoptr (GPtrArray) names = NULL;
  int fd;

  g_return_val_if_fail (SFUMATO_IS_GALLERY (self) && undo != NULL, FALSE);

  fd = sfumato_store_open (self->folder, error);
  if (fd < 0)
    return FALSE;
  g_close (fd, NULL);
  g_mutex_lock (&self->changing);
  names = sfumato_trash_restore (self->folder, undo, error);
  g_mutex_unlock (&self->changing);
  return names != NULL && _sfumato_gallery_scan_names (self, names, error);
}

void
sfumato_gallery_forget_trash (SfumatoGallery *self,
                              const char     *undo)
{
  g_autoptr (GMutexLocker) locker = NULL;

  g_return_if_fail (SFUMATO_IS_GALLERY (self) && undo != NULL);

  locker = g_mutex_locker_new (&self->changing);
  sfumato_trash_forget (self->index, self->folder, undo);
}
