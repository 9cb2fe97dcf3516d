# SPDX-License-Identifier: GPL-3.0-or-later
"""From a scene to its picture, at any size."""

import random

import cairo

from . import things
from .colours import FOLIAGE, GREY_SKY, GROUNDS, MOUNTAINS, NAMED, PAPER, SAND, SEA, SKIES, WHITE, mix
from .pen import Pen


class _Stage:
    """Where things go: the horizon, the ground's height, and the scale of things."""

    def __init__(self, scene, pen, rnd):
        self.scene, self.pen, self.rnd = scene, pen, rnd
        w, h = pen.width, pen.height
        self.ground = min(max(.4 * h, .27), .46)
        self.horizon = h - self.ground + rnd.uniform(-.015, .015)
        # The fewer things there are, the larger they are.
        self.scale = min(max(w, .72), 1.1) * (.85 if h < .75 else 1) * self._hero(scene)
        self.shore = self.horizon + self.ground * (.5 if any(g.kind not in ('boat', 'balloon') for g in scene.groups) else .82)

    @staticmethod
    def _hero(scene):
        if scene.relation in ('on', 'front', 'above'):
            return 1 if scene.relation == 'above' else 1.25
        if len(scene.groups) == 1:
            return 1.5 if scene.groups[0].count == 1 else 1.3
        return 1.2 if len(scene.groups) == 2 and all(g.count == 1 for g in scene.groups) else 1

    def slot(self, place):
        at = {'left': .24, 'middle': .5, 'right': .76}[place]
        if len(self.scene.groups) == 2 and any(g.kind == 'sign' for g in self.scene.groups) and self.scene.relation in (None, 'beside'):
            at = {'left': .15, 'middle': .5, 'right': .85}[place]
        return self.pen.width * (at + self.rnd.uniform(-.035, .035))


def _sky(stage):
    s, p = stage.scene, stage.pen
    top, low = SKIES[s.time][:2]
    if s.weather != 'clear':
        share = .75 if s.time == 'day' else .45
        top, low = mix(top, GREY_SKY[0], share), mix(low, GREY_SKY[1], share)
        if s.time == 'night':
            top, low = mix(top, (.1, .12, .25), .45), mix(low, (.15, .18, .35), .45)
    if p.style == 'ink':
        top, low = mix(top, PAPER, .22), mix(low, PAPER, .3)
    c = p.ctx
    if p.style == 'paper':
        c.set_source_rgb(*top)
        c.paint()
        for i in range(1, 4):
            y = stage.horizon * i / 4 + stage.rnd.uniform(-.02, .02)
            d = stage.rnd.uniform(-.05, .05)
            p.wave([y + d, y - d, y + d, y - d], p.height).fill(mix(top, low, i / 3), glow=True)
        return
    g = cairo.LinearGradient(0, 0, 0, stage.horizon)
    g.add_color_stop_rgb(0, *top)
    g.add_color_stop_rgb(1, *low)
    c.set_source(g)
    c.paint()


def _lights(stage):
    s, p, rnd = stage.scene, stage.pen, stage.rnd
    k = min(max(p.width, .75), 1.1)
    if s.stars:
        n = 13
        for i in range(n):
            x = p.width * (i + rnd.uniform(.15, .85)) / n
            things.star(p, x, stage.horizon * rnd.uniform(.05, .72), rnd.uniform(.012, .02))
    if s.rainbow:
        things.rainbow(p, p.width * .5, stage.horizon + .05, min(.42 * p.width, stage.horizon * .85))
    if s.light:
        x = p.width * {'left': .17, 'middle': .5, 'right': .83}[s.light] + rnd.uniform(-.02, .02)
        y = .155 + rnd.uniform(-.015, .02)
        if s.time == 'night':
            things.moon(p, x, y, k, rnd.random() < .4)
        elif s.time == 'sunset':
            things.sun(p, x, stage.horizon - rnd.uniform(.08, .2), k * 1.1, True)
        else:
            things.sun(p, x, y, k, False)


def _clouds(stage):
    s, p, rnd = stage.scene, stage.pen, stage.rnd
    if not s.clouds:
        return
    rgb = SKIES[s.time][4]
    if s.weather != 'clear':
        rgb = mix(rgb, GREY_SKY[0], .45)
    if p.style == 'ink':
        rgb = mix(rgb, PAPER, .3)
    high = [g for g in s.groups if g.kind == 'balloon' or s.relation == 'above' and g is s.groups[0]]
    spots = [(.2, .12), (.5, .08), (.8, .14), (.34, .3), (.68, .31)]
    rnd.shuffle(spots)
    free = [q for q in spots if not (s.light and s.time != 'sunset' and q[1] < .25 and abs(q[0] - {'left': .17, 'middle': .5, 'right': .83}[s.light]) < .2)]
    free = [q for q in free if not any(g.place and abs(q[0] - {'left': .24, 'middle': .5, 'right': .76}[g.place]) < .22 for g in high)] or free
    for x, y in (free + [q for q in spots if q not in free])[:s.clouds]:
        things.cloud(p, p.width * (x + rnd.uniform(-.04, .04)), max(.07, stage.horizon * (y + .04) / .5 * .55 + rnd.uniform(-.02, .02)), min(max(p.width, .75), 1.1) * rnd.uniform(.9, 1.15), rgb)


def _mountains(stage):
    s, p, rnd = stage.scene, stage.pen, stage.rnd
    rgb, base = MOUNTAINS[s.season], stage.horizon + .06
    for x, high in ((.14, .2), (.84, .23), (.47, .29)):
        x = p.width * (x + rnd.uniform(-.05, .05))
        high = (high + rnd.uniform(-.02, .03)) * min(1, p.height / .8)
        wide = high * 1.05
        top = base - .04 - high
        p.rounded([(x - wide, base), (x, top), (x + wide, base)], .025).fill(mix(rgb, WHITE, .18 if high < .27 else 0))
        cap = .33
        p.rounded([(x - wide * cap, top + (base - top) * cap), (x, top), (x + wide * cap, top + (base - top) * cap), (x + wide * cap * .45, top + (base - top) * cap * .78), (x, top + (base - top) * cap * 1.1),
                   (x - wide * cap * .4, top + (base - top) * cap * .8)], .012).fill(WHITE, shadow=False)


def _land(stage):
    s, p, rnd = stage.scene, stage.pen, stage.rnd
    far, middle, near = GROUNDS[s.season]
    y, g = stage.horizon, stage.ground

    def wave(at, high, rgb, n=3):
        sign = rnd.choice((-1, 1))
        p.wave([at + sign * high * (1 if i % 2 else -1) * rnd.uniform(.5, 1) for i in range(n + 1)], p.height + .1).fill(rgb)

    if s.land == 'mountains':
        _mountains(stage)
    if s.land == 'hills':
        for x, r in ((.2, .3), (.85, .34), (.52, .27)):
            x = p.width * (x + rnd.uniform(-.05, .05))
            p.ellipse(x, y + .09, r, (.2 + rnd.uniform(0, .05)) * min(1, p.height / .8)).fill(mix(far, middle, rnd.uniform(0, .6)))
    if s.land == 'sea':
        p.box(-.1, y, p.width + .2, p.height).fill(SEA[0])
        p.wave([y + g * .25 + d for d in (0, .012, -.008, .01, 0)], p.height + .1).fill(mix(*SEA, .5))
        sand = mix(SAND, WHITE, .7) if s.season == 'winter' else SAND
        wave(stage.shore, .012, WHITE)
        wave(stage.shore + .018, .012, sand)
        return
    wave(y, .018, mix(far, middle, .4))
    wave(y + g * .38, .022, middle)
    wave(y + g * .74, .022, near)
    if s.season == 'spring':
        for _ in range(7):
            p.circle(p.width * rnd.random(), y + g * rnd.uniform(.3, .95), .009).fill(rnd.choice((WHITE, NAMED['pink'], NAMED['yellow'])), shadow=False, line=False)


def _weather(stage):
    s, p, rnd = stage.scene, stage.pen, stage.rnd
    if s.weather == 'rain':
        for _ in range(38):
            x, y = rnd.uniform(0, p.width), rnd.uniform(-.02, p.height)
            p.ctx.new_path()
            p.ctx.move_to(x, y)
            p.ctx.line_to(x - .014, y + .05)
            p.ctx.set_source_rgba(.86, .93, 1, .75)
            p.ctx.set_line_width(.008)
            p.ctx.stroke()
    elif s.weather == 'snow':
        for _ in range(46):
            p.circle(rnd.uniform(0, p.width), rnd.uniform(0, p.height), rnd.uniform(.007, .013)).wash((1, 1, 1), .95)


def _look(stage, group):
    s, rnd = stage.scene, stage.rnd
    return things.Look(group.colour, rnd.choice((-1, 1)), group.word, s.season, s.time == 'night', rnd.randrange(12) if group.kind != 'tree' else rnd.choice((0, 1, 2, 0, 1, 2, 3)))


def _spread(stage, group):
    """Where the things of a group stand across the picture, and how large they are."""
    w, k = stage.pen.width, stage.scale
    wide = things.WIDTHS[group.kind] * k
    if group.kind == 'sign':
        # Small and centred enough for its word.
        k = min(k, k * (.8 if len(stage.scene.groups) == 1 else .54) * w / (things.width_of(group.word, .088 * k) + .1 * k))
        half = max(things.width_of(group.word, .088 * k) / 2 + .05 * k, .1 * k)
        x = stage.slot(group.place or 'middle')
        return [min(max(x, half + .02), w - half - .02)], k
    if group.count == 1:
        return [stage.slot(group.place or 'middle')], k
    if group.place:
        room = .44 * w
        size = min(k * (.88 if group.count == 2 else .8), k * room / (group.count * wide) * 1.12)
        x = {'left': .25, 'middle': .5, 'right': .75}[group.place] * w
        step = room / group.count
        return [x + (i - (group.count - 1) / 2) * step + stage.rnd.uniform(-.012, .012) for i in range(group.count)], size
    step = w / (group.count + .35)
    size = min(k, k * step / wide * .97)
    return [w / 2 + (i - (group.count - 1) / 2) * step + stage.rnd.uniform(-.03, .03) * w for i in range(group.count)], size


def _place(stage):
    """Every thing of the scene as (depth, draw)."""
    s, rnd, p = stage.scene, stage.rnd, stage.pen
    out, anchor = [], None
    order = list(range(len(s.groups)))
    if s.relation in ('on', 'front', 'above'):
        order = [1, 0]
    for i in order:
        g = s.groups[i]
        xs, size = _spread(stage, g)
        related = i == 0 and anchor is not None
        if related:
            xs = [anchor[0] + rnd.uniform(-.02, .02)]
        for x in xs:
            look = _look(stage, g)
            kind = g.kind
            if kind == 'boat':
                y = stage.horizon + (stage.shore - stage.horizon) * rnd.uniform(.42, .62) if s.land == 'sea' else p.height
            elif kind == 'balloon':
                y = stage.horizon * .38 + rnd.uniform(-.03, .03)
            elif s.land == 'sea':
                y = stage.shore + (p.height - stage.shore) * rnd.uniform(.45, .75)
            else:
                y = stage.horizon + stage.ground * rnd.uniform(.4, .68)
            grown = size * (1 if kind in ('boat', 'balloon') else .92 + .25 * (y - stage.horizon) / stage.ground)
            if related:
                ax, ay, agrown, akind = anchor
                if s.relation == 'on':
                    grown = size * .82
                    x, y = ax, ay - things.TOPS[akind] * agrown + .012 * agrown
                    if akind == 'tree':
                        y += .02 * agrown
                elif s.relation == 'front':
                    x = ax + rnd.choice((-1, 1)) * rnd.uniform(.02, .05)
                    y = min(ay + .09, p.height - .03)
                    grown = size * 1.05
                else:
                    y = min(ay - .62 * agrown, stage.horizon * .45)
                    y = max(y, .17)
                    if kind == 'bird':
                        kind, grown = 'flying bird', size * 1.1
            if s.relation == 'hill':
                y = stage.horizon + stage.ground * .3
                grown = size * .95
            elif s.relation in ('on', 'front', 'above') and i == 1:
                y = min(y, stage.horizon + stage.ground * .55) if s.land != 'sea' else y
                anchor = (x, y, grown, kind)
            depth = y + (.2 if kind == 'sign' else 0) + (10 if related and s.relation != 'front' else .001 if related else 0)
            out.append((depth, things.DRAW[kind], x, y, grown, look))
    return sorted(out, key=lambda o: o[0])


def _frame(p):
    """Ink drawings leave a margin of paper."""
    c = p.ctx
    c.new_path()
    c.rectangle(-.1, -.1, p.width + .2, p.height + .2)
    m, r = .03, .03
    c.new_sub_path()
    w, h = p.width, p.height
    c.arc_negative(m + r, m + r, r, 4.712, 3.1416)
    c.arc_negative(m + r, h - m - r, r, 3.1416, 1.5708)
    c.arc_negative(w - m - r, h - m - r, r, 1.5708, 0)
    c.arc_negative(w - m - r, m + r, r, 0, -1.5708)
    c.close_path()
    c.set_source_rgb(*PAPER)
    c.fill()


def _box(pen, scene, draw, x, y, size, look):
    """What a thing is and the rectangle of the picture it fills, in shares of width and height."""
    kind = next(k for k, d in things.DRAW.items() if d is draw)
    if kind == 'sign':
        h = .088 * size
        wide, top, low = max(things.width_of(look.word, h) + h * 1.1, .2 * size), y - .3 * size, y
    elif kind == 'balloon':
        wide, top, low = .21 * size, y - .105 * size, y + .185 * size
    else:
        wide, top, low = things.WIDTHS[kind.split()[-1]] * size * .85, y - things.HEIGHTS[kind] * size, y
    return kind.split()[-1], look.name, ((x - wide / 2) / pen.width, top / pen.height, (x + wide / 2) / pen.width, low / pen.height)


def _letter_boxes(pen, x, y, size, word):
    h = .088 * size
    s = h / 6
    left, top = x - things.width_of(word, h) / 2, y - .3 * size + h * .5
    return [(letter, '', ((left + (i * things.ADVANCE - .9) * s) / pen.width, top / pen.height, (left + (i * things.ADVANCE + 4.9) * s) / pen.width, (top + h) / pen.height))
            for i, letter in enumerate(word)]


def paint(scene, width, height, boxes=None):
    """The picture of a scene: rows of RGB bytes. Into the list `boxes` go (kind or letter, colour, rectangle)."""
    light, share = SKIES[scene.time][2:4]
    pen = Pen(width, height, scene.style, light, share)
    stage = _Stage(scene, pen, random.Random(scene.seed * 40503 + 7))
    _sky(stage)
    _lights(stage)
    _clouds(stage)
    _land(stage)
    placed = _place(stage)
    if scene.relation == 'hill':
        _, _, x, y, _, _ = placed[0]
        pen.ellipse(x, y + .6, .5, .615).fill(GROUNDS[scene.season][1] if scene.land != 'sea' else GROUNDS[scene.season][0])
    for _, draw, x, y, size, look in placed:
        draw(pen, x, y, size, look)
        if boxes is not None:
            boxes.append(_box(pen, scene, draw, x, y, size, look))
            boxes.extend(_letter_boxes(pen, x, y, size, look.word))
    _weather(stage)
    if scene.style == 'ink':
        _frame(pen)
    return pen.pixels()
