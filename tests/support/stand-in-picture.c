/* Draws what the stand-in answers: soft clouds of colour that depend on prompt and seed, so that a gallery of them
 * looks alive and the same seed gives the same picture.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "stand-in-private.h"

#define CLOUDS 7

typedef struct
{
  double x, y, radius;
  double color[3];
} Cloud;

static void
hue_to_rgb (double  hue,
            double  value,
            double *color)
{
  for (int i = 0; i < 3; i++)
    color[i] = value * (0.62 + 0.38 * cos (2 * G_PI * (hue + i / 3.0)));
}

static void
make_clouds (const char *prompt,
             guint32     seed,
             Cloud      *clouds)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (g_str_hash (prompt) ^ seed);
  double hue = g_rand_double (random);

  for (int i = 0; i < CLOUDS; i++)
    {
      clouds[i].x = g_rand_double (random);
      clouds[i].y = g_rand_double (random);
      clouds[i].radius = 0.15 + 0.35 * g_rand_double (random);
      hue_to_rgb (hue + 0.35 * g_rand_double (random), 90 + 165 * g_rand_double (random), clouds[i].color);
    }
}

static void
paint (const Cloud *clouds,
       double       x,
       double       y,
       guchar      *pixel)
{
  double sum[3] = { 8, 8, 12 };
  double weight = 0.2;

  for (int i = 0; i < CLOUDS; i++)
    {
      double dx = x - clouds[i].x;
      double dy = y - clouds[i].y;
      double share = exp (-(dx * dx + dy * dy) / (clouds[i].radius * clouds[i].radius));

      weight += share;
      for (int c = 0; c < 3; c++)
        sum[c] += share * clouds[i].color[c];
    }
  for (int c = 0; c < 3; c++)
    pixel[c] = CLAMP (sum[c] / weight, 0, 255);
}

/* Painted small and enlarged: clouds have no edges to lose. */
static GdkPixbuf *
draw (const char *prompt,
      guint32     seed,
      int         width,
      int         height,
      int         grain)
{
  int small_width = MAX (width / grain, 2);
  int small_height = MAX (height / grain, 2);
  g_autoptr (GdkPixbuf) small = gdk_pixbuf_new (GDK_COLORSPACE_RGB, FALSE, 8, small_width, small_height);
  guchar *pixels = gdk_pixbuf_get_pixels (small);
  Cloud clouds[CLOUDS];

  make_clouds (prompt, seed, clouds);
  for (int y = 0; y < small_height; y++)
    for (int x = 0; x < small_width; x++)
      paint (clouds, (x + 0.5) / small_width, (y + 0.5) / small_height,
             pixels + y * gdk_pixbuf_get_rowstride (small) + 3 * x);
  return gdk_pixbuf_scale_simple (small, width, height, GDK_INTERP_BILINEAR);
}

/* Strength as the service means it: 0 gives the input back, 1 ignores it. */
static void
mix_in (GdkPixbuf *picture,
        GBytes    *input,
        double     strength)
{
  g_autoptr (GInputStream) stream = g_memory_input_stream_new_from_bytes (input);
  g_autoptr (GdkPixbuf) other = gdk_pixbuf_new_from_stream (stream, NULL, NULL);
  int width = gdk_pixbuf_get_width (picture);
  int height = gdk_pixbuf_get_height (picture);

  gdk_pixbuf_composite (other, picture, 0, 0, width, height, 0, 0, (double) width / gdk_pixbuf_get_width (other),
                        (double) height / gdk_pixbuf_get_height (other), GDK_INTERP_BILINEAR,
                        CLAMP (255 * (1 - strength), 0, 255));
}

static guint32
crc32 (const guint8 *data,
       gsize         size)
{
  guint32 crc = 0xffffffffu;

  for (gsize i = 0; i < size; i++)
    {
      crc ^= data[i];
      for (int bit = 0; bit < 8; bit++)
        crc = (crc >> 1) ^ (0xedb88320u & -(crc & 1));
    }
  return ~crc;
}

static void
append_be32 (GByteArray *bytes,
             guint32     value)
{
  guint32 big = GUINT32_TO_BE (value);

  g_byte_array_append (bytes, (guint8 *) &big, 4);
}

/* Pictures of the real service carry a content credential, signed anew each time: the same pixels, other bytes.
 * This is an empty one with a random salt in its place, behind the PNG's first chunk. */
static GBytes *
add_credential (const char *png,
                gsize       size)
{
  static const char box[] = "caBX" "\0\0\0\x46" "jumb" "\0\0\0\x1e" "jumd"
                            "c2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71" "\x03" "c2pa\0" "\0\0\0\x20" "free";
  const gsize box_size = sizeof box - 1;
  const gsize first = 8 + 25;
  GByteArray *bytes = g_byte_array_new ();
  guint8 salt[24];

  for (guint i = 0; i < sizeof salt; i++)
    salt[i] = g_random_int_range (0, 256);
  g_byte_array_append (bytes, (const guint8 *) png, first);
  append_be32 (bytes, box_size - 4 + sizeof salt);
  g_byte_array_append (bytes, (const guint8 *) box, box_size);
  g_byte_array_append (bytes, salt, sizeof salt);
  append_be32 (bytes, crc32 (bytes->data + first + 4, box_size + sizeof salt));
  g_byte_array_append (bytes, (const guint8 *) png + first, size - first);
  return g_byte_array_free_to_bytes (bytes);
}

GBytes *
stand_in_picture_new (const char *prompt,
                      guint32     seed,
                      int         width,
                      int         height,
                      const char *format,
                      gboolean    blurred,
                      GBytes     *input,
                      double      strength)
{
  g_autoptr (GdkPixbuf) picture = draw (prompt, seed, width, height, blurred ? 256 : 8);
  g_autoptr (GError) error = NULL;
  g_autofree char *data = NULL;
  gsize size;
  gboolean png = strcmp (format, "png") == 0;

  if (input != NULL)
    mix_in (picture, input, strength);
  if (!gdk_pixbuf_save_to_buffer (picture, &data, &size, format, &error, png ? "compression" : NULL, "1", NULL))
    g_error ("cannot write %s here: %s", format, error->message);
  return png ? add_credential (data, size) : g_bytes_new_take (g_steal_pointer (&data), size);
}
