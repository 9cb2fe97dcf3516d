/* Writes safetensors files.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/safetensors-write.h"

#include "engine/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct item
{
  char   *entry; /* its JSON, up to the offsets */
  void   *data;
  size_t  size;
};

struct sd3_writer
{
  struct item *items;
  size_t       n, room;
};

sd3_writer *
sd3_writer_new (void)
{
  return sd3_new (sd3_writer, 1);
}

void
sd3_writer_add (sd3_writer    *writer,
                const char    *name,
                const char    *dtype,
                int            n_dims,
                const int64_t *shape,
                const void    *data,
                size_t         size)
{
  char dims[200] = "";
  struct item *item;

  for (int i = 0, at = 0; i < n_dims && at < (int) sizeof dims; i++)
    at += snprintf (dims + at, sizeof dims - at, "%s%" PRId64, i ? "," : "", shape[i]);
  sd3_reserve (writer->items, writer->n, writer->room);
  item = &writer->items[writer->n++];
  item->entry = sd3_text_new ("\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":", name, dtype, dims);
  item->data = memcpy (sd3_alloc (size, 1), data, size);
  item->size = size;
}

/* The header, padded with spaces so that the data start at a multiple of eight. */
static char *
make_header (const sd3_writer *writer,
             uint64_t         *length)
{
  size_t size = 0, offset = 0;
  char *header = NULL;
  FILE *out = open_memstream (&header, &size);

  if (!out)
    return NULL;
  putc ('{', out);
  for (size_t i = 0; i < writer->n; i++)
    {
      fprintf (out, "%s%s[%zu,%zu]}", i ? "," : "", writer->items[i].entry, offset, offset + writer->items[i].size);
      offset += writer->items[i].size;
    }
  putc ('}', out);
  while (fflush (out) == 0 && size % 8 != 0)
    putc (' ', out);
  fclose (out);
  *length = size;
  return header;
}

bool
sd3_writer_save (const sd3_writer *writer,
                 const char       *path,
                 sd3_error        *error)
{
  uint64_t length = 0;
  char *header = make_header (writer, &length);
  FILE *out = header ? fopen (path, "wbe") : NULL;
  bool good = out && fwrite (&length, 8, 1, out) == 1 && fwrite (header, length, 1, out) == 1;

  for (size_t i = 0; good && i < writer->n; i++)
    good = writer->items[i].size == 0 || fwrite (writer->items[i].data, writer->items[i].size, 1, out) == 1;
  if (out && fclose (out) != 0)
    good = false;
  free (header);
  return good || sd3_fail (error, "“%s” cannot be written: %s.", path, strerror (errno));
}

void
sd3_writer_free (sd3_writer *writer)
{
  if (!writer)
    return;
  for (size_t i = 0; i < writer->n; i++)
    {
      free (writer->items[i].entry);
      free (writer->items[i].data);
    }
  free (writer->items);
  free (writer);
}
