/* sfumato-cli key and balance: services and what they know of the person.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "cli/sfumato-cli.h"

#include <glib/gi18n.h>
#include <math.h>

#include "domain/sfumato-error.h"

#define USUAL_SERVICE "stability"

static const char * const key_examples[] = {
  "key set stability", "key set stability < key.txt", "key check", "key forget stability", NULL
};
static const char * const balance_examples[] = { "balance", "balance --json", NULL };

/* The service that was named, or the usual one: (transfer full). */
static SfumatoService *
find_service (SfumatoCli  *cli,
              const char  *name,
              GError     **error)
{
  SfumatoStudio *studio = sfumato_cli_open (cli, error);
  SfumatoService *service;

  if (studio == NULL)
    return NULL;
  service = sfumato_studio_find_service (studio, name != NULL ? name : USUAL_SERVICE);
  if (service == NULL)
    g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_INVALID, _("Service Not Known"),
                                                 _("There is no service of that name. There is: %s"), USUAL_SERVICE));
  else if (!sfumato_service_get_needs_key (service))
    {
      g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_INVALID, _("No Key Needed"),
                                                   _("Pictures made on this computer need no key, and cost nothing.")));
      g_clear_object (&service);
    }
  return service;
}

/* ---- answers ---- */

static SfumatoExit
print_account (SfumatoCli           *cli,
               SfumatoService       *service,
               const SfumatoAccount *account)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "service", sfumato_service_get_id (service));
  json_object_set_boolean_member (object, "accepted", TRUE);
  if (isnan (account->credits))
    json_object_set_null_member (object, "credits");
  else
    json_object_set_double_member (object, "credits", account->credits);
  return sfumato_cli_print_json (object);
}

static SfumatoExit
print_state (SfumatoCli     *cli,
             SfumatoService *service,
             const char     *state,
             const char     *sentence)
{
  JsonObject *object;

  if (!cli->json)
    {
      sfumato_cli_say ("%s", sentence);
      return SFUMATO_EXIT_DONE;
    }
  object = json_object_new ();
  json_object_set_string_member (object, "service", sfumato_service_get_id (service));
  json_object_set_string_member (object, "key", state);
  return sfumato_cli_print_json (object);
}

/* ---- key ---- */

static SfumatoExit
set_key (SfumatoCli     *cli,
         SfumatoService *service)
{
  GError *error = NULL;
  char *key = sfumato_cli_ask_for_key (service, &error);
  gboolean stored = key != NULL && sfumato_studio_set_key (cli->studio, sfumato_service_get_id (service), key, FALSE,
                                                           NULL, NULL, &error);
  g_autofree char *sentence = NULL;

  sfumato_cli_wipe (key);
  if (!stored)
    return sfumato_cli_fail (cli, error);
  sentence = g_strdup_printf (_("The key for %s is in your keyring."), sfumato_service_get_name (service));
  return print_state (cli, service, "stored", sentence);
}

static gboolean
ask_service (SfumatoCli      *cli,
             SfumatoService  *service,
             SfumatoAccount  *account,
             GError         **error)
{
  return sfumato_cli_provide_key (cli, service, error) &&
         sfumato_studio_check_key (cli->studio, sfumato_service_get_id (service), NULL, account, NULL, error);
}

static SfumatoExit
check_key (SfumatoCli     *cli,
           SfumatoService *service)
{
  SfumatoAccount account = { .credits = NAN };
  GError *error = NULL;

  if (!ask_service (cli, service, &account, &error))
    return sfumato_cli_fail (cli, error);
  if (cli->json)
    return print_account (cli, service, &account);
  sfumato_cli_say (_("%s accepts the key."), sfumato_service_get_name (service));
  return SFUMATO_EXIT_DONE;
}

static SfumatoExit
forget_key (SfumatoCli     *cli,
            SfumatoService *service)
{
  g_autofree char *sentence = g_strdup_printf (_("There is no key for %s on this computer any more."),
                                               sfumato_service_get_name (service));
  GError *error = NULL;

  if (!sfumato_studio_forget_key (cli->studio, sfumato_service_get_id (service), NULL, &error))
    return sfumato_cli_fail (cli, error);
  return print_state (cli, service, "forgotten", sentence);
}

static const struct
{
  const char   *name;
  SfumatoExit (*run) (SfumatoCli     *cli,
                      SfumatoService *service);
} key_verbs[] = {
  { "set", set_key },
  { "check", check_key },
  { "forget", forget_key },
};

/* What is typed here may be a key, and is not repeated. */
static SfumatoExit
key (SfumatoCli  *cli,
     char       **arguments)
{
  g_autoptr (SfumatoService) service = NULL;
  GError *error = NULL;
  guint verb = 0;

  while (arguments[0] != NULL && verb < G_N_ELEMENTS (key_verbs) && !g_str_equal (key_verbs[verb].name, arguments[0]))
    verb++;
  if (arguments[0] == NULL || verb == G_N_ELEMENTS (key_verbs))
    return sfumato_cli_misuse (cli, _("“key” needs to know what to do: set, check or forget."));
  if (arguments[1] != NULL && arguments[2] != NULL)
    return sfumato_cli_misuse (cli, _("A key is not given on the command line, where other programs can read it. Type it "
                                      "when you are asked, or send it to standard input."));
  if (cli->key_stdin && key_verbs[verb].run != check_key)
    return sfumato_cli_misuse (cli, _("--key-stdin is for a key that is not stored: it goes with “key check”."));
  service = find_service (cli, arguments[1], &error);
  if (service == NULL)
    return sfumato_cli_fail (cli, error);
  return key_verbs[verb].run (cli, service);
}

/* ---- balance ---- */

static SfumatoExit
balance (SfumatoCli  *cli,
         char       **arguments)
{
  SfumatoAccount account = { .credits = NAN };
  g_autoptr (SfumatoService) service = NULL;
  g_autofree char *credits = NULL;
  g_autofree char *line = NULL;
  GError *error = NULL;

  if (arguments[0] != NULL && arguments[1] != NULL)
    return sfumato_cli_misuse (cli, _("“balance” takes the name of one service."));
  service = find_service (cli, arguments[0], &error);
  if (service == NULL || !ask_service (cli, service, &account, &error))
    return sfumato_cli_fail (cli, error);
  if (cli->json)
    return print_account (cli, service, &account);
  credits = isnan (account.credits) ? g_strdup (_("not known")) : sfumato_credits_format (account.credits);
  line = g_strconcat (credits, "\n", NULL);
  return sfumato_cli_print (line, -1);
}

/* ---- the table's rows ---- */

const SfumatoCommand sfumato_command_key = {
  .name = "key",
  .usage = N_("set|check|forget [SERVICE]"),
  .summary = N_("Store, check or forget the key of a service"),
  .description = N_("set: asks for the key without showing it, or reads it from standard input, and puts it into the "
                    "system’s keyring. check: asks the service whether it accepts the key, which costs nothing. forget: "
                    "removes it. SERVICE is “stability” unless you say otherwise. Where no keyring can keep the key, "
                    "nothing is stored."),
  .examples = key_examples,
  .wants_url = TRUE,
  .run = key,
};

const SfumatoCommand sfumato_command_balance = {
  .name = "balance",
  .usage = N_("[SERVICE]"),
  .summary = N_("Show how many credits are left"),
  .description = N_("Asks the service for the balance behind the key, which costs nothing. With --json the answer is one "
                    "object: service, accepted, credits."),
  .examples = balance_examples,
  .wants_url = TRUE,
  .run = balance,
};
