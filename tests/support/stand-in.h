/* A stand-in for Stability AI's service, for tests and for work on the window without an account: as strict as the
 * real one (each part of the form is checked, in its order of checks; it counts, keeps a bill and takes credits),
 * and able to misbehave at every point. It listens on loopback only.
 *
 * In-process: this header. As a program: ./dev server. From other languages: the control paths below.
 *
 * Answers to come are told as JSON; in C, single quotes stand for double ones where the text holds no double
 * quote. Without such orders it answers as the real service would. One order is an object; every member may be
 * left out:
 *
 *   "on"        "generate" (default) or "balance": which kind of call it is for
 *   "times"     how many calls get this answer (1); -1: all from now on
 *   "status"    number; absent: what the real service would answer to this request
 *   "reason"    reason phrase
 *   "version"   "1.1" (default) or "1.0"
 *   "headers"   object of names and values; a value of null takes away one of the usual headers
 *   "body"      text, or an object or array that is sent as JSON; absent: the real service's (or, for a
 *               status of its own, empty)
 *   "body_base64"   the body as bytes
 *   "body_zeros"    so many zero bytes behind the body; never in memory at once
 *   "encoding"  "gzip" or "deflate", in letters of any size: compresses the body and says so
 *   "framing"   "length" (default), "chunked", "bad-chunk" (its last size is no number) or "close" (no length)
 *   "length"    the Content-Length to claim, whatever the truth is
 *   "interim"   text sent before the answer: "HTTP/1.1 103 Early Hints\r\n\r\n"
 *   "raw"       the whole answer, byte for byte, instead of all of the above
 *   "delay"     milliseconds before the answer
 *   "fault"     "close", "reset", "stall" (until the other side closes), "hold" (until a release) or "drip" (from
 *               there on one byte every "drip" milliseconds, 20); in the "request-body" also "answer" (which closes
 *               with the rest unread), "answer-hold" (until a release) and "announce" (which sends "interim" in two
 *               halves, and goes on)
 *   "where"     where the fault happens: "accept" (before anything but "at" bytes is read, of TLS too),
 *               "request-body" (after "at" bytes of it), "request" (default: all is read, nothing is answered),
 *               "answer-head" or "answer-body" (after "at" bytes of it are sent)
 *   "at"        see "where"; 0
 *   "billed"    whether the call is charged; absent: if the answer is a picture of the real service's or a scripted
 *               200, whatever becomes of it on its way back
 *
 * Control paths, for any language:
 *   POST /_script  {"answers": [order …], "reset": true, "key": "…", "credits": 1000, "delay": ms, "scale": 8,
 *                  "rate_limit": 150}: members as they come; reset first forgets orders and log; scale makes
 *                  pictures so many times smaller
 *   POST /_release ends every "hold"
 *   GET  /_log     {"requests": [{"method", "path", "headers": {…}, "parts": [{"name", "text" | "size",
 *                  "sha256", …}], "complete", "status", "billed", "violations": […]}, …], "posts": generation
 *                  calls that reached it, "accepted": those it worked for, "bill": hundredths of a credit,
 *                  "credits", "violations": [all of them], "connections"}
 *   GET  /_wait?posts=N&seconds=S   the same, once that many generation calls have arrived whole, or S is over (10)
 *
 * Words in a prompt that make the real service's refusals: #moderated (403), #filtered (200, blurred), #language
 * and #figure (422), and # with one of 401, 402, 413, 429, 500 or 503.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

#define STAND_IN_KEY "sk-test-0000"

typedef struct _StandIn StandIn;

/**
 * StandInPart:
 *
 * One part of a form, as it came.
 */
typedef struct
{
  char   *name;
  char   *file_name;    /* nullable */
  char   *content_type; /* nullable */
  GBytes *body;
} StandInPart;

/**
 * StandInRequest:
 * @head: request line and headers as they came, with their last empty line
 * @body: as it came, as far as it came; kept for the last few requests only
 * @complete: the whole body arrived
 * @status: what was answered, or would have been
 */
typedef struct
{
  gatomicrefcount  refs;
  char            *head;
  char            *method;
  char            *path;
  char            *version;
  GPtrArray       *names;      /* of headers, lower case */
  GPtrArray       *values;
  GBytes          *body;       /* nullable */
  GPtrArray       *parts;      /* StandInPart */
  GPtrArray       *violations; /* char *: what no good client sends, though the real service lets it pass */
  gboolean         complete;
  guint            status;
  int              billed;     /* hundredths of a credit */
} StandInRequest;

StandInRequest *stand_in_request_ref    (StandInRequest *request);
void            stand_in_request_unref  (StandInRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (StandInRequest, stand_in_request_unref)
const char     *stand_in_request_header (StandInRequest *request,
                                         const char     *name);
StandInPart    *stand_in_request_part   (StandInRequest *request,
                                         const char     *name);
/* The text of a part, or NULL; owned by the request. */
const char     *stand_in_request_text   (StandInRequest *request,
                                         const char     *name);

/* port 0: any free one. certificate: nullable; with one it speaks TLS. */
StandIn        *stand_in_new            (guint16          port,
                                         GTlsCertificate *certificate,
                                         GError         **error);
/* Cuts every connection and waits for its threads. */
void            stand_in_free           (StandIn         *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (StandIn, stand_in_free)
guint16         stand_in_get_port       (StandIn         *self);
/* "http://127.0.0.1:PORT", owned by the server. */
const char     *stand_in_get_url        (StandIn         *self);

/* As POST /_script, and one order of its "answers". A text that cannot be understood ends the program. */
void            stand_in_script         (StandIn         *self,
                                         const char      *json);
void            stand_in_answer         (StandIn         *self,
                                         const char      *order);
/* The same, with the body given as bytes. */
void            stand_in_answer_bytes   (StandIn         *self,
                                         const char      *order,
                                         GBytes          *body);
void            stand_in_release        (StandIn         *self);

guint           stand_in_count_posts    (StandIn         *self);
guint           stand_in_count_accepted (StandIn         *self);
guint           stand_in_count_connections (StandIn      *self);
gint64          stand_in_get_bill       (StandIn         *self);
/* Waits until so many generation calls have arrived whole; FALSE after so many seconds. */
gboolean        stand_in_wait           (StandIn         *self,
                                         guint            posts,
                                         guint            seconds);
/* The same for connections that are still open. */
gboolean        stand_in_wait_idle      (StandIn         *self,
                                         guint            seconds);
/* (transfer full) (nullable): counted from 0; negative: from the last one, -1. */
StandInRequest *stand_in_get_request    (StandIn         *self,
                                         int              index);
/* Every violation so far, a line each; "" for none. (transfer full) */
char           *stand_in_dup_violations (StandIn         *self);

G_END_DECLS
