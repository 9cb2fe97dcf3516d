/* Attention without a mask, in blocks of queries: their scores with all keys fit into the cache, so that softmax is a
 * plain one, and nothing is ever as large as tokens times tokens.
 *
 * Two nodes: one lays q, k and v out as the products read them, the other multiplies.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/kernel-ops-private.h"

#define SCORES (768 << 10) /* bytes of one block's scores */
#define MAX_NODES 4096

/* What the second node is told in 64 bits. */
typedef union
{
  struct
  {
    float    scale;
    uint16_t index, count; /* of the nodes that share the work */
  };
  void *bits;
} instruction;

_Static_assert (sizeof (instruction) == sizeof (void *), "it is told as a pointer");

/* Where everything lies in the first node's result. */
typedef struct
{
  int64_t            d, heads, n; /* n: tokens */
  bool               bf16;
  size_t             element;
  dnnl_memory_desc_t k, v;        /* of one head: [d, n], [n, d] */
  size_t             q_size, k_size, v_size, k_at, v_at, size;
} plan;

static plan
make_plan (int64_t d,
           int64_t heads,
           int64_t n,
           bool    bf16)
{
  plan p = { .d = d, .heads = heads, .n = n, .bf16 = bf16, .element = bf16 ? 2 : 4 };

  p.k = sd3_right_side (SD3_FEW_ROWS, d, n, bf16);
  p.v = sd3_right_side (SD3_FEW_ROWS, n, d, bf16);
  p.q_size = (size_t) (n * d) * p.element;
  p.k_size = (dnnl_memory_desc_get_size (p.k) + 63) / 64 * 64;
  p.v_size = (dnnl_memory_desc_get_size (p.v) + 63) / 64 * 64;
  p.k_at = ((size_t) heads * p.q_size + 63) / 64 * 64;
  p.v_at = p.k_at + (size_t) heads * p.k_size;
  p.size = p.v_at + (size_t) heads * p.v_size;
  return p;
}

static void
clear_plan (plan *p)
{
  dnnl_memory_desc_destroy (p->k);
  dnnl_memory_desc_destroy (p->v);
}

/* ---- Laying out -------------------------------------------------------------------------------------------------- */

/* One head of q, k or v (0, 1, 2) of both parts, [d, n] without gaps. */
static void
gather (const struct ggml_tensor *dst,
        int                       which,
        int64_t                   head,
        char                     *to,
        bool                      bf16)
{
  const sd3_loops *loops = sd3_loops_get ();

  for (int part = 0; part < 2 && dst->src[3 * part]; part++)
    {
      const struct ggml_tensor *t = dst->src[3 * part + which];
      size_t row = (size_t) t->ne[0] * (bf16 ? 2 : 4);

      for (int64_t i = 0; i < t->ne[2]; i++, to += row)
        loops->convert ((const char *) t->data + (size_t) i * t->nb[2] + (size_t) head * t->nb[1], t->type == GGML_TYPE_BF16, to, bf16, (size_t) t->ne[0]);
    }
}

static void
lay_out_cb (struct ggml_tensor *dst,
            int                 ith,
            int                 nth,
            void               *bf16)
{
  const struct ggml_tensor *q = dst->src[0];
  plan p = make_plan (q->ne[0], q->ne[1], q->ne[2] + (dst->src[3] ? dst->src[3]->ne[2] : 0), bf16 != NULL);
  char *to = dst->data, *plain = sd3_scratch (SD3_SCRATCH_MAIN, p.q_size);

  for (int64_t task = ith; task < 3 * p.heads; task += nth)
    {
      int which = (int) (task % 3);
      int64_t head = task / 3;
      bool good = true;

      gather (dst, which, head, which == 0 ? to + (size_t) head * p.q_size : plain, p.bf16);
      if (which == 1)
        good = sd3_right_side_fill (p.k, p.d, p.n, 1, p.d, p.bf16, plain, to + p.k_at + (size_t) head * p.k_size);
      else if (which == 2)
        good = sd3_right_side_fill (p.v, p.n, p.d, p.d, 1, p.bf16, plain, to + p.v_at + (size_t) head * p.v_size);
      GGML_ASSERT (good);
    }
  clear_plan (&p);
}

/* ---- Multiplying ------------------------------------------------------------------------------------------------- */

typedef struct
{
  const plan *p;
  int64_t     n_queries; /* of a block */
  int64_t     row;       /* elements from one query's scores to the next's */
  sd3_product scores, mix;
} block;

static void
begin_block (block      *b,
             const plan *p,
             int64_t     n_queries)
{
  sd3_matmul scores = { .m = n_queries, .k = p->d, .n = p->n, .bf16 = p->bf16, .lda = p->d, .weights = p->k, .ldc = (p->n + 15) / 16 * 16 };
  sd3_matmul mix = { .m = n_queries, .k = p->n, .n = p->d, .bf16 = p->bf16, .lda = scores.ldc * (p->bf16 ? 2 : 1), .weights = p->v, .ldc = p->d };

  *b = (block) { .p = p, .n_queries = n_queries, .row = scores.ldc };
  if (!sd3_matmul_begin (&b->scores, &scores) || !sd3_matmul_begin (&b->mix, &mix))
    GGML_ABORT ("oneDNN has no product for attention");
}

static void
end_block (block *b)
{
  sd3_product_end (&b->scores);
  sd3_product_end (&b->mix);
}

static void
attend (block              *b,
        const char         *laid_out,
        struct ggml_tensor *dst,
        int64_t             head,
        int64_t             first,
        float               scale)
{
  const plan *p = b->p;
  const sd3_loops *loops = sd3_loops_get ();
  float *scores = sd3_scratch (SD3_SCRATCH_MAIN, (size_t) (b->n_queries * b->row) * sizeof (float));
  float *mixed = sd3_scratch (SD3_SCRATCH_MORE, (size_t) (b->n_queries * (p->d + 1)) * sizeof (float)), *sums = mixed + b->n_queries * p->d;
  const char *q = laid_out + (size_t) head * p->q_size + (size_t) (first * p->d) * p->element;

  sd3_product_run (&b->scores, q, laid_out + p->k_at + (size_t) head * p->k_size, NULL, NULL, scores);
  for (int64_t i = 0; i < b->n_queries; i++)
    sums[i] = loops->soft_max (scores + i * b->row, scale, p->bf16, (size_t) p->n);
  sd3_product_run (&b->mix, scores, laid_out + p->v_at + (size_t) head * p->v_size, NULL, NULL, mixed);
  for (int64_t i = 0; i < b->n_queries; i++)
    loops->multiply (mixed + i * p->d, 1 / sums[i], (char *) dst->data + (size_t) (first + i) * dst->nb[2] + (size_t) head * dst->nb[1],
                     dst->type == GGML_TYPE_BF16, (size_t) p->d);
}

static int64_t
queries_at_once (int64_t n)
{
  int64_t queries = SCORES / (n * (int64_t) sizeof (float)) / 16 * 16;

  return queries < 32 ? 32 : queries > 256 ? 256 : queries;
}

static void
attend_cb (struct ggml_tensor *dst,
           int                 ith,
           int                 nth,
           void               *bits)
{
  instruction order = { .bits = bits };
  const struct ggml_tensor *laid_out = dst->src[order.index > 0];
  plan p = make_plan (dst->ne[0], dst->ne[1], dst->ne[2], laid_out->ne[1] == 2);
  int64_t at_once = queries_at_once (p.n), blocks = (p.n + at_once - 1) / at_once, last = p.n - (blocks - 1) * at_once;
  int64_t begin = p.heads * blocks * order.index / order.count, n = p.heads * blocks * (order.index + 1) / order.count - begin;
  block whole, rest;

  if (blocks > 1)
    begin_block (&whole, &p, at_once);
  begin_block (&rest, &p, last);
  for (int64_t task = begin + n * ith / nth; task < begin + n * (ith + 1) / nth; task++)
    attend (task % blocks < blocks - 1 ? &whole : &rest, laid_out->data, dst, task / blocks, task % blocks * at_once, order.scale);
  if (blocks > 1)
    end_block (&whole);
  end_block (&rest);
  clear_plan (&p);
}

static struct ggml_tensor *
multiply (struct ggml_context *ctx,
          struct ggml_tensor  *laid_out,
          const int64_t        ne[3],
          float                scale,
          enum ggml_type       type)
{
  double n_nodes = 4.0 * (double) (ne[0] * ne[1]) * (double) ne[2] * (double) ne[2] / SD3_NODE;
  instruction order = { .scale = scale, .count = n_nodes >= MAX_NODES ? MAX_NODES : n_nodes < 1 ? 1 : (uint16_t) n_nodes };
  struct ggml_tensor *y = ggml_custom_4d (ctx, type, ne[0], ne[1], ne[2], 1, &laid_out, 1, attend_cb, GGML_N_TASKS_MAX, order.bits);

  for (order.index = 1; order.index < order.count; order.index++)
    y = ggml_custom_inplace (ctx, y, &laid_out, 1, attend_cb, GGML_N_TASKS_MAX, order.bits);
  return ggml_reshape_2d (ctx, y, ne[0] * ne[1], ne[2]);
}

struct ggml_tensor *
sd3_op_attention (struct ggml_context      *ctx,
                  struct ggml_tensor *const q[2],
                  struct ggml_tensor *const k[2],
                  struct ggml_tensor *const v[2],
                  float                     scale,
                  enum ggml_type            type)
{
  int64_t ne[] = { q[0]->ne[0], q[0]->ne[1], q[0]->ne[2] + (q[1] ? q[1]->ne[2] : 0) };
  bool bf16 = type == GGML_TYPE_BF16;
  struct ggml_tensor *parts[] = { q[0], k[0], v[0], q[1], k[1], v[1] }, *laid_out;
  plan p = make_plan (ne[0], ne[1], ne[2], bf16);
  int64_t element = (int64_t) p.element;

  laid_out = ggml_custom_4d (ctx, GGML_TYPE_I8, (int64_t) p.size / element, element, 1, 1, parts, q[1] ? 6 : 3, lay_out_cb, GGML_N_TASKS_MAX,
                             (void *) (uintptr_t) bf16);
  clear_plan (&p);
  return multiply (ctx, laid_out, ne, scale, type);
}
