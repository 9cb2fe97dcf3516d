/* The main window: composer, result and side pane on one page, the gallery on the other, the queue below, the image
 * view on top. Its children reach each other only through these functions and the window's actions.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

#include "studio/sfumato-studio.h"

G_BEGIN_DECLS

/* What "Reuse Settings" takes over from a picture. */
typedef enum
{
  SFUMATO_REUSE_ALL,
  SFUMATO_REUSE_PROMPT,
  SFUMATO_REUSE_SEED,
  SFUMATO_REUSE_ALL_BUT_SEED,
} SfumatoReuse;

#define SFUMATO_TYPE_WINDOW (sfumato_window_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoWindow, sfumato_window, SFUMATO, WINDOW, AdwApplicationWindow)

SfumatoWindow *sfumato_window_new              (AdwApplication  *application,
                                                SfumatoStudio   *studio);
SfumatoStudio *sfumato_window_get_studio       (SfumatoWindow   *self);

/* Closes it, whichever dialog is open; asks first where something would be lost. */
void           sfumato_window_quit             (SfumatoWindow   *self);

/* For the window's children, which find it with gtk_widget_get_root(). */
void           sfumato_window_add_toast        (SfumatoWindow   *self,
                                                AdwToast        *toast); /* (transfer full) */
void           sfumato_window_announce         (SfumatoWindow   *self,
                                                const char      *text,
                                                gboolean         urgent);
/* Pushes the image view for pictures[position]; next and previous walk the same model. */
void           sfumato_window_open_picture     (SfumatoWindow   *self,
                                                GListModel      *pictures,
                                                guint            position);
void           sfumato_window_reuse            (SfumatoWindow   *self,
                                                SfumatoPicture  *picture,
                                                SfumatoReuse     parts);
void           sfumato_window_use_as_reference (SfumatoWindow   *self,
                                                SfumatoPicture  *picture);
/* To the trash, with a toast to take it back; those that are gone are skipped. */
void           sfumato_window_delete           (SfumatoWindow   *self,
                                                GPtrArray       *pictures); /* element-type SfumatoPicture */
/* Shows the job, large, on the page where pictures are made. */
void           sfumato_window_show_job         (SfumatoWindow   *self,
                                                SfumatoJob      *job);
/* Asks for the same again, in the place where this one was shown. */
void           sfumato_window_send_again       (SfumatoWindow   *self,
                                                SfumatoJob      *job);
/* Off the queue, with a toast to take it back. */
void           sfumato_window_remove_job       (SfumatoWindow   *self,
                                                SfumatoJob      *job);

G_END_DECLS
