/* The index of the pictures folder: what the gallery knows without opening a file. All of the SQL of this room is
 * behind it. Everything in it can be made again from the files and their sidecars.
 *
 * A picture's row number is the moment it was made, in microseconds since 1970 (the next free one where two were
 * made at once): newest first is simply the highest row first, also for the full-text index, and a picture that
 * comes back from the trash has its old place. A picture whose unchangeable facts did change gets another row.
 *
 * Reading functions use a connection of their own and never wait for a writer. Writing ones belong into
 * sfumato_index_begin() … commit(), which other processes wait for: files are read before, not in between.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "domain/sfumato-picture.h"
#include "gallery/sfumato-search.h"

G_BEGIN_DECLS

typedef struct _SfumatoIndex SfumatoIndex;

/**
 * SfumatoIndexState:
 * @SFUMATO_INDEX_HERE: in the list
 * @SFUMATO_INDEX_GONE: the file vanished; the row is kept for its return
 * @SFUMATO_INDEX_TRASHED: in the trash; see the undo token
 */
typedef enum
{
  SFUMATO_INDEX_HERE,
  SFUMATO_INDEX_GONE,
  SFUMATO_INDEX_TRASHED,
} SfumatoIndexState;

/* By which a change of the files is noticed; nanoseconds and bytes, 0 for a sidecar that is not there. */
typedef struct
{
  gint64 size;
  gint64 mtime;
  gint64 sidecar_size;
  gint64 sidecar_mtime;
} SfumatoStamp;

typedef struct
{
  gint64             row;
  SfumatoIndexState  state;
  SfumatoStamp       stamp;
  char              *id;        /* owned */
  char              *file_name; /* owned */
} SfumatoIndexEntry;

void           sfumato_index_entry_free  (SfumatoIndexEntry          *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfumatoIndexEntry, sfumato_index_entry_free)

/* An index of another folder is emptied. */
SfumatoIndex  *sfumato_index_open        (const char                 *path,
                                          const char                 *folder,
                                          GError                    **error);
void           sfumato_index_close       (SfumatoIndex               *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfumatoIndex, sfumato_index_close)

/* Reading. */
guint          sfumato_index_count       (SfumatoIndex               *self);
/* Rows of the pictures found, newest first; (transfer full). */
GArray        *sfumato_index_search      (SfumatoIndex               *self,
                                          const SfumatoSearch        *search);
/* The picture as the index knows it; NULL if there is none. (transfer full) */
SfumatoPicture *sfumato_index_read       (SfumatoIndex               *self,
                                          gint64                      row);
gboolean       sfumato_index_is_favorite (SfumatoIndex               *self,
                                          gint64                      row);
/* 0 if there is none that is here. */
gint64         sfumato_index_find        (SfumatoIndex               *self,
                                          const char                 *id_or_name);

/* Writing, and the reading that belongs to it. */
gboolean       sfumato_index_begin       (SfumatoIndex               *self,
                                          GError                    **error);
gboolean       sfumato_index_commit      (SfumatoIndex               *self,
                                          GError                    **error);
void           sfumato_index_rollback    (SfumatoIndex               *self);
/* Of any state; by name: not trashed. NULL if there is none. */
SfumatoIndexEntry *sfumato_index_get_by_id   (SfumatoIndex           *self,
                                              const char             *id);
SfumatoIndexEntry *sfumato_index_get_by_name (SfumatoIndex           *self,
                                              const char             *file_name);
/* A picture that is gone or trashed, with a file of just this size and time: it is back, perhaps renamed. */
SfumatoIndexEntry *sfumato_index_get_away    (SfumatoIndex           *self,
                                              const SfumatoStamp     *stamp);
/* The picture of an entry, as sfumato_index_read(), by way of the writing connection. */
SfumatoPicture *sfumato_index_get_picture    (SfumatoIndex           *self,
                                              gint64                  row);
/* Writes a picture that is here, in place of the one with its id or its name. Returns its row, 0 with error. */
gint64         sfumato_index_put         (SfumatoIndex               *self,
                                          const SfumatoPictureFields *fields,
                                          const SfumatoStamp         *stamp,
                                          GError                    **error);
/* GONE or TRASHED; undo: the token, for the latter. What is here again is put. */
gboolean       sfumato_index_hide        (SfumatoIndex               *self,
                                          gint64                      row,
                                          SfumatoIndexState           state,
                                          const char                 *undo,
                                          GError                    **error);
gboolean       sfumato_index_set_favorite (SfumatoIndex              *self,
                                           gint64                     row,
                                           gboolean                   favorite,
                                           const SfumatoStamp        *stamp,
                                           GError                   **error);
/* The tokens under which something is trashed, and forgetting what was trashed under one of them. */
GPtrArray     *sfumato_index_list_undo   (SfumatoIndex               *self);
gboolean       sfumato_index_forget      (SfumatoIndex               *self,
                                          const char                 *undo,
                                          GError                    **error);

/* Everything that is not trashed, in the order of strcmp() on names. entry lasts for the call. */
typedef void (*SfumatoIndexVisit)        (const SfumatoIndexEntry    *entry,
                                          gpointer                    data);
gboolean       sfumato_index_walk        (SfumatoIndex               *self,
                                          SfumatoIndexVisit           visit,
                                          gpointer                    data,
                                          GError                    **error);

/* Whether another process has written to it since this was asked for the last time. */
gboolean       sfumato_index_was_changed (SfumatoIndex               *self);
/* What the folder was like when it was last looked through. */
gint64         sfumato_index_get_fact    (SfumatoIndex               *self,
                                          const char                 *name);
gboolean       sfumato_index_set_fact    (SfumatoIndex               *self,
                                          const char                 *name,
                                          gint64                      value,
                                          GError                    **error);

G_END_DECLS
