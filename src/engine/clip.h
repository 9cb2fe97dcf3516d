/* CLIP's text encoders L and G (openai/CLIP, OpenCLIP). One pass gives both answers: the second-to-last layer's states,
 * and the pooled state of the end of the text.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/load.h"

#define SD3_MAX_CLIP_LAYERS 64

typedef struct sd3_clip sd3_clip;

/* @role: SD3_ROLE_CLIP_L or SD3_ROLE_CLIP_G. Checks that all is there; reads no weights. */
sd3_clip *sd3_clip_new (const sd3_weights *weights,
                        sd3_role           role,
                        sd3_error         *error);

void sd3_clip_free (sd3_clip *clip);

int sd3_clip_width (const sd3_clip *clip);
int sd3_clip_vocabulary (const sd3_clip *clip);
uint64_t sd3_clip_size (const sd3_clip *clip);

bool sd3_clip_load (sd3_clip   *clip,
                    sd3_device *device,
                    sd3_error  *error);

/* Gives the weights' memory back; a later load reads them again. */
void sd3_clip_unload (sd3_clip *clip);

/* Weights in types of more range, for a second try, or as they are stored; gives their memory back. Returns whether
 * that changes anything. */
bool sd3_clip_widen (sd3_clip *clip,
                     bool      on);

/* @hidden: [length, width]; @pooled: [width], projected for G as the reference does and not for L. */
bool sd3_clip_encode (sd3_clip      *clip,
                      const int32_t *ids,
                      sd3_trace     *trace,
                      float         *hidden,
                      float         *pooled,
                      sd3_error     *error);
