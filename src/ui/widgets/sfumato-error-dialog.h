/* Says an error that concerns something the person has just done to their files or settings, or that was found at the
 * start. What fails while a picture is made never comes here: that is said in its place.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

void sfumato_error_dialog_present (GtkWidget    *parent,
                                   const GError *error);

G_END_DECLS
