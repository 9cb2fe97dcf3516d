/* What a line of the protocol asks for (NOTES.md has the table). Strict: a member nobody knows, a wrong type or a number
 * out of its range is an error of kind SD3_ERROR_REQUEST. Reads no file and computes nothing.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/json.h"

#define SD3_MAX_PATHS 16
#define SD3_MAX_ID 64         /* bytes */
#define SD3_MAX_PROMPT 10000  /* characters */

typedef enum { SD3_DO_LOAD, SD3_DO_CAPABILITIES, SD3_DO_GENERATE, SD3_DO_CANCEL, SD3_DO_UNLOAD } sd3_verb;

/* Its texts live as long as the tree they were read from. */
typedef struct
{
  sd3_verb verb;

  /* load */
  const char *paths[SD3_MAX_PATHS + 1]; /* ends with NULL */
  const char *merges, *t5, *device;     /* or NULL */
  int         n_threads;

  /* generate and cancel */
  const char *id; /* "" when there is none */

  /* generate */
  sd3_request request;
  bool        has_seed, turbo, preview;
  uint8_t    *picture; /* what request.picture points to; free() it */
} sd3_command;

/* What a line wants, by its member "do". */
bool sd3_command_verb (const sd3_json_node *line,
                       sd3_verb            *verb,
                       sd3_error           *error);

/* The id that the answers to "generate" carry, "" where it names none; NULL when the line is something else. */
const char *sd3_generate_id (const sd3_json_node *line);

/* Reads the whole line; what it does not name stays as @command has it. */
bool sd3_command_read (const sd3_json_node *line,
                       sd3_command         *command,
                       sd3_error           *error);

/* The sampler's and schedule's words in the protocol, in the order of their enumerations; NULL at the end. */
extern const char *const sd3_sampler_words[];
extern const char *const sd3_schedule_words[];
