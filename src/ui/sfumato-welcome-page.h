/* The first start, as one page: where pictures are made, or just looking around. Nothing is sent before a choice, and
 * the choice can be changed in the preferences.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

#include "studio/sfumato-studio.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_WELCOME_PAGE (sfumato_welcome_page_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoWelcomePage, sfumato_welcome_page, SFUMATO, WELCOME_PAGE, AdwNavigationPage)

/* Property: "studio". Its tag is "welcome". */

/**
 * SfumatoWelcomePage::chosen:
 * @service: (nullable): the id of the service with which to make pictures; NULL to look around first
 */

G_END_DECLS
