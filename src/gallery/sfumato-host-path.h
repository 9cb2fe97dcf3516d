/* The path by which a person knows a file. What was chosen for a sandbox is seen there behind the document portal, as
 * /run/user/1000/doc/61f2a1/Pictures: by that path it is opened, but nobody would find it in the file manager.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Valid UTF-8, only to be read. An older portal does not tell the folder that what was chosen is in; the name has to do
 * then. (transfer full) */
char     *sfumato_host_path           (const char *path);
/* Whether it is behind the document portal, as what was chosen for a sandbox is. */
gboolean  sfumato_host_path_is_chosen (const char *path);

G_END_DECLS
