/* The service on this computer, against a helper that misbehaves in every way one can.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "fixture.h"
#include "local-fixture.h"

#include <dirent.h>
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

static guint
count_descriptors (void)
{
  g_autoptr (GDir) folder = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (folder) != NULL)
    n++;
  return n;
}

/* ---- a picture ---- */

typedef struct
{
  guint    n;
  guint    most_steps;
  guint    last_step;
  guint    previews;
  gboolean prepared;
  gboolean finished;
  gboolean had_time;
  double   fraction;
} Told;

static void
told_cb (const SfumatoProgress *progress,
         gpointer               user_data)
{
  Told *told = user_data;

  told->n++;
  if (progress->fraction >= 0)
    g_assert_cmpfloat (progress->fraction, >=, told->fraction);
  g_assert_cmpfloat (progress->fraction, <=, 1);
  told->fraction = MAX (progress->fraction, 0);
  told->prepared |= progress->stage == SFUMATO_STAGE_PREPARING;
  told->finished |= progress->stage == SFUMATO_STAGE_FINISHING;
  if (progress->stage == SFUMATO_STAGE_MAKING)
    {
      g_assert_cmpuint (progress->step, >=, told->last_step);
      told->last_step = progress->step;
      told->most_steps = MAX (told->most_steps, progress->n_steps);
      told->had_time |= progress->seconds_left >= 0;
    }
  if (progress->preview.rgb != NULL)
    {
      g_assert_cmpuint (g_bytes_get_size (progress->preview.rgb), ==,
                        progress->preview.width * progress->preview.height * 3);
      told->previews++;
    }
}

static GdkPixbuf *
decode (SfumatoResult *result)
{
  g_autoptr (GInputStream) stream = g_memory_input_stream_new_from_bytes (sfumato_result_get_fields (result)->bytes);
  g_autoptr (GError) error = NULL;
  GdkPixbuf *pixbuf = gdk_pixbuf_new_from_stream (stream, NULL, &error);

  g_assert_no_error (error);
  return pixbuf;
}

static void
test_picture (void)
{
  g_auto (LocalFixture) fixture = { 0 };
  g_autoptr (SfumatoResult) result = NULL;
  g_autoptr (GdkPixbuf) pixbuf = NULL;
  g_autoptr (GError) error = NULL;
  Told told = { 0 };
  const guchar *pixel;

  local_fixture_set_up (&fixture);
  result = local_fixture_generate_with (&fixture, &(SfumatoRequestFields) {
    .prompt = "ein Fuchs im Schnee, 狐", .negative_prompt = "blurry", .seed = 7, .aspect_ratio = "16:9", .size = 512,
    .steps = 12, .sampler = "heun", .guidance = 2.5 }, told_cb, &told, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (sfumato_result_get_fields (result)->seed_used, ==, 7);
  g_assert_cmpint (sfumato_result_get_fields (result)->charge, ==, SFUMATO_CHARGE_NONE);
  g_assert_cmpint (sfumato_result_get_fields (result)->finish, ==, SFUMATO_FINISH_SUCCESS);
  g_assert_cmpuint (sfumato_result_get_header (result)->width, ==, 704);
  g_assert_cmpuint (sfumato_result_get_header (result)->height, ==, 384);
  pixbuf = decode (result);
  pixel = gdk_pixbuf_read_pixels (pixbuf);
  g_assert_cmpint (pixel[0], ==, 7 * 71 % 256);
  g_assert_cmpint (pixel[1], ==, 7 * 31 % 256);
  g_assert_cmpstr (gdk_pixbuf_get_option (pixbuf, "tEXt::parameters"), ==,
                   "ein Fuchs im Schnee, 狐\nNegative prompt: blurry\nSteps: 12, Sampler: Heun, CFG scale: 2.5, Seed: 7, "
                   "Size: 704x384, Model: SD 3.5 Medium");
  g_assert_true (told.prepared && told.finished && told.had_time);
  g_assert_cmpuint (told.most_steps, ==, 12);
  g_assert_cmpuint (told.last_step, ==, 12);
  g_assert_cmpuint (told.previews, >=, 12);
  local_fixture_assert_log (&fixture, "\"guidance\": 2.5, \"height\": 384, \"id\": \"1\", \"negative\": \"blurry\", "
                                      "\"preview\": true, \"prompt\": \"ein Fuchs im Schnee, \\u72d0\", \"sampler\": \"heun\", "
                                      "\"seed\": \"7\", \"steps\": 12, \"turbo\": false, \"width\": 704");
}

static void
test_random_seeds (void)
{
  g_auto (LocalFixture) fixture = { 0 };
  gint64 seeds[3];

  local_fixture_set_up (&fixture);
  for (guint i = 0; i < G_N_ELEMENTS (seeds); i++)
    {
      g_autoptr (SfumatoResult) result = local_fixture_generate (&fixture, "a fox", NULL, NULL);

      seeds[i] = sfumato_result_get_fields (result)->seed_used;
      g_assert_cmpint (seeds[i], >, 0);
    }
  g_assert_true (seeds[0] != seeds[1] || seeds[1] != seeds[2]);
}

/* The helper stays for the next one, and another one is started for another model or device. */
static void
test_kept (void)
{
  g_auto (LocalFixture) fixture = { 0 };
  g_autofree char *other = NULL;

  local_fixture_set_up (&fixture);
  other = local_fixture_add_model (&fixture, "other.json", "{}", NULL);
  local_fixture_make (&fixture, "a fox");
  local_fixture_make (&fixture, "a hare");
  g_assert_cmpuint (local_fixture_count (&fixture, "start"), ==, 1);
  g_assert_cmpuint (local_fixture_count (&fixture, "load"), ==, 1);
  sfumato_local_service_set_device (fixture.local, "vulkan0");
  local_fixture_make (&fixture, "a hare");
  g_assert_cmpuint (local_fixture_count (&fixture, "start"), ==, 2);
  local_fixture_assert_log (&fixture, "\"device\": \"vulkan0\"");
  g_set_str (&fixture.model, other);
  local_fixture_make (&fixture, "a hare");
  g_assert_cmpuint (local_fixture_count (&fixture, "start"), ==, 3);
  sfumato_local_service_set_keep_minutes (fixture.local, 0);
  local_fixture_make (&fixture, "a hare");
  local_fixture_make (&fixture, "a hare");
  g_assert_cmpuint (local_fixture_count (&fixture, "start"), ==, 4);
  local_fixture_assert_none_left (&fixture);
}

/* What happened to it while nobody looked is nobody's concern. */
static void
test_killed_between (void)
{
  g_auto (LocalFixture) fixture = { 0 };

  local_fixture_set_up (&fixture);
  local_fixture_make (&fixture, "a fox");
  g_assert_cmpint (kill (local_fixture_last_pid (&fixture), SIGKILL), ==, 0);
  local_fixture_make (&fixture, "a hare");
  g_assert_cmpuint (local_fixture_count (&fixture, "start"), ==, 2);
}

static void
test_input (void)
{
  g_auto (LocalFixture) fixture = { 0 };
  g_autoptr (SfumatoInput) input = make_input (320, 200, "png");
  g_autoptr (SfumatoResult) result = NULL;
  g_autoptr (GdkPixbuf) pixbuf = NULL;
  g_autoptr (GError) error = NULL;

  local_fixture_set_up (&fixture);
  result = local_fixture_generate_with (&fixture, &(SfumatoRequestFields) {
    .prompt = "a fox", .input = input, .strength = 0.25, .size = 512 }, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  /* The stand-in gives back the colour of the first pixel it got; 16:10 of 512 × 512. */
  pixbuf = decode (result);
  g_assert_cmpint (gdk_pixbuf_get_width (pixbuf), ==, 640);
  g_assert_cmpint (gdk_pixbuf_get_height (pixbuf), ==, 384);
  g_assert_cmphex (gdk_pixbuf_read_pixels (pixbuf)[0], ==, 0x7a);
  g_assert_cmphex (gdk_pixbuf_read_pixels (pixbuf)[2], ==, 0x30);
  local_fixture_assert_log (&fixture, "\"strength\": 0.25");
}

static void
test_cut (void)
{
  static const struct { const char *prompt, *t5, *word; } cases[] = {
    { "clip", "{}", "left out" },
    { "clip", "{\"t5\":true}", "one of the model’s three" },
    { "both", "{\"t5\":true}", "left out" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (LocalFixture) fixture = { 0 };
      g_autofree char *model = NULL;
      g_autoptr (SfumatoResult) result = NULL;

      local_fixture_set_up (&fixture);
      model = local_fixture_add_model (&fixture, "other.json", cases[i].t5, NULL);
      g_set_str (&fixture.model, model);
      result = local_fixture_generate (&fixture, cases[i].prompt, NULL, NULL);
      g_assert_cmpint (sfumato_result_get_fields (result)->finish, ==, SFUMATO_FINISH_OTHER);
      g_assert_nonnull (strstr (sfumato_result_get_fields (result)->finish_word, cases[i].word));
    }
}

/* ---- failures ---- */

static const struct
{
  const char       *prompt;
  SfumatoErrorCode  code;
  const char       *words;   /* of the sentence */
  gboolean          stays;   /* the same process makes the next picture */
} failures[] = {
  { "crash", SFUMATO_ERROR_ENGINE, "ended unexpectedly", FALSE },
  { "killed", SFUMATO_ERROR_ENGINE, "memory runs out", FALSE },
  { "leave", SFUMATO_ERROR_ENGINE, "ended unexpectedly", FALSE },
  { "hang", SFUMATO_ERROR_ENGINE, "did not answer", FALSE },
  { "long", SFUMATO_ERROR_ENGINE, "more than it can have to say", FALSE },
  { "garbage", SFUMATO_ERROR_ENGINE, "cannot be understood", FALSE },
  { "array", SFUMATO_ERROR_ENGINE, "cannot be understood", FALSE },
  { "typeless", SFUMATO_ERROR_ENGINE, "cannot be understood", FALSE },
  { "unknown", SFUMATO_ERROR_ENGINE, "cannot be understood", FALSE },
  { "deep", SFUMATO_ERROR_ENGINE, "cannot be understood", FALSE },
  { "nul", SFUMATO_ERROR_ENGINE, "cannot be understood", FALSE },
  { "foreign", SFUMATO_ERROR_ENGINE, "cannot be understood", FALSE },
  { "small", SFUMATO_ERROR_ENGINE, "cannot be understood", FALSE },
  { "empty", SFUMATO_ERROR_ENGINE, "cannot be understood", FALSE },
  { "short", SFUMATO_ERROR_ENGINE, "cannot be understood", FALSE },
  { "seedless", SFUMATO_ERROR_ENGINE, "cannot be understood", FALSE },
  { "negative-cut", SFUMATO_ERROR_ENGINE, "cannot be understood", FALSE },
  { "flood", SFUMATO_ERROR_ENGINE, "cannot be understood", FALSE },
  { "memory", SFUMATO_ERROR_ENGINE, "not enough memory", TRUE },
  { "model", SFUMATO_ERROR_ENGINE, "cannot be used", TRUE },
  { "request", SFUMATO_ERROR_INVALID, "does not take these settings", TRUE },
  { "numbers", SFUMATO_ERROR_ENGINE, "another seed", TRUE },
  { "other", SFUMATO_ERROR_ENGINE, "could not be made", TRUE },
  { "novel", SFUMATO_ERROR_ENGINE, "could not be made", TRUE },
};

/* One sentence, nothing charged, nothing left behind, and the next picture is made. */
static void
test_failures (void)
{
  g_auto (LocalFixture) fixture = { 0 };
  guint descriptors;

  local_fixture_set_up (&fixture);
  local_fixture_make (&fixture, "a fox");
  descriptors = count_descriptors ();
  for (guint i = 0; i < G_N_ELEMENTS (failures); i++)
    {
      guint starts = local_fixture_count (&fixture, "start");
      g_autoptr (GError) error = NULL;
      gboolean hangs = g_str_equal (failures[i].prompt, "hang");

      sfumato_local_service_set_times (fixture.local, LOCAL_TIME, hangs ? 5 * G_USEC_PER_SEC : 10 * LOCAL_TIME, LOCAL_TIME);
      g_test_message ("%s", failures[i].prompt);
      g_assert_null (local_fixture_generate (&fixture, failures[i].prompt, NULL, &error));
      check_error (error);
      g_assert_error (error, SFUMATO_ERROR, (int) failures[i].code);
      g_assert_cmpint (sfumato_error_get_charge (error), ==, SFUMATO_CHARGE_NONE);
      g_assert_nonnull (strstr (error->message, failures[i].words));
      local_fixture_make (&fixture, "a fox");
      g_assert_cmpuint (local_fixture_count (&fixture, "start"), ==, starts + !failures[i].stays);
    }
  g_assert_cmpuint (count_descriptors (), ==, descriptors);
  local_fixture_end_all (&fixture);
  local_fixture_assert_none_left (&fixture);
}

/* Its last words are for whoever mends it. */
static void
test_last_words (void)
{
  g_auto (LocalFixture) fixture = { 0 };
  g_autoptr (GError) error = NULL;

  local_fixture_set_up (&fixture);
  g_assert_null (local_fixture_generate (&fixture, "leave", NULL, &error));
  g_assert_nonnull (strstr (sfumato_error_get_details (error), "exit status 3"));
  g_assert_nonnull (strstr (sfumato_error_get_details (error), "has had enough"));
}

static void
test_shut (void)
{
  g_auto (LocalFixture) fixture = { 0 };
  g_autoptr (GError) error = NULL;

  local_fixture_set_up (&fixture);
  g_assert_null (local_fixture_generate (&fixture, "shut", NULL, &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_ENGINE);
  local_fixture_assert_none_left (&fixture);
}

/* On the processor a helper says that it works, and a hang is found before there is a step. */
static void
test_steady (void)
{
  g_auto (LocalFixture) fixture = { 0 };
  g_autoptr (GError) error = NULL;
  gint64 began;

  local_fixture_set_up (&fixture);
  sfumato_local_service_set_device (fixture.local, "cpu");
  sfumato_local_service_set_times (fixture.local, LOCAL_TIME, 40 * G_USEC_PER_SEC, LOCAL_TIME);
  local_fixture_make (&fixture, "steady");
  began = g_get_monotonic_time ();
  g_assert_null (local_fixture_generate (&fixture, "hang", NULL, &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_ENGINE);
  g_assert_nonnull (strstr (error->message, "did not answer"));
  g_assert_cmpint (g_get_monotonic_time () - began, <, 20 * G_USEC_PER_SEC);
  local_fixture_assert_none_left (&fixture);
}

/* On a card steps show how long a silence is no hang. */
static void
test_silence (void)
{
  g_auto (LocalFixture) fixture = { 0 };
  g_autoptr (GError) error = NULL;
  gint64 began;

  local_fixture_set_up (&fixture);
  sfumato_local_service_set_device (fixture.local, "vulkan0");
  sfumato_local_service_set_times (fixture.local, LOCAL_TIME, 18 * G_USEC_PER_SEC, LOCAL_TIME);
  local_fixture_make (&fixture, "uneven");
  began = g_get_monotonic_time ();
  g_assert_null (local_fixture_generate (&fixture, "stall", NULL, &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_ENGINE);
  g_assert_nonnull (strstr (error->message, "did not answer"));
  g_assert_cmpint (g_get_monotonic_time () - began, <, 15 * G_USEC_PER_SEC);
  local_fixture_assert_none_left (&fixture);
}

/* ---- cancelling ---- */

typedef struct
{
  LocalFixture *fixture;
  const char   *prompt;
  GCancellable *cancellable;
  GError       *error;
} Errand;

static gpointer
generate_thread (gpointer data)
{
  Errand *errand = data;

  g_assert_null (local_fixture_generate (errand->fixture, errand->prompt, errand->cancellable, &errand->error));
  return NULL;
}

static void
check_cancelled (LocalFixture *fixture,
                 const char   *prompt)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Errand errand = { .fixture = fixture, .prompt = prompt, .cancellable = cancellable };
  guint before = local_fixture_count (fixture, "generate");
  GThread *thread = g_thread_new ("generate", generate_thread, &errand);
  gint64 began;

  local_fixture_wait (fixture, "generate", before + 1);
  began = g_get_monotonic_time ();
  g_cancellable_cancel (cancellable);
  g_thread_join (thread);
  g_assert_cmpint (g_get_monotonic_time () - began, <, LOCAL_TIME);
  g_assert_error (errand.error, SFUMATO_ERROR, SFUMATO_ERROR_CANCELLED);
  check_error (errand.error);
  g_clear_error (&errand.error);
}

static void
test_cancel (void)
{
  g_auto (LocalFixture) fixture = { 0 };

  local_fixture_set_up (&fixture);
  sfumato_local_service_set_times (fixture.local, LOCAL_TIME, 10 * LOCAL_TIME, G_USEC_PER_SEC / 2);
  check_cancelled (&fixture, "wait");
  local_fixture_make (&fixture, "a fox");
  /* It obeyed, and so it stays. */
  g_assert_cmpuint (local_fixture_count (&fixture, "start"), ==, 1);
  check_cancelled (&fixture, "hang");
  local_fixture_make (&fixture, "a fox");
  g_assert_cmpuint (local_fixture_count (&fixture, "start"), ==, 2);
  check_cancelled (&fixture, "flood");
  local_fixture_make (&fixture, "a fox");
  g_assert_cmpuint (local_fixture_count (&fixture, "start"), ==, 3);
  local_fixture_end_all (&fixture);
  local_fixture_assert_none_left (&fixture);
}

/* Who waits for another's picture can leave the line. */
static void
test_cancel_in_line (void)
{
  g_auto (LocalFixture) fixture = { 0 };
  g_autoptr (GCancellable) first = g_cancellable_new ();
  g_autoptr (GCancellable) second = g_cancellable_new ();
  Errand front = { .fixture = &fixture, .prompt = "wait", .cancellable = first };
  Errand back = { .fixture = &fixture, .prompt = "a fox", .cancellable = second };
  GThread *front_thread, *back_thread;

  local_fixture_set_up (&fixture);
  front_thread = g_thread_new ("front", generate_thread, &front);
  local_fixture_wait (&fixture, "generate", 1);
  back_thread = g_thread_new ("back", generate_thread, &back);
  g_cancellable_cancel (second);
  g_thread_join (back_thread);
  g_assert_error (back.error, SFUMATO_ERROR, SFUMATO_ERROR_CANCELLED);
  g_cancellable_cancel (first);
  g_thread_join (front_thread);
  g_assert_error (front.error, SFUMATO_ERROR, SFUMATO_ERROR_CANCELLED);
  g_assert_cmpuint (local_fixture_count (&fixture, "generate"), ==, 1);
  g_clear_error (&back.error);
  g_clear_error (&front.error);
}

/* ---- loading ---- */

static void
test_load_failures (void)
{
  static const struct { const char *model, *words; } cases[] = {
    { "no JSON", "no model" },
    { "{\"load\":\"error\"}", "CLIP-G is missing" },
    { "{\"load\":\"garbage\"}", "cannot be understood" },
    { "{\"load\":\"crash\"}", "ended unexpectedly" },
    { "{\"load\":\"hang\"}", "did not answer" },
  };
  g_auto (LocalFixture) fixture = { 0 };

  local_fixture_set_up (&fixture);
  sfumato_local_service_set_times (fixture.local, 3 * G_USEC_PER_SEC, 10 * LOCAL_TIME, LOCAL_TIME);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = local_fixture_write (&fixture, "bad.json", cases[i].model);
      const char *paths[] = { path, NULL };
      g_autoptr (GError) inspecting = NULL;
      g_autoptr (GError) making = NULL;

      g_test_message ("%s", cases[i].model);
      g_assert_null (sfumato_local_service_inspect (fixture.local, paths, NULL, &inspecting));
      check_error (inspecting);
      g_assert_nonnull (strstr (inspecting->message, cases[i].words));

      /* A model that was good when it was added. */
      g_free (local_fixture_write (&fixture, "model.json", cases[i].model));
      g_assert_null (local_fixture_generate (&fixture, "a fox", NULL, &making));
      check_error (making);
      g_assert_error (making, SFUMATO_ERROR, SFUMATO_ERROR_ENGINE);
      g_assert_nonnull (strstr (making->message, cases[i].words));
      g_free (local_fixture_write (&fixture, "model.json", "{}"));
      local_fixture_make (&fixture, "a fox");
      local_fixture_end_all (&fixture);
    }
  local_fixture_assert_none_left (&fixture);
}

static void
test_program_failures (void)
{
  static const struct { const char *program, *words; } cases[] = {
    { "/no/such/program", "could not be started" },
    { "/etc/passwd", "could not be started" },
    { "/bin/true", "ended unexpectedly" },
    { "/bin/cat", "did not answer" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (LocalFixture) fixture = { 0 };
      g_autoptr (SfumatoService) service = NULL;
      g_autoptr (SfumatoRequest) request = NULL;
      g_autoptr (GError) making = NULL;
      g_autoptr (GError) asking = NULL;

      g_test_message ("%s", cases[i].program);
      local_fixture_set_up (&fixture);
      service = sfumato_local_service_new (fixture.list, cases[i].program);
      sfumato_local_service_set_times (SFUMATO_LOCAL_SERVICE (service), G_USEC_PER_SEC / 2, 10 * LOCAL_TIME, LOCAL_TIME);
      request = sfumato_request_new (&(SfumatoRequestFields) { .model = fixture.model, .prompt = "a fox" });
      g_assert_null (sfumato_service_generate (service, request, NULL, NULL, NULL, NULL, &making));
      check_error (making);
      g_assert_error (making, SFUMATO_ERROR, SFUMATO_ERROR_ENGINE);
      g_assert_nonnull (strstr (making->message, cases[i].words));
      g_assert_null (sfumato_local_service_list_devices (SFUMATO_LOCAL_SERVICE (service), NULL, &asking));
      check_error (asking);
    }
}

static void
test_devices (void)
{
  g_auto (LocalFixture) fixture = { 0 };
  g_autoptr (GPtrArray) devices = NULL;
  const SfumatoLocalDevice *card;
  g_autoptr (GError) error = NULL;

  local_fixture_set_up (&fixture);
  devices = sfumato_local_service_list_devices (fixture.local, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (devices->len, ==, 2);
  card = g_ptr_array_index (devices, 1);
  g_assert_cmpstr (card->name, ==, "Paintbrush 9000");
  g_assert_true (card->gpu);
  g_assert_cmpuint (card->memory_free, ==, G_GUINT64_CONSTANT (4) << 30);
  local_fixture_assert_none_left (&fixture);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/local/picture", test_picture);
  g_test_add_func ("/local/random-seeds", test_random_seeds);
  g_test_add_func ("/local/kept", test_kept);
  g_test_add_func ("/local/killed-between", test_killed_between);
  g_test_add_func ("/local/input", test_input);
  g_test_add_func ("/local/cut", test_cut);
  g_test_add_func ("/local/failures", test_failures);
  g_test_add_func ("/local/last-words", test_last_words);
  g_test_add_func ("/local/shut", test_shut);
  g_test_add_func ("/local/steady", test_steady);
  g_test_add_func ("/local/silence", test_silence);
  g_test_add_func ("/local/cancel", test_cancel);
  g_test_add_func ("/local/cancel-in-line", test_cancel_in_line);
  g_test_add_func ("/local/load-failures", test_load_failures);
  g_test_add_func ("/local/program-failures", test_program_failures);
  g_test_add_func ("/local/devices", test_devices);
  return g_test_run ();
}
