/* The table of commands, their options, and help.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "cli/sfumato-cli.h"

#include <glib/gi18n.h>
#include <string.h>

#include "domain/sfumato-error.h"

#define PROGRAM    "sfumato-cli"
#define HELP_WIDTH 79

static const SfumatoCommand *commands[] = {
  &sfumato_command_generate,
  &sfumato_command_list,
  &sfumato_command_search,
  &sfumato_command_show,
  &sfumato_command_delete,
  &sfumato_command_queue,
  &sfumato_command_key,
  &sfumato_command_balance,
  &sfumato_command_models,
};

/* Exit statuses, as --help lists them and as they stay. */
static const struct
{
  SfumatoExit  status;
  const char  *meaning;
} statuses[] = {
  { SFUMATO_EXIT_DONE,         N_("done") },                                                                  /*   0 */
  { SFUMATO_EXIT_FAILED,       N_("failed, for a reason that has no number of its own") },                    /*   1 */
  { SFUMATO_EXIT_MISUSE,       N_("the command line was not understood") },                                   /*   2 */
  { SFUMATO_EXIT_NETWORK,      N_("the service could not be reached, or the connection broke") },             /*   3 */
  { SFUMATO_EXIT_UNAUTHORISED, N_("there is no key, or it was not accepted, or the keyring did not give it") }, /* 4 */
  { SFUMATO_EXIT_PAYMENT,      N_("not enough credits") },                                                    /*   5 */
  { SFUMATO_EXIT_REFUSED,      N_("the service declined the request, or blurred the picture") },              /*   6 */
  { SFUMATO_EXIT_RATE,         N_("too many requests") },                                                     /*   7 */
  { SFUMATO_EXIT_INVALID,      N_("the model or the service does not take this request") },                   /*   8 */
  { SFUMATO_EXIT_SERVICE,      N_("the service failed, or answered something that is not a picture") },       /*   9 */
  { SFUMATO_EXIT_STORAGE,      N_("a file, folder or database could not be read or written") },               /*  10 */
  { SFUMATO_EXIT_ENGINE,       N_("the engine on this computer failed, or has not enough memory") },          /*  11 */
  { SFUMATO_EXIT_CANCELLED,    N_("stopped with Ctrl+C") },                                                   /* 130 */
};

static const char * const examples[] = {
  "key set stability",
  "generate \"a red fox in snow\"",
  "generate \"a red fox in snow\" --model sd3.5-flash --aspect 16:9 --count 4",
  "generate - --output fox.webp < prompt.txt",
  "models add sd3.5_medium.safetensors",
  "search fox",
  NULL
};

/* ---- help ---- */

static void
append_wrapped (GString    *text,
                const char *paragraphs)
{
  g_auto (GStrv) lines = g_strsplit (paragraphs, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_auto (GStrv) words = g_strsplit (lines[i], " ", -1);
      glong column = 0;

      for (guint j = 0; words[j] != NULL; j++)
        {
          glong width = g_utf8_strlen (words[j], -1);
          gboolean breaks = column > 0 && column + 1 + width > HELP_WIDTH;

          g_string_append_printf (text, "%s%s", breaks ? "\n" : column > 0 ? " " : "", words[j]);
          column = breaks ? width : column + (column > 0) + width;
        }
      g_string_append_c (text, '\n');
    }
}

static void
append_examples (GString            *text,
                 const char * const *lines)
{
  g_string_append_printf (text, "%s\n", _("Examples:"));
  for (guint i = 0; lines[i] != NULL; i++)
    g_string_append_printf (text, "  " PROGRAM " %s\n", lines[i]);
}

static void
append_statuses (GString *text)
{
  g_string_append_printf (text, "%s\n", _("Exit status:"));
  for (guint i = 0; i < G_N_ELEMENTS (statuses); i++)
    g_string_append_printf (text, "  %3d  %s\n", statuses[i].status, _(statuses[i].meaning));
}

static char *
make_main_help (void)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "%s\n  " PROGRAM " %s\n\n", _("Usage:"), _("COMMAND [OPTION…] …"));
  append_wrapped (text, _("Makes pictures from words, with Stable Diffusion 3. Shares gallery, queue and keys with "
                          "Sfumato’s window."));
  g_string_append_printf (text, "\n%s\n", _("Commands:"));
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    g_string_append_printf (text, "  %-10s%s\n", commands[i]->name, _(commands[i]->summary));
  g_string_append_printf (text, "\n%s\n  --help    %s\n  --version %s\n\n", _("Options:"),
                          _("Show this help; behind a command, help for that"), _("Show the version"));
  append_wrapped (text, _("With --json a command answers with exactly one JSON object on standard output; where it "
                          "failed, with a member “error”."));
  g_string_append_c (text, '\n');
  append_examples (text, examples);
  g_string_append_c (text, '\n');
  append_statuses (text);
  return g_string_free (text, FALSE);
}

static SfumatoExit
print_command_help (const SfumatoCommand *command,
                    GOptionContext       *context)
{
  g_autofree char *name = g_strconcat (PROGRAM " ", command->name, NULL);
  g_autofree char *usage = NULL;
  g_autoptr (GString) text = g_string_new (NULL);

  g_set_prgname (name);
  usage = g_option_context_get_help (context, TRUE, NULL);
  g_set_prgname (PROGRAM);
  g_string_append (text, usage);
  append_examples (text, command->examples);
  return sfumato_cli_print (text->str, text->len);
}

/* ---- options ---- */

typedef struct
{
  gboolean  help;
  gboolean  json;
  gboolean  key_stdin;
  char     *url;        /* owned, nullable */
  char    **arguments;  /* owned, nullable */
} Parsed;

static void
parsed_clear (Parsed *parsed)
{
  g_free (parsed->url);
  g_strfreev (parsed->arguments);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Parsed, parsed_clear)

/* Texts are taken as bytes, "filenames", so that a prompt in UTF-8 is one in any locale. */
static GOptionContext *
make_context (const SfumatoCommand *command,
              Parsed               *parsed)
{
  const GOptionEntry service[] = {
    { "url", 0, 0, G_OPTION_ARG_FILENAME, &parsed->url, N_("Ask this address instead of the one in the settings"),
      N_("BASE") },
    { "key-stdin", 0, 0, G_OPTION_ARG_NONE, &parsed->key_stdin,
      N_("Take the key from standard input, for this run only"), NULL },
    G_OPTION_ENTRY_NULL
  };
  const GOptionEntry common[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &parsed->json, N_("Answer with one JSON object"), NULL },
    { "help", 'h', 0, G_OPTION_ARG_NONE, &parsed->help, N_("Show this help"), NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &parsed->arguments, NULL, NULL },
    G_OPTION_ENTRY_NULL
  };
  GOptionContext *context = g_option_context_new (*command->usage != '\0' ? _(command->usage) : NULL);
  g_autoptr (GString) description = g_string_new (NULL);

  g_option_context_set_help_enabled (context, FALSE);
  append_wrapped (description, _(command->description));
  g_string_truncate (description, description->len - 1);
  g_option_context_set_summary (context, description->str);
  if (command->options != NULL)
    g_option_context_add_main_entries (context, command->options, GETTEXT_PACKAGE);
  if (command->wants_url)
    g_option_context_add_main_entries (context, service, GETTEXT_PACKAGE);
  g_option_context_add_main_entries (context, common, GETTEXT_PACKAGE);
  return context;
}

/* Where the options cannot be parsed somebody may still be waiting for an object. */
static gboolean
wants_json (char **argv)
{
  for (; *argv != NULL && strcmp (*argv, "--") != 0; argv++)
    if (strcmp (*argv, "--json") == 0)
      return TRUE;
  return FALSE;
}

static SfumatoExit
run (const SfumatoCommand *command,
     char                **argv)   /* argv[0] is the command */
{
  static char *none[] = { NULL };
  g_auto (Parsed) parsed = { 0, };
  g_autoptr (GOptionContext) context = make_context (command, &parsed);
  g_auto (GStrv) rest = g_strdupv (argv);
  g_autoptr (GError) error = NULL;
  SfumatoCli cli = { .json = wants_json (argv) };
  SfumatoExit status;

  if (!g_option_context_parse_strv (context, &rest, &error))
    return sfumato_cli_misuse (&cli, _("%s. “%s %s --help” lists the options."), error->message, PROGRAM, command->name);
  if (parsed.help)
    return print_command_help (command, context);
  /* An empty one is a variable that was not set, and no wish to ask the real service. */
  if (parsed.url != NULL && (parsed.url[strspn (parsed.url, " \t\r\n")] == '\0' || !g_utf8_validate (parsed.url, -1, NULL)))
    return sfumato_cli_misuse (&cli, _("The address behind --url is empty, or not valid UTF-8 text."));
  cli.json = parsed.json;
  cli.url = parsed.url;
  cli.key_stdin = parsed.key_stdin;
  status = command->run (&cli, parsed.arguments != NULL ? parsed.arguments : none);
  if (cli.studio != NULL)
    sfumato_studio_close (cli.studio);
  g_clear_object (&cli.studio);
  return status;
}

/* ---- from outside ---- */

static const SfumatoCommand *
find_command (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (strcmp (commands[i]->name, name) == 0)
      return commands[i];
  return NULL;
}

static gboolean
is_help (const char *word)
{
  return g_str_equal (word, "--help") || g_str_equal (word, "-h") || g_str_equal (word, "help");
}

static SfumatoExit
print_help (char **topic)
{
  char *argv[] = { topic[0], (char *) "--help", NULL };
  g_autofree char *help = NULL;

  if (topic[0] != NULL && find_command (topic[0]) != NULL)
    return run (find_command (topic[0]), argv);
  help = make_main_help ();
  return sfumato_cli_print (help, -1);
}

SfumatoExit
sfumato_cli_main (char **argv)
{
  SfumatoCli cli = { .json = argv[0] != NULL && wants_json (argv) };
  const SfumatoCommand *command;

  if (argv[0] == NULL || argv[1] == NULL)
    return sfumato_cli_misuse (&cli, _("A command is missing. “%s” lists them."), PROGRAM " --help");
  if (is_help (argv[1]))
    return print_help (argv + 2);
  if (g_str_equal (argv[1], "--version"))
    return sfumato_cli_print (PROGRAM " " VERSION "\n", -1);
  command = find_command (argv[1]);
  if (command == NULL)
    return sfumato_cli_misuse (&cli, _("There is no command “%s”. “%s” lists them."), argv[1], PROGRAM " --help");
  return run (command, argv + 1);
}

/* GSettings ends the program where a schema is missing. */
static gboolean
check_installed (GError **error)
{
  GSettingsSchemaSource *source = g_settings_schema_source_get_default ();
  g_autoptr (GSettingsSchema) schema = NULL;

  if (source != NULL)
    schema = g_settings_schema_source_lookup (source, APP_ID, TRUE);
  if (schema == NULL)
    g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Not Installed"),
                                                 _("Sfumato is not installed as a whole: its settings “%s” are not "
                                                   "there."), APP_ID));
  return schema != NULL;
}

SfumatoStudio *
sfumato_cli_open (SfumatoCli  *cli,
                  GError     **error)
{
  if (cli->studio == NULL && check_installed (error))
    {
      cli->studio = sfumato_studio_new (cli->url, error);
      if (cli->studio != NULL && sfumato_studio_get_loss (cli->studio) != NULL)
        sfumato_cli_say_error (sfumato_studio_get_loss (cli->studio));
    }
  return cli->studio;
}
