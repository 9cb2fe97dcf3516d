/* What the tokenizers need of Unicode.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/unicode.h"

#include "engine/memory.h"
#include "engine/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* The property White_Space (PropList.txt). */
static bool
is_space (uint32_t code)
{
  return (code >= 9 && code <= 13) || code == 0x20 || code == 0x85 || code == 0xa0 || code == 0x1680 ||
         (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 || code == 0x202f || code == 0x205f || code == 0x3000;
}

sd3_char_class
sd3_char_class_of (uint32_t code)
{
  utf8proc_category_t category = utf8proc_category ((utf8proc_int32_t) code);

  if (is_space (code))
    return SD3_CHAR_SPACE;
  if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO)
    return SD3_CHAR_LETTER;
  return category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO ? SD3_CHAR_NUMBER : SD3_CHAR_OTHER;
}

static bool
is_cased (uint32_t code)
{
  utf8proc_category_t category = utf8proc_category ((utf8proc_int32_t) code);

  return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LT) || code == 0xaa || code == 0xba ||
         (code >= 0x2160 && code <= 0x217f) || (code >= 0x24b6 && code <= 0x24e9);
}

/* Case_Ignorable (DerivedCoreProperties.txt): marks, modifiers, formats and some punctuation inside words. */
static bool
is_case_ignorable (uint32_t code)
{
  static const uint16_t inside_words[] = { 0x27, 0x2e, 0x3a, 0xb7, 0x387, 0x55f, 0x5f4, 0x2018, 0x2019, 0x2024, 0x2027, 0xfe13, 0xfe52, 0xfe55, 0xff07, 0xff0e, 0xff1a };

  switch (utf8proc_category ((utf8proc_int32_t) code))
    {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      break;
    }
  for (size_t i = 0; i < sizeof inside_words / sizeof *inside_words; i++)
    if (inside_words[i] == code)
      return true;
  return false;
}

/* A capital sigma at the end of a word (SpecialCasing.txt, Final_Sigma): @codes[@at] is one. */
static bool
is_final_sigma (const uint32_t *codes,
                size_t          at,
                size_t          n)
{
  size_t i = at;

  while (i > 0 && is_case_ignorable (codes[i - 1]))
    i--;
  if (i == 0 || !is_cased (codes[i - 1]))
    return false;
  for (i = at + 1; i < n && is_case_ignorable (codes[i]);)
    i++;
  return i == n || !is_cased (codes[i]);
}

static size_t
put_lower (const uint32_t *codes,
           size_t          at,
           size_t          n,
           char           *out)
{
  uint32_t code = codes[at];
  int length;

  if (code == 0x130)
    {
      length = sd3_utf8_put ('i', out);
      return length + sd3_utf8_put (0x307, out + length);
    }
  if (code == 0x3a3)
    return sd3_utf8_put (is_final_sigma (codes, at, n) ? 0x3c2 : 0x3c3, out);
  return sd3_utf8_put ((uint32_t) utf8proc_tolower ((utf8proc_int32_t) code), out);
}

char *
sd3_text_normalize (const char *text)
{
  char *composed = (char *) utf8proc_NFC ((const utf8proc_uint8_t *) text);
  size_t length = composed ? strlen (composed) : 0, n = 0;
  uint32_t *codes = sd3_new (uint32_t, length);
  char *out = sd3_alloc (4 * length + 1, 1), *end = out;

  for (size_t i = 0; i < length; n++)
    {
      i += sd3_utf8_next (composed + i, length - i, &codes[n]);
      if (is_space (codes[n]))
        codes[n] = ' ';
      if (codes[n] == ' ' && n > 0 && codes[n - 1] == ' ')
        n--;
    }
  for (size_t i = 0; i < n; i++)
    end += put_lower (codes, i, n, end);
  free (composed);
  free (codes);
  return out;
}
