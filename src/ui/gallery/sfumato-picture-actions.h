/* What can be done with pictures, as one table of actions ("picture.copy" …) that every widget showing pictures
 * shares: the gallery page, the image view, the result tiles. Such a widget implements SfumatoPictureHolder, calls
 * install() in its class_init, update() whenever other pictures are meant, and gets menu and shortcuts for free.
 *
 *   picture.open, picture.toggle-favorite, picture.add-favorite, picture.remove-favorite,
 *   picture.reuse('all' | 'prompt' | 'seed' | 'all-but-seed'), picture.use-as-reference, picture.copy,
 *   picture.copy-prompt, picture.save-as, picture.show-in-files, picture.delete
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gtk/gtk.h>

#include "ui/sfumato-window.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_PICTURE_HOLDER (sfumato_picture_holder_get_type ())
G_DECLARE_INTERFACE (SfumatoPictureHolder, sfumato_picture_holder, SFUMATO, PICTURE_HOLDER, GtkWidget)

struct _SfumatoPictureHolderInterface
{
  GTypeInterface parent_iface;

  /* Required: the pictures that are meant now, none, one or many; a GListModel of SfumatoPicture. (transfer none)
   * It may be asked for its length and first items at any time, so these have to be cheap. */
  GListModel *(*get_pictures) (SfumatoPictureHolder *self);
  /* Optional: opens the one picture; without it there is no "picture.open". */
  void        (*open)         (SfumatoPictureHolder *self);
};

void sfumato_picture_actions_install           (GtkWidgetClass       *widget_class);
/* Adds the shortcuts of the table to widget, which is the holder or the part of it that has the keyboard while they
 * are wanted: not where a text entry is inside. */
void sfumato_picture_actions_add_shortcuts     (GtkWidget            *widget);
/* Those of them that a text leaves alone, for a widget around the holder; holder is borrowed. */
void sfumato_picture_actions_add_shortcuts_for (GtkWidget            *widget,
                                                SfumatoPictureHolder *holder);
/* Recomputes what is enabled. */
void sfumato_picture_actions_update            (SfumatoPictureHolder *holder);
/* Opens the menu of all of this at a place in widget, which is the holder or inside it. */
void sfumato_picture_actions_popup             (GtkWidget            *widget,
                                                double                x,
                                                double                y);

G_END_DECLS
