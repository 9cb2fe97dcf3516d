/* The models that are installed for the engine on this computer.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/local/sfumato-local-models.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "domain/sfumato-error.h"
#include "services/local/sfumato-local-private.h"
#include "services/sfumato-json.h"

#define FILE_VERSION 1
#define MODELS_MAX   200
#define PATHS_MAX    64
#define NAME_MAX_LEN 120   /* characters */

struct _SfumatoLocalModels
{
  char      *path;    /* owned */
  GMutex     lock;
  GPtrArray *models;  /* owned, of SfumatoLocalModel: what the file says */
  SfumatoLocalModel *starter;  /* owned, nullable */
  GPtrArray *tables;  /* owned: every table that was ever handed out, the newest last */
};

/* ---- one model ---- */

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

static JsonObject *
model_to_json (const SfumatoLocalModel *model)
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

static char *
models_to_text (GPtrArray *models)
{
  g_autoptr (JsonNode) root = json_node_alloc ();
  g_autoptr (JsonObject) object = json_object_new ();
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < models->len; i++)
    json_array_add_object_element (array, model_to_json (g_ptr_array_index (models, i)));
  json_object_set_int_member (object, "version", FILE_VERSION);
  json_object_set_array_member (object, "models", array);
  json_node_init_object (root, object);
  return json_to_string (root, TRUE);
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

static GPtrArray *
models_from_object (JsonObject *object)
{
  g_autoptr (GPtrArray) models = g_ptr_array_new_with_free_func ((GDestroyNotify) sfumato_local_model_unref);
  JsonNode *node = json_object_get_member (object, "models");
  JsonArray *array;

  if (sfumato_json_get_count (object, "version", G_MAXINT) != FILE_VERSION || node == NULL ||
      !JSON_NODE_HOLDS_ARRAY (node))
    return NULL;
  array = json_node_get_array (node);
  if (json_array_get_length (array) > MODELS_MAX)
    return NULL;
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *element = json_array_get_element (array, i);
      SfumatoLocalModel *model = JSON_NODE_HOLDS_OBJECT (element) ? sfumato_local_model_from_json (json_node_get_object (element)) : NULL;

      if (model == NULL)
        return NULL;
      g_ptr_array_add (models, model);
    }
  return g_steal_pointer (&models);
}

/* ---- reading and writing ---- */

static void
put_aside (const char *path)
{
  for (guint i = 1; i < 1000; i++)
    {
      g_autofree char *aside = g_strdup_printf ("%s.damaged-%u", path, i);

      if (g_file_test (aside, G_FILE_TEST_EXISTS))
        continue;
      if (g_rename (path, aside) == 0)
        g_message ("The list of models was damaged, and is kept as “%s”; add the models again.", aside);
      return;
    }
}

static GPtrArray *
read_models (const char *path)
{
  g_autofree char *text = NULL;
  g_autoptr (JsonObject) object = NULL;
  GPtrArray *models = NULL;
  gsize size;

  if (!g_file_get_contents (path, &text, &size, NULL))
    return g_ptr_array_new_with_free_func ((GDestroyNotify) sfumato_local_model_unref);
  object = sfumato_json_parse (text, size);
  if (object != NULL)
    models = models_from_object (object);
  if (models != NULL)
    return models;
  put_aside (path);
  return g_ptr_array_new_with_free_func ((GDestroyNotify) sfumato_local_model_unref);
}

static gboolean
write_models (const char  *path,
              GPtrArray   *models,
              GError     **error)
{
  g_autofree char *text = models_to_text (models);
  g_autoptr (GError) problem = NULL;
  GError *sentence;

  if (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                &problem))
    return TRUE;
  sentence = sfumato_error_new (SFUMATO_ERROR_STORAGE, _("List of Models Not Written"),
                                _("The list of models could not be written, and stays as it was."));
  sfumato_error_set_details (sentence, problem->message);
  g_propagate_error (error, sentence);
  return FALSE;
}

/* One process changes the list at a time. -1: the folder does not take the lock, and writing will say why. */
static int
lock_file (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *name = g_strconcat (path, ".lock", NULL);
  int fd;

  g_mkdir_with_parents (folder, 0700);
  fd = g_open (name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  while (fd >= 0 && flock (fd, LOCK_EX) != 0 && errno == EINTR)
    ;
  return fd;
}

/* ---- the list ---- */

/* Those of the file, and what is always there. (transfer full) */
static GPtrArray *
all_of (SfumatoLocalModels *self)
{
  GPtrArray *all = g_ptr_array_new_with_free_func ((GDestroyNotify) sfumato_local_model_unref);

  for (guint i = 0; i < self->models->len; i++)
    g_ptr_array_add (all, sfumato_local_model_ref (g_ptr_array_index (self->models, i)));
  if (self->starter != NULL)
    g_ptr_array_add (all, sfumato_local_model_ref (self->starter));
  return all;
}

static void
add_table (SfumatoLocalModels *self)
{
  g_autoptr (GPtrArray) all = all_of (self);

  g_ptr_array_add (self->tables, sfumato_local_table_new (all));
}

SfumatoLocalModels *
sfumato_local_models_new (const char        *path,
                          SfumatoLocalModel *starter)
{
  SfumatoLocalModels *self = g_new0 (SfumatoLocalModels, 1);

  self->path = g_strdup (path);
  g_mutex_init (&self->lock);
  self->models = read_models (path);
  self->starter = starter;
  self->tables = g_ptr_array_new_with_free_func ((GDestroyNotify) sfumato_local_table_free);
  add_table (self);
  return self;
}

void
sfumato_local_models_free (SfumatoLocalModels *self)
{
  g_ptr_array_unref (self->tables);
  g_ptr_array_unref (self->models);
  g_clear_pointer (&self->starter, sfumato_local_model_unref);
  g_mutex_clear (&self->lock);
  g_free (self->path);
  g_free (self);
}

static void
take (SfumatoLocalModels *self,
      GPtrArray          *models)
{
  g_ptr_array_unref (self->models);
  self->models = g_ptr_array_ref (models);
  add_table (self);
}

GPtrArray *
sfumato_local_models_list (SfumatoLocalModels *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return all_of (self);
}

static SfumatoLocalModel *
find (GPtrArray  *models,
      const char *id)
{
  for (guint i = 0; i < models->len; i++)
    {
      SfumatoLocalModel *model = g_ptr_array_index (models, i);

      if (g_strcmp0 (model->id, id) == 0)
        return model;
    }
  return NULL;
}

SfumatoLocalModel *
sfumato_local_models_find (SfumatoLocalModels *self,
                           const char         *id)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  g_autoptr (GPtrArray) all = all_of (self);
  SfumatoLocalModel *model = find (all, id);

  return model != NULL ? sfumato_local_model_ref (model) : NULL;
}

const SfumatoModel *
sfumato_local_models_table (SfumatoLocalModels *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return sfumato_local_table_get (g_ptr_array_index (self->tables, self->tables->len - 1));
}

/* Of the name, for the command line: no id of an online service begins like it, so that no picture is paid for by a slip
 * of the hand. */
static char *
make_id (GPtrArray  *models,
         const char *name)
{
  g_autofree char *ascii = g_str_to_ascii (name, "C");
  g_autoptr (GString) slug = g_string_new ("local-");
  gsize length;

  for (const char *p = ascii; *p != '\0'; p++)
    if (g_ascii_isalnum (*p) || *p == '.')
      g_string_append_c (slug, g_ascii_tolower (*p));
    else if (slug->str[slug->len - 1] != '-')
      g_string_append_c (slug, '-');
  while (slug->len > 6 && strchr ("-.", slug->str[slug->len - 1]) != NULL)
    g_string_truncate (slug, slug->len - 1);
  if (slug->len == 6)
    g_string_append (slug, "model");
  length = slug->len;
  for (guint i = 2; find (models, slug->str) != NULL; i++)
    {
      g_string_truncate (slug, length);
      g_string_append_printf (slug, "-%u", i);
    }
  return g_string_free (g_steal_pointer (&slug), FALSE);
}

static gboolean
has_name (GPtrArray  *models,
          const char *name)
{
  for (guint i = 0; i < models->len; i++)
    if (g_str_equal (((SfumatoLocalModel *) g_ptr_array_index (models, i))->name, name))
      return TRUE;
  return FALSE;
}

static char *
make_name (GPtrArray  *models,
           const char *wanted)
{
  g_autofree char *clean = sfumato_clean_text (wanted, -1, NAME_MAX_LEN);
  char *name = g_strdup (g_strstrip (clean));

  for (guint i = 2; has_name (models, name); i++)
    {
      g_free (name);
      name = g_strdup_printf ("%s (%u)", clean, i);
    }
  return name;
}

static GPtrArray *
begin_change (SfumatoLocalModels *self,
              int                *lock)
{
  *lock = lock_file (self->path);
  return read_models (self->path);
}

static gboolean
end_change (SfumatoLocalModels  *self,
            int                  lock,
            GPtrArray           *models,
            GError             **error)
{
  gboolean written = write_models (self->path, models, error);

  if (lock >= 0)
    close (lock);
  if (written)
    {
      g_mutex_lock (&self->lock);
      take (self, models);
      g_mutex_unlock (&self->lock);
    }
  return written;
}

gboolean
sfumato_local_models_add (SfumatoLocalModels  *self,
                          SfumatoLocalModel   *model,
                          GError             **error)
{
  int lock;
  g_autoptr (GPtrArray) models = begin_change (self, &lock);
  g_autofree char *wanted = g_steal_pointer (&model->name);

  g_free (model->id);
  model->name = make_name (models, wanted);
  model->id = make_id (models, model->name);
  g_ptr_array_add (models, sfumato_local_model_ref (model));
  return end_change (self, lock, models, error);
}

gboolean
sfumato_local_models_remove (SfumatoLocalModels  *self,
                             const char          *id,
                             GError             **error)
{
  int lock;
  g_autoptr (GPtrArray) models = begin_change (self, &lock);
  SfumatoLocalModel *model = find (models, id);

  if (model != NULL)
    g_ptr_array_remove (models, model);
  return end_change (self, lock, models, error);
}

gboolean
sfumato_local_models_reload (SfumatoLocalModels *self)
{
  g_autoptr (GPtrArray) models = read_models (self->path);
  g_autofree char *now = models_to_text (models);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  g_autofree char *before = models_to_text (self->models);

  if (g_str_equal (now, before))
    return FALSE;
  take (self, models);
  return TRUE;
}
