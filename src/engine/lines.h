/* Lines of the protocol on their way in: read from the standard input, parsed, and kept until it is their turn. What
 * cancels a picture does not wait. The end of the input is the end of the process.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/json.h"

typedef struct sd3_line sd3_line;

struct sd3_line
{
  sd3_line  *next;
  sd3_json  *json;  /* NULL when it is none, and then: */
  sd3_error  error;
  bool       cancelled;
};

/* From now on a thread of its own reads, so that a picture that is being made can be cancelled. */
bool sd3_lines_start (void);

/* The next line, as soon as there is one. Give it back with sd3_lines_done(). */
sd3_line *sd3_lines_next (void);

/* Whether the line that is being worked on was cancelled. Any thread may ask. */
bool sd3_lines_cancelled (void);

void sd3_lines_done (sd3_line *line);
