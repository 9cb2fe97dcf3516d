/* The parts of an exchange: how it is set up, how its answer is read, and how its key is wiped. For the files of that
 * name alone.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "services/sfumato-http-form.h"

G_BEGIN_DECLS

typedef struct
{
  const SfumatoHttpRequest *request;
  const SfumatoHttpLimits  *limits;
  SfumatoHttpAnswer        *answer;
  GMainContext             *context;
  SoupSession              *session;
  SoupMessage              *message;
  GCancellable             *inside;       /* what the limits and the person both cancel */
  GSource                  *connect_timer;
  GSource                  *idle_timer;
  SfumatoHttpForm          *form;         /* with a body */
  GIOStream                *connection;
  GInputStream             *stream;
  GByteArray               *body;
  gsize                     cap;
  gint64                    expected;     /* bytes of the answer; 0: not known */
  gsize                     written;      /* bytes of the request's body */
  double                    told;         /* the last fraction that was told */
  GSocketClientEvent        phase;
  gboolean                  through_proxy;
  gboolean                  over;
} SfumatoHttpExchange;

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

/* A stage is told when it has gone on by a hundredth. */
void         sfumato_http_tell             (SfumatoHttpExchange      *self,
                                            SfumatoStage              stage,
                                            double                    fraction);
/* Begins to end it. The first problem is the true one: cancelling brings others after it. */
void         sfumato_http_fail             (SfumatoHttpExchange      *self,
                                            SfumatoHttpProblem        problem);
void         sfumato_http_not_idle         (SfumatoHttpExchange      *self);
/* It is over; error: nullable. */
void         sfumato_http_finish           (SfumatoHttpExchange      *self,
                                            const GError             *error);
/* Of the message, as libsoup has read it. */
void         sfumato_http_take_head        (SfumatoHttpExchange      *self);
/* The head, and then the stream up to its end or a limit; finishes. */
void         sfumato_http_read             (SfumatoHttpExchange      *self);

G_END_DECLS
