/* The helper process as the window uses it: models are opened, pictures made and cancelled.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "helper.h"
#include "whole.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The sentence, for whoever says it in another language: its format, and what stands in the places. */
static void
test_error_for_translation (void)
{
  static const char format[] = "“%s” cannot be opened: %s.";
  g_autoptr (Helper) helper = helper_new ();
  g_autoptr (JsonObject) error = NULL, none = NULL;
  JsonArray *arguments;

  helper_send (helper, "{\"do\":\"load\",\"paths\":[\"/nowhere.safetensors\"]}");
  error = helper_expect (helper, "error");
  arguments = json_object_get_array_member (error, "arguments");
  g_assert_cmpstr (json_object_get_string_member (error, "format"), ==, format);
  g_assert_cmpuint (json_array_get_length (arguments), ==, 2);
  g_assert_cmpstr (json_array_get_string_element (arguments, 0), ==, "nowhere.safetensors");
  g_assert_cmpstr (json_array_get_string_element (arguments, 1), ==, "No such file or directory");
  helper_send (helper, "{\"do\":\"capabilities\"}");
  none = helper_expect (helper, "error");
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (none, "arguments")), ==, 0);
}

/* ---- Models and pictures ------------------------------------------------------------------------------------ */

static void
test_hello (void)
{
  g_autoptr (Helper) helper = helper_new_by ((const char *const[]) { ENGINE, NULL }, G_SPAWN_DEFAULT);
  g_autoptr (JsonObject) hello = helper_expect (helper, "hello");
  JsonObject *processor = json_array_get_object_element (json_object_get_array_member (hello, "devices"), 0);

  g_assert_cmpint (json_object_get_int_member (hello, "protocol"), ==, 1);
  g_assert_cmpstr (json_object_get_string_member (hello, "version"), ==, VERSION);
  g_assert_cmpstr (json_object_get_string_member (processor, "id"), ==, "cpu");
  g_assert_false (json_object_get_boolean_member (processor, "gpu"));
  g_assert_cmpint (json_object_get_int_member (processor, "memory"), >, 1 << 20);
  g_assert_cmpint (json_object_get_int_member (processor, "free"), >, 1 << 20);
  helper_send (helper, "{\"do\":\"capabilities\"}");
  helper_expect_error (helper, NULL, "request", "No model is open");
  helper_send (helper, "{\"do\":\"generate\",\"id\":\"x\"," HELPER_SMALL "}");
  helper_expect_error (helper, "x", "request", "No model is open");
  helper_send (helper, "{\"do\":\"cancel\",\"id\":\"x\"}");
  helper_send (helper, "{\"do\":\"load\",\"paths\":[\"/nowhere.safetensors\"]}");
  helper_expect_error (helper, NULL, "model", "cannot be opened: No such file");
  helper_close_input (helper);
  g_assert_cmpint (helper_end (helper, 10), ==, 0);
}

static void
check_capabilities (JsonObject *line)
{
  static const char *const truths[] = { "clip_l", "clip_g", "t5", "encoder" };
  JsonObject *defaults = json_object_get_object_member (line, "defaults"), *memory = json_object_get_object_member (line, "memory");
  JsonObject *jail = json_object_get_object_member (line, "jail");

  for (gsize i = 0; i < G_N_ELEMENTS (truths); i++)
    g_assert_true (json_object_get_boolean_member (line, truths[i]));
  g_assert_false (json_object_get_boolean_member (line, "may_be_turbo"));
  g_assert_cmpstr (json_object_get_string_member (line, "variant"), ==, "other");
  g_assert_cmpstr (json_object_get_string_member (line, "preview"), ==, "linear");
  g_assert_cmpint (json_object_get_int_member (line, "side_step"), ==, 16);
  g_assert_cmpint (json_object_get_int_member (line, "side_max"), ==, 192);
  g_assert_cmpint (json_object_get_int_member (defaults, "width"), ==, 192);
  g_assert_cmpint (json_object_get_int_member (defaults, "steps"), ==, 20);
  g_assert_cmpstr (json_object_get_string_member (defaults, "sampler"), ==, "euler");
  g_assert_cmpfloat (json_object_get_double_member (defaults, "guidance"), ==, 4);
  g_assert_cmpstr (json_object_get_string_member (line, "device"), ==, tiny_device ());
  g_assert_cmpint (json_object_get_int_member (line, "file_size"), >, 1 << 20);
  g_assert_cmpint (json_object_get_int_member (memory, "transformer"), >, 0);
  g_assert_cmpint (json_object_get_int_member (memory, "needed"), >, json_object_get_int_member (memory, "transformer"));
  g_assert_cmpint (json_object_get_int_member (memory, "available"), >, json_object_get_int_member (memory, "needed"));
  g_assert_true (json_object_has_member (jail, "seccomp") && json_object_has_member (jail, "landlock"));
}

static void
test_capabilities (void)
{
  g_autoptr (Helper) helper = helper_new ();
  g_autoptr (JsonObject) line = NULL;

  helper_load (helper);
  helper_send (helper, "{\"do\":\"capabilities\"}");
  line = helper_expect (helper, "capabilities");
  check_capabilities (line);
  helper_send (helper, "{\"do\":\"load\",\"paths\":[\"/etc/passwd\"]}");
  helper_expect_error (helper, NULL, "request", "one model in its life");
}

/* Every event of one picture, in their order. */
static void
test_events (void)
{
  static const char *const expected[] = {
    "text 0/1", "text 1/1", "steps 0/2", "preview", "steps 1/2", "preview", "steps 2/2", "decoding 0/1", "decoding 1/1", "result", NULL,
  };
  g_autoptr (Helper) helper = helper_new ();
  g_autoptr (GBytes) picture = NULL, ours = helper_expected_picture ();

  helper_load (helper);
  helper_send (helper, "{\"do\":\"generate\",\"id\":\"“\\u0001\\\"\\\\/é\",\"preview\":true," HELPER_SMALL "}");
  for (int i = 0; expected[i]; i++)
    {
      g_autoptr (JsonObject) line = helper_next (helper);
      const char *type = json_object_get_string_member (line, "type");
      g_autofree char *what = strcmp (type, "progress") != 0 ? g_strdup (type)
        : g_strdup_printf ("%s %d/%d", json_object_get_string_member (line, "phase"), (int) json_object_get_int_member (line, "done"),
                           (int) json_object_get_int_member (line, "total"));

      g_assert_cmpstr (what, ==, expected[i]);
      g_assert_cmpstr (json_object_get_string_member (line, "id"), ==, "“\x01\"\\/é");
      if (strcmp (type, "preview") == 0)
        {
          g_autoptr (GBytes) small = helper_bytes (line, "rgb");

          g_assert_cmpint (json_object_get_int_member (line, "width"), ==, 8);
          g_assert_cmpuint (g_bytes_get_size (small), ==, 8 * 8 * 3);
        }
      if (strcmp (type, "result") == 0)
        picture = helper_bytes (line, "rgb");
    }
  g_assert_true (g_bytes_equal (picture, ours));
}

/* Doubles would lose the last digits. */
static void
test_seeds (void)
{
  static const char *const seeds[] = { "0", "9007199254740993", "18446744073709551615" };
  g_autoptr (Helper) helper = helper_new ();
  g_autoptr (JsonObject) any = NULL, other = NULL;

  helper_load (helper);
  for (gsize i = 0; i < G_N_ELEMENTS (seeds); i++)
    {
      g_autoptr (JsonObject) result = NULL;

      helper_send (helper, "{\"do\":\"generate\",\"prompt\":\"\",\"width\":16,\"height\":16,\"steps\":1,\"seed\":\"%s\"}", seeds[i]);
      result = helper_expect (helper, "result");
      g_assert_cmpstr (json_object_get_string_member (result, "seed"), ==, seeds[i]);
      g_assert_cmpstr (json_object_get_string_member (result, "id"), ==, "");
    }
  helper_send (helper, "{\"do\":\"generate\",\"prompt\":\"\",\"width\":16,\"height\":16,\"steps\":1}");
  helper_send (helper, "{\"do\":\"generate\",\"prompt\":\"\",\"width\":16,\"height\":16,\"steps\":1}");
  any = helper_expect (helper, "result");
  other = helper_expect (helper, "result");
  g_assert_cmpstr (json_object_get_string_member (any, "seed"), !=, json_object_get_string_member (other, "seed"));
}

/* What of the prompt found no room, as the engine counts it in this process. */
static void
test_cut (void)
{
  g_autoptr (Helper) helper = helper_new ();
  g_autoptr (GString) prompt = g_string_new (NULL);
  g_autoptr (JsonObject) result = NULL;
  sd3_engine *engine = whole_open_good ("all.safetensors");
  sd3_request request = whole_request (engine);
  sd3_error error = { "" };
  sd3_picture picture;

  for (int i = 0; i < 1000; i++)
    g_string_append (prompt, "fog ");
  request.prompt = prompt->str;
  request.width = request.height = 16;
  request.steps = 1;
  g_assert_true (sd3_generate (engine, &request, &picture, &error));
  free (picture.rgb);
  sd3_close (engine);
  helper_load (helper);
  helper_send (helper, "{\"do\":\"generate\",\"prompt\":\"%s\",\"width\":16,\"height\":16,\"steps\":1}", prompt->str);
  result = helper_expect (helper, "result");
  g_assert_cmpint (picture.clip_cut, >, 0);
  g_assert_cmpint (picture.t5_cut, >, 0);
  g_assert_cmpint (json_object_get_int_member (result, "clip_cut"), ==, picture.clip_cut);
  g_assert_cmpint (json_object_get_int_member (result, "t5_cut"), ==, picture.t5_cut);
}

static void
test_from_picture (void)
{
  g_autoptr (Helper) helper = helper_new ();
  g_autofree guint8 *white = g_malloc (BYTES), *rgb = NULL;
  g_autofree char *text = NULL;
  sd3_engine *engine = whole_open_good ("all.safetensors");
  sd3_request request = whole_request (engine);
  g_autoptr (GBytes) picture = NULL;

  memset (white, 200, BYTES);
  text = g_base64_encode (white, BYTES);
  request.picture = white;
  request.strength = 0.6;
  request.steps = 5;
  rgb = whole_make (engine, &request);
  sd3_close (engine);
  helper_load (helper);
  helper_send (helper, "{\"picture\":\"%s\",\"do\":\"generate\",\"id\":\"p\",\"prompt\":\"a lighthouse in the fog\",\"negative\":\"glass\","
                       "\"strength\":0.6,\"height\":64,\"steps\":5,\"guidance\":3,\"width\":64,\"seed\":\"7\"}", text);
  picture = helper_picture (helper, "p");
  g_assert_cmpmem (g_bytes_get_data (picture, NULL), g_bytes_get_size (picture), rgb, BYTES);
}

/* Kilobytes of memory that a process has for itself. */
static gint64
memory_of (GPid pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", pid), *text = NULL;
  const char *line;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  line = strstr (text, "\nRssAnon:");
  g_assert_nonnull (line);
  return g_ascii_strtoll (line + strlen ("\nRssAnon:"), NULL, 10);
}

/* The system has its memory back, and the next picture is the same. */
static void
test_unload (void)
{
  g_autoptr (Helper) helper = helper_new ();
  g_autoptr (GBytes) expected = helper_expected_picture ();
  g_autoptr (JsonObject) loaded = NULL, unloaded = NULL;
  gint64 before, with, after, weights;

  helper_load (helper);
  helper_send (helper, "{\"do\":\"capabilities\"}");
  loaded = helper_expect (helper, "capabilities");
  weights = json_object_get_int_member (json_object_get_object_member (loaded, "memory"), "transformer") / 1024;
  before = memory_of (helper->pid);
  helper_expect_picture (helper, expected);
  with = memory_of (helper->pid);
  helper_send (helper, "{\"do\":\"unload\"}");
  unloaded = helper_expect (helper, "unloaded");
  after = memory_of (helper->pid);
  g_test_message ("%d kB before, %d with a model of %d, %d after", (int) before, (int) with, (int) weights, (int) after);
#ifndef __SANITIZE_ADDRESS__ /* which keeps what was freed */
  g_assert_cmpint (with - after, >, weights);
#endif
  helper_expect_picture (helper, expected);
}

/* Large and Large Turbo have the same tensors: what the person says decides on the defaults. */
static void
test_turbo (void)
{
  g_autoptr (TinyModel) mmdit = tiny_mmdit_of (38, 64, 12, true, 0), clip = tiny_clip (49408, 64), t5 = tiny_t5 (200, 4096), vae = tiny_vae ();
  static const struct { const char *said; int steps; } cases[] = { { "", 28 }, { ",\"turbo\":true", 4 }, { ",\"turbo\":false", 28 }, { ",\"turbo\":true,\"steps\":3", 3 } };
  g_autofree char *path = whole_path ("large.safetensors");
  g_autoptr (Helper) helper = helper_new ();
  g_autoptr (JsonObject) loaded = NULL;

  whole_write ("large.safetensors", mmdit, clip, t5, vae, "F32");
  helper_send (helper, "{\"do\":\"load\",\"paths\":[\"%s\"],\"merges\":\"" CLIP_MERGES "\",\"t5\":\"" FIXTURES "/unigram.model\",\"threads\":1,\"device\":\"cpu\"}", path);
  loaded = helper_expect (helper, "loaded");
  g_assert_cmpstr (json_object_get_string_member (loaded, "variant"), ==, "sd3.5-large");
  g_assert_true (json_object_get_boolean_member (loaded, "may_be_turbo"));
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (JsonObject) line = NULL;

      helper_send (helper, "{\"do\":\"generate\",\"prompt\":\"fog\",\"width\":16,\"height\":16,\"seed\":\"7\"%s}", cases[i].said);
      do
        {
          g_clear_pointer (&line, json_object_unref);
          line = helper_next (helper);
          g_assert_cmpstr (json_object_get_string_member (line, "type"), ==, "progress");
        }
      while (strcmp (json_object_get_string_member (line, "phase"), "steps") != 0);
      g_assert_cmpint (json_object_get_int_member (line, "total"), ==, cases[i].steps);
      json_object_unref (helper_expect (helper, "result"));
    }
  g_remove (path);
}

/* ---- Silence -------------------------------------------------------------------------------------------------- */

/* The next progress of the steps. */
static gint64
next_step (Helper *helper)
{
  for (;;)
    {
      g_autoptr (JsonObject) line = helper_next (helper);

      g_assert_nonnull (line);
      if (g_str_equal (json_object_get_string_member (line, "type"), "progress") && g_str_equal (json_object_get_string_member (line, "phase"), "steps"))
        return json_object_get_int_member (line, "done");
    }
}

/* Holds it for longer than it is ever silent, after a picture's first step; whether it then said again where it was. Held just
 * between two steps, it goes on with the next. */
static bool
says_it_again (Helper *helper)
{
  gint64 before, step;

  helper_send (helper, "{\"do\":\"generate\",\"id\":\"held\",\"prompt\":\"a red house\",\"width\":512,\"height\":512,\"steps\":20}");
  do
    step = next_step (helper);
  while (step == 0);
  kill (helper->pid, SIGSTOP);
  g_usleep (5.5 * G_USEC_PER_SEC);
  kill (helper->pid, SIGCONT);
  do
    {
      before = step;
      step = next_step (helper);
    }
  while (step != before && step < 10);
  helper_send (helper, "{\"do\":\"cancel\",\"id\":\"held\"}");
  helper_expect_error (helper, "held", "cancelled", "cancelled");
  return step == before;
}

static void
test_still_there (void)
{
  g_autoptr (Helper) helper = helper_new ();
  g_autoptr (JsonObject) loaded = NULL;
  bool again = false;

  helper_send (helper, "{\"do\":\"load\",\"paths\":[\"" STARTER "\"],\"device\":\"cpu\"}"); /* large enough for steps that take a while */
  loaded = helper_expect (helper, "loaded");
  for (int i = 0; !again && i < 4; i++)
    again = says_it_again (helper);
  g_assert_true (again);
}

/* ---- Cancelling --------------------------------------------------------------------------------------------- */

static void
test_cancel (void)
{
  static const char *const phases[] = { "text", "steps" };
  g_autoptr (Helper) helper = helper_new ();
  g_autoptr (GBytes) expected = helper_expected_picture ();

  helper_load (helper);
  for (gsize i = 0; i < G_N_ELEMENTS (phases); i++)
    {
      gint64 before;

      helper_send (helper, "{\"do\":\"generate\",\"id\":\"long\"," HELPER_LONG "}");
      helper_wait_for (helper, phases[i]);
      before = g_get_monotonic_time ();
      helper_send (helper, "{\"do\":\"cancel\",\"id\":\"another\"}");
      helper_send (helper, "{\"do\":\"cancel\",\"id\":\"long\"}");
      helper_expect_error (helper, "long", "cancelled", "cancelled");
      g_assert_cmpint (g_get_monotonic_time () - before, <, 2 * G_USEC_PER_SEC);
      helper_expect_picture (helper, expected);
    }
  /* Nothing is running: nothing comes of it, and the next one is not touched. */
  helper_send (helper, "{\"do\":\"cancel\",\"id\":\"again\"}");
  helper_expect_picture (helper, expected);
}

/* One that waits is cancelled when its turn comes; a cancel at once is not lost. */
static void
test_cancel_waiting (void)
{
  g_autoptr (Helper) helper = helper_new ();
  g_autoptr (GBytes) expected = helper_expected_picture ();

  helper_load (helper);
  helper_send (helper, "{\"do\":\"generate\",\"id\":\"one\"," HELPER_LONG "}\n{\"do\":\"generate\",\"id\":\"two\"," HELPER_LONG "}\n"
                       "{\"do\":\"cancel\",\"id\":\"two\"}\n{\"do\":\"cancel\",\"id\":\"one\"}");
  helper_expect_error (helper, "one", "cancelled", "cancelled");
  helper_expect_error (helper, "two", "cancelled", "cancelled");
  helper_expect_picture (helper, expected);
  /* More than it keeps: what it does not take, it says. */
  helper_send (helper, "{\"do\":\"generate\",\"id\":\"0\"," HELPER_LONG "}");
  helper_wait_for (helper, "steps");
  for (int i = 1; i < 18; i++)
    helper_send (helper, "{\"do\":\"generate\",\"id\":\"%d\"," HELPER_LONG "}", i);
  helper_expect_error (helper, "17", "request", "are waiting");
  for (int i = 0; i < 17; i++)
    helper_send (helper, "{\"do\":\"cancel\",\"id\":\"%d\"}", i);
  for (int i = 0; i < 17; i++)
    {
      g_autofree char *id = g_strdup_printf ("%d", i);

      helper_expect_error (helper, id, "cancelled", "cancelled");
    }
  helper_expect_picture (helper, expected);
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
  g_test_add_func ("/serve/hello", test_hello);
  g_test_add_func ("/serve/error-for-translation", test_error_for_translation);
  g_test_add_func ("/serve/capabilities", test_capabilities);
  g_test_add_func ("/serve/events", test_events);
  g_test_add_func ("/serve/seeds", test_seeds);
  g_test_add_func ("/serve/cut", test_cut);
  g_test_add_func ("/serve/from-picture", test_from_picture);
  g_test_add_func ("/serve/unload", test_unload);
  g_test_add_func ("/serve/turbo", test_turbo);
  g_test_add_func ("/serve/still-there", test_still_there);
  g_test_add_func ("/serve/cancel", test_cancel);
  g_test_add_func ("/serve/cancel-waiting", test_cancel_waiting);
  status = g_test_run ();
  whole_tear_down ();
  return status;
}
