/* What a picture will need: every phase is gone through on a device that rehearses, with parts of its own, for those of
 * the engine may have their weights in memory.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/engine-private.h"

#include "engine/memory.h"
#include "engine/preview.h"

#include <stdlib.h>
#include <string.h>

#define MOST_TRIES 4

typedef struct
{
  const sd3_engine  *engine;
  const sd3_request *request;
  sd3_error         *error;
  sd3_device         device;
  int                n_rows[2]; /* of the prompts */
  uint64_t           beside;    /* bytes that the device does not count */
} rehearsal;

static bool
rehearse_text (rehearsal *r)
{
  const sd3_request *request = r->request;
  const char *prompts[] = { request->prompt, request->negative };

  for (int i = 0; i < (request->guidance != 1 ? 2 : 1); i++)
    {
      sd3_text_request one = { prompts[i] ? prompts[i] : "", request->t5_length, request->clip_chunks };

      r->n_rows[i] = sd3_text_rehearse (r->engine->text, &r->device, one, r->error);
      if (r->n_rows[i] < 0)
        return false;
    }
  return true;
}

static bool
rehearse_prompt (rehearsal        *r,
                 sd3_mmdit        *mmdit,
                 int               n_rows,
                 sd3_mmdit_prompt *prompt)
{
  const sd3_mmdit_shape *s = sd3_mmdit_get_shape (mmdit);
  sd3_denoising settings = sd3_request_denoising (r->request);
  int n_times = sd3_denoise_steps (&settings);
  float *context = sd3_new (float, (size_t) n_rows * s->context_width), *pooled = sd3_new (float, s->pooled_width), *times = sd3_new (float, n_times);
  bool good = sd3_mmdit_prompt_make (mmdit, context, n_rows, pooled, times, n_times, NULL, prompt, r->error);

  if (good)
    r->beside += sd3_mmdit_prompt_size (mmdit, n_rows, n_times);
  free (context);
  free (pooled);
  free (times);
  return good;
}

static bool
rehearse_pass (rehearsal              *r,
               sd3_mmdit              *mmdit,
               const sd3_mmdit_prompt *prompt,
               const bool             *skip)
{
  int height = r->request->height / 8, width = r->request->width / 8;
  float *latent = sd3_new (float, (size_t) sd3_mmdit_get_shape (mmdit)->channels * height * width);
  bool good = sd3_mmdit_velocity (mmdit, latent, height, width, prompt, 0, skip, NULL, latent, r->error);

  free (latent);
  return good;
}

static bool
rehearse_preview (rehearsal *r)
{
  int height = r->request->height / 8, width = r->request->width / 8;
  float *latent = sd3_new (float, (size_t) 16 * height * width);
  sd3_vae *taesd = sd3_vae_new (r->engine->weights, SD3_VAE_PREVIEW, r->error);
  sd3_small_picture small = { 0 };
  bool good = taesd && sd3_vae_load (taesd, &r->device, r->error) && sd3_preview_decode (taesd, latent, height, width, &small, r->error);

  sd3_vae_free (taesd);
  free (small.rgb);
  free (latent);
  return good;
}

/* In the order of a real step, so that as much is in memory together. */
static bool
rehearse_steps (rehearsal *r)
{
  sd3_mmdit *mmdit = sd3_mmdit_new (r->engine->weights, r->error);
  sd3_denoising settings = sd3_request_denoising (r->request);
  sd3_mmdit_prompt prompts[2] = { 0 };
  bool skip[SD3_MAX_BLOCKS] = { false };
  int n = r->request->guidance != 1 ? 2 : 1;
  bool good = mmdit && sd3_mmdit_load (mmdit, &r->device, r->error);

  for (int i = 0; i < settings.n_skip_layers; i++)
    skip[settings.skip_layers[i]] = true;
  for (int i = 0; good && i < n; i++)
    good = rehearse_prompt (r, mmdit, r->n_rows[i], &prompts[i]);
  for (int i = 0; good && i < n; i++)
    good = rehearse_pass (r, mmdit, &prompts[i], NULL);
  good = good && (settings.n_skip_layers == 0 || rehearse_pass (r, mmdit, &prompts[0], skip)) &&
         (!r->request->preview || !r->engine->taesd || rehearse_preview (r));
  for (int i = 0; i < n; i++)
    sd3_mmdit_prompt_clear (&prompts[i]);
  sd3_mmdit_free (mmdit);
  return good;
}

static bool
rehearse_vae (rehearsal   *r,
              sd3_vae_half half)
{
  int by = half == SD3_VAE_ENCODER ? 1 : 8, height = r->request->height / by, width = r->request->width / by;
  size_t places = (size_t) r->request->height * r->request->width;
  float *in = sd3_new (float, 3 * places), *out = sd3_new (float, 3 * places);
  sd3_vae *vae = sd3_vae_new (r->engine->weights, half, r->error);
  bool good = vae && sd3_vae_load (vae, &r->device, r->error) && sd3_vae_run (vae, in, height, width, NULL, out, r->error);

  sd3_vae_free (vae);
  free (in);
  free (out);
  r->beside += 4 * places * 3 + 3 * places; /* colours as numbers and as bytes */
  return good;
}

static bool
rehearse (rehearsal *r,
          sd3_phase  phase)
{
  r->beside = r->engine->process_size;
  switch (phase)
    {
    case SD3_PHASE_TEXT:
      return sd3_request_has_no_steps (r->request) || rehearse_text (r);
    case SD3_PHASE_PICTURE:
      return !r->request->picture || rehearse_vae (r, SD3_VAE_ENCODER);
    case SD3_PHASE_STEPS:
      return sd3_request_has_no_steps (r->request) || rehearse_steps (r);
    default:
      return rehearse_vae (r, SD3_VAE_DECODER);
    }
}

/* Where a phase does not fit on the card, so many of its weights stay with the processor. */
static bool
plan_phase (rehearsal *r,
            sd3_phase  phase,
            sd3_plan  *plan)
{
  uint64_t room = UINT64_MAX, over;

  for (int i = 0; i < MOST_TRIES; i++)
    {
      r->device = sd3_device_rehearse (&r->engine->device);
      r->device.card_room = room;
      if (!rehearse (r, phase))
        return false;
      memcpy (plan->peaks[phase], r->device.peak, sizeof r->device.peak);
      plan->beside[phase] = r->beside;
      plan->card_rooms[phase] = room;
      if (r->device.peak[SD3_ON_CARD] <= plan->budget[SD3_ON_CARD] || r->device.card_weights == 0)
        break;
      over = r->device.peak[SD3_ON_CARD] - plan->budget[SD3_ON_CARD];
      room = i + 2 < MOST_TRIES && r->device.card_weights > over ? r->device.card_weights - over : 0;
    }
  return true;
}

/* What is free and what the engine would give back for it; of a card's memory a sixteenth is left to the desktop. */
static void
find_budget (const sd3_engine *engine,
             sd3_plan         *plan)
{
  const sd3_device *device = &engine->device;

  plan->budget[SD3_ON_HOST] = sd3_memory_available () + device->used[SD3_ON_HOST];
  if (engine->memory_limit > 0 && engine->memory_limit < plan->budget[SD3_ON_HOST])
    plan->budget[SD3_ON_HOST] = engine->memory_limit;
  if (!device->is_cpu)
    plan->budget[SD3_ON_CARD] = sd3_device_card_free (device) / 16 * 15 + device->used[SD3_ON_CARD];
}

static uint64_t
most_on_card (const sd3_plan *plan)
{
  uint64_t most = 0;

  for (int i = 0; i < SD3_N_PHASES; i++)
    most = plan->peaks[i][SD3_ON_CARD] > most ? plan->peaks[i][SD3_ON_CARD] : most;
  return most;
}

static uint64_t
needed_on_host (const sd3_engine *engine,
                const sd3_plan   *plan)
{
  uint64_t most = 0;

  for (int i = 0; i < SD3_N_PHASES; i++)
    {
      uint64_t sum = plan->peaks[i][SD3_ON_HOST] + plan->beside[i] + (engine->device.shares_memory ? plan->peaks[i][SD3_ON_CARD] : 0);

      most = sum > most ? sum : most;
    }
  return most;
}

static bool
refuse (const sd3_engine *engine,
        const sd3_plan   *plan,
        sd3_error        *error)
{
  double needed = (double) needed_on_host (engine, plan) / 1e9, there = (double) plan->budget[SD3_ON_HOST] / 1e9;

  if (most_on_card (plan) > plan->budget[SD3_ON_CARD])
    return sd3_fail_as (error, SD3_ERROR_MEMORY,
                        N_ ("This picture needs about %.1f GB of the graphics card’s memory, and %.1f GB are free. Choose a smaller picture, or the processor."),
                        (double) most_on_card (plan) / 1e9, (double) plan->budget[SD3_ON_CARD] / 1e9);
  if (plan->budget[SD3_ON_HOST] == engine->memory_limit)
    return sd3_fail_as (error, SD3_ERROR_MEMORY,
                        N_ ("This picture needs about %.1f GB of memory, and %.1f GB are allowed. Allow more, or choose a smaller picture or a model with smaller weights."),
                        needed, there);
  return sd3_fail_as (error, SD3_ERROR_MEMORY,
                      N_ ("This picture needs about %.1f GB of memory, and %.1f GB are free. Close other programs, or choose a smaller picture or a model with smaller weights."),
                      needed, there);
}

static bool
plan_all (const sd3_engine  *engine,
          const sd3_request *request,
          sd3_plan          *plan,
          sd3_error         *error)
{
  rehearsal r = { .engine = engine, .request = request, .error = error };

  *plan = (sd3_plan) { 0 };
  find_budget (engine, plan);
  for (sd3_phase phase = 0; phase < SD3_N_PHASES; phase++)
    if (!plan_phase (&r, phase, plan))
      return false;
  return true;
}

bool
sd3_plan_make (const sd3_engine  *engine,
               const sd3_request *request,
               sd3_plan          *plan,
               sd3_error         *error)
{
  if (!plan_all (engine, request, plan, error))
    return false;
  return (needed_on_host (engine, plan) <= plan->budget[SD3_ON_HOST] && most_on_card (plan) <= plan->budget[SD3_ON_CARD]) ||
         refuse (engine, plan, error);
}

uint64_t
sd3_memory_needed (const sd3_engine  *engine,
                   const sd3_request *request)
{
  sd3_plan plan;
  sd3_error error;

  if (!sd3_request_check (engine, request, &error) || !plan_all (engine, request, &plan, &error))
    return 0;
  return needed_on_host (engine, &plan);
}
