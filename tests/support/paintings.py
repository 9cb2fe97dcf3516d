# Small landscapes, painted by arithmetic, for the pictures of the window that README and metainfo show: the stand-in
# server hands them out in place of its clouds. The same seed paints the same picture.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import math
import random


def mix(a, b, t):
    """Between two colours "#rrggbb"."""
    parts = [round(int(a[i:i + 2], 16) * (1 - t) + int(b[i:i + 2], 16) * t) for i in (1, 3, 5)]
    return "#" + "".join(f"{p:02x}" for p in parts)


def gradient(name, stops, x=0, y=1):
    inner = "".join(f'<stop offset="{at}" stop-color="{c}" stop-opacity="{o}"/>' for at, c, o in stops)
    return f'<linearGradient id="{name}" x1="0" y1="0" x2="{x}" y2="{y}">{inner}</linearGradient>'


def ridge(dice, width, top, height, roughness):
    """The outline of a range of hills, by halving a line again and again."""
    heights = [dice.uniform(-1, 1), dice.uniform(-1, 1)]
    step = 1.0
    while len(heights) < 129:
        step *= roughness
        halved = [h for a, b in zip(heights, heights[1:]) for h in (a, (a + b) / 2 + dice.uniform(-step, step))]
        heights = halved + heights[-1:]
    return [(width * i / (len(heights) - 1), top - h * height) for i, h in enumerate(heights)]


def shape(points, bottom, colour, extra=""):
    line = " ".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f'<path d="M{line} L{points[-1][0]:.1f} {bottom} L{points[0][0]:.1f} {bottom}Z" fill="{colour}" {extra}/>'


def tree(x, y, size, colour):
    tiers = ""
    for i in range(4):
        half = size * (0.10 + 0.06 * i)
        tiers += f"M{x:.1f} {y - size * (1 - 0.22 * i):.1f}l{half:.1f} {size * 0.34:.1f}h{-2 * half:.1f}z"
    return f'<path d="{tiers}" fill="{colour}"/>'


def stars(dice, width, horizon, count):
    return "".join(f'<circle cx="{dice.uniform(0, width):.0f}" cy="{dice.uniform(0, horizon):.0f}" '
                   f'r="{dice.uniform(0.6, 1.9):.1f}" fill="#fff" opacity="{dice.uniform(0.3, 0.95):.2f}"/>'
                   for _ in range(count))


def lights(dice, width, height, colours):
    """Northern lights: curtains that hang from a wavy line."""
    out = []
    for band, colour in enumerate(colours):
        phase, top = dice.uniform(0, 6), height * (0.12 + 0.09 * band)
        upper = [(width * (i / 50 - 0.1),
                  top + height * (0.07 * math.sin(i / 7 + phase) + 0.02 * math.sin(i / 2.3))) for i in range(61)]
        lower = [(x, y + height * (0.24 + 0.07 * math.sin(x / width * 9 + phase * 2))) for x, y in reversed(upper)]
        line = " ".join(f"{x:.0f} {y:.0f}" for x, y in upper + lower)
        out.append(gradient(f"light{band}", [(0, colour, 0), (0.35, colour, 0.75), (1, colour, 0)])
                   + f'<path d="M{line}Z" fill="url(#light{band})" filter="url(#soft)"/>')
    return "".join(out)


def paint(width, height, seed, sky, far, near, sun=None, glow="#ffffff", layers=6, roughness=0.55, water=False, night=0,
          aurora=(), trees=0):
    """An SVG. sky: colours from the top to the horizon; far and near: of the hills; sun: where it stands (both 0 to 1)
    and how large; night: how many stars; trees: how many on the nearest hill."""
    dice = random.Random(seed)
    horizon = height * (0.62 if water else 0.55)
    parts = [gradient("sky", [(i / (len(sky) - 1), c, 1) for i, c in enumerate(sky)]),
             f'<filter id="soft"><feGaussianBlur stdDeviation="{height / 60}"/></filter>'
             f'<filter id="haze" x="-100%" y="-100%" width="300%" height="300%"><feGaussianBlur stdDeviation="{height / 11}"/></filter>',
             f'<rect width="{width}" height="{height}" fill="url(#sky)"/>', stars(dice, width, horizon, night),
             lights(dice, width, height, aurora)]
    if sun:
        x, y, r = sun[0] * width, sun[1] * height, sun[2] * height
        parts += [f'<circle cx="{x}" cy="{y}" r="{r * 2.6}" fill="{glow}" opacity=".55" filter="url(#haze)"/>',
                  f'<circle cx="{x}" cy="{y}" r="{r}" fill="{mix(glow, "#ffffff", 0.7)}"/>']
    hills = layers - 2 if water else layers
    for i in range(hills):
        t = i / (layers - 1)
        top = horizon + (0 if water else (height - horizon) * 0.82 * t) - (height * 0.06 * (hills - i) if water else 0)
        colour = mix(far, near, t ** 1.3)
        points = ridge(dice, width, top, height * (0.13 - 0.05 * t), roughness)
        parts += [gradient(f"hill{i}", [(0, colour, 1), (1, mix(colour, far, 0.75), 1)]),
                  shape(points, horizon if water else height, f"url(#hill{i})")]
        if trees and i == hills - 1:
            for _ in range(trees):
                x, y = points[dice.randrange(len(points))]
                parts.append(tree(x, y + height * 0.02, height * dice.uniform(0.08, 0.2), mix(near, "#000000", 0.25)))
    if water:
        parts.append(sea(dice, width, height, horizon, sky, near, sun, glow))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
            + "".join(parts) + "</svg>")


def sea(dice, width, height, horizon, sky, near, sun, glow):
    parts = [gradient("sea", [(0, mix(sky[-1], near, 0.25), 1), (1, mix(sky[0], near, 0.6), 1)]),
             f'<rect y="{horizon}" width="{width}" height="{height - horizon}" fill="url(#sea)"/>']
    for i in range(90):
        depth = (i / 90) ** 1.6
        y = horizon + (height - horizon) * depth
        near_sun = abs(dice.gauss(0, 0.05 + 0.10 * depth)) if sun else 1
        x = (sun[0] + dice.choice((-1, 1)) * near_sun) * width if sun and i % 2 else dice.uniform(0, width)
        length = width * dice.uniform(0.01, 0.03 + 0.07 * depth)
        parts.append(f'<rect x="{x - length / 2:.0f}" y="{y:.1f}" width="{length:.0f}" '
                     f'height="{1 + height * 0.006 * depth:.1f}" rx="2" fill="{mix(glow, "#ffffff", 0.4)}" '
                     f'opacity="{0.55 if i % 2 else 0.12}"/>')
    return "".join(parts)


# Prompt, aspect ratio, seed and how it is painted.
PAINTINGS = [
    ("Misty mountains at dawn, first light, soft watercolor", "16:9", 343940597,
     dict(sky=["#4b5d8f", "#b58aa5", "#f6c9a0", "#fff0d2"], far="#e7b7a4", near="#27305a", sun=(0.66, 0.46, 0.055),
          glow="#ffd9a0", layers=7)),
    ("A calm sea under a harvest moon, deep indigo, long reflections", "16:9", 1186302,
     dict(sky=["#141a3d", "#2b2f66", "#6a4c86", "#c9859a"], far="#54427e", near="#10132d", sun=(0.36, 0.22, 0.075),
          glow="#ffdcae", water=True, night=90)),
    ("Northern lights above a snowy forest, long exposure", "3:2", 77120451,
     dict(sky=["#081226", "#10284a", "#1d4f6e", "#4e8a94"], far="#3f7886", near="#0b1a2c", night=160,
          aurora=("#5affb0", "#47d9ff", "#a77bff"), trees=46)),
    ("Desert dunes in the evening, warm haze, minimal", "3:2", 90210,
     dict(sky=["#3f3a72", "#b0567c", "#f08a62", "#ffcf8e"], far="#f2a56f", near="#7a2c3d", sun=(0.3, 0.5, 0.075),
          glow="#ffe0a8", layers=5, roughness=0.3)),
    ("Hills of lavender behind hills, pastel, morning fog", "1:1", 25,
     dict(sky=["#b9c6ec", "#d9cdee", "#f7dbe0", "#fff3e3"], far="#dccbe8", near="#5b4a8a", sun=(0.7, 0.34, 0.05),
          glow="#fff0c8", layers=8, roughness=0.42)),
    ("A fjord in winter, cold blue hour", "2:3", 4019,
     dict(sky=["#26436b", "#5f86a8", "#a9c3d3", "#e7e3df"], far="#93aec2", near="#1a2b44", sun=(0.6, 0.27, 0.04),
          glow="#fff2dc", water=True)),
    ("Red canyon at noon, layers of rock, gouache", "4:5", 615,
     dict(sky=["#6fb3d6", "#a8d3df", "#f3e6c8"], far="#e9a878", near="#7b2f22", layers=7, roughness=0.62)),
    ("Pine forest in rain, ink wash on paper", "1:1", 80808,
     dict(sky=["#c9d1cf", "#dfe3df", "#f2f1ea"], far="#c3ccc8", near="#24302f", layers=6, trees=60)),
    ("Moonrise over a quiet lake, teal and gold", "16:9", 5150,
     dict(sky=["#0d2a36", "#1c5660", "#5e9a8d", "#f0d9a0"], far="#3b7a78", near="#08202a", sun=(0.58, 0.24, 0.06),
          glow="#ffe9b0", water=True, night=50)),
]
