/* One job as a person follows it: true words and a clock while it runs, then its picture, or what went wrong. Large
 * in the result area, compact as one of several tiles.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

#include "studio/sfumato-queue.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_JOB_VIEW (sfumato_job_view_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoJobView, sfumato_job_view, SFUMATO, JOB_VIEW, AdwBin)

/* Properties: "job" (nullable), "gallery", "queue", "compact". */

G_END_DECLS
