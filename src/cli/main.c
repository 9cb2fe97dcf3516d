/* sfumato-cli.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <libintl.h>
#include <locale.h>
#include <signal.h>
#include <unistd.h>

#include "cli/sfumato-cli.h"

/* A standard stream that is closed would be the first file to be opened: the answer would be written into a database.
 * What cannot be read or written is put in its place. */
static void
fill_standard_streams (void)
{
  static const int modes[] = { O_WRONLY, O_RDONLY, O_RDONLY };

  for (int fd = 0; fd <= 2; fd++)
    if (fcntl (fd, F_GETFD) == -1 && errno == EBADF && open ("/dev/null", modes[fd]) < 0)
      _exit (SFUMATO_EXIT_FAILED);
}

static void
set_up (void)
{
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_set_prgname ("sfumato-cli");

  /* Standard output is for the answer, even where somebody wants to see debug messages. */
  g_log_writer_default_set_use_stderr (TRUE);
  /* A pipe that nobody reads is an error like another one. */
  signal (SIGPIPE, SIG_IGN);
  /* Local files are all there is here; the other kind would ask a bus that may not answer. */
  g_setenv ("GIO_USE_VFS", "local", TRUE);
}

int
main (int    argc,
      char **argv)
{
  fill_standard_streams ();
  sfumato_harden_process ();
  set_up ();
  return sfumato_cli_main (argv);
}
