/* What the helper process is to the system: it dies with its parent, leaves no core and holds nothing of its parent's.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

/* Call it first. */
void sd3_process_settle (void);

/* The installed list of CLIP's merges, or NULL when it is not there; free() it. */
char *sd3_process_find_merges (void);
