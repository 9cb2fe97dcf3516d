/* The reference picture of a form: small, with its name, what the model makes of it, and a button that takes it away.
 * There only while the form has one.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

#include "ui/create/sfumato-form.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_REFERENCE_STRIP (sfumato_reference_strip_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoReferenceStrip, sfumato_reference_strip, SFUMATO, REFERENCE_STRIP, AdwBin)

/* Property: "form". */

G_END_DECLS
