#!/usr/bin/env python3
# sfumato-cli, the real engine and the model that comes with Sfumato: a first picture on a fresh home.
#
# Beside the usual arguments: the program sfumato-engine and the model's folder.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import sys

ENGINE, MODEL = sys.argv[3:5]
del sys.argv[3:5]

import case
from case import *


def pixels(file):
    """All that is compressed in a PNG, without what is written beside it."""
    with open(file, "rb") as png:
        png.read(8)
        data = b""
        while size := png.read(4):
            kind, body, _ = png.read(4), png.read(int.from_bytes(size, "big")), png.read(4)
            data += body if kind == b"IDAT" else b""
        return data


class Picture(case.Case):
    key = False

    def setUp(self):
        super().setUp()
        self.env |= {"SFUMATO_ENGINE": ENGINE, "SFUMATO_STARTER_MODEL": MODEL}

    def make(self, *arguments):
        run = self.generate(*arguments, "--steps", "6", "--json")
        self.assert_code(run, DONE)
        self.assertEqual(run.json["model"], "starter")
        return run.json

    def test_first_picture(self):
        shown = self.cli("models", "show", "starter", "--json").json
        first = self.make(shown["example"], "--seed", "1")
        again = self.make(shown["example"], "--seed", "1")
        other = self.make(shown["example"], "--seed", "2")
        self.assertEqual((first["unknown_words"], first["seed_used"]), ([], 1))
        self.assertEqual(first["width"], shown["size_default"])
        self.assertEqual(self.read(first["file"]), self.read(again["file"]))
        self.assertNotEqual(self.read(first["file"]), self.read(other["file"]))
        self.assert_posts(0)

    def test_all_its_words_are_known(self):
        shown = self.cli("models", "show", "starter", "--json").json
        words = ", ".join(word for group in shown["words"].values() for word in group)
        self.assertEqual(self.make(words)["unknown_words"], [])

    def test_no_strength_keeps_the_picture(self):
        start = self.make("a red house", "--seed", "1")["file"]
        kept = self.make("a red house", "--seed", "1", "--image", start, "--strength", "0")["file"]
        other = self.make("a green boat", "--seed", "2", "--image", start, "--strength", "0")["file"]
        changed = self.make("a green boat", "--seed", "2", "--image", start, "--strength", "0.9")["file"]
        self.assertEqual(pixels(kept), pixels(other))
        self.assertNotEqual(pixels(kept), pixels(changed))

    def test_shapes(self):
        for aspect in ("21:9", "2:3"):
            made = self.make("a blue boat by the sea", "--aspect", aspect)
            self.assertEqual((made["width"] > made["height"]), aspect == "21:9")


if __name__ == "__main__":
    main()
