/* A job at work: its thread, and how it speaks to the main thread. Private to the studio.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "studio/sfumato-runner.h"

G_BEGIN_DECLS

typedef struct _SfumatoWorker SfumatoWorker;

/* On the main thread, once; the worker is gone afterwards. */
typedef void (*SfumatoWorkerDone) (SfumatoWorker  *worker,
                                   SfumatoOutcome *outcome,
                                   gpointer        user_data);

/**
 * sfumato_worker_start:
 * @job: gets the progress; RUNNING from now on
 * @run: request, service, gallery, keyring, journal, data_folder and may_wait are read; the objects are referenced,
 *   the journal and the folder have to outlive the worker
 * @unsaved: (nullable): a result that is only to be kept, not to be made
 *
 * Main thread. The worker stays until @done has been called.
 */
SfumatoWorker  *sfumato_worker_start       (SfumatoJob        *job,
                                            const SfumatoRun  *run,
                                            SfumatoResult     *unsaved,
                                            SfumatoWorkerDone  done,
                                            gpointer           user_data);
SfumatoJob     *sfumato_worker_get_job     (SfumatoWorker     *self);
SfumatoService *sfumato_worker_get_service (SfumatoWorker     *self);
void            sfumato_worker_cancel      (SfumatoWorker     *self);
/* The same, because the program ends: a job that may have been charged is then left for the next run to ask about. */
void            sfumato_worker_abandon     (SfumatoWorker     *self);

G_END_DECLS
