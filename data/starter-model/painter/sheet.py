# SPDX-License-Identifier: GPL-3.0-or-later
"""Contact sheets: pictures side by side in one PNG."""

import cairo
import numpy


def save(path, pictures, columns, gap=4):
    """Pictures of RGB bytes, each in a cell as large as the largest."""
    high = max(p.shape[0] for p in pictures) + gap
    wide = max(p.shape[1] for p in pictures) + gap
    rows = (len(pictures) + columns - 1) // columns
    out = numpy.full((rows * high + gap, columns * wide + gap, 4), 255, numpy.uint8)
    for i, p in enumerate(pictures):
        y, x = (i // columns) * high + gap, (i % columns) * wide + gap
        out[y:y + p.shape[0], x:x + p.shape[1], :3] = p[:, :, ::-1]
    surface = cairo.ImageSurface.create_for_data(bytearray(out.tobytes()), cairo.FORMAT_RGB24, out.shape[1], out.shape[0], out.shape[1] * 4)
    surface.write_to_png(path)
