/* What reads untrusted files, on any bytes: the first byte chooses the parser, the rest is the file. The entry is
 * libFuzzer's, so that the same file can be built with clang -fsanitize=fuzzer; without it tests/support/fuzz-main.c drives it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/clip-tokens.h"
#include "engine/gguf.h"
#include "engine/names.h"
#include "engine/t5-tokens.h"
#include "engine/weights.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput (const uint8_t *data,
                            size_t         size);

static void
look_at (sd3_entries *list)
{
  sd3_role role = sd3_bare_role (list, "model");

  for (size_t i = 0; i < list->n; i++)
    {
      sd3_place place;

      sd3_place_tensor (list->entries[i].name, role, &place);
    }
  sd3_entries_clear (list);
}

static void
fuzz_safetensors (const char *text,
                  size_t      size)
{
  sd3_entries list;

  for (uint64_t data = 0; data <= 64; data += 32)
    if (sd3_safetensors_parse (&list, text, size, 8 + size + data, "file", NULL))
      look_at (&list);
}

static void
fuzz_gguf (const char *bytes,
           size_t      size)
{
  sd3_entries list;
  sd3_t5_tokens *tokens;

  if (sd3_gguf_parse (&list, bytes, size, size + 4096, "file", NULL) == SD3_GGUF_GOOD)
    look_at (&list);
  tokens = sd3_t5_tokens_from_gguf (bytes, size, NULL);
  sd3_t5_tokens_free (tokens);
}

static void
fuzz_clip (const char *bytes,
           size_t      size)
{
  const char *split = memchr (bytes, 0, size);
  size_t n = split ? (size_t) (split - bytes) : size;
  sd3_clip_tokens *tokens = sd3_clip_tokens_new (bytes, n, split ? split + 1 : NULL, split ? size - n - 1 : 0, NULL);
  int32_t ids[3][SD3_CLIP_LENGTH];
  int cut;

  if (tokens)
    sd3_clip_tokens_fill (tokens, "A cat's 3 \xc3\xa9toiles, cacao \xe7\x8c\xab", true, ids, 3, &cut, NULL);
  sd3_clip_tokens_free (tokens);
}

static void
encode (sd3_t5_tokens *tokens)
{
  int32_t ids[64];

  if (tokens)
    sd3_t5_tokens_encode (tokens, "a \xef\xac\x81ne  \xff caf\xc3\xa9 \xe7\x8c\xab", 17, ids, 64, NULL);
  sd3_t5_tokens_free (tokens);
}

/* A prompt is no file, but it comes from outside as well. */
static void
fuzz_prompt (const char *bytes,
             size_t      size)
{
  static const char merges[] = "c a\nca t</w>\n\xc3\x85 \xc2\xa9\n";
  sd3_clip_tokens *tokens = sd3_clip_tokens_new (merges, strlen (merges), NULL, 0, NULL);
  char *text = malloc (size + 1);
  int32_t ids[3][SD3_CLIP_LENGTH];
  int cut;

  memcpy (text, bytes, size);
  text[size] = '\0';
  sd3_clip_tokens_fill (tokens, text, false, ids, 3, &cut, NULL);
  sd3_clip_tokens_free (tokens);
  free (text);
}

/* A file inside a model folder, which is made once and removed at the end: the index of shards, or a configuration. */
static char *folder;

static char *
inside (const char *name)
{
  char *path = malloc (strlen (folder) + strlen (name) + 2);

  return strcat (strcat (strcpy (path, folder), "/"), name);
}

static void
put (const char *name,
     const char *bytes,
     size_t      size)
{
  char *path = inside (name);
  FILE *file = fopen (path, "wb");

  if (file)
    {
      fwrite (bytes, 1, size, file);
      fclose (file);
    }
  free (path);
}

static void
drop (const char *name)
{
  char *path = inside (name);

  remove (path);
  free (path);
}

static void
remove_folder (void)
{
  drop ("transformer/a.safetensors");
  drop ("transformer/diffusion_pytorch_model.safetensors");
  drop ("transformer");
  remove (folder);
  free (folder);
}

static void
make_folder (void)
{
  char template[] = "/tmp/sfumato-fuzz-XXXXXX", *path;

  if (!mkdtemp (template))
    abort ();
  folder = strdup (template);
  path = inside ("transformer");
  mkdir (path, 0700);
  free (path);
  atexit (remove_folder);
}

static const char one_tensor[] = "\x41\0\0\0\0\0\0\0{\"pos_embed\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}   \0\0\0\0";

static void
fuzz_folder (const char *fixed,
             const char *name,
             const char *bytes,
             size_t      size)
{
  sd3_weights *weights;

  if (!folder)
    make_folder ();
  put (fixed, one_tensor, sizeof one_tensor - 1);
  put (name, bytes, size);
  weights = sd3_weights_open ((const char *const *) &folder, 1, NULL);
  sd3_weights_free (weights);
  drop (fixed);
  drop (name);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  /* A copy of the exact size, so that one byte too far is found. */
  char *bytes = size > 0 ? malloc (size) : NULL;

  if (!bytes)
    return 0;
  memcpy (bytes, data + 1, --size);
  switch (data[0])
    {
    case 's':
      fuzz_safetensors (bytes, size);
      break;
    case 'g':
      fuzz_gguf (bytes, size);
      break;
    case 'c':
      fuzz_clip (bytes, size);
      break;
    case 'm':
      encode (sd3_t5_tokens_from_model (bytes, size, NULL));
      break;
    case 'j':
      encode (sd3_t5_tokens_from_json (bytes, size, NULL));
      break;
    case 'p':
      fuzz_prompt (bytes, size);
      break;
    case 'i':
      fuzz_folder ("transformer/a.safetensors", "transformer/diffusion_pytorch_model.safetensors.index.json", bytes, size);
      break;
    case 'k':
      fuzz_folder ("transformer/diffusion_pytorch_model.safetensors", "transformer/config.json", bytes, size);
      break;
    default:
      break;
    }
  free (bytes);
  return 0;
}
