/* A picture that can be zoomed and panned: by wheel, pinch, double click and drag. Knows pixels only.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define SFUMATO_TYPE_PICTURE_VIEW (sfumato_picture_view_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoPictureView, sfumato_picture_view, SFUMATO, PICTURE_VIEW, GtkWidget)

/**
 * SfumatoPictureView::swiped:
 * @direction: 1 where a finger moved towards the start of the line, pulling the next picture in; -1 the other way
 *
 * Only while there is nothing to pan.
 */

/* Properties, read-only: "zoom" (pixels of the screen for a pixel of the picture, also while it is fitted),
 * "fitted". */

/* texture: nullable, may be a smaller stand-in; width and height: the picture's own size in pixels. Keeps the zoom. */
void     sfumato_picture_view_set_texture (SfumatoPictureView *self,
                                           GdkTexture         *texture,
                                           int                 width,
                                           int                 height);
double   sfumato_picture_view_get_zoom    (SfumatoPictureView *self);
gboolean sfumato_picture_view_is_fitted   (SfumatoPictureView *self);
/* Around the middle of the view. */
void     sfumato_picture_view_zoom_to     (SfumatoPictureView *self,
                                           double              zoom);
void     sfumato_picture_view_zoom_in     (SfumatoPictureView *self);
void     sfumato_picture_view_zoom_out    (SfumatoPictureView *self);
void     sfumato_picture_view_fit         (SfumatoPictureView *self);
/* By parts of the view, -1 to 1; FALSE where there is nothing beyond the edge. */
gboolean sfumato_picture_view_pan         (SfumatoPictureView *self,
                                           double              across,
                                           double              down);

G_END_DECLS
