#!/usr/bin/env python3
# sfumato-cli beside generate: pictures, keys, models, help and completion.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import termios

import case
from case import *

COMMANDS = ("generate", "list", "search", "show", "delete", "queue", "key", "balance", "models")
SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "src", "cli")


class Pictures(case.Case):
    def setUp(self):
        super().setUp()
        for prompt, model in (("a red fox", "sd3.5-large"), ("a blue fox", "core"), ("ein grüner Bär", "sd3.5-flash")):
            self.assert_code(self.generate(prompt, "--model", model), DONE)

    def prompts(self, *arguments):
        return [p["prompt"] for p in self.cli(*arguments, "--json").json["pictures"]]

    def test_list(self):
        self.assertEqual(self.prompts("list"), ["ein grüner Bär", "a blue fox", "a red fox"])
        self.assertEqual(self.prompts("list", "--limit", "1"), ["ein grüner Bär"])
        self.assertEqual(self.cli("list", "--limit", "1", "--json").json["found"], 3)
        lines = self.cli("list").out.splitlines()
        ids = [p["id"] for p in self.cli("list", "--json").json["pictures"]]
        self.assertEqual([line.split("  ", 1)[0] for line in lines], ids)
        self.assertEqual({line.split("  ", 1)[1] for line in lines}, {os.path.basename(p) for p in self.pictures()})

    def test_search(self):
        for words, found in ((("fox",), ["a blue fox", "a red fox"]), (("FOX", "re"), ["a red fox"]),
                             (("gruner",), ["ein grüner Bär"]), (("model:core",), ["a blue fox"]), (("unicorn",), []),
                             (("fox\"", "'x"), [])):
            with self.subTest(words):
                self.assertEqual(self.prompts("search", *words), found)
        self.assertEqual(self.cli("search", "unicorn").out, "")
        self.assert_code(self.cli("search", "unicorn"), DONE)
        self.assert_code(self.cli("search", b"\xff"), INVALID)

    def test_show(self):
        path = self.cli("list", "--json").json["pictures"][2]["file"]
        by_path = self.cli("show", path, "--json").json
        self.assertEqual((by_path["prompt"], by_path["request"]["model"]), ("a red fox", "sd3.5-large"))
        for which in (by_path["id"], os.path.basename(path)):
            self.assertEqual(self.cli("show", which, "--json").json, by_path)
        beside = os.path.join("..", os.path.basename(self.gallery), os.path.basename(path))
        self.assertEqual(self.cli("show", beside, "--json", cwd=self.gallery).json, by_path)
        text = self.cli("show", path).out
        for fact in (path, by_path["id"], "a red fox", str(by_path["seed_used"]), "sd3.5-large", "6.5 credits"):
            self.assertIn(fact, text)
        for which in ("nothing", "/etc/passwd", "", b"\xff"):
            with self.subTest(which):
                self.assert_code(self.cli("show", which), STORAGE)

    def test_delete(self):
        pictures = self.cli("list", "--json").json["pictures"]
        self.assert_code(self.cli("delete", pictures[0]["id"], "nothing"), STORAGE)
        self.assertEqual(len(self.pictures()), 3)
        run = self.cli("delete", pictures[0]["id"], os.path.basename(pictures[1]["file"]), "--json")
        self.assert_code(run, DONE)
        self.assertEqual([p["id"] for p in run.json["deleted"]], [p["id"] for p in pictures[:2]])
        self.assertEqual(self.pictures(), [pictures[2]["file"]])
        self.assertEqual(self.prompts("list"), ["a red fox"])
        trash = os.listdir(os.path.join(self.env["XDG_DATA_HOME"], "Trash", "files"))
        self.assertIn(os.path.basename(pictures[0]["file"]), trash)

    def test_delete_named_twice(self):
        picture = self.cli("list", "--json").json["pictures"][0]
        run = self.cli("delete", picture["id"], picture["file"], picture["id"], "--json")
        self.assert_code(run, DONE)
        self.assertEqual([p["id"] for p in run.json["deleted"]], [picture["id"]])
        self.assertEqual(len(self.pictures()), 2)

    def test_a_reader_that_goes_away(self):
        reader, writer = os.pipe()
        os.close(reader)
        run = self.cli("list", stdout=writer)
        os.close(writer)
        self.assertEqual(run.err, "")
        self.assertNotEqual(run.code, DONE)

    def test_a_full_disk(self):
        with open("/dev/full", "wb") as full:
            run = self.cli("list", stdout=full)
        self.assert_code(run, STORAGE)
        self.assertIn("No space left", run.err)

    def test_names_from_outside_command_no_terminal(self):
        os.rename(self.pictures()[0], os.path.join(self.gallery, "a\x1b[31mred.png"))
        terminal, other_end = pty.openpty()
        self.assert_code(self.cli("list", stdout=other_end), DONE)
        os.close(other_end)
        self.assertNotIn(b"\x1b", os.read(terminal, 65536))
        os.close(terminal)


class Account(case.Case):
    key = False

    def test_key(self):
        self.assert_code(self.cli("key", "check", "--url", self.server.url), UNAUTHORISED)
        run = self.cli("key", "set", "stability", "--json", input=f"  Bearer {KEY}\n".encode())
        self.assert_code(run, DONE)
        self.assertEqual(run.json, {"service": "stability", "key": "stored"})
        run = self.cli("key", "check", "--url", self.server.url, "--json")
        self.assertEqual(run.json, {"service": "stability", "accepted": True, "credits": 1000})
        self.assertEqual(self.cli("key", "forget", "--json").json, {"service": "stability", "key": "forgotten"})
        self.assert_code(self.cli("key", "check", "--url", self.server.url), UNAUTHORISED)
        self.assert_code(self.cli("key", "forget"), DONE)

    def test_wrong_key_stays(self):
        self.cli("key", "set", input=b"sk-wrong")
        for _ in range(2):
            run = self.cli("key", "check", "--url", self.server.url, "--json")
            self.assert_code(run, UNAUTHORISED)
            self.assertNotIn("none yet", run.error["message"])

    def test_what_is_no_key(self):
        for text in (b"", b"\n", b"two words", b"sk-\xff", b"sk-\0x", b"k" * 513, b"k" * 100000):
            with self.subTest(text[:20]):
                self.assert_code(self.cli("key", "set", input=text), UNAUTHORISED)
        self.assert_code(self.cli("key", "check", "--url", self.server.url), UNAUTHORISED)

    def test_a_key_is_no_argument(self):
        for arguments in (("set", "stability", "sk-secret"), ("sk-secret",), ("set", "sk-secret"), ()):
            with self.subTest(arguments):
                run = self.cli("key", *arguments, input=b"sk-any")
                self.assertIn(run.code, (MISUSE, INVALID))
                self.assertNotIn("sk-secret", run.err + run.out)

    def test_balance(self):
        self.cli("key", "set", input=KEY.encode())
        self.server.script(credits=7.9)
        self.assertEqual(self.cli("balance", "--url", self.server.url).out, "7.9 credits\n")
        self.assertEqual(self.cli("balance", "--url", self.server.url, "--json").json["credits"], 7.9)
        self.server.stop()
        self.assert_code(self.cli("balance", "--url", self.server.url), NETWORK)


class Prompt(case.Case):
    """A key typed on a terminal."""
    key = False

    def open_terminal(self, *arguments):
        self.terminal, other_end = pty.openpty()
        self.addCleanup(os.close, self.terminal)
        process = self.start(*(arguments or ("key", "set")), stdin=other_end, stderr=other_end)
        os.close(other_end)
        self.seen = b""
        wait_for(lambda: b"Key for Stability AI" in self.drain() and not self.echoes(), "the prompt")
        return process

    def drain(self):
        while select.select([self.terminal], [], [], 0)[0]:
            try:
                self.seen += os.read(self.terminal, 65536)
            except OSError:   # the other end is closed
                break
        return self.seen

    def echoes(self):
        return bool(termios.tcgetattr(self.terminal)[3] & termios.ECHO)

    def test_typed_unseen(self):
        process = self.open_terminal()
        os.write(self.terminal, KEY.encode() + b"\n")
        self.assert_code(self.finish(process), DONE)
        self.assertNotIn(KEY.encode(), self.drain())
        self.assertTrue(self.echoes())
        self.assert_code(self.cli("key", "check", "--url", self.server.url), DONE)

    def test_asked_for_where_there_is_no_keyring_and_not_kept(self):
        self.session.set_keyring("none")
        process = self.open_terminal("generate", "a red fox", "--url", self.server.url)
        os.write(self.terminal, KEY.encode() + b"\n")
        self.assert_code(self.finish(process), DONE)
        self.assertIn(b"no keyring", self.drain())
        self.assertIn(b"not stored", self.drain())
        self.assertNotIn(KEY.encode(), self.drain())
        self.assertEqual(len(self.pictures()), 1)
        self.assert_code(self.cli("key", "check", "--url", self.server.url), UNAUTHORISED)

    def test_not_asked_for_where_a_program_listens(self):
        self.session.set_keyring("none")
        terminal, other_end = pty.openpty()
        self.addCleanup(os.close, terminal)
        process = self.start("generate", "a red fox", "--url", self.server.url, "--json", stdin=other_end, stderr=other_end)
        os.close(other_end)
        run = self.finish(process)
        self.assert_code(run, UNAUTHORISED)
        self.assertIn("--key-stdin", run.json["error"]["message"])

    def test_interrupted(self):
        for how in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(how):
                process = self.open_terminal()
                process.send_signal(how)
                self.assert_code(self.finish(process), CANCELLED)
                self.assertTrue(self.echoes())
                self.assertIn(b"Nothing was stored", self.drain())


class Help(case.Case):
    key = False
    keyring = "none"

    def test_help(self):
        text = self.cli("--help").out
        for command in COMMANDS:
            self.assertRegex(text, rf"\n  {command} ")
            one = self.cli(command, "--help")
            self.assert_code(one, DONE)
            self.assertTrue(one.out.startswith(f"Usage:\n  sfumato-cli {command}"), one)
            self.assertIn(f"\n  sfumato-cli {command}", one.out.split("Examples:")[1])
            self.assertEqual(self.cli("help", command).out, one.out)
            self.assertEqual(one.err, "")
        self.assertLess(max(map(len, text.splitlines())), 121)

    def test_statuses_are_the_ones_of_the_table(self):
        with open(os.path.join(SOURCES, "sfumato-cli.h"), encoding="utf-8") as file:
            numbers = sorted(map(int, re.findall(r"SFUMATO_EXIT_\w+ = (\d+)", file.read())))
        with open(os.path.join(SOURCES, "..", "..", "README.md"), encoding="utf-8") as file:
            readme = re.findall(r"^\| (\d+) \| (.*) \|$", file.read(), re.MULTILINE)
        told = re.findall(r"^ +(\d+)  (.*)$", self.cli("--help").out, re.MULTILINE)
        self.assertEqual(sorted(int(n) for n, _ in told), numbers)
        self.assertEqual(readme, told)

    def test_version(self):
        self.assertRegex(self.cli("--version").out, r"^sfumato-cli \d+\.\d+\.\d+\n$")

    def test_not_understood(self):
        for arguments in ((), ("frobnicate",), ("--frob",), ("list", "fox"), ("search",), ("show",), ("show", "a", "b"),
                          ("delete",), ("queue", "frob"), ("queue", "remove"), ("queue", "remove", "a", "b"), ("models", "x"),
                          ("balance", "a", "b"), ("list", "--limit"), ("list", "--url", "x")):
            with self.subTest(arguments):
                run = self.cli(*arguments)
                self.assert_code(run, MISUSE)
                self.assertTrue(run.err.startswith("sfumato-cli: "), run)
                self.assertEqual(run.out, "")
                run = self.cli(*arguments, "--json")
                if arguments[:1] != ("list",) or "--limit" not in arguments:
                    self.assert_code(run, MISUSE)
                    self.assertEqual(run.error["code"], "misuse")
        self.assert_code(self.cli("list", "--limit", "many"), INVALID)
        self.assert_code(self.cli("balance", "nobody"), INVALID)

    def test_models(self):
        models = self.cli("models", "--json").json["models"]
        self.assertEqual([m["id"] for m in models],
                         ["sd3.5-large", "sd3.5-large-turbo", "sd3.5-medium", "sd3.5-flash", "core", "ultra"])
        self.assertEqual([m["price"] for m in models], [6.5, 4, 3.5, 2.5, 3, 8])
        text = self.cli("models").out
        self.assertEqual([line.split()[0] for line in text.splitlines()], [m["id"] for m in models])


class Completion(case.Case):
    key = False
    keyring = "none"

    def complete(self, *words):
        """What the file offers for the last word; the library around it is a sketch, and starts nothing."""
        script = f"""
          _get_comp_words_by_ref () {{ words=({' '.join(map(shlex.quote, words))}); cword={len(words) - 1}
            cur=${{words[cword]}}; prev=${{words[cword-1]}}; }}
          __ltrim_colon_completions () {{ :; }}
          _filedir () {{ COMPREPLY=(files); }}
          PATH=/nonexistent
          source {shlex.quote(os.path.join(SOURCES, 'sfumato-cli.bash'))}
          _sfumato_cli; printf '%s\\n' "${{COMPREPLY[@]}}" """
        run = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=20)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return run.stdout.split()

    def test_words_are_those_of_the_program(self):
        models = self.cli("models", "--json").json["models"]
        aspects, styles, formats = ([w for w in models[0][n]] for n in ("aspect_ratios", "styles", "formats"))
        for words, offered in ((("",), [*COMMANDS, "help", "--help", "--version"]),
                               (("generate", "--model", ""), [m["id"] for m in models] + ["starter"]),
                               (("generate", "--model", "sd3.5-l"), ["sd3.5-large", "sd3.5-large-turbo"]),
                               (("generate", "--format", "=", "w"), ["webp"]), (("generate", "-f", "="), formats),
                               (("generate", "--aspect", "16:"), ["16:9"]), (("generate", "-a", ""), aspects),
                               (("generate", "--style", ""), styles), (("generate", "-f", ""), formats),
                               (("generate", "--image", ""), ["files"]), (("generate", "--seed", ""), []),
                               (("key", ""), ["set", "check", "forget"]), (("key", "set", ""), ["stability"]),
                               (("models", ""), ["list", "add", "show", "remove"]), (("models", "add", ""), ["files"]),
                               (("models", "add", "a", ""), ["files"]), (("models", "show", "a", ""), []),
                               (("generate", "--sampler", ""), ["euler", "heun", "dpmpp-2m"]),
                               (("queue", "se"), ["send-again"]), (("help", "mod"), ["models"]),
                               (("generate", "fox", ""), [])):
            with self.subTest(words):
                self.assertEqual(self.complete("sfumato-cli", *words), offered)

    def test_options_are_those_of_the_program(self):
        for command in COMMANDS:
            with self.subTest(command):
                told = set(re.findall(r"(--[a-z-]+)[=\s]", self.cli(command, "--help").out.split("Options:")[1]
                                      .split("Examples:")[0]))
                self.assertEqual(set(self.complete("sfumato-cli", command, "--")), told)


if __name__ == "__main__":
    main()
