/* Headers of model files, field by field: what can be wrong in them and what is said; and the names of tensors.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/gguf.h"
#include "engine/names.h"

#include <glib.h>
#include <string.h>

/* Headers against a file of so many bytes of data. */
static void
test_safetensors_bad (void)
{
#define F4 "\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]"
  static const struct { const char *header; guint64 data; const char *says; } cases[] = {
    { "{\"a\":{" F4 "}}", 4, NULL },
    { "{\"a\":{" F4 "}}   \n", 4, NULL },
    { "{\"__metadata__\":{\"format\":\"pt\"},\"a\":{" F4 ",\"more\":1}}", 4, NULL },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 4, NULL },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[0,0]}}", 0, NULL },
    { "{\"a\":{" F4 "}}", 8, "belongs to nothing" },
    { "{\"a\":{" F4 "}}", 3, "beyond the end" },
    { "{\"a\":{" F4 "},\"a\":{" F4 "}}", 4, "twice" },
    { "{\"a\":{" F4 ",\"shape\":[1]}}", 4, "twice" },
    { "{\"a\":{" F4 "},\"b\":{" F4 "}}", 4, "overlaps" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "hole" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "another size" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "shape" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}", 4, "shape" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1e0],\"data_offsets\":[0,4]}}", 4, "shape" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[01],\"data_offsets\":[0,4]}}", 4, "number" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,4]}}", 4, "shape" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[9007199254740992],\"data_offsets\":[0,4]}}", 4, "shape" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4, "shape" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":\"1\",\"data_offsets\":[0,4]}}", 4, "shape" },
    { "{\"a\":{\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "type" },
    { "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "type" },
    { "{\"a\":{\"dtype\":\"F4\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "another size" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, "no place" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 4, "no place" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,18446744073709551616]}}", 4, "no place" },
    { "{\"a\":7}", 0, "is none" },
    { "{\"__metadata__\":{\"a\":1}}", 0, "notes" },
    { "{\"__metadata__\":{\"a\":{}}}", 0, "notes" },
    { "{\"a\":{" F4 "}", 4, "bracket" },
    { "{\"a\":{" F4 "}} x", 4, "follows" },
    { "{\"a\":{" F4 "},}", 4, "text is missing" },
    { "{\"\xff\":{" F4 "}}", 4, "UTF-8" },
    { "{\"\xed\xa0\x80\":{" F4 "}}", 4, "UTF-8" },
    { "{\"a\\u0000\":{" F4 "}}", 4, "escape" },
    { "{\"\\ud800\":{" F4 "}}", 4, "escape" },
    { "{\"\\x\":{" F4 "}}", 4, "escape" },
    { "{\"a\n\":{" F4 "}}", 4, "control" },
    { "{\"a\":[[[[[[[]]]]]]]}", 0, "is none" },
    { "{\"a\":[[[[[[[[]]]]]]]]}", 0, "deeply" },
    { "{\"a\":nul}", 0, "word" },
    { "{\"a\":\"", 0, "middle" },
    { "[]", 0, "no safetensors" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      sd3_error error = { "" };
      sd3_entries list;
      size_t length = strlen (cases[i].header);
      bool good = sd3_safetensors_parse (&list, cases[i].header, length, 8 + length + cases[i].data, "x.safetensors", &error);

      if (good != !cases[i].says || (!good && !strstr (error.text, cases[i].says)))
        g_error ("%s gave “%s”", cases[i].header, error.text);
      if (good)
        sd3_entries_clear (&list);
    }
}

static void
test_many (void)
{
  g_autoptr (GString) wide = g_string_new ("{"), deep = g_string_new ("{\"a\":");
  sd3_error error = { "" };
  sd3_entries list;

  for (int i = 0; i < 70000; i++)
    g_string_append_printf (wide, "%s\"%d\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}", i ? "," : "", i);
  g_string_append (wide, "}");
  g_assert_false (sd3_safetensors_parse (&list, wide->str, wide->len, 8 + wide->len, "x", &error));
  g_assert_nonnull (strstr (error.text, "70000 tensors"));
  for (int i = 0; i < 1000000; i++)
    g_string_append_c (deep, '[');
  g_assert_false (sd3_safetensors_parse (&list, deep->str, deep->len, 8 + deep->len, "x", &error));
  g_assert_nonnull (strstr (error.text, "deeply"));
}

/* A GGUF header written field by field, so that each can be wrong. */
typedef struct
{
  const char *says;  /* NULL: it is good */
  guint32     version, n_dims, type, key_type;
  guint64     n_tensors, n_keys, name_length, dim, offset, second_offset, alignment;
} GgufCase;

static const GgufCase gguf_good = { .version = 3, .n_dims = 2, .type = GGML_TYPE_F32, .key_type = 4, .n_tensors = 2, .n_keys = 1, .name_length = 1,
                                    .dim = 8, .offset = 0, .second_offset = 256, .alignment = 32 };

static void
put (GByteArray *out,
     guint64     value,
     guint       width)
{
  g_byte_array_append (out, (const guint8 *) &value, width);
}

static GByteArray *
make_gguf (const GgufCase *c)
{
  GByteArray *out = g_byte_array_new ();

  g_byte_array_append (out, (const guint8 *) "GGUF", 4);
  put (out, c->version, 4);
  put (out, c->n_tensors, 8);
  put (out, c->n_keys, 8);
  put (out, 17, 8);
  g_byte_array_append (out, (const guint8 *) "general.alignment", 17);
  put (out, c->key_type, 4);
  put (out, c->alignment, 4);
  for (int i = 0; i < 2; i++)
    {
      put (out, c->name_length, 8);
      g_byte_array_append (out, (const guint8 *) (i == 0 || c->name_length == 0 ? "a" : "b"), 1);
      put (out, c->n_dims, 4);
      for (guint32 d = 0; d < c->n_dims && d < 8; d++)
        put (out, c->dim, 8);
      put (out, c->type, 4);
      put (out, i == 0 ? c->offset : c->second_offset, 8);
    }
  return out;
}

static void
test_gguf_bad (void)
{
  GgufCase cases[40];
  int n = 0;

#define BAD(sentence, field, value) do { cases[n] = gguf_good; cases[n].says = sentence; cases[n++].field = value; } while (0)
  BAD (NULL, offset, 0);
  BAD (NULL, version, 2);
  BAD ("version", version, 1);
  BAD ("version", version, 4);
  BAD ("too many entries", n_tensors, 65537);
  BAD ("too many entries", n_tensors, G_MAXUINT64);
  BAD ("too many entries", n_keys, 100000);
  BAD ("ends too early", n_tensors, 3);
  BAD ("damaged", n_keys, 2);
  BAD ("text in it is too long", name_length, 1 << 20);
  BAD ("text in it is too long", name_length, G_MAXUINT64);
  BAD ("too many dimensions", n_dims, 0);
  BAD ("too many dimensions", n_dims, 5);
  BAD ("shape that cannot be", dim, 0);
  BAD ("shape that cannot be", dim, G_MAXUINT64);
  BAD ("shape that cannot be", dim, G_MAXINT32);
  BAD ("ends too early", dim, 100000);
  BAD ("type that is not known", type, 4);
  BAD ("type that is not known", type, 1000);
  BAD ("shape that cannot be", type, GGML_TYPE_Q8_0);
  BAD ("overlap", offset, 16);
  BAD ("overlap", offset, 128);
  BAD ("ends too early", second_offset, G_MAXUINT64 - 31);
  BAD ("ends too early", second_offset, 1 << 20);
  BAD ("alignment", alignment, 0);
  BAD ("alignment", alignment, 33);
  BAD ("alignment", alignment, G_MAXUINT32);
  BAD ("type that is not known", key_type, 13);
  BAD ("damaged", key_type, 8);
  for (int i = 0; i < n; i++)
    {
      g_autoptr (GByteArray) bytes = make_gguf (&cases[i]);
      sd3_error error = { "" };
      sd3_entries list;
      sd3_gguf_status status = sd3_gguf_parse (&list, (const char *) bytes->data, bytes->len, ((bytes->len + 31) & ~31U) + 512, "x.gguf", &error);

      if ((status == SD3_GGUF_GOOD) != !cases[i].says || (cases[i].says && !strstr (error.text, cases[i].says)))
        g_error ("case %d gave “%s” and not “%s”", i, error.text, cases[i].says ? cases[i].says : "nothing");
      sd3_entries_clear (&list);
    }
}

static void
test_names (void)
{
  static const struct { const char *name; sd3_role bare, role; const char *is; int part, flags; } cases[] = {
    { "first_stage_model.decoder.up.3.block.0.conv1.weight", SD3_ROLE_NONE, SD3_ROLE_VAE, "decoder.up.3.block.0.conv1.weight", 0, 0 },
    { "decoder.up_blocks.0.resnets.2.conv1.weight", SD3_ROLE_VAE, SD3_ROLE_VAE, "decoder.up.3.block.2.conv1.weight", 0, 0 },
    { "decoder.up_blocks.2.upsamplers.0.conv.bias", SD3_ROLE_VAE, SD3_ROLE_VAE, "decoder.up.1.upsample.conv.bias", 0, 0 },
    { "encoder.down_blocks.1.resnets.0.conv_shortcut.weight", SD3_ROLE_VAE, SD3_ROLE_VAE, "encoder.down.1.block.0.nin_shortcut.weight", 0, 0 },
    { "decoder.mid_block.attentions.0.to_k.weight", SD3_ROLE_VAE, SD3_ROLE_VAE, "decoder.mid.attn_1.qkv.weight", 1, 0 },
    { "decoder.mid_block.attentions.0.proj_attn.bias", SD3_ROLE_VAE, SD3_ROLE_VAE, "decoder.mid.attn_1.proj_out.bias", 0, 0 },
    { "vae.encoder.conv_norm_out.weight", SD3_ROLE_NONE, SD3_ROLE_VAE, "encoder.norm_out.weight", 0, 0 },
    { "text_encoders.clip_g.transformer.text_model.encoder.layers.31.self_attn.v_proj.bias", SD3_ROLE_NONE, SD3_ROLE_CLIP_G, "encoder.layers.31.self_attn.qkv.bias", 2, 0 },
    { "transformer.resblocks.3.attn.in_proj_bias", SD3_ROLE_CLIP_G, SD3_ROLE_CLIP_G, "encoder.layers.3.self_attn.qkv.bias", 0, 0 },
    { "text_projection", SD3_ROLE_CLIP_G, SD3_ROLE_CLIP_G, "text_projection.weight", 0, SD3_NAME_TRANSPOSE },
    { "text_projection.weight", SD3_ROLE_CLIP_G, SD3_ROLE_CLIP_G, "text_projection.weight", 0, 0 },
    { "enc.blk.11.ffn_gate.weight", SD3_ROLE_T5, SD3_ROLE_T5, "encoder.block.11.layer.1.DenseReluDense.wi_0.weight", 0, 0 },
    { "shared.weight", SD3_ROLE_T5, SD3_ROLE_T5, "encoder.embed_tokens.weight", 0, SD3_NAME_SPARE },
    { "model.diffusion_model.model.diffusion_model._orig_mod.pos_embed", SD3_ROLE_NONE, SD3_ROLE_MMDIT, "pos_embed", 0, 0 },
    { "norm_out.linear.bias", SD3_ROLE_MMDIT, SD3_ROLE_MMDIT, "final_layer.adaLN_modulation.1.bias", 0, SD3_NAME_SWAP },
    { "decoder.layers.18.bias", SD3_ROLE_TAESD, SD3_ROLE_TAESD, "19.bias", 0, 0 },
    { "text_encoders.clip_l.logit_scale", SD3_ROLE_NONE, SD3_ROLE_NONE, "", 0, 0 },
    { "decoder.block.0.layer.0.SelfAttention.q.weight", SD3_ROLE_T5, SD3_ROLE_NONE, "", 0, 0 },
    { "model_ema.decay", SD3_ROLE_MMDIT, SD3_ROLE_NONE, "", 0, 0 },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      sd3_place place;

      sd3_place_tensor (cases[i].name, cases[i].bare, &place);
      g_assert_cmpint (place.role, ==, cases[i].role);
      if (place.role == SD3_ROLE_NONE)
        continue;
      g_assert_cmpstr (place.name, ==, cases[i].is);
      g_assert_cmpint (place.part, ==, cases[i].part);
      g_assert_cmpint (place.flags, ==, cases[i].flags);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/headers/safetensors", test_safetensors_bad);
  g_test_add_func ("/headers/many", test_many);
  g_test_add_func ("/headers/gguf", test_gguf_bad);
  g_test_add_func ("/headers/names", test_names);
  return g_test_run ();
}
