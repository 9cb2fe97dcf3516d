/* The helper sfumato-engine as a process.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/local/sfumato-local-process.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "domain/sfumato-error.h"
#include "services/sfumato-json.h"

/* A picture of 3072 × 3072 in base64, and room for what stands around it. */
#define ANSWER_MAX  (40 * 1024 * 1024)
#define READ_BLOCK  (256 * 1024)
#define STDERR_TAIL 4096

struct _SfumatoLocalProcess
{
  GSubprocess *process;  /* owned */
  int          in;       /* its standard input: a socket, so that writing to a dead one is no signal */
  int          out;      /* its standard output */
  int          err;      /* its standard error */
  GByteArray  *heard;    /* owned: read and not yet taken as lines */
  gsize        searched; /* of heard: no line end in there */
  gsize        taken;    /* of heard: the last line, which is dropped with the next one */
  GString     *tail;     /* owned: the end of what it wrote to standard error */
  gboolean     ended;    /* nothing more comes */
  gboolean     gone;     /* because it ended by itself */
  gboolean     steady;   /* it tells every few seconds that it works */
};

void
sfumato_local_line_clear (SfumatoLocalLine *line)
{
  g_clear_pointer (&line->object, json_object_unref);
}

/* ---- how it ends ---- */

/* The technical side of an end, for a developer: what the system says of it, and its last words. */
static char *
describe_end (SfumatoLocalProcess *self)
{
  GString *text = g_string_new ("sfumato-engine");

  if (g_subprocess_get_if_signaled (self->process))
    g_string_append_printf (text, ": signal %d (%s)", g_subprocess_get_term_sig (self->process),
                            strsignal (g_subprocess_get_term_sig (self->process)));
  else if (g_subprocess_get_if_exited (self->process))
    g_string_append_printf (text, ": exit status %d", g_subprocess_get_exit_status (self->process));
  if (self->tail->len > 0)
    g_string_append_printf (text, "\n%s", self->tail->str);
  return g_string_free (text, FALSE);
}

static GError *
engine_error (SfumatoLocalProcess *self,
              const char          *message)
{
  g_autofree char *end = NULL;
  g_autofree char *details = NULL;
  GError *error;

  g_subprocess_force_exit (self->process);
  g_subprocess_wait (self->process, NULL, NULL);
  end = describe_end (self);
  details = sfumato_clean_text (end, -1, STDERR_TAIL);
  self->ended = TRUE;
  error = sfumato_error_new (SFUMATO_ERROR_ENGINE, _("The Engine Stopped"), "%s", message);
  sfumato_error_set_help (error, SFUMATO_ERROR_HELP_TRY_AGAIN);
  sfumato_error_set_details (error, details);
  return error;
}

/* It has closed its side. Where the system killed it, memory is nearly always the reason. */
static GError *
explain_end (SfumatoLocalProcess *self)
{
  self->gone = TRUE;
  g_subprocess_force_exit (self->process);
  g_subprocess_wait (self->process, NULL, NULL);
  if (g_subprocess_get_if_signaled (self->process) && g_subprocess_get_term_sig (self->process) == SIGKILL)
    return engine_error (self, _("The engine on this computer was ended by the system, as happens when memory runs out. "
                                 "Close other programs or choose a smaller size, and try again."));
  return engine_error (self, _("The engine on this computer ended unexpectedly. The next picture starts it again."));
}

/* ---- its three streams ---- */

static void
drain_stderr (SfumatoLocalProcess *self)
{
  char block[STDERR_TAIL];
  gssize got = read (self->err, block, sizeof block);

  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
    g_clear_fd (&self->err, NULL);
  if (got <= 0)
    return;
  g_string_append_len (self->tail, block, got);
  if (self->tail->len > STDERR_TAIL)
    g_string_erase (self->tail, 0, self->tail->len - STDERR_TAIL);
}

static void
hear (SfumatoLocalProcess *self)
{
  guint old = self->heard->len;
  gssize got;

  g_byte_array_set_size (self->heard, old + READ_BLOCK);
  got = read (self->out, self->heard->data + old, READ_BLOCK);
  g_byte_array_set_size (self->heard, old + MAX (got, 0));
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
    self->ended = TRUE;
}

/* Waits until something can be done, and does what is to be done by itself. FALSE: the time is over. */
static gboolean
turn (SfumatoLocalProcess *self,
      gboolean             to_write,
      gint64               deadline,
      GPollFD             *cancel)
{
  gint64 left = MAX (deadline - g_get_monotonic_time (), 0);
  gboolean full = self->heard->len >= ANSWER_MAX;
  GPollFD fds[] = {
    { .fd = full ? -1 : self->out, .events = G_IO_IN },
    { .fd = self->err, .events = G_IO_IN },
    { .fd = to_write ? self->in : -1, .events = G_IO_OUT },
    { .fd = cancel != NULL ? cancel->fd : -1, .events = G_IO_IN },
  };
  int ready = g_poll (fds, G_N_ELEMENTS (fds), MIN ((left + 999) / 1000, G_MAXINT));

  if (ready < 0)
    return errno == EINTR && left > 0;
  if (fds[0].revents != 0)
    hear (self);
  if (fds[1].revents != 0)
    drain_stderr (self);
  return ready > 0;
}

/* ---- speaking ---- */

gboolean
sfumato_local_process_send (SfumatoLocalProcess  *self,
                            const char           *line,
                            gsize                 size,
                            gint64                time,
                            GError              **error)
{
  gint64 deadline = g_get_monotonic_time () + time;

  while (size > 0)
    {
      gssize sent = send (self->in, line, size, MSG_NOSIGNAL);

      if (sent >= 0)
        {
          line += sent;
          size -= sent;
        }
      else if (errno == EAGAIN && !turn (self, TRUE, deadline, NULL))
        {
          g_propagate_error (error, engine_error (self, _("The engine on this computer does not listen any more, and was "
                                                          "ended. The next picture starts it again.")));
          return FALSE;
        }
      else if (errno != EAGAIN && errno != EINTR)
        {
          g_propagate_error (error, explain_end (self));
          return FALSE;
        }
    }
  return TRUE;
}

/* ---- listening ---- */

static gboolean
take_line (SfumatoLocalProcess *self,
           const char         **line,
           gsize               *size)
{
  guint8 *end;

  if (self->taken > 0)
    g_byte_array_remove_range (self->heard, 0, self->taken);
  self->searched -= MIN (self->searched, self->taken);
  self->taken = 0;
  end = self->heard->len > self->searched
          ? memchr (self->heard->data + self->searched, '\n', self->heard->len - self->searched) : NULL;
  self->searched = self->heard->len;
  if (end == NULL)
    return FALSE;
  *line = (const char *) self->heard->data;
  *size = end - self->heard->data;
  self->taken = self->searched = *size + 1;
  return TRUE;
}

GError *
sfumato_local_process_distrust (SfumatoLocalProcess *self)
{
  return engine_error (self, _("The engine on this computer said something that cannot be understood, and was ended. The "
                               "next picture starts it again."));
}

static gboolean
parse_line (SfumatoLocalProcess  *self,
            const char           *text,
            gsize                 size,
            SfumatoLocalLine     *line,
            GError              **error)
{
  static const char * const names[] = { "rgb", NULL };

  line->object = sfumato_json_parse_image (text, size, names, &line->rgb, &line->rgb_size);
  if (line->object != NULL && sfumato_json_get_string (line->object, "type") != NULL)
    return TRUE;
  sfumato_local_line_clear (line);
  g_propagate_error (error, sfumato_local_process_distrust (self));
  return FALSE;
}

static GError *
explain_silence (SfumatoLocalProcess *self)
{
  if (self->heard->len >= ANSWER_MAX)
    return engine_error (self, _("The engine on this computer said more than it can have to say, and was ended. The next "
                                 "picture starts it again."));
  return engine_error (self, _("The engine on this computer did not answer any more, and was ended. The next picture starts "
                               "it again."));
}

/* What came before the end still counts. */
static GError *
wait_for_more (SfumatoLocalProcess *self,
               gint64               deadline,
               GCancellable        *cancellable,
               GPollFD             *cancel)
{
  if (g_cancellable_is_cancelled (cancellable))
    return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
  if (self->ended)
    return explain_end (self);
  if (self->heard->len >= ANSWER_MAX || !turn (self, FALSE, deadline, cancel))
    return explain_silence (self);
  return NULL;
}

gboolean
sfumato_local_process_read (SfumatoLocalProcess  *self,
                            gint64                time,
                            GCancellable         *cancellable,
                            SfumatoLocalLine     *line,
                            GError              **error)
{
  gint64 deadline = g_get_monotonic_time () + time;
  GPollFD cancel = { .fd = -1 };
  gboolean watched = cancellable != NULL && g_cancellable_make_pollfd (cancellable, &cancel);
  GError *problem = NULL;
  const char *text;
  gsize size;

  *line = (SfumatoLocalLine) { 0, };
  while (problem == NULL && !take_line (self, &text, &size))
    problem = wait_for_more (self, deadline, cancellable, &cancel);
  if (watched)
    g_cancellable_release_fd (cancellable);
  if (problem == NULL)
    return parse_line (self, text, size, line, error);
  g_propagate_error (error, problem);
  return FALSE;
}

/* ---- beginning and end ---- */

void
sfumato_local_process_set_steady (SfumatoLocalProcess *self,
                                  gboolean             steady)
{
  self->steady = steady;
}

gboolean
sfumato_local_process_get_steady (const SfumatoLocalProcess *self)
{
  return self->steady;
}

gboolean
sfumato_local_process_is_gone (SfumatoLocalProcess *self)
{
  return self->gone;
}

gboolean
sfumato_local_process_lives (SfumatoLocalProcess *self)
{
  /* What it says or does unasked is found out now and not by the next picture. */
  while (!self->ended && self->heard->len == self->taken && turn (self, FALSE, g_get_monotonic_time (), NULL))
    ;
  return !self->ended && self->heard->len == self->taken;
}

void
sfumato_local_process_end (SfumatoLocalProcess *self)
{
  if (self->process != NULL)
    {
      g_subprocess_force_exit (self->process);
      g_subprocess_wait (self->process, NULL, NULL);
    }
  g_clear_fd (&self->in, NULL);
  g_clear_fd (&self->out, NULL);
  g_clear_fd (&self->err, NULL);
  g_clear_object (&self->process);
  g_byte_array_unref (self->heard);
  g_string_free (self->tail, TRUE);
  g_free (self);
}

/* Our ends in self, the helper's in theirs; all of them close themselves in whatever else is started. */
static gboolean
open_streams (SfumatoLocalProcess *self,
              int                  theirs[3])
{
  int in[2], out[2], err[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0)
    return FALSE;
  self->in = in[0];
  theirs[0] = in[1];
  if (!g_unix_open_pipe (out, O_CLOEXEC, NULL))
    return FALSE;
  self->out = out[0];
  theirs[1] = out[1];
  if (!g_unix_open_pipe (err, O_CLOEXEC, NULL))
    return FALSE;
  self->err = err[0];
  theirs[2] = err[1];
  return g_unix_set_fd_nonblocking (self->in, TRUE, NULL) && g_unix_set_fd_nonblocking (self->out, TRUE, NULL) &&
         g_unix_set_fd_nonblocking (self->err, TRUE, NULL);
}

static GError *
cannot_start (const char *program,
              const char *reason)
{
  GError *error = sfumato_error_new (SFUMATO_ERROR_ENGINE, _("The Engine Does Not Start"),
                                     _("The engine that makes pictures on this computer could not be started. It is a part "
                                       "of Sfumato: install Sfumato again as a whole."));
  g_autofree char *details = g_strdup_printf ("%s: %s", program, reason);

  sfumato_error_set_details (error, details);
  return error;
}

SfumatoLocalProcess *
sfumato_local_process_start (const char  *program,
                             GError     **error)
{
  g_autoptr (SfumatoLocalProcess) self = g_new0 (SfumatoLocalProcess, 1);
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  const char * const argv[] = { program, NULL };
  g_autoptr (GError) problem = NULL;
  int theirs[3] = { -1, -1, -1 };
  gboolean opened;

  self->in = self->out = self->err = -1;
  self->heard = g_byte_array_new ();
  self->tail = g_string_new (NULL);
  opened = open_streams (self, theirs);
  g_subprocess_launcher_take_stdin_fd (launcher, theirs[0]);
  g_subprocess_launcher_take_stdout_fd (launcher, theirs[1]);
  g_subprocess_launcher_take_stderr_fd (launcher, theirs[2]);
  if (opened)
    self->process = g_subprocess_launcher_spawnv (launcher, argv, &problem);
  if (self->process != NULL)
    return g_steal_pointer (&self);
  g_propagate_error (error, cannot_start (program, opened ? problem->message : g_strerror (errno)));
  return NULL;
}
