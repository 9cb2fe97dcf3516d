/* Brings the index up to date with the folder: what came, went, was renamed or rewritten by others. Files are read
 * outside of the index's transactions, and what somebody else has indexed in the meantime is left to them.
 *
 * Blocking; from any thread.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "gallery/sfumato-index.h"

G_BEGIN_DECLS

/* All of the folder. changed: whether the index was. */
gboolean      sfumato_scan_folder (SfumatoIndex   *index,
                                   const char     *folder,
                                   GCancellable   *cancellable,
                                   gboolean       *changed,
                                   GError        **error);
/* Only these files: names of pictures or of sidecars (element-type filename). */
gboolean      sfumato_scan_names  (SfumatoIndex   *index,
                                   const char     *folder,
                                   GPtrArray      *names,
                                   gboolean       *changed,
                                   GError        **error);

/* What is on disk under this name at the moment; FALSE where it is no regular file. */
gboolean      sfumato_scan_stamp  (int             folder_fd,
                                   const char     *file_name,
                                   SfumatoStamp   *stamp);
/* A number that is another one after files were added to the folder or taken from it; SFUMATO_SCAN_UNSETTLED where that
 * happened just now, so that one more file may come and leave the number as it is. */
#define SFUMATO_SCAN_UNSETTLED 0
gint64        sfumato_scan_folder_stamp (int       folder_fd);

G_END_DECLS
