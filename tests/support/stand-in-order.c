/* Answers, and the orders of a script: from JSON, and carried out byte by byte.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <string.h>

#include "stand-in-private.h"

static const char *
string_member (JsonObject *json,
               const char *name,
               const char *fallback)
{
  return json_object_get_string_member_with_default (json, name, fallback);
}

static void
read_body (StandInOrder *order,
           JsonObject   *json)
{
  JsonNode *node = json_object_get_member (json, "body");
  const char *base64 = string_member (json, "body_base64", NULL);
  gsize size;

  if (base64 != NULL)
    {
      guchar *data = g_base64_decode (base64, &size);

      order->body = g_bytes_new_take (data, size);
    }
  else if (node != NULL && JSON_NODE_HOLDS_VALUE (node))
    order->body = g_bytes_new (json_node_get_string (node), strlen (json_node_get_string (node)));
  else if (node != NULL)
    {
      char *text = json_to_string (node, FALSE);

      order->body = g_bytes_new_take (text, strlen (text));
      order->body_is_json = TRUE;
    }
}

static const char * const members[] = {
  "on", "times", "status", "reason", "version", "headers", "body", "body_base64", "body_zeros", "encoding", "framing",
  "length", "interim", "raw", "delay", "fault", "where", "at", "drip", "billed", NULL,
};

/* NULL where the order has a member nobody knows. body: nullable, in place of the order's own. */
StandInOrder *
stand_in_order_new (JsonObject *json,
                    GBytes     *body)
{
  StandInOrder *order;
  g_autoptr (GList) names = json_object_get_members (json);

  for (GList *name = names; name != NULL; name = name->next)
    if (!g_strv_contains (members, name->data))
      return NULL;
  order = g_new0 (StandInOrder, 1);
  g_atomic_ref_count_init (&order->refs);
  order->on_balance = strcmp (string_member (json, "on", "generate"), "balance") == 0;
  order->times = json_object_get_int_member_with_default (json, "times", 1);
  order->status = json_object_get_int_member_with_default (json, "status", 0);
  order->reason = g_strdup (string_member (json, "reason", NULL));
  order->version = g_strdup (string_member (json, "version", "1.1"));
  order->encoding = g_strdup (string_member (json, "encoding", NULL));
  order->framing = g_strdup (string_member (json, "framing", "length"));
  order->length = json_object_get_int_member_with_default (json, "length", -1);
  order->interim = g_strdup (string_member (json, "interim", NULL));
  order->raw = g_strdup (string_member (json, "raw", NULL));
  order->zeros = json_object_get_int_member_with_default (json, "body_zeros", 0);
  order->delay = json_object_get_int_member_with_default (json, "delay", 0);
  order->fault = g_strdup (string_member (json, "fault", ""));
  order->where = g_strdup (string_member (json, "where", "request"));
  order->at = json_object_get_int_member_with_default (json, "at", 0);
  order->drip = json_object_get_int_member_with_default (json, "drip", 20);
  order->billed = json_object_has_member (json, "billed") ? json_object_get_boolean_member (json, "billed") : -1;
  if (json_object_has_member (json, "headers"))
    order->headers = json_object_ref (json_object_get_object_member (json, "headers"));
  if (body != NULL)
    order->body = g_bytes_ref (body);
  else
    read_body (order, json);
  return order;
}

void
stand_in_order_unref (StandInOrder *order)
{
  if (!g_atomic_ref_count_dec (&order->refs))
    return;
  g_free (order->reason);
  g_free (order->version);
  g_free (order->encoding);
  g_free (order->framing);
  g_free (order->interim);
  g_free (order->raw);
  g_free (order->fault);
  g_free (order->where);
  g_clear_pointer (&order->headers, json_object_unref);
  g_clear_pointer (&order->body, g_bytes_unref);
  g_free (order);
}

StandInAnswer *
stand_in_answer_new (guint status)
{
  StandInAnswer *answer = g_new0 (StandInAnswer, 1);
  g_autofree char *uuid = g_uuid_string_random ();

  answer->status = status;
  answer->headers = g_ptr_array_new_with_free_func (g_free);
  answer->body = g_bytes_new (NULL, 0);
  stand_in_answer_header (answer, "x-request-id", uuid);
  return answer;
}

void
stand_in_answer_free (StandInAnswer *answer)
{
  g_ptr_array_unref (answer->headers);
  g_bytes_unref (answer->body);
  g_free (answer);
}

void
stand_in_answer_header (StandInAnswer *answer,
                        const char    *name,
                        const char    *value)
{
  g_ptr_array_add (answer->headers, g_strdup_printf ("%s: %s", name, value));
}

static void
write_zeros (GOutputStream *stream,
             gint64         count)
{
  static const char nothing[65536];

  for (; count > 0; count -= sizeof nothing)
    if (!g_output_stream_write_all (stream, nothing, MIN (count, (gint64) sizeof nothing), NULL, NULL, NULL))
      return;
}

/* The body and its zeros, compressed piece by piece. */
static GBytes *
compress (StandInOrder *order,
          GBytes       *body)
{
  GZlibCompressorFormat format = g_ascii_strcasecmp (order->encoding, "gzip") == 0 ? G_ZLIB_COMPRESSOR_FORMAT_GZIP
                                                                       : G_ZLIB_COMPRESSOR_FORMAT_ZLIB;
  g_autoptr (GZlibCompressor) compressor = g_zlib_compressor_new (format, 6);
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autoptr (GOutputStream) stream = g_converter_output_stream_new (memory, G_CONVERTER (compressor));

  g_output_stream_write_all (stream, g_bytes_get_data (body, NULL), g_bytes_get_size (body), NULL, NULL, NULL);
  write_zeros (stream, order->zeros);
  g_output_stream_close (stream, NULL, NULL);
  return g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (memory));
}

static const char *
reason_phrase (guint status)
{
  static const struct { guint status; const char *reason; } known[] = {
    { 200, "OK" }, { 301, "Moved Permanently" }, { 302, "Found" }, { 303, "See Other" },
    { 307, "Temporary Redirect" }, { 308, "Permanent Redirect" }, { 400, "Bad Request" }, { 401, "Unauthorized" },
    { 402, "Payment Required" }, { 403, "Forbidden" }, { 404, "Not Found" },
    { 407, "Proxy Authentication Required" }, { 413, "Content Too Large" }, { 422, "Unprocessable Content" },
    { 429, "Too Many Requests" }, { 500, "Internal Server Error" }, { 502, "Bad Gateway" },
    { 503, "Service Unavailable" }, { 504, "Gateway Timeout" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (known[i].status == status)
      return known[i].reason;
  return "Status";
}

static gboolean
is_replaced (StandInOrder *order,
             const char   *line)
{
  g_autofree char *name = g_strndup (line, strcspn (line, ":"));
  g_autoptr (GList) names = order->headers == NULL ? NULL : json_object_get_members (order->headers);

  for (GList *other = names; other != NULL; other = other->next)
    if (g_ascii_strcasecmp (other->data, name) == 0)
      return TRUE;
  return FALSE;
}

static void
append_usual_header (GString      *head,
                     StandInOrder *order,
                     const char   *line)
{
  if (!is_replaced (order, line))
    g_string_append_printf (head, "%s\r\n", line);
}

static void
append_own_header (JsonObject *headers,
                   const char *name,
                   JsonNode   *value,
                   gpointer    head)
{
  if (!JSON_NODE_HOLDS_NULL (value))
    g_string_append_printf (head, "%s: %s\r\n", name, json_node_get_string (value));
}

static GString *
make_head (StandInOrder  *order,
           StandInAnswer *answer,
           gsize          length)
{
  GString *head = g_string_new (order->interim);
  guint status = order->status != 0 ? order->status : answer->status;
  g_autofree char *line = NULL;

  g_string_append_printf (head, "HTTP/%s %u %s\r\n", order->version, status, order->reason ?: reason_phrase (status));
  for (guint i = 0; i < answer->headers->len; i++)
    append_usual_header (head, order, answer->headers->pdata[i]);
  if (order->headers != NULL)
    json_object_foreach_member (order->headers, append_own_header, head);
  if (order->encoding != NULL)
    g_string_append_printf (head, "Content-Encoding: %s\r\n", order->encoding);
  if (strcmp (order->framing, "length") == 0)
    line = g_strdup_printf ("Content-Length: %" G_GINT64_FORMAT, order->length >= 0 ? order->length : (gint64) length);
  else if (strcmp (order->framing, "close") == 0)
    line = g_strdup ("Connection: close");
  else
    line = g_strdup ("Transfer-Encoding: chunked");
  append_usual_header (head, order, line);
  g_string_append (head, "\r\n");
  return head;
}

static GBytes *
add_chunks (GBytes     *body,
            const char *end)
{
  GByteArray *framed = g_byte_array_new ();
  gsize size;
  const guint8 *data = g_bytes_get_data (body, &size);

  for (gsize at = 0; at < size; at += 4000)
    {
      gsize part = MIN (size - at, 4000);
      g_autofree char *line = g_strdup_printf ("%zx\r\n", part);

      g_byte_array_append (framed, (guint8 *) line, strlen (line));
      g_byte_array_append (framed, data + at, part);
      g_byte_array_append (framed, (guint8 *) "\r\n", 2);
    }
  g_byte_array_append (framed, (const guint8 *) end, strlen (end));
  return g_byte_array_free_to_bytes (framed);
}

/* Carries out a fault; FALSE when nothing more is to be sent. */
static gboolean
do_fault (StandInLink   *link,
          StandInOrder  *order,
          void         (*hold) (gpointer),
          gpointer       user_data)
{
  if (strcmp (order->fault, "hold") == 0)
    {
      hold (user_data);
      return TRUE;
    }
  if (strcmp (order->fault, "reset") == 0)
    stand_in_link_reset (link);
  else if (strcmp (order->fault, "stall") == 0)
    stand_in_link_wait_closed (link);
  return strcmp (order->fault, "drip") == 0;
}

/* Sends data with the order's fault at so many bytes of it; FALSE when nothing more is to be sent. */
static gboolean
send_with_fault (StandInLink   *link,
                 StandInOrder  *order,
                 const char    *data,
                 gsize          size,
                 void         (*hold) (gpointer),
                 gpointer       user_data)
{
  gsize at = MIN (order->at, size);

  if (!stand_in_link_write (link, data, at) || !do_fault (link, order, hold, user_data))
    return FALSE;
  if (strcmp (order->fault, "drip") != 0)
    return stand_in_link_write (link, data + at, size - at);
  for (; at < size; at++)
    {
      if (!stand_in_link_write (link, data + at, 1) || g_cancellable_is_cancelled (link->cancellable))
        return FALSE;
      g_usleep (order->drip * 1000);
    }
  return TRUE;
}

static gboolean
send_piece (StandInLink   *link,
            StandInOrder  *order,
            const char    *where,
            const char    *data,
            gsize          size,
            void         (*hold) (gpointer),
            gpointer       user_data)
{
  if (strcmp (order->where, where) == 0)
    return send_with_fault (link, order, data, size, hold, user_data);
  return stand_in_link_write (link, data, size);
}

static gboolean
is_compressed (StandInOrder *order)
{
  return order->encoding != NULL && (g_ascii_strcasecmp (order->encoding, "gzip") == 0 ||
                                     g_ascii_strcasecmp (order->encoding, "deflate") == 0);
}

/* The zeros behind a body that is not compressed: as one chunk, or as they are. */
static void
send_zeros (StandInLink  *link,
            StandInOrder *order)
{
  g_autofree char *size = g_strdup_printf ("%" G_GINT64_MODIFIER "x\r\n", order->zeros);
  gboolean chunked = strcmp (order->framing, "chunked") == 0;

  if (chunked && !stand_in_link_write (link, size, strlen (size)))
    return;
  write_zeros (g_io_stream_get_output_stream (link->stream), order->zeros);
  if (chunked)
    stand_in_link_write (link, "\r\n0\r\n\r\n", 7);
}

/* Frames the body: with its last chunk, unless zeros follow. */
static GBytes *
frame (StandInOrder *order,
       GBytes       *body)
{
  if (strcmp (order->framing, "chunked") != 0 && strcmp (order->framing, "bad-chunk") != 0)
    return g_bytes_ref (body);
  return add_chunks (body, strcmp (order->framing, "bad-chunk") == 0 ? "zz\r\n\r\n"
                           : order->zeros > 0 && !is_compressed (order) ? "" : "0\r\n\r\n");
}

/* Sends the answer as the order wants it. hold is called where the order says to wait for a release. */
void
stand_in_send (StandInLink   *link,
               StandInOrder  *order,
               StandInAnswer *answer,
               void         (*hold) (gpointer),
               gpointer       user_data)
{
  GBytes *plain = order->body != NULL ? order->body : answer->body;
  g_autoptr (GBytes) body = is_compressed (order) ? compress (order, plain) : g_bytes_ref (plain);
  g_autoptr (GBytes) framed = frame (order, body);
  gint64 zeros = is_compressed (order) ? 0 : order->zeros;
  g_autoptr (GString) head = NULL;

  if (strcmp (order->where, "request") == 0 && *order->fault != '\0' && !do_fault (link, order, hold, user_data))
    return;
  if (order->raw != NULL)
    {
      send_piece (link, order, "answer-head", order->raw, strlen (order->raw), hold, user_data);
      return;
    }
  if (order->body_is_json)
    stand_in_answer_header (answer, "Content-Type", "application/json");
  head = make_head (order, answer, g_bytes_get_size (body) + zeros);
  if (send_piece (link, order, "answer-head", head->str, head->len, hold, user_data) &&
      send_piece (link, order, "answer-body", g_bytes_get_data (framed, NULL), g_bytes_get_size (framed), hold,
                  user_data) && zeros > 0)
    send_zeros (link, order);
}
