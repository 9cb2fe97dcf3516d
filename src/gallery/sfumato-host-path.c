/* The path by which a person knows a file.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-host-path.h"

#include <limits.h>
#include <string.h>
#include <sys/xattr.h>

/* What the document portal says of each file behind it, since xdg-desktop-portal 1.18. */
#define HOST_PATH "user.document-portal.host-path"

/* "61f2a1/Pictures" of a path behind the document portal, within path; NULL elsewhere. */
static const char *
behind_portal (const char *path)
{
  g_autofree char *documents = g_strconcat (g_get_user_runtime_dir (), "/doc/", NULL);

  return g_str_has_prefix (path, documents) ? path + strlen (documents) : NULL;
}

gboolean
sfumato_host_path_is_chosen (const char *path)
{
  return behind_portal (path) != NULL;
}

char *
sfumato_host_path (const char *path)
{
  const char *document = behind_portal (path);
  const char *name = document != NULL ? strchr (document, '/') : NULL;
  char host[PATH_MAX];
  ssize_t length;

  if (name == NULL)
    return g_filename_display_name (path);
  length = getxattr (path, HOST_PATH, host, sizeof host - 1);
  if (length <= 0)
    return g_filename_display_name (name + 1);
  host[length] = '\0';
  return g_filename_display_name (host);
}
