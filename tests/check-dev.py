#!/usr/bin/env python3
# What ./dev says and does on machines of other kinds: each is a folder of programs, the only ones that dev finds there.
#
#   check-dev.py SOURCE_ROOT
#
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
import tap

root = os.path.abspath(sys.argv[1])
SECONDS = 60
TOOLS = ("bash cat chmod cut dirname env flock grep head mkdir mktemp paste readlink rm sed sh sha256sum sleep sort tail "
         "touch tr").split()
INSTALLED = "echo installed 99"
COMPARE = """case $1 in --compare-versions) [ "$(printf '%s\\n' "$2" "$4" | sort -V | head -n 1)" = "$4" ];; esac"""


class Machine:
    """A machine on which nothing is installed but what a test puts there."""

    def __init__(self, user=1000, checkout="sfumato"):
        self.kept = tempfile.TemporaryDirectory(prefix="sfumato-machine-")
        self.folder = self.kept.name
        self.bin = os.path.join(self.folder, "bin")
        self.checkout = os.path.join(self.folder, checkout)
        self.cache = os.path.join(self.folder, "home", ".cache", "sfumato-dev")
        for folder in self.bin, self.checkout, self.cache:
            os.makedirs(folder)
        shutil.copy(os.path.join(root, "dev"), self.checkout)
        for tool in TOOLS:
            os.symlink(shutil.which(tool), os.path.join(self.bin, tool))
        self.has("id", f"echo {user}")
        self.env = {"PATH": self.bin, "HOME": os.path.join(self.folder, "home"), "LC_ALL": "C.UTF-8"}

    def has(self, name, script="exit 0"):
        path = os.path.join(self.bin, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write("#!/bin/bash\n" + script + "\n")
        os.chmod(path, 0o755)

    def is_debian_like(self, ggml, installed=INSTALLED):
        self.has("apt-cache", f'case $2 in libggml-dev) v={ggml};; *) v=99;; esac; echo "  Candidate: $v"')
        self.has("apt-get")
        self.has("dpkg", COMPARE)
        self.has("dpkg-query", f'for package; do :; done; case $package in {installed} *) {INSTALLED};; esac')

    def makes_trees(self, script):
        """As root, in a container; the tree is then entered by a bubblewrap that only says so."""
        self.has("dnf")
        self.has("apt-get")
        self.has("mmdebstrap", f'for i; do [ "$i" != trixie ] || take=1; [ -n "$take" ] && [[ $i = /* ]] && break; done\n'
                 f'tree=$i; cd "{self.folder}"\n{script}')
        self.has("bwrap", 'for i; do :; done; [ "$i" = true ] || printf "%s\\n" "$@"')

    def start(self):
        return subprocess.Popen(["bash", os.path.join(self.checkout, "dev"), "run"], env=self.env, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self):
        process = self.start()
        out, err = process.communicate(timeout=SECONDS)
        return process.returncode, out, err

    def refuses(self):
        status, out, err = self.run()
        assert status == 1 and out == "", (status, out, err)
        return err

    def trees(self):
        return [name for name in os.listdir(self.cache) if name.startswith("debian-")]

    def path(self, name):
        return os.path.join(self.folder, name)


def wait_for(what):
    end = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


def is_gone(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def test_a_debian_like_machine_is_told_the_packages_it_lacks():
    machine = Machine()
    machine.is_debian_like("0.27.0", "libgtk-4-dev) ;; libggml-dev) echo installed 0.9.11;; libdnnl-dev) echo removed;;")
    err = machine.refuses()
    assert "gtk4 >= 4.18, " in err and "oneDNN" in err, err
    assert err.rstrip().endswith("sudo apt-get install libgtk-4-dev libggml-dev libdnnl-dev"), err


def test_a_debian_like_machine_whose_archive_is_too_old_gets_a_tree():
    for ggml in "0.9.11-1", "'(none)'", "":
        machine = Machine()
        machine.is_debian_like(ggml)
        err = machine.refuses()
        assert "private Debian 13 tree" in err and "sudo apt-get install mmdebstrap bubblewrap uidmap" in err, err
        assert "libgtk-4-dev" not in err, err


def test_a_machine_of_rpms_is_told_both_ways():
    machine = Machine()
    machine.has("dnf")
    machine.has("cc")
    err = machine.refuses()
    own, tree = (line for line in err.splitlines() if "sudo dnf install" in line)
    for word in "'pkgconfig(gtk4)'", "'pkgconfig(ggml)'", "/usr/bin/meson", "/usr/bin/pkg-config":
        assert word in own.split(), own
    assert " gcc " not in own, own
    assert "install mmdebstrap bubblewrap shadow-utils" in tree, tree


def test_a_tree_that_cannot_be_made_says_why_and_leaves_nothing():
    for says, sentence in (("Temporary failure resolving 'archive.example'", "cannot be reached"),
                           ("write: No space left on device", "the disk is full"),
                           ("E: You don't have enough free space in /", "the disk is full"), ("E: something", "E: something")):
        machine = Machine(user=0)
        machine.makes_trees(f'mkdir -p "$tree/usr"; echo "{says}" >&2; exit 25')
        assert sentence in machine.refuses()
        assert machine.trees() == []


def test_half_a_tree_is_made_again():
    machine = Machine(user=0)
    machine.makes_trees('mkdir -p "$tree/half"; kill -KILL $PPID')
    assert machine.run()[0] == -signal.SIGKILL
    machine.makes_trees('mkdir "$tree"')
    status, out, err = machine.run()
    assert status == 0 and "SFUMATO_DEV=inside" in out, err
    [tree] = machine.trees()
    assert not os.path.exists(os.path.join(machine.cache, tree, "half"))


def test_a_tree_is_made_once_for_two_checkouts():
    machine = Machine(user=0)
    machine.makes_trees('echo >> made; while [ -e made ] && [ ! -e go ]; do sleep 0.1; done; mkdir "$tree"')
    first = machine.start()
    wait_for(lambda: os.path.exists(machine.path("made")))
    second = machine.start()
    assert "waiting" in second.stderr.readline()
    open(machine.path("go"), "w", encoding="utf-8").close()
    for process in first, second:
        out, err = process.communicate(timeout=SECONDS)
        assert process.returncode == 0 and "SFUMATO_DEV=inside" in out, err
    with open(machine.path("made"), encoding="utf-8") as f:
        assert len(f.readlines()) == 1


def test_stopping_it_leaves_nothing_running():
    machine = Machine(user=0)
    machine.makes_trees('echo $$ > pid.new; mv pid.new pid; exec sleep 600')
    os.symlink(shutil.which("mv"), os.path.join(machine.bin, "mv"))
    process = machine.start()
    wait_for(lambda: os.path.exists(machine.path("pid")))
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=SECONDS)
    with open(machine.path("pid"), encoding="utf-8") as f:
        pid = int(f.read())
    wait_for(lambda: is_gone(pid))


def test_a_folder_of_any_name_and_place_is_seen_in_the_tree():
    machine = Machine(user=0, checkout="Bilder & mehr/größer")
    machine.makes_trees('mkdir "$tree"')
    odd = machine.path("tmp odd")
    os.mkdir(odd)
    machine.env["TMPDIR"] = odd
    words = machine.run()[1].split("\n")
    for folder in machine.checkout, odd, machine.env["HOME"]:
        assert words[words.index(folder) - 1] == "--bind", folder
    assert words[words.index("--chdir") + 1] in (os.getcwd(), machine.checkout)
    assert os.path.join(machine.checkout, "dev") in words


tap.run(globals())
