/* Lines of the protocol on their way in.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/lines.h"

#include "engine/answer.h"
#include "engine/command.h"
#include "engine/error.h"
#include "engine/memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_LINE (32 << 20)
#define MAX_WAITING 16
#define PIECE (64 << 10)

/* What has been read; only the one thread that reads touches it. */
static struct
{
  char  *text;
  size_t n, room;
  size_t used; /* of a line that was given out */
} input;

/* What waits, and what is being worked on. */
static struct
{
  pthread_mutex_t lock;
  pthread_cond_t  arrived;
  bool            started;
  sd3_line       *first;
  int             n;
  sd3_line       *current;
  atomic_bool     cancelled;
} queue = { .lock = PTHREAD_MUTEX_INITIALIZER, .arrived = PTHREAD_COND_INITIALIZER };

/* ---- Reading ----------------------------------------------------------------------------------------------- */

/* Exit handlers would wait for threads that compute: _exit() does not. */
static void
read_more (void)
{
  ssize_t n;

  if (input.room - input.n < PIECE)
    {
      input.room = input.room * 2 + PIECE;
      input.text = sd3_realloc (input.text, input.room, 1);
    }
  sd3_answers_wait_for (STDIN_FILENO);
  n = read (STDIN_FILENO, input.text + input.n, PIECE);
  if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
    _exit (0);
  input.n += n > 0 ? (size_t) n : 0;
}

static void
refuse_length (void)
{
  sd3_error error;

  sd3_fail_as (&error, SD3_ERROR_REQUEST, "A line is longer than 32 MiB. The engine ends.");
  sd3_answer_error (NULL, &error);
  _exit (2);
}

/* Puts what follows the last line to the front; a picture's memory is given back. */
static void
drop_used (void)
{
  input.n -= input.used;
  memmove (input.text, input.text + input.used, input.n);
  input.used = 0;
  if (input.room > 16 * PIECE && input.n < PIECE)
    {
      input.room = 2 * PIECE;
      input.text = sd3_realloc (input.text, input.room, 1);
    }
}

static size_t
read_line (void)
{
  const char *end = NULL;
  size_t seen = 0, length;

  if (input.used > 0)
    drop_used ();
  while (!end)
    {
      if (input.n > seen)
        end = memchr (input.text + seen, '\n', input.n - seen);
      seen = input.n;
      length = end ? (size_t) (end - input.text) : input.n;
      if (length > MAX_LINE)
        refuse_length ();
      if (!end)
        read_more ();
    }
  input.used = length + 1;
  return length;
}

static sd3_line *
read_parsed (void)
{
  sd3_line *line = sd3_new (sd3_line, 1);
  size_t length = read_line ();

  line->json = sd3_json_parse_line (input.text, length, &line->error);
  line->error.kind = SD3_ERROR_REQUEST;
  return line;
}

static void
free_line (sd3_line *line)
{
  sd3_json_free (line->json);
  free (line);
}

/* ---- Cancelling --------------------------------------------------------------------------------------------- */

static bool
is_generate (const sd3_line *line,
             const char     *id)
{
  const char *its_id = line && line->json ? sd3_generate_id (sd3_json_root (line->json)) : NULL;

  return its_id && strcmp (its_id, id) == 0;
}

/* One that still waits will find itself cancelled when its turn comes. */
static void
cancel (const char *id)
{
  pthread_mutex_lock (&queue.lock);
  if (is_generate (queue.current, id))
    atomic_store (&queue.cancelled, true);
  for (sd3_line *line = queue.first; line; line = line->next)
    if (is_generate (line, id))
      line->cancelled = true;
  pthread_mutex_unlock (&queue.lock);
}

/* What "cancel" names, or NULL when the line is not one, or a wrong one, which waits for its answer. */
static const char *
cancelled_id (const sd3_line *line)
{
  const sd3_json_node *root = line->json ? sd3_json_root (line->json) : NULL;
  sd3_command command = { 0 };
  sd3_verb verb;

  if (!root || !sd3_command_verb (root, &verb, NULL) || verb != SD3_DO_CANCEL || !sd3_command_read (root, &command, NULL))
    return NULL;
  return command.id;
}

/* ---- Waiting ----------------------------------------------------------------------------------------------- */

static bool
append (sd3_line *line)
{
  sd3_line **last = &queue.first;
  bool has_room;

  pthread_mutex_lock (&queue.lock);
  has_room = queue.n < MAX_WAITING;
  if (has_room)
    {
      while (*last)
        last = &(*last)->next;
      *last = line;
      queue.n++;
      pthread_cond_signal (&queue.arrived);
    }
  pthread_mutex_unlock (&queue.lock);
  return has_room;
}

static void
refuse_more (sd3_line *line)
{
  sd3_error error;

  sd3_fail_as (&error, SD3_ERROR_REQUEST, "More than %d lines are waiting; this one was not taken.", MAX_WAITING);
  sd3_answer_error (line->json ? sd3_generate_id (sd3_json_root (line->json)) : NULL, &error);
  free_line (line);
}

static void *
read_lines (void *data)
{
  for (;;)
    {
      sd3_line *line = read_parsed ();
      const char *id = cancelled_id (line);

      if (id)
        {
          cancel (id);
          free_line (line);
        }
      else if (!append (line))
        refuse_more (line);
    }
  return NULL;
}

bool
sd3_lines_start (void)
{
  pthread_t thread;

  queue.started = pthread_create (&thread, NULL, read_lines, NULL) == 0;
  return queue.started;
}

static sd3_line *
take (void)
{
  sd3_line *line;

  pthread_mutex_lock (&queue.lock);
  while (!queue.first)
    pthread_cond_wait (&queue.arrived, &queue.lock);
  line = queue.current = queue.first;
  queue.first = line->next;
  queue.n--;
  atomic_store (&queue.cancelled, line->cancelled);
  pthread_mutex_unlock (&queue.lock);
  return line;
}

sd3_line *
sd3_lines_next (void)
{
  return queue.started ? take () : read_parsed ();
}

bool
sd3_lines_cancelled (void)
{
  return atomic_load (&queue.cancelled);
}

void
sd3_lines_done (sd3_line *line)
{
  pthread_mutex_lock (&queue.lock);
  queue.current = NULL;
  pthread_mutex_unlock (&queue.lock);
  free_line (line);
}
