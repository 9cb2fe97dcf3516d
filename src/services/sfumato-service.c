/* A service makes pictures: what holds for all of them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/sfumato-service.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "domain/sfumato-error.h"

G_DEFINE_ABSTRACT_TYPE (SfumatoService, sfumato_service, G_TYPE_OBJECT)

enum
{
  MODELS_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
sfumato_service_class_init (SfumatoServiceClass *klass)
{
  signals[MODELS_CHANGED] = g_signal_new ("models-changed", SFUMATO_TYPE_SERVICE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 0);
}

static void
sfumato_service_init (SfumatoService *self)
{
}

const char *
sfumato_service_get_id (SfumatoService *self)
{
  g_return_val_if_fail (SFUMATO_IS_SERVICE (self), NULL);

  return SFUMATO_SERVICE_GET_CLASS (self)->id;
}

const char *
sfumato_service_get_name (SfumatoService *self)
{
  g_return_val_if_fail (SFUMATO_IS_SERVICE (self), NULL);

  return _(SFUMATO_SERVICE_GET_CLASS (self)->name);
}

const char *
sfumato_service_get_key_url (SfumatoService *self)
{
  g_return_val_if_fail (SFUMATO_IS_SERVICE (self), NULL);

  return SFUMATO_SERVICE_GET_CLASS (self)->key_url;
}

const char *
sfumato_service_get_credits_url (SfumatoService *self)
{
  g_return_val_if_fail (SFUMATO_IS_SERVICE (self), NULL);

  return SFUMATO_SERVICE_GET_CLASS (self)->credits_url;
}

gboolean
sfumato_service_get_needs_key (SfumatoService *self)
{
  g_return_val_if_fail (SFUMATO_IS_SERVICE (self), FALSE);

  return SFUMATO_SERVICE_GET_CLASS (self)->needs_key;
}

guint
sfumato_service_get_max_concurrent (SfumatoService *self)
{
  g_return_val_if_fail (SFUMATO_IS_SERVICE (self), 1);

  return SFUMATO_SERVICE_GET_CLASS (self)->max_concurrent;
}

guint
sfumato_service_get_max_per_10s (SfumatoService *self)
{
  g_return_val_if_fail (SFUMATO_IS_SERVICE (self), 0);

  return SFUMATO_SERVICE_GET_CLASS (self)->max_per_10s;
}

const SfumatoModel *
sfumato_service_get_models (SfumatoService *self)
{
  g_return_val_if_fail (SFUMATO_IS_SERVICE (self), NULL);

  return SFUMATO_SERVICE_GET_CLASS (self)->get_models (self);
}

static gboolean
models_changed_cb (gpointer service)
{
  g_signal_emit (service, signals[MODELS_CHANGED], 0);
  return G_SOURCE_REMOVE;
}

void
sfumato_service_models_changed (SfumatoService *self)
{
  g_return_if_fail (SFUMATO_IS_SERVICE (self));

  g_main_context_invoke_full (NULL, G_PRIORITY_DEFAULT, models_changed_cb, g_object_ref (self), g_object_unref);
}

static const SfumatoModel *
find_exactly (SfumatoService *self,
              const char     *id)
{
  for (const SfumatoModel *model = sfumato_service_get_models (self); model->id != NULL; model++)
    if (g_strcmp0 (model->id, id) == 0)
      return model;
  return NULL;
}

SfumatoService *
sfumato_service_find (GListModel *services,
                      const char *id)
{
  for (guint i = 0; i < g_list_model_get_n_items (services); i++)
    {
      g_autoptr (SfumatoService) service = g_list_model_get_item (services, i);

      if (g_strcmp0 (sfumato_service_get_id (service), id) == 0)
        return g_steal_pointer (&service);
    }
  return NULL;
}

const SfumatoModel *
sfumato_service_find_model (SfumatoService *self,
                            const char     *id)
{
  SfumatoServiceClass *klass;
  const SfumatoModel *model;

  g_return_val_if_fail (SFUMATO_IS_SERVICE (self), NULL);

  klass = SFUMATO_SERVICE_GET_CLASS (self);
  model = find_exactly (self, id);
  if (model == NULL && id != NULL && klass->current_model != NULL)
    model = find_exactly (self, klass->current_model (self, id));
  return model;
}

/* ---- what is checked before a service is asked to do anything ---- */

static GError *
check_model (SfumatoService *self,
             SfumatoRequest *request)
{
  const char *id = sfumato_request_get_fields (request)->model;
  const SfumatoModel *model = sfumato_service_find_model (self, id);
  GError *error = NULL;

  if (model == NULL)
    {
      error = sfumato_error_new (SFUMATO_ERROR_INVALID, _("Model Not Known"),
                                 _("%s has no model “%s”. Nothing was sent; choose another model."),
                                 sfumato_service_get_name (self), id);
      sfumato_error_set_field (error, "model");
    }
  else
    sfumato_request_validate (request, model, &error);
  return error;
}

static gboolean
is_blank (const char *text)
{
  return text == NULL || text[strspn (text, " \t\r\n")] == '\0';
}

static GError *
check_key (SfumatoService *self,
           const char     *key)
{
  const char *url = sfumato_service_get_key_url (self);
  GError *error;

  if (!sfumato_service_get_needs_key (self) || !is_blank (key))
    return NULL;
  if (url != NULL)
    error = sfumato_error_new (SFUMATO_ERROR_UNAUTHORISED, _("Key Needed"),
                               _("%s needs a key, and there is none yet. Nothing was sent. You can get one at %s."),
                               sfumato_service_get_name (self), url);
  else
    error = sfumato_error_new (SFUMATO_ERROR_UNAUTHORISED, _("Key Needed"),
                               _("%s needs a key, and there is none yet. Nothing was sent."),
                               sfumato_service_get_name (self));
  sfumato_error_set_help (error, SFUMATO_ERROR_HELP_CHANGE_KEY);
  return error;
}

static GError *
check_cancelled (GCancellable *cancellable)
{
  if (!g_cancellable_is_cancelled (cancellable))
    return NULL;
  return sfumato_error_new (SFUMATO_ERROR_CANCELLED, _("Stopped"), _("Stopped before anything was sent."));
}

/* A service that fails without a sentence: it is not known what it did, and the person must hear that. */
static void
ensure_sentence (GError        **error,
                 SfumatoCharge   charge)
{
  GError *sentence;

  if (*error != NULL && (*error)->domain == SFUMATO_ERROR)
    return;
  sentence = sfumato_error_new (SFUMATO_ERROR_SERVICE, _("Service Failed"),
                                charge == SFUMATO_CHARGE_NONE
                                  ? _("The service failed in an unexpected way.")
                                  : _("The service failed in an unexpected way. It may have been charged: "
                                      "check your balance before you ask again."));
  sfumato_error_set_charge (sentence, charge);
  if (*error != NULL)
    sfumato_error_set_details (sentence, (*error)->message);
  g_clear_error (error);
  *error = sentence;
}

SfumatoResult *
sfumato_service_generate (SfumatoService       *self,
                          SfumatoRequest       *request,
                          const char           *key,
                          SfumatoProgressFunc   progress,
                          gpointer              user_data,
                          GCancellable         *cancellable,
                          GError              **error)
{
  SfumatoServiceClass *klass;
  SfumatoResult *result = NULL;
  GError *problem = NULL;

  g_return_val_if_fail (SFUMATO_IS_SERVICE (self), NULL);
  g_return_val_if_fail (SFUMATO_IS_REQUEST (request), NULL);

  klass = SFUMATO_SERVICE_GET_CLASS (self);
  if ((problem = check_model (self, request)) == NULL && (problem = check_key (self, key)) == NULL &&
      (problem = check_cancelled (cancellable)) == NULL)
    {
      if (klass->generate != NULL)
        result = klass->generate (self, request, key, progress, user_data, cancellable, &problem);
      else
        problem = sfumato_error_new (SFUMATO_ERROR_INVALID, _("Not Supported"), _("%s cannot make pictures."),
                                     klass->name);
      if (result == NULL)
        ensure_sentence (&problem, SFUMATO_CHARGE_MAYBE);
    }
  if (problem != NULL)
    g_propagate_error (error, problem);
  return result;
}

gboolean
sfumato_service_check (SfumatoService  *self,
                       const char      *key,
                       SfumatoAccount  *account,
                       GCancellable    *cancellable,
                       GError         **error)
{
  SfumatoServiceClass *klass;
  gboolean checked = FALSE;
  GError *problem = NULL;

  g_return_val_if_fail (SFUMATO_IS_SERVICE (self), FALSE);
  g_return_val_if_fail (account != NULL, FALSE);

  klass = SFUMATO_SERVICE_GET_CLASS (self);
  account->credits = NAN;
  if ((problem = check_key (self, key)) == NULL && (problem = check_cancelled (cancellable)) == NULL)
    {
      if (klass->check != NULL)
        checked = klass->check (self, key, account, cancellable, &problem);
      else
        problem = sfumato_error_new (SFUMATO_ERROR_INVALID, _("Not Supported"),
                                     _("%s has no account to ask for."), klass->name);
      if (!checked)
        ensure_sentence (&problem, SFUMATO_CHARGE_NONE);
    }
  if (problem != NULL)
    g_propagate_error (error, problem);
  return checked;
}
