/* What came of a generation: each picture's bytes to where they were asked for, and the answer.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "cli/sfumato-cli.h"

#include <glib/gi18n.h>
#include <string.h>

#include "domain/sfumato-error.h"

/* One job's part of the answer. */
typedef struct
{
  JsonObject *picture;  /* owned, nullable */
  char       *path;     /* owned, nullable: where a person finds it */
  GError     *error;    /* owned, nullable; there may be a picture all the same */
  char       *note;     /* owned, nullable: what became of the prompt on this computer */
  int         price;
} Item;

static void
item_free (gpointer data)
{
  Item *item = data;

  g_clear_pointer (&item->picture, json_object_unref);
  g_free (item->path);
  g_free (item->note);
  g_clear_error (&item->error);
  g_free (item);
}

static gboolean
is_stdout (const SfumatoOutput *output)
{
  return g_strcmp0 (output->path, "-") == 0;
}

/* "fox.png", "fox-2.png", …; in a folder, the names the gallery gave. */
char *
sfumato_cli_output_path (const SfumatoOutput *output,
                         const char          *name,
                         guint                n,
                         guint                count)
{
  const char *slash = strrchr (output->path, '/');
  const char *dot = strrchr (output->path, '.');

  if (name != NULL && g_file_test (output->path, G_FILE_TEST_IS_DIR))
    return g_build_filename (output->path, name, NULL);
  if (count == 1 || n == 0)
    return g_strdup (output->path);
  if (dot == NULL || dot == output->path || (slash != NULL && dot <= slash + 1))
    return g_strdup_printf ("%s-%u", output->path, n + 1);
  return g_strdup_printf ("%.*s-%u%s", (int) (dot - output->path), output->path, n + 1, dot);
}

/* ---- the bytes ---- */

static GBytes *
read_picture (const char  *path,
              GError     **error)
{
  g_autoptr (GError) problem = NULL;
  char *data;
  gsize size;

  if (g_file_get_contents (path, &data, &size, &problem))
    return g_bytes_new_take (data, size);
  g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Not Readable"), "%s.", problem->message));
  return NULL;
}

static gboolean
put_out (const SfumatoOutput *output,
         const char          *path,
         GBytes              *bytes,
         GError             **error)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);

  return is_stdout (output) ? sfumato_cli_write_stdout (data, size, error)
                            : sfumato_cli_save (path, bytes, output->force, error);
}

static void
set_place (Item       *item,
           const char *member,
           const char *path)
{
  g_autofree char *shown = g_filename_display_name (path);

  json_object_set_string_member (item->picture, member, shown);
  g_set_str (&item->path, path);
}

/* An error about a picture that exists, and has its price. */
static GError *
picture_error (SfumatoErrorCode  code,
               SfumatoCharge     charge,
               const char       *title,
               const char       *what,
               const char       *where)
{
  GError *error = sfumato_error_new (code, title, "%s %s", what, where);

  sfumato_error_set_charge (error, charge);
  return error;
}

/* ---- a picture of the gallery ---- */

static void
copy_out (Item                *item,
          const SfumatoOutput *output,
          const char          *copy,
          SfumatoCharge        charge)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (GBytes) bytes = read_picture (item->path, &problem);
  g_autofree char *where = NULL;
  g_autofree char *name = NULL;

  if (bytes != NULL && put_out (output, copy, bytes, &problem))
    {
      if (!is_stdout (output))
        set_place (item, "output", copy);
      return;
    }
  name = g_filename_display_name (item->path);
  where = g_strdup_printf (_("The picture is in your gallery: %s"), name);
  item->error = picture_error (SFUMATO_ERROR_STORAGE, charge, _("Not Written"), problem->message, where);
}

static GError *
explain_finish (const SfumatoPictureFields *fields,
                const char                 *path)
{
  g_autofree char *name = g_filename_display_name (path);
  g_autofree char *where = g_strdup_printf (_("It is in your gallery: %s"), name);

  return picture_error (SFUMATO_ERROR_REFUSED, fields->charge, _("Picture Blurred"),
                        fields->charge == SFUMATO_CHARGE_NONE
                        ? _("The service blurred the picture because of its content rules. Nothing was charged.")
                        : _("The service blurred the picture because of its content rules. It may have been charged; "
                            "the balance tells."), where);
}

/* What the service here had to leave out, as the window says it. */
static void
take_note (SfumatoCli *cli,
           Item       *item,
           SfumatoJob *job)
{
  SfumatoRequest *request = sfumato_job_get_request (job);
  const SfumatoRequestFields *asked = sfumato_request_get_fields (request);
  const SfumatoModel *model = sfumato_studio_find_model (cli->studio, asked->service, asked->model);
  g_auto (GStrv) unknown = model != NULL ? sfumato_request_find_unknown (request, model) : g_new0 (char *, 1);
  JsonArray *words = json_array_new ();

  for (guint i = 0; unknown[i] != NULL; i++)
    json_array_add_string_element (words, unknown[i]);
  json_object_set_array_member (item->picture, "unknown_words", words);
  if (model != NULL && !model->leaves_computer)
    item->note = g_strdup (sfumato_picture_get_fields (sfumato_job_get_picture (job))->finish_word);
}

static void
take_picture (SfumatoCli          *cli,
              Item                *item,
              SfumatoJob          *job,
              const SfumatoOutput *output,
              guint                n,
              guint                count)
{
  SfumatoPicture *picture = sfumato_job_get_picture (job);
  const SfumatoPictureFields *fields = sfumato_picture_get_fields (picture);
  g_autofree char *copy = NULL;

  item->path = sfumato_gallery_dup_path (sfumato_studio_get_gallery (cli->studio), picture);
  item->picture = sfumato_cli_picture_json (cli, picture);
  json_object_set_null_member (item->picture, "output");
  take_note (cli, item, job);
  if (fields->finish == SFUMATO_FINISH_FILTERED)
    item->error = explain_finish (fields, item->path);
  if (output->path == NULL)
    return;
  copy = sfumato_cli_output_path (output, fields->file_name, n, count);
  copy_out (item, output, copy, fields->charge);
}

/* ---- a picture that the gallery did not take ---- */

static void
rescue (Item                *item,
        SfumatoJob          *job,
        const SfumatoOutput *output,
        guint                n,
        guint                count)
{
  SfumatoResult *result = sfumato_job_get_result (job);
  const SfumatoResultFields *fields = sfumato_result_get_fields (result);
  const GError *problem = sfumato_job_get_error (job);
  g_autofree char *path = output->path != NULL ? sfumato_cli_output_path (output, NULL, n, count) : NULL;
  g_autofree char *where = NULL;

  item->picture = sfumato_cli_result_json (result, sfumato_job_get_request (job));
  json_object_set_null_member (item->picture, "output");
  if (path == NULL || !put_out (output, path, fields->bytes, NULL))
    {
      g_free (path);
      path = sfumato_cli_save_anywhere (fields->bytes, sfumato_result_get_header (result)->type);
    }
  if (path != NULL && !g_str_equal (path, "-"))
    set_place (item, "output", path);
  where = path != NULL ? g_strdup_printf (_("The picture was paid for, and is here: %s  “sfumato-cli queue save-again %s” "
                                            "tries the gallery again."), path, sfumato_job_get_id (job))
                       : g_strdup_printf (_("The picture was paid for, and no place on this computer took it. "
                                            "“sfumato-cli queue save-again %s” tries again if it could be kept at "
                                            "all."), sfumato_job_get_id (job));
  item->error = picture_error (SFUMATO_ERROR_STORAGE, fields->charge, sfumato_error_get_title (problem),
                               problem->message, where);
}

/* ---- the answer ---- */

static Item *
make_item (SfumatoCli          *cli,
           SfumatoJob          *job,
           const SfumatoOutput *output,
           guint                n,
           guint                count)
{
  Item *item = g_new0 (Item, 1);

  item->price = sfumato_job_get_price (job);
  if (sfumato_job_get_state (job) == SFUMATO_JOB_DONE)
    take_picture (cli, item, job, output, n, count);
  else if (sfumato_job_get_state (job) == SFUMATO_JOB_UNSAVED)
    rescue (item, job, output, n, count);
  else
    item->error = g_error_copy (sfumato_job_get_error (job));
  return item;
}

/* The one to speak of where one has to stand for all: that some may have been charged must not be missed. */
static const Item *
find_failed (GPtrArray *items)
{
  const Item *found = NULL;

  for (guint i = 0; i < items->len; i++)
    {
      const Item *item = g_ptr_array_index (items, i);

      if (item->error != NULL && (found == NULL || (sfumato_error_get_charge (found->error) == SFUMATO_CHARGE_NONE &&
                                                    sfumato_error_get_charge (item->error) != SFUMATO_CHARGE_NONE)))
        found = item;
    }
  return found;
}

static void
copy_member_cb (JsonObject *from,
                const char *name,
                JsonNode   *node,
                gpointer    to)
{
  json_object_set_member (to, name, json_node_copy (node));
}

static SfumatoExit
print_object (GPtrArray *items)
{
  const Item *failed = find_failed (items);
  JsonObject *object = json_object_new ();
  JsonArray *pictures = json_array_new ();
  JsonArray *errors = json_array_new ();

  for (guint i = 0; i < items->len; i++)
    {
      Item *item = g_ptr_array_index (items, i);

      if (item->picture != NULL)
        json_array_add_object_element (pictures, json_object_ref (item->picture));
      if (item->picture != NULL && items->len == 1)
        json_object_foreach_member (item->picture, copy_member_cb, object);
      if (item->error != NULL)
        json_array_add_object_element (errors, sfumato_cli_error_json (item->error, item->price));
    }
  if (failed != NULL)
    json_object_set_object_member (object, "error", sfumato_cli_error_json (failed->error, failed->price));
  json_object_set_array_member (object, "pictures", pictures);
  if (failed != NULL && items->len > 1)
    json_object_set_array_member (object, "errors", errors);
  else
    json_array_unref (errors);
  return sfumato_cli_print_json (object);
}

static SfumatoExit
print_lines (GPtrArray *items,
             gboolean   quiet)
{
  g_autoptr (GString) lines = g_string_new (NULL);
  const char *said = NULL;
  const char *complained = NULL;

  for (guint i = 0; i < items->len; i++)
    {
      const Item *item = g_ptr_array_index (items, i);

      if (item->note != NULL && g_strcmp0 (item->note, said) != 0)
        sfumato_cli_say ("%s", item->note);
      said = item->note;
      if (item->error != NULL && g_strcmp0 (item->error->message, complained) != 0)
        sfumato_cli_say_error (item->error);
      complained = item->error != NULL ? item->error->message : NULL;
      if (item->path != NULL)
        g_string_append_printf (lines, "%s\n", item->path);
    }
  return quiet ? SFUMATO_EXIT_DONE : sfumato_cli_print (lines->str, lines->len);
}

/* A picture that nobody hears of is paid for again. The errors were said, unless they were to be in an object. */
static void
say_what_was_lost (GPtrArray *items,
                   gboolean   errors)
{
  for (guint i = 0; i < items->len; i++)
    {
      const Item *item = g_ptr_array_index (items, i);

      if (item->error != NULL && errors)
        sfumato_cli_say_error (item->error);
      if (item->path != NULL)
        sfumato_cli_say ("%s", item->path);
    }
}

SfumatoExit
sfumato_cli_report (SfumatoCli          *cli,
                    GPtrArray           *jobs,
                    const SfumatoOutput *output)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (item_free);
  const Item *failed;
  SfumatoExit printed;

  for (guint i = 0; i < jobs->len; i++)
    g_ptr_array_add (items, make_item (cli, g_ptr_array_index (jobs, i), output, i, jobs->len));
  printed = cli->json ? print_object (items) : print_lines (items, is_stdout (output));
  if (printed != SFUMATO_EXIT_DONE)
    say_what_was_lost (items, cli->json);
  failed = find_failed (items);
  return failed != NULL ? sfumato_cli_exit_for (failed->error) : printed;
}
