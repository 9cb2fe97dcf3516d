/* A cell of the gallery's grid: the picture, and in selection mode a mark that says whether it is selected.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

#include "gallery/sfumato-gallery.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_GALLERY_CELL (sfumato_gallery_cell_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoGalleryCell, sfumato_gallery_cell, SFUMATO, GALLERY_CELL, AdwBin)

/* Properties: "list-item" (set once: the item it is the child of, which owns it), "gallery", "selecting". */

SfumatoGalleryCell *sfumato_gallery_cell_new          (GtkListItem        *list_item);
/* Shows list-item's picture, and names the item after it. */
void                sfumato_gallery_cell_bind         (SfumatoGalleryCell *self,
                                                       SfumatoGallery     *gallery);
void                sfumato_gallery_cell_unbind       (SfumatoGalleryCell *self);
guint               sfumato_gallery_cell_get_position (SfumatoGalleryCell *self);

G_END_DECLS
