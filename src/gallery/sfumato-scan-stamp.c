/* By what it is seen that a file or the folder is not as it was.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-scan.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "gallery/sfumato-store.h"

#define SETTLING 2 /* s: the coarsest clock of a file system, FAT's */

static gint64
nanoseconds (const struct timespec *time)
{
  return (gint64) time->tv_sec * 1000000000 + time->tv_nsec;
}

gboolean
sfumato_scan_stamp (int           folder_fd,
                    const char   *file_name,
                    SfumatoStamp *stamp)
{
  g_autofree char *sidecar = sfumato_store_sidecar (file_name);
  struct stat info;

  *stamp = (SfumatoStamp) { 0 };
  if (fstatat (folder_fd, file_name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG (info.st_mode))
    return FALSE;
  stamp->size = info.st_size;
  stamp->mtime = nanoseconds (&info.st_mtim);
  if (fstatat (folder_fd, sidecar, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG (info.st_mode))
    {
      stamp->sidecar_size = info.st_size;
      stamp->sidecar_mtime = nanoseconds (&info.st_mtim);
    }
  return TRUE;
}

gint64
sfumato_scan_folder_stamp (int folder_fd)
{
  struct stat info;

  if (fstat (folder_fd, &info) != 0 || g_get_real_time () / G_USEC_PER_SEC - info.st_mtim.tv_sec <= SETTLING)
    return SFUMATO_SCAN_UNSETTLED;
  return nanoseconds (&info.st_mtim) ^ (gint64) ((guint64) info.st_ino << 32 | info.st_ino >> 32);
}
