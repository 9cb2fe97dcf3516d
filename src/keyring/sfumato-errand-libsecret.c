/* The half of an errand that talks to libsecret; it is the only file that calls it.
 *
 * Each errand has a connection of its own to the keyring: the one that libsecret shares hears of a keyring that was
 * restarted, or of a file that another process wrote, only in the thread that asked first.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "keyring/sfumato-errand-private.h"
#include "keyring/sfumato-keyring-file.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <libsecret/secret.h>

/* libsecret's file is not safe from several threads at once, and two processes refuse each other's changes. */
G_LOCK_DEFINE_STATIC (file);

/* libsecret registers the types of its enumerations as if there were one thread only. */
void
sfumato_errand_prepare (void)
{
  const GType types[] = {
    SECRET_TYPE_BACKEND_FLAGS, SECRET_TYPE_COLLECTION_CREATE_FLAGS, SECRET_TYPE_COLLECTION_FLAGS, SECRET_TYPE_ERROR,
    SECRET_TYPE_ITEM_CREATE_FLAGS, SECRET_TYPE_ITEM_FLAGS, SECRET_TYPE_SCHEMA_ATTRIBUTE_TYPE, SECRET_TYPE_SCHEMA_FLAGS,
    SECRET_TYPE_SCHEMA_TYPE, SECRET_TYPE_SEARCH_FLAGS, SECRET_TYPE_SERVICE_FLAGS,
    SECRET_TYPE_COLLECTION, SECRET_TYPE_ITEM, SECRET_TYPE_PROMPT, SECRET_TYPE_SERVICE,
  };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    g_type_ensure (types[i]);
}

static void
answer_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
  SfumatoErrand *self = data;

  self->answer = g_object_ref (result);
}

static GAsyncResult *
wait_for_answer (SfumatoErrand *self)
{
  while (self->answer == NULL)
    g_main_context_iteration (self->context, TRUE);
  return g_steal_pointer (&self->answer);
}

/* ---- errors as sentences ---- */

static gboolean
fail (GError              **error,
      SfumatoKeyringError   code,
      const char           *sentence)
{
  g_set_error_literal (error, SFUMATO_KEYRING_ERROR, code, sentence);
  return FALSE;
}

static gboolean
fail_locked (GError **error)
{
  return fail (error, SFUMATO_KEYRING_ERROR_LOCKED, _("The keyring is locked, and it was not unlocked."));
}

static gboolean
is_no_answer (const GError *raw)
{
  return g_error_matches (raw, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY) ||
         g_error_matches (raw, G_DBUS_ERROR, G_DBUS_ERROR_TIMEOUT) ||
         g_error_matches (raw, G_DBUS_ERROR, G_DBUS_ERROR_TIMED_OUT) ||
         g_error_matches (raw, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

static gboolean
is_nobody_there (const GError *raw)
{
  return g_error_matches (raw, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
         g_error_matches (raw, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
         g_error_matches (raw, G_IO_ERROR, G_IO_ERROR_CLOSED) ||
         (raw->domain == G_DBUS_ERROR && raw->code >= G_DBUS_ERROR_SPAWN_EXEC_FAILED &&
          raw->code <= G_DBUS_ERROR_SPAWN_NO_MEMORY);
}

/* G_IO_ERROR_CANCELLED is the person's "no": when it is the caller's, nobody reads this any more. */
static gboolean
is_locked_answer (const GError *raw)
{
  return g_error_matches (raw, SECRET_ERROR, SECRET_ERROR_IS_LOCKED) ||
         g_error_matches (raw, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static gboolean
is_gone (const GError *raw)
{
  return g_error_matches (raw, SECRET_ERROR, SECRET_ERROR_NO_SUCH_OBJECT) ||
         g_error_matches (raw, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT) ||
         g_error_matches (raw, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD);
}

static gboolean
explain (GError  *raw,   /* (transfer full) */
         GError **error)
{
  g_autoptr (GError) owned = raw;

  g_dbus_error_strip_remote_error (owned);
  if (is_locked_answer (owned))
    return fail_locked (error);
  if (is_no_answer (owned))
    return fail (error, SFUMATO_KEYRING_ERROR_SILENT, _("The keyring did not answer."));
  if (is_nobody_there (owned))
    return fail (error, SFUMATO_KEYRING_ERROR_MISSING, _("There is no keyring on this desktop."));
  g_set_error (error, SFUMATO_KEYRING_ERROR, SFUMATO_KEYRING_ERROR_FAILED,
               _("The keyring could not do it: %s."), owned->message);
  return FALSE;
}

/* ---- asking ---- */

static GList *
ask_for_items (SfumatoErrand  *self,
               GError        **error)
{
  g_autoptr (GAsyncResult) answer = NULL;

  if (self->in_file)
    {
      secret_password_searchv (self->schema, self->attributes, SECRET_SEARCH_ALL, self->cancellable, answer_cb, self);
      answer = wait_for_answer (self);
      return secret_password_search_finish (answer, error);
    }
  secret_service_search (self->keyring, self->schema, self->attributes, SECRET_SEARCH_ALL, self->cancellable,
                         answer_cb, self);
  answer = wait_for_answer (self);
  return secret_service_search_finish (self->keyring, answer, error);
}

static gboolean
search (SfumatoErrand  *self,
        GList         **items,
        GError        **error)
{
  GError *raw = NULL;

  *items = ask_for_items (self, &raw);
  if (g_error_matches (raw, SECRET_ERROR, SECRET_ERROR_NO_SUCH_OBJECT))
    g_clear_error (&raw);   /* somebody deleted it while it was being read */
  return raw == NULL || explain (raw, error);
}

static gboolean
is_locked (gpointer thing)
{
  if (SECRET_IS_COLLECTION (thing))
    return secret_collection_get_locked (thing);
  return SECRET_IS_ITEM (thing) && secret_item_get_locked (thing);
}

static gboolean
unlock (SfumatoErrand  *self,
        GList          *things,   /* items or collections */
        GError        **error)
{
  g_autoptr (GAsyncResult) answer = NULL;
  GError *raw = NULL;

  if (!self->order.interactive)
    return fail_locked (error);
  sfumato_errand_may_ask (self);
  secret_service_unlock (self->keyring, things, self->cancellable, answer_cb, self);
  answer = wait_for_answer (self);
  secret_service_unlock_finish (self->keyring, answer, NULL, &raw);
  if (raw != NULL)
    return explain (raw, error);
  for (GList *l = things; l != NULL; l = l->next)
    if (is_locked (l->data))
      return fail_locked (error);
  return TRUE;
}

/* NULL without an error: there is none. */
static SecretCollection *
open_default_collection (SfumatoErrand  *self,
                         GError        **error)
{
  g_autoptr (GAsyncResult) answer = NULL;
  SecretCollection *collection;
  GError *raw = NULL;

  secret_collection_for_alias (self->keyring, SECRET_COLLECTION_DEFAULT, SECRET_COLLECTION_NONE, self->cancellable,
                               answer_cb, self);
  answer = wait_for_answer (self);
  collection = secret_collection_for_alias_finish (answer, &raw);
  if (raw != NULL && is_gone (raw))
    g_clear_error (&raw);
  if (raw != NULL)
    explain (raw, error);
  return collection;
}

/* gnome-keyring does not even say what is in a collection that was never unlocked since it started. */
static gboolean
search_behind_lock (SfumatoErrand  *self,
                    GList         **items,
                    GError        **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (SecretCollection) collection = open_default_collection (self, &local);
  g_autoptr (GList) one = NULL;

  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (collection == NULL || !secret_collection_get_locked (collection))
    return TRUE;
  one = g_list_prepend (NULL, collection);
  return unlock (self, one, error) && search (self, items, error);
}

static gboolean
find (SfumatoErrand  *self,
      GList         **items,
      GError        **error)
{
  return search (self, items, error) &&
         (*items != NULL || self->in_file || search_behind_lock (self, items, error));
}

/* A keyring may hold the same thing in several collections: what was stored last counts. */
static SecretRetrievable *
newest (GList *items)
{
  SecretRetrievable *found = items->data;

  for (GList *l = items->next; l != NULL; l = l->next)
    if (secret_retrievable_get_modified (l->data) > secret_retrievable_get_modified (found))
      found = l->data;
  return found;
}

static gboolean
retrieve (SfumatoErrand      *self,
          SecretRetrievable  *item,
          SfumatoSecret     **found,
          GError            **error)
{
  g_autoptr (GAsyncResult) answer = NULL;
  g_autoptr (SecretValue) value = NULL;
  GError *raw = NULL;

  secret_retrievable_retrieve_secret (item, self->cancellable, answer_cb, self);
  answer = wait_for_answer (self);
  value = secret_retrievable_retrieve_secret_finish (item, answer, &raw);
  if (raw != NULL && is_gone (raw))
    g_clear_error (&raw);
  if (raw != NULL)
    return explain (raw, error);
  if (value == NULL)
    return TRUE;
  *found = sfumato_secret_new (secret_value_get_text (value));
  return *found != NULL || fail (error, SFUMATO_KEYRING_ERROR_FAILED,
                                 _("What the keyring holds is not a key. Enter it again."));
}

/* ---- the three errands ---- */

static gboolean
look_up (SfumatoErrand  *self,
         SfumatoSecret **found,
         GError        **error)
{
  g_autolist (GObject) items = NULL;
  SecretRetrievable *item;

  if (!find (self, &items, error))
    return FALSE;
  if (items == NULL)
    return TRUE;
  item = newest (items);
  if (is_locked (item))
    {
      g_autoptr (GList) one = g_list_prepend (NULL, item);

      if (!unlock (self, one, error))
        return FALSE;
    }
  return retrieve (self, item, found, error);
}

static gboolean
store_in_file (SfumatoErrand  *self,
               SecretValue    *value,
               GError        **error)
{
  g_autoptr (GAsyncResult) answer = NULL;

  secret_password_storev_binary (self->schema, self->attributes, SECRET_COLLECTION_DEFAULT, self->order.label, value,
                                 self->cancellable, answer_cb, self);
  answer = wait_for_answer (self);
  return secret_password_store_finish (answer, error);
}

static gboolean
store_in_service (SfumatoErrand  *self,
                  SecretValue    *value,
                  GError        **error)
{
  g_autoptr (GAsyncResult) answer = NULL;

  sfumato_errand_may_ask (self);
  secret_service_store (self->keyring, self->schema, self->attributes, SECRET_COLLECTION_DEFAULT, self->order.label,
                        value, self->cancellable, answer_cb, self);
  answer = wait_for_answer (self);
  return secret_service_store_finish (self->keyring, answer, error);
}

static gboolean
store (SfumatoErrand  *self,
       GError        **error)
{
  g_autoptr (SecretValue) value = secret_value_new (sfumato_secret_peek (self->order.secret), -1, "text/plain");
  GError *raw = NULL;

  return (self->in_file ? store_in_file (self, value, &raw) : store_in_service (self, value, &raw)) ||
         explain (raw, error);
}

static gboolean
delete_item (SfumatoErrand  *self,
             SecretItem     *item,
             GError        **error)
{
  g_autoptr (GAsyncResult) answer = NULL;
  GError *raw = NULL;

  secret_item_delete (item, self->cancellable, answer_cb, self);
  answer = wait_for_answer (self);
  secret_item_delete_finish (item, answer, &raw);
  if (raw != NULL && is_gone (raw))
    g_clear_error (&raw);
  return raw == NULL || explain (raw, error);
}

static gboolean
clear_file (SfumatoErrand  *self,
            GError        **error)
{
  g_autoptr (GAsyncResult) answer = NULL;
  GError *raw = NULL;

  secret_password_clearv (self->schema, self->attributes, self->cancellable, answer_cb, self);
  answer = wait_for_answer (self);
  secret_password_clear_finish (answer, &raw);
  return raw == NULL || explain (raw, error);
}

/* One by one, because libsecret's own clear passes over what is locked and says nothing. */
static gboolean
forget (SfumatoErrand  *self,
        GError        **error)
{
  g_autolist (GObject) items = NULL;

  if (self->in_file)
    return clear_file (self, error);
  if (!find (self, &items, error))
    return FALSE;
  if (items == NULL)
    return TRUE;
  for (GList *l = items; l != NULL; l = l->next)
    if (is_locked (l->data) && !unlock (self, items, error))
      return FALSE;
  sfumato_errand_may_ask (self);
  for (GList *l = items; l != NULL; l = l->next)
    if (!delete_item (self, l->data, error))
      return FALSE;
  return TRUE;
}

/* ---- around them ---- */

static gboolean
carry_out (SfumatoErrand  *self,
           SfumatoSecret **found,
           GError        **error)
{
  switch (self->order.kind)
    {
    case SFUMATO_ERRAND_LOOK_UP:
      return look_up (self, found, error);
    case SFUMATO_ERRAND_STORE:
      return store (self, error);
    case SFUMATO_ERRAND_FORGET:
      return forget (self, error);
    default:
      g_assert_not_reached ();
    }
}

/* libsecret reads the file once for each connection; a second call on the same one would leak it. */
static gboolean
carry_out_on_file (SfumatoErrand  *self,
                   SfumatoSecret **found,
                   GError        **error)
{
  gboolean done = carry_out (self, found, error);

  secret_service_disconnect ();
  return done;
}

static gboolean
run_on_file (SfumatoErrand  *self,
             SfumatoSecret **found,
             GError        **error)
{
  SfumatoErrandKind kind = self->order.kind;
  g_autoptr (GError) damage = NULL;

  if (!sfumato_keyring_file_check (&damage))
    {
      if (kind == SFUMATO_ERRAND_FORGET)
        return sfumato_keyring_file_clean (TRUE, error);
      g_propagate_error (error, g_steal_pointer (&damage));
      return FALSE;
    }
  return carry_out_on_file (self, found, error) &&
         (kind == SFUMATO_ERRAND_LOOK_UP || sfumato_keyring_file_clean (FALSE, error));
}

static gboolean
run_on_locked_file (SfumatoErrand  *self,
                    SfumatoSecret **found,
                    GError        **error)
{
  gboolean done;
  int lock;

  G_LOCK (file);
  lock = sfumato_keyring_file_lock ();
  done = run_on_file (self, found, error);
  if (lock >= 0)
    g_close (lock, NULL);
  G_UNLOCK (file);
  return done;
}

/* Opening it is also how it is learned within the short limit whether anybody answers at all. */
static gboolean
run_on_service (SfumatoErrand  *self,
                SfumatoSecret **found,
                GError        **error)
{
  g_autoptr (GAsyncResult) answer = NULL;
  GError *raw = NULL;

  secret_service_open (SECRET_TYPE_SERVICE, NULL, SECRET_SERVICE_OPEN_SESSION, self->cancellable, answer_cb, self);
  answer = wait_for_answer (self);
  self->keyring = secret_service_open_finish (answer, &raw);
  if (self->keyring == NULL)
    return explain (raw, error);
  return carry_out (self, found, error);
}

/* GIO ends a process whose session bus goes away. There may be a picture on its way that is paid for. */
static GDBusConnection *
get_bus (void)
{
  GDBusConnection *bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, NULL);

  if (bus != NULL)
    g_dbus_connection_set_exit_on_close (bus, FALSE);
  return bus;
}

gboolean
sfumato_errand_talk (SfumatoErrand  *self,
                     SfumatoSecret **found,
                     GError        **error)
{
  g_autoptr (GDBusConnection) bus = get_bus ();
  gboolean done;

  self->in_file = sfumato_keyring_file_is_used ();
  if (!self->in_file && bus == NULL)
    return fail (error, SFUMATO_KEYRING_ERROR_MISSING, _("There is no keyring on this desktop."));
  done = self->in_file ? run_on_locked_file (self, found, error) : run_on_service (self, found, error);
  g_clear_object (&self->keyring);
  return done;
}
