/* The form: what may be asked for, what it costs, and why not yet. Without a window, over a real studio that never
 * touches the network.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "domain/sfumato-error.h"
#include "ui/create/sfumato-form.h"

typedef struct
{
  SfumatoStudio *studio;
  SfumatoForm   *form;
} Fixture;

static void
set_up (Fixture       *f,
        gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  f->studio = sfumato_studio_new (NULL, &error);
  g_assert_no_error (error);
  f->form = sfumato_form_new (f->studio);
}

static void
tear_down (Fixture       *f,
           gconstpointer  data)
{
  g_object_unref (f->form);
  sfumato_studio_close (f->studio);
  g_object_unref (f->studio);
}

static void
fill (SfumatoForm *form,
      const char  *model)
{
  g_object_set (form, "service", "stability", "model", model, "prompt", "a red fox in snow", NULL);
}

static void
assert_need (SfumatoForm     *form,
             SfumatoFormNeed  need,
             const char      *part)
{
  g_autofree char *reason = NULL;

  g_assert_cmpint (sfumato_form_get_need (form, &reason), ==, need);
  if (part == NULL)
    g_assert_null (reason);
  else if (reason == NULL || strstr (reason, part) == NULL)
    g_error ("the reason is “%s”, not “…%s…”", reason, part);
}

static void
test_needs (Fixture       *f,
            gconstpointer  data)
{
  assert_need (f->form, SFUMATO_FORM_NEEDS_SERVICE, "where pictures are made");
  g_object_set (f->form, "service", "stability", NULL);
  assert_need (f->form, SFUMATO_FORM_NEEDS_CHANGE, "Describe a picture first");
  g_object_set (f->form, "prompt", " \n\t ", NULL);
  assert_need (f->form, SFUMATO_FORM_NEEDS_CHANGE, "Describe a picture first");
  g_object_set (f->form, "prompt", "a red fox", NULL);
  assert_need (f->form, SFUMATO_FORM_NEEDS_NOTHING, NULL);
  g_object_set (f->form, "key-missing", TRUE, NULL);
  assert_need (f->form, SFUMATO_FORM_NEEDS_KEY, "Stability AI needs a key");
  g_object_set (f->form, "service", "", NULL);
  assert_need (f->form, SFUMATO_FORM_NEEDS_SERVICE, "where pictures are made");
}

static void
assert_faults (SfumatoForm *form,
               const char  *expected)
{
  g_auto (GStrv) faults = sfumato_form_dup_faults (form);
  g_autofree char *joined = g_strjoinv (",", faults);

  g_assert_cmpstr (joined, ==, expected);
}

/* What a service found fault with stays marked until it is changed; what the model does not take is marked at once. */
static void
test_faults (Fixture       *f,
             gconstpointer  data)
{
  assert_faults (f->form, "");
  fill (f->form, "sd3.5-large");
  sfumato_form_set_refused (f->form, "prompt,aspect_ratio,guidance");
  assert_faults (f->form, "prompt,aspect_ratio,guidance");
  g_object_set (f->form, "aspect-ratio", "16:9", NULL);
  assert_faults (f->form, "prompt,guidance");
  g_object_set (f->form, "prompt", "a red fox in snow, painted", NULL);
  assert_faults (f->form, "guidance");
  g_object_set (f->form, "seed", "12345678901", NULL);
  assert_faults (f->form, "guidance,seed");
  sfumato_form_set_refused (f->form, NULL);
  assert_faults (f->form, "seed");
  g_object_set (f->form, "seed", "", NULL);
  assert_faults (f->form, "");
}

static void
test_overflow (Fixture       *f,
               gconstpointer  data)
{
  g_autoptr (GString) prompt = g_string_new (NULL);

  fill (f->form, "sd3.5-large");
  for (int i = 0; i < 10000; i++)
    g_string_append (prompt, "🦊");
  g_object_set (f->form, "prompt", prompt->str, NULL);
  g_assert_cmpuint (sfumato_form_get_overflow (f->form), ==, 0);
  assert_need (f->form, SFUMATO_FORM_NEEDS_NOTHING, NULL);
  g_string_append (prompt, "x");
  g_object_set (f->form, "prompt", prompt->str, NULL);
  assert_need (f->form, SFUMATO_FORM_NEEDS_CHANGE, "1 character too long");
  g_string_append_printf (prompt, "%0311d", 0);
  g_object_set (f->form, "prompt", prompt->str, NULL);
  assert_need (f->form, SFUMATO_FORM_NEEDS_CHANGE, "312 characters too long");
}

static void
test_price (Fixture       *f,
            gconstpointer  data)
{
  fill (f->form, "sd3.5-large");
  g_assert_cmpint (sfumato_form_get_price (f->form), ==, 650);
  g_object_set (f->form, "count", 4, NULL);
  g_assert_cmpint (sfumato_form_get_price (f->form), ==, 2600);
  g_object_set (f->form, "model", "sd3.5-flash", NULL);
  g_assert_cmpint (sfumato_form_get_price (f->form), ==, 1000);
}

static SfumatoRequest *
ask (SfumatoForm *form)
{
  g_autoptr (GError) error = NULL;
  SfumatoRequest *request = sfumato_form_to_request (form, &error);

  g_assert_no_error (error);
  return request;
}

/* What the model does not take is neither sent nor lost. */
static void
test_ignored (Fixture       *f,
              gconstpointer  data)
{
  g_autoptr (SfumatoRequest) ignored = NULL;
  g_autoptr (SfumatoRequest) draft = NULL;
  g_autoptr (SfumatoRequest) heeded = NULL;

  fill (f->form, "sd3.5-flash");
  g_object_set (f->form, "negative-prompt", "blurry", "style", "no-such-style", "aspect-ratio", "7:5", NULL);
  ignored = ask (f->form);
  g_assert_null (sfumato_request_get_fields (ignored)->negative_prompt);
  g_assert_null (sfumato_request_get_fields (ignored)->style);
  g_assert_cmpstr (sfumato_request_get_fields (ignored)->aspect_ratio, ==, "1:1");
  draft = sfumato_form_to_draft (f->form);
  g_assert_cmpstr (sfumato_request_get_fields (draft)->negative_prompt, ==, "blurry");
  g_object_set (f->form, "model", "sd3.5-large", NULL);
  heeded = ask (f->form);
  g_assert_cmpstr (sfumato_request_get_fields (heeded)->negative_prompt, ==, "blurry");
}

static SfumatoInput *
make_input (void)
{
  /* 64 × 64 black pixels. */
  static const guint8 png[] = {
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 0x40, 0,
    0, 0, 0x40, 0x08, 0, 0, 0, 0, 0x8f, 0x02, 0x2e, 0x02, 0, 0, 0, 0x1b, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda,
    0xed, 0xc1, 0x81, 0, 0, 0, 0, 0xc3, 0xa0, 0xf9, 0x53, 0xdf, 0xe0, 0x04, 0x55, 0x01, 0, 0, 0, 0x7c, 0x03,
    0x10, 0x40, 0, 0x01, 0xbd, 0x3c, 0xb7, 0x8f, 0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
  };
  g_autoptr (GBytes) bytes = g_bytes_new_static (png, sizeof png);
  g_autoptr (GError) error = NULL;
  SfumatoInput *input = sfumato_input_new (bytes, "fox.png", &error);

  g_assert_no_error (error);
  return input;
}

static void
test_input (Fixture       *f,
            gconstpointer  data)
{
  g_autoptr (SfumatoInput) input = make_input ();
  g_autoptr (SfumatoRequest) with = NULL;
  g_autoptr (SfumatoRequest) without = NULL;

  fill (f->form, "sd3.5-large");
  g_object_set (f->form, "aspect-ratio", "16:9", NULL);
  sfumato_form_set_input (f->form, input);
  with = ask (f->form);
  g_assert_nonnull (sfumato_request_get_fields (with)->input);
  g_assert_null (sfumato_request_get_fields (with)->aspect_ratio);
  g_assert_cmpfloat (sfumato_request_get_fields (with)->strength, ==, sfumato_form_get_strength (f->form));
  g_object_set (f->form, "model", "core", NULL);
  without = ask (f->form);
  g_assert_null (sfumato_request_get_fields (without)->input);
  g_assert_cmpstr (sfumato_request_get_fields (without)->aspect_ratio, ==, "16:9");
}

static void
test_seed (Fixture       *f,
           gconstpointer  data)
{
  static const struct
  {
    const char *text;
    gint64      seed;  /* -2: refused */
  } cases[] = {
    { "", SFUMATO_SEED_RANDOM }, { "  ", SFUMATO_SEED_RANDOM }, { "0", SFUMATO_SEED_RANDOM }, { "42", 42 },
    { " 42 ", 42 }, { "4294967294", G_GINT64_CONSTANT (4294967294) }, { "4294967295", -2 },
    { "99999999999999999999", -2 }, { "-1", -2 }, { "4.2", -2 }, { "4e2", -2 }, { "fox", -2 }, { "٤٢", -2 },
  };

  fill (f->form, "sd3.5-large");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (SfumatoRequest) request = NULL;

      g_object_set (f->form, "seed", cases[i].text, NULL);
      request = sfumato_form_to_request (f->form, &error);
      if (cases[i].seed == -2)
        {
          g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_INVALID);
          g_assert_cmpstr (sfumato_error_get_field (error), ==, "seed");
          assert_need (f->form, SFUMATO_FORM_NEEDS_CHANGE, "seed");
          continue;
        }
      g_assert_no_error (error);
      g_assert_cmpint (sfumato_request_get_fields (request)->seed, ==, cases[i].seed);
    }
}

static gint64
read_seed (SfumatoForm *form)
{
  g_autofree char *seed = NULL;

  g_object_get (form, "seed", &seed, NULL);
  return *seed == '\0' ? -1 : g_ascii_strtoll (seed, NULL, 10);
}

static void
test_keep_seed (Fixture       *f,
                gconstpointer  data)
{
  fill (f->form, "sd3.5-large");
  sfumato_form_keep_seed (f->form, TRUE);
  g_assert_cmpint (read_seed (f->form), >=, 1);
  g_assert_cmpint (read_seed (f->form), <=, G_GINT64_CONSTANT (4294967294));
  sfumato_form_keep_seed (f->form, FALSE);
  g_assert_cmpint (read_seed (f->form), ==, -1);
  sfumato_form_set_last_seed (f->form, 343940597);
  sfumato_form_keep_seed (f->form, TRUE);
  g_assert_cmpint (read_seed (f->form), ==, 343940597);
  sfumato_form_set_last_seed (f->form, 7);
  sfumato_form_keep_seed (f->form, TRUE);
  g_assert_cmpint (read_seed (f->form), ==, 343940597);
}

static void
count_cb (guint *count)
{
  (*count)++;
}

/* An old picture's settings, from a time when the model had another name, do not decide where pictures are made. */
static void
test_load (Fixture       *f,
           gconstpointer  data)
{
  const SfumatoRequestFields fields = { .service = "stability", .model = "sd3-large", .prompt = "fox",
                                        .seed = 7, .guidance = 4, .count = 2, .strength = -1 };
  g_autoptr (SfumatoRequest) request = sfumato_request_new (&fields);
  g_autofree char *service = NULL;
  g_autofree char *model = NULL;
  guint changes = 0;

  g_signal_connect_swapped (f->form, "notify::prompt", G_CALLBACK (count_cb), &changes);
  sfumato_form_load (f->form, request);
  sfumato_form_load (f->form, request);
  g_assert_cmpuint (changes, ==, 1);
  g_object_get (f->form, "service", &service, "model", &model, NULL);
  g_assert_cmpstr (service, ==, "");
  g_assert_cmpstr (model, ==, "sd3.5-large");
  g_assert_cmpint (read_seed (f->form), ==, 7);
  g_assert_cmpfloat (sfumato_form_get_guidance (f->form), ==, 4);
  /* It was the model's own guidance, and stays that with another one. */
  g_object_set (f->form, "model", "sd3.5-flash", NULL);
  g_assert_cmpfloat (sfumato_form_get_guidance (f->form), ==, 1);
}

/* ---- on this computer ---- */

static const char models[] =
  "{\"version\":1,\"models\":[{\"id\":\"local-m\",\"name\":\"M\",\"paths\":[\"/m\"],\"variant\":\"sd3.5-medium\","
  "\"encoder\":true,\"side_max\":1536,\"side_default\":1024,\"steps\":28,\"sampler\":\"euler\",\"guidance\":4.5}]}";

static char *
find_list (void)
{
  return g_build_filename (g_get_user_data_dir (), DEVELOPMENT ? "sfumato-devel" : "sfumato", "models.json", NULL);
}

static void
set_up_local (Fixture       *f,
              gconstpointer  data)
{
  g_autofree char *list = find_list ();
  g_autofree char *folder = g_path_get_dirname (list);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (list, models, -1, NULL));
  set_up (f, data);
  g_object_set (f->form, "service", "local", "prompt", "a red fox in snow", NULL);
}

/* Its own where nobody chose otherwise; what belongs to another model is neither used nor lost. */
static void
test_local_defaults (Fixture       *f,
                     gconstpointer  data)
{
  g_autoptr (SfumatoRequest) plain = NULL;
  g_autoptr (SfumatoRequest) elsewhere = NULL;
  const SfumatoRequestFields *fields;
  guint width, height;

  assert_need (f->form, SFUMATO_FORM_NEEDS_NOTHING, NULL);
  g_assert_cmpint (sfumato_form_get_price (f->form), ==, 0);
  g_object_set (f->form, "format", "webp", "sampler", "no-such-sampler", "size", "100000", NULL);
  plain = ask (f->form);
  fields = sfumato_request_get_fields (plain);
  g_assert_cmpuint (fields->steps, ==, 28);
  g_assert_cmpstr (fields->sampler, ==, "euler");
  g_assert_cmpuint (fields->size, ==, 1024);
  g_assert_cmpfloat (fields->guidance, ==, 4.5);
  g_assert_cmpstr (fields->format, ==, "png");
  g_object_set (f->form, "aspect-ratio", "16:9", "size", "512", NULL);
  g_assert_true (sfumato_form_get_pixels (f->form, &width, &height));
  g_assert_cmpuint (width, ==, 704);
  g_assert_cmpuint (height, ==, 384);
  g_object_set (f->form, "service", "stability", "model", "core", "steps", 7, NULL);
  elsewhere = ask (f->form);
  fields = sfumato_request_get_fields (elsewhere);
  g_assert_cmpuint (fields->steps, ==, 0);
  g_assert_cmpuint (fields->size, ==, 0);
  g_assert_null (fields->sampler);
  g_assert_false (sfumato_form_get_pixels (f->form, &width, &height));
}

static void
test_local_reuse (Fixture       *f,
                  gconstpointer  data)
{
  const SfumatoRequestFields fields = { .service = "local", .model = "local-m", .prompt = "fox", .seed = G_MAXINT64 - 1,
                                        .guidance = 4.5, .steps = 12, .sampler = "heun", .size = 768, .strength = -1 };
  g_autoptr (SfumatoRequest) old = sfumato_request_new (&fields);
  g_autoptr (SfumatoRequest) request = NULL;
  const SfumatoRequestFields *again;

  g_object_set (f->form, "service", "stability", "model", "core", NULL);
  sfumato_form_load (f->form, old);
  request = ask (f->form);
  again = sfumato_request_get_fields (request);
  g_assert_cmpstr (again->service, ==, "local");
  g_assert_cmpstr (again->model, ==, "local-m");
  g_assert_cmpint (again->seed, ==, G_MAXINT64 - 1);
  g_assert_cmpuint (again->steps, ==, 12);
  g_assert_cmpstr (again->sampler, ==, "heun");
  g_assert_cmpuint (again->size, ==, 768);
}

static void
test_no_model (Fixture       *f,
               gconstpointer  data)
{
  guint changes = 0;

  g_signal_connect_swapped (f->form, "notify::model", G_CALLBACK (count_cb), &changes);
  g_assert_true (sfumato_local_service_remove (sfumato_studio_get_local (f->studio), "local-m", NULL));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (changes, ==, 1);
  assert_need (f->form, SFUMATO_FORM_NEEDS_MODEL, "no model yet");
  g_assert_null (sfumato_form_to_request (f->form, NULL));
}

int
main (int   argc,
      char *argv[])
{
  g_setenv ("GSETTINGS_BACKEND", "memory", TRUE);
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  g_test_add ("/form/needs", Fixture, NULL, set_up, test_needs, tear_down);
  g_test_add ("/form/faults", Fixture, NULL, set_up, test_faults, tear_down);
  g_test_add ("/form/overflow", Fixture, NULL, set_up, test_overflow, tear_down);
  g_test_add ("/form/price", Fixture, NULL, set_up, test_price, tear_down);
  g_test_add ("/form/ignored", Fixture, NULL, set_up, test_ignored, tear_down);
  g_test_add ("/form/input", Fixture, NULL, set_up, test_input, tear_down);
  g_test_add ("/form/seed", Fixture, NULL, set_up, test_seed, tear_down);
  g_test_add ("/form/keep-seed", Fixture, NULL, set_up, test_keep_seed, tear_down);
  g_test_add ("/form/load", Fixture, NULL, set_up, test_load, tear_down);
  g_test_add ("/form/local-defaults", Fixture, NULL, set_up_local, test_local_defaults, tear_down);
  g_test_add ("/form/local-reuse", Fixture, NULL, set_up_local, test_local_reuse, tear_down);
  g_test_add ("/form/no-model", Fixture, NULL, set_up_local, test_no_model, tear_down);
  return g_test_run ();
}
