/* One bounded HTTP exchange, blocking, on whatever thread calls it. Private to this folder.
 *
 * Bounded: in time (connecting, silence, the whole), in bytes behind all decoding, and in attempts, of which there
 * is one: no redirect is followed and no connection is used twice. The outcome says whether the request may have
 * left this computer, because that decides whether it may have cost money.
 *
 * It may touch libsoup; nothing else in this house does.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <libsoup/soup.h>

#include "services/sfumato-service.h"

G_BEGIN_DECLS

/**
 * SfumatoHttpLimits:
 *
 * Times in milliseconds, sizes in bytes behind decoding. The defaults are sfumato_http_limits.
 */
typedef struct
{
  guint         connect_time;  /* until the connection, with its encryption, stands */
  guint         idle_time;     /* without a byte in either direction */
  guint         total_time;
  guint         check_time;    /* the whole of a call that makes nothing */
  gsize         picture_bytes; /* of an answer that is a picture */
  gsize         json_bytes;    /* of an answer that is JSON with a picture in it */
  gsize         error_bytes;   /* of any other answer; more is not read and not missed */
  GTlsDatabase *tls_database;  /* nullable: the system's */
} SfumatoHttpLimits;

extern const SfumatoHttpLimits sfumato_http_limits;

/**
 * SfumatoHttpRequest:
 *
 * What to send. Everything is borrowed.
 */
typedef struct
{
  const char          *method;
  GUri                *uri;
  const char          *key;          /* nullable: goes into the Authorization header and nowhere else */
  const char          *accept;
  const char          *content_type; /* with a body */
  GBytes              *body;         /* nullable */
  guint                total_time;   /* milliseconds */
  SfumatoProgressFunc  progress;     /* nullable */
  gpointer             user_data;
} SfumatoHttpRequest;

/**
 * SfumatoHttpProblem:
 *
 * How an exchange ended that brought no whole answer.
 */
typedef enum
{
  SFUMATO_HTTP_DONE,          /* none: there is a whole answer */
  SFUMATO_HTTP_CANCELLED,
  SFUMATO_HTTP_NO_HOST,       /* the name cannot be found */
  SFUMATO_HTTP_NO_CONNECTION, /* nobody answers there */
  SFUMATO_HTTP_NO_PROXY,      /* the proxy does not answer, or does not let us through */
  SFUMATO_HTTP_NO_TLS,        /* no encrypted connection, or not with whom it should be */
  SFUMATO_HTTP_OLD_TLS,       /* encrypted as was safe years ago */
  SFUMATO_HTTP_SLOW_CONNECT,
  SFUMATO_HTTP_SILENT,        /* the idle limit */
  SFUMATO_HTTP_TOO_LONG,      /* the total limit */
  SFUMATO_HTTP_LOST,          /* the connection broke */
  SFUMATO_HTTP_GARBAGE,       /* this is not HTTP, or not what it says it is */
  SFUMATO_HTTP_TOO_LARGE,
} SfumatoHttpProblem;

/**
 * SfumatoHttpAnswer:
 * @sent: the request may have been read by the server, as a whole or in part
 * @headers: (nullable): there was the head of an answer; status and reason are valid then, whatever the problem. It
 *   is a proxy's where nothing was sent.
 * @body: as far as it came
 */
typedef struct
{
  SfumatoHttpProblem    problem;
  gboolean              sent;
  GTlsCertificateFlags  tls_errors;
  char                 *message;   /* nullable: the library's words for the problem */
  guint                 status;
  char                 *reason;
  SoupMessageHeaders   *headers;
  GBytes               *body;
} SfumatoHttpAnswer;

void sfumato_http_exchange     (const SfumatoHttpRequest *request,
                                const SfumatoHttpLimits  *limits,
                                GCancellable             *cancellable,
                                SfumatoHttpAnswer        *answer);
void sfumato_http_answer_clear (SfumatoHttpAnswer        *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SfumatoHttpAnswer, sfumato_http_answer_clear)

/* Whether host is this computer, by its literal name or address: the only one that plain http is allowed to. */
gboolean sfumato_http_is_loopback (const char *host);

/* The media type of an answer, lower case, without parameters; "" for none. (transfer full) */
char *sfumato_http_answer_dup_media_type (const SfumatoHttpAnswer *answer);

G_END_DECLS
