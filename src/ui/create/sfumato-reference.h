/* Reads a picture somebody chose, dropped or pasted, off the main thread, and makes of it the input of a request:
 * checked, as a type services take, and not larger than they take.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "domain/sfumato-request.h"

G_BEGIN_DECLS

/* bytes_max: of the picture; 0: any. */
void          sfumato_reference_load_async       (GFile               *file,
                                                  gsize                bytes_max,
                                                  GCancellable        *cancellable,
                                                  GAsyncReadyCallback  callback,
                                                  gpointer             user_data);
void          sfumato_reference_load_bytes_async (GBytes              *bytes,
                                                  const char          *name,
                                                  gsize                bytes_max,
                                                  GCancellable        *cancellable,
                                                  GAsyncReadyCallback  callback,
                                                  gpointer             user_data);
/* Errors are of SFUMATO_ERROR, as sentences, or G_IO_ERROR_CANCELLED. */
SfumatoInput *sfumato_reference_load_finish      (GAsyncResult        *result,
                                                  GError             **error);

G_END_DECLS
