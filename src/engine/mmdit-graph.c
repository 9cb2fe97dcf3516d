/* The transformer's two graphs: what a prompt and a schedule give all steps, and a step.
 *
 * Names: h the width, T the picture's tokens, C the context's, L = C + T. Shapes are ggml's, fastest first.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/mmdit-private.h"

#include "engine/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- What a prompt gives ----------------------------------------------------------------------------------- */

/* [cos (t·f), sin (t·f)] with f falling from 1 to nearly 1/10000. */
static float *
time_features (const float *times,
               int          n,
               int          width)
{
  float *out = sd3_new (float, (size_t) n * width);

  for (int i = 0; i < n; i++)
    for (int j = 0; j < width / 2; j++)
      {
        double angle = times[i] * exp (-log (10000.0) * j / (width / 2));

        out[i * width + j] = (float) cos (angle);
        out[i * width + width / 2 + j] = (float) sin (angle);
      }
  return out;
}

typedef struct
{
  sd3_graph           graph;
  sd3_store           inputs;
  struct ggml_tensor *times;   /* [time_width, n] */
  struct ggml_tensor *pooled;  /* [pooled_width] */
  struct ggml_tensor *context; /* [context_width, C] */
  struct ggml_tensor *embedded; /* [h, C] */
  struct ggml_tensor *modulations[2 * SD3_MAX_BLOCKS + 1]; /* [chunks·h, n]: context and x of each block, the final one */
} prompt_graph;

static struct ggml_tensor *
two_layers (struct ggml_context *ctx,
            sd3_linear           first,
            sd3_linear           second,
            struct ggml_tensor  *x)
{
  return sd3_nn_linear (ctx, second, ggml_silu (ctx, sd3_nn_linear (ctx, first, x)));
}

static void
add_modulation (prompt_graph       *p,
                int                 i,
                sd3_linear          linear,
                struct ggml_tensor *c)
{
  p->modulations[i] = sd3_nn_linear (p->graph.ctx, linear, c);
  sd3_graph_result (&p->graph, p->modulations[i]);
}

static bool
build_prompt (const sd3_mmdit *m,
              prompt_graph    *p,
              sd3_error       *error)
{
  struct ggml_context *ctx = p->graph.ctx;
  struct ggml_tensor *t = two_layers (ctx, m->t0, m->t2, p->times), *y = two_layers (ctx, m->y0, m->y2, p->pooled), *c;

  sd3_graph_mark (&p->graph, t, "t_embedder");
  sd3_graph_mark (&p->graph, y, "y_embedder");
  p->embedded = sd3_nn_linear (ctx, m->context_embedder, p->context);
  sd3_graph_result (&p->graph, p->embedded);
  sd3_graph_mark (&p->graph, p->embedded, "context_embedder");
  c = ggml_silu (ctx, ggml_add (ctx, t, y));
  for (int i = 0; i < m->shape.depth; i++)
    {
      add_modulation (p, 2 * i, m->blocks[i].context.modulation, c);
      add_modulation (p, 2 * i + 1, m->blocks[i].x.modulation, c);
      sd3_graph_mark (&p->graph, p->modulations[2 * i], "joint_blocks.%d.context_block.modulation", i);
      sd3_graph_mark (&p->graph, p->modulations[2 * i + 1], "joint_blocks.%d.x_block.modulation", i);
    }
  add_modulation (p, 2 * m->shape.depth, m->final_modulation, c);
  sd3_graph_mark (&p->graph, p->modulations[2 * m->shape.depth], "final_layer.modulation");
  return sd3_graph_ready (&p->graph, NC_ ("engine", "the transformer"), error);
}

/* Writes one adaLN's values where all steps look for them, with one added to each scale. */
static void
place_modulation (const sd3_mmdit    *m,
                  struct ggml_tensor *from,
                  int                 n_chunks,
                  size_t              at,
                  sd3_mmdit_prompt   *prompt)
{
  int h = m->shape.width;
  float *values = sd3_new (float, (size_t) ggml_nelements (from));

  sd3_download (from, values);
  for (int i = 0; i < prompt->n_times; i++)
    {
      float *to = prompt->modulation + (size_t) i * m->n_modulation + at;

      memcpy (to, values + (size_t) i * n_chunks * h, (size_t) n_chunks * h * sizeof *to);
      for (int chunk = 1; chunk < n_chunks; chunk += 3)
        for (int j = 0; j < h; j++)
          to[chunk * h + j] += 1;
    }
  free (values);
}

static void
take_prompt (const sd3_mmdit    *m,
             const prompt_graph *p,
             sd3_mmdit_prompt   *prompt)
{
  for (int i = 0; i < m->shape.depth; i++)
    {
      const sd3_mmdit_block *block = &m->blocks[i];

      place_modulation (m, p->modulations[2 * i], block->context.n_chunks, block->context.chunks_at, prompt);
      place_modulation (m, p->modulations[2 * i + 1], block->x.n_chunks, block->x.chunks_at, prompt);
    }
  place_modulation (m, p->modulations[2 * m->shape.depth], 2, m->final_at, prompt);
  sd3_download (p->embedded, prompt->context);
}

/* The last context block has [shift, scale] only, and so chunk 1 is its scale too; in six or nine chunks the scales
 * are 1, 4 and 7: shift, scale, gate, over and over. */
bool
sd3_mmdit_prompt_make (sd3_mmdit        *m,
                       const float      *context,
                       int               n_context,
                       const float      *pooled,
                       const float      *times,
                       int               n_times,
                       sd3_trace        *trace,
                       sd3_mmdit_prompt *prompt,
                       sd3_error        *error)
{
  prompt_graph p;
  float *features = time_features (times, n_times, m->shape.time_width);
  bool good;

  *prompt = (sd3_mmdit_prompt) { .n_context = n_context, .n_times = n_times };
  prompt->times = memcpy (sd3_new (float, n_times), times, n_times * sizeof *times);
  prompt->context = sd3_new (float, (size_t) n_context * m->shape.width);
  prompt->modulation = sd3_new (float, (size_t) n_times * m->n_modulation);
  sd3_graph_begin (&p.graph, m->device, trace);
  sd3_store_begin (&p.inputs, 3);
  p.times = ggml_new_tensor_2d (p.inputs.ctx, GGML_TYPE_F32, m->shape.time_width, n_times);
  p.pooled = ggml_new_tensor_1d (p.inputs.ctx, GGML_TYPE_F32, m->shape.pooled_width);
  p.context = ggml_new_tensor_2d (p.inputs.ctx, GGML_TYPE_F32, m->shape.context_width, n_context);
  good = sd3_store_allocate (&p.inputs, m->device, NC_ ("engine", "the prompt"), error) && build_prompt (m, &p, error);
  if (good)
    {
      sd3_upload (p.times, features);
      sd3_upload (p.pooled, pooled);
      sd3_upload (p.context, context);
      good = sd3_graph_run (&p.graph, error);
    }
  if (good)
    take_prompt (m, &p, prompt);
  else
    sd3_mmdit_prompt_clear (prompt);
  sd3_graph_clear (&p.graph);
  sd3_store_clear (&p.inputs);
  free (features);
  return good;
}

void
sd3_mmdit_prompt_clear (sd3_mmdit_prompt *prompt)
{
  free (prompt->times);
  free (prompt->context);
  free (prompt->modulation);
  *prompt = (sd3_mmdit_prompt) { 0 };
}

/* ---- A step ------------------------------------------------------------------------------------------------ */

typedef struct
{
  const sd3_mmdit     *m;
  sd3_mmdit_step      *step;
  struct ggml_context *ctx;
  int                  block;
} builder;

/* One chunk [h] of a modulation: 0 shift, 1 scale (plus one), 2 gate, of attention, MLP (+3) and second attention (+6). */
static struct ggml_tensor *
chunk (const builder *b,
       size_t         at,
       int            i)
{
  int h = b->m->shape.width;

  return ggml_view_1d (b->ctx, b->step->modulation, h, (at + (size_t) i * h) * sizeof (float));
}

static struct ggml_tensor *
modulate (const builder      *b,
          struct ggml_tensor *x,
          size_t              at,
          int                 first,
          sd3_linear          next)
{
  return sd3_nn_modulate (b->ctx, x, chunk (b, at, first + 1), chunk (b, at, first), next);
}

static sd3_qkv
project (const builder             *b,
         const sd3_mmdit_attention *a,
         struct ggml_tensor        *x)
{
  struct ggml_tensor *all = sd3_nn_linear (b->ctx, a->qkv, x);
  int heads = b->m->shape.n_heads;
  sd3_qkv parts = { sd3_nn_part (b->ctx, all, 0, heads), sd3_nn_part (b->ctx, all, 1, heads), sd3_nn_part (b->ctx, all, 2, heads) };

  if (a->ln_q)
    {
      parts.q = sd3_nn_rms_norm (b->ctx, parts.q, a->ln_q);
      parts.k = sd3_nn_rms_norm (b->ctx, parts.k, a->ln_k);
    }
  return parts;
}

static struct ggml_tensor *
add_mlp (const builder          *b,
         const sd3_mmdit_stream *s,
         struct ggml_tensor     *x)
{
  struct ggml_tensor *y = sd3_nn_linear_gelu (b->ctx, s->fc1, modulate (b, x, s->chunks_at, 3, s->fc1), s->fc2);

  return sd3_nn_linear_gated (b->ctx, s->fc2, y, chunk (b, s->chunks_at, 5), x);
}

/* The rows of one stream in the joint attention's result [h, L]. */
static struct ggml_tensor *
rows_of (const builder      *b,
         struct ggml_tensor *joint,
         int64_t             first,
         int64_t             n)
{
  return ggml_view_2d (b->ctx, joint, joint->ne[0], n, joint->nb[1], (size_t) first * joint->nb[1]);
}

/* Both streams attend to each other, the context's rows first; NULL is the context's end. */
static void
add_block (builder             *b,
           struct ggml_tensor **context,
           struct ggml_tensor **x)
{
  const sd3_mmdit_block *block = &b->m->blocks[b->block];
  const sd3_mmdit_stream *sc = &block->context, *sx = &block->x;
  struct ggml_tensor *k = *context, *n = *x, *joint;
  sd3_qkv c = project (b, &sc->attn, modulate (b, k, sc->chunks_at, 0, sc->attn.qkv));
  sd3_qkv p = project (b, &sx->attn, modulate (b, n, sx->chunks_at, 0, sx->attn.qkv));
  int64_t n_context = k->ne[1], n_x = n->ne[1];

  sd3_graph_mark (&b->step->graph, p.q, "joint_blocks.%d.x_block.q", b->block);
  joint = sd3_nn_attention (b->ctx, c, p, sx->attn.proj);
  *context = NULL;
  if (sc->attn.proj.w)
    *context = add_mlp (b, sc, sd3_nn_linear_gated (b->ctx, sc->attn.proj, rows_of (b, joint, 0, n_context), chunk (b, sc->chunks_at, 2), k));
  *x = sd3_nn_linear_gated (b->ctx, sx->attn.proj, rows_of (b, joint, n_context, n_x), chunk (b, sx->chunks_at, 2), n);
  if (sx->n_chunks == 9)
    {
      joint = sd3_nn_attention (b->ctx, project (b, &sx->attn2, modulate (b, n, sx->chunks_at, 6, sx->attn2.qkv)), (sd3_qkv) { 0 }, sx->attn2.proj);
      *x = sd3_nn_linear_gated (b->ctx, sx->attn2.proj, joint, chunk (b, sx->chunks_at, 8), *x);
    }
  *x = add_mlp (b, sx, *x);
  if (*context)
    sd3_graph_mark (&b->step->graph, *context, "joint_blocks.%d.context", b->block);
  sd3_graph_mark (&b->step->graph, *x, "joint_blocks.%d.x", b->block);
}

static void
build (sd3_mmdit      *m,
       sd3_mmdit_step *step)
{
  builder b = { m, step, step->graph.ctx, 0 };
  struct ggml_tensor *x = sd3_nn_linear (b.ctx, m->x_embedder, step->patches), *context = step->context;

  sd3_graph_mark (&step->graph, x, "x_embedder");
  sd3_graph_mark (&step->graph, step->positions, "pos_embed");
  x = ggml_add (b.ctx, x, step->positions);
  for (; b.block < m->shape.depth && context; b.block++)
    if (!step->skip[b.block])
      add_block (&b, &context, &x);
  x = modulate (&b, x, m->final_at, 0, m->final_linear);
  step->result = sd3_nn_linear (b.ctx, m->final_linear, x);
  sd3_graph_result (&step->graph, step->result);
}

bool
sd3_mmdit_step_build (sd3_mmdit      *m,
                      sd3_mmdit_step *step,
                      sd3_trace      *trace,
                      sd3_error      *error)
{
  int p = m->shape.patch, h = m->shape.width, n = step->height / p * (step->width / p);

  sd3_store_begin (&step->inputs, 4);
  step->patches = ggml_new_tensor_2d (step->inputs.ctx, GGML_TYPE_F32, m->shape.channels * p * p, n);
  step->positions = ggml_new_tensor_2d (step->inputs.ctx, GGML_TYPE_F32, h, n);
  step->context = ggml_new_tensor_2d (step->inputs.ctx, GGML_TYPE_F32, h, step->n_context);
  step->modulation = ggml_new_tensor_1d (step->inputs.ctx, GGML_TYPE_F32, (int64_t) m->n_modulation);
  sd3_graph_begin (&step->graph, m->device, trace);
  build (m, step);
  return sd3_store_allocate (&step->inputs, m->device, NC_ ("engine", "a step"), error) && sd3_graph_ready (&step->graph, NC_ ("engine", "a step"), error);
}

void
sd3_mmdit_step_clear (sd3_mmdit_step *step)
{
  sd3_graph_clear (&step->graph);
  sd3_store_clear (&step->inputs);
  *step = (sd3_mmdit_step) { 0 };
}
