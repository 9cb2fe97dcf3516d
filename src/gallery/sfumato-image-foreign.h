/* Pictures of types that no service takes but people have: which type, and how large, without decoding.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SfumatoForeign:
 * @decoder: what gdk-pixbuf calls the type: "gif", "bmp", "tiff", "svg"
 * @width: in pixels; 0 for a drawing, which has any size
 * @height: in pixels
 */
typedef struct
{
  const char *decoder;
  guint       width;
  guint       height;
} SfumatoForeign;

gboolean sfumato_image_foreign_read (const guint8   *data,
                                     gsize           size,
                                     SfumatoForeign *foreign);

G_END_DECLS
