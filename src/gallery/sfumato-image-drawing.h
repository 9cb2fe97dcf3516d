/* A drawing is a program: how long it takes is not to be seen from outside, and its decoder cannot be stopped.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A picture, as the decoder has it. (transfer full) */
typedef GObject *(*SfumatoDrawingDecode) (GBytes  *bytes,
                                          GError **error);

/* Decodes in a thread of its own, for which it waits at most so long. Then the thread is left to itself, and no other
 * drawing is begun until it has ended. */
GObject *sfumato_image_decode_drawing (GBytes                *bytes,
                                       SfumatoDrawingDecode   decode,
                                       guint                  seconds,
                                       GError               **error);

G_END_DECLS
