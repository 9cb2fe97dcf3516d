/* CLIP's byte-level byte-pair encoding (openai/CLIP simple_tokenizer.py; text is prepared as Hugging Face's fast
 * tokenizer does).
 *
 * Inside, a symbol is a number of our own: 0–255 the bytes, 256–511 the same at a word's end, then one for each new
 * text that a merge makes. Ids of the vocabulary are looked up once, when it is loaded.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/clip-tokens.h"

#include "engine/json.h"
#include "engine/map.h"
#include "engine/memory.h"
#include "engine/unicode.h"
#include "engine/utf8.h"

#include <stdlib.h>
#include <string.h>

#define MAX_MERGES 200000
#define START "<|startoftext|>"
#define END "<|endoftext|>"

typedef struct
{
  uint32_t left, right; /* the key: eight bytes */
  uint32_t symbol;      /* what they become */
} merge;

struct sd3_clip_tokens
{
  merge    *merges; /* by rank */
  size_t    n_merges;
  sd3_map   ranks;   /* pair to rank */
  char    **texts;   /* of each symbol */
  sd3_map   symbols; /* text to symbol */
  size_t    n_symbols;
  int32_t  *ids;     /* of each symbol */
  int32_t   start, end, largest;
};

/* Bytes 33–126, 161–172 and 174–255 stand for themselves, the rest for U+0100 and on: none is a space. */
static bool
is_printable (int byte)
{
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

static uint32_t
character_of (int byte)
{
  uint32_t code = 0x100;

  if (is_printable (byte))
    return (uint32_t) byte;
  for (int i = 0; i < byte; i++)
    code += !is_printable (i);
  return code;
}

static uint32_t
add_symbol (sd3_clip_tokens *tokens,
            char            *text)
{
  uint32_t symbol;

  if (sd3_map_get (&tokens->symbols, text, strlen (text), &symbol))
    {
      free (text);
      return symbol;
    }
  tokens->texts[tokens->n_symbols] = text;
  sd3_map_add (&tokens->symbols, text, strlen (text), (uint32_t) tokens->n_symbols);
  return (uint32_t) tokens->n_symbols++;
}

static void
add_bytes (sd3_clip_tokens *tokens,
           const char      *after)
{
  for (int byte = 0; byte < 256; byte++)
    {
      char text[5] = "";

      sd3_utf8_put (character_of (byte), text);
      add_symbol (tokens, sd3_text_new ("%s%s", text, after));
    }
}

static bool
add_merge (sd3_clip_tokens *tokens,
           const char      *line,
           size_t           length)
{
  const char *space = memchr (line, ' ', length);
  merge *next = &tokens->merges[tokens->n_merges];
  size_t left = space ? (size_t) (space - line) : 0;

  if (!space || !sd3_map_get (&tokens->symbols, line, left, &next->left) ||
      !sd3_map_get (&tokens->symbols, space + 1, length - left - 1, &next->right))
    return false;
  next->symbol = add_symbol (tokens, sd3_text_new ("%s%s", tokens->texts[next->left], tokens->texts[next->right]));
  if (sd3_map_add (&tokens->ranks, (const char *) next, 8, (uint32_t) tokens->n_merges))
    tokens->n_merges++;
  return true;
}

/* The first line may be a comment; texts need not end with NUL. */
static bool
is_heading (const char *line,
            size_t      n)
{
  return (n >= 8 && memcmp (line, "#version", 8) == 0) || (n >= 11 && memcmp (line, "\"bpe_simple", 11) == 0);
}

/* A symbol's text could double with every merge; no real one has more than a few dozen bytes. */
static bool
is_too_long (const sd3_clip_tokens *tokens)
{
  return strlen (tokens->texts[tokens->n_symbols - 1]) > 1024;
}

static bool
read_merges (sd3_clip_tokens *tokens,
             const char      *text,
             size_t           length,
             sd3_error       *error)
{
  const char *end = text + length;

  if (!sd3_utf8_valid (text, length) || memchr (text, 0, length))
    return sd3_fail (error, N_ ("The list of merges of CLIP’s tokenizer is no text."));
  for (int number = 0; text < end; number++)
    {
      const char *line = text, *stop = memchr (text, '\n', end - text);
      size_t n = (stop ? stop : end) - line;

      text = stop ? stop + 1 : end;
      n -= n > 0 && line[n - 1] == '\r';
      if (n == 0 || (number == 0 && is_heading (line, n)))
        continue;
      if (tokens->n_symbols == MAX_MERGES || !add_merge (tokens, line, n) || is_too_long (tokens))
        return sd3_fail (error, N_ ("The list of merges of CLIP’s tokenizer is damaged in line %d."), number + 1);
    }
  return true;
}

/* ---- Ids --------------------------------------------------------------------------------------------------- */

/* OpenAI counts the printable bytes first. */
static int32_t
openai_id (uint32_t symbol)
{
  int byte = symbol & 255, before = 0;

  if (symbol >= 512)
    return (int32_t) symbol;
  for (int i = 0; i < byte; i++)
    before += is_printable (i) == is_printable (byte);
  return (int32_t) (symbol & 256) + (is_printable (byte) ? before : 188 + before);
}

static void
number_ids (sd3_clip_tokens *tokens)
{
  for (uint32_t i = 0; i < tokens->n_symbols; i++)
    tokens->ids[i] = openai_id (i);
  tokens->start = (int32_t) tokens->n_symbols;
  tokens->end = tokens->largest = tokens->start + 1;
}

static bool
take_id (sd3_clip_tokens     *tokens,
         const sd3_json_node *entry)
{
  uint32_t symbol;

  if (!entry->is_index || entry->index >= MAX_MERGES)
    return false;
  if (tokens->largest < (int32_t) entry->index)
    tokens->largest = (int32_t) entry->index;
  if (strcmp (entry->key, START) == 0)
    tokens->start = (int32_t) entry->index;
  else if (strcmp (entry->key, END) == 0)
    tokens->end = (int32_t) entry->index;
  else if (sd3_map_get (&tokens->symbols, entry->key, strlen (entry->key), &symbol))
    tokens->ids[symbol] = (int32_t) entry->index;
  return true;
}

/* A symbol the vocabulary does not have is what Hugging Face's tokenizer calls unknown: the end. */
static bool
read_ids (sd3_clip_tokens *tokens,
          const char      *text,
          size_t           length,
          sd3_error       *error)
{
  sd3_json *json = sd3_json_parse (text, length, "vocab.json", error);
  const sd3_json_node *root = json ? sd3_json_root (json) : NULL;
  bool good = root && root->type == SD3_JSON_OBJECT;

  tokens->start = tokens->end = -1;
  for (size_t i = 0; i < tokens->n_symbols; i++)
    tokens->ids[i] = -1;
  for (const sd3_json_node *entry = good ? root->child : NULL; good && entry; entry = entry->next)
    good = take_id (tokens, entry);
  good = good && tokens->start >= 0 && tokens->end >= 0;
  for (size_t i = 0; i < tokens->n_symbols; i++)
    if (tokens->ids[i] < 0)
      tokens->ids[i] = tokens->end;
  sd3_json_free (json);
  return good || (json && sd3_fail (error, N_ ("The vocabulary of CLIP’s tokenizer is damaged: it has no numbers that can be.")));
}

static bool
build (sd3_clip_tokens *tokens,
       const char      *merges,
       size_t           merges_length,
       const char      *vocabulary,
       size_t           vocabulary_length,
       sd3_error       *error)
{
  size_t room = 512 + (merges_length / 4 < MAX_MERGES ? merges_length / 4 : MAX_MERGES) + 1;

  tokens->texts = sd3_new (char *, room);
  tokens->merges = sd3_new (merge, room);
  tokens->ids = sd3_new (int32_t, room);
  add_bytes (tokens, "");
  add_bytes (tokens, "</w>");
  if (!read_merges (tokens, merges, merges_length, error))
    return false;
  if (vocabulary)
    return read_ids (tokens, vocabulary, vocabulary_length, error);
  number_ids (tokens);
  return true;
}

sd3_clip_tokens *
sd3_clip_tokens_new (const char *merges,
                     size_t      merges_length,
                     const char *vocabulary,
                     size_t      vocabulary_length,
                     sd3_error  *error)
{
  sd3_clip_tokens *tokens = sd3_new (sd3_clip_tokens, 1);

  if (build (tokens, merges, merges_length, vocabulary, vocabulary_length, error))
    return tokens;
  sd3_clip_tokens_free (tokens);
  return NULL;
}

void
sd3_clip_tokens_free (sd3_clip_tokens *tokens)
{
  if (!tokens)
    return;
  for (size_t i = 0; i < tokens->n_symbols; i++)
    free (tokens->texts[i]);
  sd3_map_clear (&tokens->symbols);
  sd3_map_clear (&tokens->ranks);
  free (tokens->texts);
  free (tokens->merges);
  free (tokens->ids);
  free (tokens);
}

int32_t
sd3_clip_tokens_start (const sd3_clip_tokens *tokens)
{
  return tokens->start;
}

int32_t
sd3_clip_tokens_end (const sd3_clip_tokens *tokens)
{
  return tokens->end;
}

int32_t
sd3_clip_tokens_largest (const sd3_clip_tokens *tokens)
{
  return tokens->largest;
}

/* ---- Text to ids ------------------------------------------------------------------------------------------- */

typedef struct
{
  const sd3_clip_tokens *tokens;
  uint32_t              *symbols; /* of one piece */
  uint32_t              *ranks;   /* of each symbol with the next; UINT32_MAX for none */
  int32_t               *ids;
  int                    n, room;
} encoder;

static void
put_id (encoder *e,
        int32_t  id)
{
  if (e->n < e->room)
    e->ids[e->n] = id;
  e->n++;
}

static uint32_t
rank_of (const encoder *e,
         size_t         at)
{
  merge pair = { e->symbols[at], e->symbols[at + 1], 0 };
  uint32_t rank;

  return sd3_map_get (&e->tokens->ranks, (const char *) &pair, 8, &rank) ? rank : UINT32_MAX;
}

/* Merges every pair of this rank from left to right. Returns how many symbols are left. */
static size_t
merge_all (encoder  *e,
           size_t    n,
           uint32_t  rank)
{
  const merge *m = &e->tokens->merges[rank];
  size_t out = 0;

  for (size_t i = 0; i < n; i++, out++)
    if (i + 1 < n && e->symbols[i] == m->left && e->symbols[i + 1] == m->right)
      {
        e->symbols[out] = m->symbol;
        e->ranks[out] = UINT32_MAX - 1; /* to be asked for */
        if (out > 0)
          e->ranks[out - 1] = UINT32_MAX - 1;
        i++;
      }
    else
      {
        e->symbols[out] = e->symbols[i];
        e->ranks[out] = e->ranks[i];
      }
  for (size_t i = 0; i + 1 < out; i++)
    if (e->ranks[i] == UINT32_MAX - 1)
      e->ranks[i] = rank_of (e, i);
  return out;
}

static void
encode_piece (encoder    *e,
              const char *piece,
              size_t      n)
{
  for (size_t i = 0; i < n; i++)
    e->symbols[i] = (unsigned char) piece[i];
  e->symbols[n - 1] += 256;
  for (size_t i = 0; i + 1 < n; i++)
    e->ranks[i] = rank_of (e, i);
  while (n > 1)
    {
      uint32_t best = UINT32_MAX;

      for (size_t i = 0; i + 1 < n; i++)
        if (e->ranks[i] < best)
          best = e->ranks[i];
      if (best == UINT32_MAX)
        break;
      n = merge_all (e, n, best);
    }
  for (size_t i = 0; i < n; i++)
    put_id (e, e->tokens->ids[e->symbols[i]]);
}

/* The length of the run of characters of one class at the start of @text. */
static size_t
run_of (const char     *text,
        sd3_char_class  class)
{
  size_t length = strlen (text), i = 0;
  uint32_t code;
  int n;

  while ((n = sd3_utf8_next (text + i, length - i, &code)) > 0 && sd3_char_class_of (code) == class)
    i += n;
  return i;
}

static size_t
contraction (const char *text)
{
  static const char *const endings[] = { "'s", "'t", "'re", "'ve", "'m", "'ll", "'d" };

  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
    if (strncmp (text, endings[i], strlen (endings[i])) == 0)
      return strlen (endings[i]);
  return 0;
}

static size_t
encode_next (encoder    *e,
             const char *text)
{
  uint32_t code;
  int n = sd3_utf8_next (text, strlen (text), &code);
  sd3_char_class class = sd3_char_class_of (code);
  size_t length;

  if (strncmp (text, START, strlen (START)) == 0)
    return put_id (e, e->tokens->start), strlen (START);
  if (strncmp (text, END, strlen (END)) == 0)
    return put_id (e, e->tokens->end), strlen (END);
  if (class == SD3_CHAR_SPACE)
    return n;
  length = contraction (text);
  if (length == 0)
    length = class == SD3_CHAR_NUMBER ? (size_t) n : run_of (text, class);
  encode_piece (e, text, length);
  return length;
}

int
sd3_clip_tokens_encode (const sd3_clip_tokens *tokens,
                        const char            *text,
                        int32_t               *ids,
                        int                    room,
                        sd3_error             *error)
{
  size_t length = strlen (text);
  encoder e = { .tokens = tokens, .ids = ids, .room = room };
  char *prepared;

  if (length > SD3_MAX_PROMPT || !sd3_utf8_valid (text, length))
    {
      sd3_fail_as (error, SD3_ERROR_REQUEST, length > SD3_MAX_PROMPT ? "The prompt is too long." : "The prompt is not valid text.");
      return -1;
    }
  prepared = sd3_text_normalize (text);
  length = strlen (prepared);
  e.symbols = sd3_new (uint32_t, length);
  e.ranks = sd3_new (uint32_t, length);
  for (size_t i = 0; i < length;)
    i += encode_next (&e, prepared + i);
  free (e.symbols);
  free (e.ranks);
  free (prepared);
  return e.n;
}
