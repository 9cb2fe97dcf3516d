/* Conversations with the helper: what it is, opening a model, and a picture from the first word to the last.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/local/sfumato-local-private.h"

#include <glib/gi18n-lib.h>

#include "domain/sfumato-error.h"
#include "services/sfumato-json.h"

#define EVENTS_MAX 100000

/* A helper that hangs says nothing. One that works on the processor says every few seconds that it does, between two parts of
 * the work, so that this part of the longest silence is a hang. One that works on a card says nothing for as long as a step
 * takes, and before the first one the driver may compile for minutes. There steps are measured: silence of this many times
 * the longest one is a hang, but never less than this part of the silence that is allowed before the first step is done. */
#define STEADY_PART      10
#define STEPS_OF_SILENCE 10
#define KNOWN_PART       6

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

gboolean
sfumato_local_talk_hello (SfumatoLocalService  *self,
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

gboolean
sfumato_local_talk_load (SfumatoLocalService      *self,
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

  if (!sfumato_local_talk_hello (self, process, cancellable, devices, error) ||
      !send_line (self, process, sfumato_local_say_load (model, self->merges, device, choose_threads (self)), error) ||
      !hear_answer (self, process, cancellable, &line, error))
    return FALSE;
  problem = sfumato_local_hear_error (line.object, model->name);
  sfumato_local_process_set_steady (process, g_strcmp0 (sfumato_json_get_string (line.object, "device"), "cpu") == 0);
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

static gint64
patience (SfumatoLocalService       *self,
          const SfumatoLocalProcess *process,
          const SfumatoLocalTask    *task)
{
  if (sfumato_local_process_get_steady (process))
    return self->silence / STEADY_PART;
  return task->longest == 0 ? self->silence : MAX (self->silence / KNOWN_PART, STEPS_OF_SILENCE * task->longest);
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
  if (sfumato_local_process_read (process, patience (self, process, task), cancellable, &line, &problem))
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
  if (!fresh || sfumato_local_talk_load (self, process, task->model, NULL, cancellable, &problem))
    problem = converse (self, process, task, cancellable, &usable);
  *missed = !fresh && !task->heard && sfumato_local_process_is_gone (process);
  sfumato_local_keeper_give_back (self->keeper, process, usable);
  if (problem != NULL)
    g_propagate_error (error, problem);
  return problem == NULL;
}

gboolean
sfumato_local_talk_make (SfumatoLocalService  *self,
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
