/* The ways a reference picture comes into a form: as a file, from the clipboard, or dropped. What cannot be taken is said
 * in a dialog.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gtk/gtk.h>

#include "ui/create/sfumato-form.h"

G_BEGIN_DECLS

/* widget: over which dialogs are shown, and whose clipboard it is. All return at once; cancellable ends what is still being
 * read. */
void sfumato_reference_take_file      (SfumatoForm  *form,
                                       GFile        *file,
                                       GtkWidget    *widget,
                                       GCancellable *cancellable);
/* A GFile or a GdkTexture; anything else is left alone. */
void sfumato_reference_take_value     (SfumatoForm  *form,
                                       const GValue *value,
                                       GtkWidget    *widget,
                                       GCancellable *cancellable);
void sfumato_reference_take_clipboard (SfumatoForm  *form,
                                       GtkWidget    *widget,
                                       GCancellable *cancellable);

G_END_DECLS
