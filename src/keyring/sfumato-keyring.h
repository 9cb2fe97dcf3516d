/* Keeps one secret for each service: in the system keyring, or, where there is none, for this run only.
 *
 * All calls block and belong on a worker thread (libsecret's first call can hang on a broken bus); each ends
 * within a limit of its own whatever the keyring does. Everything that held the secret is wiped.
 * Knows nothing of requests, services or windows.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define SFUMATO_KEYRING_ERROR (sfumato_keyring_error_quark ())
GQuark sfumato_keyring_error_quark (void);

/**
 * SfumatoKeyringError:
 * @SFUMATO_KEYRING_ERROR_LOCKED: it is locked and was not unlocked: dismissed, or nobody there to ask
 * @SFUMATO_KEYRING_ERROR_MISSING: no keyring service on this desktop
 * @SFUMATO_KEYRING_ERROR_SILENT: it did not answer in time
 * @SFUMATO_KEYRING_ERROR_FAILED: anything else; the message says what
 */
typedef enum
{
  SFUMATO_KEYRING_ERROR_LOCKED,
  SFUMATO_KEYRING_ERROR_MISSING,
  SFUMATO_KEYRING_ERROR_SILENT,
  SFUMATO_KEYRING_ERROR_FAILED,
} SfumatoKeyringError;

/**
 * SfumatoSecret:
 *
 * A secret in memory that is not swapped and not dumped, wiped with its last reference.
 */
typedef struct _SfumatoSecret SfumatoSecret;

/* text as a person pasted it: white space around it and a leading "Bearer " are dropped. NULL where nothing is left
 * or where it holds what no key can (control characters, spaces inside, non-ASCII, over 512 bytes). */
SfumatoSecret *sfumato_secret_new   (const char    *text);
SfumatoSecret *sfumato_secret_ref   (SfumatoSecret *self);
void           sfumato_secret_unref (SfumatoSecret *self);
const char    *sfumato_secret_peek  (SfumatoSecret *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfumatoSecret, sfumato_secret_unref)

#define SFUMATO_TYPE_KEYRING (sfumato_keyring_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoKeyring, sfumato_keyring, SFUMATO, KEYRING, GObject)

/* application: what the keyring's own program shows and searches by, the application id. */
SfumatoKeyring *sfumato_keyring_new        (const char      *application);

/* Stores it in the keyring; replaces what was there, also a key held for this run. label: what the keyring's own
 * program calls it, "Sfumato: Stability AI key". */
gboolean        sfumato_keyring_store      (SfumatoKeyring  *self,
                                            const char      *service,
                                            const char      *label,
                                            SfumatoSecret   *secret,
                                            GCancellable    *cancellable,
                                            GError         **error);
/* Keeps it in this process only, until it ends. */
void            sfumato_keyring_hold       (SfumatoKeyring  *self,
                                            const char      *service,
                                            SfumatoSecret   *secret);
gboolean        sfumato_keyring_is_held    (SfumatoKeyring  *self,
                                            const char      *service);
/* The held one first. NULL without an error: there is none. A locked keyring is asked to unlock, which may show
 * the system's prompt; interactive FALSE answers SFUMATO_KEYRING_ERROR_LOCKED instead. */
SfumatoSecret  *sfumato_keyring_lookup     (SfumatoKeyring  *self,
                                            const char      *service,
                                            gboolean         interactive,
                                            GCancellable    *cancellable,
                                            GError         **error);
/* Forgets it everywhere, the file backend's old copy included. TRUE also where there was none. */
gboolean        sfumato_keyring_forget     (SfumatoKeyring  *self,
                                            const char      *service,
                                            GCancellable    *cancellable,
                                            GError         **error);

/* For main(), first thing: from here on a crash of this process leaves no memory of it behind, in a file or with a
 * crash reporter. What it starts inherits that. */
void            sfumato_keyring_harden_process (void);

G_END_DECLS
