/* What there is to compute with.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/device.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

bool
sd3_devices_load (sd3_error *error)
{
  static bool loaded;

  if (!loaded)
    {
      ggml_log_set (drop_log, NULL);
      ggml_backend_load_all ();
      sd3_memory_watch ("");
      loaded = true;
    }
  return ggml_backend_dev_by_type (GGML_BACKEND_DEVICE_TYPE_CPU) ||
         sd3_fail_as (error, SD3_ERROR_OTHER, N_ ("ggml’s kernels for the processor are not installed."));
}

bool
sd3_prepare (const char *id,
             sd3_error  *error)
{
  ggml_backend_dev_t device = sd3_devices_load (error) ? sd3_device_find (id) : NULL;

  if (!device)
    return false;
  if (is_gpu (device))
    open_driver (device);
  return true;
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
  ggml_backend_dev_t processor = sd3_devices_load (NULL) ? ggml_backend_dev_by_type (GGML_BACKEND_DEVICE_TYPE_CPU) : NULL;
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
