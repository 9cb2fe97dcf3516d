/* Where a command gets the key it needs.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "cli/sfumato-cli.h"

#include <glib/gi18n.h>
#include <unistd.h>

#include "domain/sfumato-error.h"

char *
sfumato_cli_ask_for_key (SfumatoService  *service,
                         GError         **error)
{
  const char *url = sfumato_service_get_key_url (service);
  g_autofree char *prompt = url != NULL ? g_strdup_printf (_("Key for %s (from %s): "),
                                                           sfumato_service_get_name (service), url)
                                        : g_strdup_printf (_("Key for %s: "), sfumato_service_get_name (service));

  return sfumato_cli_read_secret (prompt, error);
}

static gboolean
hold_typed (SfumatoCli      *cli,
            SfumatoService  *service,
            GError         **error)
{
  char *key = sfumato_cli_ask_for_key (service, error);
  gboolean held = key != NULL &&
                  sfumato_studio_hold_key (cli->studio, sfumato_service_get_id (service), key, error);

  sfumato_cli_wipe (key);
  return held;
}

/* ---- what the keyring says ---- */

typedef struct
{
  SfumatoStudio  *studio;
  SfumatoService *service;
  GMainLoop      *loop;
  GError         *problem;  /* owned, nullable */
} Question;

static void
ask_in_thread (GTask        *task,
               gpointer      source,
               gpointer      question,
               GCancellable *cancellable)
{
  Question *self = question;

  /* Where there is no key at all, whoever asks for it says so. */
  sfumato_studio_get_key_state (self->studio, sfumato_service_get_id (self->service), TRUE, cancellable,
                                &self->problem);
  g_task_return_boolean (task, TRUE);
}

static void
answered_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      question)
{
  g_main_loop_quit (((Question *) question)->loop);
}

static gboolean
interrupted_cb (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return G_SOURCE_CONTINUE;
}

/* In a loop, for Ctrl+C: a keyring may take its time. (transfer full): the sentence for why it does not give a key. */
static GError *
ask_keyring (SfumatoCli     *cli,
             SfumatoService *service)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Question question = { .studio = cli->studio, .service = service, .loop = loop };
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, answered_cb, &question);
  guint sources[SFUMATO_CLI_SIGNALS];

  sfumato_cli_watch_signals (sources, interrupted_cb, cancellable);
  g_task_set_task_data (task, &question, NULL);
  g_task_run_in_thread (task, ask_in_thread);
  g_main_loop_run (loop);
  sfumato_cli_unwatch_signals (sources);
  return question.problem;
}

/* ---- and otherwise ---- */

static gboolean
somebody_is_there (SfumatoCli *cli)
{
  return !cli->json && isatty (STDIN_FILENO) && isatty (STDERR_FILENO);
}

static void
propagate_with_way_out (GError       **error,
                        const GError  *problem)
{
  GError *sentence = sfumato_error_new (problem->code, sfumato_error_get_title (problem),
                                        _("%s To use a key without keeping it, send it to standard input and add "
                                          "--key-stdin."), problem->message);

  sfumato_error_set_help (sentence, sfumato_error_get_help (problem));
  g_propagate_error (error, sentence);
}

gboolean
sfumato_cli_provide_key (SfumatoCli      *cli,
                         SfumatoService  *service,
                         GError         **error)
{
  g_autoptr (GError) problem = NULL;

  if (!sfumato_service_get_needs_key (service))
    return TRUE;
  if (cli->key_stdin)
    return hold_typed (cli, service, error);
  problem = ask_keyring (cli, service);
  if (problem == NULL)
    return TRUE;
  if (g_error_matches (problem, SFUMATO_ERROR, SFUMATO_ERROR_CANCELLED))
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
  if (!somebody_is_there (cli))
    {
      propagate_with_way_out (error, problem);
      return FALSE;
    }
  sfumato_cli_say_error (problem);
  sfumato_cli_say (_("You can type the key for this run. It is not stored."));
  return hold_typed (cli, service, error);
}
