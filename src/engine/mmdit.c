/* The transformer: what it is, its weights, and a step's way in and out.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/mmdit-private.h"

#include "engine/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- What it is -------------------------------------------------------------------------------------------- */

static bool
exists (const sd3_weights *weights,
        const char        *format,
        int                block)
{
  char name[100];

  snprintf (name, sizeof name, "joint_blocks.%d.%s", block, format);
  return sd3_weights_find (weights, SD3_ROLE_MMDIT, name) != NULL;
}

static bool
detect_embedders (const sd3_weights *weights,
                  sd3_mmdit_shape   *s,
                  sd3_error         *error)
{
  const sd3_tensor *x = sd3_need (weights, SD3_ROLE_MMDIT, "x_embedder.proj.weight", -1, -1, error);
  const sd3_tensor *positions = x ? sd3_need (weights, SD3_ROLE_MMDIT, "pos_embed", -1, x->shape[0], error) : NULL;
  const sd3_tensor *context = positions ? sd3_need (weights, SD3_ROLE_MMDIT, "context_embedder.weight", x->shape[0], -1, error) : NULL;
  const sd3_tensor *y = context ? sd3_need (weights, SD3_ROLE_MMDIT, "y_embedder.mlp.0.weight", x->shape[0], -1, error) : NULL;
  const sd3_tensor *t = y ? sd3_need (weights, SD3_ROLE_MMDIT, "t_embedder.mlp.0.weight", x->shape[0], -1, error) : NULL;

  if (!t)
    return false;
  s->width = (int) x->shape[0];
  s->channels = (int) x->shape[1];
  s->patch = (int) x->shape[2];
  s->grid = (int) lround (sqrt ((double) positions->shape[0]));
  s->context_width = (int) context->shape[1];
  s->pooled_width = (int) y->shape[1];
  s->time_width = (int) t->shape[1];
  if (x->n_dims != 4 || x->shape[2] != x->shape[3] || s->patch > 16 || s->width > 65536 || s->time_width % 2 != 0 ||
      (int64_t) s->grid * s->grid != positions->shape[0])
    return sd3_fail (error, N_ ("“%s” is no Stable Diffusion 3 model: its embedders have other shapes."), sd3_weights_file_name (weights, SD3_ROLE_MMDIT));
  if (s->channels != 16)
    return sd3_fail (error, N_ ("“%s” is a model for inpainting or control with %d channels; only plain models of 16 can be used."),
                     sd3_weights_file_name (weights, SD3_ROLE_MMDIT), s->channels);
  return true;
}

static bool
detect_blocks (const sd3_weights *weights,
               sd3_mmdit_shape   *s,
               sd3_error         *error)
{
  const sd3_tensor *norm;
  int head = 64;

  s->depth = sd3_weights_count (weights, SD3_ROLE_MMDIT, "joint_blocks.", ".x_block.attn.qkv.weight");
  if (s->depth < 1 || s->depth > SD3_MAX_BLOCKS)
    return sd3_fail (error, N_ ("“%s” is no Stable Diffusion 3 model: it has %d blocks."), sd3_weights_file_name (weights, SD3_ROLE_MMDIT), s->depth);
  s->qk_norm = exists (weights, "context_block.attn.ln_k.weight", 0);
  norm = sd3_weights_find (weights, SD3_ROLE_MMDIT, "joint_blocks.0.x_block.attn.ln_q.weight");
  if (norm)
    head = (int) norm->shape[0];
  else if (sd3_weights_heads (weights, SD3_ROLE_MMDIT) > 0)
    head = s->width / sd3_weights_heads (weights, SD3_ROLE_MMDIT);
  if (head < 1 || s->width % head != 0)
    return sd3_fail (error, N_ ("“%s” is no Stable Diffusion 3 model: its heads do not divide its width."), sd3_weights_file_name (weights, SD3_ROLE_MMDIT));
  s->n_heads = s->width / head;
  for (int i = 0; i < s->depth; i++)
    s->n_dual += s->dual[i] = exists (weights, "x_block.attn2.qkv.weight", i);
  return true;
}

/* ---- Weights ----------------------------------------------------------------------------------------------- */

static void
want_attention (sd3_mmdit           *m,
                sd3_mmdit_attention *a,
                int                  block,
                const char          *name,
                bool                 last)
{
  int h = m->shape.width, head = h / m->shape.n_heads;

  a->qkv = sd3_want_linear (&m->loader, 3 * h, h, true, "joint_blocks.%d.%s.qkv", block, name);
  if (!last)
    a->proj = sd3_want_linear (&m->loader, h, h, true, "joint_blocks.%d.%s.proj", block, name);
  if (m->shape.qk_norm)
    {
      a->ln_q = sd3_want_norm (&m->loader, head, false, "joint_blocks.%d.%s.ln_q", block, name).w;
      a->ln_k = sd3_want_norm (&m->loader, head, false, "joint_blocks.%d.%s.ln_k", block, name).w;
    }
}

static void
want_stream (sd3_mmdit        *m,
             sd3_mmdit_stream *s,
             int               block,
             bool              context)
{
  const char *name = context ? "context_block" : "x_block";
  bool last = context && block == m->shape.depth - 1, dual = !context && m->shape.dual[block];
  int h = m->shape.width;

  s->n_chunks = last ? 2 : dual ? 9 : 6;
  s->chunks_at = m->n_modulation;
  m->n_modulation += (size_t) s->n_chunks * h;
  s->modulation = sd3_want_linear (&m->loader, s->n_chunks * h, h, true, "joint_blocks.%d.%s.adaLN_modulation.1", block, name);
  want_attention (m, &s->attn, block, context ? "context_block.attn" : "x_block.attn", last);
  if (dual)
    want_attention (m, &s->attn2, block, "x_block.attn2", false);
  if (last)
    return;
  s->fc1 = sd3_want_linear (&m->loader, 4 * h, h, true, "joint_blocks.%d.%s.mlp.fc1", block, name);
  s->fc2 = sd3_want_linear (&m->loader, h, 4 * h, true, "joint_blocks.%d.%s.mlp.fc2", block, name);
}

static void
want_all (sd3_mmdit *m)
{
  const sd3_mmdit_shape *s = &m->shape;
  int patch = s->channels * s->patch * s->patch, h = s->width;

  m->loader.wide = h >= SD3_WIDE;
  m->x_embedder = sd3_want_linear (&m->loader, h, patch, true, "x_embedder.proj");
  m->context_embedder = sd3_want_linear (&m->loader, h, s->context_width, true, "context_embedder");
  m->t0 = sd3_want_linear (&m->loader, h, s->time_width, true, "t_embedder.mlp.0");
  m->t2 = sd3_want_linear (&m->loader, h, h, true, "t_embedder.mlp.2");
  m->y0 = sd3_want_linear (&m->loader, h, s->pooled_width, true, "y_embedder.mlp.0");
  m->y2 = sd3_want_linear (&m->loader, h, h, true, "y_embedder.mlp.2");
  for (int i = 0; i < s->depth; i++)
    {
      want_stream (m, &m->blocks[i].context, i, true);
      want_stream (m, &m->blocks[i].x, i, false);
    }
  m->final_modulation = sd3_want_linear (&m->loader, 2 * h, h, true, "final_layer.adaLN_modulation.1");
  m->final_linear = sd3_want_linear (&m->loader, patch, h, true, "final_layer.linear");
  m->final_at = m->n_modulation;
  m->n_modulation += 2 * (size_t) h;
}

sd3_mmdit *
sd3_mmdit_new (const sd3_weights *weights,
               sd3_error         *error)
{
  sd3_mmdit *m = sd3_new (sd3_mmdit, 1);

  m->weights = weights;
  sd3_loader_begin (&m->loader, weights, SD3_ROLE_MMDIT, 32 * SD3_MAX_BLOCKS + 32, error);
  if (!m->loader.failed && detect_embedders (weights, &m->shape, error) && detect_blocks (weights, &m->shape, error))
    {
      want_all (m);
      if (!m->loader.failed)
        return m;
    }
  sd3_mmdit_free (m);
  return NULL;
}

void
sd3_mmdit_unload (sd3_mmdit *m)
{
  for (int i = 0; i < SD3_MMDIT_GRAPHS; i++)
    sd3_mmdit_step_clear (&m->steps[i]);
  sd3_loader_unload (&m->loader);
}

bool
sd3_mmdit_widen (sd3_mmdit *m,
                 bool       on)
{
  sd3_mmdit_unload (m);
  return sd3_loader_widen (&m->loader, on, GGML_TYPE_BF16);
}

void
sd3_mmdit_free (sd3_mmdit *m)
{
  if (!m)
    return;
  sd3_mmdit_unload (m);
  sd3_loader_clear (&m->loader);
  free (m);
}

const sd3_mmdit_shape *
sd3_mmdit_get_shape (const sd3_mmdit *m)
{
  return &m->shape;
}

uint64_t
sd3_mmdit_size (const sd3_mmdit *m)
{
  return m->loader.size;
}

bool
sd3_mmdit_load (sd3_mmdit  *m,
                sd3_device *device,
                sd3_error  *error)
{
  m->device = device;
  return sd3_loader_read (&m->loader, device, error);
}

uint64_t
sd3_mmdit_prompt_size (const sd3_mmdit *m,
                       int              n_context,
                       int              n_times)
{
  return ((uint64_t) n_context * m->shape.width + (uint64_t) n_times * m->n_modulation) * sizeof (float);
}

/* ---- A step ------------------------------------------------------------------------------------------------ */

/* Token r·w + c holds (channel, p, q) of its patch, slowest first. */
static void
patchify (const sd3_mmdit_shape *s,
          const float           *latent,
          int                    height,
          int                    width,
          float                 *patches)
{
  int p = s->patch;

  for (int r = 0; r < height / p; r++)
    for (int c = 0; c < width / p; c++)
      for (int k = 0; k < s->channels; k++)
        for (int i = 0; i < p; i++)
          for (int j = 0; j < p; j++)
            *patches++ = latent[((size_t) k * height + r * p + i) * width + c * p + j];
}

/* The way out has another order: (p, q, channel). */
static void
unpatchify (const sd3_mmdit_shape *s,
            const float           *patches,
            int                    height,
            int                    width,
            float                 *latent)
{
  int p = s->patch;

  for (int r = 0; r < height / p; r++)
    for (int c = 0; c < width / p; c++)
      for (int i = 0; i < p; i++)
        for (int j = 0; j < p; j++)
          for (int k = 0; k < s->channels; k++)
            latent[((size_t) k * height + r * p + i) * width + c * p + j] = *patches++;
}

/* The middle of the table of positions, read from the file: it is large and only these rows are used. */
static bool
upload_positions (sd3_mmdit      *m,
                  sd3_mmdit_step *step,
                  sd3_error      *error)
{
  const sd3_tensor *table = sd3_weights_find (m->weights, SD3_ROLE_MMDIT, "pos_embed");
  int rows = step->height / m->shape.patch, columns = step->width / m->shape.patch, h = m->shape.width;
  int top = (m->shape.grid - rows) / 2, left = (m->shape.grid - columns) / 2;
  float *values = sd3_new (float, (size_t) rows * columns * h);
  bool good = true;

  for (int r = 0; good && r < rows; r++)
    good = sd3_tensor_read (m->weights, table, (int64_t) (top + r) * m->shape.grid + left, columns, values + (size_t) r * columns * h, error);
  if (good)
    sd3_upload (step->positions, values);
  free (values);
  return good;
}

static bool
same_skip (const sd3_mmdit_step *step,
           const bool           *skip)
{
  static const bool none[SD3_MAX_BLOCKS];

  return memcmp (step->skip, skip ? skip : none, sizeof step->skip) == 0;
}

/* The graph for a shape: one that is there, or a new one in the place of the one not used for longest. */
static sd3_mmdit_step *
get_step (sd3_mmdit  *m,
          int         height,
          int         width,
          int         n_context,
          const bool *skip,
          sd3_trace  *trace,
          sd3_error  *error)
{
  sd3_mmdit_step *step = &m->steps[0];

  for (int i = 0; i < SD3_MMDIT_GRAPHS; i++)
    {
      sd3_mmdit_step *s = &m->steps[i];

      if (s->height == height && s->width == width && s->n_context == n_context && same_skip (s, skip) && s->traced == (trace != NULL))
        return s;
      if (s->used < step->used)
        step = s;
    }
  sd3_mmdit_step_clear (step);
  step->height = height;
  step->width = width;
  step->n_context = n_context;
  step->traced = trace != NULL;
  if (skip)
    memcpy (step->skip, skip, sizeof step->skip);
  if (sd3_mmdit_step_build (m, step, trace, error) && upload_positions (m, step, error))
    return step;
  sd3_mmdit_step_clear (step);
  return NULL;
}

bool
sd3_mmdit_velocity (sd3_mmdit              *m,
                    const float            *latent,
                    int                     height,
                    int                     width,
                    const sd3_mmdit_prompt *prompt,
                    int                     time,
                    const bool             *skip,
                    sd3_trace              *trace,
                    float                  *velocity,
                    sd3_error              *error)
{
  sd3_mmdit_step *step;
  float *patches;
  bool good;

  if (height < 1 || width < 1 || height % m->shape.patch != 0 || width % m->shape.patch != 0 ||
      height / m->shape.patch > m->shape.grid || width / m->shape.patch > m->shape.grid)
    return sd3_fail_as (error, SD3_ERROR_REQUEST, "The model cannot make pictures of this size: each side must be a multiple of %d and at most %d pixels.",
                     8 * m->shape.patch, 8 * m->shape.patch * m->shape.grid);
  step = get_step (m, height, width, prompt->n_context, skip, trace, error);
  if (!step)
    return false;
  step->used = ++m->clock;
  step->graph.trace = trace;
  patches = sd3_new (float, (size_t) m->shape.channels * height * width);
  patchify (&m->shape, latent, height, width, patches);
  sd3_upload (step->patches, patches);
  sd3_upload (step->context, prompt->context);
  sd3_upload (step->modulation, prompt->modulation + (size_t) time * m->n_modulation);
  good = sd3_graph_run (&step->graph, error);
  if (good)
    {
      sd3_download (step->result, patches);
      unpatchify (&m->shape, patches, height, width, velocity);
    }
  free (patches);
  return good;
}
