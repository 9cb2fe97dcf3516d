/* What the helper process is to the system.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/process.h"

#include "engine/memory.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static pid_t parent;

/* The kernel sends this when the thread ends that started this process; only the end of the whole parent counts. */
static void
parent_cb (int number)
{
  if (getppid () != parent)
    _exit (0);
}

/* What is not set here may come from the parent in any state, for it survives exec. */
static void
settle_signals (void)
{
  static const int plain[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGSYS };
  struct sigaction action = { .sa_handler = parent_cb, .sa_flags = SA_RESTART };
  sigset_t none;

  for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
    signal (plain[i], SIG_DFL);
  signal (SIGPIPE, SIG_IGN); /* a closed output is seen where it is written to */
  sigaction (SIGUSR1, &action, NULL);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  parent = getppid ();
  prctl (PR_SET_PDEATHSIG, SIGUSR1, 0, 0, 0);
}

/* The three standard ones are there, no other is. */
static void
settle_descriptors (void)
{
  for (int fd = 0; fd < 3; fd++)
    if (fcntl (fd, F_GETFD) < 0)
      open ("/dev/null", O_RDWR);
  close_range (3, UINT_MAX, 0);
}

/* Before the desktop and whatever else a person has open. */
static void
die_first_when_memory_is_short (void)
{
  int fd = open ("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

  if (fd < 0)
    return;
  if (write (fd, "800", 3) != 3)
    fputs ("sfumato-engine: the kernel does not take a hint for when memory is short\n", stderr);
  close (fd);
}

void
sd3_process_settle (void)
{
  settle_descriptors ();
  settle_signals ();
  die_first_when_memory_is_short ();
  setrlimit (RLIMIT_CORE, &(struct rlimit) { 0, 0 });
  prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* Beside the program, wherever it was moved to, or else where it was installed. */
char *
sd3_process_find_merges (void)
{
  char path[PATH_MAX], *slash, *merges;
  ssize_t n = readlink ("/proc/self/exe", path, sizeof path - 1);

  path[n > 0 ? n : 0] = '\0';
  slash = strrchr (path, '/');
  if (slash)
    {
      *slash = '\0';
      merges = sd3_text_new ("%s/" MERGES_FROM_HERE, path);
      if (access (merges, R_OK) == 0)
        return merges;
      free (merges);
    }
  return access (MERGES, R_OK) == 0 ? sd3_text_copy (MERGES, strlen (MERGES)) : NULL;
}
