/* A picture of a list, large, or why it cannot be seen: filtered, missing, broken, or still being opened. It can be zoomed,
 * dragged away and swiped, and has the menu of its actions; swiping activates the actions "image.next" and
 * "image.previous" of what is around it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

#include "gallery/sfumato-gallery.h"
#include "ui/gallery/sfumato-picture-view.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_IMAGE_STAGE (sfumato_image_stage_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoImageStage, sfumato_image_stage, SFUMATO, IMAGE_STAGE, AdwBin)

/* Properties, read-only: "view", "shows-picture" (notifies). */

/* pictures: of SfumatoPicture; the neighbours of the one at position are got ready too. */
void                sfumato_image_stage_show          (SfumatoImageStage *self,
                                                       SfumatoGallery    *gallery,
                                                       GListModel        *pictures,
                                                       guint              position);
/* After something of the picture has changed. */
void                sfumato_image_stage_update        (SfumatoImageStage *self);
/* Shows the picture that was filtered, until another one is shown. */
void                sfumato_image_stage_reveal        (SfumatoImageStage *self);
SfumatoPictureView *sfumato_image_stage_get_view      (SfumatoImageStage *self);
/* Whether the picture itself is to be seen. */
gboolean            sfumato_image_stage_shows_picture (SfumatoImageStage *self);

G_END_DECLS
