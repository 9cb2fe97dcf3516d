/* Servers that do not agree on an encryption, or on none that is safe: each is refused with a reason, in time, and
 * before a byte of the request has left.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "certificates.h"

#include <string.h>

/* A service that trusts the authority, at that port. */
static void
point_at (Fixture *fixture,
          guint16  port)
{
  g_autofree char *url = g_strdup_printf ("https://127.0.0.1:%u", port);

  fixture->service = sfumato_stability_new (url, NULL);
  fixture->limits = sfumato_http_limits;
  fixture->limits.connect_time = 700;
  fixture->limits.tls_database = certificates_load_authority ();
  fixture_apply_limits (fixture);
}

/* ---- a server of another library, in a process of its own ---- */

typedef struct
{
  const char    *name;
  const char    *certificate;
  const char    *priority;
  gboolean       staples; /* shows what the authority says of its certificate */
  const char    *reason;  /* NULL: it is spoken to */
} Peer;

static const Peer peers[] = {
  { "TLS 1.3", "good", "NORMAL:-VERS-ALL:+VERS-TLS1.3", FALSE, NULL },
  { "TLS 1.2", "good", "NORMAL:-VERS-ALL:+VERS-TLS1.2", FALSE, NULL },
  { "TLS 1.1", "good", "NORMAL:-VERS-ALL:+VERS-TLS1.1", FALSE, "no longer safe" },
  { "TLS 1.0", "good", "NORMAL:-VERS-ALL:+VERS-TLS1.0", FALSE, "no longer safe" },
  { "TLS 1.0, a stranger", "unknown", "NORMAL:-VERS-ALL:+VERS-TLS1.0", FALSE, "Nobody this computer trusts" },
  { "no cipher in common", "good", "NONE:+VERS-TLS1.2:+ARCFOUR-128:+SHA1:+ECDHE-ECDSA:+SIGN-ALL:+GROUP-ALL:+COMP-NULL",
    FALSE, "no encryption" },
  { "no certificate", "good", "NONE:+VERS-TLS1.2:+AES-128-CBC:+SHA1:+ANON-ECDH:+SIGN-ALL:+GROUP-ALL:+COMP-NULL", FALSE,
    "no encryption" },
  { "revoked", "revoked", "NORMAL", TRUE, "has been revoked" },
  { "unproven", "unproven", "NORMAL", FALSE, "has not been revoked" },
};

static GSubprocess *
start_peer (const Peer *peer)
{
  g_autofree char *certificate = certificates_dup_path (peer->certificate, ".pem");
  g_autofree char *key = certificates_dup_path (peer->certificate, ".key");
  g_autofree char *status = certificates_dup_path (peer->certificate, ".ocsp");
  g_autoptr (GError) error = NULL;
  GSubprocess *process =
    g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE, &error, "gnutls-serv", "--echo",
                      "--port=0", "--priority", peer->priority, "--x509certfile", certificate, "--x509keyfile", key,
                      peer->staples ? "--ignore-ocsp-response-errors" : NULL, "--ocsp-response", status, NULL);

  g_assert_no_error (error);
  return process;
}

/* Whether that process has the socket with that number. */
static gboolean
has_socket (const char *pid,
            const char *inode)
{
  g_autofree char *folder = g_strdup_printf ("/proc/%s/fd", pid);
  g_autofree char *wanted = g_strdup_printf ("socket:[%s]", inode);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  gboolean found = FALSE;

  while (dir != NULL && !found && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);

      found = g_strcmp0 (target, wanted) == 0;
    }
  return found;
}

/* It takes any free port, and does not say which. Fields of the kernel's table: number, address, peer's, state (0A:
 * listening), queues, timer, retransmits, user, timeout, inode. */
static guint16
find_port (GSubprocess *process)
{
  g_autofree char *table = NULL;
  g_auto (GStrv) lines = NULL;

  g_assert_true (g_file_get_contents ("/proc/net/tcp", &table, NULL, NULL));
  lines = g_strsplit (table, "\n", -1);
  for (int i = 1; lines[i] != NULL; i++)
    {
      g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
      g_auto (GStrv) words = g_strsplit_set (g_strstrip (lines[i]), " ", -1);
      g_auto (GStrv) fields = NULL;

      for (int j = 0; words[j] != NULL; j++)
        if (*words[j] != '\0')
          g_strv_builder_add (builder, words[j]);
      fields = g_strv_builder_end (builder);
      if (g_strv_length (fields) > 9 && strcmp (fields[3], "0A") == 0 &&
          has_socket (g_subprocess_get_identifier (process), fields[9]))
        return g_ascii_strtoull (strchr (fields[1], ':') + 1, NULL, 16);
    }
  return 0;
}

static guint16
wait_for_port (GSubprocess *process)
{
  guint16 port = 0;

  for (int i = 0; i < 1000 && port == 0; i++)
    {
      g_usleep (10000);
      port = find_port (process);
    }
  g_assert_cmpuint (port, !=, 0);
  return port;
}

/* NET-03, NET-04 */
static void
test_peers (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    {
      g_auto (Fixture) fixture = { 0 };
      g_autoptr (GSubprocess) process = start_peer (&peers[i]);
      g_autoptr (GError) error = NULL;
      g_autofree char *said = NULL;

      g_test_message ("%s", peers[i].name);
      point_at (&fixture, wait_for_port (process));
      fixture.limits.connect_time = 20000;
      fixture_apply_limits (&fixture);
      error = fixture_fail (&fixture, NULL);
      g_subprocess_send_signal (process, SIGTERM);
      g_assert_true (g_subprocess_communicate_utf8 (process, NULL, NULL, &said, NULL, NULL));
      /* What echoes is no service; but it has been asked. */
      g_assert_cmpint (strstr (said, "received cmd: POST") != NULL, ==, peers[i].reason == NULL);
      if (peers[i].reason == NULL)
        continue;
      g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_NETWORK);
      g_assert_cmpstr (sfumato_error_get_title (error), ==, "Connection Not Secure");
      g_assert_cmpint (sfumato_error_get_charge (error), ==, SFUMATO_CHARGE_NONE);
      g_assert_nonnull (strstr (error->message, peers[i].reason));
      g_assert_nonnull (strstr (error->message, "The key was not sent"));
      g_assert_null (strstr (said, "received cmd"));
    }
}

/* ---- who says something else than a greeting, or not all of it ---- */

typedef struct
{
  const char *name;
  const char *bytes;
  gsize       size;
  gboolean    hangs;   /* behind them; else it closes */
  gboolean    repeats; /* them, without end */
} Greeting;

#define BYTES(text) text, sizeof text - 1

static const Greeting greetings[] = {
  { "nothing", BYTES (""), TRUE, FALSE },
  { "half the head of a record", BYTES ("\x16\x03\x03"), TRUE, FALSE },
  { "a record that does not come", BYTES ("\x16\x03\x03\x40\x00"), TRUE, FALSE },
  { "half a greeting", BYTES ("\x16\x03\x03\x00\x5a\x02\x00\x00\x56\x03\x03\x01\x02\x03"), TRUE, FALSE },
  { "half a greeting and no more", BYTES ("\x16\x03\x03\x00\x5a\x02\x00\x00\x56\x03\x03\x01\x02\x03"), FALSE, FALSE },
  { "a greeting of zeros", BYTES ("\x16\x03\x03\x00\x08\x02\x00\x00\x04\x00\x00\x00\x00"), TRUE, FALSE },
  { "protocol_version", BYTES ("\x15\x03\x01\x00\x02\x02\x46"), FALSE, FALSE },
  { "protocol_version, and the line stays open", BYTES ("\x15\x03\x01\x00\x02\x02\x46"), TRUE, FALSE },
  { "handshake_failure", BYTES ("\x15\x03\x03\x00\x02\x02\x28"), FALSE, FALSE },
  { "farewell", BYTES ("\x15\x03\x03\x00\x02\x01\x00"), FALSE, FALSE },
  { "warnings without end", BYTES ("\x15\x03\x03\x00\x02\x01\x5a"), TRUE, TRUE },
  { "empty records without end", BYTES ("\x16\x03\x03\x00\x00"), TRUE, TRUE },
  { "data without a greeting", BYTES ("\x17\x03\x03\x00\x04\x00\x00\x00\x00"), TRUE, FALSE },
  { "a record that is too long", BYTES ("\x16\x03\x03\xff\xff"), TRUE, FALSE },
  { "HTTP", BYTES ("HTTP/1.1 400 Bad Request\r\n\r\nThe plain HTTP request was sent to HTTPS port"), FALSE, FALSE },
  { "SSH", BYTES ("SSH-2.0-OpenSSH_9.2\r\n"), TRUE, FALSE },
  { "zeros without end", BYTES ("\0\0\0\0\0\0\0\0"), TRUE, TRUE },
};

typedef struct
{
  const Greeting  *greeting;
  GSocketListener *listener;
  GByteArray      *heard;
} Greeter;

/* Greets once the other side has said something, and listens until it closes. */
static gpointer
greet_thread (gpointer data)
{
  Greeter *self = data;
  g_autoptr (GSocketConnection) connection = g_socket_listener_accept (self->listener, NULL, NULL, NULL);
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  guint8 block[4096];
  gssize size = g_input_stream_read (in, block, sizeof block, NULL, NULL);

  g_byte_array_append (self->heard, block, MAX (size, 0));
  while (g_output_stream_write_all (out, self->greeting->bytes, self->greeting->size, NULL, NULL, NULL) &&
         self->greeting->repeats)
    g_usleep (1000);
  while (self->greeting->hangs && (size = g_input_stream_read (in, block, sizeof block, NULL, NULL)) > 0)
    g_byte_array_append (self->heard, block, size);
  return NULL;
}

static gpointer
greeting_thread (gpointer data)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  g_autoptr (GByteArray) heard = g_byte_array_new ();
  Greeter greeter = { data, listener, heard };
  gint64 began = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;
  GThread *thread;

  point_at (&fixture, g_socket_listener_add_any_inet_port (listener, NULL, NULL));
  thread = g_thread_new ("greet", greet_thread, &greeter);
  error = fixture_fail (&fixture, NULL);
  g_thread_join (thread);
  g_test_message ("%s", greeter.greeting->name);
  g_assert_cmpint (g_get_monotonic_time () - began, <, 10 * G_TIME_SPAN_SECOND);
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_NETWORK);
  g_assert_cmpint (sfumato_error_get_charge (error), ==, SFUMATO_CHARGE_NONE);
  g_assert_nonnull (strstr (error->message, "Nothing was sent or charged"));
  /* A greeting and perhaps a complaint, and neither path nor key. */
  g_assert_cmpuint (heard->len, >, 0);
  g_assert_null (g_strstr_len ((char *) heard->data, heard->len, "v2beta"));
  g_assert_null (g_strstr_len ((char *) heard->data, heard->len, STAND_IN_KEY));
  return NULL;
}

/* All of them at once: they mostly wait. */
static void
test_greetings (void)
{
  GThread *threads[G_N_ELEMENTS (greetings)];

  for (guint i = 0; i < G_N_ELEMENTS (greetings); i++)
    threads[i] = g_thread_new ("greeting", greeting_thread, (gpointer) &greetings[i]);
  for (guint i = 0; i < G_N_ELEMENTS (greetings); i++)
    g_thread_join (threads[i]);
}

int
main (int    argc,
      char **argv)
{
  int failed;

  g_test_init (&argc, &argv, NULL);
  certificates_make ();
  g_test_add_func ("/handshakes/peers", test_peers);
  g_test_add_func ("/handshakes/greetings", test_greetings);
  failed = g_test_run ();
  certificates_remove ();
  return failed;
}
