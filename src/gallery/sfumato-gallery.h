/* The person's pictures: files in one folder, each with an XMP sidecar, which are the truth; and an SQLite index of
 * them, which can be deleted at any time and is made again from the files.
 *
 * Blocking calls say so and may be made from any thread; the rest belongs to the main thread, where signals are
 * emitted too. Never touches the network.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "domain/sfumato-picture.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_GALLERY (sfumato_gallery_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoGallery, sfumato_gallery, SFUMATO, GALLERY, GObject)

/**
 * SfumatoGallery::changed:
 *
 * Pictures were added, removed, or noticed outside; emitted on the main thread. Models made by
 * sfumato_gallery_search() follow by themselves.
 */

/* Blocking. folder: the person's pictures, made when missing; index: the database file; cache: thumbnails. Scans
 * the folder for what changed since the last time: a missing or damaged index is rebuilt here in full. A folder that
 * cannot be made or read is no error: the gallery is then not available until it can. */
SfumatoGallery *sfumato_gallery_open           (const char          *folder,
                                                const char          *index,
                                                const char          *cache,
                                                GError             **error);
const char     *sfumato_gallery_get_folder     (SfumatoGallery      *self);
/* As a person knows it, who may be outside the sandbox that the other one is for. Only to be read. */
char           *sfumato_gallery_dup_shown_folder (SfumatoGallery    *self);
/* FALSE while the folder itself is away (an unplugged drive): pictures are then missing, not deleted. */
gboolean        sfumato_gallery_is_available   (SfumatoGallery      *self);
/* The full path of a picture's file; (transfer full). */
char           *sfumato_gallery_dup_path       (SfumatoGallery      *self,
                                                SfumatoPicture      *picture);

/* Blocking. Bytes and sidecar are on disk, synced, before either gets its name, the bytes first; a picture is
 * returned only when the folder is synced too. What fails is SFUMATO_ERROR_STORAGE, with the result untouched and
 * nothing half written left behind. id: a UUID for the picture, nullable for a new one; a picture that is there with
 * this id already is returned as it is. duration: microseconds, 0 if unknown. */
SfumatoPicture *sfumato_gallery_add            (SfumatoGallery      *self,
                                                SfumatoResult       *result,
                                                SfumatoRequest      *request,
                                                const char          *id,
                                                gint64               duration,
                                                GError             **error);

/* Blocking. Whether a picture can be added now, as far as can be known: to be asked before one is paid for. */
gboolean        sfumato_gallery_check          (SfumatoGallery      *self,
                                                GError             **error);

/* Blocking. Looks again for files that came or went; cheap where nothing did. Called at opening and by the monitor
 * that sfumato_gallery_watch() starts. */
gboolean        sfumato_gallery_scan           (SfumatoGallery      *self,
                                                GCancellable        *cancellable,
                                                GError             **error);
void            sfumato_gallery_watch          (SfumatoGallery      *self);
/* Makes the folder that is away, empty, because the person says that it was deleted and is on no drive. */
void            sfumato_gallery_make_folder_async  (SfumatoGallery      *self,
                                                    GCancellable        *cancellable,
                                                    GAsyncReadyCallback  callback,
                                                    gpointer             user_data);
gboolean        sfumato_gallery_make_folder_finish (SfumatoGallery      *self,
                                                    GAsyncResult        *result,
                                                    GError             **error);

/**
 * sfumato_gallery_search:
 * @text: (nullable): words that must all occur, each as the beginning of a word, in prompt, negative prompt or
 *   file name; plus "seed:123", "model:large", "service:stability", "before:2026-01", "after:2026-01-31". Both leave
 *   out the day, month or year that they name. Accents and case do not matter; Chinese, Japanese, Thai and other
 *   scripts without spaces are found anywhere in a text. What is not understood is searched for as words
 * @favorites: only these
 *
 * A model of SfumatoPicture, newest first, that reads pages from the index as they are asked for and follows the
 * gallery. Returns at once also for 100,000 pictures.
 *
 * Returns: (transfer full): a GListModel
 */
GListModel     *sfumato_gallery_search         (SfumatoGallery      *self,
                                                const char          *text,
                                                gboolean             favorites);
/* By id or by file name; NULL if there is none. (transfer full) */
SfumatoPicture *sfumato_gallery_find           (SfumatoGallery      *self,
                                                const char          *id_or_name);

/* Blocking. Into the sidecar first, then the index; then the picture notifies, on the main thread. */
gboolean        sfumato_gallery_set_favorite   (SfumatoGallery      *self,
                                                SfumatoPicture      *picture,
                                                gboolean             favorite,
                                                GError             **error);

/**
 * sfumato_gallery_trash:
 * @pictures: (element-type SfumatoPicture)
 * @undo: (out) (transfer full): a token for sfumato_gallery_restore(); good until it is given to
 *   sfumato_gallery_forget_trash(), also over a restart of the program
 *
 * Blocking. Moves files and sidecars to the system's trash. Where that cannot be done nothing is deleted and the
 * error is SFUMATO_ERROR_STORAGE.
 */
gboolean        sfumato_gallery_trash          (SfumatoGallery      *self,
                                                GPtrArray           *pictures,
                                                char               **undo,
                                                GError             **error);
gboolean        sfumato_gallery_restore        (SfumatoGallery      *self,
                                                const char          *undo,
                                                GError             **error);
void            sfumato_gallery_forget_trash   (SfumatoGallery      *self,
                                                const char          *undo);

/* Blocking. A square-bounded thumbnail: path of a PNG in the cache with its longer side at most size pixels (256 or
 * 512), made under limits if it is not there. (transfer full) */
char           *sfumato_gallery_thumbnail      (SfumatoGallery      *self,
                                                SfumatoPicture      *picture,
                                                int                  size,
                                                GCancellable        *cancellable,
                                                GError             **error);

/* Blocking. The pixels of a picture file or of bytes, checked against the limits of sfumato-image-header.h before
 * the decoder sees them: 8-bit RGBA, not premultiplied, stride = 4 × width. At most max_side pixels a side, scaled
 * down; 0 for its own size. (transfer full) */
GBytes         *sfumato_gallery_decode         (GBytes              *bytes,
                                                guint                max_side,
                                                guint               *width,
                                                guint               *height,
                                                GError             **error);
/* A picture of a type services do not take (GIF, TIFF, BMP, SVG …) as PNG, under the same limits; a picture they
 * do take comes back as it is. (transfer full) */
GBytes         *sfumato_gallery_convert_input  (GBytes              *bytes,
                                                GError             **error);
/* The picture scaled down and re-encoded as JPEG (PNG where it has alpha) so that it has at most max_bytes.
 * (transfer full) */
GBytes         *sfumato_gallery_shrink_input   (GBytes              *bytes,
                                                gsize                max_bytes,
                                                GError             **error);

G_END_DECLS
