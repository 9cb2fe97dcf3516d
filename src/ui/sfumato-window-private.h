/* What the files of the window share: its life is in sfumato-window.c, its verbs in sfumato-window-actions.c, those that take
 * a picture back into the form in sfumato-window-reuse.c, its end in sfumato-window-closing.c, what it says of the queue in
 * sfumato-window-news.c. Its children use sfumato-window.h alone.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "ui/create/sfumato-create-page.h"
#include "ui/gallery/sfumato-deletions.h"
#include "ui/gallery/sfumato-gallery-page.h"
#include "ui/queue/sfumato-queue-sheet.h"
#include "ui/queue/sfumato-queue-strip.h"
#include "ui/sfumato-window.h"

G_BEGIN_DECLS

struct _SfumatoWindow
{
  AdwApplicationWindow  parent_instance;

  AdwToastOverlay      *toast_overlay;
  AdwNavigationView    *navigation_view;
  AdwNavigationPage    *main_page;
  AdwToolbarView       *main_view;
  AdwBanner            *banner;
  AdwBottomSheet       *queue_sheet;
  AdwViewStack         *view_stack;
  SfumatoCreatePage    *create_page;
  SfumatoGalleryPage   *gallery_page;
  SfumatoQueueSheet    *sheet;
  SfumatoQueueStrip    *strip;
  GtkWidget            *settings_button;

  SfumatoStudio        *studio;       /* owned */
  GCancellable         *cancellable;  /* owned: ends with the window */
  SfumatoDeletions     *deletions;    /* owned */
  GListModel           *toasts;       /* owned: those over all pages, and what they lie over */
  SfumatoRequest       *form_before;  /* owned, nullable: what the last toast can bring back */
  SfumatoKeyState       key_state;    /* of the chosen service, as last seen */
  const char           *banner_action; /* what its button does */
  const char           *undo_action;  /* nullable: what takes back what was done last, if it was no deletion */
  guint                 refocus_source; /* or 0 */
  gboolean              settings_shown;
  gboolean              asks_to_close;
  gboolean              waits_to_close; /* hidden until the queue has run empty */
};

/* sfumato-window.c */
/* The first page; can_pop: whether there is a way back without a choice. */
void _sfumato_window_welcome         (SfumatoWindow  *self,
                                      gboolean        can_pop);
void sfumato_window_show_page        (SfumatoWindow  *self,
                                      const char     *name);
/* Loads a request into the form, with a toast that takes it back. */
void sfumato_window_load_form        (SfumatoWindow  *self,
                                      SfumatoRequest *request,
                                      const char     *words);

/* sfumato-window-actions.c */
void            _sfumato_window_actions_install (GtkWidgetClass *widget_class);
void            _sfumato_window_actions_update  (SfumatoWindow  *self);
/* What the chosen model can do, as a request. (transfer full) */
SfumatoRequest *_sfumato_window_make_example    (SfumatoWindow  *self);

/* sfumato-window-news.c */
void _sfumato_window_news_follow     (SfumatoWindow  *self);
void _sfumato_window_place_toasts    (SfumatoWindow  *self);
void _sfumato_window_update_strip    (SfumatoWindow  *self);
void _sfumato_window_update_key      (SfumatoWindow  *self);

/* sfumato-window-closing.c */
/* Whether nothing would be lost; where something would, asks, and closes by the answer. */
gboolean _sfumato_window_may_close       (SfumatoWindow *self);
void     _sfumato_window_close_when_idle (SfumatoWindow *self);

G_END_DECLS
