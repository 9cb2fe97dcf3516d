#!/usr/bin/env python3
# In which order things reach the disk, the network and the terminal: what has to survive a power cut is told to the
# disk before anybody relies on it. Read from the calls the program makes, which is what a cut would find.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import re
import subprocess

import case
from case import *

CALLS = "write,pwrite64,writev,sendto,sendmsg,fsync,fdatasync,renameat2,rename,renameat,linkat"


class Call:
    def __init__(self, line):
        self.name, rest = line.split("(", 1)
        place = re.search(r"<(TCP:\[[^\]]*\]|[^<>]*)>", rest)
        self.place = place[1] if place else ""


def read_calls(log):
    """The calls, each where it began and, those that wait for the disk, where they were over."""
    open_calls, calls = {}, []
    for line in log.splitlines():
        thread, line = line.split(maxsplit=1)
        if line.startswith("<... "):
            call = open_calls.pop(thread, None)
        elif "(" in line:
            call = Call(line)
            if not call.name.endswith("sync"):
                calls.append(call)
                continue
            if line.endswith("<unfinished ...>"):
                open_calls[thread] = call
                continue
        if call and line.endswith("= 0"):
            calls.append(call)
    return calls


class Order(case.Case):
    def trace(self, *arguments):
        log = self.path("calls")
        strace = ["strace", "-f", "-qq", "-yy", "-s", "0", "-e", "trace=" + CALLS, "-e", "signal=none", "-o", log]
        env = self.env | {"ASAN_OPTIONS": "detect_leaks=0"}
        run = subprocess.run([*strace, case.CLI, *arguments], env=env, capture_output=True, timeout=90)
        self.assertEqual(run.returncode, 0, run.stderr)
        return read_calls(self.read(log).decode(errors="replace")), run.stdout.decode().rstrip("\n")

    def first(self, calls, found, start=0):
        return next((i for i, c in enumerate(calls[start:], start) if found(c)), None)

    def assert_synced(self, calls, suffix, before):
        """All that was written to that file has been told to the disk."""
        written = [i for i, c in enumerate(calls[:before]) if "write" in c.name and c.place.endswith(suffix)]
        synced = [i for i, c in enumerate(calls[:before]) if c.name.endswith("sync") and c.place.endswith(suffix)]
        self.assertTrue(written and synced, suffix)
        self.assertLess(written[-1], synced[-1], suffix)

    def test_a_generation(self):
        calls, path = self.trace("generate", "fox", "--url", self.server.url)
        port = self.server.url.rsplit(":", 1)[1]
        sent = self.first(calls, lambda c: f":{port}]" in c.place and c.name in ("sendto", "sendmsg", "write", "writev"))
        said = self.first(calls, lambda c: c.name == "write" and c.place.startswith("pipe:"), sent)
        named = [i for i, c in enumerate(calls) if c.name.startswith(("rename", "link")) and c.place.startswith(self.gallery)]
        synced = [i for i, c in enumerate(calls) if c.name.endswith("sync")]
        self.assertEqual(os.path.dirname(path), self.gallery)

        # The job is in the journal before anything is sent.
        self.assert_synced(calls, "queue.db-wal", sent)
        # Picture and sidecar are whole before they get their names, and the names are kept before anything is said.
        parts = {calls[i].place for i in synced if sent < i < named[0] and calls[i].place.endswith(".part")}
        self.assertEqual((len(named), len(parts)), (2, 2))
        folder = [i for i in synced if calls[i].place == self.gallery]
        self.assertTrue(any(named[-1] < i < said for i in folder))
        # And so are the index and the end of the job.
        for database in (".db-wal", "queue.db-wal"):
            self.assert_synced(calls, database, said)


if __name__ == "__main__":
    main()
