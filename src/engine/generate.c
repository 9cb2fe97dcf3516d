/* The way from a prompt to a picture: text, transformer, VAE, one after the other.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/engine-private.h"

#include "engine/denoise.h"
#include "engine/memory.h"
#include "engine/noise.h"
#include "engine/preview.h"

#include <stdlib.h>
#include <string.h>

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
tell (const job *j,
      sd3_phase  phase,
      int        done,
      int        total)
{
  const sd3_request *r = j->request;

  return !r->progress || r->progress (r->opaque, phase, done, total) || sd3_fail_as (j->error, SD3_ERROR_CANCELLED, "It was cancelled.");
}

static bool
check_size (const job *j)
{
  const sd3_info *info = &j->engine->info;
  const sd3_request *r = j->request;

  if (r->width < info->side_step || r->height < info->side_step || r->width % info->side_step != 0 || r->height % info->side_step != 0 ||
      r->width > info->largest_side || r->height > info->largest_side)
    return sd3_fail_as (j->error, SD3_ERROR_REQUEST, "The model makes pictures with sides that are multiples of %d, up to %d pixels.",
                        info->side_step, info->largest_side);
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
    return sd3_fail_as (j->error, SD3_ERROR_REQUEST, "The model's VAE has no encoder, so that no picture can be started from.");
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

/* By TAESD3 where the model has it; the linear map is always there. */
static void
give_preview (job         *j,
              const float *x0)
{
  sd3_vae *taesd = j->engine->taesd;
  sd3_small_picture small;

  if (!taesd || !sd3_vae_load (taesd, &j->engine->device, NULL) || !sd3_preview_decode (taesd, x0, j->height, j->width, &small, NULL))
    sd3_preview_linear (x0, j->height, j->width, &small);
  j->request->preview (j->request->opaque, small.rgb, small.width, small.height);
  free (small.rgb);
}

static bool
stepped_cb (void        *opaque,
            int          done,
            int          total,
            const float *x0)
{
  job *j = opaque;

  if (j->request->preview)
    give_preview (j, x0);
  return tell (j, SD3_PHASE_STEPS, done, total);
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
    .stepped = stepped_cb, .opaque = j,
  };
  int total = sd3_denoise_steps (&denoising);

  return tell (j, SD3_PHASE_STEPS, 0, total) && sd3_mmdit_load (j->engine->mmdit, &j->engine->device, j->error) &&
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
    {
      for (size_t i = 0; i < 3 * places; i++)
        rgb[i] = (rgb[i] + 1) / 2;
      picture->rgb = sd3_alloc (places, 3);
      sd3_to_bytes (rgb, places, picture->rgb);
    }
  free (rgb);
  return good;
}

static bool
encode_text (job                     *j,
             const sd3_conditioning **prompt,
             const sd3_conditioning **negative)
{
  const sd3_request *r = j->request;
  sd3_engine *e = j->engine;

  *negative = NULL;
  *prompt = sd3_text_encode (e->text, &e->device, r->prompt ? r->prompt : "", r->t5_length, e->trace, j->error);
  if (*prompt && r->guidance != 1)
    *negative = sd3_text_encode (e->text, &e->device, r->negative ? r->negative : "", r->t5_length, NULL, j->error);
  return *prompt && (r->guidance == 1 || *negative);
}

static bool
make (job         *j,
      sd3_picture *picture)
{
  const sd3_conditioning *prompt, *negative;

  if (!tell (j, SD3_PHASE_TEXT, 0, 1) || !encode_text (j, &prompt, &negative) || !tell (j, SD3_PHASE_TEXT, 1, 1))
    return false;
  picture->clip_cut = prompt->clip_cut;
  picture->t5_cut = prompt->t5_cut;
  sd3_noise (j->request->seed, j->noise, j->n);
  if (j->request->picture && !(tell (j, SD3_PHASE_PICTURE, 0, 1) && encode_picture (j) && tell (j, SD3_PHASE_PICTURE, 1, 1)))
    return false;
  if (!denoise (j, prompt, negative) || !tell (j, SD3_PHASE_DECODING, 0, 1) || !decode (j, picture))
    return false;
  if (tell (j, SD3_PHASE_DECODING, 1, 1))
    return true;
  free (picture->rgb);
  return false;
}

uint64_t
sd3_memory_needed (const sd3_engine  *engine,
                   const sd3_request *request)
{
  const sd3_info *info = &engine->info;

  return info->text_size > info->transformer_size ? info->text_size : info->transformer_size;
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
