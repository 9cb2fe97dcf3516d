/* Graphs: built once, run often, on the processor or between it and a card.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/device-private.h"

#include "engine/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NODES 16384 /* 64 blocks of the transformer have about 6,000 */
#define CONV_WORK (16 << 20) /* what ggml's convolution unfolds at a time */

struct sd3_mark
{
  char               *name;
  struct ggml_tensor *tensor;
};

void
sd3_graph_begin (sd3_graph  *graph,
                 sd3_device *device,
                 sd3_trace  *trace)
{
  *graph = (sd3_graph) { .device = device, .trace = trace };
  graph->ctx = ggml_init ((struct ggml_init_params) {
    .mem_size = MAX_NODES * ggml_tensor_overhead () + ggml_graph_overhead_custom (MAX_NODES, false), .no_alloc = true });
  graph->graph = ggml_new_graph_custom (graph->ctx, MAX_NODES, false);
}

void
sd3_graph_mark (sd3_graph          *graph,
                struct ggml_tensor *tensor,
                const char         *format,
                ...)
{
  char name[128];
  va_list args;

  if (!graph->trace)
    return;
  va_start (args, format);
  vsnprintf (name, sizeof name, format, args);
  va_end (args);
  if (!ggml_is_contiguous (tensor))
    tensor = ggml_cont (graph->ctx, tensor);
  sd3_reserve (graph->marks, graph->n_marks, graph->mark_room);
  graph->marks[graph->n_marks++] = (struct sd3_mark) { sd3_text_copy (name, strlen (name)), tensor };
  sd3_graph_result (graph, tensor);
}

void
sd3_graph_result (sd3_graph          *graph,
                  struct ggml_tensor *tensor)
{
  ggml_set_output (tensor);
  ggml_build_forward_expand (graph->graph, tensor);
}

/* The scratch memory that the processor's kernels ask for beside the graph: products turn their right side into the
 * type of their weights, in at most two bytes a value. */
static uint64_t
work_size (struct ggml_cgraph *graph)
{
  uint64_t most = 0;

  for (int i = 0; i < ggml_graph_n_nodes (graph); i++)
    {
      const struct ggml_tensor *node = ggml_graph_node (graph, i);
      uint64_t size = 0;

      if (node->op == GGML_OP_MUL_MAT && node->src[0]->type != GGML_TYPE_F32)
        size = 2 * (uint64_t) ggml_nelements (node->src[1]);
      else if (node->op == GGML_OP_CONV_2D)
        size = CONV_WORK;
      most = size > most ? size : most;
    }
  return most;
}

static bool
ready_on_processor (sd3_graph *graph)
{
  size_t size;

  graph->memory = ggml_gallocr_new (ggml_backend_get_default_buffer_type (graph->device->processor));
  if (graph->device->rehearses)
    ggml_gallocr_reserve_n_size (graph->memory, graph->graph, NULL, NULL, &size);
  else if (ggml_gallocr_alloc_graph (graph->memory, graph->graph))
    size = ggml_gallocr_get_buffer_size (graph->memory, 0);
  else
    return false;
  graph->sizes[SD3_ON_HOST] = size + work_size (graph->graph);
  return true;
}

/* After what takes long, so that a cancelled picture ends soon; every such stop costs a little. */
static bool
node_cb (struct ggml_tensor *node,
         bool                ask,
         void               *data)
{
  sd3_graph *graph = data;

  if (!ask)
    return !sd3_device_cancelled (graph->device);
  return node->op == GGML_OP_CONV_2D || node->op == GGML_OP_FLASH_ATTN_EXT || (node->op == GGML_OP_MUL_MAT && graph->n_asked++ % 8 == 0);
}

static bool
ready_on_card (sd3_graph *graph)
{
  ggml_backend_t backends[] = { graph->device->backend, graph->device->processor };
  size_t sizes[2];

  graph->split = ggml_backend_sched_new (backends, NULL, 2, MAX_NODES, false, true);
  ggml_backend_sched_set_eval_callback (graph->split, node_cb, graph);
  if (graph->device->rehearses)
    ggml_backend_sched_reserve_size (graph->split, graph->graph, sizes);
  else if (!ggml_backend_sched_alloc_graph (graph->split, graph->graph))
    return false;
  for (int i = 0; i < 2; i++)
    graph->sizes[i == 0 ? SD3_ON_CARD : SD3_ON_HOST] = graph->device->rehearses ? sizes[i] : ggml_backend_sched_get_buffer_size (graph->split, backends[i]);
  return true;
}

bool
sd3_graph_ready (sd3_graph  *graph,
                 const char *what,
                 sd3_error  *error)
{
  sd3_device *device = graph->device;

  for (int i = 0; i < ggml_graph_n_nodes (graph->graph); i++)
    {
      struct ggml_tensor *node = ggml_graph_node (graph->graph, i);

      if (!ggml_backend_supports_op (device->backend, node) && !ggml_backend_supports_op (device->processor, node))
        return sd3_fail_as (error, SD3_ERROR_OTHER, N_ ("This device cannot compute a part of %s (%s)."), what, ggml_op_desc (node));
    }
  if (!(device->is_cpu ? ready_on_processor (graph) : ready_on_card (graph)))
    return sd3_fail_as (error, SD3_ERROR_MEMORY, N_ ("There is not enough memory for %s."), what);
  sd3_device_take (device, graph->sizes);
  return sd3_device_fits (device) || sd3_fail_as (error, SD3_ERROR_MEMORY, N_ ("There is not enough memory for %s."), what);
}

/* Slowest dimension first, without leading ones. */
static void
give_mark (const sd3_graph       *graph,
           const struct sd3_mark *mark)
{
  const struct ggml_tensor *t = mark->tensor;
  int n_dims = ggml_n_dims (t);
  int64_t shape[4];
  float *data = sd3_new (float, (size_t) ggml_nelements (t));

  for (int i = 0; i < n_dims; i++)
    shape[i] = t->ne[n_dims - 1 - i];
  sd3_download (t, data);
  graph->trace->stage (graph->trace->opaque, mark->name, data, n_dims, shape);
  free (data);
}

/* A card's part that was stopped in the middle says nothing. */
static enum ggml_status
compute (sd3_graph *graph)
{
  enum ggml_status status;

  if (graph->device->is_cpu)
    return ggml_backend_graph_compute (graph->device->backend, graph->graph);
  status = ggml_backend_sched_graph_compute (graph->split, graph->graph);
  return status == GGML_STATUS_SUCCESS && sd3_device_cancelled (graph->device) ? GGML_STATUS_ABORTED : status;
}

bool
sd3_graph_run (sd3_graph *graph,
               sd3_error *error)
{
  enum ggml_status status = graph->device->rehearses ? GGML_STATUS_SUCCESS : compute (graph);

  if (status == GGML_STATUS_ABORTED)
    return sd3_fail_as (error, SD3_ERROR_CANCELLED, "It was cancelled.");
  if (status != GGML_STATUS_SUCCESS)
    return sd3_fail_as (error, SD3_ERROR_OTHER, N_ ("The computation failed: %s."), ggml_status_to_string (status));
  for (size_t i = 0; i < graph->n_marks; i++)
    give_mark (graph, &graph->marks[i]);
  return true;
}

void
sd3_graph_clear (sd3_graph *graph)
{
  for (size_t i = 0; i < graph->n_marks; i++)
    free (graph->marks[i].name);
  free (graph->marks);
  if (graph->memory)
    ggml_gallocr_free (graph->memory);
  if (graph->split)
    ggml_backend_sched_free (graph->split);
  if (graph->ctx)
    ggml_free (graph->ctx);
  if (graph->device)
    sd3_device_give (graph->device, graph->sizes);
  *graph = (sd3_graph) { 0 };
}
