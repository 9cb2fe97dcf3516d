/* A door for checking: runs the parts of a model that are there on inputs from a file, and writes what each stage made
 * (NOTES.md says how).
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/denoise.h"

typedef struct
{
  const char  *folder;     /* where the stages are written */
  const char  *paths[16];  /* model files or a folder */
  int          n_paths;
  const char  *inputs;     /* a safetensors file, or NULL */
  const char  *prompt, *negative;
  const char  *clip_merges, *t5_model;
  int          clip_l_heads, clip_g_heads; /* 0: a head is 64 wide */
  int          t5_length, clip_chunks;
  const char  *device;
  int          n_threads;
  int          width, height; /* pixels, where the noise comes from the seed */
  uint64_t     seed;
  float        time;       /* of a single pass; negative: sample */
  sd3_denoising settings;  /* steps, sampler, … */
} sd3_trace_job;

bool sd3_trace_run (const sd3_trace_job *job,
                    sd3_error           *error);
