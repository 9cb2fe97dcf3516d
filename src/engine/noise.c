/* torch.randn on the CPU: MT19937 (ATen/core/MT19937RNGEngine.h), and normals by Box–Muller with the polynomials of its
 * AVX2 path (ATen/native/cpu/avx_mathfun.h, from Cephes). Each fma below rounds once; this file must be compiled without
 * contraction of other products, which the room's build sees to.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/noise.h"

#include <float.h>
#include <math.h>
#include <string.h>

typedef struct
{
  uint32_t state[624];
  int      next;
} twister;

static void
seed_twister (twister *t,
              uint64_t seed)
{
  t->state[0] = (uint32_t) seed;
  for (uint32_t i = 1; i < 624; i++)
    t->state[i] = 1812433253u * (t->state[i - 1] ^ t->state[i - 1] >> 30) + i;
  t->next = 624;
}

static void
twist (twister *t)
{
  for (int i = 0; i < 624; i++)
    {
      uint32_t y = (t->state[i] & 0x80000000u) | (t->state[(i + 1) % 624] & 0x7fffffffu);

      t->state[i] = t->state[(i + 397) % 624] ^ y >> 1 ^ (y & 1 ? 0x9908b0dfu : 0);
    }
  t->next = 0;
}

static uint32_t
draw (twister *t)
{
  uint32_t y;

  if (t->next == 624)
    twist (t);
  y = t->state[t->next++];
  y ^= y >> 11;
  y ^= y << 7 & 0x9d2c5680u;
  y ^= y << 15 & 0xefc60000u;
  return y ^ y >> 18;
}

/* Natural logarithm of a positive number. */
static float
log_of (float x)
{
  static const float c[] = { 7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f, 1.4249322787e-1f,
                             -1.6668057665e-1f, 2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f };
  uint32_t bits;
  float e, z, y = c[0];

  x = fmaxf (x, FLT_MIN);
  memcpy (&bits, &x, sizeof bits);
  e = (float) ((int) (bits >> 23) - 126);
  bits = (bits & 0x007fffffu) | 0x3f000000u;
  memcpy (&x, &bits, sizeof x);
  if (x < 0.707106781186547524f)
    {
      e -= 1;
      x = (x - 1) + x;
    }
  else
    x = x - 1;
  z = x * x;
  for (int i = 1; i < 9; i++)
    y = fmaf (y, x, c[i]);
  y = y * x;
  y = fmaf (y, z, e * -2.12194440e-4f);
  y = fmaf (-z, 0.5f, y);
  x = x + y;
  return fmaf (e, 0.693359375f, x);
}

/* Sine and cosine of an angle of at least 0. */
static void
sine_cosine (float  x,
             float *sine,
             float *cosine)
{
  int j = ((int) (x * 1.27323954473516f) + 1) & ~1;
  float y = (float) j, z, c = 2.443315711809948e-5f, s = -1.9515295891e-4f;

  x = fmaf (y, -0.78515625f, x);
  x = fmaf (y, -2.4187564849853515625e-4f, x);
  x = fmaf (y, -3.77489497744594108e-8f, x);
  z = x * x;
  c = fmaf (c, z, -1.388731625493765e-3f);
  c = fmaf (c, z, 4.166664568298827e-2f);
  c = c * z;
  c = fmaf (c, z, -(z * 0.5f));
  c = c + 1;
  s = fmaf (s, z, 8.3321608736e-3f);
  s = fmaf (s, z, -1.6666654611e-1f);
  s = s * z;
  s = fmaf (s, x, x);
  *sine = j & 2 ? c : s;
  *cosine = j & 2 ? s : c;
  if (j & 4)
    *sine = -*sine;
  if (((j - 2) & 4) == 0)
    *cosine = -*cosine;
}

static void
make_normal (float d[16])
{
  for (int k = 0; k < 8; k++)
    {
      float radius = sqrtf (-2 * log_of (1 - d[k])), sine, cosine;

      sine_cosine ((float) (2 * M_PI) * d[k + 8], &sine, &cosine);
      d[k] = radius * cosine;
      d[k + 8] = radius * sine;
    }
}

static void
fill_uniform (twister *t,
              float   *out,
              size_t   n)
{
  for (size_t i = 0; i < n; i++)
    out[i] = (float) (draw (t) & 0xffffff) * 0x1p-24f;
}

static double
draw_double (twister *t)
{
  uint64_t high = draw (t);

  return (double) ((high << 32 | draw (t)) & ((1ULL << 53) - 1)) * 0x1p-53;
}

/* Fewer than 16 numbers go another way in torch: in doubles, two at a time. */
static void
fill_few (twister *t,
          float   *out,
          size_t   n)
{
  for (size_t i = 0; i < n; i += 2)
    {
      double u1 = draw_double (t), u2 = draw_double (t), radius = sqrt (-2 * log1p (-u2));

      out[i] = (float) (radius * cos (2 * M_PI * u1));
      if (i + 1 < n)
        out[i + 1] = (float) (radius * sin (2 * M_PI * u1));
    }
}

void
sd3_noise (uint64_t seed,
           float   *out,
           size_t   n)
{
  twister t;

  seed_twister (&t, seed);
  if (n < 16)
    {
      fill_few (&t, out, n);
      return;
    }
  fill_uniform (&t, out, n);
  for (size_t i = 0; i + 16 <= n; i += 16)
    make_normal (out + i);
  if (n % 16 != 0)
    {
      fill_uniform (&t, out + n - 16, 16);
      make_normal (out + n - 16);
    }
}
