/* One entry of a drop-down: an id for the form, and what people see.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define SFUMATO_TYPE_CHOICE (sfumato_choice_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoChoice, sfumato_choice, SFUMATO, CHOICE, GObject)

/* Properties, read-only: "id", "name", "detail" (more words), "value" (a price, a ratio). */

SfumatoChoice *sfumato_choice_new    (const char    *id,
                                      const char    *name,
                                      const char    *detail,
                                      const char    *value);
const char    *sfumato_choice_get_id (SfumatoChoice *self);

G_END_DECLS
