/* What a model file says it holds: a list of tensors with type, shape and place. The readers of both formats fill the
 * same list, after every check that needs no data: sizes, order, overlaps, names.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/json.h"

#include <ggml.h>

/* Storage types beside ggml's own. */
enum
{
  SD3_TYPE_F8_E4M3 = GGML_TYPE_COUNT + 1,
  SD3_TYPE_F8_E5M2,
  SD3_TYPE_OTHER, /* known to the format, no weight of ours */
};

#define SD3_MAX_TENSORS 65536

typedef struct
{
  const char *name;     /* in the list's memory */
  int         type;     /* enum ggml_type, or one of the above */
  int         n_dims;   /* after leading ones beyond four are gone */
  int64_t     shape[4]; /* slowest first, as safetensors and torch write it; ones after n_dims */
  uint64_t    offset;   /* from the start of the file */
  uint64_t    size;     /* in bytes */
} sd3_entry;

typedef struct
{
  sd3_entry *entries;
  size_t     n;
  sd3_json  *json;   /* of a safetensors file: holds the names */
  char      *header; /* of a GGUF file */
  size_t     header_size;
  char      *names;  /* NUL-terminated names of a GGUF file */
} sd3_entries;

void sd3_entries_clear (sd3_entries *list);

/* Bytes of a tensor of ggml's or our types; false when its rows are no whole blocks or the number is too large. */
bool sd3_type_size (int            type,
                    int            n_dims,
                    const int64_t *shape,
                    uint64_t      *size);

/* Safetensors: @text is the header's JSON of @length bytes, @file_size that of the whole file. */
bool sd3_safetensors_parse (sd3_entries *list,
                            const char  *text,
                            size_t       length,
                            uint64_t     file_size,
                            const char  *name,
                            sd3_error   *error);

/* The string at @key of the header's "__metadata__", or NULL. */
const char *sd3_safetensors_metadata (const sd3_entries *list,
                                      const char        *key);
