/* The words of a model that knows few.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "domain/sfumato-vocabulary.h"

#define GOOD "{\"example\":\"a red house\",\"lettering\":[\"says\",\"word\"],\"groups\":[{\"id\":\"things\",\"words\":[\"house\",\"fir tree\"]}," \
             "{\"id\":\"novel\",\"words\":[\"x\"]}],\"known\":[\"a\",\"red\",\"house\",\"fir\",\"tree\",\"bunny\",\"snowman\",\"children\",\"book\"," \
             "\"sign\",\"that\",\"says\",\"the\",\"word\",\"with\",\"stars\",\"2\",\"box\"]}"

static SfumatoVocabulary *
read_text (const char *text)
{
  g_autoptr (JsonNode) root = json_from_string (text, NULL);

  g_assert_nonnull (root);
  return sfumato_vocabulary_new (json_node_get_object (root));
}

static void
test_unknown (void)
{
  static const struct { const char *prompt, *unknown; } cases[] = {
    { "a red house", "" },
    { "", "" },
    { NULL, "" },
    { "A RED House.", "" },
    { "a red castle", "castle" },
    { "dragon, castle; Dragon!", "dragon castle" },
    { "houses, trees, bunnies, snowmen, boxes, a star", "" },
    { "the children's book", "" },
    { "the children’s book, the dragon's house", "dragon's" },
    { "fir-tree", "" },
    { "2 houses with 27 trees", "27" },
    { "a sign that says \"hello dolly\"", "" },
    { "a sign “hello”, „hallo“, «salut», 'hej', ‘hi’ castle", "castle" },
    { "a sign that says HELLO castle", "castle" },
    { "a sign that says: hello", "" },
    { "a sign that says, hello", "hello" },
    { "a sign with the word sea", "" },
    { "a sign that says \"hello\" castle", "castle" },
    { "a 6\" castle", "6 castle" },
    { "the dragons' house", "dragons" },
    { "ein rotes Häuschen", "ein rotes häuschen" },
    { "Ha\xcc\x88uschen häuschen", "häuschen" },
    { "\xe7\xba\xa2\xe6\x88\xbf\xe5\xad\x90 a house", "\xe7\xba\xa2\xe6\x88\xbf\xe5\xad\x90" },
    { "\"\"'' — … 🙂 \"", "" },
  };
  g_autoptr (SfumatoVocabulary) vocabulary = read_text (GOOD);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (GStrv) unknown = sfumato_vocabulary_find_unknown (vocabulary, cases[i].prompt);
      g_autofree char *words = g_strjoinv (" ", unknown);

      g_test_message ("%s", cases[i].prompt);
      g_assert_cmpstr (words, ==, cases[i].unknown);
    }
}

static void
test_groups (void)
{
  g_autoptr (SfumatoVocabulary) vocabulary = read_text (GOOD);
  const SfumatoWordGroup *groups = sfumato_vocabulary_get_groups (vocabulary);

  g_assert_cmpstr (sfumato_vocabulary_get_example (vocabulary), ==, "a red house");
  g_assert_cmpstr (groups[0].id, ==, "things");
  g_assert_cmpstr (groups[0].name, ==, "Things");
  g_assert_cmpstr (groups[0].words[1], ==, "fir tree");
  g_assert_null (groups[0].words[2]);
  g_assert_cmpstr (groups[1].name, ==, "novel");
  g_assert_null (groups[2].id);
}

static void
test_damaged (void)
{
  static const char * const texts[] = {
    "{}", "{\"example\":1}", "{\"example\":\"a\",\"known\":[\"a\"],\"lettering\":[\"b\"]}",
    "{\"example\":\"a\",\"known\":[],\"lettering\":[\"b\"],\"groups\":[]}",
    "{\"example\":\"a\",\"known\":[1],\"lettering\":[\"b\"],\"groups\":[]}",
    "{\"example\":\"a\",\"known\":[[]],\"lettering\":[\"b\"],\"groups\":[]}",
    "{\"example\":\"a\",\"known\":[\"a\"],\"lettering\":\"b\",\"groups\":[]}",
    "{\"example\":\"a\",\"known\":[\"a\"],\"lettering\":[\"b\"],\"groups\":{}}",
    "{\"example\":\"a\",\"known\":[\"a\"],\"lettering\":[\"b\"],\"groups\":[7]}",
    "{\"example\":\"a\",\"known\":[\"a\"],\"lettering\":[\"b\"],\"groups\":[{\"words\":[\"a\"]}]}",
    "{\"example\":\"a\",\"known\":[\"a\"],\"lettering\":[\"b\"],\"groups\":[{\"id\":\"things\",\"words\":[]}]}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_test_message ("%s", texts[i]);
      g_assert_null (read_text (texts[i]));
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vocabulary/unknown", test_unknown);
  g_test_add_func ("/vocabulary/groups", test_groups);
  g_test_add_func ("/vocabulary/damaged", test_damaged);
  return g_test_run ();
}
