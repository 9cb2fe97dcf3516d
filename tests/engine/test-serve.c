/* The helper process as the window uses it: models are opened, pictures made and cancelled; and whatever happens to it,
 * to its pipes, its parent or its files, it answers or ends.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "helper.h"
#include "whole.h"

#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SMALL "\"prompt\":\"a lighthouse in the fog\",\"negative\":\"glass\",\"width\":64,\"height\":64,\"steps\":2,\"guidance\":3,\"seed\":\"7\""
#define LONG "\"prompt\":\"a lighthouse in the fog\",\"width\":192,\"height\":192,\"steps\":1000,\"seed\":\"7\""

static GBytes *
picture_of (Helper     *helper,
            const char *id)
{
  g_autoptr (JsonObject) result = helper_expect (helper, "result");

  g_assert_cmpstr (json_object_get_string_member (result, "id"), ==, id);
  g_assert_cmpint (json_object_get_int_member (result, "width"), ==, SIDE);
  g_assert_cmpint (json_object_get_int_member (result, "height"), ==, SIDE);
  g_assert_cmpfloat (json_object_get_double_member (result, "seconds"), >, 0);
  return helper_bytes (result, "rgb");
}

/* What the engine makes in this process of what SMALL says. */
static GBytes *
expected_picture (void)
{
  sd3_engine *engine = whole_open_good ("all.safetensors");
  sd3_request request = whole_request (engine);
  guint8 *rgb = whole_make (engine, &request);

  sd3_close (engine);
  return g_bytes_new_with_free_func (rgb, BYTES, free, rgb);
}

static void
expect_error (Helper     *helper,
              const char *id,
              const char *kind,
              const char *says)
{
  g_autoptr (JsonObject) error = helper_expect (helper, "error");

  g_assert_cmpstr (json_object_get_string_member_with_default (error, "id", NULL), ==, id);
  g_assert_cmpstr (json_object_get_string_member (error, "kind"), ==, kind);
  if (!strstr (json_object_get_string_member (error, "text"), says))
    g_error ("“%s” should say “%s”", json_object_get_string_member (error, "text"), says);
}

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

static void
expect_picture (Helper *helper,
                GBytes *expected)
{
  g_autoptr (GBytes) picture = NULL;

  helper_send (helper, "{\"do\":\"generate\",\"id\":\"again\"," SMALL "}");
  picture = picture_of (helper, "again");
  g_assert_true (g_bytes_equal (picture, expected));
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
  expect_error (helper, NULL, "request", "No model is open");
  helper_send (helper, "{\"do\":\"generate\",\"id\":\"x\"," SMALL "}");
  expect_error (helper, "x", "request", "No model is open");
  helper_send (helper, "{\"do\":\"cancel\",\"id\":\"x\"}");
  helper_send (helper, "{\"do\":\"load\",\"paths\":[\"/nowhere.safetensors\"]}");
  expect_error (helper, NULL, "model", "cannot be opened: No such file");
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
  expect_error (helper, NULL, "request", "one model in its life");
}

/* Every event of one picture, in their order. */
static void
test_events (void)
{
  static const char *const expected[] = {
    "text 0/1", "text 1/1", "steps 0/2", "preview", "steps 1/2", "preview", "steps 2/2", "decoding 0/1", "decoding 1/1", "result", NULL,
  };
  g_autoptr (Helper) helper = helper_new ();
  g_autoptr (GBytes) picture = NULL, ours = expected_picture ();

  helper_load (helper);
  helper_send (helper, "{\"do\":\"generate\",\"id\":\"“\\u0001\\\"\\\\/é\",\"preview\":true," SMALL "}");
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
  picture = picture_of (helper, "p");
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
  g_autoptr (GBytes) expected = expected_picture ();
  g_autoptr (JsonObject) loaded = NULL, unloaded = NULL;
  gint64 before, with, after, weights;

  helper_load (helper);
  helper_send (helper, "{\"do\":\"capabilities\"}");
  loaded = helper_expect (helper, "capabilities");
  weights = json_object_get_int_member (json_object_get_object_member (loaded, "memory"), "transformer") / 1024;
  before = memory_of (helper->pid);
  expect_picture (helper, expected);
  with = memory_of (helper->pid);
  helper_send (helper, "{\"do\":\"unload\"}");
  unloaded = helper_expect (helper, "unloaded");
  after = memory_of (helper->pid);
  g_test_message ("%d kB before, %d with a model of %d, %d after", (int) before, (int) with, (int) weights, (int) after);
#ifndef __SANITIZE_ADDRESS__ /* which keeps what was freed */
  g_assert_cmpint (with - after, >, weights);
#endif
  expect_picture (helper, expected);
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

/* As Hugging Face's programs keep a model: links to blobs. */
static void
write_cache (void)
{
  static const char *const files[] = { "transformer/diffusion_pytorch_model", "text_encoder/model", "text_encoder_2/model", "text_encoder_3/model", "vae/diffusion_pytorch_model" };

  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *from = g_strconcat ("folder/", files[i], ".safetensors", NULL), *to = g_strconcat ("cache/snapshots/abc/", files[i], ".safetensors", NULL);
      g_autofree char *number = g_strdup_printf ("cache/blobs/%d", (int) i), *target = g_strdup_printf ("../../../blobs/%d", (int) i);
      g_autofree char *file = whole_path (from), *blob = whole_path (number), *name = whole_path (to);

      g_assert_cmpint (link (file, blob), ==, 0);
      g_assert_cmpint (symlink (target, name), ==, 0);
    }
}

/* The kernel lets a process read what its links lead to, in the layouts people have. */
static void
test_links (void)
{
  g_autofree char *file = whole_path ("all.safetensors"), *link = whole_path ("elsewhere/model.safetensors"), *folder = whole_path ("folder");
  g_autofree char *cache = whole_path ("cache/snapshots/abc"), *link_to_folder = whole_path ("elsewhere/folder");
  g_autoptr (GBytes) expected = expected_picture ();
  const char *const paths[] = { link, link_to_folder, cache };

  g_assert_cmpint (symlink (file, link), ==, 0);
  g_assert_cmpint (symlink (folder, link_to_folder), ==, 0);
  write_cache ();
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (Helper) helper = helper_new ();
      g_autoptr (JsonObject) loaded = NULL;

      helper_send (helper, "{\"do\":\"load\",\"paths\":[\"%s\"],\"merges\":\"" CLIP_MERGES "\",\"t5\":\"" FIXTURES "/unigram.model\",\"threads\":1,\"device\":\"%s\"}",
                   paths[i], tiny_device ());
      loaded = helper_expect (helper, "loaded");
      expect_picture (helper, expected);
    }
}

/* CLIP's merges are found from where the program lies, so that all of it can be moved. */
static void
test_merges_of_a_moved_program (void)
{
  g_autofree char *model = whole_path ("all.safetensors"), *program = whole_path ("moved/one/two/libexec/engine"), *folder = g_path_get_dirname (program);
  g_autofree char *merges = g_build_filename (folder, MERGES_FROM_HERE, NULL), *parent = g_path_get_dirname (merges), *copy = g_strdup_printf ("cp " ENGINE " %s", program);
  g_autofree char *text = NULL;

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_assert_true (g_spawn_command_line_sync (copy, NULL, NULL, NULL, NULL));
  g_assert_true (g_file_get_contents (CLIP_MERGES, &text, NULL, NULL));
  for (int right = 0; right < 2; right++)
    {
      g_autoptr (Helper) helper = NULL;
      g_autoptr (JsonObject) hello = NULL, loaded = NULL;

      g_assert_true (g_file_set_contents (merges, right ? text : "no such list", -1, NULL));
      helper = helper_new_by ((const char *const[]) { program, NULL }, G_SPAWN_DEFAULT);
      hello = helper_expect (helper, "hello");
      helper_send (helper, "{\"do\":\"load\",\"paths\":[\"%s\"],\"t5\":\"" FIXTURES "/unigram.model\",\"device\":\"cpu\"}", model);
      if (right)
        loaded = helper_expect (helper, "loaded");
      else
        expect_error (helper, NULL, "model", "list of merges");
    }
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
  expect_error (helper, "held", "cancelled", "cancelled");
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
  g_autoptr (GBytes) expected = expected_picture ();

  helper_load (helper);
  for (gsize i = 0; i < G_N_ELEMENTS (phases); i++)
    {
      gint64 before;

      helper_send (helper, "{\"do\":\"generate\",\"id\":\"long\"," LONG "}");
      helper_wait_for (helper, phases[i]);
      before = g_get_monotonic_time ();
      helper_send (helper, "{\"do\":\"cancel\",\"id\":\"another\"}");
      helper_send (helper, "{\"do\":\"cancel\",\"id\":\"long\"}");
      expect_error (helper, "long", "cancelled", "cancelled");
      g_assert_cmpint (g_get_monotonic_time () - before, <, 2 * G_USEC_PER_SEC);
      expect_picture (helper, expected);
    }
  /* Nothing is running: nothing comes of it, and the next one is not touched. */
  helper_send (helper, "{\"do\":\"cancel\",\"id\":\"again\"}");
  expect_picture (helper, expected);
}

/* One that waits is cancelled when its turn comes; a cancel at once is not lost. */
static void
test_cancel_waiting (void)
{
  g_autoptr (Helper) helper = helper_new ();
  g_autoptr (GBytes) expected = expected_picture ();

  helper_load (helper);
  helper_send (helper, "{\"do\":\"generate\",\"id\":\"one\"," LONG "}\n{\"do\":\"generate\",\"id\":\"two\"," LONG "}\n"
                       "{\"do\":\"cancel\",\"id\":\"two\"}\n{\"do\":\"cancel\",\"id\":\"one\"}");
  expect_error (helper, "one", "cancelled", "cancelled");
  expect_error (helper, "two", "cancelled", "cancelled");
  expect_picture (helper, expected);
  /* More than it keeps: what it does not take, it says. */
  helper_send (helper, "{\"do\":\"generate\",\"id\":\"0\"," LONG "}");
  helper_wait_for (helper, "steps");
  for (int i = 1; i < 18; i++)
    helper_send (helper, "{\"do\":\"generate\",\"id\":\"%d\"," LONG "}", i);
  expect_error (helper, "17", "request", "are waiting");
  for (int i = 0; i < 17; i++)
    helper_send (helper, "{\"do\":\"cancel\",\"id\":\"%d\"}", i);
  for (int i = 0; i < 17; i++)
    {
      g_autofree char *id = g_strdup_printf ("%d", i);

      expect_error (helper, id, "cancelled", "cancelled");
    }
  expect_picture (helper, expected);
}

/* ---- Ends --------------------------------------------------------------------------------------------------- */

static Helper *
busy_helper (void)
{
  Helper *helper = helper_new ();

  helper_load (helper);
  helper_send (helper, "{\"do\":\"generate\",\"id\":\"long\"," LONG "}");
  helper_wait_for (helper, "steps");
  return helper;
}

static void
test_end_of_input (void)
{
  g_autoptr (Helper) helper = busy_helper ();

  helper_close_input (helper);
  g_assert_cmpint (helper_end (helper, 5), ==, 0);
}

static void
test_nobody_reads (void)
{
  g_autoptr (Helper) helper = busy_helper ();

  helper_close_output (helper);
  g_assert_cmpint (helper_end (helper, 5), ==, 1);
}

static void
test_signals (void)
{
  static const int signals[] = { SIGTERM, SIGKILL };

  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      g_autoptr (Helper) helper = busy_helper ();

      kill (helper->pid, signals[i]);
      g_assert_cmpint (helper_end (helper, 5), ==, -signals[i]);
      /* The pipe ends as well: no process of its own is left that holds it. */
      while (helper->out >= 0)
        {
          g_autoptr (JsonObject) line = helper_next (helper);

          if (!line)
            helper_close_output (helper);
        }
    }
}

/* A shell starts it and dies, while its input stays open: the kernel tells it. */
static void
test_parent_killed (void)
{
  g_autoptr (Helper) shell = helper_new_by ((const char *const[]) { "/bin/sh", "-c", "exec 3<&0; \"$0\" <&3 & wait", ENGINE, NULL }, G_SPAWN_DEFAULT);
  g_autoptr (JsonObject) hello = helper_expect (shell, "hello");

  helper_load (shell);
  helper_send (shell, "{\"do\":\"generate\",\"id\":\"long\"," LONG "}");
  helper_wait_for (shell, "steps");
  kill (shell->pid, SIGKILL);
  g_assert_cmpint (helper_end (shell, 5), ==, -SIGKILL);
  for (;;)
    {
      g_autoptr (JsonObject) line = helper_next (shell);

      if (!line)
        break;
    }
}

static gpointer
start_cb (gpointer data)
{
  return helper_new ();
}

/* It may be started by a thread that ends before it: only the process counts. */
static void
test_parent_thread_ends (void)
{
  g_autoptr (Helper) helper = g_thread_join (g_thread_new ("starter", start_cb, NULL));
  g_autoptr (GBytes) expected = expected_picture ();

  helper_load (helper);
  expect_picture (helper, expected);
}

/* What the parent forgot to close is not kept open. */
static void
test_descriptors (void)
{
  g_autoptr (Helper) helper = NULL;
  g_autoptr (JsonObject) hello = NULL;
  int ends[2];

  g_assert_cmpint (pipe (ends), ==, 0);
  helper = helper_new_by ((const char *const[]) { ENGINE, NULL }, G_SPAWN_LEAVE_DESCRIPTORS_OPEN);
  close (ends[1]);
  hello = helper_expect (helper, "hello");
  g_assert_cmpint (poll (&(struct pollfd) { .fd = ends[0], .events = POLLIN }, 1, 10000), ==, 1);
  close (ends[0]);
}

static void
test_file_cut_short (void)
{
  g_autofree char *path = whole_path ("cut.safetensors"), *whole = whole_path ("all.safetensors"), *bytes = NULL;
  g_autoptr (Helper) helper = helper_new ();
  g_autoptr (JsonObject) loaded = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (whole, &bytes, &size, NULL));
  g_assert_true (g_file_set_contents (path, bytes, (gssize) size, NULL));
  helper_send (helper, "{\"do\":\"load\",\"paths\":[\"%s\"],\"merges\":\"" CLIP_MERGES "\",\"t5\":\"" FIXTURES "/unigram.model\"}", path);
  loaded = helper_expect (helper, "loaded");
  g_assert_cmpint (truncate (path, (off_t) size / 2), ==, 0);
  helper_send (helper, "{\"do\":\"generate\",\"id\":\"x\"," SMALL "}");
  expect_error (helper, "x", "model", "cut.safetensors");
  g_remove (path);
}

static void
test_version (void)
{
  g_autofree char *said = NULL;
  int status;

  g_assert_true (g_spawn_command_line_sync (ENGINE " --version", &said, NULL, &status, NULL));
  g_assert_cmpint (status, ==, 0);
  g_assert_cmpstr (said, ==, "sfumato-engine " VERSION "\n");
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
  g_test_add_func ("/serve/from-picture", test_from_picture);
  g_test_add_func ("/serve/unload", test_unload);
  g_test_add_func ("/serve/turbo", test_turbo);
  g_test_add_func ("/serve/links", test_links);
  g_test_add_func ("/serve/merges-of-a-moved-program", test_merges_of_a_moved_program);
  g_test_add_func ("/serve/still-there", test_still_there);
  g_test_add_func ("/serve/cancel", test_cancel);
  g_test_add_func ("/serve/cancel-waiting", test_cancel_waiting);
  g_test_add_func ("/serve/end-of-input", test_end_of_input);
  g_test_add_func ("/serve/nobody-reads", test_nobody_reads);
  g_test_add_func ("/serve/signals", test_signals);
  g_test_add_func ("/serve/parent-killed", test_parent_killed);
  g_test_add_func ("/serve/parent-thread-ends", test_parent_thread_ends);
  g_test_add_func ("/serve/descriptors", test_descriptors);
  g_test_add_func ("/serve/file-cut-short", test_file_cut_short);
  g_test_add_func ("/serve/version", test_version);
  status = g_test_run ();
  whole_tear_down ();
  return status;
}
