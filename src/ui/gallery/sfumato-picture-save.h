/* Save As…: copies of pictures' files, byte for byte, where the person says.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "ui/sfumato-window.h"

G_BEGIN_DECLS

/* One picture: asks for a file; several: for a folder. The folder is remembered in the settings ("save-folder"). */
void sfumato_picture_save_as (SfumatoWindow *window,
                              GListModel    *pictures);

G_END_DECLS
