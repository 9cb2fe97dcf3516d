/* A failure is one sentence for a person, in a buffer of the caller's: it names the file and the piece. Lower layers
 * fill it and return false or NULL; nothing in this room prints, exits or keeps an error for later.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/sd3.h"

#include <stdbool.h>

/* Marks sentences that a person really meets, and the names of parts in them ("engine" is their context): the window has them
 * in other languages. Nothing is translated here. */
#define N_(text) text
#define NC_(context, text) text

/* Fills @error (which may be NULL) and returns false, so that a check can end in `return sd3_fail (…)`. Its kind is
 * SD3_ERROR_MODEL: most of what goes wrong is wrong with a file. */
bool sd3_fail (sd3_error  *error,
               const char *format,
               ...) __attribute__ ((format (printf, 2, 3)));

bool sd3_fail_as (sd3_error     *error,
                  sd3_error_kind kind,
                  const char    *format,
                  ...) __attribute__ ((format (printf, 3, 4)));
