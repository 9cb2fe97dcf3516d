/* The helper process: one JSON object a line on its standard input and output (NOTES.md has the table).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

/* Serves until the input ends, which ends the process. */
_Noreturn void sd3_serve (void);
