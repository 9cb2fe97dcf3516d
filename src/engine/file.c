/* One open file of a model.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/file.h"

#include "engine/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *
base_name (const char *path)
{
  const char *slash = strrchr (path, '/');

  return slash && slash[1] ? slash + 1 : path;
}

/* What the system says, where a person may really meet it in a form that can be translated. */
static const char *
reason (int number)
{
  switch (number)
    {
    case EXDEV:
      return NC_ ("engine", "it is a link that leads out of the folder");
    case ENOENT:
      return NC_ ("engine", "No such file or directory");
    case EACCES:
      return NC_ ("engine", "Permission denied");
    case EIO:
      return NC_ ("engine", "Input/output error");
    default:
      return strerror (number);
    }
}

static bool
take_file (sd3_file   *file,
           int         fd,
           const char *path,
           sd3_error  *error)
{
  const char *name = base_name (path);
  struct stat at;

  if (fd < 0)
    return sd3_fail (error, N_ ("“%s” cannot be opened: %s."), name, reason (errno));
  if (fstat (fd, &at) != 0 || !S_ISREG (at.st_mode))
    {
      close (fd);
      return sd3_fail (error, N_ ("“%s” is not a file."), name);
    }
  *file = (sd3_file) { fd, (uint64_t) at.st_size, at.st_mtim, sd3_text_copy (name, strlen (name)) };
  return true;
}

bool
sd3_file_open (sd3_file   *file,
               const char *path,
               sd3_error  *error)
{
  return take_file (file, open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), path, error);
}

/* Where the kernel cannot keep the way: whoever changes links in the moment between would have to own the model. */
static int
open_looked_up (const char *folder,
                const char *relative,
                int         flags)
{
  char *path = sd3_text_new ("%s/%s", folder, relative), *real = realpath (path, NULL), *root = realpath (folder, NULL);
  size_t length = root ? strlen (root) : 0;
  int fd = -1, why;

  if (real && root && strncmp (real, root, length) == 0 && real[length] == '/')
    fd = open (real, flags | O_NOFOLLOW);
  else if (real && root)
    errno = EXDEV;
  why = errno;
  free (path);
  free (real);
  free (root);
  errno = why;
  return fd;
}

/* The kernel itself keeps the way beneath @folder (openat2, Linux 5.6). */
static int
open_beneath (const char *folder,
              const char *relative)
{
  struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
  int root = open (folder, O_PATH | O_DIRECTORY | O_CLOEXEC), fd, why;

  if (root < 0)
    return -1;
  fd = (int) syscall (SYS_openat2, root, relative, &how, sizeof how);
  if (fd < 0 && errno == ENOSYS)
    fd = open_looked_up (folder, relative, (int) how.flags);
  why = errno;
  close (root);
  errno = why;
  return fd;
}

/* "CACHE/snapshots/REVISION" gives CACHE and "snapshots/REVISION", or NULL where it is no such folder. */
static char *
hub_cache (const char  *folder,
           const char **inside)
{
  char *real = realpath (folder, NULL), *name, *parent;

  if (!real)
    return NULL;
  name = strrchr (real, '/');
  *name = '\0';
  parent = strrchr (real, '/');
  *name = '/';
  if (!parent || parent == real || name - parent != 10 || strncmp (parent, "/snapshots", 10) != 0)
    {
      free (real);
      return NULL;
    }
  *parent = '\0';
  *inside = parent + 1;
  return real;
}

bool
sd3_file_open_in (sd3_file   *file,
                  const char *root,
                  const char *relative,
                  sd3_error  *error)
{
  const char *inside = NULL;
  char *cache = hub_cache (root, &inside);
  char *path = cache ? sd3_text_new ("%s/%s", inside, relative) : sd3_text_copy (relative, strlen (relative));
  bool good = take_file (file, open_beneath (cache ? cache : root, path), relative, error);

  free (cache);
  free (path);
  return good;
}

static bool
unchanged (const sd3_file *file)
{
  struct stat at;

  return fstat (file->fd, &at) == 0 && (uint64_t) at.st_size == file->size &&
         at.st_mtim.tv_sec == file->changed.tv_sec && at.st_mtim.tv_nsec == file->changed.tv_nsec;
}

bool
sd3_file_read (const sd3_file *file,
               uint64_t        offset,
               void           *out,
               size_t          size,
               sd3_error      *error)
{
  char *p = out;

  if (offset > file->size || size > file->size - offset)
    return sd3_fail (error, N_ ("“%s” is damaged: it ends too early."), file->name);
  while (size > 0)
    {
      ssize_t n = pread (file->fd, p, size, (off_t) offset);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return sd3_fail (error, N_ ("“%s” cannot be read: %s."), file->name, reason (errno));
      if (n == 0)
        break;
      p += n;
      offset += n;
      size -= n;
    }
  if (size > 0 || !unchanged (file))
    return sd3_fail (error, N_ ("“%s” was changed while it was being read."), file->name);
  return true;
}

char *
sd3_file_text (const sd3_file *file,
               size_t          most,
               sd3_error      *error)
{
  char *text;

  if (file->size > most)
    {
      sd3_fail (error, N_ ("“%s” is too large for what it should be."), file->name);
      return NULL;
    }
  text = sd3_alloc (file->size + 1, 1);
  if (sd3_file_read (file, 0, text, file->size, error))
    return text;
  free (text);
  return NULL;
}

void
sd3_file_close (sd3_file *file)
{
  if (!file->name)
    return;
  close (file->fd);
  free (file->name);
  *file = (sd3_file) { 0 };
}
