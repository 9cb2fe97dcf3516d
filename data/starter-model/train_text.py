# SPDX-License-Identifier: GPL-3.0-or-later
"""The text encoders' first lesson: to tell from a caption what the scene has in it. A few minutes here save the
transformer hours, because it gets meaning to work with from its first step."""

import random

import numpy
import torch
from torch import nn
from torch.nn import functional as F

import truth
from common import DEVICE, Average, Log, autocast, load, rate, save, set_rate
from models import Text
from muon import Muon
from painter import caption, scene
from tokenizer import Tokenizer, learn

BATCH = 64
FIRST_SEED = 3_000_000_000


def tokenizer():
    """The same for all stages: learnt once, then kept."""
    state = load('tokenizer.pt')
    if not state:
        state = {'merges': [list(m) for m in learn()]}
        save('tokenizer.pt', state)
    return Tokenizer(state['merges'])


def ids_of(tokens, captions, n_rows=None):
    """Ids of both encoders; only the first so many of each where the rest is not wanted."""
    rows = [tokens.encode(c) for c in captions]
    return tuple(torch.tensor([tokens.pad(r, with_end)[:n_rows] for r in rows], device=DEVICE) for with_end in (True, False))


def spelt(logits, labels):
    """The share of letters that are read right, of those that are there."""
    at, n = truth.AT['word'], len(truth.LETTERS)
    logits, labels = (v[:, at:].view(-1, truth.N_SLOTS, n) for v in (logits, labels))
    there = labels.sum(-1) > 0
    return (logits.argmax(-1) == labels.argmax(-1))[there].float().mean()


def train(steps):
    torch.set_default_device(DEVICE)
    tokens = tokenizer()
    model = nn.ModuleDict({'text': Text(len(tokens)), 'head': nn.Linear(Text.POOLED, truth.SIZE)})
    optimizer = Muon(model.parameters(), 2e-3, model['text'].tables())
    average, first = Average(model, .995), 0
    state = load('text.pt')
    if state:
        model.load_state_dict(state['model'])
        optimizer.load_state_dict(state['optimizer'])
        average.state, average.n, first = state['average'], state['step'], state['step']
    log = Log('text.log')
    for step in range(first, steps):
        set_rate(optimizer, rate(step, steps, 2e-3))
        scenes = [scene.make(FIRST_SEED + step * BATCH + i) for i in range(BATCH)]
        labels = torch.from_numpy(numpy.stack([truth.of_scene(s) for s in scenes])).to(DEVICE)
        with autocast():
            context, pooled = model['text'](*ids_of(tokens, [caption.caption(s, random.Random(s.seed)) for s in scenes]))
        logits = model['head'](pooled.float())
        loss = F.binary_cross_entropy_with_logits(logits, labels) * 20
        # The context is what the transformer reads: its size is to stay that of the pooled row.
        loss = loss + 1e-3 * (context.float().square().mean() - 1).abs()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        average.update(model)
        log.add(BATCH, loss=loss, spelt=spelt(logits, labels))
        if (step + 1) % 100 == 0 or step + 1 == steps:
            log.write(step=step + 1)
            save('text.pt', {'model': model.state_dict(), 'optimizer': optimizer.state_dict(), 'average': average.state, 'step': step + 1})
