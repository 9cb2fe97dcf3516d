/* Drawings.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-image-drawing.h"

#include <glib/gi18n-lib.h>

#include "domain/sfumato-error.h"

/* Shared by the thread and whoever waits for it. */
typedef struct
{
  GBytes               *bytes;    /* owned */
  SfumatoDrawingDecode  decode;
  GMutex                lock;
  GCond                 ended;
  gboolean              done;
  gboolean              given_up; /* nobody waits any more */
  GObject              *picture;  /* owned, nullable */
  GError               *error;    /* owned, nullable */
} Drawing;

static int left_alone; /* threads that nobody waits for */

static void
drawing_clear (gpointer data)
{
  Drawing *drawing = data;

  g_bytes_unref (drawing->bytes);
  g_mutex_clear (&drawing->lock);
  g_cond_clear (&drawing->ended);
  g_clear_object (&drawing->picture);
  g_clear_error (&drawing->error);
}

static gpointer
decode_in_thread (gpointer data)
{
  Drawing *drawing = data;
  GError *error = NULL;
  GObject *picture = drawing->decode (drawing->bytes, &error);

  g_mutex_lock (&drawing->lock);
  drawing->picture = picture;
  drawing->error = error;
  drawing->done = TRUE;
  if (drawing->given_up)
    g_atomic_int_add (&left_alone, -1);
  g_cond_signal (&drawing->ended);
  g_mutex_unlock (&drawing->lock);
  g_atomic_rc_box_release_full (drawing, drawing_clear);
  return NULL;
}

static GError *
takes_too_long (void)
{
  GError *error = sfumato_error_new (SFUMATO_ERROR_INVALID, _("Drawing Takes Too Long"),
                                     _("It takes too long to open this drawing. Save it as a PNG picture, then use "
                                       "that."));

  sfumato_error_set_field (error, "input");
  return error;
}

GObject *
sfumato_image_decode_drawing (GBytes                *bytes,
                              SfumatoDrawingDecode   decode,
                              guint                  seconds,
                              GError               **error)
{
  gint64 until = g_get_monotonic_time () + seconds * G_TIME_SPAN_SECOND;
  GObject *picture = NULL;
  Drawing *drawing;

  if (g_atomic_int_get (&left_alone) > 0)
    {
      g_propagate_error (error, takes_too_long ());
      return NULL;
    }
  drawing = g_atomic_rc_box_new0 (Drawing);
  drawing->bytes = g_bytes_ref (bytes);
  drawing->decode = decode;
  g_mutex_init (&drawing->lock);
  g_cond_init (&drawing->ended);
  g_mutex_lock (&drawing->lock);
  g_thread_unref (g_thread_new ("drawing", decode_in_thread, g_atomic_rc_box_acquire (drawing)));
  while (!drawing->done && g_cond_wait_until (&drawing->ended, &drawing->lock, until))
    continue;
  picture = g_steal_pointer (&drawing->picture);
  drawing->given_up = !drawing->done;
  if (drawing->given_up)
    g_atomic_int_inc (&left_alone);
  if (picture == NULL)
    g_propagate_error (error, drawing->given_up ? takes_too_long () : g_steal_pointer (&drawing->error));
  g_mutex_unlock (&drawing->lock);
  g_atomic_rc_box_release_full (drawing, drawing_clear);
  return picture;
}
