/* Pixels: the only file behind this header uses a picture decoder. Nothing reaches the decoder that was not checked
 * for type, size and wholeness before, and of a PNG or JPEG only the parts that make the picture: texts, profiles and
 * previews, on which decoders have spent minutes, are left out.
 *
 * Blocking; from any thread.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The picture as a PNG of at most max_side pixels a side, never enlarged. (transfer full) */
GBytes *sfumato_image_make_thumbnail (GBytes        *bytes,
                                      guint          max_side,
                                      GCancellable  *cancellable,
                                      GError       **error);
/* sfumato_gallery_convert_input(), that waits so long for a drawing. */
GBytes *sfumato_image_convert        (GBytes        *bytes,
                                      guint          seconds,
                                      GError       **error);

G_END_DECLS
