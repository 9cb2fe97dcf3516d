/* Where the tokenizers' vocabularies are found.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/vocabulary.h"

#include "engine/gguf.h"
#include "engine/memory.h"

#include <stdlib.h>
#include <unistd.h>

#define MAX_TOKENIZER (64 << 20)

/* NULL without an error when there is no such file. */
static char *
read_optional (const char *folder,
               const char *name,
               size_t     *size,
               bool       *good,
               sd3_error  *error)
{
  char *path = folder ? sd3_text_new ("%s/%s", folder, name) : NULL, *text = NULL;
  sd3_file file;

  *size = 0;
  if (path && access (path, F_OK) == 0)
    {
      *good = *good && sd3_file_open_in (&file, folder, name, error);
      if (*good)
        {
          text = sd3_file_text (&file, MAX_TOKENIZER, error);
          *size = file.size;
          *good = text != NULL;
          sd3_file_close (&file);
        }
    }
  free (path);
  return text;
}

static char *
read_path (const char *path,
           size_t     *size,
           sd3_error  *error)
{
  sd3_file file;
  char *text;

  if (!sd3_file_open (&file, path, error))
    return NULL;
  text = sd3_file_text (&file, MAX_TOKENIZER, error);
  *size = file.size;
  sd3_file_close (&file);
  return text;
}

sd3_clip_tokens *
sd3_vocabulary_open_clip (const char *folder,
                          int         which,
                          const char *merges_path,
                          sd3_error  *error)
{
  size_t n_merges, n_vocabulary;
  bool good = true;
  char *merges = read_optional (folder, which ? "tokenizer_2/merges.txt" : "tokenizer/merges.txt", &n_merges, &good, error);
  char *vocabulary = read_optional (folder, which ? "tokenizer_2/vocab.json" : "tokenizer/vocab.json", &n_vocabulary, &good, error);
  sd3_clip_tokens *tokens = NULL;

  if (good && (!merges || !vocabulary))
    {
      free (merges);
      free (vocabulary);
      vocabulary = NULL;
      merges = merges_path ? read_path (merges_path, &n_merges, error) : NULL;
      if (!merges_path)
        sd3_fail (error, N_ ("The model brings no vocabulary for CLIP."));
    }
  if (good && merges)
    tokens = sd3_clip_tokens_new (merges, n_merges, vocabulary, n_vocabulary, error);
  free (merges);
  free (vocabulary);
  return tokens;
}

static sd3_t5_tokens *
t5_tokens_from (const char *data,
                size_t      size,
                sd3_error  *error)
{
  return size > 0 && data[0] == '{' ? sd3_t5_tokens_from_json (data, size, error) : sd3_t5_tokens_from_model (data, size, error);
}

sd3_t5_tokens *
sd3_vocabulary_open_t5 (const sd3_weights *weights,
                        const char        *path,
                        sd3_error         *error)
{
  size_t size, header_size;
  bool good = true;
  const char *header = sd3_weights_t5_header (weights, &header_size), *folder = sd3_weights_folder (weights);
  char *data = read_optional (folder, "tokenizer_3/spiece.model", &size, &good, error);
  sd3_t5_tokens *tokens = NULL;

  if (good && !data)
    data = read_optional (folder, "tokenizer_3/tokenizer.json", &size, &good, error);
  /* stable-diffusion.cpp's files have T5 without its vocabulary. */
  if (good && !data && header && sd3_gguf_find (header, header_size, "tokenizer.ggml.tokens", &(sd3_gguf_value) { 0 }))
    return sd3_t5_tokens_from_gguf (header, header_size, error);
  if (good && !data && path)
    {
      data = read_path (path, &size, error);
      good = data != NULL;
    }
  if (data)
    tokens = t5_tokens_from (data, size, error);
  else if (good)
    sd3_fail (error, N_ ("The model brings no vocabulary for T5; its file “spiece.model” is needed beside it."));
  free (data);
  return tokens;
}
