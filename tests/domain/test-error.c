/* Errors as sentences.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "domain/sfumato-error.h"

static void
test_facts (void)
{
  g_autoptr (GError) error = sfumato_error_new (SFUMATO_ERROR_PAYMENT, "Not Enough Credits", "It costs %d.", 7);
  g_autoptr (GError) copy = NULL;

  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_PAYMENT);
  g_assert_cmpstr (error->message, ==, "It costs 7.");
  g_assert_cmpint (sfumato_error_get_charge (error), ==, SFUMATO_CHARGE_NONE);
  g_assert_null (sfumato_error_get_details (error));

  sfumato_error_set_charge (error, SFUMATO_CHARGE_MAYBE);
  sfumato_error_set_help (error, SFUMATO_ERROR_HELP_BUY_CREDITS);
  sfumato_error_set_details (error, "402");
  sfumato_error_set_field (error, "prompt");
  sfumato_error_set_retry_after (error, 60);
  copy = g_error_copy (error);
  g_assert_cmpstr (sfumato_error_get_title (copy), ==, "Not Enough Credits");
  g_assert_cmpint (sfumato_error_get_charge (copy), ==, SFUMATO_CHARGE_MAYBE);
  g_assert_cmpint (sfumato_error_get_help (copy), ==, SFUMATO_ERROR_HELP_BUY_CREDITS);
  g_assert_cmpstr (sfumato_error_get_details (copy), ==, "402");
  g_assert_cmpstr (sfumato_error_get_field (copy), ==, "prompt");
  g_assert_cmpuint (sfumato_error_get_retry_after (copy), ==, 60);
}

static void
test_foreign (void)
{
  g_autoptr (GError) error = g_error_new_literal (G_FILE_ERROR, G_FILE_ERROR_NOENT, "gone");

  g_assert_nonnull (sfumato_error_get_title (error));
  g_assert_cmpint (sfumato_error_get_charge (error), ==, SFUMATO_CHARGE_NONE);
  g_assert_null (sfumato_error_get_details (error));
}

static void
test_words (void)
{
  for (SfumatoErrorCode code = SFUMATO_ERROR_NETWORK; code <= SFUMATO_ERROR_CANCELLED; code++)
    g_assert_nonnull (sfumato_error_code_to_string (code));
  g_assert_cmpstr (sfumato_error_code_to_string (SFUMATO_ERROR_UNAUTHORISED), ==, "unauthorised");
  for (SfumatoCharge charge = SFUMATO_CHARGE_NONE; charge <= SFUMATO_CHARGE_YES; charge++)
    {
      SfumatoCharge back;

      g_assert_true (sfumato_charge_from_string (sfumato_charge_to_string (charge), &back));
      g_assert_cmpint (back, ==, charge);
    }
  g_assert_cmpstr (sfumato_charge_to_string (SFUMATO_CHARGE_MAYBE), ==, "maybe");
  g_assert_false (sfumato_charge_from_string ("constructor", &(SfumatoCharge) { 0 }));
}

static const struct
{
  const char *text;
  gssize      length;
  guint       max;
  const char *clean;
} cleanings[] = {
  { "plain", -1, 500, "plain" },
  { "<b>not markup</b>", -1, 500, "<b>not markup</b>" },
  { "bell\a and\r esc\033[31m", -1, 500, "bell and esc[31m" },
  { "two\nlines\tkept", -1, 500, "two\nlines\tkept" },
  { "\xff\xfe broken", -1, 500, "\xef\xbf\xbd\xef\xbf\xbd broken" },
  { "turned \xe2\x80\xae round", -1, 500, "turned  round" },
  { "abcdef", -1, 3, "abc…" },
  { "äöüäöü", -1, 3, "äöü…" },
  { "abc", -1, 3, "abc" },
  { "not all of it", 3, 500, "not" },
  { "a\0b", 3, 500, "a" },
  { "", -1, 500, "" },
};

static void
test_clean (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cleanings); i++)
    {
      g_autofree char *clean = sfumato_clean_text (cleanings[i].text, cleanings[i].length, cleanings[i].max);

      g_assert_cmpstr (clean, ==, cleanings[i].clean);
    }
}

static void
test_redact (void)
{
  g_autofree char *clean = sfumato_redact ("a sk-1 b sk-1", "sk-1");
  g_autofree char *same = sfumato_redact ("a sk-1", NULL);
  g_autofree char *empty = sfumato_redact ("a sk-1", "");

  g_assert_cmpstr (clean, ==, "a [key] b [key]");
  g_assert_cmpstr (same, ==, "a sk-1");
  g_assert_cmpstr (empty, ==, "a sk-1");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/error/facts", test_facts);
  g_test_add_func ("/error/foreign", test_foreign);
  g_test_add_func ("/error/words", test_words);
  g_test_add_func ("/error/clean", test_clean);
  g_test_add_func ("/error/redact", test_redact);
  return g_test_run ();
}
