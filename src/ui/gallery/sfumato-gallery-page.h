/* The gallery: a grid over everything that was made, with search, favourites and selection. Reads through
 * sfumato_gallery_search() only, so that a hundred thousand pictures cost no more than a screenful.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

#include "studio/sfumato-studio.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_GALLERY_PAGE (sfumato_gallery_page_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoGalleryPage, sfumato_gallery_page, SFUMATO, GALLERY_PAGE, AdwBin)

/* Properties: "studio" (set once, also from a template's owner). Opens pictures with sfumato_window_open_picture(),
 * giving its selection model, so that the grid's selection follows the image view and back. Its empty state has a
 * button for the action "win.create". */

/* For Ctrl+F: puts the keyboard into the search entry. */
void sfumato_gallery_page_start_search (SfumatoGalleryPage *self);

G_END_DECLS
