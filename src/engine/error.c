/* The one way a failure is said.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/error.h"

#include <stdarg.h>
#include <stdio.h>

bool
sd3_fail (sd3_error  *error,
          const char *format,
          ...)
{
  va_list args;

  if (error)
    {
      va_start (args, format);
      vsnprintf (error->text, sizeof error->text, format, args);
      va_end (args);
    }
  return false;
}
