/* What a refusal says, wherever in its JSON that stands, and which controls it is about.
 *
 * The service's own form is {"errors": ["field: reason", …]}; gateways and those who serve the same API have others.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/sfumato-stability-private.h"

#include <string.h>

#include "services/sfumato-json.h"

#define DEPTH_MAX 6
#define ENOUGH    8000 /* bytes: more is not shown */

static void
append_line (GString    *text,
             const char *line)
{
  if (line == NULL || *line == '\0')
    return;
  if (text->len > 0)
    g_string_append_c (text, '\n');
  g_string_append (text, line);
}

static void append_words (JsonNode   *node,
                          const char *label,
                          guint       depth,
                          GString    *text);

typedef struct
{
  const char *label;
  guint       depth;
  GString    *text;
} Words;

static void
append_element_cb (JsonArray *array,
                   guint      index,
                   JsonNode  *node,
                   gpointer   data)
{
  Words *words = data;

  append_words (node, words->label, words->depth, words->text);
}

static void
append_member_cb (JsonObject *object,
                  const char *name,
                  JsonNode   *node,
                  gpointer    data)
{
  Words *words = data;

  append_words (node, name, words->depth, words->text);
}

/* What an object says it is about: a name, or FastAPI's list of where it stands, of which the last one is the name. */
static const char *
find_label (JsonObject *object)
{
  JsonNode *place = json_object_get_member (object, "loc");
  JsonArray *places = place != NULL && JSON_NODE_HOLDS_ARRAY (place) ? json_node_get_array (place) : NULL;
  guint n_places = places != NULL ? json_array_get_length (places) : 0;
  JsonNode *last = n_places > 0 ? json_array_get_element (places, n_places - 1) : NULL;

  if (last != NULL && JSON_NODE_HOLDS_VALUE (last) && json_node_get_value_type (last) == G_TYPE_STRING)
    return json_node_get_string (last);
  return sfumato_json_get_string (object, "field") ?: sfumato_json_get_string (object, "param");
}

/* The sentence in an object of errors; where it has none, every member is a field and what is wrong with it. */
static void
append_object (JsonObject *object,
               const char *label,
               guint       depth,
               GString    *text)
{
  static const char * const sentences[] = {
    "message", "msg", "detail", "description", "reason", "title", "text", "faultstring", "errors", "error",
  };
  Words words = { NULL, depth, text };
  gsize before = text->len;

  for (guint i = 0; i < G_N_ELEMENTS (sentences) && text->len == before; i++)
    if (json_object_has_member (object, sentences[i]))
      append_words (json_object_get_member (object, sentences[i]), find_label (object) ?: label, depth, text);
  if (text->len == before)
    json_object_foreach_member (object, append_member_cb, &words);
}

/* What stands in node, whether it is one text, a list of them, or objects of them. */
static void
append_words (JsonNode   *node,
              const char *label,
              guint       depth,
              GString    *text)
{
  Words words = { label, depth - 1, text };

  if (depth == 0 || text->len > ENOUGH)
    return;
  if (JSON_NODE_HOLDS_ARRAY (node))
    json_array_foreach_element (json_node_get_array (node), append_element_cb, &words);
  else if (JSON_NODE_HOLDS_OBJECT (node))
    append_object (json_node_get_object (node), label, depth - 1, text);
  else if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
    {
      const char *line = json_node_get_string (node);
      g_autofree char *labelled = label != NULL && *line != '\0' ? g_strdup_printf ("%s: %s", label, line) : NULL;

      append_line (text, labelled != NULL ? labelled : line);
    }
}

char *
sfumato_stability_dup_words (JsonObject *body)
{
  static const char * const places[] = {
    "errors", "message", "error", "detail", "Message", "msg", "description", "reason", "error_message", "title", "fault",
  };
  GString *text = g_string_new (NULL);

  for (guint i = 0; body != NULL && i < G_N_ELEMENTS (places) && text->len == 0; i++)
    if (json_object_has_member (body, places[i]))
      append_words (json_object_get_member (body, places[i]), NULL, DEPTH_MAX, text);
  return g_string_free (text, FALSE);
}

/* The control a line such as "style_preset: invalid enum value" is about; NULL for none. */
static const char *
find_field (const char *words)
{
  static const struct { const char *part; const char *field; } fields[] = {
    { "prompt", "prompt" },     { "negative_prompt", "negative_prompt" }, { "aspect_ratio", "aspect_ratio" },
    { "seed", "seed" },         { "style_preset", "style" },              { "cfg_scale", "guidance" },
    { "strength", "strength" }, { "output_format", "format" },            { "image", "input" },
    { "model", "model" },       { "mode", "input" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      gsize length = strlen (fields[i].part);

      if (g_ascii_strncasecmp (words, fields[i].part, length) == 0 && words[length] == ':')
        return fields[i].field;
    }
  return NULL;
}

char *
sfumato_stability_dup_fields (const char *words)
{
  g_auto (GStrv) lines = g_strsplit (words, "\n", 20);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_auto (GStrv) found = NULL;

  for (int i = 0; lines[i] != NULL; i++)
    if (find_field (lines[i]) != NULL && g_hash_table_add (seen, (gpointer) find_field (lines[i])))
      g_strv_builder_add (builder, find_field (lines[i]));
  found = g_strv_builder_end (builder);
  return found[0] == NULL ? NULL : g_strjoinv (",", found);
}
