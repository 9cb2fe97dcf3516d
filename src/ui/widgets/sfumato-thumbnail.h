/* One picture of the gallery at any size: in a grid cell, a queue row, a result tile. Asks for exactly as many pixels
 * as it covers on its screen, drops a request as soon as it is given another picture, and is called by the picture's
 * alt text.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gtk/gtk.h>

#include "gallery/sfumato-gallery.h"

G_BEGIN_DECLS

/**
 * SfumatoThumbnailStatus:
 * @SFUMATO_THUMBNAIL_EMPTY: no picture is set
 * @SFUMATO_THUMBNAIL_LOADING: it is being read
 * @SFUMATO_THUMBNAIL_READY: it is shown
 * @SFUMATO_THUMBNAIL_HIDDEN: the service filtered it; the image view asks before it shows it
 * @SFUMATO_THUMBNAIL_MISSING: its file is not there
 * @SFUMATO_THUMBNAIL_BROKEN: its file cannot be read
 */
typedef enum
{
  SFUMATO_THUMBNAIL_EMPTY,
  SFUMATO_THUMBNAIL_LOADING,
  SFUMATO_THUMBNAIL_READY,
  SFUMATO_THUMBNAIL_HIDDEN,
  SFUMATO_THUMBNAIL_MISSING,
  SFUMATO_THUMBNAIL_BROKEN,
} SfumatoThumbnailStatus;

#define SFUMATO_TYPE_THUMBNAIL_STATUS (sfumato_thumbnail_status_get_type ())
GType sfumato_thumbnail_status_get_type (void);

#define SFUMATO_TYPE_THUMBNAIL (sfumato_thumbnail_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoThumbnail, sfumato_thumbnail, SFUMATO, THUMBNAIL, GtkWidget)

/* Properties: "gallery", "picture", "status" (read-only), "content-fit" (a GtkContentFit, cover by default),
 * "show-favorite" (the badge, TRUE by default) and "square" (as high as it is wide, FALSE by default). It takes the
 * space it is given: set width-request, height-request or expand. */

GtkWidget              *sfumato_thumbnail_new        (void);
void                    sfumato_thumbnail_set_gallery (SfumatoThumbnail *self,
                                                       SfumatoGallery   *gallery);
void                    sfumato_thumbnail_set_picture (SfumatoThumbnail *self,
                                                       SfumatoPicture   *picture);
SfumatoThumbnailStatus  sfumato_thumbnail_get_status  (SfumatoThumbnail *self);

G_END_DECLS
