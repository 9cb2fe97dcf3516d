/* One job as a row of the queue. Waiting ones can be dragged, or moved with Alt+Up and Alt+Down.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

#include "studio/sfumato-studio.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_QUEUE_ROW (sfumato_queue_row_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoQueueRow, sfumato_queue_row, SFUMATO, QUEUE_ROW, AdwActionRow)

/* Properties: "job" (nullable). */

GtkWidget *sfumato_queue_row_new (SfumatoStudio *studio,
                                  SfumatoJob    *job);

G_END_DECLS
