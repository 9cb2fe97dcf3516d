/* What the reference implementation gave (tests/engine/reference/make keeps it in key files): one group a case, with
 * what it is made of and, for each stage, "check.<stage> = elements;sum;norm;first values…".
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <glib.h>

GKeyFile *expected_load (const char *name);
int expected_number (GKeyFile   *file,
                     const char *group,
                     const char *key);
void expected_check (GKeyFile    *file,
                     const char  *group,
                     const char  *stage,
                     const float *values,
                     size_t       n,
                     double       tolerance);
/* The stages a group has values of; free with g_strfreev(). */
GStrv expected_stages (GKeyFile   *file,
                       const char *group);
