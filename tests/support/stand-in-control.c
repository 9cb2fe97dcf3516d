/* The control paths: scripts in, the log out.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <string.h>

#include "stand-in-private.h"

static JsonNode *
part_to_json (StandInPart *part)
{
  JsonObject *json = json_object_new ();
  gsize size;
  const char *data = g_bytes_get_data (part->body, &size);
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_string_member (json, "name", part->name);
  if (part->file_name != NULL)
    json_object_set_string_member (json, "filename", part->file_name);
  if (part->content_type != NULL)
    json_object_set_string_member (json, "content_type", part->content_type);
  if (part->file_name == NULL && g_utf8_validate (data, size, NULL))
    json_object_set_string_member (json, "text", data);
  else
    {
      g_autofree char *sum = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, part->body);

      json_object_set_int_member (json, "size", size);
      json_object_set_string_member (json, "sha256", sum);
    }
  json_node_take_object (node, json);
  return node;
}

static JsonObject *
request_to_json (StandInRequest *request)
{
  JsonObject *json = json_object_new ();
  JsonObject *headers = json_object_new ();
  JsonArray *parts = json_array_new ();
  JsonArray *violations = json_array_new ();

  for (guint i = 0; i < request->names->len; i++)
    json_object_set_string_member (headers, request->names->pdata[i], request->values->pdata[i]);
  for (guint i = 0; i < request->parts->len; i++)
    json_array_add_element (parts, part_to_json (request->parts->pdata[i]));
  for (guint i = 0; i < request->violations->len; i++)
    json_array_add_string_element (violations, request->violations->pdata[i]);
  json_object_set_string_member (json, "method", request->method);
  json_object_set_string_member (json, "path", request->path);
  json_object_set_object_member (json, "headers", headers);
  json_object_set_array_member (json, "parts", parts);
  json_object_set_boolean_member (json, "complete", request->complete);
  json_object_set_int_member (json, "status", request->status);
  json_object_set_int_member (json, "billed", request->billed);
  json_object_set_array_member (json, "violations", violations);
  return json;
}

static JsonNode *
make_log (StandIn *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  JsonObject *log = json_object_new ();
  JsonArray *requests = json_array_new ();
  JsonArray *violations = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  for (guint i = 0; i < self->requests->len; i++)
    {
      StandInRequest *request = self->requests->pdata[i];

      json_array_add_object_element (requests, request_to_json (request));
      for (guint j = 0; j < request->violations->len; j++)
        json_array_add_string_element (violations, request->violations->pdata[j]);
    }
  json_object_set_array_member (log, "requests", requests);
  json_object_set_array_member (log, "violations", violations);
  json_object_set_int_member (log, "posts", self->posts);
  json_object_set_int_member (log, "accepted", self->accepted);
  json_object_set_int_member (log, "bill", self->bill);
  json_object_set_double_member (log, "credits", self->credits / 100.0);
  json_object_set_int_member (log, "connections", self->connections);
  json_object_set_int_member (log, "open", self->open);
  json_node_take_object (node, log);
  return node;
}

static void
forget (StandIn *self)
{
  g_ptr_array_set_size (self->orders, 0);
  g_ptr_array_set_size (self->requests, 0);
  g_array_set_size (self->times, 0);
  self->locked_until = 0;
  self->posts = self->arrived = self->accepted = 0;
  self->bill = 0;
}

/* Takes a script; FALSE where it cannot be understood. body: nullable, for its only order. */
static gboolean
take_script (StandIn    *self,
             const char *text,
             GBytes     *body)
{
  g_autoptr (JsonNode) root = json_from_string (text, NULL);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  JsonObject *script = root != NULL && JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;
  JsonArray *answers;

  if (script == NULL)
    return FALSE;
  if (json_object_get_boolean_member_with_default (script, "reset", FALSE))
    forget (self);
  if (json_object_has_member (script, "key"))
    {
      g_free (self->key);
      self->key = g_strdup (json_object_get_string_member (script, "key"));
    }
  if (json_object_has_member (script, "credits"))
    self->credits = json_object_get_double_member (script, "credits") * 100 + 0.5;
  self->delay = json_object_get_int_member_with_default (script, "delay", self->delay);
  self->scale = json_object_get_int_member_with_default (script, "scale", self->scale);
  self->rate_limit = json_object_get_int_member_with_default (script, "rate_limit", self->rate_limit);
  answers = json_object_has_member (script, "answers") ? json_object_get_array_member (script, "answers") : NULL;
  for (guint i = 0; answers != NULL && i < json_array_get_length (answers); i++)
    {
      StandInOrder *order = stand_in_order_new (json_array_get_object_element (answers, i), body);

      if (order == NULL)
        return FALSE;
      g_ptr_array_add (self->orders, order);
    }
  return TRUE;
}

static guint
query_number (const char *path,
              const char *name,
              guint       fallback)
{
  const char *at = strstr (path, name);

  return at == NULL ? fallback : g_ascii_strtoull (at + strlen (name), NULL, 10);
}

gboolean
stand_in_serve_control (StandIn        *self,
                        StandInLink    *link,
                        StandInRequest *request)
{
  g_autoptr (JsonNode) log = NULL;
  g_autofree char *text = NULL;
  g_autofree char *head = NULL;
  gboolean understood = TRUE;

  stand_in_link_read_body (link, request, G_MAXSIZE);
  if (g_str_has_prefix (request->path, "/_script"))
    {
      g_autofree char *script = g_strndup (g_bytes_get_data (request->body, NULL), g_bytes_get_size (request->body));

      understood = take_script (self, script, NULL);
    }
  else if (g_str_has_prefix (request->path, "/_release"))
    stand_in_release (self);
  else if (g_str_has_prefix (request->path, "/_wait"))
    stand_in_wait (self, query_number (request->path, "posts=", 1), query_number (request->path, "seconds=", 10));
  else
    understood = g_str_has_prefix (request->path, "/_log");
  log = make_log (self);
  text = json_to_string (log, TRUE);
  head = g_strdup_printf ("HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                          understood ? "200 OK" : "400 Bad Request", strlen (text));
  return stand_in_link_write (link, head, strlen (head)) && stand_in_link_write (link, text, strlen (text));
}

static void
script (StandIn    *self,
        const char *text,
        GBytes     *body)
{
  g_autofree char *json = g_strdup (text);

  if (strchr (json, '"') == NULL)
    g_strdelimit (json, "'", '"');
  if (!take_script (self, json, body))
    g_error ("this is no script: %s", json);
}

void
stand_in_script (StandIn    *self,
                 const char *json)
{
  script (self, json, NULL);
}

void
stand_in_answer_bytes (StandIn    *self,
                       const char *order,
                       GBytes     *body)
{
  g_autofree char *json = g_strdup_printf (strchr (order, '"') ? "{\"answers\":[%s]}" : "{'answers':[%s]}", order);

  script (self, json, body);
}

void
stand_in_answer (StandIn    *self,
                 const char *order)
{
  stand_in_answer_bytes (self, order, NULL);
}
