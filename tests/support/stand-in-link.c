/* One connection of the stand-in: reads a request strictly, byte by byte as it came, and can be cut in any way.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <string.h>
#include <sys/socket.h>

#include "stand-in-private.h"

#define HEAD_MAX (256 * 1024)

static gboolean
read_more (StandInLink *link)
{
  guint8 chunk[16384];
  gssize got = g_input_stream_read (g_io_stream_get_input_stream (link->stream), chunk, sizeof chunk,
                                    link->cancellable, NULL);

  if (got <= 0)
    return FALSE;
  g_byte_array_append (link->ahead, chunk, got);
  return TRUE;
}

static void
part_free (StandInPart *part)
{
  g_free (part->name);
  g_free (part->file_name);
  g_free (part->content_type);
  g_bytes_unref (part->body);
  g_free (part);
}

static StandInRequest *
request_new (void)
{
  StandInRequest *request = g_new0 (StandInRequest, 1);

  g_atomic_ref_count_init (&request->refs);
  request->names = g_ptr_array_new_with_free_func (g_free);
  request->values = g_ptr_array_new_with_free_func (g_free);
  request->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) part_free);
  request->violations = g_ptr_array_new_with_free_func (g_free);
  return request;
}

StandInRequest *
stand_in_request_ref (StandInRequest *request)
{
  g_atomic_ref_count_inc (&request->refs);
  return request;
}

void
stand_in_request_unref (StandInRequest *request)
{
  if (!g_atomic_ref_count_dec (&request->refs))
    return;
  g_free (request->head);
  g_free (request->method);
  g_free (request->path);
  g_free (request->version);
  g_ptr_array_unref (request->names);
  g_ptr_array_unref (request->values);
  g_ptr_array_unref (request->parts);
  g_ptr_array_unref (request->violations);
  g_clear_pointer (&request->body, g_bytes_unref);
  g_free (request);
}

void
stand_in_request_violate (StandInRequest *request,
                          const char     *format,
                          ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_ptr_array_add (request->violations, g_strdup_vprintf (format, arguments));
  va_end (arguments);
}

const char *
stand_in_request_header (StandInRequest *request,
                         const char     *name)
{
  for (guint i = 0; i < request->names->len; i++)
    if (g_ascii_strcasecmp (request->names->pdata[i], name) == 0)
      return request->values->pdata[i];
  return NULL;
}

StandInPart *
stand_in_request_part (StandInRequest *request,
                       const char     *name)
{
  for (guint i = 0; i < request->parts->len; i++)
    {
      StandInPart *part = request->parts->pdata[i];

      if (g_strcmp0 (part->name, name) == 0)
        return part;
    }
  return NULL;
}

const char *
stand_in_request_text (StandInRequest *request,
                       const char     *name)
{
  StandInPart *part = stand_in_request_part (request, name);

  /* Bodies of parts are kept with a zero behind them. */
  return part == NULL ? NULL : g_bytes_get_data (part->body, NULL);
}

static void
parse_head (StandInRequest *request)
{
  g_auto (GStrv) lines = g_strsplit (request->head, "\r\n", -1);
  g_auto (GStrv) words = g_strsplit (lines[0], " ", -1);

  if (strchr (request->head, '\n') != strstr (request->head, "\r\n") + 1)
    stand_in_request_violate (request, "the request line does not end with CRLF");
  if (g_strv_length (words) != 3)
    stand_in_request_violate (request, "the request line has not three words");
  request->method = g_strdup (words[0]);
  request->path = g_strdup (words[0] != NULL && words[1] != NULL ? words[1] : "");
  request->version = g_strdup (g_strv_length (words) == 3 ? words[2] : "");
  for (int i = 1; lines[i] != NULL && *lines[i] != '\0'; i++)
    {
      char *colon = strchr (lines[i], ':');

      if (colon == NULL || colon == lines[i])
        {
          stand_in_request_violate (request, "a header without a name: %s", lines[i]);
          continue;
        }
      *colon = '\0';
      g_ptr_array_add (request->names, g_ascii_strdown (lines[i], -1));
      g_ptr_array_add (request->values, g_strdup (g_strstrip (colon + 1)));
    }
}

StandInRequest *
stand_in_link_read_head (StandInLink *link)
{
  StandInRequest *request;
  const guint8 *end;
  gsize size;

  while (link->ahead->len == 0 || (end = memmem (link->ahead->data, link->ahead->len, "\r\n\r\n", 4)) == NULL)
    if (link->ahead->len > HEAD_MAX || !read_more (link))
      return NULL;
  size = end + 4 - link->ahead->data;
  request = request_new ();
  request->head = g_strndup ((char *) link->ahead->data, size);
  g_byte_array_remove_range (link->ahead, 0, size);
  parse_head (request);
  return request;
}

/* Returns how many bytes of the body came; request->complete says whether that is all of it. */
gsize
stand_in_link_read_body (StandInLink    *link,
                         StandInRequest *request,
                         gsize           at_most)
{
  const char *text = stand_in_request_header (request, "content-length");
  guint64 length = 0;
  gsize wanted;

  if (stand_in_request_header (request, "transfer-encoding") != NULL)
    stand_in_request_violate (request, "the request is sent with a transfer encoding");
  if (text != NULL && !g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT32, &length, NULL))
    stand_in_request_violate (request, "Content-Length is no number: %s", text);
  wanted = MIN (length, at_most);
  while (link->ahead->len < wanted && read_more (link))
    ;
  wanted = MIN (wanted, link->ahead->len);
  request->complete = wanted == length;
  request->body = g_bytes_new (link->ahead->data, wanted);
  g_byte_array_remove_range (link->ahead, 0, wanted);
  return wanted;
}

void
stand_in_link_read_ahead (StandInLink *link,
                          gsize        size)
{
  while (link->ahead->len < size && read_more (link))
    ;
}

gboolean
stand_in_link_write (StandInLink *link,
                     const void  *data,
                     gsize        size)
{
  return g_output_stream_write_all (g_io_stream_get_output_stream (link->stream), data, size, NULL,
                                    link->cancellable, NULL);
}

void
stand_in_link_wait_closed (StandInLink *link)
{
  while (read_more (link))
    g_byte_array_set_size (link->ahead, 0);
}

void
stand_in_link_reset (StandInLink *link)
{
  struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

  setsockopt (g_socket_get_fd (g_socket_connection_get_socket (link->connection)), SOL_SOCKET, SO_LINGER,
              &at_once, sizeof at_once);
}
