/* Deleting with undo.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-trash.h"

#include "domain/sfumato-error.h"
#include "gallery/sfumato-adopt.h"
#include "gallery/sfumato-store.h"
#include "gallery/sfumato-system-trash.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNDO_FOLDER ".sfumato-undo"
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

/* NULL where there is none; a picture's name may be so long that there cannot be one. */
static char *
find_sidecar (int         fd,
              const char *name)
{
  g_autofree char *sidecar = sfumato_store_sidecar (name);
  struct stat info;

  return fstatat (fd, sidecar, &info, AT_SYMLINK_NOFOLLOW) == 0 ? g_steal_pointer (&sidecar) : NULL;
}

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
      g_autofree char *sidecar = find_sidecar (trash->fd, name);

      if (!keep (trash, name, error) || (sidecar != NULL && !keep (trash, sidecar, error)))
        return FALSE;
    }
  fsync (trash->undo_fd);
  return TRUE;
}

static gboolean
throw_all_away (Trash      *trash,
                GPtrArray  *names,
                GError    **error)
{
  g_autofree char *token = g_path_get_basename (trash->path);

  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      g_autofree char *sidecar = find_sidecar (trash->fd, name);

      if (!sfumato_system_trash_take (trash->folder, name, token, error) ||
          (sidecar != NULL && !sfumato_system_trash_take (trash->folder, sidecar, token, error)))
        return FALSE;
    }
  fsync (trash->fd);
  return TRUE;
}

/* ---- and back ---- */

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
      g_autofree char *sidecar = find_sidecar (trash->undo_fd, name);

      good &= put_back (trash, name) && (sidecar == NULL || put_back (trash, sidecar));
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
      g_autoptr (GHashTable) marks = sfumato_system_trash_mark (trash.path);

      sentence = sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Not Deleted"),
                                    _("The trash does not take pictures from this folder, so nothing was deleted. "
                                      "Delete them with your file manager if you do not need them any more."));
      sfumato_error_set_details (sentence, problem->message);
      g_propagate_error (error, sentence);
      if (put_all_back (&trash, file_names))
        delete_folder (&trash);
      sfumato_system_trash_clean (folder, marks);
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
  g_autoptr (GHashTable) marks = NULL;
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
  marks = sfumato_system_trash_mark (trash.path);
  good = move_all_back (&trash, names);
  if (good)
    delete_folder (&trash);
  else
    g_propagate_error (error, sfumato_store_error (folder, errno));
  sfumato_system_trash_clean (folder, marks);
  trash_close (&trash);
  return good ? g_steal_pointer (&names) : NULL;
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
sfumato_trash_forget (SfumatoIndex *index,
                      const char   *folder,
                      const char   *undo)
{
  Trash trash;

  if (trash_open (&trash, folder, undo, FALSE, NULL))
    delete_folder (&trash);
  trash_close (&trash);
  forget_rows (index, undo);
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
        sfumato_trash_forget (index, folder, undo);
    }
}
