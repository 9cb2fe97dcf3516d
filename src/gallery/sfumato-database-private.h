/* What the two halves of the database share: sfumato-database.c works with an open connection,
 * sfumato-database-open.c makes one.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "gallery/sfumato-database.h"

G_BEGIN_DECLS

/* Behind the name: an empty file that says that damage was met while the database was in use, so that the next
 * opening looks at everything. */
#define SFUMATO_DATABASE_MARK "-suspect"

struct _SfumatoDatabase
{
  sqlite3              *handle;      /* owned */
  GHashTable           *statements;  /* owned: text, a literal -> owned sqlite3_stmt */
  GRecMutex             lock;
  guint                 depth;       /* of sfumato_database_lock(), by the thread that holds it */
  SfumatoDatabaseState  state;
  char                 *path;        /* owned */
};

/* Takes the handle, which is closed when the database is. */
SfumatoDatabase *_sfumato_database_new       (const char       *path,
                                              sqlite3          *handle);
/* The sentence for what SQLite said last on this connection; handle may be NULL. */
GError          *_sfumato_database_error     (sqlite3          *handle,
                                              int               code);

G_END_DECLS
