/* What a model file says it holds.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/tensors.h"

#include <stdlib.h>

void
sd3_entries_clear (sd3_entries *list)
{
  free (list->entries);
  free (list->header);
  free (list->names);
  sd3_json_free (list->json);
  *list = (sd3_entries) { 0 };
}

bool
sd3_type_size (int            type,
               int            n_dims,
               const int64_t *shape,
               uint64_t      *size)
{
  bool ours = type >= GGML_TYPE_COUNT;
  uint64_t block = ours ? 1 : (uint64_t) ggml_blck_size (type), row = n_dims > 0 ? (uint64_t) shape[n_dims - 1] : 1;

  *size = ours ? 1 : ggml_type_size (type);
  if (block == 0 || *size == 0 || row % block != 0 || __builtin_mul_overflow (*size, row / block, size))
    return false;
  for (int i = 0; i < n_dims - 1; i++)
    if (__builtin_mul_overflow (*size, (uint64_t) shape[i], size))
      return false;
  return *size <= INT64_MAX;
}
