/* The way of one picture, from the key to the gallery. Private to the studio.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "gallery/sfumato-gallery.h"
#include "keyring/sfumato-keyring.h"
#include "studio/sfumato-journal.h"

G_BEGIN_DECLS

/**
 * SfumatoRun:
 *
 * What one job needs; everything borrowed for the time of the call.
 */
typedef struct
{
  const char          *id;
  SfumatoRequest      *request;
  SfumatoService      *service;
  SfumatoGallery      *gallery;
  SfumatoKeyring      *keyring;
  SfumatoJournal      *journal;
  const char          *data_folder;
  gboolean             may_wait;    /* a "too many requests" may be followed by one more try */
  const gint          *abandoned;   /* nullable, atomic: cancelled by the program's end, not by the person */
  SfumatoProgressFunc  progress;
  gpointer             progress_data;
} SfumatoRun;

/**
 * SfumatoOutcome:
 * @state: WAITING where it has to be tried again: after error's retry_after, or, without an error, when there is a
 *   place free; DONE, UNSAVED, FAILED or CANCELLED otherwise
 */
typedef struct
{
  SfumatoJobState  state;
  SfumatoPicture  *picture; /* owned, nullable */
  SfumatoResult   *result;  /* owned, nullable: while UNSAVED */
  GError          *error;   /* owned, nullable */
} SfumatoOutcome;

void            sfumato_outcome_free  (SfumatoOutcome *outcome);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfumatoOutcome, sfumato_outcome_free)

/* Blocking, on a worker thread. The journal knows the outcome before this returns. */
SfumatoOutcome *sfumato_run_job       (const SfumatoRun *run,
                                       GCancellable     *cancellable);
/* Blocking. Another try to keep a picture that could not be written. */
SfumatoOutcome *sfumato_run_save      (const SfumatoRun *run,
                                       SfumatoResult    *result);
/* The result of an unsaved job of an earlier run; NULL where its bytes are gone. */
SfumatoResult  *sfumato_run_reload    (const char       *data_folder,
                                       const SfumatoEntry *entry);

/* A keyring's error as a sentence of SFUMATO_ERROR; (transfer full). */
GError         *sfumato_explain_keyring_error (const GError *error);

G_END_DECLS
