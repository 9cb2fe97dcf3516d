/* Wrong lines: each is answered with one error that says what is wrong, whatever they hold, and the next right line
 * works. And base64, which pictures come and go in.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "helper.h"
#include "whole.h"

#include "engine/base64.h"

#include <signal.h>
#include <string.h>

#define P "\"do\":\"generate\",\"id\":\"g\",\"prompt\":\"x\""
#define SAME ",\"width\":16,\"height\":16,\"steps\":1,\"seed\":\"1\""

/* A line, what the answer must say, and whether it carries the id "g". */
static const struct { const char *line, *says; bool has_id; } wrong_lines[] = {
  /* no JSON */
  { "", "ends too early" },
  { "generate", "number that is none" },
  { "{", "a text is missing" },
  { "{}x", "follows its end" },
  { "{" P, "bracket or comma" },
  { "{" P ",}", "a text is missing" },
  { "{'do':'unload'}", "a text is missing" },
  { "{\"do\":\"unload\" \"id\":1}", "bracket or comma" },
  { "{\"do\" \"unload\"}", "a colon" },
  { "{\"do\":\"unload", "middle of a text" },
  { "{\"do\":\"un\\load\"}", "wrong escape" },
  { "{\"do\":\"un\tload\"}", "control character" },
  { "{\"do\":\"\\ud800\"}", "wrong escape" },
  { "{\"do\":\"\\u0000\"}", "wrong escape" },
  { "{\"do\":\"unload\xc3(\"}", "not UTF-8" },
  { "{\"do\":\"\xed\xa0\x80\"}", "not UTF-8" },
  { "\xff\xfe", "not UTF-8" },
  { "{\"do\":tru}", "does not know" },
  { "{\"do\":\"unload\",\"do\":\"unload\"}", "twice" },
  { "{" P ",\"steps\":1,\"steps\":2}", "twice" },
  { "[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]", "nested too deeply" },
  { "{" P ",\"steps\":01}", "number that is none" },
  { "{" P ",\"steps\":+1}", "number that is none" },
  { "{" P ",\"steps\":0x10}", "bracket or comma" },
  { "{" P ",\"shift\":.5}", "number that is none" },
  { "{" P ",\"shift\":NaN}", "number that is none" },
  { "{" P ",\"shift\":1e}", "number that is none" },
  { "{" P ",\"shift\":1000000000000000000000000000000000000000000000000000000000000000000000}", "too long" },
  /* not a line of this protocol */
  { "[]", "not an object" },
  { "\"unload\"", "not an object" },
  { "null", "not an object" },
  { "{}", "“do” must be" },
  { "{\"do\":1}", "“do” must be" },
  { "{\"do\":\"Generate\"}", "“do” must be" },
  { "{\"do\":\"unload\",\"id\":\"g\"}", "a member “id”" },
  { "{\"do\":\"capabilities\",\"x\":[]}", "a member “x”" },
  { "{\"do\":\"cancel\"}", "“id” must be" },
  { "{\"do\":\"cancel\",\"id\":7}", "“id” must be" },
  { "{\"do\":\"cancel\",\"id\":\"g\",\"prompt\":\"\"}", "a member “prompt”" },
  { "{\"do\":\"load\"}", "“paths” must be" },
  { "{\"do\":\"load\",\"paths\":[]}", "“paths” must be" },
  { "{\"do\":\"load\",\"paths\":\"/a\"}", "“paths” must be" },
  { "{\"do\":\"load\",\"paths\":[\"a.safetensors\"]}", "“paths” must be" },
  { "{\"do\":\"load\",\"paths\":[\"/a\",null]}", "“paths” must be" },
  { "{\"do\":\"load\",\"paths\":[\"/\",\"/\",\"/\",\"/\",\"/\",\"/\",\"/\",\"/\",\"/\",\"/\",\"/\",\"/\",\"/\",\"/\",\"/\",\"/\",\"/\"]}", "“paths” must be" },
  { "{\"do\":\"load\",\"paths\":[\"/a\"],\"merges\":\"merges.txt\"}", "“merges” must be" },
  { "{\"do\":\"load\",\"paths\":[\"/a\"],\"t5\":false}", "“t5” must be" },
  { "{\"do\":\"load\",\"paths\":[\"/a\"],\"device\":\"\"}", "“device” must be" },
  { "{\"do\":\"load\",\"paths\":[\"/a\"],\"threads\":-1}", "“threads” must be" },
  { "{\"do\":\"load\",\"paths\":[\"/a\"],\"threads\":1025}", "“threads” must be" },
  { "{\"do\":\"load\",\"paths\":[\"/a\"],\"trace\":\"/tmp\"}", "a member “trace”" },
  /* pictures */
  { "{\"do\":\"generate\",\"id\":\"g\"}", "“prompt” must be", true },
  { "{\"do\":\"generate\",\"id\":\"g\",\"prompt\":null}", "“prompt” must be", true },
  { "{\"do\":\"generate\",\"id\":\"g\",\"prompt\":[\"x\"]}", "“prompt” must be", true },
  { "{" P ",\"negative\":3}", "“negative” must be", true },
  { "{" P ",\"Steps\":3}", "a member “Steps”", true },
  { "{" P ",\"width\":\"64\"}", "“width” must be", true },
  { "{" P ",\"width\":64.5}", "“width” must be", true },
  { "{" P ",\"width\":0}", "“width” must be", true },
  { "{" P ",\"width\":-64}", "“width” must be", true },
  { "{" P ",\"width\":16400}", "“width” must be", true },
  { "{" P ",\"height\":4294967360}", "“height” must be", true },
  { "{" P ",\"width\":40,\"height\":64}", "multiples of 16", true },
  { "{" P ",\"width\":208,\"height\":64}", "multiples of 16", true },
  { "{" P ",\"steps\":0}", "“steps” must be", true },
  { "{" P ",\"steps\":1001}", "“steps” must be", true },
  { "{" P ",\"steps\":true}", "“steps” must be", true },
  { "{" P ",\"steps\":1e1}", "“steps” must be", true },
  { "{" P ",\"sampler\":\"ddim\"}", "“sampler” must be", true },
  { "{" P ",\"sampler\":0}", "“sampler” must be", true },
  { "{" P ",\"schedule\":\"karras\"}", "“schedule” must be", true },
  { "{" P ",\"shift\":0}", "“shift” must be", true },
  { "{" P ",\"shift\":\"3\"}", "“shift” must be", true },
  { "{" P ",\"guidance\":1e999}", "“guidance” must be", true },
  { "{" P ",\"guidance\":-1e999}", "“guidance” must be", true },
  { "{" P ",\"guidance\":-0.1}", "“guidance” must be", true },
  { "{" P ",\"rescale\":1.01}", "“rescale” must be", true },
  { "{" P ",\"skip_guidance\":101}", "“skip_guidance” must be", true },
  { "{" P ",\"strength\":1.5}", "“strength” must be", true },
  { "{" P ",\"strength\":null}", "“strength” must be", true },
  { "{" P ",\"seed\":123}", "“seed” must be", true },
  { "{" P ",\"seed\":\"\"}", "“seed” must be", true },
  { "{" P ",\"seed\":\"-1\"}", "“seed” must be", true },
  { "{" P ",\"seed\":\"0x1\"}", "“seed” must be", true },
  { "{" P ",\"seed\":\" 1\"}", "“seed” must be", true },
  { "{" P ",\"seed\":\"18446744073709551616\"}", "“seed” must be", true },
  { "{" P ",\"seed\":\"99999999999999999999999999\"}", "“seed” must be", true },
  { "{" P ",\"turbo\":1}", "“turbo” must be", true },
  { "{" P ",\"preview\":\"yes\"}", "“preview” must be", true },
  { "{" P ",\"t5_length\":76}", "“t5_length” must be", true },
  { "{" P ",\"t5_length\":513}", "“t5_length” must be", true },
  { "{" P SAME ",\"picture\":7}", "“picture” must be", true },
  { "{" P SAME ",\"picture\":\"\"}", "768 bytes in base64", true },
  { "{" P SAME ",\"picture\":\"AAAA\"}", "768 bytes in base64", true },
  { "{" P ",\"width\":16384,\"height\":16384,\"picture\":\"AAAA\"}", "805306368 bytes in base64", true },
};

static void
expect_refusal (Helper     *helper,
                const char *says,
                const char *id)
{
  g_autoptr (JsonObject) error = helper_expect (helper, "error");

  g_assert_cmpstr (json_object_get_string_member (error, "kind"), ==, "request");
  if (!strstr (json_object_get_string_member (error, "text"), says))
    g_error ("“%s” should say “%s”", json_object_get_string_member (error, "text"), says);
  g_assert_cmpstr (json_object_get_string_member_with_default (error, "id", NULL), ==, id);
}

static void
expect_work (Helper *helper)
{
  g_autoptr (JsonObject) result = NULL;

  helper_send (helper, "{" P SAME "}");
  result = helper_expect (helper, "result");
}

static void
test_wrong_lines (void)
{
  g_autoptr (Helper) helper = helper_new ();

  for (int loaded = 0; loaded < 2; loaded++)
    {
      for (gsize i = 0; i < G_N_ELEMENTS (wrong_lines); i++)
        {
          const char *says = !loaded && wrong_lines[i].has_id ? "No model is open" : wrong_lines[i].says;

          helper_send (helper, "%s", wrong_lines[i].line);
          expect_refusal (helper, says, wrong_lines[i].has_id ? "g" : NULL);
        }
      if (!loaded)
        helper_load (helper);
    }
  expect_work (helper);
}

/* What no table can hold. */
static void
test_long_values (void)
{
  g_autofree char *id = g_strnfill (65, 'i'), *prompt = g_strnfill (10001, 'p'), *key = g_strnfill (5000, 'k'), *path = g_strnfill (5000, '/');
  g_autofree char *letters = g_strnfill (1024, 'A');
  g_autoptr (GString) eyes = g_string_new (NULL), values = g_string_new ("{\"do\":[0");
  g_autoptr (Helper) helper = helper_new ();
  g_autoptr (JsonObject) result = NULL;

  helper_load (helper);
  helper_send (helper, "{\"do\":\"generate\",\"id\":\"%s\",\"prompt\":\"\"}", id);
  expect_refusal (helper, "“id” must be", "");
  helper_send (helper, "{\"do\":\"generate\",\"prompt\":\"%s\"}", prompt);
  expect_refusal (helper, "10,000 characters", "");
  helper_send (helper, "{\"do\":\"generate\",\"prompt\":\"\",\"%s\":1}", key);
  expect_refusal (helper, "a member “kkk", "");
  helper_send (helper, "{\"do\":\"load\",\"paths\":[\"%s\"]}", path);
  expect_refusal (helper, "“paths” must be", NULL);
  letters[500] = '*';
  helper_send (helper, "{" P SAME ",\"picture\":\"%s\"}", letters);
  expect_refusal (helper, "“picture” must be a text in base64", "g");
  for (int i = 0; i < 200; i++)
    g_string_append (values, ",0");
  helper_send (helper, "%s]}", values->str);
  expect_refusal (helper, "too many values", NULL);
  helper_send_bytes (helper, "{\"do\":\"un\0load\"}\n", 17);
  expect_refusal (helper, "control character", NULL);
  helper_send_bytes (helper, "\0\n", 2);
  expect_refusal (helper, "number that is none", NULL);
  /* Ten thousand characters of four bytes are no more than ten thousand. */
  for (int i = 0; i < 10000; i++)
    g_string_append (eyes, "\xf0\x9f\x91\x80");
  helper_send (helper, "{\"do\":\"generate\",\"prompt\":\"%s\"" SAME "}\r", eyes->str);
  result = helper_expect (helper, "result");
  expect_work (helper);
}

static void
test_too_long_a_line (void)
{
  g_autofree char *piece = g_strnfill (1 << 20, ' ');

  for (int loaded = 0; loaded < 2; loaded++)
    {
      g_autoptr (Helper) helper = helper_new ();

      if (loaded)
        helper_load (helper);
      /* 32 MiB are taken … */
      for (int i = 0; i < 32; i++)
        helper_send_bytes (helper, piece, i < 31 ? 1 << 20 : (1 << 20) - 2);
      helper_send (helper, "{}");
      expect_refusal (helper, "“do” must be", NULL);
      /* … and no byte more, whether or not the line ends. */
      for (int i = 0; i < 33; i++)
        helper_send_bytes (helper, piece, 1 << 20);
      expect_refusal (helper, "longer than 32 MiB", NULL);
      g_assert_cmpint (helper_end (helper, 10), ==, 2);
    }
}

static void
test_base64 (void)
{
  static const char *const wrong[] = { "", "QUJD", "QUI", "QUI==", "Q=I=", "QU=I", "QUJ=", "QU I=", "QU-=", "QUI*", "====" };
  guint8 bytes[300], back[300];
  char text[SD3_BASE64_LENGTH (sizeof bytes)];

  for (gsize i = 0; i < sizeof bytes; i++)
    bytes[i] = (guint8) (i * 37 + i / 7);
  for (gsize size = 0; size <= sizeof bytes; size++)
    {
      g_autofree char *theirs = g_base64_encode (bytes, size);

      sd3_base64_encode (bytes, size, text);
      g_assert_cmpmem (text, SD3_BASE64_LENGTH (size), theirs, strlen (theirs));
      g_assert_true (sd3_base64_decode (theirs, strlen (theirs), back, size));
      g_assert_cmpmem (back, size, bytes, size);
    }
  g_assert_true (sd3_base64_decode ("QUI=", 4, back, 2));
  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    g_assert_false (sd3_base64_decode (wrong[i], strlen (wrong[i]), back, 2));
}

int
main (int    argc,
      char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  signal (SIGPIPE, SIG_IGN);
  whole_set_up ();
  whole_write_models ();
  g_test_add_func ("/lines/wrong", test_wrong_lines);
  g_test_add_func ("/lines/long-values", test_long_values);
  g_test_add_func ("/lines/too-long", test_too_long_a_line);
  g_test_add_func ("/lines/base64", test_base64);
  status = g_test_run ();
  whole_tear_down ();
  return status;
}
