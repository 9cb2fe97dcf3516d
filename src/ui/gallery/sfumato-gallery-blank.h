/* What the gallery shows where there is no picture to show: why, and what can be done about it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

#include "gallery/sfumato-gallery.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_GALLERY_BLANK (sfumato_gallery_blank_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoGalleryBlank, sfumato_gallery_blank, SFUMATO, GALLERY_BLANK, AdwBin)

/* text: what was searched for, "" for nothing. The action "gallery.show-all" is the surrounding page's. */
void sfumato_gallery_blank_explain (SfumatoGalleryBlank *self,
                                    SfumatoGallery      *gallery,
                                    const char          *text,
                                    gboolean             favorites_only);

G_END_DECLS
