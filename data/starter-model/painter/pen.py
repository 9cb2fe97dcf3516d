# SPDX-License-Identifier: GPL-3.0-or-later
"""A pen that knows the three styles: it fills a path as a picture book, cut paper or an ink drawing would.

Lengths are in units of the square root of the picture's area, so that a thing has the same size in all shapes.
"""

import math

import cairo
import numpy

from .colours import INK, PAPER, mix

STYLES = ('book', 'paper', 'ink')


class Pen:
    def __init__(self, width, height, style, light, light_share):
        self.unit = math.sqrt(width * height)
        self.width, self.height = width / self.unit, height / self.unit
        self.style, self.light, self.light_share = style, light, light_share
        self.surface = cairo.ImageSurface(cairo.FORMAT_RGB24, width, height)
        self.ctx = cairo.Context(self.surface)
        self.ctx.scale(self.unit, self.unit)
        self.ctx.set_line_cap(cairo.LINE_CAP_ROUND)
        self.ctx.set_line_join(cairo.LINE_JOIN_ROUND)

    def pixels(self):
        """The picture as rows of RGB bytes."""
        self.surface.flush()
        width, height = self.surface.get_width(), self.surface.get_height()
        rows = numpy.frombuffer(self.surface.get_data(), numpy.uint8).reshape(height, self.surface.get_stride())
        return rows[:, :width * 4].reshape(height, width, 4)[:, :, 2::-1].copy()

    # ---- Paths: each begins a new one.

    def circle(self, x, y, r):
        self.ctx.new_path()
        self.ctx.arc(x, y, r, 0, 2 * math.pi)
        return self

    def circles(self, circles):
        """Several circles that make one shape."""
        self.ctx.new_path()
        for x, y, r in circles:
            self.ctx.new_sub_path()
            self.ctx.arc(x, y, r, 0, 2 * math.pi)
        return self

    def ellipse(self, x, y, rx, ry, turn=0):
        c = self.ctx
        c.new_path()
        c.save()
        c.translate(x, y)
        c.rotate(turn)
        c.scale(rx, ry)
        c.arc(0, 0, 1, 0, 2 * math.pi)
        c.restore()
        return self

    def polygon(self, *points):
        self.ctx.new_path()
        for x, y in points:
            self.ctx.line_to(x, y)
        self.ctx.close_path()
        return self

    def box(self, x, y, w, h, r=0):
        c = self.ctx
        c.new_path()
        if r <= 0:
            c.rectangle(x, y, w, h)
            return self
        c.arc(x + w - r, y + r, r, -math.pi / 2, 0)
        c.arc(x + w - r, y + h - r, r, 0, math.pi / 2)
        c.arc(x + r, y + h - r, r, math.pi / 2, math.pi)
        c.arc(x + r, y + r, r, math.pi, 1.5 * math.pi)
        c.close_path()
        return self

    def rounded(self, points, r):
        """A polygon with round corners."""
        c = self.ctx
        c.new_path()
        n = len(points)
        for i in range(n):
            (ax, ay), (bx, by), (dx, dy) = points[i - 1], points[i], points[(i + 1) % n]
            before, after = math.hypot(ax - bx, ay - by), math.hypot(dx - bx, dy - by)
            p, q = min(.5, r / before), min(.5, r / after)
            c.line_to(bx + (ax - bx) * p, by + (ay - by) * p)
            sx, sy = c.get_current_point()
            ex, ey = bx + (dx - bx) * q, by + (dy - by) * q
            c.curve_to(sx + (bx - sx) * .6, sy + (by - sy) * .6, ex + (bx - ex) * .6, ey + (by - ey) * .6, ex, ey)
        c.close_path()
        return self

    def curve(self, start, *curves, close=True):
        """Cubic curves: each is three points."""
        c = self.ctx
        c.new_path()
        c.move_to(*start)
        for a, b, d in curves:
            c.curve_to(*a, *b, *d)
        if close:
            c.close_path()
        return self

    def wave(self, ys, bottom):
        """The ground under a smooth line through evenly spaced heights."""
        c = self.ctx
        n = len(ys) - 1
        step = self.width / n
        c.new_path()
        c.move_to(0, bottom)
        c.line_to(0, ys[0])
        for i in range(n):
            slope = (ys[min(i + 1, n)] - ys[max(i - 1, 0)]) / 6
            after = (ys[min(i + 2, n)] - ys[i]) / 6
            c.curve_to((i + 1 / 3) * step, ys[i] + slope, (i + 2 / 3) * step, ys[i + 1] - after, (i + 1) * step, ys[i + 1])
        c.line_to(self.width, bottom)
        c.close_path()
        return self

    # ---- Colour.

    def lit(self, rgb):
        rgb = mix(rgb, self.light, self.light_share)
        return mix(rgb, PAPER, .16) if self.style == 'ink' else rgb

    def fill(self, rgb, glow=False, shadow=True, line=True):
        """Fills the path; what glows is not dimmed by the light."""
        c = self.ctx
        if not glow:
            rgb = self.lit(rgb)
        if self.style == 'paper' and shadow:
            path = c.copy_path()
            c.save()
            c.translate(.007, .011)
            c.new_path()
            c.append_path(path)
            c.restore()
            c.set_source_rgba(.12, .08, .2, .22)
            c.fill()
            c.append_path(path)
        if self.style == 'book' and shadow:
            x0, y0, x1, y1 = c.path_extents()
            g = cairo.LinearGradient(x0, y0, x0 + (x1 - x0) * .35, y1)
            g.add_color_stop_rgb(0, *mix(rgb, (1, 1, .95), .13))
            g.add_color_stop_rgb(1, *mix(rgb, (.25, .12, .35), .10))
            c.set_source(g)
        else:
            c.set_source_rgb(*rgb)
        if self.style == 'ink' and line:
            c.fill_preserve()
            c.set_source_rgb(*INK)
            c.set_line_width(.0075)
            c.stroke()
        else:
            c.fill()

    def wash(self, rgb, alpha):
        """Fills the path with a colour one can look through."""
        self.ctx.set_source_rgba(*rgb, alpha)
        self.ctx.fill()

    def stroke(self, rgb, width, glow=False):
        self.ctx.set_source_rgb(*(rgb if glow else self.lit(rgb)))
        self.ctx.set_line_width(width)
        self.ctx.stroke()

    def line(self, rgb, width, *points, glow=False):
        self.ctx.new_path()
        for x, y in points:
            self.ctx.line_to(x, y)
        self.stroke(rgb, width, glow)
