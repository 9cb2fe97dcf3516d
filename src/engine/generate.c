/* The way from a prompt to a picture: text, transformer, VAE, one after the other.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/engine-private.h"

#include "engine/memory.h"
#include "engine/noise.h"
#include "engine/preview.h"
#include "engine/sample.h"

#include <stdlib.h>
#include <string.h>

typedef struct
{
  sd3_engine        *engine;
  const sd3_request *request;
  sd3_error         *error;
  sd3_plan           plan;
  int                height, width; /* of the latent */
  size_t             n;             /* its elements */
  float             *noise, *init, *latent;
} job;

/* ---- Requests ---------------------------------------------------------------------------------------------- */

sd3_denoising
sd3_request_denoising (const sd3_request *r)
{
  return (sd3_denoising) {
    .height = r->height / 8, .width = r->width / 8, .steps = r->steps, .sampler = r->sampler,
    .schedule = r->schedule, .shift = r->shift, .guidance = r->guidance, .rescale = r->rescale, .strength = r->strength,
    .skip_guidance = r->skip_guidance, .skip_from = r->skip_from, .skip_to = r->skip_to, .skip_layers = { 7, 8, 9 },
    .n_skip_layers = r->skip_guidance != 0 ? 3 : 0,
  };
}

bool
sd3_request_has_no_steps (const sd3_request *r)
{
  return r->picture && sd3_schedule_start (r->steps, r->strength) == r->steps;
}

bool
sd3_request_check (const sd3_engine  *engine,
                   const sd3_request *r,
                   sd3_error         *error)
{
  const sd3_info *info = &engine->info;
  sd3_denoising settings = sd3_request_denoising (r);

  if (r->width < info->side_step || r->height < info->side_step || r->width % info->side_step != 0 || r->height % info->side_step != 0 ||
      r->width > info->largest_side || r->height > info->largest_side)
    return sd3_fail_as (error, SD3_ERROR_REQUEST, N_ ("The model makes pictures with sides that are multiples of %d, up to %d pixels."),
                        info->side_step, info->largest_side);
  if (r->picture && !engine->encoder)
    return sd3_fail_as (error, SD3_ERROR_REQUEST, N_ ("The model’s VAE has no encoder, so that no picture can be started from."));
  return sd3_denoise_check (engine->mmdit, &settings, error);
}

/* ---- Phases ------------------------------------------------------------------------------------------------ */

static bool
tell (const job *j,
      sd3_phase  phase,
      int        done,
      int        total)
{
  const sd3_request *r = j->request;

  return !r->progress || r->progress (r->opaque, phase, done, total) || sd3_fail_as (j->error, SD3_ERROR_CANCELLED, "It was cancelled.");
}

static void
unload_others (sd3_engine *e,
               sd3_phase   phase)
{
  if (phase != SD3_PHASE_STEPS)
    sd3_mmdit_unload (e->mmdit);
  if (phase != SD3_PHASE_DECODING)
    sd3_vae_unload (e->decoder);
  if (phase != SD3_PHASE_PICTURE && e->encoder)
    sd3_vae_unload (e->encoder);
  if (phase != SD3_PHASE_STEPS && e->taesd)
    sd3_vae_unload (e->taesd);
}

/* What other phases have left in memory stays where there is room for it: the next picture begins sooner. */
static bool
begin (job      *j,
       sd3_phase phase,
       int       total)
{
  sd3_device *device = &j->engine->device;
  bool tight = j->plan.peaks[phase][SD3_ON_CARD] + device->used[SD3_ON_CARD] > j->plan.budget[SD3_ON_CARD] ||
               j->plan.peaks[phase][SD3_ON_HOST] + j->plan.beside[phase] + device->used[SD3_ON_HOST] > j->plan.budget[SD3_ON_HOST];

  if (tight)
    unload_others (j->engine, phase);
  device->card_room = j->plan.card_rooms[phase];
  device->host_limit = j->plan.budget[SD3_ON_HOST] - j->plan.beside[phase];
  return tell (j, phase, 0, total);
}

static bool
run_vae_once (job         *j,
              sd3_device  *device,
              sd3_vae     *vae,
              const float *in,
              int          height,
              int          width,
              float       *out,
              size_t       n)
{
  return sd3_vae_load (vae, device, j->error) && sd3_vae_run (vae, in, height, width, j->engine->trace, out, j->error) &&
         sd3_check_numbers (out, n, j->error);
}

/* Once more where there is more range, if it must be and has room there; then as before, so that no picture depends on the one
 * before it. */
static bool
run_vae (job         *j,
         sd3_vae     *vae,
         const float *in,
         int          height,
         int          width,
         float       *out,
         size_t       n)
{
  sd3_device *device = &j->engine->device;
  bool good = run_vae_once (j, device, vae, in, height, width, out, n);

  if (good || j->error->kind != SD3_ERROR_NUMBERS)
    return good;
  if (sd3_vae_widen (vae, true) || !device->is_cpu)
    good = run_vae_once (j, sd3_device_safer (device), vae, in, height, width, out, n);
  sd3_vae_widen (vae, false);
  return good;
}

/* The picture's latent: the means the encoder gives, so that one seed is one result. */
static bool
encode_picture (job *j)
{
  size_t places = (size_t) j->request->width * j->request->height;
  float *rgb = sd3_new (float, 3 * places), *moments = sd3_new (float, 2 * j->n);
  bool good;

  for (size_t i = 0; i < places; i++)
    for (int c = 0; c < 3; c++)
      rgb[c * places + i] = 2 * (float) j->request->picture[3 * i + c] / 255 - 1;
  good = run_vae (j, j->engine->encoder, rgb, j->request->height, j->request->width, moments, 2 * j->n);
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
denoise_once (job                 *j,
              sd3_device          *device,
              const sd3_denoising *settings)
{
  return sd3_mmdit_load (j->engine->mmdit, device, j->error) &&
         sd3_denoise (j->engine->mmdit, settings, j->engine->trace, j->latent, j->error);
}

/* A second try begins with the first step, for the picture would else be one of two halves. */
static bool
denoise (job                    *j,
         const sd3_conditioning *prompt,
         const sd3_conditioning *negative)
{
  sd3_denoising settings = sd3_request_denoising (j->request);
  sd3_mmdit *mmdit = j->engine->mmdit;
  sd3_device *device = &j->engine->device;
  int total;
  bool good;

  settings.prompt = prompt;
  settings.negative = negative;
  settings.noise = j->noise;
  settings.init = j->request->picture ? j->init : NULL;
  settings.stepped = stepped_cb;
  settings.opaque = j;
  total = sd3_denoise_steps (&settings);
  good = begin (j, SD3_PHASE_STEPS, total) && denoise_once (j, device, &settings);
  if (good || j->error->kind != SD3_ERROR_NUMBERS)
    return good;
  if (sd3_mmdit_widen (mmdit, true) || !device->is_cpu)
    good = tell (j, SD3_PHASE_STEPS, 0, total) && denoise_once (j, sd3_device_safer (device), &settings);
  sd3_mmdit_widen (mmdit, false);
  return good;
}

static bool
decode (job         *j,
        sd3_picture *picture)
{
  size_t places = (size_t) j->request->width * j->request->height;
  float *rgb = sd3_new (float, 3 * places);
  bool good;

  sd3_latent_to_vae (j->latent, j->n);
  good = run_vae (j, j->engine->decoder, j->latent, j->height, j->width, rgb, 3 * places);
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

static const sd3_conditioning *
encode_text (job        *j,
             const char *prompt,
             sd3_trace  *trace)
{
  sd3_text_request request = { prompt ? prompt : "", j->request->t5_length, j->request->clip_chunks };

  return sd3_text_encode (j->engine->text, &j->engine->device, request, trace, j->error);
}

static bool
read_text (job                     *j,
           const sd3_conditioning **prompt,
           const sd3_conditioning **negative)
{
  const sd3_request *r = j->request;

  return begin (j, SD3_PHASE_TEXT, 1) && (*prompt = encode_text (j, r->prompt, j->engine->trace)) &&
         (r->guidance == 1 || (*negative = encode_text (j, r->negative, NULL))) && tell (j, SD3_PHASE_TEXT, 1, 1);
}

static bool
read_picture (job *j)
{
  return begin (j, SD3_PHASE_PICTURE, 1) && encode_picture (j) && tell (j, SD3_PHASE_PICTURE, 1, 1);
}

static bool
make_latent (job         *j,
             sd3_picture *picture)
{
  const sd3_request *r = j->request;
  const sd3_conditioning *prompt = NULL, *negative = NULL;

  if (!read_text (j, &prompt, &negative) || (r->picture && !read_picture (j)))
    return false;
  picture->clip_cut = prompt->clip_cut;
  picture->t5_cut = prompt->t5_cut;
  sd3_noise (r->seed, j->noise, j->n);
  return denoise (j, prompt, negative);
}

static bool
keep_latent (job *j)
{
  bool good = read_picture (j);

  memcpy (j->latent, j->init, j->n * sizeof *j->latent);
  return good;
}

static bool
make (job         *j,
      sd3_picture *picture)
{
  return (sd3_request_has_no_steps (j->request) ? keep_latent (j) : make_latent (j, picture)) && begin (j, SD3_PHASE_DECODING, 1) &&
         decode (j, picture) && tell (j, SD3_PHASE_DECODING, 1, 1);
}

bool
sd3_generate (sd3_engine        *engine,
              const sd3_request *request,
              sd3_picture       *picture,
              sd3_error         *error)
{
  sd3_error own;
  job j = { .engine = engine, .request = request, .error = error ? error : &own, .height = request->height / 8, .width = request->width / 8 };
  bool good;

  *picture = (sd3_picture) { .width = request->width, .height = request->height };
  if (!sd3_request_check (engine, request, j.error) || !sd3_plan_make (engine, request, &j.plan, j.error))
    return false;
  j.n = (size_t) sd3_mmdit_get_shape (engine->mmdit)->channels * j.height * j.width;
  j.noise = sd3_new (float, j.n);
  j.init = sd3_new (float, j.n);
  j.latent = sd3_new (float, j.n);
  engine->device.cancelled = request->cancelled;
  engine->device.opaque = request->opaque;
  good = make (&j, picture);
  engine->device.cancelled = NULL;
  engine->device.host_limit = UINT64_MAX;
  free (j.noise);
  free (j.init);
  free (j.latent);
  if (!good)
    {
      free (picture->rgb);
      picture->rgb = NULL;
    }
  return good;
}
