/* What the files of the kernels' nodes share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/kernel-ops.h"
#include "engine/loops.h"

/* A node's function runs on each of ggml's threads; memory of the thread's own (sd3_scratch()). */
enum { SD3_SCRATCH_MAIN, SD3_SCRATCH_MORE, SD3_SCRATCH_NORM };

/* How many operations make a node: ggml hears of a cancelled picture between nodes only. */
#define SD3_NODE 5e10

static inline bool
is_bf16 (const struct ggml_tensor *t)
{
  return t->type == GGML_TYPE_BF16;
}

static inline size_t
element (bool bf16)
{
  return bf16 ? 2 : 4;
}

/* Leaves NULLs out, and returns how many stay. */
static inline int
pick (struct ggml_tensor **args,
      int                  n_args)
{
  int n = 0;

  for (int i = 0; i < n_args; i++)
    if (args[i])
      args[n++] = args[i];
  return n;
}

/* A node with flags; @args may hold NULLs. */
static inline struct ggml_tensor *
add_node (struct ggml_context *ctx,
          enum ggml_type       type,
          const int64_t        ne[4],
          struct ggml_tensor **args,
          int                  n_args,
          ggml_custom_op_t     function,
          uintptr_t            flags)
{
  int n = pick (args, n_args);

  return ggml_custom_4d (ctx, type, ne[0], ne[1], ne[2], ne[3], args, n, function, GGML_N_TASKS_MAX, (void *) flags);
}

static inline struct ggml_tensor *
in_type (struct ggml_context *ctx,
         struct ggml_tensor  *x,
         enum ggml_type       type)
{
  return !x || x->type == type ? x : ggml_cast (ctx, x, type);
}

/* The ith of nth parts of n, in whole @unit. */
static inline void
share (int64_t  n,
       int64_t  unit,
       int      ith,
       int      nth,
       int64_t *from,
       int64_t *to)
{
  int64_t units = (n + unit - 1) / unit;

  *from = units * ith / nth * unit;
  *to = units * (ith + 1) / nth * unit;
  if (*to > n)
    *to = n;
}

static inline const float *
floats (const struct ggml_tensor *t,
        int64_t                   at)
{
  return t ? (const float *) t->data + at : NULL;
}
