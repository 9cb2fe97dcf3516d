/* What the files of the gallery itself share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "gallery/sfumato-gallery.h"
#include "gallery/sfumato-index.h"
#include "gallery/sfumato-shelf.h"
#include "gallery/sfumato-thumbnails.h"

G_BEGIN_DECLS

typedef struct _SfumatoWatch SfumatoWatch;

struct _SfumatoGallery
{
  GObject        parent_instance;

  char              *folder;     /* owned */
  SfumatoIndex      *index;      /* owned */
  SfumatoShelf      *shelf;      /* owned */
  SfumatoThumbnails *thumbnails; /* owned */
  GMutex             changing;   /* held while files are written, moved or given back */
  GMutex             scanning;   /* held while the folder is looked through; not taken inside of changing */
  int                available;  /* atomic */
  int                refreshing; /* atomic: an idle callback is on its way */

  /* Main thread. */
  GPtrArray         *models;     /* owned; borrowed SfumatoGalleryModel, which take themselves out */
  SfumatoWatch      *watch;      /* owned, nullable */
};

/* The models, the pictures that are held, and "changed", on the main thread; from any thread. */
void     _sfumato_gallery_refresh      (SfumatoGallery  *self);
/* The picture of a row: the one somebody holds, or read from the index, or a placeholder; (transfer full). */
SfumatoPicture *_sfumato_gallery_read  (SfumatoGallery  *self,
                                        gint64           row);
/* These names only; from any thread. */
gboolean _sfumato_gallery_scan_names   (SfumatoGallery  *self,
                                        GPtrArray       *names,
                                        GError         **error);

SfumatoWatch *_sfumato_watch_new       (SfumatoGallery  *gallery);
void          _sfumato_watch_begin     (SfumatoWatch    *self);
void          _sfumato_watch_free      (SfumatoWatch    *self);

G_END_DECLS
