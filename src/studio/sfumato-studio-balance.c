/* What is left of the credits: asked for after a job that may have changed it, and told by whoever learns it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "studio/sfumato-studio-private.h"

#include <math.h>

typedef struct
{
  SfumatoStudio *studio; /* owned */
  double         credits;
} BalanceNote;

static gboolean
balance_arrived_cb (gpointer user_data)
{
  BalanceNote *note = user_data;

  note->studio->balance = note->credits;
  g_object_notify (G_OBJECT (note->studio), "balance");
  g_object_unref (note->studio);
  g_free (note);
  return G_SOURCE_REMOVE;
}

void
sfumato_studio_note_balance (SfumatoStudio *self,
                             double         credits)
{
  BalanceNote *note = g_new (BalanceNote, 1);

  *note = (BalanceNote) { .studio = g_object_ref (self), .credits = credits };
  g_idle_add (balance_arrived_cb, note);
}

static void
ask_balance (GTask        *task,
             gpointer      source,
             gpointer      task_data,
             GCancellable *cancellable)
{
  SfumatoAccount account;

  /* Whatever goes wrong here has been said of the job itself already: the balance is then simply not known. */
  if (!sfumato_studio_check_key (source, task_data, NULL, &account, cancellable, NULL))
    sfumato_studio_note_balance (source, NAN);
  g_task_return_boolean (task, TRUE);
}

static void
balance_asked_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  SFUMATO_STUDIO (source)->asking_balance = FALSE;
}

static void
queue_active_changed_cb (SfumatoStudio *self)
{
  g_autoptr (GTask) task = NULL;

  if (self->charged_by == NULL || self->asking_balance || sfumato_queue_get_active (self->queue) > 0)
    return;
  self->asking_balance = TRUE;
  task = g_task_new (self, NULL, balance_asked_cb, NULL);
  g_task_set_task_data (task, g_steal_pointer (&self->charged_by), g_free);
  g_task_run_in_thread (task, ask_balance);
}

static void
job_over_cb (SfumatoStudio *self,
             SfumatoJob    *job)
{
  /* What was never sent, or is free, changed nothing. */
  if (sfumato_job_get_started (job) != 0 && sfumato_job_get_price (job) > 0)
    g_set_str (&self->charged_by, sfumato_request_get_fields (sfumato_job_get_request (job))->service);
}

void
sfumato_studio_follow_balance (SfumatoStudio *self)
{
  g_signal_connect_object (self->queue, "job-over", G_CALLBACK (job_over_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->queue, "notify::active", G_CALLBACK (queue_active_changed_cb), self,
                           G_CONNECT_SWAPPED);
}

double
sfumato_studio_get_balance (SfumatoStudio *self)
{
  g_return_val_if_fail (SFUMATO_IS_STUDIO (self), NAN);

  return self->balance;
}
