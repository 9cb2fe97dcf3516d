/* What other programs wrote into their pictures.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "domain/sfumato-request-foreign.h"

#define SETTINGS ", Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512"

static const struct
{
  const char *text, *prompt, *negative, *sampler;
  guint       steps;
  double      guidance;
  gint64      seed;
} parameters[] = {
  { "a fox,\nin snow\nNegative prompt: blurry,\nugly\nSteps: 20, Sampler: DPM++ 2M, CFG scale: 5.5, Seed: 156680208700286, "
    "Size: 512x768, Lora: \"a: 1, Steps: 7, Seed: 3\", Model: x", "a fox,\nin snow", "blurry,\nugly", "dpmpp-2m", 20, 5.5, 156680208700286 },
  { "a fox\nSteps: 30" SETTINGS, "a fox", NULL, "Euler a", 30, 7, 1 },
  { "a fox\r\nNegative prompt: dogs\r\nSteps: 30" SETTINGS "\r\n", "a fox", "dogs", "Euler a", 30, 7, 1 },
  { "Negative prompt: dogs\nSteps: 30" SETTINGS, "", "dogs", "Euler a", 30, 7, 1 },
  { "Steps: 30" SETTINGS, "", NULL, "Euler a", 30, 7, 1 },
  { "Steps: to a castle\nSteps: 3, Seed: 9", "Steps: to a castle", NULL, NULL, 3, 0, 9 },
  { "only words: with, colons", "only words: with, colons", NULL, NULL, 0, 0, -1 },
  { "", "", NULL, NULL, 0, 0, -1 },
  { "x\nSteps: -5, Seed: -1, CFG scale: -3", "x", NULL, NULL, 0, 0, -1 },
  { "x\nSteps: 99999, Seed: 99999999999999999999, CFG scale: inf", "x", NULL, NULL, 0, 0, -1 },
  { "x\nSteps: 5five, Seed: 0x7, CFG scale: 7 of 10, Sampler:", "x", NULL, NULL, 0, 0, -1 },
  { "x\nSteps: 5, Lora: \"never ends, Seed: 4", "x", NULL, NULL, 5, 0, -1 },
};

static void
check (SfumatoRequest *request,
       const char     *prompt,
       const char     *negative,
       const char     *sampler,
       guint           steps,
       double          guidance)
{
  const SfumatoRequestFields *fields = sfumato_request_get_fields (request);

  g_assert_cmpstr (fields->prompt, ==, prompt);
  g_assert_cmpstr (fields->negative_prompt, ==, negative);
  g_assert_cmpstr (fields->sampler, ==, sampler);
  g_assert_cmpuint (fields->steps, ==, steps);
  g_assert_cmpfloat (fields->guidance, ==, guidance);
  g_assert_true (sfumato_request_is_seed_random (request));
}

static void
test_parameters (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (parameters); i++)
    {
      gint64 seed;
      g_autoptr (SfumatoRequest) request = sfumato_request_from_parameters (parameters[i].text, &seed);

      check (request, parameters[i].prompt, parameters[i].negative, parameters[i].sampler, parameters[i].steps, parameters[i].guidance);
      g_assert_cmpint (seed, ==, parameters[i].seed);
    }
}

/* What is written here is read here. */
static void
test_own_parameters (void)
{
  static const SfumatoSampler samplers[] = { { "euler", "Euler" }, { "dpmpp-2m", "DPM++ 2M" }, { NULL, NULL } };
  const SfumatoModel model = { .id = "m", .name = "Model, with a comma", .negative_prompt = TRUE, .samplers = samplers };
  g_autoptr (SfumatoRequest) request = sfumato_request_new (&(SfumatoRequestFields) {
    .prompt = "a fox", .negative_prompt = "dogs", .steps = 12, .sampler = "dpmpp-2m", .guidance = 2.5, .strength = -1 });
  g_autofree char *text = sfumato_request_to_parameters (request, &model, 7, 512, 768);
  gint64 seed;
  g_autoptr (SfumatoRequest) same = sfumato_request_from_parameters (text, &seed);

  check (same, "a fox", "dogs", "dpmpp-2m", 12, 2.5);
  g_assert_cmpint (seed, ==, 7);
}

#define SAMPLER(more) "\"3\":{\"class_type\":\"KSampler\",\"inputs\":{\"steps\":20,\"positive\":[\"6\",0]" more "}}"

static const struct
{
  const char *text, *prompt, *negative, *sampler;
  guint       steps;
  double      guidance;
  gint64      seed;
} graphs[] = {
  { "{\"3\":{\"class_type\":\"KSampler\",\"inputs\":{\"seed\":156680208700286,\"steps\":20,\"cfg\":5.5,\"sampler_name\":\"dpmpp_2m\",\"scheduler\":\"normal\",\"denoise\":1,\"model\":[\"4\",0],\"positive\":[\"6\",0],\"negative\":[\"8\",0],\"latent_image\":[\"5\",0]}},\"6\":{\"class_type\":\"CLIPTextEncode\",\"inputs\":{\"text\":\"a fox in snow\",\"clip\":[\"4\",1]}},\"8\":{\"class_type\":\"ConditioningZeroOut\",\"inputs\":{\"conditioning\":[\"7\",0]}},\"7\":{\"class_type\":\"CLIPTextEncode\",\"inputs\":{\"text\":\"blurry\"}}}", "a fox in snow", "blurry", "dpmpp-2m", 20, 5.5, 156680208700286 },
  { "{" SAMPLER (",\"noise_seed\":5,\"sampler_name\":\"euler_ancestral\"") ",\"6\":{\"inputs\":{\"clip_l\":\"\",\"t5xxl\":\"a fox\"}}}",
    "a fox", NULL, "euler_ancestral", 20, 0, 5 },
  { "{" SAMPLER (",\"cfg\":-1,\"seed\":-4,\"sampler_name\":7") ",\"6\":{\"inputs\":{\"text\":[\"9\",0]}},\"9\":{\"inputs\":{\"string\":\"far off\"}}}",
    "far off", NULL, NULL, 20, 0, -1 },
  /* Round in circles, and into nothing. */
  { "{" SAMPLER () ",\"6\":{\"inputs\":{\"conditioning\":[\"6\",0]}}}", "", NULL, NULL, 20, 0, -1 },
  { "{" SAMPLER () ",\"6\":{\"inputs\":{\"text\":[\"77\",0]}}}", "", NULL, NULL, 20, 0, -1 },
};

static const char * const no_graphs[] = {
  "", "a fox", "[]", "{}", "null", "{\"3\":7}", "{\"3\":{\"inputs\":[]}}", "{\"3\":{\"inputs\":{\"steps\":20}}}",
  "{" SAMPLER () "}", "{\"3\":{\"inputs\":{\"steps\":-1,\"positive\":[\"3\",0]}}}", "{\"3\":{\"inputs\":{\"steps\":20,\"positive\":[3,0]}}}",
};

static void
test_graphs (void)
{
  g_autofree char *deep = g_strnfill (60000, '[');
  gint64 seed;

  for (guint i = 0; i < G_N_ELEMENTS (graphs); i++)
    {
      g_autoptr (SfumatoRequest) request = sfumato_request_from_graph (graphs[i].text, &seed);

      g_assert_nonnull (request);
      check (request, graphs[i].prompt, graphs[i].negative, graphs[i].sampler, graphs[i].steps, graphs[i].guidance);
      g_assert_cmpint (seed, ==, graphs[i].seed);
    }
  for (guint i = 0; i < G_N_ELEMENTS (no_graphs); i++)
    g_assert_null (sfumato_request_from_graph (no_graphs[i], &seed));
  g_assert_null (sfumato_request_from_graph (deep, &seed));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/request-foreign/parameters", test_parameters);
  g_test_add_func ("/request-foreign/own-parameters", test_own_parameters);
  g_test_add_func ("/request-foreign/graphs", test_graphs);
  return g_test_run ();
}
