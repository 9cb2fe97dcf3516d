# SPDX-License-Identifier: GPL-3.0-or-later
"""The VAE: first both halves together, then its latents are scaled as every SD3 VAE's are, then its decoder alone.

Nothing that comes after depends on the decoder, so that it may go on learning for as long as one likes."""

import random

import numpy
import torch
from torch.nn import functional as F

from common import DEVICE, SHAPE_WEIGHTS, SHAPES, Average, Log, autocast, bytes_of, load, rate, save, set_rate, tensor_of, path
from models import LATENT, SCALE, SHIFT, Vae
from muon import Muon
from painter import paint, scene, sheet

BATCH = 8
KL = 2e-4
FIRST_SEED = 1_000_000_000     # scenes that only the VAE sees


def batch(step, small=False):
    """Pictures of one shape: whole small ones, or pieces of larger ones; or small pieces, four times as quick."""
    rnd = random.Random(step)
    seeds = range(FIRST_SEED + step * BATCH, FIRST_SEED + (step + 1) * BATCH)
    if not small and rnd.random() < .6:
        width, height = rnd.choices(SHAPES[128], SHAPE_WEIGHTS)[0]
        return tensor_of(numpy.stack([paint.paint(scene.make(s), width, height) for s in seeds]))
    out = []
    for s in seeds:
        width, height = rnd.choices(SHAPES[128 if small and rnd.random() < .6 else 256], SHAPE_WEIGHTS)[0]
        side = 64 if small else 128
        x, y = rnd.randrange(width - side + 1), rnd.randrange(height - side + 1)
        out.append(paint.paint(scene.make(s), width, height)[y:y + side, x:x + side])
    return tensor_of(numpy.stack(out))


def difference(x, y):
    """Colour, and edges: an edge in the wrong place costs as much as a wrong colour."""
    def slopes(a, b):
        return (a.diff(dim=-1) - b.diff(dim=-1)).abs().mean() + (a.diff(dim=-2) - b.diff(dim=-2)).abs().mean()
    return (x - y).abs().mean(), slopes(x, y)


def sample(moments):
    mean, logvar = moments.chunk(2, 1)
    logvar = logvar.clamp(-30, 20)
    return mean + (logvar / 2).exp() * torch.randn_like(mean), mean, logvar


def show(vae, name):
    pictures = numpy.stack([paint.paint(scene.make(s), 128, 128) for s in range(16)])
    with torch.no_grad(), autocast():
        back = bytes_of(vae.decoder(vae.encoder(tensor_of(pictures))[:, :LATENT]))
    sheet.save(path(name), [p for pair in zip(pictures, back) for p in pair], 8)


def normalize(vae):
    """Scales and shifts the latents: folds their means and deviations into the convolutions on both sides."""
    zs = []
    with torch.no_grad():
        for step in range(40):
            with autocast():
                zs.append(sample(vae.encoder(batch(10_000_000 + step)))[0].transpose(0, 1).flatten(1))
        z = torch.cat(zs, 1)
        mean, std = z.mean(1), z.std(1)
        target = 1 / SCALE
        a = target / std
        b = SHIFT - mean * a
        out, into = vae.encoder.conv_out, vae.decoder.conv_in
        out.weight[:LATENT] *= a[:, None, None, None]
        out.bias[:LATENT] = out.bias[:LATENT] * a + b
        out.bias[LATENT:] += 2 * a.log()
        into.bias -= (into.weight.sum((2, 3)) * (b / a)).sum(1)
        into.weight /= a[None, :, None, None]


def normal():
    """The VAE of the first stage with latents as they should be: made once, when somebody asks first."""
    vae, state = Vae().to(DEVICE, memory_format=torch.channels_last), load('vae-normal.pt')
    if state:
        vae.load_state_dict(state['model'])
    else:
        vae.load_state_dict(load('vae.pt')['average'])
        normalize(vae)
        save('vae-normal.pt', {'model': vae.state_dict()})
    return vae


def train(steps, decoder_only=False):
    """Goes on where the last run stopped."""
    name = 'decoder' if decoder_only else 'vae'
    vae = normal() if decoder_only else Vae().to(DEVICE, memory_format=torch.channels_last)
    vae.encoder.requires_grad_(not decoder_only)
    trained = vae.decoder if decoder_only else vae
    optimizer = Muon(trained.parameters(), 2e-3)
    average, first = Average(trained, .998), 0
    state = load(name + '.pt')
    if state:
        trained.load_state_dict(state['model'])
        optimizer.load_state_dict(state['optimizer'])
        average.state, average.n, first = state['average'], state['step'], state['step']
    log = Log(name + '.log')
    for step in range(first, steps):
        torch.manual_seed(step)
        set_rate(optimizer, rate(step, steps, 1e-3 if decoder_only else 2e-3))
        x = batch(step + 5_000_000) if decoder_only else batch(step, small=step < .85 * steps)
        with autocast():
            z, mean, logvar = sample(vae.encoder(x))
            # A smaller picture has the smaller latent: latents that scale are easier to learn.
            smaller = not decoder_only and step % 4 == 3
            if smaller:
                z, x = F.avg_pool2d(z, 2), F.avg_pool2d(x, 2)
            y = vae.decoder(z)
        colour, edges = difference(x, y)
        kl = .5 * (mean.square() + logvar.exp() - 1 - logvar).mean()
        loss = colour + .5 * edges + (0 if decoder_only else KL * kl)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained.parameters(), 1)
        optimizer.step()
        average.update(trained)
        log.add(BATCH, **({} if smaller else {'colour': colour, 'edges': edges}), kl=kl)
        if (step + 1) % 50 == 0 or step + 1 == steps:
            log.write(step=step + 1)
            save(name + '.pt', {'model': trained.state_dict(), 'optimizer': optimizer.state_dict(), 'average': average.state, 'step': step + 1})
        if (step + 1) % 250 == 0 or step + 1 == steps:
            held = {k: v.clone() for k, v in trained.state_dict().items()}
            trained.load_state_dict(average.state)
            show(vae, name + '.png')
            trained.load_state_dict(held)


def trained():
    """The VAE as it is so far: the encoder that the latents were made with and the latest decoder."""
    vae, state = normal(), load('decoder.pt')
    if state:
        vae.decoder.load_state_dict(state['average'])
    return vae.eval()
