# SPDX-License-Identifier: GPL-3.0-or-later
"""The things of a scene. Each stands on (x, y), s is its scale and `look` what the scene says about it."""

import math

from .colours import CREAM, FOLIAGE, INK, NAMED, SKIN, WHITE, colour, mix
from .letters import ADVANCE, width_of, write

WOOD = colour('a9744a')
DARK_WOOD = colour('7a5138')
GLASS = colour('b9dcea')
LAMP = colour('ffe08a')
GREEN = colour('4d9a57')
BEAK = colour('f2a33c')
STRAW = colour('d9b06a')


class Look:
    """What a scene says about one thing: its colour, which way it looks, its word and what is around it."""

    def __init__(self, name, facing=1, word='', season='summer', night=False, variant=0):
        self.name, self.rgb, self.facing, self.word = name, NAMED[name], facing, word
        self.season, self.night, self.variant = season, night, variant


def eye(pen, x, y, r):
    pen.circle(x, y, r).fill(INK, shadow=False, line=False)


def ground_shadow(pen, x, y, r):
    if pen.style != 'ink':
        pen.ellipse(x + r * .1, y, r, r * .2).wash((.1, .1, .25), .13)


# ---- Buildings and plants.

ROOFS = {'red': 'brown', 'brown': 'orange', 'orange': 'brown', 'black': 'red'}


def house(pen, x, y, s, look):
    w, h, roof = .25 * s, .165 * s, .125 * s
    top = y - h
    dark = mix(look.rgb, (.2, .1, .25), .35)
    roof_rgb = colour('8c4a44') if sum(look.rgb) > 1.45 else colour('5c4a63')
    if look.rgb in (NAMED['red'], NAMED['pink'], NAMED['orange'], NAMED['brown']):
        roof_rgb = colour('5f5570')
    ground_shadow(pen, x, y, w * .62)
    pen.box(x + w * .2, top - roof * .95, w * .13, roof * .8, .006 * s).fill(dark)
    pen.box(x - w / 2, top, w, h, .008 * s).fill(look.rgb)
    if look.season == 'winter':
        pen.rounded([(x - w * .64, top + .012 * s), (x, top - roof), (x + w * .64, top + .012 * s)], .03 * s).fill(roof_rgb)
        pen.rounded([(x - w * .55, top - .022 * s), (x, top - roof - .006 * s), (x + w * .55, top - .022 * s)], .03 * s).fill(WHITE)
    else:
        pen.rounded([(x - w * .64, top + .012 * s), (x, top - roof), (x + w * .64, top + .012 * s)], .03 * s).fill(roof_rgb)
    side = look.facing
    pen.box(x - side * w * .22 - w * .1, y - h * .58, w * .2, h * .58, .012 * s).fill(colour('6b4a3a') if sum(look.rgb) > 1.2 else CREAM)
    wx, wy, ws = x + side * w * .2, y - h * .5, w * .25
    pen.box(wx - ws / 2, wy - ws / 2, ws, ws, .006 * s).fill(LAMP if look.night else GLASS, glow=look.night)
    pen.line(WHITE, .007 * s, (wx, wy - ws / 2), (wx, wy + ws / 2))
    pen.line(WHITE, .007 * s, (wx - ws / 2, wy), (wx + ws / 2, wy))


def tree(pen, x, y, s, look):
    ground_shadow(pen, x, y, .1 * s)
    pen.polygon((x - .018 * s, y), (x - .012 * s, y - .16 * s), (x + .012 * s, y - .16 * s), (x + .018 * s, y)).fill(DARK_WOOD)
    cy = y - .235 * s
    crowns = ([(x, cy - .035 * s, .088 * s), (x - .062 * s, cy + .025 * s, .07 * s), (x + .062 * s, cy + .025 * s, .07 * s), (x, cy + .035 * s, .07 * s)],
              [(x, cy, .108 * s)], [(x, cy - .06 * s, .075 * s), (x, cy + .02 * s, .095 * s)])
    shape = crowns[look.variant % 3]
    if pen.style == 'ink':
        for c in shape:
            pen.circle(*c).fill(look.rgb)
        pen.circles([(a, b, r * .93) for a, b, r in shape]).fill(look.rgb, line=False)
    else:
        pen.circles(shape).fill(look.rgb)
    light = mix(look.rgb, WHITE, .22)
    if pen.style != 'ink':
        pen.circle(x - .03 * s, cy - .04 * s, .038 * s).fill(light, shadow=False, line=False)
    if look.variant >= 3:
        for dx, dy in ((-.05, .0), (.045, -.035), (.01, .04), (.06, .035)):
            pen.circle(x + dx * s, cy + dy * s, .014 * s).fill(NAMED['red'] if sum(look.rgb) > 1.2 or look.rgb[1] > .5 else NAMED['yellow'], shadow=False, line=False)


def fir(pen, x, y, s, look):
    ground_shadow(pen, x, y, .09 * s)
    pen.box(x - .015 * s, y - .06 * s, .03 * s, .06 * s).fill(DARK_WOOD)
    for i, (w, low, high) in enumerate(((.105, .045, .2), (.085, .125, .27), (.06, .205, .345))):
        pen.rounded([(x - w * s, y - low * s), (x, y - high * s), (x + w * s, y - low * s)], .022 * s).fill(mix(look.rgb, (1, 1, 1), .05 * i))
        if look.season == 'winter':
            pen.rounded([(x - w * .5 * s, y - (low * .42 + high * .58) * s), (x, y - high * s), (x + w * .5 * s, y - (low * .42 + high * .58) * s)], .02 * s).fill(WHITE, shadow=False, line=False)


def flower(pen, x, y, s, look):
    cy = y - .165 * s
    pen.line(GREEN, .014 * s, (x, y), (x, cy))
    for side in (-1, 1):
        pen.ellipse(x + side * .036 * s, y - .05 * s, .036 * s, .014 * s, -side * .6).fill(GREEN)
    n, r = 6, .042 * s
    petals = [(x + r * math.sin(2 * math.pi * i / n), cy - r * math.cos(2 * math.pi * i / n), .03 * s) for i in range(n)]
    if look.variant % 2 == 0:
        if pen.style == 'ink':
            for p in petals:
                pen.circle(*p).fill(look.rgb)
        else:
            pen.circles(petals).fill(look.rgb)
        pen.circle(x, cy, .025 * s).fill(NAMED['orange'] if look.rgb == NAMED['yellow'] else NAMED['yellow'], shadow=False)
    else:
        w, top, low = .056 * s, cy - .055 * s, cy + .045 * s
        pen.curve((x, low), ((x - w * 1.5, low), (x - w * 1.1, top + .03 * s), (x - w, top)), ((x - w * .6, top + .02 * s), (x - w * .5, top + .03 * s), (x - w * .4, top + .035 * s)),
                  ((x - w * .3, top + .02 * s), (x - w * .1, top), (x, top - .012 * s)), ((x + w * .1, top), (x + w * .3, top + .02 * s), (x + w * .4, top + .035 * s)),
                  ((x + w * .5, top + .03 * s), (x + w * .6, top + .02 * s), (x + w, top)), ((x + w * 1.1, top + .03 * s), (x + w * 1.5, low), (x, low))).fill(look.rgb)


def mushroom(pen, x, y, s, look):
    ground_shadow(pen, x, y, .06 * s)
    top = y - .085 * s
    pen.curve((x - .026 * s, top), ((x - .024 * s, y - .04 * s), (x - .05 * s, y), (x, y)), ((x + .05 * s, y), (x + .024 * s, y - .04 * s), (x + .026 * s, top))).fill(CREAM)
    pen.curve((x - .095 * s, top), ((x - .09 * s, top - .115 * s), (x + .09 * s, top - .115 * s), (x + .095 * s, top)),
              ((x + .06 * s, top + .02 * s), (x - .06 * s, top + .02 * s), (x - .095 * s, top))).fill(look.rgb)
    dots = WHITE if sum(look.rgb) < 2.6 else NAMED['orange']
    for dx, dy, r in ((-.048, -.03, .013), (.0, -.058, .015), (.046, -.028, .014), (.008, -.016, .009)):
        pen.circle(x + dx * s, top + dy * s, r * s).fill(dots, shadow=False, line=False)


# ---- Animals and people.

def cat(pen, x, y, s, look):
    f, rgb = look.facing, look.rgb
    light = mix(rgb, WHITE, .5)
    ground_shadow(pen, x, y, .075 * s)
    pen.ctx.new_path()
    pen.ctx.move_to(x - f * .045 * s, y - .02 * s)
    pen.ctx.curve_to(x - f * .12 * s, y, x - f * .125 * s, y - .09 * s, x - f * .085 * s, y - .115 * s)
    pen.stroke(mix(rgb, (.2, .1, .2), .12) if pen.style != 'ink' else rgb, .022 * s)
    pen.curve((x - .055 * s, y), ((x - .075 * s, y - .09 * s), (x - .03 * s, y - .12 * s), (x, y - .12 * s)),
              ((x + .03 * s, y - .12 * s), (x + .075 * s, y - .09 * s), (x + .055 * s, y)), ((x + .03 * s, y + .006 * s), (x - .03 * s, y + .006 * s), (x - .055 * s, y))).fill(rgb)
    hx, hy = x + f * .012 * s, y - .135 * s
    for side in (-1, 1):
        pen.polygon((hx + side * .052 * s, hy - .068 * s), (hx + side * .056 * s, hy - .01 * s), (hx + side * .008 * s, hy - .04 * s)).fill(rgb)
    pen.ellipse(hx, hy, .058 * s, .049 * s).fill(rgb)
    pen.ellipse(hx + f * .004 * s, hy + .018 * s, .026 * s, .018 * s).fill(light, shadow=False, line=False)
    for side in (-1, 1):
        ink = INK if sum(rgb) > .9 else NAMED['yellow']
        pen.circle(hx + f * .006 * s + side * .023 * s, hy - .006 * s, .0085 * s).fill(ink, shadow=False, line=False)
    pen.circle(hx + f * .006 * s, hy + .01 * s, .007 * s).fill(colour('d9707c'), shadow=False, line=False)


def rabbit(pen, x, y, s, look):
    f, rgb = look.facing, look.rgb
    ground_shadow(pen, x, y, .08 * s)
    pen.circle(x - f * .078 * s, y - .035 * s, .024 * s).fill(WHITE if sum(rgb) < 2.6 else mix(rgb, INK, .12))
    pen.ellipse(x - f * .015 * s, y - .05 * s, .072 * s, .05 * s).fill(rgb)
    hx, hy = x + f * .05 * s, y - .1 * s
    for dx, turn in ((-.018, -.28), (.012, .12)):
        pen.ellipse(hx + f * dx * s, hy - .062 * s, .014 * s, .05 * s, f * turn).fill(rgb)
        pen.ellipse(hx + f * dx * s, hy - .058 * s, .006 * s, .034 * s, f * turn).fill(colour('f0a8b0'), shadow=False, line=False)
    pen.ellipse(hx, hy, .043 * s, .037 * s).fill(rgb)
    pen.circle(hx + f * .014 * s, hy - .006 * s, .0085 * s).fill(INK if sum(rgb) > .9 else WHITE, shadow=False, line=False)
    pen.circle(hx + f * .041 * s, hy + .006 * s, .007 * s).fill(colour('e58a94'), shadow=False, line=False)
    pen.ellipse(x + f * .035 * s, y - .006 * s, .026 * s, .012 * s).fill(rgb)


def sheep(pen, x, y, s, look):
    f, rgb = look.facing, look.rgb
    dark = colour('4a4350') if sum(rgb) > .9 else colour('b9a58c')
    ground_shadow(pen, x, y, .09 * s)
    for dx in (-.05, -.022, .022, .048):
        pen.box(x + dx * s - .008 * s, y - .045 * s, .016 * s, .045 * s, .004 * s).fill(dark, shadow=False)
    cy = y - .085 * s
    wool = [(x + .062 * s * math.cos(a), cy + .034 * s * math.sin(a), .032 * s) for a in [i * math.pi / 4 for i in range(8)]]
    if pen.style == 'ink':
        for c in wool:
            pen.circle(*c).fill(rgb)
        pen.ellipse(x, cy, .066 * s, .044 * s).fill(rgb, line=False)
    else:
        pen.circles(wool + [(x, cy, .05 * s)]).fill(rgb)
    hx, hy = x + f * .088 * s, cy - .022 * s
    pen.ellipse(hx - f * .03 * s, hy - .004 * s, .02 * s, .01 * s, f * .5).fill(dark, shadow=False)
    pen.ellipse(hx, hy, .026 * s, .034 * s, -f * .3).fill(dark)
    pen.circle(hx + f * .006 * s, hy - .006 * s, .0065 * s).fill(WHITE if sum(dark) < 1.5 else INK, shadow=False, line=False)
    pen.circles([(hx - f * .012 * s, hy - .034 * s, .018 * s), (hx + f * .008 * s, hy - .034 * s, .015 * s)]).fill(rgb, shadow=False, line=False)


def bird(pen, x, y, s, look, flying=False):
    f, rgb = look.facing, look.rgb
    dark = mix(rgb, (.15, .1, .2), .22) if sum(rgb) > .9 else mix(rgb, WHITE, .25)
    cy = y - (.062 if not flying else .05) * s
    if not flying:
        for dx in (-.012, .014):
            pen.line(BEAK, .007 * s, (x + dx * s, cy + .03 * s), (x + dx * s, y))
    pen.polygon((x - f * .05 * s, cy - .012 * s), (x - f * .115 * s, cy - .035 * s), (x - f * .11 * s, cy + .012 * s), (x - f * .05 * s, cy + .02 * s)).fill(dark)
    if flying:
        pen.curve((x - f * .03 * s, cy - .01 * s), ((x - f * .02 * s, cy - .06 * s), (x - f * .07 * s, cy - .1 * s), (x - f * .06 * s, cy - .11 * s)),
                  ((x + f * .0 * s, cy - .1 * s), (x + f * .035 * s, cy - .06 * s), (x + f * .035 * s, cy - .01 * s))).fill(dark)
    pen.polygon((x + f * .075 * s, cy - .035 * s), (x + f * .118 * s, cy - .022 * s), (x + f * .078 * s, cy - .008 * s)).fill(BEAK if rgb not in (NAMED['orange'], NAMED['yellow']) else colour('e2662f'))
    pen.curve((x - f * .075 * s, cy - .015 * s), ((x - f * .05 * s, cy + .06 * s), (x + f * .07 * s, cy + .055 * s), (x + f * .082 * s, cy - .012 * s)),
              ((x + f * .1 * s, cy - .08 * s), (x + f * .02 * s, cy - .085 * s), (x + f * .012 * s, cy - .035 * s)),
              ((x - f * .01 * s, cy - .02 * s), (x - f * .04 * s, cy - .025 * s), (x - f * .075 * s, cy - .015 * s))).fill(rgb)
    if not flying:
        pen.ellipse(x - f * .012 * s, cy + .002 * s, .036 * s, .019 * s, f * .2).fill(dark, shadow=False)
    pen.circle(x + f * .055 * s, cy - .034 * s, .0085 * s).fill(INK if sum(rgb) > .9 else WHITE, shadow=False, line=False)


def person(pen, x, y, s, look, girl=True):
    skin = SKIN[look.variant % 3]
    hair = (colour('6b4327'), colour('3b2a24'), colour('d9a441'), colour('a8502e'))[look.variant % 4]
    ground_shadow(pen, x, y, .05 * s)
    legs = skin if girl else colour('4a5a7c')
    for dx in (-.018, .018):
        pen.line(legs, .017 * s, (x + dx * s, y - .06 * s), (x + dx * s, y - .012 * s))
        pen.ellipse(x + dx * s + look.facing * .005 * s, y - .005 * s, .017 * s, .008 * s).fill(DARK_WOOD, shadow=False)
    hy = y - .215 * s
    if girl:
        pen.curve((x - .05 * s, hy), ((x - .06 * s, hy - .08 * s), (x + .06 * s, hy - .08 * s), (x + .05 * s, hy)), ((x + .055 * s, hy + .04 * s), (x + .05 * s, hy + .05 * s), (x + .045 * s, hy + .055 * s)),
                  ((x + .02 * s, hy + .03 * s), (x - .02 * s, hy + .03 * s), (x - .045 * s, hy + .055 * s)), ((x - .05 * s, hy + .05 * s), (x - .055 * s, hy + .04 * s), (x - .05 * s, hy))).fill(hair)
    for side in (-1, 1):
        up = side == look.facing and look.variant >= 4
        pen.line(skin, .016 * s, (x + side * .026 * s, y - .155 * s), (x + side * (.082 if up else .062) * s, y - (.205 if up else .1) * s))
    if girl:
        pen.rounded([(x - .022 * s, y - .178 * s), (x + .022 * s, y - .178 * s), (x + .068 * s, y - .05 * s), (x - .068 * s, y - .05 * s)], .02 * s).fill(look.rgb)
    else:
        pen.box(x - .034 * s, y - .085 * s, .068 * s, .04 * s, .008 * s).fill(legs, shadow=False)
        pen.rounded([(x - .034 * s, y - .178 * s), (x + .034 * s, y - .178 * s), (x + .042 * s, y - .075 * s), (x - .042 * s, y - .075 * s)], .02 * s).fill(look.rgb)
    pen.circle(x, hy, .041 * s).fill(skin)
    pen.curve((x - .043 * s, hy - .002 * s), ((x - .05 * s, hy - .06 * s), (x + .05 * s, hy - .06 * s), (x + .043 * s, hy - .002 * s)),
              ((x + .03 * s, hy - .028 * s), (x - .015 * s, hy - .02 * s), (x - .043 * s, hy - .002 * s))).fill(hair, shadow=False)
    for side in (-1, 1):
        eye(pen, x + look.facing * .006 * s + side * .015 * s, hy + .006 * s, .0062 * s)
    pen.ctx.new_path()
    pen.ctx.arc(x + look.facing * .006 * s, hy + .012 * s, .013 * s, .5, math.pi - .5)
    pen.stroke(colour('b5514f'), .005 * s)


def snowman(pen, x, y, s, look):
    ground_shadow(pen, x, y, .08 * s)
    body, shade = colour('fbfcff'), colour('3d3a46')
    pen.circle(x, y - .07 * s, .075 * s).fill(body)
    pen.circle(x, y - .175 * s, .055 * s).fill(body)
    pen.box(x - .05 * s, y - .143 * s, .1 * s, .022 * s, .01 * s).fill(look.rgb, shadow=False)
    pen.box(x + look.facing * .025 * s - .012 * s, y - .13 * s, .024 * s, .06 * s, .006 * s).fill(look.rgb, shadow=False)
    pen.box(x - .035 * s, y - .275 * s, .07 * s, .06 * s, .006 * s).fill(shade)
    pen.box(x - .055 * s, y - .222 * s, .11 * s, .014 * s, .006 * s).fill(shade)
    for side in (-1, 1):
        eye(pen, x + side * .02 * s, y - .188 * s, .008 * s)
    pen.polygon((x, y - .178 * s), (x + look.facing * .06 * s, y - .168 * s), (x, y - .162 * s)).fill(NAMED['orange'], shadow=False)
    for dy in (.1, .07, .04):
        eye(pen, x, y - dy * s, .007 * s)


# ---- On the water, in the air, in the ground.

def boat(pen, x, y, s, look):
    f = look.facing
    mast, top = x - f * .01 * s, y - .285 * s
    pen.line(DARK_WOOD, .012 * s, (mast, y - .05 * s), (mast, top))
    pen.curve((mast + f * .012 * s, top + .01 * s), ((mast + f * .08 * s, top + .08 * s), (mast + f * .115 * s, top + .15 * s), (mast + f * .115 * s, y - .085 * s)),
              ((mast + f * .06 * s, y - .075 * s), (mast + f * .03 * s, y - .075 * s), (mast + f * .012 * s, y - .08 * s))).fill(WHITE)
    pen.curve((mast - f * .012 * s, top + .04 * s), ((mast - f * .06 * s, top + .11 * s), (mast - f * .085 * s, top + .16 * s), (mast - f * .085 * s, y - .085 * s)),
              ((mast - f * .05 * s, y - .08 * s), (mast - f * .03 * s, y - .08 * s), (mast - f * .012 * s, y - .08 * s))).fill(CREAM)
    pen.curve((x - .14 * s, y - .06 * s), ((x - .12 * s, y + .01 * s), (x - .08 * s, y + .012 * s), (x, y + .012 * s)),
              ((x + .08 * s, y + .012 * s), (x + .12 * s, y + .01 * s), (x + .14 * s, y - .06 * s))).fill(look.rgb)
    pen.line(mix(look.rgb, WHITE, .55) if sum(look.rgb) < 2.5 else NAMED['blue'], .012 * s, (x - .122 * s, y - .042 * s), (x + .122 * s, y - .042 * s))
    for dx in (-.16, .12):
        pen.line(WHITE, .008 * s, (x + dx * s, y + .016 * s), (x + (dx + .05) * s, y + .016 * s))


def balloon(pen, x, y, s, look):
    """A hot-air balloon; y is its middle."""
    r = .105 * s
    light = mix(look.rgb, WHITE, .45) if sum(look.rgb) < 2.5 else colour('e9b7a8')
    base = y + r * 1.42
    for dx in (-.3, .3):
        pen.line(DARK_WOOD, .006 * s, (x + dx * r, y + r * .75), (x + dx * r * .7, base))
    pen.curve((x - r, y), ((x - r, y + r * .62), (x - r * .42, y + r * .85), (x - r * .3, y + r * 1.05)), ((x - r * .1, y + r * 1.1), (x + r * .1, y + r * 1.1), (x + r * .3, y + r * 1.05)),
              ((x + r * .42, y + r * .85), (x + r, y + r * .62), (x + r, y)), ((x + r, y - r * 1.3), (x - r, y - r * 1.3), (x - r, y))).fill(look.rgb)
    pen.curve((x, y - r * .97), ((x - r * .5, y - r * .8), (x - r * .5, y + r * .6), (x - r * .1, y + r * 1.06)), ((x, y + r * 1.08), (x, y + r * 1.08), (x + r * .1, y + r * 1.06)),
              ((x + r * .5, y + r * .6), (x + r * .5, y - r * .8), (x, y - r * .97))).fill(light, shadow=False, line=False)
    pen.box(x - r * .24, base, r * .48, r * .34, .008 * s).fill(WOOD)


def sign(pen, x, y, s, look):
    """Its word is half of a picture's width at most; y is where the post meets the ground."""
    h = .088 * s
    w = max(width_of(look.word, h) + h * 1.1, .2 * s)
    top = y - .3 * s
    board = h * 2.05
    ground_shadow(pen, x, y, .05 * s)
    pen.box(x - .016 * s, top + .02 * s, .032 * s, y - top - .02 * s, .004 * s).fill(DARK_WOOD)
    pen.box(x - w / 2, top, w, board, .018 * s).fill(look.rgb)
    dark = sum(pen.lit(look.rgb)) < 1.7
    write(pen, look.word, x, top + board / 2, h, WHITE if dark else INK, glow=dark)


def sun(pen, x, y, s, evening):
    core, halo = (colour('ff8a4c'), colour('ffd19a')) if evening else (colour('ffd23f'), colour('fff2b8'))
    if pen.style == 'book':
        pen.circle(x, y, .115 * s).wash(halo, .35)
        pen.circle(x, y, .09 * s).wash(halo, .5)
    else:
        n = 10
        for i in range(n):
            a = 2 * math.pi * i / n
            pen.line(core, .014 * s, (x + .088 * s * math.cos(a), y + .088 * s * math.sin(a)), (x + .112 * s * math.cos(a), y + .112 * s * math.sin(a)), glow=True)
    pen.circle(x, y, .068 * s).fill(core, glow=True)


def moon(pen, x, y, s, full):
    rgb = colour('fdf3c9')
    if pen.style == 'book':
        pen.circle(x, y, .1 * s).wash(rgb, .16)
    if full:
        pen.circle(x, y, .062 * s).fill(rgb, glow=True)
        for dx, dy, r in ((-.018, -.012, .013), (.02, .012, .01), (.004, .034, .007)):
            pen.circle(x + dx * s, y + dy * s, r * s).fill(colour('e9dba6'), glow=True, shadow=False, line=False)
        return
    r = .068 * s
    c = pen.ctx
    c.new_path()
    c.arc(x, y, r, .25 * math.pi - 1.9, .25 * math.pi + 1.9)
    a = .25 * math.pi + 1.9
    b = .25 * math.pi - 1.9
    c.curve_to(x + .35 * r + .2 * r * math.cos(a), y + .35 * r + .2 * r * math.sin(a) , x + .35 * r + .2 * r * math.cos(b), y + .35 * r + .2 * r * math.sin(b), x + r * math.cos(b), y + r * math.sin(b))
    c.close_path()
    pen.fill(rgb, glow=True)


def star(pen, x, y, r):
    pen.polygon(*[(x + (r if i % 2 == 0 else r * .42) * math.sin(i * math.pi / 5), y - (r if i % 2 == 0 else r * .42) * math.cos(i * math.pi / 5)) for i in range(10)]
                ).fill(colour('fff1b5'), glow=True, shadow=False, line=False)


def cloud(pen, x, y, s, rgb):
    puffs = [(x - .075 * s, y, .04 * s), (x - .025 * s, y - .03 * s, .056 * s), (x + .045 * s, y - .012 * s, .05 * s), (x + .09 * s, y + .008 * s, .032 * s)]
    if pen.style == 'ink':
        for p in puffs:
            pen.circle(*p).fill(rgb, glow=True)
        pen.circles([(a, b, r - .004) for a, b, r in puffs]).fill(rgb, glow=True, line=False)
        pen.box(x - .11 * s, y + .004 * s, .225 * s, .036 * s, .018 * s).fill(rgb, glow=True, line=False)
        return
    c = pen.circles(puffs).ctx
    c.new_sub_path()
    r = .018 * s
    x0, x1, y0, y1 = x - .112 * s, x + .12 * s, y + .002 * s, y + .04 * s
    c.arc(x1 - r, y0 + r, r, -math.pi / 2, math.pi / 2)
    c.line_to(x0 + r, y1)
    c.arc(x0 + r, y0 + r, r, math.pi / 2, 1.5 * math.pi)
    c.close_path()
    pen.fill(rgb, glow=True)


def rainbow(pen, x, y, r):
    for i, name in enumerate(('red', 'orange', 'yellow', 'green', 'blue', 'purple')):
        pen.ctx.new_path()
        pen.ctx.arc(x, y, r - i * .022, math.pi, 2 * math.pi)
        pen.stroke(mix(NAMED[name], (1, 1, 1), .2), .023, glow=True)


# How wide and how high a thing is, and how high the place is where something can sit on it.
WIDTHS = {'house': .32, 'tree': .25, 'fir': .22, 'flower': .15, 'mushroom': .2, 'cat': .18, 'rabbit': .19, 'sheep': .23, 'bird': .2, 'girl': .15, 'boy': .15,
          'snowman': .17, 'boat': .3, 'balloon': .22, 'sign': .4}
HEIGHTS = {'house': .29, 'tree': .34, 'fir': .345, 'flower': .235, 'mushroom': .165, 'cat': .2, 'rabbit': .2, 'sheep': .14, 'bird': .12, 'flying bird': .16,
           'girl': .265, 'boy': .265, 'snowman': .275, 'boat': .285}
TOPS = {'house': .285, 'sign': .3, 'snowman': .275, 'mushroom': .165, 'tree': .33}

DRAW = {
    'house': house, 'tree': tree, 'fir': fir, 'flower': flower, 'mushroom': mushroom, 'cat': cat, 'rabbit': rabbit, 'sheep': sheep, 'bird': bird,
    'girl': lambda pen, x, y, s, look: person(pen, x, y, s, look, True), 'boy': lambda pen, x, y, s, look: person(pen, x, y, s, look, False),
    'snowman': snowman, 'boat': boat, 'balloon': balloon, 'sign': sign,
    'flying bird': lambda pen, x, y, s, look: bird(pen, x, y, s, look, True),
}
