/* A tiny model with everything in it, in the files people have, for making whole pictures through the public header.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "tiny.h"

#include "engine/sd3.h"

#define SIDE 64
#define BYTES (SIDE * SIDE * 3)

/* A folder of its own; whole_tear_down() removes it with all that is in it. */
void whole_set_up (void);
void whole_tear_down (void);

/* A path in the folder; its parents are made. */
char *whole_path (const char *name);

/* The same model as one file with everything ("all.safetensors"), as a folder ("folder"), and in pieces. */
void whole_write_models (void);

/* Everything in one file, with some of the weights in @dtype. */
void whole_write (const char *name,
                  TinyModel  *mmdit,
                  TinyModel  *clip,
                  TinyModel  *t5,
                  TinyModel  *vae,
                  const char *dtype);

/* @options may be NULL; its files are filled in. */
sd3_engine *whole_open (const char *const *names,
                        int                n,
                        const sd3_options *options,
                        sd3_error         *error);

sd3_engine *whole_open_good (const char *name);

/* Two steps with guidance. */
sd3_request whole_request (sd3_engine *engine);

guint8 *whole_make (sd3_engine        *engine,
                    const sd3_request *request);

int whole_largest_difference (const guint8 *a,
                              const guint8 *b);
