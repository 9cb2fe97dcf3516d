/* Pictures made on this computer.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/local/sfumato-local-private.h"

#include <glib/gi18n-lib.h>

#include "domain/sfumato-error.h"
#include "services/local/sfumato-local-picture.h"

#define UNKNOWN_MAX  8   /* words in a sentence */
#define ANSWER_TIME  (60 * G_USEC_PER_SEC)
/* On a card, reading a model and the first step take minutes; who has no patience cancels. On the processor it is a tenth. */
#define SILENCE_TIME (30 * 60 * G_USEC_PER_SEC)
#define GRACE_TIME   (3 * G_USEC_PER_SEC)

G_DEFINE_FINAL_TYPE (SfumatoLocalService, sfumato_local_service, SFUMATO_TYPE_SERVICE)

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SfumatoLocalTask, sfumato_local_task_clear)

/* Any number that can be written down and asked for again. */
static gint64
choose_seed (SfumatoRequest *request)
{
  gint64 asked = sfumato_request_get_fields (request)->seed;

  return asked != SFUMATO_SEED_RANDOM ? asked : 1 + (gint64) g_random_int_range (0, G_MAXINT32);
}

static gboolean
prepare (SfumatoLocalTask  *task,
         GError           **error)
{
  const SfumatoInput *input = sfumato_request_get_fields (task->request)->input;

  if (!sfumato_request_validate (task->request, task->table, error))
    return FALSE;
  sfumato_request_compute_size (task->request, task->table, &task->width, &task->height);
  task->seed = choose_seed (task->request);
  if (input == NULL)
    return TRUE;
  task->picture = sfumato_local_read_picture (input, task->width, task->height, error);
  return task->picture != NULL;
}

/* What was left of the prompt, for people; NULL where all of it was read. */
static char *
describe_cut (const SfumatoLocalTask *task)
{
  if (task->t5_cut > 0 || (task->clip_cut > 0 && !task->model->t5))
    return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE,
                                         "The prompt is too long for this model: its end was left out (%u token).",
                                         "The prompt is too long for this model: its end was left out (%u tokens).",
                                         MAX (task->t5_cut, task->clip_cut)), MAX (task->t5_cut, task->clip_cut));
  if (task->clip_cut > 0)
    return g_strdup (_("The prompt is long: the end of it was read by one of the model’s three text encoders only."));
  return NULL;
}

/* The words that a model with few of them has not heard, for people; NULL where it knows them all. */
static char *
describe_unknown (const SfumatoLocalTask *task)
{
  g_auto (GStrv) words = sfumato_request_find_unknown (task->request, task->table);
  guint n = g_strv_length (words);
  g_autofree char *list = NULL;

  for (guint i = UNKNOWN_MAX; i < n; i++)
    g_clear_pointer (&words[i], g_free);
  list = g_strjoinv (", ", words);
  if (n > UNKNOWN_MAX)
    /* Translators: %s is a list of words of the prompt */
    return g_strdup_printf (_("The model does not know these and other words: %s"), list);
  /* Translators: %s is a list of words of the prompt */
  return n > 0 ? g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "The model does not know this word: %s",
                                               "The model does not know these words: %s", n), list) : NULL;
}

/* What is to know of the prompt; NULL where all of it was heard. */
static char *
describe_prompt (const SfumatoLocalTask *task)
{
  g_autofree char *cut = describe_cut (task);
  g_autofree char *unknown = describe_unknown (task);

  return cut != NULL && unknown != NULL ? g_strdup_printf ("%s %s", cut, unknown)
         : g_strdup (cut != NULL ? cut : unknown);
}

static SfumatoResult *
finish (const SfumatoLocalTask  *task,
        GError                 **error)
{
  g_autofree char *parameters = sfumato_request_to_parameters (task->request, task->table, task->seed, task->width,
                                                               task->height);
  g_autoptr (GBytes) png = sfumato_local_write_picture (task->rgb, task->width, task->height, parameters, error);
  g_autofree char *note = describe_prompt (task);

  if (png == NULL)
    return NULL;
  return sfumato_result_new (&(SfumatoResultFields) {
    .bytes = png,
    .seed_used = task->seed,
    .finish = note != NULL ? SFUMATO_FINISH_OTHER : SFUMATO_FINISH_SUCCESS,
    .finish_word = note,
    .charge = SFUMATO_CHARGE_NONE,
  }, error);
}

static GError *
model_is_gone (const char *id)
{
  GError *error = sfumato_error_new (SFUMATO_ERROR_INVALID, _("Model Not There"),
                                     _("The model “%s” is not on the list of this computer any more. Nothing was made. "
                                       "Add it again, or choose another model, and try again."), id);

  sfumato_error_set_field (error, "model");
  return error;
}

static SfumatoResult *
sfumato_local_service_generate (SfumatoService       *service,
                                SfumatoRequest       *request,
                                const char           *key,
                                SfumatoProgressFunc   progress,
                                gpointer              user_data,
                                GCancellable         *cancellable,
                                GError              **error)
{
  SfumatoLocalService *self = SFUMATO_LOCAL_SERVICE (service);
  const char *id = sfumato_request_get_fields (request)->model;
  g_autoptr (SfumatoLocalModel) model = sfumato_local_models_find (self->models, id);
  g_auto (SfumatoLocalTask) task = {
    .model = model,
    .table = sfumato_service_find_model (service, id),
    .request = request,
    .progress = progress,
    .user_data = user_data,
    .told = { .stage = SFUMATO_STAGE_PREPARING, .fraction = -1, .seconds_left = -1 },
  };

  if (model == NULL || task.table == NULL)
    {
      g_propagate_error (error, model_is_gone (id));
      return NULL;
    }
  if (progress != NULL)
    progress (&task.told, user_data);
  if (!prepare (&task, error) || !sfumato_local_talk_make (self, &task, cancellable, error))
    return NULL;
  return finish (&task, error);
}

/* ---- models ---- */

static const SfumatoModel *
sfumato_local_service_get_models (SfumatoService *service)
{
  return sfumato_local_models_table (SFUMATO_LOCAL_SERVICE (service)->models);
}

GPtrArray *
sfumato_local_service_list (SfumatoLocalService *self)
{
  g_return_val_if_fail (SFUMATO_IS_LOCAL_SERVICE (self), NULL);

  return sfumato_local_models_list (self->models);
}

SfumatoLocalModel *
sfumato_local_service_find (SfumatoLocalService *self,
                            const char          *name)
{
  g_autoptr (GPtrArray) models = sfumato_local_service_list (self);
  SfumatoLocalModel *found = sfumato_local_models_find (self->models, name);

  for (guint i = 0; found == NULL && i < models->len; i++)
    {
      SfumatoLocalModel *model = g_ptr_array_index (models, i);

      if (g_strcmp0 (model->name, name) == 0)
        found = sfumato_local_model_ref (model);
    }
  return found;
}

gboolean
sfumato_local_service_add (SfumatoLocalService  *self,
                           SfumatoLocalModel    *model,
                           const char           *name,
                           gboolean              turbo,
                           GError              **error)
{
  g_return_val_if_fail (SFUMATO_IS_LOCAL_SERVICE (self), FALSE);

  if (model->may_be_turbo && turbo)
    {
      model->turbo = TRUE;
      g_set_str (&model->variant, "sd3.5-large-turbo");
      sfumato_local_name_model (model);
    }
  if (name != NULL && *name != '\0')
    g_set_str (&model->name, name);
  if (!sfumato_local_models_add (self->models, model, error))
    return FALSE;
  sfumato_service_models_changed (SFUMATO_SERVICE (self));
  return TRUE;
}

gboolean
sfumato_local_service_remove (SfumatoLocalService  *self,
                              const char           *id,
                              GError              **error)
{
  g_return_val_if_fail (SFUMATO_IS_LOCAL_SERVICE (self), FALSE);

  if (g_strcmp0 (id, SFUMATO_LOCAL_STARTER_ID) == 0)
    {
      g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_INVALID, _("Model Not Removed"),
                                                   _("The starter model is a part of Sfumato and stays on the list.")));
      return FALSE;
    }
  if (!sfumato_local_models_remove (self->models, id, error))
    return FALSE;
  sfumato_service_models_changed (SFUMATO_SERVICE (self));
  return TRUE;
}

/* ---- settings ---- */

void
sfumato_local_service_set_keep_minutes (SfumatoLocalService *self,
                                        guint                minutes)
{
  g_return_if_fail (SFUMATO_IS_LOCAL_SERVICE (self));

  sfumato_local_keeper_set_minutes (self->keeper, minutes);
}

void
sfumato_local_service_set_device (SfumatoLocalService *self,
                                  const char          *device)
{
  g_autoptr (GMutexLocker) locker = NULL;

  g_return_if_fail (SFUMATO_IS_LOCAL_SERVICE (self));

  locker = g_mutex_locker_new (&self->lock);
  g_set_str (&self->device, device != NULL && *device != '\0' ? device : NULL);
}

void
sfumato_local_service_set_times (SfumatoLocalService *self,
                                 gint64               answer,
                                 gint64               silence,
                                 gint64               grace)
{
  g_return_if_fail (SFUMATO_IS_LOCAL_SERVICE (self));

  self->answer = answer;
  self->silence = silence;
  self->grace = grace;
}

static void
list_changed_cb (SfumatoLocalService *self)
{
  if (sfumato_local_models_reload (self->models))
    sfumato_service_models_changed (SFUMATO_SERVICE (self));
}

void
sfumato_local_service_follow (SfumatoLocalService *self)
{
  g_autoptr (GFile) file = NULL;

  g_return_if_fail (SFUMATO_IS_LOCAL_SERVICE (self));

  sfumato_local_keeper_follow (self->keeper);
  file = g_file_new_for_path (self->list);
  self->monitor = g_file_monitor_file (file, G_FILE_MONITOR_NONE, NULL, NULL);
  if (self->monitor != NULL)
    g_signal_connect_object (self->monitor, "changed", G_CALLBACK (list_changed_cb), self, G_CONNECT_SWAPPED);
}

/* ---- the object ---- */

static void
sfumato_local_service_finalize (GObject *object)
{
  SfumatoLocalService *self = SFUMATO_LOCAL_SERVICE (object);

  g_clear_object (&self->monitor);
  g_clear_pointer (&self->keeper, sfumato_local_keeper_free);
  g_clear_pointer (&self->models, sfumato_local_models_free);
  g_mutex_clear (&self->lock);
  g_free (self->list);
  g_free (self->merges);
  g_free (self->device);

  G_OBJECT_CLASS (sfumato_local_service_parent_class)->finalize (object);
}

static void
sfumato_local_service_class_init (SfumatoLocalServiceClass *klass)
{
  SfumatoServiceClass *service_class = SFUMATO_SERVICE_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = sfumato_local_service_finalize;
  service_class->id = SFUMATO_LOCAL_ID;
  service_class->name = N_("On This Computer");
  service_class->max_concurrent = 1;
  service_class->get_models = sfumato_local_service_get_models;
  service_class->generate = sfumato_local_service_generate;
}

static void
sfumato_local_service_init (SfumatoLocalService *self)
{
  g_mutex_init (&self->lock);
  self->answer = ANSWER_TIME;
  self->silence = SILENCE_TIME;
  self->grace = GRACE_TIME;
}

static const char *
choose_program (const char *program)
{
  const char *chosen = DEVELOPMENT ? g_getenv ("SFUMATO_ENGINE") : NULL;

  if (program != NULL)
    return program;
  return chosen != NULL && *chosen != '\0' ? chosen : LIBEXECDIR "/sfumato-engine";
}

SfumatoService *
sfumato_local_service_new (const char *list,
                           const char *program)
{
  SfumatoLocalService *self = g_object_new (SFUMATO_TYPE_LOCAL_SERVICE, NULL);
  static const char merges[] = PKGDATADIR "/clip/merges.txt";

  self->list = g_strdup (list);
  self->models = sfumato_local_models_new (list, sfumato_local_starter_new ());
  self->keeper = sfumato_local_keeper_new (choose_program (program));
  if (g_file_test (merges, G_FILE_TEST_IS_REGULAR))
    self->merges = g_strdup (merges);
  return SFUMATO_SERVICE (self);
}
