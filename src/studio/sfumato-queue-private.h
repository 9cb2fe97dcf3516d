/* How the studio makes and ends the queue, and what its two files share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "gallery/sfumato-gallery.h"
#include "keyring/sfumato-keyring.h"
#include "studio/sfumato-journal.h"
#include "studio/sfumato-queue.h"
#include "studio/sfumato-worker.h"

G_BEGIN_DECLS

/**
 * SfumatoQueueParts:
 * @services: a GListModel of SfumatoService
 *
 * What the queue works with; it takes references, and the journal for itself.
 */
typedef struct
{
  SfumatoJournal *journal;
  SfumatoKeyring *keyring;
  SfumatoGallery *gallery;
  GListModel     *services;
  const char     *data_folder;
} SfumatoQueueParts;

SfumatoQueue *sfumato_queue_new         (const SfumatoQueueParts *parts);
/* Takes over what ended processes left behind. */
void          sfumato_queue_inherit     (SfumatoQueue            *self);
void          sfumato_queue_set_gallery (SfumatoQueue            *self,
                                         SfumatoGallery          *gallery);
/* Stops what runs and waits for it, at most some seconds. Nothing is begun afterwards. */
void          sfumato_queue_close       (SfumatoQueue            *self);

struct _SfumatoQueue
{
  GObject          parent_instance;

  GPtrArray       *jobs;        /* owned, element-type SfumatoJob, in order */
  GPtrArray       *workers;     /* owned, element-type SfumatoWorker: what runs */
  GHashTable      *resting;     /* owned: service id → monotonic time until which it is left alone */
  SfumatoJob      *removed;     /* owned, nullable: for sfumato_queue_unremove() */
  SfumatoJournal  *journal;     /* owned */
  SfumatoKeyring  *keyring;     /* owned */
  SfumatoGallery  *gallery;     /* owned */
  GListModel      *services;    /* owned */
  char            *data_folder; /* owned */
  guint            wake;        /* source that looks again later, or 0 */
  gboolean         paused;
  gboolean         closed;
};

const char     *sfumato_queue_service_of    (SfumatoJob          *job);
SfumatoWorker  *sfumato_queue_find_worker   (SfumatoQueue        *self,
                                             SfumatoJob          *job);
void            sfumato_queue_insert        (SfumatoQueue        *self,
                                             SfumatoJob          *job);
void            sfumato_queue_take_out      (SfumatoQueue        *self,
                                             SfumatoJob          *job);
void            sfumato_queue_start         (SfumatoQueue        *self,
                                             SfumatoJob          *job,
                                             SfumatoService      *service);
/* Ends a job of which nothing was sent; the error says why. */
void            sfumato_queue_end_unsent    (SfumatoQueue        *self,
                                             SfumatoJob          *job,
                                             SfumatoJobState      state,
                                             const GError        *error);
void            sfumato_queue_look_for_work (SfumatoQueue        *self);
void            sfumato_queue_notify_counts (SfumatoQueue        *self);

G_END_DECLS
