/* A picture's sidecar, changed in place. Other programs keep their own words in it (tags, a rating, a caption), and
 * may have written it first; all of that stays.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "domain/sfumato-picture.h"

G_BEGIN_DECLS

/* Blocking and durable: see sfumato_store_replace(). Where there is no sidecar one is made. */
gboolean  sfumato_sidecar_set_favorite (const char      *folder,
                                        int              folder_fd,
                                        SfumatoPicture  *picture,
                                        gboolean         favorite,
                                        GError         **error);

G_END_DECLS
