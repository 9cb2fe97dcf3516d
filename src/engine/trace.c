/* A door for checking.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/trace.h"

#include "engine/clip-tokens.h"
#include "engine/clip.h"
#include "engine/inputs.h"
#include "engine/memory.h"
#include "engine/noise.h"
#include "engine/safetensors-write.h"
#include "engine/t5.h"
#include "engine/vae.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct
{
  const sd3_trace_job *job;
  sd3_error           *error;
  sd3_weights         *weights;
  sd3_device           device;
  sd3_inputs           inputs; /* empty when there are none */
  sd3_writer          *writer; /* of the part that runs */
  sd3_trace            trace;
  int                  n_done; /* parts that had something to do */
  char                 bad[64]; /* the first stage with a number out of range; "" when there is none */
} door;

static void
stage_cb (void          *opaque,
          const char    *name,
          const float   *data,
          int            n_dims,
          const int64_t *shape)
{
  door *d = opaque;
  size_t n = 1;

  for (int i = 0; i < n_dims; i++)
    n *= (size_t) shape[i];
  if (!d->bad[0] && !sd3_check_numbers (data, n, NULL))
    snprintf (d->bad, sizeof d->bad, "%s", name);
  sd3_writer_add (d->writer, name, "F32", n_dims, shape, data, n * sizeof *data);
}

/* ---- Inputs ------------------------------------------------------------------------------------------------ */

static const sd3_entry *
find (const door *d,
      const char *name)
{
  return sd3_inputs_find (&d->inputs, name);
}

/* A tensor whose shape ends in these; 0 stands for any. *@floats is NULL when there is none. */
static bool
take (door             *d,
      const char       *name,
      int64_t           rows,
      int64_t           columns,
      float           **floats,
      const sd3_entry **entry)
{
  const sd3_entry *e = find (d, name);
  int64_t length = e ? e->shape[1] * e->shape[2] * e->shape[3] : 0;

  *floats = NULL;
  if (entry)
    *entry = e;
  if (!e)
    return true;
  if ((rows && e->shape[0] != rows) || (columns && length != columns))
    return sd3_fail (d->error, "“%s” of the inputs has a shape that does not fit the model.", name);
  *floats = sd3_inputs_floats (&d->inputs, e, d->error);
  return *floats != NULL;
}

static bool
take_conditioning (door                  *d,
                   const char            *context,
                   const char            *pooled,
                   const sd3_mmdit_shape *s,
                   sd3_conditioning      *c)
{
  const sd3_entry *entry;

  *c = (sd3_conditioning) { 0 };
  if (!take (d, context, 0, s->context_width, &c->context, &entry) || !take (d, pooled, s->pooled_width, 1, &c->pooled, NULL))
    return false;
  c->n = entry ? (int) entry->shape[0] : 0;
  return !c->context == !c->pooled || sd3_fail (d->error, "“%s” and “%s” of the inputs go together.", context, pooled);
}

/* ---- Text encoders ----------------------------------------------------------------------------------------- */

static bool
run_clip (door       *d,
          sd3_role    role,
          const char *name)
{
  const sd3_entry *entry = find (d, name);
  int heads = role == SD3_ROLE_CLIP_L ? d->job->clip_l_heads : d->job->clip_g_heads;
  sd3_clip *clip = NULL;
  int32_t *ids = NULL;
  float *out = NULL;
  bool good;

  if (!entry || !sd3_weights_has (d->weights, role))
    return true;
  d->n_done++;
  if (heads > 0)
    sd3_weights_set_heads (d->weights, role, heads);
  clip = sd3_clip_new (d->weights, role, d->error);
  good = clip && (entry->shape[0] == SD3_CLIP_LENGTH || sd3_fail (d->error, "“%s” must be 77 numbers.", name)) &&
         (ids = sd3_inputs_ids (&d->inputs, entry, d->error)) && sd3_clip_load (clip, &d->device, d->error);
  if (good)
    {
      out = sd3_new (float, (size_t) (SD3_CLIP_LENGTH + 1) * sd3_clip_width (clip));
      good = sd3_clip_encode (clip, ids, &d->trace, out, out + (size_t) SD3_CLIP_LENGTH * sd3_clip_width (clip), d->error);
    }
  sd3_clip_free (clip);
  free (ids);
  free (out);
  return good;
}

static bool
run_t5 (door *d)
{
  const sd3_entry *entry = find (d, "ids.t5");
  sd3_t5 *t5 = NULL;
  int32_t *ids = NULL;
  float *out = NULL;
  bool good;

  if (!entry || !sd3_weights_has (d->weights, SD3_ROLE_T5))
    return true;
  d->n_done++;
  t5 = sd3_t5_new (d->weights, d->error);
  good = t5 && (entry->shape[0] <= SD3_MAX_T5_LENGTH || sd3_fail (d->error, "“ids.t5” has too many numbers.")) &&
         (ids = sd3_inputs_ids (&d->inputs, entry, d->error)) && sd3_t5_load (t5, &d->device, d->error);
  if (good)
    {
      out = sd3_new (float, (size_t) entry->shape[0] * sd3_t5_width (t5));
      good = sd3_t5_encode (t5, ids, (int) entry->shape[0], &d->trace, out, d->error);
    }
  sd3_t5_free (t5);
  free (ids);
  free (out);
  return good;
}

static bool
run_text (door *d)
{
  return run_clip (d, SD3_ROLE_CLIP_L, "ids.clip_l") && run_clip (d, SD3_ROLE_CLIP_G, "ids.clip_g") && run_t5 (d);
}

/* ---- Transformer ------------------------------------------------------------------------------------------- */

typedef struct
{
  sd3_mmdit       *mmdit;
  sd3_conditioning prompt, negative;
  sd3_text        *text;          /* where the conditionings come from prompts */
  float           *latent, *noise, *init, *mask;
  int              height, width; /* of the latent */
} transformer;

/* From the inputs, or from prompts through the model's own encoders. */
static bool
get_conditionings (door        *d,
                   transformer *t)
{
  const sd3_mmdit_shape *s = sd3_mmdit_get_shape (t->mmdit);
  const sd3_conditioning *prompt, *negative;
  sd3_text_request request;

  if (!d->job->prompt)
    return take_conditioning (d, "context", "pooled", s, &t->prompt) &&
           take_conditioning (d, "negative.context", "negative.pooled", s, &t->negative);
  if (d->job->clip_l_heads > 0)
    sd3_weights_set_heads (d->weights, SD3_ROLE_CLIP_L, d->job->clip_l_heads);
  if (d->job->clip_g_heads > 0)
    sd3_weights_set_heads (d->weights, SD3_ROLE_CLIP_G, d->job->clip_g_heads);
  t->text = sd3_text_open (d->weights, d->job->clip_merges, d->job->t5_model, s->context_width, s->pooled_width, d->error);
  request = (sd3_text_request) { d->job->prompt, d->job->t5_length, d->job->clip_chunks };
  prompt = t->text ? sd3_text_encode (t->text, &d->device, request, &d->trace, d->error) : NULL;
  request.prompt = d->job->negative ? d->job->negative : "";
  negative = prompt ? sd3_text_encode (t->text, &d->device, request, NULL, d->error) : NULL;
  if (!negative)
    return false;
  t->prompt = *prompt;
  t->negative = *negative;
  stage_cb (d, "context", prompt->context, 2, (int64_t[]) { prompt->n, s->context_width });
  stage_cb (d, "pooled", prompt->pooled, 1, (int64_t[]) { s->pooled_width });
  return true;
}

/* The first tensor that is there gives the size; without any, the picture's size and the seed give noise. */
static bool
get_latents (door        *d,
             transformer *t)
{
  static const char *const names[] = { "latent", "noise", "init", "mask" };
  float **places[] = { &t->latent, &t->noise, &t->init, &t->mask };
  int channels = sd3_mmdit_get_shape (t->mmdit)->channels;

  t->height = d->job->height / 8;
  t->width = d->job->width / 8;
  for (int i = 3; i >= 0; i--)
    {
      const sd3_entry *entry = find (d, names[i]);

      if (entry && entry->n_dims == 3 && entry->shape[1] < 4096 && entry->shape[2] < 4096)
        {
          t->height = (int) entry->shape[1];
          t->width = (int) entry->shape[2];
        }
    }
  for (int i = 0; i < 4; i++)
    if (!take (d, names[i], channels, (int64_t) t->height * t->width, places[i], NULL))
      return false;
  if (t->height < 1 || t->width < 1 || t->height > 4096 || t->width > 4096)
    return sd3_fail (d->error, "The size of the picture is missing: a latent among the inputs, or --width and --height.");
  if (!t->noise)
    {
      t->noise = sd3_new (float, (size_t) channels * t->height * t->width);
      sd3_noise (d->job->seed, t->noise, (size_t) channels * t->height * t->width);
    }
  return true;
}

/* One pass, every stage inside it. */
static bool
run_pass (door        *d,
          transformer *t)
{
  int channels = sd3_mmdit_get_shape (t->mmdit)->channels;
  float *v = sd3_new (float, (size_t) channels * t->height * t->width);
  bool skip[SD3_MAX_BLOCKS] = { false };
  sd3_mmdit_prompt prompt;
  bool good;

  for (int i = 0; i < d->job->settings.n_skip_layers; i++)
    skip[d->job->settings.skip_layers[i]] = true;
  good = sd3_mmdit_prompt_make (t->mmdit, t->prompt.context, t->prompt.n, t->prompt.pooled, &d->job->time, 1, &d->trace, &prompt, d->error);
  if (good)
    {
      good = sd3_mmdit_velocity (t->mmdit, t->latent ? t->latent : t->noise, t->height, t->width, &prompt, 0, skip, &d->trace, v, d->error);
      sd3_mmdit_prompt_clear (&prompt);
    }
  if (good)
    stage_cb (d, "velocity", v, 3, (int64_t[]) { channels, t->height, t->width });
  free (v);
  return good;
}

static bool
run_sampler (door        *d,
             transformer *t)
{
  int channels = sd3_mmdit_get_shape (t->mmdit)->channels;
  float *latent = sd3_new (float, (size_t) channels * t->height * t->width);
  sd3_denoising job = d->job->settings;
  bool good;

  job.prompt = &t->prompt;
  job.negative = t->negative.context ? &t->negative : NULL;
  job.height = t->height;
  job.width = t->width;
  job.noise = t->noise;
  job.init = t->init;
  job.mask = t->mask;
  stage_cb (d, "noise", t->noise, 3, (int64_t[]) { channels, t->height, t->width });
  good = sd3_denoise (t->mmdit, &job, &d->trace, latent, d->error);
  if (good)
    stage_cb (d, "result", latent, 3, (int64_t[]) { channels, t->height, t->width });
  free (latent);
  return good;
}

static bool
run_loaded (door        *d,
            transformer *t)
{
  if (!sd3_mmdit_load (t->mmdit, &d->device, d->error) || !get_conditionings (d, t))
    return false;
  if (!t->prompt.context)
    return true; /* nothing is asked of the transformer */
  d->n_done++;
  if (!get_latents (d, t) || (t->mask && !t->init && !sd3_fail (d->error, "“mask” of the inputs needs “init”.")))
    return false;
  for (int i = 0; i < d->job->settings.n_skip_layers; i++)
    if (d->job->settings.skip_layers[i] < 0 || d->job->settings.skip_layers[i] >= sd3_mmdit_get_shape (t->mmdit)->depth)
      return sd3_fail (d->error, "The model has no layer %d to leave out.", d->job->settings.skip_layers[i]);
  return d->job->time >= 0 ? run_pass (d, t) : run_sampler (d, t);
}

static bool
run_transformer (door *d)
{
  transformer t = { 0 };
  bool good;

  if (!sd3_weights_has (d->weights, SD3_ROLE_MMDIT))
    return true;
  t.mmdit = sd3_mmdit_new (d->weights, d->error);
  good = t.mmdit && run_loaded (d, &t);
  if (!t.text)
    {
      sd3_conditioning_clear (&t.prompt);
      sd3_conditioning_clear (&t.negative);
    }
  sd3_text_free (t.text);
  free (t.latent);
  free (t.noise);
  free (t.init);
  free (t.mask);
  sd3_mmdit_free (t.mmdit);
  return good;
}

/* ---- VAE --------------------------------------------------------------------------------------------------- */

static bool
run_vae_half (door        *d,
              sd3_role     role,
              sd3_vae_half half,
              const char  *name)
{
  const sd3_entry *entry;
  sd3_vae *vae;
  float *in, *out;
  bool good;

  if (!find (d, name) || !sd3_weights_has (d->weights, role))
    return true;
  if (!take (d, name, half == SD3_VAE_ENCODER ? 3 : 16, 0, &in, &entry))
    return false;
  d->n_done++;
  vae = sd3_vae_new (d->weights, half, d->error);
  out = sd3_new (float, (size_t) entry->shape[1] * entry->shape[2] * 64 * 3);
  good = vae && (entry->n_dims == 3 || sd3_fail (d->error, "“%s” must be [channels, height, width].", name)) &&
         (half != SD3_VAE_ENCODER || (entry->shape[1] % 8 == 0 && entry->shape[2] % 8 == 0) || sd3_fail (d->error, "“%s” must have sides that are multiples of 8.", name)) &&
         sd3_vae_load (vae, &d->device, d->error) &&
         sd3_vae_run (vae, in, (int) entry->shape[1], (int) entry->shape[2], &d->trace, out, d->error);
  sd3_vae_free (vae);
  free (in);
  free (out);
  return good;
}

static bool
run_vae (door *d)
{
  return run_vae_half (d, SD3_ROLE_VAE, SD3_VAE_DECODER, "z") && run_vae_half (d, SD3_ROLE_VAE, SD3_VAE_ENCODER, "picture") &&
         run_vae_half (d, SD3_ROLE_TAESD, SD3_VAE_PREVIEW, "z");
}

/* ---- All --------------------------------------------------------------------------------------------------- */

/* Runs one part and writes its stages, also those before a failure. */
static bool
run_part (door       *d,
          const char *name,
          bool      (*part) (door *d))
{
  int before = d->n_done;
  char *path = sd3_text_new ("%s/%s.safetensors", d->job->folder, name);
  bool good;

  d->writer = sd3_writer_new ();
  good = part (d);
  if (good && d->bad[0])
    good = sd3_fail_as (d->error, SD3_ERROR_NUMBERS, "The numbers of the model ran out of range, first in “%s”.", d->bad);
  if (d->n_done > before && !sd3_writer_save (d->writer, path, good ? d->error : NULL))
    good = false;
  sd3_writer_free (d->writer);
  free (path);
  return good;
}

static bool
run_all (door *d)
{
  return run_part (d, "text", run_text) && run_part (d, "transformer", run_transformer) && run_part (d, "vae", run_vae) &&
         (d->n_done > 0 || sd3_fail (d->error, "The inputs ask nothing of the model's parts."));
}

bool
sd3_trace_run (const sd3_trace_job *job,
               sd3_error           *error)
{
  door d = { .job = job, .error = error };
  bool good = !job->inputs || sd3_inputs_open (&d.inputs, job->inputs, error);

  d.trace = (sd3_trace) { stage_cb, &d };
  if (good)
    {
      d.weights = sd3_weights_open (job->paths, job->n_paths, error);
      good = d.weights && sd3_device_open (&d.device, job->device, job->n_threads, error) && run_all (&d);
    }
  sd3_weights_free (d.weights);
  sd3_device_close (&d.device);
  sd3_inputs_close (&d.inputs);
  return good;
}
