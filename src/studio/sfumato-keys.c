/* Keys and the account behind them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "studio/sfumato-studio-private.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "studio/sfumato-runner.h"

void
sfumato_harden_process (void)
{
  sfumato_keyring_harden_process ();
}

static SfumatoSecret *
secret_from_text (const char  *text,
                  GError     **error)
{
  SfumatoSecret *secret = sfumato_secret_new (text);

  if (secret == NULL)
    {
      g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_UNAUTHORISED, _("Not a Key"),
                                                   _("This cannot be a key: a key is one word of letters, digits and "
                                                     "dashes.")));
      if (error != NULL)
        sfumato_error_set_field (*error, "key");
    }
  return secret;
}

static void
propagate_keyring_error (GError **error,
                         GError  *problem)
{
  g_propagate_error (error, sfumato_explain_keyring_error (problem));
  g_error_free (problem);
}

gboolean
sfumato_studio_set_key (SfumatoStudio  *self,
                        const char     *service,
                        const char     *text,
                        gboolean        keep_for_run,
                        gboolean       *held,
                        GCancellable   *cancellable,
                        GError        **error)
{
  g_autoptr (SfumatoService) known = sfumato_studio_find_service (self, service);
  g_autoptr (SfumatoSecret) secret = secret_from_text (text, error);
  g_autofree char *label = NULL;
  GError *problem = NULL;

  g_return_val_if_fail (known != NULL, FALSE);

  if (held != NULL)
    *held = FALSE;
  if (secret == NULL)
    return FALSE;
  label = g_strdup_printf (_("Sfumato: key for %s"), sfumato_service_get_name (known));
  if (sfumato_keyring_store (self->keyring, service, label, secret, cancellable, &problem))
    return TRUE;
  if (!keep_for_run || g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      propagate_keyring_error (error, problem);
      return FALSE;
    }
  g_error_free (problem);
  sfumato_keyring_hold (self->keyring, service, secret);
  if (held != NULL)
    *held = TRUE;
  return TRUE;
}

gboolean
sfumato_studio_hold_key (SfumatoStudio  *self,
                         const char     *service,
                         const char     *text,
                         GError        **error)
{
  g_autoptr (SfumatoSecret) secret = secret_from_text (text, error);

  if (secret == NULL)
    return FALSE;
  sfumato_keyring_hold (self->keyring, service, secret);
  return TRUE;
}

gboolean
sfumato_studio_forget_key (SfumatoStudio  *self,
                           const char     *service,
                           GCancellable   *cancellable,
                           GError        **error)
{
  GError *problem = NULL;

  if (sfumato_keyring_forget (self->keyring, service, cancellable, &problem))
    {
      sfumato_studio_note_balance (self, NAN);
      return TRUE;
    }
  propagate_keyring_error (error, problem);
  return FALSE;
}

SfumatoKeyState
sfumato_studio_get_key_state (SfumatoStudio  *self,
                              const char     *service,
                              gboolean        interactive,
                              GCancellable   *cancellable,
                              GError        **error)
{
  GError *problem = NULL;
  g_autoptr (SfumatoSecret) secret = sfumato_keyring_lookup (self->keyring, service, interactive, cancellable,
                                                             &problem);

  if (problem != NULL)
    {
      propagate_keyring_error (error, problem);
      return SFUMATO_KEY_UNKNOWN;
    }
  if (secret == NULL)
    return SFUMATO_KEY_NONE;
  return sfumato_keyring_is_held (self->keyring, service) ? SFUMATO_KEY_HELD : SFUMATO_KEY_STORED;
}

/* The key that was typed, or else the one that is kept. */
static SfumatoSecret *
choose_secret (SfumatoStudio  *self,
               const char     *service,
               const char     *text,
               GCancellable   *cancellable,
               GError        **error)
{
  SfumatoSecret *secret;
  GError *problem = NULL;

  if (text != NULL)
    return secret_from_text (text, error);
  secret = sfumato_keyring_lookup (self->keyring, service, TRUE, cancellable, &problem);
  if (problem != NULL)
    propagate_keyring_error (error, problem);
  else if (secret == NULL)
    {
      g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_UNAUTHORISED, _("No Key Yet"),
                                                   _("There is no key for this service yet. Nothing was sent.")));
      if (error != NULL)
        sfumato_error_set_help (*error, SFUMATO_ERROR_HELP_CHANGE_KEY);
    }
  return secret;
}

gboolean
sfumato_studio_check_key (SfumatoStudio   *self,
                          const char      *service,
                          const char      *text,
                          SfumatoAccount  *account,
                          GCancellable    *cancellable,
                          GError         **error)
{
  g_autoptr (SfumatoService) known = sfumato_studio_find_service (self, service);
  g_autoptr (SfumatoSecret) secret = choose_secret (self, service, text, cancellable, error);

  g_return_val_if_fail (known != NULL, FALSE);

  if (secret == NULL ||
      !sfumato_service_check (known, sfumato_secret_peek (secret), account, cancellable, error))
    return FALSE;
  sfumato_studio_note_balance (self, account->credits);
  return TRUE;
}
