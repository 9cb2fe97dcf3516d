/* The shapes of JSON answers. A member that is not known is null, and none is ever taken away.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "cli/sfumato-cli.h"

#include "domain/sfumato-error.h"

static const char * const finish_words[] = {
  [SFUMATO_FINISH_SUCCESS] = "success",
  [SFUMATO_FINISH_FILTERED] = "filtered",
  [SFUMATO_FINISH_OTHER] = "other",
};

static const char * const state_words[] = {
  [SFUMATO_JOB_WAITING] = "waiting",
  [SFUMATO_JOB_RUNNING] = "running",
  [SFUMATO_JOB_UNSAVED] = "unsaved",
  [SFUMATO_JOB_DONE] = "done",
  [SFUMATO_JOB_FAILED] = "failed",
  [SFUMATO_JOB_CANCELLED] = "cancelled",
  [SFUMATO_JOB_UNKNOWN] = "unknown",
};

const char *
sfumato_cli_state_word (SfumatoJobState state)
{
  return state_words[state];
}

/* ---- members ---- */

static void
set_text (JsonObject *object,
          const char *name,
          const char *text)
{
  if (text != NULL)
    json_object_set_string_member (object, name, text);
  else
    json_object_set_null_member (object, name);
}

/* JSON is UTF-8; a path need not be. */
static void
set_path (JsonObject *object,
          const char *name,
          const char *path)
{
  g_autofree char *shown = path != NULL ? g_filename_display_name (path) : NULL;

  set_text (object, name, shown);
}

static void
set_seed (JsonObject *object,
          const char *name,
          gint64      seed)
{
  if (seed >= 0)
    json_object_set_int_member (object, name, seed);
  else
    json_object_set_null_member (object, name);
}

static void
set_price (JsonObject *object,
           int         hundredths)
{
  json_object_set_double_member (object, "price", hundredths / 100.0);
}

static void
set_charge (JsonObject    *object,
            SfumatoCharge  charge)
{
  json_object_set_boolean_member (object, "may_have_been_charged", charge == SFUMATO_CHARGE_MAYBE);
  json_object_set_string_member (object, "charge", sfumato_charge_to_string (charge));
}

static void
set_words (JsonObject         *object,
           const char         *name,
           const char * const *words)
{
  JsonArray *array = json_array_new ();

  for (; words != NULL && *words != NULL; words++)
    json_array_add_string_element (array, *words);
  json_object_set_array_member (object, name, array);
}

/* Of what was asked for; 0 asks for a random seed. */
static void
set_request (JsonObject     *object,
             SfumatoRequest *request)
{
  const SfumatoRequestFields *fields = request != NULL ? sfumato_request_get_fields (request) : NULL;
  gboolean random = request == NULL || sfumato_request_is_seed_random (request);

  set_text (object, "prompt", fields != NULL ? fields->prompt : NULL);
  set_text (object, "sampler", fields != NULL ? fields->sampler : NULL);
  if (fields != NULL && fields->steps != 0)
    json_object_set_int_member (object, "steps", fields->steps);
  else
    json_object_set_null_member (object, "steps");
  set_seed (object, "seed_asked", random ? -1 : fields->seed);
}

/* ---- objects ---- */

JsonObject *
sfumato_cli_picture_json (SfumatoCli     *cli,
                          SfumatoPicture *picture)
{
  const SfumatoPictureFields *fields = sfumato_picture_get_fields (picture);
  g_autofree char *path = sfumato_gallery_dup_path (sfumato_studio_get_gallery (cli->studio), picture);
  g_autofree char *created = fields->created != NULL ? g_date_time_format_iso8601 (fields->created) : NULL;
  JsonObject *object = json_object_new ();

  set_text (object, "id", fields->id);
  set_path (object, "file", path);
  set_request (object, fields->request);
  set_seed (object, "seed_used", fields->seed_used);
  json_object_set_int_member (object, "width", fields->width);
  json_object_set_int_member (object, "height", fields->height);
  set_text (object, "format", sfumato_image_type_format (fields->type));
  json_object_set_int_member (object, "size", fields->size);
  set_text (object, "service", fields->service);
  set_text (object, "model", fields->model);
  set_price (object, fields->price);
  set_charge (object, fields->charge);
  json_object_set_string_member (object, "finish", finish_words[fields->finish]);
  set_text (object, "finish_word", fields->finish_word);
  set_text (object, "created", created);
  if (fields->duration > 0)
    json_object_set_double_member (object, "duration", fields->duration / 1000 / 1000.0);
  else
    json_object_set_null_member (object, "duration");
  set_text (object, "request_id", fields->request_id);
  json_object_set_boolean_member (object, "content_credentials", fields->content_credentials);
  json_object_set_boolean_member (object, "favorite", fields->favorite);
  json_object_set_boolean_member (object, "missing", fields->missing);
  return object;
}

JsonObject *
sfumato_cli_result_json (SfumatoResult  *result,
                         SfumatoRequest *request)
{
  const SfumatoResultFields *fields = sfumato_result_get_fields (result);
  const SfumatoRequestFields *asked = sfumato_request_get_fields (request);
  const SfumatoImageHeader *header = sfumato_result_get_header (result);
  JsonObject *object = json_object_new ();

  set_text (object, "id", NULL);
  set_text (object, "file", NULL);
  set_request (object, request);
  set_seed (object, "seed_used", fields->seed_used);
  json_object_set_int_member (object, "width", header->width);
  json_object_set_int_member (object, "height", header->height);
  set_text (object, "format", sfumato_image_type_format (header->type));
  json_object_set_int_member (object, "size", g_bytes_get_size (fields->bytes));
  set_text (object, "service", asked->service);
  set_text (object, "model", fields->model != NULL ? fields->model : asked->model);
  set_price (object, fields->price);
  set_charge (object, fields->charge);
  json_object_set_string_member (object, "finish", finish_words[fields->finish]);
  set_text (object, "finish_word", fields->finish_word);
  set_text (object, "request_id", fields->request_id);
  return object;
}

JsonObject *
sfumato_cli_error_json (const GError *error,
                        int           price)
{
  SfumatoCharge charge = sfumato_error_get_charge (error);
  guint retry_after = sfumato_error_get_retry_after (error);
  const char *code = error->domain == SFUMATO_ERROR ? sfumato_error_code_to_string (error->code)
                     : error->domain == G_OPTION_ERROR ? "misuse" : "failed";
  g_autofree char *message = g_utf8_make_valid (error->message, -1);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "code", code);
  json_object_set_string_member (object, "message", message);
  json_object_set_string_member (object, "title", sfumato_error_get_title (error));
  set_charge (object, charge);
  if (charge != SFUMATO_CHARGE_NONE)
    set_price (object, price);
  set_text (object, "details", sfumato_error_get_details (error));
  set_text (object, "field", sfumato_error_get_field (error));
  if (retry_after > 0)
    json_object_set_int_member (object, "retry_after", retry_after);
  else
    json_object_set_null_member (object, "retry_after");
  return object;
}

JsonObject *
sfumato_cli_job_json (SfumatoJob *job)
{
  const SfumatoRequestFields *fields = sfumato_request_get_fields (sfumato_job_get_request (job));
  SfumatoJobState state = sfumato_job_get_state (job);
  JsonObject *object = json_object_new ();

  set_text (object, "id", sfumato_job_get_id (job));
  set_text (object, "state", sfumato_cli_state_word (state));
  set_request (object, sfumato_job_get_request (job));
  set_text (object, "service", fields->service);
  set_text (object, "model", fields->model);
  set_price (object, sfumato_job_get_price (job));
  set_charge (object, state == SFUMATO_JOB_UNKNOWN ? SFUMATO_CHARGE_MAYBE
                      : state == SFUMATO_JOB_UNSAVED ? SFUMATO_CHARGE_YES : SFUMATO_CHARGE_NONE);
  return object;
}

static void
set_styles (JsonObject         *object,
            const SfumatoStyle *styles)
{
  JsonArray *array = json_array_new ();

  for (; styles != NULL && styles->id != NULL; styles++)
    json_array_add_string_element (array, styles->id);
  json_object_set_array_member (object, "styles", array);
}

static void
set_guidance (JsonObject         *object,
              const SfumatoModel *model)
{
  JsonObject *guidance;

  if (model->guidance_max == 0)
    {
      json_object_set_null_member (object, "guidance");
      return;
    }
  guidance = json_object_new ();
  json_object_set_double_member (guidance, "min", model->guidance_min);
  json_object_set_double_member (guidance, "max", model->guidance_max);
  json_object_set_double_member (guidance, "default", model->guidance_default);
  json_object_set_object_member (object, "guidance", guidance);
}

static void
set_samplers (JsonObject         *object,
              const SfumatoModel *model)
{
  JsonArray *array = json_array_new ();

  for (const SfumatoSampler *sampler = model->samplers; sampler != NULL && sampler->id != NULL; sampler++)
    json_array_add_string_element (array, sampler->id);
  json_object_set_array_member (object, "samplers", array);
}

static void
set_sizes (JsonObject         *object,
           const SfumatoModel *model)
{
  JsonArray *array = json_array_new ();

  for (const guint *size = model->sizes; size != NULL && *size != 0; size++)
    json_array_add_int_element (array, *size);
  json_object_set_array_member (object, "sizes", array);
  if (model->sizes != NULL)
    json_object_set_int_member (object, "size_default", model->size_default);
  else
    json_object_set_null_member (object, "size_default");
}

static void
set_steps (JsonObject         *object,
           const SfumatoModel *model)
{
  JsonObject *steps;

  if (model->steps_max == 0)
    {
      json_object_set_null_member (object, "steps");
      return;
    }
  steps = json_object_new ();
  json_object_set_int_member (steps, "min", model->steps_min);
  json_object_set_int_member (steps, "max", model->steps_max);
  json_object_set_int_member (steps, "default", model->steps_default);
  json_object_set_object_member (object, "steps", steps);
}

JsonObject *
sfumato_cli_model_json (const SfumatoModel *model)
{
  JsonObject *object = json_object_new ();

  set_text (object, "id", model->id);
  set_text (object, "service", model->service);
  set_text (object, "name", model->name);
  set_price (object, model->price);
  json_object_set_int_member (object, "prompt_max", model->prompt_max);
  json_object_set_boolean_member (object, "negative_prompt", model->negative_prompt);
  set_words (object, "aspect_ratios", model->aspect_ratios);
  json_object_set_int_member (object, "seed_max", model->seed_max);
  set_styles (object, model->styles);
  set_words (object, "formats", model->formats);
  set_guidance (object, model);
  set_steps (object, model);
  set_samplers (object, model);
  set_sizes (object, model);
  json_object_set_boolean_member (object, "leaves_computer", model->leaves_computer);
  json_object_set_boolean_member (object, "input_picture", model->input_picture);
  if (model->input_picture)
    json_object_set_double_member (object, "strength_default", model->strength_default);
  else
    json_object_set_null_member (object, "strength_default");
  return object;
}
