/* A picture in the folder that has no sidecar of ours: what can be known of it from the file itself.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "domain/sfumato-picture.h"

G_BEGIN_DECLS

/* Whether a file of this name is looked at: .png, .jpg, .jpeg or .webp, and not hidden. */
gboolean        sfumato_adopt_is_picture_name (const char               *file_name);
/* Type and size of the picture in a file; FALSE where it is none. head (transfer full) is the begin of the file. */
gboolean        sfumato_adopt_read_header     (int                       folder_fd,
                                               const char               *file_name,
                                               SfumatoImageHeader       *header,
                                               GBytes                  **head);
/* Whether all of a picture is in a file. */
gboolean        sfumato_adopt_is_whole        (int                       folder_fd,
                                               const char               *file_name);
/* modified: nanoseconds since 1970, taken for the moment it was made. Its prompt is the one in the "parameters" text
 * that Stable Diffusion web UI and most others write into a PNG. (transfer full) */
SfumatoPicture *sfumato_adopt                 (const char               *file_name,
                                               gint64                    size,
                                               gint64                    modified,
                                               const SfumatoImageHeader *header,
                                               GBytes                   *head);

G_END_DECLS
