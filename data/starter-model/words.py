#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words the model has seen, for the people who write to it; `words.py` prints them as Sfumato reads them."""

import json
import random
import re

from painter import caption, scene
from painter.caption import LAND, NOUNS, PLACE, SEASON, STYLE, STYLE_AFTER, TIME, WEATHER, WORN

EXAMPLE = 'a red house in a meadow with the sun on the right'
LETTERING = ('says', 'saying', 'reads', 'reading', 'word')
FIRST_SEED, N_CAPTIONS = 7_000_000_000, 30000


def _some(table, n=2):
    """The most usual ways to say each."""
    return [text for texts in table.values() for text in list(dict.fromkeys(texts))[:n]]


def groups():
    """What there is to choose from, by kind."""
    things = [one for forms in NOUNS.values() for one, _ in dict.fromkeys(forms)]
    return {
        'things': things + sorted({w for worn in WORN.values() for w in worn}),
        'colours': list(scene.ALL),
        'numbers': ['one', 'two', 'three'],
        'places': [*_some(PLACE, 1), 'on', 'on top of', 'in front of', 'behind', 'above', 'over', 'under', 'below', 'next to', 'beside', 'to the left of', 'to the right of', 'on a hill'],
        'landscapes': _some(LAND),
        'times': _some(TIME) + _some(SEASON),
        'weather': ['the sun', 'the moon', 'stars', 'a rainbow', 'a cloud', 'two clouds', 'three clouds', *_some(WEATHER)],
        'styles': _some(STYLE, 1) + _some(STYLE_AFTER, 1),
        'lettering': ['a sign that says "HELLO"', 'a sign that reads "SEA"', 'a blue sign with the word "CAT"'],
    }


def known():
    """Every single word of the captions, without what signs say."""
    words = set()
    for i in range(N_CAPTIONS):
        s = scene.make(FIRST_SEED + i)
        for g in s.groups:
            g.word = ''
        words.update(re.sub(r'[",.]', ' ', caption.caption(s, random.Random(i))).lower().split())
    return sorted(w for w in words if w[0].isalnum())


def vocabulary():
    return {'example': EXAMPLE, 'groups': [{'id': k, 'words': v} for k, v in groups().items()], 'known': known(), 'lettering': list(LETTERING)}


if __name__ == '__main__':
    print(json.dumps(vocabulary(), indent=1))
