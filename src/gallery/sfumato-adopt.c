/* A picture in the folder that has no sidecar of ours.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-adopt.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "domain/sfumato-request-foreign.h"
#include "gallery/sfumato-store.h"

#define HEAD_BYTES (64 * 1024)

gboolean
sfumato_adopt_is_picture_name (const char *file_name)
{
  static const char * const extensions[] = { "png", "jpg", "jpeg", "webp" };
  const char *dot = strrchr (file_name, '.');

  if (*file_name == '.' || dot == NULL)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (extensions); i++)
    if (g_ascii_strcasecmp (dot + 1, extensions[i]) == 0)
      return TRUE;
  return FALSE;
}

static GBytes *
read_bytes (int   fd,
            gsize size)
{
  g_autofree guint8 *data = g_malloc (size);
  gsize have = 0;
  gssize n;

  while (have < size && (n = pread (fd, data + have, size - have, have)) > 0)
    have += n;
  return g_bytes_new_take (g_steal_pointer (&data), have);
}

static gboolean
read_from (int                  fd,
           gsize                size,
           SfumatoImageHeader  *header,
           GBytes             **head)
{
  gsize length;
  const guint8 *data;

  *head = read_bytes (fd, size);
  data = g_bytes_get_data (*head, &length);
  if (length > 0 && sfumato_image_header_read (data, length, header))
    return TRUE;
  g_clear_pointer (head, g_bytes_unref);
  return FALSE;
}

/* What is asked for stands in the first bytes of a PNG, behind whatever other metadata there is in a JPEG, and for
 * an extended WebP at the end. */
static gboolean
needs_more (const SfumatoImageHeader *header,
            gboolean                  found,
            GBytes                   *head)
{
  if (header->type == SFUMATO_IMAGE_WEBP)
    return found && memcmp ((const char *) g_bytes_get_data (head, NULL) + 12, "VP8X", 4) == 0;
  return header->type == SFUMATO_IMAGE_JPEG && !found;
}

gboolean
sfumato_adopt_read_header (int                  folder_fd,
                           const char          *file_name,
                           SfumatoImageHeader  *header,
                           GBytes             **head)
{
  int fd = sfumato_store_open_file (folder_fd, file_name);
  struct stat info;
  gboolean found = FALSE;

  if (fd < 0)
    return FALSE;
  if (fstat (fd, &info) == 0 && S_ISREG (info.st_mode) && info.st_size > 0)
    {
      found = read_from (fd, MIN (info.st_size, HEAD_BYTES), header, head);
      if (info.st_size > HEAD_BYTES && needs_more (header, found, *head))
        {
          g_clear_pointer (head, g_bytes_unref);
          found = read_from (fd, MIN (info.st_size, SFUMATO_IMAGE_BYTES_MAX), header, head);
        }
    }
  close (fd);
  return found;
}

gboolean
sfumato_adopt_is_whole (int         folder_fd,
                        const char *file_name)
{
  SfumatoImageHeader header;
  gsize size;
  g_autofree char *data = sfumato_store_read (folder_fd, file_name, SFUMATO_IMAGE_BYTES_MAX, &size);

  return data != NULL && sfumato_image_header_read ((const guint8 *) data, size, &header) && header.complete;
}

/* ---- what others wrote ---- */

/* PNG's tEXt is Latin-1, where many write UTF-8. */
static char *
read_text (const char *text,
           gsize       length)
{
  gsize size = strnlen (text, length);
  char *converted = g_utf8_validate_len (text, size, NULL) ? NULL : g_convert (text, size, "UTF-8", "ISO-8859-1", NULL, NULL, NULL);

  return converted != NULL ? converted : g_utf8_make_valid (text, size);
}

/* A PNG text chunk with this keyword: tEXt has a NUL behind it, and iTXt five more bytes at least, of which the first says
 * whether the text is compressed. */
static char *
text_of_chunk (const guint8 *body,
               gsize         length,
               gboolean      international,
               const char   *keyword)
{
  gsize size = strlen (keyword) + 1;
  const guint8 *text = body + size;
  const guint8 *end = body + length;

  if (length < size || memcmp (body, keyword, size) != 0)
    return NULL;
  if (international)
    {
      if (end - text < 4 || text[0] != 0)
        return NULL;
      text += 2;
      for (int i = 0; i < 2; i++)
        {
          text = memchr (text, 0, end - text);
          if (text == NULL)
            return NULL;
          text++;
        }
    }
  return read_text ((const char *) text, end - text);
}

static char *
find_text (const guint8 *data,
           gsize         size,
           const char   *keyword)
{
  for (gsize at = 8; at + 12 <= size;)
    {
      gsize length = (gsize) data[at] << 24 | (gsize) data[at + 1] << 16 | (gsize) data[at + 2] << 8 | data[at + 3];
      gboolean international = memcmp (data + at + 4, "iTXt", 4) == 0;
      char *text = NULL;

      if (length > size - at - 12)
        break;
      if (international || memcmp (data + at + 4, "tEXt", 4) == 0)
        text = text_of_chunk (data + at + 8, length, international, keyword);
      if (text != NULL)
        return text;
      at += length + 12;
    }
  return NULL;
}

static SfumatoRequest *
read_request (GBytes *head,
              gint64 *seed)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (head, &size);
  g_autofree char *parameters = find_text (data, size, "parameters");
  g_autofree char *graph = parameters == NULL ? find_text (data, size, "prompt") : NULL;

  if (parameters != NULL)
    return sfumato_request_from_parameters (parameters, seed);
  return graph != NULL ? sfumato_request_from_graph (graph, seed) : NULL;
}

SfumatoPicture *
sfumato_adopt (const char               *file_name,
               gint64                    size,
               gint64                    modified,
               const SfumatoImageHeader *header,
               GBytes                   *head)
{
  g_autofree char *id = g_uuid_string_random ();
  g_autoptr (GDateTime) created = g_date_time_new_from_unix_local_usec (modified / 1000);
  gint64 seed = -1;
  g_autoptr (SfumatoRequest) request = header->type == SFUMATO_IMAGE_PNG ? read_request (head, &seed) : NULL;

  if (created == NULL)
    created = g_date_time_new_from_unix_utc (0);
  return sfumato_picture_new (&(SfumatoPictureFields) {
    .id = id,
    .file_name = file_name,
    .request = request,
    .seed_used = seed,
    .width = header->width,
    .height = header->height,
    .type = header->type,
    .size = size,
    .created = created,
    .content_credentials = header->content_credentials,
  });
}
