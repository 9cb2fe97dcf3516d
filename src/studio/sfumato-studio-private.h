/* What the studio's files share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "keyring/sfumato-keyring.h"
#include "studio/sfumato-queue-private.h"
#include "studio/sfumato-studio.h"

G_BEGIN_DECLS

struct _SfumatoStudio
{
  GObject         parent_instance;

  GSettings      *settings;       /* owned */
  SfumatoGallery *gallery;        /* owned */
  SfumatoKeyring *keyring;        /* owned */
  GListStore     *services;       /* owned; replaced items under lock */
  SfumatoLocalService *local;     /* owned; one of the services */
  GMutex          lock;
  SfumatoQueue   *queue;          /* owned */
  GError         *loss;           /* owned, nullable: found at opening */
  char           *data_folder;    /* owned */
  char           *cache_folder;   /* owned */
  double          balance;        /* NaN: not known */
  gboolean        following;
  gboolean        asking_balance;
  char           *charged_by;     /* owned, nullable: service of a job that was over since the balance was asked for */
};

/* Any thread; notifies on the main thread. */
void sfumato_studio_note_balance   (SfumatoStudio *self,
                                    double         credits);
/* From now on the balance is asked for when jobs that may have changed it are over. */
void sfumato_studio_follow_balance (SfumatoStudio *self);

G_END_DECLS
