/* Stability AI's Developer Platform, and whoever serves the same API at another address.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "services/sfumato-service.h"

G_BEGIN_DECLS

#define SFUMATO_STABILITY_URL "https://api.stability.ai"

#define SFUMATO_TYPE_STABILITY (sfumato_stability_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoStability, sfumato_stability, SFUMATO, STABILITY, SfumatoService)

/* base_url: nullable for Stability's own. NULL and SFUMATO_ERROR_INVALID where it is no address a key may be sent
 * to: not http or https, with a user, query or fragment in it, or plain http to another computer. */
SfumatoService *sfumato_stability_new           (const char  *base_url,
                                                 GError     **error);
/* The same checks without a service, for an entry; returns the address in its normal form (transfer full). */
char           *sfumato_stability_normalize_url (const char  *base_url,
                                                 GError     **error);
/* Asks for answers as JSON instead of as bytes: a third larger, but whole where a proxy takes away headers that it
 * does not know, and with them the seed. From the next call on. */
void            sfumato_stability_set_accept_json (SfumatoStability *self,
                                                   gboolean          accept_json);

G_END_DECLS
