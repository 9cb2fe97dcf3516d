/* What the files of the stand-in share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gdk-pixbuf/gdk-pixbuf.h>

#include "stand-in.h"

G_BEGIN_DECLS

/* One connection: bytes in with what was read too far, bytes out, and how to cut it. */
typedef struct
{
  GSocketConnection *connection;
  GIOStream         *stream; /* the same, or TLS over it */
  GCancellable      *cancellable;
  GByteArray        *ahead;
} StandInLink;

/* An order from the script: see stand-in.h. */
typedef struct
{
  gatomicrefcount  refs;
  gboolean         on_balance;
  int              times;
  guint            status;
  char            *reason;
  char            *version;
  JsonObject      *headers;
  GBytes          *body;
  gboolean         body_is_json;
  gint64           zeros;    /* bytes that follow the body; never in memory at once */
  char            *encoding;
  char            *framing;
  gint64           length;   /* -1: the true one */
  char            *interim;
  char            *raw;
  guint            delay;    /* milliseconds */
  char            *fault;
  char            *where;
  gsize            at;
  guint            drip;     /* milliseconds */
  int              billed;   /* -1: not said */
} StandInOrder;

/* What goes back. */
typedef struct
{
  guint      status;
  GPtrArray *headers; /* "Name: value" */
  GBytes    *body;
  int        price;   /* hundredths of a credit; 0: nothing was made */
} StandInAnswer;

/* What the rules go by. */
typedef struct
{
  const char *key;
  gint64      credits;     /* hundredths */
  gboolean    rate_limited;
  guint       scale;
} StandInWorld;

struct _StandIn
{
  GSocketListener *listener;    /* owned */
  GTlsCertificate *certificate; /* owned, nullable */
  GCancellable    *cancellable; /* owned; stops everything */
  GThread         *thread;
  guint16          port;
  char            *url;

  /* The rest is guarded by the mutex; changed tells of every change. */
  GMutex           mutex;
  GCond            changed;
  char            *key;
  gint64           credits;     /* hundredths */
  guint            delay;       /* milliseconds */
  guint            scale;
  guint            rate_limit;  /* generation calls in ten seconds; 0: none */
  GArray          *times;       /* gint64: of the last generation calls */
  gint64           locked_until;
  GPtrArray       *orders;      /* StandInOrder */
  GPtrArray       *requests;    /* StandInRequest */
  guint            posts;
  guint            arrived;     /* posts whose body is whole */
  guint            accepted;
  gint64           bill;        /* hundredths */
  guint            connections;
  guint            open;
  GPtrArray       *ended;       /* GThread: of connections that are closed, to be joined */
  guint            releases;
  gboolean         stopped;
};

StandInRequest *stand_in_link_read_head   (StandInLink    *link);
gsize           stand_in_link_read_body   (StandInLink    *link,
                                           StandInRequest *request,
                                           gsize           at_most);
void            stand_in_link_read_ahead  (StandInLink    *link,
                                           gsize           size);
gboolean        stand_in_link_write       (StandInLink    *link,
                                           const void     *data,
                                           gsize           size);
void            stand_in_link_wait_closed (StandInLink    *link);
void            stand_in_link_reset       (StandInLink    *link);

void            stand_in_request_violate  (StandInRequest *request,
                                           const char     *format,
                                           ...) G_GNUC_PRINTF (2, 3);
void            stand_in_request_parse_form (StandInRequest *request,
                                             const char     *boundary);

StandInOrder   *stand_in_order_new        (JsonObject     *json,
                                           GBytes         *body);
void            stand_in_order_unref      (StandInOrder   *order);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (StandInOrder, stand_in_order_unref)
void            stand_in_send             (StandInLink    *link,
                                           StandInOrder   *order,
                                           StandInAnswer  *answer,
                                           void          (*hold) (gpointer),
                                           gpointer        user_data);

StandInAnswer  *stand_in_answer_new       (guint           status);
void            stand_in_answer_free      (StandInAnswer  *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (StandInAnswer, stand_in_answer_free)
void            stand_in_answer_header    (StandInAnswer  *answer,
                                           const char     *name,
                                           const char     *value);

gboolean        stand_in_is_generation    (StandInRequest *request);
StandInAnswer  *stand_in_rules_apply      (StandInRequest     *request,
                                           const StandInWorld *world);
void            stand_in_rules_check_manners (StandInRequest  *request);

GBytes         *stand_in_picture_new      (const char     *prompt,
                                           guint32         seed,
                                           int             width,
                                           int             height,
                                           const char     *format,
                                           gboolean        blurred,
                                           GBytes         *input,
                                           double          strength);

/* Answers one of the control paths; FALSE when the connection is to be closed. */
gboolean        stand_in_serve_control    (StandIn        *self,
                                           StandInLink    *link,
                                           StandInRequest *request);

G_END_DECLS
