/* What comes back: pictures in every form, whole and cut.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "fixture.h"

#include <string.h>

#define MAYBE SFUMATO_CHARGE_MAYBE
#define YES   SFUMATO_CHARGE_YES

/* ---- pictures ---- */

static const struct
{
  const char    *name;
  const char    *order;
  const char    *format;      /* of the body that is sent */
  gint64         seed;
  SfumatoFinish  finish;
  const char    *finish_word;
  SfumatoCharge  charge;
} pictures[] = {
  { "RES-01", "{'headers':{'seed':'343940597'}}", "png", 343940597, SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "RES-02 jpeg", "{'headers':{'seed':'1'}}", "jpeg", 1, SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "RES-02 webp", "{'headers':{'seed':'4294967294'}}", "webp", 4294967294, SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "a type that is a lie", "{'headers':{'Content-Type':'image/webp','seed':'1'}}", "png", 1, SFUMATO_FINISH_SUCCESS,
    NULL, YES },
  { "a type of something else", "{'headers':{'Content-Type':'text/html','seed':'1'}}", "png", 1,
    SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "no type", "{'headers':{'Content-Type':null,'seed':'1'}}", "png", 1, SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "RES-05", "{'headers':{'seed':null}}", "png", -1, SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "seed 0", "{'headers':{'seed':'0'}}", "png", -1, SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "seed beyond", "{'headers':{'seed':'4294967295'}}", "png", -1, SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "seed far beyond", "{'headers':{'seed':'18446744073709551617'}}", "png", -1, SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "seed below", "{'headers':{'seed':'-1'}}", "png", -1, SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "seed of letters", "{'headers':{'seed':'12ab'}}", "png", -1, SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "seed with an exponent", "{'headers':{'seed':'1e5'}}", "png", -1, SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "seed empty", "{'headers':{'seed':''}}", "png", -1, SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "RES-07", "{'headers':{'seed':null,'finish-reason':null,'SEED':'7','Finish-REASON':'CONTENT_FILTERED'}}", "png", 7,
    SFUMATO_FINISH_FILTERED, NULL, MAYBE },
  { "RES-08", "{'headers':{'finish-reason':null,'seed':'1'}}", "png", 1, SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "RES-09", "{'headers':{'finish-reason':'CONTENT_FILTERED','seed':'1'}}", "png", 1, SFUMATO_FINISH_FILTERED, NULL,
    MAYBE },
  { "small letters", "{'headers':{'finish-reason':'success','seed':'1'}}", "png", 1, SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "RES-11", "{'headers':{'finish-reason':'ERROR','seed':'1'}}", "png", 1, SFUMATO_FINISH_OTHER, "ERROR", MAYBE },
  { "a word with the key in it", "{'headers':{'finish-reason':'x sk-test-0000 y','seed':'1'}}", "png", 1,
    SFUMATO_FINISH_OTHER, "x [key] y", MAYBE },
  { "RES-41 gzip", "{'encoding':'gzip','headers':{'seed':'1'}}", "png", 1, SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "RES-41 deflate", "{'encoding':'deflate','headers':{'seed':'1'}}", "png", 1, SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "RES-41 capitals", "{'encoding':'GZIP','headers':{'seed':'1'}}", "png", 1, SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "a coding that is none", "{'headers':{'Content-Encoding':'identity','seed':'1'}}", "png", 1, SFUMATO_FINISH_SUCCESS,
    NULL, YES },
  { "a coding that is a lie", "{'headers':{'Content-Encoding':'gzip','seed':'1'}}", "png", 1, SFUMATO_FINISH_SUCCESS,
    NULL, YES },
  { "the type in capitals", "{'headers':{'Content-Type':'IMAGE/PNG; CHARSET=BINARY','seed':'1'}}", "png", 1,
    SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "a seed twice", "{'headers':{'seed':'7','SEED':'7'}}", "png", 7, SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "two seeds", "{'headers':{'seed':'7','SEED':'8'}}", "png", -1, SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "the same finish twice", "{'headers':{'seed':'1','finish-reason':'SUCCESS','FINISH-REASON':'success'}}", "png", 1,
    SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "filtered, then not", "{'headers':{'seed':'1','finish-reason':'CONTENT_FILTERED','FINISH-REASON':'SUCCESS'}}", "png",
    1, SFUMATO_FINISH_FILTERED, NULL, MAYBE },
  { "not filtered, then so", "{'headers':{'seed':'1','finish-reason':'SUCCESS','FINISH-REASON':'CONTENT_FILTERED'}}",
    "png", 1, SFUMATO_FINISH_FILTERED, NULL, MAYBE },
  { "filtered, spelled otherwise", "{'headers':{'seed':'1','finish-reason':'content-filtered'}}", "png", 1,
    SFUMATO_FINISH_FILTERED, NULL, MAYBE },
  { "two other words", "{'headers':{'seed':'1','finish-reason':'LENGTH','FINISH-REASON':'SUCCESS'}}", "png", 1,
    SFUMATO_FINISH_OTHER, "LENGTH, SUCCESS", MAYBE },
  { "no reason phrase", "{'reason':'','headers':{'seed':'1'}}", "png", 1, SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "part of something", "{'status':206,'headers':{'seed':'1','Content-Range':'bytes 0-9/10'}}", "png", 1,
    SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "chunked", "{'framing':'chunked','headers':{'seed':'1'}}", "png", 1, SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "gzip in chunks", "{'framing':'chunked','encoding':'gzip','headers':{'seed':'1'}}", "jpeg", 1,
    SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "no length", "{'framing':'close','headers':{'seed':'1'}}", "png", 1, SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "RES-53 1.0", "{'version':'1.0','framing':'close','headers':{'seed':'1'}}", "png", 1, SFUMATO_FINISH_SUCCESS, NULL,
    YES },
  { "RES-53 100", "{'interim':'HTTP/1.1 100 Continue\\r\\n\\r\\n','headers':{'seed':'1'}}", "png", 1,
    SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "RES-53 103", "{'interim':'HTTP/1.1 103 Early Hints\\r\\nLink: </x>\\r\\n\\r\\nHTTP/1.1 102 Processing\\r\\n\\r\\n',"
    "'headers':{'seed':'1'}}", "png", 1, SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "other success", "{'status':201,'headers':{'seed':'1'}}", "png", 1, SFUMATO_FINISH_SUCCESS, NULL, YES },
  { "drip", "{'fault':'drip','drip':1,'where':'answer-head','headers':{'seed':'1'}}", "webp", 1, SFUMATO_FINISH_SUCCESS,
    NULL, YES },
};

static void
test_pictures (void)
{
  g_auto (Fixture) fixture = { 0 };

  fixture_set_up (&fixture);
  for (guint i = 0; i < G_N_ELEMENTS (pictures); i++)
    {
      g_autoptr (GBytes) bytes = make_picture (pictures[i].format);
      g_autoptr (GError) error = NULL;
      g_autoptr (SfumatoResult) result = NULL;
      const SfumatoResultFields *fields;

      g_test_message ("%s", pictures[i].name);
      stand_in_answer_bytes (fixture.server, pictures[i].order, bytes);
      result = fixture_generate (&fixture, NULL, NULL, &error);
      g_assert_no_error (error);
      fields = sfumato_result_get_fields (result);
      g_assert_true (g_bytes_equal (fields->bytes, bytes));
      g_assert_cmpint (fields->seed_used, ==, pictures[i].seed);
      g_assert_cmpint (fields->finish, ==, pictures[i].finish);
      g_assert_cmpstr (fields->finish_word, ==, pictures[i].finish_word);
      g_assert_cmpint (fields->charge, ==, pictures[i].charge);
      g_assert_cmpint (fields->price, ==, 650);
      g_assert_null (fields->model);
      g_assert_cmpstr (sfumato_image_type_format (sfumato_result_get_header (result)->type), ==, pictures[i].format);
      g_assert_cmpuint (sfumato_result_get_header (result)->width, ==, 96);
      g_assert_cmpuint (stand_in_count_posts (fixture.server), ==, i + 1);
    }
}

/* RES-48 and the real service's own answers: sizes, credentials, ids. */
static void
test_real_answers (void)
{
  static const struct { const char *model; const char *ratio; guint width; guint height; int price; } shapes[] = {
    { "sd3.5-large", "16:9", 84, 48, 650 },      { "sd3.5-large-turbo", "9:21", 40, 96, 400 },
    { "sd3.5-medium", "1:1", 64, 64, 350 },      { "sd3.5-flash", "3:2", 76, 52, 250 },
    { "core", "21:9", 144, 60, 300 },            { "ultra", "4:5", 56, 68, 800 },
  };
  g_auto (Fixture) fixture = { 0 };
  gint64 bill = 0;

  fixture_set_up (&fixture);
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (SfumatoResult) result =
        fixture_generate (&fixture, &(SfumatoRequestFields) { .model = shapes[i].model, .seed = 5,
                                                              .aspect_ratio = shapes[i].ratio }, NULL, &error);
      const SfumatoResultFields *fields;

      g_assert_no_error (error);
      fields = sfumato_result_get_fields (result);
      bill += shapes[i].price;
      g_assert_cmpint (fields->price, ==, shapes[i].price);
      g_assert_cmpint (fields->seed_used, ==, 5);
      g_assert_nonnull (fields->request_id);
      g_assert_cmpuint (sfumato_result_get_header (result)->width, ==, shapes[i].width);
      g_assert_cmpuint (sfumato_result_get_header (result)->height, ==, shapes[i].height);
      g_assert_true (sfumato_result_get_header (result)->content_credentials);
    }
  g_assert_cmpint (stand_in_get_bill (fixture.server), ==, bill);
}

/* REQ-39: an old model's picture says who made it. */
static void
test_old_model (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (SfumatoResult) result = NULL;

  fixture_set_up (&fixture);
  result = fixture_generate (&fixture, &(SfumatoRequestFields) { .model = "sd3-large" }, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (sfumato_result_get_fields (result)->model, ==, "sd3.5-large");
}

static void
test_trailing_bytes (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GBytes) picture = make_picture ("png");
  g_autoptr (GByteArray) longer = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (SfumatoResult) result = NULL;

  fixture_set_up (&fixture);
  g_byte_array_append (longer, g_bytes_get_data (picture, NULL), g_bytes_get_size (picture));
  g_byte_array_append (longer, (guint8 *) "trailing\0bytes", 14);
  bytes = g_byte_array_free_to_bytes (g_steal_pointer (&longer));
  stand_in_answer_bytes (fixture.server, "{}", bytes);
  result = fixture_generate (&fixture, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (sfumato_result_get_fields (result)->bytes, bytes));
}

/* RES-41: a brotli stream that holds its bytes as they are (RFC 7932, section 9.2: an uncompressed meta-block). */
static void
test_brotli (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GBytes) picture = make_picture ("png");
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (SfumatoResult) result = NULL;
  gsize size = g_bytes_get_size (picture);
  guint32 head = GUINT32_TO_LE ((guint32) (size - 1) << 4 | 1u << 20);

  fixture_set_up (&fixture);
  g_byte_array_append (stream, (guint8 *) &head, 3);
  g_byte_array_append (stream, g_bytes_get_data (picture, NULL), size);
  g_byte_array_append (stream, (guint8 *) "\x03", 1);
  bytes = g_byte_array_free_to_bytes (g_steal_pointer (&stream));
  stand_in_answer_bytes (fixture.server, "{'headers':{'Content-Encoding':'br'}}", bytes);
  result = fixture_generate (&fixture, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (sfumato_result_get_fields (result)->bytes, picture));
}

/* ---- pictures in JSON ---- */

static const struct
{
  const char    *name;
  const char    *json;   /* @ stands for the base64 of a picture, % for the same with its slashes escaped, ~ for the
                          * alphabet of addresses and no filling at its end */
  gint64         seed;
  SfumatoFinish  finish;
} jsons[] = {
  { "RES-03", "{\"image\":\"@\",\"finish_reason\":\"SUCCESS\",\"seed\":343940597}", 343940597, SFUMATO_FINISH_SUCCESS },
  { "ASY-08", "{\"result\":\"@\",\"finish_reason\":\"SUCCESS\",\"seed\":1}", 1, SFUMATO_FINISH_SUCCESS },
  { "both", "{\"result\":\"iVBO\",\"image\":\"@\",\"seed\":1}", 1, SFUMATO_FINISH_SUCCESS },
  { "both, other way round", "{\"image\":\"@\",\"result\":\"iVBO\",\"seed\":1}", 1, SFUMATO_FINISH_SUCCESS },
  { "RES-05", "{\"image\":\"@\",\"finish_reason\":\"SUCCESS\"}", -1, SFUMATO_FINISH_SUCCESS },
  { "RES-10", "{\"image\":\"@\",\"finish_reason\":\"CONTENT_FILTERED\",\"seed\":1}", 1, SFUMATO_FINISH_FILTERED },
  { "no finish", "{\"image\":\"@\",\"seed\":1}", 1, SFUMATO_FINISH_SUCCESS },
  { "escaped slashes", "{\"image\":\"%\",\"seed\":1}", 1, SFUMATO_FINISH_SUCCESS },
  { "space everywhere", " \r\n{ \"x\" : [1, {\"image\": \"no\"}] , \"image\" \t: \n \"@\" , \"seed\" : 1 } \n", 1,
    SFUMATO_FINISH_SUCCESS },
  { "line ends in it", "{\"image\":\"\\n\\r\\n@\\n\",\"seed\":1}", 1, SFUMATO_FINISH_SUCCESS },
  { "seed in a string", "{\"image\":\"@\",\"seed\":\"4294967294\"}", 4294967294, SFUMATO_FINISH_SUCCESS },
  { "seed as a float", "{\"image\":\"@\",\"seed\":343940597.0}", 343940597, SFUMATO_FINISH_SUCCESS },
  { "seed with a fraction", "{\"image\":\"@\",\"seed\":1.5}", -1, SFUMATO_FINISH_SUCCESS },
  { "seed beyond", "{\"image\":\"@\",\"seed\":18446744073709551615}", -1, SFUMATO_FINISH_SUCCESS },
  { "seed infinite", "{\"image\":\"@\",\"seed\":1e999}", -1, SFUMATO_FINISH_SUCCESS },
  { "seed below", "{\"image\":\"@\",\"seed\":-1}", -1, SFUMATO_FINISH_SUCCESS },
  { "seed null", "{\"image\":\"@\",\"seed\":null}", -1, SFUMATO_FINISH_SUCCESS },
  { "seed an object", "{\"image\":\"@\",\"seed\":{\"a\":1}}", -1, SFUMATO_FINISH_SUCCESS },
  { "the mark of a byte order", "\xef\xbb\xbf{\"image\":\"@\",\"seed\":1}", 1, SFUMATO_FINISH_SUCCESS },
  { "bytes that are no UTF-8", "{\"x\":\"caf\xe9\",\"image\":\"@\",\"seed\":1}", 1, SFUMATO_FINISH_SUCCESS },
  { "something behind it", "{\"image\":\"@\",\"seed\":1}\n<!-- served by x -->", 1, SFUMATO_FINISH_SUCCESS },
  { "an address of data", "{\"image\":\"data:image/png;base64,@\",\"seed\":1}", 1, SFUMATO_FINISH_SUCCESS },
  { "an escape that is no character", "{\"x\":\"\\ud800\",\"image\":\"@\",\"seed\":1}", -1, SFUMATO_FINISH_SUCCESS },
  { "blurred, and a comma too many", "{\"image\":\"@\",\"finish_reason\":\"CONTENT_FILTERED\",}", -1,
    SFUMATO_FINISH_FILTERED },
  { "a comma too many", "{\"image\":\"@\",\"seed\":1,}", -1, SFUMATO_FINISH_SUCCESS },
  { "cut behind it", "{\"image\":\"@\",\"seed\":", -1, SFUMATO_FINISH_SUCCESS },
  { "the other alphabet", "{\"image\":\"~\",\"seed\":1}", 1, SFUMATO_FINISH_SUCCESS },
  { "v1's finish", "{\"image\":\"@\",\"seed\":1,\"finishReason\":\"CONTENT_FILTERED\"}", 1, SFUMATO_FINISH_FILTERED },
  { "finish of null", "{\"image\":\"@\",\"seed\":1,\"finish_reason\":null}", 1, SFUMATO_FINISH_SUCCESS },
  { "finish a number", "{\"image\":\"@\",\"seed\":1,\"finish_reason\":7}", 1, SFUMATO_FINISH_SUCCESS },
  { "more members",
    "{\"id\":\"x\",\"name\":\"y\",\"image\":\"@\",\"seed\":1,\"errors\":[]}", 1, SFUMATO_FINISH_SUCCESS },
};

static char *
fill_in (const char *json,
         GBytes     *picture)
{
  g_autofree char *base64 = g_base64_encode (g_bytes_get_data (picture, NULL), g_bytes_get_size (picture));
  g_autoptr (GString) escaped = g_string_new (base64);
  g_autofree char *plain = g_strdelimit (g_strdelimit (g_strdup (base64), "+", '-'), "/", '_');
  GString *text = g_string_new (json);

  plain[strcspn (plain, "=")] = '\0';
  g_string_replace (text, "~", plain, 0);
  g_string_replace (escaped, "/", "\\/", 0);
  g_string_replace (escaped, "=", "\\u003d", 0);
  g_string_replace (text, "@", base64, 0);
  g_string_replace (text, "%", escaped->str, 0);
  return g_string_free (text, FALSE);
}

static void
test_json_pictures (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GBytes) picture = make_picture ("png");

  fixture_set_up (&fixture);
  for (guint i = 0; i < G_N_ELEMENTS (jsons); i++)
    {
      char *json = fill_in (jsons[i].json, picture);
      g_autoptr (GBytes) bytes = g_bytes_new_take (json, strlen (json));
      g_autoptr (GError) error = NULL;
      g_autoptr (SfumatoResult) result = NULL;

      g_test_message ("%s", jsons[i].name);
      stand_in_answer_bytes (fixture.server, "{'headers':{'Content-Type':'application/json; type=image/png',"
                                             "'seed':null,'finish-reason':null}}", bytes);
      result = fixture_generate (&fixture, NULL, NULL, &error);
      g_assert_no_error (error);
      g_assert_true (g_bytes_equal (sfumato_result_get_fields (result)->bytes, picture));
      g_assert_cmpint (sfumato_result_get_fields (result)->seed_used, ==, jsons[i].seed);
      g_assert_cmpint (sfumato_result_get_fields (result)->finish, ==, jsons[i].finish);
    }
}

/* What arrived of a cut picture is not thrown away. A few bytes do not say yet that they are a picture. */
static void
assert_remains (const GError *error,
                GBytes       *whole,
                gsize         at)
{
  GBytes *remains = sfumato_error_get_remains (error);
  g_autoptr (GBytes) part = g_bytes_new_from_bytes (whole, 0, at);

  if (at < 16)
    return;
  g_assert_nonnull (remains);
  g_assert_true (g_bytes_equal (remains, part));
}

/* RES-43: cut at every percent, in every framing: never taken for whole, always told as possibly charged. */
static void
test_cut_anywhere (void)
{
  static const char * const framings[] = { "length", "chunked", "close" };
  static const char * const formats[] = { "png", "jpeg", "webp" };
  g_auto (Fixture) fixture = { 0 };
  guint cuts = 0;

  fixture_set_up (&fixture);
  for (guint i = 0; i < G_N_ELEMENTS (framings) * G_N_ELEMENTS (formats); i++)
    {
      const char *framing = framings[i / 3];
      g_autoptr (GBytes) picture = make_picture (formats[i % 3]);
      g_autofree char *chunk_head = g_strdup_printf ("%zx\r\n", g_bytes_get_size (picture));
      gsize ahead = strcmp (framing, "chunked") == 0 ? strlen (chunk_head) : 0;

      for (guint percent = 0; percent < 100; percent++)
        {
          gsize at = g_bytes_get_size (picture) * percent / 100;
          g_autofree char *order = g_strdup_printf ("{'framing':'%s','fault':'close','where':'answer-body','at':%zu}",
                                                    framing, at + ahead);
          g_autoptr (GError) error = NULL;

          stand_in_answer_bytes (fixture.server, order, picture);
          error = fixture_fail (&fixture, NULL);
          g_assert_cmpint (sfumato_error_get_charge (error), ==, MAYBE);
          assert_remains (error, picture, at);
          cuts++;
        }
    }
  g_assert_cmpuint (cuts, ==, 900);
  g_assert_cmpuint (stand_in_count_posts (fixture.server), ==, cuts);
}

/* A JSON answer cut anywhere in its picture, too. Whole, the picture counts, whatever is cut off behind it. */
static void
test_cut_json (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GBytes) picture = make_picture ("png");
  g_autofree char *json = fill_in ("{\"image\":\"@\",\"finish_reason\":\"SUCCESS\",\"seed\":1}", picture);
  gsize size = strstr (json, "\",\"finish") - json - strlen ("CRC=");

  fixture_set_up (&fixture);
  for (gsize at = 0; at < size; at += 1 + size / 150)
    {
      g_autoptr (GBytes) bytes = g_bytes_new (json, at);
      g_autoptr (GError) error = NULL;

      stand_in_answer_bytes (fixture.server, "{'headers':{'Content-Type':'application/json'}}", bytes);
      error = fixture_fail (&fixture, NULL);
      g_assert_cmpint (sfumato_error_get_charge (error), ==, MAYBE);
    }
}

/* RES-45: cut, and the framing is wrong as well. A cut picture is refused whatever the framing says. */
static void
test_cut_and_framed_badly (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GBytes) picture = make_picture ("png");
  g_autoptr (GBytes) half = g_bytes_new_from_bytes (picture, 0, g_bytes_get_size (picture) / 2);
  g_autoptr (GError) error = NULL;

  fixture_set_up (&fixture);
  stand_in_answer_bytes (fixture.server, "{'framing':'bad-chunk'}", half);
  error = fixture_fail (&fixture, NULL);
  g_assert_cmpint (sfumato_error_get_charge (error), ==, MAYBE);
  g_assert_cmpuint (stand_in_count_posts (fixture.server), ==, 1);
}

/* A picture that is paid for and whole is kept, however badly the connection ends behind it. */
static void
test_whole_but_badly_ended (void)
{
  static const char * const orders[] = {
    "{'length':%zu,'fault':'close','where':'answer-body','at':%zu}",
    "{'length':%zu,'fault':'reset','where':'answer-body','at':%zu}",
    "{'length':%zu,'fault':'stall','where':'answer-body','at':%zu}",
    "{'framing':'bad-chunk'}",
  };
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GBytes) picture = make_picture ("png");
  gsize size = g_bytes_get_size (picture);

  fixture_set_up (&fixture);
  fixture.limits.idle_time = 1500;
  fixture_apply_limits (&fixture);
  for (guint i = 0; i < G_N_ELEMENTS (orders); i++)
    {
      g_autoptr (GString) order = g_string_new (orders[i]);
      g_autofree char *length = g_strdup_printf ("%zu", size + 10);
      g_autofree char *at = g_strdup_printf ("%zu", size);
      g_autoptr (GError) error = NULL;
      g_autoptr (SfumatoResult) result = NULL;

      g_string_replace (order, "%zu", length, 1);
      g_string_replace (order, "%zu", at, 1);
      stand_in_answer_bytes (fixture.server, order->str, picture);
      result = fixture_generate (&fixture, NULL, NULL, &error);
      /* A reset may take bytes with it that had arrived; then it is an ordinary loss. */
      if (result == NULL && i == 1)
        g_assert_cmpint (sfumato_error_get_charge (error), ==, MAYBE);
      else
        g_assert_no_error (error);
    }
}

/* What was paid for and cannot be opened here is not thrown away either: a picture of another kind, or one that claims
 * to be larger than any. Text that says it is a picture is not kept. */
static void
test_not_opened_but_kept (void)
{
  static const struct { const char *type; const char *body; gboolean kept; } bodies[] = {
    { "image/gif", "GIF89a, and what comes behind it", TRUE },
    { "image/png", "\x89PNG\r\n\x1a\n...\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff", TRUE },
    { "image/avif", "ftypavif, and what comes behind it", TRUE },
    { "image/png", "<html><body>a page that calls itself a picture</body></html>", FALSE },
    { "text/plain", "words that are no picture, and do not say so", FALSE },
  };
  g_auto (Fixture) fixture = { 0 };

  fixture_set_up (&fixture);
  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new_static (bodies[i].body, strlen (bodies[i].body));
      g_autofree char *order = g_strdup_printf ("{'headers':{'Content-Type':'%s'}}", bodies[i].type);
      g_autoptr (GError) error = NULL;

      stand_in_answer_bytes (fixture.server, order, bytes);
      error = fixture_fail (&fixture, NULL);
      g_assert_cmpint (sfumato_error_get_charge (error), ==, MAYBE);
      g_assert_cmpint (sfumato_error_get_remains (error) != NULL, ==, bodies[i].kept);
      if (bodies[i].kept)
        g_assert_true (g_bytes_equal (sfumato_error_get_remains (error), bytes));
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/answers/pictures", test_pictures);
  g_test_add_func ("/answers/real", test_real_answers);
  g_test_add_func ("/answers/old-model", test_old_model);
  g_test_add_func ("/answers/trailing-bytes", test_trailing_bytes);
  g_test_add_func ("/answers/brotli", test_brotli);
  g_test_add_func ("/answers/json-pictures", test_json_pictures);
  g_test_add_func ("/answers/cut-anywhere", test_cut_anywhere);
  g_test_add_func ("/answers/cut-json", test_cut_json);
  g_test_add_func ("/answers/cut-and-framed-badly", test_cut_and_framed_badly);
  g_test_add_func ("/answers/whole-but-badly-ended", test_whole_but_badly_ended);
  g_test_add_func ("/answers/not-opened-but-kept", test_not_opened_but_kept);
  return g_test_run ();
}
