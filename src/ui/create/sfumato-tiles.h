/* The pictures of one press of Generate side by side, as large as they fit, one of them selected.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

#include "studio/sfumato-studio.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_TILES (sfumato_tiles_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoTiles, sfumato_tiles, SFUMATO, TILES, AdwBin)

/**
 * SfumatoTiles::selection-changed:
 *
 * Another one is selected, or none any more.
 */

/**
 * SfumatoTiles::activated:
 *
 * The selected one shall be opened.
 */

/* jobs: a model of SfumatoJob; set once, followed. */
void        sfumato_tiles_bind         (SfumatoTiles  *self,
                                        SfumatoStudio *studio,
                                        GListModel    *jobs);
/* (transfer none) (nullable) */
SfumatoJob *sfumato_tiles_get_selected (SfumatoTiles  *self);
/* Where nothing is selected yet: the first picture, or where there will be none, the first problem. */
void        sfumato_tiles_select_first (SfumatoTiles  *self);

G_END_DECLS
