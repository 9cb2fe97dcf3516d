/* Where the arithmetic is done, and what is kept there.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/device-private.h"

#include "engine/memory.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef void (*set_threads_func) (ggml_backend_t backend, int n_threads);
typedef void (*set_abort_func) (ggml_backend_t backend, ggml_abort_callback callback, void *data);

bool
sd3_device_cancelled (const sd3_device *device)
{
  return device->cancelled && device->cancelled (device->opaque);
}

static bool
abort_cb (void *data)
{
  return sd3_device_cancelled (data);
}

static ggml_backend_t
open_backend (ggml_backend_dev_t found,
              sd3_error         *error)
{
  ggml_backend_t backend = ggml_backend_dev_init (found, NULL);

  if (!backend)
    sd3_fail_as (error, SD3_ERROR_OTHER, N_ ("“%s” could not be opened."), ggml_backend_dev_description (found));
  return backend;
}

static bool
open_processor (sd3_device *device,
                int         n_threads,
                sd3_error  *error)
{
  ggml_backend_dev_t found = ggml_backend_dev_by_type (GGML_BACKEND_DEVICE_TYPE_CPU);
  ggml_backend_reg_t reg = ggml_backend_dev_backend_reg (found);
  set_threads_func set_threads;
  set_abort_func set_abort;

  device->processor = open_backend (found, error);
  if (!device->processor)
    return false;
  *(void **) &set_threads = ggml_backend_reg_get_proc_address (reg, "ggml_backend_set_n_threads");
  *(void **) &set_abort = ggml_backend_reg_get_proc_address (reg, "ggml_backend_set_abort_callback");
  if (set_threads)
    set_threads (device->processor, n_threads > 0 ? n_threads : (int) sysconf (_SC_NPROCESSORS_ONLN));
  if (set_abort)
    set_abort (device->processor, abort_cb, device);
  return true;
}

bool
sd3_device_open (sd3_device *device,
                 const char *id,
                 int         n_threads,
                 sd3_error  *error)
{
  ggml_backend_dev_t found;

  *device = (sd3_device) { .host_limit = UINT64_MAX, .card_limit = UINT64_MAX, .card_room = UINT64_MAX, .n_threads = n_threads };
  if (!sd3_devices_load (error))
    return false;
  found = sd3_device_find (id);
  if (!found)
    return sd3_fail_as (error, SD3_ERROR_REQUEST, N_ ("There is no device “%s” here."), id);
  if (!open_processor (device, n_threads, error))
    return false;
  device->is_cpu = ggml_backend_dev_type (found) == GGML_BACKEND_DEVICE_TYPE_CPU;
  device->shares_memory = ggml_backend_dev_type (found) == GGML_BACKEND_DEVICE_TYPE_IGPU;
  device->backend = device->is_cpu ? device->processor : open_backend (found, error);
  sd3_device_id (found, device->id);
  return device->backend;
}

void
sd3_device_close (sd3_device *device)
{
  if (device->safer)
    sd3_device_close (device->safer);
  free (device->safer);
  if (device->backend && !device->is_cpu)
    ggml_backend_free (device->backend);
  if (device->processor)
    ggml_backend_free (device->processor);
  *device = (sd3_device) { 0 };
}

sd3_device *
sd3_device_safer (sd3_device *device)
{
  if (device->is_cpu)
    return device;
  if (!device->safer)
    {
      device->safer = sd3_new (sd3_device, 1);
      sd3_device_open (device->safer, "cpu", device->n_threads, NULL);
    }
  device->safer->host_limit = device->host_limit > device->used[SD3_ON_HOST] ? device->host_limit - device->used[SD3_ON_HOST] : 0;
  device->safer->cancelled = device->cancelled;
  device->safer->opaque = device->opaque;
  return device->safer->backend ? device->safer : device;
}

sd3_device
sd3_device_rehearse (const sd3_device *device)
{
  sd3_device copy = *device;

  copy.rehearses = true;
  copy.cancelled = NULL;
  copy.host_limit = UINT64_MAX;
  copy.card_weights = 0;
  memset (copy.used, 0, sizeof copy.used);
  memset (copy.peak, 0, sizeof copy.peak);
  return copy;
}

bool
sd3_device_fits (const sd3_device *device)
{
  return device->used[SD3_ON_HOST] <= device->host_limit;
}

uint64_t
sd3_device_card_free (const sd3_device *device)
{
  size_t left, total;
  uint64_t allowed;

  ggml_backend_dev_memory (ggml_backend_get_device (device->backend), &left, &total);
  allowed = device->card_limit > device->used[SD3_ON_CARD] ? device->card_limit - device->used[SD3_ON_CARD] : 0;
  return left < allowed ? left : allowed;
}

void
sd3_device_take (sd3_device    *device,
                 const uint64_t sizes[SD3_N_PLACES])
{
  for (int i = 0; i < SD3_N_PLACES; i++)
    {
      device->used[i] += sizes[i];
      device->peak[i] = device->used[i] > device->peak[i] ? device->used[i] : device->peak[i];
    }
}

void
sd3_device_give (sd3_device *device,
                 uint64_t    sizes[SD3_N_PLACES])
{
  for (int i = 0; i < SD3_N_PLACES; i++)
    {
      device->used[i] -= sizes[i];
      sizes[i] = 0;
    }
}

/* ---- What stays -------------------------------------------------------------------------------------------- */

static ggml_backend_buffer_type_t
type_of (const sd3_device *device,
         sd3_memory        place)
{
  return ggml_backend_get_default_buffer_type (place == SD3_ON_CARD ? device->backend : device->processor);
}

void
sd3_store_begin (sd3_store *store,
                 size_t     n_tensors)
{
  *store = (sd3_store) { .ctx = ggml_init ((struct ggml_init_params) { .mem_size = n_tensors * ggml_tensor_overhead (), .no_alloc = true }) };
}

#define EACH(t, store) (struct ggml_tensor *t = ggml_get_first_tensor ((store)->ctx); t; t = ggml_get_next_tensor ((store)->ctx, t))

static uint64_t
padded_size (ggml_backend_buffer_type_t type,
             const struct ggml_tensor  *t)
{
  size_t alignment = ggml_backend_buft_get_alignment (type);

  return (ggml_backend_buft_get_alloc_size (type, t) + alignment - 1) / alignment * alignment;
}

/* Where the next tensor goes, and adds its size there: on the card while there is room. */
static sd3_memory
place_next (const sd3_device         *device,
            const struct ggml_tensor *t,
            uint64_t                  room,
            uint64_t                  sizes[SD3_N_PLACES])
{
  uint64_t on_card = device->is_cpu ? 0 : padded_size (type_of (device, SD3_ON_CARD), t);
  bool fits = !device->is_cpu && on_card <= room && sizes[SD3_ON_CARD] <= room - on_card;

  sizes[fits ? SD3_ON_CARD : SD3_ON_HOST] += fits ? on_card : padded_size (type_of (device, SD3_ON_HOST), t);
  return fits ? SD3_ON_CARD : SD3_ON_HOST;
}

/* Buffers of no size: graphs take the tensors for placed. */
static bool
pretend (sd3_store  *store,
         sd3_device *device,
         uint64_t    room)
{
  uint64_t sizes[SD3_N_PLACES] = { 0 };

  for (sd3_memory place = 0; place < SD3_N_PLACES; place++)
    store->buffers[place] = ggml_backend_buft_alloc_buffer (type_of (device, place), 0);
  for EACH (t, store)
    t->buffer = store->buffers[place_next (device, t, room, sizes)];
  return true;
}

static bool
place_all (sd3_store  *store,
           sd3_device *device,
           uint64_t    room)
{
  uint64_t sizes[SD3_N_PLACES] = { 0 };
  ggml_backend_buffer_t host = NULL;
  struct ggml_tallocr next;

  if (store->sizes[SD3_ON_HOST] > 0)
    {
      host = ggml_backend_buft_alloc_buffer (type_of (device, SD3_ON_HOST), store->sizes[SD3_ON_HOST]);
      if (!host)
        return false;
      store->buffers[SD3_ON_HOST] = host;
      next = ggml_tallocr_new (host);
      for EACH (t, store)
        if (place_next (device, t, room, sizes) == SD3_ON_HOST && ggml_tallocr_alloc (&next, t) != GGML_STATUS_SUCCESS)
          return false;
    }
  if (store->sizes[SD3_ON_CARD] > 0)
    store->buffers[SD3_ON_CARD] = ggml_backend_alloc_ctx_tensors (store->ctx, device->backend);
  return store->sizes[SD3_ON_CARD] == 0 || store->buffers[SD3_ON_CARD];
}

static bool
allocate (sd3_store  *store,
          sd3_device *device,
          uint64_t    room,
          const char *what,
          sd3_error  *error)
{
  uint64_t size;

  for EACH (t, store)
    place_next (device, t, room, store->sizes);
  size = store->sizes[SD3_ON_HOST] + store->sizes[SD3_ON_CARD];
  store->device = device;
  sd3_device_take (device, store->sizes);
  if (sd3_device_fits (device) && (device->rehearses ? pretend (store, device, room) : place_all (store, device, room)))
    return true;
  sd3_store_release (store);
  return sd3_fail_as (error, SD3_ERROR_MEMORY, N_ ("There is not enough memory for %s, which needs %.1f GB."), what, (double) size / 1e9);
}

bool
sd3_store_allocate (sd3_store  *store,
                    sd3_device *device,
                    const char *what,
                    sd3_error  *error)
{
  return allocate (store, device, UINT64_MAX, what, error);
}

bool
sd3_store_allocate_weights (sd3_store  *store,
                            sd3_device *device,
                            const char *what,
                            sd3_error  *error)
{
  if (!allocate (store, device, device->card_room, what, error))
    return false;
  if (store->sizes[SD3_ON_CARD] > device->card_weights)
    device->card_weights = store->sizes[SD3_ON_CARD];
  for (int i = 0; i < SD3_N_PLACES; i++)
    if (store->buffers[i])
      ggml_backend_buffer_set_usage (store->buffers[i], GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
  return true;
}

void
sd3_store_release (sd3_store *store)
{
  if (!store->device)
    return;
  for (int i = 0; i < SD3_N_PLACES; i++)
    {
      if (store->buffers[i])
        ggml_backend_buffer_free (store->buffers[i]);
      store->buffers[i] = NULL;
    }
  for EACH (t, store)
    {
      t->buffer = NULL;
      t->data = NULL;
    }
  sd3_device_give (store->device, store->sizes);
  store->device = NULL;
}

void
sd3_store_clear (sd3_store *store)
{
  sd3_store_release (store);
  if (store->ctx)
    ggml_free (store->ctx);
  *store = (sd3_store) { 0 };
}

void
sd3_upload (struct ggml_tensor *tensor,
            const float        *data)
{
  if (tensor->data)
    ggml_backend_tensor_set (tensor, data, 0, ggml_nbytes (tensor));
}

void
sd3_download (const struct ggml_tensor *tensor,
              float                    *data)
{
  if (tensor->data)
    ggml_backend_tensor_get (tensor, data, 0, ggml_nbytes (tensor));
  else
    memset (data, 0, ggml_nbytes (tensor));
}
