/* The outline of an aspect ratio, drawn in the text's colour: in the drop-down of shapes at the size of an icon, in
 * the result area as the place the picture will take.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define SFUMATO_TYPE_SHAPE (sfumato_shape_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoShape, sfumato_shape, SFUMATO, SHAPE, GtkWidget)

/* Properties: "ratio" ("16:9"; nothing is drawn for what is none), "pixel-size" (0: all there is). */

G_END_DECLS
