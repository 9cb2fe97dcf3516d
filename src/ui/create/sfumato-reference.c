/* Reads a reference picture off the main thread.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/create/sfumato-reference.h"

#include <glib/gi18n-lib.h>

#include "domain/sfumato-error.h"
#include "gallery/sfumato-gallery.h"

typedef struct
{
  GFile  *file;      /* owned, nullable */
  GBytes *bytes;     /* owned, nullable */
  char   *name;      /* owned */
  gsize   bytes_max;
} Source;

static void
source_free (gpointer data)
{
  Source *source = data;

  g_clear_object (&source->file);
  g_clear_pointer (&source->bytes, g_bytes_unref);
  g_free (source->name);
  g_free (source);
}

static GError *
unreadable (const char *reason)
{
  /* Translators: %s is what the system said */
  return sfumato_error_new (SFUMATO_ERROR_INVALID, _("Picture Not Readable"),
                            _("The reference picture could not be read: %s"), reason);
}

/* Ordinary files only: anything else might never end. */
static gboolean
check_file (GFile         *file,
            gsize         *size,
            GCancellable  *cancellable,
            GError       **error)
{
  g_autoptr (GFileInfo) info = g_file_query_info (file, G_FILE_ATTRIBUTE_STANDARD_TYPE ","
                                                  G_FILE_ATTRIBUTE_STANDARD_SIZE, G_FILE_QUERY_INFO_NONE,
                                                  cancellable, error);

  if (info == NULL)
    return FALSE;
  *size = g_file_info_get_size (info);
  if (g_file_info_get_file_type (info) != G_FILE_TYPE_REGULAR)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, _("it is not a file"));
  else if (*size > SFUMATO_IMAGE_BYTES_MAX)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, _("it is larger than %u MiB"),
                 SFUMATO_IMAGE_BYTES_MAX / 1024 / 1024);
  else
    return TRUE;
  return FALSE;
}

/* As much as was promised: a file may grow while it is read. */
static GBytes *
read_file (GFile         *file,
           GCancellable  *cancellable,
           GError       **error)
{
  g_autoptr (GFileInputStream) stream = NULL;
  g_autofree guint8 *buffer = NULL;
  gsize size, got;

  if (!check_file (file, &size, cancellable, error))
    return NULL;
  stream = g_file_read (file, cancellable, error);
  if (stream == NULL)
    return NULL;
  buffer = g_malloc (size + 1);
  if (!g_input_stream_read_all (G_INPUT_STREAM (stream), buffer, size, &got, cancellable, error))
    return NULL;
  return g_bytes_new_take (g_steal_pointer (&buffer), got);
}

/* What services take, and not more of it than they take. */
static SfumatoInput *
make_input (GBytes      *bytes,
            const char  *name,
            gsize        bytes_max,
            GError     **error)
{
  g_autoptr (GBytes) taken = sfumato_gallery_convert_input (bytes, error);
  g_autoptr (GBytes) small = NULL;

  if (taken == NULL)
    return NULL;
  if (bytes_max == 0 || g_bytes_get_size (taken) <= bytes_max)
    return sfumato_input_new (taken, name, error);
  small = sfumato_gallery_shrink_input (taken, bytes_max, error);
  return small != NULL ? sfumato_input_new (small, name, error) : NULL;
}

static void
load_in_thread (GTask        *task,
                gpointer      object,
                gpointer      task_data,
                GCancellable *cancellable)
{
  Source *source = task_data;
  g_autoptr (GError) error = NULL;
  SfumatoInput *input = NULL;

  if (source->bytes == NULL)
    source->bytes = read_file (source->file, cancellable, &error);
  if (source->bytes != NULL)
    input = make_input (source->bytes, source->name, source->bytes_max, &error);
  if (input != NULL)
    g_task_return_pointer (task, input, (GDestroyNotify) sfumato_input_unref);
  else if (error->domain == SFUMATO_ERROR || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_error (task, unreadable (error->message));
}

static void
start (Source              *source,
       GCancellable        *cancellable,
       GAsyncReadyCallback  callback,
       gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, start);
  g_task_set_task_data (task, source, source_free);
  g_task_run_in_thread (task, load_in_thread);
}

void
sfumato_reference_load_async (GFile               *file,
                              gsize                bytes_max,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  Source *source = g_new0 (Source, 1);
  g_autofree char *base = g_file_get_basename (file);

  source->file = g_object_ref (file);
  source->name = g_filename_display_name (base);
  source->bytes_max = bytes_max;
  start (source, cancellable, callback, user_data);
}

void
sfumato_reference_load_bytes_async (GBytes              *bytes,
                                    const char          *name,
                                    gsize                bytes_max,
                                    GCancellable        *cancellable,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data)
{
  Source *source = g_new0 (Source, 1);

  source->bytes = g_bytes_ref (bytes);
  source->name = g_strdup (name);
  source->bytes_max = bytes_max;
  start (source, cancellable, callback, user_data);
}

SfumatoInput *
sfumato_reference_load_finish (GAsyncResult  *result,
                               GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
