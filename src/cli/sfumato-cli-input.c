/* What was typed: numbers, texts, secrets and input pictures.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "cli/sfumato-cli.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "domain/sfumato-error.h"

#define SECRET_MAX      4096                /* bytes; more is no key */
#define INPUT_BYTES_MAX SFUMATO_IMAGE_BYTES_MAX
#define FORM_BYTES      (64 * 1024)         /* of a request, beside picture and prompts */

static gboolean
invalid (GError     **error,
         const char  *field,
         const char  *format,
         ...) G_GNUC_PRINTF (3, 4);

static gboolean
invalid (GError     **error,
         const char  *field,
         const char  *format,
         ...)
{
  va_list args;
  GError *problem;

  va_start (args, format);
  problem = sfumato_error_new_valist (SFUMATO_ERROR_INVALID, _("Settings Not Accepted"), format, args);
  va_end (args);
  sfumato_error_set_field (problem, field);
  g_propagate_error (error, problem);
  return FALSE;
}

static gboolean
unreadable (GError     **error,
            const char  *what,
            const char  *why)
{
  g_autofree char *name = g_filename_display_name (what);

  g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Not Readable"),
                                               _("“%s” cannot be read: %s. Nothing was sent."), name, why));
  return FALSE;
}

/* ---- numbers and texts ---- */

static gboolean
is_decimal (const char *text)
{
  gsize whole = strspn (text, "0123456789");
  gsize part = text[whole] == '.' ? strspn (text + whole + 1, "0123456789") : 0;

  return whole + part > 0 && text[whole + (text[whole] == '.' ? 1 + part : 0)] == '\0' && strlen (text) < 40;
}

gboolean
sfumato_cli_parse_number (const char  *text,
                          const char  *field,
                          double      *number,
                          GError     **error)
{
  g_autofree char *shown = g_utf8_make_valid (text, -1);

  if (!is_decimal (text))
    return invalid (error, field, _("“%s” is not a number for --%s: write it like 0.6, with a point. Nothing was "
                                    "sent."), shown, field);
  *number = g_ascii_strtod (text, NULL);
  return TRUE;
}

gboolean
sfumato_cli_parse_count (const char  *text,
                         const char  *field,
                         gint64       min,
                         gint64       max,
                         gint64      *count,
                         GError     **error)
{
  g_autofree char *shown = g_utf8_make_valid (text, -1);
  g_autofree char *least = g_strdup_printf ("%" G_GINT64_FORMAT, min);
  g_autofree char *most = g_strdup_printf ("%" G_GINT64_FORMAT, max);
  guint64 value = 0;

  if (strspn (text, "0123456789") != strlen (text) ||
      !g_ascii_string_to_unsigned (text, 10, min, max, &value, NULL))
    return invalid (error, field, _("“%s” is not a number for --%s: it takes a whole number from %s to %s. Nothing "
                                    "was sent."), shown, field, least, most);
  *count = value;
  return TRUE;
}

gboolean
sfumato_cli_check_text (const char  *text,
                        const char  *field,
                        GError     **error)
{
  if (text == NULL || g_utf8_validate (text, -1, NULL))
    return TRUE;
  return invalid (error, field, _("The text for “%s” is not valid UTF-8. Nothing was sent."), field);
}

/* ---- standard input ---- */

static gboolean
read_all (GString *into,
          gsize    max)
{
  char buffer[4096];

  for (;;)
    {
      gssize got = read (STDIN_FILENO, buffer, sizeof buffer);

      if (got < 0 && errno == EINTR)
        continue;
      if (got < 0)
        return FALSE;
      if (got == 0 || into->len + got > max)
        break;
      g_string_append_len (into, buffer, got);
    }
  return TRUE;
}

char *
sfumato_cli_read_stdin (gsize    max,
                        GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (!read_all (text, max))
    {
      unreadable (error, _("standard input"), g_strerror (errno));
      return NULL;
    }
  if (g_str_has_suffix (text->str, "\n"))
    g_string_truncate (text, text->len - 1);
  if (strlen (text->str) != text->len)
    {
      invalid (error, "prompt", _("Standard input is not a text. Nothing was sent."));
      return NULL;
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* ---- secrets ---- */

static volatile sig_atomic_t interrupted;

static void
interrupt_cb (int number)
{
  interrupted = number;
}

/* Without SA_RESTART: whoever presses Ctrl+C at the prompt gets the terminal back as it was. */
static void
catch_signals (gboolean           catching,
               struct sigaction  *old)
{
  static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
  struct sigaction mine = { .sa_handler = interrupt_cb };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    sigaction (numbers[i], catching ? &mine : &old[i], catching ? &old[i] : NULL);
}

static gssize
read_unseen (char  *buffer,
             gsize  size)
{
  struct sigaction old[3];
  struct termios seen, unseen;
  gssize got;

  if (tcgetattr (STDIN_FILENO, &seen) != 0)
    return -1;
  unseen = seen;
  unseen.c_lflag &= ~(tcflag_t) (ECHO | ECHOE | ECHOK | ECHONL);
  catch_signals (TRUE, old);
  tcsetattr (STDIN_FILENO, TCSAFLUSH, &unseen);
  got = read (STDIN_FILENO, buffer, size);
  tcsetattr (STDIN_FILENO, TCSAFLUSH, &seen);
  catch_signals (FALSE, old);
  fputc ('\n', stderr);
  return got;
}

static gssize
read_piped (char  *buffer,
            gsize  size)
{
  gsize length = 0;

  while (length < size)
    {
      gssize got = read (STDIN_FILENO, buffer + length, size - length);

      if (got < 0 && errno == EINTR)
        continue;
      if (got < 0)
        return -1;
      if (got == 0)
        break;
      length += got;
    }
  return length;
}

char *
sfumato_cli_read_secret (const char  *prompt,
                         GError     **error)
{
  char *secret = g_malloc0 (SECRET_MAX + 1);
  gssize got;

  mlock (secret, SECRET_MAX + 1);
  if (isatty (STDIN_FILENO))
    {
      fputs (prompt, stderr);
      got = read_unseen (secret, SECRET_MAX);
    }
  else
    got = read_piped (secret, SECRET_MAX);
  if (got >= 0 && strlen (secret) == (gsize) got)
    return secret;
  if (got >= 0)
    g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_UNAUTHORISED, _("Not a Key"),
                                                 _("This cannot be a key: it is no text.")));
  else if (interrupted)
    g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_CANCELLED, _("Cancelled"),
                                                 _("Cancelled. Nothing was stored.")));
  else
    unreadable (error, _("standard input"), g_strerror (errno));
  sfumato_cli_wipe (secret);
  return NULL;
}

void
sfumato_cli_wipe (char *secret)
{
  if (secret == NULL)
    return;
  explicit_bzero (secret, SECRET_MAX + 1);
  munlock (secret, SECRET_MAX + 1);
  g_free (secret);
}

/* ---- input pictures ---- */

static GBytes *
read_fd (int          fd,
         const char  *path,
         GError     **error)
{
  struct stat info;
  g_autofree char *data = NULL;
  gsize length = 0;
  gssize got = 1;

  if (fstat (fd, &info) != 0 || !S_ISREG (info.st_mode))
    {
      unreadable (error, path, _("it is not a file"));
      return NULL;
    }
  if (info.st_size > (goffset) INPUT_BYTES_MAX)
    {
      invalid (error, "input", _("The input picture is larger than %u MiB. Nothing was sent."),
               INPUT_BYTES_MAX / 1024 / 1024);
      return NULL;
    }
  data = g_malloc (info.st_size + 1);
  while (length < (gsize) info.st_size && (got = read (fd, data + length, info.st_size - length)) > 0)
    length += got;
  if (got < 0)
    {
      unreadable (error, path, g_strerror (errno));
      return NULL;
    }
  return g_bytes_new_take (g_steal_pointer (&data), length);
}

static GBytes *
read_file (const char  *path,
           GError     **error)
{
  int fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
  GBytes *bytes;

  if (fd < 0)
    {
      unreadable (error, path, g_strerror (errno));
      return NULL;
    }
  bytes = read_fd (fd, path, error);
  g_close (fd, NULL);
  return bytes;
}

/* What is left of a request for the picture in it. */
static gsize
bytes_left (const SfumatoModel *model,
            const char         *prompt)
{
  gsize others = FORM_BYTES + strlen (prompt);

  return model->request_bytes_max > others ? model->request_bytes_max - others : model->request_bytes_max;
}

SfumatoInput *
sfumato_cli_load_input (const char          *path,
                        const SfumatoModel  *model,
                        const char          *prompt,
                        GError             **error)
{
  g_autofree char *base = g_path_get_basename (path);
  g_autofree char *name = g_filename_display_name (base);
  g_autoptr (GBytes) bytes = read_file (path, error);
  g_autoptr (GBytes) converted = NULL;
  g_autoptr (GBytes) fitting = NULL;
  gsize max = bytes_left (model, prompt);

  if (bytes == NULL)
    return NULL;
  converted = sfumato_gallery_convert_input (bytes, error);
  if (converted == NULL)
    return NULL;
  if (model->request_bytes_max == 0 || g_bytes_get_size (converted) <= max)
    return sfumato_input_new (converted, name, error);
  fitting = sfumato_gallery_shrink_input (converted, max, error);
  if (fitting == NULL)
    return NULL;
  sfumato_cli_say (_("“%s” is larger than %s takes, and is sent scaled down."), name, model->name);
  return sfumato_input_new (fitting, name, error);
}
