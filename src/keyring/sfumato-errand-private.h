/* What the two halves of an errand share: the one that waits (sfumato-errand.c) and the one that talks to libsecret
 * (sfumato-errand-libsecret.c).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "keyring/sfumato-errand.h"

#include <libsecret/secret.h>

G_BEGIN_DECLS

typedef struct
{
  /* Set before the thread starts, constant then. */
  SfumatoErrandOrder  order;       /* everything in it owned */
  SecretSchema       *schema;
  GHashTable         *attributes;  /* its strings borrowed from order */
  GMainContext       *context;     /* the thread's own */
  GCancellable       *cancellable; /* cancelled in that context only: libsecret's prompts are not safe otherwise */

  /* The thread's own. */
  SecretService      *keyring;     /* owned, nullable; libsecret's shared one does not bear several threads */
  GAsyncResult       *answer;      /* nullable: of the call it waits for */
  gboolean            in_file;     /* libsecret keeps it in a file of its own, not in a service */

  /* Both threads', under the lock. */
  GMutex              lock;
  GCond               changed;
  gint64              deadline;    /* g_get_monotonic_time() */
  gboolean            over;
  SfumatoSecret      *found;       /* owned, nullable */
  GError             *error;       /* owned, nullable */
} SfumatoErrand;

/* From here on the person may be looking at a prompt, which takes the time it takes. */
void           sfumato_errand_may_ask (SfumatoErrand  *self);

/* The whole conversation, on the errand's thread. Errors are of SFUMATO_KEYRING_ERROR. */
gboolean       sfumato_errand_talk    (SfumatoErrand  *self,
                                       SfumatoSecret **found,
                                       GError        **error);

G_END_DECLS
