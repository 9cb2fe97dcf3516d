/* What is done to every number between the products. Compiled several times: LOOPS is the name of the table.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/loops.h"

#include <math.h>
#include <string.h>

#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__ ((always_inline))
#define LANES 16

typedef float    lanes __attribute__ ((vector_size (64)));
typedef int32_t  whole __attribute__ ((vector_size (64)));
typedef uint32_t bits __attribute__ ((vector_size (64)));
typedef uint16_t halves __attribute__ ((vector_size (32)));

/* ---- In and out: the last lanes of a row may be fewer ------------------------------------------------------------ */

INLINE lanes
all (float value)
{
  return value - (lanes) { 0 };
}

INLINE lanes
load (const void *from,
      bool        bf16,
      size_t      i,
      size_t      n)
{
  size_t count = n - i < LANES ? n - i : LANES;
  halves half = { 0 };
  lanes x = { 0 };

  if (!bf16)
    {
      if (count == LANES)
        memcpy (&x, (const float *) from + i, sizeof x);
      else
        memcpy (&x, (const float *) from + i, count * sizeof (float));
      return x;
    }
  if (count == LANES)
    memcpy (&half, (const uint16_t *) from + i, sizeof half);
  else
    memcpy (&half, (const uint16_t *) from + i, count * sizeof (uint16_t));
  return (lanes) (__builtin_convertvector (half, bits) << 16);
}

/* To the nearest, ties to even. */
INLINE halves
to_halves (lanes x)
{
#ifdef __AVX512BF16__
  return (halves) _mm512_cvtneps_pbh ((__m512) x);
#else
  bits u = (bits) x;

  return __builtin_convertvector ((u + 0x7fff + ((u >> 16) & 1)) >> 16, halves);
#endif
}

INLINE void
store (lanes  x,
       void  *to,
       bool   bf16,
       size_t i,
       size_t n)
{
  size_t count = n - i < LANES ? n - i : LANES;
  halves half;

  if (!bf16)
    {
      if (count == LANES)
        memcpy ((float *) to + i, &x, sizeof x);
      else
        memcpy ((float *) to + i, &x, count * sizeof (float));
      return;
    }
  half = to_halves (x);
  if (count == LANES)
    memcpy ((uint16_t *) to + i, &half, sizeof half);
  else
    memcpy ((uint16_t *) to + i, &half, count * sizeof (uint16_t));
}

INLINE lanes
larger (lanes a,
        lanes b)
{
  whole first = a > b;

  return (lanes) ((first & (whole) a) | (~first & (whole) b));
}

INLINE float
sum (lanes x)
{
  for (int step = LANES / 2; step > 0; step /= 2)
    for (int i = 0; i < step; i++)
      x[i] += x[i + step];
  return x[0];
}

/* e to x for x ≤ 88, with a relative error of 2e-7: a power of two times a polynomial on ±ln 2 / 2 (Taylor's, to the sixth). */
INLINE lanes
power (lanes x)
{
  const lanes magic = all (12582912.0f); /* 1.5 · 2^23: adding it rounds to whole numbers */
  lanes n, p;

  x = larger (x, all (-87));
  n = x * 1.44269504f + magic;
  p = n - magic;
  x = x - p * 0.693359375f + p * 2.12194440e-4f;
  p = 1 + x * (1 + x * (0.5f + x * (1.6666667e-1f + x * (4.1666668e-2f + x * (8.3333338e-3f + x * 1.3888889e-3f)))));
  return (lanes) ((whole) p + (((whole) n - (whole) magic) << 23));
}

/* ---- The table --------------------------------------------------------------------------------------------------- */

INLINE void
convert_row (const void *from,
             bool        from_bf16,
             void       *to,
             bool        to_bf16,
             size_t      n)
{
  for (size_t i = 0; i < n; i += LANES)
    store (load (from, from_bf16, i, n), to, to_bf16, i, n);
}

static void
convert (const void *from,
         bool        from_bf16,
         void       *to,
         bool        to_bf16,
         size_t      n)
{
  if (from_bf16 == to_bf16)
    memcpy (to, from, n * (to_bf16 ? sizeof (uint16_t) : sizeof (float)));
  else if (to_bf16)
    convert_row (from, false, to, true, n);
  else
    convert_row (from, true, to, false, n);
}

INLINE void
layer_norm_row (const float *x,
                const float *scale,
                const float *shift,
                float        eps,
                void        *to,
                bool         to_bf16,
                size_t       n)
{
  lanes total = { 0 }, squares = { 0 }, mean, inverse;

  for (size_t i = 0; i < n; i += LANES)
    total += load (x, false, i, n);
  mean = all (sum (total) / (float) n);
  for (size_t i = 0; i < n; i += LANES)
    {
      lanes d = load (x, false, i, n) - mean;

      if (n - i < LANES)
        for (size_t j = n - i; j < LANES; j++)
          d[j] = 0;
      squares += d * d;
    }
  inverse = all (1 / sqrtf (sum (squares) / (float) n + eps));
  for (size_t i = 0; i < n; i += LANES)
    store ((load (x, false, i, n) - mean) * inverse * load (scale, false, i, n) + load (shift, false, i, n), to, to_bf16, i, n);
}

static void
layer_norm (const float *x,
            const float *scale,
            const float *shift,
            float        eps,
            void        *to,
            bool         to_bf16,
            size_t       n)
{
  if (to_bf16)
    layer_norm_row (x, scale, shift, eps, to, true, n);
  else
    layer_norm_row (x, scale, shift, eps, to, false, n);
}

INLINE float
largest (const float *x,
         size_t       n)
{
  lanes most = all (-INFINITY);
  size_t i = 0;
  float one = -INFINITY;

  for (; i + LANES <= n; i += LANES)
    most = larger (load (x, false, i, n), most);
  for (; i < n; i++)
    one = x[i] > one ? x[i] : one;
  for (int j = 0; j < LANES; j++)
    one = most[j] > one ? most[j] : one;
  return one;
}

/* In BF16 the row shrinks in its place: what is written never overtakes what is read. */
INLINE float
soft_max_row (float *x,
              float  scale,
              bool   to_bf16,
              size_t n)
{
  lanes most = all (largest (x, n)), total = { 0 };

  for (size_t i = 0; i < n; i += LANES)
    {
      lanes e = power ((load (x, false, i, n) - most) * scale);

      if (n - i < LANES)
        for (size_t j = n - i; j < LANES; j++)
          e[j] = 0;
      total += e;
      store (e, x, to_bf16, i, n);
    }
  return sum (total);
}

static float
soft_max (float *x,
          float  scale,
          bool   to_bf16,
          size_t n)
{
  return to_bf16 ? soft_max_row (x, scale, true, n) : soft_max_row (x, scale, false, n);
}

static void
multiply (const float *x,
          float        factor,
          void        *to,
          bool         to_bf16,
          size_t       n)
{
  for (size_t i = 0; i < n; i += LANES)
    store (load (x, false, i, n) * factor, to, to_bf16, i, n);
}

INLINE void
add_squares_rows (const void *x,
                  bool        bf16,
                  float      *sums,
                  float      *squares,
                  size_t      n,
                  size_t      n_rows)
{
  for (size_t i = 0; i < n; i += LANES)
    {
      lanes s = load (sums, false, i, n), q = load (squares, false, i, n);

      for (size_t row = 0; row < n_rows; row++)
        {
          lanes v = load (x, bf16, row * n + i, row * n + n);

          s += v;
          q += v * v;
        }
      store (s, sums, false, i, n);
      store (q, squares, false, i, n);
    }
}

static void
add_squares (const void *x,
             bool        bf16,
             float      *sums,
             float      *squares,
             size_t      n,
             size_t      n_rows)
{
  if (bf16)
    add_squares_rows (x, true, sums, squares, n, n_rows);
  else
    add_squares_rows (x, false, sums, squares, n, n_rows);
}

INLINE void
affine_rows (const void  *x,
             bool         from_bf16,
             const float *scale,
             const float *shift,
             bool         silu,
             void        *to,
             bool         to_bf16,
             size_t       n,
             size_t       n_rows)
{
  for (size_t row = 0; row < n_rows; row++)
    for (size_t i = 0; i < n; i += LANES)
      {
        lanes y = load (x, from_bf16, row * n + i, row * n + n) * load (scale, false, i, n) + load (shift, false, i, n);

        store (silu ? y / (1 + power (-larger (y, all (-88)))) : y, to, to_bf16, row * n + i, row * n + n);
      }
}

static void
affine (const void  *x,
        bool         from_bf16,
        const float *scale,
        const float *shift,
        bool         silu,
        void        *to,
        bool         to_bf16,
        size_t       n,
        size_t       n_rows)
{
  if (from_bf16 && to_bf16 && silu)
    affine_rows (x, true, scale, shift, true, to, true, n, n_rows);
  else if (!from_bf16 && !to_bf16 && silu)
    affine_rows (x, false, scale, shift, true, to, false, n, n_rows);
  else
    affine_rows (x, from_bf16, scale, shift, silu, to, to_bf16, n, n_rows);
}

extern const sd3_loops LOOPS;

const sd3_loops LOOPS = { convert, layer_norm, soft_max, multiply, add_squares, affine };
