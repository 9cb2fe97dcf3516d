/* Keeps the one helper process: starts it on a thread that stays, lends it to one picture after the other, and ends it when
 * nobody has wanted it for a while or when memory runs short.
 *
 * Private to the local service. Any thread.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "services/local/sfumato-local-process.h"

G_BEGIN_DECLS

typedef struct _SfumatoLocalKeeper SfumatoLocalKeeper;

SfumatoLocalKeeper  *sfumato_local_keeper_new         (const char           *program);
/* Nobody may have the process any more. */
void                 sfumato_local_keeper_free        (SfumatoLocalKeeper   *self);

/* A process for the caller alone, who ends it. */
SfumatoLocalProcess *sfumato_local_keeper_start       (SfumatoLocalKeeper   *self,
                                                       GError              **error);
/* Waits until nobody else has the kept process. key: what it has to have opened; fresh: it is a new one and has opened
 * nothing. NULL: cancelled, or it does not start. */
SfumatoLocalProcess *sfumato_local_keeper_take        (SfumatoLocalKeeper   *self,
                                                       const char           *key,
                                                       gboolean             *fresh,
                                                       GCancellable         *cancellable,
                                                       GError              **error);
/* keep: it is as it should be; otherwise it is ended. */
void                 sfumato_local_keeper_give_back   (SfumatoLocalKeeper   *self,
                                                       SfumatoLocalProcess  *process,
                                                       gboolean              keep);

void                 sfumato_local_keeper_set_minutes (SfumatoLocalKeeper   *self,
                                                       guint                 minutes);
/* Listens to what the desktop says of memory and power. */
void                 sfumato_local_keeper_follow      (SfumatoLocalKeeper   *self);
gboolean             sfumato_local_keeper_saves_power (SfumatoLocalKeeper   *self);

G_END_DECLS
