/* Makes a file of SD3 Medium's size, names and shapes (2.085 B parameters in the transformer, CLIP-L, CLIP-G and the
 * VAE) with random weights, for timings: the arithmetic is the same, the picture is noise.
 *
 *   make-model FILE F16|BF16
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 1536
#define BLOCKS 24
#define TYPE_SIZE 2

typedef struct
{
  FILE    *out;
  bool     writes_data; /* else the header */
  bool     bf16;
  uint64_t offset;
  uint32_t state;
  char     prefix[64];
} maker;

static float
draw (maker *m)
{
  m->state = m->state * 1664525u + 1013904223u;
  return (float) (int32_t) m->state / 2147483648.0f;
}

static uint16_t
to_half (float value,
         bool  bf16)
{
  uint32_t bits;
  int exponent;

  memcpy (&bits, &value, sizeof bits);
  if (bf16)
    return (uint16_t) (bits >> 16);
  exponent = (int) (bits >> 23 & 255) - 112;
  return (uint16_t) (bits >> 16 & 0x8000) | (exponent <= 0 ? 0 : (uint16_t) (exponent << 10 | (bits >> 13 & 1023)));
}

/* Values in ±@amplitude about @middle, in runs that repeat. */
static void
write_values (maker   *m,
              uint64_t n,
              float    middle,
              float    amplitude)
{
  static uint16_t run[1 << 16];
  const uint64_t room = sizeof run / sizeof *run;

  for (uint64_t i = 0; i < room && i < n; i++)
    run[i] = to_half (middle + amplitude * draw (m), m->bf16);
  for (uint64_t i = 0; i < n; i += room)
    if (fwrite (run, TYPE_SIZE, n - i < room ? n - i : room, m->out) == 0)
      exit (1);
}

static void
add (maker      *m,
     int         n_dims,
     const int  *shape,
     float       middle,
     float       amplitude,
     const char *name)
{
  uint64_t n = 1;

  for (int i = 0; i < n_dims; i++)
    n *= (uint64_t) shape[i];
  if (m->writes_data)
    {
      write_values (m, n, middle, amplitude);
      return;
    }
  fprintf (m->out, "%s\"%s%s\":{\"dtype\":\"%s\",\"shape\":[", m->offset ? "," : "{", m->prefix, name, m->bf16 ? "BF16" : "F16");
  for (int i = 0; i < n_dims; i++)
    fprintf (m->out, "%s%d", i ? "," : "", shape[i]);
  fprintf (m->out, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", m->offset, m->offset + n * TYPE_SIZE);
  m->offset += n * TYPE_SIZE;
}

#define NAME(format)                                   \
  char stem[120], name[130];                           \
  va_list args;                                        \
  va_start (args, format);                             \
  vsnprintf (stem, sizeof stem, format, args);         \
  va_end (args)

/* A matrix or, with @side, a convolution, and a bias. */
static void
add_product (maker *m, int out, int in, int side, const char *format, ...)
{
  float amplitude = sqrtf (3.0f / (float) (in * (side ? side * side : 1)));
  NAME (format);

  snprintf (name, sizeof name, "%s.weight", stem);
  add (m, side ? 4 : 2, (int[]) { out, in, side, side }, 0, amplitude, name);
  snprintf (name, sizeof name, "%s.bias", stem);
  add (m, 1, &out, 0, 0.01f, name);
}

static void
add_norm (maker *m, int n, const char *format, ...)
{
  NAME (format);

  snprintf (name, sizeof name, "%s.weight", stem);
  add (m, 1, &n, 1, 0.1f, name);
  snprintf (name, sizeof name, "%s.bias", stem);
  add (m, 1, &n, 0, 0.1f, name);
}

static void
add_stream (maker      *m,
            int         block,
            const char *stream,
            bool        last)
{
  add_product (m, (last ? 2 : 6) * WIDTH, WIDTH, 0, "joint_blocks.%d.%s.adaLN_modulation.1", block, stream);
  add_product (m, 3 * WIDTH, WIDTH, 0, "joint_blocks.%d.%s.attn.qkv", block, stream);
  if (last)
    return;
  add_product (m, WIDTH, WIDTH, 0, "joint_blocks.%d.%s.attn.proj", block, stream);
  add_product (m, 4 * WIDTH, WIDTH, 0, "joint_blocks.%d.%s.mlp.fc1", block, stream);
  add_product (m, WIDTH, 4 * WIDTH, 0, "joint_blocks.%d.%s.mlp.fc2", block, stream);
}

static void
add_transformer (maker *m)
{
  strcpy (m->prefix, "model.diffusion_model.");
  add (m, 3, (int[]) { 1, 192 * 192, WIDTH }, 0, 1, "pos_embed");
  add_product (m, WIDTH, 16, 2, "x_embedder.proj");
  add_product (m, WIDTH, 4096, 0, "context_embedder");
  add_product (m, WIDTH, 256, 0, "t_embedder.mlp.0");
  add_product (m, WIDTH, WIDTH, 0, "t_embedder.mlp.2");
  add_product (m, WIDTH, 2048, 0, "y_embedder.mlp.0");
  add_product (m, WIDTH, WIDTH, 0, "y_embedder.mlp.2");
  for (int i = 0; i < BLOCKS; i++)
    {
      add_stream (m, i, "context_block", i == BLOCKS - 1);
      add_stream (m, i, "x_block", false);
    }
  add_product (m, 2 * WIDTH, WIDTH, 0, "final_layer.adaLN_modulation.1");
  add_product (m, 64, WIDTH, 0, "final_layer.linear");
}

static void
add_clip (maker      *m,
          const char *prefix,
          int         width,
          int         n_layers)
{
  static const char *const projections[] = { "q_proj", "k_proj", "v_proj", "out_proj" };

  strcpy (m->prefix, prefix);
  add (m, 2, (int[]) { 49408, width }, 0, 0.1f, "text_model.embeddings.token_embedding.weight");
  add (m, 2, (int[]) { 77, width }, 0, 0.1f, "text_model.embeddings.position_embedding.weight");
  for (int i = 0; i < n_layers; i++)
    {
      for (int j = 0; j < 4; j++)
        add_product (m, width, width, 0, "text_model.encoder.layers.%d.self_attn.%s", i, projections[j]);
      add_norm (m, width, "text_model.encoder.layers.%d.layer_norm1", i);
      add_norm (m, width, "text_model.encoder.layers.%d.layer_norm2", i);
      add_product (m, 4 * width, width, 0, "text_model.encoder.layers.%d.mlp.fc1", i);
      add_product (m, width, 4 * width, 0, "text_model.encoder.layers.%d.mlp.fc2", i);
    }
  add_norm (m, width, "text_model.final_layer_norm");
  add (m, 2, (int[]) { width, width }, 0, 0.05f, "text_projection.weight");
}

static void
add_resnet (maker *m, int in, int out, const char *format, ...)
{
  NAME (format);

  snprintf (name, sizeof name, "%s", stem);
  add_norm (m, in, "%s.norm1", name);
  add_product (m, out, in, 3, "%s.conv1", name);
  add_norm (m, out, "%s.norm2", name);
  add_product (m, out, out, 3, "%s.conv2", name);
  if (in != out)
    add_product (m, out, in, 1, "%s.nin_shortcut", name);
}

static void
add_middle (maker      *m,
            const char *half)
{
  static const char *const parts[] = { "q", "k", "v", "proj_out" };

  add_resnet (m, 512, 512, "%s.mid.block_1", half);
  add_norm (m, 512, "%s.mid.attn_1.norm", half);
  for (int i = 0; i < 4; i++)
    add_product (m, 512, 512, 1, "%s.mid.attn_1.%s", half, parts[i]);
  add_resnet (m, 512, 512, "%s.mid.block_2", half);
}

static void
add_vae (maker *m)
{
  static const int widths[] = { 128, 256, 512, 512, 512 };

  strcpy (m->prefix, "first_stage_model.");
  add_product (m, 128, 3, 3, "encoder.conv_in");
  add_product (m, 512, 16, 3, "decoder.conv_in");
  for (int level = 0; level < 4; level++)
    {
      for (int i = 0; i < 2; i++)
        add_resnet (m, i || !level ? widths[level] : widths[level - 1], widths[level], "encoder.down.%d.block.%d", level, i);
      for (int i = 0; i < 3; i++)
        add_resnet (m, i ? widths[level] : widths[level + 1], widths[level], "decoder.up.%d.block.%d", level, i);
      if (level < 3)
        add_product (m, widths[level], widths[level], 3, "encoder.down.%d.downsample.conv", level);
      if (level > 0)
        add_product (m, widths[level], widths[level], 3, "decoder.up.%d.upsample.conv", level);
    }
  add_middle (m, "encoder");
  add_middle (m, "decoder");
  add_norm (m, 512, "encoder.norm_out");
  add_product (m, 32, 512, 3, "encoder.conv_out");
  add_norm (m, 128, "decoder.norm_out");
  add_product (m, 3, 128, 3, "decoder.conv_out");
}

static void
add_all (maker *m)
{
  add_transformer (m);
  add_clip (m, "text_encoders.clip_l.transformer.", 768, 12);
  add_clip (m, "text_encoders.clip_g.transformer.", 1280, 32);
  add_vae (m);
}

int
main (int    argc,
      char **argv)
{
  maker m = { .state = 1 };
  char *header = NULL;
  size_t length = 0;
  FILE *file;

  if (argc != 3 || (strcmp (argv[2], "F16") != 0 && strcmp (argv[2], "BF16") != 0))
    return fprintf (stderr, "Usage: make-model FILE F16|BF16\n"), 2;
  m.bf16 = argv[2][0] == 'B';
  m.out = open_memstream (&header, &length);
  add_all (&m);
  putc ('}', m.out);
  while (fflush (m.out) == 0 && length % 8 != 0)
    putc (' ', m.out);
  fclose (m.out);
  file = fopen (argv[1], "wb");
  if (!file || fwrite (&(uint64_t) { length }, 8, 1, file) != 1 || fwrite (header, length, 1, file) != 1)
    return perror (argv[1]), 1;
  m.out = file;
  m.writes_data = true;
  add_all (&m);
  free (header);
  return fclose (file) == 0 ? 0 : 1;
}
