/* A model folder in the layout of diffusers: one folder a part, its weights in one file or in shards with an index.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/weights-private.h"

#include "engine/memory.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_CONFIG (1 << 20)
#define MAX_INDEX (16 << 20)

static const struct
{
  const char *folder;
  const char *stem;
  sd3_role    role;
  const char *heads; /* the key of its configuration; a VAE has groups of channels instead */
} pieces[] = {
  { "transformer", "diffusion_pytorch_model", SD3_ROLE_MMDIT, "num_attention_heads" },
  { "text_encoder", "model", SD3_ROLE_CLIP_L, "num_attention_heads" },
  { "text_encoder_2", "model", SD3_ROLE_CLIP_G, "num_attention_heads" },
  { "text_encoder_3", "model", SD3_ROLE_T5, "num_heads" },
  { "vae", "diffusion_pytorch_model", SD3_ROLE_VAE, "norm_num_groups" },
};

/* Half-precision variants come first: the smaller download is the one people have; a whole file before shards. */
static const char *const endings[] = {
  ".fp16.safetensors", ".safetensors", ".safetensors.index.fp16.json", ".safetensors.index.json",
};

static bool
is_there (const char *root,
          const char *relative)
{
  char *path = sd3_text_new ("%s/%s", root, relative);
  bool there = access (path, F_OK) == 0;

  free (path);
  return there;
}

static sd3_json *
read_json (const char *root,
           const char *relative,
           size_t      most,
           sd3_error  *error)
{
  sd3_json *json = NULL;
  sd3_file file;
  char *text;

  if (!sd3_file_open_in (&file, root, relative, error))
    return NULL;
  text = sd3_file_text (&file, most, error);
  if (text)
    json = sd3_json_parse (text, file.size, relative, error);
  free (text);
  sd3_file_close (&file);
  return json;
}

static bool
is_plain_name (const sd3_json_node *name)
{
  return name->type == SD3_JSON_STRING && name->n > 0 && name->n < 256 && name->string[0] != '.' && !strchr (name->string, '/');
}

/* The shards of an index in the order they are first named. */
static int
list_shards (const sd3_json_node *map,
             const char         **shards)
{
  sd3_map seen = { 0 };
  int n = 0;

  for (const sd3_json_node *entry = map->child; n >= 0 && entry; entry = entry->next)
    if (!is_plain_name (entry) || n == SD3_MAX_FILES)
      n = -1;
    else if (sd3_map_add (&seen, entry->string, entry->n, (uint32_t) n))
      shards[n++] = entry->string;
  sd3_map_clear (&seen);
  return n;
}

/* Everything the index names is where it says. */
static bool
check_index (const sd3_weights   *weights,
             const sd3_json_node *map,
             const char         **shards,
             int                  n_shards,
             sd3_error           *error)
{
  sd3_map names = { 0 };
  const sd3_source *first = &weights->sources[weights->n_sources - n_shards];
  const sd3_json_node *entry;
  uint32_t shard;

  for (int i = 0; i < n_shards; i++)
    for (size_t j = 0; j < first[i].list.n; j++)
      sd3_map_add (&names, first[i].list.entries[j].name, strlen (first[i].list.entries[j].name), (uint32_t) i);
  for (entry = map->child; entry; entry = entry->next)
    if (!sd3_map_get (&names, entry->key, strlen (entry->key), &shard) || strcmp (shards[shard], entry->string) != 0)
      break;
  sd3_map_clear (&names);
  return !entry || sd3_fail (error, N_ ("“%s” does not hold “%.100s”, though the index says so."), entry->string, entry->key);
}

static bool
add_shards (sd3_weights *weights,
            const char  *root,
            int          piece,
            const char  *index,
            sd3_error   *error)
{
  sd3_json *json = read_json (root, index, MAX_INDEX, error);
  const sd3_json_node *map = json ? sd3_json_get_type (sd3_json_root (json), "weight_map", SD3_JSON_OBJECT) : NULL;
  const char *shards[SD3_MAX_FILES];
  int n = map ? list_shards (map, shards) : -1;
  bool good = n > 0 || (json && sd3_fail (error, N_ ("“%s” is damaged: it does not list files of its own folder."), index));

  for (int i = 0; good && i < n; i++)
    {
      char *relative = sd3_text_new ("%s/%s", pieces[piece].folder, shards[i]);
      sd3_file file;

      good = sd3_file_open_in (&file, root, relative, error) && sd3_weights_add (weights, file, pieces[piece].role, error);
      free (relative);
    }
  good = good && check_index (weights, map, shards, n, error);
  sd3_json_free (json);
  return good;
}

static bool
add_weights (sd3_weights *weights,
             const char  *root,
             int          piece,
             sd3_error   *error)
{
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
    {
      char *relative = sd3_text_new ("%s/%s%s", pieces[piece].folder, pieces[piece].stem, endings[i]);
      bool there = is_there (root, relative), good = false;
      sd3_file file;

      if (there && strstr (endings[i], ".index."))
        good = add_shards (weights, root, piece, relative, error);
      else if (there)
        good = sd3_file_open_in (&file, root, relative, error) && sd3_weights_add (weights, file, pieces[piece].role, error);
      free (relative);
      if (there)
        return good;
    }
  return sd3_fail (error, N_ ("The folder “%s” of the model holds no weights that can be read."), pieces[piece].folder);
}

/* Of a configuration; 0 where it is not there or no sensible number. */
static int
number_of (const sd3_json *json,
           const char     *key)
{
  const sd3_json_node *number = json ? sd3_json_get (sd3_json_root (json), key) : NULL;

  return number && number->is_index && number->index <= 1024 ? (int) number->index : 0;
}

static bool
read_config (sd3_weights *weights,
             const char  *root,
             int          piece,
             sd3_error   *error)
{
  char *relative = sd3_text_new ("%s/config.json", pieces[piece].folder);
  bool there = is_there (root, relative);
  sd3_json *json = there ? read_json (root, relative, MAX_CONFIG, error) : NULL;

  if (number_of (json, pieces[piece].heads) > 0)
    weights->heads[pieces[piece].role] = number_of (json, pieces[piece].heads);
  if (pieces[piece].role == SD3_ROLE_MMDIT)
    weights->sample_side = 8 * number_of (json, "sample_size");
  free (relative);
  sd3_json_free (json);
  return !there || json;
}

bool
sd3_weights_add_folder (sd3_weights *weights,
                        const char  *path,
                        sd3_error   *error)
{
  if (weights->folder)
    return sd3_fail (error, N_ ("Only one model folder can be used at a time."));
  weights->folder = sd3_text_copy (path, strlen (path));
  if (!is_there (path, "transformer"))
    return sd3_fail (error, N_ ("The folder “%s” is no Stable Diffusion 3 model: it has no part “transformer”."), path);
  for (int i = 0; i < (int) (sizeof pieces / sizeof *pieces); i++)
    if (is_there (path, pieces[i].folder) &&
        (!add_weights (weights, path, i, error) || !read_config (weights, path, i, error)))
      return false;
  return true;
}
