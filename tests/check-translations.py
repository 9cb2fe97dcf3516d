#!/usr/bin/env python3
# Every string a person reads can be translated, and every translation that is listed is whole.
#
#   check-translations.py SOURCE_ROOT
#
# SPDX-License-Identifier: GPL-3.0-or-later
import glob
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
import tap

root = os.path.abspath(sys.argv[1])
po = os.path.join(root, "po")

# What Meson's preset gives to xgettext for the target sfumato-pot.
KEYWORDS = ["_", "N_", "C_:1c,2", "NC_:1c,2", "g_dcgettext:2", "g_dngettext:2,3", "g_dpgettext2:2c,3"]

STRING = r'"(?:[^"\\\n]|\\.)*"'
CODE = re.compile(rf"(?P<string>{STRING})|'(?:[^'\\\n]|\\.)+'|//[^\n]*|/\*.*?\*/|(?P<word>\w+)|(?P<mark>[^\w\s])", re.DOTALL)
# Functions whose arguments are translated, and which of these are (a context is not).
MARKED = {"_": (0,), "N_": (0,), "gettext": (0,), "C_": (1,), "NC_": (1,), "ngettext": (0, 1), "g_dngettext": (1, 2),
          "g_dgettext": (1,), "g_dpgettext2": (2,)}


def run(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True, cwd=root,
                          env=dict(os.environ, LC_ALL="C.UTF-8")).stdout


def lines_of(name):
    with open(os.path.join(po, name), encoding="utf-8") as lines:
        return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def text_of(literal):
    """A C string literal as the text it stands for."""
    plain = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "'": "'"}
    return re.sub(r"\\(.)", lambda m: plain.get(m.group(1), m.group(0)), literal[1:-1])


def translated_arguments(path):
    """Every literal of a C or Blueprint file that stands where a translated string belongs."""
    with open(path, encoding="utf-8") as f:
        tokens = [m for m in CODE.finditer(f.read()) if m.lastgroup]
    for at, token in enumerate(tokens[:-1]):
        if token.group() not in MARKED or tokens[at + 1].group() != "(":
            continue
        depth, argument, text = 0, 0, None
        for inner in tokens[at + 1:]:
            mark = inner.group()
            if inner.lastgroup == "string" and depth == 1:
                text = (text or "") + text_of(mark)
            elif text is not None and mark.startswith("PRI"):
                text += f"<{mark}>"  # as xgettext writes <inttypes.h>'s formats; it knows no others
            depth += {"(": 1, ")": -1}.get(mark, 0) if inner.lastgroup == "mark" else 0
            if depth == 0 or (depth == 1 and mark == ","):
                if text is not None and argument in MARKED[token.group()]:
                    yield text
                argument, text = argument + 1, None
            if depth == 0:
                break


def sources():
    for pattern in ("src/**/*.c", "src/**/*.h", "src/**/*.blp"):
        yield from sorted(glob.glob(pattern, root_dir=root, recursive=True))


def extract(out):
    """Writes the template, as the target sfumato-pot would."""
    run("xgettext", "--from-code=UTF-8", "--add-comments", *[f"--keyword={k}" for k in KEYWORDS],
        f"--directory={root}", "--files-from=po/POTFILES.in", f"--output={out}")
    return out


def messages(file):
    """The (id, translations, is fuzzy) of every message of a PO file but its head."""
    text = run("msgattrib", "--no-wrap", "--no-obsolete", file)
    for block in re.split(r"\n\n+", text):
        fields = dict()
        for name, literals in re.findall(rf"^(msg\w+(?:\[\d\])?) ((?:{STRING}\n?)+)", block, re.MULTILINE):
            fields[name] = "".join(text_of(s) for s in re.findall(STRING, literals))
        if fields.get("msgid"):
            yield (fields["msgid"], fields.get("msgid_plural"),
                   [v for k, v in fields.items() if k.startswith("msgstr")], ", fuzzy" in block)


def test_every_file_with_strings_is_listed():
    listed = lines_of("POTFILES.in")
    missing = [path for path in sources() if path not in listed and any(translated_arguments(os.path.join(root, path)))]
    missing += [path for path in sorted(glob.glob("data/*.in.in", root_dir=root)) if path not in listed]
    assert not missing, f"not in po/POTFILES.in: {missing}"


def test_every_listed_file_exists_once():
    listed = lines_of("POTFILES.in")
    gone = [path for path in listed if not os.path.exists(os.path.join(root, path))]
    assert not gone, f"in po/POTFILES.in, but not there: {gone}"
    assert listed == sorted(set(listed)), "po/POTFILES.in is not sorted, or names a file twice"


def test_every_marked_string_is_extracted():
    with tempfile.TemporaryDirectory() as folder:
        found = set()
        for singular, plural, _, _ in messages(extract(os.path.join(folder, "sfumato.pot"))):
            found |= {singular, plural}
    for path in sources():
        for text in translated_arguments(os.path.join(root, path)):
            assert text in found, f"{path}: xgettext does not see {text!r}"
        if path.endswith(".blp"):
            with open(os.path.join(root, path), encoding="utf-8") as f:
                assert not re.search(r"_\('", f.read()), f"{path}: xgettext only sees strings in double quotes"


def test_strings_are_set_as_a_typographer_would():
    with tempfile.TemporaryDirectory() as folder:
        for singular, plural, _, _ in messages(extract(os.path.join(folder, "sfumato.pot"))):
            for text in filter(None, (singular, plural)):
                assert "..." not in text, f"three dots for an ellipsis: {text!r}"
                assert not re.search(r"\w'\w|(^|\s)['\"]\w|\w\"", text), f"straight quotes: {text!r}"
                assert "!" not in text, f"an exclamation mark: {text!r}"


def test_translations_are_whole():
    for language in lines_of("LINGUAS"):
        with tempfile.TemporaryDirectory() as folder:
            merged = os.path.join(folder, "merged.po")
            run("msgmerge", "--quiet", "--no-fuzzy-matching", f"--output-file={merged}", f"po/{language}.po",
                extract(os.path.join(folder, "sfumato.pot")))
            for text, _, translations, fuzzy in messages(merged):
                assert all(translations), f"{language}: not translated: {text!r}"
                assert not fuzzy, f"{language}: fuzzy: {text!r}"
            assert not run("msgattrib", "--only-obsolete", merged).strip(), f"{language}: strings nobody uses any more"


def test_translations_keep_their_placeholders():
    for language in lines_of("LINGUAS"):
        run("msgfmt", "--check", "--output-file=/dev/null", f"po/{language}.po")


tap.run(globals())
