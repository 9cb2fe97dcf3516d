/* What arrived of pictures that broke off on their way, as a row: how many and how large, where they are, and a button
 * that moves them to the trash. There only where there are any.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

#include "studio/sfumato-studio.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_REMAINS_ROW (sfumato_remains_row_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoRemainsRow, sfumato_remains_row, SFUMATO, REMAINS_ROW, AdwActionRow)

/* Property: "studio". */

G_END_DECLS
