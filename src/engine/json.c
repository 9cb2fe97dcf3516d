/* Strict JSON with limits. One recursive descent whose depth is bounded; strings are decoded into one pool as long as
 * the text, since no escape is shorter than what it stands for.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/json.h"

#include "engine/map.h"
#include "engine/memory.h"
#include "engine/utf8.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 8
#define MAX_NODES 2000000
#define MAX_NODES_OF_LINE 100
#define BLOCK 1024

struct block
{
  struct block *next;
  sd3_json_node nodes[BLOCK];
};

struct sd3_json
{
  struct block  *blocks;
  size_t         n_nodes, most;
  char          *pool;
  sd3_json_node *root;
};

typedef struct
{
  sd3_json   *json;
  const char *p, *end;
  char       *pool; /* next free byte */
  const char *name; /* of the file; NULL where it is a line */
  sd3_error  *error;
} reader;

static bool read_value (reader        *r,
                        sd3_json_node *node,
                        int            depth);

static bool
bad (reader     *r,
     const char *why)
{
  return r->name ? sd3_fail (r->error, N_ ("“%s” is damaged: %s."), r->name, why) : sd3_fail (r->error, "The line is no JSON: %s.", why);
}

static sd3_json_node *
new_node (reader *r)
{
  sd3_json *json = r->json;

  if (json->n_nodes == json->most)
    return bad (r, NC_ ("engine", "it has too many values")), NULL;
  if (json->n_nodes % BLOCK == 0)
    {
      struct block *block = sd3_new (struct block, 1);

      block->next = json->blocks;
      json->blocks = block;
    }
  return &json->blocks->nodes[json->n_nodes++ % BLOCK];
}

static void
skip_space (reader *r)
{
  while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
    r->p++;
}

static bool
take (reader *r,
      char    c)
{
  skip_space (r);
  if (r->p == r->end || *r->p != c)
    return false;
  r->p++;
  return true;
}

static bool
read_hex4 (reader   *r,
           uint32_t *code)
{
  *code = 0;
  if (r->end - r->p < 4)
    return false;
  for (int i = 0; i < 4; i++)
    {
      char c = *r->p++;
      int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;

      if (digit < 0)
        return false;
      *code = *code << 4 | digit;
    }
  return true;
}

/* After "\u": one unit, or a pair of surrogates. */
static bool
read_unicode (reader *r)
{
  uint32_t code, low;

  if (!read_hex4 (r, &code) || code == 0)
    return false;
  if (code >= 0xd800 && code < 0xe000)
    {
      if (code >= 0xdc00 || r->end - r->p < 6 || r->p[0] != '\\' || r->p[1] != 'u')
        return false;
      r->p += 2;
      if (!read_hex4 (r, &low) || low < 0xdc00 || low >= 0xe000)
        return false;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
  r->pool += sd3_utf8_put (code, r->pool);
  return true;
}

static bool
read_escape (reader *r)
{
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  const char *at;

  if (r->p == r->end || *r->p == '\0')
    return false;
  if (*r->p == 'u')
    return r->p++, read_unicode (r);
  at = strchr (from, *r->p++);
  if (!at)
    return false;
  *r->pool++ = to[at - from];
  return true;
}

static bool
read_string (reader      *r,
             const char **string,
             uint32_t    *length)
{
  char *start = r->pool;

  if (!take (r, '"'))
    return bad (r, NC_ ("engine", "a text is missing"));
  while (r->p < r->end && *r->p != '"')
    {
      if ((unsigned char) *r->p < 0x20)
        return bad (r, NC_ ("engine", "there is a control character in a text"));
      if (*r->p != '\\')
        *r->pool++ = *r->p++;
      else if (r->p++, !read_escape (r))
        return bad (r, NC_ ("engine", "there is a wrong escape in a text"));
    }
  if (r->p == r->end)
    return bad (r, NC_ ("engine", "it ends in the middle of a text"));
  r->p++;
  *string = start;
  *length = (uint32_t) (r->pool - start);
  *r->pool++ = '\0';
  return true;
}

static const char *
skip_digits (const char *p,
             const char *end)
{
  while (p < end && *p >= '0' && *p <= '9')
    p++;
  return p;
}

/* strtod() would follow the locale of the process; the C locale is asked for by name. */
static double
to_double (const char *digits)
{
  static locale_t c_locale;

  if (!c_locale)
    c_locale = newlocale (LC_ALL_MASK, "C", (locale_t) 0);
  return strtod_l (digits, NULL, c_locale);
}

static bool
read_number (reader        *r,
             sd3_json_node *node)
{
  const char *start = r->p, *p = start + (*start == '-'), *q = skip_digits (p, r->end);
  bool whole = p == start;
  char digits[64];
  size_t length;

  if (q == p || (*p == '0' && q > p + 1))
    return bad (r, NC_ ("engine", "there is a number that is none"));
  if (q < r->end && *q == '.')
    {
      whole = false;
      p = q + 1;
      if ((q = skip_digits (p, r->end)) == p)
        return bad (r, NC_ ("engine", "there is a number that is none"));
    }
  if (q < r->end && (*q == 'e' || *q == 'E'))
    {
      whole = false;
      p = q + 1 + (q + 1 < r->end && (q[1] == '+' || q[1] == '-'));
      if ((q = skip_digits (p, r->end)) == p)
        return bad (r, NC_ ("engine", "there is a number that is none"));
    }
  length = q - start;
  if (length >= sizeof digits)
    return bad (r, NC_ ("engine", "there is a number that is too long"));
  memcpy (digits, start, length);
  digits[length] = '\0';
  r->p = q;
  node->type = SD3_JSON_NUMBER;
  node->number = to_double (digits);
  node->is_index = whole && length <= 16 && node->number <= 9007199254740992.0;
  node->index = node->is_index ? strtoull (digits, NULL, 10) : 0;
  return true;
}

static bool
read_word (reader        *r,
           const char    *word,
           sd3_json_type  type,
           sd3_json_node *node)
{
  size_t length = strlen (word);

  if ((size_t) (r->end - r->p) < length || memcmp (r->p, word, length) != 0)
    return bad (r, NC_ ("engine", "there is a word that JSON does not know"));
  r->p += length;
  node->type = type;
  node->truth = *word == 't';
  return true;
}

static bool
read_key (reader        *r,
          sd3_json_node *node,
          sd3_map       *keys)
{
  uint32_t length;

  if (!read_string (r, &node->key, &length))
    return false;
  if (!sd3_map_add (keys, node->key, length, 0))
    return bad (r, NC_ ("engine", "a name is in it twice"));
  return take (r, ':') || bad (r, NC_ ("engine", "a colon is missing"));
}

/* Members up to the closing bracket; @keys is NULL in an array. */
static bool
read_members (reader        *r,
              sd3_json_node *node,
              int            depth,
              char           close,
              sd3_map       *keys)
{
  sd3_json_node **last = &node->child;

  if (take (r, close))
    return true;
  do
    {
      sd3_json_node *child = new_node (r);

      if (!child || (keys && !read_key (r, child, keys)) || !read_value (r, child, depth + 1))
        return false;
      *last = child;
      last = &child->next;
      node->n++;
    }
  while (take (r, ','));
  return take (r, close) || bad (r, NC_ ("engine", "a bracket or comma is missing"));
}

static bool
read_object (reader        *r,
             sd3_json_node *node,
             int            depth)
{
  sd3_map keys = { 0 };
  bool good;

  node->type = SD3_JSON_OBJECT;
  good = read_members (r, node, depth, '}', &keys);
  sd3_map_clear (&keys);
  return good;
}

static bool
read_value (reader        *r,
            sd3_json_node *node,
            int            depth)
{
  skip_space (r);
  if (r->p == r->end)
    return bad (r, NC_ ("engine", "it ends too early"));
  if (depth > MAX_DEPTH)
    return bad (r, NC_ ("engine", "it is nested too deeply"));
  switch (*r->p)
    {
    case '{':
      r->p++;
      return read_object (r, node, depth);
    case '[':
      r->p++;
      node->type = SD3_JSON_ARRAY;
      return read_members (r, node, depth, ']', NULL);
    case '"':
      node->type = SD3_JSON_STRING;
      return read_string (r, &node->string, &node->n);
    case 't':
      return read_word (r, "true", SD3_JSON_BOOLEAN, node);
    case 'f':
      return read_word (r, "false", SD3_JSON_BOOLEAN, node);
    case 'n':
      return read_word (r, "null", SD3_JSON_NULL, node);
    default:
      return read_number (r, node);
    }
}

static bool
read_document (reader *r)
{
  if (!sd3_utf8_valid (r->p, r->end - r->p))
    return bad (r, NC_ ("engine", "it is not UTF-8 text"));
  r->json->root = new_node (r);
  if (!read_value (r, r->json->root, 1))
    return false;
  skip_space (r);
  return r->p == r->end || bad (r, NC_ ("engine", "something follows its end"));
}

static sd3_json *
parse (const char *text,
       size_t      length,
       size_t      most,
       const char *name,
       sd3_error  *error)
{
  sd3_json *json = sd3_new (sd3_json, 1);
  reader r = { json, text, text + length, NULL, name, error };

  json->most = most;
  json->pool = r.pool = sd3_alloc (length + 1, 1);
  if (read_document (&r))
    return json;
  sd3_json_free (json);
  return NULL;
}

sd3_json *
sd3_json_parse (const char *text,
                size_t      length,
                const char *name,
                sd3_error  *error)
{
  return parse (text, length, MAX_NODES, name, error);
}

sd3_json *
sd3_json_parse_line (const char *text,
                     size_t      length,
                     sd3_error  *error)
{
  return parse (text, length, MAX_NODES_OF_LINE, NULL, error);
}

void
sd3_json_free (sd3_json *json)
{
  if (!json)
    return;
  while (json->blocks)
    {
      struct block *next = json->blocks->next;

      free (json->blocks);
      json->blocks = next;
    }
  free (json->pool);
  free (json);
}

const sd3_json_node *
sd3_json_root (const sd3_json *json)
{
  return json->root;
}

const sd3_json_node *
sd3_json_get (const sd3_json_node *node,
              const char          *key)
{
  if (!node || node->type != SD3_JSON_OBJECT)
    return NULL;
  for (const sd3_json_node *child = node->child; child; child = child->next)
    if (strcmp (child->key, key) == 0)
      return child;
  return NULL;
}

const sd3_json_node *
sd3_json_get_type (const sd3_json_node *node,
                   const char          *key,
                   sd3_json_type        type)
{
  const sd3_json_node *member = sd3_json_get (node, key);

  return member && member->type == type ? member : NULL;
}
