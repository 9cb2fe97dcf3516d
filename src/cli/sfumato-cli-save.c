/* Writing pictures where they were asked for, or where there is still a place for them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "cli/sfumato-cli.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "domain/sfumato-error.h"

static gboolean
refuse (GError **error,
        char    *message)   /* (transfer full) */
{
  g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Not Written"), "%s", message));
  g_free (message);
  return FALSE;
}

static gboolean
not_written (GError     **error,
             const char  *path)
{
  int number = errno;
  g_autofree char *name = g_filename_display_name (path);

  return refuse (error, g_strdup_printf (_("“%s” cannot be written: %s."), name, g_strerror (number)));
}

/* A device or a pipe: it is written into, and nothing is put in its place. */
static gboolean
is_special (const char *path)
{
  struct stat info;

  return stat (path, &info) == 0 && !S_ISREG (info.st_mode) && !S_ISDIR (info.st_mode);
}

static gboolean
check_folder (const char  *folder,
              GError     **error)
{
  g_autofree char *name = g_filename_display_name (folder);
  struct stat info;

  if (stat (folder, &info) == 0 && !S_ISDIR (info.st_mode))
    errno = ENOTDIR;
  else if (access (folder, W_OK | X_OK) == 0)
    return TRUE;
  return refuse (error, g_strdup_printf (_("Nothing can be written into the folder “%s”: %s. Nothing was sent."), name,
                                         g_strerror (errno)));
}

gboolean
sfumato_cli_check_output (const char  *path,
                          gboolean     force,
                          GError     **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *name = g_filename_display_name (path);
  struct stat info;

  if (is_special (path))
    return TRUE;
  if (lstat (path, &info) != 0 && errno == ENAMETOOLONG)
    return refuse (error, g_strdup_printf (_("“%s” cannot be written: %s. Nothing was sent."), name, g_strerror (errno)));
  if (lstat (path, &info) == 0 && !force)
    return refuse (error, g_strdup_printf (_("“%s” exists already, and is not overwritten without --force. Nothing was "
                                             "sent."), name));
  return check_folder (folder, error);
}

/* ---- bytes into files ---- */

static gboolean
write_all (int         fd,
           const char *data,
           gsize       length)
{
  while (length > 0)
    {
      gssize written = write (fd, data, length);

      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0)
        return FALSE;
      data += written;
      length -= written;
    }
  return TRUE;
}

static gboolean
write_into (const char  *path,
            GBytes      *bytes,
            GError     **error)
{
  int fd = g_open (path, O_WRONLY | O_CLOEXEC | O_NOCTTY, 0);
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  gboolean done;

  if (fd < 0)
    return not_written (error, path);
  done = write_all (fd, data, size) || not_written (error, path);
  close (fd);
  return done;
}

/* So that the name outlives a power cut, too; where a file system cannot do that, it cannot. */
static void
sync_folder (const char *folder)
{
  int fd = g_open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

  if (fd < 0)
    return;
  if (fsync (fd) != 0)
    g_debug ("fsync of a folder: %s", g_strerror (errno));
  close (fd);
}

/* Under its name only when all of it is on disk; without force only where nothing has that name. */
static gboolean
put_in_place (const char *part,
              const char *path,
              gboolean    force)
{
  if (force)
    return g_rename (part, path) == 0;
  if (renameat2 (AT_FDCWD, part, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
    return TRUE;
  if (errno != EINVAL && errno != ENOSYS)
    return FALSE;
  /* A file system that cannot do that in one go. */
  return link (part, path) == 0 && g_unlink (part) == 0;
}

static gboolean
write_part (const char *part,
            int         fd,
            GBytes     *bytes)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  mode_t mask = umask (0);

  umask (mask);
  return write_all (fd, data, size) && fchmod (fd, 0666 & ~mask) == 0 && fsync (fd) == 0;
}

gboolean
sfumato_cli_save (const char  *path,
                  GBytes      *bytes,
                  gboolean     force,
                  GError     **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *part = g_build_filename (folder, ".sfumato-XXXXXX", NULL);
  gboolean written;
  int fd;

  if (is_special (path))
    return write_into (path, bytes, error);
  fd = g_mkstemp_full (part, O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0)
    return not_written (error, path);
  written = write_part (part, fd, bytes);
  written = close (fd) == 0 && written;
  if (written && put_in_place (part, path, force))
    {
      sync_folder (folder);
      return TRUE;
    }
  not_written (error, path);
  g_unlink (part);
  return FALSE;
}

char *
sfumato_cli_save_anywhere (GBytes           *bytes,
                           SfumatoImageType  type)
{
  g_autofree char *here = g_get_current_dir ();
  const char * const folders[] = { g_get_tmp_dir (), "/var/tmp", here, g_get_home_dir (), "/dev/shm" };

  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *id = g_uuid_string_random ();
      g_autofree char *name = g_strdup_printf ("sfumato-%.8s.%s", id, sfumato_image_type_extension (type));
      g_autofree char *path = g_build_filename (folders[i], name, NULL);

      if (sfumato_cli_save (path, bytes, FALSE, NULL))
        return g_steal_pointer (&path);
    }
  return NULL;
}
