/* One bounded HTTP exchange.
 *
 * libsoup's blocking calls know no deadline for the whole, no progress and no other way out than their own timeout
 * of a socket. So the asynchronous ones are used, on a main context of this exchange alone, which the calling
 * thread runs until the exchange is over: timers, cancelling and progress are sources of the same loop and need no
 * lock. A limit that is reached cancels the exchange from inside; it always ends by way of the callback of what
 * was under way, so that nothing is left behind.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/sfumato-http-private.h"

#include <string.h>

const SfumatoHttpLimits sfumato_http_limits = {
  .connect_time = 15 * 1000,
  .idle_time = 180 * 1000,
  .total_time = 300 * 1000,
  .check_time = 20 * 1000,
  .picture_bytes = SFUMATO_IMAGE_BYTES_MAX,
  .json_bytes = 96 * 1024 * 1024,
  .error_bytes = 1024 * 1024,
};

/* ---- telling and ending ---- */

void
sfumato_http_tell (SfumatoHttpExchange *self,
                   SfumatoStage         stage,
                   double               fraction)
{
  if (self->request->progress == NULL)
    return;
  if (fraction > 0 && fraction < 1 && fraction - self->told < 0.01)
    return;
  self->told = fraction;
  self->request->progress (&(SfumatoProgress) { .stage = stage, .fraction = fraction, .seconds_left = -1 },
                           self->request->user_data);
}

static void
cut (SfumatoHttpExchange *self)
{
  if (self->connection != NULL)
    sfumato_http_cut (self->connection);
  g_cancellable_cancel (self->inside);
}

void
sfumato_http_fail (SfumatoHttpExchange *self,
                   SfumatoHttpProblem   problem)
{
  if (self->answer->problem == SFUMATO_HTTP_DONE)
    self->answer->problem = problem;
  cut (self);
}

static gboolean
connect_timer_cb (gpointer data)
{
  sfumato_http_fail (data, SFUMATO_HTTP_SLOW_CONNECT);
  return G_SOURCE_REMOVE;
}

static gboolean
idle_timer_cb (gpointer data)
{
  sfumato_http_fail (data, SFUMATO_HTTP_SILENT);
  return G_SOURCE_REMOVE;
}

static gboolean
total_timer_cb (gpointer data)
{
  sfumato_http_fail (data, SFUMATO_HTTP_TOO_LONG);
  return G_SOURCE_REMOVE;
}

static gboolean
cancelled_cb (gpointer data)
{
  sfumato_http_fail (data, SFUMATO_HTTP_CANCELLED);
  return G_SOURCE_REMOVE;
}

/* On the thread of whoever cancels. */
static void
wake_cb (GCancellable *cancellable,
         gpointer      source)
{
  g_source_set_ready_time (source, 0);
}

static GSource *
add_timer (SfumatoHttpExchange *self,
           guint                milliseconds,
           GSourceFunc          callback)
{
  GSource *source = g_timeout_source_new (milliseconds);

  g_source_set_callback (source, callback, self, NULL);
  g_source_attach (source, self->context);
  return source;
}

void
sfumato_http_not_idle (SfumatoHttpExchange *self)
{
  g_source_set_ready_time (self->idle_timer,
                           g_get_monotonic_time () + self->limits->idle_time * G_TIME_SPAN_MILLISECOND);
}

/* ---- what happens before an answer ---- */

static SfumatoHttpProblem
classify_connecting (SfumatoHttpExchange *self,
                     const GError        *error)
{
  /* Whose name it was that nobody has, its sentence alone says. */
  if (error->domain == G_RESOLVER_ERROR)
    return strstr (error->message, g_uri_get_host (self->request->uri)) != NULL ? SFUMATO_HTTP_NO_HOST
                                                                                : SFUMATO_HTTP_NO_PROXY;
  if (error->domain == G_TLS_ERROR || self->phase == G_SOCKET_CLIENT_TLS_HANDSHAKING)
    return SFUMATO_HTTP_NO_TLS;
  if (self->through_proxy || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PROXY_FAILED) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PROXY_AUTH_FAILED) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PROXY_NEED_AUTH) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PROXY_NOT_ALLOWED))
    return SFUMATO_HTTP_NO_PROXY;
  return SFUMATO_HTTP_NO_CONNECTION;
}

/* libsoup reads what came of a head as if it were whole. Where that fails in the middle of a line, there are headers but
 * no length of a body yet, and no status; what never was HTTP has no headers. */
static gboolean
is_head_cut (SfumatoHttpExchange *self)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (self->message);
  SoupMessageHeadersIter iter;
  const char *name, *value;

  soup_message_headers_iter_init (&iter, headers);
  return soup_message_get_status (self->message) == SOUP_STATUS_NONE &&
         soup_message_headers_get_encoding (headers) == SOUP_ENCODING_EOF &&
         soup_message_headers_iter_next (&iter, &name, &value);
}

static SfumatoHttpProblem
classify (SfumatoHttpExchange *self,
          const GError        *error)
{
  if (!self->answer->sent)
    return classify_connecting (self, error);
  if (is_head_cut (self))
    return SFUMATO_HTTP_LOST;
  if (error->domain == SOUP_SESSION_ERROR || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA))
    return SFUMATO_HTTP_GARBAGE;
  return SFUMATO_HTTP_LOST;
}

static gboolean
has_early_answer (SfumatoHttpExchange *self)
{
  return self->form != NULL && sfumato_http_form_has_heard (self->form);
}

void
sfumato_http_finish (SfumatoHttpExchange *self,
                     const GError        *error)
{
  if (error != NULL && !has_early_answer (self))
    {
      if (self->answer->problem == SFUMATO_HTTP_DONE)
        self->answer->problem = classify (self, error);
      g_set_str (&self->answer->message, error->message);
    }
  self->over = TRUE;
}

/* The library still speaks TLS 1.0 and 1.1 with who asks for it; nothing has been sent yet. */
static void
check_encryption (SfumatoHttpExchange *self,
                  GIOStream           *connection)
{
  if (g_tls_connection_get_protocol_version (G_TLS_CONNECTION (connection)) < G_TLS_PROTOCOL_VERSION_TLS_1_2)
    sfumato_http_fail (self, SFUMATO_HTTP_OLD_TLS);
}

static void
network_event_cb (SoupMessage        *message,
                  GSocketClientEvent  event,
                  GIOStream          *connection,
                  gpointer            data)
{
  SfumatoHttpExchange *self = data;

  self->phase = event;
  if (event == G_SOCKET_CLIENT_TLS_HANDSHAKED)
    check_encryption (self, connection);
  else if (event == G_SOCKET_CLIENT_CONNECTING && G_IS_SOCKET_CONNECTION (connection))
    {
      g_autoptr (GSocketAddress) address =
        g_socket_connection_get_remote_address (G_SOCKET_CONNECTION (connection), NULL);

      self->through_proxy = G_IS_PROXY_ADDRESS (address);
    }
  else if (event == G_SOCKET_CLIENT_COMPLETE)
    {
      g_source_destroy (self->connect_timer);
      g_set_object (&self->connection, connection);
      sfumato_http_not_idle (self);
    }
}

static void
heard_cb (gboolean over,
          gpointer data)
{
  SfumatoHttpExchange *self = data;

  sfumato_http_not_idle (self);
  if (over)
    cut (self);
}

/* From here on the server may have read something of the body. */
static void
wrote_headers_cb (SoupMessage *message,
                  gpointer     data)
{
  SfumatoHttpExchange *self = data;

  self->answer->sent = TRUE;
  sfumato_http_wipe_key (self->message);
  sfumato_http_wipe_freed_heads ();
  sfumato_http_not_idle (self);
  if (self->form != NULL && self->connection != NULL)
    sfumato_http_form_listen (self->form, self->connection, self->limits->picture_bytes, heard_cb, self);
}

static void
wrote_body_data_cb (SoupMessage *message,
                    guint        size,
                    gpointer     data)
{
  SfumatoHttpExchange *self = data;
  gsize total = self->request->body != NULL ? g_bytes_get_size (self->request->body) : 0;

  self->written += size;
  sfumato_http_not_idle (self);
  if (self->written >= total)
    sfumato_http_form_written (self->form);
  if (total > 0)
    sfumato_http_tell (self, SFUMATO_STAGE_SENDING, MIN ((double) self->written / total, 1));
}

static void
wrote_body_cb (SoupMessage *message,
               gpointer     data)
{
  SfumatoHttpExchange *self = data;

  sfumato_http_not_idle (self);
  sfumato_http_tell (self, SFUMATO_STAGE_MAKING, -1);
}

/* ---- the answer ---- */

static void
sent_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      data)
{
  SfumatoHttpExchange *self = data;
  g_autoptr (GError) error = NULL;

  self->stream = soup_session_send_finish (SOUP_SESSION (source), result, &error);
  if (self->stream == NULL)
    {
      self->answer->tls_errors = soup_message_get_tls_peer_certificate_errors (self->message);
      sfumato_http_finish (self, error);
      return;
    }
  sfumato_http_read (self);
}

/* The names of codings know no case, but to libsoup they do. */
static void
got_headers_cb (SoupMessage *message,
                gpointer     data)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (message);
  const char *coding = soup_message_headers_get_list (headers, "Content-Encoding");
  g_autofree char *lower = coding != NULL ? g_ascii_strdown (coding, -1) : NULL;

  if (lower != NULL)
    soup_message_headers_replace (headers, "Content-Encoding", lower);
}

/* "102 Processing" says that somebody is still at it. */
static void
got_informational_cb (SoupMessage *message,
                      gpointer     data)
{
  sfumato_http_not_idle (data);
}

/* libsoup asks again by itself after a 421, and would after a challenge it knew an answer to. Nothing is sent twice. */
static void
restarted_cb (SoupMessage *message,
              gpointer     data)
{
  SfumatoHttpExchange *self = data;

  if (self->answer->headers == NULL)
    sfumato_http_take_head (self);
  sfumato_http_fail (self, SFUMATO_HTTP_LOST);
}

/* ---- running ---- */

static void
watch (SfumatoHttpExchange *self)
{
  g_signal_connect (self->message, "network-event", G_CALLBACK (network_event_cb), self);
  g_signal_connect (self->message, "wrote-headers", G_CALLBACK (wrote_headers_cb), self);
  g_signal_connect (self->message, "wrote-body-data", G_CALLBACK (wrote_body_data_cb), self);
  g_signal_connect (self->message, "wrote-body", G_CALLBACK (wrote_body_cb), self);
  g_signal_connect (self->message, "got-informational", G_CALLBACK (got_informational_cb), self);
  g_signal_connect (self->message, "got-headers", G_CALLBACK (got_headers_cb), self);
  g_signal_connect (self->message, "restarted", G_CALLBACK (restarted_cb), self);
}

static void
run (SfumatoHttpExchange *self,
     GCancellable        *cancellable)
{
  GSource *total = add_timer (self, self->request->total_time, total_timer_cb);
  GSource *cancelled = add_timer (self, 0, cancelled_cb);
  gulong waker;

  self->connect_timer = add_timer (self, self->limits->connect_time, connect_timer_cb);
  self->idle_timer = add_timer (self, self->limits->idle_time, idle_timer_cb);
  g_source_set_ready_time (cancelled, -1);
  waker = cancellable != NULL ? g_cancellable_connect (cancellable, G_CALLBACK (wake_cb), cancelled, NULL) : 0;

  soup_session_send_async (self->session, self->message, G_PRIORITY_DEFAULT, self->inside, sent_cb, self);
  while (!self->over)
    g_main_context_iteration (self->context, TRUE);

  /* Waits for whoever is cancelling at this moment. GLib's own source for it does not: it would reach for the lock of
   * the context when that is gone, and hang. */
  g_cancellable_disconnect (cancellable, waker);
  if (self->form != NULL)
    sfumato_http_form_stop (self->form);
  g_source_destroy (total);
  g_source_unref (total);
  g_source_destroy (cancelled);
  g_source_unref (cancelled);
  g_source_destroy (self->connect_timer);
  g_source_unref (self->connect_timer);
  g_source_destroy (self->idle_timer);
  g_source_unref (self->idle_timer);
}

/* Closes the connection, whatever state it is in, and lets everything that hangs on the context end. */
static void
tear_down (SfumatoHttpExchange *self)
{
  sfumato_http_wipe_key (self->message);
  g_signal_handlers_disconnect_by_data (self->message, self);
  g_cancellable_cancel (self->inside);
  g_clear_object (&self->stream);
  soup_session_abort (self->session);
  g_clear_object (&self->message);
  sfumato_http_wipe_freed_heads ();
  g_clear_object (&self->session);
  g_clear_object (&self->connection);
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_clear_object (&self->inside);
  g_clear_object (&self->form);
  sfumato_http_wipe_freed_heads ();
}

/* The server answered before it had all of the form. */
static void
take_early_answer (SfumatoHttpExchange *self)
{
  SfumatoHttpProblem problem =
    has_early_answer (self) ? sfumato_http_form_take (self->form, self->answer, self->body) : SFUMATO_HTTP_DONE;

  if (problem != SFUMATO_HTTP_DONE)
    sfumato_http_fail (self, problem);
}

/* These live as long as the process and watch the system by way of the main context they are made in. That must be
 * the default one: an exchange's own comes and goes. */
static void
make_watchers (void)
{
  g_proxy_resolver_get_default ();
  g_network_monitor_get_default ();
}

void
sfumato_http_exchange (const SfumatoHttpRequest *request,
                       const SfumatoHttpLimits  *limits,
                       GCancellable             *cancellable,
                       SfumatoHttpAnswer        *answer)
{
  SfumatoHttpExchange self = { .request = request, .limits = limits, .answer = answer };

  *answer = (SfumatoHttpAnswer) { .problem = SFUMATO_HTTP_DONE };
  make_watchers ();
  self.context = g_main_context_new ();
  g_main_context_push_thread_default (self.context);
  self.inside = g_cancellable_new ();
  self.body = g_byte_array_new ();
  self.session = sfumato_http_make_session (request, limits);
  if (request->body != NULL)
    self.form = sfumato_http_form_new (request->body);
  self.message = sfumato_http_make_message (request, G_INPUT_STREAM (self.form));
  watch (&self);
  sfumato_http_tell (&self, SFUMATO_STAGE_SENDING, 0);
  run (&self, cancellable);
  take_early_answer (&self);
  answer->body = g_byte_array_free_to_bytes (self.body);
  /* libsoup hands out what a proxy answered to its CONNECT as if it were the server's. */
  if (answer->headers != NULL && !answer->sent)
    answer->problem = SFUMATO_HTTP_NO_PROXY;
  tear_down (&self);
  g_main_context_pop_thread_default (self.context);
  g_main_context_unref (self.context);
}
