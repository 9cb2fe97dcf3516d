/* The cache of the graphics drivers.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/shaders.h"

#include "engine/memory.h"

#include <ftw.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The drivers are asked to keep within the first; beyond the second they did not. */
#define ROOM     (256 << 20)
#define TOO_MUCH (2 * (uint64_t) ROOM)

static uint64_t size;

static int
measure_cb (const char        *path,
            const struct stat *at,
            int                kind,
            struct FTW        *place)
{
  size += kind == FTW_F ? (uint64_t) at->st_blocks * 512 : 0;
  return 0;
}

static int
remove_cb (const char        *path,
           const struct stat *at,
           int                kind,
           struct FTW        *place)
{
  return place->level > 0 ? remove (path) : 0;
}

static void
keep_small (const char *folder)
{
  size = 0;
  nftw (folder, measure_cb, 8, FTW_PHYS);
  if (size > TOO_MUCH)
    nftw (folder, remove_cb, 8, FTW_PHYS | FTW_DEPTH);
}

/* "$XDG_CACHE_HOME/sfumato/shaders", with the folders above it. */
static char *
make_folder (void)
{
  const char *cache = getenv ("XDG_CACHE_HOME"), *home = getenv ("HOME");
  char *base, *ours, *folder;
  bool made;

  if (cache && cache[0] == '/')
    base = sd3_text_new ("%s", cache);
  else if (home && home[0] == '/')
    base = sd3_text_new ("%s/.cache", home);
  else
    return NULL;
  ours = sd3_text_new ("%s/sfumato", base);
  folder = sd3_text_new ("%s/shaders", ours);
  mkdir (base, 0700);
  mkdir (ours, 0700);
  made = mkdir (folder, 0700) == 0 || access (folder, W_OK | X_OK) == 0;
  free (base);
  free (ours);
  if (made)
    return folder;
  free (folder);
  return NULL;
}

char *
sd3_shaders_open (void)
{
  char *folder = make_folder (), number[32];

  if (!folder)
    return NULL;
  keep_small (folder);
  setenv ("MESA_SHADER_CACHE_DIR", folder, 1);
  snprintf (number, sizeof number, "%dM", ROOM >> 20);
  setenv ("MESA_SHADER_CACHE_MAX_SIZE", number, 1);
  setenv ("__GL_SHADER_DISK_CACHE_PATH", folder, 1);
  snprintf (number, sizeof number, "%d", ROOM);
  setenv ("__GL_SHADER_DISK_CACHE_SIZE", number, 1);
  return folder;
}
