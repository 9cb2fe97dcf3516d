/* How an exchange is set up, and how its key is wiped. For sfumato-http.c alone.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "services/sfumato-http.h"

G_BEGIN_DECLS

SoupSession *sfumato_http_make_session     (const SfumatoHttpRequest *request,
                                            const SfumatoHttpLimits  *limits);
/* With the key in its header. form: the body, where the request has one. */
SoupMessage *sfumato_http_make_message     (const SfumatoHttpRequest *request,
                                            GInputStream             *form);
void         sfumato_http_wipe_key         (SoupMessage              *message);
void         sfumato_http_wipe_freed_heads (void);
/* Nothing can be said on it any more, whatever lies on it. For whoever cancels: libsoup closes the connection then, TLS
 * says goodbye, and waits for room to say it in; for ever, where the other side does not read what was sent before. */
void         sfumato_http_cut              (GIOStream                *connection);

G_END_DECLS
