#!/usr/bin/env python3
# The repository itself: licences are named, no secret and no path of anybody's machine is in it, and files and
# functions stay short enough to be read.
#
#   check-repository.py SOURCE_ROOT
#
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
import tap

root = os.path.abspath(sys.argv[1])
SPDX = "SPDX-License-Identifier: "
NO_LICENCE_LINE = re.compile(r"(^|/)(COPYING|LINGUAS|POTFILES\.in|meson\.(build|options)|\.gitignore|\.clang-format)$"
                             r"|\.(md|png|jpg|webp|po)$|(^|/)corpus/|(^|/)fixtures/|^data/starter-model/model/")
LONG_FUNCTION = 80
LOOK_AGAIN, LONG_FILE = 500, 700


def tracked():
    # A checkout may belong to somebody else than who runs the tests.
    listing = subprocess.run(["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z", "--cached", "--others",
                              "--exclude-standard"], capture_output=True, check=False)
    if listing.returncode != 0:
        print("1..0 # SKIP this is no git checkout")
        sys.exit(0)
    return sorted(p for p in listing.stdout.decode().split("\0") if p and os.path.isfile(os.path.join(root, p)))


FILES = tracked()


def text_of(path):
    with open(os.path.join(root, path), "rb") as f:
        data = f.read()
    return None if b"\0" in data else data.decode("utf-8")


def texts(pattern=""):
    for path in FILES:
        if re.search(pattern, path):
            text = text_of(path)
            if text is not None:
                yield path, text


def nothing(found):
    assert not found, "\n".join(found)


def test_every_source_names_its_licence():
    nothing([f"{path}: no {SPDX.strip()} line" for path, text in texts()
             if not NO_LICENCE_LINE.search(path) and SPDX not in text])


def test_there_is_no_key_in_it():
    nothing([f"{path}: {m.group()[:12]}… looks like a key" for path, text in texts()
             for m in re.finditer(r"\bsk-[A-Za-z0-9]{24,}", text)])


def test_there_is_no_path_of_a_machine_in_it():
    own = [re.escape(os.path.dirname(root))] if os.path.dirname(root).count("/") > 1 else []
    path_of_a_machine = re.compile("|".join([r"(?<![\w/])/home/(?!\$)\w+/", r"(?<![\w/])/root/\w", *own]))
    nothing([f"{path}: {m.group()}" for path, text in texts() if path != "tests/check-repository.py"
             for m in path_of_a_machine.finditer(text)])


def test_lines_end_as_they_should():
    nothing([f"{path}: white space at the end of line {text[:m.start()].count(chr(10)) + 1}"
             for path, text in texts(r"\.(c|h|py|blp|in|build)$") for m in re.finditer(r"[ \t\r]+$", text, re.MULTILINE)])


def test_functions_can_be_read():
    found = []
    for path, text in texts(r"^src/.*\.c$"):
        for m in re.finditer(r"^(\w+) \([^;{}]*?\)\n\{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL):
            lines = m.group(2).count("\n")
            if lines > LONG_FUNCTION and not m.group(1).endswith("_class_init"):
                found.append(f"{path}: {m.group(1)} has {lines} lines")
    nothing(found)


def test_files_can_be_read():
    lengths = {path: text.count("\n") for path, text in texts(r"^(src|tests)/.*\.(c|h|py|blp)$")}
    for path, lines in lengths.items():
        if LOOK_AGAIN < lines <= LONG_FILE:
            print(f"# look again: {path} has {lines} lines")
    nothing([f"{path} has {lines} lines" for path, lines in lengths.items() if lines > LONG_FILE])


tap.run(globals())
