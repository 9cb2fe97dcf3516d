/* The key of one service as a group of rows: enter, check, forget, unlock, and where it is kept, in words. Used by
 * the preferences and by the first start. A key leaves this widget only as an argument of the studio's functions,
 * on a worker thread, and is wiped from the entry at once.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

#include "studio/sfumato-studio.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_KEY_GROUP (sfumato_key_group_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoKeyGroup, sfumato_key_group, SFUMATO, KEY_GROUP, AdwPreferencesGroup)

/* Properties: "studio", "service" (an id, "stability"), "has-key" (read-only, notifies: a key is in the keyring or
 * held for this run). Nothing is sent before Check is pressed; pressing it with a new key stores that key once the
 * service has accepted it. The state is asked for whenever the group is mapped. The focus
 * goes to where a key is entered. */

gboolean sfumato_key_group_get_has_key (SfumatoKeyGroup *self);

G_END_DECLS
