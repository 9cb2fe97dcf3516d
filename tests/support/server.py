# The stand-in for Stability's service (stand-in.h) as a process of its own, told what to do over its control paths.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import subprocess
import urllib.request
from urllib.parse import urlsplit

KEY = "sk-test-0000"
# Never by way of the machine's proxy.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Server:
    def __init__(self, program, delay=0, scale=8):
        self.command = [program, "--until-eof", f"--delay={delay}", f"--scale={scale}"]
        self.process = None
        self.url = None
        self.start()

    def start(self):
        """Begins to listen, on the same port as before if it did once."""
        port = [f"--port={urlsplit(self.url).port}"] if self.url else []
        self.process = subprocess.Popen(self.command + port, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http://127.0.0.1:"), f"the stand-in said: {self.url!r}"

    def stop(self):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()

    def script(self, *answers, **members):
        """Orders for the next calls; see stand-in.h."""
        self._ask("/_script", dict(members, answers=list(answers)))

    def release(self):
        self._ask("/_release", {})

    def wait(self, posts, seconds=30):
        """Waits until so many pictures were asked for."""
        log = self._ask(f"/_wait?posts={posts}&seconds={seconds}")
        assert log["posts"] >= posts, f"{log['posts']} of {posts} requests arrived in {seconds} s"
        return log

    def log(self):
        return self._ask("/_log")

    def _ask(self, path, data=None):
        body = None if data is None else json.dumps(data).encode()
        with opener.open(urllib.request.Request(self.url + path, body), timeout=60) as answer:
            return json.loads(answer.read() or "null")
