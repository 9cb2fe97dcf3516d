# SPDX-License-Identifier: GPL-3.0-or-later
"""CLIP's kind of byte-pair encoding with a vocabulary of our own: the words of the caption grammar are one token each,
any other word is spelt from smaller pieces. Writes and reads vocab.json and merges.txt."""

import collections
import functools
import json
import random
import re
import unicodedata

from painter import caption, scene

START, END = '<|startoftext|>', '<|endoftext|>'
LENGTH = 77
# As CLIP's pattern for ASCII; in prompts, the engine also knows the rest of Unicode.
PIECES = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d|[^\W\d_]+|\d|[^\s\w]+|_+")


def _bytes():
    """The byte alphabet in CLIP's order: printable bytes stand for themselves and come first."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    return {b: chr(b) for b in printable} | {b: chr(256 + i) for i, b in enumerate(others)}


BYTES = _bytes()


def pieces(text):
    return PIECES.findall(' '.join(unicodedata.normalize('NFC', text).lower().split()))


def symbols(piece):
    out = [BYTES[b] for b in piece.encode()]
    return out[:-1] + [out[-1] + '</w>']


def learn(n_captions=60000, most=900):
    """The merges: the most frequent pair first, until every word of the grammar is one token. Words on signs are left
    out, so that they stay spelt unless they are also words of the grammar."""
    words = collections.Counter()
    for i in range(n_captions):
        s = scene.make(2_000_000_000 + i)
        for g in s.groups:
            g.word = ''
        words.update(pieces(caption.caption(s, random.Random(i)).replace('"', '').replace("''", '')))
    texts = {w: symbols(w) for w in words}
    merges = []
    while len(merges) < most:
        pairs = collections.Counter()
        for w, parts in texts.items():
            # Rare words count, too: all of them are to become whole.
            for pair in zip(parts, parts[1:]):
                pairs[pair] += words[w] ** .5
        if not pairs:
            break
        best = min(pairs, key=lambda p: (-pairs[p], p))
        merges.append(best)
        for w, parts in texts.items():
            texts[w] = _merge(parts, best)
    return merges


def _merge(parts, pair):
    out, i = [], 0
    while i < len(parts):
        if i + 1 < len(parts) and (parts[i], parts[i + 1]) == pair:
            out.append(parts[i] + parts[i + 1])
            i += 2
        else:
            out.append(parts[i])
            i += 1
    return out


class Tokenizer:
    def __init__(self, merges):
        self.merges = [tuple(m) for m in merges]
        self.ranks = {m: i for i, m in enumerate(self.merges)}
        names = list(BYTES.values())
        names += [n + '</w>' for n in names] + [a + b for a, b in self.merges] + [START, END]
        self.ids = {}
        for name in names:
            self.ids.setdefault(name, len(self.ids))
        self.word = functools.lru_cache(20000)(self._word)

    def __len__(self):
        return len(self.ids)

    def _word(self, piece):
        parts = symbols(piece)
        while len(parts) > 1:
            best = min(zip(parts, parts[1:]), key=lambda p: self.ranks.get(p, len(self.ranks)))
            if best not in self.ranks:
                break
            parts = _merge(parts, best)
        return tuple(self.ids[p] for p in parts)

    def encode(self, text):
        return [i for piece in pieces(text) for i in self.word(piece)]

    def pad(self, ids, with_end):
        """As CLIP-L (padded with the end) or CLIP-G (with 0) takes them."""
        ids = [self.ids[START], *ids[:LENGTH - 2], self.ids[END]]
        return ids + [self.ids[END] if with_end else 0] * (LENGTH - len(ids))

    def files(self):
        """merges.txt and vocab.json."""
        return '#version: 0.2\n' + ''.join(f'{a} {b}\n' for a, b in self.merges), json.dumps(self.ids, ensure_ascii=False)
