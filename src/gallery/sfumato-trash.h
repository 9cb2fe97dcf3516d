/* Deleting with undo. Before a picture goes to the system's trash, a hard link to it is kept in a hidden folder
 * beside the pictures, .sfumato-undo/TOKEN: undo then needs nothing of the trash, which is out of sight from inside
 * a Flatpak and different on every drive.
 *
 * Blocking; whoever calls sees to it that nobody else changes the same files meanwhile. What becomes of the index is
 * the caller's business, but for forgetting.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "gallery/sfumato-index.h"

G_BEGIN_DECLS

/* file_names: of pictures; their sidecars go along. All of them, or none. Returns the token (transfer full). */
char      *sfumato_trash_move    (const char    *folder,
                                  GPtrArray     *file_names,
                                  GError       **error);
/* Puts them back and takes them out of the system's trash where that is in reach. Returns the names they have now
 * (transfer full); NULL with error. */
GPtrArray *sfumato_trash_restore (const char    *folder,
                                  const char    *undo,
                                  GError       **error);
/* Gives up the hidden copies, and what the index knows of them. */
void       sfumato_trash_forget  (SfumatoIndex  *index,
                                  const char    *folder,
                                  const char    *undo);
/* Forgets, in the index too, what was deleted more than a day ago and was not undone. */
void       sfumato_trash_expire  (SfumatoIndex  *index,
                                  const char    *folder);

G_END_DECLS
