/* Base64 by RFC 4648, section 4: the alphabet with "+" and "/", padded, on one line, and nothing else.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Letters that @size bytes become. */
#define SD3_BASE64_LENGTH(size) (((size) + 2) / 3 * 4)

/* Writes SD3_BASE64_LENGTH (size) letters, without a NUL. */
void sd3_base64_encode (const uint8_t *bytes,
                        size_t         size,
                        char          *text);

/* True when @text stands for exactly @size bytes. */
bool sd3_base64_decode (const char *text,
                        size_t      length,
                        uint8_t    *bytes,
                        size_t      size);
