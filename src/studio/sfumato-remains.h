/* Pictures that broke off on their way. They may have cost money, so what arrived of each is a file in a folder of their
 * own, for SFUMATO_REMAINS_DAYS; then it is deleted. Blocking, any thread.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define SFUMATO_REMAINS_DAYS   30
/* In the studio's folder of data. */
#define SFUMATO_REMAINS_FOLDER "incomplete"

/* Deletes what is older; now: Unix time in seconds. */
void     sfumato_remains_prune   (const char  *folder,
                                  gint64       now);
/* How many there are, and their bytes. */
guint    sfumato_remains_measure (const char  *folder,
                                  guint64     *bytes);
/* All of them, to the system's trash. */
gboolean sfumato_remains_trash   (const char  *folder,
                                  GError     **error);

G_END_DECLS
