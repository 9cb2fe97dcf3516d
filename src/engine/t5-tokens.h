/* T5's tokenizer: SentencePiece's unigram model with its table of character replacements.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/error.h"

#include <stddef.h>
#include <stdint.h>

typedef struct sd3_t5_tokens sd3_t5_tokens;

/* Each from what its file holds: spiece.model (protobuf), tokenizer.json, or the header of a GGUF file. */
sd3_t5_tokens *sd3_t5_tokens_from_model (const char *data,
                                         size_t      size,
                                         sd3_error  *error);
sd3_t5_tokens *sd3_t5_tokens_from_json (const char *text,
                                        size_t      size,
                                        sd3_error  *error);
sd3_t5_tokens *sd3_t5_tokens_from_gguf (const char *header,
                                        size_t      size,
                                        sd3_error  *error);

void sd3_t5_tokens_free (sd3_t5_tokens *tokens);

int32_t sd3_t5_tokens_largest (const sd3_t5_tokens *tokens);

/* The id that ends a text. */
int32_t sd3_t5_tokens_end (const sd3_t5_tokens *tokens);

/* Ids of a text with the end. Returns how many there are, of which @room at most are stored, -1 with an error. Text
 * that is no UTF-8 is read as SentencePiece does. */
int sd3_t5_tokens_encode (const sd3_t5_tokens *tokens,
                          const char          *text,
                          size_t               length,
                          int32_t             *ids,
                          int                  room,
                          sd3_error           *error);
