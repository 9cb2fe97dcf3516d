# What the tests of the command line share: a session with a keyring, the stand-in server, and the real program.
#
# Arguments of such a test: the programs sfumato-cli and stand-in, and parts of names of the tests to run.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import glob
import json
import os
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import tap
from server import KEY, Server
from session import Session, wait_for

CLI, STAND_IN = map(os.path.abspath, sys.argv[1:3])

DONE, FAILED, MISUSE, NETWORK, UNAUTHORISED, PAYMENT, REFUSED, RATE, INVALID, SERVICE, STORAGE = range(11)
CANCELLED = 130


class Run:
    """How a run of the program ended."""

    def __init__(self, code, out, err):
        self.code, self.bytes, self.err = code, out, err.decode()

    @property
    def out(self):
        return self.bytes.decode()

    @property
    def json(self):
        """The one object that is all of standard output."""
        assert self.out.endswith("}\n") and self.out.count("\n") == 1, self.out
        return json.loads(self.out)

    @property
    def error(self):
        return self.json["error"]

    def __repr__(self):
        return f"exit {self.code}\nout: {self.bytes[:2000]!r}\nerr: {self.err[:3000]}"


class Case(unittest.TestCase):
    keyring = "unlocked"
    key = True

    def setUp(self):
        self.session = Session(self.keyring)
        self.addCleanup(self.session.close)
        self.session.env["TMPDIR"] = self.folder("tmp")
        self.server = Server(STAND_IN)
        self.addCleanup(self.end_server)
        self.env = self.session.env
        if self.key:
            self.cli("key", "set", input=KEY.encode())

    def end_server(self):
        if self.server.process.poll() is None:
            violations = self.server.log()["violations"]
            self.server.stop()
            self.assertEqual(violations, [])

    # ---- places ----

    def folder(self, name):
        path = os.path.join(self.session.folder, name)
        os.makedirs(path, exist_ok=True)
        return path

    def path(self, name):
        return os.path.join(self.folder("out"), name)

    @property
    def gallery(self):
        return os.path.join(self.env["HOME"], "Pictures", "Sfumato")

    def pictures(self):
        found = glob.glob(os.path.join(glob.escape(self.gallery), "*"))
        return sorted(p for p in found if p.endswith((".png", ".jpg", ".webp")))

    def read(self, path):
        with open(path, "rb") as file:
            return file.read()

    def write(self, path, content=b"something"):
        with open(path, "wb") as file:
            file.write(content)
        return path

    # ---- running it ----

    def start(self, *arguments, env=None, **options):
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        process = subprocess.Popen([CLI, *arguments], env=self.env | (env or {}), **options)
        self.addCleanup(self.kill, process)
        return process

    def kill(self, process):
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()

    def finish(self, process, seconds=60):
        out, err = process.communicate(timeout=seconds)
        return Run(process.returncode, out or b"", err or b"")

    def cli(self, *arguments, input=None, env=None, seconds=60, **options):
        process = self.start(*arguments, env=env, **({"stdin": subprocess.PIPE} if input is not None else {}), **options)
        out, err = process.communicate(input, timeout=seconds)
        return Run(process.returncode, out or b"", err or b"")

    def generate(self, *arguments, **options):
        """Against the stand-in."""
        return self.cli("generate", *arguments, "--url", self.server.url, **options)

    def start_held(self, *arguments, order=None, posts=1, **options):
        """A generation whose request has arrived whole, and whose answer does not come."""
        self.server.script(order or {"fault": "hold", "times": -1})
        process = self.start("generate", *arguments, "--url", self.server.url, **options)
        self.server.wait(posts)
        return process

    def queue(self):
        return self.cli("queue", "--json").json["jobs"]

    # ---- what has to hold ----

    def assert_posts(self, posts):
        self.assertEqual(self.server.log()["posts"], posts)

    def assert_code(self, run, code):
        self.assertEqual(run.code, code, run)

    def assert_nothing_sent(self):
        self.assert_posts(0)
        self.assertEqual(self.pictures(), [])


def main():
    tap.run(tap.cases(vars(sys.modules["__main__"])), sys.argv[3:])
