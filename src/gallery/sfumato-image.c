/* Pixels.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-image.h"

#include "domain/sfumato-error.h"
#include "gallery/sfumato-gallery.h"
#include "gallery/sfumato-image-drawing.h"
#include "gallery/sfumato-image-foreign.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#define PIECE_BYTES    (64 * 1024)          /* given to the decoder at a time */
#define LARGE_PIXELS   (8u * 1000 * 1000)   /* only one picture of more than this is decoded at a time */
#define SCANS_MAX      64                   /* of a progressive JPEG; encoders make about ten */
#define SVG_BYTES_MAX  (4 * 1024 * 1024)
#define SVG_SECONDS    20                   /* that somebody waits for a drawing; most take a tenth of one */
#define SVG_SIDE_MAX   2048                 /* pixels: a drawing has any size, and is made this large at most */

static GMutex large_lock;

static GError *
make_error (const char *title,
            const char *message,
            const char *details)
{
  GError *error = sfumato_error_new (SFUMATO_ERROR_INVALID, title, "%s", message);

  sfumato_error_set_details (error, details);
  sfumato_error_set_field (error, "input");
  return error;
}

static GError *
too_large (void)
{
  return make_error (_("Picture Too Large"), _("This picture is too large: Sfumato opens pictures of up to 64 million "
                                               "pixels, 16,384 a side and 64 MB."), NULL);
}

static GError *
damaged (const char *details)
{
  return make_error (_("Picture Damaged"), _("This picture is damaged and cannot be shown."), details);
}

/* ---- feeding the decoder ---- */

typedef struct
{
  GdkPixbufLoader *loader;      /* owned */
  GCancellable    *cancellable; /* borrowed, nullable */
  guint            max_side;    /* 0: any */
  gboolean         too_large;   /* what the decoder found is not what was checked */
} Decoding;

static void
size_prepared_cb (GdkPixbufLoader *loader,
                  int              width,
                  int              height,
                  gpointer         data)
{
  Decoding *decoding = data;
  guint side = MAX (width, height);
  SfumatoImageHeader header = { .width = width, .height = height };

  if (decoding->max_side == 0 && !sfumato_image_header_is_safe (&header, 0))
    {
      decoding->too_large = TRUE;
      gdk_pixbuf_loader_set_size (loader, 1, 1);
    }
  else if (decoding->max_side > 0 && side > decoding->max_side)
    gdk_pixbuf_loader_set_size (loader, MAX (1, (guint64) width * decoding->max_side / side),
                                MAX (1, (guint64) height * decoding->max_side / side));
}

static gboolean
feed (Decoding      *decoding,
      const guint8  *data,
      gsize          size,
      GError       **error)
{
  for (gsize at = 0; at < size; at += PIECE_BYTES)
    {
      if (g_cancellable_set_error_if_cancelled (decoding->cancellable, error) || decoding->too_large)
        return FALSE;
      if (!gdk_pixbuf_loader_write (decoding->loader, data + at, MIN (PIECE_BYTES, size - at), error))
        return FALSE;
    }
  return TRUE;
}

static guint32
be32 (const guint8 *p)
{
  return (guint32) p[0] << 24 | (guint32) p[1] << 16 | (guint32) p[2] << 8 | p[3];
}

/* Only the chunks that make the picture. */
static gboolean
feed_png (Decoding      *decoding,
          const guint8  *data,
          gsize          size,
          GError       **error)
{
  static const char * const wanted[] = { "IHDR", "PLTE", "tRNS", "IDAT", "IEND" };

  if (!feed (decoding, data, 8, error))
    return FALSE;
  for (gsize at = 8; size - at >= 12;)
    {
      gsize length = (gsize) be32 (data + at) + 12;
      gboolean take = FALSE;

      for (guint i = 0; i < G_N_ELEMENTS (wanted) && !take; i++)
        take = memcmp (data + at + 4, wanted[i], 4) == 0;
      if (length > size - at)
        break;
      if (take && !feed (decoding, data + at, length, error))
        return FALSE;
      at += length;
    }
  return TRUE;
}

/* Of what stands before the scans, comments and application segments are left out but for JFIF, the first Exif,
 * which has the orientation, and Adobe's, which says what the colours are. */
static gboolean
is_wanted_in_jpeg (guint8    marker,
                   gboolean *exif)
{
  if (marker == 0xe1 && !*exif)
    return *exif = TRUE;
  return marker != 0xfe && (marker < 0xe1 || marker > 0xef || marker == 0xee);
}

static guint
count_scans (const guint8 *data,
             gsize         size)
{
  const guint8 *end = data + size;
  guint n = 0;

  while ((data = memchr (data, 0xff, end - data)) != NULL && ++data < end)
    n += *data == 0xda;
  return n;
}

static gboolean
feed_jpeg (Decoding      *decoding,
           const guint8  *data,
           gsize          size,
           GError       **error)
{
  gboolean exif = FALSE;
  gsize at = 2;

  if (!feed (decoding, data, 2, error))
    return FALSE;
  while (size - at >= 4 && data[at] == 0xff && data[at + 1] != 0xda)
    {
      gsize length = data[at + 1] == 0xff ? 1 : 2 + ((gsize) data[at + 2] << 8 | data[at + 3]);

      if (length > size - at)
        break;
      if (length > 1 && is_wanted_in_jpeg (data[at + 1], &exif) && !feed (decoding, data + at, length, error))
        return FALSE;
      at += length;
    }
  if (count_scans (data + at, size - at) > SCANS_MAX)
    {
      decoding->too_large = TRUE;
      return FALSE;
    }
  return feed (decoding, data + at, size - at, error);
}

/* ---- decoding ---- */

static GError *
no_decoder (const char *type)
{
  g_autofree char *name = g_ascii_strup (type, -1);
  g_autofree char *message = g_strdup_printf (_("This computer cannot open %s pictures. Install its gdk-pixbuf loader, "
                                                "then start Sfumato again."), name);

  return make_error (_("Unknown Kind of Picture"), message, NULL);
}

static gboolean
feed_any (Decoding      *decoding,
          const char    *type,
          GBytes        *bytes,
          GError       **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  if (g_str_equal (type, "png"))
    return feed_png (decoding, data, size, error);
  if (g_str_equal (type, "jpeg"))
    return feed_jpeg (decoding, data, size, error);
  return feed (decoding, data, size, error);
}

/* The decoder's own error is for the details: it is no sentence for people. */
static GError *
explain (Decoding *decoding,
         GError   *cause)
{
  if (decoding->too_large)
    return too_large ();
  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return sfumato_error_new (SFUMATO_ERROR_CANCELLED, _("Stopped"), _("This was stopped."));
  return damaged (cause != NULL ? cause->message : NULL);
}

static GdkPixbuf *
decode_type (const char    *type,
             GBytes        *bytes,
             guint          max_side,
             GCancellable  *cancellable,
             GError       **error)
{
  g_autoptr (GdkPixbufLoader) loader = gdk_pixbuf_loader_new_with_type (type, NULL);
  g_autoptr (GError) cause = NULL;
  g_autoptr (GdkPixbuf) pixbuf = NULL;
  Decoding decoding = { loader, cancellable, max_side, FALSE };
  gboolean good;

  if (loader == NULL)
    {
      g_propagate_error (error, no_decoder (type));
      return NULL;
    }
  g_signal_connect (loader, "size-prepared", G_CALLBACK (size_prepared_cb), &decoding);
  good = feed_any (&decoding, type, bytes, &cause);
  good = gdk_pixbuf_loader_close (loader, good ? &cause : NULL) && good;
  pixbuf = gdk_pixbuf_loader_get_pixbuf (loader);
  if (good && !decoding.too_large && pixbuf != NULL)
    return gdk_pixbuf_apply_embedded_orientation (g_object_ref (pixbuf));
  g_steal_pointer (&pixbuf);
  g_propagate_error (error, explain (&decoding, cause));
  return NULL;
}

/* A picture of many pixels takes hundreds of megabytes while it is decoded: one after the other. */
static GdkPixbuf *
decode_in_turn (const char    *type,
                guint64        pixels,
                GBytes        *bytes,
                guint          max_side,
                GCancellable  *cancellable,
                GError       **error)
{
  g_autoptr (GMutexLocker) locker = pixels > LARGE_PIXELS ? g_mutex_locker_new (&large_lock) : NULL;

  return decode_type (type, bytes, max_side, cancellable, error);
}

static GdkPixbuf *
decode (GBytes        *bytes,
        guint          max_side,
        GCancellable  *cancellable,
        GError       **error)
{
  SfumatoImageHeader header;
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  GError *problem = NULL;

  if (!sfumato_image_header_read (data, size, &header))
    problem = make_error (_("Not a Picture"), _("This is not a PNG, JPEG or WebP picture."), NULL);
  else if (!sfumato_image_header_is_safe (&header, size))
    problem = too_large ();
  else if (!header.complete)
    problem = damaged ("The end is missing");
  if (problem != NULL)
    {
      g_propagate_error (error, problem);
      return NULL;
    }
  return decode_in_turn (sfumato_image_type_format (header.type), (guint64) header.width * header.height, bytes,
                         max_side, cancellable, error);
}

static GBytes *
encode (GdkPixbuf   *pixbuf,
        const char  *type,
        const char  *option,
        const char  *value,
        GError     **error)
{
  g_autoptr (GError) cause = NULL;
  char *data;
  gsize size;

  if (gdk_pixbuf_save_to_buffer (pixbuf, &data, &size, type, &cause, option, value, NULL))
    return g_bytes_new_take (data, size);
  g_propagate_error (error, make_error (_("Picture Not Converted"), _("This picture could not be converted."),
                                        cause->message));
  return NULL;
}

GBytes *
sfumato_image_make_thumbnail (GBytes        *bytes,
                              guint          max_side,
                              GCancellable  *cancellable,
                              GError       **error)
{
  g_autoptr (GdkPixbuf) pixbuf = decode (bytes, max_side, cancellable, error);

  return pixbuf != NULL ? encode (pixbuf, "png", "compression", "6", error) : NULL;
}

GBytes *
sfumato_gallery_decode (GBytes  *bytes,
                        guint    max_side,
                        guint   *width,
                        guint   *height,
                        GError **error)
{
  g_autoptr (GdkPixbuf) pixbuf = NULL;

  g_return_val_if_fail (bytes != NULL && width != NULL && height != NULL, NULL);

  pixbuf = decode (bytes, max_side, NULL, error);
  if (pixbuf == NULL)
    return NULL;
  *width = gdk_pixbuf_get_width (pixbuf);
  *height = gdk_pixbuf_get_height (pixbuf);
  /* Also where there is alpha already: the rows of the new one have nothing behind them. */
  if (!gdk_pixbuf_get_has_alpha (pixbuf) || (guint) gdk_pixbuf_get_rowstride (pixbuf) != 4 * *width)
    {
      GdkPixbuf *rgba = gdk_pixbuf_add_alpha (pixbuf, FALSE, 0, 0, 0);

      g_object_unref (pixbuf);
      pixbuf = rgba;
    }
  return gdk_pixbuf_read_pixel_bytes (pixbuf);
}

/* ---- pictures to start from ---- */

static GObject *
decode_svg (GBytes  *bytes,
            GError **error)
{
  return (GObject *) decode_type ("svg", bytes, SVG_SIDE_MAX, NULL, error);
}

static GdkPixbuf *
decode_foreign (GBytes                *bytes,
                const SfumatoForeign  *foreign,
                guint                  seconds,
                GError               **error)
{
  gboolean drawing = g_str_equal (foreign->decoder, "svg");
  SfumatoImageHeader header = { .width = foreign->width, .height = foreign->height };
  gsize size = g_bytes_get_size (bytes);

  if (!sfumato_image_header_is_safe (&header, size) || (drawing && size > SVG_BYTES_MAX))
    {
      g_propagate_error (error, too_large ());
      return NULL;
    }
  if (drawing)
    return (GdkPixbuf *) sfumato_image_decode_drawing (bytes, decode_svg, seconds, error);
  return decode_in_turn (foreign->decoder, (guint64) foreign->width * foreign->height, bytes, 0, NULL, error);
}

GBytes *
sfumato_image_convert (GBytes  *bytes,
                       guint    seconds,
                       GError **error)
{
  g_autoptr (GdkPixbuf) pixbuf = NULL;
  SfumatoForeign foreign;
  gsize size;
  const guint8 *data;

  data = g_bytes_get_data (bytes, &size);
  if (sfumato_image_sniff (data, size) != SFUMATO_IMAGE_UNKNOWN)
    return g_bytes_ref (bytes);
  if (!sfumato_image_foreign_read (data, size, &foreign))
    {
      g_propagate_error (error, make_error (_("Not a Picture"), _("This is not a picture Sfumato can open. PNG, JPEG, "
                                                                  "WebP, GIF, TIFF, BMP and SVG are."), NULL));
      return NULL;
    }
  pixbuf = decode_foreign (bytes, &foreign, seconds, error);
  return pixbuf != NULL ? encode (pixbuf, "png", "compression", "6", error) : NULL;
}

GBytes *
sfumato_gallery_convert_input (GBytes  *bytes,
                               GError **error)
{
  g_return_val_if_fail (bytes != NULL, NULL);

  return sfumato_image_convert (bytes, SVG_SECONDS, error);
}

static gboolean
is_transparent (GdkPixbuf *pixbuf)
{
  const guint8 *pixels = gdk_pixbuf_read_pixels (pixbuf);
  int stride = gdk_pixbuf_get_rowstride (pixbuf);

  if (!gdk_pixbuf_get_has_alpha (pixbuf))
    return FALSE;
  for (int y = 0; y < gdk_pixbuf_get_height (pixbuf); y++)
    for (int x = 0; x < gdk_pixbuf_get_width (pixbuf); x++)
      if (pixels[(gsize) y * stride + 4 * x + 3] != 255)
        return TRUE;
  return FALSE;
}

/* JPEG at less and less quality before it is made smaller; a PNG can only be made smaller. */
static GBytes *
encode_below (GdkPixbuf  *pixbuf,
              gboolean    transparent,
              gsize       max_bytes,
              GError    **error)
{
  static const char * const qualities[] = { "92", "82", "70" };

  for (guint i = 0; i < (transparent ? 1 : G_N_ELEMENTS (qualities)); i++)
    {
      g_autoptr (GBytes) bytes = transparent ? encode (pixbuf, "png", "compression", "9", error)
                                             : encode (pixbuf, "jpeg", "quality", qualities[i], error);

      if (bytes == NULL || g_bytes_get_size (bytes) <= max_bytes)
        return g_steal_pointer (&bytes);
    }
  return NULL;
}

GBytes *
sfumato_gallery_shrink_input (GBytes  *bytes,
                              gsize    max_bytes,
                              GError **error)
{
  g_autoptr (GdkPixbuf) pixbuf = NULL;
  g_autoptr (GError) problem = NULL;
  gboolean transparent;

  g_return_val_if_fail (bytes != NULL, NULL);

  if (g_bytes_get_size (bytes) <= max_bytes)
    return g_bytes_ref (bytes);
  pixbuf = decode (bytes, 0, NULL, error);
  if (pixbuf == NULL)
    return NULL;
  transparent = is_transparent (pixbuf);
  while (gdk_pixbuf_get_width (pixbuf) > 64 && gdk_pixbuf_get_height (pixbuf) > 64)
    {
      GBytes *smaller = encode_below (pixbuf, transparent, max_bytes, &problem);
      GdkPixbuf *scaled;

      if (smaller != NULL)
        return smaller;
      if (problem != NULL)
        break;
      scaled = gdk_pixbuf_scale_simple (pixbuf, gdk_pixbuf_get_width (pixbuf) * 3 / 4,
                                        gdk_pixbuf_get_height (pixbuf) * 3 / 4, GDK_INTERP_BILINEAR);
      g_object_unref (pixbuf);
      pixbuf = scaled;
      if (pixbuf == NULL)
        break;
    }
  if (problem == NULL)
    problem = make_error (_("Picture Too Large"), _("This picture cannot be made small enough to be sent."), NULL);
  g_propagate_error (error, g_steal_pointer (&problem));
  return NULL;
}
