/* What can be told of a picture from its bytes alone.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "domain/sfumato-image-header.h"

#include <string.h>

static GByteArray *
from_hex (const char *hex)
{
  GByteArray *bytes = g_byte_array_new ();

  for (; *hex != '\0'; hex++)
    if (g_ascii_isxdigit (*hex))
      {
        guint8 byte = g_ascii_xdigit_value (hex[0]) << 4 | g_ascii_xdigit_value (hex[1]);

        g_byte_array_append (bytes, &byte, 1);
        hex++;
      }
  return bytes;
}

#define PNG_HEAD "89504e470d0a1a0a 0000000d 49484452 00000400 00000240 0806000000 00000000 "
#define PNG_IDAT "00000002 49444154 0102 00000000 "
#define PNG_IEND "00000000 49454e44 ae426082 "
#define PNG_C2PA "00000001 63614258 00 00000000 "
#define JPEG_HEAD "ffd8 ffe0 0004 0000 "
#define JPEG_SIZE "ffc0 000b 08 0240 0400 01 011100 "
#define JPEG_SCAN "ffda 0003 00 1234 ff00 56 ffd0 78 "
#define WEBP_LOSSY "52494646 16000000 57454250 56503820 0a000000 000000 9d012a 0004 4002 "

static const struct
{
  const char       *name;
  const char       *hex;
  SfumatoImageType  type;
  gboolean          readable;
  guint             width;
  guint             height;
  gboolean          complete;
  gboolean          credentials;
} cases[] = {
  { "png", PNG_HEAD PNG_IDAT PNG_IEND, SFUMATO_IMAGE_PNG, TRUE, 1024, 576, TRUE, FALSE },
  { "png with trailing bytes", PNG_HEAD PNG_IDAT PNG_IEND "deadbeef", SFUMATO_IMAGE_PNG, TRUE, 1024, 576, TRUE, FALSE },
  { "png with credentials", PNG_HEAD PNG_C2PA PNG_IDAT PNG_IEND, SFUMATO_IMAGE_PNG, TRUE, 1024, 576, TRUE, TRUE },
  { "png without its end", PNG_HEAD PNG_IDAT, SFUMATO_IMAGE_PNG, TRUE, 1024, 576, FALSE, FALSE },
  { "png without pixels", PNG_HEAD PNG_IEND, SFUMATO_IMAGE_PNG, TRUE, 1024, 576, FALSE, FALSE },
  { "png with a chunk past the end", PNG_HEAD "ffffffff 49444154 01", SFUMATO_IMAGE_PNG, TRUE, 1024, 576, FALSE, FALSE },
  { "png cut in its header", "89504e470d0a1a0a 0000000d 49484452 0000", SFUMATO_IMAGE_PNG, FALSE, 0, 0, FALSE, FALSE },
  { "png of no size", "89504e470d0a1a0a 0000000d 49484452 00000000 00000000 0806000000 00000000" PNG_IEND,
    SFUMATO_IMAGE_PNG, FALSE, 0, 0, FALSE, FALSE },
  { "jpeg", JPEG_HEAD JPEG_SIZE JPEG_SCAN "ffd9", SFUMATO_IMAGE_JPEG, TRUE, 1024, 576, TRUE, FALSE },
  { "progressive jpeg", JPEG_HEAD JPEG_SIZE JPEG_SCAN "ffc4 0003 00" JPEG_SCAN "ffd9", SFUMATO_IMAGE_JPEG, TRUE, 1024,
    576, TRUE, FALSE },
  { "jpeg with credentials", JPEG_HEAD "ffeb 0004 4a50" JPEG_SIZE JPEG_SCAN "ffd9", SFUMATO_IMAGE_JPEG, TRUE, 1024, 576,
    TRUE, TRUE },
  { "jpeg without its end", JPEG_HEAD JPEG_SIZE JPEG_SCAN, SFUMATO_IMAGE_JPEG, TRUE, 1024, 576, FALSE, FALSE },
  { "jpeg without pixels", JPEG_HEAD JPEG_SIZE "ffd9", SFUMATO_IMAGE_JPEG, TRUE, 1024, 576, FALSE, FALSE },
  { "jpeg without a size", JPEG_HEAD JPEG_SCAN "ffd9", SFUMATO_IMAGE_JPEG, FALSE, 0, 0, FALSE, FALSE },
  { "jpeg with a segment of no length", "ffd8 ffe0 0000", SFUMATO_IMAGE_JPEG, FALSE, 0, 0, FALSE, FALSE },
  { "webp", WEBP_LOSSY, SFUMATO_IMAGE_WEBP, TRUE, 1024, 576, TRUE, FALSE },
  { "webp cut", "52494646 20000000 57454250 56503820 0a000000 000000 9d012a 0004 4002", SFUMATO_IMAGE_WEBP, TRUE, 1024,
    576, FALSE, FALSE },
  { "lossless webp", "52494646 12000000 57454250 5650384c 05000000 2f ffc38f00 00", SFUMATO_IMAGE_WEBP, TRUE, 1024, 576,
    TRUE, FALSE },
  { "gif", "474946383961 0100 0100", SFUMATO_IMAGE_UNKNOWN, FALSE, 0, 0, FALSE, FALSE },
  { "html", "3c68746d6c3e", SFUMATO_IMAGE_UNKNOWN, FALSE, 0, 0, FALSE, FALSE },
  { "nothing", "", SFUMATO_IMAGE_UNKNOWN, FALSE, 0, 0, FALSE, FALSE },
};

static void
test_cases (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GByteArray) bytes = from_hex (cases[i].hex);
      SfumatoImageHeader header;

      g_test_message ("%s", cases[i].name);
      g_assert_cmpint (sfumato_image_header_read (bytes->data, bytes->len, &header), ==, cases[i].readable);
      g_assert_cmpint (header.type, ==, cases[i].type);
      g_assert_cmpuint (header.width, ==, cases[i].width);
      g_assert_cmpuint (header.height, ==, cases[i].height);
      g_assert_cmpint (header.complete, ==, cases[i].complete);
      g_assert_cmpint (header.content_credentials, ==, cases[i].credentials);
    }
}

/* However a whole file is cut, it is never taken for whole; and in memory of exactly that size nothing past the end
 * is read (the sanitizer build sees it). */
static void
test_every_cut (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GByteArray) bytes = from_hex (cases[i].hex);
      gboolean trailing = strstr (cases[i].name, "trailing") != NULL;

      for (gsize size = 0; size < bytes->len; size++)
        {
          g_autofree guint8 *cut = g_memdup2 (bytes->data, size);
          SfumatoImageHeader header;

          sfumato_image_header_read (cut, size, &header);
          if (!trailing)
            g_assert_false (header.complete);
        }
    }
}

static void
test_safe (void)
{
  SfumatoImageHeader header = { .type = SFUMATO_IMAGE_PNG, .width = 8000, .height = 8000, .complete = TRUE };

  g_assert_true (sfumato_image_header_is_safe (&header, 1000));
  g_assert_false (sfumato_image_header_is_safe (&header, (gsize) SFUMATO_IMAGE_BYTES_MAX + 1));
  header.width = 8001;
  g_assert_false (sfumato_image_header_is_safe (&header, 1000));
  header.width = SFUMATO_IMAGE_SIDE_MAX + 1;
  header.height = 1;
  g_assert_false (sfumato_image_header_is_safe (&header, 1000));
  header.width = header.height = G_MAXUINT32;
  g_assert_false (sfumato_image_header_is_safe (&header, 1000));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/image-header/cases", test_cases);
  g_test_add_func ("/image-header/every-cut", test_every_cut);
  g_test_add_func ("/image-header/safe", test_safe);
  return g_test_run ();
}
