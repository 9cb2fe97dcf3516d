/* The engine: one opened model, and what it says about itself.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/engine-private.h"

#include "engine/memory.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdlib.h>
#include <string.h>

#define PROCESS_SIZE (160 << 20) /* measured: programs, tokenizers, names of tensors, oneDNN */

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
    .has_preview = engine->taesd != NULL,
    .side_step = 8 * s->patch,
    .largest_side = 8 * s->patch * s->grid,
    .text_size = sd3_text_size (engine->text),
    .transformer_size = sd3_mmdit_size (engine->mmdit),
    .vae_size = sd3_vae_size (engine->decoder),
    .file_size = sd3_weights_file_size (engine->weights),
  };
  memcpy (engine->info.device, engine->device.id, sizeof engine->info.device);
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
  engine->taesd = sd3_vae_new (engine->weights, SD3_VAE_PREVIEW, NULL);
  return sd3_device_open (&engine->device, options->device, options->n_threads, error);
}

sd3_engine *
sd3_open (const sd3_options *options,
          sd3_error         *error)
{
  sd3_engine *engine = sd3_new (sd3_engine, 1);

  engine->trace = options->trace;
  engine->memory_limit = options->memory_limit;
  engine->process_size = PROCESS_SIZE;
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
  sd3_vae_free (engine->taesd);
  sd3_weights_free (engine->weights);
  sd3_device_close (&engine->device);
  free (engine);
}

void
sd3_unload (sd3_engine *engine)
{
  sd3_text_forget (engine->text);
  sd3_mmdit_unload (engine->mmdit);
  sd3_vae_unload (engine->decoder);
  if (engine->encoder)
    sd3_vae_unload (engine->encoder);
  if (engine->taesd)
    sd3_vae_unload (engine->taesd);
#ifdef __GLIBC__
  malloc_trim (0); /* blocks of less than 32 MB are else kept for the process */
#endif
}

void
sd3_set_turbo (sd3_engine *engine,
               bool        is_turbo)
{
  if (engine->info.may_be_turbo)
    engine->info.variant = is_turbo ? SD3_VARIANT_35_LARGE_TURBO : SD3_VARIANT_35_LARGE;
}

const sd3_info *
sd3_get_info (const sd3_engine *engine)
{
  return &engine->info;
}

/* What the transformer learnt from, where its configuration says so; no side it has no places for. */
static int
default_side (const sd3_engine *engine)
{
  int side = sd3_weights_sample_side (engine->weights), step = engine->info.side_step;

  side = side < step ? 1024 : side / step * step;
  return side < engine->info.largest_side ? side : engine->info.largest_side;
}

/* Stability's and diffusers' recommendations (README of Stability-AI/sd3.5; the pipelines' defaults). A model that is
 * none of theirs gets what the starter model was made for (data/starter-model). */
sd3_request
sd3_defaults (const sd3_engine *engine)
{
  sd3_request request = {
    .width = default_side (engine), .height = default_side (engine), .steps = 28, .sampler = SD3_SAMPLER_EULER, .schedule = SD3_SCHEDULE_REFERENCE,
    .shift = 3, .guidance = 7, .skip_from = 0.01, .skip_to = 0.2, .strength = 1, .t5_length = 77, .clip_chunks = SD3_MAX_CLIP_CHUNKS,
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
    case SD3_VARIANT_OTHER:
      request.steps = 20;
      request.guidance = 4;
      break;
    default:
      break;
    }
  return request;
}
