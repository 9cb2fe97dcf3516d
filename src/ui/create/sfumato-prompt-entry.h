/* A text field of several lines for a prompt: grows with its text up to a height, shows a placeholder, and marks
 * what is beyond "maximum" characters without ever cutting it. Tab leaves it; Return is a new line.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define SFUMATO_TYPE_PROMPT_ENTRY (sfumato_prompt_entry_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoPromptEntry, sfumato_prompt_entry, SFUMATO, PROMPT_ENTRY, AdwBin)

/* Properties: "text" (setting it can be undone), "label" (what a screen reader says), "description", "placeholder",
 * "maximum" (characters), "maximum-height" (pixels). */

/* An input method has text in the making: Return and its friends belong to it. */
gboolean    sfumato_prompt_entry_is_composing (SfumatoPromptEntry *self);
/* Puts a word where the cursor is, or in place of what is selected, with spaces around it as needed. */
void        sfumato_prompt_entry_insert       (SfumatoPromptEntry *self,
                                               const char         *word);
void        sfumato_prompt_entry_focus_end    (SfumatoPromptEntry *self);
/* What has the focus and is read aloud, for whoever marks it. */
GtkWidget  *sfumato_prompt_entry_get_view     (SfumatoPromptEntry *self);

G_END_DECLS
