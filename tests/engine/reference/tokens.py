# CLIP's byte-level BPE and T5's SentencePiece in the shape in which the reference asks for them (a part of the module
# "transformers"), written independently of the engine's.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import os

import regex
import sentencepiece

HERE = os.path.dirname(os.path.abspath(__file__))
MERGES = os.path.join(HERE, "../../../data/clip/merges.txt")
UNIGRAM = os.path.join(HERE, "../fixtures/unigram.model")
PIECES = regex.compile(r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+", regex.IGNORECASE)


def byte_letters():
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    return {b: chr(b) for b in printable} | {b: chr(256 + i) for i, b in enumerate(others)}


class CLIPTokenizer:
    def __init__(self):
        with open(MERGES, encoding="utf-8") as f:
            merges = [tuple(line.split()) for line in f if line.strip() and not line.startswith("#version")]
        self.letters = byte_letters()
        self.ranks = {pair: rank for rank, pair in enumerate(merges)}
        names = list(self.letters.values())
        names += [name + "</w>" for name in names] + ["".join(pair) for pair in merges] + ["<|startoftext|>", "<|endoftext|>"]
        self.ids = {name: i for i, name in enumerate(names)}

    @classmethod
    def from_pretrained(cls, _name):
        return cls()

    def get_vocab(self):
        return self.ids

    def merge(self, piece):
        parts = [self.letters[b] for b in piece.encode()]
        parts[-1] += "</w>"
        while len(parts) > 1:
            rank, pair = min((self.ranks.get(pair, 1 << 30), pair) for pair in zip(parts, parts[1:]))
            if rank == 1 << 30:
                break
            merged, i = [], 0
            while i < len(parts):
                two = tuple(parts[i:i + 2]) == pair
                merged.append("".join(pair) if two else parts[i])
                i += 1 + two
            parts = merged
        return [self.ids[part] for part in parts]

    def __call__(self, text):
        inner = [i for piece in PIECES.findall(text.lower()) for i in self.merge(piece)]
        return {"input_ids": [49406, *inner, 49407]}


class T5TokenizerFast:
    def __init__(self):
        self.processor = sentencepiece.SentencePieceProcessor(model_file=UNIGRAM)

    @classmethod
    def from_pretrained(cls, _name):
        return cls()

    def get_vocab(self):
        return {self.processor.id_to_piece(i): i for i in range(self.processor.get_piece_size())}

    def __call__(self, text):
        return {"input_ids": [*self.processor.encode(text), 1]}
