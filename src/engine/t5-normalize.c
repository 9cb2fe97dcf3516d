/* Text as T5's pieces want it. The table of replacements is a double-array trie (darts-clone's units) with a blob of
 * texts behind it; it comes from a file, so that every step in it is bounded (google/sentencepiece, normalizer.cc).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/t5-tokens-private.h"

#include "engine/memory.h"
#include "engine/utf8.h"

#include <stdlib.h>
#include <string.h>

#define GROWTH 24 /* no compatibility form of Unicode is longer than that, in bytes for a byte */

typedef struct
{
  const uint8_t *units;
  size_t         n_units;
  const char    *texts;
  size_t         texts_size;
} table;

static bool
open_table (const sd3_t5_tokens *tokens,
            table               *t)
{
  uint32_t size = 0;

  *t = (table) { 0 };
  if (tokens->charsmap_size < 4)
    return tokens->charsmap_size == 0;
  memcpy (&size, tokens->charsmap, 4);
  if (size > tokens->charsmap_size - 4 || size % 4 != 0)
    return false;
  *t = (table) { tokens->charsmap + 4, size / 4, (const char *) tokens->charsmap + 4 + size, tokens->charsmap_size - 4 - size };
  return true;
}

static bool
read_unit (const table *t,
           size_t       at,
           uint32_t    *unit)
{
  if (at >= t->n_units)
    return false;
  memcpy (unit, t->units + 4 * at, 4);
  return true;
}

static size_t
offset_of (uint32_t unit)
{
  return (size_t) (unit >> 10) << ((unit & 0x200) >> 6);
}

/* The longest start of @text that the table replaces: its length (0 for none), and by what. */
static size_t
look_up (const table *t,
         const char  *text,
         size_t       length,
         const char **replacement)
{
  uint32_t unit, leaf;
  size_t at, found = 0;

  if (!read_unit (t, 0, &unit))
    return 0;
  at = offset_of (unit);
  for (size_t i = 0; i < length; i++)
    {
      at ^= (unsigned char) text[i];
      if (!read_unit (t, at, &unit) || (unit & 0x800000ff) != (unsigned char) text[i])
        break;
      at ^= offset_of (unit);
      if ((unit >> 8 & 1) && read_unit (t, at, &leaf) && (leaf & 0x7fffffff) < t->texts_size)
        {
          found = i + 1;
          *replacement = t->texts + (leaf & 0x7fffffff);
        }
    }
  return found;
}

typedef struct
{
  char  *text;
  size_t n, room;
  bool   collapse;
} output;

/* Spaces become "▁"; of a run only the first stays when they collapse, and none at the start. */
static void
put (output     *out,
     const char *text,
     size_t      length)
{
  for (size_t i = 0; i < length && out->n + 4 < out->room; i++)
    if (text[i] != ' ')
      out->text[out->n++] = text[i];
    else if (!out->collapse || (out->n > 0 && !(out->n >= 3 && memcmp (out->text + out->n - 3, "▁", 3) == 0)))
      {
        memcpy (out->text + out->n, "▁", 3);
        out->n += 3;
      }
}

/* Replaces the start of the text. Returns how much of it is done. */
static size_t
put_next (output      *out,
          const table *t,
          const char  *text,
          size_t       length)
{
  const char *replacement = NULL;
  size_t n = look_up (t, text, length, &replacement);

  if (n > 0)
    {
      put (out, replacement, strnlen (replacement, (size_t) (t->texts + t->texts_size - replacement)));
      return n;
    }
  n = (size_t) sd3_utf8_next (text, length, NULL);
  if (n == 0)
    put (out, "\xef\xbf\xbd", 3);
  else
    put (out, text, n);
  return n ? n : 1;
}

char *
sd3_t5_normalize (const sd3_t5_tokens *tokens,
                  const char          *text,
                  size_t               length,
                  size_t              *out_length,
                  sd3_error           *error)
{
  output out = { .room = GROWTH * length + 16, .collapse = tokens->collapse_spaces };
  size_t prefix = tokens->add_prefix ? 3 : 0;
  table t;

  if (!open_table (tokens, &t))
    return sd3_fail (error, N_ ("The table of characters of T5’s tokenizer is damaged.")), NULL;
  out.text = sd3_alloc (out.room + prefix, 1);
  for (size_t i = 0; i < length;)
    i += put_next (&out, &t, text + i, length - i);
  while (out.collapse && out.n >= 3 && memcmp (out.text + out.n - 3, "▁", 3) == 0)
    out.n -= 3;
  if (!sd3_utf8_valid (out.text, out.n))
    {
      free (out.text);
      return sd3_fail (error, N_ ("The table of characters of T5’s tokenizer is damaged.")), NULL;
    }
  if (out.n > 0 && prefix > 0)
    {
      memmove (out.text + prefix, out.text, out.n);
      memcpy (out.text, "▁", prefix);
      out.n += prefix;
    }
  *out_length = out.n;
  return out.text;
}
