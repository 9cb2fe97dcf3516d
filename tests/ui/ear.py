# What a screen reader would say aloud by itself: the announcements of a program on a desktop, heard by a process of its
# own, because who listens to events must not ask questions meanwhile.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import re
import sys

from session import wait_for

LISTEN = """
import gi
gi.require_version("Atspi", "2.0")
from gi.repository import Atspi

Atspi.init()
listener = Atspi.EventListener.new(lambda event: print(event.any_data, flush=True))
listener.register("object:announcement")
print("(listening)", flush=True)
Atspi.event_main()
"""


class Ear:
    def __init__(self, stage):
        self.path = os.path.join(stage.home, "announced")
        with open(self.path, "wb") as log:
            self.process = stage.desktop.helper(sys.executable, "-c", LISTEN, stdout=log)
        wait_for(lambda: "(listening)" in self.heard(), "the screen reader")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()

    def heard(self):
        with open(self.path, encoding="utf-8") as f:
            return f.read().splitlines()

    def hear(self, words):
        """Waits for an announcement of exactly these words; words may be a pattern."""
        pattern = words if isinstance(words, re.Pattern) else re.compile(f"^{re.escape(words)}$")
        return wait_for(lambda: next((h for h in self.heard() if pattern.search(h)), None), f"{words!r} said aloud")
