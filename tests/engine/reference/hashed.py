# Weights and inputs that come from a hash of their names, as tests/engine/tiny.c makes them.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np

SCALES = ("norm.weight", "norm1.weight", "norm2.weight", "norm_out.weight")
TABLES = ("pos_embed", "embedding", "embed_tokens", "relative_attention_bias")


def values(name, n):
    key = 0x811c9dc5
    for byte in name.encode():
        key = (key ^ byte) * 0x01000193 % 2**32
    x = (key + np.arange(n, dtype=np.uint64) * 0x9E3779B9).astype(np.uint32)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x7feb352d)
    x ^= x >> np.uint32(15)
    x *= np.uint32(0x846ca68b)
    x ^= x >> np.uint32(16)
    return 2 * ((x >> np.uint32(8)) * 2.0**-24) - 1


def weight(name, shape):
    v = values(name, int(np.prod(shape)))
    if name.endswith(SCALES) or ".ln_" in name:
        v = 1 + 0.1 * v
    elif any(table in name for table in TABLES):
        v = 0.5 * v
    elif len(shape) >= 2:
        v = v * np.sqrt(3.0 / np.prod(shape[1:]))
    else:
        v = 0.05 * v
    return v.astype(np.float32).reshape(shape)


def data(name, amplitude, shape):
    return (values(name, int(np.prod(shape))) * amplitude * np.sqrt(3)).astype(np.float32).reshape(shape)


# A picture to start from; the same sums are in tests/engine/test-reference.c.
def picture(width, height):
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 255 // (width - 1), y * 255 // (height - 1), x * y * 7 % 256], axis=-1).astype(np.uint8)
