# Stability's reference implementation (github.com/Stability-AI/sd3.5, a checkout given by path), run in F32 on the CPU
# with small models. Its code is used as it is, from reading the files to the latent; what is changed is said here:
#
#  - nothing is rounded to halves and nothing is moved to a graphics card;
#  - the sizes of the encoders, which it has as constants, are ours, and T5's heads are narrower than its width;
#  - it takes the number of blocks for width / 64; here a model may have more blocks than that;
#  - the pooled vector is filled up with zeros to the transformer's 2048, because our CLIPs are narrow;
#  - a picture's latent is the encoder's means: it would add noise that no seed decides;
#  - 8 bits are rounded; it cuts off what is behind the point.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import functools
import importlib.machinery
import sys
import types

import numpy as np
import torch

import tokens

CLIP_L, CLIP_G = 64, 128
T5_WIDTH, T5_INNER, T5_HEADS, T5_FEED = 4096, 64, 4, 96
VAE_BASE = 32


def stub(name, **content):
    module = types.ModuleType(name)
    module.__spec__ = importlib.machinery.ModuleSpec(name, None)
    vars(module).update(content)
    sys.modules[name] = module


# Makes the checkout's modules importable, on the CPU and without halves.
def enter(path):
    sys.path.insert(0, path)
    stub("fire")
    stub("tqdm", tqdm=lambda iterable, **_: iterable)
    stub("transformers", CLIPTokenizer=tokens.CLIPTokenizer, T5TokenizerFast=tokens.T5TokenizerFast)
    torch.set_grad_enabled(False)
    torch.Tensor.half = torch.Tensor.cuda = lambda self, *_: self
    torch.nn.Module.cuda = lambda self, *_: self
    torch.randn_like = torch.zeros_like
    global infer, impls, mmditx, other
    import mmditx
    import other_impls as other
    import sd3_impls as impls
    import sd3_infer as infer
    stack = other.T5Stack
    other.T5Stack = lambda layers, width, _inner, *rest: stack(layers, width, T5_INNER, *rest)
    impls.VAEEncoder = functools.partial(impls.VAEEncoder, ch=VAE_BASE)
    impls.VAEDecoder = functools.partial(impls.VAEDecoder, ch=VAE_BASE)
    infer.T5_CONFIG = t5_config(200)
    infer.CLIPL_CONFIG = clip_config(CLIP_L, 3, "quick_gelu")
    infer.CLIPG_CONFIG = clip_config(CLIP_G, 3, "gelu")


def clip_config(width, layers, activation, heads=0):
    return {"hidden_act": activation, "hidden_size": width, "intermediate_size": 2 * width, "num_attention_heads": heads or width // 64,
            "num_hidden_layers": layers}


def t5_config(vocabulary, layers=2, width=T5_WIDTH):
    return {"d_ff": T5_FEED, "d_model": width, "num_heads": T5_HEADS, "num_layers": layers, "vocab_size": vocabulary}


# ---- Empty parts: names and shapes as the reference has them ------------------------------------------------------


def joint_blocks(shape):
    return torch.nn.ModuleList(
        mmditx.JointBlock(shape["hidden"], shape["hidden"] // 64, mlp_ratio=4.0, qkv_bias=True, pre_only=i == shape["depth"] - 1,
                          qk_norm="rms" if shape["qk_norm"] else None, x_block_self_attn=i < shape["dual"])
        for i in range(shape["depth"]))


def empty_mmdit(shape):
    h = shape["hidden"]
    model = mmditx.MMDiTX(input_size=None, pos_embed_max_size=shape["grid"], patch_size=2, in_channels=16, depth=h // 64, num_patches=shape["grid"]**2,
                          adm_in_channels=2048, context_embedder_config={"target": "torch.nn.Linear", "params": {"in_features": 4096, "out_features": h}},
                          dtype=torch.float32)
    model.joint_blocks = joint_blocks(shape)
    return model


def empty_clip(config, vocabulary=49408):
    other.CLIPEmbeddings.__init__.__defaults__ = (vocabulary, *other.CLIPEmbeddings.__init__.__defaults__[1:])
    return other.CLIPTextModel(config, torch.float32, "cpu")


def empty_t5(config):
    return other.T5(config, torch.float32, "cpu")


def empty_vae():
    return impls.SDVAE(dtype=torch.float32)


# ---- A whole model, from its files --------------------------------------------------------------------------------


def base_model(path, shape, shift):
    with infer.safe_open(path, framework="pt", device="cpu") as f:
        model = impls.BaseModel(shift=shift, file=f, prefix="model.diffusion_model.", device="cpu", dtype=torch.float32).eval()
        model.diffusion_model.joint_blocks = joint_blocks(shape)
        infer.load_into(f, model, "model.", "cpu", torch.float32)
    return model


class Inferencer:
    def __init__(self, folder, shape, shift, t5):
        self.inner = infer.SD3Inferencer()
        self.inner.tokenizer = other.SD3Tokenizer()
        self.inner.clip_l, self.inner.clip_g = infer.ClipL(folder), infer.ClipG(folder)
        self.inner.t5xxl = infer.T5XXL(folder) if t5 else None
        path = f"{folder}/model.safetensors"
        self.inner.sd3 = types.SimpleNamespace(model=base_model(path, shape, shift))
        self.inner.vae = infer.VAE(path, dtype=torch.float32)
        self.inner.vae_encode = self.vae_encode

    def vae_encode(self, image):
        rgb = torch.from_numpy(np.moveaxis(np.asarray(image).astype(np.float32) / 255.0, 2, 0))[None]
        return self.inner.vae.model.encode(2.0 * rgb - 1.0)

    def condition(self, prompt):
        if self.inner.t5xxl:
            context, pooled = self.inner.get_cond(prompt)
        else:
            ids = self.inner.tokenizer.tokenize_with_weights(prompt)
            l, pooled_l = self.inner.clip_l.model.encode_token_weights(ids["l"])
            g, pooled_g = self.inner.clip_g.model.encode_token_weights(ids["g"])
            context = torch.cat([l, g], dim=-1)
            context = torch.nn.functional.pad(context, (0, T5_WIDTH - context.shape[-1]))
            pooled = torch.cat((pooled_l, pooled_g), dim=-1)
        return context, torch.nn.functional.pad(pooled, (0, 2048 - pooled.shape[-1]))

    # The estimates after each step, the latent and the picture.
    def picture(self, case, cond, negative, start=None):
        estimates = []
        for denoiser in (impls.CFGDenoiser, impls.SkipLayerCFGDenoiser):
            denoiser.__call__ = recorder(estimates)
        if start is not None:
            latent = impls.SD3LatentFormat().process_in(self.vae_encode(start))
        else:
            latent = self.inner.get_empty_latent(1, case["width"], case["height"], case["seed"], "cpu")
        skip = {"scale": case["skip_guidance"], "start": 0.01, "end": 0.2, "layers": [7, 8, 9]} if case["skip_guidance"] else {}
        latent = self.inner.do_sampling(latent, case["seed"], cond, negative, case["steps"], case["guidance"], case["sampler"].replace("-", "_"),
                                        denoise=case["strength"] if start is not None else 1.0, skip_layer_config=skip)
        raw = self.inner.vae.model.decode(latent)
        rgb = torch.clamp((raw + 1.0) / 2.0, min=0.0, max=1.0)[0]
        return estimates, latent, raw, np.rint(255.0 * np.moveaxis(rgb.numpy(), 0, 2)).astype(np.uint8)


def recorder(estimates):
    def call(self, *args, **kwargs):
        estimates.append(self.forward(*args, **kwargs))
        return estimates[-1]
    return call
