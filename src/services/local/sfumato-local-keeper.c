/* Keeps the one helper process.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/local/sfumato-local-keeper.h"

#include <glib/gi18n-lib.h>

#include "domain/sfumato-error.h"

#define MINUTES_DEFAULT 5

struct _SfumatoLocalKeeper
{
  char                 *program;      /* owned */
  GThread              *thread;       /* owned: starts processes, which end with it, and lets time pass */
  GMainContext         *context;      /* owned: of the thread */
  GMainLoop            *loop;         /* owned */

  GMutex                lock;         /* for what follows */
  GCond                 changed;
  SfumatoLocalProcess  *process;      /* owned, nullable: while nobody has it */
  char                 *key;          /* owned, nullable: what it has opened */
  gboolean              lent;
  GSource              *timer;        /* owned, nullable */
  guint                 minutes;

  GMemoryMonitor       *memory;       /* owned, nullable; of the thread */
  GPowerProfileMonitor *power;        /* owned, nullable; of the thread */
  gint                  saves_power;  /* atomic */
};

/* ---- the thread ---- */

static gpointer
keep_cb (gpointer user_data)
{
  SfumatoLocalKeeper *self = user_data;

  g_main_context_push_thread_default (self->context);
  g_main_loop_run (self->loop);
  g_clear_object (&self->memory);
  g_clear_object (&self->power);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

/* Not g_main_context_invoke(), which runs it here while the thread is not there yet. */
static void
on_thread (SfumatoLocalKeeper *self,
           GSourceFunc         function,
           gpointer            user_data)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, function, user_data, NULL);
  g_source_attach (source, self->context);
}

typedef struct
{
  SfumatoLocalKeeper  *keeper;
  SfumatoLocalProcess *process;
  GError              *error;
  gboolean             done;
} Start;

static gboolean
start_cb (gpointer user_data)
{
  Start *start = user_data;
  SfumatoLocalKeeper *self = start->keeper;

  start->process = sfumato_local_process_start (self->program, &start->error);
  g_mutex_lock (&self->lock);
  start->done = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  return G_SOURCE_REMOVE;
}

SfumatoLocalProcess *
sfumato_local_keeper_start (SfumatoLocalKeeper  *self,
                            GError             **error)
{
  Start start = { .keeper = self };

  on_thread (self, start_cb, &start);
  g_mutex_lock (&self->lock);
  while (!start.done)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
  if (start.error != NULL)
    g_propagate_error (error, start.error);
  return start.process;
}

/* ---- giving it back to the system ---- */

static void
drop_timer (SfumatoLocalKeeper *self)
{
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

static SfumatoLocalProcess *
take_idle (SfumatoLocalKeeper *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  drop_timer (self);
  return g_steal_pointer (&self->process);
}

static void
end_idle (SfumatoLocalKeeper *self)
{
  g_autoptr (SfumatoLocalProcess) process = take_idle (self);

  if (process != NULL)
    g_debug ("the engine is not needed any more");
}

static gboolean
time_over_cb (gpointer user_data)
{
  end_idle (user_data);
  return G_SOURCE_REMOVE;
}

static void
low_memory_cb (GMemoryMonitor             *monitor,
               GMemoryMonitorWarningLevel  level,
               gpointer                    user_data)
{
  end_idle (user_data);
}

static void
power_changed_cb (SfumatoLocalKeeper *self)
{
  g_atomic_int_set (&self->saves_power, g_power_profile_monitor_get_power_saver_enabled (self->power));
}

static gboolean
follow_cb (gpointer user_data)
{
  SfumatoLocalKeeper *self = user_data;

  self->memory = g_memory_monitor_dup_default ();
  g_signal_connect (self->memory, "low-memory-warning", G_CALLBACK (low_memory_cb), self);
  self->power = g_power_profile_monitor_dup_default ();
  g_signal_connect_swapped (self->power, "notify::power-saver-enabled", G_CALLBACK (power_changed_cb), self);
  power_changed_cb (self);
  return G_SOURCE_REMOVE;
}

void
sfumato_local_keeper_follow (SfumatoLocalKeeper *self)
{
  on_thread (self, follow_cb, self);
}

gboolean
sfumato_local_keeper_saves_power (SfumatoLocalKeeper *self)
{
  return g_atomic_int_get (&self->saves_power);
}

/* ---- lending ---- */

static void
wake_up_cb (GCancellable       *cancellable,
            SfumatoLocalKeeper *self)
{
  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

/* FALSE: cancelled. What was kept is in kept, for another key too. */
static gboolean
borrow (SfumatoLocalKeeper   *self,
        const char           *key,
        GCancellable         *cancellable,
        SfumatoLocalProcess **kept,
        gboolean             *fits)
{
  gulong handler = cancellable != NULL ? g_cancellable_connect (cancellable, G_CALLBACK (wake_up_cb), self, NULL) : 0;
  gboolean mine;

  g_mutex_lock (&self->lock);
  while (self->lent && !g_cancellable_is_cancelled (cancellable))
    g_cond_wait (&self->changed, &self->lock);
  mine = !g_cancellable_is_cancelled (cancellable);
  if (mine)
    {
      self->lent = TRUE;
      drop_timer (self);
      *kept = g_steal_pointer (&self->process);
      *fits = g_strcmp0 (self->key, key) == 0;
      g_set_str (&self->key, key);
    }
  g_mutex_unlock (&self->lock);
  if (handler != 0)
    g_cancellable_disconnect (cancellable, handler);
  return mine;
}

SfumatoLocalProcess *
sfumato_local_keeper_take (SfumatoLocalKeeper  *self,
                           const char          *key,
                           gboolean            *fresh,
                           GCancellable        *cancellable,
                           GError             **error)
{
  g_autoptr (SfumatoLocalProcess) kept = NULL;
  SfumatoLocalProcess *process;
  gboolean fits = FALSE;

  if (!borrow (self, key, cancellable, &kept, &fits))
    {
      g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_CANCELLED, _("Cancelled"),
                                                   _("Cancelled. Nothing of the picture is kept.")));
      return NULL;
    }
  *fresh = kept == NULL || !fits || !sfumato_local_process_lives (kept);
  if (!*fresh)
    return g_steal_pointer (&kept);
  /* The memory of the old one first. */
  g_clear_pointer (&kept, sfumato_local_process_end);
  process = sfumato_local_keeper_start (self, error);
  if (process == NULL)
    sfumato_local_keeper_give_back (self, NULL, FALSE);
  return process;
}

void
sfumato_local_keeper_give_back (SfumatoLocalKeeper  *self,
                                SfumatoLocalProcess *process,
                                gboolean             keep)
{
  g_autoptr (SfumatoLocalProcess) over = NULL;

  g_mutex_lock (&self->lock);
  keep = keep && self->minutes > 0;
  if (keep)
    {
      self->process = process;
      self->timer = g_timeout_source_new_seconds (self->minutes * 60);
      g_source_set_callback (self->timer, time_over_cb, self, NULL);
      g_source_attach (self->timer, self->context);
    }
  else
    over = process;
  self->lent = FALSE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

void
sfumato_local_keeper_set_minutes (SfumatoLocalKeeper *self,
                                  guint               minutes)
{
  g_mutex_lock (&self->lock);
  self->minutes = minutes;
  g_mutex_unlock (&self->lock);
}

/* ---- beginning and end ---- */

SfumatoLocalKeeper *
sfumato_local_keeper_new (const char *program)
{
  SfumatoLocalKeeper *self = g_new0 (SfumatoLocalKeeper, 1);

  self->program = g_strdup (program);
  self->minutes = MINUTES_DEFAULT;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->thread = g_thread_new ("engine keeper", keep_cb, self);
  return self;
}

static gboolean
quit_cb (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_REMOVE;
}

void
sfumato_local_keeper_free (SfumatoLocalKeeper *self)
{
  end_idle (self);
  on_thread (self, quit_cb, self->loop);
  g_thread_join (self->thread);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self->key);
  g_free (self->program);
  g_free (self);
}
