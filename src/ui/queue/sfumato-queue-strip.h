/* The queue in one line, at the bottom of the window while there is something to say of it. A press on it opens the
 * whole list; that is the bottom sheet's affair.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

#include "studio/sfumato-queue.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_QUEUE_STRIP (sfumato_queue_strip_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoQueueStrip, sfumato_queue_strip, SFUMATO, QUEUE_STRIP, AdwBin)

/* Property: "queue". */

G_END_DECLS
