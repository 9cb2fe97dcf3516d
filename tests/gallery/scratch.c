/* What the gallery's tests share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#define _XOPEN_SOURCE 700 /* nftw() */
#include "config.h"

#include "scratch.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

char *
scratch_make (void)
{
  GError *error = NULL;
  char *path = g_dir_make_tmp ("sfumato-test-XXXXXX", &error);

  g_assert_no_error (error);
  return path;
}

static int
remove_cb (const char        *path,
           const struct stat *info,
           int                kind,
           struct FTW        *where)
{
  return remove (path);
}

void
scratch_remove (char *path)
{
  nftw (path, remove_cb, 16, FTW_DEPTH | FTW_PHYS);
  g_free (path);
}

GBytes *
scratch_read (const char *folder,
              const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  GError *error = NULL;
  char *data;
  gsize size;

  g_file_get_contents (path, &data, &size, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (data, size);
}

void
scratch_write (const char *folder,
               const char *name,
               const void *data,
               gsize       size)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  GError *error = NULL;

  g_file_set_contents (path, data, size, &error);
  g_assert_no_error (error);
}

GPtrArray *
scratch_list (const char *folder,
              const char *prefix,
              const char *suffix)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, prefix) && g_str_has_suffix (name, suffix))
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort_values (names, (GCompareFunc) strcmp);
  return names;
}

void
scratch_compare (const char *a,
                 const char *b)
{
  g_auto (GStrv) first = g_strsplit (a, "\n", -1);
  g_auto (GStrv) second = g_strsplit (b, "\n", -1);
  guint i = 0;

  while (first[i] != NULL && g_strcmp0 (first[i], second[i]) == 0)
    i++;
  g_assert_cmpstr (first[i], ==, second[i]);
}

pid_t
scratch_fork (ScratchChild child,
              gpointer     data)
{
  pid_t pid = fork ();

  g_assert_cmpint (pid, >=, 0);
  if (pid > 0)
    return pid;
  child (data);
  _exit (0);
}

int
scratch_wait (pid_t pid)
{
  int status;

  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  return status;
}

void
scratch_in_child (ScratchChild child,
                  gpointer     data)
{
  int status = scratch_wait (scratch_fork (child, data));

  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}
