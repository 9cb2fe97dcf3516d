/* The words of a model that knows few: what there is to choose from, and which words of a prompt it has never seen.
 * Immutable.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * SfumatoWordGroup:
 * @id: "things"
 * @name: translatable: "Things"
 * @words: as they are written in a prompt, in the model's language
 */
typedef struct
{
  const char          *id;
  const char          *name;
  const char * const  *words;
} SfumatoWordGroup;

typedef struct _SfumatoVocabulary SfumatoVocabulary;

/**
 * sfumato_vocabulary_new:
 * @object: has "example", a prompt; "groups", objects with an "id" and "words"; "known", every single word; and
 *   "lettering", those words behind which one is meant to be printed in the picture: a sign that *says* hello
 *
 * Returns: (nullable): NULL where it is not like that
 */
SfumatoVocabulary      *sfumato_vocabulary_new          (JsonObject              *object);
void                    sfumato_vocabulary_free         (SfumatoVocabulary       *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfumatoVocabulary, sfumato_vocabulary_free)

/* Ends with a NULL id. */
const SfumatoWordGroup *sfumato_vocabulary_get_groups   (const SfumatoVocabulary *self);
/* A prompt that it draws well. */
const char             *sfumato_vocabulary_get_example  (const SfumatoVocabulary *self);

/**
 * sfumato_vocabulary_find_unknown:
 * @text: (nullable): a prompt
 *
 * Capitals, plurals and punctuation make no difference. What is in quotes, or stands behind a word such as “says”, is
 * lettering and no word at all.
 *
 * Returns: (transfer full): each once, in small letters, in the order they come
 */
GStrv                   sfumato_vocabulary_find_unknown (const SfumatoVocabulary *self,
                                                         const char              *text);

G_END_DECLS
