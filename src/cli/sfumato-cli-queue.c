/* sfumato-cli queue: what ended runs left behind.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "cli/sfumato-cli.h"

#include <glib/gi18n.h>

#include "domain/sfumato-error.h"

#define PROMPT_CHARS 60

static const char * const examples[] = {
  "queue", "queue send-again 6c7c1a0e-6a2c-4f0e-9b1a-6f1d9d3c3b5e", "queue remove 6c7c1a0e-6a2c-4f0e-9b1a-6f1d9d3c3b5e",
  NULL
};

/* ---- the list ---- */

static const char *
explain_state (SfumatoJobState state)
{
  switch (state)
    {
    case SFUMATO_JOB_WAITING:
      return _("not sent yet");
    case SFUMATO_JOB_UNSAVED:
      return _("paid for, and not in the gallery yet");
    case SFUMATO_JOB_UNKNOWN:
      return _("had been sent: may have been charged");
    case SFUMATO_JOB_RUNNING:
    case SFUMATO_JOB_DONE:
    case SFUMATO_JOB_FAILED:
    case SFUMATO_JOB_CANCELLED:
    default:
      return sfumato_cli_state_word (state);
    }
}

static void
append_line (GString    *text,
             SfumatoJob *job)
{
  g_autofree char *prompt = sfumato_clean_text (sfumato_request_get_prompt (sfumato_job_get_request (job)), -1,
                                                PROMPT_CHARS);

  g_strdelimit (prompt, "\n\t", ' ');
  g_string_append_printf (text, "%s  %s  “%s”\n", sfumato_job_get_id (job), explain_state (sfumato_job_get_state (job)),
                          prompt);
}

static SfumatoExit
print_queue (SfumatoCli  *cli,
             char       **ids)
{
  GListModel *queue = G_LIST_MODEL (sfumato_studio_get_queue (cli->studio));
  g_autoptr (GString) text = g_string_new (NULL);
  JsonArray *array = json_array_new ();
  JsonObject *object = json_object_new ();

  for (guint i = 0; i < g_list_model_get_n_items (queue); i++)
    {
      g_autoptr (SfumatoJob) job = g_list_model_get_item (queue, i);

      append_line (text, job);
      json_array_add_object_element (array, sfumato_cli_job_json (job));
    }
  json_object_set_array_member (object, "jobs", array);
  if (cli->json)
    return sfumato_cli_print_json (object);
  json_object_unref (object);
  return sfumato_cli_print (text->str, text->len);
}

/* ---- one job ---- */

static SfumatoJob *
find_job (SfumatoCli  *cli,
          const char  *id,
          GError     **error)
{
  GListModel *queue = G_LIST_MODEL (sfumato_studio_get_queue (cli->studio));
  g_autofree char *shown = g_utf8_make_valid (id, -1);

  for (guint i = 0; i < g_list_model_get_n_items (queue); i++)
    {
      g_autoptr (SfumatoJob) job = g_list_model_get_item (queue, i);

      if (g_strcmp0 (sfumato_job_get_id (job), id) == 0)
        return g_steal_pointer (&job);
    }
  g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Not in the Queue"),
                                               _("There is no “%s” in the queue; “sfumato-cli queue” lists what is."),
                                               shown));
  return NULL;
}

static SfumatoExit
follow_and_report (SfumatoCli *cli,
                   SfumatoJob *job)
{
  g_autoptr (GPtrArray) jobs = g_ptr_array_new_with_free_func (g_object_unref);

  g_ptr_array_add (jobs, g_object_ref (job));
  sfumato_cli_follow (cli, jobs);
  return sfumato_cli_report (cli, jobs, &(SfumatoOutput) { NULL, FALSE });
}

static SfumatoExit
send_again (SfumatoCli *cli,
            SfumatoJob *job,
            GError    **error)
{
  GListModel *queue = G_LIST_MODEL (sfumato_studio_get_queue (cli->studio));
  g_autoptr (SfumatoService) service =
    sfumato_studio_find_service (cli->studio, sfumato_request_get_fields (sfumato_job_get_request (job))->service);
  g_autoptr (SfumatoJob) again = NULL;

  if (sfumato_job_get_state (job) == SFUMATO_JOB_UNSAVED)
    {
      g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_INVALID, _("Not Sent Again"),
                                                   _("This picture has arrived: “sfumato-cli queue save-again %s” puts "
                                                     "it into the gallery. Nothing was sent."),
                                                   sfumato_job_get_id (job)));
      return SFUMATO_EXIT_INVALID;
    }
  if (service != NULL && !sfumato_cli_provide_key (cli, service, error))
    return SFUMATO_EXIT_FAILED;
  if (!sfumato_queue_send_again (SFUMATO_QUEUE (queue), job, error))
    return SFUMATO_EXIT_FAILED;
  again = g_list_model_get_item (queue, g_list_model_get_n_items (queue) - 1);
  return follow_and_report (cli, again);
}

static SfumatoExit
save_again (SfumatoCli *cli,
            SfumatoJob *job,
            GError    **error)
{
  if (sfumato_job_get_state (job) != SFUMATO_JOB_UNSAVED)
    {
      g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_INVALID, _("Not Saved Again"),
                                                   _("There is no picture to be saved for this one.")));
      return SFUMATO_EXIT_INVALID;
    }
  sfumato_queue_save_again (sfumato_studio_get_queue (cli->studio), job);
  return follow_and_report (cli, job);
}

static SfumatoExit
remove_job (SfumatoCli *cli,
            SfumatoJob *job,
            GError    **error)
{
  JsonObject *object;
  JsonArray *array;

  sfumato_queue_remove (sfumato_studio_get_queue (cli->studio), job);
  if (!cli->json)
    {
      sfumato_cli_say (_("Removed from the queue."));
      return SFUMATO_EXIT_DONE;
    }
  object = json_object_new ();
  array = json_array_new ();
  json_array_add_object_element (array, sfumato_cli_job_json (job));
  json_object_set_array_member (object, "removed", array);
  return sfumato_cli_print_json (object);
}

static const struct
{
  const char   *name;
  SfumatoExit (*run) (SfumatoCli *cli,
                      SfumatoJob *job,
                      GError    **error);
} verbs[] = {
  { "send-again", send_again },
  { "save-again", save_again },
  { "remove", remove_job },
};

static SfumatoExit
run_verb (SfumatoCli  *cli,
          guint        verb,
          const char  *id)
{
  GError *error = NULL;
  g_autoptr (SfumatoJob) job = find_job (cli, id, &error);
  SfumatoExit status = job != NULL ? verbs[verb].run (cli, job, &error) : SFUMATO_EXIT_FAILED;

  return error != NULL ? sfumato_cli_fail (cli, error) : status;
}

static SfumatoExit
queue (SfumatoCli  *cli,
       char       **arguments)
{
  GError *error = NULL;
  guint verb = 0;

  while (arguments[0] != NULL && verb < G_N_ELEMENTS (verbs) && !g_str_equal (verbs[verb].name, arguments[0]))
    verb++;
  if (arguments[0] != NULL && (verb == G_N_ELEMENTS (verbs) || arguments[1] == NULL || arguments[2] != NULL))
    return sfumato_cli_misuse (cli, _("“queue” alone lists; or send-again, save-again or remove, and one id."));
  if (sfumato_cli_open (cli, &error) == NULL)
    return sfumato_cli_fail (cli, error);
  sfumato_studio_inherit_queue (cli->studio);
  return arguments[0] == NULL ? print_queue (cli, arguments) : run_verb (cli, verb, arguments[1]);
}

const SfumatoCommand sfumato_command_queue = {
  .name = "queue",
  .usage = N_("[send-again|save-again|remove ID]"),
  .summary = N_("See to what an ended run left behind"),
  .description = N_("Without words: lists what was asked for and is not over, because a run was killed or a folder could "
                    "not be written; what a running Sfumato is at work on is not listed. send-again: asks for the "
                    "picture as a new request, which is charged. save-again: puts a picture that has arrived into the "
                    "gallery. remove: takes it off the list. With --json the answer is one object: “jobs”, each with "
                    "id, state (waiting, unsaved or unknown), prompt, model, price and may_have_been_charged."),
  .examples = examples,
  .wants_url = TRUE,
  .run = queue,
};
