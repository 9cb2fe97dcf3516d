/* Keeps the tensors that a trace is given, for looking at by name.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/error.h"

#include <glib.h>

typedef struct
{
  sd3_trace   trace;
  GHashTable *by_name; /* name → GArray of float */
} Stages;

void stages_init (Stages *stages);
void stages_clear (Stages *stages);

/* Against the reference: see tiny_check(). */
void stages_check (Stages      *stages,
                   const char  *name,
                   size_t       n,
                   double       sum,
                   double       norm,
                   const float  first[4],
                   double       tolerance);
