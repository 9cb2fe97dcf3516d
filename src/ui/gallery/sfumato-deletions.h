/* Deleting pictures so that it can be taken back: to the system's trash, with one toast that counts and offers Undo.
 * What was deleted while that toast was up is one step back.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "ui/sfumato-window.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_DELETIONS (sfumato_deletions_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoDeletions, sfumato_deletions, SFUMATO, DELETIONS, GObject)

/* Owned by the window it is for, which it does not keep alive. */
SfumatoDeletions *sfumato_deletions_new      (SfumatoWindow    *window);
/* pictures: element-type SfumatoPicture. The disk's part is done by a worker thread. */
void              sfumato_deletions_delete   (SfumatoDeletions *self,
                                              GPtrArray        *pictures);
/* Takes the last step back; FALSE where there is none. */
gboolean          sfumato_deletions_undo     (SfumatoDeletions *self);

G_END_DECLS
