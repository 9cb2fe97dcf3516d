/* The search field's language.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-search.h"

#include <string.h>

#define TEXT_MAX  2000 /* bytes that are looked at */
#define WORDS_MAX 32

void
sfumato_search_free (SfumatoSearch *search)
{
  g_free (search->match);
  g_free (search);
}

/* ---- text for the index ---- */

static gboolean
is_written_without_spaces (gunichar c)
{
  switch (g_unichar_get_script (c))
    {
    case G_UNICODE_SCRIPT_HAN:
    case G_UNICODE_SCRIPT_HIRAGANA:
    case G_UNICODE_SCRIPT_KATAKANA:
    case G_UNICODE_SCRIPT_BOPOMOFO:
    case G_UNICODE_SCRIPT_THAI:
    case G_UNICODE_SCRIPT_LAO:
    case G_UNICODE_SCRIPT_KHMER:
    case G_UNICODE_SCRIPT_MYANMAR:
      return !g_unichar_ismark (c);
    default:
      return FALSE;
    }
}

char *
sfumato_search_spread (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autofree char *folded = g_utf8_casefold (valid, -1);
  g_autofree char *normal = g_utf8_normalize (folded, -1, G_NORMALIZE_NFKC);
  GString *spread = g_string_new (NULL);

  for (const char *p = normal; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == 0xfffd) /* what was no text */
        g_string_append_c (spread, ' ');
      else if (g_unichar_type (c) == G_UNICODE_OTHER_SYMBOL)
        g_string_append_printf (spread, " emoji%x ", c);
      else
        {
          if (is_written_without_spaces (c))
            g_string_append_c (spread, ' ');
          g_string_append_unichar (spread, c);
        }
    }
  return g_string_free (spread, FALSE);
}

static gboolean
has_word (const char *spread)
{
  for (const char *p = spread; *p != '\0'; p = g_utf8_next_char (p))
    if (g_unichar_isalnum (g_utf8_get_char (p)))
      return TRUE;
  return FALSE;
}

/* ---- the language ---- */

static gboolean
add_match (GString    *match,
           const char *columns,
           const char *word)
{
  g_autofree char *spread = sfumato_search_spread (word);
  g_auto (GStrv) pieces = NULL;
  g_autofree char *quoted = NULL;

  if (!has_word (spread))
    return FALSE;
  pieces = g_strsplit (spread, "\"", -1);
  quoted = g_strjoinv (" ", pieces);
  g_string_append_printf (match, "%s%s : \"%s\" *", match->len > 0 ? " AND " : "", columns, quoted);
  return TRUE;
}

static gint64
local_microseconds (int year,
                    int month,
                    int day)
{
  g_autoptr (GDateTime) moment = g_date_time_new_local (year, month, day, 0, 0, 0);

  return moment != NULL ? g_date_time_to_unix_usec (moment) : 0;
}

/* The numbers of "2026", "2026-01" or "2026-01-31", also with a dash behind, as it is while somebody types. Says how
 * many there are; 0 where it is something else. */
static guint
split_day (const char *text,
           guint64     numbers[3])
{
  g_auto (GStrv) parts = g_strsplit (text, "-", 4);
  guint n = g_strv_length (parts);

  if (n > 1 && *parts[n - 1] == '\0')
    n--;
  if (n > 3)
    return 0;
  for (guint i = 0; i < n; i++)
    if (!g_ascii_string_to_unsigned (parts[i], 10, 1, i == 0 ? 9998 : 31, &numbers[i], NULL))
      return 0;
  return n;
}

/* Where the year, month or day begins, and where the next one does. */
static gboolean
parse_day (const char *text,
           gint64     *begin,
           gint64     *end)
{
  guint64 numbers[3] = { 1, 1, 1 };
  guint n = split_day (text, numbers);
  g_autoptr (GDate) date = NULL;

  if (n == 0 || !g_date_valid_dmy (numbers[2], numbers[1], numbers[0]))
    return FALSE;
  *begin = local_microseconds (numbers[0], numbers[1], numbers[2]);
  date = g_date_new_dmy (numbers[2], numbers[1], numbers[0]);
  if (n == 1)
    g_date_add_years (date, 1);
  else if (n == 2)
    g_date_add_months (date, 1);
  else
    g_date_add_days (date, 1);
  *end = local_microseconds (g_date_get_year (date), g_date_get_month (date), g_date_get_day (date));
  return TRUE;
}

/* "key:value": TRUE where it was understood. A value that is not typed yet searches for nothing. */
static gboolean
take_term (SfumatoSearch *search,
           GString       *match,
           const char    *key,
           const char    *value)
{
  gint64 begin, end;

  if (g_str_equal (key, "model") || g_str_equal (key, "service"))
    return *value == '\0' || add_match (match, key, value);
  if (g_str_equal (key, "seed"))
    return *value == '\0' || g_ascii_string_to_signed (value, 10, 0, G_MAXINT64, &search->seed, NULL);
  if (!g_str_equal (key, "before") && !g_str_equal (key, "after"))
    return FALSE;
  if (*value == '\0')
    return TRUE;
  if (!parse_day (value, &begin, &end))
    return FALSE;
  if (*key == 'b')
    search->until = MIN (search->until, begin);
  else
    search->from = MAX (search->from, end);
  return TRUE;
}

static void
take_word (SfumatoSearch *search,
           GString       *match,
           const char    *word)
{
  const char *colon = strchr (word, ':');

  if (colon != NULL)
    {
      g_autofree char *given = g_strndup (word, colon - word);
      g_autofree char *key = g_ascii_strdown (given, -1);

      if (take_term (search, match, key, colon + 1))
        return;
    }
  add_match (match, "{prompt negative name}", word);
}

SfumatoSearch *
sfumato_search_new (const char *text,
                    gboolean    favorites)
{
  SfumatoSearch *search = g_new0 (SfumatoSearch, 1);
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : "",
                                              text != NULL ? (gssize) strnlen (text, TEXT_MAX) : 0);
  g_autofree char *normal = g_utf8_normalize (valid, -1, G_NORMALIZE_NFKC); /* wide spaces and colons too */
  g_auto (GStrv) words = g_strsplit_set (normal, " \t\r\n", -1);
  g_autoptr (GString) match = g_string_new (NULL);

  search->favorites = favorites;
  search->seed = -1;
  search->from = G_MININT64;
  search->until = G_MAXINT64;
  for (guint i = 0, n = 0; words[i] != NULL && n < WORDS_MAX; i++)
    if (*words[i] != '\0')
      {
        take_word (search, match, words[i]);
        n++;
      }
  if (match->len > 0)
    search->match = g_string_free (g_steal_pointer (&match), FALSE);
  return search;
}
