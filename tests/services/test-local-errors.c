/* Errors of the engine in the person's language.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/local/sfumato-local-private.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

#define MEMORY "This picture needs about %.1f GB of memory, and %.1f GB are free. Close other programs, or choose a smaller picture or a model with smaller weights."
#define TEXT "\"type\":\"error\",\"kind\":\"model\",\"text\":\"It is so.\""
#define MISSING "“%s” is incomplete: “%s” of %s is missing."

static const struct { const char *json, *english, *german; } cases[] = {
  { "{\"type\":\"error\",\"kind\":\"memory\",\"text\":\"This picture needs 5.3 GB.\",\"format\":\"" MEMORY "\",\"arguments\":[\"5.3\",\"2.0\"]}",
    "needs 5.3 GB", "etwa 5.3 GB Arbeitsspeicher, frei sind 2.0 GB" },
  { "{" TEXT ",\"format\":\"" MISSING "\",\"arguments\":[\"a.gguf\",\"x.bias\",\"the text encoder CLIP-L\"]}",
    "It is so.", "„a.gguf“ ist unvollständig: „x.bias“ fehlt (der Textencoder CLIP-L)" },
  { "{" TEXT ",\"format\":\"“%s” is damaged: %s.\",\"arguments\":[\"a.gguf\",\"a tensor is in it twice\"]}",
    "It is so.", "„a.gguf“ ist beschädigt: Ein Tensor steht zweimal darin." },
  { "{" TEXT ",\"format\":\"“%s” is damaged: its entry “%.100s” %s.\",\"arguments\":[\"a.safetensors\",\"x\",\"has a shape that cannot be\"]}",
    "It is so.", "„a.safetensors“ ist beschädigt: Der Eintrag „x“ hat eine unmögliche Form." },
  { "{" TEXT ",\"format\":\"“%s” cannot be opened: %s.\",\"arguments\":[\"a\",\"No such file or directory\"]}",
    "It is so.", "„a“ lässt sich nicht öffnen: Datei oder Verzeichnis nicht gefunden." },
  /* What is not whole stays as it came. */
  { "{" TEXT "}", "It is so.", "It is so." },
  { "{" TEXT ",\"format\":\"Nobody said %s so far.\",\"arguments\":[\"this\"]}", "It is so.", "It is so." },
  { "{" TEXT ",\"format\":\"%n%n%s\",\"arguments\":[]}", "It is so.", "It is so." },
  { "{" TEXT ",\"format\":\"\",\"arguments\":[]}", "It is so.", "It is so." },
  { "{" TEXT ",\"format\":\"" MISSING "\"}", "It is so.", "It is so." },
  { "{" TEXT ",\"format\":\"" MISSING "\",\"arguments\":\"a\"}", "It is so.", "It is so." },
  { "{" TEXT ",\"format\":\"" MISSING "\",\"arguments\":[\"a\",\"b\"]}", "It is so.", "It is so." },
  { "{" TEXT ",\"format\":\"" MISSING "\",\"arguments\":[\"a\",\"b\",\"c\",\"d\"]}", "It is so.", "It is so." },
  { "{" TEXT ",\"format\":\"" MISSING "\",\"arguments\":[\"a\",2,null]}", "It is so.", "It is so." },
  { "{" TEXT ",\"format\":7,\"arguments\":[]}", "It is so.", "It is so." },
};

static void
check (gboolean german)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (JsonParser) parser = json_parser_new ();
      g_autoptr (GError) error = NULL;
      const char *says = german ? cases[i].german : cases[i].english;

      g_assert_true (json_parser_load_from_data (parser, cases[i].json, -1, NULL));
      error = sfumato_local_hear_error (json_node_get_object (json_parser_get_root (parser)), "Fox");
      g_assert_nonnull (error);
      if (strstr (error->message, says) == NULL)
        g_error ("“%s” should say “%s”", error->message, says);
    }
}

static void
test_english (void)
{
  setlocale (LC_ALL, "C.UTF-8");
  check (FALSE);
}

/* A locale of this name may not be installed; all that counts of it here is its name. */
static void
test_german (void)
{
  g_autofree char *folder = g_dir_make_tmp ("sfumato-locale-XXXXXX", NULL);
  g_autofree char *german = g_build_filename (folder, "de_DE.utf8", NULL);

  g_assert_cmpint (symlink ("/usr/lib/locale/C.utf8", german), ==, 0);
  g_setenv ("LOCPATH", folder, TRUE);
  g_assert_nonnull (setlocale (LC_ALL, "de_DE.UTF-8"));
  check (TRUE);
  g_remove (german);
  g_rmdir (folder);
}

int
main (int    argc,
      char **argv)
{
  bindtextdomain (GETTEXT_PACKAGE, CATALOGUES);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/local-errors/german", test_german); /* first: GLib asks once whether there is a translation */
  g_test_add_func ("/local-errors/english", test_english);
  return g_test_run ();
}
