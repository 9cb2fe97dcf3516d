/* The path that is shown for a file: its own, or the one on the other side of the document portal.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/xattr.h>

#include "gallery/sfumato-gallery.h"
#include "gallery/sfumato-host-path.h"
#include "gallery/sfumato-store.h"

#define HOST "/media/maria/Bilder/Füchse"

/* A folder as the portal would show it; with the path on the host where it is one that tells. */
static char *
chosen (const char *document,
        const char *host)
{
  char *folder = g_build_filename (g_get_user_runtime_dir (), "doc", document, "Füchse", NULL);

  g_assert_no_errno (g_mkdir_with_parents (folder, 0700));
  if (host != NULL)
    g_assert_no_errno (setxattr (folder, "user.document-portal.host-path", host, strlen (host), 0));
  return folder;
}

static void
check_shown (const char *path,
             const char *expected)
{
  g_autofree char *shown = sfumato_host_path (path);

  g_assert_cmpstr (shown, ==, expected);
}

static void
test_what_the_portal_tells (void)
{
  g_autofree char *folder = chosen ("61f2a1", HOST);

  check_shown (folder, HOST);
}

static void
test_a_portal_that_tells_nothing (void)
{
  g_autofree char *folder = chosen ("b7", NULL);
  g_autofree char *away = g_build_filename (folder, "away", NULL);

  check_shown (folder, "Füchse");
  check_shown (away, "Füchse/away");
}

/* Elsewhere nobody is believed: a file's attribute may be anybody's. */
static void
test_paths_of_this_side (void)
{
  g_autofree char *plain = g_build_filename (g_get_user_runtime_dir (), "documents", NULL);
  g_autofree char *documents = g_build_filename (g_get_user_runtime_dir (), "doc", NULL);

  g_assert_no_errno (g_mkdir_with_parents (plain, 0700));
  g_assert_no_errno (setxattr (plain, "user.document-portal.host-path", HOST, strlen (HOST), 0));
  check_shown (plain, plain);
  check_shown (documents, documents);
  check_shown ("/media/maria/b\xfc" "cher", "/media/maria/b\xef\xbf\xbd" "cher");
}

static void
test_sentences_name_it (void)
{
  g_autofree char *folder = chosen ("61f2a2", HOST);
  g_autoptr (GError) error = sfumato_store_error (folder, EACCES);

  g_assert_nonnull (strstr (error->message, "“" HOST "”"));
  g_assert_null (strstr (error->message, folder));
}

static void
test_the_gallery_names_it (void)
{
  g_autofree char *folder = chosen ("61f2a3", HOST);
  g_autofree char *index = g_build_filename (g_get_user_data_dir (), "index.db", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (SfumatoGallery) gallery = NULL;
  g_autofree char *shown = NULL;

  g_assert_no_errno (g_mkdir_with_parents (g_get_user_data_dir (), 0700));
  gallery = sfumato_gallery_open (folder, index, g_get_user_cache_dir (), &error);
  g_assert_no_error (error);
  shown = sfumato_gallery_dup_shown_folder (gallery);
  g_assert_cmpstr (shown, ==, HOST);
  g_assert_cmpstr (sfumato_gallery_get_folder (gallery), ==, folder);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  g_test_add_func ("/host-path/portal-tells", test_what_the_portal_tells);
  g_test_add_func ("/host-path/portal-does-not-tell", test_a_portal_that_tells_nothing);
  g_test_add_func ("/host-path/this-side", test_paths_of_this_side);
  g_test_add_func ("/host-path/sentences", test_sentences_name_it);
  g_test_add_func ("/host-path/gallery", test_the_gallery_names_it);
  return g_test_run ();
}
