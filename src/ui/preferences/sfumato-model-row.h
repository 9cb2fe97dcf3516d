/* A model on this computer as a row: what it is, how much it takes, and off the list with it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

#include "services/local/sfumato-local.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_MODEL_ROW (sfumato_model_row_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoModelRow, sfumato_model_row, SFUMATO, MODEL_ROW, AdwActionRow)

/**
 * SfumatoModelRow::remove:
 *
 * The person wants it off the list.
 */

GtkWidget         *sfumato_model_row_new       (SfumatoLocalModel *model);
SfumatoLocalModel *sfumato_model_row_get_model (SfumatoModelRow   *self);
/* Bytes of memory that are free: a model that needs more says so. 0: not known. */
void               sfumato_model_row_set_free  (SfumatoModelRow   *self,
                                                guint64            memory_free);

G_END_DECLS
