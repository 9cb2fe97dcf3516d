# Parts by themselves, as `sfumato-engine --trace` runs them: single passes with what happens inside them, samplings,
# encoders, the VAE; depths, widths, shapes and inputs that no published model has.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import tempfile

import torch
from safetensors.torch import save_file

import dump
import hashed
import stability
from pictures import weights


def shape(depth, hidden, grid, qk_norm, dual):
    return {"depth": depth, "hidden": hidden, "grid": grid, "qk_norm": qk_norm, "dual": dual}


# name, transformer, (rows of the context, height and width of the latent, what the inputs are hashed under), 1000·σ, layers left out
PASSES = [
    ("pass-one-block", shape(1, 64, 9, 0, 0), (3, 6, 4, "a"), 1000.0, []),
    ("pass-plain", shape(2, 128, 10, 0, 0), (1, 4, 20, "b"), 8.929, []),
    ("pass-norm", shape(3, 192, 12, 1, 0), (77, 18, 2, "c"), 0.25, []),
    ("pass-deep", shape(7, 128, 16, 1, 4), (154, 10, 14, "d"), 508.125, []),
    ("pass-all-dual", shape(5, 64, 11, 1, 5), (33, 8, 8, "e"), 602.151, []),
    ("pass-skips", shape(6, 128, 12, 1, 2), (20, 12, 6, "f"), 857.692, [0, 3]),
]

# … then steps, sampler, schedule, shift, guidance, strength (1: from noise), seed, (layers, scale, from, to)
SAMPLINGS = [
    ("sampling-one-step", shape(2, 128, 10, 0, 0), (9, 6, 10, "g"), 1, "euler", "reference", 3.0, 1.0, 1.0, 1, None),
    ("sampling-large-seed", shape(3, 128, 12, 1, 1), (20, 10, 6, "h"), 7, "euler", "reference", 3.0, 7.0, 1.0, 2**33 + 5, None),
    ("sampling-against", shape(3, 128, 12, 1, 1), (20, 6, 8, "i"), 4, "euler", "sgm-uniform", 5.0, -1.5, 1.0, 3, None),
    ("sampling-heun", shape(3, 192, 12, 0, 0), (12, 8, 8, "j"), 5, "heun", "simple", 3.0, 3.5, 1.0, 4, None),
    ("sampling-heun-init", shape(2, 128, 10, 1, 2), (12, 4, 12, "k"), 8, "heun", "reference", 2.0, 2.0, 0.5, 5, None),
    ("sampling-dpmpp", shape(4, 128, 12, 1, 2), (40, 8, 14, "l"), 9, "dpmpp-2m", "sgm-uniform", 3.0, 5.0, 1.0, 6, None),
    ("sampling-dpmpp-init", shape(4, 128, 12, 0, 0), (16, 14, 4, "m"), 20, "dpmpp-2m", "reference", 1.0, 4.5, 0.35, 7, None),
    ("sampling-skips", shape(5, 128, 12, 1, 3), (16, 8, 8, "n"), 10, "euler", "reference", 3.0, 4.0, 1.0, 8, ([1, 3], 3.0, 0.15, 0.6)),
    ("sampling-skips-init", shape(5, 128, 12, 1, 3), (16, 8, 6, "o"), 10, "dpmpp-2m", "reference", 3.0, 4.0, 0.7, 9, ([2], 2.0, 0.05, 0.4)),
]

# name, role, vocabulary, width, heads, layers, ids, what fills the 77
CLIPS = [
    ("clip-l-deep", "clip_l", 300, 96, 3, 5, [298, 17, 250, 3, 3, 299], 299),
    ("clip-g-flat", "clip_g", 100, 64, 8, 2, [98, *range(1, 74), 99], 0),
    ("clip-l-full", "clip_l", 400, 32, 1, 3, [398, *range(100, 175), 399], 0),
]

# name, vocabulary, width, number of ids
T5S = [("t5-short", 60, 96, 5), ("t5-long", 200, 64, 300)]

# name, sides of the latent, amplitude, what the inputs are hashed under
VAES = [("vae-tall", 9, 3, 1.0, "p"), ("vae-wide", 2, 13, 2.5, "q"), ("vae-strong", 5, 5, 6.0, "r")]


def inputs_of(name, rows, height, width):
    make = {"context": ("ctx", (rows, 4096)), "pooled": ("y", (2048,)), "negative.context": ("uctx", (rows, 4096)), "negative.pooled": ("uy", (2048,)),
            "latent": ("lat", (16, height, width))}
    return {key: torch.from_numpy(hashed.data(f"{name}.{part}", 1, size))[None] for key, (part, size) in make.items()}


def sizes(inputs):
    return {"rows": inputs[0], "height": inputs[1], "width": inputs[2], "inputs": inputs[3]}


# ---- Passes ---------------------------------------------------------------------------------------------------------


def watch(model, checks):
    def keep(name, pick=lambda out: out):
        return lambda _module, _args, out: checks.__setitem__(name, dump.numbers(pick(out)))

    for name in ("x_embedder", "t_embedder", "y_embedder", "context_embedder"):
        getattr(model, name).register_forward_hook(keep(name))
    for i, block in enumerate(model.joint_blocks):
        at = f"joint_blocks.{i}"
        if i in (0, len(model.joint_blocks) - 1):
            block.context_block.adaLN_modulation.register_forward_hook(keep(f"{at}.context_block.modulation"))
            block.x_block.adaLN_modulation.register_forward_hook(keep(f"{at}.x_block.modulation"))
        if i < len(model.joint_blocks) - 1:
            block.register_forward_hook(keep(f"{at}.context", lambda out: out[0]))
        block.register_forward_hook(keep(f"{at}.x", lambda out: out[1]))


def make_pass(of, size, time, skip):
    model = stability.empty_mmdit(of)
    model.load_state_dict(weights(model))
    given, checks = inputs_of(size[3], *size[:3]), {}
    watch(model, checks)
    velocity = model(given["latent"], torch.tensor([time]), y=given["pooled"], context=given["context"], skip_layers=skip)
    checks["velocity"] = dump.numbers(velocity, 6)
    options = f"--time {time}" + "".join(f" --skip-layer {layer}" for layer in skip)
    return {"case": {"kind": "transformer"} | of | sizes(size) | {"options": options}, "checks": checks}


# ---- Samplings ------------------------------------------------------------------------------------------------------


def sigmas_of(schedule, sampling, steps):
    if schedule == "reference":
        return stability.infer.SD3Inferencer().get_sigmas(sampling, steps)
    if schedule == "simple":  # as in ComfyUI
        return torch.tensor([*(sampling.sigmas[999 - i * 1000 // steps].item() for i in range(steps)), 0.0])
    times = torch.linspace(sampling.timestep(sampling.sigma_max), sampling.timestep(sampling.sigma_min), steps + 1)[:-1]
    return torch.tensor([*(sampling.sigma(time).item() for time in times), 0.0])


# Heun's method, which the reference has not (Karras et al. 2022, algorithm 2 without churn).
def sample_heun(model, x, sigmas, extra_args):
    one = x.new_ones([1])
    for sigma, after in zip(sigmas, sigmas[1:]):
        d = (x - model(x, sigma * one, **extra_args)) / sigma
        ahead = x + d * (after - sigma)
        if after > 0:
            d = (d + (ahead - model(ahead, after * one, **extra_args)) / after) / 2
        x = x + d * (after - sigma)
    return x


def make_sampling(folder, of, size, steps, sampler, schedule, shift, guidance, strength, seed, skip):
    path = f"{folder}/model.safetensors"
    save_file(weights(stability.empty_mmdit(of), "model.diffusion_model."), path)
    model = stability.base_model(path, of, shift)
    given = inputs_of(size[3], *size[:3])
    sigmas = sigmas_of(schedule, model.model_sampling, steps)
    noise = stability.infer.SD3Inferencer().get_noise(seed, given["latent"])
    checks = {"sigmas": dump.numbers(sigmas), "noise": dump.numbers(noise)}
    tail = sigmas[int(steps * (1 - strength)):]
    x = model.model_sampling.noise_scaling(tail[0], noise, given["latent"]) if strength < 1 else noise
    config = {"layers": skip[0], "scale": skip[1], "start": skip[2], "end": skip[3]} if skip else {}
    denoiser = (stability.impls.SkipLayerCFGDenoiser if skip else stability.impls.CFGDenoiser)(model, steps, config)
    run = sample_heun if sampler == "heun" else getattr(stability.impls, "sample_" + sampler.replace("-", "_"))
    result = run(denoiser, x, tail, extra_args={
        "cond": {"c_crossattn": given["context"], "y": given["pooled"]},
        "uncond": {"c_crossattn": given["negative.context"], "y": given["negative.pooled"]}, "cond_scale": guidance})
    checks["result"] = dump.numbers(result, 6)
    options = f"--steps {steps} --sampler {sampler} --schedule {schedule} --shift {shift} --guidance {guidance} --seed {seed}"
    if strength < 1:
        options += f" --strength {strength}"
    if skip:
        options += "".join(f" --skip-layer {layer}" for layer in skip[0]) + f" --skip-guidance {skip[1]} --skip-from {skip[2]} --skip-to {skip[3]}"
    return {"case": {"kind": "transformer"} | of | sizes(size) | {"init": int(strength < 1), "options": options}, "checks": checks}


# ---- Encoders, VAE --------------------------------------------------------------------------------------------------


def make_clip(role, vocabulary, width, heads, layers, ids, pad):
    config = stability.clip_config(width, layers, "quick_gelu" if role == "clip_l" else "gelu", heads)
    transformer = stability.empty_clip(config, vocabulary)
    transformer.load_state_dict(weights(transformer))
    all_ids = torch.tensor([ids + [pad] * (77 - len(ids))])
    _, hidden, projected, pooled = transformer(all_ids, intermediate_output=-2, final_layer_norm_intermediate=False)
    checks = {f"{role}.hidden": dump.numbers(hidden), f"{role}.pooled": dump.numbers(pooled)}
    if role == "clip_g":
        checks["clip_g.projected"] = dump.numbers(projected)
    options = f"--{role.replace('_', '-')}-heads {heads}"
    return {"case": {"kind": role, "vocabulary": vocabulary, "hidden": width, "layers": layers, "ids": ";".join(map(str, all_ids[0].tolist())),
                     "options": options}, "checks": checks}


def make_t5(vocabulary, width, n):
    transformer = stability.empty_t5(stability.t5_config(vocabulary, width=width))
    transformer.load_state_dict(weights(transformer))
    ids = [(7 + 31 * i * i) % vocabulary for i in range(n - 2)] + [1, 0]
    return {"case": {"kind": "t5", "vocabulary": vocabulary, "hidden": width, "ids": ";".join(map(str, ids))},
            "checks": {"t5.hidden": dump.numbers(transformer(torch.tensor([ids]))[0])}}


def make_vae(height, width, amplitude, name):
    vae = stability.empty_vae()
    vae.load_state_dict(weights(vae))
    z = torch.from_numpy(hashed.data(f"{name}.z", amplitude, (16, height, width)))[None]
    picture = torch.from_numpy(hashed.data(f"{name}.picture", amplitude / 8, (3, 8 * height, 8 * width)))[None]
    return {"case": {"kind": "vae", "height": height, "width": width, "amplitude": amplitude, "inputs": name},
            "checks": {"vae.decoded": dump.numbers(vae.decoder(z)), "vae.moments": dump.numbers(vae.encoder(picture))}}


def make(here):
    groups = {name: make_pass(*case) for name, *case in PASSES}
    with tempfile.TemporaryDirectory() as folder:
        groups |= {name: make_sampling(folder, *case) for name, *case in SAMPLINGS}
    groups |= {name: make_clip(*case) for name, *case in CLIPS}
    groups |= {name: make_t5(*case) for name, *case in T5S}
    groups |= {name: make_vae(*case) for name, *case in VAES}
    dump.write(f"{here}/values.ini", groups)
