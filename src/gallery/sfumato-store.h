/* Files in the pictures folder, written so that neither a crash nor a power cut nor a full disk leaves half of one:
 * a hidden temporary file in the same folder, fsync, a rename that replaces nothing, fsync of the folder. The
 * folder is opened anew each time, so that nothing keeps a drive from being unmounted.
 *
 * Blocking; from any thread, and from several processes at once. Knows nothing of pictures and of the index.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Together with an extension and ".xmp" behind it a name has at most 120 bytes, of which " (12345)" may be 8. */
#define SFUMATO_STORE_STEM_MAX 102

/* Puts bytes and sidecar beside each other as STEM.EXTENSION and STEM.EXTENSION.xmp, or as "STEM (2)" … where that
 * name is taken; on success file_name (transfer full) says which it was. Both are there, or neither. */
gboolean  sfumato_store_add       (const char   *folder,
                                   const char   *stem,
                                   const char   *extension,
                                   GBytes       *bytes,
                                   const char   *sidecar,
                                   char        **file_name,
                                   GError      **error);
/* Whether there is a folder that takes a new file, with room for a picture: tried with one that goes again. */
gboolean  sfumato_store_check     (const char   *folder,
                                   GError      **error);
/* Writes a file anew, in place of the one of that name. */
gboolean  sfumato_store_replace   (const char   *folder,
                                   const char   *file_name,
                                   const char   *text,
                                   GError      **error);
/* Renames a file to NAME.damaged, if nothing has that name; best effort. */
void      sfumato_store_set_aside (int           folder_fd,
                                   const char   *file_name);
/* Moves a file, and the sidecar where there is one, from one folder to another of the same file system, with
 * another name where the one it has is taken. NULL with errno set. (transfer full): the name */
char     *sfumato_store_move      (int           from_fd,
                                   int           to_fd,
                                   const char   *file_name);
/* Whether this is the name of a temporary file of the above. */
gboolean  sfumato_store_is_temp   (const char   *file_name);
/* Deletes such a file if its writer is dead; or, where it is the sidecar of a picture that had arrived whole, gives both
 * their names: the picture's. (transfer full) (nullable) */
typedef gboolean (*SfumatoStoreWhole) (int         folder_fd,
                                       const char *file_name);
char     *sfumato_store_clean     (int                folder_fd,
                                   const char        *file_name,
                                   SfumatoStoreWhole  is_whole);

/* An O_DIRECTORY descriptor; -1 with error. */
int       sfumato_store_open      (const char   *folder,
                                   GError      **error);
char     *sfumato_store_sidecar   (const char   *file_name);
/* To be read; -1 where that cannot be, or where it is a link. */
int       sfumato_store_open_file (int           folder_fd,
                                   const char   *file_name);
/* A small file's content, at most max bytes; NULL where it is no regular file, larger, or not to be read. */
char     *sfumato_store_read      (int           folder_fd,
                                   const char   *file_name,
                                   gsize         max,
                                   gsize        *length);
/* The sentence for an errno of a file in this folder. */
GError   *sfumato_store_error     (const char   *folder,
                                   int           code);

G_END_DECLS
