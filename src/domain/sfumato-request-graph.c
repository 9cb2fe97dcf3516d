/* A request out of the graph that ComfyUI writes into its pictures: an object of nodes by their number, each with a
 * "class_type" and "inputs", where an input is a value or a link, ["number of a node", which of its outputs].
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "domain/sfumato-request-foreign.h"

#include <math.h>

#include "domain/sfumato-error.h"

#define LINKS_MAX 16   /* from a sampler to its text; a graph may go round in circles */

static JsonObject *
get_object (JsonObject *object,
            const char *name)
{
  JsonNode *node = name != NULL ? json_object_get_member (object, name) : NULL;

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static const char *
get_text (JsonObject *object,
          const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
           ? json_node_get_string (node) : NULL;
}

/* NaN where it is no number. */
static double
get_number (JsonObject *object,
            const char *name)
{
  JsonNode *node = json_object_get_member (object, name);
  GType type = node != NULL && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_INVALID;

  return type == G_TYPE_DOUBLE || type == G_TYPE_INT64 ? json_node_get_double (node) : NAN;
}

static gint64
get_whole (JsonObject *object,
           const char *name,
           gint64      max)
{
  JsonNode *node = json_object_get_member (object, name);
  gint64 value;

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_INT64)
    return -1;
  value = json_node_get_int (node);
  return value <= max ? value : -1;
}

/* The inputs of the node that an input is linked to. */
static JsonObject *
follow (JsonObject *graph,
        JsonObject *inputs,
        const char *name)
{
  JsonNode *node = json_object_get_member (inputs, name);
  JsonArray *link = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  JsonNode *first = link != NULL && json_array_get_length (link) == 2 ? json_array_get_element (link, 0) : NULL;
  const char *number = first != NULL && JSON_NODE_HOLDS_VALUE (first) && json_node_get_value_type (first) == G_TYPE_STRING
                         ? json_node_get_string (first) : NULL;
  JsonObject *there = get_object (graph, number);

  return there != NULL ? get_object (there, "inputs") : NULL;
}

/* What is written at the other end: in the node itself (SD3's has a text for each encoder), or in one that leads to it. */
static const char *
find_text (JsonObject *graph,
           JsonObject *sampler,
           const char *which)
{
  static const char * const texts[] = { "text", "t5xxl", "clip_g", "clip_l", "string", "value" };
  static const char * const links[] = { "text", "conditioning", "conditioning_1", "conditioning_to", "positive", "string" };
  JsonObject *inputs = follow (graph, sampler, which);

  for (guint i = 0; inputs != NULL && i < LINKS_MAX; i++)
    {
      JsonObject *next = follow (graph, inputs, which);

      for (guint k = 0; k < G_N_ELEMENTS (texts); k++)
        {
          const char *text = get_text (inputs, texts[k]);

          if (text != NULL && *text != '\0')
            return text;
        }
      for (guint k = 0; next == NULL && k < G_N_ELEMENTS (links); k++)
        next = follow (graph, inputs, links[k]);
      inputs = next;
    }
  return NULL;
}

/* The inputs of the first node that says how many steps to make and what leads them. */
static JsonObject *
find_sampler (JsonObject *graph)
{
  g_autoptr (GList) names = json_object_get_members (graph);

  for (GList *name = names; name != NULL; name = name->next)
    {
      JsonObject *node = get_object (graph, name->data);
      JsonObject *inputs = node != NULL ? get_object (node, "inputs") : NULL;

      if (inputs != NULL && get_whole (inputs, "steps", SFUMATO_FOREIGN_STEPS_MAX) > 0 && follow (graph, inputs, "positive") != NULL)
        return inputs;
    }
  return NULL;
}

static char *
clean (const char *text,
       guint       max_chars)
{
  return text != NULL ? sfumato_clean_text (text, -1, max_chars) : g_strdup ("");
}

SfumatoRequest *
sfumato_request_from_graph (const char *graph,
                            gint64     *seed_used)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonNode *root = json_parser_load_from_data (parser, graph, -1, NULL) ? json_parser_get_root (parser) : NULL;
  JsonObject *nodes = root != NULL && JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;
  JsonObject *sampler = nodes != NULL ? find_sampler (nodes) : NULL;
  g_autofree char *prompt = NULL;
  g_autofree char *negative = NULL;
  g_autofree char *name = NULL;
  double guidance;

  *seed_used = -1;
  if (sampler == NULL)
    return NULL;
  prompt = clean (find_text (nodes, sampler, "positive"), SFUMATO_FOREIGN_TEXT_MAX);
  negative = clean (find_text (nodes, sampler, "negative"), SFUMATO_FOREIGN_TEXT_MAX);
  name = clean (get_text (sampler, "sampler_name"), 64);
  guidance = get_number (sampler, "cfg");
  *seed_used = MAX (get_whole (sampler, "seed", G_MAXINT64 - 1), get_whole (sampler, "noise_seed", G_MAXINT64 - 1));
  return sfumato_request_new (&(SfumatoRequestFields) {
    .prompt = prompt,
    .negative_prompt = negative,
    .steps = get_whole (sampler, "steps", SFUMATO_FOREIGN_STEPS_MAX),
    .sampler = sfumato_foreign_sampler (name),
    .guidance = guidance > 0 && guidance <= SFUMATO_FOREIGN_GUIDANCE_MAX ? guidance : 0,
    .strength = -1,
  });
}
