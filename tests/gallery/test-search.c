/* The search field: what finds what.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "sample.h"

static const struct
{
  const char *name;
  const char *prompt;
  const char *model;
  gint64      seed;
  const char *moment;
  gboolean    favorite;
} pictures[] = {
  { "a.png", "a red fox in snow", "sd3.5-large", 123, "2025-12-31T23:59:59", TRUE },
  { "b.png", "Ein Fuchs über der Straße, Ölgemälde", "sd3.5-large-turbo", 1234, "2026-01-01T00:00:00", FALSE },
  { "c.png", "雪の中の赤い狐", "sd3.5-medium", 0, "2026-01-31T12:00:00", FALSE },
  { "d.png", "一只在雪地里的红狐狸", "core", 5, "2026-02-01T00:00:00", TRUE },
  { "e.png", "눈 속의 붉은 여우", "ultra", 6, "2026-03-01T12:00:00", FALSE },
  { "f.png", "рыжая Лиса в снегу", "ultra", 7, "2026-04-01T12:00:00", FALSE },
  { "g.png", "จิ้งจอกแดงในหิมะ", "ultra", 8, "2026-05-01T12:00:00", FALSE },
  { "h.png", "a café in Paris, 35mm, f/1.8, \"neon\" sign: 100% (best)", "ultra", 9, "2026-06-01T12:00:00", FALSE },
  { "i.png", "a fox 🦊 on a 👩‍👩‍👧‍👦 picnic", "ultra", 10, "2026-07-01T12:00:00", FALSE },
  { "my holiday.png", "बर्फ में लाल लोमड़ी", "ultra", 11, "2026-08-01T12:00:00", FALSE },
};

/* The text, and the first letters of the names that it finds, newest first. */
static const struct
{
  const char *text;
  const char *found;
} cases[] = {
  { NULL, "mihgfedcba" },
  { "", "mihgfedcba" },
  { "   ", "mihgfedcba" },
  { "fox", "ia" },
  { "FOX", "ia" },
  { "fo", "ia" },
  { "ox", "" },
  { "fox snow", "a" },
  { "snow fox", "a" },
  { "fox nothing", "" },
  /* accents, case and compatibility forms */
  { "uber", "b" },
  { "strasse", "b" },
  { "STRASSE", "b" },
  { "olgemalde", "b" },
  { "o\xcc\x88lgem", "b" },
  { "cafe", "h" },
  { "лис", "f" },
  { "ＦＯＸ", "ia" },
  { "fox　snow", "a" },
  /* scripts without spaces: anywhere; several characters only in a row */
  { "狐", "dc" },
  { "赤い狐", "c" },
  { "い狐", "c" },
  { "狐赤", "" },
  { "雪地", "d" },
  { "雪", "dc" },
  { "แดง", "g" },
  { "หิมะ", "g" },
  { "여우", "e" },
  { "붉", "e" },
  { "लोमड़ी", "m" },
  { "लाल लो", "m" },
  /* emoji */
  { "🦊", "i" },
  { "🦊 fox", "i" },
  { "👧", "i" },
  { "🐻", "" },
  /* the negative prompt, which all of them have, and the file's name */
  { "blurry", "mihgfedcba" },
  { "holiday", "m" },
  { "my hol", "m" },
  /* terms */
  { "seed:123", "a" },
  { "SEED:123", "a" },
  { "seed:0", "c" },
  { "seed:", "mihgfedcba" },
  { "seed:12x", "" },
  { "seed:-1", "" },
  { "seed:99999999999999999999", "" },
  { "model:large", "ba" },
  { "model:turbo", "b" },
  { "model:sd3.5-large-turbo", "b" },
  { "model:ultra fox", "i" },
  { "service:stability", "mihgfedcba" },
  { "service:stab seed:7", "f" },
  { "service:openai", "" },
  { "before:2026", "a" },
  { "before:2026-01", "a" },
  { "before:2026-01-31", "ba" },
  { "before:2026-02", "cba" },
  { "after:2026", "" },
  { "after:2025", "mihgfedcb" },
  { "after:2026-01", "mihgfed" },
  { "after:2026-01-31", "mihgfed" },
  { "after:2026-01-30", "mihgfedc" },
  { "after:2025-12-31 before:2026-02-01", "cb" },
  { "before:2026-", "a" },
  { "before:2026-02-30", "" },
  { "before:yesterday", "" },
  { "before:20260101", "" },
  { "after:", "mihgfedcba" },
  { "unknown:fox", "" },
  /* what would be an error in SQL or in FTS5 */
  { "\"", "mihgfedcba" },
  { "\"fox\"", "ia" },
  { "fox\"", "ia" },
  { "*", "mihgfedcba" },
  { "fox*", "ia" },
  { "AND", "" },
  { "fox AND", "" },
  { "NOT fox", "" },
  { "fox OR", "" },
  { "NEAR(fox", "" },
  { "^fox", "ia" },
  { "fox)", "ia" },
  { "(((", "mihgfedcba" },
  { "-fox", "ia" },
  { "prompt:fox", "" },
  { "{prompt}:fox", "" },
  { "'; DROP TABLE pictures; --", "" },
  { "100%", "h" },
  { "f/1.8", "h" },
  { "1.8", "h" },
  { ":", "mihgfedcba" },
  { "\xff\xfe" "fox", "ia" },
  { "\xe2\x80\xae", "mihgfedcba" },
};

static char *
search (Sample     *sample,
        const char *text,
        gboolean    favorites)
{
  g_autoptr (GListModel) model = sfumato_gallery_search (sample->gallery, text, favorites);
  GString *found = g_string_new (NULL);

  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (SfumatoPicture) picture = g_list_model_get_item (model, i);

      g_string_append_c (found, *sfumato_picture_get_fields (picture)->file_name);
    }
  return g_string_free (found, FALSE);
}

static Sample *
make_sample (void)
{
  Sample *sample = sample_new ();

  for (guint i = 0; i < G_N_ELEMENTS (pictures); i++)
    sample_put (sample, pictures[i].name, pictures[i].prompt, pictures[i].model, pictures[i].seed, pictures[i].moment,
                pictures[i].favorite);
  sample_scan (sample);
  return sample;
}

static void
test_search (void)
{
  g_autoptr (Sample) sample = make_sample ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *found = search (sample, cases[i].text, FALSE);

      g_test_message ("%s", cases[i].text);
      g_assert_cmpstr (found, ==, cases[i].found);
    }
}

static void
test_favorites (void)
{
  static const char * const favorites[][2] = {
    { NULL, "da" }, { "fox", "a" }, { "狐", "d" }, { "seed:5", "d" }, { "seed:7", "" }, { "before:2026", "a" },
    { "fox seed:123", "a" },
  };
  g_autoptr (Sample) sample = make_sample ();

  for (guint i = 0; i < G_N_ELEMENTS (favorites); i++)
    {
      g_autofree char *found = search (sample, favorites[i][0], TRUE);

      g_assert_cmpstr (found, ==, favorites[i][1]);
    }
}

/* Longer than anybody types. */
static void
test_long (void)
{
  g_autoptr (Sample) sample = make_sample ();
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *found = NULL;

  for (int i = 0; i < 100000; i++)
    g_string_append (text, "fox ");
  found = search (sample, text->str, FALSE);
  g_assert_cmpstr (found, ==, "ia");
}

int
main (int   argc,
      char *argv[])
{
  g_setenv ("TZ", "Pacific/Auckland", TRUE);
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/search/table", test_search);
  g_test_add_func ("/search/favorites", test_favorites);
  g_test_add_func ("/search/long", test_long);

  return sample_run ();
}
