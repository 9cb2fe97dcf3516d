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
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "domain/sfumato-error.h"
#include "services/local/sfumato-local-private.h"
#include "services/sfumato-json.h"

#define FILE_VERSION 1
#define MODELS_MAX   200
#define NAME_MAX_LEN 120   /* characters */

struct _SfumatoLocalModels
{
  char      *path;    /* owned */
  GMutex     lock;
  GPtrArray *models;  /* owned, of SfumatoLocalModel: what the file says */
  SfumatoLocalModel *starter;  /* owned, nullable */
  GPtrArray *tables;  /* owned: every table that was ever handed out, the newest last */
};

/* ---- the file's words ---- */

static char *
models_to_text (GPtrArray *models)
{
  g_autoptr (JsonNode) root = json_node_alloc ();
  g_autoptr (JsonObject) object = json_object_new ();
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < models->len; i++)
    json_array_add_object_element (array, sfumato_local_model_to_json (g_ptr_array_index (models, i)));
  json_object_set_int_member (object, "version", FILE_VERSION);
  json_object_set_array_member (object, "models", array);
  json_node_init_object (root, object);
  return json_to_string (root, TRUE);
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
