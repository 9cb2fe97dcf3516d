/* Pixels: right ones from good pictures, an error from everything else, and never much memory or time.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "domain/sfumato-error.h"
#include "gallery/sfumato-image.h"
#include "gallery/sfumato-thumbnails.h"
#include "sample.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <utime.h>

/* Left half red, right half blue; with alpha the lower half is half transparent. */
static GdkPixbuf *
draw (int      width,
      int      height,
      gboolean alpha)
{
  GdkPixbuf *pixbuf = gdk_pixbuf_new (GDK_COLORSPACE_RGB, alpha, 8, width, height);
  guint8 *pixels = gdk_pixbuf_get_pixels (pixbuf);

  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      {
        guint8 *pixel = pixels + y * gdk_pixbuf_get_rowstride (pixbuf) + x * (alpha ? 4 : 3);

        pixel[0] = x < width / 2 ? 250 : 10;
        pixel[1] = 10;
        pixel[2] = x < width / 2 ? 10 : 250;
        if (alpha)
          pixel[3] = y < height / 2 ? 255 : 128;
      }
  return pixbuf;
}

static GBytes *
save (GdkPixbuf  *pixbuf,
      const char *type)
{
  GError *error = NULL;
  char *data;
  gsize size;

  gdk_pixbuf_save_to_buffer (pixbuf, &data, &size, type, &error, NULL);
  g_assert_no_error (error);
  return g_bytes_new_take (data, size);
}

static GBytes *
make_picture (const char *type,
              int         width,
              int         height,
              gboolean    alpha)
{
  g_autoptr (GdkPixbuf) pixbuf = draw (width, height, alpha);

  return save (pixbuf, type);
}

static void
assert_near (const guint8 *pixel,
             guint8        red,
             guint8        blue,
             guint8        alpha)
{
  g_assert_cmpint (ABS (pixel[0] - red), <=, 12);
  g_assert_cmpint (ABS (pixel[2] - blue), <=, 12);
  g_assert_cmpint (ABS (pixel[3] - alpha), <=, 2);
}

static void
test_decode (void)
{
  static const struct
  {
    const char *type;
    gboolean    alpha;
    guint       max_side;
    guint       width;
    guint       height;
  } cases[] = {
    { "png", FALSE, 0, 101, 50 },   { "png", TRUE, 0, 101, 50 },  { "jpeg", FALSE, 0, 101, 50 },
    { "webp", FALSE, 0, 101, 50 },  { "webp", TRUE, 0, 101, 50 }, { "png", TRUE, 50, 50, 24 },
    { "jpeg", FALSE, 50, 50, 24 },  { "webp", TRUE, 50, 50, 24 }, { "png", FALSE, 500, 101, 50 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) bytes = make_picture (cases[i].type, 101, 50, cases[i].alpha);
      g_autoptr (GError) error = NULL;
      guint width, height;
      g_autoptr (GBytes) pixels = sfumato_gallery_decode (bytes, cases[i].max_side, &width, &height, &error);
      const guint8 *data;

      g_assert_no_error (error);
      g_assert_cmpuint (width, ==, cases[i].width);
      g_assert_cmpuint (height, ==, cases[i].height);
      g_assert_cmpuint (g_bytes_get_size (pixels), ==, 4 * width * height);
      data = g_bytes_get_data (pixels, NULL);
      assert_near (data + 4 * (width * 4 + width / 4), 250, 10, 255);
      assert_near (data + 4 * (width * (height - 4) + width - 4), 10, 250, cases[i].alpha ? 128 : 255);
    }
}

static GBytes *
splice (GBytes       *bytes,
        gsize         at,
        const void   *middle,
        gsize         length)
{
  GByteArray *all = g_byte_array_new ();
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  g_byte_array_append (all, data, at);
  g_byte_array_append (all, middle, length);
  g_byte_array_append (all, data + at, size - at);
  return g_byte_array_free_to_bytes (all);
}

/* Exif 2.3: orientation 6, to be turned by 90° clockwise: what was left is then above. */
static void
test_orientation (void)
{
  static const guint8 exif[] = { 0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1,
                                 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0 };
  g_autoptr (GBytes) plain = make_picture ("jpeg", 100, 50, FALSE);
  g_autoptr (GBytes) turned = splice (plain, 2, exif, sizeof exif);
  guint width, height;
  g_autoptr (GBytes) pixels = sfumato_gallery_decode (turned, 0, &width, &height, NULL);
  const guint8 *data = g_bytes_get_data (pixels, NULL);

  g_assert_cmpuint (width, ==, 50);
  g_assert_cmpuint (height, ==, 100);
  assert_near (data + 4 * (5 * width + 5), 250, 10, 255);
  assert_near (data + 4 * (95 * width + 45), 10, 250, 255);
}

static void
assert_refused (GBytes *bytes)
{
  g_autoptr (GError) error = NULL;
  guint width, height;

  g_assert_null (sfumato_gallery_decode (bytes, 0, &width, &height, &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_INVALID);
}

static void
test_truncated (void)
{
  static const char * const types[] = { "png", "jpeg", "webp" };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autoptr (GBytes) whole = make_picture (types[i], 60, 40, i != 1);
      gsize size = g_bytes_get_size (whole);

      for (guint cut = 0; cut < 100; cut++)
        {
          g_autoptr (GBytes) bytes = g_bytes_new_from_bytes (whole, 0, (size - 1) * cut / 99);

          assert_refused (bytes);
        }
    }
}

/* ---- bombs ---- */

static void
append_chunk (GByteArray *png,
              const char *name,
              gsize       length,
              guint8      filling)
{
  guint32 big = GUINT32_TO_BE ((guint32) length);
  gsize at;

  g_byte_array_append (png, (guint8 *) &big, 4);
  g_byte_array_append (png, (const guint8 *) name, 4);
  at = png->len;
  g_byte_array_set_size (png, at + length + 4); /* no right checksum: it is not to be looked at */
  memset (png->data + at, filling, length + 4);
}

static GBytes *
png_with_chunks (const char *name,
                 guint       n,
                 gsize       length)
{
  g_autoptr (GBytes) plain = make_picture ("png", 30, 20, FALSE);
  g_autoptr (GByteArray) chunks = g_byte_array_new ();

  for (guint i = 0; i < n; i++)
    append_chunk (chunks, name, length, 'x');
  return splice (plain, 33, chunks->data, chunks->len);
}

/* What is not the picture is not looked at, however much there is of it. */
static void
test_png_chunks (void)
{
  static const struct
  {
    const char *name;
    guint       n;
    gsize       length;
  } cases[] = {
    { "tEXt", 1, 60 * 1000 * 1000 }, { "tEXt", 100000, 100 },         { "zTXt", 60, 1000 * 1000 },
    { "iTXt", 1, 30 * 1000 * 1000 }, { "iCCP", 1, 10 * 1000 * 1000 }, { "eXIf", 1, 10 * 1000 * 1000 },
    { "acTL", 1, 8 },                { "caBX", 1, 10 * 1000 * 1000 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) bytes = png_with_chunks (cases[i].name, cases[i].n, cases[i].length);
      g_autoptr (GError) error = NULL;
      gint64 begin = g_get_monotonic_time ();
      guint width, height;
      g_autoptr (GBytes) pixels = sfumato_gallery_decode (bytes, 0, &width, &height, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (width, ==, 30);
      g_assert_cmpint (g_get_monotonic_time () - begin, <, 2 * G_USEC_PER_SEC);
    }
}

/* A good PNG that says it is of another size. */
static GBytes *
png_of_size (guint32 width,
             guint32 height)
{
  g_autoptr (GBytes) plain = make_picture ("png", 8, 8, FALSE);
  guint8 *data = g_memdup2 (g_bytes_get_data (plain, NULL), g_bytes_get_size (plain));
  guint32 big[2] = { GUINT32_TO_BE (width), GUINT32_TO_BE (height) };

  memcpy (data + 16, big, 8);
  return g_bytes_new_take (data, g_bytes_get_size (plain));
}

static GBytes *
jpeg_of_size (guint16 width,
              guint16 height)
{
  g_autoptr (GBytes) plain = make_picture ("jpeg", 8, 8, FALSE);
  gsize size;
  guint8 *data = g_bytes_unref_to_data (g_steal_pointer (&plain), &size);
  guint16 big[2] = { GUINT16_TO_BE (height), GUINT16_TO_BE (width) };
  guint8 *frame = data;

  while (frame[0] != 0xff || frame[1] != 0xc0)
    frame++;
  memcpy (frame + 5, big, 4);
  return g_bytes_new_take (data, size);
}

/* Two frame headers: a small one that is checked, and a huge one for the decoder. */
static GBytes *
jpeg_with_two_sizes (void)
{
  g_autoptr (GBytes) huge = jpeg_of_size (65000, 65000);
  static const guint8 small[] = { 0xff, 0xc0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0 };
  g_autoptr (GBytes) first = splice (huge, 2, small, sizeof small);

  return g_steal_pointer (&first);
}

static GBytes *
jpeg_of_scans (guint n)
{
  g_autoptr (GBytes) plain = make_picture ("jpeg", 8, 8, FALSE);
  g_autoptr (GByteArray) scans = g_byte_array_new ();
  static const guint8 scan[] = { 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0 };

  for (guint i = 0; i < n; i++)
    g_byte_array_append (scans, scan, sizeof scan);
  return splice (plain, g_bytes_get_size (plain) - 2, scans->data, scans->len);
}

/* A gibibyte is far more than any picture here may take. */
static void
limit_memory (void)
{
#ifndef __SANITIZE_ADDRESS__ /* which has terabytes of addresses of its own */
  struct rlimit limit = { .rlim_cur = (rlim_t) 1 << 30, .rlim_max = (rlim_t) 1 << 30 };

  g_assert_cmpint (setrlimit (RLIMIT_AS, &limit), ==, 0);
#endif
}

static void
refuse_bombs (gpointer data)
{
  g_autoptr (GPtrArray) bombs = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);

  g_ptr_array_add (bombs, png_of_size (20000, 20000));
  g_ptr_array_add (bombs, png_of_size (16384, 16384));
  g_ptr_array_add (bombs, png_of_size (1, 0x7fffffff));
  g_ptr_array_add (bombs, png_of_size (0xffffffff, 0xffffffff));
  g_ptr_array_add (bombs, png_of_size (8000, 8000));
  g_ptr_array_add (bombs, jpeg_of_size (65500, 65500));
  g_ptr_array_add (bombs, jpeg_of_size (65500, 8));
  g_ptr_array_add (bombs, jpeg_with_two_sizes ());
  g_ptr_array_add (bombs, jpeg_of_scans (20000));
  g_ptr_array_add (bombs, g_bytes_new_static ("", 0));
  g_ptr_array_add (bombs, g_bytes_new_static ("This is no picture.", 19));
  limit_memory ();
  for (guint i = 0; i < bombs->len; i++)
    {
      gint64 begin = g_get_monotonic_time ();

      assert_refused (g_ptr_array_index (bombs, i));
      g_assert_cmpint (g_get_monotonic_time () - begin, <, 5 * G_USEC_PER_SEC);
    }
}

static void
test_bombs (void)
{
  scratch_in_child (refuse_bombs, NULL);
}

/* ---- pictures to start from ---- */

static const guint8 gif[] = { 'G', 'I', 'F', '8', '9', 'a', 2, 0, 1, 0, 0x80, 0, 0, 255, 0, 0, 0, 0, 255, ',', 0, 0, 0,
                              0, 2, 0, 1, 0, 0, 2, 2, 0x44, 0x0a, 0, ';' };
static const char svg[] = "<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"40\" height=\"20\">"
                          "<rect width=\"40\" height=\"20\" fill=\"#f00\"/></svg>";

static void
assert_converts (GBytes *bytes,
                 guint   width,
                 guint   height)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) png = sfumato_gallery_convert_input (bytes, &error);
  SfumatoImageHeader header;

  g_assert_no_error (error);
  g_assert_true (sfumato_image_header_read (g_bytes_get_data (png, NULL), g_bytes_get_size (png), &header));
  g_assert_cmpint (header.type, ==, SFUMATO_IMAGE_PNG);
  g_assert_cmpuint (header.width, ==, width);
  g_assert_cmpuint (header.height, ==, height);
}

static void
test_convert (void)
{
  static const char * const kept[] = { "png", "jpeg", "webp" };
  static const char * const converted[] = { "bmp", "tiff" };
  g_autoptr (GBytes) animation = g_bytes_new_static (gif, sizeof gif);
  g_autoptr (GBytes) drawing = g_bytes_new_static (svg, sizeof svg - 1);

  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    {
      g_autoptr (GBytes) bytes = make_picture (kept[i], 40, 20, FALSE);
      g_autoptr (GBytes) same = sfumato_gallery_convert_input (bytes, NULL);

      g_assert_true (g_bytes_equal (bytes, same));
    }
  for (guint i = 0; i < G_N_ELEMENTS (converted); i++)
    {
      g_autoptr (GBytes) bytes = make_picture (converted[i], 40, 20, FALSE);

      assert_converts (bytes, 40, 20);
    }
  assert_converts (animation, 2, 1);
  assert_converts (drawing, 40, 20);
}

static void
refuse_foreign (gpointer data)
{
  static const char huge_gif[] = "GIF89a\xff\xff\xff\xff\x80\0\0\377\0\0\0\0\377,\0\0\0\0\2\0\1\0\0\2\2\x44\x0a\0;";
  static const char huge_bmp[] = "BM\x40\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\xff\xff\xff\x7f\xff\xff\xff\x7f\1\0\x18\0"
                                 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
  static const char huge_tiff[] = "II*\0\x08\0\0\0\2\0\0\1\4\0\1\0\0\0\xff\xff\xff\0\1\1\4\0\1\0\0\0\xff\xff\xff\0";
  static const char empty_tiff[] = "II*\0\x08\0\0\0\0\0";
  static const char wild_tiff[] = "MM\0*\xff\xff\xff\xff\0\0";
  static const char bad_svg[] = "<svg <<<";
  static const struct
  {
    const char *data;
    gsize       size;
  } cases[] = {
    { "", 0 },                                { "GIF89a", 6 },
    { "%PDF-1.4 a document", 19 },            { "hello", 5 },
    { huge_gif, sizeof huge_gif - 1 },        { huge_bmp, sizeof huge_bmp - 1 },
    { huge_tiff, sizeof huge_tiff - 1 },      { empty_tiff, sizeof empty_tiff - 1 },
    { wild_tiff, sizeof wild_tiff - 1 },      { bad_svg, sizeof bad_svg - 1 },
    { "BM", 2 },
  };

  limit_memory ();
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new_static (cases[i].data, cases[i].size);
      g_autoptr (GError) error = NULL;

      g_assert_null (sfumato_gallery_convert_input (bytes, &error));
      g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_INVALID);
      g_assert_cmpstr (sfumato_error_get_field (error), ==, "input");
    }
}

static void
test_convert_bad (void)
{
  scratch_in_child (refuse_foreign, NULL);
}

/* A drawing of any size becomes a picture of a size that can be used. */
static void
test_convert_huge_drawing (void)
{
  static const char drawing[] = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"30000\" height=\"15000\"></svg>";
  g_autoptr (GBytes) bytes = g_bytes_new_static (drawing, sizeof drawing - 1);

  assert_converts (bytes, 2048, 1024);
}

static void
assert_takes_too_long (GBytes *bytes,
                       guint   seconds)
{
  gint64 began = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;

  g_assert_null (sfumato_image_convert (bytes, seconds, &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "too long"));
  g_assert_cmpint (g_get_monotonic_time () - began, <, (seconds + 10) * G_TIME_SPAN_SECOND);
}

/* A few lines that keep the decoder busy for a minute: with the child ends what it still does. */
static void
convert_endless_drawing (gpointer data)
{
  static const char small[] = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"64\" height=\"64\"/>";
  g_autoptr (GBytes) simple = g_bytes_new_static (small, sizeof small - 1);
  g_autoptr (GString) text = g_string_new ("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"2000\" height=\"2000\">"
                                           "<filter id=\"f\">");
  g_autoptr (GBytes) endless = NULL;

  for (int i = 0; i < 50; i++)
    g_string_append (text, "<feTurbulence numOctaves=\"200\" baseFrequency=\"9\"/>");
  g_string_append (text, "</filter><rect width=\"2000\" height=\"2000\" filter=\"url(#f)\"/></svg>");
  endless = g_bytes_new (text->str, text->len);
  assert_takes_too_long (endless, 1);
  /* Only one burns at a time. */
  assert_takes_too_long (simple, 1);
}

static void
test_convert_endless_drawing (void)
{
  scratch_in_child (convert_endless_drawing, NULL);
}

static GBytes *
make_noise (int      side,
            gboolean alpha)
{
  g_autoptr (GdkPixbuf) pixbuf = gdk_pixbuf_new (GDK_COLORSPACE_RGB, alpha, 8, side, side);
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  guint8 *pixels = gdk_pixbuf_get_pixels (pixbuf);

  for (gsize i = 0; i < gdk_pixbuf_get_byte_length (pixbuf); i++)
    pixels[i] = g_rand_int (random);
  return save (pixbuf, "png");
}

static void
test_shrink (void)
{
  for (guint alpha = 0; alpha < 2; alpha++)
    {
      g_autoptr (GBytes) noise = make_noise (700, alpha);
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) same = sfumato_gallery_shrink_input (noise, g_bytes_get_size (noise), NULL);
      g_autoptr (GBytes) smaller = sfumato_gallery_shrink_input (noise, 200 * 1000, &error);
      SfumatoImageHeader header;

      g_assert_true (g_bytes_equal (same, noise));
      g_assert_no_error (error);
      g_assert_cmpuint (g_bytes_get_size (smaller), <=, 200 * 1000);
      g_assert_true (sfumato_image_header_read (g_bytes_get_data (smaller, NULL), g_bytes_get_size (smaller), &header));
      g_assert_true (header.complete);
      g_assert_cmpint (header.type, ==, alpha ? SFUMATO_IMAGE_PNG : SFUMATO_IMAGE_JPEG);
      g_assert_null (sfumato_gallery_shrink_input (noise, 10, &error));
      g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_INVALID);
    }
}

/* ---- thumbnails ---- */

static char *
get_thumbnail (Sample         *sample,
               SfumatoPicture *picture,
               int             size)
{
  GError *error = NULL;
  char *path = sfumato_gallery_thumbnail (sample->gallery, picture, size, NULL, &error);

  g_assert_no_error (error);
  return path;
}

static void
test_thumbnail (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (GBytes) large = make_picture ("webp", 900, 600, FALSE);
  g_autoptr (SfumatoPicture) picture = NULL;
  g_autofree char *path = NULL;
  g_autofree char *again = NULL;
  g_autofree char *other = NULL;
  g_autofree char *gone = NULL;
  g_autoptr (GError) error = NULL;
  GStatBuf info;
  int width, height;

  scratch_write (sample->folder, "a.webp", g_bytes_get_data (large, NULL), g_bytes_get_size (large));
  g_assert_true (sfumato_gallery_scan (sample->gallery, NULL, NULL));
  picture = sfumato_gallery_find (sample->gallery, "a.webp");
  path = get_thumbnail (sample, picture, 256);
  g_assert_true (g_str_has_prefix (path, sample->cache));
  g_assert_nonnull (gdk_pixbuf_get_file_info (path, &width, &height));
  g_assert_cmpint (width, ==, 256);
  g_assert_cmpint (height, ==, 170);

  /* What was cut by a power cut is made again. */
  g_assert_cmpint (truncate (path, 100), ==, 0);
  again = get_thumbnail (sample, picture, 256);
  g_assert_cmpstr (again, ==, path);
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_size, >, 100);

  /* Of another picture under the same name there is another thumbnail. */
  scratch_write (sample->folder, "a.webp", g_bytes_get_data (large, NULL), g_bytes_get_size (large));
  other = get_thumbnail (sample, picture, 256);
  g_assert_cmpstr (other, !=, path);

  gone = sample_path (sample, "a.webp");
  g_assert_cmpint (g_unlink (gone), ==, 0);
  g_assert_null (sfumato_gallery_thumbnail (sample->gallery, picture, 256, NULL, &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_STORAGE);
}

static void
test_thumbnail_cancelled (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (SfumatoPicture) picture = sample_add (sample->gallery, "a fox", 1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_null (sfumato_gallery_thumbnail (sample->gallery, picture, 256, cancellable, &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_CANCELLED);
}

/* The oldest go when there are too many, and the one that is asked for is there. */
static void
test_thumbnails_bounded (void)
{
  g_autoptr (ScratchDir) top = scratch_make ();
  g_autofree char *cache = g_build_filename (top, "cache", NULL);
  g_autofree char *file = g_build_filename (top, "noise.png", NULL);
  g_autoptr (SfumatoThumbnails) thumbnails = sfumato_thumbnails_new (cache, 1000 * 1000);
  g_autoptr (GBytes) noise = make_noise (300, FALSE);
  goffset total = 0;
  g_autoptr (GPtrArray) left = NULL;

  scratch_write (top, "noise.png", g_bytes_get_data (noise, NULL), g_bytes_get_size (noise));
  for (int i = 0; i < 20; i++)
    {
      g_autofree char *name = g_strdup_printf ("picture%02d", i);
      g_autofree char *path = sfumato_thumbnails_get (thumbnails, name, file, 256, NULL, NULL);
      struct utimbuf times = { .actime = 1000 + i, .modtime = 1000 + i };

      g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
      g_assert_cmpint (g_utime (path, &times), ==, 0);
    }
  left = scratch_list (cache, "", ".png");
  g_assert_cmpuint (left->len, >=, 3);
  g_assert_true (g_str_has_prefix (g_ptr_array_index (left, left->len - 1), "picture19"));
  for (guint i = 0; i < left->len; i++)
    {
      g_autoptr (GBytes) bytes = scratch_read (cache, g_ptr_array_index (left, i));

      total += g_bytes_get_size (bytes);
    }
  g_assert_cmpint (total, <=, 1000 * 1000);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  /* In children, before a decoder has threads that those would not have. */
  g_test_add_func ("/image/bombs", test_bombs);
  g_test_add_func ("/image/convert-bad", test_convert_bad);
  g_test_add_func ("/image/decode", test_decode);
  g_test_add_func ("/image/orientation", test_orientation);
  g_test_add_func ("/image/truncated", test_truncated);
  g_test_add_func ("/image/png-chunks", test_png_chunks);
  g_test_add_func ("/image/convert", test_convert);
  g_test_add_func ("/image/convert-huge-drawing", test_convert_huge_drawing);
  g_test_add_func ("/image/convert-endless-drawing", test_convert_endless_drawing);
  g_test_add_func ("/image/shrink", test_shrink);
  g_test_add_func ("/image/thumbnail", test_thumbnail);
  g_test_add_func ("/image/thumbnail-cancelled", test_thumbnail_cancelled);
  g_test_add_func ("/image/thumbnails-bounded", test_thumbnails_bounded);

  return sample_run ();
}
