/* The reader of server JSON: against json-glib where both can say something, and against everything that is not JSON.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <string.h>

#include "services/sfumato-json.h"

static const char * const names[] = { "image", "result", NULL };

static const struct
{
  const char *text;
  const char *image; /* as it stands there; NULL for none */
  gboolean    parsed;
} objects[] = {
  { "{\"image\":\"QUJD\"}", "QUJD", TRUE },
  { "{\"a\":{\"image\":\"no\"},\"image\":\"yes\"}", "yes", TRUE },
  { "{\"a\":[\"image\",\"no\"],\"image\" : \"yes\"}", "yes", TRUE },
  { "{\"image\":\"a\\\"b\"}", "a\\\"b", TRUE },
  { "{\"x\\\"image\":\"no\"}", NULL, TRUE },
  { "{\"a\":\"image\",\"b\":\":\\\"x\"}", NULL, TRUE },
  { "{\"image\":7}", NULL, TRUE },
  { "{\"image\":{\"image\":\"no\"}}", NULL, TRUE },
  { "{\"images\":\"no\"}", NULL, TRUE },
  { "{\"result\":\"old\",\"image\":\"new\"}", "new", TRUE },
  { "{\"image\":\"new\",\"result\":\"old\"}", "new", TRUE },
  { "{\"image\":\"", "", FALSE },
  { "{\"image\":\"QUJD", "QUJD", FALSE },
  { "{\"image\":\"QUJD\\", "QUJD\\", FALSE },
  { "{\"image\":", NULL, FALSE },
  { "{\"image\"", NULL, FALSE },
  { "{\"", NULL, FALSE },
  { "{", NULL, FALSE },
  { "}}}}\"image\":\"x\"", NULL, FALSE },
  { "[\"image\",\"x\"]", NULL, FALSE },
  { "", NULL, FALSE },
  { "null", NULL, FALSE },
  { "\xff\xfe{}", NULL, FALSE },
  { "\xef\xbb\xbf{\"image\":\"QUJD\"}", "QUJD", TRUE },
  { "{\"a\":\"\xe9\",\"image\":\"QUJD\"}", "QUJD", TRUE },
  { "{\"image\":\"QUJD\"}{\"image\":\"no\"}", "QUJD", TRUE },
  { "{\"image\":\"QUJD\",\"a\":\"}\"} x", "QUJD", TRUE },
  { "\xef\xbb", NULL, FALSE },
  { "\xef\xbb\xbf", NULL, FALSE },
};

static void
test_cutting (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (objects); i++)
    {
      /* In a block of exactly its size, so that a sanitizer sees a step too far. */
      gsize size = strlen (objects[i].text);
      g_autofree char *block = g_memdup2 (objects[i].text, size);
      const char *image;
      gsize image_size;
      g_autoptr (JsonObject) json = sfumato_json_parse_image (block, size, names, &image, &image_size);
      g_autofree char *found = image != NULL ? g_strndup (image, image_size) : NULL;
      g_autofree char *escaped = g_strescape (objects[i].text, NULL);

      g_test_message ("%s", escaped);
      g_assert_cmpstr (found, ==, objects[i].image);
      g_assert_cmpint (json != NULL, ==, objects[i].parsed);
    }
}

static void
test_decoding (void)
{
  static const struct { const char *string; const char *text; } strings[] = {
    { "QUJD", "ABC" }, { "QUI=", "AB" }, { "QUI\\u003d", "AB" }, { "Pz8\\/", "???" }, { "Pz8/", "???" },
    { "QU\\nJD\\r\\n", "ABC" }, { " Q U J D ", "ABC" }, { "", "" }, { "\\", "" }, { "QUJD\\u0", "ABC" },
    { "\\ud83d\\ude00QUJD", "ABC" }, { "QUI", "AB" }, { "QQ", "A" }, { "Q", "" }, { "Pz8_", "???" }, { "Pj4-", ">>>" },
    { "data:image/png;base64,QUJD", "ABC" }, { "DATA:image/png;base64,QUJD", "ABC" }, { "QUI==", "AB" },
    { "QUJD==", "ABC" }, { "QQ==\\n", "A" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (strings); i++)
    {
      gsize size = strlen (strings[i].string);
      g_autofree char *block = g_memdup2 (strings[i].string, size);
      g_autoptr (GBytes) bytes = sfumato_json_decode (block, size);

      g_test_message ("%s", strings[i].string);
      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), strings[i].text,
                       strlen (strings[i].text));
    }
}

/* A good answer with some of its bytes changed, ten thousand times: nothing is read beyond its end, and what comes
 * out of it is within it. */
static void
test_mutations (void)
{
  static const char good[] = "{\"id\":\"x\",\"image\":\"QUJDREVG\\/w==\",\"seed\":343940597,\"errors\":[\"a: b\",{}]}";
  static const char bytes[] = "\"\\{}[]:,au0\n\x00\xff";
  gsize size = sizeof good - 1;

  for (guint i = 0; i < 10000; i++)
    {
      gsize length = g_test_rand_int_range (0, size + 1);
      g_autofree char *block = g_memdup2 (good, MAX (length, 1));
      const char *image;
      gsize image_size;
      g_autoptr (JsonObject) json = NULL;

      for (int changes = g_test_rand_int_range (0, 4); changes > 0 && length > 0; changes--)
        block[g_test_rand_int_range (0, length)] = bytes[g_test_rand_int_range (0, sizeof bytes - 1)];
      block = g_realloc (block, MAX (length, 1));
      json = sfumato_json_parse_image (block, length, names, &image, &image_size);
      if (image != NULL)
        {
          g_autoptr (GBytes) decoded = sfumato_json_decode (image, image_size);

          g_assert_true (image >= block && image + image_size <= block + length);
          g_assert_cmpuint (g_bytes_get_size (decoded), <=, image_size);
        }
      if (json != NULL)
        {
          g_assert_cmpint (sfumato_json_get_count (json, "seed", 4294967294), >=, -1);
          sfumato_json_get_string (json, "id");
          sfumato_json_get_string (json, "errors");
        }
    }
}

/* No worse than what comes in: deep, wide and repeated. */
static void
test_bounds (void)
{
  static const char * const pieces[] = { "[", "{\"a\":", "\"image\":\"x\",", "1,", "\"", "\\\"", "{\"image\":\"" };

  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++)
    {
      g_autoptr (GString) text = g_string_new ("{");
      gint64 began = g_get_monotonic_time ();
      const char *image;
      gsize image_size;
      g_autoptr (JsonObject) json = NULL;

      while (text->len < 1024 * 1024 - 16)
        g_string_append (text, pieces[i]);
      json = sfumato_json_parse_image (text->str, text->len, names, &image, &image_size);
      g_assert_null (json);
      g_assert_cmpint (g_get_monotonic_time () - began, <, 5 * G_TIME_SPAN_SECOND);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json/cutting", test_cutting);
  g_test_add_func ("/json/decoding", test_decoding);
  g_test_add_func ("/json/mutations", test_mutations);
  g_test_add_func ("/json/bounds", test_bounds);
  return g_test_run ();
}
