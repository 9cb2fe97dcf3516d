/* A small picture of what a latent is on its way to.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/preview.h"

#include "engine/memory.h"

#include <math.h>
#include <stdlib.h>

#define CHANNELS 16
#define MOST_PLACES (64 * 64) /* for TAESD3: 0.14 TFLOP */

/* Red, green and blue of a latent's channels, from −1 to 1 (Stability-AI/sd3.5 sd3_impls.py, SD3LatentFormat). */
static const float factors[CHANNELS][3] = {
  { -.0645f, .0177f, .1052f }, { .0028f, .0312f, .0650f }, { .1848f, .0762f, .0360f }, { .0944f, .0360f, .0889f },
  { .0897f, .0506f, -.0364f }, { -.0020f, .1203f, .0284f }, { .0855f, .0118f, .0283f }, { -.0539f, .0658f, .1047f },
  { -.0057f, .0116f, .0700f }, { -.0412f, .0281f, -.0039f }, { .1106f, .1171f, .1220f }, { -.0248f, .0682f, -.0481f },
  { .0815f, .0846f, .1207f }, { -.0120f, -.0055f, -.0867f }, { -.0749f, -.0634f, -.0456f }, { -.1418f, -.1457f, -.1259f },
};

void
sd3_to_bytes (const float *colours,
              size_t       n,
              uint8_t     *rgb)
{
  for (size_t i = 0; i < n; i++)
    for (int c = 0; c < 3; c++)
      rgb[3 * i + c] = (uint8_t) lrintf (255 * fminf (fmaxf (colours[c * n + i], 0), 1));
}

void
sd3_preview_linear (const float       *latent,
                    int                height,
                    int                width,
                    sd3_small_picture *small)
{
  size_t n = (size_t) height * width;
  float *colours = sd3_new (float, 3 * n);

  for (int c = 0; c < 3; c++)
    for (size_t i = 0; i < n; i++)
      {
        float sum = 0;

        for (int k = 0; k < CHANNELS; k++)
          sum += latent[k * n + i] * factors[k][c];
        colours[c * n + i] = (sum + 1) / 2;
      }
  *small = (sd3_small_picture) { width, height, sd3_alloc (n, 3) };
  sd3_to_bytes (colours, n, small->rgb);
  free (colours);
}

/* Means of @by × @by places; what does not fill one at the far ends is left out. */
static float *
shrink (const float *latent,
        int          height,
        int          width,
        int          by)
{
  int h = height / by, w = width / by;
  float *out = sd3_new (float, (size_t) CHANNELS * h * w);

  for (int k = 0; k < CHANNELS; k++)
    for (int y = 0; y < h * by; y++)
      for (int x = 0; x < w * by; x++)
        out[((size_t) k * h + y / by) * w + x / by] += latent[((size_t) k * height + y) * width + x] / (float) (by * by);
  return out;
}

bool
sd3_preview_decode (sd3_vae           *taesd,
                    const float       *latent,
                    int                height,
                    int                width,
                    sd3_small_picture *small,
                    sd3_error         *error)
{
  int by = 1, h, w;
  float *shrunk, *colours;
  size_t n;
  bool good;

  while ((height / by) * (width / by) > MOST_PLACES)
    by++;
  h = height / by;
  w = width / by;
  n = (size_t) 64 * h * w;
  shrunk = shrink (latent, height, width, by);
  colours = sd3_new (float, 3 * n);
  good = sd3_vae_run (taesd, shrunk, h, w, NULL, colours, error);
  if (good)
    {
      *small = (sd3_small_picture) { 8 * w, 8 * h, sd3_alloc (n, 3) };
      sd3_to_bytes (colours, n, small->rgb);
    }
  free (shrunk);
  free (colours);
  return good;
}
