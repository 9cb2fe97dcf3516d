/* What is said to the helper and what it says, one JSON object a line; src/engine/NOTES.md has the protocol.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/local/sfumato-local-private.h"

#include <math.h>

#include "domain/sfumato-error.h"
#include "domain/sfumato-json-write.h"
#include "services/sfumato-json.h"

#define PROTOCOL         1
#define JOB              "1"     /* one picture at a time needs one name */
#define BYTES_MAX        (G_GINT64_CONSTANT (1) << 53)
#define DEVICES_MAX      32
#define PREVIEW_SIDE_MAX 1024

/* How much of the whole each part is taken for; what is between them is steps. */
#define PART_TEXT     0.05
#define PART_DECODING 0.05

void
sfumato_local_task_clear (SfumatoLocalTask *task)
{
  g_clear_pointer (&task->told.preview.rgb, g_bytes_unref);
  g_clear_pointer (&task->picture, g_bytes_unref);
  g_clear_pointer (&task->rgb, g_bytes_unref);
}

/* ---- speaking ---- */

static GString *
line_of (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *text = NULL;
  GString *line;

  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  text = json_to_string (root, FALSE);
  line = g_string_new (text);
  g_string_append_c (line, '\n');
  return line;
}

static JsonBuilder *
begin (const char *what)
{
  JsonBuilder *builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "do");
  json_builder_add_string_value (builder, what);
  return builder;
}

GString *
sfumato_local_say_load (const SfumatoLocalModel *model,
                        const char              *merges,
                        const char              *device,
                        guint                    threads)
{
  g_autoptr (JsonBuilder) builder = begin ("load");

  json_builder_set_member_name (builder, "paths");
  json_builder_begin_array (builder);
  for (guint i = 0; model->paths[i] != NULL; i++)
    json_builder_add_string_value (builder, model->paths[i]);
  json_builder_end_array (builder);
  sfumato_json_add_text (builder, "merges", merges);
  sfumato_json_add_text (builder, "t5", model->t5_vocabulary);
  sfumato_json_add_text (builder, "device", device);
  if (threads > 0)
    sfumato_json_add_int (builder, "threads", threads);
  return line_of (builder);
}

static void
add_numbers (JsonBuilder            *builder,
             const SfumatoLocalTask *task)
{
  const SfumatoRequestFields *fields = sfumato_request_get_fields (task->request);
  const SfumatoModel *table = task->table;
  g_autofree char *seed = g_strdup_printf ("%" G_GINT64_FORMAT, task->seed);

  sfumato_json_add_int (builder, "width", task->width);
  sfumato_json_add_int (builder, "height", task->height);
  sfumato_json_add_int (builder, "steps", fields->steps != 0 ? fields->steps : table->steps_default);
  sfumato_json_add_text (builder, "sampler", fields->sampler != NULL ? fields->sampler : table->samplers[0].id);
  sfumato_json_add_double (builder, "guidance", fields->guidance != 0 ? fields->guidance : table->guidance_default);
  sfumato_json_add_text (builder, "seed", seed);
  if (task->picture != NULL)
    sfumato_json_add_double (builder, "strength", fields->strength >= 0 ? fields->strength : table->strength_default);
}

/* The picture is put in behind the rest: as a value of JSON's own it would be copied four times. */
GString *
sfumato_local_say_generate (const SfumatoLocalTask *task)
{
  const SfumatoRequestFields *fields = sfumato_request_get_fields (task->request);
  g_autoptr (JsonBuilder) builder = begin ("generate");
  g_autofree char *picture = NULL;
  GString *line;
  gsize size;

  sfumato_json_add_text (builder, "id", JOB);
  sfumato_json_add_text (builder, "prompt", fields->prompt);
  if (task->table->negative_prompt)
    sfumato_json_add_text (builder, "negative", fields->negative_prompt);
  add_numbers (builder, task);
  json_builder_set_member_name (builder, "turbo");
  json_builder_add_boolean_value (builder, task->model->turbo);
  json_builder_set_member_name (builder, "preview");
  json_builder_add_boolean_value (builder, task->progress != NULL);
  line = line_of (builder);
  if (task->picture == NULL)
    return line;
  picture = g_base64_encode (g_bytes_get_data (task->picture, &size), g_bytes_get_size (task->picture));
  g_string_truncate (line, line->len - 2);
  g_string_append (line, ",\"picture\":\"");
  g_string_append (line, picture);
  g_string_append (line, "\"}\n");
  return line;
}

GString *
sfumato_local_say_cancel (void)
{
  g_autoptr (JsonBuilder) builder = begin ("cancel");

  sfumato_json_add_text (builder, "id", JOB);
  return line_of (builder);
}

/* ---- listening ---- */

static gboolean
is_type (JsonObject *object,
         const char *type)
{
  return g_strcmp0 (sfumato_json_get_string (object, "type"), type) == 0;
}

static JsonObject *
get_object (JsonObject *object,
            const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static gboolean
get_count (JsonObject *object,
           const char *name,
           gint64      min,
           gint64      max,
           guint      *value)
{
  gint64 count = sfumato_json_get_count (object, name, max);

  *value = MAX (count, 0);
  return count >= min;
}

static gboolean
get_bytes (JsonObject *object,
           const char *name,
           guint64    *bytes)
{
  gint64 count = sfumato_json_get_count (object, name, BYTES_MAX);

  *bytes = MAX (count, 0);
  return count >= 0;
}

void
sfumato_local_device_free (SfumatoLocalDevice *device)
{
  g_free (device->id);
  g_free (device->name);
  g_free (device);
}

static SfumatoLocalDevice *
hear_device (JsonNode *node)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  const char *id = object != NULL ? sfumato_json_get_string (object, "id") : NULL;
  const char *name = object != NULL ? sfumato_json_get_string (object, "name") : NULL;
  guint64 memory, memory_free;
  SfumatoLocalDevice *device;

  if (id == NULL || name == NULL || !get_bytes (object, "memory", &memory) || !get_bytes (object, "free", &memory_free))
    return NULL;
  device = g_new0 (SfumatoLocalDevice, 1);
  device->id = sfumato_clean_text (id, -1, 64);
  device->name = sfumato_clean_text (name, -1, 120);
  device->gpu = sfumato_local_get_boolean (object, "gpu");
  device->memory = memory;
  device->memory_free = memory_free;
  return device;
}

gboolean
sfumato_local_hear_hello (JsonObject *object,
                          GPtrArray  *devices)
{
  JsonNode *node = json_object_get_member (object, "devices");
  JsonArray *array;

  if (!is_type (object, "hello") || sfumato_json_get_count (object, "protocol", G_MAXINT) != PROTOCOL || node == NULL ||
      !JSON_NODE_HOLDS_ARRAY (node))
    return FALSE;
  array = json_node_get_array (node);
  if (json_array_get_length (array) > DEVICES_MAX)
    return FALSE;
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      SfumatoLocalDevice *device = hear_device (json_array_get_element (array, i));

      if (device == NULL)
        return FALSE;
      g_ptr_array_add (devices, device);
    }
  return TRUE;
}

static gboolean
hear_defaults (JsonObject        *defaults,
               SfumatoLocalModel *model)
{
  guint width, height;

  if (defaults == NULL || !get_count (defaults, "width", 16, SFUMATO_LOCAL_SIDE_MAX, &width) ||
      !get_count (defaults, "height", 16, SFUMATO_LOCAL_SIDE_MAX, &height) ||
      !get_count (defaults, "steps", 1, SFUMATO_LOCAL_STEPS_MAX, &model->steps))
    return FALSE;
  model->side_default = MIN (width, model->side_max);
  model->sampler = g_strdup (sfumato_json_get_string (defaults, "sampler"));
  model->guidance = sfumato_local_get_number (defaults, "guidance");
  return model->sampler != NULL && model->guidance >= 0;
}

gboolean
sfumato_local_hear_loaded (JsonObject        *object,
                           SfumatoLocalModel *model)
{
  const char *variant = sfumato_json_get_string (object, "variant");
  JsonObject *memory = get_object (object, "memory");

  if (!is_type (object, "loaded") || variant == NULL || memory == NULL ||
      !get_count (object, "side_max", 16, SFUMATO_LOCAL_SIDE_MAX, &model->side_max) ||
      !hear_defaults (get_object (object, "defaults"), model) || !get_bytes (object, "file_size", &model->file_size) ||
      !get_bytes (memory, "needed", &model->memory_needed) || !get_bytes (memory, "available", &model->memory_available))
    return FALSE;
  model->variant = sfumato_clean_text (variant, -1, 64);
  model->may_be_turbo = sfumato_local_get_boolean (object, "may_be_turbo");
  model->turbo = g_str_equal (variant, "sd3.5-large-turbo");
  model->clip_l = sfumato_local_get_boolean (object, "clip_l");
  model->clip_g = sfumato_local_get_boolean (object, "clip_g");
  model->t5 = sfumato_local_get_boolean (object, "t5");
  model->encoder = sfumato_local_get_boolean (object, "encoder");
  return TRUE;
}

/* ---- a picture that is being made ---- */

static void
tell (SfumatoLocalTask *task)
{
  if (task->progress != NULL)
    task->progress (&task->told, task->user_data);
}

/* The steps so far say how long the others take; putting the picture together is taken for as long as one more. */
static int
guess_seconds (const SfumatoLocalTask *task,
               guint                   done,
               guint                   total)
{
  double each;

  if (done == 0 || task->stepping == 0)
    return -1;
  each = (g_get_monotonic_time () - task->stepping) / (double) G_USEC_PER_SEC / done;
  return (int) MIN (ceil (each * (total - done + 1)), 1e6);
}

/* A second try begins anew: it reads the model again, and its steps take longer. */
static void
measure_steps (SfumatoLocalTask *task,
               guint             done)
{
  gint64 now = g_get_monotonic_time ();

  if (done == 0 || task->stepping == 0)
    {
      task->stepping = now;
      task->longest = 0;
    }
  else
    task->longest = MAX (task->longest, now - task->stepped);
  task->stepped = now;
}

static gboolean
hear_progress (JsonObject       *object,
               SfumatoLocalTask *task)
{
  const char *phase = sfumato_json_get_string (object, "phase");
  SfumatoProgress *told = &task->told;
  guint done, total;
  double part;

  if (phase == NULL || !get_count (object, "total", 0, 100000, &total) || !get_count (object, "done", 0, total, &done))
    return FALSE;
  part = total > 0 ? (double) done / total : 0;
  if (g_str_equal (phase, "text") || g_str_equal (phase, "picture"))
    {
      told->stage = SFUMATO_STAGE_PREPARING;
      told->fraction = MAX (told->fraction, part * PART_TEXT);
    }
  else if (g_str_equal (phase, "steps"))
    {
      if (told->stage == SFUMATO_STAGE_MAKING && told->step == done)
        return TRUE; /* it only says that it still works */
      measure_steps (task, done);
      told->stage = SFUMATO_STAGE_MAKING;
      told->step = done;
      told->n_steps = total;
      told->fraction = PART_TEXT + part * (1 - PART_TEXT - PART_DECODING);
      told->seconds_left = guess_seconds (task, done, total);
    }
  else if (g_str_equal (phase, "decoding"))
    {
      told->stage = SFUMATO_STAGE_FINISHING;
      told->fraction = 1 - PART_DECODING * (1 - part);
      told->seconds_left = -1;
    }
  else
    return FALSE;
  tell (task);
  return TRUE;
}

/* The bytes behind "rgb", if they are as many as the size says. */
static GBytes *
hear_rgb (const SfumatoLocalLine *line,
          guint                   width,
          guint                   height)
{
  gsize expected = (gsize) width * height * 3;
  g_autoptr (GBytes) rgb = NULL;

  if (line->rgb == NULL || line->rgb_size > expected / 3 * 4 + 8)
    return NULL;
  rgb = sfumato_json_decode (line->rgb, line->rgb_size);
  return g_bytes_get_size (rgb) == expected ? g_steal_pointer (&rgb) : NULL;
}

static gboolean
hear_preview (const SfumatoLocalLine *line,
              SfumatoLocalTask       *task)
{
  SfumatoPreview preview = { 0, };

  if (!get_count (line->object, "width", 1, PREVIEW_SIDE_MAX, &preview.width) ||
      !get_count (line->object, "height", 1, PREVIEW_SIDE_MAX, &preview.height) ||
      (preview.rgb = hear_rgb (line, preview.width, preview.height)) == NULL)
    return FALSE;
  g_clear_pointer (&task->told.preview.rgb, g_bytes_unref);
  task->told.preview = preview;
  tell (task);
  return TRUE;
}

static gboolean
hear_result (const SfumatoLocalLine *line,
             SfumatoLocalTask       *task)
{
  guint width, height;

  if (!get_count (line->object, "width", 1, SFUMATO_LOCAL_SIDE_MAX, &width) || width != task->width ||
      !get_count (line->object, "height", 1, SFUMATO_LOCAL_SIDE_MAX, &height) || height != task->height ||
      sfumato_json_get_count (line->object, "seed", G_MAXINT64) != task->seed ||
      !get_count (line->object, "clip_cut", 0, G_MAXINT, &task->clip_cut) ||
      !get_count (line->object, "t5_cut", 0, G_MAXINT, &task->t5_cut))
    return FALSE;
  task->rgb = hear_rgb (line, width, height);
  return task->rgb != NULL;
}

gboolean
sfumato_local_hear_event (const SfumatoLocalLine *line,
                          SfumatoLocalTask       *task,
                          gboolean               *done)
{
  *done = is_type (line->object, "result");
  if (g_strcmp0 (sfumato_json_get_string (line->object, "id"), JOB) != 0)
    return FALSE;
  if (*done)
    return hear_result (line, task);
  if (is_type (line->object, "progress"))
    return hear_progress (line->object, task);
  return is_type (line->object, "preview") && hear_preview (line, task);
}
