# SPDX-License-Identifier: GPL-3.0-or-later
"""Sfumato's own engine at the end of two pipes."""

import base64
import json
import os
import subprocess
import sys

import numpy


class Engine:
    def __init__(self, program, model):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.read()
        self.write(do='load', paths=[os.path.abspath(model)])
        self.loaded = self.read()
        if self.loaded['type'] != 'loaded':
            sys.exit(self.loaded['text'])

    def write(self, **message):
        self.process.stdin.write(json.dumps(message) + '\n')
        self.process.stdin.flush()

    def read(self):
        return json.loads(self.process.stdout.readline())

    def draw(self, side, **request):
        self.write(do='generate', id='1', width=side, height=side, steps=20, preview=False, **request)
        while True:
            answer = self.read()
            if answer['type'] == 'error':
                sys.exit(answer['text'])
            if answer['type'] == 'result':
                return numpy.frombuffer(base64.b64decode(answer['rgb']), numpy.uint8).reshape(side, side, 3)
