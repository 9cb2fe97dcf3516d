/* Thumbnails in a folder of the cache, which may be deleted at any time and does not grow without end.
 *
 * Blocking; from any thread, and from several processes at once.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _SfumatoThumbnails SfumatoThumbnails;

/* max_bytes: when the folder grows beyond this, those not used for longest go. */
SfumatoThumbnails *sfumato_thumbnails_new  (const char         *folder,
                                            guint64             max_bytes);
void               sfumato_thumbnails_free (SfumatoThumbnails  *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfumatoThumbnails, sfumato_thumbnails_free)

/* The path (transfer full) of a thumbnail of the picture file: name says whose it is, and becomes part of the
 * thumbnail's, together with the file's time and size. */
char              *sfumato_thumbnails_get  (SfumatoThumbnails  *self,
                                            const char         *name,
                                            const char         *picture_path,
                                            guint               size,
                                            GCancellable       *cancellable,
                                            GError            **error);

G_END_DECLS
