/* Measures the engine from the inside, for ./dev bench.
 *
 *   bench-engine peak                              GFLOP/s of oneDNN's matrix product on all cores: what can be had
 *   bench-engine picture MODEL MERGES SIDE STEPS   one picture, phase by phase
 *
 * Each prints one line of JSON.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/kernels.h"
#include "engine/sd3.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static double
now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

/* ---- What the machine can do ------------------------------------------------------------------------------------- */

#define M 1024
#define K 1536
#define N 6144

/* Seconds of one product of M rows, repeated for about a second. */
static double
measure_product (bool bf16)
{
  size_t size = bf16 ? 2 : 4;
  dnnl_memory_desc_t layout = sd3_right_side (SD3_FEW_ROWS, K, N, bf16);
  sd3_matmul shape = { .m = M, .k = K, .n = N, .bf16 = bf16, .lda = K, .weights = layout, .to_bf16 = bf16, .ldc = N };
  void *src = calloc (M * K, size), *dst = calloc ((size_t) M * N, size), *weights = aligned_alloc (64, dnnl_memory_desc_get_size (layout));
  double best = 1e9, until;
  sd3_product product;

  memset (weights, 0, dnnl_memory_desc_get_size (layout));
  if (!sd3_matmul_begin (&product, &shape))
    exit (1);
  for (until = now () + 2; now () < until;)
    {
      double began = now (), took;

      sd3_product_run (&product, src, weights, NULL, NULL, dst);
      took = now () - began;
      best = took < best ? took : best;
    }
  sd3_product_end (&product);
  dnnl_memory_desc_destroy (layout);
  free (src);
  free (dst);
  free (weights);
  return best;
}

static double
measure (bool bf16)
{
  double total = 0;

  #pragma omp parallel reduction(+ : total)
  total += 2e-9 * M * K * N / measure_product (bf16);
  return total;
}

static int
peak (void)
{
  double f32 = measure (false);

  printf ("{\"f32\": %.1f, \"best\": %.1f}\n", f32, sd3_kernels_bf16 () ? measure (true) : f32);
  return 0;
}

/* ---- A picture --------------------------------------------------------------------------------------------------- */

typedef struct
{
  double phases[4][2]; /* begin and end */
  double steps[100];
  bool   only_text;
} times;

static bool
progress_cb (void     *opaque,
             sd3_phase phase,
             int       done,
             int       total)
{
  times *t = opaque;

  t->phases[phase][done == total] = now ();
  if (phase == SD3_PHASE_STEPS)
    t->steps[done] = now ();
  return !(t->only_text && phase == SD3_PHASE_STEPS);
}

static double
length (const times *t,
        sd3_phase    phase)
{
  return t->phases[phase][1] - t->phases[phase][0];
}

static void
print (const times *first,
       const times *second,
       int          n_steps,
       double       whole)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  printf ("{\"text\": %.3f, \"text_again\": %.3f, \"first_step\": %.3f, \"step\": %.3f, \"vae\": %.3f, \"whole\": %.3f, \"memory\": %.0f}\n",
          length (first, SD3_PHASE_TEXT), length (second, SD3_PHASE_TEXT), first->steps[1] - first->steps[0],
          (first->steps[n_steps] - first->steps[1]) / (n_steps - 1), length (first, SD3_PHASE_DECODING), whole, (double) usage.ru_maxrss / 1024);
}

static int
picture (char **argv)
{
  sd3_error error = { "" };
  double began = now (), whole;
  sd3_engine *engine = sd3_open (&(sd3_options) { .paths = (const char *[]) { argv[2] }, .n_paths = 1, .device = "cpu", .clip_merges = argv[3] }, &error);
  times first = { 0 }, second = { .only_text = true };
  sd3_picture made = { 0 };
  sd3_request request;

  if (!engine)
    return fprintf (stderr, "%s\n", error.text), 1;
  request = sd3_defaults (engine);
  request.prompt = "a lighthouse in the fog";
  request.width = request.height = atoi (argv[4]);
  request.steps = atoi (argv[5]);
  request.guidance = 1;
  request.progress = progress_cb;
  request.opaque = &first;
  if (!sd3_generate (engine, &request, &made, &error))
    return fprintf (stderr, "%s\n", error.text), 1;
  whole = now () - began;
  free (made.rgb);
  request.opaque = &second;
  sd3_generate (engine, &request, &made, &error);
  print (&first, &second, request.steps, whole);
  sd3_close (engine);
  return 0;
}

int
main (int    argc,
      char **argv)
{
  if (argc == 2 && strcmp (argv[1], "peak") == 0)
    return peak ();
  if (argc == 6 && strcmp (argv[1], "picture") == 0 && atoi (argv[5]) >= 2 && atoi (argv[5]) < 100)
    return picture (argv);
  fprintf (stderr, "Usage: bench-engine peak | picture MODEL MERGES SIDE STEPS\n");
  return 2;
}
