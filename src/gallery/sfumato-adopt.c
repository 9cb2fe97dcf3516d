/* A picture in the folder that has no sidecar of ours.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-adopt.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
  int fd = openat (folder_fd, file_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
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

/* ---- the prompt of others ---- */

/* A PNG text chunk with the keyword "parameters": tEXt has a NUL behind it, and iTXt five more bytes at least, of
 * which the first says whether the text is compressed. */
static char *
text_of_chunk (const guint8 *body,
               gsize         length,
               gboolean      international)
{
  static const char keyword[] = "parameters";
  const guint8 *text = body + sizeof keyword;
  const guint8 *end = body + length;

  if (length < sizeof keyword || memcmp (body, keyword, sizeof keyword) != 0)
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
  return g_utf8_make_valid ((const char *) text, strnlen ((const char *) text, end - text));
}

static char *
find_parameters (const guint8 *data,
                 gsize         size)
{
  for (gsize at = 8; at + 12 <= size;)
    {
      gsize length = (gsize) data[at] << 24 | (gsize) data[at + 1] << 16 | (gsize) data[at + 2] << 8 | data[at + 3];
      gboolean international = memcmp (data + at + 4, "iTXt", 4) == 0;
      char *text = NULL;

      if (length > size - at - 12)
        break;
      if (international || memcmp (data + at + 4, "tEXt", 4) == 0)
        text = text_of_chunk (data + at + 8, length, international);
      if (text != NULL)
        return text;
      at += length + 12;
    }
  return NULL;
}

/* The prompt is what stands before the line of the negative prompt and the line of settings. */
static SfumatoRequest *
read_request (GBytes *head)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (head, &size);
  g_autofree char *text = find_parameters (data, size);
  char *end;

  if (text == NULL)
    return NULL;
  end = strstr (text, "\nNegative prompt:");
  if (end == NULL)
    end = strstr (text, "\nSteps:");
  if (end != NULL)
    *end = '\0';
  return sfumato_request_new (&(SfumatoRequestFields) { .prompt = g_strstrip (text), .strength = -1 });
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
  g_autoptr (SfumatoRequest) request = header->type == SFUMATO_IMAGE_PNG ? read_request (head) : NULL;

  if (created == NULL)
    created = g_date_time_new_from_unix_utc (0);
  return sfumato_picture_new (&(SfumatoPictureFields) {
    .id = id,
    .file_name = file_name,
    .request = request,
    .seed_used = -1,
    .width = header->width,
    .height = header->height,
    .type = header->type,
    .size = size,
    .created = created,
    .content_credentials = header->content_credentials,
  });
}
