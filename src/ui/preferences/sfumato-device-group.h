/* What computes the pictures made here, in the preferences: the device, the memory that is free, and for how long a
 * model stays in it. The engine is asked for its devices whenever the group is mapped.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

#include "studio/sfumato-studio.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_DEVICE_GROUP (sfumato_device_group_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoDeviceGroup, sfumato_device_group, SFUMATO, DEVICE_GROUP, AdwPreferencesGroup)

/* Properties: "studio", "memory-free" (read-only, notifies). */

/* Of the computer itself, in bytes; 0: not known yet. */
guint64 sfumato_device_group_get_memory_free (SfumatoDeviceGroup *self);

G_END_DECLS
