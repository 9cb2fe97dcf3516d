/* What the files of sfumato-store share; from nowhere else.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "gallery/sfumato-store.h"

G_BEGIN_DECLS

gboolean  _sfumato_store_exists      (int         folder_fd,
                                      const char *name);
/* Deletes a file; name may be NULL, and errno stays. */
void      _sfumato_store_drop        (int         folder_fd,
                                      const char *name);
/* Renames, and never over another file: errno is EEXIST then. */
gboolean  _sfumato_store_rename_new  (int         from_fd,
                                      const char *from,
                                      int         to_fd,
                                      const char *to);
/* Moves a picture, and the sidecar where that is not NULL, to a name that is free: the picture's (transfer full); NULL
 * with errno set. */
char     *_sfumato_store_name_pair   (int         from_fd,
                                      const char *picture,
                                      const char *sidecar,
                                      int         to_fd,
                                      const char *stem,
                                      const char *extension);

G_END_DECLS
