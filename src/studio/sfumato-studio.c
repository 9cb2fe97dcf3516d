/* The house behind the window and the command line.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "studio/sfumato-studio-private.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "domain/sfumato-error.h"
#include "services/sfumato-stability.h"
#include "studio/sfumato-inputs.h"

#define INPUTS_BYTES_MAX (500u * 1024 * 1024)
#define DRAFT_BYTES_MAX  (1024 * 1024)

enum
{
  PROP_0,
  PROP_GALLERY,
  PROP_BALANCE,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (SfumatoStudio, sfumato_studio, G_TYPE_OBJECT)

/* ---- following ---- */

void
sfumato_studio_follow (SfumatoStudio *self)
{
  g_return_if_fail (SFUMATO_IS_STUDIO (self));

  self->following = TRUE;
  sfumato_gallery_watch (self->gallery);
  sfumato_local_service_follow (self->local);
  sfumato_studio_follow_balance (self);
}

/* ---- the object ---- */

static void
sfumato_studio_get_property (GObject    *object,
                             guint       prop_id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  SfumatoStudio *self = SFUMATO_STUDIO (object);

  switch (prop_id)
    {
    case PROP_GALLERY:
      g_value_set_object (value, self->gallery);
      break;
    case PROP_BALANCE:
      g_value_set_double (value, self->balance);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
sfumato_studio_finalize (GObject *object)
{
  SfumatoStudio *self = SFUMATO_STUDIO (object);

  g_clear_error (&self->loss);
  g_clear_object (&self->queue);
  g_clear_object (&self->gallery);
  g_clear_object (&self->keyring);
  g_clear_object (&self->services);
  g_clear_object (&self->local);
  g_free (self->charged_by);
  g_clear_object (&self->settings);
  g_free (self->data_folder);
  g_free (self->cache_folder);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (sfumato_studio_parent_class)->finalize (object);
}

static void
sfumato_studio_class_init (SfumatoStudioClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = sfumato_studio_get_property;
  object_class->finalize = sfumato_studio_finalize;

  properties[PROP_GALLERY] = g_param_spec_object ("gallery", NULL, NULL, SFUMATO_TYPE_GALLERY,
                                                  G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_BALANCE] = g_param_spec_double ("balance", NULL, NULL, -G_MAXDOUBLE, G_MAXDOUBLE, 0,
                                                  G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
sfumato_studio_init (SfumatoStudio *self)
{
  const char *name = DEVELOPMENT ? "sfumato-devel" : "sfumato";

  g_mutex_init (&self->lock);
  self->balance = NAN;
  self->data_folder = g_build_filename (g_get_user_data_dir (), name, NULL);
  self->cache_folder = g_build_filename (g_get_user_cache_dir (), name, NULL);
  self->settings = g_settings_new (APP_ID);
  self->keyring = sfumato_keyring_new (APP_ID);
  self->services = g_list_store_new (SFUMATO_TYPE_SERVICE);
}

/* ---- opening ---- */

/* A sandbox that was not given the Pictures folder names none. What is written to one of that name there goes to memory
 * and is lost with the sandbox, so that pictures are kept with the program's own data until a folder is chosen. */
static char *
pictures_folder (SfumatoStudio *self)
{
  g_autofree char *chosen = g_settings_get_string (self->settings, "pictures-folder");
  const char *pictures = g_get_user_special_dir (G_USER_DIRECTORY_PICTURES);

  if (g_path_is_absolute (chosen))
    return g_steal_pointer (&chosen);
  if (pictures != NULL && g_strcmp0 (pictures, g_get_home_dir ()) != 0)
    return g_build_filename (pictures, "Sfumato", NULL);
  if (g_file_test ("/.flatpak-info", G_FILE_TEST_EXISTS))
    return g_build_filename (self->data_folder, "pictures", NULL);
  return g_build_filename (g_get_home_dir (), "Pictures", "Sfumato", NULL);
}

/* Each folder has an index of its own, so that going back to an old one loses nothing and costs nothing. */
static SfumatoGallery *
open_gallery (SfumatoStudio  *self,
              const char     *folder,
              GError        **error)
{
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, folder, -1);
  g_autofree char *name = g_strdup_printf ("pictures-%.8s.db", hash);
  g_autofree char *index = g_build_filename (self->data_folder, name, NULL);
  g_autofree char *thumbnails = g_build_filename (self->cache_folder, "thumbnails", NULL);

  return sfumato_gallery_open (folder, index, thumbnails, error);
}

static void
json_changed_cb (SfumatoStudio *self)
{
  g_autoptr (SfumatoService) service = sfumato_studio_find_service (self, "stability");

  if (service != NULL)
    sfumato_stability_set_accept_json (SFUMATO_STABILITY (service),
                                       g_settings_get_boolean (self->settings, "stability-json"));
}

static SfumatoService *
open_stability (SfumatoStudio  *self,
                const char     *base_url,
                GError        **error)
{
  g_autofree char *setting = g_settings_get_string (self->settings, "stability-url");
  g_autoptr (GError) problem = NULL;
  SfumatoService *service;

  if (base_url != NULL)
    return sfumato_stability_new (base_url, error);
  service = sfumato_stability_new (*setting != '\0' ? setting : NULL, &problem);
  if (service != NULL)
    return service;
  /* Only somebody who edits settings by hand gets here. */
  g_message ("the address of the service in the settings is not used: %s", problem->message);
  return sfumato_stability_new (NULL, error);
}

static void
local_settings_changed_cb (SfumatoStudio *self)
{
  g_autofree char *device = g_settings_get_string (self->settings, "device");

  sfumato_local_service_set_device (self->local, device);
  sfumato_local_service_set_keep_minutes (self->local, g_settings_get_int (self->settings, "keep-minutes"));
}

static void
open_local (SfumatoStudio *self)
{
  g_autofree char *list = g_build_filename (self->data_folder, "models.json", NULL);

  self->local = SFUMATO_LOCAL_SERVICE (sfumato_local_service_new (list, NULL));
  g_list_store_append (self->services, self->local);
  g_signal_connect_object (self->settings, "changed::device", G_CALLBACK (local_settings_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->settings, "changed::keep-minutes", G_CALLBACK (local_settings_changed_cb), self,
                           G_CONNECT_SWAPPED);
  local_settings_changed_cb (self);
}

static GError *
explain_loss (const char *folder)
{
  return sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Queue Begun Anew"),
                            _("The record of the queue and of what was spent was damaged. It is kept beside a new one in “%s”. "
                              "What was waiting is not asked for any more, and what had been sent may have been charged. "
                              "The pictures in your gallery are untouched."), folder);
}

SfumatoStudio *
sfumato_studio_new (const char  *base_url,
                    GError     **error)
{
  g_autoptr (SfumatoStudio) self = g_object_new (SFUMATO_TYPE_STUDIO, NULL);
  g_autofree char *folder = pictures_folder (self);
  g_autofree char *inputs = g_build_filename (self->data_folder, "inputs", NULL);
  g_autofree char *remains = sfumato_studio_dup_remains_folder (self);
  g_autoptr (SfumatoService) stability = open_stability (self, base_url, error);
  SfumatoJournal *journal;

  if (stability == NULL)
    return NULL;
  g_list_store_append (self->services, stability);
  g_signal_connect_object (self->settings, "changed::stability-json", G_CALLBACK (json_changed_cb), self,
                           G_CONNECT_SWAPPED);
  json_changed_cb (self); /* a setting says that it has changed once it was read */
  open_local (self);
  self->gallery = open_gallery (self, folder, error);
  if (self->gallery == NULL)
    return NULL;
  journal = sfumato_journal_open (self->data_folder, error);
  if (journal == NULL)
    return NULL;
  if (sfumato_journal_is_anew (journal))
    self->loss = explain_loss (self->data_folder);
  self->queue = sfumato_queue_new (&(SfumatoQueueParts) {
    .journal = journal,
    .keyring = self->keyring,
    .gallery = self->gallery,
    .services = G_LIST_MODEL (self->services),
    .data_folder = self->data_folder,
  });
  sfumato_inputs_trim (inputs, INPUTS_BYTES_MAX);
  sfumato_remains_prune (remains, g_get_real_time () / G_USEC_PER_SEC);
  return g_steal_pointer (&self);
}

void
sfumato_studio_inherit_queue (SfumatoStudio *self)
{
  g_return_if_fail (SFUMATO_IS_STUDIO (self));

  sfumato_queue_inherit (self->queue);
}

void
sfumato_studio_close (SfumatoStudio *self)
{
  g_return_if_fail (SFUMATO_IS_STUDIO (self));

  sfumato_queue_close (self->queue);
}

/* ---- what is in it ---- */

const GError *
sfumato_studio_get_loss (SfumatoStudio *self)
{
  g_return_val_if_fail (SFUMATO_IS_STUDIO (self), NULL);

  return self->loss;
}

GSettings *
sfumato_studio_get_settings (SfumatoStudio *self)
{
  g_return_val_if_fail (SFUMATO_IS_STUDIO (self), NULL);

  return self->settings;
}

SfumatoGallery *
sfumato_studio_get_gallery (SfumatoStudio *self)
{
  g_return_val_if_fail (SFUMATO_IS_STUDIO (self), NULL);

  return self->gallery;
}

SfumatoQueue *
sfumato_studio_get_queue (SfumatoStudio *self)
{
  g_return_val_if_fail (SFUMATO_IS_STUDIO (self), NULL);

  return self->queue;
}

GListModel *
sfumato_studio_get_services (SfumatoStudio *self)
{
  g_return_val_if_fail (SFUMATO_IS_STUDIO (self), NULL);

  return G_LIST_MODEL (self->services);
}

SfumatoLocalService *
sfumato_studio_get_local (SfumatoStudio *self)
{
  g_return_val_if_fail (SFUMATO_IS_STUDIO (self), NULL);

  return self->local;
}

SfumatoService *
sfumato_studio_find_service (SfumatoStudio *self,
                             const char    *id)
{
  g_autoptr (GMutexLocker) locker = NULL;

  g_return_val_if_fail (SFUMATO_IS_STUDIO (self), NULL);

  locker = g_mutex_locker_new (&self->lock);
  return sfumato_service_find (G_LIST_MODEL (self->services), id);
}

const SfumatoModel *
sfumato_studio_find_model (SfumatoStudio *self,
                           const char    *service,
                           const char    *model)
{
  g_autoptr (SfumatoService) known = sfumato_studio_find_service (self, service);

  return known != NULL ? sfumato_service_find_model (known, model) : NULL;
}

const SfumatoModel *
sfumato_studio_find_starter (SfumatoStudio *self)
{
  const SfumatoModel *model = sfumato_service_get_models (SFUMATO_SERVICE (self->local));

  while (model->id != NULL && model->vocabulary == NULL)
    model++;
  return model->id != NULL ? model : NULL;
}

gboolean
sfumato_studio_has_own_models (SfumatoStudio *self)
{
  const SfumatoModel *first = sfumato_service_get_models (SFUMATO_SERVICE (self->local));

  return first->id != NULL && first->vocabulary == NULL;
}

/* ---- settings that need more than a key ---- */

typedef struct
{
  SfumatoStudio  *studio;  /* owned */
  SfumatoGallery *gallery; /* owned */
  char           *folder;  /* owned */
} FolderChange;

static gboolean
folder_changed_cb (gpointer user_data)
{
  FolderChange *change = user_data;

  g_settings_set_string (change->studio->settings, "pictures-folder", change->folder);
  g_set_object (&change->studio->gallery, change->gallery);
  sfumato_queue_set_gallery (change->studio->queue, change->gallery);
  if (change->studio->following)
    sfumato_gallery_watch (change->gallery);
  g_object_notify_by_pspec (G_OBJECT (change->studio), properties[PROP_GALLERY]);
  return G_SOURCE_REMOVE;
}

static void
folder_change_free (gpointer user_data)
{
  FolderChange *change = user_data;

  g_object_unref (change->studio);
  g_object_unref (change->gallery);
  g_free (change->folder);
  g_free (change);
}

gboolean
sfumato_studio_set_folder (SfumatoStudio  *self,
                           const char     *folder,
                           GError        **error)
{
  SfumatoGallery *gallery;
  FolderChange *change;

  g_return_val_if_fail (SFUMATO_IS_STUDIO (self), FALSE);
  g_return_val_if_fail (g_path_is_absolute (folder), FALSE);

  gallery = open_gallery (self, folder, error);
  if (gallery == NULL)
    return FALSE;
  change = g_new (FolderChange, 1);
  *change = (FolderChange) { .studio = g_object_ref (self), .gallery = gallery, .folder = g_strdup (folder) };
  g_main_context_invoke_full (NULL, G_PRIORITY_DEFAULT, folder_changed_cb, change, folder_change_free);
  return TRUE;
}

gboolean
sfumato_studio_set_base_url (SfumatoStudio  *self,
                             const char     *url,
                             GError        **error)
{
  gboolean own = url == NULL || *url == '\0';
  g_autoptr (SfumatoService) service = NULL;

  g_return_val_if_fail (SFUMATO_IS_STUDIO (self), FALSE);

  service = sfumato_stability_new (own ? NULL : url, error);
  if (service == NULL)
    return FALSE;
  g_settings_set_string (self->settings, "stability-url", own ? "" : url);
  g_mutex_lock (&self->lock);
  g_list_store_splice (self->services, 0, 1, (gpointer *) &service, 1);
  g_mutex_unlock (&self->lock);
  json_changed_cb (self);
  sfumato_studio_note_balance (self, NAN);
  return TRUE;
}

gint64
sfumato_studio_get_spent (SfumatoStudio *self,
                          GDateTime     *since,
                          gint64        *maybe)
{
  g_return_val_if_fail (SFUMATO_IS_STUDIO (self), 0);

  return sfumato_journal_get_spent (self->queue->journal, g_date_time_to_unix (since) * G_USEC_PER_SEC, maybe);
}

char *
sfumato_studio_dup_remains_folder (SfumatoStudio *self)
{
  g_return_val_if_fail (SFUMATO_IS_STUDIO (self), NULL);

  return g_build_filename (self->data_folder, SFUMATO_REMAINS_FOLDER, NULL);
}

/* ---- the draft ---- */

void
sfumato_studio_save_draft (SfumatoStudio  *self,
                           SfumatoRequest *draft)
{
  g_autofree char *path = g_build_filename (self->data_folder, "draft.json", NULL);
  g_autofree char *inputs = g_build_filename (self->data_folder, "inputs", NULL);
  g_autoptr (JsonNode) json = sfumato_request_to_json (draft);
  g_autofree char *text = json_to_string (json, FALSE);
  g_autoptr (GError) error = NULL;

  sfumato_inputs_keep (inputs, draft, NULL);
  if (!g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
    g_message ("the draft could not be kept: %s", error->message);
}

SfumatoRequest *
sfumato_studio_complete_request (SfumatoStudio   *self,
                                 SfumatoRequest  *request,
                                 GError         **error)
{
  g_autofree char *inputs = g_build_filename (self->data_folder, "inputs", NULL);

  return sfumato_inputs_complete (inputs, request, error);
}

SfumatoRequest *
sfumato_studio_load_draft (SfumatoStudio *self)
{
  g_autofree char *path = g_build_filename (self->data_folder, "draft.json", NULL);
  g_autofree char *text = NULL;
  g_autoptr (SfumatoRequest) draft = NULL;
  SfumatoRequest *whole;
  gsize size;

  if (!g_file_get_contents (path, &text, &size, NULL) || size > DRAFT_BYTES_MAX)
    return NULL;
  draft = sfumato_request_from_text (text, NULL);
  if (draft == NULL)
    return NULL;
  whole = sfumato_studio_complete_request (self, draft, NULL);
  return whole != NULL ? whole : g_steal_pointer (&draft);
}
