# SPDX-License-Identifier: GPL-3.0-or-later
"""A small network that reads the painter's truth out of a picture: the evaluation's eyes. It learns from painter
pictures alone, half of them as the VAE gives them back, so that it judges what is drawn and not how finely."""

import random

import numpy
import torch
from torch import nn
from torch.nn import functional as F

import truth
from common import DEVICE, Log, autocast, load, rate, save, set_rate, tensor_of
from models import LATENT
from muon import Muon
from painter import paint, scene
from train_text import spelt

BATCH, SIDE = 32, 128
FIRST_SEED = 5_000_000_000


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        widths = (3, 32, 64, 128, 192)
        self.convs = nn.ModuleList([nn.Conv2d(a, b, 3, stride, 1) for a, b in zip(widths, widths[1:]) for a, b, stride in ((a, b, 2), (b, b, 1))])
        self.norms = nn.ModuleList([nn.BatchNorm2d(c.out_channels) for c in self.convs])
        self.squeeze = nn.Conv2d(widths[-1], 64, 1)
        self.hidden, self.out = nn.Linear(64 * (SIDE // 16) ** 2, 512), nn.Linear(512, truth.SIZE)

    def forward(self, x):
        for conv, normal in zip(self.convs, self.norms):
            x = F.relu(normal(conv(x)))
        return self.out(F.relu(self.hidden(F.relu(self.squeeze(x)).flatten(1)))).float()


def pictures_of(scenes):
    return tensor_of(numpy.stack([paint.paint(s, SIDE, SIDE) for s in scenes]))


def train(steps):
    from train_vae import trained
    net, vae = Classifier().to(DEVICE, memory_format=torch.channels_last), trained()
    optimizer, first, state = Muon(net.parameters(), 1e-3), 0, load('classifier.pt')
    if state:
        net.load_state_dict(state['model'])
        optimizer.load_state_dict(state['optimizer'])
        first = state['step']
    log = Log('classifier.log')
    for step in range(first, steps):
        set_rate(optimizer, rate(step, steps, 1e-3))
        scenes = [scene.make(FIRST_SEED + step * BATCH + i) for i in range(BATCH)]
        x = pictures_of(scenes)
        if random.Random(step).random() < .5:
            with torch.no_grad(), autocast():
                x = vae.decoder(vae.encoder(x)[:, :LATENT]).clamp(-1, 1)
        labels = torch.from_numpy(numpy.stack([truth.of_scene(s) for s in scenes])).to(DEVICE)
        with autocast():
            logits = net(x)
        loss = F.binary_cross_entropy_with_logits(logits, labels) * 20
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        log.add(BATCH, loss=loss, spelt=spelt(logits, labels))
        if (step + 1) % 100 == 0 or step + 1 == steps:
            log.write(step=step + 1)
            save('classifier.pt', {'model': net.state_dict(), 'optimizer': optimizer.state_dict(), 'step': step + 1})


def read(pictures):
    """What RGB bytes [n, h, w, 3] show, as chances."""
    net = Classifier().to(DEVICE)
    net.load_state_dict(load('classifier.pt')['model'])
    net.eval()
    x = F.interpolate(tensor_of(pictures), (SIDE, SIDE), mode='area')
    with torch.no_grad():
        return torch.cat([net(part).sigmoid() for part in x.split(64)]).cpu().numpy()
