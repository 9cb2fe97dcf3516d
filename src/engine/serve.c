/* The helper process: takes lines, makes pictures, answers.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/serve.h"

#include "engine/answer.h"
#include "engine/command.h"
#include "engine/error.h"
#include "engine/jail.h"
#include "engine/lines.h"
#include "engine/process.h"
#include "engine/shaders.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define MAX_DEVICES 16
#define SILENCE 5 /* seconds; then the processor tells again where it is */

static struct
{
  char           *merges; /* the installed ones, or NULL */
  sd3_device_info devices[MAX_DEVICES];
  int             n_devices;
  char           *shaders; /* the folder of what drivers compile, or NULL */
  bool            locked; /* the jail is closed: no other model can be opened */
  sd3_jail        jail;
  sd3_engine     *engine; /* NULL until a model is open */
  struct { sd3_phase phase; int done, total; double at; } told; /* of the picture that is being made */
} server;

/* ---- What the model and the computer are --------------------------------------------------------------------- */

static void
say_hello (void)
{
  sd3_answer answer;

  server.n_devices = sd3_devices (server.devices, MAX_DEVICES);
  if (server.n_devices > MAX_DEVICES)
    server.n_devices = MAX_DEVICES;
  sd3_answer_begin (&answer, "hello");
  sd3_answer_whole (&answer, "protocol", 1);
  sd3_answer_text (&answer, "version", VERSION);
  sd3_answer_open (&answer, "devices", '[');
  for (const sd3_device_info *device = server.devices; device < server.devices + server.n_devices; device++)
    {
      sd3_answer_open (&answer, NULL, '{');
      sd3_answer_text (&answer, "id", device->id);
      sd3_answer_text (&answer, "name", device->name);
      sd3_answer_truth (&answer, "gpu", device->is_gpu);
      sd3_answer_whole (&answer, "memory", device->total);
      sd3_answer_whole (&answer, "free", device->free);
      sd3_answer_close (&answer, '}');
    }
  sd3_answer_close (&answer, ']');
  sd3_answer_send (&answer);
}

static void
add_defaults (sd3_answer        *answer,
              const sd3_request *request)
{
  sd3_answer_open (answer, "defaults", '{');
  sd3_answer_whole (answer, "width", (uint64_t) request->width);
  sd3_answer_whole (answer, "height", (uint64_t) request->height);
  sd3_answer_whole (answer, "steps", (uint64_t) request->steps);
  sd3_answer_text (answer, "sampler", sd3_sampler_words[request->sampler]);
  sd3_answer_number (answer, "guidance", request->guidance);
  sd3_answer_number (answer, "skip_guidance", request->skip_guidance);
  sd3_answer_close (answer, '}');
}

static void
add_memory (sd3_answer        *answer,
            const sd3_request *request)
{
  const sd3_info *info = sd3_get_info (server.engine);

  sd3_answer_open (answer, "memory", '{');
  sd3_answer_whole (answer, "text", info->text_size);
  sd3_answer_whole (answer, "transformer", info->transformer_size);
  sd3_answer_whole (answer, "vae", info->vae_size);
  sd3_answer_whole (answer, "needed", sd3_memory_needed (server.engine, request));
  sd3_answer_whole (answer, "available", sd3_memory_available ());
  sd3_answer_close (answer, '}');
}

static void
say_capabilities (const char *type)
{
  static const char *const variants[] = { "other", "sd3-medium", "sd3.5-medium", "sd3.5-large", "sd3.5-large-turbo" };
  const sd3_info *info = sd3_get_info (server.engine);
  sd3_request request = sd3_defaults (server.engine);
  sd3_answer answer;

  sd3_answer_begin (&answer, type);
  sd3_answer_text (&answer, "variant", variants[info->variant]);
  sd3_answer_truth (&answer, "may_be_turbo", info->may_be_turbo);
  sd3_answer_truth (&answer, "clip_l", info->has_clip_l);
  sd3_answer_truth (&answer, "clip_g", info->has_clip_g);
  sd3_answer_truth (&answer, "t5", info->has_t5);
  sd3_answer_truth (&answer, "encoder", info->has_encoder);
  sd3_answer_text (&answer, "preview", info->has_preview ? "taesd3" : "linear");
  sd3_answer_whole (&answer, "side_step", (uint64_t) info->side_step);
  sd3_answer_whole (&answer, "side_max", (uint64_t) info->largest_side);
  add_defaults (&answer, &request);
  sd3_answer_text (&answer, "device", info->device);
  sd3_answer_whole (&answer, "file_size", info->file_size);
  add_memory (&answer, &request);
  sd3_answer_open (&answer, "jail", '{');
  sd3_answer_truth (&answer, "seccomp", server.jail.seccomp);
  sd3_answer_truth (&answer, "landlock", server.jail.landlock);
  sd3_answer_close (&answer, '}');
  sd3_answer_send (&answer);
}

/* ---- Opening a model ----------------------------------------------------------------------------------------- */

static bool
on_card (const char *device)
{
  if (device && strcmp (device, "cpu") == 0)
    return false;
  for (int i = 0; i < server.n_devices; i++)
    if (server.devices[i].is_gpu)
      return true;
  return false;
}

static void
lock_in (const sd3_command *command)
{
  const char *paths[SD3_MAX_PATHS + 3] = { NULL };
  int n = 0;

  while (command->paths[n])
    {
      paths[n] = command->paths[n];
      n++;
    }
  if (command->merges)
    paths[n++] = command->merges;
  if (command->t5)
    paths[n++] = command->t5;
  sd3_prepare (command->device, NULL); /* that it is not there is said when the model is opened */
  server.jail = sd3_jail_enter (paths, on_card (command->device), server.shaders);
  server.locked = true;
}

static bool
load (sd3_command *command,
      sd3_error   *error)
{
  sd3_options options = { .paths = command->paths, .device = command->device, .n_threads = command->n_threads, .t5_model = command->t5 };

  if (server.locked)
    return sd3_fail_as (error, SD3_ERROR_REQUEST, "A process opens one model in its life. Start another for another model.");
  if (!command->merges)
    command->merges = server.merges;
  options.clip_merges = command->merges;
  while (command->paths[options.n_paths])
    options.n_paths++;
  lock_in (command);
  if (!sd3_lines_start ())
    return sd3_fail_as (error, SD3_ERROR_OTHER, N_ ("The system allows no further thread."));
  server.engine = sd3_open (&options, error);
  if (!server.engine)
    return false;
  say_capabilities ("loaded");
  return true;
}

/* ---- Making a picture ---------------------------------------------------------------------------------------- */

static double
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

static void
tell (const sd3_command *command)
{
  static const char *const phases[] = { "text", "picture", "steps", "decoding" };
  sd3_answer answer;

  sd3_answer_begin (&answer, "progress");
  sd3_answer_text (&answer, "id", command->id);
  sd3_answer_text (&answer, "phase", phases[server.told.phase]);
  sd3_answer_whole (&answer, "done", (uint64_t) server.told.done);
  sd3_answer_whole (&answer, "total", (uint64_t) server.told.total);
  sd3_answer_send (&answer);
  server.told.at = now ();
}

static bool
progress_cb (void     *opaque,
             sd3_phase phase,
             int       done,
             int       total)
{
  server.told.phase = phase;
  server.told.done = done;
  server.told.total = total;
  tell (opaque);
  return !sd3_lines_cancelled ();
}

static void
add_picture (sd3_answer    *answer,
             const char    *id,
             const uint8_t *rgb,
             int            width,
             int            height)
{
  sd3_answer_text (answer, "id", id);
  sd3_answer_whole (answer, "width", (uint64_t) width);
  sd3_answer_whole (answer, "height", (uint64_t) height);
  sd3_answer_bytes (answer, "rgb", rgb, (size_t) width * (size_t) height * 3);
}

static void
preview_cb (void          *opaque,
            const uint8_t *rgb,
            int            width,
            int            height)
{
  const sd3_command *command = opaque;
  sd3_answer answer;

  sd3_answer_begin (&answer, "preview");
  add_picture (&answer, command->id, rgb, width, height);
  sd3_answer_send (&answer);
}

/* On the processor this is asked after every part of a step and every tensor that was read: whoever hears nothing for long
 * knows that it hangs. A card may be at work for minutes without a question. */
static bool
cancelled_cb (void *opaque)
{
  if (now () - server.told.at >= SILENCE && strcmp (sd3_get_info (server.engine)->device, "cpu") == 0)
    tell (opaque);
  return sd3_lines_cancelled ();
}

static void
say_result (const sd3_command *command,
            const sd3_picture *picture,
            double             seconds)
{
  char seed[24];
  sd3_answer answer;

  snprintf (seed, sizeof seed, "%" PRIu64, command->request.seed);
  sd3_answer_begin (&answer, "result");
  add_picture (&answer, command->id, picture->rgb, picture->width, picture->height);
  sd3_answer_text (&answer, "seed", seed);
  sd3_answer_whole (&answer, "clip_cut", (uint64_t) picture->clip_cut);
  sd3_answer_whole (&answer, "t5_cut", (uint64_t) picture->t5_cut);
  sd3_answer_number (&answer, "seconds", seconds);
  sd3_answer_send (&answer);
}

/* A seed that other services take as well: 32 bits. */
static uint64_t
any_seed (void)
{
  uint32_t seed = 0;

  while (getrandom (&seed, sizeof seed, 0) != sizeof seed)
    continue;
  return seed;
}

static bool
make (sd3_command *command,
      sd3_error   *error)
{
  sd3_request *request = &command->request;
  double began = now ();
  sd3_picture picture;

  if (!command->has_seed)
    request->seed = any_seed ();
  server.told.phase = SD3_PHASE_TEXT;
  server.told.done = server.told.total = 0;
  server.told.at = began;
  request->progress = progress_cb;
  request->preview = command->preview ? preview_cb : NULL;
  request->cancelled = cancelled_cb;
  request->opaque = command;
  if (!sd3_generate (server.engine, request, &picture, error))
    return false;
  say_result (command, &picture, now () - began);
  free (picture.rgb);
  return true;
}

/* ---- Lines --------------------------------------------------------------------------------------------------- */

static bool
require_model (sd3_error *error)
{
  return server.engine || sd3_fail_as (error, SD3_ERROR_REQUEST, "No model is open.");
}

/* Turbo has defaults of its own; whether a model is Turbo, a person may have to say. */
static bool
generate (const sd3_json_node *line,
          sd3_error           *error)
{
  const sd3_json_node *turbo = sd3_json_get (line, "turbo");
  sd3_command command = { 0 };
  bool good;

  if (!require_model (error))
    return false;
  sd3_set_turbo (server.engine, turbo && turbo->truth);
  command.request = sd3_defaults (server.engine);
  good = sd3_command_read (line, &command, error) && make (&command, error);
  free (command.picture);
  sd3_set_turbo (server.engine, false);
  return good;
}

static bool
unload (void)
{
  sd3_answer answer;

  if (server.engine)
    sd3_unload (server.engine);
  sd3_answer_begin (&answer, "unloaded");
  sd3_answer_send (&answer);
  return true;
}

static bool
handle (const sd3_json_node *line,
        sd3_error           *error)
{
  sd3_command command = { 0 };
  sd3_verb verb;

  if (!sd3_command_verb (line, &verb, error))
    return false;
  if (verb == SD3_DO_GENERATE)
    return generate (line, error);
  if (!sd3_command_read (line, &command, error))
    return false;
  switch (verb)
    {
    case SD3_DO_LOAD:
      return load (&command, error);
    case SD3_DO_CAPABILITIES:
      if (!require_model (error))
        return false;
      say_capabilities ("capabilities");
      return true;
    case SD3_DO_UNLOAD:
      return unload ();
    default:
      return true; /* there is nothing to cancel before there is a model */
    }
}

static void
handle_next (void)
{
  sd3_line *line = sd3_lines_next ();
  const sd3_json_node *root = line->json ? sd3_json_root (line->json) : NULL;

  if (!root)
    sd3_answer_error (NULL, &line->error);
  else if (!handle (root, &line->error))
    sd3_answer_error (sd3_generate_id (root), &line->error);
  sd3_lines_done (line);
}

void
sd3_serve (void)
{
  sd3_process_settle ();
  sd3_answers_begin ();
  server.merges = sd3_process_find_merges ();
  server.shaders = sd3_shaders_open ();
  say_hello ();
  for (;;)
    handle_next ();
}
