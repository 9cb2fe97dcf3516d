/* sfumato-cli list, search, show and delete.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "cli/sfumato-cli.h"

#include <glib/gi18n.h>
#include <unistd.h>

#include "domain/sfumato-error.h"

#define LINE_CHARS_MAX  400
#define CHUNK_BYTES     65536   /* printed at once */

static char *limit_text;

static const GOptionEntry list_entries[] = {
  { "limit", 'l', 0, G_OPTION_ARG_FILENAME, &limit_text, N_("At most so many, the newest"), "N" },
  G_OPTION_ENTRY_NULL
};

static const char * const list_examples[] = { "list", "list --limit 10 --json", NULL };
static const char * const search_examples[] = {
  "search fox snow", "search seed:343940597", "search model:large after:2026-01-31", NULL
};
static const char * const show_examples[] = { "show \"2026-11-22 a red fox in snow · 343940597.png\"", NULL };
static const char * const delete_examples[] = {
  "delete 6c7c1a0e-6a2c-4f0e-9b1a-6f1d9d3c3b5e", NULL
};

/* ---- lists ---- */

static SfumatoExit
print_lines (GListModel *pictures,
             guint       n)
{
  g_autoptr (GString) lines = g_string_new (NULL);
  gboolean to_person = isatty (STDOUT_FILENO);
  SfumatoExit status = SFUMATO_EXIT_DONE;

  for (guint i = 0; i < n && status == SFUMATO_EXIT_DONE; i++)
    {
      g_autoptr (SfumatoPicture) picture = g_list_model_get_item (pictures, i);
      const SfumatoPictureFields *fields = sfumato_picture_get_fields (picture);
      g_autofree char *clean = to_person ? sfumato_clean_text (fields->file_name, -1, LINE_CHARS_MAX) : NULL;

      g_string_append_printf (lines, "%s  %s\n", fields->id, clean != NULL ? clean : fields->file_name);
      if (lines->len < CHUNK_BYTES && i + 1 < n)
        continue;
      status = sfumato_cli_print (lines->str, lines->len);
      g_string_truncate (lines, 0);
    }
  return status;
}

static SfumatoExit
print_objects (SfumatoCli *cli,
               GListModel *pictures,
               guint       n)
{
  JsonObject *object = json_object_new ();
  JsonArray *array = json_array_sized_new (n);

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (SfumatoPicture) picture = g_list_model_get_item (pictures, i);

      json_array_add_object_element (array, sfumato_cli_picture_json (cli, picture));
    }
  json_object_set_int_member (object, "found", g_list_model_get_n_items (pictures));
  json_object_set_array_member (object, "pictures", array);
  return sfumato_cli_print_json (object);
}

static SfumatoExit
print_found (SfumatoCli *cli,
             const char *text)
{
  g_autoptr (GListModel) pictures = NULL;
  GError *error = NULL;
  gint64 limit = G_MAXUINT;
  guint n;

  if ((limit_text != NULL && !sfumato_cli_parse_count (limit_text, "limit", 0, G_MAXUINT, &limit, &error)) ||
      !sfumato_cli_check_text (text, "search", &error) || sfumato_cli_open (cli, &error) == NULL)
    return sfumato_cli_fail (cli, error);
  pictures = sfumato_gallery_search (sfumato_studio_get_gallery (cli->studio), text, FALSE);
  n = MIN (g_list_model_get_n_items (pictures), limit);
  return cli->json ? print_objects (cli, pictures, n) : print_lines (pictures, n);
}

static SfumatoExit
list (SfumatoCli  *cli,
      char       **arguments)
{
  if (arguments[0] != NULL)
    return sfumato_cli_misuse (cli, _("“list” takes no words; “search” does."));
  return print_found (cli, NULL);
}

static SfumatoExit
search (SfumatoCli  *cli,
        char       **arguments)
{
  g_autofree char *text = g_strjoinv (" ", arguments);

  if (arguments[0] == NULL)
    return sfumato_cli_misuse (cli, _("What should be searched for?"));
  return print_found (cli, text);
}

/* ---- single pictures ---- */

/* By id, by name, or by the path that generate prints. */
static SfumatoPicture *
find (SfumatoCli  *cli,
      const char  *which,
      GError     **error)
{
  SfumatoGallery *gallery = sfumato_studio_get_gallery (cli->studio);
  g_autofree char *path = g_canonicalize_filename (which, NULL);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *shown = g_filename_display_name (which);
  gboolean inside = g_strcmp0 (folder, sfumato_gallery_get_folder (gallery)) == 0;
  SfumatoPicture *picture = sfumato_gallery_find (gallery, inside ? name : which);

  if (picture == NULL)
    g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Picture Not Found"),
                                                 _("There is no picture “%s” in the gallery."), shown));
  return picture;
}

static GPtrArray *
find_all (SfumatoCli  *cli,
          char       **which,
          GError     **error)
{
  g_autoptr (GPtrArray) pictures = g_ptr_array_new_with_free_func (g_object_unref);

  if (sfumato_cli_open (cli, error) == NULL)
    return NULL;
  for (; *which != NULL; which++)
    {
      g_autoptr (SfumatoPicture) picture = find (cli, *which, error);

      if (picture == NULL)
        return NULL;
      /* Named twice, or by its id and by its file, it is one object: the gallery has one for each picture in use. */
      if (!g_ptr_array_find (pictures, picture, NULL))
        g_ptr_array_add (pictures, g_object_ref (picture));
    }
  return g_steal_pointer (&pictures);
}

/* ---- show ---- */

static void
append_number (GString    *text,
               const char *name,
               gint64      number)
{
  g_autofree char *digits = g_strdup_printf ("%" G_GINT64_FORMAT, number);

  sfumato_cli_add_fact (text, name, number >= 0 ? digits : NULL);
}

static void
append_request (GString        *text,
                SfumatoRequest *request)
{
  const SfumatoRequestFields *asked;
  g_autofree char *guidance = NULL;

  if (request == NULL)
    return;
  asked = sfumato_request_get_fields (request);
  guidance = asked->guidance > 0 ? g_strdup_printf ("%g", asked->guidance) : NULL;
  sfumato_cli_add_fact (text, _("Prompt"), asked->prompt);
  sfumato_cli_add_fact (text, _("Negative prompt"), asked->negative_prompt);
  sfumato_cli_add_fact (text, _("Shape"), asked->aspect_ratio);
  sfumato_cli_add_fact (text, _("Style"), asked->style);
  sfumato_cli_add_fact (text, _("Guidance"), guidance);
  if (asked->steps != 0)
    append_number (text, _("Steps"), asked->steps);
  sfumato_cli_add_fact (text, _("Sampler"), asked->sampler);
  sfumato_cli_add_fact (text, _("Started from"), asked->input != NULL ? asked->input->name : NULL);
  if (!sfumato_request_is_seed_random (request))
    append_number (text, _("Seed asked for"), asked->seed);
}

static char *
describe (SfumatoCli     *cli,
          SfumatoPicture *picture)
{
  const SfumatoPictureFields *fields = sfumato_picture_get_fields (picture);
  g_autofree char *path = sfumato_gallery_dup_path (sfumato_studio_get_gallery (cli->studio), picture);
  g_autofree char *size = g_strdup_printf ("%u × %u", fields->width, fields->height);
  g_autofree char *bytes = g_format_size (fields->size);
  g_autofree char *created = fields->created != NULL ? g_date_time_format (fields->created, "%F %T") : NULL;
  g_autofree char *price = fields->price > 0 ? sfumato_price_format (fields->price) : NULL;
  g_autofree char *shown = g_filename_display_name (path);
  GString *text = g_string_new (NULL);

  sfumato_cli_add_fact (text, _("File"), shown);
  sfumato_cli_add_fact (text, _("Id"), fields->id);
  append_request (text, fields->request);
  append_number (text, _("Seed"), fields->seed_used);
  sfumato_cli_add_fact (text, _("Model"), fields->model);
  sfumato_cli_add_fact (text, _("Service"), fields->service);
  sfumato_cli_add_fact (text, _("Size"), size);
  sfumato_cli_add_fact (text, _("File size"), bytes);
  sfumato_cli_add_fact (text, _("Format"), sfumato_image_type_format (fields->type));
  sfumato_cli_add_fact (text, _("Created"), created);
  sfumato_cli_add_fact (text, _("Price"), price);
  sfumato_cli_add_fact (text, _("Charged"), sfumato_charge_to_string (fields->charge));
  sfumato_cli_add_fact (text, _("Service said"), fields->finish_word);
  sfumato_cli_add_fact (text, _("Request id"), fields->request_id);
  if (fields->missing)
    sfumato_cli_add_fact (text, _("Missing"), _("the file is not there at the moment"));
  return g_string_free (text, FALSE);
}

static SfumatoExit
show_json (SfumatoCli     *cli,
           SfumatoPicture *picture)
{
  SfumatoRequest *request = sfumato_picture_get_fields (picture)->request;
  JsonObject *object = sfumato_cli_picture_json (cli, picture);

  if (request != NULL)
    json_object_set_member (object, "request", sfumato_request_to_json (request));
  else
    json_object_set_null_member (object, "request");
  return sfumato_cli_print_json (object);
}

static SfumatoExit
show (SfumatoCli  *cli,
      char       **arguments)
{
  g_autoptr (GPtrArray) pictures = NULL;
  g_autofree char *text = NULL;
  GError *error = NULL;

  if (arguments[0] == NULL || arguments[1] != NULL)
    return sfumato_cli_misuse (cli, _("Which picture? “show” takes one id or file name."));
  pictures = find_all (cli, arguments, &error);
  if (pictures == NULL)
    return sfumato_cli_fail (cli, error);
  if (cli->json)
    return show_json (cli, g_ptr_array_index (pictures, 0));
  text = describe (cli, g_ptr_array_index (pictures, 0));
  return sfumato_cli_print (text, -1);
}

/* ---- delete ---- */

static SfumatoExit
print_deleted (SfumatoCli *cli,
               GPtrArray  *pictures)
{
  JsonObject *object;
  JsonArray *array;

  if (!cli->json)
    {
      for (guint i = 0; i < pictures->len; i++)
        sfumato_cli_say (_("Moved to the trash: %s"),
                         sfumato_picture_get_fields (g_ptr_array_index (pictures, i))->file_name);
      return SFUMATO_EXIT_DONE;
    }
  object = json_object_new ();
  array = json_array_new ();
  for (guint i = 0; i < pictures->len; i++)
    json_array_add_object_element (array, sfumato_cli_picture_json (cli, g_ptr_array_index (pictures, i)));
  json_object_set_array_member (object, "deleted", array);
  return sfumato_cli_print_json (object);
}

/* The way back is the trash of the system; no undo of ours waits for anybody here. */
static SfumatoExit
delete (SfumatoCli  *cli,
        char       **arguments)
{
  g_autoptr (GPtrArray) pictures = NULL;
  g_autofree char *undo = NULL;
  GError *error = NULL;

  if (arguments[0] == NULL)
    return sfumato_cli_misuse (cli, _("Which picture? “delete” takes ids or file names."));
  pictures = find_all (cli, arguments, &error);
  if (pictures == NULL || !sfumato_gallery_trash (sfumato_studio_get_gallery (cli->studio), pictures, &undo, &error))
    return sfumato_cli_fail (cli, error);
  sfumato_gallery_forget_trash (sfumato_studio_get_gallery (cli->studio), undo);
  return print_deleted (cli, pictures);
}

/* ---- the table's rows ---- */

const SfumatoCommand sfumato_command_list = {
  .name = "list",
  .usage = "",
  .summary = N_("List the pictures of the gallery"),
  .description = N_("Prints id and file name of each picture, the newest first. With --json the answer is one object: "
                    "“found” and “pictures”, with the members that “generate” has."),
  .examples = list_examples,
  .options = list_entries,
  .run = list,
};

const SfumatoCommand sfumato_command_search = {
  .name = "search",
  .usage = N_("WORD…"),
  .summary = N_("Find pictures by their words"),
  .description = N_("Prints the pictures in whose prompt, negative prompt or file name all words occur, each as the "
                    "beginning of a word. Besides: seed:N, model:NAME, service:NAME, before:DATE and after:DATE, with "
                    "dates like 2026, 2026-01 or 2026-01-31. The answer is that of “list”."),
  .examples = search_examples,
  .options = list_entries,
  .run = search,
};

const SfumatoCommand sfumato_command_show = {
  .name = "show",
  .usage = N_("PICTURE"),
  .summary = N_("Show what is known of a picture"),
  .description = N_("Prints how a picture was made. PICTURE is its id, its file name or its path. With --json the answer "
                    "is one object with the members that “generate” has, and “request”."),
  .examples = show_examples,
  .run = show,
};

const SfumatoCommand sfumato_command_delete = {
  .name = "delete",
  .usage = N_("PICTURE…"),
  .summary = N_("Move pictures to the trash"),
  .description = N_("Moves pictures and what is known of them to the system’s trash. PICTURE is an id, a file name or a "
                    "path; nothing is moved unless all of them are there."),
  .examples = delete_examples,
  .run = delete,
};
