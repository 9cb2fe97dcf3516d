/* A part of a model on its way into memory.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/load.h"

#include "engine/device-private.h"
#include "engine/kernel-ops.h"
#include "engine/loops.h"
#include "engine/memory.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define NAME_ROOM 200

struct sd3_want
{
  struct ggml_tensor *to;
  const sd3_tensor   *from;
  enum ggml_type      type;       /* that it usually has */
  bool                multiplies; /* a matrix or a convolution */
  bool                doubled;    /* a convolution of 3×3 after a picture was doubled */
};

const sd3_tensor *
sd3_need (const sd3_weights *weights,
          sd3_role           role,
          const char        *name,
          int64_t            rows,
          int64_t            columns,
          sd3_error         *error)
{
  const sd3_tensor *tensor = sd3_weights_find (weights, role, name);
  int64_t length = tensor ? tensor->shape[1] * tensor->shape[2] * tensor->shape[3] : 0;

  if (!tensor)
    {
      sd3_fail (error, N_ ("“%s” is incomplete: “%s” of %s is missing."), sd3_weights_file_name (weights, role), name, sd3_role_name (role));
      return NULL;
    }
  if ((rows < 0 || tensor->shape[0] == rows) && (columns < 0 || length == columns) && tensor->shape[0] > 0 && length > 0)
    return tensor;
  sd3_fail (error, N_ ("“%s” cannot be used: “%s” of %s has another shape than the model asks for."),
            sd3_weights_file_name (weights, role), name, sd3_role_name (role));
  return NULL;
}

void
sd3_loader_begin (sd3_loader        *loader,
                  const sd3_weights *weights,
                  sd3_role           role,
                  size_t             n_tensors,
                  sd3_error         *error)
{
  *loader = (sd3_loader) { .weights = weights, .role = role, .error = error };
  sd3_store_begin (&loader->store, n_tensors);
  if (!sd3_weights_has (weights, role))
    loader->failed = !sd3_fail (error, N_ ("The model has no weights for %s."), sd3_role_name (role));
}

static struct ggml_tensor *
want (sd3_loader       *loader,
      const sd3_tensor *from,
      enum ggml_type    type,
      int               n_dims,
      const int64_t    *ne)
{
  struct ggml_tensor *to = ggml_new_tensor (loader->store.ctx, type, n_dims, ne);

  sd3_reserve (loader->wants, loader->n_wants, loader->want_room);
  loader->wants[loader->n_wants++] = (struct sd3_want) { to, from, type, n_dims > 1, false };
  loader->size += ggml_nbytes (to);
  return to;
}

static const sd3_tensor *
need (sd3_loader *loader,
      const char *stem,
      const char *end,
      int64_t     rows,
      int64_t     columns)
{
  char name[NAME_ROOM + 10];
  const sd3_tensor *tensor = NULL;

  snprintf (name, sizeof name, "%s%s", stem, end);
  if (!loader->failed)
    tensor = sd3_need (loader->weights, loader->role, name, rows, columns, loader->error);
  loader->failed = !tensor;
  return tensor;
}

static struct ggml_tensor *
want_vector (sd3_loader *loader,
             int64_t     n,
             const char *stem,
             const char *end)
{
  const sd3_tensor *from = need (loader, stem, end, n, 1);

  return from ? want (loader, from, GGML_TYPE_F32, 1, &n) : NULL;
}

sd3_linear
sd3_want_linear (sd3_loader *loader,
                 int64_t     out,
                 int64_t     in,
                 bool        bias,
                 const char *format,
                 ...)
{
  char name[NAME_ROOM];
  sd3_linear linear = { NULL, NULL };
  const sd3_tensor *from;
  va_list args;

  va_start (args, format);
  vsnprintf (name, sizeof name, format, args);
  va_end (args);
  from = need (loader, name, ".weight", out, in);
  if (from)
    linear.w = want (loader, from, sd3_tensor_type (from, !loader->wide), 2, (int64_t[]) { in, out });
  if (bias)
    linear.b = want_vector (loader, out, name, ".bias");
  return linear;
}

sd3_linear
sd3_want_conv (sd3_loader *loader,
               int64_t     out,
               int64_t     in,
               int         k,
               bool        bias,
               const char *format,
               ...)
{
  char name[NAME_ROOM];
  sd3_linear conv = { NULL, NULL };
  const sd3_tensor *from;
  va_list args;

  va_start (args, format);
  vsnprintf (name, sizeof name, format, args);
  va_end (args);
  from = need (loader, name, ".weight", out, in * k * k);
  if (from)
    conv.w = want (loader, from, sd3_tensor_type (from, !loader->wide) == GGML_TYPE_F16 ? GGML_TYPE_F16 : GGML_TYPE_F32, 4, (int64_t[]) { k, k, in, out });
  if (bias)
    conv.b = want_vector (loader, out, name, ".bias");
  return conv;
}

void
sd3_want_doubled (sd3_loader *loader,
                  sd3_linear  conv)
{
  for (size_t i = 0; i < loader->n_wants; i++)
    if (loader->wants[i].to == conv.w)
      loader->wants[i].doubled = true;
}

sd3_linear
sd3_want_norm (sd3_loader *loader,
               int64_t     n,
               bool        bias,
               const char *format,
               ...)
{
  char name[NAME_ROOM];
  sd3_linear norm = { NULL, NULL };
  va_list args;

  va_start (args, format);
  vsnprintf (name, sizeof name, format, args);
  va_end (args);
  norm.w = want_vector (loader, n, name, ".weight");
  if (bias)
    norm.b = want_vector (loader, n, name, ".bias");
  return norm;
}

/* ---- For the processor's kernels ------------------------------------------------------------------------------- */

/* Halves are multiplied as BF16 where the processor can and the model is large: a small one gains nothing by it. */
static void
plan_kernel (const sd3_loader *loader,
             struct sd3_want  *one)
{
  struct ggml_tensor *w = one->to;
  enum ggml_type type = sd3_tensor_type (one->from, !loader->wide);
  bool convolves = ggml_n_dims (w) > 2, widened = w->type != one->type && w->type == GGML_TYPE_F32;
  bool bf16 = loader->wide && type != GGML_TYPE_F32 && !widened && sd3_kernels_bf16 ();
  bool as_it_is = !convolves && (bf16 ? ggml_is_quantized (w->type) : w->type != GGML_TYPE_F32);

  if (one->doubled)
    w->extra = sd3_packed_new_doubled ((int) w->ne[3], (int) w->ne[2], bf16);
  else if (convolves)
    w->extra = sd3_packed_new ((int) w->ne[3], (int) w->ne[2], (int) w->ne[0], bf16, false);
  else
    w->extra = sd3_packed_new ((int) w->ne[1], (int) w->ne[0], 0, bf16, as_it_is);
}

static void
plan_kernels (sd3_loader       *loader,
              const sd3_device *device)
{
  for (size_t i = 0; device->is_cpu && i < loader->n_wants; i++)
    if (loader->wants[i].multiplies && !loader->wants[i].to->extra)
      plan_kernel (loader, &loader->wants[i]);
}

/* What did not fit into the weights' own places. */
static void
take_more (sd3_loader *loader,
           sd3_device *device)
{
  uint64_t more[SD3_N_PLACES] = { 0 };

  for (size_t i = 0; i < loader->n_wants; i++)
    {
      const sd3_packed *packed = loader->wants[i].to->extra;

      if (packed && packed->size > ggml_nbytes (loader->wants[i].to))
        more[SD3_ON_HOST] += packed->size;
    }
  sd3_device_take (device, more);
  loader->store.sizes[SD3_ON_HOST] += more[SD3_ON_HOST];
}

static void
forget_kernels (sd3_loader *loader)
{
  for (size_t i = 0; i < loader->n_wants; i++)
    if (loader->wants[i].multiplies)
      {
        sd3_packed_free (loader->wants[i].to->extra);
        loader->wants[i].to->extra = NULL;
      }
}

/* What a weight goes through on its way into its layout; kept from one to the next. */
typedef struct
{
  void  *read, *plain;
  size_t read_size, plain_size;
} rooms;

static void *
make_room (void  **room,
           size_t *size,
           size_t  wanted)
{
  if (*size < wanted)
    {
      free (*room);
      *room = malloc (wanted);
      *size = *room ? wanted : 0;
    }
  return *room;
}

/* The values that were read, F32 or halves, in the type of the products. */
static void
convert (const struct ggml_tensor *w,
         const char               *from,
         bool                      bf16,
         char                     *to)
{
  float some[1024];
  size_t n = (size_t) ggml_nelements (w), step = sizeof some / sizeof *some;

  for (size_t i = 0; i < n; i += step)
    {
      const void *values = from + i * w->nb[0];
      size_t count = n - i < step ? n - i : step;

      if (w->type != GGML_TYPE_F32)
        ggml_get_type_traits (w->type)->to_float (values, some, (int64_t) count);
      sd3_loops_get ()->convert (w->type == GGML_TYPE_F32 ? values : some, false, to + i * (bf16 ? 2 : 4), bf16, count);
    }
}

static bool
read_packed (const sd3_loader      *loader,
             const struct sd3_want *one,
             rooms                 *room,
             sd3_error             *error)
{
  struct ggml_tensor *w = one->to;
  sd3_packed *packed = sd3_packed_of (w);
  bool bf16 = packed->bf16 && !packed->doubles, same = w->type == (bf16 ? GGML_TYPE_BF16 : GGML_TYPE_F32);
  void *from = make_room (&room->read, &room->read_size, ggml_nbytes (w));
  void *plain = same ? from : make_room (&room->plain, &room->plain_size, (size_t) ggml_nelements (w) * (bf16 ? 2 : 4));

  if (from && plain && !sd3_tensor_load (loader->weights, one->from, w->type, from, error))
    return false;
  if (from && plain && !same)
    convert (w, from, bf16, plain);
  return (from && plain && sd3_packed_fill (packed, plain, w->data, ggml_nbytes (w))) ||
         sd3_fail_as (error, SD3_ERROR_MEMORY, N_ ("There is not enough memory for %s."), sd3_role_name (loader->role));
}

/* ---- Reading --------------------------------------------------------------------------------------------------- */

/* A refusal of memory for a copy is an answer too: these are the largest blocks there are. */
static bool
read_one (const sd3_loader      *loader,
          const struct sd3_want *one,
          sd3_error             *error)
{
  size_t size = ggml_nbytes (one->to);
  void *data = ggml_backend_buffer_is_host (one->to->buffer) ? one->to->data : NULL, *copy = data ? NULL : malloc (size);
  bool good;

  if (!data && !copy)
    return sd3_fail_as (error, SD3_ERROR_MEMORY, N_ ("There is not enough memory for %s."), sd3_role_name (loader->role));
  good = sd3_tensor_load (loader->weights, one->from, one->to->type, data ? data : copy, error);
  if (good && copy)
    ggml_backend_tensor_set (one->to, copy, 0, size);
  free (copy);
  return good;
}

static bool
read_all (const sd3_loader *loader,
          const sd3_device *device,
          sd3_error        *error)
{
  rooms room = { 0 };
  bool good = true;

  for (size_t i = 0; good && i < loader->n_wants; i++)
    {
      const struct sd3_want *one = &loader->wants[i];

      if (sd3_device_cancelled (device))
        good = sd3_fail_as (error, SD3_ERROR_CANCELLED, "It was cancelled.");
      else if (one->to->extra && sd3_packed_of (one->to)->layout)
        good = read_packed (loader, one, &room, error);
      else
        good = read_one (loader, one, error);
    }
  free (room.read);
  free (room.plain);
  return good;
}

bool
sd3_loader_read (sd3_loader *loader,
                 sd3_device *device,
                 sd3_error  *error)
{
  if (loader->store.device)
    return true;
  if (!sd3_store_allocate_weights (&loader->store, device, sd3_role_name (loader->role), error))
    return false;
  plan_kernels (loader, device);
  take_more (loader, device);
  if ((sd3_device_fits (device) || sd3_fail_as (error, SD3_ERROR_MEMORY, N_ ("There is not enough memory for %s."), sd3_role_name (loader->role))) &&
      (device->rehearses || read_all (loader, device, error)))
    return true;
  sd3_store_release (&loader->store);
  return false;
}

static void
set_type (struct ggml_tensor *t,
          enum ggml_type      type)
{
  t->type = type;
  t->nb[0] = ggml_type_size (type);
  t->nb[1] = ggml_row_size (type, t->ne[0]);
  for (int i = 2; i < GGML_MAX_DIMS; i++)
    t->nb[i] = t->nb[i - 1] * (size_t) t->ne[i - 1];
}

bool
sd3_loader_widen (sd3_loader    *loader,
                  bool           on,
                  enum ggml_type wide)
{
  bool changes = false;

  sd3_loader_unload (loader);
  forget_kernels (loader);
  for (size_t i = 0; i < loader->n_wants; i++)
    {
      struct sd3_want *one = &loader->wants[i];

      if (one->type != GGML_TYPE_F16)
        continue;
      set_type (one->to, !on ? one->type : ggml_n_dims (one->to) > 2 ? GGML_TYPE_F32 : wide);
      changes = true;
    }
  return changes;
}

bool
sd3_check_numbers (const float *values,
                   size_t       n,
                   sd3_error   *error)
{
  for (size_t i = 0; i < n; i++)
    if (!isfinite (values[i]))
      return sd3_fail_as (error, SD3_ERROR_NUMBERS,
                          N_ ("The model’s numbers ran out of range: its files may be damaged or in a type too small for them; another version of it may help."));
  return true;
}

void
sd3_loader_unload (sd3_loader *loader)
{
  for (size_t i = 0; i < loader->n_wants; i++)
    if (loader->wants[i].to->extra)
      sd3_packed_drop (loader->wants[i].to->extra);
  sd3_store_release (&loader->store);
}

void
sd3_loader_clear (sd3_loader *loader)
{
  forget_kernels (loader);
  sd3_store_clear (&loader->store);
  free (loader->wants);
  *loader = (sd3_loader) { 0 };
}
