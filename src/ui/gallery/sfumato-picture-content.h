/* Pictures for the clipboard and for dragging: the files as they are, and the pixels of a single one. Never text, so
 * that pasting into a text field does not paste a path by surprise.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gtk/gtk.h>

#include "gallery/sfumato-gallery.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_PICTURE_CONTENT (sfumato_picture_content_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoPictureContent, sfumato_picture_content, SFUMATO, PICTURE_CONTENT, GdkContentProvider)

/* pictures: a GListModel of SfumatoPicture, read at once; those whose file is missing are left out. */
GdkContentProvider *sfumato_picture_content_new (SfumatoGallery *gallery,
                                                 GListModel     *pictures);

G_END_DECLS
