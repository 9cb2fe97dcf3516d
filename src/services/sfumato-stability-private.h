/* What the files of the Stability service share. Private to this folder, and to its tests.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "services/sfumato-http.h"
#include "services/sfumato-stability.h"

G_BEGIN_DECLS

/**
 * SfumatoStabilityCall:
 *
 * One call: what its answer and its errors are read with. Everything is borrowed.
 */
typedef struct
{
  const char         *base;    /* the address as it is set, without a slash at its end */
  const char         *host;    /* of that address, with a port where it names one */
  const char         *path;
  const char         *key;     /* to be kept out of every text */
  SfumatoRequest     *request; /* nullable: a call that makes nothing and costs nothing */
  const SfumatoModel *model;   /* with a request */
} SfumatoStabilityCall;

/* Limits for tests; the service keeps a copy. */
void                sfumato_stability_set_limits    (SfumatoStability           *self,
                                                     const SfumatoHttpLimits    *limits);

const SfumatoModel *sfumato_stability_get_table     (void);
const char         *sfumato_stability_current_model (const char                 *id);
/* "/v2beta/stable-image/generate/sd3"; model is one of the table. */
const char         *sfumato_stability_model_path    (const SfumatoModel         *model);

/* The multipart form, byte for byte in the order of the fields; content_type carries its boundary. NULL and
 * SFUMATO_ERROR_INVALID where it is larger than the service takes. */
GBytes             *sfumato_stability_encode        (SfumatoRequest             *request,
                                                     const SfumatoModel         *model,
                                                     char                      **content_type,
                                                     GError                    **error);

SfumatoResult      *sfumato_stability_read_picture  (const SfumatoStabilityCall *call,
                                                     const SfumatoHttpAnswer    *answer,
                                                     const SfumatoHttpLimits    *limits,
                                                     GError                    **error);
gboolean            sfumato_stability_read_balance  (const SfumatoStabilityCall *call,
                                                     const SfumatoHttpAnswer    *answer,
                                                     const SfumatoHttpLimits    *limits,
                                                     SfumatoAccount             *account,
                                                     GError                    **error);

/* The service's answer was no success: why, from its body or, where that says nothing, from its status. */
GError             *sfumato_stability_refusal       (const SfumatoStabilityCall *call,
                                                     const SfumatoHttpAnswer    *answer,
                                                     JsonObject                 *body);
/* The service's own words, not yet cleaned, a line each; "" for none. body: nullable. (transfer full) */
char               *sfumato_stability_dup_words     (JsonObject                 *body);
/* Every control such words are about, separated by commas; NULL for none. (transfer full) */
char               *sfumato_stability_dup_fields    (const char                 *words);
/* There is no whole answer. */
GError             *sfumato_stability_transport_error (const SfumatoStabilityCall *call,
                                                       const SfumatoHttpAnswer    *answer,
                                                       const SfumatoHttpLimits    *limits);
/* An error of this call: what happened, what it cost, what to do, and the details of the answer. todo is nullable,
 * body too. */
GError             *sfumato_stability_error         (const SfumatoStabilityCall *call,
                                                     const SfumatoHttpAnswer    *answer,
                                                     JsonObject                 *body,
                                                     SfumatoErrorCode            code,
                                                     SfumatoCharge               charge,
                                                     const char                 *title,
                                                     const char                 *what,
                                                     const char                 *todo);

G_END_DECLS
