/* One picture, large: zoom, pan, next and previous, and beside it everything that is known of it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

#include "studio/sfumato-studio.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_IMAGE_PAGE (sfumato_image_page_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoImagePage, sfumato_image_page, SFUMATO, IMAGE_PAGE, AdwNavigationPage)

/**
 * sfumato_image_page_new:
 * @pictures: a model of SfumatoPicture; where it is a GtkSelectionModel too, its selection follows
 * @position: of the picture to begin with
 *
 * The page follows the model: when its picture is deleted it goes to the next one, and with the last one it takes
 * itself off the navigation view. Its tag is "image".
 */
SfumatoImagePage *sfumato_image_page_new (SfumatoStudio *studio,
                                          GListModel    *pictures,
                                          guint          position);

G_END_DECLS
