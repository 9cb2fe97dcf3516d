# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene: what is in it (the truth that captions tell and that the evaluation asks for), made from a number."""

import random
from dataclasses import dataclass, field
from typing import Optional

from .letters import WORDS
from .pen import STYLES

ALL = ('red', 'orange', 'yellow', 'green', 'blue', 'purple', 'pink', 'white', 'brown', 'black')

# What a thing's colour is when nobody says: the first is the most likely.
NATURAL = {
    'house': ('red', 'white', 'yellow', 'blue'), 'tree': ('green',), 'fir': ('green',), 'flower': ('red', 'yellow', 'pink', 'blue'),
    'mushroom': ('red', 'brown'), 'cat': ('orange', 'black', 'white', 'brown'), 'rabbit': ('white', 'brown'), 'sheep': ('white',),
    'bird': ('blue', 'red', 'yellow'), 'girl': ('red', 'blue', 'yellow'), 'boy': ('blue', 'red', 'green'), 'snowman': ('red', 'blue'),
    'boat': ('red', 'blue', 'white'), 'balloon': ('red', 'yellow', 'blue'), 'sign': ('brown', 'white', 'yellow'),
}
COLOURS = {kind: tuple(c for c in ALL if c not in left_out) for kind, left_out in {
    'house': ('black',), 'tree': ('black', 'blue', 'brown'), 'fir': ('black', 'brown', 'pink', 'red', 'yellow', 'orange', 'purple'),
    'flower': ('green', 'brown', 'black'), 'mushroom': ('green', 'black'), 'cat': ('green', 'red', 'purple', 'yellow'),
    'rabbit': ('green', 'red', 'purple', 'yellow', 'orange'), 'sheep': ('green', 'red', 'orange', 'purple', 'yellow'), 'bird': ('brown',),
    'girl': ('brown', 'black'), 'boy': ('brown', 'pink'), 'snowman': ('brown', 'white'), 'boat': ('brown', 'pink'),
    'balloon': ('brown', 'black'), 'sign': ('purple', 'orange'),
}.items()}
AUTUMN_TREES, SPRING_TREES = ('orange', 'red', 'yellow'), ('green', 'pink', 'white')
SMALL = ('flower', 'mushroom', 'cat', 'rabbit', 'bird', 'sheep', 'girl', 'boy')
PLACES = ('left', 'middle', 'right')
GROUND_KINDS = ('house', 'tree', 'fir', 'flower', 'mushroom', 'cat', 'rabbit', 'sheep', 'bird', 'girl', 'boy', 'sign')
WEIGHTS = (14, 12, 7, 11, 8, 12, 9, 8, 9, 8, 7, 13)


@dataclass
class Group:
    """One to three things of one kind."""
    kind: str
    colour: str
    count: int = 1
    place: str = ''         # where in the picture; empty for all over it
    named: bool = True      # captions name the colour
    word: str = ''          # what a sign says


@dataclass
class Scene:
    seed: int
    style: str = 'book'
    time: str = 'day'
    season: str = 'summer'
    weather: str = 'clear'
    land: str = 'meadow'
    light: str = ''         # where the sun or the moon is; empty for none
    stars: bool = False
    clouds: int = 0
    rainbow: bool = False
    groups: list = field(default_factory=list)
    relation: Optional[str] = None  # of the first group to the second: on, front, above, beside; or hill, of the first alone


def _choose(rnd, **weights):
    return rnd.choices(list(weights), list(weights.values()))[0]


def random_word(rnd):
    """Mostly a word; now and then letters that make none, so that spelling is learnt and not only words."""
    if rnd.random() < .75:
        return rnd.choice(WORDS)
    return ''.join(rnd.choice('ABCDEFGHIJKLMNOPQRSTUVWXYZ') for _ in range(rnd.randint(2, 5)))


def _group(rnd, scene, kind, count=1, place=''):
    named = rnd.random() < (.55 if kind in ('tree', 'fir', 'sign') else .8)
    if named:
        colour = rnd.choice(COLOURS[kind])
    elif kind == 'tree' and scene.season in ('autumn', 'spring'):
        colour = rnd.choice(AUTUMN_TREES if scene.season == 'autumn' else SPRING_TREES)
    else:
        colour = rnd.choice(NATURAL[kind])
    return Group(kind, colour, count, place, named, random_word(rnd) if kind == 'sign' else '')


def _kind(rnd, scene, *without):
    while True:
        kind = rnd.choices(GROUND_KINDS, WEIGHTS)[0]
        if scene.season == 'winter' and rnd.random() < .18:
            kind = 'snowman'
        if scene.land == 'sea' and rnd.random() < .55:
            kind = 'boat'
        if rnd.random() < .08:
            kind = 'balloon'
        if kind not in without:
            return kind


def _count(rnd, kind, *weights):
    return 1 if kind == 'sign' else rnd.choices((1, 2, 3), weights)[0]


def _one(rnd, scene):
    kind = _kind(rnd, scene)
    count = _count(rnd, kind, 50, 25, 25)
    scene.groups = [_group(rnd, scene, kind, count, rnd.choice(PLACES) if count == 1 else '')]
    if count == 1 and kind not in ('boat', 'balloon') and rnd.random() < .15:
        scene.relation = 'hill'


def _related(rnd, scene, relation):
    """Two groups, the first of which is on, in front of or above the second."""
    if relation == 'on':
        upper, lower = rnd.choice(('bird', 'bird', 'cat')), rnd.choice(('house', 'sign', 'mushroom', 'tree', 'house'))
    elif relation == 'front':
        upper = rnd.choice([k for k in SMALL if k != 'sheep'])
        lower = rnd.choice(('house', 'tree', 'fir', 'house'))
    else:
        upper = rnd.choice(('balloon', 'flying bird'))
        lower = _kind(rnd, scene, 'balloon')
    place = rnd.choice(PLACES)
    first = _group(rnd, scene, 'bird' if upper == 'flying bird' else upper, 1, place)
    scene.groups = [first, _group(rnd, scene, lower, 1, place)]
    scene.relation = relation


def _several(rnd, scene, n):
    places = list(PLACES) if n == 3 else sorted(rnd.sample(PLACES, 2), key=PLACES.index) if rnd.random() < .3 else ['left', 'right']
    rnd.shuffle(places)
    kinds = []
    for _ in range(n):
        # A sign needs room; two of one kind must differ in colour.
        kind = _kind(rnd, scene, *(['sign'] if 'sign' in kinds or n == 3 else []), *(['boat'] if kinds.count('boat') == 2 else []))
        kinds.append(kind)
    if 'sign' in kinds:
        places = rnd.sample(('left', 'right'), 2)
    for kind, place in zip(kinds, places):
        count = _count(rnd, kind, 76, 14, 10 if kind in SMALL else 0) if n == 2 and 'sign' not in kinds else 1
        g = _group(rnd, scene, kind, count, place)
        if any(h.kind == kind for h in scene.groups):
            taken = [h.colour for h in scene.groups if h.kind == kind]
            g.colour, g.named = rnd.choice([c for c in COLOURS[kind] if c not in taken]), True
            for h in scene.groups:
                h.named = h.named or h.kind == kind
        scene.groups.append(g)
    if n == 2 and rnd.random() < .6:
        scene.relation = 'beside'


def make(seed):
    """The scene of a number."""
    rnd = random.Random(seed * 2654435761 + 1)
    s = Scene(seed)
    s.style = rnd.choices(STYLES, (60, 20, 20))[0]
    s.time = _choose(rnd, day=62, sunset=16, night=22)
    s.season = _choose(rnd, summer=52, spring=12, autumn=17, winter=19)
    s.land = _choose(rnd, meadow=36, hills=24, mountains=18, sea=22)
    s.weather = _choose(rnd, clear=76, rain=10, cloudy=7, snow=7)
    if s.weather == 'snow':
        s.season = 'winter'
    if s.weather == 'rain' and s.season == 'winter':
        s.weather = 'clear'
    if s.weather == 'clear':
        s.light = rnd.choices(('', 'left', 'middle', 'right'), (28, 30, 12, 30))[0]
        s.stars = s.time == 'night' and rnd.random() < .75
        s.rainbow = s.time == 'day' and rnd.random() < .07
        if s.rainbow:
            s.light = ''
    s.clouds = rnd.choices((0, 1, 2, 3), (46, 18, 18, 18))[0]
    if s.weather == 'cloudy':
        s.clouds = 3
    n = rnd.choices((1, 2, 3), (42, 46, 12))[0]
    if n == 1:
        _one(rnd, s)
    elif n == 2 and rnd.random() < .42:
        _related(rnd, s, _choose(rnd, on=36, front=36, above=28))
    else:
        _several(rnd, s, n)
    if s.light and any(g.kind == 'balloon' and g.place == s.light for g in s.groups) or s.relation == 'above' and s.light == s.groups[0].place:
        s.light = {'left': 'right', 'right': 'left', 'middle': ''}[s.light]
    return s
