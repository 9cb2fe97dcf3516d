/* From a prompt to what the transformer is given.
 *
 * Rows 0…76 are [CLIP-L | CLIP-G | zeros], T5's rows follow. An encoder that is missing leaves zeros in its columns, T5
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

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_TOKENIZER (64 << 20)
#define REMEMBERED 8

typedef struct
{
  char            *prompt; /* NULL: free */
  int              t5_length;
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

/* ---- Vocabularies ------------------------------------------------------------------------------------------ */

/* NULL without an error when there is no such file. */
static char *
read_optional (const char *folder,
               const char *name,
               size_t     *size,
               bool       *good,
               sd3_error  *error)
{
  char *path = folder ? sd3_text_new ("%s/%s", folder, name) : NULL, *text = NULL;
  sd3_file file;

  *size = 0;
  if (path && access (path, F_OK) == 0)
    {
      *good = *good && sd3_file_open_in (&file, folder, name, error);
      if (*good)
        {
          text = sd3_file_text (&file, MAX_TOKENIZER, error);
          *size = file.size;
          *good = text != NULL;
          sd3_file_close (&file);
        }
    }
  free (path);
  return text;
}

static char *
read_path (const char *path,
           size_t     *size,
           sd3_error  *error)
{
  sd3_file file;
  char *text;

  if (!sd3_file_open (&file, path, error))
    return NULL;
  text = sd3_file_text (&file, MAX_TOKENIZER, error);
  *size = file.size;
  sd3_file_close (&file);
  return text;
}

/* The model's own vocab.json and merges.txt, or the merges that came with the application. */
static sd3_clip_tokens *
open_clip_tokens (const char *folder,
                  int         which,
                  const char *merges_path,
                  sd3_error  *error)
{
  size_t n_merges, n_vocabulary;
  bool good = true;
  char *merges = read_optional (folder, which ? "tokenizer_2/merges.txt" : "tokenizer/merges.txt", &n_merges, &good, error);
  char *vocabulary = read_optional (folder, which ? "tokenizer_2/vocab.json" : "tokenizer/vocab.json", &n_vocabulary, &good, error);
  sd3_clip_tokens *tokens = NULL;

  if (good && (!merges || !vocabulary))
    {
      free (merges);
      free (vocabulary);
      vocabulary = NULL;
      merges = merges_path ? read_path (merges_path, &n_merges, error) : NULL;
      if (!merges_path)
        sd3_fail (error, "The model brings no vocabulary for CLIP.");
    }
  if (good && merges)
    tokens = sd3_clip_tokens_new (merges, n_merges, vocabulary, n_vocabulary, error);
  free (merges);
  free (vocabulary);
  return tokens;
}

static sd3_t5_tokens *
t5_tokens_from (const char *data,
                size_t      size,
                sd3_error  *error)
{
  return size > 0 && data[0] == '{' ? sd3_t5_tokens_from_json (data, size, error) : sd3_t5_tokens_from_model (data, size, error);
}

static sd3_t5_tokens *
open_t5_tokens (const sd3_weights *weights,
                const char        *path,
                sd3_error         *error)
{
  size_t size, header_size;
  bool good = true;
  const char *header = sd3_weights_t5_header (weights, &header_size), *folder = sd3_weights_folder (weights);
  char *data = read_optional (folder, "tokenizer_3/spiece.model", &size, &good, error);
  sd3_t5_tokens *tokens = NULL;

  if (good && !data)
    data = read_optional (folder, "tokenizer_3/tokenizer.json", &size, &good, error);
  if (good && !data && header)
    return sd3_t5_tokens_from_gguf (header, header_size, error);
  if (good && !data && path)
    {
      data = read_path (path, &size, error);
      good = data != NULL;
    }
  if (data)
    tokens = t5_tokens_from (data, size, error);
  else if (good)
    sd3_fail (error, "The model brings no vocabulary for T5; its file “spiece.model” is needed beside it.");
  free (data);
  return tokens;
}

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
          return sd3_fail (error, "The vocabulary of CLIP's tokenizer does not fit the text encoder.");
      }
  if (width > text->context_width || width > text->pooled_width || (text->t5 && sd3_t5_width (text->t5) != text->context_width))
    return sd3_fail (error, "The text encoders do not fit the transformer: they are of another model.");
  if (text->t5 && sd3_t5_tokens_largest (text->t5_tokens) >= sd3_t5_vocabulary (text->t5))
    return sd3_fail (error, "The vocabulary of T5's tokenizer does not fit the text encoder.");
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
          text->clip_tokens[i] = open_clip_tokens (sd3_weights_folder (weights), i, clip_merges, error);
        if (!text->clip_tokens[i])
          return false;
      }
  if (sd3_weights_has (weights, SD3_ROLE_T5))
    {
      text->t5 = sd3_t5_new (weights, error);
      if (text->t5)
        text->t5_tokens = open_t5_tokens (weights, t5_model, error);
      if (!text->t5_tokens)
        return false;
    }
  return text->clip[0] || text->clip[1] || text->t5 ||
         sd3_fail (error, "The model has no text encoder; the files of CLIP-L, CLIP-G or T5 are needed with it.");
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

static bool
add_clip (sd3_text         *text,
          int               which,
          sd3_device       *device,
          const char       *prompt,
          sd3_trace        *trace,
          sd3_conditioning *c,
          sd3_error        *error)
{
  sd3_clip *clip = text->clip[which];
  int width = sd3_clip_width (clip), cut = 0;
  /* Where G begins does not depend on whether L is there: L's columns are what G leaves of the pooled vector. */
  int at = which == 0 ? 0 : text->clip[0] ? sd3_clip_width (text->clip[0]) : text->pooled_width - width;
  float *hidden = sd3_new (float, (size_t) SD3_CLIP_LENGTH * width);
  int32_t ids[SD3_CLIP_LENGTH];
  bool good = sd3_clip_tokens_fill (text->clip_tokens[which], prompt, which == 0, ids, &cut, error) && sd3_clip_load (clip, device, error) &&
              sd3_clip_encode (clip, ids, trace, hidden, c->pooled + at, error);

  for (int i = 0; good && i < SD3_CLIP_LENGTH; i++)
    memcpy (c->context + (size_t) i * text->context_width + at, hidden + (size_t) i * width, width * sizeof *hidden);
  c->clip_cut = cut > c->clip_cut ? cut : c->clip_cut;
  sd3_clip_unload (clip);
  free (hidden);
  return good;
}

/* At least @least tokens, padded with 0; what does not fit into 512 is cut before the end. */
static int
t5_ids (const sd3_text *text,
        const char     *prompt,
        int             least,
        int32_t         ids[SD3_MAX_T5_LENGTH],
        int            *cut,
        sd3_error      *error)
{
  int n = sd3_t5_tokens_encode (text->t5_tokens, prompt, strlen (prompt), ids, SD3_MAX_T5_LENGTH, error);

  if (n > SD3_MAX_T5_LENGTH)
    {
      *cut = n - SD3_MAX_T5_LENGTH;
      n = SD3_MAX_T5_LENGTH;
      ids[n - 1] = sd3_t5_tokens_end (text->t5_tokens);
    }
  for (; n > 0 && n < least; n++)
    ids[n] = 0;
  return n;
}

static bool
add_t5 (sd3_text         *text,
        sd3_device       *device,
        const int32_t    *ids,
        int               n,
        sd3_trace        *trace,
        sd3_conditioning *c,
        sd3_error        *error)
{
  bool good = sd3_t5_load (text->t5, device, error) &&
              sd3_t5_encode (text->t5, ids, n, trace, c->context + (size_t) (c->n - n) * text->context_width, error);

  sd3_t5_unload (text->t5);
  return good;
}

static bool
encode (sd3_text         *text,
        sd3_device       *device,
        const char       *prompt,
        int               t5_length,
        sd3_trace        *trace,
        sd3_conditioning *c,
        sd3_error        *error)
{
  int32_t ids[SD3_MAX_T5_LENGTH];
  int n_t5 = text->t5 ? t5_ids (text, prompt, t5_length, ids, &c->t5_cut, error) : 0;
  bool good = n_t5 >= 0;

  c->n = (text->clip[0] || text->clip[1] ? SD3_CLIP_LENGTH : 0) + (good ? n_t5 : 0);
  c->context = sd3_new (float, (size_t) c->n * text->context_width);
  c->pooled = sd3_new (float, text->pooled_width);
  for (int i = 0; good && i < 2; i++)
    good = !text->clip[i] || add_clip (text, i, device, prompt, trace, c, error);
  return good && (!text->t5 || add_t5 (text, device, ids, n_t5, trace, c, error));
}

static memory *
find_memory (sd3_text   *text,
             const char *prompt,
             int         t5_length)
{
  memory *oldest = &text->memories[0];

  for (int i = 0; i < REMEMBERED; i++)
    {
      memory *m = &text->memories[i];

      if (m->prompt && m->t5_length == t5_length && strcmp (m->prompt, prompt) == 0)
        return m;
      if (m->used < oldest->used)
        oldest = m;
    }
  free (oldest->prompt);
  sd3_conditioning_clear (&oldest->conditioning);
  *oldest = (memory) { .t5_length = t5_length };
  return oldest;
}

const sd3_conditioning *
sd3_text_encode (sd3_text   *text,
                 sd3_device *device,
                 const char *prompt,
                 int         t5_length,
                 sd3_trace  *trace,
                 sd3_error  *error)
{
  memory *m;

  if (!sd3_utf8_valid (prompt, strlen (prompt)))
    return sd3_fail_as (error, SD3_ERROR_REQUEST, "The prompt is not valid text."), NULL;
  if (t5_length < 1 || t5_length > SD3_MAX_T5_LENGTH)
    return sd3_fail_as (error, SD3_ERROR_REQUEST, "T5 takes 1 to %d tokens.", SD3_MAX_T5_LENGTH), NULL;
  m = find_memory (text, prompt, t5_length);
  m->used = ++text->clock;
  if (m->prompt)
    return &m->conditioning;
  if (encode (text, device, prompt, t5_length, trace, &m->conditioning, error))
    {
      m->prompt = sd3_text_copy (prompt, strlen (prompt));
      return &m->conditioning;
    }
  sd3_conditioning_clear (&m->conditioning);
  return NULL;
}
