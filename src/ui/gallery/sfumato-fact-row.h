/* One fact of a picture as a row: its name, its value, and a copy of the value on activation. Without a value it is
 * not there.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define SFUMATO_TYPE_FACT_ROW (sfumato_fact_row_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoFactRow, sfumato_fact_row, SFUMATO, FACT_ROW, AdwActionRow)

/* Properties: "value" (nullable), beside AdwPreferencesRow's "title". */

G_END_DECLS
