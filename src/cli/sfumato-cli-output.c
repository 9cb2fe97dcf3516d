/* Saying it: answers, errors and their exit statuses.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "cli/sfumato-cli.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "domain/sfumato-error.h"

#define SAID_MAX     20000   /* characters */
#define NAME_COLUMNS 18

static const SfumatoExit exits[] = {
  [SFUMATO_ERROR_NETWORK] = SFUMATO_EXIT_NETWORK,
  [SFUMATO_ERROR_UNAUTHORISED] = SFUMATO_EXIT_UNAUTHORISED,
  [SFUMATO_ERROR_PAYMENT] = SFUMATO_EXIT_PAYMENT,
  [SFUMATO_ERROR_REFUSED] = SFUMATO_EXIT_REFUSED,
  [SFUMATO_ERROR_RATE] = SFUMATO_EXIT_RATE,
  [SFUMATO_ERROR_INVALID] = SFUMATO_EXIT_INVALID,
  [SFUMATO_ERROR_SERVICE] = SFUMATO_EXIT_SERVICE,
  [SFUMATO_ERROR_STORAGE] = SFUMATO_EXIT_STORAGE,
  [SFUMATO_ERROR_ENGINE] = SFUMATO_EXIT_ENGINE,
  [SFUMATO_ERROR_CANCELLED] = SFUMATO_EXIT_CANCELLED,
};

SfumatoExit
sfumato_cli_exit_for (const GError *error)
{
  if (error->domain == SFUMATO_ERROR && error->code < (int) G_N_ELEMENTS (exits))
    return exits[error->code];
  return SFUMATO_EXIT_FAILED;
}

/* ---- to the person ---- */

/* What is said may hold a name from outside: it cannot command the terminal. */
static void
write_stderr (const char *text)
{
  g_autofree char *clean = sfumato_clean_text (text, -1, SAID_MAX);

  fprintf (stderr, "%s\n", clean);
}

void
sfumato_cli_say (const char *format,
                 ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  write_stderr (text);
}

void
sfumato_cli_say_error (const GError *error)
{
  const char *details = sfumato_error_get_details (error);

  sfumato_cli_say ("sfumato-cli: %s", error->message);
  if (details != NULL)
    sfumato_cli_say ("%s\n%s", _("Details:"), details);
}

SfumatoExit
sfumato_cli_fail (SfumatoCli *cli,
                  GError     *error)
{
  g_autoptr (GError) owned = error;
  SfumatoExit status = sfumato_cli_exit_for (owned);

  if (cli->json)
    {
      JsonObject *object = json_object_new ();

      json_object_set_object_member (object, "error", sfumato_cli_error_json (owned, 0));
      if (sfumato_cli_print_json (object) != SFUMATO_EXIT_DONE)
        sfumato_cli_say_error (owned);
    }
  else
    sfumato_cli_say_error (owned);
  return status;
}

SfumatoExit
sfumato_cli_misuse (SfumatoCli *cli,
                    const char *format,
                    ...)
{
  g_autoptr (GError) error = NULL;
  va_list args;

  va_start (args, format);
  error = g_error_new_valist (G_OPTION_ERROR, G_OPTION_ERROR_FAILED, format, args);
  va_end (args);
  sfumato_cli_fail (cli, g_steal_pointer (&error));
  return SFUMATO_EXIT_MISUSE;
}

/* ---- the answer ---- */

void
sfumato_cli_add_fact (GString    *text,
                      const char *name,
                      const char *value)
{
  g_autofree char *clean = value != NULL ? sfumato_clean_text (value, -1, SAID_MAX) : NULL;
  int padding = MAX (NAME_COLUMNS - (int) g_utf8_strlen (name, -1), 1);

  if (clean != NULL && *clean != '\0')
    g_string_append_printf (text, "%s%*s%s\n", name, padding, "", clean);
}

gboolean
sfumato_cli_write_stdout (const char  *data,
                          gsize        length,
                          GError     **error)
{
  while (length > 0)
    {
      gssize written = write (STDOUT_FILENO, data, length);

      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0)
        {
          g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Not Written"),
                                                       _("Standard output cannot be written to: %s."),
                                                       g_strerror (errno)));
          return FALSE;
        }
      data += written;
      length -= written;
    }
  return TRUE;
}

/* Whoever closed a pipe early knows it: "list | head" is no reason to complain. */
SfumatoExit
sfumato_cli_print (const char *text,
                   gssize      length)
{
  g_autoptr (GError) error = NULL;

  if (sfumato_cli_write_stdout (text, length < 0 ? strlen (text) : (gsize) length, &error))
    return SFUMATO_EXIT_DONE;
  if (errno != EPIPE)
    sfumato_cli_say_error (error);
  return SFUMATO_EXIT_STORAGE;
}

SfumatoExit
sfumato_cli_print_json (JsonObject *object)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *text = NULL;
  g_autofree char *line = NULL;

  json_node_take_object (node, object);
  text = json_to_string (node, FALSE);
  line = g_strconcat (text, "\n", NULL);
  return sfumato_cli_print (line, -1);
}
