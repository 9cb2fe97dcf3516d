/* What a service answered: the picture's bytes as received, and the facts that came with them. Immutable.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gio/gio.h>

#include "domain/sfumato-error.h"
#include "domain/sfumato-image-header.h"

G_BEGIN_DECLS

/**
 * SfumatoFinish:
 * @SFUMATO_FINISH_SUCCESS: a picture as asked for
 * @SFUMATO_FINISH_FILTERED: the service blurred it for policy reasons
 * @SFUMATO_FINISH_OTHER: the service added a word of its own; see finish_word
 */
typedef enum
{
  SFUMATO_FINISH_SUCCESS,
  SFUMATO_FINISH_FILTERED,
  SFUMATO_FINISH_OTHER,
} SfumatoFinish;

typedef struct
{
  GBytes        *bytes;       /* as received */
  gint64         seed_used;   /* -1: the service did not say */
  SfumatoFinish  finish;
  const char    *finish_word; /* nullable: the service's own word where it is not the usual one */
  const char    *request_id;  /* nullable: for the service's support desk */
  const char    *model;       /* nullable: the model that really answered, where it is not the one asked for */
  SfumatoCharge  charge;
  int            price;       /* hundredths of a credit, as charged or, for MAYBE, as it may have been */
} SfumatoResultFields;

#define SFUMATO_TYPE_RESULT (sfumato_result_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoResult, sfumato_result, SFUMATO, RESULT, GObject)

/* NULL and SFUMATO_ERROR_SERVICE where the bytes are not a whole picture of a known type and safe size. */
SfumatoResult             *sfumato_result_new        (const SfumatoResultFields *fields,
                                                      GError                   **error);
const SfumatoResultFields *sfumato_result_get_fields (SfumatoResult             *self);
const SfumatoImageHeader  *sfumato_result_get_header (SfumatoResult             *self);

G_END_DECLS
