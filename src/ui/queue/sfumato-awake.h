/* Keeps the computer from falling asleep while a picture is on its way: one that may be paid for would break off, and
 * one that is made here would stand still. Waiting pictures keep nobody awake.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gtk/gtk.h>

#include "studio/sfumato-queue.h"

G_BEGIN_DECLS

/* From now on, for as long as there is a queue; application outlives it. */
void sfumato_awake_follow (GtkApplication *application,
                           SfumatoQueue   *queue);

G_END_DECLS
