/* Lines of the protocol on their way out.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/answer.h"

#include "engine/base64.h"
#include "engine/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int output = -1;
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

void
sd3_answers_begin (void)
{
  output = fcntl (STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  if (output < 0 || dup2 (STDERR_FILENO, STDOUT_FILENO) < 0)
    _exit (1);
}

void
sd3_answers_wait_for (int input)
{
  struct pollfd fds[] = { { .fd = input, .events = POLLIN }, { .fd = output } };

  poll (fds, 2, -1);
  if ((fds[1].revents & (POLLERR | POLLNVAL)) != 0)
    _exit (1);
}

/* ---- Members ----------------------------------------------------------------------------------------------- */

static void
put_text (FILE       *out,
          const char *text)
{
  size_t left = strlen (text);

  putc ('"', out);
  while (left > 0)
    {
      unsigned char c = (unsigned char) *text;
      int n = sd3_utf8_next (text, left, NULL);

      if (n == 0)
        fputs ("\xef\xbf\xbd", out);
      else if (c < 0x20)
        fprintf (out, "\\u%04x", c);
      else
        fprintf (out, "%s%.*s", c == '"' || c == '\\' ? "\\" : "", n, text);
      n += n == 0;
      text += n;
      left -= (size_t) n;
    }
  putc ('"', out);
}

static void
begin_member (sd3_answer *answer,
              const char *key)
{
  if (answer->needs_comma)
    putc (',', answer->out);
  answer->needs_comma = true;
  if (!key)
    return;
  put_text (answer->out, key);
  putc (':', answer->out);
}

void
sd3_answer_begin (sd3_answer *answer,
                  const char *type)
{
  *answer = (sd3_answer) { 0 };
  answer->out = open_memstream (&answer->text, &answer->size);
  if (!answer->out)
    abort ();
  putc ('{', answer->out);
  sd3_answer_text (answer, "type", type);
}

void
sd3_answer_text (sd3_answer *answer,
                 const char *key,
                 const char *value)
{
  begin_member (answer, key);
  put_text (answer->out, value);
}

void
sd3_answer_whole (sd3_answer *answer,
                  const char *key,
                  uint64_t    value)
{
  begin_member (answer, key);
  fprintf (answer->out, "%" PRIu64, value);
}

/* The digits a float has. */
void
sd3_answer_number (sd3_answer *answer,
                   const char *key,
                   double      value)
{
  begin_member (answer, key);
  fprintf (answer->out, "%.7g", value);
}

void
sd3_answer_truth (sd3_answer *answer,
                  const char *key,
                  bool        value)
{
  begin_member (answer, key);
  fputs (value ? "true" : "false", answer->out);
}

void
sd3_answer_bytes (sd3_answer    *answer,
                  const char    *key,
                  const uint8_t *bytes,
                  size_t         size)
{
  enum { CHUNK = 3 * 4096 };
  char text[SD3_BASE64_LENGTH (CHUNK)];

  begin_member (answer, key);
  putc ('"', answer->out);
  for (size_t at = 0; at < size; at += CHUNK)
    {
      size_t n = size - at < CHUNK ? size - at : CHUNK;

      sd3_base64_encode (bytes + at, n, text);
      fwrite (text, 1, SD3_BASE64_LENGTH (n), answer->out);
    }
  putc ('"', answer->out);
}

void
sd3_answer_open (sd3_answer *answer,
                 const char *key,
                 char        bracket)
{
  begin_member (answer, key);
  putc (bracket, answer->out);
  answer->needs_comma = false;
}

void
sd3_answer_close (sd3_answer *answer,
                  char        bracket)
{
  putc (bracket, answer->out);
  answer->needs_comma = true;
}

/* ---- The line ---------------------------------------------------------------------------------------------- */

/* A reader that is gone is the end: there is nobody left to work for. */
static void
write_all (const char *text,
           size_t      size)
{
  while (size > 0)
    {
      ssize_t n = write (output, text, size);

      if (n < 0 && errno == EAGAIN)
        poll (&(struct pollfd) { .fd = output, .events = POLLOUT }, 1, -1);
      else if (n < 0 && errno != EINTR)
        _exit (1);
      text += n > 0 ? n : 0;
      size -= n > 0 ? (size_t) n : 0;
    }
}

void
sd3_answer_send (sd3_answer *answer)
{
  fputs ("}\n", answer->out);
  if (fclose (answer->out) != 0)
    abort ();
  pthread_mutex_lock (&one_at_a_time);
  write_all (answer->text, answer->size);
  pthread_mutex_unlock (&one_at_a_time);
  free (answer->text);
}

/* The same sentence for whoever says it in another language. */
static void
add_arguments (sd3_answer      *answer,
               const sd3_error *error)
{
  char arguments[sizeof error->arguments], *next;

  if (!error->format)
    return;
  sd3_answer_text (answer, "format", error->format);
  sd3_answer_open (answer, "arguments", '[');
  memcpy (arguments, error->arguments, sizeof arguments);
  for (char *one = arguments[0] ? arguments : NULL; one; one = next)
    {
      next = strchr (one, SD3_NEXT_ARGUMENT);
      if (next)
        *next++ = '\0';
      sd3_answer_text (answer, NULL, one);
    }
  sd3_answer_close (answer, ']');
}

void
sd3_answer_error (const char      *id,
                  const sd3_error *error)
{
  static const char *const kinds[] = { "other", "cancelled", "memory", "model", "request", "numbers" };
  sd3_answer answer;

  sd3_answer_begin (&answer, "error");
  if (id)
    sd3_answer_text (&answer, "id", id);
  sd3_answer_text (&answer, "kind", kinds[error->kind]);
  sd3_answer_text (&answer, "text", error->text);
  add_arguments (&answer, error);
  sd3_answer_send (&answer);
}
