/* The program: one instance, the studio behind its one window, and the verbs that need no window.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define SFUMATO_TYPE_APPLICATION (sfumato_application_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoApplication, sfumato_application, SFUMATO, APPLICATION, AdwApplication)

SfumatoApplication *sfumato_application_new (void);

G_END_DECLS
