/* Memory that is there or the process ends.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *
checked (void *block)
{
  if (block)
    return block;
  fputs ("sfumato-engine: out of memory\n", stderr);
  abort ();
}

void *
sd3_alloc (size_t n,
           size_t size)
{
  return checked (calloc (n ? n : 1, size));
}

void *
sd3_realloc (void  *block,
             size_t n,
             size_t size)
{
  return checked (reallocarray (block, n ? n : 1, size));
}

char *
sd3_text_copy (const char *text,
               size_t      length)
{
  char *copy = sd3_alloc (length + 1, 1);

  memcpy (copy, text, length);
  return copy;
}

char *
sd3_text_new (const char *format,
              ...)
{
  char *text = NULL;
  va_list args;
  int length;

  va_start (args, format);
  length = vasprintf (&text, format, args);
  va_end (args);
  return checked (length < 0 ? NULL : text);
}
