#pragma once
#include <stdbool.h>
#include <stdint.h>
typedef struct { char text[512]; } sd3_error;

typedef enum
{
  SD3_SAMPLER_EULER,
  SD3_SAMPLER_HEUN,
  SD3_SAMPLER_DPMPP_2M,
} sd3_sampler;

typedef enum
{
  SD3_SCHEDULE_REFERENCE,
  SD3_SCHEDULE_SIMPLE,
  SD3_SCHEDULE_SGM_UNIFORM,
} sd3_schedule_kind;

typedef struct
{
  void (*stage) (void *opaque, const char *name, const float *data, int n_dims, const int64_t *shape);
  void *opaque;
} sd3_trace;
