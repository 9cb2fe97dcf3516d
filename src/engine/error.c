/* The one way a failure is said.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/error.h"

#include <stdarg.h>
#include <stdio.h>

static void
fill (sd3_error     *error,
      sd3_error_kind kind,
      const char    *format,
      va_list        args)
{
  if (!error)
    return;
  vsnprintf (error->text, sizeof error->text, format, args);
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
