/* A text of any length as the sequences of 77 that CLIP takes (ComfyUI's sd1_clip.py).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/clip-tokens.h"

#include "engine/memory.h"
#include "engine/unicode.h"
#include "engine/utf8.h"

#include <stdlib.h>
#include <string.h>

#define CONTENT (SD3_CLIP_LENGTH - 2)
#define LARGE_WORD 8 /* ids; from here on a word may be broken */

typedef struct
{
  const sd3_clip_tokens *tokens;
  bool                   pad_with_end;
  int32_t              (*chunks)[SD3_CLIP_LENGTH];
  int                    room;
  int                    at;     /* the chunk that is being filled */
  int                    n;      /* ids in it */
  int                    n_cut;
} filler;

static void
finish_chunk (filler *f)
{
  int32_t *chunk = f->chunks[f->at];

  chunk[0] = sd3_clip_tokens_start (f->tokens);
  chunk[f->n + 1] = sd3_clip_tokens_end (f->tokens);
  for (int i = f->n + 2; i < SD3_CLIP_LENGTH; i++)
    chunk[i] = f->pad_with_end ? sd3_clip_tokens_end (f->tokens) : 0;
}

static void
add_word (filler        *f,
          const int32_t *ids,
          int            n)
{
  while (n > 0)
    {
      int left = CONTENT - f->n, take = n;
      bool last = f->at == f->room - 1;

      if (n > left)
        take = last || n >= LARGE_WORD ? left : 0;
      memcpy (f->chunks[f->at] + 1 + f->n, ids, take * sizeof *ids);
      f->n += take;
      ids += take;
      n -= take;
      if (n > 0 && last)
        {
          f->n_cut += n;
          return;
        }
      if (n > 0)
        {
          finish_chunk (f);
          f->at++;
          f->n = 0;
        }
    }
}

/* The length of what lies before the next space, or of the spaces at the start. */
static size_t
run_length (const char *text,
            bool        spaces)
{
  size_t length = strlen (text), i = 0;
  uint32_t code;
  int n;

  while ((n = sd3_utf8_next (text + i, length - i, &code)) > 0 && (sd3_char_class_of (code) == SD3_CHAR_SPACE) == spaces)
    i += (size_t) n;
  return i;
}

/* No id goes across a space, so that words can be looked at one by one. */
static bool
add_words (filler     *f,
           const char *text,
           sd3_error  *error)
{
  int room = 3 * (int) strlen (text) + 1; /* small letters may take more bytes */
  int32_t *ids = sd3_new (int32_t, room);
  bool good = true;

  while (good && *text)
    {
      size_t length = run_length (text, false);
      char *word = sd3_text_copy (text, length);
      int n = sd3_clip_tokens_encode (f->tokens, word, ids, room, error);

      good = n >= 0;
      if (good)
        add_word (f, ids, n);
      text += length;
      text += run_length (text, true);
      free (word);
    }
  free (ids);
  return good;
}

int
sd3_clip_tokens_fill (const sd3_clip_tokens *tokens,
                      const char            *text,
                      bool                   pad_with_end,
                      int32_t              (*chunks)[SD3_CLIP_LENGTH],
                      int                    room,
                      int                   *n_cut,
                      sd3_error             *error)
{
  filler f = { .tokens = tokens, .pad_with_end = pad_with_end, .chunks = chunks, .room = room };
  bool too_long = strlen (text) > SD3_MAX_PROMPT;

  if (too_long || !sd3_utf8_valid (text, strlen (text)))
    return sd3_fail_as (error, SD3_ERROR_REQUEST, too_long ? "The prompt is too long." : "The prompt is not valid text."), -1;
  if (!add_words (&f, text, error))
    return -1;
  finish_chunk (&f);
  *n_cut = f.n_cut;
  return f.at + 1;
}
