/* Files in the pictures folder, written durably.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-store-private.h"

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

#define TEMP_PREFIX  ".sfumato-"
#define TEMP_HEAD    (sizeof TEMP_PREFIX - 1 + 17) /* bytes before what stands for the name it is to have */
#define TEMP_SUFFIX  ".part"
#define SIDECAR_TEMP ".xmp" TEMP_SUFFIX
#define ROOM         (16 * 1024 * 1024) /* bytes; a picture of four megapixels as PNG with its sidecar may take as much */
#define TEMP_YOUNG   60         /* seconds in which a writer may not have locked its file yet, or let go of it already */

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

static char *
invent_temp (const char *what)
{
  return g_strdup_printf (TEMP_PREFIX "%08x%08x-%s" TEMP_SUFFIX, (guint) getpid (), g_random_int (), what);
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

/* NAME.part and NAME.xmp.part are a pair. */
static char *
sidecar_of_temp (const char *picture)
{
  return g_strdup_printf ("%.*s" SIDECAR_TEMP, (int) (strlen (picture) - strlen (TEMP_SUFFIX)), picture);
}

static char *
picture_of_temp (const char *sidecar)
{
  return g_strdup_printf ("%.*s" TEMP_SUFFIX, (int) (strlen (sidecar) - strlen (SIDECAR_TEMP)), sidecar);
}

static void
unlock (int lock)
{
  int saved = errno;

  if (lock >= 0)
    close (lock);
  errno = saved;
}

/* The data on disk under a temporary name; FALSE with errno set. The writer's lock stays in lock, where that is not NULL,
 * until it is let go. */
static gboolean
write_temp (int         folder_fd,
            const char *name,
            const char *data,
            gsize       size,
            int        *lock)
{
  int fd = openat (folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
  gboolean good;

  if (fd < 0)
    return FALSE;
  flock (fd, LOCK_EX | LOCK_NB);
  good = write_all (fd, data, size) && fsync (fd) == 0;
  if (good && lock != NULL)
    good = (*lock = fcntl (fd, F_DUPFD_CLOEXEC, 0)) >= 0;
  /* A network file system may report only here that it could not write. */
  if (good)
    return close (fd) == 0;
  unlock (fd);
  return FALSE;
}

/* Network and user-space file systems that cannot sync a folder say EINVAL. */
static gboolean
sync_folder (int fd)
{
  return fsync (fd) == 0 || errno == EINVAL || errno == ENOTSUP;
}

/* ---- the verbs ---- */

static char *
save_pair (int         fd,
           const char *stem,
           const char *extension,
           GBytes     *bytes,
           const char *text)
{
  g_autofree char *what = g_strdup_printf ("%s.%s", stem, extension);
  g_autofree char *picture = invent_temp (what);
  g_autofree char *sidecar = sidecar_of_temp (picture);
  char *name = NULL;
  int lock = -1;

  if (write_temp (fd, sidecar, text, strlen (text), &lock) &&
      write_temp (fd, picture, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), NULL))
    name = _sfumato_store_name_pair (fd, picture, sidecar, fd, stem, extension);
  if (name == NULL)
    {
      _sfumato_store_drop (fd, picture);
      _sfumato_store_drop (fd, sidecar);
    }
  else if (!sync_folder (fd))
    {
      g_autofree char *sidecar_name = sfumato_store_sidecar (name);

      _sfumato_store_drop (fd, name);
      _sfumato_store_drop (fd, sidecar_name);
      g_clear_pointer (&name, g_free);
    }
  unlock (lock);
  return name;
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

/* To be asked is not enough: root may do everything, and network and user-space file systems answer as they like. */
static int
try_room (int folder_fd)
{
  g_autofree char *temp = invent_temp ("room");
  int fd = openat (folder_fd, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
  int problem = fd < 0 ? errno : 0;

  if (fd < 0)
    return problem;
  if (fallocate (fd, 0, 0, ROOM) != 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO))
    problem = errno;
  close (fd);
  _sfumato_store_drop (folder_fd, temp);
  return problem;
}

gboolean
sfumato_store_check (const char  *folder,
                     GError     **error)
{
  int fd = sfumato_store_open (folder, error);
  int problem;

  if (fd < 0)
    return FALSE;
  problem = try_room (fd);
  g_close (fd, NULL);
  if (problem != 0)
    g_propagate_error (error, sfumato_store_error (folder, problem));
  return problem == 0;
}

gboolean
sfumato_store_replace (const char  *folder,
                       const char  *file_name,
                       const char  *text,
                       GError     **error)
{
  int fd = sfumato_store_open (folder, error);
  g_autofree char *temp = invent_temp ("new");
  gboolean done;

  if (fd < 0)
    return FALSE;
  done = write_temp (fd, temp, text, strlen (text), NULL) && renameat (fd, temp, fd, file_name) == 0;
  if (!done)
    _sfumato_store_drop (fd, temp);
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

  _sfumato_store_rename_new (folder_fd, file_name, folder_fd, aside);
}

char *
sfumato_store_move (int         from_fd,
                    int         to_fd,
                    const char *file_name)
{
  const char *dot = strrchr (file_name, '.');
  g_autofree char *stem = g_strndup (file_name, dot != NULL ? (gsize) (dot - file_name) : strlen (file_name));
  g_autofree char *sidecar = sfumato_store_sidecar (file_name);

  return _sfumato_store_name_pair (from_fd, file_name, _sfumato_store_exists (from_fd, sidecar) ? sidecar : NULL,
                                   to_fd, stem, dot != NULL ? dot + 1 : "");
}

/* ---- what dead writers left ---- */

gboolean
sfumato_store_is_temp (const char *file_name)
{
  return g_str_has_prefix (file_name, TEMP_PREFIX) && g_str_has_suffix (file_name, TEMP_SUFFIX);
}

/* A descriptor that holds the lock of a file whose writer is dead; else -1. */
static int
take_over (int         folder_fd,
           const char *file_name,
           gboolean    always_locked)
{
  int fd = sfumato_store_open_file (folder_fd, file_name);
  struct stat info;

  if (fd < 0)
    return -1;
  if (fstat (fd, &info) == 0 && S_ISREG (info.st_mode) &&
      ((always_locked && info.st_size > 0) ||
       g_get_real_time () / G_USEC_PER_SEC - info.st_mtime > TEMP_YOUNG) &&
      flock (fd, LOCK_EX | LOCK_NB) == 0)
    return fd;
  close (fd);
  return -1;
}

static char *
finish_pair (int         folder_fd,
             const char *picture,
             const char *sidecar)
{
  g_autofree char *what = g_strndup (picture + TEMP_HEAD, strlen (picture) - TEMP_HEAD - strlen (TEMP_SUFFIX));
  char *dot = strrchr (what, '.');
  char *name = NULL;

  if (dot != NULL && dot > what)
    {
      *dot = '\0';
      name = _sfumato_store_name_pair (folder_fd, picture, sidecar, folder_fd, what, dot + 1);
    }
  if (name != NULL)
    sync_folder (folder_fd);
  return name;
}

/* The sidecar is locked by us. Where the pair cannot have its name now it stays as it is. */
static char *
clean_pair (int                folder_fd,
            const char        *picture,
            const char        *sidecar,
            SfumatoStoreWhole  is_whole)
{
  if (_sfumato_store_exists (folder_fd, picture) && is_whole (folder_fd, picture))
    return finish_pair (folder_fd, picture, sidecar);
  _sfumato_store_drop (folder_fd, picture);
  _sfumato_store_drop (folder_fd, sidecar);
  return NULL;
}

char *
sfumato_store_clean (int                folder_fd,
                     const char        *file_name,
                     SfumatoStoreWhole  is_whole)
{
  gboolean paired = g_str_has_suffix (file_name, SIDECAR_TEMP) && strlen (file_name) > TEMP_HEAD + strlen (SIDECAR_TEMP);
  g_autofree char *other = paired ? picture_of_temp (file_name) : sidecar_of_temp (file_name);
  char *name = NULL;
  int lock;

  /* The sidecar speaks for both. */
  if (!paired && _sfumato_store_exists (folder_fd, other))
    return NULL;
  lock = take_over (folder_fd, file_name, paired);
  if (lock < 0)
    return NULL;
  if (paired)
    name = clean_pair (folder_fd, other, file_name, is_whole);
  else
    _sfumato_store_drop (folder_fd, file_name);
  close (lock);
  return name;
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
