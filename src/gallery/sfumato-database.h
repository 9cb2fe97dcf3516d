/* SQLite as this house uses it: WAL, synchronous=FULL, migrations by user_version, a check at every opening, and
 * a damaged file set aside, never deleted. Thread-safe: each call holds the connection's own lock.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gio/gio.h>
#include <sqlite3.h>

G_BEGIN_DECLS

typedef struct _SfumatoDatabase SfumatoDatabase;

typedef enum
{
  SFUMATO_DATABASE_OPENED,
  SFUMATO_DATABASE_CREATED,
  SFUMATO_DATABASE_REPLACED,  /* it was damaged: set aside as NAME.damaged-DATE, and a new one begun */
} SfumatoDatabaseState;

/**
 * sfumato_database_open:
 * @path: the file; its folder is made when it is missing
 * @migrations: SQL scripts, ended by NULL; script n takes user_version n to n + 1, each in a transaction
 *
 * A database with a user_version above the last migration is refused with SFUMATO_ERROR_STORAGE and left untouched.
 */
SfumatoDatabase      *sfumato_database_open      (const char            *path,
                                                  const char * const    *migrations,
                                                  GError               **error);
void                  sfumato_database_close     (SfumatoDatabase       *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfumatoDatabase, sfumato_database_close)
SfumatoDatabaseState  sfumato_database_get_state (SfumatoDatabase       *self);
/* A second connection to the same file that can only read: its queries do not wait for whoever writes through
 * the first one. */
SfumatoDatabase      *sfumato_database_open_reader (SfumatoDatabase     *self,
                                                    GError             **error);

/* lock/unlock around a run of statements; recursive. prepare() caches by text: use literals. A statement is reset
 * by the next prepare() of the same text, by its last step, and by the outermost unlock. step() returns SQLITE_ROW
 * or SQLITE_DONE, or sets error. begin() takes the lock, commit() and rollback() leave it; a commit that fails has
 * rolled back. */
void                  sfumato_database_lock      (SfumatoDatabase       *self);
void                  sfumato_database_unlock    (SfumatoDatabase       *self);
sqlite3_stmt         *sfumato_database_prepare   (SfumatoDatabase       *self,
                                                  const char            *sql,
                                                  GError               **error);
int                   sfumato_database_step      (SfumatoDatabase       *self,
                                                  sqlite3_stmt          *statement,
                                                  GError               **error);
/* The first column of all rows, as gint64; for answers of a hundred thousand of them. */
gboolean              sfumato_database_collect   (SfumatoDatabase       *self,
                                                  sqlite3_stmt          *statement,
                                                  GArray                *numbers,
                                                  GError               **error);
gboolean              sfumato_database_exec      (SfumatoDatabase       *self,
                                                  const char            *sql,
                                                  GError               **error);
gboolean              sfumato_database_begin     (SfumatoDatabase       *self,
                                                  GError               **error);
gboolean              sfumato_database_commit    (SfumatoDatabase       *self,
                                                  GError               **error);
void                  sfumato_database_rollback  (SfumatoDatabase       *self);

G_END_DECLS
