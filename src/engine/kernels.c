/* Matrix products and convolutions through oneDNN (its C API, https://uxlfoundation.github.io/oneDNN/).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/kernels.h"

#include "engine/memory.h"

#include <omp.h>
#include <pthread.h>
#include <stdlib.h>

#define N_SLOTS 4
#define SCRATCH_SLOT 3   /* oneDNN's own */

/* ---- What all threads share, and what each has ----------------------------------------------------------------- */

typedef struct
{
  dnnl_stream_t stream;
  struct { void *data; size_t size; } slots[N_SLOTS];
} own;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static dnnl_engine_t engine;
static pthread_key_t key;

static void
free_own (void *data)
{
  own *mine = data;

  for (int i = 0; i < N_SLOTS; i++)
    free (mine->slots[i].data);
  dnnl_stream_destroy (mine->stream);
  free (mine);
}

static void
set_up (void)
{
  dnnl_engine_create (&engine, dnnl_cpu, 0);
  pthread_key_create (&key, free_own);
}

/* ggml splits the work between threads; a product within one must not do so again. */
static own *
get_own (void)
{
  own *mine;

  pthread_once (&once, set_up);
  mine = pthread_getspecific (key);
  if (!mine)
    {
      mine = sd3_new (own, 1);
      dnnl_stream_create (&mine->stream, engine, dnnl_stream_default_flags);
      pthread_setspecific (key, mine);
    }
  omp_set_num_threads (1);
  return mine;
}

void *
sd3_scratch (int    slot,
             size_t size)
{
  own *mine = get_own ();

  if (mine->slots[slot].size < size)
    {
      free (mine->slots[slot].data);
      mine->slots[slot].size = (size + 4095) / 4096 * 4096;
      mine->slots[slot].data = aligned_alloc (4096, mine->slots[slot].size);
      if (!mine->slots[slot].data)
        abort ();
    }
  return mine->slots[slot].data;
}

bool
sd3_kernels_bf16 (void)
{
  dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa ();

  return (isa & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
}

static dnnl_data_type_t
type_of (bool bf16)
{
  return bf16 ? dnnl_bf16 : dnnl_f32;
}

/* A matrix in plain rows. */
static dnnl_memory_desc_t
rows (int64_t          m,
      int64_t          n,
      int64_t          ld,
      dnnl_data_type_t type)
{
  dnnl_memory_desc_t desc = NULL;

  dnnl_memory_desc_create_with_strides (&desc, 2, (dnnl_dims_t) { m, n }, type, (dnnl_dims_t) { ld, 1 });
  return desc;
}

static dnnl_memory_desc_t
tagged (int               n_dims,
        const dnnl_dims_t dims,
        dnnl_data_type_t  type,
        dnnl_format_tag_t tag)
{
  dnnl_memory_desc_t desc = NULL;

  dnnl_memory_desc_create_with_tag (&desc, n_dims, dims, type, tag);
  return desc;
}

/* ---- Products ---------------------------------------------------------------------------------------------------- */

static void
add_act (dnnl_post_ops_t ops,
         sd3_act         act)
{
  if (act == SD3_ACT_GELU)
    dnnl_post_ops_append_eltwise (ops, dnnl_eltwise_gelu_tanh, 0, 0);
  if (act == SD3_ACT_RELU)
    dnnl_post_ops_append_eltwise (ops, dnnl_eltwise_relu, 0, 0);
}

static dnnl_primitive_attr_t
attributes (dnnl_post_ops_t ops)
{
  dnnl_primitive_attr_t attr;

  dnnl_primitive_attr_create (&attr);
  dnnl_primitive_attr_set_scratchpad_mode (attr, dnnl_scratchpad_mode_user);
  dnnl_primitive_attr_set_post_ops (attr, ops);
  dnnl_post_ops_destroy (ops);
  return attr;
}

static void
add_arg (sd3_product            *p,
         int                     arg,
         const_dnnl_memory_desc_t desc)
{
  dnnl_memory_create (&p->memory[p->n_args], desc, engine, DNNL_MEMORY_NONE);
  p->args[p->n_args] = (dnnl_exec_arg_t) { arg, p->memory[p->n_args] };
  p->n_args++;
}

static bool
finish (sd3_product          *p,
        dnnl_primitive_desc_t pd)
{
  const_dnnl_memory_desc_t scratch = dnnl_primitive_desc_query_md (pd, dnnl_query_scratchpad_md, 0);

  p->scratch = dnnl_memory_desc_get_size (scratch);
  add_arg (p, DNNL_ARG_SCRATCHPAD, scratch);
  return dnnl_primitive_create (&p->primitive, pd) == dnnl_success;
}

#define GATE_ARG(at) (DNNL_ARG_ATTR_MULTIPLE_POST_OP (at) | DNNL_ARG_SRC_1)

bool
sd3_matmul_begin (sd3_product      *p,
                  const sd3_matmul *m)
{
  dnnl_memory_desc_t src = rows (m->m, m->k, m->lda, type_of (m->bf16)), dst = rows (m->m, m->n, m->ldc, type_of (m->to_bf16));
  dnnl_memory_desc_t row = rows (1, m->n, m->n, dnnl_f32);
  dnnl_primitive_desc_t pd = NULL;
  dnnl_primitive_attr_t attr;
  dnnl_post_ops_t ops;
  bool good;

  get_own ();
  *p = (sd3_product) { 0 };
  dnnl_post_ops_create (&ops);
  add_act (ops, m->act);
  if (m->gate)
    dnnl_post_ops_append_binary (ops, dnnl_binary_mul, row);
  /* A sum with another matrix would be the same, but newer oneDNN does that slowly where rows lie apart. */
  if (m->accumulate)
    dnnl_post_ops_append_sum (ops, 1, 0, dnnl_data_type_undef);
  attr = attributes (ops);
  good = dnnl_matmul_primitive_desc_create (&pd, engine, src, m->weights, m->bias ? row : NULL, dst, attr) == dnnl_success;
  if (good)
    {
      add_arg (p, DNNL_ARG_SRC, src);
      add_arg (p, DNNL_ARG_WEIGHTS, m->weights);
      add_arg (p, DNNL_ARG_DST, dst);
      if (m->bias)
        add_arg (p, DNNL_ARG_BIAS, row);
      if (m->gate)
        add_arg (p, GATE_ARG (m->act != SD3_ACT_NONE), row);
      good = finish (p, pd);
    }
  dnnl_primitive_desc_destroy (pd);
  dnnl_primitive_attr_destroy (attr);
  dnnl_memory_desc_destroy (src);
  dnnl_memory_desc_destroy (dst);
  dnnl_memory_desc_destroy (row);
  return good;
}

static dnnl_status_t
convolution_desc (dnnl_primitive_desc_t *pd,
                  const sd3_convolution *c,
                  dnnl_memory_desc_t     src,
                  dnnl_memory_desc_t     weights,
                  dnnl_memory_desc_t     bias,
                  dnnl_memory_desc_t     dst,
                  dnnl_primitive_attr_t  attr)
{
  return dnnl_convolution_forward_primitive_desc_create (pd, engine, dnnl_forward_inference, dnnl_convolution_direct, src, weights, bias, dst,
                                                         (dnnl_dims_t) { c->stride, c->stride }, (dnnl_dims_t) { 0, 0 },
                                                         (dnnl_dims_t) { 0, c->pad_left }, (dnnl_dims_t) { 0, c->pad_right }, attr);
}

static void
convolution_sides (const sd3_convolution *c,
                   dnnl_memory_desc_t    *src,
                   dnnl_memory_desc_t    *dst)
{
  int height = (c->height - c->side) / c->stride + 1, width = (c->width + c->pad_left + c->pad_right - c->side) / c->stride + 1;

  *src = tagged (4, (dnnl_dims_t) { 1, c->n_in, c->height, c->width }, type_of (c->bf16), dnnl_nhwc);
  *dst = tagged (4, (dnnl_dims_t) { 1, c->n_out, height, width }, type_of (c->to_bf16), dnnl_nhwc);
}

bool
sd3_convolution_begin (sd3_product           *p,
                       const sd3_convolution *c)
{
  dnnl_memory_desc_t src, dst, bias = tagged (1, (dnnl_dims_t) { c->n_out }, dnnl_f32, dnnl_a);
  dnnl_primitive_desc_t pd = NULL;
  dnnl_primitive_attr_t attr;
  dnnl_post_ops_t ops;
  bool good;

  get_own ();
  *p = (sd3_product) { 0 };
  convolution_sides (c, &src, &dst);
  dnnl_post_ops_create (&ops);
  if (c->accumulate)
    dnnl_post_ops_append_sum (ops, 1, 0, dnnl_data_type_undef);
  add_act (ops, c->act);
  attr = attributes (ops);
  good = convolution_desc (&pd, c, src, c->weights, c->bias ? bias : NULL, dst, attr) == dnnl_success;
  if (good)
    {
      add_arg (p, DNNL_ARG_SRC, src);
      add_arg (p, DNNL_ARG_WEIGHTS, c->weights);
      add_arg (p, DNNL_ARG_DST, dst);
      if (c->bias)
        add_arg (p, DNNL_ARG_BIAS, bias);
      good = finish (p, pd);
    }
  dnnl_primitive_desc_destroy (pd);
  dnnl_primitive_attr_destroy (attr);
  dnnl_memory_desc_destroy (src);
  dnnl_memory_desc_destroy (dst);
  dnnl_memory_desc_destroy (bias);
  return good;
}

static void *
place_of (int          arg,
          const void **data)
{
  switch (arg)
    {
    case DNNL_ARG_SRC:
      return (void *) data[0];
    case DNNL_ARG_WEIGHTS:
      return (void *) data[1];
    case DNNL_ARG_BIAS:
      return (void *) data[2];
    case DNNL_ARG_DST:
      return (void *) data[4];
    default:
      return (void *) data[3]; /* the gate's number depends on what is before it */
    }
}

void
sd3_product_run (sd3_product *p,
                 const void  *src,
                 const void  *weights,
                 const float *bias,
                 const float *gate,
                 void        *dst)
{
  const void *data[] = { src, weights, bias, gate, dst };
  own *mine = get_own ();

  for (int i = 0; i < p->n_args; i++)
    dnnl_memory_set_data_handle (p->memory[i], p->args[i].arg == DNNL_ARG_SCRATCHPAD ? sd3_scratch (SCRATCH_SLOT, p->scratch)
                                                                                    : place_of (p->args[i].arg, data));
  if (dnnl_primitive_execute (p->primitive, mine->stream, p->n_args, p->args) != dnnl_success)
    abort ();
}

void
sd3_product_end (sd3_product *p)
{
  for (int i = 0; i < p->n_args; i++)
    dnnl_memory_destroy (p->memory[i]);
  if (p->primitive)
    dnnl_primitive_destroy (p->primitive);
  *p = (sd3_product) { 0 };
}

/* ---- Layouts ----------------------------------------------------------------------------------------------------- */

static dnnl_memory_desc_t
take_weights_desc (dnnl_primitive_desc_t pd)
{
  dnnl_memory_desc_t desc = NULL;

  if (pd)
    dnnl_memory_desc_clone (&desc, dnnl_primitive_desc_query_md (pd, dnnl_query_weights_md, 0));
  dnnl_primitive_desc_destroy (pd);
  return desc;
}

dnnl_memory_desc_t
sd3_right_side (int64_t m,
                int64_t k,
                int64_t n,
                bool    bf16)
{
  dnnl_memory_desc_t src = rows (m, k, k, type_of (bf16)), dst = rows (m, n, n, dnnl_f32);
  dnnl_memory_desc_t any = tagged (2, (dnnl_dims_t) { k, n }, type_of (bf16), dnnl_format_tag_any);
  dnnl_primitive_desc_t pd = NULL;

  get_own ();
  dnnl_matmul_primitive_desc_create (&pd, engine, src, any, NULL, dst, NULL);
  dnnl_memory_desc_destroy (src);
  dnnl_memory_desc_destroy (dst);
  dnnl_memory_desc_destroy (any);
  return take_weights_desc (pd);
}

dnnl_memory_desc_t
sd3_convolution_side (int  n_out,
                      int  n_in,
                      int  side,
                      bool bf16)
{
  sd3_convolution c = { .height = 16 + side - 1, .width = 64 + side - 1, .n_in = n_in, .n_out = n_out, .side = side, .stride = 1, .bf16 = bf16, .to_bf16 = bf16 };
  dnnl_memory_desc_t src, dst, any = tagged (4, (dnnl_dims_t) { n_out, n_in, side, side }, type_of (bf16), dnnl_format_tag_any);
  dnnl_primitive_desc_t pd = NULL;

  get_own ();
  convolution_sides (&c, &src, &dst);
  convolution_desc (&pd, &c, src, any, NULL, dst, NULL);
  dnnl_memory_desc_destroy (src);
  dnnl_memory_desc_destroy (dst);
  dnnl_memory_desc_destroy (any);
  return take_weights_desc (pd);
}

static bool
reorder (dnnl_memory_desc_t from_desc,
         const void        *from,
         dnnl_memory_desc_t to_desc,
         void              *to)
{
  dnnl_primitive_desc_t pd = NULL;
  dnnl_primitive_t primitive = NULL;
  dnnl_memory_t memory[2] = { NULL };
  own *mine = get_own ();
  bool good = dnnl_reorder_primitive_desc_create (&pd, from_desc, engine, to_desc, engine, NULL) == dnnl_success &&
              dnnl_primitive_create (&primitive, pd) == dnnl_success &&
              dnnl_memory_create (&memory[0], from_desc, engine, (void *) from) == dnnl_success &&
              dnnl_memory_create (&memory[1], to_desc, engine, to) == dnnl_success &&
              dnnl_primitive_execute (primitive, mine->stream, 2, (dnnl_exec_arg_t[]) { { DNNL_ARG_FROM, memory[0] }, { DNNL_ARG_TO, memory[1] } }) == dnnl_success;

  for (int i = 0; i < 2; i++)
    if (memory[i])
      dnnl_memory_destroy (memory[i]);
  if (primitive)
    dnnl_primitive_destroy (primitive);
  if (pd)
    dnnl_primitive_desc_destroy (pd);
  return good;
}

bool
sd3_right_side_fill (dnnl_memory_desc_t desc,
                     int64_t            k,
                     int64_t            n,
                     int64_t            row_stride,
                     int64_t            column_stride,
                     bool               bf16,
                     const void        *from,
                     void              *to)
{
  dnnl_memory_desc_t plain = NULL;
  bool good;

  dnnl_memory_desc_create_with_strides (&plain, 2, (dnnl_dims_t) { k, n }, type_of (bf16), (dnnl_dims_t) { row_stride, column_stride });
  good = reorder (plain, from, desc, to);
  dnnl_memory_desc_destroy (plain);
  return good;
}

bool
sd3_convolution_side_fill (dnnl_memory_desc_t desc,
                           int                n_out,
                           int                n_in,
                           int                side,
                           bool               bf16,
                           const void        *from,
                           void              *to)
{
  dnnl_memory_desc_t plain = tagged (4, (dnnl_dims_t) { n_out, n_in, side, side }, type_of (bf16), dnnl_nchw);
  bool good = reorder (plain, from, desc, to);

  dnnl_memory_desc_destroy (plain);
  return good;
}
