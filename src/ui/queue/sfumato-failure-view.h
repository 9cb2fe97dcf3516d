/* A generation that did not end as wished, said in its place: what happened, whether it cost money, what can be done
 * about it, and the details for a support desk. Its buttons use the actions of sfumato-job-actions.h, and those of
 * the window for the rest.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

#include "studio/sfumato-job.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_FAILURE_VIEW (sfumato_failure_view_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoFailureView, sfumato_failure_view, SFUMATO, FAILURE_VIEW, AdwBin)

/* Shows the error of a job that is FAILED, CANCELLED, UNSAVED or UNKNOWN, or that its picture was filtered. */
void sfumato_failure_view_show       (SfumatoFailureView *self,
                                      SfumatoJob         *job);
/* Shows why no job could be made at all. */
void sfumato_failure_view_show_error (SfumatoFailureView *self,
                                      const GError       *error);

G_END_DECLS
