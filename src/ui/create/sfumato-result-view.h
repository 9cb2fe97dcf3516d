/* The result area: what the last press of Generate asked for, from "Waiting" to the pictures, and what can be done
 * with them. Empty it invites to begin. It never takes the form away: composing goes on beside it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

#include "studio/sfumato-studio.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_RESULT_VIEW (sfumato_result_view_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoResultView, sfumato_result_view, SFUMATO, RESULT_VIEW, AdwBin)

/* Properties: "studio", "picture" (read-only, nullable: the one the tools below are about). */

/* jobs: element-type SfumatoJob, of one batch. */
void        sfumato_result_view_show     (SfumatoResultView *self,
                                          GPtrArray         *jobs);
/* Says in the same place why nothing could be asked for; until the next sfumato_result_view_show(). */
void        sfumato_result_view_show_error (SfumatoResultView *self,
                                            const GError      *error);
/* Over what is shown, and over none of the tools below it. (transfer full) */
void        sfumato_result_view_add_toast (SfumatoResultView *self,
                                           AdwToast          *toast);
/* A job that is shown was asked for again: the new one takes its place. */
void        sfumato_result_view_replace  (SfumatoResultView *self,
                                          SfumatoJob        *job,
                                          SfumatoJob        *by);
gboolean    sfumato_result_view_has      (SfumatoResultView *self,
                                          SfumatoJob        *job);
/* Cancels those that are still waiting or running; FALSE where there are none. */
gboolean    sfumato_result_view_cancel   (SfumatoResultView *self);

G_END_DECLS
