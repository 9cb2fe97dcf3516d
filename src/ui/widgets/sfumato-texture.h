/* Pictures as GdkTexture, made off the main thread: what every widget that shows one asks.
 *
 * Decoding is left to the gallery, which checks type, size and pixel count first. Small ones come from its
 * thumbnails and stay in a bounded least-recently-used store, shared by all widgets; large ones are never kept here.
 * Main thread only, but for the work itself.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gtk/gtk.h>

#include "gallery/sfumato-gallery.h"

G_BEGIN_DECLS

/**
 * sfumato_texture_load_async:
 * @side: pixels of the longer side that are needed; 0 for the picture's own size
 * @callback: called on the main thread, always, also when cancelled
 *
 * Up to 512 pixels the gallery's thumbnails serve, above that the file is decoded. Requests run latest first, so
 * that what is on the screen now comes before what has just been scrolled over.
 */
void        sfumato_texture_load_async  (SfumatoGallery       *gallery,
                                         SfumatoPicture       *picture,
                                         int                   side,
                                         GCancellable         *cancellable,
                                         GAsyncReadyCallback   callback,
                                         gpointer              user_data);
GdkTexture *sfumato_texture_load_finish (GAsyncResult         *result,
                                         GError              **error);
/* The kept texture of at least that size, at once, or NULL. (transfer full) */
GdkTexture *sfumato_texture_peek        (SfumatoPicture       *picture,
                                         int                   side);

/* Bytes of a picture (an input, a result that could not be saved) as a texture of at most max_side pixels a side. */
void        sfumato_texture_from_bytes_async  (GBytes               *bytes,
                                               guint                 max_side,
                                               GCancellable         *cancellable,
                                               GAsyncReadyCallback   callback,
                                               gpointer              user_data);
GdkTexture *sfumato_texture_from_bytes_finish (GAsyncResult         *result,
                                               GError              **error);

G_END_DECLS
