/* Names to numbers.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/map.h"

#include "engine/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct sd3_map_slot
{
  const char *name; /* NULL: free */
  size_t      length;
  uint64_t    hash;
  uint32_t    value;
};

/* FNV-1a from a start nobody outside knows. */
static uint64_t
hash_of (const char *name,
         size_t      length)
{
  static uint64_t seed;
  uint64_t hash;

  while (seed == 0)
    if (getrandom (&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed)
      seed = (uintptr_t) &seed | 1;

  hash = seed;
  for (size_t i = 0; i < length; i++)
    hash = (hash ^ (unsigned char) name[i]) * 0x100000001b3;
  return hash ^ hash >> 32;
}

static struct sd3_map_slot *
find (const sd3_map *map,
      const char    *name,
      size_t         length,
      uint64_t       hash)
{
  size_t i = hash & (map->n_slots - 1);

  while (map->slots[i].name && (map->slots[i].hash != hash || map->slots[i].length != length ||
                                memcmp (map->slots[i].name, name, length) != 0))
    i = (i + 1) & (map->n_slots - 1);
  return &map->slots[i];
}

static void
grow (sd3_map *map)
{
  sd3_map bigger = { .n_slots = map->n_slots ? map->n_slots * 2 : 64, .n = map->n };

  bigger.slots = sd3_new (struct sd3_map_slot, bigger.n_slots);
  for (size_t i = 0; i < map->n_slots; i++)
    if (map->slots[i].name)
      *find (&bigger, map->slots[i].name, map->slots[i].length, map->slots[i].hash) = map->slots[i];
  free (map->slots);
  *map = bigger;
}

bool
sd3_map_add (sd3_map    *map,
             const char *name,
             size_t      length,
             uint32_t    value)
{
  struct sd3_map_slot *slot;
  uint64_t hash = hash_of (name, length);

  if (map->n * 2 >= map->n_slots)
    grow (map);
  slot = find (map, name, length, hash);
  if (slot->name)
    return false;
  *slot = (struct sd3_map_slot) { name, length, hash, value };
  map->n++;
  return true;
}

bool
sd3_map_get (const sd3_map *map,
             const char    *name,
             size_t         length,
             uint32_t      *value)
{
  const struct sd3_map_slot *slot;

  if (map->n == 0)
    return false;
  slot = find (map, name, length, hash_of (name, length));
  if (!slot->name)
    return false;
  *value = slot->value;
  return true;
}

void
sd3_map_clear (sd3_map *map)
{
  free (map->slots);
  *map = (sd3_map) { 0 };
}
