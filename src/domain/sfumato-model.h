/* What a model is and can do. A service describes its models with static tables of these; the window, the command
 * line and the validation of a request read nothing else, so that a form can never offer what a model ignores.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <glib.h>

#include "domain/sfumato-vocabulary.h"

G_BEGIN_DECLS

/**
 * SfumatoStyle:
 *
 * A style preset: the service's word for it and its name for people (untranslated; pass it to gettext).
 */
typedef struct
{
  const char *id;
  const char *name;
} SfumatoStyle;

/**
 * SfumatoSampler:
 *
 * A way of stepping from noise to a picture: the service's word for it and its name for people (pass it to gettext).
 */
typedef SfumatoStyle SfumatoSampler;

/**
 * SfumatoModel:
 *
 * One model of one service; immutable, and there for as long as its service. Lists of strings end with NULL; an absent
 * list means that the model has no such choice.
 */
typedef struct
{
  const char              *id;                /* the service's own id, which "sfumato-cli models" lists: "sd3.5-large" */
  const char              *service;           /* id of the service, "stability" */
  const char              *name;              /* for people, a brand name and so untranslated: "SD 3.5 Large" */
  const char              *summary;           /* one line, translatable: what it is good for */
  int                      price;             /* hundredths of a credit a picture; 0 is free */

  guint                    prompt_max;        /* characters (Unicode code points) */
  const SfumatoVocabulary *vocabulary;        /* nullable: the only words it knows */
  gboolean                 negative_prompt;   /* whether it heeds one */
  const char * const      *aspect_ratios;     /* "16:9" …, the first is the default */
  gint64                   seed_max;          /* largest seed it takes; 0 asks for a random one */
  const SfumatoStyle      *styles;            /* ends with a NULL id */
  const char * const      *formats;           /* "png", "jpeg", "webp"; the first is the default */
  double                   guidance_min;      /* guidance_max 0: no such choice */
  double                   guidance_max;
  double                   guidance_default;
  guint                    steps_min;         /* steps_max 0: no such choice */
  guint                    steps_max;
  guint                    steps_default;
  const SfumatoSampler    *samplers;          /* ends with a NULL id; the first is the default */
  const guint             *sizes;             /* base sides in pixels, ends with 0: sfumato_model_compute_size() */
  guint                    size_default;      /* one of them */
  guint                    side_max;          /* pixels; of a picture made in one of them */

  gboolean                 input_picture;     /* image-to-image */
  double                   strength_default;  /* 0 keeps the input picture, 1 ignores it */
  guint                    input_side_min;    /* pixels */
  guint                    input_side_max;
  guint64                  input_pixels_min;
  gboolean                 input_keeps_shape; /* with an input picture the aspect ratio cannot be chosen */
  gsize                    request_bytes_max; /* the whole request as sent; 0: no limit known */

  gboolean                 leaves_computer;   /* prompts are sent to somebody else's machine */
} SfumatoModel;

gboolean     sfumato_model_has_style       (const SfumatoModel *model,
                                            const char         *id);
gboolean     sfumato_model_has_aspect      (const SfumatoModel *model,
                                            const char         *ratio);
gboolean     sfumato_model_has_format      (const SfumatoModel *model,
                                            const char         *format);
gboolean     sfumato_model_has_sampler     (const SfumatoModel *model,
                                            const char         *id);
gboolean     sfumato_model_has_size        (const SfumatoModel *model,
                                            guint               size);

/**
 * sfumato_model_compute_size:
 * @size: one of the model's base sides; 0: its default
 * @ratio_width: of the shape, in any unit
 * @ratio_height: likewise
 * @width: (out): pixels
 * @height: (out): likewise
 *
 * A base side is the side of a square. Another shape gets about as many pixels as that square has, so that it takes
 * about as long and as much memory: 1024 and 16:9 make 1344 × 768. Both sides are multiples of 64, which every size of
 * Stable Diffusion 3 takes, and neither is larger than the model's largest or, where that allows it, smaller than 256.
 * Base sides below 512 are of small models: multiples of 16, and not smaller than 64. What that leaves of the shape is
 * the nearest there is.
 *
 * Returns: FALSE where the model has no sizes to choose from
 */
gboolean     sfumato_model_compute_size    (const SfumatoModel *model,
                                            guint               size,
                                            guint               ratio_width,
                                            guint               ratio_height,
                                            guint              *width,
                                            guint              *height);

/**
 * SfumatoAspect:
 *
 * An aspect ratio as people know it. The size is the one pictures of about a megapixel have in Stability's own
 * ComfyUI nodes (Stability-AI/ComfyUI-SAI_API, stability_api.py): right for a placeholder, never a promise.
 */
typedef struct
{
  const char *ratio;   /* "16:9" */
  const char *name;    /* translatable: "Wide" */
  int         width;   /* pixels */
  int         height;
} SfumatoAspect;

const SfumatoAspect *sfumato_aspect_find   (const char         *ratio);
/* The numbers of "16:9"; 1 and 1 for what is no ratio. */
void         sfumato_aspect_parse          (const char         *ratio,
                                            guint              *width,
                                            guint              *height);

/* "3.5 credits" of hundredths of one, "Free" of 0. (transfer full) */
char        *sfumato_price_format          (int                 hundredths);
/* The same of a balance in credits, rounded down; "Unknown" of NaN. (transfer full) */
char        *sfumato_credits_format        (double              credits);

G_END_DECLS
