/* What goes out: the form byte by byte, its headers, and what never leaves this computer.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "fixture.h"

#include <string.h>

/* The values of a form in the order of its parts, "name=value" a line; a file as "name=file(name, type, size)". */
static char *
describe (StandInRequest *request)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < request->parts->len; i++)
    {
      StandInPart *part = request->parts->pdata[i];

      if (part->file_name != NULL)
        g_string_append_printf (text, "%s=file(%s, %s)\n", part->name, part->file_name, part->content_type);
      else
        g_string_append_printf (text, "%s=%s\n", part->name, (char *) g_bytes_get_data (part->body, NULL));
    }
  return g_string_free (text, FALSE);
}

/* Sends and returns what the server saw; nothing about it may have displeased the server. */
static StandInRequest *
send (Fixture                    *fixture,
      const SfumatoRequestFields *fields)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SfumatoResult) result = fixture_generate (fixture, fields, NULL, &error);
  g_autofree char *violations = stand_in_dup_violations (fixture->server);

  g_assert_no_error (error);
  g_assert_nonnull (result);
  g_assert_cmpstr (violations, ==, "");
  return stand_in_get_request (fixture->server, -1);
}

static void
test_wire (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (StandInRequest) request = NULL;
  g_autofree char *expected = NULL;
  g_autofree char *type = NULL;
  const char *boundary;
  gsize size;
  const char *body;

  fixture_set_up (&fixture);
  request = send (&fixture, NULL);
  boundary = stand_in_request_header (request, "content-type") + strlen ("multipart/form-data; boundary=");
  expected = g_strdup_printf ("--%s\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\na red fox\r\n"
                              "--%s\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nsd3.5-large\r\n"
                              "--%s\r\nContent-Disposition: form-data; name=\"mode\"\r\n\r\ntext-to-image\r\n"
                              "--%s\r\nContent-Disposition: form-data; name=\"aspect_ratio\"\r\n\r\n1:1\r\n"
                              "--%s\r\nContent-Disposition: form-data; name=\"output_format\"\r\n\r\npng\r\n"
                              "--%s--\r\n",
                              boundary, boundary, boundary, boundary, boundary, boundary);
  body = g_bytes_get_data (request->body, &size);
  g_assert_cmpmem (body, size, expected, strlen (expected));

  g_assert_cmpstr (request->method, ==, "POST");
  g_assert_cmpstr (request->path, ==, "/v2beta/stable-image/generate/sd3");
  g_assert_cmpstr (request->version, ==, "HTTP/1.1");
  g_assert_cmpstr (stand_in_request_header (request, "authorization"), ==, "Bearer " STAND_IN_KEY);
  g_assert_cmpstr (stand_in_request_header (request, "accept"), ==, "image/*");
  g_assert_cmpstr (stand_in_request_header (request, "stability-client-id"), ==, APP_ID);
  g_assert_cmpstr (stand_in_request_header (request, "stability-client-version"), ==, VERSION);
  g_assert_cmpuint (g_ascii_strtoull (stand_in_request_header (request, "content-length"), NULL, 10), ==, size);
  g_assert_cmpuint (stand_in_count_posts (fixture.server), ==, 1);
}

#define LARGE  "model=sd3.5-large\nmode=text-to-image\n"
#define RANDOM .seed = SFUMATO_SEED_RANDOM

static const struct
{
  const char           *name;
  SfumatoRequestFields  fields;
  const char           *input; /* format; nullable */
  const char           *parts;
} forms[] = {
  { "everything", { .negative_prompt = "blurry", .guidance = 5.5, .seed = 343940597, .style = "cinematic",
                    .aspect_ratio = "16:9", .format = "jpeg" }, NULL,
    "prompt=a red fox\nnegative_prompt=blurry\n" LARGE "aspect_ratio=16:9\nseed=343940597\nstyle_preset=cinematic\n"
    "cfg_scale=5.5\noutput_format=jpeg\n" },
  { "the model's own guidance", { .guidance = 4, RANDOM }, NULL,
    "prompt=a red fox\n" LARGE "aspect_ratio=1:1\noutput_format=png\n" },
  { "the guidance of another model", { .model = "sd3.5-flash", .guidance = 4, RANDOM }, NULL,
    "prompt=a red fox\nmodel=sd3.5-flash\nmode=text-to-image\naspect_ratio=1:1\ncfg_scale=4\noutput_format=png\n" },
  { "seed 0 is random", { .seed = 0 }, NULL,
    "prompt=a red fox\n" LARGE "aspect_ratio=1:1\noutput_format=png\n" },
  { "largest seed", { .seed = 4294967294 }, NULL,
    "prompt=a red fox\n" LARGE "aspect_ratio=1:1\nseed=4294967294\noutput_format=png\n" },
  { "Turbo has no negative prompt", { .model = "sd3.5-large-turbo", .negative_prompt = "blurry", RANDOM }, NULL,
    "prompt=a red fox\nmodel=sd3.5-large-turbo\nmode=text-to-image\naspect_ratio=1:1\noutput_format=png\n" },
  { "Flash neither", { .model = "sd3.5-flash", .negative_prompt = "blurry", RANDOM }, NULL,
    "prompt=a red fox\nmodel=sd3.5-flash\nmode=text-to-image\naspect_ratio=1:1\noutput_format=png\n" },
  { "Medium has", { .model = "sd3.5-medium", .negative_prompt = "blurry", RANDOM }, NULL,
    "prompt=a red fox\nnegative_prompt=blurry\nmodel=sd3.5-medium\nmode=text-to-image\naspect_ratio=1:1\n"
    "output_format=png\n" },
  { "text as typed", { .prompt = " \"Füchse\"\r\n\tim Schnee 👩‍👩‍👧 e\xcc\x81 \\ --x\r\n", RANDOM }, NULL,
    "prompt= \"Füchse\"\r\n\tim Schnee 👩‍👩‍👧 e\xcc\x81 \\ --x\r\n\n" LARGE "aspect_ratio=1:1\noutput_format=png\n" },
  { "from a picture", { .strength = 0.6, .aspect_ratio = "16:9", RANDOM }, "png",
    "prompt=a red fox\nmodel=sd3.5-large\nmode=image-to-image\nstrength=0.6\noutput_format=png\n"
    "image=file(image.png, image/png)\n" },
  { "from a JPEG", { .strength = 0, RANDOM }, "jpeg",
    "prompt=a red fox\nmodel=sd3.5-large\nmode=image-to-image\nstrength=0\noutput_format=png\n"
    "image=file(image.jpg, image/jpeg)\n" },
  { "from a WebP", { .strength = 1, RANDOM }, "webp",
    "prompt=a red fox\nmodel=sd3.5-large\nmode=image-to-image\nstrength=1\noutput_format=png\n"
    "image=file(image.webp, image/webp)\n" },
  { "usual strength", { .strength = -1, RANDOM }, "png",
    "prompt=a red fox\nmodel=sd3.5-large\nmode=image-to-image\nstrength=0.7\noutput_format=png\n"
    "image=file(image.png, image/png)\n" },
  { "usual strength of Flash", { .model = "sd3.5-flash", .strength = -1, RANDOM }, "png",
    "prompt=a red fox\nmodel=sd3.5-flash\nmode=image-to-image\nstrength=0.94\noutput_format=png\n"
    "image=file(image.png, image/png)\n" },
  { "no exponent", { .strength = 0.00011, RANDOM }, "png",
    "prompt=a red fox\nmodel=sd3.5-large\nmode=image-to-image\nstrength=0.0001\noutput_format=png\n"
    "image=file(image.png, image/png)\n" },
  { "strength without a picture", { .strength = 0.6, RANDOM }, NULL,
    "prompt=a red fox\n" LARGE "aspect_ratio=1:1\noutput_format=png\n" },
  { "core", { .model = "core", .negative_prompt = "blurry", .style = "3d-model", .aspect_ratio = "9:21", .seed = 1 },
    NULL, "prompt=a red fox\nnegative_prompt=blurry\naspect_ratio=9:21\nseed=1\nstyle_preset=3d-model\n"
    "output_format=png\n" },
  { "ultra", { .model = "ultra", .format = "webp", RANDOM }, NULL,
    "prompt=a red fox\naspect_ratio=1:1\noutput_format=webp\n" },
  { "ultra from a picture", { .model = "ultra", .strength = 0.35, RANDOM }, "png",
    "prompt=a red fox\nstrength=0.35\noutput_format=png\nimage=file(image.png, image/png)\n" },
  { "ultra from a picture with a shape", { .model = "ultra", .strength = 0.35, .aspect_ratio = "3:2", RANDOM }, "png",
    "prompt=a red fox\naspect_ratio=3:2\nstrength=0.35\noutput_format=png\nimage=file(image.png, image/png)\n" },
  { "an old model", { .model = "sd3-large-turbo", RANDOM }, NULL,
    "prompt=a red fox\nmodel=sd3.5-large-turbo\nmode=text-to-image\naspect_ratio=1:1\noutput_format=png\n" },
};

static void
test_forms (void)
{
  g_auto (Fixture) fixture = { 0 };

  fixture_set_up (&fixture);
  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      SfumatoRequestFields fields = forms[i].fields;
      g_autoptr (SfumatoInput) input = forms[i].input != NULL ? make_input (80, 70, forms[i].input) : NULL;
      g_autoptr (StandInRequest) request = NULL;
      g_autofree char *parts = NULL;

      g_test_message ("%s", forms[i].name);
      fields.input = input;
      request = send (&fixture, &fields);
      parts = describe (request);
      g_assert_cmpstr (parts, ==, forms[i].parts);
      if (input != NULL)
        g_assert_true (g_bytes_equal (stand_in_request_part (request, "image")->body, input->bytes));
    }
}

static void
test_paths (void)
{
  static const char * const paths[][2] = {
    { "core", "/v2beta/stable-image/generate/core" }, { "ultra", "/v2beta/stable-image/generate/ultra" },
    { "sd3.5-flash", "/v2beta/stable-image/generate/sd3" }, { "sd3", "/v2beta/stable-image/generate/sd3" },
  };
  g_auto (Fixture) fixture = { 0 };

  fixture_set_up (&fixture);
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (StandInRequest) request = send (&fixture, &(SfumatoRequestFields) { .model = paths[i][0], RANDOM });

      g_assert_cmpstr (request->path, ==, paths[i][1]);
    }
}

/* A prompt of so many characters, each of two bytes. */
static char *
make_prompt (guint characters)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < characters; i++)
    g_string_append (text, "ä");
  return g_string_free (text, FALSE);
}

static void
test_longest_prompt (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autofree char *longest = make_prompt (10000);
  g_autofree char *longer = make_prompt (10001);
  g_autoptr (StandInRequest) request = NULL;
  g_autoptr (GError) error = NULL;

  fixture_set_up (&fixture);
  request = send (&fixture, &(SfumatoRequestFields) { .prompt = longest, RANDOM });
  g_assert_cmpstr (stand_in_request_text (request, "prompt"), ==, longest);
  error = fixture_fail (&fixture, &(SfumatoRequestFields) { .prompt = longer, RANDOM });
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "10001"));
  g_assert_cmpuint (stand_in_count_posts (fixture.server), ==, 1);
}

/* A picture that makes the request exactly so many bytes long: noise behind its end. */
static SfumatoInput *
make_heavy_input (Fixture *fixture,
                  gsize    request_size)
{
  g_autoptr (SfumatoInput) small = make_input (80, 80, "png");
  g_autoptr (StandInRequest) request = send (fixture, &(SfumatoRequestFields) { .input = small, RANDOM });
  gsize rest = g_bytes_get_size (request->body) - g_bytes_get_size (small->bytes);
  gsize size = request_size - rest;
  guint8 *data = g_malloc0 (size);
  g_autoptr (GBytes) bytes = g_bytes_new_take (data, size);
  g_autoptr (GError) error = NULL;
  SfumatoInput *input;

  memcpy (data, g_bytes_get_data (small->bytes, NULL), g_bytes_get_size (small->bytes));
  input = sfumato_input_new (bytes, "heavy.png", &error);
  g_assert_no_error (error);
  return input;
}

static void
test_largest_request (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (SfumatoInput) largest = NULL;
  g_autoptr (SfumatoInput) larger = NULL;
  g_autoptr (StandInRequest) request = NULL;
  g_autoptr (GError) error = NULL;

  fixture_set_up (&fixture);
  largest = make_heavy_input (&fixture, 10485760);
  larger = make_heavy_input (&fixture, 10485761);
  request = send (&fixture, &(SfumatoRequestFields) { .input = largest, RANDOM });
  g_assert_cmpuint (g_bytes_get_size (request->body), ==, 10485760);
  error = fixture_fail (&fixture, &(SfumatoRequestFields) { .input = larger, RANDOM });
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_INVALID);
  g_assert_cmpstr (sfumato_error_get_field (error), ==, "input");
  g_assert_nonnull (strstr (error->message, "10.0"));
  g_assert_cmpuint (stand_in_count_posts (fixture.server), ==, 3);
}

/* Each is refused here: nobody is connected to. */
static void
test_nothing_sent (void)
{
  g_autoptr (SfumatoInput) narrow = make_input (63, 200, "png");
  g_autoptr (SfumatoInput) picture = make_input (64, 64, "png");
  const struct { const char *name; SfumatoRequestFields fields; const char *field; } requests[] = {
    { "seed too large", { .seed = 4294967295 }, "seed" },
    { "seed below", { .seed = -5 }, "seed" },
    { "empty prompt", { .prompt = "", RANDOM }, "prompt" },
    { "blank prompt", { .prompt = " \n\t ", RANDOM }, "prompt" },
    { "unknown model", { .model = "sd4", RANDOM }, "model" },
    { "case of a model", { .model = "SD3.5-large", RANDOM }, "model" },
    { "unknown shape", { .aspect_ratio = "4:3", RANDOM }, "aspect_ratio" },
    { "unknown style", { .style = "baroque", RANDOM }, "style" },
    { "unknown format", { .format = "gif", RANDOM }, "format" },
    { "guidance too high", { .guidance = 10.5, RANDOM }, "guidance" },
    { "guidance for core", { .model = "core", .guidance = 4, RANDOM }, "guidance" },
    { "strength too high", { .input = picture, .strength = 1.5, RANDOM }, "strength" },
    { "narrow picture", { .input = narrow, RANDOM }, "input" },
    { "picture for core", { .model = "core", .input = picture, RANDOM }, "input" },
  };
  g_auto (Fixture) fixture = { 0 };

  fixture_set_up (&fixture);
  for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", requests[i].name);
      error = fixture_fail (&fixture, &requests[i].fields);
      g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_INVALID);
      g_assert_cmpstr (sfumato_error_get_field (error), ==, requests[i].field);
      g_assert_cmpint (sfumato_error_get_charge (error), ==, SFUMATO_CHARGE_NONE);
    }
  g_assert_cmpuint (stand_in_count_connections (fixture.server), ==, 0);
}

static void
test_keys (void)
{
  static const struct { const char *key; gboolean good; } keys[] = {
    { STAND_IN_KEY, TRUE },
    { STAND_IN_KEY "\r\n", FALSE },
    { "Bearer " STAND_IN_KEY, FALSE },
    { NULL, FALSE },
    { "", FALSE },
    { " \n\t ", FALSE },
    { "Bearer ", FALSE },
    { "sk-test\r\nX-Evil: 1", FALSE },
    { "sk test", FALSE },
    { "sk-\xc3\xa4", FALSE },
    { "sk-\x01", FALSE },
  };
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (SfumatoRequest) request =
    sfumato_request_new (&(SfumatoRequestFields) { .model = "sd3.5-large", .prompt = "a red fox" });
  guint good = 0;

  fixture_set_up (&fixture);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (SfumatoResult) result = sfumato_service_generate (fixture.service, request, keys[i].key, NULL, NULL,
                                                                   NULL, &error);

      good += keys[i].good;
      g_assert_cmpuint (stand_in_count_posts (fixture.server), ==, good);
      if (keys[i].good)
        {
          g_autoptr (StandInRequest) seen = stand_in_get_request (fixture.server, -1);

          g_assert_no_error (error);
          g_assert_cmpstr (stand_in_request_header (seen, "authorization"), ==, "Bearer " STAND_IN_KEY);
          continue;
        }
      check_error (error);
      g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_UNAUTHORISED);
      g_assert_cmpint (sfumato_error_get_help (error), ==, SFUMATO_ERROR_HELP_CHANGE_KEY);
      g_assert_cmpint (sfumato_error_get_charge (error), ==, SFUMATO_CHARGE_NONE);
    }
  g_assert_cmpuint (stand_in_count_connections (fixture.server), ==, good);
}

static const struct
{
  const char *url;
  const char *normal; /* NULL: refused */
} addresses[] = {
  { NULL, "https://api.stability.ai" },
  { "", "https://api.stability.ai" },
  { "  https://API.Stability.AI/  ", "https://api.stability.ai" },
  { "https://example.org", "https://example.org" },
  { "HTTPS://example.org//", "https://example.org" },
  { "https://example.org:8443/stability/v1/", "https://example.org:8443/stability/v1" },
  { "https://[2001:db8::1]:444", "https://[2001:db8::1]:444" },
  { "https://bücher.example", "https://xn--bcher-kva.example" },
  { "https://[2001:DB8::1]", "https://[2001:db8::1]" },
  { "https://example.org:443/", "https://example.org" },
  { "https://example.org:/", "https://example.org" },
  { "https://example。org", "https://example.org" },
  { "https://BÜCHER.example/Pfad", "https://xn--bcher-kva.example/Pfad" },
  { "https://example.org/%20x/ä", "https://example.org/%20x/%C3%A4" },
  { "http://127.0.0.1:8080", "http://127.0.0.1:8080" },
  { "http://127.5.5.5", "http://127.5.5.5" },
  { "http://localhost:3000/", "http://localhost:3000" },
  { "http://[::1]:1", "http://[::1]:1" },
  { "http://example.org", NULL },
  { "http://192.168.0.5", NULL },
  { "http://0.0.0.0:1", NULL },
  { "http://localhost.example.org", NULL },
  { "http://127.0.0.1.example.org", NULL },
  { "http://127.1", NULL },
  { "http://2130706433", NULL },
  { "http://[::ffff:10.0.0.1]", NULL },
  { "https://[fe80::1%25eth0]", NULL },
  { "https://[fe80::1%eth0]", NULL },
  { "https://[::1", NULL },
  { "http://localhost%2eexample.org", NULL },
  { "http://127.0.0.1%00.example.org", NULL },
  { "http://[::ffff:127.0.0.1]", NULL },
  { "http:/127.0.0.1", NULL },
  { "https://@example.org", NULL },
  { "https://example.org:+443", NULL },
  { "https://example.org?", NULL },
  { "example.org", NULL },
  { "localhost:8080", NULL },
  { "ftp://example.org", NULL },
  { "file:///etc/passwd", NULL },
  { "https://", NULL },
  { "https:///path", NULL },
  { "https://example.org:0", NULL },
  { "https://example.org:99999", NULL },
  { "https://user@example.org", NULL },
  { "https://user:secret@example.org", NULL },
  { "http://127.0.0.1@example.org", NULL },
  { "https://example.org/?a=b", NULL },
  { "https://example.org/#x", NULL },
  { "https://exa mple.org", NULL },
  { "https://example.org/a b\r\nX: y", NULL },
  { "https://%zz", NULL },
};

static void
test_addresses (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (addresses); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *normal = sfumato_stability_normalize_url (addresses[i].url, &error);
      g_autoptr (SfumatoService) service = sfumato_stability_new (addresses[i].url, NULL);

      g_test_message ("%s", addresses[i].url);
      g_assert_cmpstr (normal, ==, addresses[i].normal);
      g_assert_cmpint (service != NULL, ==, normal != NULL);
      if (normal == NULL)
        {
          check_error (error);
          g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_INVALID);
          g_assert_cmpint (sfumato_error_get_help (error), ==, SFUMATO_ERROR_HELP_CHANGE_ADDRESS);
        }
    }
}

/* Whoever serves the API below a path of theirs. */
/* What begins as an address should is not told to begin so. */
static void
test_address_not_read (void)
{
  static const char * const texts[] = { "https://exa mple.org", "https://example.org:abc", "HTTP://[::1", "https://%zz" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (sfumato_stability_normalize_url (texts[i], &error));
      g_assert_nonnull (strstr (error->message, "This is not an address"));
    }
}

static void
test_path_of_address (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autofree char *url = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (StandInRequest) request = NULL;

  fixture_set_up (&fixture);
  url = g_strconcat (stand_in_get_url (fixture.server), "/partner/", NULL);
  g_clear_object (&fixture.service);
  fixture.service = sfumato_stability_new (url, NULL);
  error = fixture_fail (&fixture, NULL);
  request = stand_in_get_request (fixture.server, -1);
  g_assert_cmpstr (request->path, ==, "/partner/v2beta/stable-image/generate/sd3");
  g_assert_nonnull (strstr (error->message, "/partner"));
  g_assert_cmpint (sfumato_error_get_help (error), ==, SFUMATO_ERROR_HELP_CHANGE_ADDRESS);
}

static void
test_json_wanted (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (StandInRequest) request = NULL;

  fixture_set_up (&fixture);
  sfumato_stability_set_accept_json (SFUMATO_STABILITY (fixture.service), TRUE);
  request = send (&fixture, NULL);
  g_assert_cmpstr (stand_in_request_header (request, "accept"), ==, "application/json");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/requests/wire", test_wire);
  g_test_add_func ("/requests/forms", test_forms);
  g_test_add_func ("/requests/paths", test_paths);
  g_test_add_func ("/requests/longest-prompt", test_longest_prompt);
  g_test_add_func ("/requests/largest-request", test_largest_request);
  g_test_add_func ("/requests/nothing-sent", test_nothing_sent);
  g_test_add_func ("/requests/keys", test_keys);
  g_test_add_func ("/requests/addresses", test_addresses);
  g_test_add_func ("/requests/address-not-read", test_address_not_read);
  g_test_add_func ("/requests/path-of-address", test_path_of_address);
  g_test_add_func ("/requests/json-wanted", test_json_wanted);
  return g_test_run ();
}
