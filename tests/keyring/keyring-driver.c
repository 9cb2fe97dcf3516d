/* Carries out what it reads, a line each, and prints a line about each: milliseconds, a word, and what belongs to it.
 *
 *   store SERVICE KEY     hold SERVICE KEY       held SERVICE        forget SERVICE
 *   lookup SERVICE        peek SERVICE (a lookup that may not ask)
 *   cancel MS             cancels the next one after so long
 *   burst SERVICE N       N stores in a row, all of which have to work
 *   crowd SERVICE N       N lookups at once, from as many threads; prints the key if all of them found the same
 *   fresh                 a new SfumatoKeyring
 *   abort                 ends as a crash does
 *
 * The words: ok, key, none, yes, no, locked, missing, silent, failed, cancelled.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "keyring/sfumato-keyring.h"

#include <stdio.h>
#include <stdlib.h>

static SfumatoKeyring *keyring;
static GCancellable *cancellable;

static const char * const error_words[] = {
  [SFUMATO_KEYRING_ERROR_LOCKED] = "locked",
  [SFUMATO_KEYRING_ERROR_MISSING] = "missing",
  [SFUMATO_KEYRING_ERROR_SILENT] = "silent",
  [SFUMATO_KEYRING_ERROR_FAILED] = "failed",
};

static void
say (gint64      began,
     const char *word,
     const char *more)
{
  printf ("%" G_GINT64_FORMAT " %s%s%s\n", (g_get_monotonic_time () - began) / 1000, word, *more != '\0' ? " " : "", more);
  fflush (stdout);
}

static void
say_error (gint64        began,
           const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    say (began, "cancelled", "");
  else if (error->domain == SFUMATO_KEYRING_ERROR)
    say (began, error_words[error->code], error->message);
  else
    say (began, "unexpected", error->message);
}

static gpointer
cancel_thread (gpointer data)
{
  g_autoptr (GCancellable) mine = g_object_ref (cancellable);

  g_usleep (GPOINTER_TO_UINT (data) * 1000);
  g_cancellable_cancel (mine);
  return NULL;
}

static void
store (const char *service,
       const char *key,
       int         times)
{
  gint64 began = g_get_monotonic_time ();
  g_autoptr (SfumatoSecret) secret = sfumato_secret_new (key);
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < times; i++)
    if (!sfumato_keyring_store (keyring, service, "Sfumato: a test’s key", secret, cancellable, &error))
      {
        say_error (began, error);
        return;
      }
  say (began, "ok", "");
}

static void
look_up (const char *service,
         gboolean    interactive)
{
  gint64 began = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;
  g_autoptr (SfumatoSecret) secret = sfumato_keyring_lookup (keyring, service, interactive, cancellable, &error);

  if (error != NULL)
    say_error (began, error);
  else if (secret == NULL)
    say (began, "none", "");
  else
    say (began, "key", sfumato_secret_peek (secret));
}

static gpointer
crowd_thread (gpointer service)
{
  return sfumato_keyring_lookup (keyring, service, TRUE, NULL, NULL);
}

static void
look_up_in_a_crowd (const char *service,
                    int         n)
{
  gint64 began = g_get_monotonic_time ();
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();
  g_autoptr (SfumatoSecret) first = NULL;
  gboolean same = TRUE;

  for (int i = 0; i < n; i++)
    g_ptr_array_add (threads, g_thread_new ("crowd", crowd_thread, (gpointer) service));
  for (int i = 0; i < n; i++)
    {
      g_autoptr (SfumatoSecret) found = g_thread_join (g_ptr_array_index (threads, i));

      if (i == 0 && found != NULL)
        first = sfumato_secret_ref (found);
      same = same && found != NULL && first != NULL &&
             g_str_equal (sfumato_secret_peek (found), sfumato_secret_peek (first));
    }
  say (began, same ? "key" : "different", same ? sfumato_secret_peek (first) : "");
}

static void
forget (const char *service)
{
  gint64 began = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;

  if (sfumato_keyring_forget (keyring, service, cancellable, &error))
    say (began, "ok", "");
  else
    say_error (began, error);
}

static void
hold (const char *service,
      const char *key)
{
  g_autoptr (SfumatoSecret) secret = sfumato_secret_new (key);

  sfumato_keyring_hold (keyring, service, secret);
  say (g_get_monotonic_time (), "ok", "");
}

static void
carry_out (char **words)
{
  const char *what = words[0], *service = words[1], *more = service != NULL ? words[2] : NULL;

  if (g_str_equal (what, "store"))
    store (service, more, 1);
  else if (g_str_equal (what, "burst"))
    store (service, "sk-burst", atoi (more));
  else if (g_str_equal (what, "hold"))
    hold (service, more);
  else if (g_str_equal (what, "held"))
    say (g_get_monotonic_time (), sfumato_keyring_is_held (keyring, service) ? "yes" : "no", "");
  else if (g_str_equal (what, "lookup") || g_str_equal (what, "peek"))
    look_up (service, g_str_equal (what, "lookup"));
  else if (g_str_equal (what, "crowd"))
    look_up_in_a_crowd (service, atoi (more));
  else if (g_str_equal (what, "forget"))
    forget (service);
  else if (g_str_equal (what, "abort"))
    abort ();
}

static void
make_keyring (void)
{
  g_clear_object (&keyring);
  keyring = sfumato_keyring_new (APP_ID);
}

int
main (void)
{
  char line[4096];
  GThread *canceller = NULL;

  sfumato_keyring_harden_process ();
  make_keyring ();
  while (fgets (line, sizeof line, stdin) != NULL)
    {
      g_auto (GStrv) words = g_strsplit (g_strchomp (line), " ", 3);

      if (g_str_equal (words[0], "fresh"))
        make_keyring ();
      else if (g_str_equal (words[0], "cancel"))
        {
          cancellable = g_cancellable_new ();
          canceller = g_thread_new ("cancel", cancel_thread, GUINT_TO_POINTER (atoi (words[1])));
        }
      else
        {
          carry_out (words);
          g_clear_pointer (&canceller, g_thread_join);
          g_clear_object (&cancellable);
        }
    }
  g_clear_object (&keyring);
  return 0;
}
