/* Keeps the pictures that requests start from, named by their content, so that a waiting job, a draft or "Reuse
 * Settings" finds them again. Private to the studio. Blocking, any thread.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "domain/sfumato-request.h"

G_BEGIN_DECLS

/* Keeps the request's input picture, if it has one, on disk; synced. */
gboolean        sfumato_inputs_keep     (const char      *folder,
                                         SfumatoRequest  *request,
                                         GError         **error);
/* The request with its input's bytes, where it has an input; SFUMATO_ERROR_STORAGE where they are gone. */
SfumatoRequest *sfumato_inputs_complete (const char      *folder,
                                         SfumatoRequest  *request,
                                         GError         **error);
/* Drops the ones longest not used until at most max_bytes are left. */
void            sfumato_inputs_trim     (const char      *folder,
                                         guint64          max_bytes);

G_END_DECLS
