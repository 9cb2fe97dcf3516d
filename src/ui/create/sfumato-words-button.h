/* The words of a model that knows few, behind a button; it is not there for a model that takes any. Copies no words: the
 * vocabulary has to stay.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

#include "domain/sfumato-vocabulary.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_WORDS_BUTTON (sfumato_words_button_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoWordsButton, sfumato_words_button, SFUMATO, WORDS_BUTTON, AdwBin)

/* Signal "word-chosen" (const char *word): a person wants it in the prompt. */

/* vocabulary: (nullable) */
void sfumato_words_button_set_vocabulary (SfumatoWordsButton      *self,
                                          const SfumatoVocabulary *vocabulary);
/* text: what is written with the words, which they do not cover; borrowed for as long as the button lives. */
void sfumato_words_button_set_text       (SfumatoWordsButton      *self,
                                          GtkWidget               *text);

G_END_DECLS
