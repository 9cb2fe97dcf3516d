/* The billing run: a service that fails in every way it can, a program that is killed at random moments, and at the
 * end two books that have to agree.
 *
 *   - no picture was sent for twice: accepted POSTs never exceed what the person asked for;
 *   - what the journal says was charged was charged, what it says was not was not, and the rest it calls "maybe";
 *   - every picture the journal calls done is in the folder, whole, and no half one is.
 *
 * SFUMATO_BILLING_PICTURES in the environment asks for more of them than the usual run does.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "domain/sfumato-picture.h"
#include "stand-in.h"

#include <sqlite3.h>
#include <stdlib.h>

#define BATCH        25
#define PICTURES     3000

/* What can happen to one call. Most go well, or nothing would be tested but failure. */
static const char * const orders[] = {
  "{'times': 12}",
  "{'status': 500, 'body': {'id': '1', 'name': 'internal_error', 'errors': ['unexpected']}}",
  "{'status': 502, 'body': '<html>bad gateway</html>', 'headers': {'Content-Type': 'text/html'}}",
  "{'times': 8}",
  "{'fault': 'reset', 'where': 'accept'}",
  "{'fault': 'reset', 'where': 'request-body', 'at': 100}",
  "{'fault': 'close', 'where': 'request'}",
  "{'times': 8}",
  "{'fault': 'reset', 'where': 'answer-head', 'at': 20}",
  "{'fault': 'close', 'where': 'answer-body', 'at': 200}",
  "{'fault': 'reset', 'where': 'answer-body', 'at': 200, 'framing': 'chunked'}",
  "{'framing': 'close', 'fault': 'close', 'where': 'answer-body', 'at': 300}",
  "{'times': 8, 'delay': 10}",
  "{'status': 403, 'body': {'id': '1', 'name': 'content_moderation', 'errors': ['flagged']}}",
  "{'status': 200, 'body': '<html>sign in</html>', 'headers': {'Content-Type': 'text/html'}, 'billed': false}",
  "{'status': 302, 'headers': {'Location': 'http://127.0.0.1:1/'}}",
  "{'raw': 'nonsense'}",
  "{'times': 8, 'framing': 'chunked'}",
};

static char *home;
static StandIn *server;

static void
script_some_trouble (void)
{
  for (guint i = 0; i < 40; i++)
    stand_in_answer (server, orders[g_random_int_range (0, G_N_ELEMENTS (orders))]);
}

/* One life of the program: it ends by itself, or by SIGKILL after a while. */
static void
live_once (int      first,
           gboolean kill_it)
{
  g_autofree char *worker = g_test_build_filename (G_TEST_BUILT, "billing-worker", NULL);
  g_autofree char *from = g_strdup_printf ("%d", first);
  g_autofree char *count = g_strdup_printf ("%d", BATCH);
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;

  g_subprocess_launcher_setenv (launcher, "HOME", home, TRUE);
  process = g_subprocess_launcher_spawn (launcher, &error, worker, stand_in_get_url (server), from, count, NULL);
  g_assert_no_error (error);
  if (kill_it)
    {
      g_usleep (g_random_int_range (1000, 350000));
      g_subprocess_force_exit (process);
      g_assert_true (g_subprocess_wait (process, NULL, NULL));
      return;
    }
  g_assert_true (g_subprocess_wait_check (process, NULL, &error));
  g_assert_no_error (error);
}

/* ---- the server's book ---- */

typedef struct
{
  guint posts; /* that were not refused for coming too soon */
  int   billed;
} Account;

static GHashTable *
read_server (void)
{
  GHashTable *accounts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  StandInRequest *request;

  for (int i = 0; (request = stand_in_get_request (server, i)) != NULL; i++)
    {
      const char *prompt = stand_in_request_text (request, "prompt");
      Account *account = prompt != NULL ? g_hash_table_lookup (accounts, prompt) : NULL;

      if (prompt != NULL && account == NULL)
        g_hash_table_insert (accounts, g_strdup (prompt), account = g_new0 (Account, 1));
      if (prompt != NULL && request->status != 429)
        account->posts++;
      if (prompt != NULL)
        account->billed += request->billed;
      stand_in_request_unref (request);
    }
  return accounts;
}

/* ---- ours ---- */

/* Every picture in the folder, by its id: its prompt. What is not whole fails the test. */
static GHashTable *
read_folder (void)
{
  GHashTable *prompts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autofree char *folder = g_build_filename (home, "Pictures", "Sfumato", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *sidecar = g_strconcat (path, ".xmp", NULL);
      g_autofree char *bytes = NULL;
      g_autofree char *xmp = NULL;
      g_autoptr (SfumatoPicture) picture = NULL;
      SfumatoImageHeader header;
      gsize size, length;

      if (name[0] == '.' || g_str_has_suffix (name, ".xmp"))
        continue;
      g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
      g_assert_true (sfumato_image_header_read ((guint8 *) bytes, size, &header) && header.complete);
      if (!g_file_get_contents (sidecar, &xmp, &length, NULL))
        continue; /* killed between the picture and its sidecar: the picture is what counts */
      picture = sfumato_picture_from_xmp (xmp, length, name, size, &header, NULL);
      g_assert_nonnull (picture);
      g_hash_table_insert (prompts, g_strdup (sfumato_picture_get_fields (picture)->id),
                           g_strdup (sfumato_request_get_prompt (sfumato_picture_get_fields (picture)->request)));
    }
  return prompts;
}

static void
check_job (sqlite3_stmt *row,
           GHashTable   *accounts,
           GHashTable   *pictures)
{
  const char *id = (const char *) sqlite3_column_text (row, 0);
  const char *state = (const char *) sqlite3_column_text (row, 1);
  const char *charge = (const char *) sqlite3_column_text (row, 2);
  const char *prompt = g_hash_table_lookup (pictures, id);
  const Account *account = prompt != NULL ? g_hash_table_lookup (accounts, prompt) : NULL;

  g_assert_cmpstr (state, !=, "sent");
  if (g_strcmp0 (state, "done") != 0)
    return;
  g_assert_nonnull (account);
  g_assert_cmpstr (charge, ==, account->billed > 0 ? "yes" : "no");
}

static void
check_books (int asked)
{
  g_autoptr (GHashTable) accounts = read_server ();
  g_autoptr (GHashTable) pictures = read_folder ();
  g_autofree char *path = g_build_filename (home, ".local", "share", DEVELOPMENT ? "sfumato-devel" : "sfumato",
                                            "queue.db", NULL);
  GHashTableIter iter;
  const Account *account;
  const char *prompt;
  gint64 yes = 0, maybe = 0;
  sqlite3_stmt *row;
  sqlite3 *db;
  int jobs = 0;

  g_hash_table_iter_init (&iter, accounts);
  while (g_hash_table_iter_next (&iter, (gpointer *) &prompt, (gpointer *) &account))
    {
      g_assert_cmpuint (account->posts, <=, 1);
      g_assert_true (g_str_has_prefix (prompt, "picture "));
    }
  g_assert_cmpint (sqlite3_open_v2 (path, &db, SQLITE_OPEN_READONLY, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_prepare_v2 (db, "SELECT id, state, charge, price FROM jobs", -1, &row, NULL), ==, SQLITE_OK);
  while (sqlite3_step (row) == SQLITE_ROW)
    {
      const char *charge = (const char *) sqlite3_column_text (row, 2);

      check_job (row, accounts, pictures);
      yes += g_strcmp0 (charge, "yes") == 0 ? sqlite3_column_int64 (row, 3) : 0;
      maybe += g_strcmp0 (charge, "maybe") == 0 ? sqlite3_column_int64 (row, 3) : 0;
      jobs++;
    }
  sqlite3_finalize (row);
  sqlite3_close (db);
  g_test_message ("%d asked, %d in the journal, %u sent, %u accepted, %u pictures; billed %" G_GINT64_FORMAT
                  ", journal: %" G_GINT64_FORMAT " charged, %" G_GINT64_FORMAT " perhaps", asked, jobs,
                  g_hash_table_size (accounts), stand_in_count_accepted (server), g_hash_table_size (pictures),
                  stand_in_get_bill (server), yes, maybe);
  g_assert_cmpint (jobs, <=, asked);
  g_assert_cmpuint (stand_in_count_accepted (server), <=, asked);
  g_assert_cmpint (yes, <=, stand_in_get_bill (server));
  g_assert_cmpint (stand_in_get_bill (server), <=, yes + maybe);
}

static void
test_billing (void)
{
  const char *wanted = g_getenv ("SFUMATO_BILLING_PICTURES");
  int total = wanted != NULL ? atoi (wanted) : PICTURES;
  g_autofree char *command = NULL;
  int asked = 0;

  home = g_dir_make_tmp ("sfumato-billing-XXXXXX", NULL);
  server = stand_in_new (0, NULL, NULL);
  stand_in_script (server, "{'credits': 10000000, 'scale': 16, 'rate_limit': 0}");
  for (int round = 0; asked < total; round++, asked += BATCH)
    {
      script_some_trouble ();
      live_once (asked, round % 3 != 2);
    }
  /* The last life ends in peace, and nothing is on its way any more. */
  stand_in_script (server, "{'answers': []}");
  live_once (asked, FALSE);
  asked += BATCH;
  check_books (asked);

  stand_in_free (server);
  command = g_strdup_printf ("rm -rf '%s'", home);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  g_free (home);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/billing/run", test_billing);
  return g_test_run ();
}
