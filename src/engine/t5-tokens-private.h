/* A unigram vocabulary, as the three readers fill it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/map.h"
#include "engine/t5-tokens.h"

enum
{
  SD3_PIECE_NORMAL = 1, /* SentencePiece's numbers */
  SD3_PIECE_UNKNOWN,
  SD3_PIECE_CONTROL,
  SD3_PIECE_USER_DEFINED,
  SD3_PIECE_UNUSED,
  SD3_PIECE_BYTE,
};

#define SD3_MAX_PIECES 1000000
#define SD3_MAX_PIECE_LENGTH 512

struct sd3_t5_tokens
{
  char    *names;       /* all pieces, NUL after each */
  size_t   names_size;
  float   *scores;      /* by id */
  size_t   n;
  sd3_map  by_name;     /* what may be found in text */
  size_t   longest;     /* bytes of a piece */
  float    unknown_score;
  int32_t  unknown, end;
  uint8_t *charsmap;    /* u32 size of the trie, the trie, replacements; NULL for none */
  size_t   charsmap_size;
  bool     add_prefix, collapse_spaces;
};

/* A vocabulary of @n pieces whose names take @names_size bytes at most, NULs included. */
sd3_t5_tokens *sd3_t5_tokens_begin (size_t n,
                                    size_t names_size);

/* Adds the next id. */
bool sd3_t5_tokens_add (sd3_t5_tokens *tokens,
                        const char    *piece,
                        size_t         length,
                        float          score,
                        int            type);

/* Checks what only the whole can tell. Frees @tokens and returns NULL when it cannot be used. */
sd3_t5_tokens *sd3_t5_tokens_finish (sd3_t5_tokens *tokens,
                                     sd3_error     *error);

/* The text as pieces are made of: replaced, spaces collapsed, "▁" for each. NULL with an error. */
char *sd3_t5_normalize (const sd3_t5_tokens *tokens,
                        const char          *text,
                        size_t               length,
                        size_t              *out_length,
                        sd3_error           *error);
