/* What a job, and the whole queue, is doing, in words: for the result area, the queue and the screen reader. No widgets.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "studio/sfumato-queue.h"

G_BEGIN_DECLS

/* "Waiting", "Sending…", "Making… 40 %", "Needs attention", or what went wrong: "Key Not Accepted". (transfer full) */
char *sfumato_job_dup_state_words (SfumatoJob *job);
/* What is to know of it beside that: how long it takes already, or when it goes on; empty where there is nothing.
 * now: g_get_monotonic_time(). (transfer full) */
char *sfumato_job_dup_time_words  (SfumatoJob *job,
                                   gint64      now);
/* Seconds until a job that was asked to wait goes on; 0 where it was not. */
guint sfumato_job_get_pause       (SfumatoJob *job,
                                   gint64      now);
/* How many pictures of the queue come before it. (transfer full) */
char *sfumato_job_dup_place_words (SfumatoJob   *job,
                                   SfumatoQueue *queue);
/* Whether it is done, but what arrived is blurred. */
gboolean sfumato_job_is_filtered (SfumatoJob *job);
/* Of one that is over and did not end well: a title, and what happened and what to do in @text. (transfer none) */
const char *sfumato_job_get_problem (SfumatoJob  *job,
                                     const char **text);
/* Whether money was spent on it, as far as is known. */
SfumatoCharge sfumato_job_find_charge (SfumatoJob *job);
/* Whether money was spent on it, in a few words with the sum; NULL for what is free or not over. (transfer full) */
char *sfumato_job_dup_charge_words (SfumatoJob *job);

/**
 * SfumatoQueueSummary:
 * @attention: unsaved ones, and those that had been sent when the program stopped
 * @first: (nullable): the one that runs, or that goes on first; borrowed from the queue
 */
typedef struct
{
  guint       running;
  guint       waiting;
  guint       held_back;
  guint       attention;
  gboolean    paused;
  SfumatoJob *first;
} SfumatoQueueSummary;

void  sfumato_queue_summarize         (SfumatoQueue              *queue,
                                       SfumatoQueueSummary       *summary);
/* One line: "Making… · 0:12 · 3 more waiting". (transfer full) */
char *sfumato_queue_summary_dup_words (const SfumatoQueueSummary *summary,
                                       gint64                     now);

G_END_DECLS
