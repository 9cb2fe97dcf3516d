/* The page where pictures are made: the result above the composer, the settings beside them, and the form that the
 * three share. Keeps the draft, so that what was typed survives whatever happens.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

#include "ui/create/sfumato-form.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_CREATE_PAGE (sfumato_create_page_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoCreatePage, sfumato_create_page, SFUMATO, CREATE_PAGE, AdwBin)

/* Properties: "studio" (set once), "collapsed" (the settings lie over the page instead of beside it), "narrow",
 * "settings-shown", "can-generate" (read-only). */

SfumatoForm *sfumato_create_page_get_form      (SfumatoCreatePage *self);
void         sfumato_create_page_focus_prompt  (SfumatoCreatePage *self);
/* Over the result; it covers neither its tools nor the composer. (transfer full) */
void         sfumato_create_page_add_toast     (SfumatoCreatePage *self,
                                                AdwToast          *toast);
/* Puts what the form asks for into the queue and shows it; FALSE where it does not ask for anything yet. */
gboolean     sfumato_create_page_generate      (SfumatoCreatePage *self,
                                                gboolean           in_front);
/* Cancels what is shown and not over yet; FALSE where there is nothing. */
gboolean     sfumato_create_page_cancel        (SfumatoCreatePage *self);
/* Shows a job of the queue, with the others of its batch. */
void         sfumato_create_page_show_job      (SfumatoCreatePage *self,
                                                SfumatoJob        *job);
/* Whether a job is in the result area. */
gboolean     sfumato_create_page_shows         (SfumatoCreatePage *self,
                                                SfumatoJob        *job);
/* Asks for a job again; the new one takes its place. */
void         sfumato_create_page_send_again    (SfumatoCreatePage *self,
                                                SfumatoJob        *job);
/* Marks what the service found fault with, as sfumato_error_get_field() names it, and leads to the first of it. */
void         sfumato_create_page_show_fault    (SfumatoCreatePage *self,
                                                const char        *fields);
/* Reads a picture and makes it the reference. */
void         sfumato_create_page_load_reference (SfumatoCreatePage *self,
                                                 GFile             *file);
/* The picture in the clipboard, if there is one. */
void         sfumato_create_page_paste_reference (SfumatoCreatePage *self);

G_END_DECLS
