/* The header of a safetensors file (format of huggingface/safetensors: u64 length, JSON, data). Stricter than the
 * official reader in nothing but nesting, counts and name lengths.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/tensors.h"

#include "engine/memory.h"

#include <stdlib.h>
#include <string.h>

#define MAX_NAME 1024
#define MAX_RANK 8

static const struct
{
  const char *name;
  int         bits;
  int         type;
} dtypes[] = {
  { "F32", 32, GGML_TYPE_F32 },       { "F16", 16, GGML_TYPE_F16 },       { "BF16", 16, GGML_TYPE_BF16 },
  { "F64", 64, GGML_TYPE_F64 },       { "I8", 8, GGML_TYPE_I8 },          { "I16", 16, GGML_TYPE_I16 },
  { "I32", 32, GGML_TYPE_I32 },       { "I64", 64, GGML_TYPE_I64 },       { "F8_E4M3", 8, SD3_TYPE_F8_E4M3 },
  { "F8_E5M2", 8, SD3_TYPE_F8_E5M2 }, { "F8_E8M0", 8, SD3_TYPE_OTHER },   { "BOOL", 8, SD3_TYPE_OTHER },
  { "U8", 8, SD3_TYPE_OTHER },        { "U16", 16, SD3_TYPE_OTHER },      { "U32", 32, SD3_TYPE_OTHER },
  { "U64", 64, SD3_TYPE_OTHER },      { "C64", 64, SD3_TYPE_OTHER },      { "F4", 4, SD3_TYPE_OTHER },
  { "F6_E2M3", 6, SD3_TYPE_OTHER },   { "F6_E3M2", 6, SD3_TYPE_OTHER },
};

typedef struct
{
  const char *file;
  const char *tensor;
  sd3_error  *error;
} place;

static bool
bad (const place *at,
     const char  *why)
{
  return sd3_fail (at->error, N_ ("“%s” is damaged: its entry “%.100s” %s."), at->file, at->tensor, why);
}

static bool
read_dtype (const place         *at,
            const sd3_json_node *node,
            sd3_entry           *entry,
            int                 *bits)
{
  const sd3_json_node *dtype = sd3_json_get_type (node, "dtype", SD3_JSON_STRING);

  for (size_t i = 0; dtype && i < sizeof dtypes / sizeof *dtypes; i++)
    if (strcmp (dtypes[i].name, dtype->string) == 0)
      {
        entry->type = dtypes[i].type;
        *bits = dtypes[i].bits;
        return true;
      }
  return bad (at, NC_ ("engine", "has a type that is not known"));
}

/* Leading ones beyond rank four go, a larger rank is no weight of ours. Yields the size in bits, checked. */
static bool
read_shape (const place         *at,
            const sd3_json_node *node,
            sd3_entry           *entry,
            uint64_t            *bits)
{
  const sd3_json_node *shape = sd3_json_get_type (node, "shape", SD3_JSON_ARRAY);
  uint32_t left = shape ? shape->n : 0;

  if (!shape || shape->n > MAX_RANK)
    return bad (at, NC_ ("engine", "has no shape that can be"));
  for (const sd3_json_node *dim = shape->child; dim; dim = dim->next, left--)
    {
      if (!dim->is_index || dim->index >= 1ULL << 53 || __builtin_mul_overflow (*bits, dim->index, bits))
        return bad (at, NC_ ("engine", "has a shape that cannot be"));
      if (left > 4 && dim->index != 1)
        entry->type = SD3_TYPE_OTHER;
      if (left <= 4)
        entry->shape[entry->n_dims++] = (int64_t) dim->index;
    }
  return true;
}

static bool
read_offsets (const place         *at,
              const sd3_json_node *node,
              sd3_entry           *entry,
              uint64_t             bits,
              uint64_t             data_size)
{
  const sd3_json_node *offsets = sd3_json_get_type (node, "data_offsets", SD3_JSON_ARRAY);
  const sd3_json_node *begin = offsets && offsets->n == 2 ? offsets->child : NULL;
  const sd3_json_node *end = begin ? begin->next : NULL;

  if (!end || !begin->is_index || !end->is_index || begin->index > end->index)
    return bad (at, NC_ ("engine", "has no place in the file that can be"));
  if (end->index > data_size)
    return bad (at, NC_ ("engine", "lies beyond the end of the file"));
  entry->offset = begin->index;
  entry->size = end->index - begin->index;
  if (bits % 8 != 0 || bits / 8 != entry->size)
    return bad (at, NC_ ("engine", "has another size than its shape asks for"));
  return true;
}

static bool
read_entry (const place         *at,
            const sd3_json_node *node,
            uint64_t             data_size,
            sd3_entry           *entry)
{
  int width = 0;
  uint64_t bits;

  *entry = (sd3_entry) { .name = node->key, .shape = { 1, 1, 1, 1 } };
  if (strlen (node->key) > MAX_NAME || node->type != SD3_JSON_OBJECT)
    return bad (at, NC_ ("engine", "is none"));
  if (!read_dtype (at, node, entry, &width))
    return false;
  bits = width;
  return read_shape (at, node, entry, &bits) && read_offsets (at, node, entry, bits, data_size);
}

static int
by_offset (const void *a,
           const void *b)
{
  const sd3_entry *x = a, *y = b;

  return x->offset != y->offset ? (x->offset < y->offset ? -1 : 1) : x->size < y->size ? -1 : x->size > y->size;
}

/* No hole, no overlap, nothing behind the last: the entries tile the data. Then offsets count from the file's start. */
static bool
check_tiling (sd3_entries *list,
              uint64_t     data_start,
              uint64_t     data_size,
              const char  *name,
              sd3_error   *error)
{
  uint64_t at = 0;

  qsort (list->entries, list->n, sizeof *list->entries, by_offset);
  for (size_t i = 0; i < list->n; i++)
    {
      if (list->entries[i].offset != at)
        return sd3_fail (error, N_ ("“%s” is damaged: the place of “%.100s” overlaps another or leaves a hole."), name,
                         list->entries[i].name);
      at += list->entries[i].size;
      list->entries[i].offset += data_start;
    }
  return at == data_size || sd3_fail (error, N_ ("“%s” is damaged: it holds data that belongs to nothing."), name);
}

static bool
check_metadata (const sd3_json_node *node)
{
  if (node->type != SD3_JSON_OBJECT)
    return false;
  for (const sd3_json_node *member = node->child; member; member = member->next)
    if (member->type != SD3_JSON_STRING)
      return false;
  return true;
}

static bool
read_entries (sd3_entries *list,
              uint64_t     data_size,
              const char  *name,
              sd3_error   *error)
{
  const sd3_json_node *root = sd3_json_root (list->json);

  if (root->type != SD3_JSON_OBJECT)
    return sd3_fail (error, N_ ("“%s” is damaged: its header is no list of tensors."), name);
  if (root->n > SD3_MAX_TENSORS)
    return sd3_fail (error, N_ ("“%s” is no model that can be used: it has %u tensors."), name, root->n);
  list->entries = sd3_new (sd3_entry, root->n);
  for (const sd3_json_node *node = root->child; node; node = node->next)
    if (strcmp (node->key, "__metadata__") != 0)
      {
        if (!read_entry (&(place) { name, node->key, error }, node, data_size, &list->entries[list->n++]))
          return false;
      }
    else if (!check_metadata (node))
      return sd3_fail (error, N_ ("“%s” is damaged: its notes are not texts."), name);
  return true;
}

bool
sd3_safetensors_parse (sd3_entries *list,
                       const char  *text,
                       size_t       length,
                       uint64_t     file_size,
                       const char  *name,
                       sd3_error   *error)
{
  uint64_t data_start = 8 + (uint64_t) length;

  *list = (sd3_entries) { 0 };
  if (length < 2 || data_start > file_size || *text != '{')
    return sd3_fail (error, N_ ("“%s” is no safetensors file."), name);
  list->json = sd3_json_parse (text, length, name, error);
  if (list->json && read_entries (list, file_size - data_start, name, error) &&
      check_tiling (list, data_start, file_size - data_start, name, error))
    return true;
  sd3_entries_clear (list);
  return false;
}

const char *
sd3_safetensors_metadata (const sd3_entries *list,
                          const char        *key)
{
  const sd3_json_node *notes = list->json ? sd3_json_get (sd3_json_root (list->json), "__metadata__") : NULL;
  const sd3_json_node *note = sd3_json_get_type (notes, key, SD3_JSON_STRING);

  return note ? note->string : NULL;
}
