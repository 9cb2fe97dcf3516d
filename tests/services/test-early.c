/* A server that answers before it has all of the form: what it says is heard, although it does not read on and resets
 * the connection.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <string.h>

#include "certificates.h"
#include "fixture.h"

#define NONE  SFUMATO_CHARGE_NONE
#define MAYBE SFUMATO_CHARGE_MAYBE
#define JSON  "'headers':{'Content-Type':'application/json'},"
/* Behind so many bytes, of a form of which a socket does not take the rest by itself. */
#define EARLY "'fault':'answer','where':'request-body','at':200000}"

/* More than any socket takes at once. */
static SfumatoInput *
make_large_input (void)
{
  g_autoptr (SfumatoInput) small = make_input (80, 80, "png");
  gsize size = 9 * 1024 * 1024;
  guint8 *data = g_malloc0 (size);
  g_autoptr (GBytes) bytes = g_bytes_new_take (data, size);

  memcpy (data, g_bytes_get_data (small->bytes, NULL), g_bytes_get_size (small->bytes));
  return sfumato_input_new (bytes, "large.png", NULL);
}

static void
set_up (Fixture  *fixture,
        gboolean  secure)
{
  if (secure)
    certificates_set_up (fixture, "good");
  else
    fixture_set_up (fixture);
}

static const struct
{
  const char       *name;
  const char       *order;
  SfumatoErrorCode  code;
  SfumatoCharge     charge;
  const char       *message; /* part of it */
} answers[] = {
  { "RES-26", "{'status':413," JSON "'body':{'id':'1','name':'payload_too_large','errors':['x']}," EARLY,
    SFUMATO_ERROR_INVALID, NONE, "larger than the service takes" },
  { "RES-26 of nginx", "{'status':413,'headers':{'Content-Type':'text/html'},'body':'<html>'," EARLY,
    SFUMATO_ERROR_INVALID, NONE, "larger than the service takes" },
  { "RES-21", "{'status':401," JSON "'body':{'id':'1','name':'unauthorized','errors':['x']}," EARLY,
    SFUMATO_ERROR_UNAUTHORISED, NONE, "did not accept the key" },
  { "RES-22 without a byte of the form",
    "{'status':402,'body':'','fault':'answer','where':'request-body'}", SFUMATO_ERROR_PAYMENT, NONE, "too few credits" },
  { "RES-23 behind what only announces it",
    "{'status':403," JSON "'body':{'id':'1','name':'content_moderation','errors':['x']},"
    "'interim':'HTTP/1.1 100 Continue\\r\\n\\r\\nHTTP/1.1 103 Early Hints\\r\\nLink: <x>\\r\\n\\r\\n'," EARLY,
    SFUMATO_ERROR_REFUSED, NONE, "moderation" },
  { "RES-20 in chunks",
    "{'status':400,'framing':'chunked'," JSON "'body':{'id':'1','name':'bad_request','errors':['seed: no good']},"
    EARLY, SFUMATO_ERROR_INVALID, NONE, "seed: no good" },
  { "RES-20 without a length",
    "{'status':400,'framing':'close'," JSON "'body':{'id':'1','name':'bad_request','errors':['seed: no good']},"
    EARLY, SFUMATO_ERROR_INVALID, NONE, "seed: no good" },
  { "RES-41", "{'status':400,'encoding':'gzip'," JSON "'body':{'id':'1','name':'bad_request','errors':['seed: no good']},"
    EARLY, SFUMATO_ERROR_INVALID, NONE, "seed: no good" },
  { "RES-41 in other letters and chunks",
    "{'status':403,'encoding':'DEFLATE','framing':'chunked'," JSON
    "'body':{'id':'1','name':'content_moderation','errors':['x']}," EARLY, SFUMATO_ERROR_REFUSED, NONE, "moderation" },
  { "RES-31", "{'status':500," JSON "'body':{'id':'1','name':'internal_error','errors':['x']}," EARLY,
    SFUMATO_ERROR_SERVICE, NONE, "problem of its own" },
  { "RES-32", "{'status':502,'headers':{'Content-Type':'text/html'},'body':'<html>'," EARLY, SFUMATO_ERROR_SERVICE,
    MAYBE, "502" },
  { "RES-40", "{'status':302,'headers':{'Location':'https://evil.example/'},'body':''," EARLY, SFUMATO_ERROR_NETWORK,
    NONE, "evil.example" },
  { "RES-16", "{'raw':'HTTP/1.1 200 OK\\r\\nContent-Type: text/html\\r\\n\\r\\n<html>Sign in'," EARLY,
    SFUMATO_ERROR_NETWORK, NONE, "sign-in page" },
  { "half a head", "{'raw':'HTTP/1.1 403 Forbid'," EARLY, SFUMATO_ERROR_NETWORK, MAYBE, "broke" },
  { "less than it says", "{'status':200,'length':500,'body':'x'," EARLY, SFUMATO_ERROR_NETWORK, MAYBE, "broke" },
  { "only announced", "{'raw':'HTTP/1.1 100 Continue\\r\\n\\r\\n'," EARLY, SFUMATO_ERROR_NETWORK, MAYBE, "broke" },
  { "an empty line first", "{'raw':'\\r\\nHTTP/1.1 402 Payment Required\\r\\nContent-Length: 0\\r\\n\\r\\n'," EARLY,
    SFUMATO_ERROR_PAYMENT, NONE, "too few credits" },
  { "no word of it", "{'raw':''," EARLY, SFUMATO_ERROR_NETWORK, MAYBE, "broke" },
};

static void
test_answers (gconstpointer secure)
{
  g_autoptr (SfumatoInput) input = make_large_input ();

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_auto (Fixture) fixture = { 0 };
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", answers[i].name);
      set_up (&fixture, secure != NULL);
      stand_in_answer (fixture.server, answers[i].order);
      error = fixture_fail (&fixture, &(SfumatoRequestFields) { .input = input, .strength = 0.5, .seed = 1 });
      g_assert_cmpint (error->code, ==, answers[i].code);
      g_assert_cmpint (sfumato_error_get_charge (error), ==, answers[i].charge);
      g_assert_nonnull (strstr (error->message, answers[i].message));
      g_assert_cmpuint (stand_in_count_connections (fixture.server), ==, 1);
      g_assert_true (stand_in_wait_idle (fixture.server, 5));
    }
}

/* Odd, but a picture: whoever sent it may want money for it. */
static void
test_picture (gconstpointer secure)
{
  static const char * const orders[] = { "{'framing':'length'," EARLY, "{'framing':'close'," EARLY,
                                         "{'framing':'chunked'," EARLY };
  g_autoptr (SfumatoInput) input = make_large_input ();
  g_autoptr (GBytes) picture = make_picture ("png");

  for (guint i = 0; i < G_N_ELEMENTS (orders); i++)
    {
      g_auto (Fixture) fixture = { 0 };
      g_autoptr (GError) error = NULL;
      g_autoptr (SfumatoResult) result = NULL;

      set_up (&fixture, secure != NULL);
      stand_in_answer_bytes (fixture.server, orders[i], picture);
      result = fixture_generate (&fixture, &(SfumatoRequestFields) { .input = input, .strength = 0.5, .seed = 1 }, NULL,
                                 &error);
      g_assert_no_error (error);
      g_assert_true (g_bytes_equal (sfumato_result_get_fields (result)->bytes, picture));
    }
}

/* What only announces an answer, in two halves: the form goes on behind it. */
static void
test_announcement (gconstpointer secure)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (SfumatoInput) input = make_large_input ();
  g_autoptr (StandInRequest) request = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (SfumatoResult) result = NULL;

  set_up (&fixture, secure != NULL);
  stand_in_answer (fixture.server, "{'fault':'announce','where':'request-body','at':200000,"
                                   "'interim':'HTTP/1.1 103 Early Hints\\r\\nLink: <x>\\r\\n\\r\\n'}");
  result = fixture_generate (&fixture, &(SfumatoRequestFields) { .input = input, .strength = 0.5, .seed = 1 }, NULL,
                             &error);
  g_assert_no_error (error);
  request = stand_in_get_request (fixture.server, 0);
  g_assert_true (request->complete);
  g_assert_true (g_bytes_equal (stand_in_request_part (request, "image")->body, input->bytes));
}

/* What can never become an answer is not waited for, and the form does not go on behind it. */
static void
test_garbage (gconstpointer secure)
{
  static const char * const words[] = { "SSH-2.0-OpenSSH_9.2\\r\\n", "POST /v2beta HTTP/1.1\\r\\n", "HTT!",
                                        "\\r\\nNo.", "HTTP/1.1 OK\\r\\n\\r\\n" };
  g_autoptr (SfumatoInput) input = make_large_input ();

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_auto (Fixture) fixture = { 0 };
      g_autofree char *order =
        g_strdup_printf ("{'raw':'%s','fault':'answer-hold','where':'request-body','at':200000}", words[i]);
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", words[i]);
      set_up (&fixture, secure != NULL);
      fixture.limits.idle_time = 60 * 1000;
      fixture_apply_limits (&fixture);
      stand_in_answer (fixture.server, order);
      error = fixture_fail (&fixture, &(SfumatoRequestFields) { .input = input, .strength = 0.5, .seed = 1 });
      g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_SERVICE);
      g_assert_cmpstr (sfumato_error_get_title (error), ==, "Answer Not Understood");
      g_assert_cmpint (sfumato_error_get_charge (error), ==, MAYBE);
      stand_in_release (fixture.server);
    }
}

/* An answer that begins early and stops in the middle is not waited for without end. */
static void
test_silence (gconstpointer secure)
{
  static const struct { const char *order; SfumatoErrorCode code; SfumatoCharge charge; } silences[] = {
    { "{'raw':'HTTP/1.1 403 Forbidden\\r\\nContent-Length: 100\\r\\n\\r\\n{','fault':'answer-hold',"
      "'where':'request-body'}", SFUMATO_ERROR_REFUSED, NONE },
    { "{'raw':'HTTP/1.1 200 OK\\r\\nContent','fault':'answer-hold','where':'request-body'}",
      SFUMATO_ERROR_NETWORK, MAYBE },
  };
  g_autoptr (SfumatoInput) input = make_large_input ();

  for (guint i = 0; i < G_N_ELEMENTS (silences); i++)
    {
      g_auto (Fixture) fixture = { 0 };
      g_autoptr (GError) error = NULL;

      set_up (&fixture, secure != NULL);
      fixture.limits.idle_time = 500;
      fixture_apply_limits (&fixture);
      stand_in_answer (fixture.server, silences[i].order);
      error = fixture_fail (&fixture, &(SfumatoRequestFields) { .input = input, .strength = 0.5, .seed = 1 });
      g_assert_cmpint (error->code, ==, silences[i].code);
      g_assert_cmpint (sfumato_error_get_charge (error), ==, silences[i].charge);
      stand_in_release (fixture.server);
    }
}

static gpointer
cancel_thread (gpointer cancellable)
{
  g_usleep (G_USEC_PER_SEC);
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* A server that stops reading: there is an end to it, and a person who cancels does not wait for it. */
static void
test_stall (gconstpointer secure)
{
  static const struct { gboolean cancel; SfumatoErrorCode code; } ends[] = {
    { FALSE, SFUMATO_ERROR_NETWORK }, { TRUE, SFUMATO_ERROR_CANCELLED },
  };
  g_autoptr (SfumatoInput) input = make_large_input ();

  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_auto (Fixture) fixture = { 0 };
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GThread) thread = NULL;
      g_autoptr (GError) error = NULL;
      gint64 began = g_get_monotonic_time ();

      set_up (&fixture, secure != NULL);
      fixture.limits.idle_time = ends[i].cancel ? 60 * 1000 : 1000;
      fixture_apply_limits (&fixture);
      stand_in_answer (fixture.server, "{'fault':'stall','where':'request-body','at':200000}");
      if (ends[i].cancel)
        thread = g_thread_new ("cancel", cancel_thread, cancellable);
      g_assert_null (fixture_generate (&fixture, &(SfumatoRequestFields) { .input = input, .strength = 0.5, .seed = 1 },
                                       cancellable, &error));
      g_assert_cmpint (g_get_monotonic_time () - began, <, 20 * G_TIME_SPAN_SECOND);
      g_assert_error (error, SFUMATO_ERROR, (int) ends[i].code);
      g_assert_cmpint (sfumato_error_get_charge (error), ==, MAYBE);
      stand_in_release (fixture.server);
      if (thread != NULL)
        g_thread_join (g_steal_pointer (&thread));
    }
}

int
main (int    argc,
      char **argv)
{
  static const struct { const char *name; GTestDataFunc function; } tests[] = {
    { "answers", test_answers }, { "picture", test_picture }, { "announcement", test_announcement },
    { "garbage", test_garbage }, { "silence", test_silence },
    { "stall", test_stall },
  };

  int failed;

  g_test_init (&argc, &argv, NULL);
  certificates_make ();
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *plain = g_strconcat ("/early/", tests[i].name, NULL);
      g_autofree char *secure = g_strconcat ("/early/secure/", tests[i].name, NULL);

      g_test_add_data_func (plain, NULL, tests[i].function);
      g_test_add_data_func (secure, "secure", tests[i].function);
    }
  failed = g_test_run ();
  certificates_remove ();
  return failed;
}
