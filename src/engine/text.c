/* From a prompt to what the transformer is given.
 *
 * First come 77 rows [CLIP-L | CLIP-G | zeros] for each 75 of CLIP's tokens (the pooled vectors are the first chunk's, as
 * in ComfyUI), then T5's rows. An encoder that is missing leaves zeros in its columns, T5
 * no rows (as in ComfyUI; diffusers gives zeros for T5, which is slower and no better).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/text.h"

#include "engine/clip-tokens.h"
#include "engine/clip.h"
#include "engine/memory.h"
#include "engine/t5-tokens.h"
#include "engine/t5.h"
#include "engine/utf8.h"
#include "engine/vocabulary.h"

#include <stdlib.h>
#include <string.h>

#define REMEMBERED 8

typedef struct
{
  char            *prompt; /* NULL: free */
  int              t5_length, clip_chunks;
  unsigned         used;
  sd3_conditioning conditioning;
} memory;

struct sd3_text
{
  int              context_width, pooled_width;
  sd3_clip        *clip[2]; /* L, G; NULL when missing */
  sd3_t5          *t5;
  sd3_clip_tokens *clip_tokens[2];
  sd3_t5_tokens   *t5_tokens;
  memory           memories[REMEMBERED];
  unsigned         clock;
};

/* ---- Opening ----------------------------------------------------------------------------------------------- */

static bool
fits (const sd3_text *text,
      sd3_error      *error)
{
  int width = 0;

  for (int i = 0; i < 2; i++)
    if (text->clip[i])
      {
        width += sd3_clip_width (text->clip[i]);
        if (sd3_clip_tokens_largest (text->clip_tokens[i]) >= sd3_clip_vocabulary (text->clip[i]))
          return sd3_fail (error, N_ ("The vocabulary of CLIP’s tokenizer does not fit the text encoder."));
      }
  if (width > text->context_width || width > text->pooled_width || (text->t5 && sd3_t5_width (text->t5) != text->context_width))
    return sd3_fail (error, N_ ("The text encoders do not fit the transformer: they are of another model."));
  if (text->t5 && sd3_t5_tokens_largest (text->t5_tokens) >= sd3_t5_vocabulary (text->t5))
    return sd3_fail (error, N_ ("The vocabulary of T5’s tokenizer does not fit the text encoder."));
  return true;
}

static bool
open_encoders (sd3_text          *text,
               const sd3_weights *weights,
               const char        *clip_merges,
               const char        *t5_model,
               sd3_error         *error)
{
  for (int i = 0; i < 2; i++)
    if (sd3_weights_has (weights, SD3_ROLE_CLIP_L + i))
      {
        text->clip[i] = sd3_clip_new (weights, SD3_ROLE_CLIP_L + i, error);
        if (text->clip[i])
          text->clip_tokens[i] = sd3_vocabulary_open_clip (sd3_weights_folder (weights), i, clip_merges, error);
        if (!text->clip_tokens[i])
          return false;
      }
  if (sd3_weights_has (weights, SD3_ROLE_T5))
    {
      text->t5 = sd3_t5_new (weights, error);
      if (text->t5)
        text->t5_tokens = sd3_vocabulary_open_t5 (weights, t5_model, error);
      if (!text->t5_tokens)
        return false;
    }
  return text->clip[0] || text->clip[1] || text->t5 ||
         sd3_fail (error, N_ ("The model has no text encoder; the files of CLIP-L, CLIP-G or T5 are needed with it."));
}

sd3_text *
sd3_text_open (const sd3_weights *weights,
               const char        *clip_merges,
               const char        *t5_model,
               int                context_width,
               int                pooled_width,
               sd3_error         *error)
{
  sd3_text *text = sd3_new (sd3_text, 1);

  text->context_width = context_width;
  text->pooled_width = pooled_width;
  if (open_encoders (text, weights, clip_merges, t5_model, error) && fits (text, error))
    return text;
  sd3_text_free (text);
  return NULL;
}

void
sd3_conditioning_clear (sd3_conditioning *conditioning)
{
  free (conditioning->context);
  free (conditioning->pooled);
  *conditioning = (sd3_conditioning) { 0 };
}

void
sd3_text_forget (sd3_text *text)
{
  for (int i = 0; i < REMEMBERED; i++)
    {
      free (text->memories[i].prompt);
      sd3_conditioning_clear (&text->memories[i].conditioning);
      text->memories[i] = (memory) { 0 };
    }
}

void
sd3_text_free (sd3_text *text)
{
  if (!text)
    return;
  for (int i = 0; i < 2; i++)
    {
      sd3_clip_free (text->clip[i]);
      sd3_clip_tokens_free (text->clip_tokens[i]);
    }
  sd3_t5_free (text->t5);
  sd3_t5_tokens_free (text->t5_tokens);
  sd3_text_forget (text);
  free (text);
}

/* The encoders need not be in memory together. */
uint64_t
sd3_text_size (const sd3_text *text)
{
  uint64_t most = text->t5 ? sd3_t5_size (text->t5) : 0;

  for (int i = 0; i < 2; i++)
    if (text->clip[i] && sd3_clip_size (text->clip[i]) > most)
      most = sd3_clip_size (text->clip[i]);
  return most;
}

/* ---- Encoding ---------------------------------------------------------------------------------------------- */

typedef struct
{
  sd3_text         *text;
  sd3_device       *device;
  sd3_text_request  request;
  sd3_trace        *trace;
  sd3_error        *error;
  sd3_conditioning *out;
  int32_t           clip_ids[2][SD3_MAX_CLIP_CHUNKS][SD3_CLIP_LENGTH];
  int               n_chunks[2];
  int32_t           t5_ids[SD3_MAX_T5_LENGTH];
  int               n_t5;
} encoding;

/* Where G begins does not depend on whether L is there: L's columns are what G leaves of the pooled vector. */
static int
column_of (const sd3_text *text,
           int             which)
{
  if (which == 0)
    return 0;
  return text->clip[0] ? sd3_clip_width (text->clip[0]) : text->pooled_width - sd3_clip_width (text->clip[1]);
}

static bool
run_clip (encoding   *e,
          sd3_device *device,
          int         which)
{
  sd3_clip *clip = e->text->clip[which];
  int width = sd3_clip_width (clip), at = column_of (e->text, which);
  float *hidden = sd3_new (float, (size_t) (SD3_CLIP_LENGTH + 1) * width), *pooled = hidden + (size_t) SD3_CLIP_LENGTH * width;
  bool good = sd3_clip_load (clip, device, e->error);

  for (int chunk = 0; good && chunk < e->n_chunks[which]; chunk++)
    {
      float *rows = e->out->context + (size_t) chunk * SD3_CLIP_LENGTH * e->text->context_width + at;

      good = sd3_clip_encode (clip, e->clip_ids[which][chunk], chunk == 0 ? e->trace : NULL, hidden, pooled, e->error) &&
             sd3_check_numbers (hidden, (size_t) (SD3_CLIP_LENGTH + 1) * width, e->error);
      for (int i = 0; good && i < SD3_CLIP_LENGTH; i++)
        memcpy (rows + (size_t) i * e->text->context_width, hidden + (size_t) i * width, width * sizeof *hidden);
      if (good && chunk == 0)
        memcpy (e->out->pooled + at, pooled, width * sizeof *pooled);
    }
  sd3_clip_unload (clip);
  free (hidden);
  return good;
}

static bool
add_clip (encoding *e,
          int       which)
{
  bool good = run_clip (e, e->device, which);

  if (good || e->error->kind != SD3_ERROR_NUMBERS)
    return good;
  if (sd3_clip_widen (e->text->clip[which], true) || !e->device->is_cpu)
    good = run_clip (e, sd3_device_safer (e->device), which);
  sd3_clip_widen (e->text->clip[which], false);
  return good;
}

static bool
run_t5 (encoding   *e,
        sd3_device *device)
{
  sd3_t5 *t5 = e->text->t5;
  size_t n = (size_t) e->n_t5 * e->text->context_width;
  float *rows = e->out->context + (size_t) (e->out->n - e->n_t5) * e->text->context_width;
  bool good = sd3_t5_load (t5, device, e->error) && sd3_t5_encode (t5, e->t5_ids, e->n_t5, e->trace, rows, e->error) &&
              sd3_check_numbers (rows, n, e->error);

  sd3_t5_unload (t5);
  return good;
}

static bool
add_t5 (encoding *e)
{
  bool good = run_t5 (e, e->device);

  if (good || e->error->kind != SD3_ERROR_NUMBERS)
    return good;
  if (sd3_t5_widen (e->text->t5, true) || !e->device->is_cpu)
    good = run_t5 (e, sd3_device_safer (e->device));
  sd3_t5_widen (e->text->t5, false);
  return good;
}

/* At least as many tokens as asked for, padded with 0; what does not fit into 512 is cut before the end. */
static bool
find_t5_ids (encoding *e)
{
  const sd3_t5_tokens *tokens = e->text->t5_tokens;
  int n = sd3_t5_tokens_encode (tokens, e->request.prompt, strlen (e->request.prompt), e->t5_ids, SD3_MAX_T5_LENGTH, e->error);

  if (n < 0)
    return false;
  if (n > SD3_MAX_T5_LENGTH)
    {
      e->out->t5_cut = n - SD3_MAX_T5_LENGTH;
      n = SD3_MAX_T5_LENGTH;
      e->t5_ids[n - 1] = sd3_t5_tokens_end (tokens);
    }
  for (; n < e->request.t5_length; n++)
    e->t5_ids[n] = 0;
  e->n_t5 = n;
  return true;
}

static bool
find_ids (encoding *e)
{
  int most = 0;

  for (int i = 0; i < 2; i++)
    if (e->text->clip[i])
      {
        int cut;

        e->n_chunks[i] = sd3_clip_tokens_fill (e->text->clip_tokens[i], e->request.prompt, i == 0, e->clip_ids[i], e->request.clip_chunks, &cut, e->error);
        if (e->n_chunks[i] < 0)
          return false;
        most = e->n_chunks[i] > most ? e->n_chunks[i] : most;
        e->out->clip_cut = cut > e->out->clip_cut ? cut : e->out->clip_cut;
      }
  if (e->text->t5 && !find_t5_ids (e))
    return false;
  e->out->n = most * SD3_CLIP_LENGTH + e->n_t5;
  return true;
}

static bool
encode (encoding *e)
{
  bool good = find_ids (e);

  if (!good)
    return false;
  e->out->context = sd3_new (float, (size_t) e->out->n * e->text->context_width);
  e->out->pooled = sd3_new (float, e->text->pooled_width);
  for (int i = 0; good && i < 2; i++)
    good = !e->text->clip[i] || add_clip (e, i);
  return good && (!e->text->t5 || add_t5 (e));
}

static bool
check (sd3_text_request r,
       sd3_error       *error)
{
  if (!sd3_utf8_valid (r.prompt, strlen (r.prompt)))
    return sd3_fail_as (error, SD3_ERROR_REQUEST, "The prompt is not valid text.");
  if (r.t5_length < 1 || r.t5_length > SD3_MAX_T5_LENGTH)
    return sd3_fail_as (error, SD3_ERROR_REQUEST, "T5 takes 1 to %d tokens.", SD3_MAX_T5_LENGTH);
  if (r.clip_chunks < 1 || r.clip_chunks > SD3_MAX_CLIP_CHUNKS)
    return sd3_fail_as (error, SD3_ERROR_REQUEST, "CLIP takes 1 to %d times 75 tokens.", SD3_MAX_CLIP_CHUNKS);
  return true;
}

/* The prompt's memory, or else, in @oldest, the place that was not used for longest. */
static memory *
find_memory (sd3_text        *text,
             sd3_text_request r,
             memory         **oldest)
{
  *oldest = &text->memories[0];
  for (int i = 0; i < REMEMBERED; i++)
    {
      memory *m = &text->memories[i];

      if (m->prompt && m->t5_length == r.t5_length && m->clip_chunks == r.clip_chunks && strcmp (m->prompt, r.prompt) == 0)
        return m;
      if (m->used < (*oldest)->used)
        *oldest = m;
    }
  return NULL;
}

const sd3_conditioning *
sd3_text_encode (sd3_text        *text,
                 sd3_device      *device,
                 sd3_text_request request,
                 sd3_trace       *trace,
                 sd3_error       *error)
{
  encoding e = { .text = text, .device = device, .request = request, .trace = trace, .error = error };
  memory *m, *oldest;

  if (!check (request, error))
    return NULL;
  m = find_memory (text, request, &oldest);
  if (!m)
    {
      m = oldest;
      free (m->prompt);
      sd3_conditioning_clear (&m->conditioning);
      *m = (memory) { .t5_length = request.t5_length, .clip_chunks = request.clip_chunks };
      e.out = &m->conditioning;
      if (!encode (&e))
        {
          sd3_conditioning_clear (&m->conditioning);
          return NULL;
        }
      m->prompt = sd3_text_copy (request.prompt, strlen (request.prompt));
    }
  m->used = ++text->clock;
  return &m->conditioning;
}

int
sd3_text_rehearse (sd3_text        *text,
                   sd3_device      *device,
                   sd3_text_request request,
                   sd3_error       *error)
{
  sd3_conditioning out = { 0 };
  encoding e = { .text = text, .device = device, .request = request, .error = error, .out = &out };
  memory *m, *oldest;
  int n;

  if (!check (request, error))
    return -1;
  m = find_memory (text, request, &oldest);
  if (m)
    return m->conditioning.n;
  n = encode (&e) ? out.n : -1;
  sd3_conditioning_clear (&out);
  return n;
}
