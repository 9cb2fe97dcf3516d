/* Pixels for the engine, and pictures from its pixels.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/local/sfumato-local-picture.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "domain/sfumato-error.h"

/* ---- in ---- */

/* A decoder that finds other sizes than the header said, which was checked, gets no memory for them. */
static void
size_prepared_cb (GdkPixbufLoader *loader,
                  int              width,
                  int              height,
                  gpointer         user_data)
{
  const SfumatoInput *input = user_data;

  if (width != (int) input->width || height != (int) input->height)
    gdk_pixbuf_loader_set_size (loader, 1, 1);
}

static GdkPixbuf *
decode (const SfumatoInput  *input,
        GError             **error)
{
  g_autoptr (GdkPixbufLoader) loader = gdk_pixbuf_loader_new ();
  g_autoptr (GError) problem = NULL;
  GdkPixbuf *pixbuf = NULL;
  gboolean written;
  GError *sentence;

  g_signal_connect (loader, "size-prepared", G_CALLBACK (size_prepared_cb), (gpointer) input);
  written = gdk_pixbuf_loader_write_bytes (loader, input->bytes, &problem);
  if (gdk_pixbuf_loader_close (loader, written ? &problem : NULL) && written)
    pixbuf = gdk_pixbuf_loader_get_pixbuf (loader);
  if (pixbuf != NULL)
    return gdk_pixbuf_apply_embedded_orientation (pixbuf);
  sentence = sfumato_error_new (SFUMATO_ERROR_INVALID, _("Picture Damaged"),
                                _("The reference picture is damaged and cannot be used."));
  sfumato_error_set_field (sentence, "input");
  if (problem != NULL)
    sfumato_error_set_details (sentence, problem->message);
  g_propagate_error (error, sentence);
  return NULL;
}

static GBytes *
pack (GdkPixbuf *pixbuf)
{
  gsize row = (gsize) gdk_pixbuf_get_width (pixbuf) * 3;
  int height = gdk_pixbuf_get_height (pixbuf);
  guint8 *packed = g_malloc (row * height);

  for (int y = 0; y < height; y++)
    memcpy (packed + y * row, gdk_pixbuf_read_pixels (pixbuf) + (gsize) y * gdk_pixbuf_get_rowstride (pixbuf), row);
  return g_bytes_new_take (packed, row * height);
}

GBytes *
sfumato_local_read_picture (const SfumatoInput  *input,
                            guint                width,
                            guint                height,
                            GError             **error)
{
  g_autoptr (GdkPixbuf) pixbuf = decode (input, error);
  g_autoptr (GdkPixbuf) fitting = NULL;
  double scale, x, y;

  if (pixbuf == NULL)
    return NULL;
  scale = MAX ((double) width / gdk_pixbuf_get_width (pixbuf), (double) height / gdk_pixbuf_get_height (pixbuf));
  x = (width - gdk_pixbuf_get_width (pixbuf) * scale) / 2;
  y = (height - gdk_pixbuf_get_height (pixbuf) * scale) / 2;
  fitting = gdk_pixbuf_new (GDK_COLORSPACE_RGB, FALSE, 8, width, height);
  if (fitting == NULL)
    {
      g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_ENGINE, _("Not Enough Memory"),
                                                   _("There is not enough memory for the reference picture.")));
      return NULL;
    }
  gdk_pixbuf_fill (fitting, 0xffffffff);
  gdk_pixbuf_composite (pixbuf, fitting, 0, 0, width, height, x, y, scale, scale, GDK_INTERP_BILINEAR, 255);
  return pack (fitting);
}

/* ---- out ---- */

GBytes *
sfumato_local_write_picture (GBytes      *rgb,
                             guint        width,
                             guint        height,
                             const char  *parameters,
                             GError     **error)
{
  g_autoptr (GdkPixbuf) pixbuf = gdk_pixbuf_new_from_bytes (rgb, GDK_COLORSPACE_RGB, FALSE, 8, width, height, width * 3);
  g_autoptr (GError) problem = NULL;
  GError *sentence;
  char *data;
  gsize size;

  if (gdk_pixbuf_save_to_buffer (pixbuf, &data, &size, "png", &problem, "tEXt::parameters", parameters, NULL))
    return g_bytes_new_take (data, size);
  sentence = sfumato_error_new (SFUMATO_ERROR_ENGINE, _("Picture Not Finished"),
                                _("The picture was made but could not be turned into a file. Nothing was charged."));
  sfumato_error_set_details (sentence, problem->message);
  g_propagate_error (error, sentence);
  return NULL;
}
