/* What a model is and can do.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "domain/sfumato-model.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <stdio.h>

#define SIDE_USUAL 512   /* pixels */
#define SIDE_STEP  64
#define SIDE_MIN   256
#define SMALL_STEP 16
#define SMALL_MIN  64
#define SHAPE_MAX  4.0

static const SfumatoAspect aspects[] = {
  { "21:9", N_("Panorama"), 1536, 640 },
  { "16:9", N_("Wide"), 1344, 768 },
  { "3:2", N_("Photo"), 1216, 832 },
  { "5:4", N_("Frame"), 1088, 896 },
  { "1:1", N_("Square"), 1024, 1024 },
  { "4:5", N_("Portrait"), 896, 1088 },
  { "2:3", N_("Upright Photo"), 832, 1216 },
  { "9:16", N_("Phone"), 768, 1344 },
  { "9:21", N_("Tower"), 640, 1536 },
};

static gboolean
list_contains (const char * const *list,
               const char         *word)
{
  return list != NULL && word != NULL && g_strv_contains (list, word);
}

gboolean
sfumato_model_has_style (const SfumatoModel *model,
                         const char         *id)
{
  g_return_val_if_fail (model != NULL, FALSE);

  for (const SfumatoStyle *style = model->styles; style != NULL && style->id != NULL; style++)
    if (g_strcmp0 (style->id, id) == 0)
      return TRUE;
  return FALSE;
}

gboolean
sfumato_model_has_aspect (const SfumatoModel *model,
                          const char         *ratio)
{
  g_return_val_if_fail (model != NULL, FALSE);

  return list_contains (model->aspect_ratios, ratio);
}

gboolean
sfumato_model_has_format (const SfumatoModel *model,
                          const char         *format)
{
  g_return_val_if_fail (model != NULL, FALSE);

  return list_contains (model->formats, format);
}

gboolean
sfumato_model_has_sampler (const SfumatoModel *model,
                           const char         *id)
{
  g_return_val_if_fail (model != NULL, FALSE);

  for (const SfumatoSampler *sampler = model->samplers; sampler != NULL && sampler->id != NULL; sampler++)
    if (g_strcmp0 (sampler->id, id) == 0)
      return TRUE;
  return FALSE;
}

gboolean
sfumato_model_has_size (const SfumatoModel *model,
                        guint               size)
{
  g_return_val_if_fail (model != NULL, FALSE);

  for (const guint *side = model->sizes; side != NULL && *side != 0; side++)
    if (*side == size)
      return TRUE;
  return FALSE;
}

static guint
fit_side (double   side,
          guint    side_max,
          gboolean small)
{
  guint step = small ? SMALL_STEP : SIDE_STEP;
  guint most = MAX (side_max / step, 1) * step;

  return CLAMP ((guint) round (side / step) * step, MIN (small ? SMALL_MIN : SIDE_MIN, most), most);
}

gboolean
sfumato_model_compute_size (const SfumatoModel *model,
                            guint               size,
                            guint               ratio_width,
                            guint               ratio_height,
                            guint              *width,
                            guint              *height)
{
  double shape;

  g_return_val_if_fail (model != NULL, FALSE);
  g_return_val_if_fail (ratio_width > 0 && ratio_height > 0, FALSE);

  if (model->sizes == NULL)
    return FALSE;
  if (size == 0)
    size = model->size_default;
  /* A narrower shape would only push one side against its limit, and the picture away from its number of pixels. */
  shape = CLAMP ((double) ratio_width / ratio_height, 1.0 / SHAPE_MAX, SHAPE_MAX);
  *width = fit_side (size * sqrt (shape), model->side_max, size < SIDE_USUAL);
  *height = fit_side (size / sqrt (shape), model->side_max, size < SIDE_USUAL);
  return TRUE;
}

void
sfumato_aspect_parse (const char *ratio,
                      guint      *width,
                      guint      *height)
{
  char rest;

  if (ratio == NULL || sscanf (ratio, "%5u:%5u%c", width, height, &rest) != 2 || *width == 0 || *height == 0)
    *width = *height = 1;
}

const SfumatoAspect *
sfumato_aspect_find (const char *ratio)
{
  for (guint i = 0; i < G_N_ELEMENTS (aspects); i++)
    if (g_strcmp0 (aspects[i].ratio, ratio) == 0)
      return &aspects[i];
  return NULL;
}

/* A number with no more decimals than it needs, at most two, as the locale writes it. */
static char *
format_number (gint64 hundredths)
{
  if (hundredths % 100 == 0)
    return g_strdup_printf ("%'" G_GINT64_FORMAT, hundredths / 100);
  if (hundredths % 10 == 0)
    return g_strdup_printf ("%'.1f", hundredths / 100.0);
  return g_strdup_printf ("%'.2f", hundredths / 100.0);
}

static char *
format_credits (gint64 hundredths)
{
  g_autofree char *number = format_number (hundredths);

  /* Translators: %s is a number such as 6.5; the plural follows its whole part. */
  return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%s credit", "%s credits",
                                       hundredths == 100 ? 1 : 2 + hundredths / 100), number);
}

char *
sfumato_price_format (int hundredths)
{
  if (hundredths == 0)
    return g_strdup (_("Free"));
  return format_credits (hundredths);
}

char *
sfumato_credits_format (double credits)
{
  if (!isfinite (credits) || fabs (credits) > 1e15)
    return g_strdup (_("Unknown"));
  /* Rounded down: a balance never looks larger than it is. The tiny addition undoes what binary floating point
   * loses on numbers such as 0.29. */
  return format_credits ((gint64) floor (credits * 100 + 1e-7));
}
