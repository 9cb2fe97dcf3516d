/* The half of an errand that waits.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "keyring/sfumato-errand-private.h"

#include <glib/gi18n-lib.h>

/* A keyring that is well answers in milliseconds; a person finds and types a password in less than two minutes. */
#define ANSWER_LIMIT (10 * G_TIME_SPAN_SECOND)
#define PROMPT_LIMIT (120 * G_TIME_SPAN_SECOND)

static void
describe_item (SfumatoErrand *self)
{
  self->schema = secret_schema_new (self->order.application, SECRET_SCHEMA_NONE,
                                    "application", SECRET_SCHEMA_ATTRIBUTE_STRING,
                                    "service", SECRET_SCHEMA_ATTRIBUTE_STRING,
                                    NULL);
  self->attributes = g_hash_table_new (g_str_hash, g_str_equal);
  g_hash_table_insert (self->attributes, (gpointer) "application", (gpointer) self->order.application);
  g_hash_table_insert (self->attributes, (gpointer) "service", (gpointer) self->order.service);
}

static SfumatoErrand *
errand_new (const SfumatoErrandOrder *order)
{
  SfumatoErrand *self = g_atomic_rc_box_new0 (SfumatoErrand);

  self->order = *order;
  self->order.application = g_strdup (order->application);
  self->order.service = g_strdup (order->service);
  self->order.label = g_strdup (order->label);
  self->order.secret = order->secret != NULL ? sfumato_secret_ref (order->secret) : NULL;
  describe_item (self);
  self->context = g_main_context_new ();
  self->cancellable = g_cancellable_new ();
  self->deadline = g_get_monotonic_time () + ANSWER_LIMIT;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  return self;
}

static void
errand_clear (gpointer data)
{
  SfumatoErrand *self = data;

  g_free ((char *) self->order.application);
  g_free ((char *) self->order.service);
  g_free ((char *) self->order.label);
  g_clear_pointer (&self->order.secret, sfumato_secret_unref);
  g_clear_pointer (&self->schema, secret_schema_unref);
  g_clear_pointer (&self->attributes, g_hash_table_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->answer);
  g_clear_object (&self->keyring);
  g_clear_pointer (&self->found, sfumato_secret_unref);
  g_clear_error (&self->error);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
}

static void
errand_unref (gpointer self)
{
  g_atomic_rc_box_release_full (self, errand_clear);
}

void
sfumato_errand_may_ask (SfumatoErrand *self)
{
  g_mutex_lock (&self->lock);
  self->deadline = g_get_monotonic_time () + PROMPT_LIMIT;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
}

/* What is left for this thread would otherwise hold on to what it speaks of. */
static void
drain (GMainContext *context)
{
  while (g_main_context_iteration (context, FALSE));
}

static gpointer
errand_thread (gpointer data)
{
  SfumatoErrand *self = data;
  SfumatoSecret *found = NULL;
  GError *error = NULL;

  g_main_context_push_thread_default (self->context);
  sfumato_errand_talk (self, &found, &error);
  drain (self->context);
  g_mutex_lock (&self->lock);
  self->found = found;
  self->error = error;
  self->over = TRUE;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);

  drain (self->context);
  g_main_context_pop_thread_default (self->context);
  errand_unref (self);
  return NULL;
}

static void
wake_cb (GCancellable *cancellable,
         gpointer      data)
{
  SfumatoErrand *self = data;

  g_mutex_lock (&self->lock);
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
}

static gboolean
cancel_cb (gpointer data)
{
  SfumatoErrand *self = data;

  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_REMOVE;
}

/* Lets the thread stop as soon as libsecret gives it a chance to, without waiting for it. */
static void
abandon (SfumatoErrand *self)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_HIGH);
  g_source_set_callback (source, cancel_cb, g_atomic_rc_box_acquire (self), errand_unref);
  g_mutex_lock (&self->lock);
  if (!self->over)
    g_source_attach (source, self->context);
  g_mutex_unlock (&self->lock);
}

static gboolean
wait_until_over (SfumatoErrand *self,
                 GCancellable  *cancellable)
{
  gulong id = 0;
  gboolean over, in_time = TRUE;

  if (cancellable != NULL)
    id = g_cancellable_connect (cancellable, G_CALLBACK (wake_cb), g_atomic_rc_box_acquire (self), errand_unref);
  g_mutex_lock (&self->lock);
  while (!self->over && in_time && !g_cancellable_is_cancelled (cancellable))
    {
      gint64 deadline = self->deadline;

      in_time = g_cond_wait_until (&self->changed, &self->lock, deadline) || deadline != self->deadline;
    }
  over = self->over;
  g_mutex_unlock (&self->lock);
  g_cancellable_disconnect (cancellable, id);
  return over;
}

static gboolean
give_up (SfumatoErrand  *self,
         GCancellable   *cancellable,
         GError        **error)
{
  abandon (self);
  if (!g_cancellable_set_error_if_cancelled (cancellable, error))
    g_set_error_literal (error, SFUMATO_KEYRING_ERROR, SFUMATO_KEYRING_ERROR_SILENT,
                         _("The keyring did not answer."));
  return FALSE;
}

static gboolean
start (SfumatoErrand  *self,
       GError        **error)
{
  g_autoptr (GError) local = NULL;
  GThread *thread = g_thread_try_new ("keyring", errand_thread, g_atomic_rc_box_acquire (self), &local);

  if (thread == NULL)
    {
      errand_unref (self);
      g_set_error_literal (error, SFUMATO_KEYRING_ERROR, SFUMATO_KEYRING_ERROR_FAILED, local->message);
      return FALSE;
    }
  g_thread_unref (thread);
  return TRUE;
}

static gboolean
report (SfumatoErrand  *self,
        SfumatoSecret **found,
        GError        **error)
{
  if (self->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->error));
      return FALSE;
    }
  if (found != NULL)
    *found = g_steal_pointer (&self->found);
  return TRUE;
}

gboolean
sfumato_errand_run (const SfumatoErrandOrder  *order,
                    SfumatoSecret            **found,
                    GCancellable              *cancellable,
                    GError                   **error)
{
  SfumatoErrand *self;
  gboolean done = FALSE;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  self = errand_new (order);
  if (start (self, error))
    done = wait_until_over (self, cancellable) ? report (self, found, error) : give_up (self, cancellable, error);
  errand_unref (self);
  return done;
}
