/* The file in which libsecret keeps the secrets of a sandboxed application.
 *
 * Its format is libsecret's (secret-file-collection.c of 0.21): 16 bytes of heading, a version, and a GVariant with
 * a salt whose length is written beside it. libsecret takes the GVariant as well-formed and asserts that the two
 * lengths agree.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "keyring/sfumato-keyring-file.h"

#include "keyring/sfumato-keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>

#define HEADING        "GnomeKeyring\n\r\0\n\1"   /* and a zero: version 1.0 */
#define HEADING_LENGTH 18
#define LAYOUT         "(uayutua(a{say}ay))"
#define FILE_MAX       (16 * 1024 * 1024)

gboolean
sfumato_keyring_file_is_used (void)
{
  return g_file_test ("/.flatpak-info", G_FILE_TEST_EXISTS) || g_getenv ("SNAP_NAME") != NULL ||
         g_strcmp0 (g_getenv ("SECRET_BACKEND"), "file") == 0;
}

static char *
file_path (void)
{
  const char *elsewhere = g_getenv ("SECRET_FILE_TEST_PATH");

  if (elsewhere != NULL && *elsewhere != '\0')
    return g_strdup (elsewhere);
  return g_build_filename (g_get_user_data_dir (), "keyrings", "default.keyring", NULL);
}

static gboolean
is_well_formed (GBytes *bytes)
{
  g_autoptr (GBytes) body = NULL;
  g_autoptr (GVariant) all = NULL;
  g_autoptr (GVariant) salt = NULL;
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  guint32 salt_length;

  if (size <= HEADING_LENGTH || size > FILE_MAX || memcmp (data, HEADING, HEADING_LENGTH) != 0)
    return FALSE;
  body = g_bytes_new_from_bytes (bytes, HEADING_LENGTH, size - HEADING_LENGTH);
  all = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE (LAYOUT), body, FALSE));
  if (!g_variant_is_normal_form (all))
    return FALSE;
  g_variant_get_child (all, 0, "u", &salt_length);
  salt = g_variant_get_child_value (all, 1);
  return GUINT32_FROM_LE (salt_length) == g_variant_n_children (salt);
}

gboolean
sfumato_keyring_file_check (GError **error)
{
  g_autofree char *path = file_path ();
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) local = NULL;

  bytes = g_file_load_bytes (file, NULL, NULL, &local);
  if (bytes == NULL && g_error_matches (local, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    return TRUE;
  if (bytes != NULL && is_well_formed (bytes))
    return TRUE;
  g_set_error (error, SFUMATO_KEYRING_ERROR, SFUMATO_KEYRING_ERROR_FAILED,
               local != NULL ? _("The file that keeps the keys cannot be read (%s): %s.")
                             : _("The file that keeps the keys is damaged (%s). Forget the key, then enter it "
                                 "again.%s"),
               path, local != NULL ? local->message : "");
  return FALSE;
}

int
sfumato_keyring_file_lock (void)
{
  g_autofree char *path = file_path ();
  g_autofree char *folder = g_path_get_dirname (path);
  /* Not ".lock" alone: that one is newer libsecret's own, which would wait for us for ever. */
  g_autofree char *lock = g_strconcat (path, ".sfumato.lock", NULL);
  int fd;

  g_mkdir_with_parents (folder, 0700);
  fd = g_open (lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  while (fd >= 0 && flock (fd, LOCK_EX) != 0 && errno == EINTR);
  return fd;
}

static gboolean
remove_if_there (const char  *path,
                 GError     **error)
{
  if (g_remove (path) == 0 || errno == ENOENT || errno == ENOTDIR)
    return TRUE;
  g_set_error (error, SFUMATO_KEYRING_ERROR, SFUMATO_KEYRING_ERROR_FAILED,
               _("An old copy of the key cannot be removed (%s): %s."), path, g_strerror (errno));
  return FALSE;
}

gboolean
sfumato_keyring_file_clean (gboolean   with_file,
                            GError   **error)
{
  g_autofree char *path = file_path ();
  g_autofree char *copy = g_strconcat (path, "~", NULL);

  return (!with_file || remove_if_there (path, error)) && remove_if_there (copy, error);
}
