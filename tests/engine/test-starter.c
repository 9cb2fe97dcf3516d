/* The model that comes with Sfumato draws what it drew when it was put there.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/sd3.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <stdlib.h>
#include <string.h>

/* As data/starter-model/finish asks for it. */
#define PROMPT "a red house in a meadow with the sun on the right"
#define SEED   1

/* Mean differences of 255. Processors round otherwise, and twenty guided steps amplify that; another seed is another
 * picture. src/engine/NOTES.md, "Where the tolerances come from", has what was measured. */
#define SAME 2.0

static sd3_engine *
open_starter (void)
{
  sd3_error error = { "" };
  sd3_engine *engine = sd3_open (&(sd3_options) { .paths = (const char *[]) { STARTER }, .n_paths = 1, .device = "cpu" }, &error);

  if (!engine)
    g_error ("%s", error.text);
  return engine;
}

static guint8 *
make (sd3_engine *engine,
      guint64     seed,
      const char *negative,
      int        *side)
{
  sd3_request request = sd3_defaults (engine);
  sd3_error error = { "" };
  sd3_picture picture;

  request.prompt = PROMPT;
  request.negative = negative;
  request.seed = seed;
  if (!sd3_generate (engine, &request, &picture, &error))
    g_error ("%s", error.text);
  *side = picture.width;
  return picture.rgb;
}

static double
difference (const guint8 *a,
            const guint8 *b,
            gsize         n)
{
  guint64 sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += (guint64) abs (a[i] - b[i]);
  return (double) sum / (double) n;
}

static guint8 *
read_golden (int side)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GdkPixbuf) pixbuf = gdk_pixbuf_new_from_file (GOLDEN, &error);
  guint8 *rgb = g_malloc ((gsize) side * side * 3);

  g_assert_no_error (error);
  g_assert_cmpint (gdk_pixbuf_get_width (pixbuf), ==, side);
  g_assert_cmpint (gdk_pixbuf_get_height (pixbuf), ==, side);
  for (int y = 0; y < side; y++)
    for (int x = 0; x < side; x++)
      memcpy (rgb + 3 * (y * side + x), gdk_pixbuf_read_pixels (pixbuf) + y * gdk_pixbuf_get_rowstride (pixbuf) +
              x * gdk_pixbuf_get_n_channels (pixbuf), 3);
  return rgb;
}

static void
test_picture (void)
{
  sd3_engine *engine = open_starter ();
  int side;
  g_autofree guint8 *is = make (engine, SEED, NULL, &side);
  g_autofree guint8 *expected = read_golden (side);
  double different = difference (is, expected, (gsize) side * side * 3);

  g_test_message ("%.3f from the stored picture", different);
  g_assert_cmpfloat (different, <, SAME);
  sd3_close (engine);
}

/* The measure tells pictures from each other. */
static void
test_others_differ (void)
{
  sd3_engine *engine = open_starter ();
  int side;
  g_autofree guint8 *other = make (engine, SEED + 1, NULL, &side);
  g_autofree guint8 *without = make (engine, SEED, "a red house", &side);
  g_autofree guint8 *expected = read_golden (side);
  double by_seed = difference (other, expected, (gsize) side * side * 3);
  double by_words = difference (without, expected, (gsize) side * side * 3);

  g_test_message ("%.3f with another seed, %.3f with a negative prompt", by_seed, by_words);
  g_assert_cmpfloat (by_seed, >, 2 * SAME);
  g_assert_cmpfloat (by_words, >, SAME);
  sd3_close (engine);
}

static void
test_what_it_offers (void)
{
  sd3_engine *engine = open_starter ();
  sd3_request request = sd3_defaults (engine);

  g_assert_cmpint (request.steps, ==, 20);
  g_assert_cmpfloat (request.guidance, ==, 4);
  g_assert_true (request.width == 128 || request.width == 256);
  g_assert_cmpint (sd3_get_info (engine)->largest_side, ==, 512);
  g_assert_cmpint (sd3_get_info (engine)->side_step, ==, 16);
  g_assert_cmpuint (sd3_get_info (engine)->file_size, <, 32000000);
  sd3_close (engine);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/starter/what-it-offers", test_what_it_offers);
  g_test_add_func ("/starter/picture", test_picture);
  g_test_add_func ("/starter/others-differ", test_others_differ);
  return g_test_run ();
}
