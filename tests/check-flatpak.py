#!/usr/bin/env python3
# The Flatpak's manifests: the least permissions, every source pinned, no network in the build, hardened, and a bill of
# materials that names all of it. What is built from them is tried by "./dev test flatpak".
#
#   check-flatpak.py SOURCE_ROOT
#
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
import tap

root = os.path.abspath(sys.argv[1])
ID = "io.github.sfumato_app.Sfumato"
PERMISSIONS = {"--share=ipc", "--socket=wayland", "--socket=fallback-x11", "--device=dri", "--share=network"}
HARDENED = {"-O2", "-D_FORTIFY_SOURCE=3", "-fstack-protector-strong", "-fstack-clash-protection"}


def load(name):
    with open(os.path.join(root, "flatpak", name), encoding="utf-8") as f:
        return json.load(f)


RELEASE, DEVEL = load(ID + ".json"), load(ID + ".Devel.json")


def modules(manifest):
    return [load(m) if isinstance(m, str) else m for m in manifest["modules"]]


def parts_of(text, pattern):
    return set(re.findall(pattern, text))


def test_permissions_are_the_least():
    for manifest in RELEASE, DEVEL:
        assert set(manifest["finish-args"]) == PERMISSIONS, manifest["finish-args"]


def test_the_release_is_made_of_pinned_sources():
    for module in modules(RELEASE):
        for source in module["sources"]:
            assert source["url"].startswith("https://"), source
            pin = {"archive": ("sha256", 64), "git": ("commit", 40)}[source["type"]]
            assert re.fullmatch(f"[0-9a-f]{{{pin[1]}}}", source.get(pin[0], "")), f"not pinned: {source}"


def test_the_development_build_differs_in_itself_only():
    *others, sfumato = modules(DEVEL)
    assert others == modules(RELEASE)[:-1]
    assert [source["type"] for source in sfumato["sources"]] == ["dir"]
    for key in set(RELEASE) | set(DEVEL):
        assert key in ("id", "modules") or RELEASE.get(key) == DEVEL.get(key), key
    assert DEVEL["id"] == RELEASE["id"] + ".Devel"


def test_nothing_is_downloaded_while_it_is_built():
    text = json.dumps([modules(RELEASE), RELEASE["build-options"]])
    assert "share=network" not in text
    assert "--wrap-mode=nodownload" in modules(RELEASE)[-1]["config-opts"]


def test_everything_is_hardened():
    for flags in ("cflags", "cxxflags"):
        missing = HARDENED - set(RELEASE["build-options"][flags].split())
        assert not missing, f"{flags}: {missing}"
    assert {"relro", "now", "noexecstack"} <= parts_of(RELEASE["build-options"]["ldflags"], r"-z,(\w+)")
    # Flags of a module's own would come after these.
    assert not any(name in module.get("build-options", {}) for module in modules(RELEASE) for name in ("cflags", "cxxflags", "ldflags"))


def test_the_bill_of_materials_is_whole():
    made = subprocess.run([sys.executable, os.path.join(root, "flatpak/sbom")], capture_output=True, text=True, check=True).stdout
    bill = json.loads(made)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    archives = {s["url"]: s["sha256"] for m in modules(RELEASE) for s in m["sources"] if s["type"] == "archive"}
    listed = {c["externalReferences"][0]["url"]: c["hashes"][0]["content"] for c in bill["components"] if "hashes" in c}
    assert listed == archives
    names = [c["bom-ref"] for c in bill["components"]]
    assert len(set(names)) == len(names) and RELEASE["runtime"] in names
    assert all(re.fullmatch(r"\d+(\.\d+)+", c["version"]) for c in bill["components"] if "hashes" in c)
    again = subprocess.run([sys.executable, os.path.join(root, "flatpak/sbom")], capture_output=True, text=True, check=True).stdout
    assert again == made


def test_the_engine_finds_its_primitives():
    """oneDNN is built with what the engine asks of it."""
    engine = "".join(open(os.path.join(root, "src/engine", name), encoding="utf-8").read()
                     for name in os.listdir(os.path.join(root, "src/engine")) if name.endswith(".c"))
    asked = {name.upper() for name in parts_of(engine, r"dnnl_(\w+?)_(?:forward_)?primitive_desc_create")}
    [onednn] = [m for m in modules(RELEASE) if m["name"] == "onednn"]
    [built] = [o.split("=")[1].split(";") for o in onednn["config-opts"] if o.startswith("-DONEDNN_ENABLE_PRIMITIVE=")]
    assert asked == set(built), f"the engine asks for {asked}, built are {built}"


def test_a_release_that_leaves_something_out_is_told():
    """flatpak/pin, in a repository of its own."""
    with tempfile.TemporaryDirectory() as folder:
        def git(*arguments):
            return subprocess.run(["git", "-C", folder, "-c", "user.name=T", "-c", "user.email=t@example.org", *arguments], check=True,
                                  capture_output=True, text=True).stdout.strip()

        def commit(path, text, message):
            os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
            with open(os.path.join(folder, path), "w", encoding="utf-8") as f:
                f.write(text)
            git("add", path)
            git("commit", "-m", message)

        def pin(*arguments):
            return subprocess.run([os.path.join(folder, "flatpak/pin"), *arguments], capture_output=True, text=True)

        git("init", "-q")
        shutil.copytree(os.path.join(root, "flatpak"), os.path.join(folder, "flatpak"))
        commit("src/a.c", "one", "first")
        assert "not in the history" in pin().stderr
        assert pin("--set", "HEAD").returncode == 0
        with open(os.path.join(folder, "flatpak", ID + ".json"), encoding="utf-8") as f:
            assert json.load(f)["modules"][-1]["sources"][0]["commit"] == git("rev-parse", "HEAD")
        commit("tests/a.py", "one", "what is not installed")
        assert pin().returncode == 0
        commit("src/a.c", "two", "a change that matters")
        told = pin()
        assert told.returncode == 1 and "a change that matters" in told.stderr and "not installed" not in told.stderr, told


tap.run(globals())
