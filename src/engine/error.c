/* The one way a failure is said.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Only the places of a format, so that each argument comes out by itself. */
static void
find_places (const char *format,
             char       *places,
             size_t      room)
{
  size_t n = 0;

  for (const char *at = strchr (format, '%'); at; at = strchr (at, '%'))
    {
      size_t length = 1 + strspn (at + 1, "0123456789.lz") + 1;

      if (at[1] != '%' && n + length + 2 <= room)
        {
          if (n > 0)
            places[n++] = SD3_NEXT_ARGUMENT;
          memcpy (places + n, at, length);
          n += length;
        }
      at += length;
    }
  places[n] = '\0';
}

static void
fill (sd3_error     *error,
      sd3_error_kind kind,
      const char    *format,
      va_list        args)
{
  char places[64];
  va_list again;

  if (!error)
    return;
  va_copy (again, args);
  find_places (format, places, sizeof places);
  vsnprintf (error->text, sizeof error->text, format, args);
  vsnprintf (error->arguments, sizeof error->arguments, places, again);
  va_end (again);
  error->format = format;
  error->kind = kind;
}

bool
sd3_fail (sd3_error  *error,
          const char *format,
          ...)
{
  va_list args;

  va_start (args, format);
  fill (error, SD3_ERROR_MODEL, format, args);
  va_end (args);
  return false;
}

bool
sd3_fail_as (sd3_error     *error,
             sd3_error_kind kind,
             const char    *format,
             ...)
{
  va_list args;

  va_start (args, format);
  fill (error, kind, format, args);
  va_end (args);
  return false;
}
