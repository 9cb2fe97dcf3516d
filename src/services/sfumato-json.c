/* JSON from a server.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/sfumato-json.h"

#include <math.h>
#include <string.h>

#define TEXT_MAX (1024 * 1024)

/* Where the text begins: behind the mark of its byte order, which some servers put there. */
static const char *
skip_mark (const char *text,
           gsize       size)
{
  return size >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text;
}

/* A wrong byte in a sentence is no reason not to read the rest. (transfer full) (nullable) */
static JsonNode *
parse (const GString *text)
{
  g_autoptr (JsonParser) parser = json_parser_new (); /* an immutable one aborts over some damaged texts */
  g_autofree char *valid = g_utf8_make_valid (text->str, text->len);

  if (text->len == 0 || !json_parser_load_from_data (parser, valid, -1, NULL))
    return NULL;
  return json_parser_steal_root (parser);
}

/* at: behind the opening quote. Returns where the closing one is, or end. */
static const char *
skip_string (const char *at,
             const char *end)
{
  for (; at < end && *at != '"'; at++)
    if (*at == '\\' && at + 1 < end)
      at++;
  return at;
}

static const char *
skip_space (const char *at,
            const char *end)
{
  while (at < end && strchr (" \t\r\n", *at) != NULL && *at != '\0')
    at++;
  return at;
}

/* Which of names it is; the number of names where it is none. */
static guint
find_name (const char * const *names,
           const char         *key,
           gsize               size)
{
  guint i = 0;

  while (names[i] != NULL && (strlen (names[i]) != size || memcmp (names[i], key, size) != 0))
    i++;
  return i;
}

/* The text of a value, without the strings behind names and what may follow it; NULL where that is too long. Only
 * strings and the depth are told apart here; whether it is JSON is json-glib's business. (transfer full) */
static GString *
cut (const char          *text,
     gsize                size,
     const char * const  *names,
     const char         **image,
     gsize               *image_size)
{
  g_autoptr (GString) rest = g_string_new (NULL);
  const char *end = text + size;
  const char *kept = skip_mark (text, size);
  int depth = 0;

  *image = NULL;
  *image_size = 0;
  for (const char *at = kept; at < end; at++)
    {
      const char *key = at + 1;
      const char *close;

      if (*at == '{' || *at == '[')
        depth++;
      else if ((*at == '}' || *at == ']') && --depth == 0)
        end = at + 1;
      if (*at != '"')
        continue;
      close = at = skip_string (key, end);
      at = skip_space (MIN (at + 1, end), end);
      if (at < end && *at == ':' && depth == 1 && names[find_name (names, key, close - key)] != NULL)
        {
          at = skip_space (at + 1, end);
          if (at < end && *at == '"')
            {
              const char *string = at + 1;

              at = skip_string (string, end);
              if (*image == NULL || find_name (names, key, close - key) == 0)
                {
                  *image = string;
                  *image_size = at - string;
                }
              if (string - kept > TEXT_MAX || rest->len > TEXT_MAX)
                return NULL;
              g_string_append_len (rest, kept, string - kept);
              kept = at;
              continue;
            }
        }
      at--; /* the loop goes on with the character that ended the space */
    }
  if (rest->len + (end - kept) > TEXT_MAX)
    return NULL;
  g_string_append_len (rest, kept, end - kept);
  return g_steal_pointer (&rest);
}

JsonObject *
sfumato_json_parse_image (const char          *text,
                          gsize                size,
                          const char * const  *names,
                          const char         **image,
                          gsize               *image_size)
{
  g_autoptr (GString) rest = cut (text, size, names, image, image_size);
  g_autoptr (JsonNode) root = rest != NULL ? parse (rest) : NULL;

  return root != NULL && JSON_NODE_HOLDS_OBJECT (root) ? json_node_dup_object (root) : NULL;
}

JsonObject *
sfumato_json_parse (const char *text,
                    gsize       size)
{
  static const char * const none[] = { NULL };
  const char *image;
  gsize image_size;
  g_autoptr (GString) rest = cut (text, size, none, &image, &image_size);
  g_autoptr (JsonNode) root = rest != NULL ? parse (rest) : NULL;
  JsonObject *object;

  if (root == NULL || JSON_NODE_HOLDS_NULL (root))
    return NULL;
  if (JSON_NODE_HOLDS_OBJECT (root))
    return json_node_dup_object (root);
  object = json_object_new ();
  json_object_set_member (object, "errors", g_steal_pointer (&root));
  return object;
}

gboolean
sfumato_json_begins (const char *text,
                     gsize       size)
{
  const char *end = text + size;
  const char *at = skip_space (skip_mark (text, size), end);

  return at < end && *at == '{';
}

/* What an escape stands for: 0 for what base64 has no use for, such as the line ends some encoders put in. Moves at
 * to its last character. */
static char
unescape (const char **at,
          const char  *end)
{
  guint value = 0;

  if (*at + 1 >= end)
    return 0;
  ++*at;
  if (**at == '/')
    return '/';
  if (**at != 'u' || end - *at < 5)
    return 0;
  for (int i = 0; i < 4; i++)
    value = value << 4 | (g_ascii_xdigit_value (*++*at) & 0xf);
  return value < 128 ? (char) value : 0;
}

/* Behind "data:image/png;base64,", which some put in front. */
static const char *
skip_scheme (const char *string,
             const char *end)
{
  const char *comma = end - string > 5 && g_ascii_strncasecmp (string, "data:", 5) == 0 ? memchr (string, ',', end - string) : NULL;

  return comma != NULL ? comma + 1 : string;
}

/* Base64 in either alphabet, with or without the signs that fill its end. */
GBytes *
sfumato_json_decode (const char *string,
                     gsize       size)
{
  char *data = g_malloc (size + 3);
  const char *end = string + size;
  int state = 0;
  guint save = 0;
  gsize length = 0;
  gsize digits = 0;

  for (const char *at = skip_scheme (string, end); at < end; at++)
    {
      char c = *at == '\\' ? unescape (&at, end) : *at == '-' ? '+' : *at == '_' ? '/' : *at;

      if (c == '=')
        break;
      if (c == 0)
        continue;
      data[length++] = c;
      digits += g_ascii_isalnum (c) || c == '+' || c == '/';
    }
  for (; digits % 4 >= 2; digits++)
    data[length++] = '=';
  length = g_base64_decode_step (data, length, (guchar *) data, &state, &save);
  return g_bytes_new_take (data, length);
}

const char *
sfumato_json_get_string (JsonObject *object,
                         const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
           ? json_node_get_string (node) : NULL;
}

gint64
sfumato_parse_count (const char *text,
                     gint64      max)
{
  guint64 value;

  if (text == NULL || !g_ascii_string_to_unsigned (text, 10, 0, max, &value, NULL))
    return -1;
  return value;
}

gint64
sfumato_json_get_count (JsonObject *object,
                        const char *name,
                        gint64      max)
{
  JsonNode *node = json_object_get_member (object, name);
  double value;

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node))
    return -1;
  if (json_node_get_value_type (node) == G_TYPE_STRING)
    return sfumato_parse_count (json_node_get_string (node), max);
  if (json_node_get_value_type (node) != G_TYPE_INT64 && json_node_get_value_type (node) != G_TYPE_DOUBLE)
    return -1;
  value = json_node_get_double (node);
  return value >= 0 && value <= max && floor (value) == value ? (gint64) value : -1;
}
