#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains the starter model: `train.py vae`, `train.py decoder`, `train.py text`, `train.py flow`; see README.md.

Every stage goes on where it was stopped. Checkpoints, logs and sheets are in $SFUMATO_STARTER (~/.cache/sfumato-starter)."""

import argparse
import importlib

import common  # first: it sets how threads wait
import torch

STAGES = {
    'vae': ('train_vae', {'steps': 6000}, {}),
    'decoder': ('train_vae', {'steps': 8000}, {'decoder_only': True}),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('stage', choices=STAGES)
    parser.add_argument('--steps', type=int)
    parser.add_argument('--threads', type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    module, defaults, more = STAGES[options.stage]
    importlib.import_module(module).train(options.steps or defaults['steps'], **more)


main()
