/* The pictures that somebody holds at the moment, by their row in the index: whoever asks for the same row gets the
 * same object as long as it lives. The last ones put on it are kept alive, so that a list which lets go of an item
 * and asks again does not read it again. From any thread.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "domain/sfumato-picture.h"

G_BEGIN_DECLS

typedef struct _SfumatoShelf SfumatoShelf;

SfumatoShelf   *sfumato_shelf_new      (void);
void            sfumato_shelf_free     (SfumatoShelf   *self);
/* NULL where nobody holds it. (transfer full) */
SfumatoPicture *sfumato_shelf_get      (SfumatoShelf   *self,
                                        gint64          row);
/* Takes the picture, and returns the one that is there now, which another thread may have put. (transfer full) */
SfumatoPicture *sfumato_shelf_put      (SfumatoShelf   *self,
                                        gint64          row,
                                        SfumatoPicture *picture);

/* Every picture that is held; visit may use the shelf. */
typedef void  (*SfumatoShelfVisit)     (gint64          row,
                                        SfumatoPicture *picture,
                                        gpointer        data);
void            sfumato_shelf_visit    (SfumatoShelf      *self,
                                        SfumatoShelfVisit  visit,
                                        gpointer           data);

G_END_DECLS
