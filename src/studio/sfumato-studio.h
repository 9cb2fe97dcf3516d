/* The house behind the window and the command line: settings, gallery, keyring, services and queue, wired together.
 * It is the only place where a key, a service and the gallery meet. No GTK.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "gallery/sfumato-gallery.h"
#include "services/local/sfumato-local.h"
#include "studio/sfumato-queue.h"
#include "studio/sfumato-remains.h"

G_BEGIN_DECLS

/* For main(), first thing: from here on no crash of this process, or of what it starts, leaves a key behind. */
void            sfumato_harden_process        (void);

#define SFUMATO_TYPE_STUDIO (sfumato_studio_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoStudio, sfumato_studio, SFUMATO, STUDIO, GObject)

/* Properties: "gallery" (may be replaced when the folder changes), "balance". */

/**
 * sfumato_studio_new:
 * @base_url: (nullable): Stability's address for this run, instead of the one in the settings
 *
 * Blocking for as long as opening the gallery takes. Reads XDG_PICTURES_DIR, XDG_DATA_HOME and XDG_CACHE_HOME by
 * way of GLib. Never touches the network or the keyring.
 */
SfumatoStudio  *sfumato_studio_new            (const char           *base_url,
                                               GError              **error);
/* Takes over the jobs that ended processes left in the queue, as waiting (held back), unsaved or unknown. For the
 * window, and for whoever wants to list them; a single generation has no business with them. */
void            sfumato_studio_inherit_queue  (SfumatoStudio        *self);
/* For the window: notices files that come and go in the gallery's folder and models that another process installs, gives
 * memory back when the system runs short of it, and asks for the balance again, in the background, whenever the queue
 * has run empty. */
void            sfumato_studio_follow         (SfumatoStudio        *self);
/* Stops running jobs, iterating the main context until they have: call last, before the process ends. Those already sent
 * become UNKNOWN in the journal. */
void            sfumato_studio_close          (SfumatoStudio        *self);

/* What was found damaged at opening, and what that means, to be said to the person; NULL where nothing was, which is
 * nearly always. (transfer none) */
const GError   *sfumato_studio_get_loss       (SfumatoStudio        *self);

GSettings      *sfumato_studio_get_settings   (SfumatoStudio        *self);
SfumatoGallery *sfumato_studio_get_gallery    (SfumatoStudio        *self);
SfumatoQueue   *sfumato_studio_get_queue      (SfumatoStudio        *self);
/* A GListModel of SfumatoService. (transfer none) */
GListModel     *sfumato_studio_get_services   (SfumatoStudio        *self);
/* The one of them that makes pictures here, with the models that are installed. */
SfumatoLocalService *sfumato_studio_get_local (SfumatoStudio        *self);
/* Any thread; (transfer full) (nullable). */
SfumatoService *sfumato_studio_find_service   (SfumatoStudio        *self,
                                               const char           *id);
/* The service and model of a request, old ids understood; NULL where nobody knows it any more. */
const SfumatoModel *sfumato_studio_find_model (SfumatoStudio        *self,
                                               const char           *service,
                                               const char           *model);

/* The model that is there from the start and needs nothing; NULL where Sfumato was installed without it. */
const SfumatoModel *sfumato_studio_find_starter (SfumatoStudio *self);
/* Whether a person has added a model to this computer. */
gboolean        sfumato_studio_has_own_models (SfumatoStudio        *self);

/* Where pictures go: another folder; the old one is left as it is. Blocking, for a worker thread: "gallery" notifies on
 * the main thread. */
gboolean        sfumato_studio_set_folder     (SfumatoStudio        *self,
                                               const char           *folder,
                                               GError              **error);
gboolean        sfumato_studio_set_base_url   (SfumatoStudio        *self,
                                               const char           *url,
                                               GError              **error);

/**
 * SfumatoKeyState:
 * @SFUMATO_KEY_NONE: there is none
 * @SFUMATO_KEY_STORED: in the system keyring
 * @SFUMATO_KEY_HELD: for this run only
 * @SFUMATO_KEY_UNKNOWN: the keyring is locked, missing or silent: the error says which
 */
typedef enum
{
  SFUMATO_KEY_NONE,
  SFUMATO_KEY_STORED,
  SFUMATO_KEY_HELD,
  SFUMATO_KEY_UNKNOWN,
} SfumatoKeyState;

/* Keys. The blocking forms are for worker threads and the command line; errors are of SFUMATO_ERROR, as sentences.
 * set: keep_for_run where the keyring cannot store it, instead of failing; held says so. */
gboolean        sfumato_studio_set_key        (SfumatoStudio        *self,
                                               const char           *service,
                                               const char           *text,
                                               gboolean              keep_for_run,
                                               gboolean             *held,
                                               GCancellable         *cancellable,
                                               GError              **error);
/* For this run only, without asking the keyring, which a held key comes before. */
gboolean        sfumato_studio_hold_key       (SfumatoStudio        *self,
                                               const char           *service,
                                               const char           *text,
                                               GError              **error);
gboolean        sfumato_studio_forget_key     (SfumatoStudio        *self,
                                               const char           *service,
                                               GCancellable         *cancellable,
                                               GError              **error);
SfumatoKeyState sfumato_studio_get_key_state  (SfumatoStudio        *self,
                                               const char           *service,
                                               gboolean              interactive,
                                               GCancellable         *cancellable,
                                               GError              **error);
/* Asks the service for the account behind the stored key, or behind text where it is not NULL. */
gboolean        sfumato_studio_check_key      (SfumatoStudio        *self,
                                               const char           *service,
                                               const char           *text,
                                               SfumatoAccount       *account,
                                               GCancellable         *cancellable,
                                               GError              **error);
/* The last balance that was asked for, NaN if none; "balance" notifies. */
double          sfumato_studio_get_balance    (SfumatoStudio        *self);

/* What was spent, from the journal: hundredths of a credit since the given time; maybe: of jobs that may have been
 * charged, not counted in the return value. */
gint64          sfumato_studio_get_spent      (SfumatoStudio        *self,
                                               GDateTime            *since,
                                               gint64               *maybe);

/* What arrived of pictures that broke off on their way: kept for SFUMATO_REMAINS_DAYS in this folder, then deleted. */
char           *sfumato_studio_dup_remains_folder (SfumatoStudio    *self);

/* The unfinished form: JSON of a request with whatever was typed, kept over a crash. NULL: none. */
void            sfumato_studio_save_draft     (SfumatoStudio        *self,
                                               SfumatoRequest       *draft);
SfumatoRequest *sfumato_studio_load_draft     (SfumatoStudio        *self);

/* A request read from a picture or a draft with the bytes of its input picture, where it has one. SFUMATO_ERROR_STORAGE
 * where they are not kept any more. (transfer full) */
SfumatoRequest *sfumato_studio_complete_request (SfumatoStudio      *self,
                                                 SfumatoRequest     *request,
                                                 GError            **error);

G_END_DECLS
