/* Requests that other programs wrote into their pictures. Whatever stands there, this ends in a request or nothing; what is
 * no sound value is left out, and so is what means nothing here.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "domain/sfumato-request.h"

G_BEGIN_DECLS

#define SFUMATO_FOREIGN_TEXT_MAX     (64 * 1024)   /* characters */
#define SFUMATO_FOREIGN_STEPS_MAX    10000
#define SFUMATO_FOREIGN_GUIDANCE_MAX 1000

/* Of the text "parameters": see sfumato_request_to_parameters(). seed_used: -1 where there is none. (transfer full) */
SfumatoRequest *sfumato_request_from_parameters (const char *parameters,
                                                 gint64     *seed_used);
/* Of ComfyUI's graph, in the text "prompt": from its sampler to the texts that lead there. (transfer full) (nullable) */
SfumatoRequest *sfumato_request_from_graph      (const char *graph,
                                                 gint64     *seed_used);

/* What a sampler of others is called here, or else what they call it. */
const char     *sfumato_foreign_sampler         (const char *name);

G_END_DECLS
