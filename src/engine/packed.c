/* Weights as the products read them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/packed.h"

#include "engine/loops.h"
#include "engine/memory.h"

#include <stdlib.h>

sd3_packed *
sd3_packed_new (int  n_out,
                int  n_in,
                int  side,
                bool bf16,
                bool as_it_is)
{
  sd3_packed *packed = sd3_new (sd3_packed, 1);

  *packed = (sd3_packed) { .bf16 = bf16, .n_in = n_in, .n_out = n_out, .side = side };
  if (!as_it_is)
    {
      packed->layout = side == 0 ? sd3_right_side (SD3_MANY_ROWS, n_in, n_out, bf16) : sd3_convolution_side (n_out, n_in, side, bf16);
      packed->size = dnnl_memory_desc_get_size (packed->layout);
    }
  return packed;
}

sd3_packed *
sd3_packed_new_doubled (int  n_out,
                        int  n_in,
                        bool bf16)
{
  sd3_packed *packed = sd3_packed_new (n_out, n_in, 2, bf16, false);

  packed->doubles = true;
  packed->size = (packed->size + 63) / 64 * 64 * 4;
  return packed;
}

const void *
sd3_packed_part (const sd3_packed *packed,
                 int               part)
{
  return (const char *) packed->data + packed->size / 4 * (size_t) part;
}

void
sd3_packed_drop (sd3_packed *packed)
{
  if (packed->owned)
    free (packed->data);
  packed->data = NULL;
  packed->owned = false;
}

void
sd3_packed_free (sd3_packed *packed)
{
  if (!packed)
    return;
  sd3_packed_drop (packed);
  if (packed->layout)
    dnnl_memory_desc_destroy (packed->layout);
  free (packed);
}

/* Kernels of 3×3 as those of 2×2 for one of the four places: the upper two see the row above once and their own twice, the lower
 * two their own twice and the row below once; so with columns. */
static void
fold (const float *from,
      size_t       n,
      int          part,
      bool         bf16,
      char        *to)
{
  for (size_t i = 0; i < n; i++, from += 9, to += 4 * (bf16 ? 2 : 4))
    {
      float sums[4] = { 0 };

      for (int row = 0; row < 3; row++)
        for (int column = 0; column < 3; column++)
          sums[(row + 1 - part / 2) / 2 * 2 + (column + 1 - part % 2) / 2] += from[row * 3 + column];
      sd3_loops_get ()->convert (sums, false, to, bf16, 4);
    }
}

static bool
fill_convolution (sd3_packed *packed,
                  const void *from,
                  void       *to)
{
  return sd3_convolution_side_fill (packed->layout, packed->n_out, packed->n_in, packed->side, packed->bf16, from, to);
}

static bool
fill_doubled (sd3_packed  *packed,
              const float *from)
{
  size_t n = (size_t) packed->n_in * (size_t) packed->n_out;
  char *folded = malloc (n * 4 * (packed->bf16 ? 2 : 4));
  bool good = folded != NULL;

  for (int part = 0; good && part < 4; part++)
    {
      fold (from, n, part, packed->bf16, folded);
      good = fill_convolution (packed, folded, (void *) sd3_packed_part (packed, part));
    }
  free (folded);
  return good;
}

bool
sd3_packed_fill (sd3_packed *packed,
                 const void *from,
                 void       *to,
                 size_t      room)
{
  sd3_packed_drop (packed);
  packed->owned = packed->size > room;
  packed->data = packed->owned ? aligned_alloc (64, (packed->size + 63) / 64 * 64) : to;
  if (!packed->data)
    return packed->owned = false;
  if (packed->side == 0)
    return sd3_right_side_fill (packed->layout, packed->n_in, packed->n_out, 1, packed->n_in, packed->bf16, from, packed->data);
  return packed->doubles ? fill_doubled (packed, from) : fill_convolution (packed, from, packed->data);
}
