/* The journal: what is on disk before anything is sent, and what is left after a process ended.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "studio/sfumato-journal.h"

#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct
{
  char           *folder;
  SfumatoJournal *journal;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  fixture->folder = g_dir_make_tmp ("sfumato-journal-XXXXXX", NULL);
  fixture->journal = sfumato_journal_open (fixture->folder, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_autofree char *command = g_strdup_printf ("rm -rf '%s'", fixture->folder);

  g_clear_pointer (&fixture->journal, sfumato_journal_close);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  g_free (fixture->folder);
}

static GPtrArray *
make_entries (const char *prompt,
              guint       count)
{
  GPtrArray *entries = g_ptr_array_new_with_free_func ((GDestroyNotify) sfumato_entry_free);

  for (guint i = 0; i < count; i++)
    {
      SfumatoEntry *entry = g_new0 (SfumatoEntry, 1);

      entry->id = g_uuid_string_random ();
      entry->batch = g_strdup ("batch");
      entry->request = sfumato_request_new (&(SfumatoRequestFields) { .service = "stability", .model = "m",
                                                                      .prompt = prompt });
      entry->place = i;
      entry->price = 650;
      g_ptr_array_add (entries, entry);
    }
  return entries;
}

static GPtrArray *
add (SfumatoJournal *journal,
     guint           count)
{
  GPtrArray *entries = make_entries ("a red fox", count);
  g_autoptr (GError) error = NULL;

  sfumato_journal_add (journal, entries, &error);
  g_assert_no_error (error);
  return entries;
}

static const char *
id_of (GPtrArray *entries,
       guint      n)
{
  return ((SfumatoEntry *) g_ptr_array_index (entries, n))->id;
}

static gboolean
claim (SfumatoJournal *journal,
       const char     *id,
       guint           max_concurrent,
       guint           max_per_10s)
{
  g_autoptr (GError) error = NULL;
  gboolean claimed = sfumato_journal_claim (journal, id, max_concurrent, max_per_10s, &error);

  g_assert_no_error (error);
  return claimed;
}

static void
end (SfumatoJournal  *journal,
     const char      *id,
     SfumatoJobState  state,
     SfumatoCharge    charge)
{
  g_autoptr (GError) error = NULL;

  sfumato_journal_end (journal, id, state, charge, NULL, &error);
  g_assert_no_error (error);
}

static SfumatoJobState
state_of (SfumatoJournal *journal,
          const char     *id)
{
  g_autoptr (GPtrArray) list = sfumato_journal_inherit (journal, NULL);

  for (guint i = 0; i < list->len; i++)
    {
      SfumatoEntry *entry = g_ptr_array_index (list, i);

      if (g_strcmp0 (entry->id, id) == 0)
        return entry->state;
    }
  return SFUMATO_JOB_DONE;
}

static void
test_claim_once (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr (GPtrArray) entries = add (fixture->journal, 1);

  g_assert_true (claim (fixture->journal, id_of (entries, 0), 3, 0));
  g_assert_false (claim (fixture->journal, id_of (entries, 0), 3, 0));
  g_assert_cmpint (state_of (fixture->journal, id_of (entries, 0)), ==, SFUMATO_JOB_RUNNING);
}

static void
test_concurrent (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr (GPtrArray) entries = add (fixture->journal, 3);

  g_assert_true (claim (fixture->journal, id_of (entries, 0), 2, 0));
  g_assert_true (claim (fixture->journal, id_of (entries, 1), 2, 0));
  g_assert_false (claim (fixture->journal, id_of (entries, 2), 2, 0));
  end (fixture->journal, id_of (entries, 0), SFUMATO_JOB_DONE, SFUMATO_CHARGE_YES);
  g_assert_true (claim (fixture->journal, id_of (entries, 2), 2, 0));
}

static void
test_rate (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr (GPtrArray) entries = add (fixture->journal, 4);

  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (claim (fixture->journal, id_of (entries, i), 10, 3));
      end (fixture->journal, id_of (entries, i), SFUMATO_JOB_FAILED, SFUMATO_CHARGE_NONE);
    }
  g_assert_false (claim (fixture->journal, id_of (entries, 3), 10, 3));
}

/* What was sent in the hour that is repeated does not count as sent now: nothing would be sent until it is over. */
static void
test_clock_set_back (Fixture       *fixture,
                     gconstpointer  data)
{
  g_autoptr (GPtrArray) entries = add (fixture->journal, 2);
  g_autofree char *path = g_build_filename (fixture->folder, "queue.db", NULL);
  sqlite3 *database = NULL;

  g_assert_true (claim (fixture->journal, id_of (entries, 0), 10, 1));
  g_assert_false (claim (fixture->journal, id_of (entries, 1), 10, 1));
  g_assert_cmpint (sqlite3_open (path, &database), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (database, "UPDATE jobs SET sent = sent + 3600000000", NULL, NULL, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_close (database), ==, SQLITE_OK);
  g_assert_true (claim (fixture->journal, id_of (entries, 1), 10, 1));
}

static void
test_ledger (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr (GPtrArray) entries = add (fixture->journal, 4);
  gint64 maybe = -1;

  for (guint i = 0; i < 3; i++)
    g_assert_true (claim (fixture->journal, id_of (entries, i), 9, 0));
  /* Sent and not yet answered: it may be charged. */
  g_assert_cmpint (sfumato_journal_get_spent (fixture->journal, 0, &maybe), ==, 0);
  g_assert_cmpint (maybe, ==, 3 * 650);
  end (fixture->journal, id_of (entries, 0), SFUMATO_JOB_DONE, SFUMATO_CHARGE_YES);
  end (fixture->journal, id_of (entries, 1), SFUMATO_JOB_FAILED, SFUMATO_CHARGE_NONE);
  g_assert_true (sfumato_journal_remove (fixture->journal, id_of (entries, 0), NULL));
  g_assert_cmpint (sfumato_journal_get_spent (fixture->journal, 0, &maybe), ==, 650);
  g_assert_cmpint (maybe, ==, 650);
  g_assert_cmpint (sfumato_journal_get_spent (fixture->journal, g_get_real_time () + 1, &maybe), ==, 0);
}

static void
test_remove_and_restore (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autoptr (GPtrArray) entries = add (fixture->journal, 2);
  SfumatoEntry *first = g_ptr_array_index (entries, 0);
  g_autoptr (GPtrArray) left = NULL;
  g_autoptr (GPtrArray) back = NULL;

  g_assert_true (sfumato_journal_remove (fixture->journal, first->id, NULL));
  left = sfumato_journal_inherit (fixture->journal, NULL);
  g_assert_cmpuint (left->len, ==, 1);
  g_assert_false (claim (fixture->journal, first->id, 9, 0));

  g_assert_true (sfumato_journal_restore (fixture->journal, first->id, first->request, SFUMATO_JOB_WAITING, NULL));
  back = sfumato_journal_inherit (fixture->journal, NULL);
  g_assert_cmpuint (back->len, ==, 2);
  g_assert_cmpstr (sfumato_request_get_prompt (((SfumatoEntry *) g_ptr_array_index (back, 0))->request), ==,
                   "a red fox");
  g_assert_true (claim (fixture->journal, first->id, 9, 0));
}

/* What is over leaves no prompt behind. */
static void
test_forgets_prompts (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autoptr (GPtrArray) entries = make_entries ("xyzzy-unmistakable", 3);
  g_autofree char *path = g_build_filename (fixture->folder, "queue.db", NULL);
  g_autofree char *bytes = NULL;
  gsize size;

  g_assert_true (sfumato_journal_add (fixture->journal, entries, NULL));
  end (fixture->journal, id_of (entries, 0), SFUMATO_JOB_DONE, SFUMATO_CHARGE_YES);
  end (fixture->journal, id_of (entries, 1), SFUMATO_JOB_CANCELLED, SFUMATO_CHARGE_NONE);
  g_assert_true (sfumato_journal_remove (fixture->journal, id_of (entries, 2), NULL));
  g_clear_pointer (&fixture->journal, sfumato_journal_close);
  g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  g_assert_null (memmem (bytes, size, "xyzzy-unmistakable", strlen ("xyzzy-unmistakable")));
}

/* A child process puts in two jobs, sends one and dies as after kill -9. */
static void
die_while_sending (const char *folder)
{
  pid_t child = fork ();
  int status;

  if (child == 0)
    {
      SfumatoJournal *journal = sfumato_journal_open (folder, NULL);
      GPtrArray *entries = make_entries ("left behind", 2);

      if (journal == NULL || !sfumato_journal_add (journal, entries, NULL) ||
          !sfumato_journal_claim (journal, id_of (entries, 0), 9, 0, NULL))
        _exit (1);
      kill (getpid (), SIGKILL);
    }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFSIGNALED (status));
}

static void
test_inherit (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr (GPtrArray) mine = NULL;
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (GPtrArray) again = NULL;
  g_autoptr (GError) error = NULL;
  SfumatoEntry *sent, *waiting;

  die_while_sending (fixture->folder);
  list = sfumato_journal_inherit (fixture->journal, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (list->len, ==, 2);
  sent = g_ptr_array_index (list, 0);
  waiting = g_ptr_array_index (list, 1);
  g_assert_cmpint (sent->state, ==, SFUMATO_JOB_UNKNOWN);
  g_assert_cmpint (waiting->state, ==, SFUMATO_JOB_WAITING);
  g_assert_true (waiting->inherited);
  g_assert_cmpstr (sfumato_request_get_prompt (waiting->request), ==, "left behind");
  /* The unknown one is never sent again by itself. */
  g_assert_false (claim (fixture->journal, sent->id, 9, 0));
  g_assert_true (claim (fixture->journal, waiting->id, 9, 0));
}

/* The jobs of a living process are its own. */
static void
test_leaves_the_living_alone (Fixture       *fixture,
                              gconstpointer  data)
{
  g_autoptr (SfumatoJournal) other = sfumato_journal_open (fixture->folder, NULL);
  g_autoptr (GPtrArray) theirs = add (other, 2);
  g_autoptr (GPtrArray) ours = NULL;
  g_autoptr (GPtrArray) all = NULL;

  g_assert_true (claim (other, id_of (theirs, 0), 9, 0));
  ours = sfumato_journal_inherit (fixture->journal, NULL);
  g_assert_cmpuint (ours->len, ==, 0);
  all = sfumato_journal_inherit (other, NULL);
  g_assert_cmpuint (all->len, ==, 2);
  g_assert_cmpint (state_of (other, id_of (theirs, 0)), ==, SFUMATO_JOB_RUNNING);
}

/* Also where there is no way left to ask whether it lives. */
static void
test_leaves_alone_whom_it_cannot_ask (Fixture       *fixture,
                                      gconstpointer  data)
{
  g_autoptr (SfumatoJournal) other = sfumato_journal_open (fixture->folder, NULL);
  g_autoptr (GPtrArray) theirs = add (other, 1);
  g_autoptr (GPtrArray) ours = NULL;
  struct rlimit files, none;

  g_assert_true (claim (other, id_of (theirs, 0), 9, 0));
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &files), ==, 0);
  none = (struct rlimit) { .rlim_cur = 3, .rlim_max = files.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &none), ==, 0);
  ours = sfumato_journal_inherit (fixture->journal, NULL);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &files), ==, 0);
  g_assert_nonnull (ours);
  g_assert_cmpuint (ours->len, ==, 0);
  g_assert_cmpint (state_of (other, id_of (theirs, 0)), ==, SFUMATO_JOB_RUNNING);
}

/* Whoever ends leaves nothing that says it is still there. */
static void
test_leaves_no_lock (Fixture       *fixture,
                     gconstpointer  data)
{
  SfumatoJournal *other = sfumato_journal_open (fixture->folder, NULL);
  g_autofree char *path = g_build_filename (fixture->folder, "running", NULL);
  g_autoptr (GDir) running = NULL;

  sfumato_journal_close (other);
  running = g_dir_open (path, 0, NULL);
  g_assert_nonnull (g_dir_read_name (running)); /* our own */
  g_assert_null (g_dir_read_name (running));
}

/* A place that a dead process holds is given back when somebody needs it. */
static void
test_dead_hold_no_place (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autoptr (GPtrArray) entries = NULL;

  die_while_sending (fixture->folder);
  entries = add (fixture->journal, 1);
  g_assert_true (claim (fixture->journal, id_of (entries, 0), 1, 0));
}

/* ---- a disk without room ---- */

static void
set_file_limit (rlim_t bytes)
{
  struct rlimit limit = { .rlim_cur = bytes, .rlim_max = RLIM_INFINITY };

  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
}

/* What could not be written once is no reason to write nothing later, while another process writes as well. */
static void
test_room_again (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr (SfumatoJournal) other = sfumato_journal_open (fixture->folder, NULL);
  g_autoptr (GPtrArray) refused = make_entries ("a red fox", 1);
  g_autoptr (GPtrArray) before = add (fixture->journal, 1);
  g_autoptr (GPtrArray) after = NULL;
  g_autoptr (GError) error = NULL;

  signal (SIGXFSZ, SIG_IGN);
  set_file_limit (1);
  g_assert_false (sfumato_journal_add (fixture->journal, refused, &error));
  set_file_limit (RLIM_INFINITY);
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_STORAGE);
  g_assert_cmpint (sfumato_journal_get_spent (fixture->journal, 0, NULL), ==, 0);
  g_ptr_array_unref (add (other, 1));
  after = add (fixture->journal, 1);
  g_assert_true (claim (fixture->journal, id_of (before, 0), 2, 0));
  g_assert_true (claim (fixture->journal, id_of (after, 0), 2, 0));
}

static void
test_read_only (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (sfumato_journal_open ("/proc/nowhere", &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_STORAGE);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add ("/journal/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("claim-once", test_claim_once);
  ADD ("concurrent", test_concurrent);
  ADD ("rate", test_rate);
  ADD ("clock-set-back", test_clock_set_back);
  ADD ("ledger", test_ledger);
  ADD ("remove-and-restore", test_remove_and_restore);
  ADD ("forgets-prompts", test_forgets_prompts);
  ADD ("inherit", test_inherit);
  ADD ("leaves-the-living-alone", test_leaves_the_living_alone);
  ADD ("leaves-alone-whom-it-cannot-ask", test_leaves_alone_whom_it_cannot_ask);
  ADD ("leaves-no-lock", test_leaves_no_lock);
  ADD ("dead-hold-no-place", test_dead_hold_no_place);
  ADD ("room-again", test_room_again);
  g_test_add_func ("/journal/read-only", test_read_only);
  return g_test_run ();
}
