/* The body of a request on its way, with an ear for an answer that comes before all of it is out.
 *
 * A server that refuses need not read what it refuses: it answers, and closes. libsoup reads no answer before it has
 * written everything, and where the connection is reset meanwhile it never reads it. So whoever sends a body listens:
 * when an answer has begun no more of the body is handed out, and the answer is read here. For sfumato-http.c alone.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "services/sfumato-http.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_HTTP_FORM (sfumato_http_form_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoHttpForm, sfumato_http_form, SFUMATO, HTTP_FORM, GInputStream)

/* Called whenever there is more of an early answer; over: no more will come. */
typedef void (*SfumatoHttpHeard) (gboolean over,
                                  gpointer user_data);

SfumatoHttpForm    *sfumato_http_form_new       (GBytes                  *bytes);
/* On the thread-default main context, until all is written or it is stopped. */
void                sfumato_http_form_listen    (SfumatoHttpForm         *self,
                                                 GIOStream               *connection,
                                                 gsize                    bytes_max,
                                                 SfumatoHttpHeard         heard,
                                                 gpointer                 user_data);
/* All of the body is written: an answer that comes now is libsoup's to read, unless it has begun already. */
void                sfumato_http_form_written   (SfumatoHttpForm         *self);
void                sfumato_http_form_stop      (SfumatoHttpForm         *self);
gboolean            sfumato_http_form_has_heard (SfumatoHttpForm         *self);
/* Puts what was heard into answer and body: the head, and what followed it. LOST where it is not
 * whole, GARBAGE where it is no answer at all. */
SfumatoHttpProblem  sfumato_http_form_take      (SfumatoHttpForm         *self,
                                                 SfumatoHttpAnswer       *answer,
                                                 GByteArray              *body);

G_END_DECLS
