/* The stand-in itself: a thread that accepts, a thread for each connection, the script, the log and the bill.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <string.h>

#include "stand-in-private.h"

#define BODIES_KEPT   8
#define RATE_WINDOW   (10 * G_USEC_PER_SEC)
#define RATE_LOCK_OUT (60 * G_USEC_PER_SEC)

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
  if (strcmp (order->where, "request-body") == 0)
    {
      stand_in_link_read_body (link, request, order->at);
      record (self, request, 0);
      if (strcmp (order->fault, "reset") == 0)
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

static JsonNode *
make_log (StandIn *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  JsonObject *log = json_object_new ();
  JsonArray *requests = json_array_new ();
  JsonArray *violations = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  for (guint i = 0; i < self->requests->len; i++)
    {
      StandInRequest *request = self->requests->pdata[i];

      json_array_add_object_element (requests, stand_in_request_to_json (request));
      for (guint j = 0; j < request->violations->len; j++)
        json_array_add_string_element (violations, request->violations->pdata[j]);
    }
  json_object_set_array_member (log, "requests", requests);
  json_object_set_array_member (log, "violations", violations);
  json_object_set_int_member (log, "posts", self->posts);
  json_object_set_int_member (log, "accepted", self->accepted);
  json_object_set_int_member (log, "bill", self->bill);
  json_object_set_double_member (log, "credits", self->credits / 100.0);
  json_object_set_int_member (log, "connections", self->connections);
  json_object_set_int_member (log, "open", self->open);
  json_node_take_object (node, log);
  return node;
}

static void
forget (StandIn *self)
{
  g_ptr_array_set_size (self->orders, 0);
  g_ptr_array_set_size (self->requests, 0);
  g_array_set_size (self->times, 0);
  self->locked_until = 0;
  self->posts = self->arrived = self->accepted = 0;
  self->bill = 0;
}

/* Takes a script; FALSE where it cannot be understood. body: nullable, for its only order. */
static gboolean
take_script (StandIn    *self,
             const char *text,
             GBytes     *body)
{
  g_autoptr (JsonNode) root = json_from_string (text, NULL);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  JsonObject *script = root != NULL && JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;
  JsonArray *answers;

  if (script == NULL)
    return FALSE;
  if (json_object_get_boolean_member_with_default (script, "reset", FALSE))
    forget (self);
  if (json_object_has_member (script, "key"))
    {
      g_free (self->key);
      self->key = g_strdup (json_object_get_string_member (script, "key"));
    }
  if (json_object_has_member (script, "credits"))
    self->credits = json_object_get_double_member (script, "credits") * 100 + 0.5;
  self->delay = json_object_get_int_member_with_default (script, "delay", self->delay);
  self->scale = json_object_get_int_member_with_default (script, "scale", self->scale);
  self->rate_limit = json_object_get_int_member_with_default (script, "rate_limit", self->rate_limit);
  answers = json_object_has_member (script, "answers") ? json_object_get_array_member (script, "answers") : NULL;
  for (guint i = 0; answers != NULL && i < json_array_get_length (answers); i++)
    {
      StandInOrder *order = stand_in_order_new (json_array_get_object_element (answers, i), body);

      if (order == NULL)
        return FALSE;
      g_ptr_array_add (self->orders, order);
    }
  return TRUE;
}

static guint
query_number (const char *path,
              const char *name,
              guint       fallback)
{
  const char *at = strstr (path, name);

  return at == NULL ? fallback : g_ascii_strtoull (at + strlen (name), NULL, 10);
}

static gboolean
serve_control (StandIn        *self,
               StandInLink    *link,
               StandInRequest *request)
{
  g_autoptr (JsonNode) log = NULL;
  g_autofree char *text = NULL;
  g_autofree char *head = NULL;
  gboolean understood = TRUE;

  stand_in_link_read_body (link, request, G_MAXSIZE);
  if (g_str_has_prefix (request->path, "/_script"))
    {
      g_autofree char *script = g_strndup (g_bytes_get_data (request->body, NULL), g_bytes_get_size (request->body));

      understood = take_script (self, script, NULL);
    }
  else if (g_str_has_prefix (request->path, "/_release"))
    stand_in_release (self);
  else if (g_str_has_prefix (request->path, "/_wait"))
    stand_in_wait (self, query_number (request->path, "posts=", 1), query_number (request->path, "seconds=", 10));
  else
    understood = g_str_has_prefix (request->path, "/_log");
  log = make_log (self);
  text = json_to_string (log, TRUE);
  head = g_strdup_printf ("HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                          understood ? "200 OK" : "400 Bad Request", strlen (text));
  return stand_in_link_write (link, head, strlen (head)) && stand_in_link_write (link, text, strlen (text));
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
      more = g_str_has_prefix (request->path, "/_") ? serve_control (self, link, request)
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

static void
script (StandIn    *self,
        const char *text,
        GBytes     *body)
{
  g_autofree char *json = g_strdup (text);

  if (strchr (json, '"') == NULL)
    g_strdelimit (json, "'", '"');
  if (!take_script (self, json, body))
    g_error ("this is no script: %s", json);
}

void
stand_in_script (StandIn    *self,
                 const char *json)
{
  script (self, json, NULL);
}

void
stand_in_answer_bytes (StandIn    *self,
                       const char *order,
                       GBytes     *body)
{
  g_autofree char *json = g_strdup_printf (strchr (order, '"') ? "{\"answers\":[%s]}" : "{'answers':[%s]}", order);

  script (self, json, body);
}

void
stand_in_answer (StandIn    *self,
                 const char *order)
{
  stand_in_answer_bytes (self, order, NULL);
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
