/* The three files a T5 vocabulary comes in: spiece.model (sentencepiece_model.proto), tokenizer.json (Hugging Face),
 * GGUF (llama.cpp's keys).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/t5-tokens-private.h"

#include "engine/gguf.h"
#include "engine/json.h"
#include "engine/memory.h"

#include <stdlib.h>
#include <string.h>

static sd3_t5_tokens *
give_up (sd3_t5_tokens *tokens,
         sd3_error     *error)
{
  sd3_fail (error, N_ ("The vocabulary of T5’s tokenizer is damaged."));
  sd3_t5_tokens_free (tokens);
  return NULL;
}

static void
take_charsmap (sd3_t5_tokens *tokens,
               const void    *data,
               size_t         size)
{
  free (tokens->charsmap);
  tokens->charsmap = size ? memcpy (sd3_alloc (size, 1), data, size) : NULL;
  tokens->charsmap_size = size;
}

/* ---- spiece.model ------------------------------------------------------------------------------------------ */

typedef struct
{
  const uint8_t *p, *end;
} message;

typedef struct
{
  uint32_t number;
  uint64_t value; /* varint, fixed32 or fixed64 */
  message  bytes; /* or bytes */
} field;

static bool
read_varint (message  *m,
             uint64_t *value)
{
  *value = 0;
  for (int shift = 0; shift < 64 && m->p < m->end; shift += 7)
    {
      uint8_t byte = *m->p++;

      *value |= (uint64_t) (byte & 0x7f) << shift;
      if (byte < 0x80)
        return true;
    }
  return false;
}

static bool
take_bytes (message  *m,
            uint64_t  n,
            message  *bytes)
{
  if (n > (uint64_t) (m->end - m->p))
    return false;
  *bytes = (message) { m->p, m->p + n };
  m->p += n;
  return true;
}

/* The next field of a message; false at its end and, with @bad, where it is damaged. */
static bool
next_field (message *m,
            field   *f,
            bool    *bad)
{
  uint64_t tag, length;
  int wire;

  *f = (field) { 0 };
  if (*bad || m->p == m->end)
    return false;
  *bad = true;
  if (!read_varint (m, &tag) || tag >> 3 == 0 || tag >> 3 > UINT32_MAX)
    return false;
  f->number = (uint32_t) (tag >> 3);
  wire = (int) (tag & 7);
  if (wire == 0 ? !read_varint (m, &f->value)
                : wire == 2 ? !read_varint (m, &length) || !take_bytes (m, length, &f->bytes)
                            : (wire != 1 && wire != 5) || !take_bytes (m, wire == 1 ? 8 : 4, &f->bytes))
    return false;
  if (wire == 5)
    {
      uint32_t bits;

      memcpy (&bits, f->bytes.p, 4);
      f->value = bits;
    }
  *bad = false;
  return true;
}

static bool
read_piece (sd3_t5_tokens *tokens,
            message        m)
{
  message name = { 0 };
  uint64_t type = SD3_PIECE_NORMAL;
  uint32_t bits = 0;
  float score;
  bool bad = false;
  field f;

  while (next_field (&m, &f, &bad))
    if (f.number == 1)
      name = f.bytes;
    else if (f.number == 2)
      bits = (uint32_t) f.value;
    else if (f.number == 3)
      type = f.value;
  memcpy (&score, &bits, 4);
  return !bad && name.p && type >= 1 && type <= SD3_PIECE_BYTE &&
         sd3_t5_tokens_add (tokens, (const char *) name.p, (size_t) (name.end - name.p), score, (int) type);
}

static bool
read_normalizer (sd3_t5_tokens *tokens,
                 message        m)
{
  bool bad = false;
  field f;

  while (next_field (&m, &f, &bad))
    if (f.number == 2)
      take_charsmap (tokens, f.bytes.p, (size_t) (f.bytes.end - f.bytes.p));
    else if (f.number == 3)
      tokens->add_prefix = f.value != 0;
    else if (f.number == 4)
      tokens->collapse_spaces = f.value != 0;
  return !bad;
}

/* Only unigram models are T5's. */
static bool
is_unigram (message m)
{
  bool bad = false;
  uint64_t type = 1;
  field f;

  while (next_field (&m, &f, &bad))
    if (f.number == 3)
      type = f.value;
  return !bad && type == 1;
}

static size_t
count_pieces (message m)
{
  bool bad = false;
  size_t n = 0;
  field f;

  while (next_field (&m, &f, &bad))
    n += f.number == 1;
  return bad ? 0 : n;
}

sd3_t5_tokens *
sd3_t5_tokens_from_model (const char *data,
                          size_t      size,
                          sd3_error  *error)
{
  message all = { (const uint8_t *) data, (const uint8_t *) data + size };
  size_t n = count_pieces (all);
  sd3_t5_tokens *tokens;
  bool bad = false;
  field f;

  if (n == 0 || n > SD3_MAX_PIECES)
    return give_up (NULL, error);
  tokens = sd3_t5_tokens_begin (n, size + n);
  while (!bad && next_field (&all, &f, &bad))
    if ((f.number == 1 && !read_piece (tokens, f.bytes)) || (f.number == 2 && !is_unigram (f.bytes)) ||
        (f.number == 3 && !read_normalizer (tokens, f.bytes)))
      bad = true;
  return bad ? give_up (tokens, error) : sd3_t5_tokens_finish (tokens, error);
}

/* ---- tokenizer.json ---------------------------------------------------------------------------------------- */

static int
base64_digit (char c)
{
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const char *at = c ? strchr (digits, c) : NULL;

  return at ? (int) (at - digits) : -1;
}

static bool
read_base64 (sd3_t5_tokens       *tokens,
             const sd3_json_node *text)
{
  uint8_t *bytes = sd3_alloc (text->n / 4 * 3 + 3, 1);
  size_t n = 0;
  uint32_t bits = 0, i;

  for (i = 0; i < text->n && base64_digit (text->string[i]) >= 0; i++)
    {
      bits = bits << 6 | (uint32_t) base64_digit (text->string[i]);
      if (i % 4 != 0)
        bytes[n++] = (uint8_t) (bits >> (6 - 2 * (i % 4)));
    }
  while (i < text->n && text->string[i] == '=')
    i++;
  take_charsmap (tokens, bytes, n);
  free (bytes);
  return i == text->n;
}

/* The table of characters, alone or in a sequence of normalizers. */
static bool
read_json_normalizer (sd3_t5_tokens       *tokens,
                      const sd3_json_node *normalizer)
{
  const sd3_json_node *list = sd3_json_get_type (normalizer, "normalizers", SD3_JSON_ARRAY);

  for (const sd3_json_node *item = list ? list->child : normalizer; item; item = list ? item->next : NULL)
    {
      const sd3_json_node *map = sd3_json_get_type (item, "precompiled_charsmap", SD3_JSON_STRING);

      if (map && !read_base64 (tokens, map))
        return false;
    }
  return true;
}

static int
json_type (const sd3_json_node *specials,
           const sd3_json_node *unknown,
           uint64_t             id)
{
  if (unknown && unknown->index == id)
    return SD3_PIECE_UNKNOWN;
  for (const sd3_json_node *token = specials ? specials->child : NULL; token; token = token->next)
    {
      const sd3_json_node *number = sd3_json_get (token, "id"), *special = sd3_json_get (token, "special");

      if (number && number->is_index && number->index == id && special && special->truth)
        return SD3_PIECE_CONTROL;
    }
  return SD3_PIECE_NORMAL;
}

static bool
read_json_pieces (sd3_t5_tokens       *tokens,
                  const sd3_json_node *root,
                  const sd3_json_node *vocabulary)
{
  const sd3_json_node *unknown = sd3_json_get (sd3_json_get (root, "model"), "unk_id");
  const sd3_json_node *specials = sd3_json_get_type (root, "added_tokens", SD3_JSON_ARRAY);

  if (!unknown || !unknown->is_index || (specials && specials->n > 1000))
    return false;
  for (const sd3_json_node *entry = vocabulary->child; entry; entry = entry->next)
    {
      const sd3_json_node *piece = entry->type == SD3_JSON_ARRAY && entry->n == 2 ? entry->child : NULL;

      if (!piece || piece->type != SD3_JSON_STRING || piece->next->type != SD3_JSON_NUMBER ||
          !sd3_t5_tokens_add (tokens, piece->string, piece->n, (float) piece->next->number,
                              json_type (specials, unknown, tokens->n)))
        return false;
    }
  return true;
}

sd3_t5_tokens *
sd3_t5_tokens_from_json (const char *text,
                         size_t      size,
                         sd3_error  *error)
{
  sd3_json *json = sd3_json_parse (text, size, "tokenizer.json", error);
  const sd3_json_node *root = json ? sd3_json_root (json) : NULL;
  const sd3_json_node *vocabulary = sd3_json_get_type (sd3_json_get (root, "model"), "vocab", SD3_JSON_ARRAY);
  sd3_t5_tokens *tokens = NULL;
  bool good = false;

  if (vocabulary && vocabulary->n > 0 && vocabulary->n <= SD3_MAX_PIECES)
    {
      tokens = sd3_t5_tokens_begin (vocabulary->n, size + vocabulary->n);
      good = read_json_pieces (tokens, root, vocabulary) && read_json_normalizer (tokens, sd3_json_get (root, "normalizer"));
    }
  sd3_json_free (json);
  if (good)
    return sd3_t5_tokens_finish (tokens, error);
  return json ? give_up (tokens, error) : NULL;
}

/* ---- GGUF -------------------------------------------------------------------------------------------------- */

static bool
gguf_flag (const char *header,
           size_t      size,
           const char *key,
           bool        otherwise)
{
  sd3_gguf_value value;

  return sd3_gguf_find (header, size, key, &value) && value.type == SD3_GGUF_BOOL && !value.array ? value.data[0] != 0 : otherwise;
}

/* llama.cpp marks T5's <extra_id_n> as something a person may type; they are signs of the model's own. */
static bool
read_gguf_pieces (sd3_t5_tokens        *tokens,
                  const sd3_gguf_value *names,
                  const sd3_gguf_value *scores,
                  const sd3_gguf_value *types)
{
  const char *p = names->data;

  for (uint64_t i = 0; i < names->n; i++)
    {
      uint64_t length;
      float score;
      int32_t type;

      memcpy (&length, p, 8);
      memcpy (&score, scores->data + 4 * i, 4);
      memcpy (&type, types->data + 4 * i, 4);
      if (length > 10 && memcmp (p + 8, "<extra_id_", 10) == 0)
        type = SD3_PIECE_CONTROL;
      if (!sd3_t5_tokens_add (tokens, p + 8, length, score, type))
        return false;
      p += 8 + length;
    }
  return true;
}

sd3_t5_tokens *
sd3_t5_tokens_from_gguf (const char *header,
                         size_t      size,
                         sd3_error  *error)
{
  sd3_gguf_value names, scores, types, map;
  sd3_t5_tokens *tokens;

  if (!sd3_gguf_find (header, size, "tokenizer.ggml.tokens", &names) || !names.array || names.type != SD3_GGUF_STRING ||
      !sd3_gguf_find (header, size, "tokenizer.ggml.scores", &scores) || !scores.array || scores.type != SD3_GGUF_F32 ||
      !sd3_gguf_find (header, size, "tokenizer.ggml.token_type", &types) || !types.array || types.type != SD3_GGUF_I32 ||
      names.n != scores.n || names.n != types.n || names.n == 0 || names.n > SD3_MAX_PIECES)
    return give_up (NULL, error);
  tokens = sd3_t5_tokens_begin (names.n, names.size);
  if (sd3_gguf_find (header, size, "tokenizer.ggml.precompiled_charsmap", &map) && map.array && map.type <= SD3_GGUF_I8)
    take_charsmap (tokens, map.data, map.n);
  tokens->add_prefix = gguf_flag (header, size, "tokenizer.ggml.add_space_prefix", true);
  tokens->collapse_spaces = gguf_flag (header, size, "tokenizer.ggml.remove_extra_whitespaces", true);
  if (!read_gguf_pieces (tokens, &names, &scores, &types))
    return give_up (tokens, error);
  return sd3_t5_tokens_finish (tokens, error);
}
