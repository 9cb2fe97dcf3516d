/* Chooses the loops for this processor.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/loops.h"

extern const sd3_loops sd3_loops_plain;

#ifdef __x86_64__
extern const sd3_loops sd3_loops_avx2, sd3_loops_avx512, sd3_loops_bf16;

const sd3_loops *
sd3_loops_get (void)
{
  __builtin_cpu_init ();
  if (__builtin_cpu_supports ("x86-64-v4"))
    return __builtin_cpu_supports ("avx512bf16") ? &sd3_loops_bf16 : &sd3_loops_avx512;
  return __builtin_cpu_supports ("x86-64-v3") ? &sd3_loops_avx2 : &sd3_loops_plain;
}
#else
const sd3_loops *
sd3_loops_get (void)
{
  return &sd3_loops_plain;
}
#endif
