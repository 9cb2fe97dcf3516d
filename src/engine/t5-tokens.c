/* T5's tokenizer: the vocabulary and the search for the likeliest pieces (google/sentencepiece, unigram_model.cc).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/t5-tokens-private.h"

#include "engine/clip-tokens.h"
#include "engine/memory.h"
#include "engine/utf8.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

sd3_t5_tokens *
sd3_t5_tokens_begin (size_t n,
                     size_t names_size)
{
  sd3_t5_tokens *tokens = sd3_new (sd3_t5_tokens, 1);

  tokens->names = sd3_alloc (names_size, 1);
  tokens->scores = sd3_new (float, n);
  tokens->unknown_score = FLT_MAX;
  tokens->unknown = tokens->end = -1;
  tokens->add_prefix = tokens->collapse_spaces = true;
  return tokens;
}

bool
sd3_t5_tokens_add (sd3_t5_tokens *tokens,
                   const char    *piece,
                   size_t         length,
                   float          score,
                   int            type)
{
  char *name = tokens->names + tokens->names_size;

  if (length > SD3_MAX_PIECE_LENGTH || !isfinite (score) || !sd3_utf8_valid (piece, length) || memchr (piece, 0, length))
    return false;
  memcpy (name, piece, length);
  name[length] = '\0';
  tokens->names_size += length + 1;
  tokens->scores[tokens->n] = score;
  if (type == SD3_PIECE_NORMAL && score < tokens->unknown_score)
    tokens->unknown_score = score;
  if (type == SD3_PIECE_UNKNOWN)
    tokens->unknown = (int32_t) tokens->n;
  if (type == SD3_PIECE_CONTROL && strcmp (name, "</s>") == 0)
    tokens->end = (int32_t) tokens->n;
  if (length > 0 && (type == SD3_PIECE_NORMAL || type == SD3_PIECE_USER_DEFINED || type == SD3_PIECE_UNUSED))
    {
      sd3_map_add (&tokens->by_name, name, length, (uint32_t) tokens->n);
      tokens->longest = length > tokens->longest ? length : tokens->longest;
    }
  tokens->n++;
  return true;
}

sd3_t5_tokens *
sd3_t5_tokens_finish (sd3_t5_tokens *tokens,
                      sd3_error     *error)
{
  if (tokens->unknown >= 0 && tokens->end >= 0 && tokens->by_name.n > 0 && tokens->unknown_score < FLT_MAX)
    {
      tokens->unknown_score -= 10;
      return tokens;
    }
  sd3_fail (error, N_ ("The vocabulary of T5’s tokenizer is incomplete: it has no sign for the end or for what it does not know."));
  sd3_t5_tokens_free (tokens);
  return NULL;
}

void
sd3_t5_tokens_free (sd3_t5_tokens *tokens)
{
  if (!tokens)
    return;
  sd3_map_clear (&tokens->by_name);
  free (tokens->names);
  free (tokens->scores);
  free (tokens->charsmap);
  free (tokens);
}

int32_t
sd3_t5_tokens_largest (const sd3_t5_tokens *tokens)
{
  return (int32_t) tokens->n - 1;
}

int32_t
sd3_t5_tokens_end (const sd3_t5_tokens *tokens)
{
  return tokens->end;
}

/* ---- The likeliest pieces ---------------------------------------------------------------------------------- */

typedef struct
{
  float    score; /* of the best way here */
  int32_t  id;    /* of its last piece */
  uint32_t from;  /* where that begins; UINT32_MAX: no way here yet */
} step;

static void
offer (step    *to,
       float    score,
       int32_t  id,
       uint32_t from)
{
  if (to->from == UINT32_MAX || score > to->score)
    *to = (step) { score, id, from };
}

/* Every piece that begins at @at, and the unknown where no piece is one character long. */
static void
extend (const sd3_t5_tokens *tokens,
        const char          *text,
        size_t               length,
        size_t               at,
        step                *steps)
{
  size_t most = length - at < tokens->longest ? length - at : tokens->longest;
  size_t character = (size_t) sd3_utf8_next (text + at, length - at, NULL);
  bool single = false;
  uint32_t id;

  for (size_t n = 1; n <= most; n++)
    if ((at + n == length || (text[at + n] & 0xc0) != 0x80) && sd3_map_get (&tokens->by_name, text + at, n, &id))
      {
        offer (&steps[at + n], steps[at].score + tokens->scores[id], (int32_t) id, (uint32_t) at);
        single = single || n == character;
      }
  if (!single)
    offer (&steps[at + character], steps[at].score + tokens->unknown_score, tokens->unknown, (uint32_t) at);
}

/* From the end to the start; unknown characters that follow each other are one id. */
static int
walk_back (const sd3_t5_tokens *tokens,
           const step          *steps,
           size_t               length,
           int32_t             *path)
{
  int n = 0;

  for (size_t at = length; at > 0; at = steps[at].from)
    if (n == 0 || steps[at].id != tokens->unknown || path[n - 1] != tokens->unknown)
      path[n++] = steps[at].id;
  return n;
}

static int
encode_normalized (const sd3_t5_tokens *tokens,
                   const char          *text,
                   size_t               length,
                   int32_t             *ids,
                   int                  room)
{
  step *steps = sd3_new (step, length + 1);
  int32_t *path = sd3_new (int32_t, length + 1);
  int n;

  for (size_t i = 1; i <= length; i++)
    steps[i].from = UINT32_MAX;
  for (size_t at = 0; at < length; at++)
    if (steps[at].from != UINT32_MAX)
      extend (tokens, text, length, at, steps);
  n = walk_back (tokens, steps, length, path);
  for (int i = 0; i < n && i < room; i++)
    ids[i] = path[n - 1 - i];
  if (n < room)
    ids[n] = tokens->end;
  free (steps);
  free (path);
  return n + 1;
}

int
sd3_t5_tokens_encode (const sd3_t5_tokens *tokens,
                      const char          *text,
                      size_t               length,
                      int32_t             *ids,
                      int                  room,
                      sd3_error           *error)
{
  size_t normalized_length = 0;
  char *normalized;
  int n;

  if (length > SD3_MAX_PROMPT)
    return sd3_fail_as (error, SD3_ERROR_REQUEST, N_ ("The prompt is too long.")), -1;
  normalized = sd3_t5_normalize (tokens, text, length, &normalized_length, error);
  if (!normalized)
    return -1;
  n = encode_normalized (tokens, normalized, normalized_length, ids, room);
  free (normalized);
  return n;
}
