/* The memory that is left: what the kernel counts for all, and for the control groups this process is in.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/device.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_GROUPS 16
#define GROUPS "/sys/fs/cgroup"

static int meminfo = -1;
static struct { int max, current, stat; } groups[MAX_GROUPS]; /* control groups, version 2: ours and those above it */
static int n_groups;

static int
open_in (const char *folder,
         const char *name)
{
  char path[PATH_MAX];

  return snprintf (path, sizeof path, "%s/%s", folder, name) < (int) sizeof path ? open (path, O_RDONLY | O_CLOEXEC) : -1;
}

/* "0::/user.slice/…" of /proc/self/cgroup. */
static bool
find_group (const char *root,
            char       *path,
            size_t      room)
{
  char line[PATH_MAX];
  FILE *file;
  bool found = false;

  snprintf (line, sizeof line, "%s/proc/self/cgroup", root);
  file = fopen (line, "re");
  while (file && !found && fgets (line, sizeof line, file))
    if (strncmp (line, "0::/", 4) == 0)
      {
        line[strcspn (line, "\n")] = '\0';
        found = snprintf (path, room, "%s" GROUPS "%s", root, line + 3) < (int) room;
      }
  if (file)
    fclose (file);
  return found;
}

/* A process may lock itself in afterwards: the files that tell stay open. */
void
sd3_memory_watch (const char *root)
{
  char path[PATH_MAX];

  meminfo = open_in (root, "proc/meminfo");
  n_groups = 0;
  if (!find_group (root, path, sizeof path))
    return;
  for (char *slash = path + strlen (path); n_groups < MAX_GROUPS && slash >= path + strlen (root) + strlen (GROUPS); slash = strrchr (path, '/'))
    {
      *slash = '\0';
      groups[n_groups].max = open_in (path, "memory.max");
      groups[n_groups].current = open_in (path, "memory.current");
      groups[n_groups].stat = open_in (path, "memory.stat");
      if (groups[n_groups].max >= 0)
        n_groups++;
    }
}

/* The number behind @key in a file that is open, or its first number; UINT64_MAX when there is none. */
static uint64_t
read_number (int         fd,
             const char *key)
{
  char text[8192], *at = text;
  ssize_t n = fd >= 0 ? pread (fd, text, sizeof text - 1, 0) : -1;

  if (n <= 0)
    return UINT64_MAX;
  text[n] = '\0';
  if (key)
    at = strstr (text, key);
  if (!at)
    return UINT64_MAX;
  at += key ? strlen (key) : 0;
  at += strspn (at, " ");
  return isdigit ((unsigned char) *at) ? strtoull (at, NULL, 10) : UINT64_MAX;
}

/* What files left in memory is given back when somebody needs it. */
static uint64_t
left_in_group (int i)
{
  uint64_t max = read_number (groups[i].max, NULL), used = read_number (groups[i].current, NULL);
  uint64_t active = read_number (groups[i].stat, "\nactive_file"), inactive = read_number (groups[i].stat, "\ninactive_file");
  uint64_t files = active != UINT64_MAX && inactive != UINT64_MAX ? active + inactive : 0;

  if (max == UINT64_MAX || used == UINT64_MAX)
    return UINT64_MAX;
  used -= files < used ? files : used;
  return used < max ? max - used : 0;
}

uint64_t
sd3_memory_available (void)
{
  uint64_t least = sd3_devices_load (NULL) ? read_number (meminfo, "MemAvailable:") : UINT64_MAX;

  if (least != UINT64_MAX)
    least *= 1024;
  for (int i = 0; i < n_groups; i++)
    {
      uint64_t left = left_in_group (i);

      least = left < least ? left : least;
    }
  return least;
}
