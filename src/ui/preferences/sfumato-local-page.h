/* Preferences for pictures made on this computer: which models there are, what computes them, and for how long they stay in
 * memory.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

#include "studio/sfumato-studio.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_LOCAL_PAGE (sfumato_local_page_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoLocalPage, sfumato_local_page, SFUMATO, LOCAL_PAGE, AdwPreferencesPage)

/* Property: "studio". The focus goes to where a model is added. */

/* Adds the model of these files, or of this folder, as if the person had chosen them in the dialog; asks what only they
 * know, and says what is wrong. */
void sfumato_local_page_add (SfumatoLocalPage   *self,
                             const char * const *paths);

G_END_DECLS
