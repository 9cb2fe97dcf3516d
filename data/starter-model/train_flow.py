# SPDX-License-Identifier: GPL-3.0-or-later
"""The transformer and the text encoders: rectified flow on the VAE's latents.

Latents are made as training goes on and kept in files of a few hundred pictures of one shape, so that each is used for
some epochs, every time with another caption. Beside the flow, a head on a middle block tells what each token of the
picture will show: the painter knows, and the transformer learns much sooner to put words into places."""

import math
import os
import random

import numpy
import torch
from torch import nn
from torch.nn import functional as F

import train_vae
import truth
from common import DEVICE, SHAPE_WEIGHTS, SHAPES, Average, Log, autocast, bytes_of, load, path, rate, save, set_rate, tensor_of
from models import LATENT, SCALE, SHIFT, TEXT_LENGTH, Mmdit, Text
from muon import Muon
from painter import caption, paint, scene, sheet
from train_text import ids_of, tokenizer

BATCH = 64              # the optimizer's own work is a third of a step of 32
CHUNK = 256             # pictures in a file
DROPPED = .12           # captions that are left out, for guidance
TAP = 4                 # the block whose tokens tell what they will show
FIRST_SEED = 1000
SHOWN = (
    'a red house', 'three yellow flowers in a meadow', 'a black cat in front of a blue house at night with the moon and stars', 'two white rabbits in the snow',
    'a green boat on the left and an orange boat on the right by the sea at sunset', 'a sign that says "hello"', 'a purple balloon above a tree in autumn', 'an ink drawing of a girl in a yellow dress in the rain',
    'a paper cutout of a white house in the mountains, with the sun on the right', 'a pink bird on top of a mushroom', 'a boy with a green shirt to the right of a snowman in winter', 'a blue sign that says "sea" on the beach',
    'three sheep on the hills with a rainbow', 'a fir tree on a hill at night with stars', 'a brown cat and a red mushroom, line drawing', 'a house, two clouds',
)


# ---- Latents.

class Chunks:
    """Files of latents with what their tokens show; made one after the other."""

    def __init__(self, size):
        self.size, self.vae, self.folder = size, None, path(f'latents-{size}')
        os.makedirs(self.folder, exist_ok=True)
        self.held = {}
        self.count()

    def count(self):
        """How many files there are: another process may be making them, too (`train.py latents`)."""
        self.n = len([f for f in os.listdir(self.folder) if f.endswith('.npz') and 'new' not in f])

    def shape(self, k):
        return random.Random(k * 7919 + self.size).choices(SHAPES[self.size], SHAPE_WEIGHTS)[0]

    def make(self):
        """One more file."""
        self.vae = self.vae or train_vae.trained()
        width, height = self.shape(self.n)
        latents, shown = [], []
        for at in range(0, CHUNK, 16):
            pictures = []
            for i in range(at, at + 16):
                boxes = []
                pictures.append(paint.paint(scene.make(FIRST_SEED + self.n * CHUNK + i), width, height, boxes))
                shown.append(truth.of_tokens(boxes, height // 16, width // 16))
            with torch.no_grad(), autocast():
                mean = self.vae.encoder(tensor_of(numpy.stack(pictures)))[:, :LATENT]
            latents.append(((mean - SHIFT) * SCALE).half().cpu().numpy())
        name = os.path.join(self.folder, f'{self.n:05}.npz')
        new = f'{name}.{os.getpid()}.new.npz'
        numpy.savez(new, latents=numpy.concatenate(latents), shown=numpy.packbits(numpy.stack(shown), -1))
        os.replace(new, name)
        self.count()

    def batch(self, k, rnd):
        """Some pictures of file k: seeds, latents, what the tokens show."""
        if k not in self.held:
            if len(self.held) > 1200:
                self.held.pop(next(iter(self.held)))
            with numpy.load(os.path.join(self.folder, f'{k:05}.npz')) as f:
                self.held[k] = f['latents'], f['shown']
        latents, shown = self.held[k]
        rows = rnd.sample(range(CHUNK), BATCH)
        shown = numpy.unpackbits(shown[rows], -1, truth.TOKEN_SIZE)
        return [FIRST_SEED + k * CHUNK + i for i in rows], torch.from_numpy(latents[rows]).to(DEVICE).float(), torch.from_numpy(shown).to(DEVICE).float()


# ---- Text.

def say(tokens, s, rnd, rows):
    """A caption that fits into so many rows; the last is always padding."""
    for _ in range(6):
        text = caption.caption(s, rnd)
        if len(tokens.encode(text)) <= rows - 3:
            return text
    return ' '.join(text.split()[:12])


def mask_of(rows, n_tokens):
    """Fewer rows than the model has: the last one, a pad, stands for all pads that are left out."""
    if rows == TEXT_LENGTH:
        return None
    mask = torch.zeros(1, 1, 1, rows + n_tokens)
    mask[..., rows - 1] = math.log(1 + TEXT_LENGTH - rows)
    return mask


# ---- Sampling, for looking at what has been learnt.

@torch.no_grad()
def sample(model, tokens, captions, width, height, steps=20, guidance=4., shift=3., seed=1):
    ids = ids_of(tokens, list(captions) + [''])
    with autocast():
        context, pooled = model['text'](*ids)
    context, pooled = context.float(), pooled.float()
    n = len(captions)
    both = (torch.cat((context[:n], context[n:].expand(n, -1, -1))), torch.cat((pooled[:n], pooled[n:].expand(n, -1))))
    x = torch.randn(n, LATENT, height // 8, width // 8, generator=torch.Generator(DEVICE).manual_seed(seed))
    sigmas = [shift * s / (1 + (shift - 1) * s) for s in (1 - i / steps for i in range(steps))] + [0]
    for a, b in zip(sigmas, sigmas[1:]):
        with autocast():
            v, _ = model['mmdit'](torch.cat((x, x)), torch.full((2 * n,), 1000. * a), *both)
        v = v[n:] + guidance * (v[:n] - v[n:])
        x = x + (b - a) * v
    return x


def show(model, tokens, name, size):
    vae = train_vae.trained()
    x = sample(model, tokens, SHOWN, size, size)
    with torch.no_grad(), autocast():
        pictures = bytes_of(vae.decoder((x / SCALE + SHIFT).contiguous(memory_format=torch.channels_last)))
    sheet.save(path(name), list(pictures), 8)


# ---- Training.

def model_of(tokens):
    return nn.ModuleDict({'text': Text(len(tokens)), 'mmdit': Mmdit()})


def begin(model, start):
    """The state a stage begins with: the stage before, or the text encoders' first lesson."""
    state = load(f'{start}.pt')['average']
    if start == 'text':
        model['text'].load_state_dict({k[5:]: v for k, v in state.items() if k.startswith('text.')})
    else:
        model.load_state_dict({k: v for k, v in state.items() if not k.startswith('head.')}, strict=False)


def loss_of(model, tokens, chunks, k, rnd, rows):
    """`rows` of text at most; most batches of a stage with few take the shorter captions, which are quicker."""
    rows = 26 if rows < TEXT_LENGTH and rnd.random() < .6 else rows
    seeds, latents, shown = chunks.batch(k, rnd)
    captions = ['' if rnd.random() < DROPPED else say(tokens, scene.make(s), rnd, rows) for s in seeds]
    # Mostly as Stable Diffusion 3: logit-normal times; some even ones for the ends.
    sigma = torch.where(torch.rand(BATCH) < .85, torch.sigmoid(torch.randn(BATCH)), torch.rand(BATCH))
    noise = torch.randn_like(latents)
    s = sigma[:, None, None, None]
    with autocast():
        context, pooled = model['text'](*ids_of(tokens, captions, rows))
        v, middle = model['mmdit']((1 - s) * latents + s * noise, 1000 * sigma, context, pooled, mask_of(rows, shown.shape[1]), TAP)
        told = model['head'](middle)
    flow = (v - (noise - latents)).square().mean()
    return flow, F.binary_cross_entropy_with_logits(told.float(), shown) * 10


def make_latents(steps, size):
    """Only the files, for a second process beside the training."""
    torch.set_default_device(DEVICE)
    chunks = Chunks(size)
    while chunks.n < steps:
        chunks.make()


def train(steps, name, start, size, rows, peak, files, told_weight):
    torch.set_default_device(DEVICE)
    tokens = tokenizer()
    model = model_of(tokens)
    model['head'] = nn.Sequential(nn.Linear(Mmdit.WIDTH, Mmdit.WIDTH), nn.SiLU(), nn.Linear(Mmdit.WIDTH, truth.TOKEN_SIZE))
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = Muon(parameters, peak, [*model['text'].tables(), *model['mmdit'].tables()])
    state, first = load(name + '.pt'), 0
    if state:
        model.load_state_dict(state['model'])
        optimizer.load_state_dict(state['optimizer'])
    else:
        begin(model, start)
    average = Average(model, .9995)
    if state:
        average.state, average.n, first = state['average'], state['step'], state['step']
    log, chunks = Log(name + '.log'), Chunks(size)
    for step in range(first, steps):
        chunks.count()
        if chunks.n < min(files, 4 + step // 16):
            chunks.make()
        rnd = random.Random(step * 31 + size)
        torch.manual_seed(step)
        set_rate(optimizer, rate(step, steps, peak))
        flow, told = loss_of(model, tokens, chunks, rnd.randrange(chunks.n), rnd, rows)
        optimizer.zero_grad(set_to_none=True)
        (flow + told_weight * told).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1)
        optimizer.step()
        average.update(model)
        log.add(BATCH, flow=flow, told=told)
        if (step + 1) % 50 == 0 or step + 1 == steps:
            log.write(step=step + 1, files=chunks.n)
        if (step + 1) % 100 == 0 or step + 1 == steps:
            save(name + '.pt', {'model': model.state_dict(), 'optimizer': optimizer.state_dict(), 'average': average.state, 'step': step + 1})
        if (step + 1) % 500 == 0 or step + 1 == steps:
            held = {k: v.clone() for k, v in model.state_dict().items()}
            model.load_state_dict(average.state)
            show(model, tokens, f'{name}-{step + 1:06}.png', size)
            model.load_state_dict(held)
