/* Tensors by name from a safetensors file that is no model: what a trace is given.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/file.h"
#include "engine/tensors.h"

typedef struct
{
  sd3_file    file;
  sd3_entries list;
} sd3_inputs;

bool sd3_inputs_open (sd3_inputs *inputs,
                      const char *path,
                      sd3_error  *error);

void sd3_inputs_close (sd3_inputs *inputs);

/* NULL when there is none. */
const sd3_entry *sd3_inputs_find (const sd3_inputs *inputs,
                                  const char       *name);

/* Values as numbers: F32, I32 or I64. free() them; NULL with an error. */
float *sd3_inputs_floats (const sd3_inputs *inputs,
                          const sd3_entry  *entry,
                          sd3_error        *error);
int32_t *sd3_inputs_ids (const sd3_inputs *inputs,
                         const sd3_entry  *entry,
                         sd3_error        *error);
