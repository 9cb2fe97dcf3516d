# SPDX-License-Identifier: GPL-3.0-or-later
"""The truth about a scene in numbers: what the text encoders and the transformer are asked beside their main task, and
what the evaluation's classifier reads out of pictures."""

import numpy

from painter.scene import ALL, PLACES

KINDS = ('house', 'tree', 'fir', 'flower', 'mushroom', 'cat', 'rabbit', 'sheep', 'bird', 'girl', 'boy', 'snowman', 'boat', 'balloon', 'sign')
LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
N_SLOTS = 5
AROUND = {
    'style': ('book', 'paper', 'ink'), 'time': ('day', 'sunset', 'night'), 'season': ('summer', 'spring', 'autumn', 'winter'),
    'weather': ('clear', 'rain', 'cloudy', 'snow'), 'land': ('meadow', 'hills', 'mountains', 'sea'), 'light': PLACES, 'stars': (True,), 'clouds': (1, 2, 3), 'rainbow': (True,),
    'relation': ('on', 'front', 'above', 'hill', 'beside'),
}

# Where each part of the vector begins.
AT = {}
SIZE = 0
for _name, _n in (('colour', len(KINDS) * len(ALL)), ('count', len(KINDS) * 3), ('place', len(KINDS) * len(PLACES)), ('around', sum(map(len, AROUND.values()))), ('word', N_SLOTS * len(LETTERS))):
    AT[_name] = SIZE
    SIZE += _n

# What can be said of one token of the picture.
TOKEN_SIZE = len(KINDS) + len(ALL) + len(LETTERS)


def of_scene(s):
    """Everything that is true of a scene, as zeros and ones."""
    v = numpy.zeros(SIZE, numpy.float32)
    for g in s.groups:
        k = KINDS.index(g.kind)
        v[AT['colour'] + k * len(ALL) + ALL.index(g.colour)] = 1
        v[AT['count'] + k * 3 + g.count - 1] = 1
        if g.place:
            v[AT['place'] + k * len(PLACES) + PLACES.index(g.place)] = 1
        for i, letter in enumerate(g.word):
            v[AT['word'] + i * len(LETTERS) + LETTERS.index(letter)] = 1
    at = AT['around']
    for name, values in AROUND.items():
        value = getattr(s, name)
        if value in values:
            v[at + values.index(value)] = 1
        at += len(values)
    return v


def of_tokens(boxes, rows, columns):
    """What a third of each token shows at least: kinds, their colours, letters."""
    v = numpy.zeros((rows, columns, TOKEN_SIZE), numpy.uint8)
    for kind, colour, (x0, y0, x1, y1) in boxes:
        across = numpy.clip(numpy.minimum(numpy.arange(1, columns + 1), x1 * columns) - numpy.maximum(numpy.arange(columns), x0 * columns), 0, 1)
        down = numpy.clip(numpy.minimum(numpy.arange(1, rows + 1), y1 * rows) - numpy.maximum(numpy.arange(rows), y0 * rows), 0, 1)
        there = numpy.outer(down, across) > .3
        if colour:
            v[there, KINDS.index(kind)] = 1
            v[there, len(KINDS) + ALL.index(colour)] = 1
        else:
            v[there, len(KINDS) + len(ALL) + LETTERS.index(kind)] = 1
    return v.reshape(rows * columns, TOKEN_SIZE)
