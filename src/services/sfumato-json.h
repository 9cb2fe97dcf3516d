/* JSON from a server, which may be anything: read within limits, asked without assuming types.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* The object that text is, an object with it as "errors" where it is another value, or NULL: where it is no JSON, or is
 * larger than a server has reason to send (json-glib takes up to 43 times the size of its text, so that 1 MiB is the
 * limit). A mark of the byte order, what stands behind the value and bytes that are no UTF-8 do no harm.
 * (transfer full) */
JsonObject *sfumato_json_parse       (const char *text,
                                      gsize       size);
/* The same for an object, and nothing else, with a picture in it: cuts the strings behind any of names (NULL at the end) out of the text
 * before parsing it. image: where such a string begins and how long it is, still with its escapes; NULL for none. Of
 * several names the first one wins. */
JsonObject *sfumato_json_parse_image (const char          *text,
                                      gsize                size,
                                      const char * const  *names,
                                      const char         **image,
                                      gsize               *image_size);
/* Whether this may be the beginning of an object. */
gboolean    sfumato_json_begins      (const char *text,
                                      gsize       size);
/* The bytes of a base64 string as it stands in JSON. (transfer full) */
GBytes     *sfumato_json_decode      (const char *string,
                                      gsize       size);
/* NULL where the member is absent or no string. */
const char *sfumato_json_get_string  (JsonObject *object,
                                      const char *name);
/* A whole number between 0 and max, written as a number or in a string; -1 for anything else. */
gint64      sfumato_json_get_count   (JsonObject *object,
                                      const char *name,
                                      gint64      max);
/* Digits and nothing else, between 0 and max; -1 for anything else. */
gint64      sfumato_parse_count      (const char *text,
                                      gint64      max);

G_END_DECLS
