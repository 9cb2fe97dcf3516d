/* From the bytes of a file to the numbers of a tensor: parts put together, halves put right, types converted. FP8 is
 * read by tables (OCP 8-bit floating point: E4M3 without infinities, E5M2 as the high byte of a half).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/weights-private.h"

#include "engine/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK (1 << 20) /* elements converted at a time */

static float
from_e4m3 (uint8_t byte)
{
  int exponent = byte >> 3 & 15, mantissa = byte & 7;
  float value = exponent == 0 ? ldexpf ((float) mantissa, -9) : ldexpf ((float) (8 + mantissa), exponent - 10);

  if ((byte & 0x7f) == 0x7f)
    value = NAN;
  return byte & 0x80 ? -value : value;
}

static float
from_e5m2 (uint8_t byte)
{
  return ggml_fp16_to_fp32 ((ggml_fp16_t) (byte << 8));
}

static void
from_f8 (const uint8_t *bytes,
         int            type,
         float         *out,
         int64_t        n)
{
  float table[256];

  for (int i = 0; i < 256; i++)
    table[i] = type == SD3_TYPE_F8_E4M3 ? from_e4m3 ((uint8_t) i) : from_e5m2 ((uint8_t) i);
  for (int64_t i = 0; i < n; i++)
    out[i] = table[bytes[i]];
}

/* What ggml's processor kernels can multiply with; the library knows more types than that, and asserts. */
static bool
is_weight (int type)
{
  static const int types[] = {
    GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_BF16, GGML_TYPE_F64, SD3_TYPE_F8_E4M3, SD3_TYPE_F8_E5M2, GGML_TYPE_Q4_0, GGML_TYPE_Q4_1,
    GGML_TYPE_Q5_0, GGML_TYPE_Q5_1, GGML_TYPE_Q8_0, GGML_TYPE_Q2_K, GGML_TYPE_Q3_K, GGML_TYPE_Q4_K, GGML_TYPE_Q5_K, GGML_TYPE_Q6_K,
    GGML_TYPE_IQ4_NL, GGML_TYPE_IQ4_XS,
  };

  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (types[i] == type)
      return true;
  return false;
}

static void
to_float (int            type,
          const void    *bytes,
          float         *out,
          int64_t        n)
{
  if (type == GGML_TYPE_F32)
    memcpy (out, bytes, n * sizeof *out);
  else if (type == GGML_TYPE_F64)
    for (int64_t i = 0; i < n; i++)
      out[i] = (float) ((const double *) bytes)[i];
  else if (type >= GGML_TYPE_COUNT)
    from_f8 (bytes, type, out, n);
  else
    ggml_get_type_traits (type)->to_float (bytes, out, n);
}

static bool
refuse_type (const sd3_weights *weights,
             const sd3_part    *part,
             sd3_error         *error)
{
  return sd3_fail (error, N_ ("“%s” stores “%.100s” in a type that Sfumato cannot use."),
                   weights->sources[part->file].file.name, part->entry->name);
}

static int64_t
row_length (const sd3_entry *entry)
{
  return entry->shape[1] * entry->shape[2] * entry->shape[3];
}

/* Rows of one part that follow each other in the file. */
static bool
read_part (const sd3_weights *weights,
           const sd3_part    *part,
           int64_t            row,
           int64_t            n_rows,
           float             *out,
           sd3_error         *error)
{
  const sd3_entry *entry = part->entry;
  int64_t n = n_rows * row_length (entry);
  uint64_t row_size = entry->shape[0] ? entry->size / (uint64_t) entry->shape[0] : 0;
  void *bytes;
  bool good;

  if (!is_weight (entry->type) || row_size * (uint64_t) entry->shape[0] != entry->size)
    return refuse_type (weights, part, error);
  bytes = sd3_alloc (n_rows * row_size, 1);
  good = sd3_file_read (&weights->sources[part->file].file, entry->offset + row * row_size, bytes, n_rows * row_size, error);
  if (good)
    to_float (entry->type, bytes, out, n);
  for (int64_t i = 0; good && part->scale != 1 && i < n; i++)
    out[i] *= part->scale;
  free (bytes);
  return good;
}

/* Where a row lies: its part, the row there, and how many follow in the same place. */
static const sd3_part *
find_row (const sd3_tensor *tensor,
          int64_t           row,
          int64_t          *inside,
          int64_t          *follow)
{
  int64_t half = tensor->shape[0] / 2, most = INT64_MAX;
  int i = 0;

  if (tensor->flags & SD3_NAME_SWAP)
    {
      most = row < half ? half - row : tensor->shape[0] - row;
      row = row < half ? row + half : row - half;
    }
  while (row >= tensor->parts[i].entry->shape[0])
    row -= tensor->parts[i++].entry->shape[0];
  *inside = row;
  *follow = tensor->parts[i].entry->shape[0] - row;
  if (*follow > most)
    *follow = most;
  return &tensor->parts[i];
}

static bool
read_transposed (const sd3_weights *weights,
                 const sd3_tensor  *tensor,
                 int64_t            row,
                 int64_t            n_rows,
                 float             *out,
                 sd3_error         *error)
{
  int64_t stored_rows = tensor->shape[1], stored_columns = tensor->shape[0];
  float *all = sd3_new (float, stored_rows * stored_columns);
  bool good = read_part (weights, &tensor->parts[0], 0, stored_rows, all, error);

  for (int64_t i = 0; good && i < n_rows; i++)
    for (int64_t j = 0; j < stored_rows; j++)
      out[i * stored_rows + j] = all[j * stored_columns + row + i];
  free (all);
  return good;
}

bool
sd3_tensor_read (const sd3_weights *weights,
                 const sd3_tensor  *tensor,
                 int64_t            row,
                 int64_t            n_rows,
                 float             *out,
                 sd3_error         *error)
{
  int64_t length = tensor->shape[1] * tensor->shape[2] * tensor->shape[3];

  if (tensor->flags & SD3_NAME_TRANSPOSE)
    return read_transposed (weights, tensor, row, n_rows, out, error);
  while (n_rows > 0)
    {
      int64_t inside, follow;
      const sd3_part *part = find_row (tensor, row, &inside, &follow);

      if (follow > n_rows)
        follow = n_rows;
      if (!read_part (weights, part, inside, follow, out, error))
        return false;
      row += follow;
      n_rows -= follow;
      out += follow * length;
    }
  return true;
}

/* E4M3 and E5M2 are exact in BF16; with a scale a half is finer, unless it could overflow. What must be rearranged or is
 * put together from several types is not packed again. */
enum ggml_type
sd3_tensor_type (const sd3_tensor *tensor,
                 bool              exact)
{
  int type = tensor->parts[0].entry->type;
  float scale = 1;

  for (int i = 0; i < tensor->n_parts; i++)
    {
      if (tensor->parts[i].entry->type != type)
        return GGML_TYPE_F32;
      if (tensor->parts[i].scale != 1)
        scale = fmaxf (scale == 1 ? 0 : scale, fabsf (tensor->parts[i].scale));
    }
  if (type == GGML_TYPE_F64 || !is_weight (type) || (exact && scale != 1) ||
      (type < GGML_TYPE_COUNT && ggml_is_quantized (type) && tensor->flags & (SD3_NAME_SWAP | SD3_NAME_TRANSPOSE)))
    return GGML_TYPE_F32;
  if (type == SD3_TYPE_F8_E4M3 || type == SD3_TYPE_F8_E5M2)
    return scale == 1 || (type == SD3_TYPE_F8_E4M3 ? 448 : 57344) * scale > 60000 ? GGML_TYPE_BF16 : GGML_TYPE_F16;
  return (enum ggml_type) type;
}

static void
from_float (enum ggml_type  type,
            const float    *in,
            void           *out,
            int64_t         n_rows,
            int64_t         length)
{
  if (type == GGML_TYPE_F32)
    memcpy (out, in, n_rows * length * sizeof *in);
  else
    ggml_quantize_chunk (type, in, out, 0, n_rows, length, NULL);
}

static bool
load_raw (const sd3_weights *weights,
          const sd3_tensor  *tensor,
          char              *out,
          sd3_error         *error)
{
  for (int i = 0; i < tensor->n_parts; i++)
    {
      const sd3_part *part = &tensor->parts[i];

      if (!is_weight (part->entry->type))
        return refuse_type (weights, part, error);
      if (!sd3_file_read (&weights->sources[part->file].file, part->entry->offset, out, part->entry->size, error))
        return false;
      out += part->entry->size;
    }
  return true;
}

bool
sd3_tensor_load (const sd3_weights *weights,
                 const sd3_tensor  *tensor,
                 enum ggml_type     type,
                 void              *out,
                 sd3_error         *error)
{
  int64_t rows = tensor->shape[0], length = tensor->shape[1] * tensor->shape[2] * tensor->shape[3];
  bool plain = (tensor->flags & (SD3_NAME_SWAP | SD3_NAME_TRANSPOSE)) == 0, vector = tensor->n_dims < 2;
  int64_t step = (tensor->flags & SD3_NAME_TRANSPOSE) || vector ? rows : CHUNK / (length ? length : 1) + 1;
  char *p = out;
  float *chunk;
  bool good = true;

  for (int i = 0; i < tensor->n_parts; i++)
    plain = plain && tensor->parts[i].entry->type == (int) type;
  if (plain)
    return load_raw (weights, tensor, out, error);
  chunk = sd3_new (float, step * length);
  for (int64_t row = 0; good && row < rows; row += step)
    {
      int64_t n = rows - row < step ? rows - row : step;

      good = sd3_tensor_read (weights, tensor, row, n, chunk, error);
      if (good)
        from_float (type, chunk, p, n, length);
      p += ggml_row_size (type, length) * n;
    }
  free (chunk);
  return good;
}
