/* Names to numbers: an open-addressing table over bytes that the caller keeps. Its hash is seeded at random, because
 * the names come from files that nobody vouches for.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct
{
  struct sd3_map_slot *slots;
  size_t               n_slots; /* a power of two, at most half of it used */
  size_t               n;
} sd3_map;

/* Adds a name; false when it is there already (its value stays). The bytes at @name must outlive the map. */
bool sd3_map_add (sd3_map    *map,
                  const char *name,
                  size_t      length,
                  uint32_t    value);

bool sd3_map_get (const sd3_map *map,
                  const char    *name,
                  size_t         length,
                  uint32_t      *value);

void sd3_map_clear (sd3_map *map);
