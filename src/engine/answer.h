/* Lines of the protocol on their way out: built whole, written whole, one after the other, whichever thread they come
 * from. Nothing else reaches the descriptor that was the standard output: what libraries print there goes to the
 * standard error. When nobody reads any more, the process ends.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/sd3.h"

#include <stddef.h>
#include <stdio.h>

/* Takes the standard output for the lines. Call it once, before anything can print. */
void sd3_answers_begin (void);

/* Waits until there is something to read. When nobody reads the lines any more, it ends the process. */
void sd3_answers_wait_for (int input);

typedef struct
{
  FILE  *out;
  char  *text;
  size_t size;
  bool   needs_comma;
} sd3_answer;

/* Starts an object with its member "type". */
void sd3_answer_begin (sd3_answer *answer,
                       const char *type);

/* Invalid UTF-8 in @value comes out as U+FFFD. */
void sd3_answer_text (sd3_answer *answer,
                      const char *key,
                      const char *value);
void sd3_answer_whole (sd3_answer *answer,
                       const char *key,
                       uint64_t    value);
void sd3_answer_number (sd3_answer *answer,
                        const char *key,
                        double      value);
void sd3_answer_truth (sd3_answer *answer,
                       const char *key,
                       bool        value);

/* In base64. */
void sd3_answer_bytes (sd3_answer    *answer,
                       const char    *key,
                       const uint8_t *bytes,
                       size_t         size);

/* A member that is an object or array, or with a @key of NULL an element that is one; @bracket is '{' or '['. */
void sd3_answer_open (sd3_answer *answer,
                      const char *key,
                      char        bracket);
void sd3_answer_close (sd3_answer *answer,
                       char        bracket);

/* Ends the object and writes the line. */
void sd3_answer_send (sd3_answer *answer);

/* A whole line: what went wrong, of the picture @id (NULL: of none). */
void sd3_answer_error (const char      *id,
                       const sd3_error *error);
