/* The whole way on this computer: the service, the real process, and a tiny model with everything in it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "whole.h"

#include "domain/sfumato-error.h"
#include "services/local/sfumato-local.h"

#include <errno.h>
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <string.h>

#define STEPS 3

typedef struct
{
  SfumatoService      *service; /* owned */
  SfumatoLocalService *local;   /* the same */
  char                *model;   /* owned: id of "all.safetensors" */
} Fixture;

static SfumatoLocalModel *
inspect (Fixture    *fixture,
         const char *name)
{
  g_autofree char *path = whole_path (name);
  g_autoptr (GError) error = NULL;
  SfumatoLocalModel *model = sfumato_local_service_inspect (fixture->local, (const char *[]) { path, NULL }, NULL, &error);

  g_assert_no_error (error);
  return model;
}

static void
set_up (Fixture *fixture)
{
  g_autofree char *list = NULL;
  g_autofree char *vocabulary = NULL;
  g_autofree char *bytes = NULL;
  g_autoptr (SfumatoLocalModel) model = NULL;
  gsize size;

  whole_set_up ();
  whole_write_models ();
  list = whole_path ("list/models.json");
  vocabulary = whole_path ("spiece.model");
  g_assert_true (g_file_get_contents (FIXTURES "/unigram.model", &bytes, &size, NULL));
  g_assert_true (g_file_set_contents (vocabulary, bytes, (gssize) size, NULL));
  fixture->service = sfumato_local_service_new (list, ENGINE);
  fixture->local = SFUMATO_LOCAL_SERVICE (fixture->service);
  sfumato_local_service_set_device (fixture->local, tiny_device ());
  model = inspect (fixture, "all.safetensors");
  g_assert_true (sfumato_local_service_add (fixture->local, model, "Tiny", FALSE, NULL));
  fixture->model = g_strdup (model->id);
}

static void
tear_down (Fixture *fixture)
{
  g_clear_object (&fixture->service);
  g_clear_pointer (&fixture->model, g_free);
  whole_tear_down ();
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, tear_down)

static guint
smallest_side (Fixture *fixture)
{
  return sfumato_service_find_model (fixture->service, fixture->model)->sizes[0];
}

static SfumatoRequest *
make_request (Fixture *fixture,
              guint    steps)
{
  return sfumato_request_new (&(SfumatoRequestFields) {
    .service = "local", .model = fixture->model, .prompt = "a lighthouse in the fog", .negative_prompt = "glass", .seed = 7,
    .guidance = 3, .steps = steps, .size = smallest_side (fixture) });
}

typedef struct
{
  guint    steps;
  guint    previews;
  gboolean finished;
} Told;

static void
told_cb (const SfumatoProgress *progress,
         gpointer               user_data)
{
  Told *told = user_data;

  told->steps = MAX (told->steps, progress->step);
  told->previews += progress->preview.rgb != NULL;
  told->finished |= progress->stage == SFUMATO_STAGE_FINISHING;
}

/* What the engine makes of the same in this process. */
static guint8 *
expected_picture (guint side)
{
  sd3_engine *engine = whole_open_good ("all.safetensors");
  sd3_request request = whole_request (engine);
  sd3_error error = { "" };
  sd3_picture picture;

  request.width = request.height = (int) side;
  request.steps = STEPS;
  if (!sd3_generate (engine, &request, &picture, &error))
    g_error ("%s", error.text);
  sd3_close (engine);
  return picture.rgb;
}

/* Another number of threads may round otherwise, and no more than that. */
static void
compare (GdkPixbuf    *pixbuf,
         const guint8 *expected,
         guint         side)
{
  g_assert_cmpint (gdk_pixbuf_get_width (pixbuf), ==, side);
  g_assert_cmpint (gdk_pixbuf_get_height (pixbuf), ==, side);
  for (guint y = 0; y < side; y++)
    for (guint x = 0; x < side * 3; x++)
      {
        int is = gdk_pixbuf_read_pixels (pixbuf)[y * gdk_pixbuf_get_rowstride (pixbuf) + x];

        g_assert_cmpint (ABS (is - expected[y * side * 3 + x]), <=, 2);
      }
}

static void
test_picture (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (SfumatoRequest) request = NULL;
  g_autoptr (SfumatoResult) result = NULL;
  g_autoptr (GInputStream) stream = NULL;
  g_autoptr (GdkPixbuf) pixbuf = NULL;
  g_autoptr (GError) error = NULL;
  guint8 *expected;
  Told told = { 0 };

  set_up (&fixture);
  request = make_request (&fixture, STEPS);
  result = sfumato_service_generate (fixture.service, request, NULL, told_cb, &told, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (told.steps, ==, STEPS);
  g_assert_cmpuint (told.previews, >=, STEPS);
  g_assert_true (told.finished);
  g_assert_cmpint (sfumato_result_get_fields (result)->seed_used, ==, 7);
  stream = g_memory_input_stream_new_from_bytes (sfumato_result_get_fields (result)->bytes);
  pixbuf = gdk_pixbuf_new_from_stream (stream, NULL, &error);
  g_assert_no_error (error);
  expected = expected_picture (smallest_side (&fixture));
  compare (pixbuf, expected, smallest_side (&fixture));
  free (expected);
}

static void
test_what_it_is (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (SfumatoLocalModel) file = NULL;
  g_autoptr (SfumatoLocalModel) folder = NULL;
  g_autoptr (GPtrArray) devices = NULL;
  g_autoptr (GError) error = NULL;

  set_up (&fixture);
  file = inspect (&fixture, "all.safetensors");
  g_assert_true (file->clip_l && file->clip_g && file->t5 && file->encoder);
  g_assert_nonnull (file->t5_vocabulary);
  g_assert_cmpuint (file->memory_needed, >, 0);
  g_assert_cmpuint (file->file_size, >, 0);
  folder = inspect (&fixture, "folder");
  g_assert_true (folder->t5);
  devices = sfumato_local_service_list_devices (fixture.local, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (devices->len, >, 0);
}

static void
test_what_is_no_model (void)
{
  g_auto (Fixture) fixture = { 0 };
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;

  set_up (&fixture);
  path = whole_path ("broken.safetensors");
  g_assert_true (g_file_set_contents (path, "no model at all", -1, NULL));
  g_assert_null (sfumato_local_service_inspect (fixture.local, (const char *[]) { path, NULL }, NULL, &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_ENGINE);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "broken.safetensors"));
}

static void
cancel_cb (const SfumatoProgress *progress,
           gpointer               user_data)
{
  if (progress->step == 1)
    g_cancellable_cancel (user_data);
}

/* It stops within a step's part, and the same process makes the next one, also from a thread that has ended since: the
 * process may not end with whoever happened to start it. */
static gpointer
cancel_and_make (gpointer data)
{
  Fixture *fixture = data;
  g_autoptr (SfumatoRequest) endless = make_request (fixture, 100);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_assert_null (sfumato_service_generate (fixture->service, endless, NULL, cancel_cb, cancellable, cancellable, &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_CANCELLED);
  return NULL;
}

static void
test_cancel_and_threads (void)
{
  g_auto (Fixture) fixture = { 0 };

  set_up (&fixture);
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (SfumatoRequest) request = make_request (&fixture, 1);
      g_autoptr (SfumatoResult) result = NULL;
      g_autoptr (GError) error = NULL;

      g_thread_join (g_thread_new ("generate", cancel_and_make, &fixture));
      result = sfumato_service_generate (fixture.service, request, NULL, NULL, NULL, NULL, &error);
      g_assert_no_error (error);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/picture", test_picture);
  g_test_add_func ("/service/what-it-is", test_what_it_is);
  g_test_add_func ("/service/what-is-no-model", test_what_is_no_model);
  g_test_add_func ("/service/cancel-and-threads", test_cancel_and_threads);
  return g_test_run ();
}
