/* The settings beside the result: one row for each thing the chosen model lets a person choose, and none for what it
 * does not. Reads the model's capabilities and changes the form; knows no service by name.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define SFUMATO_TYPE_SETTINGS_PANE (sfumato_settings_pane_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoSettingsPane, sfumato_settings_pane, SFUMATO, SETTINGS_PANE, AdwBin)

/* Property: "form" (a SfumatoForm, set once). Choosing and removing the reference picture are left to the actions
 * "win.choose-reference" and "win.remove-reference". */

/* Gives the focus to the first control that is at fault; FALSE where none is. */
gboolean sfumato_settings_pane_focus_fault (SfumatoSettingsPane *self);

G_END_DECLS
