/* One model that is installed for the engine on this computer, and how it is written in the list's file.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <math.h>

#include "services/local/sfumato-local-private.h"
#include "services/sfumato-json.h"

#define PATHS_MAX 64

SfumatoLocalModel *
sfumato_local_model_new (void)
{
  return g_atomic_rc_box_new0 (SfumatoLocalModel);
}

SfumatoLocalModel *
sfumato_local_model_ref (SfumatoLocalModel *model)
{
  return g_atomic_rc_box_acquire (model);
}

static void
model_clear (gpointer data)
{
  SfumatoLocalModel *model = data;

  g_free (model->id);
  g_free (model->name);
  g_strfreev (model->paths);
  g_free (model->t5_vocabulary);
  g_free (model->variant);
  g_free (model->sampler);
  g_clear_pointer (&model->vocabulary, sfumato_vocabulary_free);
}

void
sfumato_local_model_unref (SfumatoLocalModel *model)
{
  g_atomic_rc_box_release_full (model, model_clear);
}

const char *
sfumato_local_variant_name (const char *variant)
{
  static const struct { const char *variant, *name; } names[] = {
    { "sd3-medium", "SD 3 Medium" },
    { "sd3.5-medium", "SD 3.5 Medium" },
    { "sd3.5-large", "SD 3.5 Large" },
    { "sd3.5-large-turbo", "SD 3.5 Large Turbo" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_strcmp0 (names[i].variant, variant) == 0)
      return names[i].name;
  return NULL;
}

/* ---- the file's words ---- */

static void
set_text (JsonObject *object,
          const char *name,
          const char *text)
{
  if (text != NULL)
    json_object_set_string_member (object, name, text);
}

JsonObject *
sfumato_local_model_to_json (const SfumatoLocalModel *model)
{
  JsonObject *object = json_object_new ();
  JsonArray *paths = json_array_new ();

  for (guint i = 0; model->paths[i] != NULL; i++)
    json_array_add_string_element (paths, model->paths[i]);
  set_text (object, "id", model->id);
  set_text (object, "name", model->name);
  json_object_set_array_member (object, "paths", paths);
  set_text (object, "t5_vocabulary", model->t5_vocabulary);
  set_text (object, "variant", model->variant);
  json_object_set_boolean_member (object, "turbo", model->turbo);
  json_object_set_boolean_member (object, "clip_l", model->clip_l);
  json_object_set_boolean_member (object, "clip_g", model->clip_g);
  json_object_set_boolean_member (object, "t5", model->t5);
  json_object_set_boolean_member (object, "encoder", model->encoder);
  json_object_set_int_member (object, "side_max", model->side_max);
  json_object_set_int_member (object, "side_default", model->side_default);
  json_object_set_int_member (object, "steps", model->steps);
  set_text (object, "sampler", model->sampler);
  json_object_set_double_member (object, "guidance", model->guidance);
  json_object_set_int_member (object, "file_size", model->file_size);
  json_object_set_int_member (object, "memory_needed", model->memory_needed);
  return object;
}

gboolean
sfumato_local_get_boolean (JsonObject *object,
                           const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_BOOLEAN &&
         json_node_get_boolean (node);
}

double
sfumato_local_get_number (JsonObject *object,
                          const char *name)
{
  JsonNode *node = json_object_get_member (object, name);
  GType type = node != NULL && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_INVALID;

  if (type != G_TYPE_DOUBLE && type != G_TYPE_INT64)
    return NAN;
  return json_node_get_double (node);
}

static char **
get_paths (JsonObject *object)
{
  JsonNode *node = json_object_get_member (object, "paths");
  g_autoptr (GStrvBuilder) paths = g_strv_builder_new ();
  JsonArray *array;

  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node))
    return NULL;
  array = json_node_get_array (node);
  if (json_array_get_length (array) == 0 || json_array_get_length (array) > PATHS_MAX)
    return NULL;
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *path = json_array_get_element (array, i);

      if (json_node_get_value_type (path) != G_TYPE_STRING || !g_path_is_absolute (json_node_get_string (path)))
        return NULL;
      g_strv_builder_add (paths, json_node_get_string (path));
    }
  return g_strv_builder_end (paths);
}

SfumatoLocalModel *
sfumato_local_model_from_json (JsonObject *object)
{
  g_autoptr (SfumatoLocalModel) model = sfumato_local_model_new ();

  model->id = g_strdup (sfumato_json_get_string (object, "id"));
  model->name = g_strdup (sfumato_json_get_string (object, "name"));
  model->paths = get_paths (object);
  model->t5_vocabulary = g_strdup (sfumato_json_get_string (object, "t5_vocabulary"));
  model->variant = g_strdup (sfumato_json_get_string (object, "variant"));
  model->turbo = sfumato_local_get_boolean (object, "turbo");
  model->clip_l = sfumato_local_get_boolean (object, "clip_l");
  model->clip_g = sfumato_local_get_boolean (object, "clip_g");
  model->t5 = sfumato_local_get_boolean (object, "t5");
  model->encoder = sfumato_local_get_boolean (object, "encoder");
  model->side_max = MAX (sfumato_json_get_count (object, "side_max", SFUMATO_LOCAL_SIDE_MAX), 0);
  model->side_default = MAX (sfumato_json_get_count (object, "side_default", SFUMATO_LOCAL_SIDE_MAX), 0);
  model->steps = MAX (sfumato_json_get_count (object, "steps", SFUMATO_LOCAL_STEPS_MAX), 0);
  model->sampler = g_strdup (sfumato_json_get_string (object, "sampler"));
  model->guidance = sfumato_local_get_number (object, "guidance");
  model->file_size = MAX (sfumato_json_get_count (object, "file_size", G_MAXINT64 / 2), 0);
  model->memory_needed = MAX (sfumato_json_get_count (object, "memory_needed", G_MAXINT64 / 2), 0);
  if (model->id == NULL || model->name == NULL || model->paths == NULL || model->variant == NULL ||
      model->side_max == 0 || model->side_default == 0 || model->steps == 0 || !(model->guidance >= 0))
    return NULL;
  return g_steal_pointer (&model);
}
