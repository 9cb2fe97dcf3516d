/* The way there and back: what breaks, what hangs, what is cancelled, and that every end is told truly and in time.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "fixture.h"

#include <string.h>

#define NONE  SFUMATO_CHARGE_NONE
#define MAYBE SFUMATO_CHARGE_MAYBE

/* A port nobody listens on. */
static char *
make_dead_address (void)
{
  g_autoptr (StandIn) server = stand_in_new (0, NULL, NULL);

  return g_strdup (stand_in_get_url (server));
}

static void
point_at (Fixture    *fixture,
          const char *url)
{
  g_autoptr (GError) error = NULL;

  g_clear_object (&fixture->service);
  fixture->service = sfumato_stability_new (url, &error);
  g_assert_no_error (error);
  fixture_apply_limits (fixture);
}

/* ---- nobody there ---- */

static void
test_refused (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autofree char *dead = make_dead_address ();
  g_autoptr (GError) error = NULL;

  fixture_set_up (&fixture);
  point_at (&fixture, dead);
  error = fixture_fail (&fixture, NULL);
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_NETWORK);
  g_assert_cmpint (sfumato_error_get_charge (error), ==, NONE);
  g_assert_nonnull (strstr (error->message, "Nothing was sent or charged"));
  g_assert_nonnull (strstr (error->message, "127.0.0.1:"));
}

static void
test_unknown_host (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GError) error = NULL;

  fixture_set_up (&fixture);
  point_at (&fixture, "https://no-such-host.invalid");
  error = fixture_fail (&fixture, NULL);
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_NETWORK);
  g_assert_cmpint (sfumato_error_get_charge (error), ==, NONE);
  g_assert_nonnull (strstr (error->message, "no-such-host.invalid"));
}

/* ---- broken off ---- */

static const struct
{
  const char *name;
  const char *order;
  int         charge; /* -1: whether the request went out before the connection was gone is a matter of luck */
  int         code;   /* -1: any of network and service */
} breaks[] = {
  { "closed at once", "{'fault':'close','where':'accept'}", -1, SFUMATO_ERROR_NETWORK },
  { "reset at once", "{'fault':'reset','where':'accept'}", -1, SFUMATO_ERROR_NETWORK },
  { "closed in the form", "{'fault':'close','where':'request-body','at':10}", MAYBE, SFUMATO_ERROR_NETWORK },
  { "reset in the form", "{'fault':'reset','where':'request-body','at':10}", MAYBE, SFUMATO_ERROR_NETWORK },
  { "NET-05 closed", "{'fault':'close'}", MAYBE, SFUMATO_ERROR_NETWORK },
  { "NET-05", "{'fault':'reset'}", MAYBE, SFUMATO_ERROR_NETWORK },
  { "half a status line", "{'fault':'close','where':'answer-head','at':7}", MAYBE, -1 },
  { "half a head", "{'fault':'close','where':'answer-head','at':40}", MAYBE, -1 },
  { "a status line and no more", "{'raw':'HTTP/1.1 200 OK\\r\\n'}", MAYBE, SFUMATO_ERROR_NETWORK },
  { "a head of lines and no more", "{'raw':'HTTP/1.1 200 OK\\r\\nContent-Type: image/png\\r\\n'}", MAYBE,
    SFUMATO_ERROR_NETWORK },
  { "a head cut in a name", "{'raw':'HTTP/1.1 200 OK\\r\\nContent-Type: image/png\\r\\nse'}", MAYBE,
    SFUMATO_ERROR_NETWORK },
  { "a head cut in a value", "{'raw':'HTTP/1.1 402 No\\r\\nX-A: b\\r\\nContent-Length: 1'}", MAYBE,
    SFUMATO_ERROR_NETWORK },
  { "half a head and reset", "{'fault':'reset','where':'answer-head','at':40}", MAYBE, -1 },
  { "NET-06", "{'fault':'reset','where':'answer-body','at':100}", MAYBE, SFUMATO_ERROR_NETWORK },
  { "a head and nothing", "{'fault':'close','where':'answer-body'}", MAYBE, SFUMATO_ERROR_NETWORK },
  { "a bad chunk", "{'framing':'bad-chunk','body':'xyz'}", MAYBE, -1 },
  { "a chunk of a negative size",
    "{'raw':'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n-5\\r\\nabc'}", MAYBE, -1 },
  { "a chunk of a huge size",
    "{'raw':'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\nffffffffffffffffff\\r\\nabc'}", MAYBE, -1 },
  { "no HTTP", "{'raw':'SSH-2.0-OpenSSH_9.2\\r\\n'}", MAYBE, SFUMATO_ERROR_SERVICE },
  { "binary", "{'raw':'\\u0001\\u0002\\u0003\\u0004\\r\\n\\r\\n'}", MAYBE, -1 },
  { "HTTP of another kind", "{'raw':'HTTP/9.9 200 OK\\r\\n\\r\\n'}", MAYBE, -1 },
  { "a status of letters", "{'raw':'HTTP/1.1 abc OK\\r\\n\\r\\n'}", MAYBE, -1 },
  { "a status of letters and the rest", "{'raw':'HTTP/1.1 abc OK\\r\\nContent-Length: 0\\r\\n\\r\\n'}", MAYBE,
    SFUMATO_ERROR_SERVICE },
  { "no gzip", "{'headers':{'Content-Encoding':'gzip'},'body':'this is not compressed at all'}", MAYBE, -1 },
  { "half a gzip", "{'encoding':'gzip','fault':'close','where':'answer-body','at':200}", MAYBE, -1 },
  { "nothing but hints", "{'raw':'HTTP/1.1 103 Early Hints\\r\\n\\r\\n'}", MAYBE, -1 },
  { "an upgrade",
    "{'raw':'HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: x\\r\\nConnection: upgrade\\r\\n\\r\\n'}", MAYBE, -1 },
  /* The head of a refusal is enough to know that nothing was made. */
  { "a refusal cut", "{'status':403,'length':500,'body':'{','fault':'close','where':'answer-body','at':1}", NONE,
    SFUMATO_ERROR_REFUSED },
  { "a refusal reset", "{'status':401,'length':500,'body':'{','fault':'reset','where':'answer-body','at':1}", NONE,
    SFUMATO_ERROR_UNAUTHORISED },
  { "a failure cut", "{'status':500,'length':500,'body':'{','fault':'close','where':'answer-body','at':1}", MAYBE,
    SFUMATO_ERROR_SERVICE },
};

static void
test_breaks (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (breaks); i++)
    {
      g_auto (Fixture) fixture = { 0 };
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", breaks[i].name);
      fixture_set_up (&fixture);
      stand_in_answer (fixture.server, breaks[i].order);
      error = fixture_fail (&fixture, NULL);
      if (breaks[i].charge >= 0)
        g_assert_cmpint (sfumato_error_get_charge (error), ==, breaks[i].charge);
      if (breaks[i].code >= 0)
        g_assert_cmpint (error->code, ==, breaks[i].code);
      else
        g_assert_true (error->code == SFUMATO_ERROR_NETWORK || error->code == SFUMATO_ERROR_SERVICE);
      /* Once, and never again by itself. */
      g_assert_cmpuint (stand_in_count_connections (fixture.server), ==, 1);
      g_assert_true (stand_in_wait_idle (fixture.server, 5));
    }
}

/* More than a socket takes at once: cut in the middle, and not read at all. Some of it was out. */
static void
test_large_form (void)
{
  static const char * const orders[] = {
    "{'fault':'reset','where':'request-body','at':200000}", "{'fault':'close','where':'request-body','at':200000}",
    "{'fault':'stall','where':'request-body','at':200000}", "{'fault':'stall','where':'accept'}",
  };
  g_autoptr (SfumatoInput) small = make_input (80, 80, "png");
  gsize size = 9 * 1024 * 1024;
  guint8 *data = g_malloc0 (size);
  g_autoptr (GBytes) bytes = g_bytes_new_take (data, size);
  g_autoptr (SfumatoInput) input = NULL;

  memcpy (data, g_bytes_get_data (small->bytes, NULL), g_bytes_get_size (small->bytes));
  input = sfumato_input_new (bytes, "large.png", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (orders); i++)
    {
      g_auto (Fixture) fixture = { 0 };
      g_autoptr (GError) error = NULL;

      fixture_set_up (&fixture);
      fixture.limits.idle_time = 300;
      fixture_apply_limits (&fixture);
      stand_in_answer (fixture.server, orders[i]);
      error = fixture_fail (&fixture, &(SfumatoRequestFields) { .input = input, .strength = 0.5, .seed = 1 });
      g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_NETWORK);
      g_assert_cmpint (sfumato_error_get_charge (error), ==, MAYBE);
      g_assert_cmpuint (stand_in_count_connections (fixture.server), ==, 1);
      g_assert_cmpuint (stand_in_count_accepted (fixture.server), ==, 0);
    }
}

/* libsoup lets GObject complain of it, and goes on; what is not under test does not write that down. */
static void
test_negative_length (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GError) error = NULL;

  fixture_set_up (&fixture);
  stand_in_answer (fixture.server, "{'raw':'HTTP/1.1 200 OK\\r\\nContent-Length: -5\\r\\n\\r\\nabc'}");
  g_test_expect_message ("GLib-GObject", G_LOG_LEVEL_CRITICAL, "*content-length*");
  error = fixture_fail (&fixture, NULL);
  g_test_assert_expected_messages ();
  g_assert_cmpint (sfumato_error_get_charge (error), ==, MAYBE);
}

/* ---- hanging ---- */

static const struct
{
  const char    *name;
  const char    *order;
  SfumatoCharge  charge;
} hangs[] = {
  { "nothing is read", "{'fault':'stall','where':'accept'}", MAYBE },
  { "the form is not read", "{'fault':'stall','where':'request-body','at':5}", MAYBE },
  { "NET-08", "{'fault':'stall'}", MAYBE },
  { "half a status line", "{'fault':'stall','where':'answer-head','at':5}", MAYBE },
  { "half a head", "{'fault':'stall','where':'answer-head','at':50}", MAYBE },
  { "a head only", "{'fault':'stall','where':'answer-body','at':0}", MAYBE },
  { "half a picture", "{'fault':'stall','where':'answer-body','at':300}", MAYBE },
  { "half a picture, no length", "{'framing':'close','fault':'stall','where':'answer-body','at':300}", MAYBE },
  { "half a chunk", "{'framing':'chunked','fault':'stall','where':'answer-body','at':300}", MAYBE },
  { "half of a chunk's size", "{'framing':'chunked','fault':'stall','where':'answer-body','at':1}", MAYBE },
  { "half a gzip", "{'encoding':'gzip','fault':'stall','where':'answer-body','at':300}", MAYBE },
  { "a refusal without its body",
    "{'status':402,'length':100,'body':'{','fault':'stall','where':'answer-body'}", NONE },
  { "a failure without its body",
    "{'status':500,'length':100,'body':'{','fault':'stall','where':'answer-body'}", MAYBE },
  { "NET-10 in the head", "{'fault':'drip','drip':100,'where':'answer-head'}", MAYBE },
  { "NET-10 in the body", "{'fault':'drip','drip':100,'where':'answer-body'}", MAYBE },
  { "NET-10 without length", "{'framing':'close','fault':'drip','drip':100,'where':'answer-body'}", MAYBE },
  { "NET-10 in chunks", "{'framing':'chunked','fault':'drip','drip':100,'where':'answer-body'}", MAYBE },
  { "NET-10 compressed", "{'encoding':'gzip','fault':'drip','drip':100,'where':'answer-body'}", MAYBE },
};

static gpointer
hang_thread (gpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GError) error = NULL;
  gint64 began;

  fixture_set_up (&fixture);
  fixture.limits.idle_time = 1000;
  /* What drips is never silent for long: only the limit of the whole ends it. */
  fixture.limits.total_time = strstr (hangs[i].order, "drip") != NULL ? 1500 : 30000;
  fixture_apply_limits (&fixture);
  stand_in_answer (fixture.server, hangs[i].order);
  began = g_get_monotonic_time ();
  error = fixture_fail (&fixture, NULL);
  g_test_message ("%s", hangs[i].name);
  g_assert_cmpint (g_get_monotonic_time () - began, <, 10 * G_TIME_SPAN_SECOND);
  g_assert_cmpint (sfumato_error_get_charge (error), ==, hangs[i].charge);
  g_assert_cmpuint (stand_in_count_connections (fixture.server), ==, 1);
  stand_in_release (fixture.server);
  g_assert_true (stand_in_wait_idle (fixture.server, 10));
  return NULL;
}

/* All of them at once: they do nothing but wait. */
static void
test_hangs (void)
{
  GThread *threads[G_N_ELEMENTS (hangs)];

  for (guint i = 0; i < G_N_ELEMENTS (hangs); i++)
    threads[i] = g_thread_new ("hang", hang_thread, GUINT_TO_POINTER (i));
  for (guint i = 0; i < G_N_ELEMENTS (hangs); i++)
    g_thread_join (threads[i]);
}

/* NET-09: what takes long and goes on is waited for, beyond the idle limit in all. */
static void
test_slow_but_steady (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GBytes) picture = make_picture ("webp");
  g_autoptr (GError) error = NULL;
  g_autoptr (SfumatoResult) result = NULL;
  gint64 began = g_get_monotonic_time ();

  fixture_set_up (&fixture);
  fixture.limits.idle_time = 700;
  fixture_apply_limits (&fixture);
  stand_in_answer_bytes (fixture.server, "{'fault':'drip','drip':15,'where':'answer-body'}", picture);
  result = fixture_generate (&fixture, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_get_monotonic_time () - began, >, 700 * G_TIME_SPAN_MILLISECOND);
}

/* So is whoever says again and again that the answer is being made. */
static void
test_promises (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GBytes) picture = make_picture ("webp");
  g_autoptr (GString) order = g_string_new ("{'fault':'drip','drip':2,'where':'answer-head','interim':'");
  g_autoptr (GError) error = NULL;
  g_autoptr (SfumatoResult) result = NULL;
  gint64 began = g_get_monotonic_time ();

  for (guint i = 0; i < 80; i++)
    g_string_append (order, "HTTP/1.1 102 Processing\\r\\n\\r\\n");
  g_string_append (order, "'}");
  fixture_set_up (&fixture);
  fixture.limits.idle_time = 3000;
  fixture_apply_limits (&fixture);
  stand_in_answer_bytes (fixture.server, order->str, picture);
  result = fixture_generate (&fixture, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_get_monotonic_time () - began, >, 3000 * G_TIME_SPAN_MILLISECOND);
}

/* ---- too much ---- */

static gsize
peak_memory (void)
{
  g_autofree char *status = NULL;
  const char *line;

  g_assert_true (g_file_get_contents ("/proc/self/status", &status, NULL, NULL));
  line = strstr (status, "VmHWM:");
  return g_ascii_strtoull (line + strlen ("VmHWM:"), NULL, 10) / 1024;
}

static const struct
{
  const char       *name;
  const char       *order;
  SfumatoErrorCode  code;
  SfumatoCharge     charge;
  guint             growth; /* MiB */
} floods[] = {
  { "an announced flood", "{'length':10000000000,'body':'x','framing':'length'}", SFUMATO_ERROR_SERVICE, MAYBE, 8 },
  { "a bomb", "{'encoding':'gzip','body_zeros':120000000,'body':'x'}", SFUMATO_ERROR_SERVICE, MAYBE, 8 },
  { "a bomb of a refusal", "{'status':400,'encoding':'gzip','body_zeros':120000000,'body':'x'}", SFUMATO_ERROR_INVALID,
    NONE, 8 },
  { "RES-36", "{'status':400,'body_zeros':50000000,'body':'x'}", SFUMATO_ERROR_INVALID, NONE, 8 },
  { "RES-36 without length", "{'status':403,'framing':'close','body_zeros':50000000,'body':'x'}", SFUMATO_ERROR_REFUSED,
    NONE, 8 },
  { "a page without end",
    "{'headers':{'Content-Type':'text/plain'},'framing':'close','body_zeros':120000000,'body':'<'}",
    SFUMATO_ERROR_SERVICE, MAYBE, 8 },
  { "a chunk without end", "{'framing':'chunked','body_zeros':120000000,'body':'x'}", SFUMATO_ERROR_SERVICE, MAYBE, 8 },
  { "a deep list", "{'headers':{'Content-Type':'application/json'},'body':'{\\u0022a\\u0022:@'}", SFUMATO_ERROR_SERVICE,
    MAYBE, 64 },
  { "a deep list of a refusal", "{'status':400,'body':'{\\u0022a\\u0022:@'}", SFUMATO_ERROR_INVALID, NONE, 64 },
  { "RES-49 JSON",
    "{'headers':{'Content-Type':'application/json'},'framing':'close','body':'{\\u0022image\\u0022:\\u0022',"
    "'body_zeros':120000000}", SFUMATO_ERROR_SERVICE, MAYBE, 140 },
  { "RES-49", "{'framing':'close','body':'\\u0089PNG','body_zeros':120000000}", SFUMATO_ERROR_SERVICE, MAYBE, 140 },
};

static void
test_floods (void)
{
  g_autofree char *deep = g_strnfill (100000, '[');

  for (guint i = 0; i < G_N_ELEMENTS (floods); i++)
    {
      g_auto (Fixture) fixture = { 0 };
      g_autoptr (GError) error = NULL;
      g_autoptr (GString) order = g_string_new (floods[i].order);
      gsize before;

      g_string_replace (order, "@", deep, 1);
      fixture_set_up (&fixture);
      if (i == G_N_ELEMENTS (floods) - 1)
        {
          /* The signature of a PNG has bytes that JSON cannot carry. */
          static const guint8 signature[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
          g_autoptr (GBytes) bytes = g_bytes_new_static (signature, sizeof signature);

          stand_in_answer_bytes (fixture.server, "{'framing':'close','body_zeros':120000000}", bytes);
        }
      else
        stand_in_answer (fixture.server, order->str);
      before = peak_memory ();
      error = fixture_fail (&fixture, NULL);
      g_test_message ("%s: %zu MiB", floods[i].name, peak_memory () - before);
      g_assert_cmpint (error->code, ==, floods[i].code);
      g_assert_cmpint (sfumato_error_get_charge (error), ==, floods[i].charge);
      if (!RUNNING_ON_SANITIZER)
        g_assert_cmpuint (peak_memory () - before, <=, floods[i].growth);
      g_assert_true (stand_in_wait_idle (fixture.server, 10));
    }
}

/* A head without end, which is nobody's picture. */
static void
test_endless_head (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autofree char *filler = g_strnfill (3000000, 'x');
  g_autofree char *order = g_strdup_printf ("{'raw':'HTTP/1.1 200 OK\\r\\nX: %s\\r\\n\\r\\n'}", filler);
  g_autoptr (GError) error = NULL;

  fixture_set_up (&fixture);
  stand_in_answer (fixture.server, order);
  error = fixture_fail (&fixture, NULL);
  g_assert_cmpint (sfumato_error_get_charge (error), ==, MAYBE);
}

/* ---- cancelling ---- */

typedef struct
{
  StandIn      *server;
  GCancellable *cancellable;
  guint         posts;
  guint         delay; /* microseconds behind them */
} Canceller;

static gpointer
cancel_thread (gpointer data)
{
  Canceller *self = data;

  if (self->posts > 0)
    g_assert_true (stand_in_wait (self->server, self->posts, 20));
  g_usleep (self->delay);
  g_cancellable_cancel (self->cancellable);
  return NULL;
}

/* Cancels once the server has so many requests, and so many microseconds later. Returns the error. */
static GError *
cancel (Fixture    *fixture,
        const char *prompt,
        guint       posts,
        guint       delay)
{
  SfumatoRequestFields fields = { .prompt = prompt, .seed = SFUMATO_SEED_RANDOM };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Canceller canceller = { fixture->server, cancellable, posts, delay };
  GThread *thread = g_thread_new ("cancel", cancel_thread, &canceller);
  GError *error = NULL;
  g_autoptr (SfumatoResult) result = fixture_generate (fixture, &fields, cancellable, &error);

  g_thread_join (thread);
  g_assert_true (result != NULL || error != NULL);
  return error;
}

static void
test_cancel_while_making (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GError) error = NULL;

  fixture_set_up (&fixture);
  stand_in_answer (fixture.server, "{'fault':'stall'}");
  error = cancel (&fixture, NULL, 1, 0);
  check_error (error);
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_CANCELLED);
  g_assert_cmpint (sfumato_error_get_charge (error), ==, MAYBE);
  g_assert_true (stand_in_wait_idle (fixture.server, 3));
}

static void
test_cancel_while_receiving (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GError) error = NULL;

  fixture_set_up (&fixture);
  stand_in_answer (fixture.server, "{'fault':'stall','where':'answer-body','at':200}");
  error = cancel (&fixture, NULL, 1, 50000);
  check_error (error);
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_CANCELLED);
  g_assert_cmpint (sfumato_error_get_charge (error), ==, MAYBE);
  g_assert_true (stand_in_wait_idle (fixture.server, 3));
}

static void
test_cancel_beforehand (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (SfumatoResult) result = NULL;

  fixture_set_up (&fixture);
  g_cancellable_cancel (cancellable);
  result = fixture_generate (&fixture, NULL, cancellable, &error);
  check_error (error);
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_CANCELLED);
  g_assert_cmpint (sfumato_error_get_charge (error), ==, NONE);
  g_assert_cmpuint (stand_in_count_connections (fixture.server), ==, 0);
}

/* At two hundred instants: it always ends at once, and no picture that the server made was told to cost nothing. */
static void
test_cancel_anywhere (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GHashTable) unsent = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  StandInRequest *request;

  fixture_set_up (&fixture);
  stand_in_script (fixture.server, "{'delay':5}");
  for (guint i = 0; i < 200; i++)
    {
      gint64 began = g_get_monotonic_time ();
      g_autofree char *prompt = g_strdup_printf ("fox %u", i);
      g_autoptr (GError) error = cancel (&fixture, prompt, 0, i * 50);

      g_assert_cmpint (g_get_monotonic_time () - began, <, 3 * G_TIME_SPAN_SECOND);
      if (error != NULL && sfumato_error_get_charge (error) == NONE)
        g_hash_table_add (unsent, g_steal_pointer (&prompt));
    }
  g_assert_true (stand_in_wait_idle (fixture.server, 5));
  for (guint i = 0; (request = stand_in_get_request (fixture.server, i)) != NULL; i++)
    {
      if (request->billed > 0)
        g_assert_false (g_hash_table_contains (unsent, stand_in_request_text (request, "prompt")));
      stand_in_request_unref (request);
    }
  g_test_message ("%u of 200 were not sent", g_hash_table_size (unsent));
}

/* While a name is looked up that nobody has, and while somebody who listens says nothing. */
static void
test_cancel_while_connecting (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autofree char *silent = NULL;

  fixture_set_up (&fixture);
  silent = g_strdup_printf ("https://127.0.0.1:%u", stand_in_get_port (fixture.server));
  stand_in_answer (fixture.server, "{'times':-1,'fault':'stall','where':'accept'}");
  for (guint i = 0; i < 60; i++)
    {
      g_autoptr (GError) error = NULL;
      gint64 began = g_get_monotonic_time ();

      point_at (&fixture, i % 2 ? silent : "https://no-such-host.invalid");
      error = cancel (&fixture, NULL, 0, i * 100);
      g_assert_cmpint (g_get_monotonic_time () - began, <, 3 * G_TIME_SPAN_SECOND);
      check_error (error);
      g_assert_cmpint (sfumato_error_get_charge (error), ==, NONE);
    }
  stand_in_release (fixture.server);
}

/* ---- at once ---- */

static gpointer
generate_thread (gpointer fixture)
{
  g_autoptr (GError) error = NULL;
  SfumatoResult *result = fixture_generate (fixture, NULL, NULL, &error);

  g_assert_no_error (error);
  return result;
}

/* NET-19: all of them are on their way at the same time. */
static void
test_many_at_once (void)
{
  g_auto (Fixture) fixture = { 0 };
  GThread *threads[8];

  fixture_set_up (&fixture);
  stand_in_answer (fixture.server, "{'times':8,'fault':'hold'}");
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("generate", generate_thread, &fixture);
  g_assert_true (stand_in_wait (fixture.server, G_N_ELEMENTS (threads), 20));
  stand_in_release (fixture.server);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      g_autoptr (SfumatoResult) result = g_thread_join (threads[i]);

      g_assert_nonnull (result);
    }
  g_assert_cmpuint (stand_in_count_accepted (fixture.server), ==, G_N_ELEMENTS (threads));
}

/* ---- progress ---- */

typedef struct
{
  GThread *thread;
  int      stage;
  double   fraction;
  gboolean whole_sent;
  gboolean received;
} Told;

static void
told_cb (const SfumatoProgress *progress,
         gpointer               user_data)
{
  SfumatoStage stage = progress->stage;
  double fraction = progress->fraction;
  Told *told = user_data;

  g_assert_true (g_thread_self () == told->thread);
  g_assert_cmpint (stage, >=, told->stage);
  if ((int) stage == told->stage && fraction >= 0)
    g_assert_cmpfloat (fraction, >=, told->fraction);
  g_assert_cmpfloat (fraction, <=, 1);
  g_assert_cmpuint (progress->n_steps, ==, 0);
  g_assert_cmpint (progress->seconds_left, <, 0);
  told->stage = stage;
  told->fraction = fraction;
  told->whole_sent |= stage == SFUMATO_STAGE_SENDING && fraction == 1;
  told->received |= stage == SFUMATO_STAGE_RECEIVING && fraction == 1;
}

static void
test_progress (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (SfumatoInput) input = make_input (400, 400, "png");
  g_autoptr (SfumatoRequest) request = sfumato_request_new (&(SfumatoRequestFields) {
    .model = "sd3.5-large", .prompt = "a red fox", .input = input, .strength = 0.5 });
  Told told = { .thread = g_thread_self () };
  g_autoptr (GError) error = NULL;
  g_autoptr (SfumatoResult) result = NULL;

  fixture_set_up (&fixture);
  result = sfumato_service_generate (fixture.service, request, STAND_IN_KEY, told_cb, &told, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (told.whole_sent);
  g_assert_true (told.received);
}

/* ---- the key ---- */

/* In a process of its own, with every debug message there is. */
static void
test_no_key_in_messages (void)
{
  if (g_test_subprocess ())
    {
      static const char * const orders[] = {
        "{}", "{'status':401,'body':{'name':'unauthorized','errors':['sk-test-0000']}}", "{'fault':'reset'}",
        "{'status':302,'headers':{'Location':'http://127.0.0.1/?sk-test-0000'}}", "{'on':'balance'}",
      };
      g_auto (Fixture) fixture = { 0 };
      SfumatoAccount account;

      fixture_set_up (&fixture);
      for (guint i = 0; i < G_N_ELEMENTS (orders); i++)
        {
          g_autoptr (GError) error = NULL;
          g_autoptr (SfumatoResult) result = NULL;

          stand_in_answer (fixture.server, orders[i]);
          result = fixture_generate (&fixture, NULL, NULL, &error);
          sfumato_service_check (fixture.service, STAND_IN_KEY, &account, NULL, NULL);
          if (error != NULL)
            g_printerr ("%s %s %s\n", sfumato_error_get_title (error), error->message,
                        sfumato_error_get_details (error));
        }
      return;
    }
  g_setenv ("G_MESSAGES_DEBUG", "all", TRUE);
  g_test_trap_subprocess (NULL, 30 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr_unmatched ("*" STAND_IN_KEY "*");
  g_test_trap_assert_stdout_unmatched ("*" STAND_IN_KEY "*");
  g_test_trap_assert_stderr ("*Key Not Accepted*");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transport/refused", test_refused);
  g_test_add_func ("/transport/unknown-host", test_unknown_host);
  g_test_add_func ("/transport/breaks", test_breaks);
  g_test_add_func ("/transport/large-form", test_large_form);
  g_test_add_func ("/transport/negative-length", test_negative_length);
  g_test_add_func ("/transport/hangs", test_hangs);
  g_test_add_func ("/transport/slow-but-steady", test_slow_but_steady);
  g_test_add_func ("/transport/promises", test_promises);
  g_test_add_func ("/transport/floods", test_floods);
  g_test_add_func ("/transport/endless-head", test_endless_head);
  g_test_add_func ("/transport/cancel-while-making", test_cancel_while_making);
  g_test_add_func ("/transport/cancel-while-receiving", test_cancel_while_receiving);
  g_test_add_func ("/transport/cancel-beforehand", test_cancel_beforehand);
  g_test_add_func ("/transport/cancel-anywhere", test_cancel_anywhere);
  g_test_add_func ("/transport/cancel-while-connecting", test_cancel_while_connecting);
  g_test_add_func ("/transport/many-at-once", test_many_at_once);
  g_test_add_func ("/transport/progress", test_progress);
  g_test_add_func ("/transport/no-key-in-messages", test_no_key_in_messages);
  return g_test_run ();
}
