/* Pixels for the engine, and pictures from its pixels. The only place of this room that knows GdkPixbuf.
 *
 * Private to the local service. Blocking, any thread.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "domain/sfumato-request.h"

G_BEGIN_DECLS

/* The input as width × height × 3 bytes: scaled until it covers that, upright, the middle of it, on white where it is
 * transparent. (transfer full) */
GBytes *sfumato_local_read_picture  (const SfumatoInput  *input,
                                     guint                width,
                                     guint                height,
                                     GError             **error);
/* A PNG of width × height × 3 bytes, with the text that other programs read from it under "parameters".
 * (transfer full) */
GBytes *sfumato_local_write_picture (GBytes              *rgb,
                                     guint                width,
                                     guint                height,
                                     const char          *parameters,
                                     GError             **error);

G_END_DECLS
