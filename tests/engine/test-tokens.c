/* Tokenizers: the ids that the reference implementations give, in every script, and vocabularies that are damaged.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/clip-tokens.h"
#include "engine/t5-tokens.h"
#include "engine/unicode.h"

#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>

static char *
read_file (const char *path,
           gsize      *size)
{
  char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, size, NULL));
  return text;
}

static sd3_clip_tokens *
real_clip (void)
{
  gsize size;
  g_autofree char *merges = read_file (CLIP_MERGES, &size);
  sd3_error error = { "" };
  sd3_clip_tokens *tokens = sd3_clip_tokens_new (merges, size, NULL, 0, &error);

  if (!tokens)
    g_error ("%s", error.text);
  return tokens;
}

static char *
joined (const int32_t *ids,
        int            n)
{
  GString *text = g_string_new (NULL);

  for (int i = 0; i < n; i++)
    g_string_append_printf (text, "%s%d", i ? " " : "", ids[i]);
  return g_string_free (text, FALSE);
}

/* The golden values of openai/CLIP and Hugging Face's tests. */
static void
test_clip (void)
{
  static const struct { const char *text, *ids; } cases[] = {
    { "a photo of a cat", "320 1125 539 320 2368" },
    { "a photograph of an astronaut riding a horse", "320 8853 539 550 18376 6765 320 4558" },
    { "A cat holding a sign that says hello world", "320 2368 5050 320 2292 682 1563 3306 1002" },
    { "cute wallpaper art of a cat", "2242 10560 794 539 320 2368" },
    { "A\n'll 11p223RF☆ho!!to?'d'd''d of a cat to-$''d.",
      "320 1342 272 272 335 273 273 274 16368 13439 2971 748 531 13610 323 1896 8445 323 539 320 2368 531 12 3 8445 323 269" },
    { "xãy", "87 19339 344" },
    { "xa\xcc\x83y", "87 19339 344" },
    { "猫が座っている", "163 234 104 4813 234 161 118 100 4813 96 48029 33523 3909 489" },
    { "emoji 😀 test", "16327 7334 1628" },
    { "Hello,   World!! it's  2024 don't", "3306 267 1002 748 585 568 273 271 273 275 847 713" },
    { "naïve café Zürich", "1097 35689 563 15304 89 6522 4021" },
    { "__init__ foo_bar", "3838 42670 3838 23435 318 2411" },
    { "100% 3.14", "272 271 271 260 274 269 272 275" },
    { "", "" },
    { " \t\n\xe3\x80\x80 ", "" },
    { "<|startoftext|>cat<|endoftext|>", "49406 2368 49407" },
  };
  sd3_clip_tokens *tokens = real_clip ();

  g_assert_cmpint (sd3_clip_tokens_largest (tokens), ==, 49407);
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      int32_t ids[100];
      g_autofree char *got = NULL;
      int n = sd3_clip_tokens_encode (tokens, cases[i].text, ids, 100, NULL);

      got = joined (ids, n);
      g_assert_cmpstr (got, ==, cases[i].ids);
    }
  sd3_clip_tokens_free (tokens);
}

static void
test_clip_sequence (void)
{
  sd3_clip_tokens *tokens = real_clip ();
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *endless = g_strnfill (SD3_MAX_PROMPT, 'a'), *too_long = g_strnfill (SD3_MAX_PROMPT + 1, 'a');
  sd3_error error = { "" };
  int32_t ids[77];
  int cut = -1;

  g_assert_cmpint (sd3_clip_tokens_fill (tokens, "a cat", true, &ids, 1, &cut, NULL), ==, 1);
  g_assert_cmpint (cut, ==, 0);
  g_assert_true (ids[0] == 49406 && ids[1] == 320 && ids[2] == 2368 && ids[3] == 49407 && ids[4] == 49407 && ids[76] == 49407);
  g_assert_cmpint (sd3_clip_tokens_fill (tokens, "a cat", false, &ids, 1, &cut, NULL), ==, 1);
  g_assert_true (ids[3] == 49407 && ids[4] == 0 && ids[76] == 0);
  for (int i = 0; i < 80; i++)
    g_string_append (text, "cat ");
  g_assert_cmpint (sd3_clip_tokens_fill (tokens, text->str, false, &ids, 1, &cut, NULL), ==, 1);
  g_assert_cmpint (cut, ==, 5);
  g_assert_true (ids[75] == 2368 && ids[76] == 49407);
  g_assert_cmpint (sd3_clip_tokens_fill (tokens, endless, false, &ids, 1, &cut, NULL), ==, 1);
  g_assert_cmpint (sd3_clip_tokens_fill (tokens, too_long, false, &ids, 1, &cut, &error), ==, -1);
  g_assert_cmpstr (error.text, ==, "The prompt is too long.");
  g_assert_cmpint (sd3_clip_tokens_fill (tokens, "\xff", false, &ids, 1, &cut, &error), ==, -1);
  g_assert_cmpstr (error.text, ==, "The prompt is not valid text.");
  sd3_clip_tokens_free (tokens);
}

/* ComfyUI's chunks: a word that does not fit goes into the next, unless it is of eight ids or more. Digits are an id each. */
static void
test_clip_chunks (void)
{
  static const struct { int n_cats; const char *word; int room, n_chunks, n[3], cut; } cases[] = {
    { 75, "", 3, 1, { 75 }, 0 },
    { 80, "", 3, 2, { 75, 5 }, 0 },
    { 73, "12345", 3, 2, { 73, 5 }, 0 },
    { 73, "1234567", 3, 2, { 73, 7 }, 0 },
    { 73, "12345678", 3, 2, { 75, 6 }, 0 },
    { 75, "12345678", 3, 2, { 75, 8 }, 0 },
    { 73, "12345", 1, 1, { 75 }, 3 },
    { 148, "12345", 2, 2, { 75, 75 }, 3 },
    { 157, "12345", 2, 2, { 75, 75 }, 12 },
    { 0, "", 3, 1, { 0 }, 0 },
  };
  sd3_clip_tokens *tokens = real_clip ();

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GString) text = g_string_new (NULL);
      int32_t ids[3][SD3_CLIP_LENGTH];
      int cut = -1;

      for (int j = 0; j < cases[i].n_cats; j++)
        g_string_append (text, j % 2 ? "Cat\n" : " cat\xe3\x80\x80");
      g_string_append (text, cases[i].word);
      g_assert_cmpint (sd3_clip_tokens_fill (tokens, text->str, true, ids, cases[i].room, &cut, NULL), ==, cases[i].n_chunks);
      g_assert_cmpint (cut, ==, cases[i].cut);
      for (int j = 0; j < cases[i].n_chunks; j++)
        {
          int n = 0;

          g_assert_cmpint (ids[j][0], ==, 49406);
          while (ids[j][n + 1] != 49407)
            n++;
          g_assert_cmpint (n, ==, cases[i].n[j]);
          for (; n < 76; n++)
            g_assert_cmpint (ids[j][n + 1], ==, 49407);
        }
      if (cases[i].n_chunks == 2 && cases[i].word[0] && cases[i].cut == 0)
        g_assert_cmpint (ids[1][cases[i].n[1]], ==, 271 + strlen (cases[i].word)); /* its last digit */
    }
  sd3_clip_tokens_free (tokens);
}

/* The same from vocab.json, with ids of its own. */
static void
test_clip_vocabulary (void)
{
  static const struct { const char *merges, *vocabulary, *says; } cases[] = {
    { "#version: 0.2\nc a\nca t</w>\n", "{\"cat</w>\":7,\"<|startoftext|>\":8,\"<|endoftext|>\":9}", NULL },
    { "c a\r\nca t</w>", "{\"cat</w>\":7,\"<|startoftext|>\":8,\"<|endoftext|>\":9}", NULL },
    { "c a\nca\n", "{}", "line 2" },
    { "c a\nzebra q\n", "{}", "line 2" },
    { "c a\n", "{\"a\":1}", "no numbers" },
    { "c a\n", "{\"<|startoftext|>\":8,\"<|endoftext|>\":-1}", "no numbers" },
    { "c a\n", "{\"<|startoftext|>\":8,\"<|endoftext|>\":4000000000}", "no numbers" },
    { "c a\n", "{\"<|startoftext|>\":8,\"<|endoftext|>\":9,\"a\":\"b\"}", "no numbers" },
    { "c a\n", "[1]", "no numbers" },
    { "c a\n", "{\"a\":1,\"a\":2}", "twice" },
    { "c a\n\xff\xfe", "{}", "no text" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      sd3_error error = { "" };
      int32_t ids[8];
      sd3_clip_tokens *tokens = sd3_clip_tokens_new (cases[i].merges, strlen (cases[i].merges), cases[i].vocabulary,
                                                     strlen (cases[i].vocabulary), &error);

      g_assert_cmpint (tokens == NULL, ==, cases[i].says != NULL);
      if (!tokens)
        g_assert_nonnull (strstr (error.text, cases[i].says));
      else
        {
          g_assert_cmpint (sd3_clip_tokens_encode (tokens, "Cat dog", ids, 8, NULL), ==, 4);
          g_assert_cmpint (ids[0], ==, 7);
          g_assert_cmpint (ids[1], ==, 9); /* what the vocabulary does not have */
        }
      sd3_clip_tokens_free (tokens);
    }
}

/* A text that doubles with every merge does not fill the memory. */
static void
test_clip_doubling (void)
{
  g_autoptr (GString) merges = g_string_new (NULL), piece = g_string_new ("a");
  sd3_error error = { "" };

  for (int i = 0; i < 16; i++)
    {
      g_string_append_printf (merges, "%s %s\n", piece->str, piece->str);
      g_string_append (piece, piece->str);
    }
  g_assert_null (sd3_clip_tokens_new (merges->str, merges->len, NULL, 0, &error));
  g_assert_nonnull (strstr (error.text, "damaged in line 11"));
}

static void
test_normalize (void)
{
  static const struct { const char *text, *is; } cases[] = {
    { "A  B\t\nC", "a b c" },
    { "ÀÉÎ", "àéî" },
    { "Å", "å" },
    { "İ", "i̇" },
    { "ΟΔΟΣ ΣΑΣ. Σ", "οδος σας. σ" },
    { "ЖЁ", "жё" },
    { "Ⅷ Ⓐ", "ⅷ ⓐ" },
    { "ǅ", "ǆ" },
    { "ẞ", "ß" },
    { "\xe2\x80\xafx\xc2\xa0\xc2\x85y", " x y" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char *got = sd3_text_normalize (cases[i].text);

      g_assert_cmpstr (got, ==, cases[i].is);
      free (got);
    }
}

/* ---- T5 ---------------------------------------------------------------------------------------------------- */

static char *
unquote (const char *json)
{
  GString *text = g_string_new (NULL);

  for (const char *p = json + 1; *p && *p != '"'; p++)
    if (*p != '\\')
      g_string_append_c (text, *p);
    else if (*++p == 'u')
      {
        gunichar code = (gunichar) strtoul ((char[]) { p[1], p[2], p[3], p[4], 0 }, NULL, 16);

        p += 4;
        if (code >= 0xd800 && code < 0xdc00)
          {
            code = 0x10000 + ((code - 0xd800) << 10) + (gunichar) strtoul ((char[]) { p[3], p[4], p[5], p[6], 0 }, NULL, 16) - 0xdc00;
            p += 6;
          }
        g_string_append_unichar (text, code);
      }
    else
      g_string_append_c (text, *p == 'n' ? '\n' : *p == 't' ? '\t' : *p);
  return g_string_free (text, FALSE);
}

/* Every case that SentencePiece answered (make-sentencepiece.py). */
static void
check_cases (const sd3_t5_tokens *tokens)
{
  g_autofree char *all = read_file (FIXTURES "/unigram.txt", NULL);
  g_auto (GStrv) lines = g_strsplit (all, "\n", -1);
  int n_cases = 0;

  for (char **line = lines; **line; line++, n_cases++)
    {
      const char *tab = strrchr (*line, '\t');
      g_autofree char *text = unquote (*line), *got = NULL;
      int32_t ids[1000];
      int n = sd3_t5_tokens_encode (tokens, text, strlen (text), ids, 1000, NULL);

      got = joined (ids, n);
      if (strcmp (got, tab + 1) != 0)
        g_error ("%s gave %s", *line, got);
    }
  g_assert_cmpint (n_cases, >, 60);
}

static sd3_t5_tokens *
fixture_model (void)
{
  gsize size;
  g_autofree char *model = read_file (FIXTURES "/unigram.model", &size);
  sd3_error error = { "" };
  sd3_t5_tokens *tokens = sd3_t5_tokens_from_model (model, size, &error);

  if (!tokens)
    g_error ("%s", error.text);
  return tokens;
}

static void
test_t5 (void)
{
  sd3_t5_tokens *tokens = fixture_model ();
  int32_t ids[4];
  g_autofree char *long_text = g_strnfill (SD3_MAX_PROMPT, 'a'), *too_long = g_strnfill (SD3_MAX_PROMPT + 1, 'a');

  check_cases (tokens);
  /* What is no UTF-8 is one unknown sign; the rest of the prompt stays. */
  g_assert_cmpint (sd3_t5_tokens_encode (tokens, "\xff", 1, ids, 4, NULL), ==, 3);
  g_assert_cmpint (ids[1], ==, 2);
  g_assert_cmpint (sd3_t5_tokens_encode (tokens, "the", 3, ids, 1, NULL), ==, 2);
  g_assert_cmpint (sd3_t5_tokens_encode (tokens, long_text, SD3_MAX_PROMPT, ids, 4, NULL), >, 100);
  g_assert_cmpint (sd3_t5_tokens_encode (tokens, too_long, SD3_MAX_PROMPT + 1, ids, 4, NULL), ==, -1);
  sd3_t5_tokens_free (tokens);
}

/* Every cut and many a changed byte: an answer, never a crash. */
static void
test_t5_damaged (void)
{
  gsize size;
  g_autofree char *model = read_file (FIXTURES "/unigram.model", &size);
  int n_refused = 0;

  for (gsize n = 0; n < size; n += n < 4000 ? 13 : 9973)
    {
      g_autofree char *part = g_memdup2 (model, n ? n : 1);
      sd3_t5_tokens *tokens = sd3_t5_tokens_from_model (part, n, NULL);

      n_refused += tokens == NULL;
      sd3_t5_tokens_free (tokens);
    }
  g_assert_cmpint (n_refused, >, 100);
  for (int i = 0; i < 300; i++)
    {
      g_autofree char *changed = g_memdup2 (model, size);
      sd3_t5_tokens *tokens;
      int32_t ids[64];

      changed[g_test_rand_int_range (0, (gint32) size)] ^= (char) g_test_rand_int_range (1, 255);
      tokens = sd3_t5_tokens_from_model (changed, size, NULL);
      if (tokens)
        sd3_t5_tokens_encode (tokens, "Zürich ﬁ ½ 猫", strlen ("Zürich ﬁ ½ 猫"), ids, 64, NULL);
      sd3_t5_tokens_free (tokens);
    }
}

static void
test_t5_json (void)
{
  static const struct { const char *json, *says; } cases[] = {
    { "{\"added_tokens\":[{\"id\":0,\"special\":true},{\"id\":1,\"special\":true}],\"normalizer\":null,\"model\":{\"type\":\"Unigram\",\"unk_id\":2,"
      "\"vocab\":[[\"<pad>\",0],[\"</s>\",0],[\"<unk>\",0],[\"▁\",-2.5],[\"▁a\",-3],[\"b\",-4.25],[\"ab\",-5]]}}", NULL },
    { "{\"model\":{\"unk_id\":2,\"vocab\":[]}}", "damaged" },
    { "{\"model\":{\"unk_id\":2,\"vocab\":[[\"a\"]]}}", "damaged" },
    { "{\"model\":{\"unk_id\":2,\"vocab\":[[\"a\",1e999]]}}", "damaged" },
    { "{\"model\":{\"unk_id\":-2,\"vocab\":[[\"a\",1]]}}", "damaged" },
    { "{\"model\":{\"unk_id\":0,\"vocab\":[[\"a\",1],[\"b\",1]]}}", "incomplete" },
    { "{\"normalizer\":{\"precompiled_charsmap\":\"!!\"},\"model\":{\"unk_id\":0,\"vocab\":[[\"a\",1],[\"b\",1]]}}", "damaged" },
    { "{", "damaged" },
    { "[]", "damaged" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      sd3_error error = { "" };
      sd3_t5_tokens *tokens = sd3_t5_tokens_from_json (cases[i].json, strlen (cases[i].json), &error);
      int32_t ids[8];
      g_autofree char *got = NULL;

      g_assert_cmpint (tokens == NULL, ==, cases[i].says != NULL);
      if (!tokens)
        g_assert_nonnull (strstr (error.text, cases[i].says));
      else
        {
          got = joined (ids, sd3_t5_tokens_encode (tokens, "ab ☆☆b", strlen ("ab ☆☆b"), ids, 8, NULL));
          g_assert_cmpstr (got, ==, "4 5 3 2 5 1");
        }
      sd3_t5_tokens_free (tokens);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tokens/normalize", test_normalize);
  g_test_add_func ("/tokens/clip", test_clip);
  g_test_add_func ("/tokens/clip-sequence", test_clip_sequence);
  g_test_add_func ("/tokens/clip-chunks", test_clip_chunks);
  g_test_add_func ("/tokens/clip-vocabulary", test_clip_vocabulary);
  g_test_add_func ("/tokens/clip-doubling", test_clip_doubling);
  g_test_add_func ("/tokens/t5", test_t5);
  g_test_add_func ("/tokens/t5-damaged", test_t5_damaged);
  g_test_add_func ("/tokens/t5-json", test_t5_json);
  return g_test_run ();
}
