/* An opened model, for the files that open it and make pictures with it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/mmdit.h"
#include "engine/text.h"
#include "engine/vae.h"

struct sd3_engine
{
  sd3_weights *weights;
  sd3_device   device;
  sd3_text    *text;
  sd3_mmdit   *mmdit;
  sd3_vae     *decoder;
  sd3_vae     *encoder; /* NULL where the model has none */
  sd3_vae     *taesd;   /* likewise */
  sd3_trace   *trace;
  sd3_info     info;
};
