/* A set of model files as one table of tensors.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/weights-private.h"

#include "engine/gguf.h"
#include "engine/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_JSON_HEADER 100000000 /* the official library's cap */
#define FIRST_GGUF_HEADER (4 << 20)
#define MAX_GGUF_HEADER (64 << 20)

/* ---- Headers ----------------------------------------------------------------------------------------------- */

static bool
read_safetensors (sd3_source *source,
                  uint64_t    length,
                  sd3_error  *error)
{
  const char *name = source->file.name;
  char *text;
  bool good;

  if (length < 2 || length > MAX_JSON_HEADER || length > source->file.size - 8)
    return sd3_fail (error, N_ ("“%s” is not a model file that Sfumato can read: it is neither safetensors nor GGUF, or it is cut short."), name);
  text = sd3_alloc (length, 1);
  good = sd3_file_read (&source->file, 8, text, length, error) &&
         sd3_safetensors_parse (&source->list, text, length, source->file.size, name, error);
  free (text);
  return good;
}

/* Headers of GGUF do not say how long they are: a longer start is read until it is enough. */
static bool
read_gguf (sd3_source *source,
           sd3_error  *error)
{
  for (uint64_t length = FIRST_GGUF_HEADER;; length *= 4)
    {
      size_t size = length < source->file.size ? length : source->file.size;
      char *header = sd3_alloc (size, 1);
      sd3_gguf_status status = SD3_GGUF_BAD;

      if (sd3_file_read (&source->file, 0, header, size, error))
        status = sd3_gguf_parse (&source->list, header, size, source->file.size, source->file.name, error);
      if (status == SD3_GGUF_GOOD)
        {
          source->list.header = header;
          source->list.header_size = size;
          return true;
        }
      free (header);
      if (status == SD3_GGUF_BAD || size == source->file.size)
        return false;
      if (length >= MAX_GGUF_HEADER)
        return sd3_fail (error, N_ ("“%s” is no model that can be used: its header is too large."), source->file.name);
    }
}

static bool
read_header (sd3_source *source,
             sd3_error  *error)
{
  unsigned char start[8];
  uint64_t length;

  if (source->file.size < 8)
    return sd3_fail (error, N_ ("“%s” is damaged: it ends too early."), source->file.name);
  if (!sd3_file_read (&source->file, 0, start, 8, error))
    return false;
  if (memcmp (start, "GGUF", 4) == 0)
    return read_gguf (source, error);
  if (memcmp (start, "PK\3\4", 4) == 0 || (start[0] == 0x80 && start[1] <= 5 && start[2] != 0))
    return sd3_fail (error, N_ ("“%s” is a Python file of weights, which can run programs; a .safetensors or .gguf file is needed."), source->file.name);
  memcpy (&length, start, 8);
  return read_safetensors (source, length, error);
}

/* ---- The table --------------------------------------------------------------------------------------------- */

static const sd3_entry *
entry_named (const sd3_source *source,
             const sd3_map    *names,
             const char       *stem,
             int               stem_length,
             const char       *end)
{
  char name[1100];
  uint32_t i;
  int length = snprintf (name, sizeof name, "%.*s%s", stem_length, stem, end);

  return sd3_map_get (names, name, length, &i) ? &source->list.entries[i] : NULL;
}

/* "Scaled" FP8 (Comfy-Org): X.weight goes with one number, X.scale_weight. */
static bool
read_scale (const sd3_source *source,
            const sd3_map    *names,
            const sd3_entry  *entry,
            float            *scale,
            sd3_error        *error)
{
  const char *end = strrchr (entry->name, '.');
  const sd3_entry *found;

  *scale = 1;
  if ((entry->type != SD3_TYPE_F8_E4M3 && entry->type != SD3_TYPE_F8_E5M2) || !end || strcmp (end, ".weight") != 0)
    return true;
  found = entry_named (source, names, entry->name, (int) (end - entry->name), ".scale_weight");
  if (!found)
    found = entry_named (source, names, entry->name, (int) (end - entry->name), ".weight_scale");
  if (!found)
    return true;
  if (found->type != GGML_TYPE_F32 || found->size != 4)
    return sd3_fail (error, N_ ("“%s” has a scale for “%.100s” that is not one number."), source->file.name, entry->name);
  return sd3_file_read (&source->file, found->offset, scale, 4, error);
}

static sd3_tensor *
add_tensor (sd3_weights     *weights,
            const sd3_place *place)
{
  char *key = sd3_text_new ("%d:%s", place->role, place->name);
  uint32_t i;

  if (sd3_map_get (&weights->by_name, key, strlen (key), &i))
    {
      free (key);
      return &weights->tensors[i];
    }
  sd3_reserve (weights->tensors, weights->n_tensors, weights->tensor_room);
  weights->tensors[weights->n_tensors] = (sd3_tensor) { .role = place->role, .name = key, .n_parts = place->n_parts, .flags = place->flags };
  sd3_map_add (&weights->by_name, key, strlen (key), (uint32_t) weights->n_tensors);
  return &weights->tensors[weights->n_tensors++];
}

static bool
add_part (sd3_weights     *weights,
          const sd3_place *place,
          sd3_part         part,
          sd3_error       *error)
{
  sd3_tensor *tensor = add_tensor (weights, place);
  sd3_part *old = &tensor->parts[place->part];
  const char *file = weights->sources[part.file].file.name;

  if (old->entry && place->flags & SD3_NAME_SPARE)
    return true;
  if (old->entry && !(tensor->flags & SD3_NAME_SPARE))
    return old->file == part.file
             ? sd3_fail (error, N_ ("“%s” has “%.100s” twice, under two names."), file, part.entry->name)
             : sd3_fail (error, N_ ("“%s” and “%s” both bring “%.100s” of %s; one of them is enough."),
                         weights->sources[old->file].file.name, file, part.entry->name, sd3_role_name (place->role));
  if (tensor->n_parts != place->n_parts)
    return sd3_fail (error, N_ ("“%s” has “%.100s” both whole and in parts."), file, part.entry->name);
  tensor->flags = place->flags;
  *old = part;
  if (weights->file_of[place->role] == 0)
    weights->file_of[place->role] = part.file + 1;
  return true;
}

/* [1, n, m] is [n, m]: the table of positions is stored both ways. */
static void
squeeze (sd3_entry *entry)
{
  if (entry->n_dims != 3 || entry->shape[0] != 1)
    return;
  entry->n_dims = 2;
  entry->shape[0] = entry->shape[1];
  entry->shape[1] = entry->shape[2];
  entry->shape[2] = 1;
}

static bool
add_entries (sd3_weights *weights,
             int          file,
             sd3_role     bare,
             sd3_error   *error)
{
  sd3_source *source = &weights->sources[file];
  sd3_map names = { 0 };
  bool good = true;

  if (bare == SD3_ROLE_NONE)
    bare = sd3_bare_role (&source->list, source->file.name);
  for (size_t i = 0; i < source->list.n; i++)
    squeeze (&source->list.entries[i]);
  for (size_t i = 0; i < source->list.n; i++)
    sd3_map_add (&names, source->list.entries[i].name, strlen (source->list.entries[i].name), (uint32_t) i);
  for (size_t i = 0; good && i < source->list.n; i++)
    {
      const sd3_entry *entry = &source->list.entries[i];
      sd3_part part = { entry, file, 1 };
      sd3_place place;

      sd3_place_tensor (entry->name, bare, &place);
      if (place.role != SD3_ROLE_NONE)
        good = read_scale (source, &names, entry, &part.scale, error) && add_part (weights, &place, part, error);
    }
  sd3_map_clear (&names);
  return good;
}

bool
sd3_weights_add (sd3_weights *weights,
                 sd3_file     file,
                 sd3_role     bare,
                 sd3_error   *error)
{
  sd3_source *source = &weights->sources[weights->n_sources];

  if (weights->n_sources == SD3_MAX_FILES)
    {
      sd3_file_close (&file);
      return sd3_fail (error, N_ ("A model of more than %d files cannot be used."), SD3_MAX_FILES);
    }
  *source = (sd3_source) { .file = file };
  weights->n_sources++;
  return read_header (source, error) && add_entries (weights, weights->n_sources - 1, bare, error);
}

/* diffusers swaps the halves of a context block's modulation only where it is the last block's, of two chunks. */
static void
settle_swap (const sd3_weights *weights,
             sd3_tensor        *tensor)
{
  char name[200];
  const char *end = strrchr (tensor->name, '.');
  const sd3_tensor *matrix;

  if ((tensor->flags & SD3_NAME_SWAP) == 0 || !strstr (tensor->name, ".context_block."))
    return;
  snprintf (name, sizeof name, "%.*s.weight", (int) (end - strchr (tensor->name, ':') - 1), strchr (tensor->name, ':') + 1);
  matrix = sd3_weights_find (weights, tensor->role, name);
  if (!matrix || matrix->parts[0].entry->shape[0] != 2 * matrix->parts[0].entry->shape[1])
    tensor->flags &= ~SD3_NAME_SWAP;
}

/* The parts of a tensor must make one: the same rows. Shapes are settled once all files are there. */
static bool
settle (const sd3_weights *weights,
        sd3_tensor        *tensor,
        sd3_error         *error)
{
  const sd3_entry *first = tensor->parts[0].entry;

  for (int i = 0; i < tensor->n_parts; i++)
    {
      const sd3_entry *entry = tensor->parts[i].entry;

      if (!entry)
        return sd3_fail (error, N_ ("%s is incomplete: only a part of “%.100s” is there."), sd3_role_name (tensor->role),
                         strchr (tensor->name, ':') + 1);
      if (entry->n_dims != first->n_dims || (entry->n_dims > 1 && memcmp (entry->shape + 1, first->shape + 1, 3 * sizeof *first->shape) != 0))
        return sd3_fail (error, N_ ("“%s” is damaged: “%.100s” does not fit its neighbours."),
                         weights->sources[tensor->parts[i].file].file.name, entry->name);
      tensor->shape[0] += entry->shape[0];
    }
  settle_swap (weights, tensor);
  tensor->n_dims = first->n_dims;
  memcpy (tensor->shape + 1, first->shape + 1, 3 * sizeof *first->shape);
  if (tensor->flags & SD3_NAME_TRANSPOSE)
    {
      tensor->shape[0] = first->shape[1];
      tensor->shape[1] = first->shape[0];
    }
  return true;
}

static bool
add_path (sd3_weights *weights,
          const char  *path,
          sd3_error   *error)
{
  struct stat at;
  sd3_file file;

  if (stat (path, &at) == 0 && S_ISDIR (at.st_mode))
    return sd3_weights_add_folder (weights, path, error);
  return sd3_file_open (&file, path, error) && sd3_weights_add (weights, file, SD3_ROLE_NONE, error);
}

static char *
title_of (const sd3_weights *weights,
          const char        *path)
{
  const sd3_entries *list = &weights->sources[0].list;
  const char *title = sd3_safetensors_metadata (list, "modelspec.title");
  const char *architecture = sd3_safetensors_metadata (list, "modelspec.architecture");
  const char *slash = strrchr (path, '/');

  return sd3_text_new ("%s %s %s", slash && slash[1] ? slash + 1 : path, title ? title : "", architecture ? architecture : "");
}

sd3_weights *
sd3_weights_open (const char *const *paths,
                  int                n_paths,
                  sd3_error         *error)
{
  sd3_weights *weights = sd3_new (sd3_weights, 1);
  bool good = n_paths > 0 || sd3_fail (error, "No model file was named.");

  for (int i = 0; good && i < n_paths; i++)
    good = add_path (weights, paths[i], error);
  for (size_t i = 0; good && i < weights->n_tensors; i++)
    good = settle (weights, &weights->tensors[i], error);
  if (!good)
    {
      sd3_weights_free (weights);
      return NULL;
    }
  weights->title = title_of (weights, paths[0]);
  return weights;
}

void
sd3_weights_free (sd3_weights *weights)
{
  if (!weights)
    return;
  for (int i = 0; i < weights->n_sources; i++)
    {
      sd3_file_close (&weights->sources[i].file);
      sd3_entries_clear (&weights->sources[i].list);
    }
  for (size_t i = 0; i < weights->n_tensors; i++)
    free (weights->tensors[i].name);
  sd3_map_clear (&weights->by_name);
  free (weights->tensors);
  free (weights->folder);
  free (weights->title);
  free (weights);
}

/* ---- Questions --------------------------------------------------------------------------------------------- */

bool
sd3_weights_has (const sd3_weights *weights,
                 sd3_role           role)
{
  return weights->file_of[role] > 0;
}

const char *
sd3_weights_file_name (const sd3_weights *weights,
                       sd3_role           role)
{
  return weights->file_of[role] > 0 ? weights->sources[weights->file_of[role] - 1].file.name : "";
}

const sd3_tensor *
sd3_weights_find (const sd3_weights *weights,
                  sd3_role           role,
                  const char        *name)
{
  char key[256];
  int length = snprintf (key, sizeof key, "%d:%s", role, name);
  uint32_t i;

  return sd3_map_get (&weights->by_name, key, length, &i) ? &weights->tensors[i] : NULL;
}

int
sd3_weights_count (const sd3_weights *weights,
                   sd3_role           role,
                   const char        *before,
                   const char        *after)
{
  char name[200];
  int n = 0;

  do
    snprintf (name, sizeof name, "%s%d%s", before, n++, after);
  while (sd3_weights_find (weights, role, name));
  return n - 1;
}

int
sd3_weights_heads (const sd3_weights *weights,
                   sd3_role           role)
{
  return weights->heads[role];
}

void
sd3_weights_set_heads (sd3_weights *weights,
                       sd3_role     role,
                       int          n_heads)
{
  weights->heads[role] = n_heads;
}

int
sd3_weights_sample_side (const sd3_weights *weights)
{
  return weights->sample_side;
}

const char *
sd3_weights_folder (const sd3_weights *weights)
{
  return weights->folder;
}

const char *
sd3_weights_title (const sd3_weights *weights)
{
  return weights->title;
}

uint64_t
sd3_weights_file_size (const sd3_weights *weights)
{
  uint64_t size = 0;

  for (int i = 0; i < weights->n_sources; i++)
    size += weights->sources[i].file.size;
  return size;
}

const char *
sd3_weights_t5_header (const sd3_weights *weights,
                       size_t            *size)
{
  const sd3_entries *list = sd3_weights_has (weights, SD3_ROLE_T5) ? &weights->sources[weights->file_of[SD3_ROLE_T5] - 1].list : NULL;

  *size = list ? list->header_size : 0;
  return list ? list->header : NULL;
}
