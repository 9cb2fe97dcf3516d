# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours: triples from 0 to 1, the ones that captions name, and what the light of a time of day does to them."""


def colour(text):
    return tuple(int(text[i:i + 2], 16) / 255 for i in (0, 2, 4))


def mix(a, b, share):
    """A with a share of B in it."""
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share)


WHITE = colour('fdf9f0')
INK = colour('3b3340')
PAPER = colour('faf4e6')
CREAM = colour('f8ecd2')
SKIN = (colour('f6cfae'), colour('e0a97e'), colour('a8714b'))

# The names that captions use.
NAMED = {
    'red': colour('d8493f'), 'orange': colour('f08c3a'), 'yellow': colour('f6c945'), 'green': colour('55a05f'),
    'blue': colour('3f82c4'), 'purple': colour('8a63b3'), 'pink': colour('f29bb2'), 'white': colour('f9f4ea'),
    'brown': colour('96623f'), 'black': colour('3a3740'),
}

# Above, below, what the light mixes into everything and how much of it, and how bright a cloud is.
SKIES = {
    'day': (colour('7fc4ea'), colour('e3f3f2'), colour('fff6dd'), .06, colour('ffffff')),
    'sunset': (colour('7b6bb0'), colour('ffbd7f'), colour('f08a5d'), .20, colour('ffdccb')),
    'night': (colour('16224f'), colour('47589a'), colour('1d2a63'), .33, colour('8d98c9')),
}
GREY_SKY = (colour('8fa3b5'), colour('ccd6da'))

# From the far ridge to the near ground.
GROUNDS = {
    'summer': (colour('a5d3a0'), colour('7dbd7a'), colour('5ca763')),
    'spring': (colour('c6e3a4'), colour('a4d484'), colour('83c46f')),
    'autumn': (colour('e6c583'), colour('d8a95f'), colour('c18f4c')),
    'winter': (colour('dfeaf3'), colour('ecf3f8'), colour('fbfdff')),
}
FOLIAGE = {
    'summer': (colour('4f9d5b'), colour('6bb068'), colour('3f8a58')),
    'spring': (colour('8cc96b'), colour('f6b7c8'), colour('a5d47c')),
    'autumn': (colour('e2803a'), colour('d9a13a'), colour('c8553d')),
    'winter': (colour('cfdde8'), colour('dbe7ef'), colour('c3d4e2')),
}
MOUNTAINS = {
    'summer': colour('8f9fc4'), 'spring': colour('9aaacb'), 'autumn': colour('a493ad'), 'winter': colour('9db1cf'),
}
SEA = (colour('5fb4d6'), colour('2f86b5'))
SAND = colour('f1dcae')
