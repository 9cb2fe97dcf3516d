/* Looks at the bytes of a picture without decoding it. Every length is checked against what is there before it is
 * used; the parsers go forward only and so end.
 *
 * Layouts: PNG (ISO/IEC 15948), JPEG (ITU-T T.81), WebP container (RFC 9649); C2PA manifests sit in the PNG chunk
 * caBX, in JPEG APP11 segments with a JUMBF box, in the RIFF chunk C2PA (C2PA 2.1, "Embedding manifests").
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "domain/sfumato-image-header.h"

#include <string.h>

static const guint8 png_signature[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };

static guint32
be32 (const guint8 *p)
{
  return (guint32) p[0] << 24 | (guint32) p[1] << 16 | (guint32) p[2] << 8 | p[3];
}

static guint32
le32 (const guint8 *p)
{
  return (guint32) p[3] << 24 | (guint32) p[2] << 16 | (guint32) p[1] << 8 | p[0];
}

static guint32
le24 (const guint8 *p)
{
  return (guint32) p[2] << 16 | (guint32) p[1] << 8 | p[0];
}

SfumatoImageType
sfumato_image_sniff (const guint8 *data,
                     gsize         size)
{
  if (size >= 8 && memcmp (data, png_signature, 8) == 0)
    return SFUMATO_IMAGE_PNG;
  if (size >= 3 && data[0] == 0xff && data[1] == 0xd8 && data[2] == 0xff)
    return SFUMATO_IMAGE_JPEG;
  if (size >= 12 && memcmp (data, "RIFF", 4) == 0 && memcmp (data + 8, "WEBP", 4) == 0)
    return SFUMATO_IMAGE_WEBP;
  return SFUMATO_IMAGE_UNKNOWN;
}

/* PNG: IHDR first, then chunks of length, name, data, CRC up to IEND. */
static gboolean
read_png (const guint8       *data,
          gsize               size,
          SfumatoImageHeader *header)
{
  gsize at = 8;
  gboolean pixels = FALSE;

  if (size < 33 || be32 (data + 8) != 13 || memcmp (data + 12, "IHDR", 4) != 0)
    return FALSE;
  header->width = be32 (data + 16);
  header->height = be32 (data + 20);
  while (size - at >= 12)
    {
      guint32 length = be32 (data + at);
      const guint8 *name = data + at + 4;

      /* Also where only the begin of the file is at hand. */
      if (memcmp (name, "caBX", 4) == 0)
        header->content_credentials = TRUE;
      if (length > size - at - 12)
        break;
      if (memcmp (name, "IDAT", 4) == 0)
        pixels = TRUE;
      else if (memcmp (name, "IEND", 4) == 0)
        {
          header->complete = pixels;
          break;
        }
      at += (gsize) length + 12;
    }
  return header->width > 0 && header->height > 0;
}

static gboolean
is_frame_marker (guint8 marker)
{
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

/* Behind a scan's header come coded bytes up to the next marker that is neither stuffing nor a restart. */
static gsize
skip_scan (const guint8 *data,
           gsize         size,
           gsize         at)
{
  for (; at + 1 < size; at++)
    if (data[at] == 0xff && data[at + 1] != 0 && data[at + 1] != 0xff &&
        !(data[at + 1] >= 0xd0 && data[at + 1] <= 0xd7))
      return at;
  return size;
}

static void
read_jpeg_segment (guint8              marker,
                   const guint8       *body,
                   gsize               length,
                   SfumatoImageHeader *header)
{
  if (is_frame_marker (marker) && length >= 5)
    {
      header->height = (guint) body[1] << 8 | body[2];
      header->width = (guint) body[3] << 8 | body[4];
    }
  else if (marker == 0xeb && length >= 2 && memcmp (body, "JP", 2) == 0)
    header->content_credentials = TRUE;
}

static gboolean
read_jpeg (const guint8       *data,
           gsize               size,
           SfumatoImageHeader *header)
{
  gboolean scanned = FALSE;
  gsize at = 2;

  while (size - at >= 2 && data[at] == 0xff)
    {
      guint8 marker = data[at + 1];
      gsize length;

      if (marker == 0xd9)
        {
          header->complete = scanned && header->width > 0;
          break;
        }
      if (marker == 0xff)
        {
          at++;
          continue;
        }
      length = size - at >= 4 ? (gsize) data[at + 2] << 8 | data[at + 3] : 0;
      if (length < 2 || length > size - at - 2)
        break;
      read_jpeg_segment (marker, data + at + 4, length - 2, header);
      at += 2 + length;
      if (marker == 0xda)
        {
          scanned = TRUE;
          at = skip_scan (data, size, at);
        }
    }
  return header->width > 0 && header->height > 0;
}

/* The size stands in the first VP8X, VP8L or VP8 chunk. */
static void
read_webp_chunk (const guint8       *name,
                 const guint8       *body,
                 gsize               length,
                 SfumatoImageHeader *header)
{
  if (memcmp (name, "C2PA", 4) == 0)
    header->content_credentials = TRUE;
  if (header->width > 0)
    return;
  if (memcmp (name, "VP8X", 4) == 0 && length >= 10)
    {
      header->width = le24 (body + 4) + 1;
      header->height = le24 (body + 7) + 1;
    }
  else if (memcmp (name, "VP8L", 4) == 0 && length >= 5 && body[0] == 0x2f)
    {
      guint32 bits = le32 (body + 1);

      header->width = (bits & 0x3fff) + 1;
      header->height = (bits >> 14 & 0x3fff) + 1;
    }
  else if (memcmp (name, "VP8 ", 4) == 0 && length >= 10 && memcmp (body + 3, "\x9d\x01\x2a", 3) == 0)
    {
      header->width = (body[6] | (guint) body[7] << 8) & 0x3fff;
      header->height = (body[8] | (guint) body[9] << 8) & 0x3fff;
    }
}

static gboolean
read_webp (const guint8       *data,
           gsize               size,
           SfumatoImageHeader *header)
{
  gsize riff = (gsize) le32 (data + 4) + 8;
  gsize end = MIN (riff, size);
  gsize at = 12;

  while (at < end && end - at >= 8)
    {
      gsize length = le32 (data + at + 4);

      if (length > end - at - 8)
        break;
      read_webp_chunk (data + at, data + at + 8, length, header);
      at += 8 + length + (length & 1);
    }
  /* An odd last chunk's padding byte is often left out by encoders. */
  header->complete = riff <= size && at >= end && header->width > 0;
  return header->width > 0 && header->height > 0;
}

gboolean
sfumato_image_header_read (const guint8       *data,
                           gsize               size,
                           SfumatoImageHeader *header)
{
  *header = (SfumatoImageHeader) { .type = sfumato_image_sniff (data, size) };
  switch (header->type)
    {
    case SFUMATO_IMAGE_PNG:
      return read_png (data, size, header);
    case SFUMATO_IMAGE_JPEG:
      return read_jpeg (data, size, header);
    case SFUMATO_IMAGE_WEBP:
      return read_webp (data, size, header);
    case SFUMATO_IMAGE_UNKNOWN:
    default:
      return FALSE;
    }
}

gboolean
sfumato_image_header_is_safe (const SfumatoImageHeader *header,
                              gsize                     size)
{
  return header->width <= SFUMATO_IMAGE_SIDE_MAX && header->height <= SFUMATO_IMAGE_SIDE_MAX &&
         (guint64) header->width * header->height <= SFUMATO_IMAGE_PIXELS_MAX && size <= SFUMATO_IMAGE_BYTES_MAX;
}

static const struct
{
  const char *format;
  const char *media;
  const char *extension;
} types[] = {
  [SFUMATO_IMAGE_UNKNOWN] = { NULL, NULL, NULL },
  [SFUMATO_IMAGE_PNG] = { "png", "image/png", "png" },
  [SFUMATO_IMAGE_JPEG] = { "jpeg", "image/jpeg", "jpg" },
  [SFUMATO_IMAGE_WEBP] = { "webp", "image/webp", "webp" },
};

const char *
sfumato_image_type_format (SfumatoImageType type)
{
  return types[type].format;
}

const char *
sfumato_image_type_media (SfumatoImageType type)
{
  return types[type].media;
}

const char *
sfumato_image_type_extension (SfumatoImageType type)
{
  return types[type].extension;
}

SfumatoImageType
sfumato_image_type_from_format (const char *format)
{
  for (guint i = SFUMATO_IMAGE_PNG; i < G_N_ELEMENTS (types); i++)
    if (g_strcmp0 (types[i].format, format) == 0)
      return i;
  return SFUMATO_IMAGE_UNKNOWN;
}
