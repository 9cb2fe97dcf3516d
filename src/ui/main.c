/* Sfumato's window.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <libintl.h>
#include <locale.h>

#include "studio/sfumato-studio.h"
#include "ui/sfumato-application.h"

int
main (int   argc,
      char *argv[])
{
  g_autoptr (SfumatoApplication) application = NULL;

  sfumato_harden_process ();
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);

  g_set_prgname (APP_ID);
  application = sfumato_application_new ();
  return g_application_run (G_APPLICATION (application), argc, argv);
}
