/* What a person asked for: immutable once built, and checked against the model before it goes anywhere.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "domain/sfumato-image-header.h"
#include "domain/sfumato-model.h"

G_BEGIN_DECLS

#define SFUMATO_SEED_RANDOM ((gint64) -1)
#define SFUMATO_COUNT_MAX   10

/**
 * SfumatoInput:
 * @bytes: (nullable): the picture as it will be sent; NULL where only its description is known (a request read
 *   back from a sidecar or from the queue: see sfumato_request_with_input_bytes())
 * @type: of @bytes
 * @sha256: of @bytes, lower-case hex; names the picture wherever it is kept
 * @name: its file name for people, without a path
 *
 * The picture an image-to-image request starts from. Immutable, reference counted.
 */
typedef struct
{
  GBytes           *bytes;   /* owned, nullable */
  SfumatoImageType  type;
  guint             width;   /* pixels */
  guint             height;
  char             *sha256;  /* owned */
  char             *name;    /* owned */
} SfumatoInput;

SfumatoInput *sfumato_input_new   (GBytes       *bytes,
                                   const char   *name,
                                   GError      **error);
SfumatoInput *sfumato_input_ref   (SfumatoInput *input);
void          sfumato_input_unref (SfumatoInput *input);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfumatoInput, sfumato_input_unref)

/**
 * SfumatoRequestFields:
 *
 * The values of a request. Zero-initialised members are the model's defaults, except @seed, where 0 is left to
 * mean what services make of it, random, so that SFUMATO_SEED_RANDOM and 0 ask for the same.
 */
typedef struct
{
  const char   *service;         /* "stability" */
  const char   *model;           /* "sd3.5-large" */
  const char   *prompt;
  const char   *negative_prompt; /* nullable */
  const char   *aspect_ratio;    /* nullable */
  const char   *style;           /* nullable */
  const char   *format;          /* nullable: "png", "jpeg", "webp" */
  gint64        seed;            /* SFUMATO_SEED_RANDOM or 0…model's seed_max */
  double        guidance;        /* 0: the model's default */
  guint         steps;           /* 0: the model's default */
  const char   *sampler;         /* nullable */
  guint         size;            /* base side in pixels; 0: the model's default */
  int           count;           /* pictures; 0 is 1 */
  SfumatoInput *input;           /* nullable, borrowed */
  double        strength;        /* used with an input only; negative: the model's default */
} SfumatoRequestFields;

#define SFUMATO_TYPE_REQUEST (sfumato_request_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoRequest, sfumato_request, SFUMATO, REQUEST, GObject)

SfumatoRequest             *sfumato_request_new              (const SfumatoRequestFields *fields);
const SfumatoRequestFields *sfumato_request_get_fields       (SfumatoRequest             *self);
const char                 *sfumato_request_get_prompt       (SfumatoRequest             *self);
gboolean                    sfumato_request_is_seed_random   (SfumatoRequest             *self);

/* The same request with one thing changed; all (transfer full). */
SfumatoRequest             *sfumato_request_with_count       (SfumatoRequest             *self,
                                                              int                         count);
SfumatoRequest             *sfumato_request_with_seed        (SfumatoRequest             *self,
                                                              gint64                      seed);
SfumatoRequest             *sfumato_request_with_input_bytes (SfumatoRequest             *self,
                                                              GBytes                     *bytes,
                                                              GError                    **error);

/* Whether there is nothing to be seen in it, such as zero-width spaces alone. text: valid UTF-8. */
gboolean                    sfumato_prompt_is_blank          (const char                 *text);

/**
 * sfumato_request_validate:
 * @self: a request
 * @model: the model it is for
 * @error: set to SFUMATO_ERROR_INVALID, with sfumato_error_get_field() naming the control: "prompt",
 *   "negative_prompt", "aspect_ratio", "seed", "style", "guidance", "steps", "sampler", "size", "format", "count",
 *   "input" or "strength"
 *
 * Says whether @model takes this request. A negative prompt for a model that ignores it is not an error: it is
 * simply not sent.
 */
gboolean                    sfumato_request_validate         (SfumatoRequest             *self,
                                                              const SfumatoModel         *model,
                                                              GError                    **error);

/* Words of the prompt and the negative prompt that @model does not know; none where it knows any. (transfer full) */
GStrv                       sfumato_request_find_unknown     (SfumatoRequest             *self,
                                                              const SfumatoModel         *model);

/* The picture's size in pixels, where @model lets it be computed: see sfumato_model_compute_size(). */
gboolean                    sfumato_request_compute_size     (SfumatoRequest             *self,
                                                              const SfumatoModel         *model,
                                                              guint                      *width,
                                                              guint                      *height);
/* The text that Stable Diffusion web UI and most others write into a picture under the name "parameters".
 * (transfer full) */
char                       *sfumato_request_to_parameters    (SfumatoRequest             *self,
                                                              const SfumatoModel         *model,
                                                              gint64                      seed_used,
                                                              guint                       width,
                                                              guint                       height);

JsonNode                   *sfumato_request_to_json          (SfumatoRequest             *self);
SfumatoRequest             *sfumato_request_from_json        (JsonNode                   *json,
                                                              GError                    **error);
/* text: nullable, as it was stored; whatever happened to it, this ends in a request or an error. */
SfumatoRequest             *sfumato_request_from_text        (const char                 *text,
                                                              GError                    **error);

G_END_DECLS
