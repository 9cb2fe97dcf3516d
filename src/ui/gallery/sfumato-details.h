/* Everything that is known of one picture, as rows that can be copied.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

#include "studio/sfumato-studio.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_DETAILS (sfumato_details_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoDetails, sfumato_details, SFUMATO, DETAILS, AdwBin)

/* Properties: "studio", "picture". */

G_END_DECLS
