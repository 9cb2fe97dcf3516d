/* The models of Stability's Developer Platform, what each takes and what it costs.
 *
 * Prices, limits and fields: Stability's OpenAPI document of 2026 (as merged by tryAGI/StabilityAI, commit
 * 016c91ba), the account of the SD3 notebook (Stability-AI/stability-sdk, nbs/SD3_API.ipynb) and its pull request
 * 314, which took the negative prompt away from Flash.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/sfumato-stability-private.h"

#include <glib/gi18n-lib.h>

#define SEED_MAX      G_GINT64_CONSTANT (4294967294)
#define PROMPT_MAX    10000
#define REQUEST_BYTES (10 * 1024 * 1024)

static const char * const aspects[] = { "1:1", "21:9", "16:9", "3:2", "5:4", "4:5", "2:3", "9:16", "9:21", NULL };
static const char * const formats[] = { "png", "jpeg", "webp", NULL };

static const SfumatoStyle styles[] = {
  { "enhance", N_("Enhance") },
  { "anime", N_("Anime") },
  { "photographic", N_("Photographic") },
  { "digital-art", N_("Digital Art") },
  { "comic-book", N_("Comic Book") },
  { "fantasy-art", N_("Fantasy Art") },
  { "line-art", N_("Line Art") },
  { "analog-film", N_("Analog Film") },
  { "neon-punk", N_("Neon Punk") },
  { "isometric", N_("Isometric") },
  { "low-poly", N_("Low Poly") },
  { "origami", N_("Origami") },
  { "modeling-compound", N_("Modeling Compound") },
  { "cinematic", N_("Cinematic") },
  { "3d-model", N_("3D Model") },
  { "pixel-art", N_("Pixel Art") },
  { "tile-texture", N_("Tile Texture") },
  { NULL, NULL }
};

#define COMMON                                                                                                        \
  .service = "stability", .prompt_max = PROMPT_MAX, .aspect_ratios = aspects, .seed_max = SEED_MAX, .styles = styles, \
  .formats = formats, .request_bytes_max = REQUEST_BYTES, .leaves_computer = TRUE

#define SD3                                                                                                           \
  COMMON, .guidance_min = 1, .guidance_max = 10, .input_picture = TRUE, .input_side_min = 64, .input_keeps_shape = TRUE

static const SfumatoModel models[] = {
  { SD3, .id = "sd3.5-large", .name = "SD 3.5 Large", .summary = N_("Follows prompts most closely"), .price = 650,
    .negative_prompt = TRUE, .guidance_default = 4, .strength_default = 0.7 },
  { SD3, .id = "sd3.5-large-turbo", .name = "SD 3.5 Large Turbo", .summary = N_("Nearly as good as Large, faster"),
    .price = 400, .guidance_default = 1, .strength_default = 0.7 },
  { SD3, .id = "sd3.5-medium", .name = "SD 3.5 Medium", .summary = N_("Balances quality and cost"), .price = 350,
    .negative_prompt = TRUE, .guidance_default = 4, .strength_default = 0.7 },
  { SD3, .id = "sd3.5-flash", .name = "SD 3.5 Flash", .summary = N_("Fastest and least expensive of the four"),
    .price = 250, .guidance_default = 1, .strength_default = 0.94 },
  { COMMON, .id = "core", .name = "Stable Image Core", .summary = N_("Fast, with good results from short prompts"),
    .price = 300, .negative_prompt = TRUE },
  { COMMON, .id = "ultra", .name = "Stable Image Ultra", .summary = N_("The best Stability AI offers"), .price = 800,
    .negative_prompt = TRUE, .input_picture = TRUE, .strength_default = 0.7, .input_side_min = 64,
    .input_side_max = 16384, .input_pixels_min = 4096 },
  { .id = NULL }
};

/* Who answers to an id that is no longer offered: since 2025-04-17 the 3.0 models are served by those of 3.5. */
static const struct
{
  const char *old;
  const char *current;
} old_ids[] = {
  { "sd3", "sd3.5-large" },
  { "sd3-large", "sd3.5-large" },
  { "sd3-turbo", "sd3.5-large-turbo" },
  { "sd3-large-turbo", "sd3.5-large-turbo" },
  { "sd3-medium", "sd3.5-medium" },
};

const SfumatoModel *
sfumato_stability_get_table (void)
{
  return models;
}

const char *
sfumato_stability_current_model (const char *id)
{
  for (guint i = 0; i < G_N_ELEMENTS (old_ids); i++)
    if (g_strcmp0 (old_ids[i].old, id) == 0)
      return old_ids[i].current;
  for (const SfumatoModel *model = models; model->id != NULL; model++)
    if (g_strcmp0 (model->id, id) == 0)
      return model->id;
  return NULL;
}

const char *
sfumato_stability_model_path (const SfumatoModel *model)
{
  if (g_strcmp0 (model->id, "core") == 0)
    return "/v2beta/stable-image/generate/core";
  if (g_strcmp0 (model->id, "ultra") == 0)
    return "/v2beta/stable-image/generate/ultra";
  return "/v2beta/stable-image/generate/sd3";
}
