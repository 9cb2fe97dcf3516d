/* The queue as a list that slides up: what runs, what waits and in which order, what is over until it is cleared,
 * and what needs a decision of the person.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

#include "studio/sfumato-studio.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_QUEUE_SHEET (sfumato_queue_sheet_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoQueueSheet, sfumato_queue_sheet, SFUMATO, QUEUE_SHEET, AdwBin)

/* Property: "studio". */

G_END_DECLS
