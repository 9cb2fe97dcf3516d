/* Keeps the tensors that a trace is given.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "stages.h"

#include "tiny.h"

static void
stage (void          *opaque,
       const char    *name,
       const float   *data,
       int            n_dims,
       const int64_t *shape)
{
  Stages *stages = opaque;
  GArray *values = g_array_new (FALSE, FALSE, sizeof *data);
  size_t n = 1;

  for (int i = 0; i < n_dims; i++)
    n *= (size_t) shape[i];
  g_array_append_vals (values, data, (guint) n);
  g_hash_table_insert (stages->by_name, g_strdup (name), values);
}

void
stages_init (Stages *stages)
{
  stages->trace = (sd3_trace) { stage, stages };
  stages->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_array_unref);
}

void
stages_clear (Stages *stages)
{
  g_hash_table_unref (stages->by_name);
}

void
stages_check (Stages      *stages,
              const char  *name,
              size_t       n,
              double       sum,
              double       norm,
              const float  first[4],
              double       tolerance)
{
  GArray *values = g_hash_table_lookup (stages->by_name, name);
  size_t n_first = 0;

  if (!values || values->len != n)
    g_error ("%s has %u values", name, values ? values->len : 0);
  while (n_first < 4 && first[n_first] != 0)
    n_first++;
  tiny_check (name, &g_array_index (values, float, 0), n, sum, norm, first, n_first, tolerance);
}
