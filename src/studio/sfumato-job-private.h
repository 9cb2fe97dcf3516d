/* How the queue moves a job. Main thread only.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "studio/sfumato-job.h"

G_BEGIN_DECLS

SfumatoJob *sfumato_job_new           (const char      *id,
                                       const char      *batch,
                                       SfumatoRequest  *request,
                                       int              price,
                                       double           place);
double      sfumato_job_get_place     (SfumatoJob      *self);
void        sfumato_job_set_place     (SfumatoJob      *self,
                                       double           place);
void        sfumato_job_set_state     (SfumatoJob      *self,
                                       SfumatoJobState  state);
void        sfumato_job_set_progress  (SfumatoJob      *self,
                                       const SfumatoProgress *progress);
void        sfumato_job_set_started   (SfumatoJob      *self,
                                       gint64           started);
void        sfumato_job_set_resume_at (SfumatoJob      *self,
                                       gint64           when);
void        sfumato_job_set_held_back (SfumatoJob      *self,
                                       gboolean         held_back);
void        sfumato_job_set_error     (SfumatoJob      *self,
                                       const GError    *error);
void        sfumato_job_set_picture   (SfumatoJob      *self,
                                       SfumatoPicture  *picture);
void        sfumato_job_set_result    (SfumatoJob      *self,
                                       SfumatoResult   *result);

G_END_DECLS
