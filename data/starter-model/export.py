#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the trained model as a folder in the layout of diffusers: `export.py FOLDER [STAGE]` (the last stage there is).

Weights are F16. Two halves are swapped: diffusers keeps [scale; shift] where Stable Diffusion 3 has [shift; scale]."""

import json
import os
import struct
import sys

import torch

import common
from models import Clip, LATENT, Mmdit, SCALE, SHIFT, Text, Vae
from train_text import tokenizer
from train_vae import trained

STAGES = ('flow-256', 'flow-full', 'flow')
SIDES = {'flow-256': 256}


def write_safetensors(path, tensors):
    """The container of eight bytes, a header in JSON and the data: tensors in F16, without holes."""
    header, at, data = {'__metadata__': {'format': 'pt'}}, 0, []
    for name, tensor in sorted(tensors.items()):
        raw = tensor.detach().cpu().half().contiguous().numpy().tobytes()
        header[name] = {'dtype': 'F16', 'shape': list(tensor.shape), 'data_offsets': [at, at + len(raw)]}
        at += len(raw)
        data.append(raw)
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text + b''.join(data))


def write(folder, name, text):
    os.makedirs(os.path.join(folder, os.path.dirname(name)), exist_ok=True)
    with open(os.path.join(folder, name), 'w', encoding='utf-8') as f:
        f.write(text)


def swapped(tensor):
    a, b = tensor.chunk(2)
    return torch.cat((b, a))


def transformer(state):
    """The state as diffusers has it."""
    last = f'transformer_blocks.{Mmdit.DEPTH - 1}.norm1_context.linear'
    return {k: swapped(v) if k.startswith((last, 'norm_out.linear')) else v for k, v in state.items()}


def configs(side, vocabulary, end):
    def clip(is_g):
        return {'architectures': ['CLIPTextModelWithProjection'], 'model_type': 'clip_text_model', 'hidden_size': Clip.WIDTH, 'intermediate_size': Clip.INNER,
                'num_hidden_layers': Clip.LAYERS, 'num_attention_heads': Clip.HEADS, 'max_position_embeddings': 77, 'vocab_size': vocabulary, 'projection_dim': Clip.WIDTH,
                'hidden_act': 'gelu' if is_g else 'quick_gelu', 'layer_norm_eps': 1e-5, 'bos_token_id': end - 1, 'eos_token_id': end, 'pad_token_id': 0 if is_g else end, 'torch_dtype': 'float16'}

    def tokens(is_g):
        return {'tokenizer_class': 'CLIPTokenizer', 'bos_token': '<|startoftext|>', 'eos_token': '<|endoftext|>', 'unk_token': '<|endoftext|>', 'pad_token': '!' if is_g else '<|endoftext|>', 'model_max_length': 77}
    return {
        'model_index.json': {'_class_name': 'StableDiffusion3Pipeline', '_name_or_path': 'Sfumato starter (picture-book scenes)', 'transformer': ['diffusers', 'SD3Transformer2DModel'],
                             'text_encoder': ['transformers', 'CLIPTextModelWithProjection'], 'text_encoder_2': ['transformers', 'CLIPTextModelWithProjection'], 'text_encoder_3': [None, None],
                             'tokenizer': ['transformers', 'CLIPTokenizer'], 'tokenizer_2': ['transformers', 'CLIPTokenizer'], 'tokenizer_3': [None, None],
                             'vae': ['diffusers', 'AutoencoderKL'], 'scheduler': ['diffusers', 'FlowMatchEulerDiscreteScheduler']},
        'transformer/config.json': {'_class_name': 'SD3Transformer2DModel', 'sample_size': side // 8, 'patch_size': 2, 'in_channels': LATENT, 'out_channels': LATENT, 'num_layers': Mmdit.DEPTH,
                                    'attention_head_dim': Mmdit.WIDTH // Mmdit.HEADS, 'num_attention_heads': Mmdit.HEADS, 'joint_attention_dim': Text.CONTEXT, 'caption_projection_dim': Mmdit.WIDTH,
                                    'pooled_projection_dim': Text.POOLED, 'pos_embed_max_size': Mmdit.GRID, 'qk_norm': 'rms_norm', 'dual_attention_layers': []},
        'vae/config.json': {'_class_name': 'AutoencoderKL', 'in_channels': 3, 'out_channels': 3, 'latent_channels': LATENT, 'block_out_channels': Vae.WIDTHS, 'layers_per_block': 2, 'norm_num_groups': Vae.GROUPS,
                            'act_fn': 'silu', 'down_block_types': ['DownEncoderBlock2D'] * 4, 'up_block_types': ['UpDecoderBlock2D'] * 4, 'sample_size': side,
                            'scaling_factor': SCALE, 'shift_factor': SHIFT, 'use_quant_conv': False, 'use_post_quant_conv': False, 'force_upcast': False},
        'scheduler/scheduler_config.json': {'_class_name': 'FlowMatchEulerDiscreteScheduler', 'num_train_timesteps': 1000, 'shift': 3.0, 'use_dynamic_shifting': False},
        'text_encoder/config.json': clip(False), 'text_encoder_2/config.json': clip(True),
        'tokenizer/tokenizer_config.json': tokens(False), 'tokenizer_2/tokenizer_config.json': tokens(True),
    }


def export(folder, stage=None):
    stage = stage or next(s for s in STAGES if os.path.exists(common.path(s + '.pt')))
    state, tokens, vae = common.load(stage + '.pt')['average'], tokenizer(), trained()

    def part(prefix):
        return {k[len(prefix):]: v for k, v in state.items() if k.startswith(prefix)}
    merges, vocabulary = tokens.files()
    for name, value in configs(SIDES.get(stage, 128), len(tokens), tokens.ids['<|endoftext|>']).items():
        write(folder, name, json.dumps(value, indent=2) + '\n')
    for name in ('tokenizer', 'tokenizer_2'):
        write(folder, name + '/merges.txt', merges)
        write(folder, name + '/vocab.json', vocabulary)
    write_safetensors(os.path.join(folder, 'transformer/diffusion_pytorch_model.safetensors'), transformer(part('mmdit.')))
    write_safetensors(os.path.join(folder, 'text_encoder/model.safetensors'), part('text.clip_l.'))
    write_safetensors(os.path.join(folder, 'text_encoder_2/model.safetensors'), part('text.clip_g.'))
    write_safetensors(os.path.join(folder, 'vae/diffusion_pytorch_model.safetensors'), vae.state_dict())
    print(f'stage {stage}')


def say_size(folder):
    size = sum(os.path.getsize(os.path.join(d, f)) for d, _, files in os.walk(folder) for f in files)
    print(f'{folder}: {size / 1e6:.1f} MB')


if __name__ == '__main__':
    export(*sys.argv[1:3])
    say_size(sys.argv[1])
