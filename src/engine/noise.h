/* The noise a picture starts from: what torch's generator on the CPU gives for a seed, bit for bit, so that a seed
 * means the same picture as in the reference implementation.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* @n normal numbers. Only the low 32 bits of the seed count, as in torch. */
void sd3_noise (uint64_t seed,
                float   *out,
                size_t   n);
