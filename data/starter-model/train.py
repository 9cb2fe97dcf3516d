#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains the starter model: `train.py vae`, `train.py decoder`, `train.py text`, `train.py flow` and so on; see README.md.

Every stage goes on where it was stopped. Checkpoints, logs and sheets are in $SFUMATO_STARTER (~/.cache/sfumato-starter)."""

import argparse
import importlib

import common  # first: it sets how threads wait
import torch

STAGES = {
    'vae': ('train_vae', {'steps': 9000}, {}),
    'decoder': ('train_vae', {'steps': 8000}, {'decoder_only': True}),
    'classifier': ('classifier', {'steps': 3000}, {}),
    'text': ('train_text', {'steps': 2500}, {}),
    # The first so many files of latents, made beforehand or beside the training.
    'latents': ('train_flow', {'steps': 600}, dict(size=128)),
    'latents-256': ('train_flow', {'steps': 300}, dict(size=256)),
    # First with short texts, then as the engine gives them, then larger pictures.
    'flow': ('train_flow', {'steps': 15000}, dict(name='flow', start='text', size=128, rows=40, peak=1.5e-3, files=600, told_weight=.2)),
    'flow-full': ('train_flow', {'steps': 1500}, dict(name='flow-full', start='flow', size=128, rows=77, peak=5e-4, files=600, told_weight=.05)),
    'flow-256': ('train_flow', {'steps': 6000}, dict(name='flow-256', start='flow-full', size=256, rows=77, peak=4e-4, files=300, told_weight=.1)),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('stage', choices=STAGES)
    parser.add_argument('--steps', type=int)
    parser.add_argument('--threads', type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    module, defaults, more = STAGES[options.stage]
    module = importlib.import_module(module)
    (module.make_latents if options.stage.startswith('latents') else module.train)(options.steps or defaults['steps'], **more)


main()
