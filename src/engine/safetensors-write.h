/* Writes safetensors files: what the engine's stages made, for people and programs that check it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/error.h"

#include <stddef.h>
#include <stdint.h>

typedef struct sd3_writer sd3_writer;

sd3_writer *sd3_writer_new (void);

/* Copies @data. @dtype as in the format ("F32"); the name may need no escaping in JSON. */
void sd3_writer_add (sd3_writer    *writer,
                     const char    *name,
                     const char    *dtype,
                     int            n_dims,
                     const int64_t *shape,
                     const void    *data,
                     size_t         size);

bool sd3_writer_save (const sd3_writer *writer,
                      const char       *path,
                      sd3_error        *error);

void sd3_writer_free (sd3_writer *writer);
