/* What is shown while the gallery opens for longer than a moment (a lost index is being made again from the files),
 * and when it cannot be opened at all.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define SFUMATO_TYPE_OPENING_WINDOW (sfumato_opening_window_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoOpeningWindow, sfumato_opening_window, SFUMATO, OPENING_WINDOW, AdwApplicationWindow)

GtkWindow *sfumato_opening_window_new        (AdwApplication       *application);
/* "Try Again" is the action "app.open-studio". */
void       sfumato_opening_window_show_error (SfumatoOpeningWindow *self,
                                              const GError         *error);

G_END_DECLS
