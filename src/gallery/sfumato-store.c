/* Files in the pictures folder, written durably.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-store.h"

#include "domain/sfumato-error.h"
#include "gallery/sfumato-host-path.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMP_PREFIX ".sfumato-"
#define TEMP_SUFFIX ".part"
#define TEMP_YOUNG  60          /* seconds in which a writer may not have locked its file yet */
#define NAMES_MAX   99999       /* "name (99999).png" */

GError *
sfumato_store_error (const char *folder,
                     int         code)
{
  g_autofree char *shown = sfumato_host_path (folder);
  GError *error;

  switch (code)
    {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      error = sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Disk Full"),
                                 _("There is no room left on the disk for the folder “%s”. Free some space, then try "
                                   "again."), shown);
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      error = sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Folder Not Writable"),
                                 _("Sfumato may not write to the folder “%s”. Change its permissions, or choose "
                                   "another folder in the preferences."), shown);
      break;
    case ENOENT:
    case EEXIST: /* a file in the folder's place */
    case ENOTDIR:
    case ENODEV:
    case ESTALE:
      error = sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Folder Not There"),
                                 _("The folder “%s” is not there at the moment. Connect the drive it is on, or choose "
                                   "another folder in the preferences."), shown);
      break;
    case ENAMETOOLONG:
      error = sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Name Too Long"),
                                 _("A name in the folder “%s” would become too long. Rename the picture, or choose "
                                   "another folder in the preferences."), shown);
      break;
    default:
      error = sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Disk Error"),
                                 _("The folder “%s” could not be read or written. Check the disk, then try again."),
                                 shown);
    }
  sfumato_error_set_details (error, g_strerror (code));
  return error;
}

/* Sets error from errno. */
static gboolean
fail (const char  *folder,
      GError     **error)
{
  g_propagate_error (error, sfumato_store_error (folder, errno));
  return FALSE;
}

char *
sfumato_store_sidecar (const char *file_name)
{
  return g_strconcat (file_name, ".xmp", NULL);
}

int
sfumato_store_open (const char  *folder,
                    GError     **error)
{
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    fail (folder, error);
  return fd;
}

/* The document portal refuses O_NOFOLLOW, because it opens files by a link of its own. There a descriptor that only says
 * which file it is comes first. */
int
sfumato_store_open_file (int         folder_fd,
                         const char *file_name)
{
  int fd = openat (folder_fd, file_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  g_autofree char *path = NULL;
  struct stat info;
  int place;

  if (fd >= 0 || errno != ELOOP)
    return fd;
  place = openat (folder_fd, file_name, O_PATH | O_CLOEXEC | O_NOFOLLOW);
  if (place < 0)
    return -1;
  path = g_strdup_printf ("/proc/self/fd/%d", place);
  if (fstat (place, &info) == 0 && S_ISREG (info.st_mode))
    fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  close (place);
  return fd;
}

/* ---- a temporary file ---- */

static int
create_temp (int    folder_fd,
             char **name)
{
  for (int tries = 0; tries < 100; tries++)
    {
      g_autofree char *temp = g_strdup_printf (TEMP_PREFIX "%08x%08x" TEMP_SUFFIX, g_random_int (), g_random_int ());
      int fd = openat (folder_fd, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);

      if (fd >= 0)
        {
          flock (fd, LOCK_EX | LOCK_NB);
          *name = g_steal_pointer (&temp);
          return fd;
        }
      if (errno != EEXIST)
        return -1;
    }
  return -1;
}

static gboolean
write_all (int         fd,
           const char *data,
           gsize       size)
{
  while (size > 0)
    {
      gssize n = write (fd, data, size);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return FALSE;
      data += n;
      size -= n;
    }
  return TRUE;
}

static void
drop (int         folder_fd,
      const char *name)
{
  int saved = errno;

  if (name != NULL)
    unlinkat (folder_fd, name, 0);
  errno = saved;
}

/* The data on disk under a temporary name; NULL with errno set, and nothing left behind. */
static char *
write_temp (int         folder_fd,
            const char *data,
            gsize       size)
{
  g_autofree char *name = NULL;
  int fd = create_temp (folder_fd, &name);
  gboolean good;

  if (fd < 0)
    return NULL;
  good = write_all (fd, data, size) && fsync (fd) == 0;
  /* A network file system may report only here that it could not write. */
  if (good)
    good = close (fd) == 0;
  else
    {
      int saved = errno;

      close (fd);
      errno = saved;
    }
  if (!good)
    {
      drop (folder_fd, name);
      return NULL;
    }
  return g_steal_pointer (&name);
}

/* Network and user-space file systems that cannot sync a folder say EINVAL. */
static gboolean
sync_folder (int fd)
{
  return fsync (fd) == 0 || errno == EINVAL || errno == ENOTSUP;
}

/* ---- names ---- */

/* Renames, and never over another file: errno is EEXIST then. Where the file system cannot say so in one call, a
 * hard link does; where it has no links either, an empty file takes the name first. */
static gboolean
rename_new (int         from_fd,
            const char *from,
            int         to_fd,
            const char *to)
{
  int fd;

  if (renameat2 (from_fd, from, to_fd, to, RENAME_NOREPLACE) == 0)
    return TRUE;
  if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)
    return FALSE;
  if (linkat (from_fd, from, to_fd, to, 0) == 0)
    {
      drop (from_fd, from);
      return TRUE;
    }
  if (errno != EPERM && errno != ENOTSUP && errno != ENOSYS && errno != EMLINK)
    return FALSE;
  fd = openat (to_fd, to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0)
    return FALSE;
  close (fd);
  if (renameat (from_fd, from, to_fd, to) == 0)
    return TRUE;
  drop (to_fd, to);
  return FALSE;
}

static gboolean
exists (int         folder_fd,
        const char *name)
{
  struct stat info;

  return fstatat (folder_fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The n-th name to try, from 0: "a.png", "a (2).png" … "a (20).png", then numbers at random, so that the
 * ten-thousandth picture of one name is found as fast as the tenth. */
static char *
make_candidate (const char *stem,
                const char *extension,
                guint       n)
{
  guint number = n < 20 ? n + 1 : (guint) g_random_int_range (21, NAMES_MAX + 1);

  if (n == 0)
    return g_strdup_printf ("%s.%s", stem, extension);
  return g_strdup_printf ("%s (%u).%s", stem, number, extension);
}

/* Gives picture and sidecar their names. A name whose sidecar is there is taken too: it may belong to a picture
 * that comes back. FALSE with errno EEXIST if this name is taken. */
static gboolean
rename_pair (int         from_fd,
             const char *picture,
             const char *sidecar,
             int         to_fd,
             const char *name)
{
  g_autofree char *sidecar_name = sfumato_store_sidecar (name);
  int saved;

  if (exists (to_fd, sidecar_name))
    {
      errno = EEXIST;
      return FALSE;
    }
  if (!rename_new (from_fd, picture, to_fd, name))
    return FALSE;
  if (sidecar == NULL || rename_new (from_fd, sidecar, to_fd, sidecar_name))
    return TRUE;
  saved = errno;
  renameat (to_fd, name, from_fd, picture);
  errno = saved;
  return FALSE;
}

static char *
name_pair (int         from_fd,
           const char *picture,
           const char *sidecar,
           int         to_fd,
           const char *stem,
           const char *extension)
{
  for (guint n = 0; n < 1000; n++)
    {
      g_autofree char *name = make_candidate (stem, extension, n);

      if (rename_pair (from_fd, picture, sidecar, to_fd, name))
        return g_steal_pointer (&name);
      if (errno != EEXIST)
        return NULL;
    }
  return NULL;
}

/* ---- the verbs ---- */

static char *
save_pair (int         fd,
           const char *stem,
           const char *extension,
           GBytes     *bytes,
           const char *text)
{
  g_autofree char *picture = write_temp (fd, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_autofree char *sidecar = picture != NULL ? write_temp (fd, text, strlen (text)) : NULL;
  g_autofree char *name = NULL;

  if (sidecar != NULL)
    name = name_pair (fd, picture, sidecar, fd, stem, extension);
  if (name == NULL)
    {
      drop (fd, picture);
      drop (fd, sidecar);
      return NULL;
    }
  if (!sync_folder (fd))
    {
      g_autofree char *sidecar_name = sfumato_store_sidecar (name);

      drop (fd, name);
      drop (fd, sidecar_name);
      return NULL;
    }
  return g_steal_pointer (&name);
}

gboolean
sfumato_store_add (const char  *folder,
                   const char  *stem,
                   const char  *extension,
                   GBytes      *bytes,
                   const char  *sidecar,
                   char       **file_name,
                   GError     **error)
{
  int fd = sfumato_store_open (folder, error);

  if (fd < 0)
    return FALSE;
  *file_name = save_pair (fd, stem, extension, bytes, sidecar);
  if (*file_name == NULL)
    fail (folder, error);
  g_close (fd, NULL);
  return *file_name != NULL;
}

gboolean
sfumato_store_replace (const char  *folder,
                       const char  *file_name,
                       const char  *text,
                       GError     **error)
{
  int fd = sfumato_store_open (folder, error);
  g_autofree char *temp = NULL;
  gboolean done;

  if (fd < 0)
    return FALSE;
  temp = write_temp (fd, text, strlen (text));
  done = temp != NULL && renameat (fd, temp, fd, file_name) == 0;
  if (!done)
    drop (fd, temp);
  if (!done || !sync_folder (fd))
    done = fail (folder, error);
  g_close (fd, NULL);
  return done;
}

void
sfumato_store_set_aside (int         folder_fd,
                         const char *file_name)
{
  g_autofree char *aside = g_strconcat (file_name, ".damaged", NULL);

  rename_new (folder_fd, file_name, folder_fd, aside);
}

char *
sfumato_store_move (int         from_fd,
                    int         to_fd,
                    const char *file_name)
{
  const char *dot = strrchr (file_name, '.');
  g_autofree char *stem = g_strndup (file_name, dot != NULL ? (gsize) (dot - file_name) : strlen (file_name));
  g_autofree char *sidecar = sfumato_store_sidecar (file_name);

  return name_pair (from_fd, file_name, exists (from_fd, sidecar) ? sidecar : NULL, to_fd, stem,
                    dot != NULL ? dot + 1 : "");
}

static gboolean
is_abandoned (int         folder_fd,
              const char *name)
{
  int fd = sfumato_store_open_file (folder_fd, name);
  struct stat info;
  gboolean abandoned;

  if (fd < 0)
    return FALSE;
  abandoned = fstat (fd, &info) == 0 && S_ISREG (info.st_mode) &&
              g_get_real_time () / G_USEC_PER_SEC - info.st_mtime > TEMP_YOUNG && flock (fd, LOCK_EX | LOCK_NB) == 0;
  close (fd);
  return abandoned;
}

gboolean
sfumato_store_clean (int         folder_fd,
                     const char *file_name)
{
  if (!g_str_has_prefix (file_name, TEMP_PREFIX) || !g_str_has_suffix (file_name, TEMP_SUFFIX))
    return FALSE;
  if (is_abandoned (folder_fd, file_name))
    drop (folder_fd, file_name);
  return TRUE;
}

char *
sfumato_store_read (int         folder_fd,
                    const char *file_name,
                    gsize       max,
                    gsize      *length)
{
  int fd = sfumato_store_open_file (folder_fd, file_name);
  g_autofree char *text = NULL;
  struct stat info;
  gsize size = 0;

  if (fd < 0)
    return NULL;
  if (fstat (fd, &info) == 0 && S_ISREG (info.st_mode) && info.st_size <= (goffset) max)
    {
      gssize n = 1;

      text = g_malloc (info.st_size + 1);
      while (size < (gsize) info.st_size && (n = read (fd, text + size, info.st_size - size)) > 0)
        size += n;
      text[size] = '\0';
      if (n < 0)
        g_clear_pointer (&text, g_free);
    }
  close (fd);
  *length = size;
  return g_steal_pointer (&text);
}
