/* The queue: how jobs run, wait, end and outlive the program.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "scripted-service.h"
#include "studio/sfumato-queue-private.h"

#include <glib/gstdio.h>

#define WAIT_SECONDS 10

typedef struct
{
  char            *folder;
  char            *pictures;
  ScriptedService *service;
  GListStore      *services;
  SfumatoGallery  *gallery;
  SfumatoKeyring  *keyring;
  SfumatoQueue    *queue;
} Fixture;

static void
open_queue (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *index = g_build_filename (fixture->folder, "index.db", NULL);
  SfumatoJournal *journal = sfumato_journal_open (fixture->folder, &error);

  g_assert_no_error (error);
  fixture->gallery = sfumato_gallery_open (fixture->pictures, index, fixture->folder, &error);
  g_assert_no_error (error);
  fixture->queue = sfumato_queue_new (&(SfumatoQueueParts) {
    .journal = journal, .keyring = fixture->keyring, .gallery = fixture->gallery,
    .services = G_LIST_MODEL (fixture->services), .data_folder = fixture->folder });
}

static guint
count_pictures (Fixture *fixture)
{
  g_autoptr (GListModel) pictures = sfumato_gallery_search (fixture->gallery, NULL, FALSE);

  return g_list_model_get_n_items (pictures);
}

/* As when the program is closed: jobs on their way are abandoned. */
static void
close_queue (Fixture *fixture)
{
  sfumato_queue_close (fixture->queue);
  g_clear_object (&fixture->queue);
  g_clear_object (&fixture->gallery);
}

static void
restart (Fixture *fixture)
{
  close_queue (fixture);
  open_queue (fixture);
  sfumato_queue_inherit (fixture->queue);
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->folder = g_dir_make_tmp ("sfumato-queue-XXXXXX", NULL);
  fixture->pictures = g_build_filename (fixture->folder, "pictures", NULL);
  fixture->service = scripted_service_new ();
  fixture->services = g_list_store_new (SFUMATO_TYPE_SERVICE);
  g_list_store_append (fixture->services, fixture->service);
  fixture->keyring = sfumato_keyring_new ("test");
  open_queue (fixture);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_autofree char *command = g_strdup_printf ("rm -rf '%s'", fixture->folder);

  close_queue (fixture);
  g_clear_object (&fixture->services);
  g_clear_object (&fixture->service);
  g_clear_object (&fixture->keyring);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  g_free (fixture->pictures);
  g_free (fixture->folder);
}

static GPtrArray *
add (Fixture    *fixture,
     const char *prompt,
     int         count)
{
  g_autoptr (SfumatoRequest) request = sfumato_request_new (&(SfumatoRequestFields) {
    .service = "scripted", .model = "m", .prompt = prompt, .count = count });
  g_autoptr (GError) error = NULL;
  GPtrArray *jobs = sfumato_queue_add (fixture->queue, request, FALSE, &error);

  g_assert_no_error (error);
  return jobs;
}

static SfumatoJob *
job_at (Fixture *fixture,
        guint    position)
{
  g_autoptr (SfumatoJob) job = g_list_model_get_item (G_LIST_MODEL (fixture->queue), position);

  g_assert_nonnull (job);
  return job;
}

static gboolean
wake_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

static void
wait_for_state (SfumatoJob      *job,
                SfumatoJobState  state)
{
  gint64 until = g_get_monotonic_time () + WAIT_SECONDS * G_USEC_PER_SEC;
  guint wake = g_timeout_add (50, wake_cb, NULL);

  while (sfumato_job_get_state (job) != state && g_get_monotonic_time () < until)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (wake);
  g_assert_cmpint (sfumato_job_get_state (job), ==, state);
}

static void
wait_for_active (Fixture *fixture,
                 guint    n)
{
  g_assert_true (scripted_service_wait_active (fixture->service, n));
}

static void
test_done (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr (GPtrArray) jobs = add (fixture, "a red fox", 1);
  SfumatoJob *job = g_ptr_array_index (jobs, 0);
  g_autoptr (GBytes) sent = scripted_png ();
  g_autofree char *path = NULL;
  g_autofree char *bytes = NULL;
  gsize size;

  g_assert_cmpuint (sfumato_queue_get_active (fixture->queue), ==, 1);
  scripted_service_answer (fixture->service, NULL);
  wait_for_state (job, SFUMATO_JOB_DONE);
  g_assert_cmpuint (sfumato_queue_get_active (fixture->queue), ==, 0);
  path = sfumato_gallery_dup_path (fixture->gallery, sfumato_job_get_picture (job));
  g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  g_assert_cmpmem (bytes, size, g_bytes_get_data (sent, NULL), g_bytes_get_size (sent));
  g_assert_cmpint (sfumato_picture_get_fields (sfumato_job_get_picture (job))->seed_used, ==, 42);
  g_assert_cmpint (sfumato_journal_get_spent (fixture->queue->journal, 0, NULL), ==, SCRIPTED_PRICE);
}

static void
test_at_most_so_many (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autoptr (GPtrArray) jobs = add (fixture, "a red fox", 7);

  g_assert_cmpuint (jobs->len, ==, 7);
  wait_for_active (fixture, SCRIPTED_CONCURRENT);
  for (guint i = 0; i < 7; i++)
    scripted_service_answer (fixture->service, NULL);
  for (guint i = 0; i < 7; i++)
    wait_for_state (g_ptr_array_index (jobs, i), SFUMATO_JOB_DONE);
  g_assert_cmpuint (scripted_service_get_most (fixture->service), ==, SCRIPTED_CONCURRENT);
  g_assert_cmpuint (scripted_service_get_calls (fixture->service), ==, 7);
  g_assert_cmpuint (count_pictures (fixture), ==, 7);
}

static void
count_cb (GObject    *object,
          GParamSpec *pspec,
          gpointer    data)
{
  ++*(guint *) data;
}

/* What is paused begins nothing, says so once, and goes on where it was. */
static void
test_paused (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr (GPtrArray) jobs = NULL;
  guint n_told = 0;

  g_signal_connect (fixture->queue, "notify::paused", G_CALLBACK (count_cb), &n_told);
  sfumato_queue_set_paused (fixture->queue, TRUE);
  sfumato_queue_set_paused (fixture->queue, TRUE);
  g_assert_cmpuint (n_told, ==, 1);
  g_assert_true (sfumato_queue_get_paused (fixture->queue));
  jobs = add (fixture, "later", 1);
  g_assert_cmpint (sfumato_job_get_state (g_ptr_array_index (jobs, 0)), ==, SFUMATO_JOB_WAITING);
  sfumato_queue_set_paused (fixture->queue, FALSE);
  g_assert_cmpuint (n_told, ==, 2);
  scripted_service_answer (fixture->service, NULL);
  wait_for_state (g_ptr_array_index (jobs, 0), SFUMATO_JOB_DONE);
}

static void
test_order (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr (SfumatoRequest) urgent = sfumato_request_new (&(SfumatoRequestFields) {
    .service = "scripted", .model = "m", .prompt = "urgent" });
  g_autoptr (GPtrArray) one = NULL;
  g_autoptr (GPtrArray) two = NULL;
  g_autoptr (GPtrArray) three = NULL;
  g_autoptr (GPtrArray) first = NULL;
  g_autofree char *prompts = NULL;

  sfumato_queue_set_paused (fixture->queue, TRUE);
  one = add (fixture, "one", 1);
  two = add (fixture, "two", 1);
  three = add (fixture, "three", 1);
  first = sfumato_queue_add (fixture->queue, urgent, TRUE, NULL);
  sfumato_queue_move (fixture->queue, g_ptr_array_index (three, 0), g_ptr_array_index (one, 0));
  g_assert_true (job_at (fixture, 0) == g_ptr_array_index (first, 0));
  g_assert_true (job_at (fixture, 1) == g_ptr_array_index (three, 0));
  g_assert_true (job_at (fixture, 2) == g_ptr_array_index (one, 0));
  g_assert_true (job_at (fixture, 3) == g_ptr_array_index (two, 0));
  sfumato_queue_move (fixture->queue, g_ptr_array_index (first, 0), NULL);
  g_assert_true (job_at (fixture, 3) == g_ptr_array_index (first, 0));
  g_assert_cmpuint (scripted_service_get_calls (fixture->service), ==, 0);
  restart (fixture);
  g_assert_cmpstr (sfumato_request_get_prompt (sfumato_job_get_request (job_at (fixture, 0))), ==, "three");
  g_assert_cmpstr (sfumato_request_get_prompt (sfumato_job_get_request (job_at (fixture, 3))), ==, "urgent");
}

static void
test_cancel (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr (GPtrArray) jobs = add (fixture, "a red fox", SCRIPTED_CONCURRENT + 1);
  SfumatoJob *running = g_ptr_array_index (jobs, 0);
  SfumatoJob *waiting = g_ptr_array_index (jobs, SCRIPTED_CONCURRENT);
  gint64 maybe;

  wait_for_active (fixture, SCRIPTED_CONCURRENT);
  sfumato_queue_cancel (fixture->queue, waiting);
  g_assert_cmpint (sfumato_job_get_state (waiting), ==, SFUMATO_JOB_CANCELLED);
  g_assert_cmpint (sfumato_error_get_charge (sfumato_job_get_error (waiting)), ==, SFUMATO_CHARGE_NONE);

  sfumato_queue_cancel (fixture->queue, running);
  wait_for_state (running, SFUMATO_JOB_CANCELLED);
  g_assert_cmpint (sfumato_error_get_charge (sfumato_job_get_error (running)), ==, SFUMATO_CHARGE_MAYBE);
  for (guint i = 1; i < SCRIPTED_CONCURRENT; i++)
    scripted_service_answer (fixture->service, NULL);
  for (guint i = 1; i < SCRIPTED_CONCURRENT; i++)
    wait_for_state (g_ptr_array_index (jobs, i), SFUMATO_JOB_DONE);
  g_assert_cmpuint (scripted_service_get_calls (fixture->service), ==, SCRIPTED_CONCURRENT);
  sfumato_journal_get_spent (fixture->queue->journal, 0, &maybe);
  g_assert_cmpint (maybe, ==, SCRIPTED_PRICE);
}

static GError *
rate_error (void)
{
  GError *error = sfumato_error_new (SFUMATO_ERROR_RATE, "Too Many Requests", "Wait.");

  sfumato_error_set_retry_after (error, 1);
  return error;
}

/* The service asked to wait: everything of it waits, visibly; then the one it refused is sent once more, not twice. */
static void
test_rate (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr (GPtrArray) jobs = add (fixture, "refused", 1);
  g_autoptr (GPtrArray) later = NULL;
  SfumatoJob *job = g_ptr_array_index (jobs, 0);
  gint64 asked;

  wait_for_active (fixture, 1);
  asked = g_get_monotonic_time ();
  scripted_service_answer (fixture->service, rate_error ());
  wait_for_state (job, SFUMATO_JOB_WAITING);
  g_assert_cmpint (sfumato_job_get_resume_at (job), >, asked);
  later = add (fixture, "not yet", 1);
  g_assert_cmpint (sfumato_job_get_state (g_ptr_array_index (later, 0)), ==, SFUMATO_JOB_WAITING);
  g_assert_cmpuint (scripted_service_get_calls (fixture->service), ==, 1);

  wait_for_state (job, SFUMATO_JOB_RUNNING);
  g_assert_cmpint (g_get_monotonic_time () - asked, >=, G_USEC_PER_SEC);
  wait_for_active (fixture, 2);
  scripted_service_answer (fixture->service, rate_error ());
  scripted_service_answer (fixture->service, rate_error ());
  wait_for_state (job, SFUMATO_JOB_FAILED);
  g_assert_error (sfumato_job_get_error (job), SFUMATO_ERROR, SFUMATO_ERROR_RATE);
  wait_for_state (g_ptr_array_index (later, 0), SFUMATO_JOB_WAITING);
  sfumato_queue_cancel (fixture->queue, g_ptr_array_index (later, 0));
}

static void
test_failed (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr (GPtrArray) jobs = add (fixture, "flagged", 1);
  SfumatoJob *job = g_ptr_array_index (jobs, 0);
  g_autoptr (GError) error = NULL;

  scripted_service_answer (fixture->service, sfumato_error_new (SFUMATO_ERROR_REFUSED, "Declined", "No."));
  wait_for_state (job, SFUMATO_JOB_FAILED);
  g_assert_cmpint (sfumato_journal_get_spent (fixture->queue->journal, 0, NULL), ==, 0);
  g_assert_true (sfumato_queue_send_again (fixture->queue, job, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (fixture->queue)), ==, 1);
  scripted_service_answer (fixture->service, NULL);
  wait_for_state (job_at (fixture, 0), SFUMATO_JOB_DONE);
  g_assert_cmpuint (scripted_service_get_calls (fixture->service), ==, 2);
}

/* Who is refused a key or has no credits is told once: what still waits of that press is not sent, all else is. */
static void
test_account_refused (Fixture       *fixture,
                      gconstpointer  data)
{
  static const SfumatoErrorCode codes[] = { SFUMATO_ERROR_UNAUTHORISED, SFUMATO_ERROR_PAYMENT };

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      guint before = scripted_service_get_calls (fixture->service);
      g_autoptr (GPtrArray) jobs = add (fixture, "a red fox", 10);
      g_autoptr (GPtrArray) other = add (fixture, "a blue fox", 1);

      wait_for_active (fixture, SCRIPTED_CONCURRENT);
      scripted_service_answer (fixture->service, sfumato_error_new (codes[i], "Refused", "No."));
      for (guint j = SCRIPTED_CONCURRENT; j < jobs->len; j++)
        {
          wait_for_state (g_ptr_array_index (jobs, j), SFUMATO_JOB_FAILED);
          g_assert_error (sfumato_job_get_error (g_ptr_array_index (jobs, j)), SFUMATO_ERROR, (int) codes[i]);
        }
      for (guint j = 1; j < SCRIPTED_CONCURRENT + 1; j++)
        scripted_service_answer (fixture->service, NULL);
      wait_for_state (g_ptr_array_index (other, 0), SFUMATO_JOB_DONE);
      g_assert_cmpuint (scripted_service_get_calls (fixture->service) - before, ==, SCRIPTED_CONCURRENT + 1);
      g_assert_true (sfumato_queue_send_again (fixture->queue, g_ptr_array_index (jobs, jobs->len - 1), NULL));
      scripted_service_answer (fixture->service, NULL);
      wait_for_state (job_at (fixture, g_list_model_get_n_items (G_LIST_MODEL (fixture->queue)) - 1), SFUMATO_JOB_DONE);
    }
}

/* What was wrong with one picture need not be wrong with the next. */
static void
test_one_refused (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr (GPtrArray) jobs = add (fixture, "a red fox", SCRIPTED_CONCURRENT + 2);

  wait_for_active (fixture, SCRIPTED_CONCURRENT);
  scripted_service_answer (fixture->service, sfumato_error_new (SFUMATO_ERROR_REFUSED, "Declined", "No."));
  for (guint i = 1; i < jobs->len; i++)
    scripted_service_answer (fixture->service, NULL);
  wait_for_state (g_ptr_array_index (jobs, jobs->len - 1), SFUMATO_JOB_DONE);
  g_assert_cmpuint (scripted_service_get_calls (fixture->service), ==, jobs->len);
}

/* A picture that came in half may have been paid for: what arrived is kept, and the person is told where. */
static void
test_remains (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr (GPtrArray) jobs = add (fixture, "cut", 1);
  SfumatoJob *job = g_ptr_array_index (jobs, 0);
  g_autoptr (GBytes) whole = scripted_png ();
  g_autoptr (GBytes) half = g_bytes_new_from_bytes (whole, 0, 40);
  g_autofree char *name = g_strconcat (sfumato_job_get_id (job), ".png", NULL);
  g_autofree char *path = g_build_filename (fixture->folder, "incomplete", name, NULL);
  g_autofree char *kept = NULL;
  GError *cut = sfumato_error_new (SFUMATO_ERROR_NETWORK, "Cut", "Half of it arrived.");
  gsize size;

  sfumato_error_set_charge (cut, SFUMATO_CHARGE_MAYBE);
  sfumato_error_set_remains (cut, half);
  scripted_service_answer (fixture->service, cut);
  wait_for_state (job, SFUMATO_JOB_FAILED);
  g_assert_true (g_file_get_contents (path, &kept, &size, NULL));
  g_assert_cmpmem (kept, size, g_bytes_get_data (half, NULL), 40);
  g_assert_nonnull (strstr (sfumato_job_get_error (job)->message, path));
  g_assert_null (sfumato_error_get_remains (sfumato_job_get_error (job)));
  g_assert_cmpuint (count_pictures (fixture), ==, 0);
}

/* A picture that could not be kept is not paid for. */
static void
test_no_place_for_pictures (Fixture       *fixture,
                            gconstpointer  data)
{
  g_autofree char *moved = g_strconcat (fixture->pictures, ".away", NULL);
  g_autoptr (GPtrArray) jobs = NULL;
  SfumatoJob *job;

  g_assert_cmpint (g_rename (fixture->pictures, moved), ==, 0);
  g_assert_true (g_file_set_contents (fixture->pictures, "a file", -1, NULL));
  jobs = add (fixture, "a red fox", 1);
  job = g_ptr_array_index (jobs, 0);
  wait_for_state (job, SFUMATO_JOB_FAILED);
  g_assert_error (sfumato_job_get_error (job), SFUMATO_ERROR, SFUMATO_ERROR_STORAGE);
  g_assert_nonnull (strstr (sfumato_job_get_error (job)->message, "Nothing was sent"));
  g_assert_cmpint (sfumato_error_get_charge (sfumato_job_get_error (job)), ==, SFUMATO_CHARGE_NONE);
  g_assert_cmpuint (scripted_service_get_calls (fixture->service), ==, 0);
}

/* The folder is gone at the worst moment: the paid picture is kept, over a restart too, and nothing is paid again. */
static void
test_unsaved (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr (GPtrArray) jobs = add (fixture, "a red fox", 1);
  SfumatoJob *job = g_ptr_array_index (jobs, 0);
  g_autofree char *moved = g_strconcat (fixture->pictures, ".away", NULL);

  wait_for_active (fixture, 1);
  g_assert_cmpint (g_rename (fixture->pictures, moved), ==, 0);
  g_assert_true (g_file_set_contents (fixture->pictures, "a file", -1, NULL));
  scripted_service_answer (fixture->service, NULL);
  wait_for_state (job, SFUMATO_JOB_UNSAVED);
  g_assert_error (sfumato_job_get_error (job), SFUMATO_ERROR, SFUMATO_ERROR_STORAGE);
  g_assert_nonnull (sfumato_job_get_result (job));

  restart (fixture);
  job = job_at (fixture, 0);
  g_assert_cmpint (sfumato_job_get_state (job), ==, SFUMATO_JOB_UNSAVED);
  sfumato_queue_save_again (fixture->queue, job);
  wait_for_state (job, SFUMATO_JOB_UNSAVED);

  g_assert_cmpint (g_unlink (fixture->pictures), ==, 0);
  g_assert_cmpint (g_rename (moved, fixture->pictures), ==, 0);
  sfumato_queue_save_again (fixture->queue, job);
  wait_for_state (job, SFUMATO_JOB_RUNNING);
  wait_for_state (job, SFUMATO_JOB_DONE);
  g_assert_cmpint (sfumato_picture_get_fields (sfumato_job_get_picture (job))->seed_used, ==, 42);
  g_assert_cmpuint (scripted_service_get_calls (fixture->service), ==, 1);
  g_assert_cmpint (sfumato_journal_get_spent (fixture->queue->journal, 0, NULL), ==, SCRIPTED_PRICE);
}

/* What was sent waits for the person; what was not waits to be let go on. Neither is sent by itself. */
static void
test_restart (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr (GPtrArray) jobs = add (fixture, "a red fox", SCRIPTED_CONCURRENT + 2);
  guint unknown = 0;

  wait_for_active (fixture, SCRIPTED_CONCURRENT);
  restart (fixture);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (fixture->queue)), ==, SCRIPTED_CONCURRENT + 2);
  for (guint i = 0; i < SCRIPTED_CONCURRENT + 2; i++)
    unknown += sfumato_job_get_state (job_at (fixture, i)) == SFUMATO_JOB_UNKNOWN;
  g_assert_cmpuint (unknown, ==, SCRIPTED_CONCURRENT);
  g_assert_cmpuint (sfumato_queue_get_held_back (fixture->queue), ==, 2);
  g_assert_cmpuint (scripted_service_get_calls (fixture->service), ==, SCRIPTED_CONCURRENT);

  sfumato_queue_resume (fixture->queue);
  g_assert_cmpuint (sfumato_queue_get_held_back (fixture->queue), ==, 0);
  wait_for_active (fixture, 2);
  scripted_service_answer (fixture->service, NULL);
  scripted_service_answer (fixture->service, NULL);
  wait_for_state (job_at (fixture, SCRIPTED_CONCURRENT), SFUMATO_JOB_DONE);
  wait_for_state (job_at (fixture, SCRIPTED_CONCURRENT + 1), SFUMATO_JOB_DONE);

  g_assert_true (sfumato_queue_send_again (fixture->queue, job_at (fixture, 0), NULL));
  scripted_service_answer (fixture->service, NULL);
  wait_for_state (job_at (fixture, SCRIPTED_CONCURRENT + 1), SFUMATO_JOB_DONE);
  g_assert_cmpuint (scripted_service_get_calls (fixture->service), ==, SCRIPTED_CONCURRENT + 3);
}

static void
test_remove_and_undo (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autoptr (GPtrArray) jobs = NULL;
  SfumatoJob *second;

  sfumato_queue_set_paused (fixture->queue, TRUE);
  jobs = add (fixture, "a red fox", 3);
  second = g_ptr_array_index (jobs, 1);
  g_assert_false (sfumato_queue_unremove (fixture->queue));
  sfumato_queue_remove (fixture->queue, second);
  g_assert_cmpuint (sfumato_queue_get_active (fixture->queue), ==, 2);
  g_assert_true (sfumato_queue_unremove (fixture->queue));
  g_assert_true (job_at (fixture, 1) == second);
  g_assert_cmpint (sfumato_job_get_state (second), ==, SFUMATO_JOB_WAITING);

  sfumato_queue_set_paused (fixture->queue, FALSE);
  for (guint i = 0; i < 3; i++)
    scripted_service_answer (fixture->service, NULL);
  for (guint i = 0; i < 3; i++)
    wait_for_state (g_ptr_array_index (jobs, i), SFUMATO_JOB_DONE);
  sfumato_queue_clear_over (fixture->queue);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (fixture->queue)), ==, 0);
}

/* A job with an input picture waits, and the program is started again. */
static void
leave_with_input (Fixture *fixture)
{
  g_autoptr (GBytes) bytes = scripted_png ();
  g_autoptr (SfumatoInput) input = sfumato_input_new (bytes, "fox.png", NULL);
  g_autoptr (SfumatoRequest) request = sfumato_request_new (&(SfumatoRequestFields) {
    .service = "scripted", .model = "m", .prompt = "a", .input = input, .strength = 0.5 });
  g_autoptr (GPtrArray) jobs = NULL;

  sfumato_queue_set_paused (fixture->queue, TRUE);
  jobs = sfumato_queue_add (fixture->queue, request, FALSE, NULL);
  g_assert_nonnull (jobs);
  restart (fixture);
}

static void
test_input (Fixture       *fixture,
            gconstpointer  data)
{
  leave_with_input (fixture);
  sfumato_queue_resume (fixture->queue);
  scripted_service_answer (fixture->service, NULL);
  wait_for_state (job_at (fixture, 0), SFUMATO_JOB_DONE);
  g_assert_true (scripted_service_had_input (fixture->service));
}

/* What is kept of an input picture is cut, as a disk that was full may leave it. */
static void
harm_inputs (Fixture *fixture)
{
  g_autofree char *folder = g_build_filename (fixture->folder, "inputs", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name = dir != NULL ? g_dir_read_name (dir) : NULL;
  g_autofree char *path = NULL;

  g_assert_nonnull (name);
  path = g_build_filename (folder, name, NULL);
  g_assert_true (g_file_set_contents (path, "cut", 3, NULL));
}

/* It is kept anew by the next job that starts from the same picture. */
static void
test_damaged_input (Fixture       *fixture,
                    gconstpointer  data)
{
  leave_with_input (fixture);
  harm_inputs (fixture);
  leave_with_input (fixture);
  sfumato_queue_resume (fixture->queue);
  for (int i = 0; i < 2; i++)
    scripted_service_answer (fixture->service, NULL);
  for (int i = 0; i < 2; i++)
    wait_for_state (job_at (fixture, i), SFUMATO_JOB_DONE);
  g_assert_true (scripted_service_had_input (fixture->service));
}

/* Without its input picture the same cannot be asked for again. */
static void
test_input_gone (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autofree char *inputs = g_build_filename (fixture->folder, "inputs", NULL);
  g_autofree char *aside = g_build_filename (fixture->folder, "inputs.away", NULL);
  g_autoptr (GError) error = NULL;

  leave_with_input (fixture);
  g_assert_cmpint (rename (inputs, aside), ==, 0);
  g_assert_false (sfumato_queue_send_again (fixture->queue, job_at (fixture, 0), &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_STORAGE);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (fixture->queue)), ==, 1);
}

/* Nobody pays for the same picture several times. The model's largest seed is 1000. */
static void
test_seeds (Fixture       *fixture,
            gconstpointer  data)
{
  const gint64 seeds[][3] = { { 7, 8, 9 }, { 999, 1000, 1 }, { SFUMATO_SEED_RANDOM, -1, -1 } };

  sfumato_queue_set_paused (fixture->queue, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (seeds); i++)
    {
      g_autoptr (SfumatoRequest) request = sfumato_request_new (&(SfumatoRequestFields) {
        .service = "scripted", .model = "m", .prompt = "a", .count = 3, .seed = seeds[i][0] });
      g_autoptr (GPtrArray) jobs = sfumato_queue_add (fixture->queue, request, FALSE, NULL);

      for (guint j = 0; j < 3; j++)
        g_assert_cmpint (sfumato_request_get_fields (sfumato_job_get_request (jobs->pdata[j]))->seed, ==, seeds[i][j]);
    }
}

static void
test_refuses (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr (SfumatoRequest) empty = sfumato_request_new (&(SfumatoRequestFields) { .service = "scripted", .model = "m" });
  g_autoptr (SfumatoRequest) other = sfumato_request_new (&(SfumatoRequestFields) {
    .service = "scripted", .model = "x", .prompt = "a" });
  g_autoptr (GError) error = NULL;

  g_assert_null (sfumato_queue_add (fixture->queue, empty, FALSE, &error));
  g_assert_cmpstr (sfumato_error_get_field (error), ==, "prompt");
  g_clear_error (&error);
  g_assert_null (sfumato_queue_add (fixture->queue, other, FALSE, &error));
  g_assert_cmpstr (sfumato_error_get_field (error), ==, "model");
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (fixture->queue)), ==, 0);
  g_assert_cmpuint (scripted_service_get_calls (fixture->service), ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add ("/queue/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("done", test_done);
  ADD ("at-most-so-many", test_at_most_so_many);
  ADD ("paused", test_paused);
  ADD ("order", test_order);
  ADD ("cancel", test_cancel);
  ADD ("rate", test_rate);
  ADD ("failed", test_failed);
  ADD ("account-refused", test_account_refused);
  ADD ("one-refused", test_one_refused);
  ADD ("remains", test_remains);
  ADD ("no-place-for-pictures", test_no_place_for_pictures);
  ADD ("unsaved", test_unsaved);
  ADD ("restart", test_restart);
  ADD ("remove-and-undo", test_remove_and_undo);
  ADD ("input", test_input);
  ADD ("damaged-input", test_damaged_input);
  ADD ("input-gone", test_input_gone);
  ADD ("seeds", test_seeds);
  ADD ("refuses", test_refuses);
  return g_test_run ();
}
