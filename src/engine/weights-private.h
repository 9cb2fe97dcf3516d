/* The table of tensors, as the files that fill it and read from it see it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/map.h"
#include "engine/weights.h"

#define SD3_MAX_FILES 256

typedef struct
{
  sd3_file    file;
  sd3_entries list;
} sd3_source;

struct sd3_weights
{
  sd3_source  sources[SD3_MAX_FILES];
  int         n_sources;
  sd3_tensor *tensors;
  size_t      n_tensors, tensor_room;
  sd3_map     by_name;
  int         heads[SD3_N_ROLES];
  int         sample_side;
  int         file_of[SD3_N_ROLES]; /* source of a role's first tensor, counted from one */
  char       *folder;
  char       *title;
};

/* Adds the tensors of an opened file and takes the file, also when it fails. @bare: see sd3_place_tensor(); NONE asks
 * the file. */
bool sd3_weights_add (sd3_weights *weights,
                      sd3_file     file,
                      sd3_role     bare,
                      sd3_error   *error);

/* The parts of a folder in the layout of diffusers. */
bool sd3_weights_add_folder (sd3_weights *weights,
                             const char  *path,
                             sd3_error   *error);
