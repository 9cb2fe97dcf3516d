/* The engine: one opened model, and the way from a prompt to a picture.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/denoise.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "engine/noise.h"
#include "engine/text.h"
#include "engine/vae.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct sd3_engine
{
  sd3_weights *weights;
  sd3_device   device;
  sd3_text    *text;
  sd3_mmdit   *mmdit;
  sd3_vae     *decoder, *encoder; /* encoder may be NULL */
  sd3_trace   *trace;
  sd3_info     info;
};

/* ---- Opening ----------------------------------------------------------------------------------------------- */

/* From the number of blocks, their norms and second attentions. Turbo is Large with other values: only a name tells. */
static void
detect_variant (sd3_engine *engine)
{
  const sd3_mmdit_shape *s = sd3_mmdit_get_shape (engine->mmdit);
  sd3_info *info = &engine->info;

  if (s->depth == 24 && !s->qk_norm)
    info->variant = SD3_VARIANT_MEDIUM;
  else if (s->depth == 24 && s->n_dual > 0)
    info->variant = SD3_VARIANT_35_MEDIUM;
  else if (s->depth == 38 && s->qk_norm)
    {
      info->variant = strcasestr (sd3_weights_title (engine->weights), "turbo") ? SD3_VARIANT_35_LARGE_TURBO : SD3_VARIANT_35_LARGE;
      info->may_be_turbo = info->variant == SD3_VARIANT_35_LARGE;
    }
}

static void
fill_info (sd3_engine *engine)
{
  const sd3_mmdit_shape *s = sd3_mmdit_get_shape (engine->mmdit);

  engine->info = (sd3_info) {
    .has_clip_l = sd3_weights_has (engine->weights, SD3_ROLE_CLIP_L),
    .has_clip_g = sd3_weights_has (engine->weights, SD3_ROLE_CLIP_G),
    .has_t5 = sd3_weights_has (engine->weights, SD3_ROLE_T5),
    .has_decoder = true,
    .has_encoder = engine->encoder != NULL,
    .has_preview = sd3_weights_has (engine->weights, SD3_ROLE_TAESD),
    .side_step = 8 * s->patch,
    .largest_side = 8 * s->patch * s->grid,
    .text_size = sd3_text_size (engine->text),
    .transformer_size = sd3_mmdit_size (engine->mmdit),
    .vae_size = sd3_vae_size (engine->decoder),
  };
  detect_variant (engine);
}

static bool
open_parts (sd3_engine        *engine,
            const sd3_options *options,
            sd3_error         *error)
{
  const sd3_mmdit_shape *s;

  engine->weights = sd3_weights_open (options->paths, options->n_paths, error);
  engine->mmdit = engine->weights ? sd3_mmdit_new (engine->weights, error) : NULL;
  if (!engine->mmdit)
    return false;
  s = sd3_mmdit_get_shape (engine->mmdit);
  engine->text = sd3_text_open (engine->weights, options->clip_merges, options->t5_model, s->context_width, s->pooled_width, error);
  engine->decoder = engine->text ? sd3_vae_new (engine->weights, SD3_VAE_DECODER, error) : NULL;
  if (!engine->decoder)
    return false;
  engine->encoder = sd3_vae_new (engine->weights, SD3_VAE_ENCODER, NULL);
  return sd3_device_open (&engine->device, options->n_threads, error);
}

sd3_engine *
sd3_open (const sd3_options *options,
          sd3_error         *error)
{
  sd3_engine *engine = sd3_new (sd3_engine, 1);

  engine->trace = options->trace;
  if (!open_parts (engine, options, error))
    {
      sd3_close (engine);
      return NULL;
    }
  fill_info (engine);
  return engine;
}

void
sd3_close (sd3_engine *engine)
{
  if (!engine)
    return;
  sd3_text_free (engine->text);
  sd3_mmdit_free (engine->mmdit);
  sd3_vae_free (engine->decoder);
  sd3_vae_free (engine->encoder);
  sd3_weights_free (engine->weights);
  sd3_device_close (&engine->device);
  free (engine);
}

const sd3_info *
sd3_get_info (const sd3_engine *engine)
{
  return &engine->info;
}

/* Stability's and diffusers' recommendations (README of Stability-AI/sd3.5; the pipelines' defaults). */
sd3_request
sd3_defaults (const sd3_engine *engine)
{
  sd3_request request = {
    .width = 1024, .height = 1024, .steps = 28, .sampler = SD3_SAMPLER_EULER, .schedule = SD3_SCHEDULE_REFERENCE,
    .shift = 3, .guidance = 7, .skip_from = 0.01, .skip_to = 0.2, .strength = 1, .t5_length = 77,
  };

  switch (engine->info.variant)
    {
    case SD3_VARIANT_35_MEDIUM:
      request.sampler = SD3_SAMPLER_DPMPP_2M;
      request.steps = 40;
      request.guidance = 4;
      request.skip_guidance = 2.5f;
      break;
    case SD3_VARIANT_35_LARGE:
      request.sampler = SD3_SAMPLER_DPMPP_2M;
      request.guidance = 4.5f;
      break;
    case SD3_VARIANT_35_LARGE_TURBO:
      request.steps = 4;
      request.guidance = 1;
      break;
    default:
      break;
    }
  return request;
}

/* ---- A picture --------------------------------------------------------------------------------------------- */

typedef struct
{
  sd3_engine        *engine;
  const sd3_request *request;
  sd3_error         *error;
  int                height, width; /* of the latent */
  size_t             n;             /* its elements */
  float             *noise, *init, *latent;
} job;

static bool
check_size (const job *j)
{
  const sd3_info *info = &j->engine->info;
  const sd3_request *r = j->request;

  if (r->width < info->side_step || r->height < info->side_step || r->width % info->side_step != 0 || r->height % info->side_step != 0 ||
      r->width > info->largest_side || r->height > info->largest_side)
    return sd3_fail (j->error, "The model makes pictures with sides that are multiples of %d, up to %d pixels.", info->side_step, info->largest_side);
  return true;
}

/* The picture's latent: the means the encoder gives, so that one seed is one result. */
static bool
encode_picture (job *j)
{
  size_t places = (size_t) j->request->width * j->request->height;
  float *rgb, *moments;
  bool good;

  if (!j->engine->encoder)
    return sd3_fail (j->error, "The model's VAE has no encoder, so that no picture can be started from.");
  rgb = sd3_new (float, 3 * places);
  moments = sd3_new (float, 2 * j->n);
  for (size_t i = 0; i < places; i++)
    for (int c = 0; c < 3; c++)
      rgb[c * places + i] = 2 * (float) j->request->picture[3 * i + c] / 255 - 1;
  good = sd3_vae_load (j->engine->encoder, &j->engine->device, j->error) &&
         sd3_vae_run (j->engine->encoder, rgb, j->request->height, j->request->width, j->engine->trace, moments, j->error);
  if (good)
    {
      memcpy (j->init, moments, j->n * sizeof *j->init);
      sd3_latent_from_vae (j->init, j->n);
    }
  free (rgb);
  free (moments);
  return good;
}

static bool
denoise (job                    *j,
         const sd3_conditioning *prompt,
         const sd3_conditioning *negative)
{
  const sd3_request *r = j->request;
  sd3_denoising denoising = {
    .prompt = prompt, .negative = negative, .height = j->height, .width = j->width, .noise = j->noise,
    .init = r->picture ? j->init : NULL, .steps = r->steps, .sampler = r->sampler, .schedule = r->schedule, .shift = r->shift,
    .guidance = r->guidance, .rescale = r->rescale, .strength = r->strength, .skip_guidance = r->skip_guidance,
    .skip_from = r->skip_from, .skip_to = r->skip_to, .skip_layers = { 7, 8, 9 }, .n_skip_layers = r->skip_guidance != 0 ? 3 : 0,
    .progress = r->progress, .opaque = r->opaque,
  };

  return sd3_mmdit_load (j->engine->mmdit, &j->engine->device, j->error) &&
         sd3_denoise (j->engine->mmdit, &denoising, j->engine->trace, j->latent, j->error);
}

static bool
decode (job         *j,
        sd3_picture *picture)
{
  size_t places = (size_t) j->request->width * j->request->height;
  float *rgb = sd3_new (float, 3 * places);
  bool good;

  sd3_latent_to_vae (j->latent, j->n);
  good = sd3_vae_load (j->engine->decoder, &j->engine->device, j->error) &&
         sd3_vae_run (j->engine->decoder, j->latent, j->height, j->width, j->engine->trace, rgb, j->error);
  if (good)
    picture->rgb = sd3_alloc (places, 3);
  for (size_t i = 0; good && i < places; i++)
    for (int c = 0; c < 3; c++)
      picture->rgb[3 * i + c] = (uint8_t) lrintf (255 * fminf (fmaxf ((rgb[c * places + i] + 1) / 2, 0), 1));
  free (rgb);
  return good;
}

static bool
make (job         *j,
      sd3_picture *picture)
{
  const sd3_request *r = j->request;
  sd3_engine *e = j->engine;
  const sd3_conditioning *prompt = sd3_text_encode (e->text, &e->device, r->prompt ? r->prompt : "", r->t5_length, e->trace, j->error);
  const sd3_conditioning *negative = NULL;

  if (!prompt)
    return false;
  picture->clip_cut = prompt->clip_cut;
  picture->t5_cut = prompt->t5_cut;
  if (r->guidance != 1)
    {
      negative = sd3_text_encode (e->text, &e->device, r->negative ? r->negative : "", r->t5_length, NULL, j->error);
      if (!negative)
        return false;
    }
  sd3_noise (r->seed, j->noise, j->n);
  if (r->picture && !encode_picture (j))
    return false;
  return denoise (j, prompt, negative) && decode (j, picture);
}

bool
sd3_generate (sd3_engine        *engine,
              const sd3_request *request,
              sd3_picture       *picture,
              sd3_error         *error)
{
  job j = { .engine = engine, .request = request, .error = error, .height = request->height / 8, .width = request->width / 8 };
  bool good;

  *picture = (sd3_picture) { .width = request->width, .height = request->height };
  if (!check_size (&j))
    return false;
  j.n = (size_t) sd3_mmdit_get_shape (engine->mmdit)->channels * j.height * j.width;
  j.noise = sd3_new (float, j.n);
  j.init = sd3_new (float, j.n);
  j.latent = sd3_new (float, j.n);
  engine->device.cancelled = request->cancelled;
  engine->device.opaque = request->opaque;
  good = make (&j, picture);
  engine->device.cancelled = NULL;
  free (j.noise);
  free (j.init);
  free (j.latent);
  return good;
}
