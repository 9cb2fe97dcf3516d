/* sfumato-cli generate.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "cli/sfumato-cli.h"

#include <glib/gi18n.h>
#include <unistd.h>

#include "domain/sfumato-error.h"

#define PROMPT_BYTES_MAX (1024 * 1024)   /* of standard input; models take far less, and say so */

static struct
{
  char     *negative;
  char     *model;
  char     *aspect;
  char     *seed;
  char     *count;
  char     *format;
  char     *style;
  char     *guidance;
  char     *steps;
  char     *sampler;
  char     *size;
  char     *image;
  char     *strength;
  char     *output;
  gboolean  force;
} options;

static const GOptionEntry entries[] = {
  { "negative", 'n', 0, G_OPTION_ARG_FILENAME, &options.negative, N_("What the picture should not show"), N_("TEXT") },
  { "model", 'm', 0, G_OPTION_ARG_FILENAME, &options.model, N_("Model to use; “sfumato-cli models” lists them"),
    N_("ID") },
  { "aspect", 'a', 0, G_OPTION_ARG_FILENAME, &options.aspect, N_("Shape of the picture, such as 16:9"), N_("RATIO") },
  { "seed", 's', 0, G_OPTION_ARG_FILENAME, &options.seed, N_("The same seed makes the same picture again; 0 is random"),
    "N" },
  { "count", 'c', 0, G_OPTION_ARG_FILENAME, &options.count, N_("Number of pictures; each is charged. With a seed, each has the next one"), "N" },
  { "format", 'f', 0, G_OPTION_ARG_FILENAME, &options.format, N_("png, jpeg or webp"), N_("FORMAT") },
  { "style", 0, 0, G_OPTION_ARG_FILENAME, &options.style, N_("Style preset, such as cinematic"), N_("STYLE") },
  { "guidance", 'g', 0, G_OPTION_ARG_FILENAME, &options.guidance, N_("How closely to follow the prompt"), "X" },
  { "steps", 0, 0, G_OPTION_ARG_FILENAME, &options.steps, N_("Steps to make it in, where the model has a choice"), "N" },
  { "sampler", 0, 0, G_OPTION_ARG_FILENAME, &options.sampler, N_("How to step: euler, heun or dpmpp-2m"), N_("SAMPLER") },
  { "size", 0, 0, G_OPTION_ARG_FILENAME, &options.size,
    N_("Side in pixels of a square of that many pixels, such as 768"), "N" },
  { "image", 'i', 0, G_OPTION_ARG_FILENAME, &options.image, N_("Picture to start from"), N_("FILE") },
  { "strength", 0, 0, G_OPTION_ARG_FILENAME, &options.strength,
    N_("How far to move from that picture: 0 keeps it, 1 ignores it"), "X" },
  { "output", 'o', 0, G_OPTION_ARG_FILENAME, &options.output,
    N_("Write the picture there, too; “-” is standard output"), N_("PATH") },
  { "force", 0, 0, G_OPTION_ARG_NONE, &options.force, N_("Overwrite a file that is there already"), NULL },
  G_OPTION_ENTRY_NULL
};

static const char * const examples[] = {
  "generate \"a red fox in snow\"",
  "generate \"a red fox in snow\" --negative \"blurry\" --aspect 16:9 --seed 343940597",
  "generate \"the same as a watercolour\" --image fox.png --strength 0.6 --output watercolour.png",
  "generate \"a red fox\" --format webp --output - | imv -",
  "generate \"a red fox\" --model local-sd-3.5-medium --steps 20 --size 768",
  "generate - --count 4 --json < prompt.txt",
  "generate \"a red fox\" --key-stdin < key.txt",
  NULL
};

/* ---- the request ---- */

/* What the name of the file to be written says, where it says it. */
static const char *
format_of_output (void)
{
  static const struct { const char *ending, *format; } endings[] = {
    { ".png", "png" }, { ".jpg", "jpeg" }, { ".jpeg", "jpeg" }, { ".webp", "webp" },
  };
  g_autofree char *lower = options.output != NULL ? g_ascii_strdown (options.output, -1) : NULL;

  for (guint i = 0; lower != NULL && i < G_N_ELEMENTS (endings); i++)
    if (g_str_has_suffix (lower, endings[i].ending))
      return endings[i].format;
  return NULL;
}

static gboolean
read_texts (GError **error)
{
  const struct { const char *text, *name; } texts[] = {
    { options.negative, "negative_prompt" }, { options.model, "model" }, { options.aspect, "aspect_ratio" },
    { options.format, "format" }, { options.style, "style" }, { options.sampler, "sampler" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    if (!sfumato_cli_check_text (texts[i].text, texts[i].name, error))
      return FALSE;
  return TRUE;
}

/* 0 would be "the model's own" in a request, which is not what somebody means who writes it: validation says so. */
static gboolean
read_guidance (double  *guidance,
               GError **error)
{
  if (options.guidance == NULL)
    return TRUE;
  if (!sfumato_cli_parse_number (options.guidance, "guidance", guidance, error))
    return FALSE;
  if (*guidance == 0)
    *guidance = G_MINDOUBLE;
  return TRUE;
}

/* 0 is the model's own in a request: that is not what somebody means who writes it. Where a model has no steps to set,
 * validation says so. */
static gboolean
read_side_and_steps (const SfumatoModel    *model,
                     SfumatoRequestFields  *fields,
                     GError               **error)
{
  gint64 steps = 0, size = 0;

  if ((options.steps != NULL &&
       !sfumato_cli_parse_count (options.steps, "steps", 1, model->steps_max > 0 ? model->steps_max : G_MAXINT,
                                &steps, error)) ||
      (options.size != NULL && !sfumato_cli_parse_count (options.size, "size", 1, G_MAXINT, &size, error)))
    return FALSE;
  fields->steps = steps;
  fields->size = size;
  return TRUE;
}

static gboolean
read_numbers (const SfumatoModel    *model,
              SfumatoRequestFields  *fields,
              GError               **error)
{
  gint64 count = 1;

  fields->seed = SFUMATO_SEED_RANDOM;
  fields->strength = -1;
  if (options.seed != NULL && !sfumato_cli_parse_count (options.seed, "seed", 0, model->seed_max, &fields->seed, error))
    return FALSE;
  if (options.count != NULL && !sfumato_cli_parse_count (options.count, "count", 1, SFUMATO_COUNT_MAX, &count, error))
    return FALSE;
  if (options.strength != NULL &&
      !sfumato_cli_parse_number (options.strength, "strength", &fields->strength, error))
    return FALSE;
  fields->count = count;
  return read_guidance (&fields->guidance, error) && read_side_and_steps (model, fields, error);
}

/* Whether there is a key for a service that nobody has chosen. Nothing is asked of a person for that. */
static gboolean
has_key (SfumatoCli     *cli,
         SfumatoService *service)
{
  g_autoptr (GError) unknown = NULL;
  SfumatoKeyState state = sfumato_studio_get_key_state (cli->studio, sfumato_service_get_id (service), FALSE, NULL, &unknown);

  return cli->key_stdin || state == SFUMATO_KEY_STORED || state == SFUMATO_KEY_HELD;
}

/* Where pictures are made when nobody says: as in the window; before that is chosen, here, where a model was added, for
 * that costs nothing; else where there is a key; else with the model that is always there. */
static const SfumatoModel *
usual_model (SfumatoCli *cli)
{
  GSettings *settings = sfumato_studio_get_settings (cli->studio);
  g_autofree char *chosen = g_settings_get_string (settings, "service");
  g_autofree char *last = g_settings_get_string (settings, "model");
  SfumatoService *local = SFUMATO_SERVICE (sfumato_studio_get_local (cli->studio));
  g_autoptr (SfumatoService) other = g_list_model_get_item (sfumato_studio_get_services (cli->studio), 0);
  const SfumatoModel *models = sfumato_service_get_models (local);
  const SfumatoModel *used = sfumato_service_find_model (local, last);

  if (models->id == NULL || (*chosen != '\0' && !g_str_equal (chosen, sfumato_service_get_id (local))))
    return sfumato_service_get_models (other);
  if (used != NULL || models->vocabulary == NULL)
    return used != NULL ? used : models;
  return *chosen == '\0' && has_key (cli, other) ? sfumato_service_get_models (other) : models;
}

static const SfumatoModel *
find_model (SfumatoCli  *cli,
            GError     **error)
{
  GListModel *services = sfumato_studio_get_services (cli->studio);
  const SfumatoModel *model = options.model == NULL ? usual_model (cli) : NULL;

  for (guint i = 0; model == NULL && i < g_list_model_get_n_items (services); i++)
    {
      g_autoptr (SfumatoService) service = g_list_model_get_item (services, i);

      model = sfumato_service_find_model (service, options.model);
    }
  if (model == NULL)
    {
      GError *problem = sfumato_error_new (SFUMATO_ERROR_INVALID, _("Model Not Known"),
                                           _("There is no model “%s”; “sfumato-cli models” lists them. Nothing was "
                                             "sent."), options.model);

      sfumato_error_set_field (problem, "model");
      g_propagate_error (error, problem);
    }
  return model;
}

/* What somebody may not expect. */
static void
say_what_happens (SfumatoCli         *cli,
                  const SfumatoModel *model)
{
  g_autofree char *last = g_settings_get_string (sfumato_studio_get_settings (cli->studio), "model");

  if (options.model == NULL && model->vocabulary != NULL && !g_str_equal (last, model->id))
    sfumato_cli_say (_("The starter model makes it, which draws simple picture-book scenes; “sfumato-cli models show %s” lists its "
                       "words."), model->id);
  if (options.negative != NULL && !model->negative_prompt)
    sfumato_cli_say (_("%s ignores a negative prompt: it is not sent."), model->name);
  if (options.aspect != NULL && options.image != NULL && model->input_keeps_shape)
    sfumato_cli_say (_("The picture keeps the shape of the one it starts from: --aspect is not used."));
}

/* As the window does: then the picture says what it was made with, also where nobody chose. */
static void
fill_in_defaults (const SfumatoModel   *model,
                  SfumatoRequestFields *fields)
{
  if (fields->sampler == NULL && model->samplers != NULL)
    fields->sampler = model->samplers[0].id;
  if (fields->steps == 0 && model->steps_max > 0)
    fields->steps = model->steps_default;
  if (fields->size == 0 && model->sizes != NULL)
    fields->size = model->size_default;
  if (fields->guidance == 0 && model->guidance_max > 0)
    fields->guidance = model->guidance_default;
}

static SfumatoRequest *
make_request (SfumatoCli  *cli,
              const char  *prompt,
              GError     **error)
{
  GSettings *settings = sfumato_studio_get_settings (cli->studio);
  g_autofree char *usual_format = g_settings_get_string (settings, "format");
  g_autoptr (SfumatoInput) input = NULL;
  g_autoptr (SfumatoRequest) request = NULL;
  const SfumatoModel *model;
  SfumatoRequestFields fields = {
    .prompt = prompt,
    .negative_prompt = options.negative,
    .aspect_ratio = options.aspect,
    .style = options.style,
    .format = options.format,
    .sampler = options.sampler,
  };

  if (!read_texts (error) || (model = find_model (cli, error)) == NULL || !read_numbers (model, &fields, error))
    return NULL;
  if (options.image != NULL && (input = sfumato_cli_load_input (options.image, model, prompt, error)) == NULL)
    return NULL;
  fields.service = model->service;
  fields.model = model->id;
  fields.input = input;
  if (fields.format == NULL)
    fields.format = format_of_output () != NULL ? format_of_output ()
                    : sfumato_model_has_format (model, usual_format) ? usual_format : NULL;
  if (input != NULL && model->input_keeps_shape)
    fields.aspect_ratio = NULL;
  fill_in_defaults (model, &fields);
  request = sfumato_request_new (&fields);
  /* Before a key is asked for. */
  if (!sfumato_request_validate (request, model, error))
    return NULL;
  say_what_happens (cli, model);
  return g_steal_pointer (&request);
}

/* ---- before anything is sent ---- */

static SfumatoExit
check_usage (SfumatoCli  *cli,
             char       **arguments)
{
  gboolean to_stdout = g_strcmp0 (options.output, "-") == 0;

  if (arguments[0] == NULL)
    return sfumato_cli_misuse (cli, _("A prompt is missing: what should the picture show?"));
  if (arguments[1] != NULL)
    return sfumato_cli_misuse (cli, _("There is more than one prompt. Put the prompt in quotes."));
  if (g_strcmp0 (options.output, "") == 0)
    return sfumato_cli_misuse (cli, _("The path behind --output is empty."));
  if (options.strength != NULL && options.image == NULL)
    return sfumato_cli_misuse (cli, _("--strength says how far to move from an input picture, and needs --image."));
  if (cli->key_stdin && g_str_equal (arguments[0], "-"))
    return sfumato_cli_misuse (cli, _("Standard input can carry the prompt or the key, not both."));
  if (to_stdout && cli->json)
    return sfumato_cli_misuse (cli, _("Standard output can carry the picture or the JSON object, not both."));
  if (to_stdout && options.count != NULL && !g_str_equal (options.count, "1"))
    return sfumato_cli_misuse (cli, _("Standard output can carry one picture only."));
  /* Which would do what stands in it. */
  if (to_stdout && isatty (STDOUT_FILENO))
    return sfumato_cli_misuse (cli, _("Standard output is a terminal, which cannot show a picture: send it on to a file or "
                                      "another program."));
  return SFUMATO_EXIT_DONE;
}

static gboolean
check_outputs (const SfumatoOutput  *output,
               guint                 count,
               GError              **error)
{
  gboolean folder;

  if (output->path == NULL || g_str_equal (output->path, "-"))
    return TRUE;
  folder = g_file_test (output->path, G_FILE_TEST_IS_DIR);
  for (guint i = 0; i < (folder ? 1 : count); i++)
    {
      g_autofree char *path = sfumato_cli_output_path (output, folder ? ".sfumato" : NULL, i, count);

      if (!sfumato_cli_check_output (path, output->force, error))
        return FALSE;
    }
  return TRUE;
}

static char *
read_prompt (const char  *argument,
             GError     **error)
{
  char *prompt = g_str_equal (argument, "-") ? sfumato_cli_read_stdin (PROMPT_BYTES_MAX, error) : g_strdup (argument);

  if (prompt != NULL && !sfumato_cli_check_text (prompt, "prompt", error))
    g_clear_pointer (&prompt, g_free);
  return prompt;
}

static GPtrArray *
enqueue (SfumatoCli           *cli,
         const char           *argument,
         const SfumatoOutput  *output,
         GError              **error)
{
  g_autofree char *prompt = read_prompt (argument, error);
  g_autoptr (SfumatoRequest) request = NULL;
  g_autoptr (SfumatoService) service = NULL;

  if (prompt == NULL || sfumato_cli_open (cli, error) == NULL)
    return NULL;
  request = make_request (cli, prompt, error);
  if (request == NULL || !check_outputs (output, sfumato_request_get_fields (request)->count, error))
    return NULL;
  service = sfumato_studio_find_service (cli->studio, sfumato_request_get_fields (request)->service);
  if (!sfumato_cli_provide_key (cli, service, error))
    return NULL;
  return sfumato_queue_add (sfumato_studio_get_queue (cli->studio), request, FALSE, error);
}

static SfumatoExit
generate (SfumatoCli  *cli,
          char       **arguments)
{
  SfumatoOutput output = { .path = options.output, .force = options.force };
  SfumatoExit misuse = check_usage (cli, arguments);
  g_autoptr (GPtrArray) jobs = NULL;
  GError *error = NULL;
  SfumatoExit status;

  if (misuse != SFUMATO_EXIT_DONE)
    return misuse;
  jobs = enqueue (cli, arguments[0], &output, &error);
  if (jobs == NULL)
    return sfumato_cli_fail (cli, error);
  sfumato_cli_follow (cli, jobs);
  status = sfumato_cli_report (cli, jobs, &output);
  if (status == SFUMATO_EXIT_UNAUTHORISED && !cli->json)
    sfumato_cli_say (_("“sfumato-cli key set stability” stores a key. Without one, pictures can be made on this computer: "
                       "“sfumato-cli models add FILE” installs a model you have downloaded."));
  return status;
}

const SfumatoCommand sfumato_command_generate = {
  .name = "generate",
  .usage = N_("PROMPT"),
  .summary = N_("Make pictures from a prompt"),
  .description = N_("Makes pictures from PROMPT, or from the text on standard input where PROMPT is “-”, and prints where "
                    "they are. Each goes into the gallery, whatever --output says. Ctrl+C stops it, and says whether it "
                    "may have been charged. Where there is no keyring the key is asked for on the terminal and not "
                    "stored; --key-stdin takes it from standard input instead.\n\n"
                    "A model on this computer (“sfumato-cli models add” installs one) costs nothing and sends nothing; "
                    "--steps, --sampler and --size are for those. Without --model it is the service chosen in the window; "
                    "before one is chosen, a model added on this computer, or the service there is a key for, or the "
                    "starter model, which comes with Sfumato and knows few words.\n\n"
                    "With --json the answer is one object: “pictures”, and where one picture was asked for its members "
                    "also at the top: id, file, output, prompt, seed_asked, seed_used, width, height, format, size, "
                    "service, model, steps, sampler, price (in credits), charge (no, maybe or yes), may_have_been_charged, finish "
                    "(success, filtered or other), finish_word, unknown_words (that a model with few words does not "
                    "know), created, duration (in seconds). Where something failed there is "
                    "“error”: code, message, title, charge, may_have_been_charged, details, field, retry_after; and where "
                    "several pictures were asked for “errors”, one for each that failed. “error” is then one that may "
                    "have been charged, if any."),
  .examples = examples,
  .options = entries,
  .wants_url = TRUE,
  .run = generate,
};
