/* Pictures that broke off on their way.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "studio/sfumato-remains.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include "domain/sfumato-error.h"

#define SECONDS_OF_A_DAY 86400

static gboolean
look_at (const char *path,
         GStatBuf   *info)
{
  return g_lstat (path, info) == 0 && S_ISREG (info->st_mode);
}

/* (transfer full): paths */
static GPtrArray *
list_remains (const char *folder)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (paths, g_build_filename (folder, name, NULL));
  return paths;
}

void
sfumato_remains_prune (const char *folder,
                       gint64      now)
{
  g_autoptr (GPtrArray) paths = list_remains (folder);

  for (guint i = 0; i < paths->len; i++)
    {
      const char *path = g_ptr_array_index (paths, i);
      GStatBuf info;

      if (look_at (path, &info) && info.st_mtime < now - SFUMATO_REMAINS_DAYS * SECONDS_OF_A_DAY)
        g_unlink (path);
    }
}

guint
sfumato_remains_measure (const char *folder,
                         guint64    *bytes)
{
  g_autoptr (GPtrArray) paths = list_remains (folder);
  guint count = 0;

  *bytes = 0;
  for (guint i = 0; i < paths->len; i++)
    {
      GStatBuf info;

      if (!look_at (g_ptr_array_index (paths, i), &info))
        continue;
      *bytes += info.st_size;
      count++;
    }
  return count;
}

gboolean
sfumato_remains_trash (const char  *folder,
                       GError     **error)
{
  g_autoptr (GPtrArray) paths = list_remains (folder);

  for (guint i = 0; i < paths->len; i++)
    {
      g_autoptr (GFile) file = g_file_new_for_path (g_ptr_array_index (paths, i));
      g_autoptr (GError) problem = NULL;
      GError *sentence;

      /* "Not found" may be about the trash. */
      if (g_file_trash (file, NULL, &problem) || !g_file_query_exists (file, NULL))
        continue;
      sentence = sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Not Deleted"),
                                    _("The trash does not take these files. Delete them with your file manager: they are "
                                      "in “%s”."), folder);
      sfumato_error_set_details (sentence, problem->message);
      g_propagate_error (error, sentence);
      return FALSE;
    }
  return TRUE;
}
