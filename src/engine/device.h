/* Where the arithmetic is done, and what is kept there. ggml's kernels are plug-ins that are found at run time: nothing
 * here may call into one by name.
 *
 * A device that rehearses gives no memory and computes nothing, but counts: what a picture will need is known by going
 * the same way beforehand.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/error.h"

#include <ggml-alloc.h>
#include <ggml-backend.h>
#include <ggml.h>

typedef enum { SD3_ON_HOST, SD3_ON_CARD, SD3_N_PLACES } sd3_memory;

typedef struct sd3_device
{
  ggml_backend_t     backend;
  ggml_backend_t     processor;     /* the same, or, beside a card, for what the card cannot do or hold */
  bool               is_cpu;
  bool               shares_memory; /* a card whose memory is the computer's */
  char               id[32];
  int                n_threads;
  uint64_t           card_limit;    /* bytes of the card that may be taken at all */
  uint64_t           host_limit;    /* bytes of the computer's memory that may be taken here */
  uint64_t           card_room;     /* bytes of weights that may lie on the card; the rest stays with the processor */
  uint64_t           card_weights;  /* the most bytes of weights that lay there at once, of one part */
  uint64_t           used[SD3_N_PLACES], peak[SD3_N_PLACES]; /* bytes */
  bool               rehearses;
  struct sd3_device *safer;         /* see sd3_device_safer() */
  bool (*cancelled) (void *opaque); /* asked often, also by other threads; may be NULL */
  void *opaque;
} sd3_device;

/* Loads ggml's plug-ins: what there is to compute with is known then, and no driver is open. */
bool sd3_devices_load (sd3_error *error);

/* Where sd3_memory_available() looks: "" is this computer, a test has a folder of its own. */
void sd3_memory_watch (const char *root);

/* What ggml has under an id of sd3_devices(), or the best there is (NULL, "auto"); NULL for no such device. */
ggml_backend_dev_t sd3_device_find (const char *id);

void sd3_device_id (ggml_backend_dev_t device,
                    char               id[32]);

/* @n_threads of the processor (0: as many as it has cores). The device must stay where it is. */
bool sd3_device_open (sd3_device *device,
                      const char *id,
                      int         n_threads,
                      sd3_error  *error);

void sd3_device_close (sd3_device *device);

/* Whether what was taken is within the limit. */
bool sd3_device_fits (const sd3_device *device);

/* The same device, rehearsing, with nothing in memory. */
sd3_device sd3_device_rehearse (const sd3_device *device);

/* Where to try again what ran out of range: a card's products round to halves whatever the weights, the processor's do
 * not. Stays with the device. */
sd3_device *sd3_device_safer (sd3_device *device);

/* For what takes long without being a node of a graph. */
bool sd3_device_cancelled (const sd3_device *device);

/* Bytes of the card that can still be taken. */
uint64_t sd3_device_card_free (const sd3_device *device);

/* Tensors that stay: weights, and what a graph is given. Make them in @ctx, then have them allocated together. */
typedef struct
{
  struct ggml_context  *ctx;
  ggml_backend_buffer_t buffers[SD3_N_PLACES];
  sd3_device           *device; /* while it is allocated */
  uint64_t              sizes[SD3_N_PLACES];
} sd3_store;

void sd3_store_begin (sd3_store *store,
                      size_t     n_tensors);

bool sd3_store_allocate (sd3_store  *store,
                         sd3_device *device,
                         const char *what,
                         sd3_error  *error);

/* Likewise; what is beyond the card's room stays with the processor. */
bool sd3_store_allocate_weights (sd3_store  *store,
                                 sd3_device *device,
                                 const char *what,
                                 sd3_error  *error);

/* Gives the memory back and keeps the tensors, to be allocated again. */
void sd3_store_release (sd3_store *store);

void sd3_store_clear (sd3_store *store);

/* A computation that is built once and run often. Its inputs live in a store, its result is kept. Tensors that are
 * marked are handed to the trace after every run; without a trace a mark does nothing. */
typedef struct
{
  sd3_device          *device;
  struct ggml_context *ctx;
  struct ggml_cgraph  *graph;
  ggml_gallocr_t       memory; /* on the processor */
  ggml_backend_sched_t split;  /* between a card and the processor */
  uint64_t             sizes[SD3_N_PLACES];
  unsigned             n_asked;
  sd3_trace           *trace;
  struct sd3_mark     *marks;
  size_t               n_marks, mark_room;
} sd3_graph;

void sd3_graph_begin (sd3_graph  *graph,
                      sd3_device *device,
                      sd3_trace  *trace);

void sd3_graph_mark (sd3_graph          *graph,
                     struct ggml_tensor *tensor,
                     const char         *format,
                     ...) __attribute__ ((format (printf, 3, 4)));

/* Adds a tensor whose value can be read after a run. */
void sd3_graph_result (sd3_graph          *graph,
                       struct ggml_tensor *tensor);

bool sd3_graph_ready (sd3_graph  *graph,
                      const char *what,
                      sd3_error  *error);

bool sd3_graph_run (sd3_graph *graph,
                    sd3_error *error);

void sd3_graph_clear (sd3_graph *graph);

/* F32 tensors only. In a rehearsal nothing is stored, and what is read is 0. */
void sd3_upload (struct ggml_tensor *tensor,
                 const float        *data);
void sd3_download (const struct ggml_tensor *tensor,
                   float                    *data);
