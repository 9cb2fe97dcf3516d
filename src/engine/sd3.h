/* Stable Diffusion 3 and 3.5 on this computer.
 *
 *   sd3_error error;
 *   sd3_engine *engine = sd3_open (&(sd3_options) { .paths = (const char *[]) { "sd3_medium.safetensors" }, .n_paths = 1 }, &error);
 *   sd3_request request = sd3_defaults (engine);
 *   sd3_picture picture;
 *
 *   request.prompt = "a lighthouse in the fog";
 *   if (sd3_generate (engine, &request, &picture, &error)) … picture.rgb …
 *
 * An engine is one opened model; all calls on it come from one thread. Model files are not trusted: what is wrong with
 * one is a sentence in the error. Nothing here prints, and nothing but running out of small memory ends the process;
 * ggml's own assertions may, which is why the engine runs in a process of its own.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SD3_NEXT_ARGUMENT '\x1f'

typedef enum
{
  SD3_ERROR_OTHER,
  SD3_ERROR_CANCELLED,
  SD3_ERROR_MEMORY,  /* there is not enough of it; the sentence has the numbers */
  SD3_ERROR_MODEL,   /* its files are damaged, incomplete, of another kind or cannot be read */
  SD3_ERROR_REQUEST, /* what was asked cannot be */
  SD3_ERROR_NUMBERS, /* NaN or infinity, also after a second try in safer types */
} sd3_error_kind;

typedef struct
{
  char           text[512];      /* one sentence */
  sd3_error_kind kind;
  const char    *format;         /* the same for whoever translates it: printf's format, */
  char           arguments[512]; /* and what stands in its places, each but the first behind a SD3_NEXT_ARGUMENT */
} sd3_error;

typedef struct sd3_engine sd3_engine;

typedef enum { SD3_SAMPLER_EULER, SD3_SAMPLER_HEUN, SD3_SAMPLER_DPMPP_2M } sd3_sampler;

/* The reference's and diffusers' schedule; ComfyUI's two. */
typedef enum { SD3_SCHEDULE_REFERENCE, SD3_SCHEDULE_SIMPLE, SD3_SCHEDULE_SGM_UNIFORM } sd3_schedule_kind;

typedef enum { SD3_PHASE_TEXT, SD3_PHASE_PICTURE, SD3_PHASE_STEPS, SD3_PHASE_DECODING } sd3_phase; /* PICTURE: the one to start from */

typedef enum { SD3_VARIANT_OTHER, SD3_VARIANT_MEDIUM, SD3_VARIANT_35_MEDIUM, SD3_VARIANT_35_LARGE, SD3_VARIANT_35_LARGE_TURBO } sd3_variant;

/* Is given what each stage made: F32, slowest dimension first. For checking; it makes everything slower. */
typedef struct
{
  void (*stage) (void *opaque, const char *name, const float *data, int n_dims, const int64_t *shape);
  void *opaque;
} sd3_trace;

typedef struct
{
  const char *const *paths;       /* files, or a folder in the layout of diffusers */
  int                n_paths;
  const char        *device;      /* an id of sd3_devices(); NULL or "auto": the best there is */
  int                n_threads;   /* of the processor; 0: one for each core */
  uint64_t           memory_limit; /* bytes for weights and computations; 0: what is available */
  const char        *clip_merges; /* CLIP's merges.txt, for models that bring no vocabulary */
  const char        *t5_model;    /* T5's spiece.model or tokenizer.json, likewise; may be NULL */
  sd3_trace         *trace;       /* or NULL */
} sd3_options;

typedef struct
{
  sd3_variant variant;
  bool        may_be_turbo;       /* the tensors do not tell Large from Large Turbo, nor did a name: ask */
  bool        has_clip_l, has_clip_g, has_t5, has_decoder, has_encoder, has_preview;
  int         side_step, largest_side; /* pixels */
  uint64_t    text_size, transformer_size, vae_size; /* bytes of weights in memory, one phase after the other */
  uint64_t    file_size;          /* bytes of all its files */
  char        device[32];         /* the id of where it computes */
} sd3_info;

typedef struct
{
  char     id[32];    /* "cpu", "vulkan0", … */
  char     name[128]; /* for a person */
  bool     is_gpu;
  uint64_t total, free; /* bytes of its memory */
} sd3_device_info;

typedef struct
{
  const char       *prompt, *negative; /* UTF-8; NULL is the empty text */
  int               width, height;     /* pixels */
  int               steps;
  sd3_sampler       sampler;
  sd3_schedule_kind schedule;
  double            shift;             /* of the schedule */
  float             guidance;          /* 1: none, and the negative prompt has no effect */
  float             rescale;           /* 0…1: draws guided contrast back */
  float             skip_guidance;     /* by leaving out layers 7, 8 and 9; 0: none */
  double            skip_from, skip_to; /* the part of the steps it acts in */
  uint64_t          seed;              /* of torch's generator on the CPU */
  const uint8_t    *picture;           /* to start from: RGB of width × height, or NULL */
  double            strength;          /* 1: nothing of it stays; 0: all that the VAE keeps; a double, for 0.6 of 10 steps are 6 */
  int               t5_length;         /* the least number of T5's tokens: 77, or 256 as in diffusers */
  int               clip_chunks;       /* of 75 tokens each, for long prompts: at most 8; 1 cuts there, as diffusers does */

  /* All may be NULL. Progress is told at the start (done is 0) and the end of each phase and after each step; false
   * cancels. A preview is a small picture of what the latent is on its way to, after each step. The last is asked often,
   * also by other threads, and must be quick. */
  bool (*progress) (void *opaque, sd3_phase phase, int done, int total);
  void (*preview) (void *opaque, const uint8_t *rgb, int width, int height);
  bool (*cancelled) (void *opaque);
  void *opaque;
} sd3_request;

typedef struct
{
  int      width, height;
  uint8_t *rgb;                    /* free() it */
  int      clip_cut, t5_cut;       /* tokens of the prompt that found no room */
} sd3_picture;

/* Opens the driver of a device of sd3_devices() (NULL or "auto": the best there is); for a process that locks itself in before
 * it opens a model. False where there is no such device. */
bool sd3_prepare (const char *device, sd3_error *error);

/* Fills at most @room places and returns how many devices there are; the processor comes first. */
int sd3_devices (sd3_device_info *infos,
                 int              room);

/* Bytes that programs can still get on this computer, also where a control group gives them less. */
uint64_t sd3_memory_available (void);

sd3_engine *sd3_open (const sd3_options *options, sd3_error *error);
void sd3_close (sd3_engine *engine);

const sd3_info *sd3_get_info (const sd3_engine *engine);

/* What a person says of a model that may be Turbo; changes its variant and defaults. */
void sd3_set_turbo (sd3_engine *engine, bool is_turbo);

/* What the model's makers recommend, at the size it learnt from; seed 0. */
sd3_request sd3_defaults (const sd3_engine *engine);

/* The most bytes this picture will have in the computer's memory at a time; what lies on a card does not count. */
uint64_t sd3_memory_needed (const sd3_engine  *engine,
                            const sd3_request *request);

/* Refuses what does not fit before it starts. */
bool sd3_generate (sd3_engine *engine, const sd3_request *request, sd3_picture *picture, sd3_error *error);

/* Gives weights and all that is remembered back. The model stays open; the next picture reads it again. */
void sd3_unload (sd3_engine *engine);
