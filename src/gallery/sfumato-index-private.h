/* What the files of the index share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "gallery/sfumato-database.h"
#include "gallery/sfumato-index.h"

G_BEGIN_DECLS

struct _SfumatoIndex
{
  SfumatoDatabase *writer; /* owned */
  SfumatoDatabase *reader; /* owned */
  gint64           seen;   /* SQLite's number of what others have written, as of the last time we asked */
};

/* NULL, with a message in the log, where the database fails. */
sqlite3_stmt *_sfumato_index_prepare (SfumatoDatabase            *db,
                                      const char                 *sql);
/* The facts of a picture that have no column, as one value: all of them but favorite and missing. */
GBytes       *_sfumato_index_pack    (const SfumatoPictureFields *fields);

G_END_DECLS
