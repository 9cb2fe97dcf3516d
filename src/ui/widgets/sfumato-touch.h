/* Whether an event is a finger's: what a mouse drags, a finger scrolls or swipes.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Of the event that the controller, such as a gesture, handles now. */
gboolean sfumato_is_touch (gpointer controller);

G_END_DECLS
