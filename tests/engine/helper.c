/* The real helper process at the other end of two pipes.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "helper.h"

#include "whole.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE (tiny_on_card () ? 300000 : 60000) /* milliseconds; far more than anything takes, also under the sanitizers */

Helper *
helper_new_by (const char *const *arguments,
               GSpawnFlags        flags)
{
  Helper *helper = g_new0 (Helper, 1);
  g_autoptr (GError) error = NULL;

  helper->read = g_string_new (NULL);
  g_spawn_async_with_pipes (NULL, (char **) arguments, NULL, flags | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &helper->pid, &helper->in,
                            &helper->out, NULL, &error);
  g_assert_no_error (error);
  return helper;
}

Helper *
helper_new (void)
{
  Helper *helper = helper_new_by ((const char *const[]) { ENGINE, NULL }, G_SPAWN_DEFAULT);
  g_autoptr (JsonObject) hello = helper_expect (helper, "hello");

  g_assert_cmpint (json_object_get_int_member (hello, "protocol"), ==, 1);
  return helper;
}

void
helper_close_input (Helper *helper)
{
  if (helper->in >= 0)
    close (helper->in);
  helper->in = -1;
}

void
helper_close_output (Helper *helper)
{
  if (helper->out >= 0)
    close (helper->out);
  helper->out = -1;
}

void
helper_free (Helper *helper)
{
  helper_close_input (helper);
  helper_close_output (helper);
  if (helper->pid > 0)
    {
      kill (helper->pid, SIGKILL);
      waitpid (helper->pid, NULL, 0);
    }
  g_string_free (helper->read, TRUE);
  g_free (helper);
}

void
helper_send_bytes (Helper     *helper,
                   const char *bytes,
                   gsize       size)
{
  while (size > 0)
    {
      gssize n = write (helper->in, bytes, size);

      if (n < 0 && errno == EPIPE)
        return; /* it is gone: its status tells */
      g_assert_cmpint (n, >, 0);
      bytes += n;
      size -= (gsize) n;
    }
}

void
helper_send (Helper     *helper,
             const char *format,
             ...)
{
  g_autofree char *line = NULL;
  va_list args;

  va_start (args, format);
  line = g_strdup_vprintf (format, args);
  va_end (args);
  helper_send_bytes (helper, line, strlen (line));
  helper_send_bytes (helper, "\n", 1);
}

static JsonObject *
parse (const char *line,
       gsize       length)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) error = NULL;

  g_assert_true (g_utf8_validate_len (line, length, NULL));
  json_parser_load_from_data (parser, line, (gssize) length, &error);
  g_assert_no_error (error);
  g_assert_true (JSON_NODE_HOLDS_OBJECT (json_parser_get_root (parser)));
  return json_object_ref (json_node_get_object (json_parser_get_root (parser)));
}

JsonObject *
helper_next (Helper *helper)
{
  char buffer[65536], *end;
  JsonObject *line;

  while (!(end = memchr (helper->read->str, '\n', helper->read->len)))
    {
      struct pollfd fd = { .fd = helper->out, .events = POLLIN };
      gssize n;

      if (poll (&fd, 1, PATIENCE) != 1)
        g_error ("The helper is silent.");
      n = read (helper->out, buffer, sizeof buffer);
      if (n <= 0)
        return NULL;
      g_string_append_len (helper->read, buffer, n);
    }
  line = parse (helper->read->str, (gsize) (end - helper->read->str));
  g_string_erase (helper->read, 0, end - helper->read->str + 1);
  return line;
}

JsonObject *
helper_expect (Helper     *helper,
               const char *type)
{
  for (;;)
    {
      JsonObject *line = helper_next (helper);
      const char *its_type = line ? json_object_get_string_member (line, "type") : "end";

      if (strcmp (its_type, "progress") != 0 && strcmp (its_type, "preview") != 0)
        {
          if (strcmp (its_type, "error") == 0 && strcmp (type, "error") != 0)
            g_error ("%s", json_object_get_string_member (line, "text"));
          g_assert_cmpstr (its_type, ==, type);
          return line;
        }
      json_object_unref (line);
    }
}

void
helper_wait_for (Helper     *helper,
                 const char *phase)
{
  for (;;)
    {
      g_autoptr (JsonObject) line = helper_next (helper);

      g_assert_nonnull (line);
      g_assert_cmpstr (json_object_get_string_member (line, "type"), ==, "progress");
      if (strcmp (json_object_get_string_member (line, "phase"), phase) == 0)
        return;
    }
}

int
helper_end (Helper *helper,
            double  seconds)
{
  struct pollfd fd = { .fd = (int) syscall (SYS_pidfd_open, helper->pid, 0), .events = POLLIN };
  int status;

  if (poll (&fd, 1, (int) (seconds * 1000)) != 1)
    g_error ("The helper does not end.");
  close (fd.fd);
  g_assert_cmpint (waitpid (helper->pid, &status, 0), ==, helper->pid);
  helper->pid = 0;
  return WIFSIGNALED (status) ? -WTERMSIG (status) : WEXITSTATUS (status);
}

void
helper_load (Helper *helper)
{
  g_autofree char *path = whole_path ("all.safetensors");
  g_autoptr (JsonObject) loaded = NULL;

  helper_send (helper, "{\"do\":\"load\",\"paths\":[\"%s\"],\"merges\":\"" CLIP_MERGES "\",\"t5\":\"" FIXTURES "/unigram.model\",\"device\":\"%s\",\"threads\":1}",
               path, tiny_device ());
  loaded = helper_expect (helper, "loaded");
}

GBytes *
helper_bytes (JsonObject *line,
              const char *member)
{
  gsize size;
  guchar *bytes = g_base64_decode (json_object_get_string_member (line, member), &size);

  return g_bytes_new_take (bytes, size);
}

void
helper_expect_error (Helper     *helper,
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

GBytes *
helper_picture (Helper     *helper,
                const char *id)
{
  g_autoptr (JsonObject) result = helper_expect (helper, "result");

  g_assert_cmpstr (json_object_get_string_member (result, "id"), ==, id);
  g_assert_cmpint (json_object_get_int_member (result, "width"), ==, SIDE);
  g_assert_cmpint (json_object_get_int_member (result, "height"), ==, SIDE);
  g_assert_cmpfloat (json_object_get_double_member (result, "seconds"), >, 0);
  return helper_bytes (result, "rgb");
}

GBytes *
helper_expected_picture (void)
{
  sd3_engine *engine = whole_open_good ("all.safetensors");
  sd3_request request = whole_request (engine);
  guint8 *rgb = whole_make (engine, &request);

  sd3_close (engine);
  return g_bytes_new_with_free_func (rgb, BYTES, free, rgb);
}

void
helper_expect_picture (Helper *helper,
                       GBytes *expected)
{
  g_autoptr (GBytes) picture = NULL;

  helper_send (helper, "{\"do\":\"generate\",\"id\":\"again\"," HELPER_SMALL "}");
  picture = helper_picture (helper, "again");
  g_assert_true (g_bytes_equal (picture, expected));
}
