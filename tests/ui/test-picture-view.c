/* Zoom and pan of the picture view, as numbers.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/gallery/sfumato-picture-view.h"

#define CLOSE 0.001

static GdkTexture *
make_texture (int width,
              int height)
{
  g_autoptr (GBytes) pixels = g_bytes_new_take (g_malloc0 ((gsize) width * height * 4), (gsize) width * height * 4);

  return gdk_memory_texture_new (width, height, GDK_MEMORY_R8G8B8A8, pixels, (gsize) width * 4);
}

/* A view of 400 × 300 on a picture. */
static SfumatoPictureView *
make_view (int width,
           int height)
{
  SfumatoPictureView *view = g_object_ref_sink (g_object_new (SFUMATO_TYPE_PICTURE_VIEW, NULL));
  g_autoptr (GdkTexture) texture = make_texture (width, height);

  sfumato_picture_view_set_texture (view, texture, width, height);
  gtk_widget_measure (GTK_WIDGET (view), GTK_ORIENTATION_HORIZONTAL, -1, NULL, NULL, NULL, NULL);
  gtk_widget_allocate (GTK_WIDGET (view), 400, 300, -1, NULL);
  return view;
}

static void
test_fits (void)
{
  static const struct { int width, height; double zoom; } cases[] = {
    { 800, 600, 0.5 }, { 800, 300, 0.5 }, { 400, 1200, 0.25 }, { 400, 300, 1 }, { 100, 100, 3 }, { 1, 1, 300 },
    { 16384, 1, 400 / 16384.0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (SfumatoPictureView) view = make_view (cases[i].width, cases[i].height);

      g_assert_true (sfumato_picture_view_is_fitted (view));
      g_assert_cmpfloat_with_epsilon (sfumato_picture_view_get_zoom (view), cases[i].zoom, CLOSE);
      g_assert_false (sfumato_picture_view_pan (view, 1, 1));
    }
}

static void
test_steps_stop_at_the_pictures_own_size (void)
{
  g_autoptr (SfumatoPictureView) view = make_view (800, 600);
  guint steps = 0;

  while (sfumato_picture_view_get_zoom (view) < 1 && steps++ < 10)
    sfumato_picture_view_zoom_in (view);
  g_assert_cmpfloat (sfumato_picture_view_get_zoom (view), ==, 1);
  sfumato_picture_view_zoom_in (view);
  g_assert_cmpfloat (sfumato_picture_view_get_zoom (view), >, 1);
  sfumato_picture_view_zoom_out (view);
  g_assert_cmpfloat_with_epsilon (sfumato_picture_view_get_zoom (view), 1, CLOSE);
}

static void
test_has_limits (void)
{
  g_autoptr (SfumatoPictureView) view = make_view (800, 600);
  g_autoptr (SfumatoPictureView) tiny = make_view (10, 10);

  for (guint i = 0; i < 100; i++)
    sfumato_picture_view_zoom_in (view);
  g_assert_cmpfloat (sfumato_picture_view_get_zoom (view), ==, 16);
  for (guint i = 0; i < 100; i++)
    sfumato_picture_view_zoom_out (view);
  g_assert_true (sfumato_picture_view_is_fitted (view));

  /* What fits only enlarged can be seen at its own size, and no smaller. */
  sfumato_picture_view_zoom_to (tiny, 2);
  g_assert_cmpfloat (sfumato_picture_view_get_zoom (tiny), ==, 2);
  sfumato_picture_view_zoom_to (tiny, 0.1);
  g_assert_true (sfumato_picture_view_is_fitted (tiny));
}

static void
test_pans_to_the_edge (void)
{
  g_autoptr (SfumatoPictureView) view = make_view (800, 600);
  guint moves = 0;

  sfumato_picture_view_zoom_to (view, 1);
  while (sfumato_picture_view_pan (view, 0.2, 0) && moves < 100)
    moves++;
  /* From the middle it is half a view to the right edge: two moves and a half. */
  g_assert_cmpuint (moves, ==, 3);
  g_assert_true (sfumato_picture_view_pan (view, -0.2, 0));
  sfumato_picture_view_fit (view);
  g_assert_false (sfumato_picture_view_pan (view, -0.2, 0));
}

static void
count_cb (guint *count)
{
  (*count)++;
}

static void
test_a_better_texture_keeps_the_zoom (void)
{
  g_autoptr (SfumatoPictureView) view = make_view (800, 600);
  g_autoptr (GdkTexture) better = make_texture (800, 600);
  guint told = 0;

  sfumato_picture_view_zoom_to (view, 2);
  sfumato_picture_view_set_texture (view, better, 800, 600);
  g_assert_cmpfloat (sfumato_picture_view_get_zoom (view), ==, 2);
  g_signal_connect_swapped (view, "notify::fitted", G_CALLBACK (count_cb), &told);
  sfumato_picture_view_fit (view);
  g_assert_cmpuint (told, ==, 1);
  g_assert_true (sfumato_picture_view_is_fitted (view));
}

static void
test_nothing_to_show (void)
{
  g_autoptr (SfumatoPictureView) view = g_object_ref_sink (g_object_new (SFUMATO_TYPE_PICTURE_VIEW, NULL));

  sfumato_picture_view_zoom_in (view);
  sfumato_picture_view_zoom_to (view, 2);
  sfumato_picture_view_fit (view);
  g_assert_false (sfumato_picture_view_pan (view, 1, 1));
  g_assert_true (sfumato_picture_view_is_fitted (view));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  gtk_init ();

  g_test_add_func ("/picture-view/fits", test_fits);
  g_test_add_func ("/picture-view/steps-stop-at-the-pictures-own-size", test_steps_stop_at_the_pictures_own_size);
  g_test_add_func ("/picture-view/has-limits", test_has_limits);
  g_test_add_func ("/picture-view/pans-to-the-edge", test_pans_to_the_edge);
  g_test_add_func ("/picture-view/a-better-texture-keeps-the-zoom", test_a_better_texture_keeps_the_zoom);
  g_test_add_func ("/picture-view/nothing-to-show", test_nothing_to_show);
  return g_test_run ();
}
