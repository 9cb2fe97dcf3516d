/* Memory that is there or the process ends. Sizes that a file names are bounded before they come here, and the big
 * buffers (weights, activations) are asked for elsewhere, where a refusal is an answer; the engine is a process of
 * its own, so that the little rest may end it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <stddef.h>

/* Zeroed; never NULL. */
void *sd3_alloc (size_t n,
                 size_t size);

void *sd3_realloc (void  *block,
                   size_t n,
                   size_t size);

char *sd3_text_copy (const char *text,
                     size_t      length);

/* A new text by printf's rules. */
char *sd3_text_new (const char *format,
                    ...) __attribute__ ((format (printf, 1, 2)));

#define sd3_new(type, n) ((type *) sd3_alloc (n, sizeof (type)))

/* Makes room for one more element in an array that doubles. */
#define sd3_reserve(array, n, room) \
  do { if ((n) == (room)) \
         { (room) = (room) ? (room) * 2 : 16; (array) = sd3_realloc ((array), (room), sizeof *(array)); } } while (0)
