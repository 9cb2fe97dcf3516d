/* The many names of one tensor. Every layout in the wild (the original single file, diffusers, OpenCLIP, llama.cpp) is
 * brought to one: the original's for the transformer and the VAE, Hugging Face's for the text encoders, with q, k and
 * v as one tensor save in T5.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/tensors.h"

typedef enum
{
  SD3_ROLE_MMDIT,
  SD3_ROLE_CLIP_L,
  SD3_ROLE_CLIP_G,
  SD3_ROLE_T5,
  SD3_ROLE_VAE,
  SD3_ROLE_TAESD,
  SD3_N_ROLES,
  SD3_ROLE_NONE = SD3_N_ROLES,
} sd3_role;

enum
{
  SD3_NAME_SWAP = 1,      /* the halves of the rows are stored the other way round */
  SD3_NAME_TRANSPOSE = 2, /* stored [in, out] */
  SD3_NAME_SPARE = 4,     /* another tensor, where there is one, says the same */
};

typedef struct
{
  sd3_role role;
  char     name[192];
  int      part, n_parts; /* rows of a fused tensor */
  int      flags;
} sd3_place;

/* For a person: "the transformer", "CLIP-L". */
const char *sd3_role_name (sd3_role role);

/* What the tensors without a prefix belong to in a file, from what is in it; SD3_ROLE_NONE when nothing tells. */
sd3_role sd3_bare_role (const sd3_entries *list,
                        const char        *file_name);

/* Where a tensor belongs; @place->role is SD3_ROLE_NONE for what no picture needs. @bare is the role of names without
 * a prefix. */
void sd3_place_tensor (const char *name,
                       sd3_role    bare,
                       sd3_place  *place);
