/* Whatever ends, stops or starves the engine, and whenever: one sentence, nothing left behind, and the next picture is the one
 * it always was. The real service and the real process.
 *
 *   SFUMATO_ROUNDS=300 SFUMATO_STARTER_MODEL=… test-ends -p /ends/at-any-moment
 *
 * tries many more of these at random, here with the starter model instead of a tiny one; --seed repeats a run.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "whole.h"

#include "domain/sfumato-error.h"
#include "services/local/sfumato-local.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define PATIENCE (3 * G_USEC_PER_SEC) /* with one that is stopped */
#define LONG     (120 * G_USEC_PER_SEC)

typedef enum { KILLED, CRASHED, STOPPED, STARVED, CANCELLED, N_ENDS } End;
typedef enum { AT_START, IN_TEXT, IN_STEPS, IN_DECODING, AT_ANY_TIME } Moment;

static const char *const end_names[] = { "killed", "crashed", "stopped", "starved", "cancelled" };

static struct
{
  SfumatoService      *service;     /* owned */
  SfumatoLocalService *local;       /* the same */
  char                *model;       /* owned: id */
  guint                size, steps; /* of a picture */
  GBytes              *expected;    /* owned: a good picture */
  gint64               duration;    /* of one, with a fresh process */
  guint                descriptors; /* without a process */
} fixture;

/* What happens in one picture. */
typedef struct
{
  End           end;
  Moment        moment;
  gint64        delay;       /* microseconds, at any time */
  GCancellable *cancellable; /* owned */
  gint          over;        /* atomic: the picture */
  gboolean      done;
} Event;

/* ---- Processes ----------------------------------------------------------------------------------------------- */

/* 0 where there is none; a zombie is one too. */
static GPid
find_child (void)
{
  g_autoptr (GDir) folder = g_dir_open ("/proc", 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (folder)))
    {
      g_autofree char *path = g_build_filename ("/proc", name, "stat", NULL), *text = NULL;
      const char *rest = g_ascii_isdigit (*name) && g_file_get_contents (path, &text, NULL, NULL) ? strrchr (text, ')') : NULL;

      if (rest && atoi (rest + 4) == getpid ())
        return atoi (name);
    }
  return 0;
}

static void
limit_memory (GPid   pid,
              rlim_t more)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/statm", pid), *text = NULL;

  if (g_file_get_contents (path, &text, NULL, NULL))
    prlimit (pid, RLIMIT_AS, &(struct rlimit) { more == RLIM_INFINITY ? more : strtoull (text, NULL, 10) * 4096 + more, RLIM_INFINITY }, NULL);
}

static void
happen (Event *event)
{
  GPid pid = find_child ();

  event->done = TRUE;
  if (event->end == CANCELLED)
    g_cancellable_cancel (event->cancellable);
  else if (pid == 0)
    return;
  else if (event->end == STARVED)
    limit_memory (pid, 256 << 10);
  else
    kill (pid, event->end == KILLED ? SIGKILL : event->end == CRASHED ? SIGABRT : SIGSTOP);
}

/* ---- Pictures ------------------------------------------------------------------------------------------------ */

static gboolean
is_now (const Event           *event,
        const SfumatoProgress *progress)
{
  switch (event->moment)
    {
    case IN_TEXT:
      return progress->stage == SFUMATO_STAGE_PREPARING && progress->fraction >= 0;
    case IN_STEPS:
      return progress->stage == SFUMATO_STAGE_MAKING && progress->step == 1;
    case IN_DECODING:
      return progress->stage == SFUMATO_STAGE_FINISHING;
    default:
      return FALSE;
    }
}

static void
progress_cb (const SfumatoProgress *progress,
             gpointer               user_data)
{
  Event *event = user_data;

  if (!event->done && is_now (event, progress))
    happen (event);
}

/* As soon as there is a process, or after a while. */
static gpointer
wait_thread (gpointer user_data)
{
  Event *event = user_data;

  if (event->moment == AT_ANY_TIME)
    g_usleep ((gulong) event->delay);
  while (event->moment == AT_START && find_child () == 0 && !g_atomic_int_get (&event->over))
    g_usleep (500);
  happen (event);
  return NULL;
}

static GBytes *
make (Event   *event,
      GError **error)
{
  g_autoptr (SfumatoRequest) request = sfumato_request_new (&(SfumatoRequestFields) {
    .service = "local", .model = fixture.model, .prompt = "a red house", .seed = 7, .guidance = 3, .steps = fixture.steps, .size = fixture.size });
  g_autoptr (SfumatoResult) result = sfumato_service_generate (fixture.service, request, NULL, event ? progress_cb : NULL, event,
                                                               event ? event->cancellable : NULL, error);

  return result ? g_bytes_ref (sfumato_result_get_fields (result)->bytes) : NULL;
}

/* The folder for what a driver compiles is there, and empty without a card. */
static void
check_empty (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (!g_file_test (path, G_FILE_TEST_IS_DIR))
        g_error ("“%s” is left behind", path);
      check_empty (path);
    }
}

static guint
count_descriptors (void)
{
  g_autoptr (GDir) descriptors = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (descriptors))
    n++;
  return n;
}

/* GLib has a thread that closes what it knew an ended process by; that may come a little later. */
static void
check_nothing_left (void)
{
  g_autofree char *home = whole_path ("home");
  gint64 until = g_get_monotonic_time () + LONG;

  check_empty (home);
  while (fixture.descriptors > 0 && count_descriptors () > fixture.descriptors && g_get_monotonic_time () < until)
    g_usleep (1000);
  if (fixture.descriptors > 0)
    g_assert_cmpuint (count_descriptors (), <=, fixture.descriptors);
  g_assert_cmpint (find_child (), ==, 0);
}

/* With a process of its own, of which nothing stays. */
static void
make_good (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) picture = NULL;

  sfumato_local_service_set_keep_minutes (fixture.local, 0);
  picture = make (NULL, &error);
  g_assert_no_error (error);
  if (!fixture.expected)
    fixture.expected = g_bytes_ref (picture);
  g_assert_true (g_bytes_equal (picture, fixture.expected));
  check_nothing_left ();
}

static void
check_sentence (const GError *error,
                End           end)
{
  g_test_message ("%s", error->message);
  if (end == CANCELLED && error->code == SFUMATO_ERROR_CANCELLED)
    return;
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_ENGINE);
  g_assert_true (g_str_has_suffix (error->message, ".") && !strchr (error->message, '\n'));
  g_assert_cmpint (sfumato_error_get_charge (error), ==, SFUMATO_CHARGE_NONE);
}

/* A process that was kept may only be found to be stopped or starved by the next picture: what held it is taken away. */
static void
relieve (void)
{
  GPid pid = find_child ();

  if (pid == 0)
    return;
  limit_memory (pid, RLIM_INFINITY);
  kill (pid, SIGCONT);
}

static gboolean
try_end (End    end,
         Moment moment,
         gint64 delay)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Event event = { .end = end, .moment = moment, .delay = delay, .cancellable = cancellable };
  GThread *thread = moment == AT_START || moment == AT_ANY_TIME ? g_thread_new ("event", wait_thread, &event) : NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) picture = NULL;

  if (end == STOPPED)
    sfumato_local_service_set_times (fixture.local, PATIENCE, 10 * PATIENCE, PATIENCE);
  picture = make (&event, &error);
  g_atomic_int_set (&event.over, 1);
  if (thread)
    g_thread_join (thread);
  g_assert_true (event.done);
  g_assert_true (!picture == !!error);
  if (error)
    check_sentence (error, end);
  else
    g_assert_true (g_bytes_equal (picture, fixture.expected));
  relieve ();
  sfumato_local_service_set_times (fixture.local, LONG, 10 * LONG, LONG);
  make_good ();
  return error != NULL;
}

/* ---- Tests --------------------------------------------------------------------------------------------------- */

/* Once it has begun to decode it may be too late, and how much memory is enough nobody knows. */
static void
test_some_moments (void)
{
  static const struct { End end; Moment moment; gboolean fails; } cases[] = {
    { KILLED, AT_START, TRUE }, { KILLED, IN_TEXT, TRUE }, { KILLED, IN_STEPS, TRUE }, { KILLED, IN_DECODING, FALSE },
    { STARVED, AT_START, FALSE }, { STARVED, IN_TEXT, FALSE }, { STOPPED, AT_START, TRUE }, { STOPPED, IN_STEPS, TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gboolean failed;

      g_test_message ("%s, moment %d", end_names[cases[i].end], cases[i].moment);
      failed = try_end (cases[i].end, cases[i].moment, 0);
      g_assert_true (failed || !cases[i].fails);
    }
}

static void
test_any_moment (void)
{
  const char *rounds = g_getenv ("SFUMATO_ROUNDS");
  guint n_failed[N_ENDS] = { 0 }, n[N_ENDS] = { 0 };

  for (int i = 0; i < (rounds ? atoi (rounds) : 2); i++)
    {
      End end = (End) g_test_rand_int_range (0, N_ENDS);
      gint64 delay = (gint64) g_test_rand_double_range (0, 1.2 * (double) fixture.duration);

      g_test_message ("round %d: %s after %d ms", i, end_names[end], (int) (delay / 1000));
      sfumato_local_service_set_keep_minutes (fixture.local, (guint) g_test_rand_int_range (0, 2));
      n[end]++;
      n_failed[end] += try_end (end, AT_ANY_TIME, delay);
    }
  for (End end = 0; end < N_ENDS; end++)
    g_test_message ("%s: %u times, %u pictures the fewer", end_names[end], n[end], n_failed[end]);
}

/* ---- Beginning and end --------------------------------------------------------------------------------------- */

static void
add_tiny_model (void)
{
  g_autofree char *vocabulary = whole_path ("spiece.model"), *path = whole_path ("all.safetensors"), *bytes = NULL;
  g_autoptr (SfumatoLocalModel) model = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  whole_write_models ();
  g_assert_true (g_file_get_contents (FIXTURES "/unigram.model", &bytes, &size, NULL));
  g_assert_true (g_file_set_contents (vocabulary, bytes, (gssize) size, NULL));
  model = sfumato_local_service_inspect (fixture.local, (const char *[]) { path, NULL }, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (sfumato_local_service_add (fixture.local, model, "Tiny", FALSE, NULL));
  fixture.model = g_strdup (model->id);
}

static void
set_up (void)
{
  g_autofree char *list = whole_path ("list/models.json");
  const char *starter = g_getenv ("SFUMATO_STARTER_MODEL");
  gint64 began;

  fixture.service = sfumato_local_service_new (list, ENGINE);
  fixture.local = SFUMATO_LOCAL_SERVICE (fixture.service);
  sfumato_local_service_set_device (fixture.local, "cpu");
  sfumato_local_service_set_times (fixture.local, LONG, 10 * LONG, LONG);
  if (starter && *starter)
    fixture.model = g_strdup ("starter");
  else
    add_tiny_model ();
  fixture.size = sfumato_service_find_model (fixture.service, fixture.model)->sizes[0];
  fixture.steps = 8;
  make_good ();
  began = g_get_monotonic_time ();
  make_good ();
  fixture.duration = g_get_monotonic_time () - began;
  fixture.descriptors = count_descriptors ();
}

/* All of it in one folder, so that what is left there shows. */
static void
move_home (void)
{
  static const char *const names[] = { "HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR" };
  g_autofree char *home = whole_path ("home");

  g_assert_cmpint (g_mkdir (home, 0700), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    g_setenv (names[i], home, TRUE);
  g_assert_cmpint (chdir (home), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  whole_set_up ();
  move_home ();
  set_up ();
  g_test_add_func ("/ends/at-some-moments", test_some_moments);
  g_test_add_func ("/ends/at-any-moment", test_any_moment);
  status = g_test_run ();
  g_clear_object (&fixture.service);
  g_clear_pointer (&fixture.model, g_free);
  g_clear_pointer (&fixture.expected, g_bytes_unref);
  whole_tear_down ();
  return status;
}
