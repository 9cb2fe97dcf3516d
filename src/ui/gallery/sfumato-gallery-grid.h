/* The gallery's grid: cells, selection, menu and dragging. What it shows, and what is done with it, is its page's
 * business.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

#include "gallery/sfumato-gallery.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_GALLERY_GRID (sfumato_gallery_grid_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoGalleryGrid, sfumato_gallery_grid, SFUMATO, GALLERY_GRID, AdwBin)

/* Properties: "selecting" (a click toggles, and cells show whether they are selected). */

/**
 * SfumatoGalleryGrid::open:
 * @position: of the picture the person wants to see, in the selection model
 */

void               sfumato_gallery_grid_show          (SfumatoGalleryGrid *self,
                                                       SfumatoGallery     *gallery,
                                                       GListModel         *pictures);
GtkSelectionModel *sfumato_gallery_grid_get_selection (SfumatoGalleryGrid *self);
/* The selected ones, as a model that follows. (transfer none) */
GListModel        *sfumato_gallery_grid_get_chosen    (SfumatoGalleryGrid *self);
/* Scrolls to the one selected picture and puts the keyboard there. */
void               sfumato_gallery_grid_follow        (SfumatoGalleryGrid *self);

G_END_DECLS
