/* The textures of one picture and of its neighbour on each side, so that going on is immediate: at most three at a
 * time, and neighbours only where they are not very large.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gtk/gtk.h>

#include "gallery/sfumato-gallery.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_PRELOADER (sfumato_preloader_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoPreloader, sfumato_preloader, SFUMATO, PRELOADER, GObject)

/**
 * SfumatoPreloader::loaded:
 * @picture: it is there now, or has failed
 */

SfumatoPreloader *sfumato_preloader_new    (void);
/* Begins with what is missing, the picture at position first, and drops what is no neighbour any more. */
void              sfumato_preloader_center (SfumatoPreloader *self,
                                            SfumatoGallery   *gallery,
                                            GListModel       *pictures,
                                            guint             position);
/* NULL while it is loading, and with *error set (borrowed) where it failed. (transfer none) */
GdkTexture       *sfumato_preloader_get    (SfumatoPreloader *self,
                                            SfumatoPicture   *picture,
                                            const GError    **error);

G_END_DECLS
