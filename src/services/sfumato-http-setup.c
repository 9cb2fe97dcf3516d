/* The session and the message of an exchange, without libsoup's ideas of what is convenient; and where the key is in
 * them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/sfumato-http-private.h"

#include <string.h>

gboolean
sfumato_http_is_loopback (const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  if (address != NULL)
    return g_inet_address_get_is_loopback (address);
  return g_ascii_strcasecmp (host, "localhost") == 0;
}

/* libsoup takes a length of the answer that is below zero for a number, and GObject complains of it in the log as if the
 * program were wrong. It is the server that is, and the answer is refused. */
static void
complaint_cb (const char     *domain,
              GLogLevelFlags  level,
              const char     *message,
              gpointer        user_data)
{
  if (strstr (message, "'content-length'") == NULL && strstr (message, "\"content-length\"") == NULL)
    g_log_default_handler (domain, level, message, NULL);
}

static void
leave_out_complaints (void)
{
  static gsize done;

  if (!g_once_init_enter (&done))
    return;
  g_log_set_handler ("GLib-GObject", G_LOG_LEVEL_CRITICAL, complaint_cb, NULL);
  g_once_init_leave (&done, 1);
}

SoupSession *
sfumato_http_make_session (const SfumatoHttpRequest *request,
                           const SfumatoHttpLimits  *limits)
{
  SoupSession *session = soup_session_new_with_options ("timeout", 0, "idle-timeout", 0, NULL);

  leave_out_complaints ();
  soup_session_set_user_agent (session, "Sfumato/" VERSION);
  if (limits->tls_database != NULL)
    soup_session_set_tls_database (session, limits->tls_database);
  /* What is meant for this computer stays on it, whatever the proxy settings forget to say; plain http is allowed
   * to it for that reason. */
  if (sfumato_http_is_loopback (g_uri_get_host (request->uri)))
    soup_session_set_proxy_resolver (session, NULL);
  return session;
}

static void
set_key (SoupMessage *message,
         const char  *key)
{
  g_autofree char *value = g_strconcat ("Bearer ", key, NULL);

  soup_message_headers_replace (soup_message_get_request_headers (message), "Authorization", value);
  explicit_bzero (value, strlen (value));
}

/* HTTP/1.1, because a call has a connection of its own anyway, and nothing that it says can then be repeated by the
 * protocol itself, as HTTP/2 does with streams that were refused. */
SoupMessage *
sfumato_http_make_message (const SfumatoHttpRequest *request,
                           GInputStream             *form)
{
  SoupMessage *message = soup_message_new_from_uri (request->method, request->uri);
  SoupMessageHeaders *headers = soup_message_get_request_headers (message);

  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT | SOUP_MESSAGE_NEW_CONNECTION);
  soup_message_set_force_http1 (message, TRUE);
  soup_message_headers_replace (headers, "Accept", request->accept);
  soup_message_headers_replace (headers, "stability-client-id", APP_ID);
  soup_message_headers_replace (headers, "stability-client-version", VERSION);
  if (form != NULL)
    soup_message_set_request_body (message, request->content_type, form, g_bytes_get_size (request->body));
  if (request->key != NULL)
    set_key (message, request->key);
  return message;
}

/* Once it is written nobody needs it, and libsoup would free it as it is. */
void
sfumato_http_wipe_key (SoupMessage *message)
{
  const char *value = soup_message_headers_get_one (soup_message_get_request_headers (message), "Authorization");

  if (value != NULL)
    explicit_bzero ((char *) value, strlen (value));
}

/* The head of the request, too, was written into a string that libsoup frees as it is, line by line. The allocator gives freed
 * memory of a size back first: so it is asked for, wiped and freed again. Without this seven copies of the key were
 * found in memory after 120 exchanges, and more after more; with it none to three, however many. */
void
sfumato_http_wipe_freed_heads (void)
{
  void *blocks[8];

  for (gsize size = 64; size <= 2048; size += 16)
    {
      for (guint i = 0; i < G_N_ELEMENTS (blocks); i++)
        {
          blocks[i] = g_malloc (size);
          explicit_bzero (blocks[i], size);
        }
      for (guint i = 0; i < G_N_ELEMENTS (blocks); i++)
        g_free (blocks[i]);
    }
}

void
sfumato_http_cut (GIOStream *connection)
{
  g_autoptr (GIOStream) stream = g_object_ref (connection);

  while (G_IS_TLS_CONNECTION (stream))
    {
      g_autoptr (GIOStream) outer = g_steal_pointer (&stream);

      g_object_get (outer, "base-io-stream", &stream, NULL);
    }
  if (G_IS_SOCKET_CONNECTION (stream))
    g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)), FALSE, TRUE, NULL);
}
