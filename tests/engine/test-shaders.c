/* What a card's driver compiled for one process is there for the next, in the engine's own folder and nowhere else.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "helper.h"
#include "whole.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/stat.h>

#define SMALL "\"prompt\":\"a lighthouse in the fog\",\"width\":16,\"height\":16,\"steps\":1,\"guidance\":1"

/* Of all files in it. */
static gint64
size_of (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  gint64 size = 0;
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      GStatBuf at;

      g_assert_cmpint (g_lstat (path, &at), ==, 0);
      size += S_ISDIR (at.st_mode) ? size_of (path) : at.st_size;
    }
  return size;
}

/* Without T5: half as much to compile. */
static JsonObject *
load (Helper     *helper,
      const char *device)
{
  g_autofree char *mmdit = whole_path ("mmdit.safetensors"), *vae = whole_path ("vae.safetensors");
  g_autofree char *clip_l = whole_path ("clip_l.safetensors"), *clip_g = whole_path ("clip_g.safetensors");

  helper_send (helper, "{\"do\":\"load\",\"paths\":[\"%s\",\"%s\",\"%s\",\"%s\"],\"merges\":\"" CLIP_MERGES "\",\"device\":\"%s\",\"threads\":1}",
               mmdit, vae, clip_l, clip_g, device);
  return helper_expect (helper, "loaded");
}

/* Reads a prompt on the card, and is killed then: the other phases would only compile more. False where the kernel has no
 * Landlock, and drivers may write nothing therefore. */
static bool
read_prompt (void)
{
  g_autoptr (Helper) helper = helper_new ();
  g_autoptr (JsonObject) loaded = load (helper, tiny_device ());

  g_assert_cmpstr (json_object_get_string_member (loaded, "device"), ==, tiny_device ());
  helper_send (helper, "{\"do\":\"generate\"," SMALL "}");
  helper_wait_for (helper, "steps");
  kill (helper->pid, SIGKILL);
  g_assert_cmpint (helper_end (helper, 30), ==, -SIGKILL);
  return json_object_get_boolean_member (json_object_get_object_member (loaded, "jail"), "landlock");
}

static void
test_second_start (void)
{
  g_autofree char *home = whole_path ("home"), *shaders = whole_path ("home/cache/sfumato/shaders");
  bool landlock = read_prompt ();
  gint64 first = size_of (shaders), second;

  read_prompt ();
  second = size_of (shaders);
  g_test_message ("%d bytes were kept by the first process, %d more by the second", (int) first, (int) (second - first));
  g_assert_cmpint (size_of (home), ==, second);
  if (!landlock)
    return;
  g_assert_cmpint (first, >, 20000);
  g_assert_cmpint (second - first, <, first / 4);
}

/* A cache that grew beyond all bounds is begun anew. */
static void
test_grown (void)
{
  g_autofree char *file = whole_path ("home/cache/sfumato/shaders/one/two/large"), *block = g_malloc0 (1 << 20);
  g_autoptr (Helper) helper = NULL;
  FILE *stream = fopen (file, "w");

  for (int i = 0; i < 600; i++)
    g_assert_cmpuint (fwrite (block, 1, 1 << 20, stream), ==, 1 << 20);
  fclose (stream);
  helper = helper_new ();
  g_assert_false (g_file_test (file, G_FILE_TEST_EXISTS));
}

/* Whoever computes on the processor opens no driver: Mesa's software one would start threads. */
static void
test_processor (void)
{
  g_autoptr (Helper) helper = helper_new ();
  g_autofree char *tasks = g_strdup_printf ("/proc/%d/task", helper->pid);
  g_autoptr (JsonObject) loaded = load (helper, "cpu");
  g_autoptr (GDir) dir = g_dir_open (tasks, 0, NULL);
  const char *task;

  while ((task = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (tasks, task, "comm", NULL), *name = NULL;

      g_assert_true (g_file_get_contents (path, &name, NULL, NULL));
      g_assert_false (g_str_has_prefix (name, "llvmpipe"));
    }
}

int
main (int    argc,
      char **argv)
{
  g_autofree char *home = NULL, *cache = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  signal (SIGPIPE, SIG_IGN);
  whole_set_up ();
  whole_write_models ();
  cache = whole_path ("home/cache");
  home = whole_path ("home");
  g_setenv ("HOME", home, TRUE);
  g_setenv ("XDG_CACHE_HOME", cache, TRUE);
  g_setenv ("GALLIVM_PERF", "nopt", TRUE); /* Mesa's software driver compiles in seconds then and not in minutes */
  g_test_add_func ("/shaders/processor", test_processor);
  g_test_add_func ("/shaders/grown", test_grown);
  g_test_add_func ("/shaders/second-start", test_second_start);
  status = g_test_run ();
  whole_tear_down ();
  return status;
}
