/* SfumatoSecret: what is taken for a key, and what is done to it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "keyring/sfumato-keyring.h"

#include <string.h>

static const struct
{
  const char *text;
  const char *key;   /* NULL: not one */
} texts[] = {
  { "sk-test-0000", "sk-test-0000" },
  { "  sk-test-0000", "sk-test-0000" },
  { "sk-test-0000\n", "sk-test-0000" },
  { "\t sk-test-0000 \r\n", "sk-test-0000" },
  { "Bearer sk-test-0000", "sk-test-0000" },
  { " bearer   sk-test-0000 ", "sk-test-0000" },
  { "BEARER\tsk-test-0000", "sk-test-0000" },
  { "Bearersk-test-0000", "Bearersk-test-0000" },
  { "x", "x" },
  { "", NULL },
  { " \n\t ", NULL },
  { "Bearer", NULL },
  { "Bearer ", NULL },
  { " bearer \n", NULL },
  { "Bearer Bearer sk-test", NULL },
  { "sk-test 0000", NULL },
  { "sk-test\n0000", NULL },
  { "sk-test\r\nX-Evil: 1", NULL },
  { "sk-test-\x01", NULL },
  { "sk-test-\x7f", NULL },
  { "sk-tést", NULL },
  { "sk-test-\xff", NULL },
  { NULL, NULL },
};

static void
test_new (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (SfumatoSecret) secret = sfumato_secret_new (texts[i].text);
      g_autofree char *shown = g_strescape (texts[i].text != NULL ? texts[i].text : "(none)", NULL);

      g_test_message ("%s", shown);
      if (texts[i].key == NULL)
        g_assert_null (secret);
      else
        g_assert_cmpstr (sfumato_secret_peek (secret), ==, texts[i].key);
    }
}

static void
test_length (void)
{
  g_autofree char *longest = g_strnfill (512, 'k');
  g_autofree char *padded = g_strconcat ("\n Bearer  ", longest, "   \n", NULL);
  g_autofree char *too_long = g_strnfill (513, 'k');
  g_autoptr (SfumatoSecret) secret = sfumato_secret_new (padded);

  g_assert_nonnull (secret);
  g_assert_cmpstr (sfumato_secret_peek (secret), ==, longest);
  g_assert_null (sfumato_secret_new (too_long));
}

/* The last reference wipes it: libsecret's pool stays mapped, so that the bytes can be looked at afterwards. */
static void
test_wiped (void)
{
  SfumatoSecret *secret = sfumato_secret_new ("sk-to-be-wiped-0123456789");
  SfumatoSecret *neighbour = sfumato_secret_new ("sk-neighbour");
  const char *bytes = sfumato_secret_peek (secret);

  g_assert_true (sfumato_secret_ref (secret) == secret);
  sfumato_secret_unref (secret);
  g_assert_cmpstr (bytes, ==, "sk-to-be-wiped-0123456789");
  sfumato_secret_unref (secret);
#ifndef __SANITIZE_ADDRESS__
  g_assert_null (memmem (bytes, 25, "wiped", 5));
#endif
  g_assert_cmpstr (sfumato_secret_peek (neighbour), ==, "sk-neighbour");
  sfumato_secret_unref (neighbour);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/secret/new", test_new);
  g_test_add_func ("/secret/length", test_length);
  g_test_add_func ("/secret/wiped", test_wiped);
  return g_test_run ();
}
