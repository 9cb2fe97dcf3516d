/* The pictures a search finds, newest first, as a list model: it holds their row numbers and reads a picture when it is
 * asked for. When the gallery changes it says exactly what came and went, so that a grid keeps its
 * selection and its place. Main thread only.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "gallery/sfumato-index.h"
#include "gallery/sfumato-shelf.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_GALLERY_MODEL (sfumato_gallery_model_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoGalleryModel, sfumato_gallery_model, SFUMATO, GALLERY_MODEL, GObject)

/* Reads one picture; (transfer full), never NULL. */
typedef SfumatoPicture *(*SfumatoReadPicture)         (gint64                row,
                                                       gpointer              owner);

/* owner (kept alive) is whom read and index belong to; takes the search. */
SfumatoGalleryModel     *sfumato_gallery_model_new    (GObject              *owner,
                                                       SfumatoIndex         *index,
                                                       SfumatoReadPicture    read,
                                                       SfumatoSearch        *search);
/* Asks the index again. */
void                     sfumato_gallery_model_update (SfumatoGalleryModel  *self);

G_END_DECLS
