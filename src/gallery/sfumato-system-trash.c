/* The system's trash: into it, and out of it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-system-trash.h"

#include "gallery/sfumato-host-path.h"
#include "gallery/sfumato-store.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define LAST_PLACE "deleted" /* in the program's data */

/* ---- into it ---- */

/* A copy in the program's own data; NULL with error. The name may be taken by one that came back from the trash. */
static GFile *
copy_out (const char  *folder,
          const char  *name,
          const char  *token,
          GError     **error)
{
  g_autofree char *other_name = g_strdup_printf ("%.8s %s", token, name);
  g_autofree char *place = g_build_filename (g_get_user_data_dir (), LAST_PLACE, NULL);
  g_autofree char *taken = g_build_filename (place, name, NULL);
  gboolean is_taken = g_file_test (taken, G_FILE_TEST_EXISTS);
  g_autoptr (GFile) file = g_file_new_build_filename (folder, name, NULL);
  g_autoptr (GFile) copy = g_file_new_build_filename (place, is_taken ? other_name : name, NULL);

  g_mkdir_with_parents (place, 0700);
  return g_file_copy (file, copy, G_FILE_COPY_ALL_METADATA, NULL, NULL, NULL, error) ? g_steal_pointer (&copy) : NULL;
}

/* No trash takes a file that is behind the document portal: GLib opens it with O_NOFOLLOW, which portals before 1.18
 * refuse, and where that is not in the way, it is on a file system that can have no trash. A copy of it that is the
 * program's own is taken. */
static gboolean
throw_copy_away (const char  *folder,
                 const char  *name,
                 const char  *token,
                 GError     **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GFile) copy = copy_out (folder, name, token, error);

  if (copy == NULL)
    return FALSE;
  if (!g_file_trash (copy, NULL, error))
    {
      g_file_delete (copy, NULL, NULL);
      return FALSE;
    }
  if (g_unlink (path) == 0)
    return TRUE;
  g_propagate_error (error, sfumato_store_error (folder, errno));
  return FALSE;
}

gboolean
sfumato_system_trash_take (const char  *folder,
                           const char  *name,
                           const char  *token,
                           GError     **error)
{
  g_autoptr (GFile) file = g_file_new_build_filename (folder, name, NULL);
  g_autoptr (GError) local = NULL;

  if (sfumato_host_path_is_chosen (folder) ? throw_copy_away (folder, name, token, &local)
                                           : g_file_trash (file, NULL, &local))
    return TRUE;
  if (g_error_matches (local, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* ---- out ---- */

static char *
make_inode_key (const struct stat *info)
{
  return g_strdup_printf ("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT, (guint64) info->st_dev, (guint64) info->st_ino);
}

GHashTable *
sfumato_system_trash_mark (const char *folder)
{
  GHashTable *marks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      struct stat info;

      if (lstat (path, &info) == 0)
        g_hash_table_add (marks, make_inode_key (&info));
    }
  return marks;
}

/* Deletes from a trash folder what is the same file, by device and inode, as one of ours. A copy, where there are no
 * hard links, stays in the trash. */
static void
clean_trash_folder (const char *path,
                    GHashTable *marks)
{
  g_autofree char *files = g_build_filename (path, "files", NULL);
  g_autoptr (GDir) dir = g_dir_open (files, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *file = g_build_filename (files, name, NULL);
      g_autofree char *key = NULL;
      struct stat info;

      if (lstat (file, &info) != 0)
        continue;
      key = make_inode_key (&info);
      if (g_hash_table_contains (marks, key))
        {
          g_autofree char *note = g_strconcat (path, G_DIR_SEPARATOR_S "info" G_DIR_SEPARATOR_S, name, ".trashinfo",
                                               NULL);

          if (g_unlink (file) == 0)
            g_unlink (note);
        }
    }
}

/* The highest folder of the same device: where the trash of a drive that is not the home's is kept. */
static char *
find_top (const char *folder)
{
  g_autofree char *top = g_strdup (folder);
  struct stat here, above;

  while (stat (top, &here) == 0)
    {
      g_autofree char *parent = g_path_get_dirname (top);

      if (stat (parent, &above) != 0 || above.st_dev != here.st_dev || g_str_equal (parent, top))
        break;
      g_set_str (&top, parent);
    }
  return g_steal_pointer (&top);
}

/* The three places of the freedesktop.org trash specification 1.0. */
void
sfumato_system_trash_clean (const char *folder,
                            GHashTable *marks)
{
  g_autofree char *home = g_build_filename (g_get_user_data_dir (), "Trash", NULL);
  g_autofree char *top = find_top (folder);
  g_autofree char *user = g_strdup_printf ("%u", (guint) getuid ());
  g_autofree char *shared = g_build_filename (top, ".Trash", user, NULL);
  g_autofree char *own = g_strdup_printf ("%s/.Trash-%s", top, user);

  clean_trash_folder (home, marks);
  clean_trash_folder (shared, marks);
  clean_trash_folder (own, marks);
}
