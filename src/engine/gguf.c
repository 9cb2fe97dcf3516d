/* The header of a GGUF file.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/gguf.h"

#include "engine/map.h"
#include "engine/memory.h"
#include "engine/utf8.h"

#include <stdlib.h>
#include <string.h>

#define MAX_KEYS 65536
#define MAX_STRING (16 << 20)
#define MAX_NAME 1024
#define MAX_ARRAY (1 << 24)

typedef struct
{
  const char      *p, *end;
  sd3_gguf_status  status; /* the first thing that went wrong */
  const char      *why;
} cursor;

static bool
stop (cursor          *c,
      sd3_gguf_status  status,
      const char      *why)
{
  if (c->status == SD3_GGUF_GOOD)
    {
      c->status = status;
      c->why = why;
    }
  return false;
}

static bool
skip (cursor   *c,
      uint64_t  n)
{
  if (n > (uint64_t) (c->end - c->p))
    return stop (c, SD3_GGUF_SHORT, NC_ ("engine", "it ends too early"));
  c->p += n;
  return true;
}

static bool
read_bytes (cursor *c,
            void   *out,
            size_t  n)
{
  const char *from = c->p;

  if (!skip (c, n))
    return false;
  memcpy (out, from, n);
  return true;
}

static uint32_t
read_u32 (cursor *c)
{
  uint32_t value = 0;

  read_bytes (c, &value, sizeof value);
  return value;
}

static uint64_t
read_u64 (cursor *c)
{
  uint64_t value = 0;

  read_bytes (c, &value, sizeof value);
  return value;
}

static bool
read_string (cursor      *c,
             uint64_t     most,
             const char **string,
             uint64_t    *length)
{
  *length = read_u64 (c);
  if (*length > most)
    return stop (c, SD3_GGUF_BAD, NC_ ("engine", "a text in it is too long"));
  *string = c->p;
  return skip (c, *length);
}

/* Bytes of a number of this type; 0 for texts, arrays and what is not known. */
static int
width_of (uint32_t type)
{
  static const int widths[] = { 1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8 };

  return type < sizeof widths / sizeof *widths ? widths[type] : 0;
}

static bool
skip_elements (cursor   *c,
               uint32_t  type,
               uint64_t  n)
{
  const char *string;
  uint64_t length;

  if (n > MAX_ARRAY)
    return stop (c, SD3_GGUF_BAD, NC_ ("engine", "a list in it is too long"));
  if (width_of (type) > 0)
    return skip (c, n * width_of (type));
  if (type != SD3_GGUF_STRING)
    return stop (c, SD3_GGUF_BAD, NC_ ("engine", "a key in it has a type that is not known"));
  while (n-- > 0)
    if (!read_string (c, MAX_STRING, &string, &length))
      return false;
  return true;
}

static bool
read_value (cursor         *c,
            sd3_gguf_value *value)
{
  uint32_t type = read_u32 (c);
  const char *start;

  *value = (sd3_gguf_value) { .type = (int) type, .n = 1 };
  if (type == SD3_GGUF_ARRAY)
    {
      value->array = true;
      value->type = (int) (type = read_u32 (c));
      value->n = read_u64 (c);
    }
  start = value->data = c->p;
  if (c->status != SD3_GGUF_GOOD || !skip_elements (c, type, value->n))
    return false;
  value->size = c->p - start;
  if (type == SD3_GGUF_STRING && !value->array)
    {
      value->data += 8;
      value->n = value->size -= 8;
    }
  return true;
}

static bool
read_head (cursor   *c,
           uint64_t *n_tensors,
           uint64_t *n_keys)
{
  char magic[4] = { 0 };
  uint32_t version;

  if (!read_bytes (c, magic, 4))
    return false;
  version = read_u32 (c);
  *n_tensors = read_u64 (c);
  *n_keys = read_u64 (c);
  if (c->status != SD3_GGUF_GOOD)
    return false;
  if (memcmp (magic, "GGUF", 4) != 0 || version < 2 || version > 3)
    return stop (c, SD3_GGUF_BAD, NC_ ("engine", "its version is not known"));
  if (*n_tensors > SD3_MAX_TENSORS || *n_keys > MAX_KEYS)
    return stop (c, SD3_GGUF_BAD, NC_ ("engine", "it has too many entries"));
  return true;
}

static bool
read_keys (cursor   *c,
           uint64_t  n,
           uint64_t *alignment)
{
  sd3_map keys = { 0 };

  for (uint64_t i = 0; i < n; i++)
    {
      const char *key = NULL;
      uint64_t length;
      sd3_gguf_value value;
      uint32_t number;

      if (!read_string (c, MAX_NAME, &key, &length) || !read_value (c, &value))
        break;
      if (!sd3_map_add (&keys, key, length, 0))
        {
          stop (c, SD3_GGUF_BAD, NC_ ("engine", "a key is in it twice"));
          break;
        }
      if (length == 17 && memcmp (key, "general.alignment", 17) == 0 && value.type == SD3_GGUF_U32 && !value.array)
        {
          memcpy (&number, value.data, 4);
          *alignment = number;
        }
    }
  sd3_map_clear (&keys);
  return c->status == SD3_GGUF_GOOD;
}

/* ggml counts the fastest dimension first; the list wants the slowest first. */
static bool
read_shape (cursor    *c,
            sd3_entry *entry)
{
  uint32_t n_dims = read_u32 (c);

  if (c->status == SD3_GGUF_GOOD && (n_dims < 1 || n_dims > 4))
    return stop (c, SD3_GGUF_BAD, NC_ ("engine", "a tensor has too many dimensions"));
  entry->n_dims = (int) n_dims;
  for (uint32_t i = 0; c->status == SD3_GGUF_GOOD && i < n_dims; i++)
    {
      uint64_t dim = read_u64 (c);

      if (dim == 0 || dim > INT32_MAX)
        return stop (c, SD3_GGUF_BAD, NC_ ("engine", "a tensor has a shape that cannot be"));
      entry->shape[n_dims - 1 - i] = (int64_t) dim;
    }
  return c->status == SD3_GGUF_GOOD;
}

static bool
read_tensor (cursor      *c,
             sd3_entry   *entry,
             const char **name,
             uint64_t    *name_length)
{
  uint32_t type;

  *entry = (sd3_entry) { .shape = { 1, 1, 1, 1 } };
  if (!read_string (c, MAX_NAME, name, name_length) || !read_shape (c, entry))
    return false;
  type = read_u32 (c);
  entry->offset = read_u64 (c);
  if (c->status != SD3_GGUF_GOOD)
    return false;
  if (!sd3_utf8_valid (*name, *name_length) || memchr (*name, 0, *name_length))
    return stop (c, SD3_GGUF_BAD, NC_ ("engine", "a tensor’s name is no text"));
  if (type >= GGML_TYPE_COUNT || ggml_blck_size (type) == 0 || ggml_type_size (type) == 0)
    return stop (c, SD3_GGUF_BAD, NC_ ("engine", "a tensor has a type that is not known"));
  entry->type = (int) type;
  return sd3_type_size (entry->type, entry->n_dims, entry->shape, &entry->size) ||
         stop (c, SD3_GGUF_BAD, NC_ ("engine", "a tensor has a shape that cannot be"));
}

static bool
read_tensors (cursor      *c,
              sd3_entries *list,
              uint64_t     n)
{
  const char *start = c->p;
  sd3_map names = { 0 };
  char *copy;

  /* The names, each with a NUL, need less room than their entries in the file. */
  list->entries = sd3_new (sd3_entry, n);
  list->names = copy = sd3_alloc (c->end - start + 1, 1);
  for (uint64_t i = 0; i < n; i++)
    {
      sd3_entry *entry = &list->entries[i];
      const char *name = NULL;
      uint64_t length;

      if (!read_tensor (c, entry, &name, &length))
        break;
      entry->name = memcpy (copy, name, length);
      copy += length + 1;
      if (!sd3_map_add (&names, name, length, 0))
        {
          stop (c, SD3_GGUF_BAD, NC_ ("engine", "a tensor is in it twice"));
          break;
        }
      list->n++;
    }
  sd3_map_clear (&names);
  return c->status == SD3_GGUF_GOOD;
}

static int
by_offset (const void *a,
           const void *b)
{
  const sd3_entry *x = a, *y = b;

  return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static bool
place_data (cursor      *c,
            sd3_entries *list,
            uint64_t     data_start,
            uint64_t     alignment,
            uint64_t     file_size)
{
  uint64_t end = 0;

  if (data_start > file_size && list->n > 0)
    return stop (c, SD3_GGUF_BAD, NC_ ("engine", "it ends too early"));
  qsort (list->entries, list->n, sizeof *list->entries, by_offset);
  for (size_t i = 0; i < list->n; i++)
    {
      sd3_entry *entry = &list->entries[i];

      if (entry->offset % alignment != 0 || entry->offset < end)
        return stop (c, SD3_GGUF_BAD, NC_ ("engine", "two tensors overlap in it"));
      if (entry->offset > file_size - data_start || entry->size > file_size - data_start - entry->offset)
        return stop (c, SD3_GGUF_BAD, NC_ ("engine", "it ends too early"));
      end = entry->offset + entry->size;
      entry->offset += data_start;
    }
  return true;
}

static bool
parse (cursor      *c,
       sd3_entries *list,
       const char  *header,
       uint64_t     file_size)
{
  uint64_t n_tensors, n_keys, alignment = 32;

  if (!read_head (c, &n_tensors, &n_keys) || !read_keys (c, n_keys, &alignment))
    return false;
  if (alignment < 8 || alignment > 1 << 20 || (alignment & (alignment - 1)) != 0)
    return stop (c, SD3_GGUF_BAD, NC_ ("engine", "its alignment cannot be"));
  return read_tensors (c, list, n_tensors) &&
         place_data (c, list, ((uint64_t) (c->p - header) + alignment - 1) & ~(alignment - 1), alignment, file_size);
}

sd3_gguf_status
sd3_gguf_parse (sd3_entries *list,
                const char  *header,
                size_t       length,
                uint64_t     file_size,
                const char  *name,
                sd3_error   *error)
{
  cursor c = { header, header + length, SD3_GGUF_GOOD, NULL };

  *list = (sd3_entries) { 0 };
  if (parse (&c, list, header, file_size))
    return SD3_GGUF_GOOD;
  sd3_entries_clear (list);
  sd3_fail (error, N_ ("“%s” is damaged: %s."), name, c.why);
  return c.status;
}

bool
sd3_gguf_find (const char     *header,
               size_t          length,
               const char     *key,
               sd3_gguf_value *value)
{
  cursor c = { header, header + length, SD3_GGUF_GOOD, NULL };
  uint64_t n_tensors, n_keys, n;
  const char *name = NULL;

  if (!read_head (&c, &n_tensors, &n_keys))
    return false;
  while (n_keys-- > 0 && read_string (&c, MAX_NAME, &name, &n) && read_value (&c, value))
    if (n == strlen (key) && memcmp (name, key, n) == 0)
      return true;
  return false;
}
