/* What comes back: pictures in every form, refusals in every shape, and everything that only looks like an answer.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "fixture.h"

#include <math.h>
#include <string.h>

#define NONE  SFUMATO_CHARGE_NONE
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
  const char    *json;   /* @ stands for the base64 of a picture, % for the same with its slashes escaped */
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
  GString *text = g_string_new (json);

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

/* ---- what is no picture ---- */

#define V2(name, ...) "'headers':{'Content-Type':'application/json'},'body':{'id':'8e8e','name':'" name \
                      "','errors':[" __VA_ARGS__ "]}"
#define HTML "'headers':{'Content-Type':'text/html'},'body':'<html><script>alert(1)</script><b>sk-test-0000</b>'"

static const struct
{
  const char       *name;
  const char       *order;
  SfumatoErrorCode  code;
  SfumatoCharge     charge;
  SfumatoErrorHelp  help;
  const char       *field;   /* nullable */
  const char       *message; /* part of it */
  const char       *details; /* part of them; nullable */
} refusals[] = {
  { "RES-14", "{'body':'<html>oops'}", SFUMATO_ERROR_SERVICE, MAYBE, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL,
    "not a picture", "image/png" },
  { "RES-14 text", "{'headers':{'Content-Type':'text/plain'},'body':'fine'}", SFUMATO_ERROR_SERVICE, MAYBE,
    SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "not a picture", "text/plain" },
  { "RES-15", "{'body':''}", SFUMATO_ERROR_SERVICE, MAYBE, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "empty", NULL },
  { "204", "{'status':204,'framing':'close','body':''}", SFUMATO_ERROR_SERVICE, MAYBE, SFUMATO_ERROR_HELP_TRY_AGAIN,
    NULL, "empty", "204" },
  { "RES-16",
    "{'status':200,'raw':'HTTP/1.1 200 OK\\r\\nContent-Type: text/html; charset=utf-8\\r\\n\\r\\n<html>Sign in'}",
    SFUMATO_ERROR_NETWORK, NONE, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "sign-in page", "text/html" },
  { "RES-16 without a type", "{'raw':'HTTP/1.1 200 OK\\r\\n\\r\\n<!doctype html>'}", SFUMATO_ERROR_NETWORK, NONE,
    SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "sign-in page", NULL },
  { "RES-17", "{'headers':{'Content-Type':'application/json'},'body':{'id':'e1b2c3'}}", SFUMATO_ERROR_SERVICE, MAYBE,
    SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "number of a task", "e1b2c3" },
  { "202", "{'status':202,'body':{'id':'e1b2c3','status':'in-progress'}}", SFUMATO_ERROR_SERVICE, MAYBE,
    SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "number of a task", "e1b2c3" },
  { "200 with an error", "{" V2 ("content_moderation", "'flagged'") "}", SFUMATO_ERROR_REFUSED, NONE,
    SFUMATO_ERROR_HELP_EDIT_PROMPT, "prompt", "moderation", "flagged" },
  { "200 with a new error", "{" V2 ("something_new", "'what'") "}", SFUMATO_ERROR_SERVICE, MAYBE,
    SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "what", "something_new" },
  { "200 with a list", "{'headers':{'Content-Type':'application/json'},'body':[1]}", SFUMATO_ERROR_SERVICE, MAYBE,
    SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "not a picture", NULL },
  { "200 with half an object", "{'headers':{'Content-Type':'application/json'},'body':'{\\u0022image'}",
    SFUMATO_ERROR_SERVICE, MAYBE, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "not a picture", NULL },
  { "200 with no base64", "{'headers':{'Content-Type':'application/json'},'body':{'image':'???\?'}}",
    SFUMATO_ERROR_SERVICE, MAYBE, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "not a picture", NULL },
  { "200 with an image of null", "{'headers':{'Content-Type':'application/json'},'body':{'image':null}}",
    SFUMATO_ERROR_SERVICE, MAYBE, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "not a picture", NULL },
  { "RES-20",
    "{'status':400," V2 ("bad_request", "'prompt: is required','aspect_ratio: invalid enum value. Expected x'")
    "}", SFUMATO_ERROR_INVALID, NONE, SFUMATO_ERROR_HELP_NONE, "prompt,aspect_ratio",
    "prompt: is required\naspect_ratio: invalid enum value. Expected x\nNothing was charged.", "bad_request" },
  { "fields", "{'status':400," V2 ("bad_request", "'style_preset: x','cfg_scale: x','output_format: x','image: x'") "}",
    SFUMATO_ERROR_INVALID, NONE, SFUMATO_ERROR_HELP_NONE, "style,guidance,format,input", "cfg_scale: x", NULL },
  { "RES-21", "{'status':401," V2 ("unauthorized", "'authorization: invalid or missing header value'") "}",
    SFUMATO_ERROR_UNAUTHORISED, NONE, SFUMATO_ERROR_HELP_CHANGE_KEY, NULL, "did not accept the key", "unauthorized" },
  { "401 empty", "{'status':401}", SFUMATO_ERROR_UNAUTHORISED, NONE, SFUMATO_ERROR_HELP_CHANGE_KEY, NULL,
    "did not accept the key", "401" },
  { "401 with a challenge", "{'status':401,'headers':{'WWW-Authenticate':'Basic realm=x'}}",
    SFUMATO_ERROR_UNAUTHORISED, NONE, SFUMATO_ERROR_HELP_CHANGE_KEY, NULL, "did not accept the key", "401" },
  { "RES-22", "{'status':402," V2 ("payment_required", "'You lack sufficient credits'") "}", SFUMATO_ERROR_PAYMENT,
    NONE, SFUMATO_ERROR_HELP_BUY_CREDITS, NULL, "too few credits", "lack sufficient" },
  { "RES-23", "{'status':403," V2 ("content_moderation", "'flagged'") "}", SFUMATO_ERROR_REFUSED, NONE,
    SFUMATO_ERROR_HELP_EDIT_PROMPT, "prompt", "Nothing was charged", "8e8e" },
  { "403 by name", "{'status':403," V2 ("payment_required", "'x'") "}", SFUMATO_ERROR_PAYMENT, NONE,
    SFUMATO_ERROR_HELP_BUY_CREDITS, NULL, "too few credits", NULL },
  { "403 v1", "{'status':403,'body':{'id':'a','name':'permission_denied','message':'not yours'}}",
    SFUMATO_ERROR_UNAUTHORISED, NONE, SFUMATO_ERROR_HELP_CHANGE_KEY, NULL, "not yours", NULL },
  { "403 of a firewall", "{'status':403," HTML "}", SFUMATO_ERROR_REFUSED, NONE, SFUMATO_ERROR_HELP_NONE, NULL, "403",
    NULL },
  { "RES-25", "{'status':404," HTML "}", SFUMATO_ERROR_SERVICE, NONE, SFUMATO_ERROR_HELP_CHANGE_ADDRESS, NULL,
    "http://127.0.0.1:", NULL },
  { "405", "{'status':405}", SFUMATO_ERROR_SERVICE, NONE, SFUMATO_ERROR_HELP_CHANGE_ADDRESS, NULL, "address", NULL },
  { "RES-26", "{'status':413," V2 ("payload_too_large", "'body: too large'") "}", SFUMATO_ERROR_INVALID, NONE,
    SFUMATO_ERROR_HELP_NONE, "input", "larger than", NULL },
  { "RES-26 nginx", "{'status':413," HTML "}", SFUMATO_ERROR_INVALID, NONE, SFUMATO_ERROR_HELP_NONE, "input",
    "larger than", NULL },
  { "RES-27", "{'status':422," V2 ("invalid_language", "'x'") "}", SFUMATO_ERROR_REFUSED, NONE,
    SFUMATO_ERROR_HELP_EDIT_PROMPT, "prompt", "English", NULL },
  { "RES-28", "{'status':422," V2 ("public_figure", "'x'") "}", SFUMATO_ERROR_REFUSED, NONE, SFUMATO_ERROR_HELP_NONE,
    "input", "another picture", NULL },
  { "RES-29", "{'status':429," V2 ("rate_limit_exceeded", "'x'") "}", SFUMATO_ERROR_RATE, NONE,
    SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "wait", NULL },
  { "429 HTML", "{'status':429," HTML "}", SFUMATO_ERROR_RATE, NONE, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "wait", NULL },
  { "RES-31", "{'status':500," V2 ("internal_error", "'x'") "}", SFUMATO_ERROR_SERVICE, NONE,
    SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "Try again later", "internal_error" },
  { "500 v1", "{'status':500,'body':{'id':'a','name':'server_error','message':'x'}}", SFUMATO_ERROR_SERVICE, NONE,
    SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "problem", "server_error" },
  { "500 HTML", "{'status':500," HTML "}", SFUMATO_ERROR_SERVICE, MAYBE, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "500",
    NULL },
  { "500 of nobody known", "{'status':500,'body':{'message':'Internal server error'}}", SFUMATO_ERROR_SERVICE, MAYBE,
    SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "500", "Internal server error" },
  { "RES-32 502", "{'status':502," HTML "}", SFUMATO_ERROR_SERVICE, MAYBE, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "502",
    NULL },
  { "RES-32 503", "{'status':503," HTML "}", SFUMATO_ERROR_SERVICE, MAYBE, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "503",
    NULL },
  { "503 that says when", "{'status':503,'headers':{'Retry-After':'7'}}", SFUMATO_ERROR_SERVICE, NONE,
    SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "503", NULL },
  { "RES-32 504", "{'status':504," HTML "}", SFUMATO_ERROR_SERVICE, MAYBE, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "504",
    NULL },
  { "504 of a gateway", "{'status':504,'body':{'name':'endpoint_timeout','message':'Endpoint request timed out'}}",
    SFUMATO_ERROR_SERVICE, MAYBE, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "504", NULL },
  { "408", "{'status':408}", SFUMATO_ERROR_SERVICE, MAYBE, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "408", NULL },
  { "RES-32 520", "{'status':520," HTML "}", SFUMATO_ERROR_SERVICE, MAYBE, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "520",
    NULL },
  { "524", "{'status':524," HTML "}", SFUMATO_ERROR_SERVICE, MAYBE, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "524", NULL },
  { "599", "{'status':599}", SFUMATO_ERROR_SERVICE, MAYBE, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "599", NULL },
  { "418", "{'status':418,'body':'short and stout'}", SFUMATO_ERROR_INVALID, NONE, SFUMATO_ERROR_HELP_NONE, NULL,
    "418", NULL },
  { "RES-34 FastAPI", "{'status':422,'body':{'detail':[{'loc':['body','seed'],'msg':'not a number','type':'x'}]}}",
    SFUMATO_ERROR_INVALID, NONE, SFUMATO_ERROR_HELP_NONE, NULL, "not a number", NULL },
  { "RES-34 detail", "{'status':400,'body':{'detail':'that is wrong'}}", SFUMATO_ERROR_INVALID, NONE,
    SFUMATO_ERROR_HELP_NONE, NULL, "that is wrong", NULL },
  { "RES-34 OpenAI", "{'status':400,'body':{'error':{'message':'that is wrong','type':'x'}}}", SFUMATO_ERROR_INVALID,
    NONE, SFUMATO_ERROR_HELP_NONE, NULL, "that is wrong", NULL },
  { "RES-34 error", "{'status':400,'body':{'error':'that is wrong'}}", SFUMATO_ERROR_INVALID, NONE,
    SFUMATO_ERROR_HELP_NONE, NULL, "that is wrong", NULL },
  { "RES-37",
    "{'status':400,'headers':{'Content-Type':'image/png'},'body':'{\\u0022errors\\u0022:[\\u0022seed: no\\u0022]}'}",
    SFUMATO_ERROR_INVALID, NONE, SFUMATO_ERROR_HELP_NONE, "seed", "seed: no", NULL },
  { "RES-41", "{'status':400,'encoding':'gzip'," V2 ("bad_request", "'seed: no'") "}", SFUMATO_ERROR_INVALID, NONE,
    SFUMATO_ERROR_HELP_NONE, "seed", "seed: no", NULL },
  { "types that are lies", "{'status':400,'body':{'id':7,'name':['x'],'errors':{'a':'b'},'message':null,'error':3}}",
    SFUMATO_ERROR_INVALID, NONE, SFUMATO_ERROR_HELP_NONE, NULL, "400", NULL },
  { "entries that are lies", "{'status':400,'body':{'name':'bad_request','errors':[null,1,[],{},'fine']}}",
    SFUMATO_ERROR_INVALID, NONE, SFUMATO_ERROR_HELP_NONE, NULL, "fine", NULL },
  { "the key in their text", "{'status':400," V2 ("bad_request", "'key sk-test-0000 is sk-test-\\u20660000'") "}",
    SFUMATO_ERROR_INVALID, NONE, SFUMATO_ERROR_HELP_NONE, NULL, "key [key] is [key]", NULL },
  { "the key in their headers", "{'status':400,'reason':'sk-test-0000','headers':{'x-request-id':'sk-test-0000'}}",
    SFUMATO_ERROR_INVALID, NONE, SFUMATO_ERROR_HELP_NONE, NULL, "400", "400 [key]" },
  { "control characters", "{'status':400," V2 ("bad_request", "'a\\u0000\\u0007\\u001b[31mb\\u202ec'") "}",
    SFUMATO_ERROR_INVALID, NONE, SFUMATO_ERROR_HELP_NONE, NULL, "bad_request", NULL },
  { "RES-40", "{'status':302,'headers':{'Location':'https://evil.example/?k=1'}}", SFUMATO_ERROR_NETWORK, NONE,
    SFUMATO_ERROR_HELP_CHANGE_ADDRESS, NULL, "evil.example", NULL },
};

static void
test_refusals (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_auto (Fixture) fixture = { 0 };
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", refusals[i].name);
      fixture_set_up (&fixture);
      stand_in_answer (fixture.server, refusals[i].order);
      error = fixture_fail (&fixture, NULL);
      g_assert_cmpint (error->code, ==, refusals[i].code);
      g_assert_cmpint (sfumato_error_get_charge (error), ==, refusals[i].charge);
      g_assert_cmpint (sfumato_error_get_help (error), ==, refusals[i].help);
      g_assert_cmpstr (sfumato_error_get_field (error), ==, refusals[i].field);
      if (strcmp (refusals[i].name, "control characters") != 0)
        g_assert_nonnull (strstr (error->message, refusals[i].message));
      g_assert_null (strchr (error->message, '<'));
      g_assert_nonnull (strstr (sfumato_error_get_details (error), "host: 127.0.0.1"));
      if (refusals[i].details != NULL)
        g_assert_nonnull (strstr (sfumato_error_get_details (error), refusals[i].details));
      g_assert_cmpuint (stand_in_count_posts (fixture.server), ==, 1);
      g_assert_cmpuint (stand_in_count_connections (fixture.server), ==, 1);
    }
}

/* RES-40, all of them: nobody is gone to. */
static void
test_redirects (void)
{
  static const guint statuses[] = { 300, 301, 302, 303, 305, 307, 308 };
  static const char * const targets[] = {
    "%s/v2beta/stable-image/generate/sd3", "/other", "//127.0.0.1:1/", "file:///etc/passwd",
    "http://user:pw@evil.example/", "javascript:alert(1)", "http://[", "", NULL
  };
  g_auto (Fixture) other = { 0 };

  fixture_set_up (&other);
  for (guint i = 0; i < G_N_ELEMENTS (statuses); i++)
    for (guint j = 0; targets[j] != NULL; j++)
      {
        g_auto (Fixture) fixture = { 0 };
        g_autoptr (GError) error = NULL;
        g_autoptr (GString) location = g_string_new (targets[j]);
        g_autofree char *order = NULL;

        fixture_set_up (&fixture);
        g_string_replace (location, "%s", stand_in_get_url (other.server), 0);
        order = g_strdup_printf ("{'status':%u,'headers':{'Location':'%s'}}", statuses[i], location->str);
        stand_in_answer (fixture.server, order);
        error = fixture_fail (&fixture, NULL);
        g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_NETWORK);
        g_assert_cmpint (sfumato_error_get_charge (error), ==, NONE);
        g_assert_cmpuint (stand_in_count_connections (fixture.server), ==, 1);
      }
  g_assert_cmpuint (stand_in_count_connections (other.server), ==, 0);
}

static void
test_retry_after (void)
{
  static const struct { const char *text; guint seconds; } forms[] = {
    { NULL, 60 }, { "7", 7 }, { "0", 1 }, { "120", 120 }, { "121", 120 }, { "86400", 120 },
    { "99999999999999999999", 60 }, { "-5", 60 }, { "1.5", 60 }, { "soon", 60 }, { "", 60 }, { "7 seconds", 60 },
    { "Wed, 21 Oct 2015 07:28:00 GMT", 1 }, { "Wed, 21 Oct 2115 07:28:00 GMT", 120 },
    { "Wednesday, 21-Oct-15 07:28:00 GMT", 1 }, { "Foo, 99 Bar 2026 00:00:00 GMT", 60 }, { "+7", 60 }, { "0x10", 60 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      g_auto (Fixture) fixture = { 0 };
      g_autofree char *order = NULL;
      g_autoptr (GError) error = NULL;

      fixture_set_up (&fixture);
      order = forms[i].text == NULL ? g_strdup ("{'status':429}")
                                    : g_strdup_printf ("{'status':429,'headers':{'Retry-After':'%s'}}", forms[i].text);
      stand_in_answer (fixture.server, order);
      error = fixture_fail (&fixture, NULL);
      g_test_message ("%s", forms[i].text);
      g_assert_cmpuint (sfumato_error_get_retry_after (error), ==, forms[i].seconds);
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

/* A JSON answer cut anywhere, too. */
static void
test_cut_json (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GBytes) picture = make_picture ("png");
  g_autofree char *json = fill_in ("{\"image\":\"@\",\"finish_reason\":\"SUCCESS\",\"seed\":1}", picture);

  fixture_set_up (&fixture);
  for (gsize at = 0; at < strlen (json); at += 1 + strlen (json) / 150)
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

/* ---- the account ---- */

static const struct
{
  const char       *name;
  const char       *order;
  gboolean          good;
  double            credits; /* NaN is -1 here */
  SfumatoErrorCode  code;
} accounts[] = {
  { "ACC-01", "{'on':'balance','body':{'credits':0.07903292496944721}}", TRUE, 0.07903292496944721, 0 },
  { "whole", "{'on':'balance','body':{'credits':25}}", TRUE, 25, 0 },
  { "more", "{'on':'balance','body':{'credits':1.5,'other':{}}}", TRUE, 1.5, 0 },
  { "no number", "{'on':'balance','body':{'credits':null}}", TRUE, -1, 0 },
  { "too large a number", "{'on':'balance','body':'{\\u0022credits\\u0022:1e999}'}", TRUE, -1, 0 },
  { "nothing about it", "{'on':'balance','body':{}}", FALSE, -1, SFUMATO_ERROR_SERVICE },
  { "a list", "{'on':'balance','body':[]}", FALSE, -1, SFUMATO_ERROR_SERVICE },
  { "a sign-in page", "{'on':'balance','headers':{'x-request-id':null,'Content-Type':'text/html'},'body':'<p>'}", FALSE,
    -1, SFUMATO_ERROR_NETWORK },
  { "ACC-03", "{'on':'balance','status':401,'body':{'id':'a','name':'unauthorized','message':'missing header'}}", FALSE,
    -1, SFUMATO_ERROR_UNAUTHORISED },
  { "ACC-04", "{'on':'balance','status':500}", FALSE, -1, SFUMATO_ERROR_SERVICE },
  { "404", "{'on':'balance','status':404}", FALSE, -1, SFUMATO_ERROR_SERVICE },
  { "redirect", "{'on':'balance','status':301,'headers':{'Location':'/v2'}}", FALSE, -1, SFUMATO_ERROR_NETWORK },
  { "cut", "{'on':'balance','body':{'credits':25},'fault':'close','where':'answer-body','at':5}", FALSE, -1,
    SFUMATO_ERROR_NETWORK },
  { "silence", "{'on':'balance','fault':'stall'}", FALSE, -1, SFUMATO_ERROR_NETWORK },
};

static void
test_account (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (accounts); i++)
    {
      g_auto (Fixture) fixture = { 0 };
      g_autoptr (GError) error = NULL;
      g_autoptr (StandInRequest) request = NULL;
      SfumatoAccount account = { 0 };
      gboolean good;

      g_test_message ("%s", accounts[i].name);
      fixture_set_up (&fixture);
      if (strstr (accounts[i].order, "stall") != NULL)
        fixture.limits.check_time = 500;
      fixture_apply_limits (&fixture);
      stand_in_answer (fixture.server, accounts[i].order);
      good = sfumato_service_check (fixture.service, STAND_IN_KEY, &account, NULL, &error);
      g_assert_cmpint (good, ==, accounts[i].good);
      if (accounts[i].credits < 0)
        g_assert_true (isnan (account.credits));
      else
        g_assert_cmpfloat (account.credits, ==, accounts[i].credits);
      if (!good)
        {
          check_error (error);
          g_assert_cmpint (error->code, ==, accounts[i].code);
          g_assert_cmpint (sfumato_error_get_charge (error), ==, NONE);
        }
      request = stand_in_get_request (fixture.server, -1);
      g_assert_cmpstr (request->method, ==, "GET");
      g_assert_cmpstr (request->path, ==, "/v1/user/balance");
      g_assert_cmpstr (stand_in_request_header (request, "authorization"), ==, "Bearer " STAND_IN_KEY);
      g_assert_cmpuint (stand_in_count_connections (fixture.server), ==, 1);
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
  g_test_add_func ("/answers/refusals", test_refusals);
  g_test_add_func ("/answers/redirects", test_redirects);
  g_test_add_func ("/answers/retry-after", test_retry_after);
  g_test_add_func ("/answers/cut-anywhere", test_cut_anywhere);
  g_test_add_func ("/answers/cut-json", test_cut_json);
  g_test_add_func ("/answers/cut-and-framed-badly", test_cut_and_framed_badly);
  g_test_add_func ("/answers/whole-but-badly-ended", test_whole_but_badly_ended);
  g_test_add_func ("/answers/account", test_account);
  return g_test_run ();
}
