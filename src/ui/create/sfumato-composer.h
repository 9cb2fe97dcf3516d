/* Where a picture is asked for: the prompt, what should not appear, the reference picture, and the button that says
 * what it costs, or beside it why it cannot be pressed. Changes the form; asks for nothing itself.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define SFUMATO_TYPE_COMPOSER (sfumato_composer_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoComposer, sfumato_composer, SFUMATO, COMPOSER, AdwBin)

/* Properties: "form" (a SfumatoForm, set once), "narrow", "low" (little height), "settings-shown" (the pane beside
 * it shows the model and the shape already). Uses the actions "win.generate", "win.choose-reference",
 * "win.remove-reference", "win.settings-pane", "win.set-up" and "win.add-key". */

void     sfumato_composer_focus_prompt (SfumatoComposer *self);
/* An input method is in the middle of a word. */
gboolean sfumato_composer_is_composing (SfumatoComposer *self);
/* Gives the focus to the first text that is at fault; FALSE where none is. */
gboolean sfumato_composer_focus_fault  (SfumatoComposer *self);

G_END_DECLS
