/* sfumato-engine: without options the helper process, with --trace the door for checking.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/serve.h"
#include "engine/trace.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum
{
  OPTION_TRACE = 256,
  OPTION_MODEL,
  OPTION_INPUTS,
  OPTION_PROMPT,
  OPTION_NEGATIVE,
  OPTION_MERGES,
  OPTION_T5_MODEL,
  OPTION_DEVICE,
  OPTION_T5_LENGTH,
  OPTION_CLIP_CHUNKS,
  OPTION_CLIP_L_HEADS,
  OPTION_CLIP_G_HEADS,
  OPTION_THREADS,
  OPTION_WIDTH,
  OPTION_HEIGHT,
  OPTION_SEED,
  OPTION_TIME,
  OPTION_STEPS,
  OPTION_SAMPLER,
  OPTION_SCHEDULE,
  OPTION_SHIFT,
  OPTION_GUIDANCE,
  OPTION_RESCALE,
  OPTION_STRENGTH,
  OPTION_SKIP_GUIDANCE,
  OPTION_SKIP_FROM,
  OPTION_SKIP_TO,
  OPTION_SKIP_LAYER,
};

#define OPTION(name, value) { name, required_argument, NULL, value }

static const struct option options[] = {
  OPTION ("trace", OPTION_TRACE),
  OPTION ("model", OPTION_MODEL),
  OPTION ("inputs", OPTION_INPUTS),
  OPTION ("prompt", OPTION_PROMPT),
  OPTION ("negative", OPTION_NEGATIVE),
  OPTION ("clip-merges", OPTION_MERGES),
  OPTION ("t5-model", OPTION_T5_MODEL),
  OPTION ("device", OPTION_DEVICE),
  OPTION ("t5-length", OPTION_T5_LENGTH),
  OPTION ("clip-chunks", OPTION_CLIP_CHUNKS),
  OPTION ("clip-l-heads", OPTION_CLIP_L_HEADS),
  OPTION ("clip-g-heads", OPTION_CLIP_G_HEADS),
  OPTION ("threads", OPTION_THREADS),
  OPTION ("width", OPTION_WIDTH),
  OPTION ("height", OPTION_HEIGHT),
  OPTION ("seed", OPTION_SEED),
  OPTION ("time", OPTION_TIME),
  OPTION ("steps", OPTION_STEPS),
  OPTION ("sampler", OPTION_SAMPLER),
  OPTION ("schedule", OPTION_SCHEDULE),
  OPTION ("shift", OPTION_SHIFT),
  OPTION ("guidance", OPTION_GUIDANCE),
  OPTION ("rescale", OPTION_RESCALE),
  OPTION ("strength", OPTION_STRENGTH),
  OPTION ("skip-guidance", OPTION_SKIP_GUIDANCE),
  OPTION ("skip-from", OPTION_SKIP_FROM),
  OPTION ("skip-to", OPTION_SKIP_TO),
  OPTION ("skip-layer", OPTION_SKIP_LAYER),
  { NULL },
};

/* The number of a word among @words, which ends with NULL; -1 for none. */
static int
choose (const char        *word,
        const char *const *words)
{
  for (int i = 0; words[i]; i++)
    if (strcmp (word, words[i]) == 0)
      return i;
  return -1;
}

static bool
take_text (sd3_trace_job *job,
           int            option,
           const char    *value)
{
  switch (option)
    {
    case OPTION_TRACE:
      return job->folder = value, true;
    case OPTION_MODEL:
      return job->n_paths < 16 && (job->paths[job->n_paths++] = value);
    case OPTION_INPUTS:
      return job->inputs = value, true;
    case OPTION_PROMPT:
      return job->prompt = value, true;
    case OPTION_NEGATIVE:
      return job->negative = value, true;
    case OPTION_MERGES:
      return job->clip_merges = value, true;
    case OPTION_T5_MODEL:
      return job->t5_model = value, true;
    case OPTION_DEVICE:
      return job->device = value, true;
    default:
      return false;
    }
}

static bool
take_choice (sd3_denoising *s,
             int            option,
             const char    *value)
{
  static const char *const samplers[] = { "euler", "heun", "dpmpp-2m", NULL };
  static const char *const schedules[] = { "reference", "simple", "sgm-uniform", NULL };
  int chosen = choose (value, option == OPTION_SAMPLER ? samplers : schedules);

  if (option == OPTION_SAMPLER)
    s->sampler = (sd3_sampler) chosen;
  else
    s->schedule = (sd3_schedule_kind) chosen;
  return chosen >= 0;
}

/* Doubles where the reference has doubles: 0.6 of ten steps are six, but not with 0.6 as a float. */
static bool
take_fraction (sd3_trace_job *job,
               int            option,
               const char    *value)
{
  sd3_denoising *s = &job->settings;
  char *end;
  double number = strtod (value, &end);
  double *exact = option == OPTION_SHIFT ? &s->shift : option == OPTION_STRENGTH ? &s->strength : option == OPTION_SKIP_FROM ? &s->skip_from : &s->skip_to;
  float *plain = option == OPTION_TIME            ? &job->time
                 : option == OPTION_GUIDANCE      ? &s->guidance
                 : option == OPTION_RESCALE       ? &s->rescale
                 : option == OPTION_SKIP_GUIDANCE ? &s->skip_guidance
                                                  : NULL;

  if (plain)
    *plain = (float) number;
  else
    *exact = number;
  return end > value && *end == '\0';
}

static bool
take_whole (sd3_trace_job *job,
            int            option,
            const char    *value)
{
  sd3_denoising *s = &job->settings;
  char *end;
  unsigned long long number = strtoull (value, &end, 10);
  int *place = option == OPTION_T5_LENGTH      ? &job->t5_length
               : option == OPTION_CLIP_CHUNKS  ? &job->clip_chunks
               : option == OPTION_CLIP_L_HEADS ? &job->clip_l_heads
               : option == OPTION_CLIP_G_HEADS ? &job->clip_g_heads
               : option == OPTION_THREADS      ? &job->n_threads
               : option == OPTION_WIDTH        ? &job->width
               : option == OPTION_HEIGHT       ? &job->height
               : option == OPTION_STEPS        ? &s->steps
                                               : NULL;

  if (end == value || *end != '\0' || *value == '-')
    return false;
  if (option == OPTION_SEED)
    return job->seed = number, true;
  if (number > 65536)
    return false;
  if (option == OPTION_SKIP_LAYER)
    {
      if (s->n_skip_layers == 8)
        return false;
      place = &s->skip_layers[s->n_skip_layers++];
    }
  *place = (int) number;
  return true;
}

static bool
take_option (sd3_trace_job *job,
             int            option,
             const char    *value)
{
  if (option >= OPTION_TRACE && option <= OPTION_DEVICE)
    return take_text (job, option, value);
  if (option == OPTION_SAMPLER || option == OPTION_SCHEDULE)
    return take_choice (&job->settings, option, value);
  if (option == OPTION_TIME || (option >= OPTION_SHIFT && option <= OPTION_SKIP_TO))
    return take_fraction (job, option, value);
  return option >= OPTION_TRACE && take_whole (job, option, value);
}

static int
run_trace (int    argc,
           char **argv)
{
  sd3_trace_job job = {
    .device = "cpu", .t5_length = 77, .clip_chunks = SD3_MAX_CLIP_CHUNKS, .time = -1,
    .settings = { .steps = 28, .shift = 3, .guidance = 1, .strength = 1, .skip_from = 0.01, .skip_to = 0.2 },
  };
  sd3_error error = { "" };
  int option;

  while ((option = getopt_long (argc, argv, "", options, NULL)) != -1)
    if (!take_option (&job, option, optarg))
      {
        fprintf (stderr, "sfumato-engine: wrong option; NOTES.md beside the sources lists them.\n");
        return 2;
      }
  if (!job.folder || job.n_paths == 0 || optind < argc)
    {
      fprintf (stderr, "Usage: sfumato-engine\n       sfumato-engine --trace FOLDER --model FILE… [--inputs FILE] [OPTION…]\n");
      return 2;
    }
  if (sd3_trace_run (&job, &error))
    return 0;
  fprintf (stderr, "sfumato-engine: %s\n", error.text);
  return 1;
}

/* GNU OpenMP's threads spin for milliseconds at every barrier, and a picture has tens of thousands of them: where other
 * programs want the cores too, most of the time goes into waiting for a thread that is not running (a picture of the
 * starter model beside two busy processes: 105 s; with this count 8 s, and on an idle machine no difference). It reads
 * the variable before main, so the program starts once more. */
static void
wait_calmly (char **argv)
{
  char self[PATH_MAX];
  ssize_t length;

  if (getenv ("GOMP_SPINCOUNT") || getenv ("OMP_WAIT_POLICY"))
    return;
  length = readlink ("/proc/self/exe", self, sizeof self - 1);
  if (length < 0 || setenv ("GOMP_SPINCOUNT", "1000", 1) != 0)
    return;
  self[length] = '\0';
  execv (self, argv);
}

int
main (int    argc,
      char **argv)
{
  wait_calmly (argv);
  if (argc == 1)
    sd3_serve ();
  if (argc == 2 && strcmp (argv[1], "--version") == 0)
    return puts ("sfumato-engine " VERSION) < 0;
  return run_trace (argc, argv);
}
