/* Pictures of types that no service takes.
 *
 * Layouts: GIF89a specification, section 18; BITMAPCOREHEADER and BITMAPINFOHEADER of the Windows documentation;
 * TIFF 6.0, section 2.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-image-foreign.h"

#include <string.h>

#define SVG_LOOK_AT 4096 /* bytes in which the <svg> element must begin */

static guint32
read_int (const guint8 *data,
          guint         n_bytes,
          gboolean      big_endian)
{
  guint32 value = 0;

  for (guint i = 0; i < n_bytes; i++)
    value = value << 8 | data[big_endian ? i : n_bytes - 1 - i];
  return value;
}

static gboolean
read_gif (const guint8   *data,
          gsize           size,
          SfumatoForeign *foreign)
{
  if (size < 13 || (memcmp (data, "GIF87a", 6) != 0 && memcmp (data, "GIF89a", 6) != 0))
    return FALSE;
  *foreign = (SfumatoForeign) { "gif", read_int (data + 6, 2, FALSE), read_int (data + 8, 2, FALSE) };
  return TRUE;
}

static gboolean
read_bmp (const guint8   *data,
          gsize           size,
          SfumatoForeign *foreign)
{
  if (size < 26 || memcmp (data, "BM", 2) != 0)
    return FALSE;
  if (read_int (data + 14, 4, FALSE) == 12)
    *foreign = (SfumatoForeign) { "bmp", read_int (data + 18, 2, FALSE), read_int (data + 20, 2, FALSE) };
  else
    {
      gint32 height = (gint32) read_int (data + 22, 4, FALSE);

      /* A negative height tells that the first row is the top one. */
      *foreign = (SfumatoForeign) { "bmp", read_int (data + 18, 4, FALSE), height < 0 ? 0u - (guint) height : height };
    }
  return TRUE;
}

/* The first directory's entries 256 and 257, each a number of two or four bytes. */
static gboolean
read_tiff (const guint8   *data,
           gsize           size,
           SfumatoForeign *foreign)
{
  gboolean big = size >= 4 && memcmp (data, "MM\0*", 4) == 0;
  gsize at;
  guint n;

  if (size < 8 || (!big && memcmp (data, "II*\0", 4) != 0))
    return FALSE;
  *foreign = (SfumatoForeign) { "tiff", 0, 0 };
  at = read_int (data + 4, 4, big);
  if (at > size - 2)
    return FALSE;
  n = read_int (data + at, 2, big);
  for (at += 2; n > 0 && at + 12 <= size; n--, at += 12)
    {
      guint tag = read_int (data + at, 2, big);
      guint value = read_int (data + at + 8, read_int (data + at + 2, 2, big) == 3 ? 2 : 4, big);

      if (tag == 256)
        foreign->width = value;
      else if (tag == 257)
        foreign->height = value;
    }
  return TRUE;
}

static gboolean
read_svg (const guint8   *data,
          gsize           size,
          SfumatoForeign *foreign)
{
  g_autofree char *head = g_strndup ((const char *) data, MIN (size, SVG_LOOK_AT));
  const char *begin = g_str_has_prefix (head, "\xef\xbb\xbf") ? head + 3 : head;

  while (g_ascii_isspace (*begin))
    begin++;
  if (*begin != '<' || strstr (begin, "<svg") == NULL)
    return FALSE;
  *foreign = (SfumatoForeign) { "svg", 0, 0 };
  return TRUE;
}

gboolean
sfumato_image_foreign_read (const guint8   *data,
                            gsize           size,
                            SfumatoForeign *foreign)
{
  if (read_svg (data, size, foreign))
    return TRUE;
  return (read_gif (data, size, foreign) || read_bmp (data, size, foreign) || read_tiff (data, size, foreign)) &&
         foreign->width > 0 && foreign->height > 0;
}
