/* sfumato-cli models: all there are, and the ones on this computer.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "cli/sfumato-cli.h"

#include <glib/gi18n.h>

#include "domain/sfumato-error.h"


static struct
{
  char     *name;
  gboolean  turbo;
} options;

static const GOptionEntry entries[] = {
  { "name", 0, 0, G_OPTION_ARG_FILENAME, &options.name, N_("For “add”: what to call it"), N_("NAME") },
  { "turbo", 0, 0, G_OPTION_ARG_NONE, &options.turbo,
    N_("For “add”: it is Large Turbo, where the files do not tell"), NULL },
  G_OPTION_ENTRY_NULL
};

static const char * const examples[] = {
  "models",
  "models add ~/Downloads/sd3.5_medium.safetensors",
  "models add sd3.5_large.safetensors clip_l.safetensors clip_g.safetensors t5xxl_fp16.safetensors --name \"Large\"",
  "models show starter",
  "models remove local-sd-3.5-medium",
  NULL
};

/* ---- all of them ---- */

typedef void (*ModelFunc) (const SfumatoModel *model,
                           gpointer            user_data);

static void
foreach_model (SfumatoCli *cli,
               ModelFunc   function,
               gpointer    user_data)
{
  GListModel *services = sfumato_studio_get_services (cli->studio);

  for (guint i = 0; i < g_list_model_get_n_items (services); i++)
    {
      g_autoptr (SfumatoService) service = g_list_model_get_item (services, i);

      for (const SfumatoModel *model = sfumato_service_get_models (service); model->id != NULL; model++)
        function (model, user_data);
    }
}

static void
append_model_cb (const SfumatoModel *model,
                 gpointer            text)
{
  g_autofree char *price = sfumato_price_format (model->price);

  g_string_append_printf (text, "%-20s %-14s %s\n", model->id, price, _(model->summary));
}

static void
add_model_cb (const SfumatoModel *model,
              gpointer            array)
{
  json_array_add_object_element (array, sfumato_cli_model_json (model));
}

static SfumatoExit
list_models (SfumatoCli  *cli,
             char       **arguments)
{
  g_autoptr (GString) text = g_string_new (NULL);
  JsonObject *object;
  JsonArray *array;

  if (arguments[0] != NULL)
    return sfumato_cli_misuse (cli, _("“models list” takes no words."));
  if (!cli->json)
    {
      foreach_model (cli, append_model_cb, text);
      return sfumato_cli_print (text->str, text->len);
    }
  object = json_object_new ();
  array = json_array_new ();
  foreach_model (cli, add_model_cb, array);
  json_object_set_array_member (object, "models", array);
  return sfumato_cli_print_json (object);
}

/* ---- the ones on this computer ---- */

static void
set_words (JsonObject              *object,
           const SfumatoVocabulary *vocabulary)
{
  JsonObject *words = json_object_new ();

  for (const SfumatoWordGroup *group = sfumato_vocabulary_get_groups (vocabulary); group->id != NULL; group++)
    {
      JsonArray *array = json_array_new ();

      for (guint i = 0; group->words[i] != NULL; i++)
        json_array_add_string_element (array, group->words[i]);
      json_object_set_array_member (words, group->id, array);
    }
  json_object_set_object_member (object, "words", words);
  json_object_set_string_member (object, "example", sfumato_vocabulary_get_example (vocabulary));
}

static JsonObject *
local_json (SfumatoCli              *cli,
            const SfumatoLocalModel *model)
{
  SfumatoService *local = SFUMATO_SERVICE (sfumato_studio_get_local (cli->studio));
  const SfumatoModel *table = sfumato_service_find_model (local, model->id);
  JsonObject *object = table != NULL ? sfumato_cli_model_json (table) : json_object_new ();
  JsonArray *paths = json_array_new ();

  for (guint i = 0; model->paths[i] != NULL; i++)
    json_array_add_string_element (paths, model->paths[i]);
  json_object_set_string_member (object, "id", model->id);
  json_object_set_string_member (object, "name", model->name);
  json_object_set_string_member (object, "variant", model->variant);
  json_object_set_boolean_member (object, "turbo", model->turbo);
  json_object_set_boolean_member (object, "may_be_turbo", model->may_be_turbo);
  json_object_set_boolean_member (object, "t5", model->t5);
  json_object_set_int_member (object, "file_size", model->file_size);
  json_object_set_int_member (object, "memory_needed", model->memory_needed);
  json_object_set_array_member (object, "paths", paths);
  if (model->vocabulary != NULL)
    set_words (object, model->vocabulary);
  return object;
}

static void
append_words (GString                 *text,
              const SfumatoLocalModel *model)
{
  const SfumatoVocabulary *vocabulary = model->vocabulary;

  g_string_append_printf (text, "\n%s\n\n", _("It understands these English words; others are made into something else:"));
  for (const SfumatoWordGroup *group = sfumato_vocabulary_get_groups (vocabulary); group->id != NULL; group++)
    {
      g_autofree char *words = g_strjoinv (", ", (char **) group->words);

      g_string_append_printf (text, "%s: %s\n", _(group->name), words);
    }
  g_string_append_printf (text, "\nsfumato-cli generate --model %s \"%s\"\n", model->id,
                          sfumato_vocabulary_get_example (vocabulary));
}

static SfumatoExit
print_local (SfumatoCli              *cli,
             const SfumatoLocalModel *model)
{
  g_autofree char *size = g_format_size (model->file_size);
  g_autofree char *memory = g_format_size_full (model->memory_needed, G_FORMAT_SIZE_IEC_UNITS);
  g_autoptr (GString) text = g_string_new (NULL);

  if (cli->json)
    return sfumato_cli_print_json (local_json (cli, model));
  sfumato_cli_add_fact (text, _("Id"), model->id);
  sfumato_cli_add_fact (text, _("Name"), model->name);
  sfumato_cli_add_fact (text, _("Kind"), sfumato_local_variant_name (model->variant));
  sfumato_cli_add_fact (text, _("T5"), model->t5 ? _("yes") : _("no"));
  sfumato_cli_add_fact (text, _("File size"), size);
  sfumato_cli_add_fact (text, _("Memory needed"), memory);
  sfumato_cli_add_fact (text, _("License"), model->builtin ? _("GPL-3.0-or-later, as Sfumato itself")
                                             : _("Stability AI Community License: https://stability.ai/license"));
  for (guint i = 0; model->paths[i] != NULL; i++)
    sfumato_cli_add_fact (text, _("File"), model->paths[i]);
  sfumato_cli_add_fact (text, _("T5’s vocabulary"), model->t5_vocabulary);
  if (model->vocabulary != NULL)
    append_words (text, model);
  return sfumato_cli_print (text->str, text->len);
}

static SfumatoLocalModel *
find_local (SfumatoCli  *cli,
            const char  *name,
            GError     **error)
{
  SfumatoLocalModel *model = sfumato_local_service_find (sfumato_studio_get_local (cli->studio), name);

  if (model == NULL)
    g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_INVALID, _("Model Not Known"),
                                                 _("There is no model “%s” on this computer; “sfumato-cli models” lists "
                                                   "them."), name));
  return model;
}

static void
say_what_was_found (const SfumatoLocalModel *model)
{
  g_autofree char *needed = g_format_size_full (model->memory_needed, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *available = g_format_size_full (model->memory_available, G_FORMAT_SIZE_IEC_UNITS);

  if (model->may_be_turbo && !model->turbo)
    sfumato_cli_say (_("The files do not tell Large from Large Turbo. If it is Turbo, remove it and add it again with "
                       "--turbo."));
  if (!model->t5)
    sfumato_cli_say (_("The text encoder T5 is not among the files: long prompts are followed less closely."));
  if (model->memory_needed > model->memory_available)
    sfumato_cli_say (_("A picture of the usual size needs %s of memory, and %s are free: choose a smaller --size, or close "
                       "other programs."), needed, available);
}

static SfumatoExit
add_model (SfumatoCli  *cli,
           char       **arguments)
{
  SfumatoLocalService *local = sfumato_studio_get_local (cli->studio);
  g_autoptr (SfumatoLocalModel) model = NULL;
  GError *error = NULL;

  if (arguments[0] == NULL)
    return sfumato_cli_misuse (cli, _("“models add” needs the files of a model, or its folder."));
  if (!sfumato_cli_check_text (options.name, "name", &error))
    return sfumato_cli_fail (cli, error);
  model = sfumato_local_service_inspect (local, (const char * const *) arguments, NULL, &error);
  if (model == NULL || !sfumato_local_service_add (local, model, options.name, options.turbo, &error))
    return sfumato_cli_fail (cli, error);
  say_what_was_found (model);
  return print_local (cli, model);
}

static SfumatoExit
show_model (SfumatoCli  *cli,
            char       **arguments)
{
  g_autoptr (SfumatoLocalModel) model = NULL;
  GError *error = NULL;

  if (arguments[0] == NULL || arguments[1] != NULL)
    return sfumato_cli_misuse (cli, _("Which model? “models show” takes one id or name."));
  model = find_local (cli, arguments[0], &error);
  return model != NULL ? print_local (cli, model) : sfumato_cli_fail (cli, error);
}

static SfumatoExit
remove_model (SfumatoCli  *cli,
              char       **arguments)
{
  g_autoptr (SfumatoLocalModel) model = NULL;
  JsonObject *object;
  GError *error = NULL;

  if (arguments[0] == NULL || arguments[1] != NULL)
    return sfumato_cli_misuse (cli, _("Which model? “models remove” takes one id or name."));
  model = find_local (cli, arguments[0], &error);
  if (model == NULL ||
      !sfumato_local_service_remove (sfumato_studio_get_local (cli->studio), model->id, &error))
    return sfumato_cli_fail (cli, error);
  if (!cli->json)
    {
      sfumato_cli_say (_("“%s” is not on the list any more. Its files are where they were."), model->name);
      return SFUMATO_EXIT_DONE;
    }
  object = json_object_new ();
  json_object_set_string_member (object, "removed", model->id);
  return sfumato_cli_print_json (object);
}

/* ---- the command ---- */

static const struct
{
  const char   *name;
  SfumatoExit (*run) (SfumatoCli  *cli,
                      char       **arguments);
} verbs[] = {
  { "list", list_models },
  { "add", add_model },
  { "show", show_model },
  { "remove", remove_model },
};

static SfumatoExit
models (SfumatoCli  *cli,
        char       **arguments)
{
  GError *error = NULL;
  guint verb = 0;

  while (arguments[0] != NULL && verb < G_N_ELEMENTS (verbs) && !g_str_equal (verbs[verb].name, arguments[0]))
    verb++;
  if (verb == G_N_ELEMENTS (verbs))
    return sfumato_cli_misuse (cli, _("“models” knows list, add, show and remove."));
  if ((options.name != NULL || options.turbo) && verbs[verb].run != add_model)
    return sfumato_cli_misuse (cli, _("--name and --turbo are for “models add”."));
  if (sfumato_cli_open (cli, &error) == NULL)
    return sfumato_cli_fail (cli, error);
  return verbs[verb].run (cli, arguments[0] != NULL ? arguments + 1 : arguments);
}

const SfumatoCommand sfumato_command_models = {
  .name = "models",
  .usage = N_("[list|add PATH…|show NAME|remove NAME]"),
  .summary = N_("List the models and their prices; install models on this computer"),
  .description = N_("list: prints id, price of a picture and purpose of each model. add: installs a model for this computer "
                    "from its files (.safetensors or .gguf; separate text encoders are named with it) or from a folder in "
                    "the layout of diffusers; nothing is copied, the files stay where they are. show: what is known of a "
                    "model on this computer; of the starter model, which comes with Sfumato, also the words it "
                    "understands. remove: takes it off the list; its files stay. Stable Diffusion 3 and 3.5 are "
                    "under the Stability AI Community License, https://stability.ai/license.\n\n"
                    "With --json the answer is one object: for list “models”, with all that each of them can do; for add and "
                    "show the same of one model, with variant, turbo, t5, file_size, memory_needed (in bytes) and paths, "
                    "where it knows few words also “words”, by kind, and “example”; for "
                    "remove “removed”."),
  .examples = examples,
  .options = entries,
  .run = models,
};
