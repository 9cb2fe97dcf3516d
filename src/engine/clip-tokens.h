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

int32_t sd3_clip_tokens_start (const sd3_clip_tokens *tokens);
int32_t sd3_clip_tokens_end (const sd3_clip_tokens *tokens);

/* The largest id there can be. */
int32_t sd3_clip_tokens_largest (const sd3_clip_tokens *tokens);

/* Ids of a text without start and end. Returns how many there are, of which @room at most are stored. Fails with -1
 * for a text that is too long or no UTF-8. */
int sd3_clip_tokens_encode (const sd3_clip_tokens *tokens,
                            const char            *text,
                            int32_t               *ids,
                            int                    room,
                            sd3_error             *error);

/* Chunks of start, at most 75 ids, end, then padding: with the end (CLIP-L) or with 0 (CLIP-G). A word of fewer than
 * eight ids that does not fit goes into the next chunk, as in ComfyUI; the last chunk there is @room for is filled and
 * the rest is cut, as in diffusers with one. Returns how many chunks there are, at least one, or -1. @n_cut: ids that
 * found no room. */
int sd3_clip_tokens_fill (const sd3_clip_tokens *tokens,
                          const char            *text,
                          bool                   pad_with_end,
                          int32_t              (*chunks)[SD3_CLIP_LENGTH],
                          int                    room,
                          int                   *n_cut,
                          sd3_error             *error);
