/* The helper process in the system: where its files are, and whatever happens to it, to its pipes, its parent or its files, it
 * answers or ends.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "helper.h"
#include "whole.h"

#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

/* ---- Its files ----------------------------------------------------------------------------------------------- */

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
  g_autoptr (GBytes) expected = helper_expected_picture ();
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
      helper_expect_picture (helper, expected);
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
        helper_expect_error (helper, NULL, "model", "list of merges");
    }
}

/* ---- Ends --------------------------------------------------------------------------------------------------- */

static Helper *
busy_helper (void)
{
  Helper *helper = helper_new ();

  helper_load (helper);
  helper_send (helper, "{\"do\":\"generate\",\"id\":\"long\"," HELPER_LONG "}");
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
  helper_send (shell, "{\"do\":\"generate\",\"id\":\"long\"," HELPER_LONG "}");
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
  g_autoptr (GBytes) expected = helper_expected_picture ();

  helper_load (helper);
  helper_expect_picture (helper, expected);
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
  helper_send (helper, "{\"do\":\"generate\",\"id\":\"x\"," HELPER_SMALL "}");
  helper_expect_error (helper, "x", "model", "cut.safetensors");
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
  g_test_add_func ("/process/links", test_links);
  g_test_add_func ("/process/merges-of-a-moved-program", test_merges_of_a_moved_program);
  g_test_add_func ("/process/end-of-input", test_end_of_input);
  g_test_add_func ("/process/nobody-reads", test_nobody_reads);
  g_test_add_func ("/process/signals", test_signals);
  g_test_add_func ("/process/parent-killed", test_parent_killed);
  g_test_add_func ("/process/parent-thread-ends", test_parent_thread_ends);
  g_test_add_func ("/process/descriptors", test_descriptors);
  g_test_add_func ("/process/file-cut-short", test_file_cut_short);
  g_test_add_func ("/process/version", test_version);
  status = g_test_run ();
  whole_tear_down ();
  return status;
}
