#!/usr/bin/env python3
# What was built: its permissions, its programs, what it says of itself, what it is made of, and how it comes and goes.
#
#   test-package.py ID FOLDER RESULTS CHECKOUT [NAME …]
#
# FOLDER is where it was built, RESULTS what came of it.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import configparser
import glob
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../support"))
import tap

ID, FOLDER, RESULTS, TOP = sys.argv[1:5]
FILES = os.path.join(FOLDER, f"build-{ID}", "files")


def output(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def metadata():
    found = configparser.ConfigParser(interpolation=None)
    found.optionxform = str
    found.read_string(output("flatpak", "info", "--user", "--show-metadata", ID))
    return found


def programs():
    """Every ELF file of the application."""
    found = []
    for folder, _, names in os.walk(FILES):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.islink(path) and os.path.isfile(path):
                with open(path, "rb") as f:
                    if f.read(4) == b"\x7fELF":
                        found.append(path)
    assert any(p.endswith("libexec/sfumato-engine") for p in found) and len(found) >= 4, found
    return [p for p in found if not p.endswith(".debug")]


def bill():
    return json.loads(output(os.path.join(TOP, "flatpak/sbom")))


def test_installed_permissions_are_the_least():
    context = {key: set(filter(None, value.split(";"))) for key, value in metadata()["Context"].items()}
    assert context == {"shared": {"network", "ipc"}, "sockets": {"x11", "wayland", "fallback-x11"}, "devices": {"dri"}} or \
        context == {"shared": {"network", "ipc"}, "sockets": {"wayland", "fallback-x11"}, "devices": {"dri"}}, context
    assert not {"Session Bus Policy", "System Bus Policy", "Environment", "Policy Session Bus"} & set(metadata().sections())


def hardening_lacks(path):
    """What is missing of position independence, read-only relocations, guarded stacks and checked copies."""
    head, dynamic, segments = (output("readelf", option, path) for option in ("-hW", "-dW", "-lW"))
    symbols = output("readelf", "--dyn-syms", "-W", path)
    lacks = []
    if "DYN" not in re.search(r"Type:\s+(.*)", head).group(1):
        lacks.append("position independence")
    if "GNU_RELRO" not in segments or not re.search(r"BIND_NOW|FLAGS.*NOW", dynamic):
        lacks.append("full RELRO")
    if re.search(r"GNU_STACK.*RWE|LOAD.*RWE", segments):
        lacks.append("no memory that is both written and run")
    if re.search(r"RPATH|RUNPATH", dynamic):
        lacks.append("no search path of its own")
    if "__stack_chk_fail" not in symbols:
        lacks.append("stack protector")
    copies = re.findall(r"UND (\w*(?:memcpy|memset|memmove|strcpy|sprintf|snprintf|printf))\b", symbols)
    # A program that only copies what the compiler can see through has nothing to check.
    if copies and not any(name.endswith("_chk") or "_chk" in symbols for name in copies):
        lacks.append("FORTIFY")
    return lacks


def test_every_program_is_hardened():
    lacking = {os.path.relpath(p, FILES): lacks for p in programs() if (lacks := hardening_lacks(p))}
    assert not lacking, json.dumps(lacking, indent=1)


def needed(path):
    return set(re.findall(r"NEEDED.*\[(.*)\]", output("readelf", "-dW", path)))


def libraries(component):
    return {p["value"] for p in component.get("properties", []) if p["name"] == "sfumato:library"}


def test_the_bill_names_all_that_is_linked():
    built = programs()
    linked = set().union(*map(needed, built))
    ours = {os.path.basename(p) for p in built}
    links = {name for folder, _, names in os.walk(os.path.join(FILES, "lib")) for name in names}
    *modules, runtime = bill()["components"]
    named = set().union(*map(libraries, modules))
    from_runtime = linked - ours - links - named
    assert from_runtime <= libraries(runtime), f"not in the bill: {from_runtime - libraries(runtime)}"
    unused = libraries(runtime) - linked - {"libvulkan.so.1"}  # that one is for ggml's part that is loaded late
    assert not unused, f"in the bill, but not linked: {unused}"
    # Debian adds a digit to the name of a library.
    unnamed = [name for name in linked & links if not name.startswith(tuple(named))]
    assert not unnamed, f"not in the bill: {unnamed}"


def test_what_is_opened_late_is_known():
    """Also what is loaded by name while it runs comes from the application or its runtime."""
    engine = ("echo | /app/libexec/sfumato-engine >/dev/null; exec 3<>/dev/null; mkfifo /tmp/in; /app/libexec/sfumato-engine "
              "</tmp/in >/tmp/out & exec 4>/tmp/in; until grep -q hello /tmp/out; do sleep 0.1; done; "
              "cut -c74- /proc/$!/maps | grep '[.]so' | sort -u")
    run = subprocess.run(["dbus-run-session", "--", "sh", "-c", 'DBUS_SYSTEM_BUS_ADDRESS=$DBUS_SESSION_BUS_ADDRESS exec "$@"', "sh",
                          "flatpak", "run", "--user", "--command=sh", ID, "-c", engine], capture_output=True, text=True, timeout=60)
    opened = run.stdout.split()
    assert any("ggml-cpu" in path for path in opened), run
    assert all(path.startswith(("/app/lib/", "/usr/lib/")) for path in opened), opened


def test_what_a_store_reads_is_valid():
    share = os.path.join(FILES, "share")
    # The runtime's own tools: those of an older system do not know newer keys.
    [metainfo] = [p for d in ("metainfo", "appdata") for p in glob.glob(os.path.join(share, d, ID + ".*.xml"))]
    for tool in (["desktop-file-validate", f"/app/share/applications/{ID}.desktop"],
                 ["appstreamcli", "validate", "--no-net", "/app/" + os.path.relpath(metainfo, FILES)]):
        run = subprocess.run(["flatpak", "build", os.path.dirname(FILES), *tool], capture_output=True, text=True)
        assert run.returncode == 0, f"{tool[0]}: {run.stdout}{run.stderr}"
    service = configparser.ConfigParser()
    service.read(os.path.join(share, "dbus-1/services", ID + ".service"))
    assert service["D-BUS Service"]["Name"] == ID
    for icon in f"scalable/apps/{ID}.svg", f"symbolic/apps/{ID}-symbolic.svg":
        assert os.path.getsize(os.path.join(share, "icons/hicolor", icon)) > 0
    exported = os.path.join(os.environ["FLATPAK_USER_DIR"], "exports/share")
    assert os.path.exists(os.path.join(exported, "applications", ID + ".desktop"))
    text = open(os.path.join(exported, "dbus-1/services", ID + ".service"), encoding="utf-8").read()
    assert "flatpak run" in text, "the session bus would start something else"


def files_of(repository):
    """Each file of the application with its rights and the checksum of what is in it."""
    ref = f"app/{ID}/{output('flatpak', '--default-arch').strip()}/master"
    return set(output("ostree", f"--repo={repository}", "ls", "-R", "-C", ref).splitlines())


def test_two_builds_are_identical():
    """The other one was built with nothing kept from before; of each commit only its time may differ."""
    once, again = (files_of(os.path.join(RESULTS, folder, "apps")) for folder in (".", "again"))
    assert len(once) > 40, once
    assert once == again, "\n".join(sorted(once ^ again))


def test_the_translation_is_in_the_bundle():
    assert os.path.exists(os.path.join(FILES, "share/locale/de/LC_MESSAGES/sfumato.mo")) or \
        os.path.exists(os.path.join(FILES, "share/runtime/locale/de/share/de/LC_MESSAGES/sfumato.mo"))
    bundle = os.path.join(RESULTS, ID + ".flatpak")
    print(f"# FIGURE bundle {os.path.getsize(bundle) / 1e6:.1f} MB", flush=True)
    assert os.path.getsize(bundle) < 100e6


tap.run(globals(), sys.argv[5:])
