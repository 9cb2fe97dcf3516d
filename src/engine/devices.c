/* What there is to compute with, and the memory that is left. A process may lock itself in once it has asked: the files
 * that tell are kept open.
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

/* ---- Devices ----------------------------------------------------------------------------------------------- */

static void
drop_log (enum ggml_log_level level,
          const char         *text,
          void               *data)
{
}

/* What ggml calls "Vulkan0" is "vulkan0" here. */
void
sd3_device_id (ggml_backend_dev_t device,
               char               id[32])
{
  const char *name = ggml_backend_dev_name (device);
  size_t i = 0;

  for (; name[i] && i < 31; i++)
    id[i] = (char) tolower ((unsigned char) name[i]);
  id[i] = '\0';
}

static bool
is_gpu (ggml_backend_dev_t device)
{
  enum ggml_backend_dev_type type = ggml_backend_dev_type (device);

  return type == GGML_BACKEND_DEVICE_TYPE_GPU || type == GGML_BACKEND_DEVICE_TYPE_IGPU;
}

/* A driver's device stays open once it was: ggml keeps it for the life of the process. */
static void
open_driver (ggml_backend_dev_t device)
{
  ggml_backend_t backend = ggml_backend_dev_init (device, NULL);

  if (backend)
    ggml_backend_free (backend);
}

static void open_counters (void);

bool
sd3_prepare (sd3_error *error)
{
  static bool prepared;

  if (!prepared)
    {
      ggml_log_set (drop_log, NULL);
      ggml_backend_load_all ();
      for (size_t i = 0; i < ggml_backend_dev_count (); i++)
        if (is_gpu (ggml_backend_dev_get (i)))
          open_driver (ggml_backend_dev_get (i));
      open_counters ();
      prepared = true;
    }
  return ggml_backend_dev_by_type (GGML_BACKEND_DEVICE_TYPE_CPU) ||
         sd3_fail_as (error, SD3_ERROR_OTHER, "ggml's kernels for the processor are not installed.");
}

static void
describe (ggml_backend_dev_t device,
          sd3_device_info   *info)
{
  struct ggml_backend_dev_props props;

  ggml_backend_dev_get_props (device, &props);
  *info = (sd3_device_info) { .is_gpu = is_gpu (device), .total = props.memory_total, .free = props.memory_free };
  sd3_device_id (device, info->id);
  snprintf (info->name, sizeof info->name, "%s", props.description ? props.description : "");
}

int
sd3_devices (sd3_device_info *infos,
             int              room)
{
  ggml_backend_dev_t processor = sd3_prepare (NULL) ? ggml_backend_dev_by_type (GGML_BACKEND_DEVICE_TYPE_CPU) : NULL;
  int n = 0;

  if (!processor)
    return 0;
  if (n++ < room)
    {
      describe (processor, &infos[0]);
      infos[0].free = sd3_memory_available ();
    }
  for (size_t i = 0; i < ggml_backend_dev_count (); i++)
    if (is_gpu (ggml_backend_dev_get (i)) && n++ < room)
      describe (ggml_backend_dev_get (i), &infos[n - 1]);
  return n;
}

/* The best there is: a card of its own, then one that shares the processor's memory, then the processor. */
ggml_backend_dev_t
sd3_device_find (const char *id)
{
  static const enum ggml_backend_dev_type best[] = { GGML_BACKEND_DEVICE_TYPE_GPU, GGML_BACKEND_DEVICE_TYPE_IGPU, GGML_BACKEND_DEVICE_TYPE_CPU };
  ggml_backend_dev_t device = NULL;
  char its_id[32];

  if (!id || strcmp (id, "auto") == 0)
    {
      for (int i = 0; !device && i < 3; i++)
        device = ggml_backend_dev_by_type (best[i]);
      return device;
    }
  for (size_t i = 0; i < ggml_backend_dev_count (); i++)
    {
      device = ggml_backend_dev_get (i);
      sd3_device_id (device, its_id);
      if (strcmp (id, its_id) == 0 && (is_gpu (device) || ggml_backend_dev_type (device) == GGML_BACKEND_DEVICE_TYPE_CPU))
        return device;
    }
  return NULL;
}

/* ---- Memory that is left ----------------------------------------------------------------------------------- */

#define MAX_GROUPS 16

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
find_group (char   *path,
            size_t  room)
{
  FILE *file = fopen ("/proc/self/cgroup", "re");
  char line[PATH_MAX];
  bool found = false;

  while (file && !found && fgets (line, sizeof line, file))
    if (strncmp (line, "0::/", 4) == 0)
      {
        line[strcspn (line, "\n")] = '\0';
        found = snprintf (path, room, "/sys/fs/cgroup%s", line + 3) < (int) room;
      }
  if (file)
    fclose (file);
  return found;
}

static void
open_counters (void)
{
  char path[PATH_MAX];

  meminfo = open ("/proc/meminfo", O_RDONLY | O_CLOEXEC);
  if (!find_group (path, sizeof path))
    return;
  for (char *slash = path + strlen (path); n_groups < MAX_GROUPS && slash >= path + strlen ("/sys/fs/cgroup"); slash = strrchr (path, '/'))
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
  uint64_t least = sd3_prepare (NULL) ? read_number (meminfo, "MemAvailable:") : UINT64_MAX;

  if (least != UINT64_MAX)
    least *= 1024;
  for (int i = 0; i < n_groups; i++)
    {
      uint64_t left = left_in_group (i);

      least = left < least ? left : least;
    }
  return least;
}
