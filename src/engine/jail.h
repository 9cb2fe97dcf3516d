/* Locks this process in, before it opens files that nobody vouches for: whatever they make it do, it can read only what
 * it was given, write nothing but a card's cache, reach no network, start no process and touch no other. The kernel keeps the lock;
 * nothing here can be undone.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <stdbool.h>

typedef struct
{
  bool seccomp;  /* system calls: no network, no new process, no writing */
  bool landlock; /* files: only the given ones and what the computation needs */
} sd3_jail;

/* Enters the jail with all threads there are. @paths, NULL-terminated, are the files and folders that can still be read,
 * each with what its links lead to; @gpu leaves the ways to graphics cards open, and where Landlock holds, their drivers can
 * write in the folder @cache (or NULL) and nowhere else. Says which of the two locks this kernel gave. */
sd3_jail sd3_jail_enter (const char *const *paths,
                         bool               gpu,
                         const char        *cache);
