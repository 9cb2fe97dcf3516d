/* A request as JSON and back: for the journal, the sidecar and the draft.
 *
 * The text comes from files that anybody may have touched, so nothing in it is believed: types and ranges are
 * checked, and what is not there is the model's default.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "domain/sfumato-request.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "domain/sfumato-error.h"
#include "domain/sfumato-json-write.h"

#define STEPS_MAX 10000   /* far beyond any model's */

static void
add_input (JsonBuilder        *builder,
           const SfumatoInput *input)
{
  json_builder_set_member_name (builder, "input");
  json_builder_begin_object (builder);
  sfumato_json_add_text (builder, "sha256", input->sha256);
  sfumato_json_add_text (builder, "type", sfumato_image_type_format (input->type));
  sfumato_json_add_int (builder, "width", input->width);
  sfumato_json_add_int (builder, "height", input->height);
  sfumato_json_add_text (builder, "name", input->name);
  json_builder_end_object (builder);
}

JsonNode *
sfumato_request_to_json (SfumatoRequest *self)
{
  const SfumatoRequestFields *fields = sfumato_request_get_fields (self);
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  sfumato_json_add_text (builder, "service", fields->service);
  sfumato_json_add_text (builder, "model", fields->model);
  sfumato_json_add_text (builder, "prompt", fields->prompt);
  sfumato_json_add_text (builder, "negative_prompt", fields->negative_prompt);
  sfumato_json_add_text (builder, "aspect_ratio", fields->aspect_ratio);
  if (fields->seed != SFUMATO_SEED_RANDOM)
    sfumato_json_add_int (builder, "seed", fields->seed);
  sfumato_json_add_text (builder, "style", fields->style);
  if (fields->guidance != 0)
    sfumato_json_add_double (builder, "guidance", fields->guidance);
  if (fields->steps != 0)
    sfumato_json_add_int (builder, "steps", fields->steps);
  sfumato_json_add_text (builder, "sampler", fields->sampler);
  if (fields->size != 0)
    sfumato_json_add_int (builder, "size", fields->size);
  sfumato_json_add_text (builder, "format", fields->format);
  if (fields->count != 1)
    sfumato_json_add_int (builder, "count", fields->count);
  if (fields->input != NULL)
    {
      add_input (builder, fields->input);
      if (fields->strength >= 0)
        sfumato_json_add_double (builder, "strength", fields->strength);
    }
  json_builder_end_object (builder);
  return json_builder_get_root (builder);
}

/* ---- back ---- */

static const JsonNode *
get_value (JsonObject *object,
           const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) ? node : NULL;
}

static const char *
get_text (JsonObject *object,
          const char *name)
{
  const JsonNode *node = get_value (object, name);

  return node != NULL && json_node_get_value_type ((JsonNode *) node) == G_TYPE_STRING ?
           json_node_get_string ((JsonNode *) node) : NULL;
}

static double
get_double (JsonObject *object,
            const char *name,
            double      fallback)
{
  const JsonNode *node = get_value (object, name);
  GType type = node != NULL ? json_node_get_value_type ((JsonNode *) node) : G_TYPE_INVALID;
  double value;

  if (type != G_TYPE_DOUBLE && type != G_TYPE_INT64)
    return fallback;
  value = json_node_get_double ((JsonNode *) node);
  return isfinite (value) ? value : fallback;
}

static gint64
get_int (JsonObject *object,
         const char *name,
         gint64      min,
         gint64      max,
         gint64      fallback)
{
  const JsonNode *node = get_value (object, name);
  gint64 value;

  if (node == NULL || json_node_get_value_type ((JsonNode *) node) != G_TYPE_INT64)
    return fallback;
  value = json_node_get_int ((JsonNode *) node);
  return value >= min && value <= max ? value : fallback;
}

static gboolean
is_sha256 (const char *text)
{
  return text != NULL && strlen (text) == 64 && strspn (text, "0123456789abcdef") == 64;
}

static SfumatoInput *
get_input (JsonObject *object)
{
  JsonNode *node = json_object_get_member (object, "input");
  const char *sha256, *name;
  JsonObject *from;
  SfumatoInput *input;

  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    return NULL;
  from = json_node_get_object (node);
  sha256 = get_text (from, "sha256");
  if (!is_sha256 (sha256))
    return NULL;
  name = get_text (from, "name");
  input = g_atomic_rc_box_new0 (SfumatoInput);
  input->sha256 = g_strdup (sha256);
  input->type = sfumato_image_type_from_format (get_text (from, "type"));
  input->width = get_int (from, "width", 1, SFUMATO_IMAGE_SIDE_MAX, 1);
  input->height = get_int (from, "height", 1, SFUMATO_IMAGE_SIDE_MAX, 1);
  input->name = name != NULL ? sfumato_clean_text (name, -1, 120) : g_strdup ("");
  return input;
}

SfumatoRequest *
sfumato_request_from_json (JsonNode  *json,
                           GError   **error)
{
  g_autoptr (SfumatoInput) input = NULL;
  JsonObject *object;

  if (json == NULL || !JSON_NODE_HOLDS_OBJECT (json))
    {
      g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Request Not Readable"),
                                                   _("The stored settings of this picture are damaged.")));
      return NULL;
    }
  object = json_node_get_object (json);
  input = get_input (object);
  return sfumato_request_new (&(SfumatoRequestFields) {
    .service = get_text (object, "service"),
    .model = get_text (object, "model"),
    .prompt = get_text (object, "prompt"),
    .negative_prompt = get_text (object, "negative_prompt"),
    .aspect_ratio = get_text (object, "aspect_ratio"),
    .style = get_text (object, "style"),
    .format = get_text (object, "format"),
    .seed = get_int (object, "seed", 0, G_MAXINT64 - 1, SFUMATO_SEED_RANDOM),
    .guidance = get_double (object, "guidance", 0),
    .steps = get_int (object, "steps", 0, STEPS_MAX, 0),
    .sampler = get_text (object, "sampler"),
    .size = get_int (object, "size", 0, SFUMATO_IMAGE_SIDE_MAX, 0),
    .count = get_int (object, "count", 1, SFUMATO_COUNT_MAX, 1),
    .input = input,
    .strength = get_double (object, "strength", -1),
  });
}

/* Not json_from_string(): its parser aborts the program over some damaged texts, because it wants to give out nodes that
 * cannot be changed and then finds one that can. */
SfumatoRequest *
sfumato_request_from_text (const char  *text,
                           GError     **error)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  gboolean read = text != NULL && json_parser_load_from_data (parser, text, -1, NULL);

  return sfumato_request_from_json (read ? json_parser_get_root (parser) : NULL, error);
}
