/* Pictures made on this computer.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/local/sfumato-local-private.h"

#include <glib/gi18n-lib.h>

#include "domain/sfumato-error.h"
#include "services/local/sfumato-local-keeper.h"
#include "services/local/sfumato-local-picture.h"

#define ANSWER_TIME  (60 * G_USEC_PER_SEC)
/* One step of the largest model on a slow processor takes minutes; who has no patience cancels. */
#define SILENCE_TIME (30 * 60 * G_USEC_PER_SEC)
#define GRACE_TIME   (3 * G_USEC_PER_SEC)
#define EVENTS_MAX   100000

struct _SfumatoLocalService
{
  SfumatoService       parent_instance;

  SfumatoLocalKeeper  *keeper;    /* owned */
  SfumatoLocalModels  *models;    /* owned */
  char                *list;      /* owned: the file of the models */
  char                *merges;    /* owned, nullable: CLIP's, for models that bring none */
  GFileMonitor        *monitor;   /* owned, nullable */
  GMutex               lock;      /* for the device */
  char                *device;    /* owned, nullable */
  gint64               answer;    /* microseconds */
  gint64               silence;
  gint64               grace;
};

G_DEFINE_FINAL_TYPE (SfumatoLocalService, sfumato_local_service, SFUMATO_TYPE_SERVICE)

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SfumatoLocalTask, sfumato_local_task_clear)

static GError *
cancelled (void)
{
  return sfumato_error_new (SFUMATO_ERROR_CANCELLED, _("Cancelled"), _("Cancelled. Nothing of the picture is kept."));
}

/* ---- questions ---- */

static gboolean
send_line (SfumatoLocalService  *self,
           SfumatoLocalProcess  *process,
           GString              *line,   /* (transfer full) */
           GError              **error)
{
  gboolean sent = sfumato_local_process_send (process, line->str, line->len, self->answer, error);

  g_string_free (line, TRUE);
  return sent;
}

/* An answer to a question; a cancelled one is a sentence. */
static gboolean
hear_answer (SfumatoLocalService  *self,
             SfumatoLocalProcess  *process,
             GCancellable         *cancellable,
             SfumatoLocalLine     *line,
             GError              **error)
{
  GError *problem = NULL;

  if (sfumato_local_process_read (process, self->answer, cancellable, line, &problem))
    return TRUE;
  if (g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_error_free (problem);
      problem = cancelled ();
    }
  g_propagate_error (error, problem);
  return FALSE;
}

static gboolean
hear_hello (SfumatoLocalService  *self,
            SfumatoLocalProcess  *process,
            GCancellable         *cancellable,
            GPtrArray            *devices,
            GError              **error)
{
  g_auto (SfumatoLocalLine) line = { 0, };

  if (!hear_answer (self, process, cancellable, &line, error))
    return FALSE;
  if (sfumato_local_hear_hello (line.object, devices))
    return TRUE;
  g_propagate_error (error, sfumato_local_process_distrust (process));
  return FALSE;
}

static char *
dup_device (SfumatoLocalService *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return g_strdup (self->device);
}

/* The half of the processor where power is to be saved; 0: all of it. */
static guint
choose_threads (SfumatoLocalService *self)
{
  return sfumato_local_keeper_saves_power (self->keeper) ? MAX (g_get_num_processors () / 2, 1) : 0;
}

/* Has a new process open a model. found: (nullable): filled in with what it is. */
static gboolean
load (SfumatoLocalService      *self,
      SfumatoLocalProcess      *process,
      const SfumatoLocalModel  *model,
      SfumatoLocalModel        *found,
      GCancellable             *cancellable,
      GError                  **error)
{
  g_autoptr (GPtrArray) devices = g_ptr_array_new_with_free_func ((GDestroyNotify) sfumato_local_device_free);
  g_autoptr (SfumatoLocalModel) unused = sfumato_local_model_new ();
  g_autofree char *device = dup_device (self);
  g_auto (SfumatoLocalLine) line = { 0, };
  GError *problem;

  if (!hear_hello (self, process, cancellable, devices, error) ||
      !send_line (self, process, sfumato_local_say_load (model, self->merges, device, choose_threads (self)), error) ||
      !hear_answer (self, process, cancellable, &line, error))
    return FALSE;
  problem = sfumato_local_hear_error (line.object, model->name);
  if (problem == NULL && sfumato_local_hear_loaded (line.object, found != NULL ? found : unused))
    return TRUE;
  g_propagate_error (error, problem != NULL ? problem : sfumato_local_process_distrust (process));
  return FALSE;
}

/* ---- a picture ---- */

static gboolean
ask_to_stop (SfumatoLocalService *self,
             SfumatoLocalProcess *process)
{
  g_autoptr (GString) line = sfumato_local_say_cancel ();

  return sfumato_local_process_send (process, line->str, line->len, self->grace, NULL);
}

/* Once it was asked to stop, an error of its own is what it was asked for, and anything else is only waited for. */
static gboolean
wait_for_stop (SfumatoLocalService *self,
               SfumatoLocalProcess *process)
{
  gint64 until = g_get_monotonic_time () + self->grace;

  if (!ask_to_stop (self, process))
    return FALSE;
  for (gint64 left = self->grace; left > 0; left = until - g_get_monotonic_time ())
    {
      g_auto (SfumatoLocalLine) line = { 0, };
      g_autoptr (GError) stopped = NULL;

      if (!sfumato_local_process_read (process, left, NULL, &line, NULL))
        return FALSE;
      stopped = sfumato_local_hear_error (line.object, "");
      if (stopped != NULL)
        return g_error_matches (stopped, SFUMATO_ERROR, SFUMATO_ERROR_CANCELLED);
      if (g_strcmp0 (json_object_get_string_member_with_default (line.object, "type", ""), "result") == 0)
        return TRUE;
    }
  return FALSE;
}

/* One line of a conversation. problem: it is over without a picture; usable: but the process is as it should be. */
static GError *
hear_line (SfumatoLocalService *self,
           SfumatoLocalProcess *process,
           SfumatoLocalTask    *task,
           GCancellable        *cancellable,
           gboolean            *done,
           gboolean            *usable)
{
  g_auto (SfumatoLocalLine) line = { 0, };
  GError *problem = NULL;

  *usable = FALSE;
  if (sfumato_local_process_read (process, self->silence, cancellable, &line, &problem))
    {
      task->heard = TRUE;
      problem = sfumato_local_hear_error (line.object, task->model->name);
      *usable = problem != NULL || sfumato_local_hear_event (&line, task, done);
      return *usable ? problem : sfumato_local_process_distrust (process);
    }
  if (!g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return problem;
  g_error_free (problem);
  *usable = wait_for_stop (self, process);
  return cancelled ();
}

static GError *
converse (SfumatoLocalService *self,
          SfumatoLocalProcess *process,
          SfumatoLocalTask    *task,
          GCancellable        *cancellable,
          gboolean            *usable)
{
  GError *problem = NULL;
  gboolean done = FALSE;

  *usable = FALSE;
  if (!send_line (self, process, sfumato_local_say_generate (task), &problem))
    return problem;
  for (guint i = 0; problem == NULL && !done && i < EVENTS_MAX; i++)
    problem = hear_line (self, process, task, cancellable, &done, usable);
  if (problem == NULL && !done)
    {
      *usable = FALSE;
      return sfumato_local_process_distrust (process);
    }
  return problem;
}

/* What a process has to have opened for this picture. */
static char *
key_of (SfumatoLocalService     *self,
        const SfumatoLocalModel *model)
{
  g_autofree char *paths = g_strjoinv ("\n", model->paths);
  g_autofree char *device = dup_device (self);

  return g_strdup_printf ("%s\n%s\n%s\n%u", paths, model->t5_vocabulary != NULL ? model->t5_vocabulary : "",
                          device != NULL ? device : "", choose_threads (self));
}

/* missed: a process that was kept ended before it heard of this picture. Of that nobody has to hear. */
static gboolean
try_to_make (SfumatoLocalService  *self,
             SfumatoLocalTask     *task,
             gboolean             *missed,
             GCancellable         *cancellable,
             GError              **error)
{
  g_autofree char *key = key_of (self, task->model);
  SfumatoLocalProcess *process;
  GError *problem = NULL;
  gboolean fresh, usable = FALSE;

  *missed = FALSE;
  process = sfumato_local_keeper_take (self->keeper, key, &fresh, cancellable, error);
  if (process == NULL)
    return FALSE;
  if (!fresh || load (self, process, task->model, NULL, cancellable, &problem))
    problem = converse (self, process, task, cancellable, &usable);
  *missed = !fresh && !task->heard && sfumato_local_process_is_gone (process);
  sfumato_local_keeper_give_back (self->keeper, process, usable);
  if (problem != NULL)
    g_propagate_error (error, problem);
  return problem == NULL;
}

static gboolean
make (SfumatoLocalService  *self,
      SfumatoLocalTask     *task,
      GCancellable         *cancellable,
      GError              **error)
{
  g_autoptr (GError) problem = NULL;
  gboolean missed;

  if (try_to_make (self, task, &missed, cancellable, &problem))
    return TRUE;
  if (missed)
    return try_to_make (self, task, &missed, cancellable, error);
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

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

static SfumatoResult *
finish (const SfumatoLocalTask  *task,
        GError                 **error)
{
  g_autofree char *parameters = sfumato_request_to_parameters (task->request, task->table, task->seed, task->width,
                                                               task->height);
  g_autoptr (GBytes) png = sfumato_local_write_picture (task->rgb, task->width, task->height, parameters, error);
  g_autofree char *cut = describe_cut (task);

  if (png == NULL)
    return NULL;
  return sfumato_result_new (&(SfumatoResultFields) {
    .bytes = png,
    .seed_used = task->seed,
    .finish = cut != NULL ? SFUMATO_FINISH_OTHER : SFUMATO_FINISH_SUCCESS,
    .finish_word = cut,
    .charge = SFUMATO_CHARGE_NONE,
  }, error);
}

static GError *
model_is_gone (void)
{
  GError *error = sfumato_error_new (SFUMATO_ERROR_INVALID, _("Model Not There"),
                                     _("This model is not installed on this computer any more."));

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
      g_propagate_error (error, model_is_gone ());
      return NULL;
    }
  if (progress != NULL)
    progress (&task.told, user_data);
  if (!prepare (&task, error) || !make (self, &task, cancellable, error))
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

static gboolean
is_t5_vocabulary (const char *path)
{
  g_autofree char *base = g_path_get_basename (path);

  return g_str_equal (base, "spiece.model") || g_str_equal (base, "tokenizer.json");
}

/* Beside the file, as it comes from where people get it. */
static char *
find_t5_vocabulary (const char *path)
{
  static const char * const names[] = { "spiece.model", "tokenizer.json" };
  g_autofree char *folder = g_path_get_dirname (path);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *there = g_build_filename (folder, names[i], NULL);

      if (g_file_test (there, G_FILE_TEST_IS_REGULAR))
        return g_steal_pointer (&there);
    }
  return NULL;
}

static GError * G_GNUC_PRINTF (1, 2)
bad_paths (const char *format,
           ...)
{
  g_autofree char *message = NULL;
  GError *error;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  error = sfumato_error_new (SFUMATO_ERROR_INVALID, _("Model Cannot Be Used"), "%s", message);
  sfumato_error_set_field (error, "paths");
  return error;
}

static GError *
take_paths (SfumatoLocalModel  *model,
            const char * const *paths)
{
  g_autoptr (GStrvBuilder) kept = g_strv_builder_new ();

  for (guint i = 0; paths[i] != NULL; i++)
    {
      g_autofree char *path = g_canonicalize_filename (paths[i], NULL);
      g_autofree char *shown = g_filename_display_name (path);

      if (!g_utf8_validate (path, -1, NULL))
        return bad_paths (_("“%s” has a name that is no text. Rename it, and add it again."), shown);
      if (!g_file_test (path, G_FILE_TEST_EXISTS))
        return bad_paths (_("“%s” is not there."), shown);
      if (is_t5_vocabulary (path))
        g_set_str (&model->t5_vocabulary, path);
      else
        g_strv_builder_add (kept, path);
    }
  model->paths = g_strv_builder_end (kept);
  if (model->paths[0] == NULL)
    return bad_paths (_("There is no model among these files."));
  for (guint i = 0; model->t5_vocabulary == NULL && model->paths[i] != NULL; i++)
    model->t5_vocabulary = g_file_test (model->paths[i], G_FILE_TEST_IS_DIR) ? NULL : find_t5_vocabulary (model->paths[i]);
  return NULL;
}

static void
name_model (SfumatoLocalModel *model)
{
  const char *variant = sfumato_local_variant_name (model->variant);

  if (variant != NULL)
    g_set_str (&model->name, variant);
}

SfumatoLocalModel *
sfumato_local_service_inspect (SfumatoLocalService  *self,
                               const char * const   *paths,
                               GCancellable         *cancellable,
                               GError              **error)
{
  g_autoptr (SfumatoLocalModel) model = sfumato_local_model_new ();
  g_autoptr (SfumatoLocalProcess) process = NULL;
  g_autofree char *base = NULL;
  GError *problem;
  char *dot;

  g_return_val_if_fail (SFUMATO_IS_LOCAL_SERVICE (self), NULL);

  problem = take_paths (model, paths);
  if (problem != NULL)
    {
      g_propagate_error (error, problem);
      return NULL;
    }
  base = g_path_get_basename (model->paths[0]);
  dot = strrchr (base, '.');
  if (dot != NULL && dot != base && !g_file_test (model->paths[0], G_FILE_TEST_IS_DIR))
    *dot = '\0';
  model->name = sfumato_clean_text (base, -1, 120);
  process = sfumato_local_keeper_start (self->keeper, error);
  if (process == NULL || !load (self, process, model, model, cancellable, error))
    return NULL;
  name_model (model);
  return g_steal_pointer (&model);
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
      name_model (model);
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

  if (!sfumato_local_models_remove (self->models, id, error))
    return FALSE;
  sfumato_service_models_changed (SFUMATO_SERVICE (self));
  return TRUE;
}

GPtrArray *
sfumato_local_service_list_devices (SfumatoLocalService  *self,
                                    GCancellable         *cancellable,
                                    GError              **error)
{
  g_autoptr (GPtrArray) devices = g_ptr_array_new_with_free_func ((GDestroyNotify) sfumato_local_device_free);
  g_autoptr (SfumatoLocalProcess) process = NULL;

  g_return_val_if_fail (SFUMATO_IS_LOCAL_SERVICE (self), NULL);

  process = sfumato_local_keeper_start (self->keeper, error);
  if (process == NULL || !hear_hello (self, process, cancellable, devices, error))
    return NULL;
  return g_steal_pointer (&devices);
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
  self->models = sfumato_local_models_new (list);
  self->keeper = sfumato_local_keeper_new (choose_program (program));
  if (g_file_test (merges, G_FILE_TEST_IS_REGULAR))
    self->merges = g_strdup (merges);
  return SFUMATO_SERVICE (self);
}
