/* A request as JSON, for GET /_log.
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

JsonObject *
stand_in_request_to_json (StandInRequest *request)
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
