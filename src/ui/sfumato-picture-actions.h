/* What can be done with pictures, as one table of actions ("picture.copy" …) that every widget showing pictures
 * shares: the gallery page, the image view, the result tiles. Such a widget implements SfumatoPictureHolder, calls
 * install() in its class_init, update() whenever other pictures are meant, and gets menus and shortcuts for free.
 *
 *   picture.open, picture.favorite (stateful), picture.reuse('all' | 'prompt' | 'seed' | 'all-but-seed'),
 *   picture.use-as-reference, picture.save-as, picture.copy, picture.copy-prompt, picture.show-in-files,
 *   picture.delete
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

  /* Required: the pictures that are meant now; may be empty. (transfer container, element-type SfumatoPicture) */
  GPtrArray *(*dup_pictures) (SfumatoPictureHolder *self);
  /* Optional: opens the one picture; without it there is no "picture.open". */
  void       (*open)         (SfumatoPictureHolder *self);
};

void        sfumato_picture_actions_install       (GtkWidgetClass       *widget_class);
/* Adds the shortcuts of the table to widget, which is the holder or the part of it that has the keyboard while they
 * are wanted: not where a text entry is inside. */
void        sfumato_picture_actions_add_shortcuts (GtkWidget            *widget);
/* Recomputes what is enabled. */
void        sfumato_picture_actions_update        (SfumatoPictureHolder *holder);

/* What dragging or copying pictures hands out: the files, and for a single one its pixels. (transfer full) */
GdkContentProvider *sfumato_pictures_to_content (SfumatoGallery *gallery,
                                                 GPtrArray      *pictures);

G_END_DECLS
