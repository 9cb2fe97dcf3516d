# Whole pictures: a prompt and a seed go through the reference's own tokenizing, encoding, sampling and decoding.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import tempfile

import torch
from PIL import Image
from safetensors.torch import save_file

import dump
import hashed
import stability

SD3_MEDIUM = {"depth": 3, "hidden": 192, "grid": 12, "qk_norm": 0, "dual": 0}
SD35_MEDIUM = {"depth": 11, "hidden": 128, "grid": 16, "qk_norm": 1, "dual": 5}
SMALL = {"depth": 3, "hidden": 128, "grid": 12, "qk_norm": 1, "dual": 2}
SD35_LARGE = {"depth": 4, "hidden": 256, "grid": 12, "qk_norm": 1, "dual": 0}


def case(name, shape, prompt, negative, size, steps, sampler, guidance, seed, t5=1, shift=3.0, skip_guidance=0.0, strength=1.0, from_picture=0):
    return name, shape, {"prompt": prompt, "negative": negative, "width": size[0], "height": size[1], "steps": steps, "sampler": sampler, "guidance": guidance,
                         "seed": seed, "t5": t5, "shift": shift, "skip_guidance": skip_guidance, "strength": strength, "from_picture": from_picture}


CASES = [
    case("medium", SD3_MEDIUM, "a lighthouse in the fog, oil painting", "glass", (64, 96), 6, "euler", 5.0, 42),
    case("without-t5", SD3_MEDIUM, "An astronaut riding a horse", "", (64, 32), 9, "dpmpp-2m", 4.5, 7, t5=0, shift=1.0),
    case("skip-layer", SD35_MEDIUM, "Zürich café, morning light, it's snow", "old, small", (48, 64), 12, "dpmpp-2m", 4.0, 1234567890123, skip_guidance=2.5),
    case("routes", SMALL, "a lighthouse in the fog", "glass", (64, 48), 3, "euler", 3.0, 11),
    case("turbo", SD35_LARGE, "кошка сидит на окне", "", (64, 48), 4, "euler", 1.0, 0),
    case("from-picture", SD35_LARGE, "a red flower in a garden", "table", (48, 48), 10, "euler", 4.5, 99, strength=0.6, from_picture=1),
    case("from-picture-skip-layer", SD35_MEDIUM, "猫が座っている 2024 100%", "", (32, 64), 15, "dpmpp-2m", 4.0, 4294967295, skip_guidance=2.5, strength=0.8,
         from_picture=1),
]


def weights(module, prefix=""):
    return {prefix + name: torch.from_numpy(hashed.weight(name, tensor.shape)) for name, tensor in module.state_dict().items()}


# The files in the layout that the reference reads: one with the transformer and the VAE, one for each encoder.
def write_files(folder, shape):
    save_file(weights(stability.empty_mmdit(shape), "model.diffusion_model.") | weights(stability.empty_vae(), "first_stage_model."),
              f"{folder}/model.safetensors")
    if os.path.exists(f"{folder}/clip_l.safetensors"):
        return
    save_file(weights(stability.empty_clip(stability.infer.CLIPL_CONFIG)), f"{folder}/clip_l.safetensors")
    save_file(weights(stability.empty_clip(stability.infer.CLIPG_CONFIG)), f"{folder}/clip_g.safetensors")
    save_file(weights(stability.empty_t5(stability.infer.T5_CONFIG)), f"{folder}/t5xxl.safetensors")


# A prompt's rows are [CLIP-L | CLIP-G | zeros], then T5's; its pooled vector is [CLIP-L | CLIP-G].
def text_checks(context, pooled):
    l, lg = stability.CLIP_L, stability.CLIP_L + stability.CLIP_G
    parts = {"clip_l.hidden": context[0, :77, :l], "clip_g.hidden": context[0, :77, l:lg], "clip_l.pooled": pooled[0, :l], "clip_g.projected": pooled[0, l:lg]}
    if context.shape[1] > 77:
        parts["t5.hidden"] = context[0, 77:]
    return {name: dump.numbers(values) for name, values in parts.items()}


def make_one(folder, name, shape, settings, here):
    write_files(folder, shape)
    model = stability.Inferencer(folder, shape, settings["shift"], settings["t5"])
    cond, negative = model.condition(settings["prompt"]), model.condition(settings["negative"])
    start = Image.fromarray(hashed.picture(settings["width"], settings["height"])) if settings["from_picture"] else None
    estimates, latent, raw, picture = model.picture(settings, cond, negative, start)
    Image.fromarray(picture).save(f"{here}/{name}.png", optimize=True)
    sigmas = model.inner.get_sigmas(model.inner.sd3.model.model_sampling, settings["steps"])
    first = settings["steps"] - len(estimates)
    checks = {"noise": dump.numbers(model.inner.get_noise(settings["seed"], latent))} | text_checks(*cond) | {"sigmas": dump.numbers(sigmas)}
    checks |= {f"step.{first + i}.x0": dump.numbers(x0) for i, x0 in enumerate(estimates)}
    checks |= {"vae.decoded": dump.numbers(raw)}
    return {"case": shape | settings, "checks": checks}


def make(here):
    with tempfile.TemporaryDirectory() as folder:
        dump.write(f"{here}/pictures.ini", {name: make_one(folder, name, shape, settings, here) for name, shape, settings in CASES})
