#!/usr/bin/env python3
# sfumato-cli with models on this computer: installing them, and pictures made with them. The helper is a stand-in.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import pty
import signal
import struct
import subprocess

import case
from case import *

ENGINE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support", "engine-stand-in")


class Local(case.Case):
    key = False

    def setUp(self):
        super().setUp()
        self.env["SFUMATO_ENGINE"] = ENGINE
        self.env["ENGINE_STAND_IN_LOG"] = self.log = os.path.join(self.session.folder, "engine.log")

    def model(self, name="sd3.5_medium.safetensors", content="{}"):
        return self.write(self.path(name), content.encode())

    def add(self, *arguments):
        run = self.cli("models", "add", self.model(), *arguments, "--json")
        self.assert_code(run, DONE)
        return run.json

    def started(self):
        if not os.path.exists(self.log):
            return []
        with open(self.log, encoding="utf-8") as f:
            return [int(line.split()[0]) for line in f if line.split()[1] == "start"]

    def assert_none_left(self):
        for pid in self.started():
            with self.assertRaises(ProcessLookupError):
                os.kill(pid, 0)


class Models(Local):
    def test_add_show_and_remove(self):
        added = self.add()
        self.assertEqual(added["id"], "local-sd-3.5-medium")
        self.assertEqual((added["name"], added["variant"], added["price"]), ("SD 3.5 Medium", "sd3.5-medium", 0))
        self.assertEqual(added["paths"], [self.path("sd3.5_medium.safetensors")])
        self.assertEqual(added["steps"], {"min": 1, "max": 100, "default": 28})
        self.assertEqual(added["samplers"], ["euler", "heun", "dpmpp-2m"])
        self.assertEqual(added["sizes"], [512, 768, 1024, 1280, 1408])
        self.assertFalse(added["leaves_computer"])
        self.assertEqual(self.cli("models", "--json").json["models"][-1]["id"], added["id"])
        self.assertIn("local-sd-3.5-medium  Free", self.cli("models", "list").out)
        self.assertEqual(self.cli("models", "show", "SD 3.5 Medium", "--json").json, added)
        shown = self.cli("models", "show", added["id"]).out
        for words in ("SD 3.5 Medium", "6.0\u00a0GiB", "Stability AI Community License", added["paths"][0]):
            self.assertIn(words, shown)
        removed = self.cli("models", "remove", added["id"], "--json")
        self.assert_code(removed, DONE)
        self.assertEqual(removed.json, {"removed": added["id"]})
        self.assertTrue(os.path.exists(added["paths"][0]))
        self.assert_code(self.cli("models", "show", added["id"]), INVALID)
        self.assert_none_left()

    def test_named_and_relative(self):
        self.model()
        run = self.cli("models", "add", "sd3.5_medium.safetensors", "--name", "Füchse", "--json", cwd=self.folder("out"))
        self.assertEqual((run.json["id"], run.json["name"]), ("local-fuchse", "Füchse"))
        self.assertEqual(run.json["paths"], [self.path("sd3.5_medium.safetensors")])

    def test_turbo(self):
        large = self.model("large.safetensors", '{"variant":"sd3.5-large","may_be_turbo":true}')
        asked = self.cli("models", "add", large)
        self.assert_code(asked, DONE)
        self.assertIn("--turbo", asked.err)
        told = self.cli("models", "add", large, "--turbo", "--json").json
        self.assertEqual((told["name"], told["variant"], told["steps"]["default"]),
                         ("SD 3.5 Large Turbo", "sd3.5-large-turbo", 4))
        self.assertFalse(told["negative_prompt"])

    def test_what_is_no_model(self):
        broken = self.model("broken.safetensors", "not what it says")
        missing = self.model("missing.safetensors", '{"load":"error"}')
        for path, code, words in ((broken, 11, "no model"), (missing, 11, "CLIP-G is missing"),
                                  ("/no/such/file", INVALID, "is not there")):
            with self.subTest(path):
                run = self.cli("models", "add", path, "--json")
                self.assert_code(run, code)
                self.assertIn(words, run.error["message"])
        self.assert_code(self.cli("models", "add"), MISUSE)
        self.assert_code(self.cli("models", "frobnicate"), MISUSE)
        self.assert_code(self.cli("models", "list", "--turbo"), MISUSE)
        self.assertEqual(len(self.cli("models", "--json").json["models"]), 6)


class Pictures(Local):
    def test_generate(self):
        model = self.add()
        run = self.cli("generate", "a red fox", "--model", model["id"], "--steps", "12", "--sampler", "heun", "--size", "512",
                       "--aspect", "16:9", "--guidance", "3", "--seed", "7", "--output", self.path("fox.png"), "--json")
        self.assert_code(run, DONE)
        made = run.json
        self.assertEqual((made["service"], made["model"], made["price"], made["charge"]), ("local", model["id"], 0, "no"))
        self.assertEqual((made["width"], made["height"], made["seed_used"]), (704, 384, 7))
        self.assertEqual((made["steps"], made["sampler"]), (12, "heun"))
        self.assertFalse(made["may_have_been_charged"])
        data = self.read(self.path("fox.png"))
        self.assertEqual(struct.unpack(">II", data[16:24]), (704, 384))
        self.assertIn(b"parameters\0a red fox\nSteps: 12, Sampler: Heun, CFG scale: 3, Seed: 7, Size: 704x384", data)
        shown = self.cli("show", made["id"], "--json").json
        self.assertEqual({k: shown["request"][k] for k in ("steps", "sampler", "size", "guidance")},
                         {"steps": 12, "sampler": "heun", "size": 512, "guidance": 3})
        words = self.cli("show", made["id"]).out
        self.assertRegex(words, r"\nSteps +12\n")
        self.assertRegex(words, r"\nSampler +heun\n")
        self.assert_none_left()
        self.assert_posts(0)

    def test_the_one_there_is(self):
        """Before a service was chosen, a model that is here is what costs nothing."""
        model = self.add()
        run = self.cli("generate", "a red fox", "--size", "512", "--count", "2", "--json")
        self.assert_code(run, DONE)
        self.assertEqual([p["model"] for p in run.json["pictures"]], [model["id"]] * 2)
        self.assertEqual([(p["steps"], p["sampler"]) for p in run.json["pictures"]], [(28, "euler")] * 2)   # of the model
        self.assertEqual(len(self.started()), 2)    # one looked at the model, one made both

    def test_neither_key_nor_model(self):
        run = self.generate("a red fox")
        self.assert_code(run, UNAUTHORISED)
        self.assertIn("key set stability", run.err)
        self.assertIn("models add", run.err)

    def test_not_taken(self):
        model = self.add()["id"]
        for arguments, field in ((("--steps", "101"), "steps"), (("--steps", "0"), "steps"), (("--sampler", "magic"), "sampler"),
                                 (("--size", "700"), "size"), (("--size", "x"), "size"), (("--format", "webp"), "format"),
                                 (("--style", "anime"), "style"), (("--guidance", "0"), "guidance")):
            with self.subTest(arguments):
                run = self.cli("generate", "a fox", "--model", model, *arguments, "--json")
                self.assert_code(run, INVALID)
                self.assertEqual(run.error["field"], field)
        for option, value in (("--steps", "10"), ("--sampler", "euler"), ("--size", "512")):
            with self.subTest(option):
                run = self.generate("a fox", "--model", "core", option, value, "--json")
                self.assert_code(run, INVALID)
                self.assertEqual(run.error["field"], option[2:])
        self.assert_nothing_sent()

    def test_failures(self):
        self.add()
        for prompt, code, words in (("crash", 11, "ended unexpectedly"), ("garbage", 11, "cannot be understood"),
                                    ("memory", 11, "not enough memory"), ("numbers", 11, "another seed"),
                                    ("request", INVALID, "does not take")):
            with self.subTest(prompt):
                run = self.cli("generate", prompt, "--size", "512", "--json")
                self.assert_code(run, code)
                self.assertIn(words, run.error["message"])
                self.assertFalse(run.error["may_have_been_charged"])
        self.assertEqual(self.pictures(), [])
        self.assert_none_left()

    def test_cut_prompt_is_said(self):
        self.add()
        made = self.cli("generate", "clip", "--size", "512", "--json").json
        self.assertEqual(made["finish"], "other")
        self.assertIn("left out", made["finish_word"])
        self.assertIn("left out", self.cli("show", made["id"]).out)

    def test_interrupted(self):
        self.add()
        for prompt in ("wait", "hang"):
            with self.subTest(prompt):
                begun = len(self.started())
                process = self.start("generate", prompt, "--size", "512", "--json")
                wait_for(lambda: len(self.started()) > begun and "generate" in open(self.log, encoding="utf-8").read()
                         .splitlines()[-1], "the helper at work")
                process.send_signal(signal.SIGINT)
                run = self.finish(process, 20)
                self.assert_code(run, CANCELLED)
                self.assertFalse(run.error["may_have_been_charged"])
        self.assert_none_left()

    def test_killed(self):
        """Who dies takes the helper along, and what cost nothing is not said to have cost anything."""
        self.add()
        process = self.start("generate", "wait", "--size", "512")
        wait_for(lambda: "generate" in open(self.log, encoding="utf-8").read(), "the helper at work")
        process.kill()
        process.wait()
        wait_for(lambda: not os.path.exists(f"/proc/{self.started()[-1]}"), "the end of the helper")
        [job] = self.queue()
        self.assertEqual((job["state"], job["may_have_been_charged"]), ("waiting", False))

    def test_progress(self):
        self.add()
        ours, theirs = pty.openpty()
        process = self.start("generate", "slow fox", "--steps", "4", "--size", "512", stderr=theirs)
        os.close(theirs)
        said = b""
        while True:
            try:
                block = os.read(ours, 4096)
            except OSError:
                break
            if not block:
                break
            said += block
        os.close(ours)
        self.assertEqual(process.wait(20), DONE)
        self.assertIn("Step 2 of 4 · about 2 s left".encode(), said)

    def test_a_key_for_nothing(self):
        run = self.cli("key", "set", "local", input=b"sk-something", env={})
        self.assert_code(run, INVALID)
        self.assertIn("no key", run.err)


if __name__ == "__main__":
    main()
