/* What the tokenizers need of Unicode, from utf8proc: CLIP's normal form and its classes of characters.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <stdint.h>

typedef enum
{
  SD3_CHAR_SPACE,
  SD3_CHAR_LETTER, /* categories L* */
  SD3_CHAR_NUMBER, /* categories N* */
  SD3_CHAR_OTHER,
} sd3_char_class;

sd3_char_class sd3_char_class_of (uint32_t code);

/* Canonical composition (NFC), runs of white space to one space, lower case by Unicode's full rules (U+0130 becomes
 * two characters, a final sigma its own). @text is valid UTF-8 without NUL. free() the answer. */
char *sd3_text_normalize (const char *text);
