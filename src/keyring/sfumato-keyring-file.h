/* The file in which libsecret keeps the secrets of a sandboxed application, seen from outside: libsecret trusts it
 * more than a file can be trusted, and leaves an old copy beside it. Private to this room.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Whether libsecret may be using the file in this process. */
gboolean sfumato_keyring_file_is_used   (void);
/* FALSE, with an error of SFUMATO_KEYRING_ERROR, for a file that libsecret could not read, or would end the process
 * over; TRUE where there is none. */
gboolean sfumato_keyring_file_check     (GError **error);
/* Waits until no other process of ours uses the file. Close what it returns to let them; -1 where nothing can be locked. */
int      sfumato_keyring_file_lock      (void);
/* Removes the copy of what the file held before its last change; with_file: the file itself, too. */
gboolean sfumato_keyring_file_clean     (gboolean   with_file,
                                         GError   **error);

G_END_DECLS
