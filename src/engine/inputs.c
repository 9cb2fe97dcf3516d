/* Tensors by name from a safetensors file that is no model.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/inputs.h"

#include "engine/memory.h"

#include <stdlib.h>
#include <string.h>

#define MAX_HEADER (1 << 20)

static bool
read_list (sd3_inputs *inputs,
           sd3_error  *error)
{
  uint64_t length = 0;
  char *text;
  bool good;

  if (!sd3_file_read (&inputs->file, 0, &length, 8, error))
    return false;
  if (length > MAX_HEADER)
    return sd3_fail (error, "“%s” is no safetensors file of inputs.", inputs->file.name);
  text = sd3_alloc (length + 1, 1);
  good = sd3_file_read (&inputs->file, 8, text, length, error) &&
         sd3_safetensors_parse (&inputs->list, text, length, inputs->file.size, inputs->file.name, error);
  free (text);
  return good;
}

bool
sd3_inputs_open (sd3_inputs *inputs,
                 const char *path,
                 sd3_error  *error)
{
  *inputs = (sd3_inputs) { 0 };
  if (!sd3_file_open (&inputs->file, path, error))
    return false;
  if (read_list (inputs, error))
    return true;
  sd3_inputs_close (inputs);
  return false;
}

void
sd3_inputs_close (sd3_inputs *inputs)
{
  sd3_file_close (&inputs->file);
  sd3_entries_clear (&inputs->list);
}

const sd3_entry *
sd3_inputs_find (const sd3_inputs *inputs,
                 const char       *name)
{
  for (size_t i = 0; i < inputs->list.n; i++)
    if (strcmp (inputs->list.entries[i].name, name) == 0)
      return &inputs->list.entries[i];
  return NULL;
}

static void *
read_all (const sd3_inputs *inputs,
          const sd3_entry  *entry,
          sd3_error        *error)
{
  void *data = sd3_alloc (entry->size + 1, 1);

  if (sd3_file_read (&inputs->file, entry->offset, data, entry->size, error))
    return data;
  free (data);
  return NULL;
}

float *
sd3_inputs_floats (const sd3_inputs *inputs,
                   const sd3_entry  *entry,
                   sd3_error        *error)
{
  if (entry->type == GGML_TYPE_F32)
    return read_all (inputs, entry, error);
  sd3_fail (error, "“%s” of the inputs must be F32.", entry->name);
  return NULL;
}

int32_t *
sd3_inputs_ids (const sd3_inputs *inputs,
                const sd3_entry  *entry,
                sd3_error        *error)
{
  int32_t *ids;
  int64_t *wide;

  if (entry->type == GGML_TYPE_I32)
    return read_all (inputs, entry, error);
  if (entry->type != GGML_TYPE_I64)
    return sd3_fail (error, "“%s” of the inputs must be I32 or I64.", entry->name), NULL;
  wide = read_all (inputs, entry, error);
  if (!wide)
    return NULL;
  ids = sd3_new (int32_t, entry->size / 8);
  for (size_t i = 0; i < entry->size / 8; i++)
    ids[i] = wide[i] >= 0 && wide[i] <= INT32_MAX ? (int32_t) wide[i] : -1;
  free (wide);
  return ids;
}
