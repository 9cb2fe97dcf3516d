/* UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length in bytes of the valid character at the start of @text, 0 when there is none; @code may be NULL. */
int sd3_utf8_next (const char *text,
                   size_t      length,
                   uint32_t   *code);

/* Writes up to four bytes. Returns how many. */
int sd3_utf8_put (uint32_t code,
                  char     out[4]);

bool sd3_utf8_valid (const char *text,
                     size_t      length);
