/* What graphics drivers compile, kept in a folder of the engine's own, so that the next process does not compile it again.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

/* Makes the folder, empties one that grew too large, and has the drivers use it: before any of them is opened. NULL when
 * there is no place for it; the drivers then compile anew. */
char *sd3_shaders_open (void);
