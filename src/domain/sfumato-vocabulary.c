/* The words of a model that knows few.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "domain/sfumato-vocabulary.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define GROUPS_MAX 32
#define WORDS_MAX  5000

struct _SfumatoVocabulary
{
  char             *example;    /* owned */
  SfumatoWordGroup  groups[GROUPS_MAX + 1];
  guint             n_groups;
  GPtrArray        *kept;       /* owned, of GStrv: what the groups point to */
  GHashTable       *known;      /* owned, a set */
  GHashTable       *lettering;  /* owned, a set */
};

/* ---- reading ---- */

static const char *
name_group (const char *id)
{
  static const struct { const char *id, *name; } names[] = {
    { "things", N_("Things") },
    { "colours", N_("Colors") },
    { "numbers", N_("Numbers") },
    { "places", N_("Places") },
    { "landscapes", N_("Landscapes") },
    { "times", N_("Times of day and seasons") },
    { "weather", N_("Sky and weather") },
    { "styles", N_("Styles") },
    { "lettering", N_("Lettering") },
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_equal (names[i].id, id))
      return names[i].name;
  return id;
}

static const char *
get_string (JsonNode *node)
{
  return node != NULL && json_node_get_value_type (node) == G_TYPE_STRING ? json_node_get_string (node) : NULL;
}

/* A list of strings, some at least; NULL for anything else. (transfer full) */
static GStrv
get_words (JsonObject *object,
           const char *name)
{
  JsonNode *node = json_object_get_member (object, name);
  JsonArray *array = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();

  if (array == NULL || json_array_get_length (array) == 0 || json_array_get_length (array) > WORDS_MAX)
    return NULL;
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      const char *word = get_string (json_array_get_element (array, i));

      if (word == NULL)
        return NULL;
      g_strv_builder_add (words, word);
    }
  return g_strv_builder_end (words);
}

static GHashTable *
get_set (JsonObject *object,
         const char *name)
{
  g_auto (GStrv) words = get_words (object, name);
  GHashTable *set;

  if (words == NULL)
    return NULL;
  set = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; words[i] != NULL; i++)
    g_hash_table_add (set, g_strdup (words[i]));
  return set;
}

static gboolean
add_group (SfumatoVocabulary *self,
           JsonNode          *node)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  const char *id = object != NULL ? get_string (json_object_get_member (object, "id")) : NULL;
  GStrv words = id != NULL ? get_words (object, "words") : NULL;
  GStrv ids = g_new0 (char *, 2);

  ids[0] = g_strdup (id);
  g_ptr_array_add (self->kept, ids);
  if (words == NULL)
    return FALSE;
  g_ptr_array_add (self->kept, words);
  self->groups[self->n_groups++] = (SfumatoWordGroup) { .id = ids[0], .name = name_group (ids[0]),
                                                        .words = (const char * const *) words };
  return TRUE;
}

static gboolean
add_groups (SfumatoVocabulary *self,
            JsonNode          *node)
{
  JsonArray *array = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  if (array == NULL || json_array_get_length (array) > GROUPS_MAX)
    return FALSE;
  for (guint i = 0; i < json_array_get_length (array); i++)
    if (!add_group (self, json_array_get_element (array, i)))
      return FALSE;
  return TRUE;
}

SfumatoVocabulary *
sfumato_vocabulary_new (JsonObject *object)
{
  g_autoptr (SfumatoVocabulary) self = g_new0 (SfumatoVocabulary, 1);

  self->kept = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  self->example = g_strdup (get_string (json_object_get_member (object, "example")));
  self->known = get_set (object, "known");
  self->lettering = get_set (object, "lettering");
  if (self->example == NULL || self->known == NULL || self->lettering == NULL ||
      !add_groups (self, json_object_get_member (object, "groups")))
    return NULL;
  return g_steal_pointer (&self);
}

void
sfumato_vocabulary_free (SfumatoVocabulary *self)
{
  g_free (self->example);
  g_ptr_array_unref (self->kept);
  g_clear_pointer (&self->known, g_hash_table_unref);
  g_clear_pointer (&self->lettering, g_hash_table_unref);
  g_free (self);
}

const SfumatoWordGroup *
sfumato_vocabulary_get_groups (const SfumatoVocabulary *self)
{
  return self->groups;
}

const char *
sfumato_vocabulary_get_example (const SfumatoVocabulary *self)
{
  return self->example;
}

/* ---- words of a prompt ---- */

static gboolean
ends_with_known (const SfumatoVocabulary *self,
                 const char              *word,
                 const char              *ending,
                 const char              *instead)
{
  g_autofree char *other = NULL;

  if (!g_str_has_suffix (word, ending))
    return FALSE;
  other = g_strdup_printf ("%.*s%s", (int) (strlen (word) - strlen (ending)), word, instead);
  return g_hash_table_contains (self->known, other);
}

static gboolean
is_known (const SfumatoVocabulary *self,
          const char              *word)
{
  static const struct { const char *ending, *instead; } forms[] = {
    { "", "" }, { "'s", "" }, { "s", "" }, { "es", "" }, { "ies", "y" }, { "men", "man" }, { "", "s" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    if (ends_with_known (self, word, forms[i].ending, forms[i].instead))
      return TRUE;
  return FALSE;
}

static gboolean
is_apostrophe (gunichar c)
{
  return c == '\'' || c == 0x2019;
}

/* Behind the quote that ends what the one at p begins; NULL where p begins none. An apostrophe within a word is no quote. */
static const char *
skip_quoted (const char *p)
{
  static const struct { gunichar begin, ends[2]; } quotes[] = {
    { '"', { '"', 0x201d } }, { 0x201c, { 0x201d, '"' } }, { 0x201e, { 0x201c, 0x201d } }, { 0xab, { 0xbb, 0xbb } },
    { '\'', { '\'', 0x2019 } }, { 0x2018, { 0x2019, '\'' } },
  };
  gunichar begin = g_utf8_get_char (p);

  for (guint i = 0; i < G_N_ELEMENTS (quotes); i++)
    for (const char *q = g_utf8_next_char (p); quotes[i].begin == begin && *q != '\0'; q = g_utf8_next_char (q))
      {
        gunichar c = g_utf8_get_char (q);

        if ((c == quotes[i].ends[0] || c == quotes[i].ends[1]) &&
            !(is_apostrophe (c) && g_unichar_isalnum (g_utf8_get_char (g_utf8_next_char (q)))))
          return g_utf8_next_char (q);
      }
  return NULL;
}

/* Letters and apostrophes between them, or digits. (transfer full) */
static char *
take_word (const char **p)
{
  g_autoptr (GString) word = g_string_new (NULL);
  gboolean digits = g_unichar_isdigit (g_utf8_get_char (*p));

  for (; **p != '\0'; *p = g_utf8_next_char (*p))
    {
      gunichar c = g_utf8_get_char (*p);
      gboolean within = is_apostrophe (c) && !digits && g_unichar_isalpha (g_utf8_get_char (g_utf8_next_char (*p)));

      if (!within && !(digits ? g_unichar_isdigit (c) : g_unichar_isalpha (c) || g_unichar_ismark (c)))
        break;
      g_string_append_unichar (word, within ? '\'' : c);
    }
  return g_utf8_strdown (word->str, word->len);
}

GStrv
sfumato_vocabulary_find_unknown (const SfumatoVocabulary *self,
                                 const char              *text)
{
  g_autofree char *normal = g_utf8_normalize (text != NULL ? text : "", -1, G_NORMALIZE_DEFAULT_COMPOSE);
  g_autoptr (GPtrArray) unknown = g_ptr_array_new_null_terminated (0, g_free, TRUE);
  gboolean lettering = FALSE;

  for (const char *p = normal; p != NULL && *p != '\0';)
    {
      const char *behind = skip_quoted (p);
      gunichar c = g_utf8_get_char (p);
      g_autofree char *word = NULL;

      if (behind != NULL || !g_unichar_isalnum (c))
        {
          lettering = lettering && behind == NULL && (g_unichar_isspace (c) || c == ':');
          p = behind != NULL ? behind : g_utf8_next_char (p);
          continue;
        }
      word = take_word (&p);
      if (!lettering && !is_known (self, word) &&
          !g_ptr_array_find_with_equal_func (unknown, word, g_str_equal, NULL))
        g_ptr_array_add (unknown, g_strdup (word));
      lettering = !lettering && g_hash_table_contains (self->lettering, word);
    }
  return (GStrv) g_ptr_array_free (g_steal_pointer (&unknown), FALSE);
}
