/* Where the arithmetic is done, and what is kept there.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/device.h"

#include "engine/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_NODES 16384 /* 64 blocks of the transformer have about 6,000 */

struct sd3_mark
{
  char               *name;
  struct ggml_tensor *tensor;
};

typedef void (*set_threads_func) (ggml_backend_t backend, int n_threads);
typedef void (*set_abort_func) (ggml_backend_t backend, ggml_abort_callback callback, void *data);

static bool
abort_cb (void *data)
{
  const sd3_device *device = data;

  return device->cancelled && device->cancelled (device->opaque);
}

/* Backends other than the processor's know neither threads nor being interrupted. */
static void
set_up (sd3_device        *device,
        ggml_backend_dev_t processor,
        int                n_threads)
{
  ggml_backend_reg_t reg = ggml_backend_dev_backend_reg (processor);
  set_threads_func set_threads;
  set_abort_func set_abort;

  *(void **) &set_threads = ggml_backend_reg_get_proc_address (reg, "ggml_backend_set_n_threads");
  *(void **) &set_abort = ggml_backend_reg_get_proc_address (reg, "ggml_backend_set_abort_callback");
  if (set_threads)
    set_threads (device->backend, n_threads > 0 ? n_threads : (int) sysconf (_SC_NPROCESSORS_ONLN));
  if (set_abort)
    set_abort (device->backend, abort_cb, device);
}

bool
sd3_device_open (sd3_device *device,
                 const char *id,
                 int         n_threads,
                 sd3_error  *error)
{
  ggml_backend_dev_t found;

  *device = (sd3_device) { 0 };
  if (!sd3_prepare (error))
    return false;
  found = sd3_device_find (id);
  if (!found || ggml_backend_dev_type (found) != GGML_BACKEND_DEVICE_TYPE_CPU)
    return sd3_fail_as (error, SD3_ERROR_REQUEST, "There is no device “%s” here.", id);
  device->backend = ggml_backend_dev_init (found, NULL);
  if (!device->backend)
    return sd3_fail_as (error, SD3_ERROR_OTHER, "“%s” could not be opened.", ggml_backend_dev_description (found));
  device->is_cpu = true;
  sd3_device_id (found, device->id);
  set_up (device, found, n_threads);
  return true;
}

void
sd3_device_close (sd3_device *device)
{
  if (device->backend)
    ggml_backend_free (device->backend);
  *device = (sd3_device) { 0 };
}

/* ---- What stays -------------------------------------------------------------------------------------------- */

static struct ggml_context *
new_context (size_t n_tensors,
             size_t more)
{
  return ggml_init ((struct ggml_init_params) { .mem_size = n_tensors * ggml_tensor_overhead () + more, .no_alloc = true });
}

void
sd3_store_begin (sd3_store *store,
                 size_t     n_tensors)
{
  *store = (sd3_store) { .ctx = new_context (n_tensors, 0) };
}

bool
sd3_store_allocate (sd3_store  *store,
                    sd3_device *device,
                    const char *what,
                    sd3_error  *error)
{
  size_t size = 0;

  for (struct ggml_tensor *t = ggml_get_first_tensor (store->ctx); t; t = ggml_get_next_tensor (store->ctx, t))
    size += ggml_nbytes (t);
  store->buffer = ggml_backend_alloc_ctx_tensors (store->ctx, device->backend);
  return store->buffer || sd3_fail_as (error, SD3_ERROR_MEMORY, "There is not enough memory for %s, which needs %.1f GB.", what, (double) size / 1e9);
}

void
sd3_store_release (sd3_store *store)
{
  if (!store->buffer)
    return;
  ggml_backend_buffer_free (store->buffer);
  store->buffer = NULL;
  for (struct ggml_tensor *t = ggml_get_first_tensor (store->ctx); t; t = ggml_get_next_tensor (store->ctx, t))
    {
      t->buffer = NULL;
      t->data = NULL;
    }
}

void
sd3_store_clear (sd3_store *store)
{
  sd3_store_release (store);
  if (store->ctx)
    ggml_free (store->ctx);
  *store = (sd3_store) { 0 };
}

/* ---- Graphs ------------------------------------------------------------------------------------------------ */

void
sd3_graph_begin (sd3_graph  *graph,
                 sd3_device *device,
                 sd3_trace  *trace)
{
  *graph = (sd3_graph) { .device = device, .trace = trace };
  graph->ctx = new_context (MAX_NODES, ggml_graph_overhead_custom (MAX_NODES, false));
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

bool
sd3_graph_ready (sd3_graph  *graph,
                 const char *what,
                 sd3_error  *error)
{
  for (int i = 0; i < ggml_graph_n_nodes (graph->graph); i++)
    if (!ggml_backend_supports_op (graph->device->backend, ggml_graph_node (graph->graph, i)))
      return sd3_fail (error, "This device cannot compute a part of %s (%s).", what, ggml_op_desc (ggml_graph_node (graph->graph, i)));
  graph->memory = ggml_gallocr_new (ggml_backend_get_default_buffer_type (graph->device->backend));
  return ggml_gallocr_alloc_graph (graph->memory, graph->graph) || sd3_fail_as (error, SD3_ERROR_MEMORY, "There is not enough memory for %s.", what);
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

bool
sd3_graph_run (sd3_graph *graph,
               sd3_error *error)
{
  enum ggml_status status = ggml_backend_graph_compute (graph->device->backend, graph->graph);

  if (status == GGML_STATUS_ABORTED)
    return sd3_fail_as (error, SD3_ERROR_CANCELLED, "It was cancelled.");
  if (status != GGML_STATUS_SUCCESS)
    return sd3_fail_as (error, SD3_ERROR_OTHER, "The computation failed: %s.", ggml_status_to_string (status));
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
  if (graph->ctx)
    ggml_free (graph->ctx);
  *graph = (sd3_graph) { 0 };
}

void
sd3_upload (struct ggml_tensor *tensor,
            const float        *data)
{
  ggml_backend_tensor_set (tensor, data, 0, ggml_nbytes (tensor));
}

void
sd3_download (const struct ggml_tensor *tensor,
              float                    *data)
{
  ggml_backend_tensor_get (tensor, data, 0, ggml_nbytes (tensor));
}
