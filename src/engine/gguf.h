/* The header of a GGUF file (ggml's docs/gguf.md, versions 2 and 3), read by ourselves and not by libggml: its reader
 * refuses names of 64 bytes and more, which the files of stable-diffusion.cpp have, and bounds neither time nor memory.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/tensors.h"

enum
{
  SD3_GGUF_U8,
  SD3_GGUF_I8,
  SD3_GGUF_U16,
  SD3_GGUF_I16,
  SD3_GGUF_U32,
  SD3_GGUF_I32,
  SD3_GGUF_F32,
  SD3_GGUF_BOOL,
  SD3_GGUF_STRING,
  SD3_GGUF_ARRAY,
  SD3_GGUF_U64,
  SD3_GGUF_I64,
  SD3_GGUF_F64,
};

/* A value in the header; array elements lie one after the other from @data, strings as u64 length and bytes. */
typedef struct
{
  const char *data;
  uint64_t    n;      /* elements of an array; bytes of a string; 1 */
  size_t      size;   /* in bytes, from @data */
  int         type;   /* of an element where it is an array */
  bool        array;
} sd3_gguf_value;

typedef enum
{
  SD3_GGUF_GOOD,
  SD3_GGUF_BAD,   /* the error says why */
  SD3_GGUF_SHORT, /* the header goes on beyond @length; @error is set too */
} sd3_gguf_status;

/* @header: the first @length bytes of a file of @file_size. @list borrows nothing from them. */
sd3_gguf_status sd3_gguf_parse (sd3_entries *list,
                                const char  *header,
                                size_t       length,
                                uint64_t     file_size,
                                const char  *name,
                                sd3_error   *error);

/* Looks a key up in a header that has been parsed. */
bool sd3_gguf_find (const char     *header,
                    size_t          length,
                    const char     *key,
                    sd3_gguf_value *value);
