/* Every picture that was asked for and is not over: a GListModel of SfumatoJob in the order they will run, finished
 * ones staying until they are cleared. The journal behind it is shared by all Sfumato processes of this person: it
 * is where "at most so many at once" and "never twice" are decided.
 *
 * Main thread only, unless a function says otherwise.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "studio/sfumato-job.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_QUEUE (sfumato_queue_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoQueue, sfumato_queue, SFUMATO, QUEUE, GObject)

/**
 * SfumatoQueue::job-over:
 * @job: it came to an end: DONE, FAILED, CANCELLED or UNSAVED
 */

/* Properties: "active" (jobs waiting or running), "paused" (nothing new is begun), "held-back" (jobs of an earlier
 * run that wait for sfumato_queue_resume(), because sending them costs money and nobody is known to be there). */

/* Puts one job a picture of request's count into the journal and the queue, each with the next seed where request has
 * one; in_front runs them before the waiting ones. Returns the jobs (transfer container, element-type SfumatoJob), or
 * NULL and an error: the request is not valid, or the journal cannot be written, in which case nothing will be sent. */
GPtrArray *sfumato_queue_add        (SfumatoQueue    *self,
                                     SfumatoRequest  *request,
                                     gboolean         in_front,
                                     GError         **error);
/* Waiting: it becomes CANCELLED, nothing was sent. Running: the connection is closed at once; the job becomes
 * CANCELLED with an error that says whether it may be charged. */
void       sfumato_queue_cancel     (SfumatoQueue    *self,
                                     SfumatoJob      *job);
/* Over, UNSAVED or UNKNOWN: takes it off the list for good; waiting: cancels and takes it off. */
void       sfumato_queue_remove     (SfumatoQueue    *self,
                                     SfumatoJob      *job);
/* A removed job as it was, at its place; for Undo, until the next removal. FALSE if there is none. */
gboolean   sfumato_queue_unremove   (SfumatoQueue    *self);
/* Moves a waiting job to the place before another one (NULL: the end). */
void       sfumato_queue_move       (SfumatoQueue    *self,
                                     SfumatoJob      *job,
                                     SfumatoJob      *before);
/* FAILED, CANCELLED, UNKNOWN or held back: asks for the same again, as a new job and a new decision of the person. */
gboolean   sfumato_queue_send_again (SfumatoQueue    *self,
                                     SfumatoJob      *job,
                                     GError         **error);
/* UNSAVED: tries again to keep it in the gallery. Blocking is left to a worker; the job's state tells. */
void       sfumato_queue_save_again (SfumatoQueue    *self,
                                     SfumatoJob      *job);
void       sfumato_queue_set_paused (SfumatoQueue    *self,
                                     gboolean         paused);
gboolean   sfumato_queue_get_paused (SfumatoQueue    *self);
/* Lets the held-back jobs of an earlier run go on. */
void       sfumato_queue_resume     (SfumatoQueue    *self);
guint      sfumato_queue_get_held_back (SfumatoQueue *self);
guint      sfumato_queue_get_active (SfumatoQueue    *self);
void       sfumato_queue_clear_over (SfumatoQueue    *self);

G_END_DECLS
