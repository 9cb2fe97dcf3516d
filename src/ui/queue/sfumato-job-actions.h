/* What can be done with a job, as one table of actions that the result area and the rows of the queue share. The
 * widget has a property "job" (nullable); it calls install() in its class_init and update() whenever the job is
 * another one; its state is followed by itself.
 *
 *   job.cancel, job.send-again, job.save-again, job.save-elsewhere, job.remove, job.move-up, job.move-down,
 *   job.move-to-front, job.show
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gtk/gtk.h>

#include "studio/sfumato-queue.h"

G_BEGIN_DECLS

void sfumato_job_actions_install (GtkWidgetClass *widget_class);
void sfumato_job_actions_update  (GtkWidget      *widget);

G_END_DECLS
