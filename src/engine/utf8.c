/* UTF-8 by RFC 3629.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/utf8.h"

int
sd3_utf8_next (const char *text,
               size_t      length,
               uint32_t   *code)
{
  static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
  const unsigned char *p = (const unsigned char *) text;
  uint32_t c;
  int n;

  if (length == 0)
    return 0;
  n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
  if (n == 0 || (size_t) n > length)
    return 0;
  c = n == 1 ? p[0] : p[0] & (0x7f >> n);
  for (int i = 1; i < n; i++)
    {
      if ((p[i] & 0xc0) != 0x80)
        return 0;
      c = c << 6 | (p[i] & 0x3f);
    }
  if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
    return 0;
  if (code)
    *code = c;
  return n;
}

int
sd3_utf8_put (uint32_t code,
              char     out[4])
{
  int n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

  if (n == 1)
    out[0] = (char) code;
  else
    {
      for (int i = n - 1; i > 0; i--, code >>= 6)
        out[i] = (char) (0x80 | (code & 0x3f));
      out[0] = (char) (0xf00 >> n | code);
    }
  return n;
}

bool
sd3_utf8_valid (const char *text,
                size_t      length)
{
  while (length > 0)
    {
      int n = sd3_utf8_next (text, length, NULL);

      if (n == 0)
        return false;
      text += n;
      length -= n;
    }
  return true;
}
