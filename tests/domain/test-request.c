/* Requests: validation against a model, and JSON both ways.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "domain/sfumato-error.h"
#include "domain/sfumato-request.h"

#include <string.h>

static const char * const aspects[] = { "1:1", "16:9", NULL };
static const char * const formats[] = { "png", NULL };
static const SfumatoStyle styles[] = { { "anime", "Anime" }, { NULL, NULL } };

static const SfumatoSampler samplers[] = { { "euler", "Euler" }, { "heun", "Heun" }, { NULL, NULL } };
static const guint sizes[] = { 512, 1024, 0 };

static const SfumatoModel model = {
  .id = "m", .service = "s", .name = "Model", .prompt_max = 10, .negative_prompt = TRUE, .aspect_ratios = aspects,
  .seed_max = 4294967294, .styles = styles, .formats = formats, .guidance_min = 1, .guidance_max = 10,
  .input_picture = TRUE, .strength_default = 0.7, .input_side_min = 64, .input_side_max = 300, .input_pixels_min = 5000,
  .input_keeps_shape = TRUE, .steps_min = 1, .steps_max = 50, .steps_default = 28, .samplers = samplers,
  .sizes = sizes, .size_default = 1024, .side_max = 1536, .guidance_default = 4.5,
};

/* A PNG that says it has this size; nobody decodes it here. */
static SfumatoInput *
make_input (guint width,
            guint height)
{
  guint8 png[33 + 14 + 12] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13, 'I', 'H', 'D', 'R' };
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  SfumatoInput *input;

  png[18] = width >> 8;
  png[19] = width & 0xff;
  png[22] = height >> 8;
  png[23] = height & 0xff;
  png[36] = 2;
  memcpy (png + 37, "IDAT", 4);
  memcpy (png + 33 + 14 + 4, "IEND", 4);
  bytes = g_bytes_new (png, sizeof png);
  input = sfumato_input_new (bytes, "fox.png", &error);
  g_assert_no_error (error);
  return input;
}

static const struct
{
  const char           *name;
  SfumatoRequestFields  fields;
  guint                 side;  /* of the input; 0: none */
  const char           *field; /* NULL: valid */
} cases[] = {
  { "plain", { .prompt = "a fox" }, 0, NULL },
  { "empty", { .prompt = "" }, 0, "prompt" },
  { "blank", { .prompt = " \n\t\xc2\xa0" }, 0, "prompt" },
  { "nothing to be seen", { .prompt = "\xe2\x80\x8b\xef\xbb\xbf\xe2\x80\x8f" }, 0, "prompt" },
  { "not UTF-8", { .prompt = "a\xff" }, 0, "prompt" },
  { "as long as can be", { .prompt = "ääääääääää" }, 0, NULL },
  { "too long", { .prompt = "äääääääääää" }, 0, "prompt" },
  { "negative too long", { .prompt = "a", .negative_prompt = "12345678901" }, 0, "negative_prompt" },
  { "aspect", { .prompt = "a", .aspect_ratio = "16:9" }, 0, NULL },
  { "unknown aspect", { .prompt = "a", .aspect_ratio = "4:3" }, 0, "aspect_ratio" },
  { "aspect with input", { .prompt = "a", .aspect_ratio = "4:3" }, 100, NULL },
  { "style", { .prompt = "a", .style = "anime" }, 0, NULL },
  { "unknown style", { .prompt = "a", .style = "Anime" }, 0, "style" },
  { "unknown format", { .prompt = "a", .format = "gif" }, 0, "format" },
  { "largest seed", { .prompt = "a", .seed = 4294967294 }, 0, NULL },
  { "seed too large", { .prompt = "a", .seed = 4294967295 }, 0, "seed" },
  { "negative seed", { .prompt = "a", .seed = -2 }, 0, "seed" },
  { "random seed", { .prompt = "a", .seed = SFUMATO_SEED_RANDOM }, 0, NULL },
  { "guidance", { .prompt = "a", .guidance = 10 }, 0, NULL },
  { "guidance too low", { .prompt = "a", .guidance = 0.5 }, 0, "guidance" },
  { "guidance not a number", { .prompt = "a", .guidance = __builtin_nan ("") }, 0, "guidance" },
  { "steps", { .prompt = "a", .steps = 50 }, 0, NULL },
  { "too many steps", { .prompt = "a", .steps = 51 }, 0, "steps" },
  { "sampler", { .prompt = "a", .sampler = "heun" }, 0, NULL },
  { "unknown sampler", { .prompt = "a", .sampler = "Heun" }, 0, "sampler" },
  { "size", { .prompt = "a", .size = 512 }, 0, NULL },
  { "unknown size", { .prompt = "a", .size = 513 }, 0, "size" },
  { "ten", { .prompt = "a", .count = 10 }, 0, NULL },
  { "eleven", { .prompt = "a", .count = 11 }, 0, "count" },
  { "minus one", { .prompt = "a", .count = -1 }, 0, "count" },
  { "input", { .prompt = "a", .strength = 0 }, 100, NULL },
  { "strength 1", { .prompt = "a", .strength = 1 }, 100, NULL },
  { "strength above", { .prompt = "a", .strength = 1.01 }, 100, "strength" },
  { "strength not a number", { .prompt = "a", .strength = __builtin_nan ("") }, 100, "strength" },
  { "input too small", { .prompt = "a" }, 63, "input" },
  { "input too large", { .prompt = "a" }, 301, "input" },
  { "input of too few pixels", { .prompt = "a" }, 70, "input" },
};

static void
test_validate (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      SfumatoRequestFields fields = cases[i].fields;
      g_autoptr (SfumatoInput) input = cases[i].side > 0 ? make_input (cases[i].side, cases[i].side) : NULL;
      g_autoptr (SfumatoRequest) request = NULL;
      g_autoptr (GError) error = NULL;
      gboolean valid;

      g_test_message ("%s", cases[i].name);
      fields.input = input;
      request = sfumato_request_new (&fields);
      valid = sfumato_request_validate (request, &model, &error);
      g_assert_cmpint (valid, ==, cases[i].field == NULL);
      g_assert_cmpstr (sfumato_error_get_field (error), ==, cases[i].field);
      if (!valid)
        g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_INVALID);
    }
}

static void
test_model_without (void)
{
  static const SfumatoModel plain = { .name = "Plain", .prompt_max = 10, .seed_max = 10 };
  g_autoptr (SfumatoInput) input = make_input (100, 100);
  g_autoptr (SfumatoRequest) ignored = sfumato_request_new (&(SfumatoRequestFields) {
    .prompt = "a", .negative_prompt = "very much longer than ten characters" });
  g_autoptr (SfumatoRequest) guided = sfumato_request_new (&(SfumatoRequestFields) { .prompt = "a", .guidance = 4 });
  g_autoptr (SfumatoRequest) pictured = sfumato_request_new (&(SfumatoRequestFields) { .prompt = "a", .input = input });
  g_autoptr (GError) error = NULL;

  g_assert_true (sfumato_request_validate (ignored, &plain, NULL));
  g_assert_false (sfumato_request_validate (guided, &plain, &error));
  g_assert_cmpstr (sfumato_error_get_field (error), ==, "guidance");
  g_clear_error (&error);
  g_assert_false (sfumato_request_validate (pictured, &plain, &error));
  g_assert_cmpstr (sfumato_error_get_field (error), ==, "input");
}

static void
test_model_without_steps (void)
{
  static const SfumatoModel plain = { .name = "Plain", .prompt_max = 10, .seed_max = 10 };
  static const struct { SfumatoRequestFields fields; const char *field; } asked[] = {
    { { .prompt = "a", .steps = 4 }, "steps" },
    { { .prompt = "a", .sampler = "euler" }, "sampler" },
    { { .prompt = "a", .size = 512 }, "size" },
  };
  guint width, height;

  for (guint i = 0; i < G_N_ELEMENTS (asked); i++)
    {
      g_autoptr (SfumatoRequest) request = sfumato_request_new (&asked[i].fields);
      g_autoptr (GError) error = NULL;

      g_assert_false (sfumato_request_validate (request, &plain, &error));
      g_assert_cmpstr (sfumato_error_get_field (error), ==, asked[i].field);
      g_assert_false (sfumato_request_compute_size (request, &plain, &width, &height));
    }
}

static const struct
{
  const char *ratio;
  guint       size;
  guint       width;
  guint       height;
} shapes[] = {
  { NULL, 0, 1024, 1024 },     { "1:1", 512, 512, 512 },    { "16:9", 1024, 1344, 768 }, { "9:16", 1024, 768, 1344 },
  { "21:9", 1024, 1536, 640 }, { "16:9", 512, 704, 384 },   { "2:3", 768, 640, 960 },    { "99:1", 512, 1024, 256 },
  { "1:99", 1024, 512, 1536 }, { "banana", 512, 512, 512 }, { "0:9", 512, 512, 512 },    { "3:2:1", 512, 512, 512 },
};

/* The place a picture will take has the shape it will have, and about a megapixel. */
static void
test_aspects (void)
{
  static const char * const ratios[] = { "21:9", "16:9", "3:2", "5:4", "1:1", "4:5", "2:3", "9:16", "9:21" };

  for (guint i = 0; i < G_N_ELEMENTS (ratios); i++)
    {
      const SfumatoAspect *aspect = sfumato_aspect_find (ratios[i]);
      guint width, height;

      sfumato_aspect_parse (ratios[i], &width, &height);
      g_assert_cmpint (aspect->width % 64, ==, 0);
      g_assert_cmpint (aspect->height % 64, ==, 0);
      g_assert_cmpfloat_with_epsilon ((double) aspect->width / aspect->height, (double) width / height, 0.07);
      g_assert_cmpfloat_with_epsilon (aspect->width * aspect->height / 1024.0 / 1024.0, 1, 0.08);
    }
  g_assert_null (sfumato_aspect_find ("7:3"));
}

static void
test_sizes (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      g_autoptr (SfumatoRequest) request = sfumato_request_new (&(SfumatoRequestFields) {
        .prompt = "a", .aspect_ratio = shapes[i].ratio, .size = shapes[i].size });
      guint width, height;

      g_test_message ("%s of %u", shapes[i].ratio, shapes[i].size);
      g_assert_true (sfumato_request_compute_size (request, &model, &width, &height));
      g_assert_cmpuint (width, ==, shapes[i].width);
      g_assert_cmpuint (height, ==, shapes[i].height);
    }
}

/* Of a model that makes none as large as the smallest side others have: the shapes that data/starter-model/common.py
 * trains on. */
static void
test_small_sizes (void)
{
  static const guint sides[] = { 128, 256, 0 };
  static const SfumatoModel small = { .sizes = sides, .size_default = 128, .side_max = 512 };
  static const struct { guint ratio_width, ratio_height, size, width, height; } small_shapes[] = {
    { 1, 1, 128, 128, 128 }, { 5, 4, 128, 144, 112 }, { 3, 2, 128, 160, 112 }, { 16, 9, 128, 176, 96 }, { 21, 9, 128, 192, 80 },
    { 4, 5, 128, 112, 144 }, { 2, 3, 128, 112, 160 }, { 9, 16, 128, 96, 176 }, { 9, 21, 128, 80, 192 },
    { 1, 1, 256, 256, 256 }, { 5, 4, 256, 288, 224 }, { 3, 2, 256, 320, 208 }, { 16, 9, 256, 336, 192 }, { 21, 9, 256, 384, 160 },
    { 4, 5, 256, 224, 288 }, { 2, 3, 256, 208, 320 }, { 9, 16, 256, 192, 336 }, { 9, 21, 256, 160, 384 },
    { 1, 99, 128, 64, 256 }, { 99, 1, 256, 512, 128 },
  };
  const SfumatoModel narrow = { .sizes = sides, .size_default = 128, .side_max = 150 };
  guint width, height;

  for (guint i = 0; i < G_N_ELEMENTS (small_shapes); i++)
    {
      g_assert_true (sfumato_model_compute_size (&small, small_shapes[i].size, small_shapes[i].ratio_width, small_shapes[i].ratio_height,
                                                 &width, &height));
      g_assert_cmpuint (width, ==, small_shapes[i].width);
      g_assert_cmpuint (height, ==, small_shapes[i].height);
    }
  g_assert_true (sfumato_model_compute_size (&narrow, 0, 16, 9, &width, &height));
  g_assert_cmpuint (width, ==, 144);
  g_assert_cmpuint (height, ==, 96);
}

static void
test_size_of_input (void)
{
  g_autoptr (SfumatoInput) input = make_input (160, 90);
  g_autoptr (SfumatoRequest) request = sfumato_request_new (&(SfumatoRequestFields) {
    .prompt = "a", .aspect_ratio = "1:1", .input = input });
  guint width, height;

  g_assert_true (sfumato_request_compute_size (request, &model, &width, &height));
  g_assert_cmpuint (width, ==, 1344);
  g_assert_cmpuint (height, ==, 768);
}

static void
test_parameters (void)
{
  g_autoptr (SfumatoInput) input = make_input (100, 100);
  g_autoptr (SfumatoRequest) plain = sfumato_request_new (&(SfumatoRequestFields) { .prompt = "a\nfox" });
  g_autoptr (SfumatoRequest) full = sfumato_request_new (&(SfumatoRequestFields) {
    .prompt = "a fox", .negative_prompt = "blurry", .steps = 12, .sampler = "heun", .guidance = 2.5, .input = input,
    .strength = 0.4 });
  g_autofree char *of_plain = sfumato_request_to_parameters (plain, &model, -1, 1024, 768);
  g_autofree char *of_full = sfumato_request_to_parameters (full, &model, 7, 512, 512);

  g_assert_cmpstr (of_plain, ==, "a\nfox\nSteps: 28, Sampler: Euler, CFG scale: 4.5, Size: 1024x768, Model: Model");
  g_assert_cmpstr (of_full, ==, "a fox\nNegative prompt: blurry\nSteps: 12, Sampler: Heun, CFG scale: 2.5, Seed: 7, "
                                "Size: 512x512, Model: Model, Denoising strength: 0.4");
}

static void
test_round_trip (void)
{
  g_autoptr (SfumatoInput) input = make_input (100, 80);
  g_autoptr (SfumatoRequest) request = sfumato_request_new (&(SfumatoRequestFields) {
    .service = "stability", .model = "sd3.5-large", .prompt = "Füchse \"im\"\n\tSchnee 👩‍👩‍👧 \x01", .negative_prompt = "x",
    .aspect_ratio = "16:9", .style = "anime", .format = "webp", .seed = 4294967294, .guidance = 5.5, .count = 4,
    .steps = 12, .sampler = "dpmpp-2m", .size = 768, .input = input, .strength = 0 });
  g_autoptr (JsonNode) json = sfumato_request_to_json (request);
  g_autofree char *text = json_to_string (json, FALSE);
  g_autoptr (JsonNode) parsed = json_from_string (text, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (SfumatoRequest) back = sfumato_request_from_json (parsed, &error);
  g_autoptr (SfumatoRequest) whole = NULL;
  const SfumatoRequestFields *a = sfumato_request_get_fields (request);
  const SfumatoRequestFields *b;

  g_assert_no_error (error);
  g_assert_null (strchr (text, '\n'));
  b = sfumato_request_get_fields (back);
  g_assert_cmpstr (b->service, ==, a->service);
  g_assert_cmpstr (b->model, ==, a->model);
  g_assert_cmpstr (b->prompt, ==, a->prompt);
  g_assert_cmpstr (b->negative_prompt, ==, a->negative_prompt);
  g_assert_cmpstr (b->aspect_ratio, ==, a->aspect_ratio);
  g_assert_cmpstr (b->style, ==, a->style);
  g_assert_cmpstr (b->format, ==, a->format);
  g_assert_cmpint (b->seed, ==, a->seed);
  g_assert_cmpfloat (b->guidance, ==, a->guidance);
  g_assert_cmpint (b->count, ==, 4);
  g_assert_cmpuint (b->steps, ==, 12);
  g_assert_cmpstr (b->sampler, ==, "dpmpp-2m");
  g_assert_cmpuint (b->size, ==, 768);
  g_assert_cmpfloat (b->strength, ==, 0);
  g_assert_cmpstr (b->input->sha256, ==, input->sha256);
  g_assert_cmpstr (b->input->name, ==, "fox.png");
  g_assert_null (b->input->bytes);

  whole = sfumato_request_with_input_bytes (back, input->bytes, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (sfumato_request_get_fields (whole)->input->bytes, input->bytes));
}

static void
test_other_input (void)
{
  g_autoptr (SfumatoInput) input = make_input (100, 80);
  g_autoptr (SfumatoInput) other = make_input (80, 100);
  g_autoptr (SfumatoRequest) request = sfumato_request_new (&(SfumatoRequestFields) { .prompt = "a", .input = input });
  g_autoptr (GError) error = NULL;

  g_assert_null (sfumato_request_with_input_bytes (request, other->bytes, &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_STORAGE);
}

/* What is damaged is left at the default; nothing of it can crash or slip through. */
static const char * const hostile[] = {
  "{}", "{\"prompt\":7}", "{\"prompt\":null,\"seed\":\"x\"}", "{\"seed\":-7}", "{\"seed\":1e300}",
  "{\"seed\":99999999999999999999}", "{\"count\":4000000000}", "{\"guidance\":\"high\"}", "{\"guidance\":[]}",
  "{\"input\":7}", "{\"input\":{}}", "{\"input\":{\"sha256\":\"../../etc/passwd\"}}", "{\"strength\":{}}",
  "{\"steps\":-1,\"size\":99999999,\"sampler\":7}", "{\"steps\":\"many\",\"size\":5.5,\"sampler\":[]}",
};

static void
test_hostile_json (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (hostile); i++)
    {
      g_autoptr (JsonNode) json = json_from_string (hostile[i], NULL);
      g_autoptr (SfumatoRequest) request = sfumato_request_from_json (json, NULL);
      const SfumatoRequestFields *fields = sfumato_request_get_fields (request);

      g_assert_cmpstr (fields->prompt, ==, "");
      g_assert_cmpint (fields->count, ==, 1);
      g_assert_cmpfloat (fields->guidance, ==, 0);
      g_assert_null (fields->input);
      g_assert_cmpuint (fields->steps, ==, 0);
      g_assert_cmpuint (fields->size, ==, 0);
      g_assert_null (fields->sampler);
      if (i != 5)
        g_assert_true (sfumato_request_is_seed_random (request));
    }
}

static void
test_not_an_object (void)
{
  g_autoptr (JsonNode) list = json_from_string ("[1]", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (sfumato_request_from_json (list, &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_STORAGE);
  g_assert_null (sfumato_request_from_json (NULL, NULL));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/request/validate", test_validate);
  g_test_add_func ("/request/model-without", test_model_without);
  g_test_add_func ("/request/model-without-steps", test_model_without_steps);
  g_test_add_func ("/request/aspects", test_aspects);
  g_test_add_func ("/request/sizes", test_sizes);
  g_test_add_func ("/request/small-sizes", test_small_sizes);
  g_test_add_func ("/request/size-of-input", test_size_of_input);
  g_test_add_func ("/request/parameters", test_parameters);
  g_test_add_func ("/request/round-trip", test_round_trip);
  g_test_add_func ("/request/other-input", test_other_input);
  g_test_add_func ("/request/hostile-json", test_hostile_json);
  g_test_add_func ("/request/not-an-object", test_not_an_object);
  return g_test_run ();
}
