/* Reading the answer of an exchange, within its limits.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/sfumato-http-private.h"

#include <string.h>

#include "services/sfumato-json.h"

#define CHUNK (64 * 1024)

static void read_more (SfumatoHttpExchange *self);

static gboolean
is_success (SfumatoHttpExchange *self)
{
  return SOUP_STATUS_IS_SUCCESSFUL (self->answer->status);
}

/* Only a picture, bare or in JSON, may be large; of anything else the beginning says enough. The bytes decide, not
 * the type the server gives them. */
static gsize
cap_of_beginning (SfumatoHttpExchange *self)
{
  const guint8 *data = self->body->data;
  gsize size = self->body->len;

  if (!is_success (self) || self->request->body == NULL)
    return self->limits->error_bytes;
  if (sfumato_image_sniff (data, size) != SFUMATO_IMAGE_UNKNOWN)
    return self->limits->picture_bytes;
  return sfumato_json_begins ((const char *) data, size) ? self->limits->json_bytes : self->limits->error_bytes;
}

static void
keep (SfumatoHttpExchange *self,
      GBytes              *bytes)
{
  gsize size = g_bytes_get_size (bytes);
  gsize room = self->cap - self->body->len;

  g_byte_array_append (self->body, g_bytes_get_data (bytes, NULL), MIN (size, room));
  sfumato_http_not_idle (self);
  sfumato_http_tell (self, SFUMATO_STAGE_RECEIVING,
                     self->expected > 0 ? MIN ((double) self->body->len / self->expected, 1) : -1);
}

/* Where it succeeds, at the end of a line, no length has come and no byte of a body. */
static gboolean
is_cut_behind_line (SfumatoHttpExchange *self)
{
  return is_success (self) && self->answer->status != SOUP_STATUS_NO_CONTENT && self->body->len == 0 &&
         soup_message_headers_get_encoding (self->answer->headers) == SOUP_ENCODING_EOF;
}

static void
read_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      data)
{
  SfumatoHttpExchange *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);

  if (bytes == NULL || g_bytes_get_size (bytes) == 0)
    {
      if (bytes != NULL && is_cut_behind_line (self))
        sfumato_http_fail (self, SFUMATO_HTTP_LOST);
      sfumato_http_finish (self, error);
      return;
    }
  if (g_bytes_get_size (bytes) > self->cap - self->body->len)
    self->cap = MAX (self->cap, cap_of_beginning (self));
  if (g_bytes_get_size (bytes) <= self->cap - self->body->len)
    {
      keep (self, bytes);
      read_more (self);
      return;
    }
  keep (self, bytes);
  if (self->cap > self->limits->error_bytes)
    sfumato_http_fail (self, SFUMATO_HTTP_TOO_LARGE);
  sfumato_http_finish (self, NULL);
}

static void
read_more (SfumatoHttpExchange *self)
{
  g_input_stream_read_bytes_async (self->stream, CHUNK, G_PRIORITY_DEFAULT, self->inside, read_cb, self);
}

/* Says whether the head of the answer alone shows that it is too large. */
static gboolean
is_announced_too_large (SfumatoHttpExchange *self)
{
  g_autofree char *media = sfumato_http_answer_dup_media_type (self->answer);

  if (!is_success (self))
    return FALSE;
  if (strcmp (media, "application/json") == 0)
    return self->expected > (gint64) self->limits->json_bytes;
  return g_str_has_prefix (media, "image/") && self->expected > (gint64) self->limits->picture_bytes;
}

void
sfumato_http_take_head (SfumatoHttpExchange *self)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (self->message);
  gboolean encoded = soup_message_headers_get_one (headers, "Content-Encoding") != NULL;

  self->answer->status = soup_message_get_status (self->message);
  self->answer->reason = g_strdup (soup_message_get_reason_phrase (self->message));
  self->answer->headers = soup_message_headers_ref (headers);
  self->cap = self->limits->error_bytes;
  if (!encoded && soup_message_headers_get_encoding (headers) == SOUP_ENCODING_CONTENT_LENGTH)
    self->expected = soup_message_headers_get_content_length (headers);
  sfumato_http_not_idle (self);
}

void
sfumato_http_read (SfumatoHttpExchange *self)
{
  sfumato_http_take_head (self);
  if (is_announced_too_large (self))
    {
      sfumato_http_fail (self, SFUMATO_HTTP_TOO_LARGE);
      sfumato_http_finish (self, NULL);
      return;
    }
  read_more (self);
}

/* ---- what it was ---- */

void
sfumato_http_answer_clear (SfumatoHttpAnswer *answer)
{
  g_clear_pointer (&answer->message, g_free);
  g_clear_pointer (&answer->reason, g_free);
  g_clear_pointer (&answer->headers, soup_message_headers_unref);
  g_clear_pointer (&answer->body, g_bytes_unref);
}

char *
sfumato_http_answer_dup_media_type (const SfumatoHttpAnswer *answer)
{
  const char *value = answer->headers == NULL ? NULL : soup_message_headers_get_one (answer->headers, "Content-Type");
  g_autofree char *type = value == NULL ? g_strdup ("") : g_strndup (value, strcspn (value, ";"));

  g_strstrip (type);
  return g_ascii_strdown (type, -1);
}
