/* Certificates for tests of encryption, good ones and bad ones, made in a folder of their own.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "fixture.h"

G_BEGIN_DECLS

void  certificates_make     (void);
void  certificates_remove   (void);

/* A fixture whose server shows that certificate, and whose service trusts the authority. */
void  certificates_set_up   (Fixture    *fixture,
                             const char *name);

/* Trusts the authority, too. (transfer full) */
GTlsDatabase *certificates_load_authority (void);

/* ".pem" or ".key" of that name; ".ocsp" of "revoked": what the authority says of it. (transfer full) */
char *certificates_dup_path (const char *name,
                             const char *suffix);

G_END_DECLS
