/* One open file of a model. Nothing is mapped: a file that another program cuts short is then a sentence instead of
 * a signal. A folder's files are opened beneath the folder only, so that no link leads out of it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/error.h"

#include <stddef.h>
#include <stdint.h>
#include <time.h>

typedef struct
{
  int             fd;
  uint64_t        size;
  struct timespec changed; /* when it was opened */
  char           *name;    /* for sentences: the last part of the path */
} sd3_file;

/* Opens a file a person named; links are followed. */
bool sd3_file_open (sd3_file   *file,
                    const char *path,
                    sd3_error  *error);

/* Opens @relative beneath the folder @root. No link may lead out of it, save in a cache of Hugging Face's, where
 * "snapshots/REVISION" links into its neighbour "blobs". */
bool sd3_file_open_in (sd3_file   *file,
                       const char *root,
                       const char *relative,
                       sd3_error  *error);

/* Reads exactly @size bytes. Fails when the file has changed since it was opened. */
bool sd3_file_read (const sd3_file *file,
                    uint64_t        offset,
                    void           *out,
                    size_t          size,
                    sd3_error      *error);

/* The whole of a file of at most @most bytes, NUL-terminated; free() it. */
char *sd3_file_text (const sd3_file *file,
                     size_t          most,
                     sd3_error      *error);

void sd3_file_close (sd3_file *file);
