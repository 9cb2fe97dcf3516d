/* The many names of one tensor, as tables. Sources: Stability-AI/sd3.5 (mmditx.py, sd3_impls.py, other_impls.py),
 * huggingface/diffusers (convert_sd3_to_diffusers.py, single_file_utils.py), openai/CLIP, llama.cpp (T5 in GGUF).
 *
 * In a pattern '#' stands for a number, '$' for a word and '*' for the rest. In what it becomes they are put back in
 * order; '~' puts back three less the number, because diffusers counts the decoder's levels from the other end.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/names.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

typedef struct
{
  const char *from, *to;
  int         part, n_parts;
  int         flags;
} rule;

static const rule mmdit_rules[] = {
  { "pos_embed.pos_embed", "pos_embed" },
  { "pos_embed.proj.*", "x_embedder.proj.*" },
  { "time_text_embed.timestep_embedder.linear_1.*", "t_embedder.mlp.0.*" },
  { "time_text_embed.timestep_embedder.linear_2.*", "t_embedder.mlp.2.*" },
  { "time_text_embed.text_embedder.linear_1.*", "y_embedder.mlp.0.*" },
  { "time_text_embed.text_embedder.linear_2.*", "y_embedder.mlp.2.*" },
  { "transformer_blocks.#.norm1.linear.*", "joint_blocks.#.x_block.adaLN_modulation.1.*" },
  { "transformer_blocks.#.norm1_context.linear.*", "joint_blocks.#.context_block.adaLN_modulation.1.*", 0, 0, SD3_NAME_SWAP },
  { "transformer_blocks.#.attn.to_q.*", "joint_blocks.#.x_block.attn.qkv.*", 0, 3 },
  { "transformer_blocks.#.attn.to_k.*", "joint_blocks.#.x_block.attn.qkv.*", 1, 3 },
  { "transformer_blocks.#.attn.to_v.*", "joint_blocks.#.x_block.attn.qkv.*", 2, 3 },
  { "transformer_blocks.#.attn.add_q_proj.*", "joint_blocks.#.context_block.attn.qkv.*", 0, 3 },
  { "transformer_blocks.#.attn.add_k_proj.*", "joint_blocks.#.context_block.attn.qkv.*", 1, 3 },
  { "transformer_blocks.#.attn.add_v_proj.*", "joint_blocks.#.context_block.attn.qkv.*", 2, 3 },
  { "transformer_blocks.#.attn.to_out.0.*", "joint_blocks.#.x_block.attn.proj.*" },
  { "transformer_blocks.#.attn.to_add_out.*", "joint_blocks.#.context_block.attn.proj.*" },
  { "transformer_blocks.#.attn.norm_q.*", "joint_blocks.#.x_block.attn.ln_q.*" },
  { "transformer_blocks.#.attn.norm_k.*", "joint_blocks.#.x_block.attn.ln_k.*" },
  { "transformer_blocks.#.attn.norm_added_q.*", "joint_blocks.#.context_block.attn.ln_q.*" },
  { "transformer_blocks.#.attn.norm_added_k.*", "joint_blocks.#.context_block.attn.ln_k.*" },
  { "transformer_blocks.#.attn2.to_q.*", "joint_blocks.#.x_block.attn2.qkv.*", 0, 3 },
  { "transformer_blocks.#.attn2.to_k.*", "joint_blocks.#.x_block.attn2.qkv.*", 1, 3 },
  { "transformer_blocks.#.attn2.to_v.*", "joint_blocks.#.x_block.attn2.qkv.*", 2, 3 },
  { "transformer_blocks.#.attn2.to_out.0.*", "joint_blocks.#.x_block.attn2.proj.*" },
  { "transformer_blocks.#.attn2.norm_q.*", "joint_blocks.#.x_block.attn2.ln_q.*" },
  { "transformer_blocks.#.attn2.norm_k.*", "joint_blocks.#.x_block.attn2.ln_k.*" },
  { "transformer_blocks.#.ff.net.0.proj.*", "joint_blocks.#.x_block.mlp.fc1.*" },
  { "transformer_blocks.#.ff.net.2.*", "joint_blocks.#.x_block.mlp.fc2.*" },
  { "transformer_blocks.#.ff_context.net.0.proj.*", "joint_blocks.#.context_block.mlp.fc1.*" },
  { "transformer_blocks.#.ff_context.net.2.*", "joint_blocks.#.context_block.mlp.fc2.*" },
  { "norm_out.linear.*", "final_layer.adaLN_modulation.1.*", 0, 0, SD3_NAME_SWAP },
  { "proj_out.*", "final_layer.linear.*" },
  { NULL },
};

static const rule clip_rules[] = {
  { "encoder.layers.#.self_attn.q_proj.*", "encoder.layers.#.self_attn.qkv.*", 0, 3 },
  { "encoder.layers.#.self_attn.k_proj.*", "encoder.layers.#.self_attn.qkv.*", 1, 3 },
  { "encoder.layers.#.self_attn.v_proj.*", "encoder.layers.#.self_attn.qkv.*", 2, 3 },
  { "positional_embedding", "embeddings.position_embedding.weight" },
  { "token_embedding.weight", "embeddings.token_embedding.weight" },
  { "transformer.resblocks.#.ln_1.*", "encoder.layers.#.layer_norm1.*" },
  { "transformer.resblocks.#.ln_2.*", "encoder.layers.#.layer_norm2.*" },
  { "transformer.resblocks.#.attn.in_proj_weight", "encoder.layers.#.self_attn.qkv.weight" },
  { "transformer.resblocks.#.attn.in_proj_bias", "encoder.layers.#.self_attn.qkv.bias" },
  { "transformer.resblocks.#.attn.out_proj.*", "encoder.layers.#.self_attn.out_proj.*" },
  { "transformer.resblocks.#.mlp.c_fc.*", "encoder.layers.#.mlp.fc1.*" },
  { "transformer.resblocks.#.mlp.c_proj.*", "encoder.layers.#.mlp.fc2.*" },
  { "ln_final.*", "final_layer_norm.*" },
  { "text_projection", "text_projection.weight", 0, 0, SD3_NAME_TRANSPOSE },
  { NULL },
};

static const rule t5_rules[] = {
  { "shared.weight", "encoder.embed_tokens.weight", 0, 0, SD3_NAME_SPARE },
  { "token_embd.weight", "encoder.embed_tokens.weight" },
  { "enc.blk.#.attn_norm.weight", "encoder.block.#.layer.0.layer_norm.weight" },
  { "enc.blk.#.attn_q.weight", "encoder.block.#.layer.0.SelfAttention.q.weight" },
  { "enc.blk.#.attn_k.weight", "encoder.block.#.layer.0.SelfAttention.k.weight" },
  { "enc.blk.#.attn_v.weight", "encoder.block.#.layer.0.SelfAttention.v.weight" },
  { "enc.blk.#.attn_o.weight", "encoder.block.#.layer.0.SelfAttention.o.weight" },
  { "enc.blk.#.attn_rel_b.weight", "encoder.block.#.layer.0.SelfAttention.relative_attention_bias.weight" },
  { "enc.blk.#.ffn_norm.weight", "encoder.block.#.layer.1.layer_norm.weight" },
  { "enc.blk.#.ffn_gate.weight", "encoder.block.#.layer.1.DenseReluDense.wi_0.weight" },
  { "enc.blk.#.ffn_up.weight", "encoder.block.#.layer.1.DenseReluDense.wi_1.weight" },
  { "enc.blk.#.ffn_down.weight", "encoder.block.#.layer.1.DenseReluDense.wo.weight" },
  { "enc.output_norm.weight", "encoder.final_layer_norm.weight" },
  { NULL },
};

static const rule vae_rules[] = {
  { "$.up_blocks.#.resnets.#.conv_shortcut.*", "$.up.~.block.#.nin_shortcut.*" },
  { "$.up_blocks.#.resnets.#.*", "$.up.~.block.#.*" },
  { "$.up_blocks.#.upsamplers.0.conv.*", "$.up.~.upsample.conv.*" },
  { "$.down_blocks.#.resnets.#.conv_shortcut.*", "$.down.#.block.#.nin_shortcut.*" },
  { "$.down_blocks.#.resnets.#.*", "$.down.#.block.#.*" },
  { "$.down_blocks.#.downsamplers.0.conv.*", "$.down.#.downsample.conv.*" },
  { "$.mid_block.resnets.0.conv_shortcut.*", "$.mid.block_1.nin_shortcut.*" },
  { "$.mid_block.resnets.0.*", "$.mid.block_1.*" },
  { "$.mid_block.resnets.1.*", "$.mid.block_2.*" },
  { "$.mid_block.attentions.0.group_norm.*", "$.mid.attn_1.norm.*" },
  { "$.mid_block.attentions.0.to_q.*", "$.mid.attn_1.qkv.*", 0, 3 },
  { "$.mid_block.attentions.0.to_k.*", "$.mid.attn_1.qkv.*", 1, 3 },
  { "$.mid_block.attentions.0.to_v.*", "$.mid.attn_1.qkv.*", 2, 3 },
  { "$.mid_block.attentions.0.to_out.0.*", "$.mid.attn_1.proj_out.*" },
  { "$.mid_block.attentions.0.query.*", "$.mid.attn_1.qkv.*", 0, 3 },
  { "$.mid_block.attentions.0.key.*", "$.mid.attn_1.qkv.*", 1, 3 },
  { "$.mid_block.attentions.0.value.*", "$.mid.attn_1.qkv.*", 2, 3 },
  { "$.mid_block.attentions.0.proj_attn.*", "$.mid.attn_1.proj_out.*" },
  { "$.mid.attn_1.q.*", "$.mid.attn_1.qkv.*", 0, 3 },
  { "$.mid.attn_1.k.*", "$.mid.attn_1.qkv.*", 1, 3 },
  { "$.mid.attn_1.v.*", "$.mid.attn_1.qkv.*", 2, 3 },
  { "$.conv_norm_out.*", "$.norm_out.*" },
  { NULL },
};

/* TAESD3 as diffusers has it counts one less than upstream, which counts the clamp. */
static const rule taesd_rules[] = {
  { "decoder.layers.#.*", "+#.*" },
  { NULL },
};

static const rule *const rules_of[SD3_N_ROLES] = { mmdit_rules, clip_rules, clip_rules, t5_rules, vae_rules, taesd_rules };

static const struct
{
  const char *prefix;
  sd3_role    role;
} prefixes[] = {
  { "model.diffusion_model.", SD3_ROLE_MMDIT },
  { "first_stage_model.", SD3_ROLE_VAE },
  { "vae.", SD3_ROLE_VAE },
  { "text_encoders.clip_l.transformer.", SD3_ROLE_CLIP_L },
  { "text_encoders.clip_g.transformer.", SD3_ROLE_CLIP_G },
  { "text_encoders.t5xxl.transformer.", SD3_ROLE_T5 },
  { "text_encoders.clip_l.", SD3_ROLE_CLIP_L },
  { "text_encoders.clip_g.", SD3_ROLE_CLIP_G },
  { "text_encoders.t5xxl.", SD3_ROLE_T5 },
  { "cond_stage_model.clip_l.transformer.", SD3_ROLE_CLIP_L },
  { "cond_stage_model.clip_g.transformer.", SD3_ROLE_CLIP_G },
  { "cond_stage_model.t5xxl.transformer.", SD3_ROLE_T5 },
  { "cond_stage_model.clip_l.", SD3_ROLE_CLIP_L },
  { "cond_stage_model.clip_g.", SD3_ROLE_CLIP_G },
  { "cond_stage_model.t5xxl.", SD3_ROLE_T5 },
};

static const char *const ignored_starts[] = {
  "loss.", "model_ema.", "denoiser.", "model_sampling.", "alphas_cumprod", "betas", "visual.", "vision_model.", "lm_head.", "dec.",
};
static const char *const ignored_ends[] = {
  "position_ids", "logit_scale", "scaled_fp8", ".scale_weight", ".scale_input", ".weight_scale", ".input_scale", "num_batches_tracked",
};

const char *
sd3_role_name (sd3_role role)
{
  static const char *const names[] = {
    NC_ ("engine", "the transformer"), NC_ ("engine", "the text encoder CLIP-L"), NC_ ("engine", "the text encoder CLIP-G"),
    NC_ ("engine", "the text encoder T5"), NC_ ("engine", "the VAE"), "TAESD3",
  };

  return role < SD3_N_ROLES ? names[role] : "nothing";
}

static bool
starts_with (const char *text,
             const char *start)
{
  return strncmp (text, start, strlen (start)) == 0;
}

static bool
ends_with (const char *text,
           const char *end)
{
  size_t a = strlen (text), b = strlen (end);

  return a >= b && strcmp (text + a - b, end) == 0;
}

static bool
is_ignored (const char *name,
            sd3_role    role)
{
  for (size_t i = 0; i < sizeof ignored_starts / sizeof *ignored_starts; i++)
    if (starts_with (name, ignored_starts[i]))
      return true;
  for (size_t i = 0; i < sizeof ignored_ends / sizeof *ignored_ends; i++)
    if (ends_with (name, ignored_ends[i]))
      return true;
  return role == SD3_ROLE_T5 && starts_with (name, "decoder.");
}

/* ---- One rule ---------------------------------------------------------------------------------------------- */

typedef struct
{
  int         numbers[4], n_numbers;
  const char *word;
  int         word_length;
  const char *rest;
} captures;

static bool
match (const char *pattern,
       const char *name,
       captures   *found)
{
  *found = (captures) { 0 };
  for (; *pattern; pattern++)
    switch (*pattern)
      {
      case '#':
        if (!isdigit ((unsigned char) *name) || strspn (name, "0123456789") > 4)
          return false;
        found->numbers[found->n_numbers++] = atoi (name);
        name += strspn (name, "0123456789");
        break;
      case '$':
        found->word = name;
        name += found->word_length = (int) strcspn (name, ".");
        break;
      case '*':
        found->rest = name;
        return true;
      default:
        if (*name++ != *pattern)
          return false;
      }
  return *name == '\0';
}

/* Writes what the rule makes of a name; what is longer than any tensor of ours is cut and then not found. */
static void
rewrite (const char     *pattern,
         const captures *found,
         char           *out,
         size_t          room)
{
  int next = 0, more = 0;

  for (size_t at = 0; *pattern && at < room; pattern++)
    if (*pattern == '+')
      more = 1;
    else if (*pattern == '#')
      at += snprintf (out + at, room - at, "%d", found->numbers[next++] + more);
    else if (*pattern == '~')
      at += snprintf (out + at, room - at, "%d", 3 - found->numbers[next++]);
    else if (*pattern == '$')
      at += snprintf (out + at, room - at, "%.*s", found->word_length, found->word);
    else if (*pattern == '*')
      at += snprintf (out + at, room - at, "%s", found->rest);
    else
      at += snprintf (out + at, room - at, "%c", *pattern);
}

static void
translate (const char *name,
           sd3_place  *place)
{
  captures found;

  place->n_parts = 1;
  snprintf (place->name, sizeof place->name, "%s", name);
  for (const rule *r = rules_of[place->role]; r->from; r++)
    if (match (r->from, name, &found))
      {
        rewrite (r->to, &found, place->name, sizeof place->name);
        place->part = r->part;
        place->n_parts = r->n_parts ? r->n_parts : 1;
        place->flags = r->flags;
        return;
      }
}

/* ---- A file ------------------------------------------------------------------------------------------------ */

static const char *
strip_once (const char *name,
            const char *prefix)
{
  return starts_with (name, prefix) ? name + strlen (prefix) : name;
}

static const char *
strip_prefix (const char *name,
              sd3_role   *role)
{
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
    if (starts_with (name, prefixes[i].prefix))
      {
        *role = prefixes[i].role;
        return strip_once (name + strlen (prefixes[i].prefix), prefixes[i].prefix);
      }
  return name;
}

void
sd3_place_tensor (const char *name,
                  sd3_role    bare,
                  sd3_place  *place)
{
  *place = (sd3_place) { .role = bare };
  name = strip_once (strip_prefix (name, &place->role), "_orig_mod.");
  if (place->role == SD3_ROLE_CLIP_L || place->role == SD3_ROLE_CLIP_G)
    name = strip_once (name, "text_model.");
  if (place->role == SD3_ROLE_NONE || is_ignored (name, place->role))
    {
      place->role = SD3_ROLE_NONE;
      return;
    }
  translate (name, place);
}

static const sd3_entry *
find (const sd3_entries *list,
      const char        *name)
{
  for (size_t i = 0; i < list->n; i++)
    if (strcmp (list->entries[i].name, name) == 0)
      return &list->entries[i];
  return NULL;
}

static sd3_role
clip_role (const sd3_entries *list,
           const char        *file_name)
{
  static const char *const tables[] = {
    "text_model.embeddings.token_embedding.weight", "embeddings.token_embedding.weight", "token_embedding.weight",
  };
  const sd3_entry *entry = NULL;

  for (size_t i = 0; !entry && i < sizeof tables / sizeof *tables; i++)
    entry = find (list, tables[i]);
  if (!entry)
    return SD3_ROLE_NONE;
  if (entry->shape[1] == 768)
    return SD3_ROLE_CLIP_L;
  if (entry->shape[1] == 1280)
    return SD3_ROLE_CLIP_G;
  return strstr (file_name, "clip_l") ? SD3_ROLE_CLIP_L : strstr (file_name, "clip_g") ? SD3_ROLE_CLIP_G : SD3_ROLE_NONE;
}

static bool
is_taesd (const sd3_entries *list)
{
  const sd3_entry *first = find (list, "1.weight");

  if (!first)
    first = find (list, "decoder.layers.0.weight");
  return first && first->n_dims == 4 && first->shape[1] == 16 && first->shape[2] == 3;
}

sd3_role
sd3_bare_role (const sd3_entries *list,
               const char        *file_name)
{
  if (find (list, "joint_blocks.0.x_block.attn.qkv.weight") || find (list, "pos_embed.proj.weight"))
    return SD3_ROLE_MMDIT;
  if (find (list, "encoder.block.0.layer.0.SelfAttention.q.weight") || find (list, "enc.blk.0.attn_q.weight"))
    return SD3_ROLE_T5;
  if (find (list, "decoder.conv_in.weight"))
    return SD3_ROLE_VAE;
  if (is_taesd (list))
    return SD3_ROLE_TAESD;
  return clip_role (list, file_name);
}
