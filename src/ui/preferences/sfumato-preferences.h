/* Preferences: services and their keys, models on this computer, the pictures' folder and format, what was spent. Applies at
 * once.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

#include "studio/sfumato-studio.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_PREFERENCES (sfumato_preferences_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoPreferences, sfumato_preferences, SFUMATO, PREFERENCES, AdwPreferencesDialog)

/* To be shown with adw_dialog_present(). */
SfumatoPreferences *sfumato_preferences_new           (SfumatoStudio      *studio);
/* Goes to the entry of the key, of the address, to the folder's row, or to where a model is added: for "Enter Key…" and
 * its like. */
void                sfumato_preferences_show_key      (SfumatoPreferences *self);
void                sfumato_preferences_show_address  (SfumatoPreferences *self);
void                sfumato_preferences_show_folder   (SfumatoPreferences *self);
void                sfumato_preferences_show_models   (SfumatoPreferences *self);

G_END_DECLS
