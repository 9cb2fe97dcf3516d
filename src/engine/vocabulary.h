/* Where the tokenizers' vocabularies are found: in the model's own files, or else in those that are named.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/clip-tokens.h"
#include "engine/t5-tokens.h"
#include "engine/weights.h"

/* The vocab.json and merges.txt in the model's @folder (or NULL), or the merges that came with the application; @which is 0
 * for CLIP-L and 1 for CLIP-G. */
sd3_clip_tokens *sd3_vocabulary_open_clip (const char *folder,
                                           int         which,
                                           const char *merges_path,
                                           sd3_error  *error);

/* The folder's, or what a GGUF file has in its header, or the file at @path (or NULL). */
sd3_t5_tokens *sd3_vocabulary_open_t5 (const sd3_weights *weights,
                                       const char        *path,
                                       sd3_error         *error);
