/* CLIP's byte-level byte-pair encoding, the same for CLIP-L and CLIP-G.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/error.h"

#include <stddef.h>
#include <stdint.h>

#define SD3_MAX_PROMPT 40000 /* bytes */
#define SD3_CLIP_LENGTH 77

typedef struct sd3_clip_tokens sd3_clip_tokens;

/* From the lines "a b" of merges.txt, with or without a version line. @vocabulary is the text of vocab.json, or NULL:
 * then the ids are those of OpenAI's construction (bytes, bytes at a word's end, merges in order, start, end). */
sd3_clip_tokens *sd3_clip_tokens_new (const char *merges,
                                      size_t      merges_length,
                                      const char *vocabulary,
                                      size_t      vocabulary_length,
                                      sd3_error  *error);

void sd3_clip_tokens_free (sd3_clip_tokens *tokens);

/* The largest id there can be. */
int32_t sd3_clip_tokens_largest (const sd3_clip_tokens *tokens);

/* Ids of a text without start and end. Returns how many there are, of which @room at most are stored. Fails with -1
 * for a text that is too long or no UTF-8. */
int sd3_clip_tokens_encode (const sd3_clip_tokens *tokens,
                            const char            *text,
                            int32_t               *ids,
                            int                    room,
                            sd3_error             *error);

/* Start, at most 75 ids, end, then padding: with the end (CLIP-L) or with 0 (CLIP-G). @n_cut: ids that found no room. */
bool sd3_clip_tokens_fill (const sd3_clip_tokens *tokens,
                           const char            *text,
                           bool                   pad_with_end,
                           int32_t                ids[SD3_CLIP_LENGTH],
                           int                   *n_cut,
                           sd3_error             *error);
