# A small model in the layouts that people have, matrices in F16: a single file with everything, diffusers' folder whole
# and in shards, GGUF. Names and shapes are the reference's own, so that these files owe nothing to tests/engine/tiny*.c.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import os
import re
import shutil
import struct

import torch
from safetensors.torch import save_file

import pictures
import stability
import tokens

PREFIXES = {"transformer": "model.diffusion_model.", "vae": "first_stage_model.", "text_encoder": "text_encoders.clip_l.transformer.",
            "text_encoder_2": "text_encoders.clip_g.transformer.", "text_encoder_3": "text_encoders.t5xxl.transformer."}

IN_BLOCK = [
    ("x_block.adaLN_modulation.1", "norm1.linear"), ("context_block.adaLN_modulation.1", "norm1_context.linear"),
    ("x_block.attn.proj", "attn.to_out.0"), ("context_block.attn.proj", "attn.to_add_out"), ("x_block.attn2.proj", "attn2.to_out.0"),
    ("x_block.attn.ln_q", "attn.norm_q"), ("x_block.attn.ln_k", "attn.norm_k"), ("context_block.attn.ln_q", "attn.norm_added_q"),
    ("context_block.attn.ln_k", "attn.norm_added_k"), ("x_block.attn2.ln_q", "attn2.norm_q"), ("x_block.attn2.ln_k", "attn2.norm_k"),
    ("x_block.mlp.fc1", "ff.net.0.proj"), ("x_block.mlp.fc2", "ff.net.2"), ("context_block.mlp.fc1", "ff_context.net.0.proj"),
    ("context_block.mlp.fc2", "ff_context.net.2"),
]
QKV = {"x_block.attn.qkv": ("attn.to_q", "attn.to_k", "attn.to_v"), "x_block.attn2.qkv": ("attn2.to_q", "attn2.to_k", "attn2.to_v"),
       "context_block.attn.qkv": ("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj")}
OUTSIDE = [
    ("pos_embed", "pos_embed.pos_embed"), ("x_embedder.proj.", "pos_embed.proj."), ("t_embedder.mlp.0.", "time_text_embed.timestep_embedder.linear_1."),
    ("t_embedder.mlp.2.", "time_text_embed.timestep_embedder.linear_2."), ("y_embedder.mlp.0.", "time_text_embed.text_embedder.linear_1."),
    ("y_embedder.mlp.2.", "time_text_embed.text_embedder.linear_2."), ("final_layer.linear.", "proj_out."),
    ("final_layer.adaLN_modulation.1.", "norm_out.linear."),
]
VAE = [
    (r"\.mid\.block_1", ".mid_block.resnets.0"), (r"\.mid\.block_2", ".mid_block.resnets.1"), (r"\.mid\.attn_1\.norm", ".mid_block.attentions.0.group_norm"),
    (r"\.mid\.attn_1\.proj_out", ".mid_block.attentions.0.to_out.0"), (r"\.mid\.attn_1\.([qkv])\.", r".mid_block.attentions.0.to_\1."),
    (r"\.up\.(\d)", lambda m: f".up_blocks.{3 - int(m[1])}"), (r"\.down\.", ".down_blocks."), (r"\.block\.", ".resnets."),
    (r"\.(down|up)sample\.", r".\1samplers.0."), ("nin_shortcut", "conv_shortcut"), (r"coder\.norm_out", "coder.conv_norm_out"),
]


def swap(tensor):
    return torch.cat(tensor.chunk(2)[::-1])


def diffusers_transformer(weights, depth):
    out = {}
    for name, tensor in weights.items():
        block = re.fullmatch(r"joint_blocks\.(\d+)\.(.*)\.(weight|bias)", name)
        if not block:
            theirs = next((name.replace(a, b) for a, b in OUTSIDE if name.startswith(a)), name)
            out[theirs] = swap(tensor) if theirs.startswith("norm_out") else tensor
            continue
        number, stem, end = block.groups()
        at = f"transformer_blocks.{number}."
        if stem in QKV:
            out |= {f"{at}{part}.{end}": rows.clone() for part, rows in zip(QKV[stem], tensor.chunk(3))}
        else:
            last = stem == "context_block.adaLN_modulation.1" and int(number) == depth - 1
            out[at + dict(IN_BLOCK)[stem] + "." + end] = swap(tensor) if last else tensor
    return out


def diffusers_vae(weights):
    out = {}
    for name, tensor in weights.items():
        for pattern, becomes in VAE:
            name = re.sub(pattern, becomes, name)
        out[name] = tensor.flatten(1) if re.search(r"attentions\.0\.to_.*weight", name) else tensor
    return out


def halves(weights):
    return {name: tensor.to(torch.float16) if tensor.ndim >= 2 else tensor for name, tensor in weights.items()}


# ---- Writing --------------------------------------------------------------------------------------------------------


def write_json(path, content):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(content, f)


def write_shards(folder, stem, weights, n):
    names, where = list(weights), {}
    for i in range(n):
        file = f"{stem}-{i + 1:05}-of-{n:05}.safetensors"
        part = names[len(names) * i // n:len(names) * (i + 1) // n]
        save_file({name: weights[name] for name in part}, f"{folder}/{file}", metadata={"format": "pt"})
        where |= {name: file for name in part}
    write_json(f"{folder}/{stem}.safetensors.index.json", {"metadata": {"total_size": sum(t.nbytes for t in weights.values())}, "weight_map": where})


def write_folder(root, parts, shape, n_shards):
    configs = {"transformer": {"num_layers": shape["depth"], "num_attention_heads": shape["hidden"] // 64, "attention_head_dim": 64},
               "text_encoder": {"num_attention_heads": stability.CLIP_L // 64}, "text_encoder_2": {"num_attention_heads": stability.CLIP_G // 64},
               "text_encoder_3": {"num_heads": stability.T5_HEADS}, "vae": {"scaling_factor": 1.5305, "shift_factor": 0.0609}}
    for part, weights in parts.items():
        stem = "model" if part.startswith("text") else "diffusion_pytorch_model"
        os.makedirs(f"{root}/{part}")
        write_json(f"{root}/{part}/config.json", configs[part])
        if n_shards > 1:
            write_shards(f"{root}/{part}", stem, weights, n_shards)
        else:
            save_file(weights, f"{root}/{part}/{stem}.safetensors", metadata={"format": "pt"})
    for part in ("tokenizer", "tokenizer_2"):
        os.makedirs(f"{root}/{part}")
        write_json(f"{root}/{part}/vocab.json", tokens.CLIPTokenizer().get_vocab())
        shutil.copy(tokens.MERGES, f"{root}/{part}/merges.txt")
    os.makedirs(f"{root}/tokenizer_3")
    shutil.copy(tokens.UNIGRAM, f"{root}/tokenizer_3/spiece.model")
    write_json(f"{root}/model_index.json", {"_class_name": "StableDiffusion3Pipeline"})


# Version 3 (ggml's docs/gguf.md); type 0 is F32, 1 is F16.
def write_gguf(path, weights):
    def string(text):
        return struct.pack("<Q", len(text.encode())) + text.encode()

    head = b"GGUF" + struct.pack("<IQQ", 3, len(weights), 1) + string("general.architecture") + struct.pack("<I", 8) + string("sd3")
    data = bytearray()
    for name, tensor in weights.items():
        head += string(name) + struct.pack("<I", tensor.ndim) + struct.pack(f"<{tensor.ndim}Q", *reversed(tensor.shape))
        head += struct.pack("<IQ", int(tensor.dtype == torch.float16), len(data))
        data += tensor.numpy().tobytes()
        data += bytes(-len(data) % 32)
    with open(path, "wb") as f:
        f.write(head + bytes(-len(head) % 32) + data)


def make(folder, case="routes"):
    shape = next(shape for name, shape, _ in pictures.CASES if name == case)
    modules = {"transformer": stability.empty_mmdit(shape), "vae": stability.empty_vae(), "text_encoder": stability.empty_clip(stability.infer.CLIPL_CONFIG),
               "text_encoder_2": stability.empty_clip(stability.infer.CLIPG_CONFIG), "text_encoder_3": stability.empty_t5(stability.infer.T5_CONFIG)}
    parts = {part: halves(pictures.weights(module)) for part, module in modules.items()}
    everything = {PREFIXES[part] + name: tensor for part, weights in parts.items() for name, tensor in weights.items()}
    theirs = parts | {"transformer": diffusers_transformer(parts["transformer"], shape["depth"]), "vae": diffusers_vae(parts["vae"])}
    save_file(everything, f"{folder}/all.safetensors")
    write_gguf(f"{folder}/all.gguf", everything)
    write_folder(f"{folder}/folder", theirs, shape, 1)
    write_folder(f"{folder}/shards", theirs, shape, 3)
