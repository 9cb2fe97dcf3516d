/* Deleting with undo.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-trash.h"

#include "domain/sfumato-error.h"
#include "gallery/sfumato-adopt.h"
#include "gallery/sfumato-host-path.h"
#include "gallery/sfumato-store.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNDO_FOLDER ".sfumato-undo"
#define LAST_PLACE  "deleted"      /* in the program's data */
#define KEPT_FOR    (24 * 60 * 60) /* seconds */

typedef struct
{
  const char *folder;  /* borrowed */
  int         fd;      /* of the folder */
  char       *path;    /* owned: of the token's folder */
  int         undo_fd; /* of the token's folder */
} Trash;

static char *
make_path (const char *folder,
           const char *undo)
{
  return g_build_filename (folder, UNDO_FOLDER, undo, NULL);
}

static void
trash_close (Trash *trash)
{
  if (trash->fd >= 0)
    close (trash->fd);
  if (trash->undo_fd >= 0)
    close (trash->undo_fd);
  g_free (trash->path);
}

/* Also after a failure trash_close() is to be called. A token names a folder of ours and nothing else. */
static gboolean
trash_open (Trash       *trash,
            const char  *folder,
            const char  *undo,
            gboolean     make,
            GError     **error)
{
  *trash = (Trash) { .folder = folder, .fd = -1, .undo_fd = -1, .path = make_path (folder, undo) };
  trash->fd = g_uuid_string_is_valid (undo) ? sfumato_store_open (folder, error) : -1;
  if (trash->fd < 0)
    return FALSE;
  if (make && g_mkdir_with_parents (trash->path, 0700) != 0)
    {
      g_propagate_error (error, sfumato_store_error (folder, errno));
      return FALSE;
    }
  trash->undo_fd = sfumato_store_open (trash->path, error);
  return trash->undo_fd >= 0;
}

/* ---- to the trash ---- */

/* A sidecar need not be there. */
static gboolean
keep (Trash       *trash,
      const char  *name,
      GError     **error)
{
  g_autoptr (GFile) from = NULL;
  g_autoptr (GFile) to = NULL;

  if (linkat (trash->fd, name, trash->undo_fd, name, 0) == 0 || errno == ENOENT)
    return TRUE;
  from = g_file_new_build_filename (trash->folder, name, NULL);
  to = g_file_new_build_filename (trash->path, name, NULL);
  return g_file_copy (from, to, G_FILE_COPY_ALL_METADATA | G_FILE_COPY_NOFOLLOW_SYMLINKS, NULL, NULL, NULL, error);
}

static gboolean
keep_all (Trash      *trash,
          GPtrArray  *names,
          GError    **error)
{
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      g_autofree char *sidecar = sfumato_store_sidecar (name);

      if (!keep (trash, name, error) || !keep (trash, sidecar, error))
        return FALSE;
    }
  fsync (trash->undo_fd);
  return TRUE;
}

/* A copy in the program's own data; NULL with error. The name may be taken by one that came back from the trash. */
static GFile *
copy_out (Trash       *trash,
          const char  *name,
          GError     **error)
{
  g_autofree char *token = g_path_get_basename (trash->path);
  g_autofree char *other_name = g_strdup_printf ("%.8s %s", token, name);
  g_autofree char *place = g_build_filename (g_get_user_data_dir (), LAST_PLACE, NULL);
  g_autofree char *taken = g_build_filename (place, name, NULL);
  gboolean is_taken = g_file_test (taken, G_FILE_TEST_EXISTS);
  g_autoptr (GFile) file = g_file_new_build_filename (trash->folder, name, NULL);
  g_autoptr (GFile) copy = g_file_new_build_filename (place, is_taken ? other_name : name, NULL);

  g_mkdir_with_parents (place, 0700);
  return g_file_copy (file, copy, G_FILE_COPY_ALL_METADATA, NULL, NULL, NULL, error) ? g_steal_pointer (&copy) : NULL;
}

/* No trash takes a file that is behind the document portal: GLib opens it with O_NOFOLLOW, which portals before 1.18
 * refuse, and where that is not in the way, it is on a file system that can have no trash. A copy of it that is the
 * program's own is taken. */
static gboolean
throw_copy_away (Trash       *trash,
                 const char  *name,
                 GError     **error)
{
  g_autoptr (GFile) copy = copy_out (trash, name, error);

  if (copy == NULL)
    return FALSE;
  if (!g_file_trash (copy, NULL, error))
    {
      g_file_delete (copy, NULL, NULL);
      return FALSE;
    }
  if (unlinkat (trash->fd, name, 0) == 0)
    return TRUE;
  g_propagate_error (error, sfumato_store_error (trash->folder, errno));
  return FALSE;
}

/* A sidecar need not be there. */
static gboolean
throw_away (Trash       *trash,
            const char  *name,
            GError     **error)
{
  g_autoptr (GFile) file = g_file_new_build_filename (trash->folder, name, NULL);
  g_autoptr (GError) local = NULL;

  if (sfumato_host_path_is_chosen (trash->folder) ? throw_copy_away (trash, name, &local)
                                                  : g_file_trash (file, NULL, &local))
    return TRUE;
  if (g_error_matches (local, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static gboolean
throw_all_away (Trash      *trash,
                GPtrArray  *names,
                GError    **error)
{
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      g_autofree char *sidecar = sfumato_store_sidecar (name);

      if (!throw_away (trash, name, error) || !throw_away (trash, sidecar, error))
        return FALSE;
    }
  fsync (trash->fd);
  return TRUE;
}

/* ---- out of the system's trash ---- */

static char *
make_inode_key (const struct stat *info)
{
  return g_strdup_printf ("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT, (guint64) info->st_dev, (guint64) info->st_ino);
}

/* Deletes from a trash folder what is the same file, by device and inode, as one of ours. A copy, where there are no
 * hard links, stays in the trash. */
static void
clean_trash_folder (const char *path,
                    GHashTable *inodes)
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
      if (g_hash_table_contains (inodes, key))
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
static void
clean_trashes (const char *folder,
               GHashTable *inodes)
{
  g_autofree char *home = g_build_filename (g_get_user_data_dir (), "Trash", NULL);
  g_autofree char *top = find_top (folder);
  g_autofree char *user = g_strdup_printf ("%u", (guint) getuid ());
  g_autofree char *shared = g_build_filename (top, ".Trash", user, NULL);
  g_autofree char *own = g_strdup_printf ("%s/.Trash-%s", top, user);

  clean_trash_folder (home, inodes);
  clean_trash_folder (shared, inodes);
  clean_trash_folder (own, inodes);
}

/* ---- and back ---- */

static GHashTable *
collect_inodes (Trash *trash)
{
  GHashTable *inodes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GDir) dir = g_dir_open (trash->path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      struct stat info;

      if (fstatat (trash->undo_fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0)
        g_hash_table_add (inodes, make_inode_key (&info));
    }
  return inodes;
}

static gboolean
is_here (Trash      *trash,
         const char *name)
{
  struct stat kept, here;

  return fstatat (trash->undo_fd, name, &kept, AT_SYMLINK_NOFOLLOW) == 0 &&
         fstatat (trash->fd, name, &here, AT_SYMLINK_NOFOLLOW) == 0 && kept.st_ino == here.st_ino;
}

static void
join (Trash      *trash,
      const char *name)
{
  if (linkat (trash->undo_fd, name, trash->fd, name, 0) != 0 && errno != EEXIST)
    g_debug ("%s stays where it is: %s", name, g_strerror (errno));
}

/* The name it has now; NULL with errno set. Picture or sidecar may be here: never gone, because the trash gave up
 * between the two, or put back by somebody by way of the trash. Then the other one joins it. */
static char *
move_back (Trash      *trash,
           const char *name)
{
  g_autofree char *sidecar = sfumato_store_sidecar (name);

  if (is_here (trash, name) || is_here (trash, sidecar))
    {
      join (trash, name);
      join (trash, sidecar);
      if (is_here (trash, name))
        return g_strdup (name);
    }
  return sfumato_store_move (trash->undo_fd, trash->fd, name);
}

static GPtrArray *
list_pictures (Trash *trash)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (trash->path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (sfumato_adopt_is_picture_name (name))
      g_ptr_array_add (names, g_strdup (name));
  return names;
}

/* What is back: the names the pictures have now. FALSE with errno set where one could not be moved; the others are
 * still moved. */
static gboolean
move_all_back (Trash     *trash,
               GPtrArray *now)
{
  g_autoptr (GPtrArray) names = list_pictures (trash);
  int failed = 0;

  for (guint i = 0; i < names->len; i++)
    {
      char *moved = move_back (trash, g_ptr_array_index (names, i));

      if (moved != NULL)
        g_ptr_array_add (now, moved);
      else
        failed = errno;
    }
  fsync (trash->fd);
  errno = failed;
  return failed == 0;
}

static void
delete_folder (Trash *trash)
{
  g_autofree char *root = g_path_get_dirname (trash->path);
  g_autoptr (GDir) dir = g_dir_open (trash->path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    unlinkat (trash->undo_fd, name, 0);
  g_rmdir (trash->path);
  g_rmdir (root); /* only where it was the last */
}

/* What was kept of a file that was not trashed after all; where there are no hard links, it is a copy. */
static gboolean
put_back (Trash      *trash,
          const char *name)
{
  struct stat info;

  if (fstatat (trash->fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0)
    return TRUE;
  return renameat (trash->undo_fd, name, trash->fd, name) == 0 || errno == ENOENT;
}

static gboolean
put_all_back (Trash     *trash,
              GPtrArray *names)
{
  gboolean good = TRUE;

  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      g_autofree char *sidecar = sfumato_store_sidecar (name);

      good &= put_back (trash, name) && put_back (trash, sidecar);
    }
  fsync (trash->fd);
  return good;
}

char *
sfumato_trash_move (const char  *folder,
                    GPtrArray   *file_names,
                    GError     **error)
{
  g_autofree char *undo = g_uuid_string_random ();
  g_autoptr (GError) problem = NULL;
  GError *sentence = NULL;
  Trash trash;

  if (!trash_open (&trash, folder, undo, TRUE, error))
    {
      trash_close (&trash);
      return NULL;
    }
  if (!keep_all (&trash, file_names, &problem) || !throw_all_away (&trash, file_names, &problem))
    {
      g_autoptr (GHashTable) inodes = collect_inodes (&trash);

      sentence = sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Not Deleted"),
                                    _("The trash does not take pictures from this folder, so nothing was deleted. "
                                      "Delete them with your file manager if you do not need them any more."));
      sfumato_error_set_details (sentence, problem->message);
      g_propagate_error (error, sentence);
      if (put_all_back (&trash, file_names))
        delete_folder (&trash);
      clean_trashes (folder, inodes);
      g_clear_pointer (&undo, g_free);
    }
  trash_close (&trash);
  return g_steal_pointer (&undo);
}

GPtrArray *
sfumato_trash_restore (const char  *folder,
                       const char  *undo,
                       GError     **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) inodes = NULL;
  gboolean good;
  Trash trash;

  if (!trash_open (&trash, folder, undo, FALSE, NULL))
    {
      trash_close (&trash);
      g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Cannot Undo"),
                                                   _("The deleted pictures can no longer be put back from here. Look "
                                                     "for them in the trash.")));
      return NULL;
    }
  inodes = collect_inodes (&trash);
  good = move_all_back (&trash, names);
  if (good)
    delete_folder (&trash);
  else
    g_propagate_error (error, sfumato_store_error (folder, errno));
  clean_trashes (folder, inodes);
  trash_close (&trash);
  return good ? g_steal_pointer (&names) : NULL;
}

void
sfumato_trash_forget (const char *folder,
                      const char *undo)
{
  Trash trash;

  if (trash_open (&trash, folder, undo, FALSE, NULL))
    delete_folder (&trash);
  trash_close (&trash);
}

/* ---- what nobody came back for ---- */

static gboolean
is_young (const char *folder,
          const char *undo)
{
  g_autofree char *path = make_path (folder, undo);
  GStatBuf info;

  return g_stat (path, &info) == 0 && g_get_real_time () / G_USEC_PER_SEC - info.st_mtime < KEPT_FOR;
}

static void
forget_rows (SfumatoIndex *index,
             const char   *undo)
{
  if (!sfumato_index_begin (index, NULL))
    return;
  if (sfumato_index_forget (index, undo, NULL))
    sfumato_index_commit (index, NULL);
  else
    sfumato_index_rollback (index);
}

void
sfumato_trash_expire (SfumatoIndex *index,
                      const char   *folder)
{
  g_autofree char *root = g_build_filename (folder, UNDO_FOLDER, NULL);
  g_autoptr (GDir) dir = g_dir_open (root, 0, NULL);
  g_autoptr (GPtrArray) tokens = sfumato_index_list_undo (index);
  const char *name;

  if (!g_file_test (folder, G_FILE_TEST_IS_DIR))
    return;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (tokens, g_strdup (name));
  for (guint i = 0; i < tokens->len; i++)
    {
      const char *undo = g_ptr_array_index (tokens, i);

      if (!is_young (folder, undo))
        {
          sfumato_trash_forget (folder, undo);
          forget_rows (index, undo);
        }
    }
}
