/* One errand to the keyring: store, look up or forget one secret, on a thread of its own.
 *
 * libsecret can block for 25 seconds in a call that cannot be cancelled, and behind a bus that accepts and never
 * speaks for ever. So whoever waits for an errand may stop waiting: the thread then ends when libsecret lets it, and
 * what it still uses belongs to the errand, which it holds. Private to this room.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "keyring/sfumato-keyring.h"

G_BEGIN_DECLS

typedef enum
{
  SFUMATO_ERRAND_LOOK_UP,
  SFUMATO_ERRAND_STORE,
  SFUMATO_ERRAND_FORGET,
} SfumatoErrandKind;

typedef struct
{
  SfumatoErrandKind  kind;
  const char        *application;
  const char        *service;
  const char        *label;        /* nullable; to store */
  SfumatoSecret     *secret;       /* nullable; to store */
  gboolean           interactive;  /* whether the person may be asked to unlock it */
} SfumatoErrandOrder;

/* Before the first one, once. */
void     sfumato_errand_prepare (void);
/* Blocks until it is done, cancelled or took too long. found: (out) (optional) (nullable), to look up. */
gboolean sfumato_errand_run     (const SfumatoErrandOrder  *order,
                                 SfumatoSecret            **found,
                                 GCancellable              *cancellable,
                                 GError                   **error);

G_END_DECLS
