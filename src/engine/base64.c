/* Base64.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/base64.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
sd3_base64_encode (const uint8_t *bytes,
                   size_t         size,
                   char          *text)
{
  for (; size > 0; text += 4)
    {
      size_t n = size < 3 ? size : 3;
      uint32_t three = (uint32_t) bytes[0] << 16 | (n > 1 ? (uint32_t) bytes[1] << 8 : 0) | (n > 2 ? bytes[2] : 0);

      text[0] = letters[three >> 18];
      text[1] = letters[three >> 12 & 63];
      text[2] = n > 1 ? letters[three >> 6 & 63] : '=';
      text[3] = n > 2 ? letters[three & 63] : '=';
      bytes += n;
      size -= n;
    }
}

/* The number of a letter, 64 for what is none. */
static uint32_t
number_of (char c)
{
  return c >= 'A' && c <= 'Z'   ? (uint32_t) (c - 'A')
         : c >= 'a' && c <= 'z' ? (uint32_t) (c - 'a' + 26)
         : c >= '0' && c <= '9' ? (uint32_t) (c - '0' + 52)
         : c == '+'             ? 62
         : c == '/'             ? 63
                                : 64;
}

bool
sd3_base64_decode (const char *text,
                   size_t      length,
                   uint8_t    *bytes,
                   size_t      size)
{
  if (length != SD3_BASE64_LENGTH (size))
    return false;
  for (; size > 0; text += 4)
    {
      size_t n = size < 3 ? size : 3;
      uint32_t three = 0;

      for (size_t i = 0; i < 4; i++)
        {
          uint32_t number = i <= n ? number_of (text[i]) : text[i] == '=' ? 0 : 64;

          if (number == 64)
            return false;
          three = three << 6 | number;
        }
      /* The bits that padding leaves over are zero, so that there is one text for the same bytes. */
      if (n < 3 && (three & ((1u << (8 * (3 - n))) - 1)) != 0)
        return false;
      for (size_t i = 0; i < n; i++)
        *bytes++ = (uint8_t) (three >> (16 - 8 * i));
      size -= n;
    }
  return true;
}
