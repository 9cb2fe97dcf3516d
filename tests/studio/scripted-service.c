/* A service for tests that does what it is told.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "scripted-service.h"

#define WAIT_SECONDS 10

struct _ScriptedService
{
  SfumatoService  parent_instance;

  GMutex          lock;
  GCond           changed;
  GQueue          answers;   /* of GError, or of the marker for a picture */
  GString        *prompts;
  guint           calls;
  guint           active;
  guint           most;
  gboolean        had_input;
};

G_DEFINE_FINAL_TYPE (ScriptedService, scripted_service, SFUMATO_TYPE_SERVICE)

static const char * const formats[] = { "png", NULL };
static const char picture_marker[] = "picture";

static const SfumatoModel models[] = {
  { .id = "m", .service = "scripted", .name = "Model", .price = SCRIPTED_PRICE, .prompt_max = 100, .seed_max = 1000,
    .formats = formats, .input_picture = TRUE, .strength_default = 0.5 },
  { .id = NULL },
};

static const guint8 png[] = {
  0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13, 'I', 'H', 'D', 'R', 0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0,
  0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 10, 'I', 'D', 'A', 'T', 0x78, 0x9c, 0x63, 0x60, 0, 0, 0, 2, 0, 1, 0x48, 0xaf, 0xa4,
  0x71, 0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xae, 0x42, 0x60, 0x82,
};

GBytes *
scripted_png (void)
{
  return g_bytes_new_static (png, sizeof png);
}

static void
wake_up_cb (GCancellable    *cancellable,
            ScriptedService *self)
{
  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static GError *
cancelled_error (void)
{
  GError *error = sfumato_error_new (SFUMATO_ERROR_CANCELLED, "Cancelled", "It may still be charged.");

  sfumato_error_set_charge (error, SFUMATO_CHARGE_MAYBE);
  return error;
}

static gpointer
wait_for_answer (ScriptedService *self,
                 SfumatoRequest  *request,
                 GCancellable    *cancellable)
{
  gpointer answer;

  g_mutex_lock (&self->lock);
  self->calls++;
  self->active++;
  self->most = MAX (self->most, self->active);
  g_string_append_printf (self->prompts, "%s%s", self->prompts->len > 0 ? "|" : "",
                          sfumato_request_get_prompt (request));
  self->had_input = sfumato_request_get_fields (request)->input != NULL &&
                    sfumato_request_get_fields (request)->input->bytes != NULL;
  g_cond_broadcast (&self->changed);
  while (g_queue_is_empty (&self->answers) && !g_cancellable_is_cancelled (cancellable))
    g_cond_wait (&self->changed, &self->lock);
  answer = g_cancellable_is_cancelled (cancellable) ? cancelled_error () : g_queue_pop_head (&self->answers);
  self->active--;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  return answer;
}

static SfumatoResult *
scripted_service_generate (SfumatoService       *service,
                           SfumatoRequest       *request,
                           const char           *key,
                           SfumatoProgressFunc   progress,
                           gpointer              user_data,
                           GCancellable         *cancellable,
                           GError              **error)
{
  ScriptedService *self = SCRIPTED_SERVICE (service);
  g_autoptr (GBytes) bytes = scripted_png ();
  gulong handler = g_cancellable_connect (cancellable, G_CALLBACK (wake_up_cb), self, NULL);
  gpointer answer;

  if (progress != NULL)
    progress (&(SfumatoProgress) { .stage = SFUMATO_STAGE_MAKING, .fraction = -1, .seconds_left = -1 }, user_data);
  answer = wait_for_answer (self, request, cancellable);
  g_cancellable_disconnect (cancellable, handler);
  if (answer != picture_marker)
    {
      g_propagate_error (error, answer);
      return NULL;
    }
  return sfumato_result_new (&(SfumatoResultFields) { .bytes = bytes, .seed_used = 42, .charge = SFUMATO_CHARGE_YES,
                                                      .price = SCRIPTED_PRICE }, error);
}

static const SfumatoModel *
scripted_service_get_models (SfumatoService *service)
{
  return models;
}

static void
scripted_service_finalize (GObject *object)
{
  ScriptedService *self = SCRIPTED_SERVICE (object);

  g_assert_true (g_queue_is_empty (&self->answers));
  g_string_free (self->prompts, TRUE);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);

  G_OBJECT_CLASS (scripted_service_parent_class)->finalize (object);
}

static void
scripted_service_class_init (ScriptedServiceClass *klass)
{
  SfumatoServiceClass *service_class = SFUMATO_SERVICE_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = scripted_service_finalize;
  service_class->id = "scripted";
  service_class->name = "Scripted";
  service_class->max_concurrent = SCRIPTED_CONCURRENT;
  service_class->get_models = scripted_service_get_models;
  service_class->generate = scripted_service_generate;
}

static void
scripted_service_init (ScriptedService *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->answers);
  self->prompts = g_string_new (NULL);
}

ScriptedService *
scripted_service_new (void)
{
  return g_object_new (SCRIPTED_TYPE_SERVICE, NULL);
}

void
scripted_service_answer (ScriptedService *self,
                         GError          *error)
{
  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->answers, error != NULL ? (gpointer) error : (gpointer) picture_marker);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

gboolean
scripted_service_wait_active (ScriptedService *self,
                              guint            n)
{
  gint64 until = g_get_monotonic_time () + WAIT_SECONDS * G_USEC_PER_SEC;
  gboolean there = TRUE;

  g_mutex_lock (&self->lock);
  while (self->active != n && there)
    there = g_cond_wait_until (&self->changed, &self->lock, until);
  there = self->active == n;
  g_mutex_unlock (&self->lock);
  return there;
}

guint
scripted_service_get_calls (ScriptedService *self)
{
  return self->calls;
}

char *
scripted_service_dup_prompts (ScriptedService *self)
{
  return g_strdup (self->prompts->str);
}

guint
scripted_service_get_most (ScriptedService *self)
{
  return self->most;
}

gboolean
scripted_service_had_input (ScriptedService *self)
{
  return self->had_input;
}
