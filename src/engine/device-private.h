/* The counting of memory, for the files that take it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/device.h"

void sd3_device_take (sd3_device    *device,
                      const uint64_t sizes[SD3_N_PLACES]);

/* Sets @sizes to 0. */
void sd3_device_give (sd3_device *device,
                      uint64_t    sizes[SD3_N_PLACES]);
