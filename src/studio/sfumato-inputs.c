/* The pictures that requests start from.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "studio/sfumato-inputs.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <utime.h>

#include "domain/sfumato-error.h"

/* There already, whole as far as its size tells; and used today. */
static gboolean
is_kept (const char *path,
         gsize       size)
{
  GStatBuf info;

  return g_stat (path, &info) == 0 && S_ISREG (info.st_mode) && (gsize) info.st_size == size &&
         g_utime (path, NULL) == 0;
}

gboolean
sfumato_inputs_keep (const char      *folder,
                     SfumatoRequest  *request,
                     GError         **error)
{
  const SfumatoInput *input = sfumato_request_get_fields (request)->input;
  g_autofree char *path = NULL;
  g_autoptr (GError) problem = NULL;
  gsize size;
  const char *data;

  if (input == NULL || input->bytes == NULL)
    return TRUE;
  path = g_build_filename (folder, input->sha256, NULL);
  data = g_bytes_get_data (input->bytes, &size);
  if (is_kept (path, size))
    return TRUE;
  if (g_mkdir_with_parents (folder, 0700) == 0 &&
      g_file_set_contents_full (path, data, size, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                &problem))
    return TRUE;
  g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Reference Not Kept"),
                                               _("The reference picture could not be written to disk, so nothing was "
                                                 "sent: %s"),
                                               problem != NULL ? problem->message : folder));
  return FALSE;
}

SfumatoRequest *
sfumato_inputs_complete (const char      *folder,
                         SfumatoRequest  *request,
                         GError         **error)
{
  const SfumatoInput *input = sfumato_request_get_fields (request)->input;
  g_autofree char *path = NULL;
  g_autoptr (GBytes) bytes = NULL;
  char *data;
  gsize size;

  if (input == NULL || input->bytes != NULL)
    return g_object_ref (request);
  path = g_build_filename (folder, input->sha256, NULL);
  if (!g_file_get_contents (path, &data, &size, NULL))
    {
      g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Reference Not Found"),
                                                   _("The reference picture “%s” is not kept any more."),
                                                   input->name));
      return NULL;
    }
  bytes = g_bytes_new_take (data, size);
  return sfumato_request_with_input_bytes (request, bytes, error);
}

typedef struct
{
  char    *path; /* owned */
  guint64  size;
  gint64   used; /* seconds of Unix time */
} Kept;

static void
kept_free (gpointer data)
{
  Kept *kept = data;

  g_free (kept->path);
  g_free (kept);
}

static int
compare_newest_first (gconstpointer a,
                      gconstpointer b)
{
  const Kept *one = *(Kept * const *) a;
  const Kept *other = *(Kept * const *) b;

  return (one->used < other->used) - (one->used > other->used);
}

static GPtrArray *
list_kept (const char *folder)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (kept_free);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      GStatBuf info;
      Kept *kept;

      if (g_stat (path, &info) != 0)
        continue;
      kept = g_new (Kept, 1);
      *kept = (Kept) { .path = g_steal_pointer (&path), .size = info.st_size, .used = info.st_mtime };
      g_ptr_array_add (list, kept);
    }
  g_ptr_array_sort (list, compare_newest_first);
  return list;
}

void
sfumato_inputs_trim (const char *folder,
                     guint64     max_bytes)
{
  g_autoptr (GPtrArray) list = list_kept (folder);
  guint64 total = 0;

  for (guint i = 0; i < list->len; i++)
    {
      const Kept *kept = g_ptr_array_index (list, i);

      total += kept->size;
      if (total > max_bytes)
        g_unlink (kept->path);
    }
}
