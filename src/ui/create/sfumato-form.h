/* The unfinished request: what the composer and the settings pane show and change. It knows which model is chosen
 * and so what may be asked for, what it costs, and why it cannot be asked for yet. No widgets.
 *
 * What a model does not take is remembered, so that it is there again when another model is chosen, but it never
 * gets into a request.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "studio/sfumato-studio.h"

G_BEGIN_DECLS

/**
 * SfumatoFormNeed:
 * @SFUMATO_FORM_NEEDS_NOTHING: Generate can be pressed
 * @SFUMATO_FORM_NEEDS_SERVICE: nobody has said yet where pictures are made
 * @SFUMATO_FORM_NEEDS_KEY: the service wants a key and there is none
 * @SFUMATO_FORM_NEEDS_MODEL: the service has no models, and the person can add one
 * @SFUMATO_FORM_NEEDS_CHANGE: something in the form itself
 */
typedef enum
{
  SFUMATO_FORM_NEEDS_NOTHING,
  SFUMATO_FORM_NEEDS_SERVICE,
  SFUMATO_FORM_NEEDS_KEY,
  SFUMATO_FORM_NEEDS_MODEL,
  SFUMATO_FORM_NEEDS_CHANGE,
} SfumatoFormNeed;

#define SFUMATO_TYPE_FORM (sfumato_form_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoForm, sfumato_form, SFUMATO, FORM, GObject)

/* Properties, all readable and writable, strings never NULL: "service", "model" (ids; empty: not chosen),
 * "prompt", "negative-prompt", "aspect-ratio", "style" (empty: none), "format", "sampler", "size" (digits), "seed"
 * (digits; empty: random), "count", "guidance" and "steps" (0: the model's own), "strength" (negative: the model's own),
 * "key-missing". "input" and "faults" notify; so does "model" where the models there are have changed. */

SfumatoForm        *sfumato_form_new           (SfumatoStudio   *studio);
SfumatoStudio      *sfumato_form_get_studio    (SfumatoForm     *self);
/* The chosen model, or the one that would be offered first; where the service has none, one that takes nothing, with a
 * NULL id. */
const SfumatoModel *sfumato_form_get_model     (SfumatoForm     *self);
/* Where it is made, or would be. (transfer full) */
SfumatoService     *sfumato_form_dup_service   (SfumatoForm     *self);

SfumatoInput       *sfumato_form_get_input     (SfumatoForm     *self);
void                sfumato_form_set_input     (SfumatoForm     *self,
                                                SfumatoInput    *input);
/* Whether the reference picture will be used, and so decides the shape where the model says so. */
gboolean            sfumato_form_uses_input    (SfumatoForm     *self);
double              sfumato_form_get_strength  (SfumatoForm     *self);
double              sfumato_form_get_guidance  (SfumatoForm     *self);
guint               sfumato_form_get_steps     (SfumatoForm     *self);
/* Pixels of the picture, where the model lets them be computed. */
gboolean            sfumato_form_get_pixels    (SfumatoForm     *self,
                                                guint           *width,
                                                guint           *height);

/* A new number in the seed, for the dice. */
void                sfumato_form_roll_seed     (SfumatoForm     *self);
/* The seed of the newest picture, which sfumato_form_keep_seed() takes over; where there is none, it rolls. */
void                sfumato_form_set_last_seed (SfumatoForm     *self,
                                                gint64           seed);
void                sfumato_form_keep_seed     (SfumatoForm     *self,
                                                gboolean         keep);

/* Everything typed, whether the model takes it or not. (transfer full) */
SfumatoRequest     *sfumato_form_to_draft      (SfumatoForm     *self);
/* What would be asked for; NULL and SFUMATO_ERROR_INVALID where it is not one the model takes. (transfer full) */
SfumatoRequest     *sfumato_form_to_request    (SfumatoForm     *self,
                                                GError         **error);
/* Takes a request over as it is. A reference picture of which only the description is known is left out. */
void                sfumato_form_load          (SfumatoForm     *self,
                                                SfumatoRequest  *request);

/* Hundredths of a credit for the whole press of Generate. */
int                 sfumato_form_get_price     (SfumatoForm     *self);
/* Characters that are too many in the prompt. */
guint               sfumato_form_get_overflow  (SfumatoForm     *self);
/* What is missing, with a sentence for people in reason; NULL there where nothing is. */
SfumatoFormNeed     sfumato_form_get_need      (SfumatoForm     *self,
                                                char           **reason);

/* What the service found fault with, as sfumato_error_get_field() names it; NULL: nothing. A field is forgiven when it
 * is changed. */
void                sfumato_form_set_refused   (SfumatoForm     *self,
                                                const char      *fields);
/* Those, and the first field that holds what the model does not take. (transfer full) */
GStrv               sfumato_form_dup_faults    (SfumatoForm     *self);

G_END_DECLS
