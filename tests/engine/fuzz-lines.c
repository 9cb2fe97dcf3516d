/* A line of the helper's protocol, on any bytes. The entry is libFuzzer's; without it fuzz-main.c drives it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/command.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data,
                            size_t         size);

/* What a command says is within what the engine is promised. */
static void
check (const sd3_command *command)
{
  const sd3_request *r = &command->request;
  bool good = strlen (command->id) <= SD3_MAX_ID && command->n_threads >= 0 && command->n_threads <= 1024;

  if (command->verb == SD3_DO_GENERATE)
    good = good && r->prompt && strlen (r->prompt) <= 4 * SD3_MAX_PROMPT && r->width >= 16 && r->width <= 16384 && r->height >= 16 &&
           r->height <= 16384 && r->steps >= 1 && r->steps <= 1000 && r->guidance >= 0 && r->guidance <= 100 && r->strength >= 0 && r->strength <= 1;
  if (command->verb == SD3_DO_LOAD)
    good = good && command->paths[0] && command->paths[0][0] == '/';
  if (!good)
    abort ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  sd3_command command = { .request = { .width = 64, .height = 64, .steps = 28, .guidance = 7, .strength = 1 } };
  /* A copy of the exact size, so that one byte too far is found. */
  char *text = malloc (size ? size : 1);
  sd3_error error;
  sd3_json *json;

  memcpy (text, data, size);
  json = sd3_json_parse_line (text, size, &error);
  free (text);
  if (!json)
    return 0;
  sd3_generate_id (sd3_json_root (json));
  if (sd3_command_read (sd3_json_root (json), &command, &error))
    check (&command);
  free (command.picture);
  sd3_json_free (json);
  return 0;
}
