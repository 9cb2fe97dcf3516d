/* Encrypted connections and proxies: refused for every good reason, by its name, and before the key has left.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "certificates.h"

#include <string.h>

/* ---- certificates ---- */

static const struct
{
  const char *certificate;
  const char *reasons[2];
} certificates[] = {
  { "expired", { "expired", "clock" } },
  { "early", { "not valid yet", "clock" } },
  { "elsewhere", { "another name", "127.0.0.1" } },
  { "self-signed", { "Nobody this computer trusts", "127.0.0.1" } },
  { "unknown", { "Nobody this computer trusts", "127.0.0.1" } },
  { "weak", { "too weak", "127.0.0.1" } },
  { "common-name", { "another name", "127.0.0.1" } },
  { "unproven", { "has not been revoked", "127.0.0.1" } },
};

/* NET-03, NET-21 */
static void
test_bad_certificates (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (certificates); i++)
    {
      g_auto (Fixture) fixture = { 0 };
      g_autoptr (GError) error = NULL;
      g_autoptr (StandInRequest) request = NULL;

      certificates_set_up (&fixture, certificates[i].certificate);
      error = fixture_fail (&fixture, NULL);
      g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_NETWORK);
      g_assert_cmpint (sfumato_error_get_charge (error), ==, SFUMATO_CHARGE_NONE);
      g_assert_nonnull (strstr (error->message, certificates[i].reasons[0]));
      g_assert_nonnull (strstr (error->message, certificates[i].reasons[1]));
      g_assert_nonnull (strstr (error->message, "The key was not sent"));
      /* Not a byte of HTTP has arrived, and nobody tried again. */
      request = stand_in_get_request (fixture.server, 0);
      g_assert_null (request);
      g_assert_cmpuint (stand_in_count_connections (fixture.server), ==, 1);
    }
}

static void
test_good_certificate (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (SfumatoResult) result = NULL;
  g_autofree char *violations = NULL;

  certificates_set_up (&fixture, "good");
  result = fixture_generate (&fixture, NULL, NULL, &error);
  g_assert_no_error (error);
  violations = stand_in_dup_violations (fixture.server);
  g_assert_cmpstr (violations, ==, "");
  g_assert_true (stand_in_wait_idle (fixture.server, 5));
}

/* A connection that is cut without the farewell TLS wants: the picture decides whether it is whole. */
static void
test_cut (void)
{
  static const char * const orders[] = {
    "{'framing':'close','fault':'close','where':'answer-body','at':100}",
    "{'framing':'length','fault':'close','where':'answer-body','at':100}",
    "{'framing':'chunked','fault':'reset','where':'answer-body','at':100}",
    "{'fault':'reset'}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (orders); i++)
    {
      g_auto (Fixture) fixture = { 0 };
      g_autoptr (GError) error = NULL;

      certificates_set_up (&fixture, "good");
      stand_in_answer (fixture.server, orders[i]);
      error = fixture_fail (&fixture, NULL);
      g_assert_cmpint (sfumato_error_get_charge (error), ==, SFUMATO_CHARGE_MAYBE);
      g_assert_cmpuint (stand_in_count_posts (fixture.server), ==, 1);
    }
}

/* NET-04: no handshake, half a handshake, somebody who speaks no TLS at all. */
static void
test_no_handshake (void)
{
  static const char * const orders[] = {
    "{'fault':'close','where':'accept','at':1}", "{'fault':'reset','where':'accept','at':1}",
    "{'fault':'stall','where':'accept'}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (orders); i++)
    {
      g_auto (Fixture) fixture = { 0 };
      g_autoptr (GError) error = NULL;

      certificates_set_up (&fixture, "good");
      fixture.limits.connect_time = 500;
      fixture_apply_limits (&fixture);
      stand_in_answer (fixture.server, orders[i]);
      error = fixture_fail (&fixture, NULL);
      g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_NETWORK);
      g_assert_cmpint (sfumato_error_get_charge (error), ==, SFUMATO_CHARGE_NONE);
      g_assert_cmpuint (stand_in_count_connections (fixture.server), ==, 1);
    }
}

static void
test_no_tls_there (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autofree char *url = NULL;
  g_autoptr (GError) error = NULL;

  fixture_set_up (&fixture);
  fixture.limits.connect_time = 2000;
  url = g_strdup_printf ("https://127.0.0.1:%u", stand_in_get_port (fixture.server));
  g_clear_object (&fixture.service);
  fixture.service = sfumato_stability_new (url, NULL);
  fixture_apply_limits (&fixture);
  error = fixture_fail (&fixture, NULL);
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_NETWORK);
  g_assert_cmpint (sfumato_error_get_charge (error), ==, SFUMATO_CHARGE_NONE);
  g_assert_cmpuint (stand_in_count_posts (fixture.server), ==, 0);
}

/* ---- proxies ---- */

#define FAR "https://service.invalid:8443"

/* The stand-in takes the part of the proxy: CONNECT is no POST, and so a matter of "balance". */
static const struct
{
  const char *name;
  const char *order; /* NULL: nobody listens */
} proxies[] = {
  { "down", NULL },
  { "unknown", NULL },
  { "407", "{'on':'balance','status':407,'headers':{'Proxy-Authenticate':'Basic realm=x'}}" },
  { "403", "{'on':'balance','status':403,'body':'<html>no'}" },
  { "502", "{'on':'balance','status':502,'body':'<html>no'}" },
  { "garbage", "{'on':'balance','raw':'SSH-2.0\\r\\n'}" },
  { "closed", "{'on':'balance','fault':'close'}" },
  { "reset", "{'on':'balance','fault':'reset'}" },
  { "silent", "{'on':'balance','fault':'stall'}" },
  { "a redirect", "{'on':'balance','status':302,'headers':{'Location':'http://127.0.0.1:1/'}}" },
};

static gboolean
uses_proxy (void)
{
  g_auto (GStrv) found = g_proxy_resolver_lookup (g_proxy_resolver_get_default (), FAR, NULL, NULL);

  return found != NULL && found[0] != NULL && strcmp (found[0], g_getenv ("https_proxy")) == 0;
}

/* Runs this test in a process of its own: which proxy to use is read once. libproxy leaks what it looks up. */
static void
run_apart (void)
{
  g_auto (GStrv) environment = g_environ_setenv (g_get_environ (), "ASAN_OPTIONS", "detect_leaks=0", TRUE);

  g_test_trap_subprocess_with_envp (NULL, (const char * const *) environment, 30 * G_USEC_PER_SEC,
                                    G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
}

static void
test_proxy (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  g_auto (Fixture) fixture = { 0 };
  g_autofree char *proxy = NULL;
  g_autofree char *message = NULL;
  g_autoptr (GError) error = NULL;

  if (!g_test_subprocess ())
    {
      run_apart ();
      return;
    }
  fixture_set_up (&fixture);
  if (strcmp (proxies[i].name, "unknown") == 0)
    proxy = g_strdup ("http://no-such-proxy.invalid:8080");
  else
    proxy = g_strdup_printf ("http://127.0.0.1:%u", stand_in_get_port (fixture.server));
  g_setenv ("https_proxy", proxy, TRUE);
  g_unsetenv ("no_proxy");
  if (!uses_proxy ())
    return;
  if (proxies[i].order == NULL)
    g_clear_pointer (&fixture.server, stand_in_free);
  else
    stand_in_answer (fixture.server, proxies[i].order);
  g_clear_object (&fixture.service);
  fixture.service = sfumato_stability_new (FAR, NULL);
  if (strcmp (proxies[i].name, "silent") == 0)
    fixture.limits.connect_time = 1000;
  fixture_apply_limits (&fixture);
  error = fixture_fail (&fixture, NULL);
  g_assert_cmpint (sfumato_error_get_charge (error), ==, SFUMATO_CHARGE_NONE);
  if (proxies[i].order == NULL)
    g_assert_cmpstr (sfumato_error_get_title (error), ==, "Proxy Not Reached");
  if (fixture.server != NULL)
    {
      g_autoptr (StandInRequest) request = stand_in_get_request (fixture.server, 0);

      g_assert_cmpstr (request->method, ==, "CONNECT");
      g_assert_null (stand_in_request_header (request, "authorization"));
      g_assert_null (strstr (request->head, STAND_IN_KEY));
    }
}

/* A proxy that does its work: every name leads to the one server. It serves a single connection. */
typedef struct
{
  GSocketListener *listener;
  guint16          target;
} Tunnel;

static gpointer
pump_thread (gpointer streams)
{
  gpointer *pair = streams;

  g_output_stream_splice (pair[1], pair[0], G_OUTPUT_STREAM_SPLICE_NONE, NULL, NULL);
  g_socket_shutdown (pair[2], FALSE, TRUE, NULL);
  return NULL;
}

static gpointer
tunnel_thread (gpointer data)
{
  Tunnel *tunnel = data;
  g_autoptr (GSocketConnection) near = g_socket_listener_accept (tunnel->listener, NULL, NULL, NULL);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) far = NULL;
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (near));
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (near));
  g_autoptr (GString) head = g_string_new (NULL);
  char c;
  GThread *back;

  while (strstr (head->str, "\r\n\r\n") == NULL && g_input_stream_read (in, &c, 1, NULL, NULL) == 1)
    g_string_append_c (head, c);
  g_assert_true (g_str_has_prefix (head->str, "CONNECT service.invalid:8443 HTTP/1.1\r\n"));
  g_assert_null (strstr (head->str, STAND_IN_KEY));
  g_output_stream_write_all (out, "HTTP/1.1 200 Fine\r\n\r\n", strlen ("HTTP/1.1 200 Fine\r\n\r\n"), NULL, NULL, NULL);

  g_socket_client_set_proxy_resolver (client, NULL);
  g_socket_client_set_enable_proxy (client, FALSE);
  far = g_socket_client_connect_to_host (client, "127.0.0.1", tunnel->target, NULL, NULL);
  gpointer forth[] = { in, g_io_stream_get_output_stream (G_IO_STREAM (far)), g_socket_connection_get_socket (far) };
  gpointer home[] = { g_io_stream_get_input_stream (G_IO_STREAM (far)), out, g_socket_connection_get_socket (near) };
  back = g_thread_new ("back", pump_thread, home);
  pump_thread (forth);
  g_thread_join (back);
  return NULL;
}

static void
test_through_proxy (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GSocketListener) listener = NULL;
  Tunnel tunnel;
  g_autofree char *proxy = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (SfumatoResult) result = NULL;
  GThread *thread;

  if (!g_test_subprocess ())
    {
      run_apart ();
      return;
    }
  certificates_set_up (&fixture, "far");
  listener = g_socket_listener_new ();
  proxy = g_strdup_printf ("http://127.0.0.1:%u", g_socket_listener_add_any_inet_port (listener, NULL, NULL));
  g_setenv ("https_proxy", proxy, TRUE);
  g_unsetenv ("no_proxy");
  if (!uses_proxy ())
    return;
  tunnel = (Tunnel) { listener, stand_in_get_port (fixture.server) };
  thread = g_thread_new ("tunnel", tunnel_thread, &tunnel);
  g_clear_object (&fixture.service);
  fixture.service = sfumato_stability_new (FAR, NULL);
  fixture_apply_limits (&fixture);
  result = fixture_generate (&fixture, NULL, NULL, &error);
  g_assert_no_error (error);
  g_thread_join (thread);
}

/* What is meant for this computer does not go to a proxy. */
static void
test_loopback_without_proxy (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_auto (Fixture) proxy = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (SfumatoResult) result = NULL;

  if (!g_test_subprocess ())
    {
      run_apart ();
      return;
    }
  fixture_set_up (&proxy);
  fixture_set_up (&fixture);
  g_setenv ("http_proxy", stand_in_get_url (proxy.server), TRUE);
  g_setenv ("https_proxy", stand_in_get_url (proxy.server), TRUE);
  g_unsetenv ("no_proxy");
  result = fixture_generate (&fixture, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (stand_in_count_connections (proxy.server), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  int failed;

  g_test_init (&argc, &argv, NULL);
  certificates_make ();
  g_test_add_func ("/secure/bad-certificates", test_bad_certificates);
  g_test_add_func ("/secure/good-certificate", test_good_certificate);
  g_test_add_func ("/secure/cut", test_cut);
  g_test_add_func ("/secure/no-handshake", test_no_handshake);
  g_test_add_func ("/secure/no-tls-there", test_no_tls_there);
  for (guint i = 0; i < G_N_ELEMENTS (proxies); i++)
    {
      g_autofree char *path = g_strdup_printf ("/secure/proxy/%s", proxies[i].name);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_proxy);
    }
  g_test_add_func ("/secure/through-proxy", test_through_proxy);
  g_test_add_func ("/secure/loopback-without-proxy", test_loopback_without_proxy);
  failed = g_test_run ();
  certificates_remove ();
  return failed;
}
