/* The stand-in itself: a thread that accepts, a thread for each connection, the script, the log and the bill.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "stand-in-private.h"

#define BODIES_KEPT   8
#define RATE_WINDOW   (10 * G_USEC_PER_SEC)
#define RATE_LOCK_OUT (60 * G_USEC_PER_SEC)

typedef struct
{
  StandIn           *self;
  GSocketConnection *connection;
} Job;

static StandInOrder *
take_order_at (StandIn *self,
               guint    index)
{
  StandInOrder *order = self->orders->pdata[index];

  g_atomic_ref_count_inc (&order->refs);
  if (order->times > 0 && --order->times == 0)
    g_ptr_array_remove_index (self->orders, index);
  return order;
}

/* The order for a connection that is to be cut before it has said anything; NULL for none. */
static StandInOrder *
take_order_on_accept (StandIn *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  StandInOrder *first = self->orders->len == 0 ? NULL : self->orders->pdata[0];

  return first != NULL && strcmp (first->where, "accept") == 0 ? take_order_at (self, 0) : NULL;
}

static StandInOrder *
take_order (StandIn        *self,
            StandInRequest *request)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  gboolean balance = strcmp (request->method, "POST") != 0;

  for (guint i = 0; i < self->orders->len; i++)
    if (((StandInOrder *) self->orders->pdata[i])->on_balance == balance)
      return take_order_at (self, i);
  return NULL;
}

/* What a held call waits for: a release that comes after it was recorded, even if before it got round to waiting. */
typedef struct
{
  StandIn *self;
  guint    before;
} Hold;

static void
hold (gpointer user_data)
{
  Hold *held = user_data;
  StandIn *self = held->self;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  while (self->releases == held->before && !self->stopped)
    g_cond_wait (&self->changed, &self->mutex);
}

static Hold
begin_hold (StandIn *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return (Hold) { self, self->releases };
}

static void
pause_for (StandIn *self,
           guint    milliseconds)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  gint64 until = g_get_monotonic_time () + milliseconds * G_TIME_SPAN_MILLISECOND;

  while (!self->stopped && g_cond_wait_until (&self->changed, &self->mutex, until))
    ;
}

/* Counts a generation call; TRUE when there have been too many. The real service then refuses for a minute. */
static gboolean
count_post (StandIn *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  gint64 now = g_get_monotonic_time ();

  self->posts++;
  g_cond_broadcast (&self->changed);
  if (self->rate_limit == 0)
    return FALSE;
  if (now < self->locked_until)
    return TRUE;
  while (self->times->len > 0 && g_array_index (self->times, gint64, 0) < now - RATE_WINDOW)
    g_array_remove_index (self->times, 0);
  g_array_append_val (self->times, now);
  if (self->times->len <= self->rate_limit)
    return FALSE;
  self->locked_until = now + RATE_LOCK_OUT;
  return TRUE;
}

/* Whether the service works for this request, and so takes money for it, whatever becomes of its answer. */
static gboolean
is_billed (StandInOrder  *order,
           StandInAnswer *answer)
{
  if (order->billed >= 0)
    return order->billed;
  return answer->price > 0 && (order->status == 0 || order->status == 200);
}

static void
record (StandIn        *self,
        StandInRequest *request,
        int             price)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  request->billed = price;
  self->bill += price;
  self->credits -= MIN (price, self->credits);
  if (price > 0)
    self->accepted++;
  if (request->complete && stand_in_is_generation (request))
    self->arrived++;
  g_ptr_array_add (self->requests, stand_in_request_ref (request));
  if (self->requests->len > BODIES_KEPT)
    {
      StandInRequest *old = self->requests->pdata[self->requests->len - 1 - BODIES_KEPT];

      g_clear_pointer (&old->body, g_bytes_unref);
    }
  g_cond_broadcast (&self->changed);
}

static StandInAnswer *
apply_rules (StandIn        *self,
             StandInRequest *request,
             gboolean        rate_limited)
{
  StandInWorld world = { .rate_limited = rate_limited };
  g_autofree char *key = NULL;

  g_mutex_lock (&self->mutex);
  world.key = key = g_strdup (self->key);
  world.credits = self->credits;
  world.scale = self->scale;
  g_mutex_unlock (&self->mutex);
  return stand_in_rules_apply (request, &world);
}

static gboolean
wants_more (StandInRequest *request,
            StandInOrder   *order)
{
  const char *connection = stand_in_request_header (request, "connection");

  return *order->fault == '\0' && order->raw == NULL && strcmp (order->framing, "close") != 0 &&
         strcmp (order->version, "1.1") == 0 && (connection == NULL || g_ascii_strcasecmp (connection, "close") != 0);
}

/* Answers what it has not read to its end. */
static void
answer_early (StandInLink    *link,
              StandInRequest *request,
              StandInOrder   *order,
              Hold           *held)
{
  g_autoptr (StandInAnswer) answer = stand_in_answer_new (order->status != 0 ? order->status : 200);

  request->status = order->status;
  stand_in_send (link, order, answer, hold, held);
  if (strcmp (order->fault, "answer-hold") == 0)
    hold (held);
}

static void
announce (StandIn      *self,
          StandInLink  *link,
          StandInOrder *order)
{
  gsize half = strlen (order->interim) / 2;

  stand_in_link_read_ahead (link, order->at);
  stand_in_link_write (link, order->interim, half);
  pause_for (self, 50);
  stand_in_link_write (link, order->interim + half, strlen (order->interim) - half);
}

/* One call of the API; FALSE when the connection is to be closed. */
static gboolean
serve_api (StandIn        *self,
           StandInLink    *link,
           StandInRequest *request)
{
  g_autoptr (StandInOrder) order = take_order (self, request);
  g_autoptr (JsonObject) nothing = json_object_new ();
  g_autoptr (StandInAnswer) answer = NULL;
  gboolean rate_limited = stand_in_is_generation (request) && count_post (self);
  Hold held = begin_hold (self);
  int price;

  order = order != NULL ? order : stand_in_order_new (nothing, NULL);
  stand_in_rules_check_manners (request);
  if (strcmp (order->fault, "announce") == 0)
    announce (self, link, order);
  else if (strcmp (order->where, "request-body") == 0)
    {
      stand_in_link_read_body (link, request, order->at);
      record (self, request, 0);
      if (g_str_has_prefix (order->fault, "answer"))
        answer_early (link, request, order, &held);
      else if (strcmp (order->fault, "reset") == 0)
        stand_in_link_reset (link);
      else if (strcmp (order->fault, "stall") == 0)
        hold (&held);
      return FALSE;
    }
  stand_in_link_read_body (link, request, G_MAXSIZE);
  if (!request->complete)
    {
      record (self, request, 0);
      return FALSE;
    }
  answer = apply_rules (self, request, rate_limited);
  price = is_billed (order, answer) ? answer->price : 0;
  request->status = order->status != 0 ? order->status : answer->status;
  if (order->status != 0)
    {
      g_autoptr (StandInAnswer) own = g_steal_pointer (&answer);

      answer = order->status == 200 ? g_steal_pointer (&own) : stand_in_answer_new (order->status);
    }
  record (self, request, price);
  pause_for (self, order->delay + (stand_in_is_generation (request) && answer->price > 0 ? self->delay : 0));
  stand_in_send (link, order, answer, hold, &held);
  return wants_more (request, order);
}

static gboolean
start_tls (StandIn     *self,
           StandInLink *link)
{
  g_autoptr (GIOStream) tls = NULL;

  if (self->certificate == NULL)
    return TRUE;
  tls = g_tls_server_connection_new (link->stream, self->certificate, NULL);
  if (tls == NULL || !g_tls_connection_handshake (G_TLS_CONNECTION (tls), link->cancellable, NULL))
    return FALSE;
  g_tls_connection_set_require_close_notify (G_TLS_CONNECTION (tls), FALSE);
  g_set_object (&link->stream, tls);
  return TRUE;
}

static void
serve (StandIn     *self,
       StandInLink *link)
{
  g_autoptr (StandInOrder) order = take_order_on_accept (self);
  gboolean more = TRUE;
  Hold held = begin_hold (self);

  if (order != NULL)
    {
      stand_in_link_read_ahead (link, order->at);
      if (strcmp (order->fault, "reset") == 0)
        stand_in_link_reset (link);
      else if (strcmp (order->fault, "stall") == 0)
        hold (&held);
      return;
    }
  if (!start_tls (self, link))
    return;
  while (more)
    {
      g_autoptr (StandInRequest) request = stand_in_link_read_head (link);

      if (request == NULL)
        return;
      more = g_str_has_prefix (request->path, "/_") ? stand_in_serve_control (self, link, request)
                                                    : serve_api (self, link, request);
    }
}

static gpointer
connection_thread (gpointer data)
{
  Job *job = data;
  StandIn *self = job->self;
  StandInLink link = { job->connection, g_object_ref (G_IO_STREAM (job->connection)), self->cancellable,
                       g_byte_array_new () };

  /* What is sent last is on its way before the connection may be reset. */
  g_socket_set_option (g_socket_connection_get_socket (job->connection), IPPROTO_TCP, TCP_NODELAY, 1, NULL);
  serve (self, &link);
  g_io_stream_close (link.stream, NULL, NULL);
  g_object_unref (link.stream);
  g_object_unref (job->connection);
  g_byte_array_unref (link.ahead);
  g_free (job);
  g_mutex_lock (&self->mutex);
  self->open--;
  g_ptr_array_add (self->ended, g_thread_self ());
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
  return NULL;
}

static void
join_ended (StandIn *self)
{
  g_autoptr (GPtrArray) ended = NULL;

  g_mutex_lock (&self->mutex);
  ended = g_steal_pointer (&self->ended);
  self->ended = g_ptr_array_new ();
  g_mutex_unlock (&self->mutex);
  for (guint i = 0; i < ended->len; i++)
    g_thread_join (ended->pdata[i]);
}

static gpointer
accept_thread (gpointer data)
{
  StandIn *self = data;
  GSocketConnection *connection;

  while ((connection = g_socket_listener_accept (self->listener, NULL, self->cancellable, NULL)) != NULL)
    {
      Job *job = g_new0 (Job, 1);

      job->self = self;
      job->connection = connection;
      g_mutex_lock (&self->mutex);
      self->connections++;
      self->open++;
      g_mutex_unlock (&self->mutex);
      g_thread_new ("stand-in", connection_thread, job);
      join_ended (self);
    }
  return NULL;
}

StandIn *
stand_in_new (guint16          port,
              GTlsCertificate *certificate,
              GError         **error)
{
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, port);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  StandIn *self;

  if (!g_socket_listener_add_address (listener, address, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL, &bound,
                                      error))
    return NULL;
  self = g_new0 (StandIn, 1);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  self->listener = g_steal_pointer (&listener);
  g_set_object (&self->certificate, certificate);
  self->cancellable = g_cancellable_new ();
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  self->url = g_strdup_printf ("%s://127.0.0.1:%u", certificate != NULL ? "https" : "http", self->port);
  self->key = g_strdup (STAND_IN_KEY);
  self->credits = 1000 * 100;
  self->scale = 1;
  self->rate_limit = 150;
  self->times = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->ended = g_ptr_array_new ();
  self->orders = g_ptr_array_new_with_free_func ((GDestroyNotify) stand_in_order_unref);
  self->requests = g_ptr_array_new_with_free_func ((GDestroyNotify) stand_in_request_unref);
  self->thread = g_thread_new ("stand-in", accept_thread, self);
  return self;
}

void
stand_in_free (StandIn *self)
{
  g_mutex_lock (&self->mutex);
  self->stopped = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
  g_cancellable_cancel (self->cancellable);
  g_thread_join (self->thread);
  g_mutex_lock (&self->mutex);
  while (self->open > 0)
    g_cond_wait (&self->changed, &self->mutex);
  g_mutex_unlock (&self->mutex);
  join_ended (self);
  g_ptr_array_unref (self->ended);
  g_object_unref (self->listener);
  g_clear_object (&self->certificate);
  g_object_unref (self->cancellable);
  g_free (self->url);
  g_free (self->key);
  g_array_unref (self->times);
  g_ptr_array_unref (self->orders);
  g_ptr_array_unref (self->requests);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);
  g_free (self);
}

guint16
stand_in_get_port (StandIn *self)
{
  return self->port;
}

const char *
stand_in_get_url (StandIn *self)
{
  return self->url;
}

void
stand_in_release (StandIn *self)
{
  g_mutex_lock (&self->mutex);
  self->releases++;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
}

guint
stand_in_count_posts (StandIn *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return self->posts;
}

guint
stand_in_count_accepted (StandIn *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return self->accepted;
}

guint
stand_in_count_connections (StandIn *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return self->connections;
}

gint64
stand_in_get_bill (StandIn *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return self->bill;
}

gboolean
stand_in_wait (StandIn *self,
               guint    posts,
               guint    seconds)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  gint64 until = g_get_monotonic_time () + seconds * G_TIME_SPAN_SECOND;

  while (self->arrived < posts && !self->stopped)
    if (!g_cond_wait_until (&self->changed, &self->mutex, until))
      return self->arrived >= posts;
  return self->arrived >= posts;
}

gboolean
stand_in_wait_idle (StandIn *self,
                    guint    seconds)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  gint64 until = g_get_monotonic_time () + seconds * G_TIME_SPAN_SECOND;

  while (self->open > 0)
    if (!g_cond_wait_until (&self->changed, &self->mutex, until))
      return self->open == 0;
  return TRUE;
}

StandInRequest *
stand_in_get_request (StandIn *self,
                      int      index)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  int count = self->requests->len;

  index = index < 0 ? count + index : index;
  return index < 0 || index >= count ? NULL : stand_in_request_ref (self->requests->pdata[index]);
}

char *
stand_in_dup_violations (StandIn *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  GString *all = g_string_new (NULL);

  for (guint i = 0; i < self->requests->len; i++)
    {
      StandInRequest *request = self->requests->pdata[i];

      for (guint j = 0; j < request->violations->len; j++)
        g_string_append_printf (all, "%s\n", (char *) request->violations->pdata[j]);
    }
  return g_string_free (all, FALSE);
}
