/* The body of a request on its way, with an ear for an early answer.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/sfumato-http-form.h"

#include <string.h>

#define CHUNK (64 * 1024)

struct _SfumatoHttpForm
{
  GInputStream          parent_instance;

  GBytes               *bytes;     /* owned */
  gsize                 at;        /* handed out */
  GPollableInputStream *answers;   /* owned, nullable: where they come from */
  GSource              *ear;       /* owned, nullable */
  GString              *heard;     /* owned: of an answer, without what only announces one */
  gsize                 heard_max;
  gboolean              written;   /* all of it */
  GTask                *held;      /* owned, nullable: who reads on while something was heard */
  SfumatoHttpHeard      notify;
  gpointer              user_data;
};

G_DEFINE_FINAL_TYPE (SfumatoHttpForm, sfumato_http_form, G_TYPE_INPUT_STREAM)

/* ---- what is said ---- */

typedef struct
{
  void  *buffer;
  gsize  count;
} Place;

static gssize
hand_out (SfumatoHttpForm *self,
          void            *buffer,
          gsize            count)
{
  gsize size;
  const char *data = g_bytes_get_data (self->bytes, &size);
  gsize n = MIN (count, size - self->at);

  memcpy (buffer, data + self->at, n);
  self->at += n;
  return n;
}

static gssize
sfumato_http_form_read (GInputStream  *stream,
                        void          *buffer,
                        gsize          count,
                        GCancellable  *cancellable,
                        GError       **error)
{
  return hand_out (SFUMATO_HTTP_FORM (stream), buffer, count);
}

static void
let_go (SfumatoHttpForm *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->held);
  const Place *place;

  if (task == NULL)
    return;
  place = g_task_get_task_data (task);
  g_task_return_int (task, hand_out (self, place->buffer, place->count));
}

static gboolean
cancelled_cb (GCancellable *cancellable,
              gpointer      data)
{
  SfumatoHttpForm *self = g_task_get_source_object (data);
  g_autoptr (GTask) task = self->held == data ? g_steal_pointer (&self->held) : NULL;

  if (task != NULL)
    g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

/* Nobody reads on: the rest waits until it was no answer after all, or whoever sends it gives up. */
static void
hold_back (SfumatoHttpForm *self,
           GTask           *task,
           void            *buffer,
           gsize            count)
{
  g_autoptr (GSource) source = g_cancellable_source_new (g_task_get_cancellable (task));
  Place *place = g_new (Place, 1);

  *place = (Place) { buffer, count };
  g_task_set_task_data (task, place, g_free);
  self->held = task;
  g_task_attach_source (task, source, G_SOURCE_FUNC (cancelled_cb));
}

static void
sfumato_http_form_read_async (GInputStream        *stream,
                              void                *buffer,
                              gsize                count,
                              int                  priority,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  SfumatoHttpForm *self = SFUMATO_HTTP_FORM (stream);
  GTask *task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_priority (task, priority);
  if (self->heard->len > 0)
    {
      hold_back (self, task, buffer, count);
      return;
    }
  g_task_return_int (task, hand_out (self, buffer, count));
  g_object_unref (task);
}

static gssize
sfumato_http_form_read_finish (GInputStream  *stream,
                               GAsyncResult  *result,
                               GError       **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

/* ---- what is heard ---- */

/* The length of the head at the beginning of heard, with the empty line behind it; 0 where it is not whole. */
static gsize
measure_head (SfumatoHttpForm *self)
{
  const char *end = memmem (self->heard->str, self->heard->len, "\r\n\r\n", 4);

  return end != NULL ? end + 4 - self->heard->str : 0;
}

/* Reads the head; FALSE where there is none that is whole and can be understood. */
static gboolean
read_head (SfumatoHttpForm     *self,
           SoupMessageHeaders  *headers,
           guint               *status,
           char               **reason)
{
  gsize length = measure_head (self);

  /* Without the empty line. */
  return length > 0 && soup_headers_parse_response (self->heard->str, length - 2, headers, NULL, status, reason);
}

/* "100 Continue" and the like promise an answer and are none. */
static void
drop_announcements (SfumatoHttpForm *self)
{
  guint status = 0;

  for (;;)
    {
      g_autoptr (SoupMessageHeaders) headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_RESPONSE);

      if (!read_head (self, headers, &status, NULL) || !SOUP_STATUS_IS_INFORMATIONAL (status))
        return;
      g_string_erase (self->heard, 0, measure_head (self));
    }
}

/* Whether nothing more belongs to the answer that was heard. */
static gboolean
is_whole (SfumatoHttpForm *self)
{
  g_autoptr (SoupMessageHeaders) headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_RESPONSE);
  gsize head = measure_head (self);
  gsize size = self->heard->len;
  guint status;

  if (!read_head (self, headers, &status, NULL))
    return FALSE;
  if (soup_message_headers_get_encoding (headers) == SOUP_ENCODING_CHUNKED)
    return memcmp (self->heard->str + size - 5, "0\r\n\r\n", 5) == 0;
  return soup_message_headers_get_one (headers, "Content-Length") != NULL &&
         (goffset) (size - head) >= soup_message_headers_get_content_length (headers);
}

/* Whether what was heard is, or can still become, the answer of a server that speaks HTTP. */
static gboolean
may_be_answer (SfumatoHttpForm *self)
{
  static const char beginning[] = "HTTP/";
  g_autoptr (SoupMessageHeaders) headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_RESPONSE);
  guint status;

  /* Some send an empty line first. */
  const char *first = self->heard->str + strspn (self->heard->str, "\r\n");
  gsize size = self->heard->str + self->heard->len - first;

  if (memcmp (first, beginning, MIN (size, strlen (beginning))) != 0)
    return FALSE;
  return measure_head (self) == 0 || read_head (self, headers, &status, NULL);
}

/* Reads what is there. TRUE where no more will come. */
static gboolean
hear (SfumatoHttpForm *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *buffer = g_malloc (CHUNK);
  gssize got;

  while ((got = g_pollable_input_stream_read_nonblocking (self->answers, buffer, CHUNK, NULL, &error)) > 0 &&
         self->heard->len < self->heard_max)
    g_string_append_len (self->heard, buffer, got);
  return !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

void
sfumato_http_form_stop (SfumatoHttpForm *self)
{
  if (self->ear != NULL)
    g_source_destroy (self->ear);
  g_clear_pointer (&self->ear, g_source_unref);
}

static gboolean
heard_cb (GObject  *answers,
          gpointer  data)
{
  SfumatoHttpForm *self = data;
  gboolean over = hear (self);

  drop_announcements (self);
  over = over || is_whole (self) || !may_be_answer (self);
  if (over || (self->written && self->heard->len == 0))
    sfumato_http_form_stop (self);
  if (self->heard->len > 0)
    self->notify (over, self->user_data);
  else
    let_go (self);
  return G_SOURCE_CONTINUE;
}

/* ---- the object ---- */

static void
sfumato_http_form_finalize (GObject *object)
{
  SfumatoHttpForm *self = SFUMATO_HTTP_FORM (object);

  sfumato_http_form_stop (self);
  g_clear_object (&self->answers);
  g_string_free (self->heard, TRUE);
  g_bytes_unref (self->bytes);

  G_OBJECT_CLASS (sfumato_http_form_parent_class)->finalize (object);
}

static void
sfumato_http_form_class_init (SfumatoHttpFormClass *klass)
{
  GInputStreamClass *stream_class = G_INPUT_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = sfumato_http_form_finalize;
  stream_class->read_fn = sfumato_http_form_read;
  stream_class->read_async = sfumato_http_form_read_async;
  stream_class->read_finish = sfumato_http_form_read_finish;
}

static void
sfumato_http_form_init (SfumatoHttpForm *self)
{
  self->heard = g_string_new (NULL);
}

SfumatoHttpForm *
sfumato_http_form_new (GBytes *bytes)
{
  SfumatoHttpForm *self = g_object_new (SFUMATO_TYPE_HTTP_FORM, NULL);

  self->bytes = g_bytes_ref (bytes);
  return self;
}

/* Before anything else of the exchange: an answer and the reset behind it arrive together, and the reset must not be
 * noticed first. */
void
sfumato_http_form_listen (SfumatoHttpForm   *self,
                          GIOStream         *connection,
                          gsize              bytes_max,
                          SfumatoHttpHeard   notify,
                          gpointer           user_data)
{
  self->answers = g_object_ref (G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (connection)));
  self->heard_max = bytes_max;
  self->notify = notify;
  self->user_data = user_data;
  self->ear = g_pollable_input_stream_create_source (self->answers, NULL);
  g_source_set_priority (self->ear, G_PRIORITY_HIGH);
  g_source_set_callback (self->ear, G_SOURCE_FUNC (heard_cb), self, NULL);
  g_source_attach (self->ear, g_main_context_get_thread_default ());
}

void
sfumato_http_form_written (SfumatoHttpForm *self)
{
  self->written = TRUE;
  if (self->heard->len == 0)
    sfumato_http_form_stop (self);
}

gboolean
sfumato_http_form_has_heard (SfumatoHttpForm *self)
{
  return self->heard->len > 0;
}

/* As far as they are whole. at ends with a zero, as all that was heard does. */
static void
join_chunks (const char *at,
             const char *end,
             GByteArray *body)
{
  const char *line;

  while (at < end && (line = memmem (at, end - at, "\r\n", 2)) != NULL)
    {
      gsize left = end - line - 2;
      gsize size = MIN (g_ascii_strtoull (at, NULL, 16), left);

      if (size == 0)
        return;
      g_byte_array_append (body, (const guint8 *) line + 2, size);
      at = line + 2 + size + MIN (2, left - size);
    }
}

/* The form of compression that undoes a coding; -1 for none. */
static int
find_compression (const char *coding)
{
  if (coding == NULL)
    return -1;
  if (g_ascii_strcasecmp (coding, "gzip") == 0 || g_ascii_strcasecmp (coding, "x-gzip") == 0)
    return G_ZLIB_COMPRESSOR_FORMAT_GZIP;
  return g_ascii_strcasecmp (coding, "deflate") == 0 ? G_ZLIB_COMPRESSOR_FORMAT_ZLIB : -1;
}

/* As libsoup does with answers that come in time. What a body becomes is bounded, whatever is in it; as far as it can be
 * read it is. */
static void
decode (SoupMessageHeaders *headers,
        GByteArray         *body,
        gsize               bytes_max)
{
  int format = find_compression (soup_message_headers_get_one (headers, "Content-Encoding"));
  g_autoptr (GBytes) encoded = NULL;
  g_autoptr (GInputStream) memory = NULL;
  g_autoptr (GConverter) zlib = NULL;
  g_autoptr (GInputStream) decoded = NULL;
  g_autofree char *chunk = NULL;
  gssize got;

  if (format < 0)
    return;
  encoded = g_bytes_new (body->data, body->len);
  memory = g_memory_input_stream_new_from_bytes (encoded);
  zlib = G_CONVERTER (g_zlib_decompressor_new (format));
  decoded = g_converter_input_stream_new (memory, zlib);
  chunk = g_malloc (CHUNK);
  g_byte_array_set_size (body, 0);
  while (body->len < bytes_max &&
         (got = g_input_stream_read (decoded, chunk, MIN (CHUNK, bytes_max - body->len), NULL, NULL)) > 0)
    g_byte_array_append (body, (const guint8 *) chunk, got);
}

SfumatoHttpProblem
sfumato_http_form_take (SfumatoHttpForm    *self,
                        SfumatoHttpAnswer  *answer,
                        GByteArray         *body)
{
  SoupMessageHeaders *headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_RESPONSE);
  gsize head = measure_head (self);

  if (!read_head (self, headers, &answer->status, &answer->reason))
    {
      soup_message_headers_unref (headers);
      return may_be_answer (self) ? SFUMATO_HTTP_LOST : SFUMATO_HTTP_GARBAGE;
    }
  answer->headers = headers;
  if (soup_message_headers_get_encoding (headers) == SOUP_ENCODING_CHUNKED)
    join_chunks (self->heard->str + head, self->heard->str + self->heard->len, body);
  else
    g_byte_array_append (body, (const guint8 *) self->heard->str + head, self->heard->len - head);
  decode (headers, body, self->heard_max);
  return soup_message_headers_get_encoding (headers) == SOUP_ENCODING_EOF || is_whole (self) ? SFUMATO_HTTP_DONE
                                                                                             : SFUMATO_HTTP_LOST;
}
