/* Looks at the bytes of a picture without decoding it: what type, what size, whole or cut. Everything that
 * arrives from outside passes here before any decoder sees it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  SFUMATO_IMAGE_UNKNOWN,
  SFUMATO_IMAGE_PNG,
  SFUMATO_IMAGE_JPEG,
  SFUMATO_IMAGE_WEBP,
} SfumatoImageType;

/* Above these no picture is decoded: 64 million pixels, 16,384 a side, 64 MiB. */
#define SFUMATO_IMAGE_PIXELS_MAX (64u * 1000 * 1000)
#define SFUMATO_IMAGE_SIDE_MAX   16384u
#define SFUMATO_IMAGE_BYTES_MAX  (64u * 1024 * 1024)

/**
 * SfumatoImageHeader:
 * @type: from the content, never from a name or a media type
 * @width: in pixels, as stored (an EXIF rotation is not applied)
 * @height: in pixels
 * @complete: the end marker was found: IEND behind intact chunks, EOI, or the whole RIFF
 * @content_credentials: it carries a C2PA manifest
 */
typedef struct
{
  SfumatoImageType type;
  guint            width;
  guint            height;
  gboolean         complete;
  gboolean         content_credentials;
} SfumatoImageHeader;

/* By the first bytes alone. */
SfumatoImageType sfumato_image_sniff          (const guint8       *data,
                                               gsize               size);
/* FALSE for another type, and where the bytes end or go wrong before the size is known. */
gboolean         sfumato_image_header_read    (const guint8       *data,
                                               gsize               size,
                                               SfumatoImageHeader *header);
/* Whether it is within the limits above; size: bytes of the file. */
gboolean         sfumato_image_header_is_safe (const SfumatoImageHeader *header,
                                               gsize               size);
const char      *sfumato_image_type_format    (SfumatoImageType    type); /* "png"; NULL for unknown */
const char      *sfumato_image_type_media     (SfumatoImageType    type); /* "image/png" */
const char      *sfumato_image_type_extension (SfumatoImageType    type); /* "png", "jpg", "webp" */
SfumatoImageType sfumato_image_type_from_format (const char        *format);

G_END_DECLS
