/* Keeps one secret for each service.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "keyring/sfumato-errand.h"

struct _SfumatoKeyring
{
  GObject     parent_instance;

  char       *application;  /* owned */
  GMutex      lock;         /* of held */
  GHashTable *held;         /* service (owned) → SfumatoSecret (owned) */
};

G_DEFINE_QUARK (sfumato-keyring-error, sfumato_keyring_error)
G_DEFINE_FINAL_TYPE (SfumatoKeyring, sfumato_keyring, G_TYPE_OBJECT)

static void
sfumato_keyring_finalize (GObject *object)
{
  SfumatoKeyring *self = SFUMATO_KEYRING (object);

  g_free (self->application);
  g_hash_table_unref (self->held);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (sfumato_keyring_parent_class)->finalize (object);
}

static void
sfumato_keyring_class_init (SfumatoKeyringClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sfumato_keyring_finalize;
  sfumato_errand_prepare ();
}

static void
sfumato_keyring_init (SfumatoKeyring *self)
{
  g_mutex_init (&self->lock);
  self->held = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) sfumato_secret_unref);
}

/* (transfer full) (nullable) */
static SfumatoSecret *
get_held (SfumatoKeyring *self,
          const char     *service)
{
  SfumatoSecret *secret;

  g_mutex_lock (&self->lock);
  secret = g_hash_table_lookup (self->held, service);
  if (secret != NULL)
    sfumato_secret_ref (secret);
  g_mutex_unlock (&self->lock);
  return secret;
}

static gboolean
drop_held (SfumatoKeyring *self,
           const char     *service)
{
  gboolean was_held;

  g_mutex_lock (&self->lock);
  was_held = g_hash_table_remove (self->held, service);
  g_mutex_unlock (&self->lock);
  return was_held;
}

SfumatoKeyring *
sfumato_keyring_new (const char *application)
{
  SfumatoKeyring *self = g_object_new (SFUMATO_TYPE_KEYRING, NULL);

  self->application = g_strdup (application);
  return self;
}

gboolean
sfumato_keyring_store (SfumatoKeyring  *self,
                       const char      *service,
                       const char      *label,
                       SfumatoSecret   *secret,
                       GCancellable    *cancellable,
                       GError         **error)
{
  SfumatoErrandOrder order = {
    .kind = SFUMATO_ERRAND_STORE,
    .application = self->application,
    .service = service,
    .label = label,
    .secret = secret,
    .interactive = TRUE,
  };

  if (!sfumato_errand_run (&order, NULL, cancellable, error))
    return FALSE;
  drop_held (self, service);
  return TRUE;
}

void
sfumato_keyring_hold (SfumatoKeyring *self,
                      const char     *service,
                      SfumatoSecret  *secret)
{
  g_mutex_lock (&self->lock);
  g_hash_table_insert (self->held, g_strdup (service), sfumato_secret_ref (secret));
  g_mutex_unlock (&self->lock);
}

gboolean
sfumato_keyring_is_held (SfumatoKeyring *self,
                         const char     *service)
{
  g_autoptr (SfumatoSecret) secret = get_held (self, service);

  return secret != NULL;
}

SfumatoSecret *
sfumato_keyring_lookup (SfumatoKeyring  *self,
                        const char      *service,
                        gboolean         interactive,
                        GCancellable    *cancellable,
                        GError         **error)
{
  SfumatoErrandOrder order = {
    .kind = SFUMATO_ERRAND_LOOK_UP,
    .application = self->application,
    .service = service,
    .interactive = interactive,
  };
  SfumatoSecret *secret = get_held (self, service);

  if (secret == NULL)
    sfumato_errand_run (&order, &secret, cancellable, error);
  return secret;
}

/* A key that was held had not found a keyring to go to: where there is still none, there is nothing to forget. */
gboolean
sfumato_keyring_forget (SfumatoKeyring  *self,
                        const char      *service,
                        GCancellable    *cancellable,
                        GError         **error)
{
  SfumatoErrandOrder order = {
    .kind = SFUMATO_ERRAND_FORGET,
    .application = self->application,
    .service = service,
    .interactive = TRUE,
  };
  gboolean was_held = drop_held (self, service);
  g_autoptr (GError) local = NULL;

  if (sfumato_errand_run (&order, NULL, cancellable, &local) ||
      (was_held && g_error_matches (local, SFUMATO_KEYRING_ERROR, SFUMATO_KEYRING_ERROR_MISSING)))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}
