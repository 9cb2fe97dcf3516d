/* Members of a JSON object that is being built.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Nothing where text is NULL. */
void sfumato_json_add_text   (JsonBuilder *builder,
                              const char  *name,
                              const char  *text);
void sfumato_json_add_int    (JsonBuilder *builder,
                              const char  *name,
                              gint64       value);
void sfumato_json_add_double (JsonBuilder *builder,
                              const char  *name,
                              double       value);

G_END_DECLS
