/* What comes back instead of a picture: refusals in every shape, what only looks like an answer, and the account.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "fixture.h"

#include <math.h>
#include <string.h>

#define NONE  SFUMATO_CHARGE_NONE
#define MAYBE SFUMATO_CHARGE_MAYBE

/* ---- what is no picture ---- */

#define V2(name, ...) "'headers':{'Content-Type':'application/json'},'body':{'id':'8e8e','name':'" name \
                      "','errors':[" __VA_ARGS__ "]}"
/* What a 400 with this body says. */
#define WORDS(name, body, field, words) \
  { "words: " name, "{'status':400,'body':" body "}", SFUMATO_ERROR_INVALID, NONE, SFUMATO_ERROR_HELP_NONE, field, words, NULL }
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
  { "200 with words", "{'headers':{'Content-Type':'application/json'},'body':{'id':'e1','errors':['it broke']}}",
    SFUMATO_ERROR_SERVICE, MAYBE, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "it broke", "e1" },
  { "200 with an error of another kind", "{'headers':{'Content-Type':'application/json'},'body':{'success':false,"
    "'error':{'message':'it broke'}}}", SFUMATO_ERROR_SERVICE, MAYBE, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "it broke",
    NULL },
  { "200, filtered, without a picture", "{'headers':{'Content-Type':'application/json'},"
    "'body':{'image':null,'finish_reason':'CONTENT_FILTERED'}}", SFUMATO_ERROR_REFUSED, MAYBE,
    SFUMATO_ERROR_HELP_EDIT_PROMPT, "prompt", "content rules", NULL },
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
  { "421", "{'status':421}", SFUMATO_ERROR_SERVICE, NONE, SFUMATO_ERROR_HELP_CHANGE_ADDRESS, NULL, "address", "421" },
  { "451", "{'status':451," HTML "}", SFUMATO_ERROR_REFUSED, NONE, SFUMATO_ERROR_HELP_NONE, NULL, "451", NULL },
  { "511", "{'status':511," HTML "}", SFUMATO_ERROR_NETWORK, NONE, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "sign-in page",
    "511" },
  { "401 with every challenge", "{'status':401,'headers':{'WWW-Authenticate':'Digest realm=x, nonce=y',"
    "'www-authenticate':'Negotiate','WWW-AUTHENTICATE':'NTLM'}}", SFUMATO_ERROR_UNAUTHORISED, NONE,
    SFUMATO_ERROR_HELP_CHANGE_KEY, NULL, "did not accept the key", "401" },
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
  { "502 of nobody known", "{'status':502,'body':{'message':'upstream closed'}}", SFUMATO_ERROR_SERVICE, MAYBE,
    SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, "It answered with status 502.", "upstream closed" },
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
    SFUMATO_ERROR_INVALID, NONE, SFUMATO_ERROR_HELP_NONE, "seed", "seed: not a number", NULL },
  { "RES-34 detail", "{'status':400,'body':{'detail':'that is wrong'}}", SFUMATO_ERROR_INVALID, NONE,
    SFUMATO_ERROR_HELP_NONE, NULL, "that is wrong", NULL },
  { "RES-34 OpenAI", "{'status':400,'body':{'error':{'message':'that is wrong','type':'x'}}}", SFUMATO_ERROR_INVALID,
    NONE, SFUMATO_ERROR_HELP_NONE, NULL, "that is wrong", NULL },
  { "RES-34 error", "{'status':400,'body':{'error':'that is wrong'}}", SFUMATO_ERROR_INVALID, NONE,
    SFUMATO_ERROR_HELP_NONE, NULL, "that is wrong", NULL },
  { "a name in capitals", "{'status':403,'body':{'name':'CONTENT_MODERATION'}}", SFUMATO_ERROR_REFUSED, NONE,
    SFUMATO_ERROR_HELP_EDIT_PROMPT, "prompt", "moderation", NULL },
  { "a name further in", "{'status':403,'body':{'error':{'name':'content_moderation'}}}", SFUMATO_ERROR_REFUSED, NONE,
    SFUMATO_ERROR_HELP_EDIT_PROMPT, "prompt", "moderation", NULL },
  { "a name called code", "{'status':403,'body':{'code':'content_moderation','message':'x'}}", SFUMATO_ERROR_REFUSED,
    NONE, SFUMATO_ERROR_HELP_EDIT_PROMPT, "prompt", "moderation", NULL },
  { "a name in a list", "{'status':403,'body':[{'name':'content_moderation'}]}", SFUMATO_ERROR_REFUSED, NONE,
    SFUMATO_ERROR_HELP_EDIT_PROMPT, "prompt", "moderation", NULL },
  { "behind a mark of the byte order", "{'status':403,'body_base64':'77u/eyJuYW1lIjoiY29udGVudF9tb2RlcmF0aW9uIn0='}",
    SFUMATO_ERROR_REFUSED, NONE, SFUMATO_ERROR_HELP_EDIT_PROMPT, "prompt", "moderation", NULL },
  /* {"name":"content_moderation","errors":["caf\xe9"]} and a zero byte */
  { "in Latin-1", "{'status':403,'body_base64':'eyJuYW1lIjoiY29udGVudF9tb2RlcmF0aW9uIiwiZXJyb3JzIjpbImNhZukiXX0A'}",
    SFUMATO_ERROR_REFUSED, NONE, SFUMATO_ERROR_HELP_EDIT_PROMPT, "prompt", "moderation", "caf" },
  { "behind it a comment", "{'status':403,'body':'{\\u0022name\\u0022:\\u0022content_moderation\\u0022} <!-- x -->'}",
    SFUMATO_ERROR_REFUSED, NONE, SFUMATO_ERROR_HELP_EDIT_PROMPT, "prompt", "moderation", NULL },
  WORDS ("a text", "{'errors':'it is so'}", NULL, "it is so"),
  WORDS ("objects", "{'errors':[{'message':'it is so'},{'detail':'and so'}]}", NULL, "it is so\nand so"),
  WORDS ("objects that name a field", "{'errors':[{'field':'seed','message':'it is so'}]}", "seed", "seed: it is so"),
  WORDS ("an object of fields", "{'errors':{'prompt':['it is so','and so'],'x':'fine'}}", "prompt",
         "prompt: it is so\nprompt: and so\nx: fine"),
  WORDS ("a list in a list", "{'errors':[['it is so']]}", NULL, "it is so"),
  WORDS ("a list far in", "{'error':{'errors':[{'message':'it is so'}]}}", NULL, "it is so"),
  WORDS ("a detail of errors", "{'detail':{'errors':['it is so']}}", NULL, "it is so"),
  WORDS ("empty ones first", "{'errors':['',[],{}],'message':'it is so'}", NULL, "it is so"),
  WORDS ("null first", "{'errors':null,'detail':'it is so'}", NULL, "it is so"),
  WORDS ("RFC 9457", "{'type':'about:blank','title':'no','detail':'it is so','status':400}", NULL, "it is so"),
  WORDS ("a title alone", "{'title':'it is so','status':400}", NULL, "it is so"),
  WORDS ("a large letter", "{'Message':'it is so'}", NULL, "it is so"),
  WORDS ("a fault", "{'fault':{'faultstring':'it is so','detail':{'errorcode':'x'}}}", NULL, NULL),
  WORDS ("a list", "['it is so']", NULL, "it is so"),
  WORDS ("a field many times", "{'errors':['seed: a','seed: b','SEED: c','mode: d']}", "seed,input", "seed: b"),
  WORDS ("nothing", "{}", NULL, "400"),
  WORDS ("nothing in a list", "[]", NULL, "400"),
  WORDS ("too deep", "{'errors':[[[[[[[[[['it is so']]]]]]]]]]}", NULL, "400"),
  { "RES-37",
    "{'status':400,'headers':{'Content-Type':'image/png'},'body':'{\\u0022errors\\u0022:[\\u0022seed: no\\u0022]}'}",
    SFUMATO_ERROR_INVALID, NONE, SFUMATO_ERROR_HELP_NONE, "seed", "seed: no", NULL },
  { "RES-41", "{'status':400,'encoding':'gzip'," V2 ("bad_request", "'seed: no'") "}", SFUMATO_ERROR_INVALID, NONE,
    SFUMATO_ERROR_HELP_NONE, "seed", "seed: no", NULL },
  { "types that are lies", "{'status':400,'body':{'id':7,'name':['x'],'errors':{'a':'b'},'message':null,'error':3}}",
    SFUMATO_ERROR_INVALID, NONE, SFUMATO_ERROR_HELP_NONE, NULL, "a: b", NULL },
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
      if (refusals[i].message != NULL && strcmp (refusals[i].name, "control characters") != 0)
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
  { "in a string", "{'on':'balance','body':{'credits':'12.5'}}", TRUE, 12.5, 0 },
  { "behind a mark of the byte order", "{'on':'balance','body_base64':'77u/eyJjcmVkaXRzIjoyNX0='}", TRUE, 25, 0 },
  { "compressed", "{'on':'balance','encoding':'gzip','body':{'credits':25}}", TRUE, 25, 0 },
  { "another success", "{'on':'balance','status':203,'body':{'credits':25}}", TRUE, 25, 0 },
  { "no number", "{'on':'balance','body':{'credits':null}}", TRUE, -1, 0 },
  { "words", "{'on':'balance','body':{'credits':'plenty'}}", TRUE, -1, 0 },
  { "an empty string", "{'on':'balance','body':{'credits':''}}", TRUE, -1, 0 },
  { "true", "{'on':'balance','body':{'credits':true}}", TRUE, -1, 0 },
  { "an object", "{'on':'balance','body':{'credits':{'a':1}}}", TRUE, -1, 0 },
  { "more than there is", "{'on':'balance','body':{'credits':1e300}}", TRUE, -1, 0 },
  { "too large a number", "{'on':'balance','body':'{\\u0022credits\\u0022:1e999}'}", TRUE, -1, 0 },
  { "nothing about it", "{'on':'balance','body':{}}", FALSE, -1, SFUMATO_ERROR_SERVICE },
  { "a list", "{'on':'balance','body':[]}", FALSE, -1, SFUMATO_ERROR_SERVICE },
  { "a sign-in page", "{'on':'balance','headers':{'x-request-id':null,'Content-Type':'text/html'},'body':'<p>'}", FALSE,
    -1, SFUMATO_ERROR_NETWORK },
  { "ACC-03", "{'on':'balance','status':401,'body':{'id':'a','name':'unauthorized','message':'missing header'}}", FALSE,
    -1, SFUMATO_ERROR_UNAUTHORISED },
  { "ACC-04", "{'on':'balance','status':500}", FALSE, -1, SFUMATO_ERROR_SERVICE },
  { "empty", "{'on':'balance','body':''}", FALSE, -1, SFUMATO_ERROR_SERVICE },
  { "429", "{'on':'balance','status':429}", FALSE, -1, SFUMATO_ERROR_RATE },
  { "403 of a key that may not", "{'on':'balance','status':403,'body':{'name':'permission_denied','message':'no'}}", FALSE,
    -1, SFUMATO_ERROR_UNAUTHORISED },
  { "404", "{'on':'balance','status':404}", FALSE, -1, SFUMATO_ERROR_SERVICE },
  { "redirect", "{'on':'balance','status':301,'headers':{'Location':'/v2'}}", FALSE, -1, SFUMATO_ERROR_NETWORK },
  { "cut", "{'on':'balance','body':{'credits':25},'fault':'close','where':'answer-body','at':5}", FALSE, -1,
    SFUMATO_ERROR_NETWORK },
  { "silence", "{'on':'balance','fault':'stall'}", FALSE, -1, SFUMATO_ERROR_NETWORK },
};

/* Where nothing can have been charged, there is still something to do. */
static gboolean
has_advice (const char *message)
{
  static const char * const advice[] = { "Try again", "heck the address", "Wait ", "Enter the key", "Use another key" };

  for (guint i = 0; i < G_N_ELEMENTS (advice); i++)
    if (strstr (message, advice[i]) != NULL)
      return TRUE;
  return FALSE;
}

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
          g_assert_true (has_advice (error->message));
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
  g_test_add_func ("/refusals/table", test_refusals);
  g_test_add_func ("/refusals/redirects", test_redirects);
  g_test_add_func ("/refusals/retry-after", test_retry_after);
  g_test_add_func ("/refusals/account", test_account);
  return g_test_run ();
}
