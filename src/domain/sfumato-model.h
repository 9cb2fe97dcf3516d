/* What a model is and can do. A service describes its models with static tables of these; the window, the command
 * line and the validation of a request read nothing else, so that a form can never offer what a model ignores.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <glib.h>

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
 * SfumatoModel:
 *
 * One model of one service; immutable and static. Lists of strings end with NULL; an absent list means that the
 * model has no such choice.
 */
typedef struct
{
  const char          *id;                /* the service's own id, "sfumato list" shows it: "sd3.5-large" */
  const char          *service;           /* id of the service, "stability" */
  const char          *name;              /* for people, a brand name and so untranslated: "SD 3.5 Large" */
  const char          *summary;           /* one line, translatable: what it is good for */
  int                  price;             /* hundredths of a credit a picture; 0 is free */

  guint                prompt_max;        /* characters (Unicode code points) */
  gboolean             negative_prompt;   /* whether it heeds one */
  const char * const  *aspect_ratios;     /* "16:9" …, the first is the default */
  gint64               seed_max;          /* largest seed it takes; 0 asks for a random one */
  const SfumatoStyle  *styles;            /* ends with a NULL id */
  const char * const  *formats;           /* "png", "jpeg", "webp"; the first is the default */
  double               guidance_min;      /* guidance_max 0: no such choice */
  double               guidance_max;
  double               guidance_default;

  gboolean             input_picture;     /* image-to-image */
  double               strength_default;  /* 0 keeps the input picture, 1 ignores it */
  guint                input_side_min;    /* pixels */
  guint                input_side_max;
  guint64              input_pixels_min;
  gboolean             input_keeps_shape; /* with an input picture the aspect ratio cannot be chosen */
  gsize                request_bytes_max; /* the whole request as sent; 0: no limit known */

  gboolean             leaves_computer;   /* prompts are sent to somebody else's machine */
} SfumatoModel;

gboolean     sfumato_model_has_style       (const SfumatoModel *model,
                                            const char         *id);
gboolean     sfumato_model_has_aspect      (const SfumatoModel *model,
                                            const char         *ratio);
gboolean     sfumato_model_has_format      (const SfumatoModel *model,
                                            const char         *format);

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

char        *sfumato_price_format          (int                 hundredths);
char        *sfumato_credits_format        (double              credits);

G_END_DECLS
