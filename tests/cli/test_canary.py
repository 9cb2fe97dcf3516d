#!/usr/bin/env python3
# The key is nowhere but in the keyring: a key made for this run goes through everything the command line does, with
# every debug message on, and then everything that was written anywhere is searched for it.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import base64
import os
import secrets
import shutil
import subprocess

import case
from case import *

SANITIZED = "/asan/" in case.CLI


class Canary(case.Case):
    key = False

    def setUp(self):
        super().setUp()
        self.canary = "sk-" + secrets.token_hex(24)
        self.server.script(key=self.canary)
        self.env.update(G_MESSAGES_DEBUG="all", G_DEBUG="")
        self.said = b""

    def forms(self):
        key = self.canary.encode()
        return [key, key[:24], base64.b64encode(key)[:40], key.hex().encode()]

    def run_and_keep(self, *arguments, **options):
        run = self.cli(*arguments, **options)
        self.said += run.bytes + run.err.encode()
        return run

    def assert_nowhere(self, where, content):
        for form in self.forms():
            self.assertEqual(content.count(form), 0, f"the key is in {where}")

    def search_files(self):
        searched = 0
        for folder, _, names in os.walk(self.session.folder):
            for path in (os.path.join(folder, n) for n in names):
                if os.path.isfile(path):
                    self.assert_nowhere(path, self.read(path))
                    searched += 1
        self.assertGreater(searched, 10)

    def test_flows(self):
        url = ("--url", self.server.url)
        reflected = {"status": 500, "reason": self.canary, "headers": {"x-request-id": self.canary},
                     "body": {"id": self.canary, "name": "internal_error", "errors": [f"key {self.canary} broke"]}}
        self.assert_code(self.run_and_keep("key", "set", "stability", input=self.canary.encode() + b"\n"), DONE)
        self.assert_code(self.run_and_keep("key", "check", *url), DONE)
        self.assert_code(self.run_and_keep("balance", "--json", *url), DONE)
        self.assert_code(self.run_and_keep("generate", "a red fox", *url), DONE)
        self.assert_code(self.run_and_keep("generate", "a red fox", "--json", "--output", self.path("fox.png"), *url), DONE)
        for refusal in ("#401", "#402", "#moderated", "#500"):
            self.run_and_keep("generate", refusal, "--json", *url)
        self.server.script(reflected)
        self.assert_code(self.run_and_keep("generate", "fox", *url), SERVICE)
        self.server.script(reflected | {"on": "balance"})
        self.run_and_keep("key", "check", "--json", *url)
        self.server.script({"status": 302, "headers": {"location": f"http://127.0.0.1:1/{self.canary}"}})
        self.run_and_keep("generate", "fox", *url)
        self.run_and_keep("key", "set", "stability", self.canary[:0] + "sk-other", input=self.canary.encode())
        for arguments in (("list",), ("queue",), ("models",), ("show", self.pictures()[0])):
            self.assert_code(self.run_and_keep(*arguments), DONE)
        self.assert_nowhere("what was said", self.said)
        self.search_files()
        self.assert_code(self.run_and_keep("key", "forget"), DONE)
        self.search_files()

    def test_while_it_runs(self):
        self.cli("key", "set", input=self.canary.encode())
        process = self.start_held("a red fox")
        pid = process.pid
        for name in ("cmdline", "environ"):
            self.assert_nowhere(name, self.read(f"/proc/{pid}/{name}"))
        for thread in os.listdir(f"/proc/{pid}/task"):
            self.assert_nowhere("a thread's name", self.read(f"/proc/{pid}/task/{thread}/comm"))
        self.search_files()
        self.search_core(pid)
        process.kill()
        process.wait()
        self.search_files()

    def search_core(self, pid):
        """As a crash reporter would take it, whatever the limit on its size; not with the sanitizers' 20 TB."""
        self.assertEqual(int(self.read(f"/proc/{pid}/coredump_filter"), 16), 0x10)
        if SANITIZED or not shutil.which("gcore"):
            return
        core = os.path.join(self.folder("tmp"), "core")
        subprocess.run(["gcore", "-o", core, str(pid)], check=True, capture_output=True, timeout=60)
        self.assertGreater(os.path.getsize(f"{core}.{pid}"), 1000)

    def count_copies(self, pid):
        """In all that the process can write to."""
        copies = 0
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
            for line in maps:
                span, mode = line.split()[:2]
                start, end = (int(address, 16) for address in span.split("-"))
                if mode.startswith("rw"):
                    copies += os.pread(memory.fileno(), end - start, start).count(self.canary.encode())
        return copies

    def test_copies_in_memory(self):
        """While a picture is made: the one that is kept, locked into memory, and the head that libsoup has written."""
        self.cli("key", "set", input=self.canary.encode())
        typed = self.write(self.path("typed"), self.canary.encode())
        wait, hold = {"status": 429, "headers": {"retry-after": "1"}}, {"fault": "hold"}
        for posts, orders, options in ((1, [hold], {}), (2, [hold], {"stdin": open(typed)}), (4, [wait, hold], {})):
            with self.subTest(posts):
                more = ["--key-stdin"] if options else []
                self.server.script(*orders)
                process = self.start("generate", "fox", "--model", "sd3.5-large", "--url", self.server.url, *more, **options)
                self.server.wait(posts)
                if not SANITIZED:  # what was freed is kept there
                    self.assertIn(self.count_copies(process.pid), (1, 2))
                process.kill()
                process.wait()

    def test_only_its_own_origin_gets_it(self):
        """A redirect to another server takes nothing along."""
        other = Server(case.STAND_IN)
        self.addCleanup(other.stop)
        self.cli("key", "set", input=self.canary.encode())
        for status in (301, 302, 303, 307, 308):
            with self.subTest(status):
                self.server.script({"status": status, "headers": {"location": other.url + "/v2beta/x"}})
                self.assertNotEqual(self.generate("fox").code, DONE)
        self.assertEqual(other.log()["requests"], [])


if __name__ == "__main__":
    main()
