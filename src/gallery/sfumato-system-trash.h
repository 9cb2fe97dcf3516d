/* The system's trash: into it, and out of it for what somebody wants back. For sfumato-trash.c alone.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Throws the file of that name in folder away; where there is none, that is fine. From behind the document portal a
 * copy goes, named after the token where its own name is taken. FALSE with an error of GIO or of the store. */
gboolean    sfumato_system_trash_take  (const char  *folder,
                                        const char  *name,
                                        const char  *token,
                                        GError     **error);
/* What tells the files of folder from all others, whatever their names become; (transfer full). */
GHashTable *sfumato_system_trash_mark  (const char  *folder);
/* Takes those files out of every trash that may have them, for good: there is another link to each. A copy, where
 * there are no hard links, stays. */
void        sfumato_system_trash_clean (const char  *folder,
                                        GHashTable  *marks);

G_END_DECLS
