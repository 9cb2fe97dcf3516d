/* One picture on its way: a row of the queue. Its state is in the journal before anybody sees it here. All
 * properties change on the main thread, with notifications; only the queue sets them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "domain/sfumato-picture.h"
#include "services/sfumato-service.h"

G_BEGIN_DECLS

/**
 * SfumatoJobState:
 * @SFUMATO_JOB_WAITING: in the queue
 * @SFUMATO_JOB_RUNNING: sent or being sent: see the stage
 * @SFUMATO_JOB_UNSAVED: the picture has arrived and was paid for but could not be written; its bytes are kept
 * @SFUMATO_JOB_DONE: in the gallery
 * @SFUMATO_JOB_FAILED: see the error
 * @SFUMATO_JOB_CANCELLED: by the person
 * @SFUMATO_JOB_UNKNOWN: it had been sent when the program stopped; it may have been charged, and waits for the person
 */
typedef enum
{
  SFUMATO_JOB_WAITING,
  SFUMATO_JOB_RUNNING,
  SFUMATO_JOB_UNSAVED,
  SFUMATO_JOB_DONE,
  SFUMATO_JOB_FAILED,
  SFUMATO_JOB_CANCELLED,
  SFUMATO_JOB_UNKNOWN,
} SfumatoJobState;

#define SFUMATO_TYPE_JOB (sfumato_job_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoJob, sfumato_job, SFUMATO, JOB, GObject)

/* Properties: "state", "stage", "fraction", "error" (boxed GError), "picture", "resume-at", "held-back"; "progress", a
 * pointer, notifies whenever any of sfumato_job_get_progress() has changed. */

const char      *sfumato_job_get_id        (SfumatoJob *self);
const char      *sfumato_job_get_batch     (SfumatoJob *self);  /* jobs of one press of Generate share it */
SfumatoRequest  *sfumato_job_get_request   (SfumatoJob *self);
SfumatoJobState  sfumato_job_get_state     (SfumatoJob *self);
/* How far it is, with the picture as it forms. (transfer none) */
const SfumatoProgress *sfumato_job_get_progress (SfumatoJob *self);
/* "Step 12 of 28 · about 9 s left", for people; NULL where it is not made in steps, or not yet. (transfer full) */
char            *sfumato_job_dup_step_words (SfumatoJob *self);
SfumatoStage     sfumato_job_get_stage     (SfumatoJob *self);
double           sfumato_job_get_fraction  (SfumatoJob *self);  /* negative: not known */
const GError    *sfumato_job_get_error     (SfumatoJob *self);  /* nullable */
SfumatoPicture  *sfumato_job_get_picture   (SfumatoJob *self);  /* nullable */
SfumatoResult   *sfumato_job_get_result    (SfumatoJob *self);  /* nullable; while UNSAVED */
int              sfumato_job_get_price     (SfumatoJob *self);  /* hundredths of a credit */
gint64           sfumato_job_get_started   (SfumatoJob *self);  /* g_get_monotonic_time() of sending; 0: not yet */
/* g_get_monotonic_time() at which a job the service asked to wait goes on; 0: it does not wait for that. */
gint64           sfumato_job_get_resume_at (SfumatoJob *self);
/* It was waiting when an earlier run ended, and waits for sfumato_queue_resume(). */
gboolean         sfumato_job_is_held_back  (SfumatoJob *self);
gboolean         sfumato_job_is_over       (SfumatoJob *self);  /* DONE, FAILED or CANCELLED */

G_END_DECLS
