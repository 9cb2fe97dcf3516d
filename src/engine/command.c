/* Lines of the protocol, by one table of members.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/command.h"

#include "engine/base64.h"
#include "engine/memory.h"

#include <stdlib.h>
#include <string.h>

const char *const sd3_sampler_words[] = { "euler", "heun", "dpmpp-2m", NULL };
const char *const sd3_schedule_words[] = { "reference", "simple", "sgm-uniform", NULL };

static const char *const verbs[] = { "load", "capabilities", "generate", "cancel", "unload", NULL };

typedef enum { PATH, PATHS, WORD, ID, PROMPT, WHOLE, DOUBLE, FLOAT, TRUTH, SAMPLER, SCHEDULE, SEED, PICTURE } kind;

#define IN_REQUEST(member) offsetof (sd3_command, request.member)

static const struct field
{
  sd3_verb    verb;
  const char *name;
  kind        kind;
  size_t      offset; /* in the command */
  double      least, most;
} fields[] = {
  { SD3_DO_LOAD, "paths", PATHS, offsetof (sd3_command, paths) },
  { SD3_DO_LOAD, "merges", PATH, offsetof (sd3_command, merges) },
  { SD3_DO_LOAD, "t5", PATH, offsetof (sd3_command, t5) },
  { SD3_DO_LOAD, "device", WORD, offsetof (sd3_command, device) },
  { SD3_DO_LOAD, "threads", WHOLE, offsetof (sd3_command, n_threads), 0, 1024 },
  { SD3_DO_CANCEL, "id", ID, offsetof (sd3_command, id) },
  { SD3_DO_GENERATE, "id", ID, offsetof (sd3_command, id) },
  { SD3_DO_GENERATE, "prompt", PROMPT, IN_REQUEST (prompt) },
  { SD3_DO_GENERATE, "negative", PROMPT, IN_REQUEST (negative) },
  { SD3_DO_GENERATE, "width", WHOLE, IN_REQUEST (width), 16, 16384 },
  { SD3_DO_GENERATE, "height", WHOLE, IN_REQUEST (height), 16, 16384 },
  { SD3_DO_GENERATE, "steps", WHOLE, IN_REQUEST (steps), 1, 1000 },
  { SD3_DO_GENERATE, "sampler", SAMPLER, IN_REQUEST (sampler) },
  { SD3_DO_GENERATE, "schedule", SCHEDULE, IN_REQUEST (schedule) },
  { SD3_DO_GENERATE, "shift", DOUBLE, IN_REQUEST (shift), 0.01, 100 },
  { SD3_DO_GENERATE, "guidance", FLOAT, IN_REQUEST (guidance), 0, 100 },
  { SD3_DO_GENERATE, "rescale", FLOAT, IN_REQUEST (rescale), 0, 1 },
  { SD3_DO_GENERATE, "skip_guidance", FLOAT, IN_REQUEST (skip_guidance), 0, 100 },
  { SD3_DO_GENERATE, "seed", SEED, IN_REQUEST (seed) },
  { SD3_DO_GENERATE, "turbo", TRUTH, offsetof (sd3_command, turbo) },
  { SD3_DO_GENERATE, "picture", PICTURE, 0 },
  { SD3_DO_GENERATE, "strength", DOUBLE, IN_REQUEST (strength), 0, 1 },
  { SD3_DO_GENERATE, "t5_length", WHOLE, IN_REQUEST (t5_length), 77, 512 },
  { SD3_DO_GENERATE, "preview", TRUTH, offsetof (sd3_command, preview) },
};

static bool
wrong (sd3_error  *error,
       const char *name,
       const char *should_be)
{
  return sd3_fail_as (error, SD3_ERROR_REQUEST, "“%.60s” must be %s.", name, should_be);
}

/* ---- Values ------------------------------------------------------------------------------------------------ */

static bool
is_path (const sd3_json_node *node)
{
  return node->type == SD3_JSON_STRING && node->string[0] == '/' && node->n < 4096;
}

static bool
read_paths (const sd3_json_node *node,
            sd3_command         *command)
{
  int n = 0;

  if (node->type != SD3_JSON_ARRAY || node->n == 0 || node->n > SD3_MAX_PATHS)
    return false;
  for (const sd3_json_node *path = node->child; path; path = path->next)
    if (is_path (path))
      command->paths[n++] = path->string;
    else
      return false;
  command->paths[n] = NULL;
  return true;
}

static size_t
count_characters (const sd3_json_node *text)
{
  size_t n = 0;

  for (uint32_t i = 0; i < text->n; i++)
    n += ((unsigned char) text->string[i] & 0xc0) != 0x80;
  return n;
}

/* All 64 bits, so that it cannot be a number of JSON, which many programs keep as a double. */
static bool
read_seed (const sd3_json_node *node,
           uint64_t            *seed)
{
  *seed = 0;
  if (node->type != SD3_JSON_STRING || node->n == 0)
    return false;
  for (const char *p = node->string; *p; p++)
    if (*p < '0' || *p > '9' || __builtin_mul_overflow (*seed, 10, seed) || __builtin_add_overflow (*seed, (uint64_t) (*p - '0'), seed))
      return false;
  return true;
}

static bool
read_choice (const sd3_json_node *node,
             const char *const   *words,
             int                 *choice)
{
  if (node->type != SD3_JSON_STRING)
    return false;
  for (int i = 0; words[i]; i++)
    if (strcmp (node->string, words[i]) == 0)
      return *choice = i, true;
  return false;
}

static bool
read_number (const struct field  *field,
             const sd3_json_node *node,
             void                *place,
             sd3_error           *error)
{
  bool whole = field->kind == WHOLE;

  if (node->type != SD3_JSON_NUMBER || (whole && !node->is_index) || !(node->number >= field->least && node->number <= field->most))
    return sd3_fail_as (error, SD3_ERROR_REQUEST, "“%s” must be a %s from %g to %g.", field->name, whole ? "whole number" : "number", field->least, field->most);
  if (whole)
    *(int *) place = (int) node->index;
  else if (field->kind == DOUBLE)
    *(double *) place = node->number;
  else
    *(float *) place = (float) node->number;
  return true;
}

static bool
read_text (const struct field  *field,
           const sd3_json_node *node,
           const char         **place,
           sd3_error           *error)
{
  bool is_text = node->type == SD3_JSON_STRING;

  *place = node->string;
  switch (field->kind)
    {
    case PATH:
      return is_path (node) || wrong (error, field->name, "a path that begins with “/”");
    case WORD:
      return (is_text && node->n > 0 && node->n < 32) || wrong (error, field->name, "a short text");
    case ID:
      return (is_text && node->n <= SD3_MAX_ID) || wrong (error, field->name, "a text of at most 64 bytes");
    default:
      return (is_text && count_characters (node) <= SD3_MAX_PROMPT) || wrong (error, field->name, "a text of at most 10,000 characters");
    }
}

static bool
read_field (const struct field  *field,
            const sd3_json_node *node,
            sd3_command         *command,
            sd3_error           *error)
{
  void *place = (char *) command + field->offset;

  switch (field->kind)
    {
    case PATHS:
      return read_paths (node, command) || wrong (error, field->name, "1 to 16 paths that begin with “/”");
    case TRUTH:
      *(bool *) place = node->truth;
      return node->type == SD3_JSON_BOOLEAN || wrong (error, field->name, "true or false");
    case SAMPLER:
      return read_choice (node, sd3_sampler_words, place) || wrong (error, field->name, "“euler”, “heun” or “dpmpp-2m”");
    case SCHEDULE:
      return read_choice (node, sd3_schedule_words, place) || wrong (error, field->name, "“reference”, “simple” or “sgm-uniform”");
    case SEED:
      command->has_seed = true;
      return read_seed (node, place) || wrong (error, field->name, "a text of decimal digits, from 0 to 18446744073709551615");
    case PICTURE:
      return node->type == SD3_JSON_STRING || wrong (error, field->name, "a text in base64"); /* the rest needs the size */
    case WHOLE:
    case DOUBLE:
    case FLOAT:
      return read_number (field, node, place, error);
    default:
      return read_text (field, node, place, error);
    }
}

/* ---- Lines ------------------------------------------------------------------------------------------------- */

bool
sd3_command_verb (const sd3_json_node *line,
                  sd3_verb            *verb,
                  sd3_error           *error)
{
  const sd3_json_node *word = sd3_json_get (line, "do");
  int choice;

  if (line->type != SD3_JSON_OBJECT)
    return sd3_fail_as (error, SD3_ERROR_REQUEST, "The line is not an object.");
  if (!word || !read_choice (word, verbs, &choice))
    return wrong (error, "do", "“load”, “capabilities”, “generate”, “cancel” or “unload”");
  *verb = (sd3_verb) choice;
  return true;
}

const char *
sd3_generate_id (const sd3_json_node *line)
{
  const sd3_json_node *id = sd3_json_get_type (line, "id", SD3_JSON_STRING);
  sd3_verb verb;

  if (!sd3_command_verb (line, &verb, NULL) || verb != SD3_DO_GENERATE)
    return NULL;
  return id && id->n <= SD3_MAX_ID ? id->string : "";
}

static const struct field *
find_field (sd3_verb    verb,
            const char *name)
{
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    if (fields[i].verb == verb && strcmp (fields[i].name, name) == 0)
      return &fields[i];
  return NULL;
}

static bool
read_picture (const sd3_json_node *line,
              sd3_command         *command,
              sd3_error           *error)
{
  const sd3_json_node *text = sd3_json_get (line, "picture");
  size_t size = (size_t) command->request.width * command->request.height * 3;

  if (!text)
    return true;
  /* Before memory is asked for: the text is as long as it must be. */
  if (text->n != SD3_BASE64_LENGTH (size))
    return sd3_fail_as (error, SD3_ERROR_REQUEST, "“picture” must be %zu bytes in base64: three for each pixel.", size);
  command->picture = sd3_alloc (size, 1);
  command->request.picture = command->picture;
  if (sd3_base64_decode (text->string, text->n, command->picture, size))
    return true;
  free (command->picture);
  command->request.picture = command->picture = NULL;
  return wrong (error, "picture", "a text in base64");
}

static bool
check_whole (const sd3_json_node *line,
             sd3_command         *command,
             sd3_error           *error)
{
  switch (command->verb)
    {
    case SD3_DO_LOAD:
      return command->paths[0] || wrong (error, "paths", "there");
    case SD3_DO_GENERATE:
      return (command->request.prompt || wrong (error, "prompt", "there")) && read_picture (line, command, error);
    case SD3_DO_CANCEL:
      return sd3_json_get (line, "id") || wrong (error, "id", "there");
    default:
      return true;
    }
}

bool
sd3_command_read (const sd3_json_node *line,
                  sd3_command         *command,
                  sd3_error           *error)
{
  command->id = "";
  if (!sd3_command_verb (line, &command->verb, error))
    return false;
  for (const sd3_json_node *member = line->child; member; member = member->next)
    {
      const struct field *field = find_field (command->verb, member->key);

      if (strcmp (member->key, "do") == 0)
        continue;
      if (!field)
        return sd3_fail_as (error, SD3_ERROR_REQUEST, "Nothing is known of a member “%.60s” in “%s”.", member->key, verbs[command->verb]);
      if (!read_field (field, member, command, error))
        return false;
    }
  return check_whole (line, command, error);
}
