/* Names in the pictures folder: a picture and its sidecar get theirs together, and never in place of another file.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-store-private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES_MAX 99999 /* "name (99999).png" */

void
_sfumato_store_drop (int         folder_fd,
                     const char *name)
{
  int saved = errno;

  if (name != NULL)
    unlinkat (folder_fd, name, 0);
  errno = saved;
}

/* Renames, and never over another file: errno is EEXIST then. Where the file system cannot say so in one call, a
 * hard link does; where it has no links either, an empty file takes the name first. */
gboolean
_sfumato_store_rename_new (int         from_fd,
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
      _sfumato_store_drop (from_fd, from);
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
  _sfumato_store_drop (to_fd, to);
  return FALSE;
}

gboolean
_sfumato_store_exists (int         folder_fd,
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

/* Whether both names are of one file. */
static gboolean
is_same (int         fd,
         const char *name,
         int         other_fd,
         const char *other)
{
  struct stat info, other_info;

  return fstatat (fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
         fstatat (other_fd, other, &other_info, AT_SYMLINK_NOFOLLOW) == 0 && info.st_dev == other_info.st_dev &&
         info.st_ino == other_info.st_ino;
}

/* Like rename_new(), but the file keeps its other name as well, where the file system has hard links. */
static gboolean
link_new (int         from_fd,
          const char *from,
          int         to_fd,
          const char *to)
{
  if (linkat (from_fd, from, to_fd, to, 0) == 0)
    return TRUE;
  if (errno == EPERM || errno == ENOTSUP || errno == ENOSYS || errno == EMLINK)
    return _sfumato_store_rename_new (from_fd, from, to_fd, to);
  return errno == EEXIST && is_same (from_fd, from, to_fd, to);
}

static void
take_link_back (int         from_fd,
                const char *from,
                int         to_fd,
                const char *to)
{
  int saved = errno;

  if (_sfumato_store_exists (from_fd, from))
    unlinkat (to_fd, to, 0);
  else
    renameat (to_fd, to, from_fd, from);
  errno = saved;
}

/* Gives picture and sidecar their names. A name whose sidecar is there is taken too: it may belong to a picture
 * that comes back. FALSE with errno EEXIST if this name is taken.
 *
 * The sidecar gives its old name up last: whoever is killed in between leaves a pair that sfumato_store_clean() knows. */
static gboolean
rename_pair (int         from_fd,
             const char *picture,
             const char *sidecar,
             int         to_fd,
             const char *name)
{
  g_autofree char *sidecar_name = sfumato_store_sidecar (name);

  if (sidecar == NULL && _sfumato_store_exists (to_fd, sidecar_name))
    {
      errno = EEXIST;
      return FALSE;
    }
  if (sidecar != NULL && !link_new (from_fd, sidecar, to_fd, sidecar_name))
    return FALSE;
  if (!_sfumato_store_rename_new (from_fd, picture, to_fd, name))
    {
      if (sidecar != NULL)
        take_link_back (from_fd, sidecar, to_fd, sidecar_name);
      return FALSE;
    }
  _sfumato_store_drop (from_fd, sidecar);
  return TRUE;
}

char *
_sfumato_store_name_pair (int         from_fd,
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
