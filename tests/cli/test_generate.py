#!/usr/bin/env python3
# sfumato-cli generate: what comes out of it, and what it does with what was typed.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import pty
import select

import case
from case import *

MEMBERS = {"id", "file", "output", "prompt", "seed_asked", "seed_used", "unknown_words", "width", "height", "format",
           "size", "service", "model", "steps", "sampler", "price", "charge", "may_have_been_charged", "finish",
           "finish_word", "created", "duration", "request_id", "content_credentials", "favorite", "missing"}
ERROR_MEMBERS = {"code", "message", "title", "charge", "may_have_been_charged", "details", "field", "retry_after"}
HEADS = {"png": b"\x89PNG", "jpeg": b"\xff\xd8\xff", "webp": b"RIFF"}


class Success(case.Case):
    def test_prints_where_the_picture_is(self):
        run = self.generate("a red fox in snow")
        self.assert_code(run, DONE)
        self.assertEqual(run.out, self.pictures()[0] + "\n")
        self.assertEqual(run.err, "")
        self.assertIn("a red fox in snow", run.out)
        self.assert_posts(1)

    def test_formats(self):
        for name, head in HEADS.items():
            with self.subTest(name):
                run = self.generate("fox", "--format", name)
                self.assert_code(run, DONE)
                self.assertEqual(self.read(run.out.rstrip("\n"))[:len(head)], head)

    def test_json_is_one_object(self):
        run = self.generate("fox", "--json", "--seed", "343940597", "--aspect", "16:9", "--model", "sd3.5-medium")
        self.assert_code(run, DONE)
        self.assertEqual(run.err, "")
        answer = run.json
        self.assertEqual(set(answer), MEMBERS | {"pictures"})
        self.assertEqual(answer["pictures"], [{name: answer[name] for name in MEMBERS}])
        self.assertEqual(answer["file"], self.pictures()[0])
        self.assertEqual((answer["seed_asked"], answer["seed_used"]), (343940597, 343940597))
        self.assertEqual((answer["model"], answer["service"], answer["format"]), ("sd3.5-medium", "stability", "png"))
        self.assertEqual((answer["price"], answer["charge"], answer["may_have_been_charged"]), (3.5, "yes", False))
        self.assertEqual((answer["finish"], answer["output"]), ("success", None))
        self.assertEqual(answer["size"], os.path.getsize(answer["file"]))
        self.assertGreater(answer["width"], answer["height"])
        self.assertEqual(self.server.log()["bill"], 350)

    def test_random_seed_is_null(self):
        for arguments in ((), ("--seed", "0")):
            with self.subTest(arguments):
                answer = self.generate("fox", "--json", *arguments).json
                self.assertIsNone(answer["seed_asked"])
                self.assertIsInstance(answer["seed_used"], int)

    def test_a_seed_nobody_tells_is_null(self):
        self.server.script({"headers": {"seed": None}})
        self.assertIsNone(self.generate("fox", "--json").json["seed_used"])

    def test_largest_seed(self):
        self.assertEqual(self.generate("fox", "--json", "--seed", "4294967294").json["seed_used"], 4294967294)

    def test_several(self):
        run = self.generate("fox", "--json", "--count", "3")
        self.assert_code(run, DONE)
        self.assertEqual(set(run.json), {"pictures"})
        self.assertEqual(sorted(p["file"] for p in run.json["pictures"]), self.pictures())
        self.assertEqual(len(self.pictures()), 3)
        self.assert_posts(3)
        self.assertEqual(self.server.log()["bill"], 1950)

    def test_several_of_one_seed(self):
        """The same seed makes the same picture again, and costs again."""
        run = self.generate("fox", "--json", "--seed", "7", "--count", "3")
        self.assertEqual(sorted(p["seed_used"] for p in run.json["pictures"]), [7, 8, 9])

    def test_all_options_arrive(self):
        self.assert_code(self.generate("fox", "--negative", "blurry", "--model", "sd3.5-large", "--aspect", "16:9",
                                       "--seed", "7", "--style", "cinematic", "--guidance", "5.5", "--format", "webp",
                                       env={"LC_ALL": "de_DE.UTF-8"}), DONE)
        parts = {p["name"]: p.get("text") for p in self.server.log()["requests"][0]["parts"]}
        self.assertEqual(parts, {"prompt": "fox", "negative_prompt": "blurry", "model": "sd3.5-large",
                                 "mode": "text-to-image", "aspect_ratio": "16:9", "seed": "7",
                                 "style_preset": "cinematic", "cfg_scale": "5.5", "output_format": "webp"})

    def test_from_a_picture(self):
        first = self.generate("fox").out.rstrip("\n")
        run = self.generate("as a watercolour", "--image", first, "--strength", "0.6", "--aspect", "16:9")
        self.assert_code(run, DONE)
        self.assertIn("--aspect is not used", run.err)
        parts = {p["name"]: p.get("text") for p in self.server.log()["requests"][-1]["parts"]}
        self.assertEqual((parts["mode"], parts["strength"]), ("image-to-image", "0.6"))
        self.assertNotIn("aspect_ratio", parts)
        self.assertIn("image", parts)

    def test_prompt_from_standard_input(self):
        text = "a red fox,\n\tin “snow” ❄ 狐"
        run = self.generate("-", "--json", input=(text + "\n").encode())
        self.assert_code(run, DONE)
        self.assertEqual(self.server.log()["requests"][0]["parts"][0]["text"], text)
        self.assertEqual(run.json["prompt"], text)

    def test_prompt_in_any_locale(self):
        self.assert_code(self.generate("лиса в снегу", env={"LC_ALL": "C"}), DONE)
        self.assertEqual(self.server.log()["requests"][0]["parts"][0]["text"], "лиса в снегу")

    def test_prompt_that_looks_like_an_option(self):
        self.assert_code(self.cli("generate", "--url", self.server.url, "--", "--json"), DONE)
        self.assertEqual(self.server.log()["requests"][0]["parts"][0]["text"], "--json")

    def test_what_is_ignored_is_said(self):
        run = self.generate("fox", "--negative", "blurry", "--model", "sd3.5-flash")
        self.assert_code(run, DONE)
        self.assertIn("ignores a negative prompt", run.err)

    def test_debug_messages_stay_off_standard_output(self):
        run = self.generate("fox", "--json", env={"G_MESSAGES_DEBUG": "all"})
        self.assertEqual(run.json["finish"], "success")

    def test_two_at_once(self):
        processes = [self.start("generate", f"fox {i}", "--url", self.server.url) for i in range(4)]
        self.assertEqual([self.finish(p).code for p in processes], [DONE] * 4)
        self.assertEqual(len(self.pictures()), 4)
        self.assertEqual(len(self.cli("list").out.splitlines()), 4)
        self.assert_posts(4)


class Output(case.Case):
    def test_standard_output_carries_the_picture_only(self):
        run = self.generate("fox", "--output", "-")
        self.assert_code(run, DONE)
        self.assertEqual(run.bytes, self.read(self.pictures()[0]))
        self.assertEqual(run.err, "")

    def test_a_file(self):
        run = self.generate("fox", "--output", self.path("fox.png"), "--json")
        self.assert_code(run, DONE)
        self.assertEqual(run.json["output"], self.path("fox.png"))
        self.assertEqual(self.read(self.path("fox.png")), self.read(run.json["file"]))
        self.assertEqual(os.listdir(self.folder("out")), ["fox.png"])
        self.assertEqual(os.stat(self.path("fox.png")).st_mode & 0o777, 0o666 & ~current_umask())

    def test_relative_path_and_format_by_name(self):
        run = self.generate("fox", "--output", "fox.jpg", cwd=self.folder("out"))
        self.assertEqual(run.out, "fox.jpg\n")
        self.assertEqual(self.read(self.path("fox.jpg"))[:3], HEADS["jpeg"])

    def test_a_folder(self):
        run = self.generate("fox", "--output", self.folder("out"), "--count", "2")
        self.assert_code(run, DONE)
        self.assertEqual(sorted(os.listdir(self.folder("out"))), [os.path.basename(p) for p in self.pictures()])

    def test_several(self):
        run = self.generate("fox", "--output", self.path("fox.png"), "--count", "3")
        self.assert_code(run, DONE)
        self.assertEqual(run.out.splitlines(), [self.path(n) for n in ("fox.png", "fox-2.png", "fox-3.png")])
        self.assertEqual(sorted(os.listdir(self.folder("out"))), ["fox-2.png", "fox-3.png", "fox.png"])

    def test_nothing_is_overwritten_without_force(self):
        self.write(self.path("fox.png"))
        os.symlink("/nowhere", self.path("link.png"))
        for arguments in (("fox.png",), ("link.png",), ("fox.png", "--count", "2")):
            with self.subTest(arguments):
                run = self.generate("fox", "--output", self.path(arguments[0]), *arguments[1:])
                self.assert_code(run, STORAGE)
                self.assertIn("exists already", run.err)
                self.assertIn("Nothing was sent", run.err)
        self.assert_nothing_sent()
        self.assertEqual(self.read(self.path("fox.png")), b"something")
        self.assert_code(self.generate("fox", "--output", self.path("fox.png"), "--force"), DONE)
        self.assertEqual(self.read(self.path("fox.png")), self.read(self.pictures()[0]))

    def test_a_device_is_written_into(self):
        self.assert_code(self.generate("fox", "--output", "/dev/null", "--force"), DONE)
        self.assertFalse(os.path.isfile("/dev/null"))

    def test_a_folder_that_is_not_there_is_said_before(self):
        run = self.generate("fox", "--output", self.path("no/fox.png"), "--json")
        self.assert_code(run, STORAGE)
        self.assertEqual((run.error["code"], run.error["charge"]), ("storage", "no"))
        self.assert_nothing_sent()

    def test_what_cannot_be_written_is_in_the_gallery(self):
        for arguments in (("--output", "/dev/full"), ("--output", "-")):
            with self.subTest(arguments), open("/dev/full", "wb") as full:
                run = self.generate("fox", *arguments, stdout=full if arguments[1] == "-" else -1)
                self.assert_code(run, STORAGE)
                self.assertIn("No space left", run.err)
                self.assertIn(f"in your gallery: {self.gallery}", run.err)
        self.assertEqual(len(self.pictures()), 2)

    def test_what_cannot_be_said_where_it_should_be_is_said_elsewhere(self):
        """Whoever does not hear of a picture asks for it again, and pays again."""
        for arguments in ((), ("--json",)):
            with self.subTest(arguments), open("/dev/full", "wb") as full:
                run = self.generate("fox", *arguments, stdout=full)
                self.assert_code(run, STORAGE)
                self.assertIn(f"\n{self.gallery}/", run.err)
                self.server.script({"fault": "close"})
                run = self.generate("fox", *arguments, stdout=full)
                self.assert_code(run, NETWORK)
                self.assertEqual(run.err.count("may have been charged"), 1)
                run = self.generate("fox", "--aspect", "7:3", *arguments, stdout=full)
                self.assert_code(run, INVALID)
                self.assertIn("7:3", run.err)

    def test_closed_standard_output(self):
        run = self.cli("generate", "fox", "--url", self.server.url, stdout=None,
                       preexec_fn=lambda: os.close(1))
        self.assert_code(run, STORAGE)
        self.assertIn("Standard output cannot be written to", run.err)
        self.assertEqual(len(self.pictures()), 1)

    def test_broken_pipe(self):
        reader, writer = os.pipe()
        os.close(reader)
        run = self.generate("fox", "--output", "-", stdout=writer)
        os.close(writer)
        self.assert_code(run, STORAGE)
        self.assertIn("Broken pipe", run.err)
        self.assertEqual(len(self.pictures()), 1)


class Progress(case.Case):
    def test_on_a_terminal(self):
        terminal, other_end = pty.openpty()
        process = self.start_held("fox", "--json", stderr=other_end)
        os.close(other_end)
        seen = bytearray()
        wait_for(lambda: "Making the picture…" in self.drain(terminal, seen), "a word about the progress")
        self.server.release()
        self.assertEqual(self.finish(process).json["finish"], "success")
        self.assertTrue(self.drain(terminal, seen).endswith("\r\033[K"))
        os.close(terminal)

    def drain(self, terminal, seen):
        """Everything that has been written to it so far."""
        while select.select([terminal], [], [], 0)[0]:
            try:
                seen += os.read(terminal, 65536)
            except OSError:   # the other end is closed
                break
        return seen.decode(errors="replace")

    def test_no_picture_on_a_terminal(self):
        terminal, other_end = pty.openpty()
        run = self.generate("fox", "--output", "-", stdout=other_end)
        os.close(other_end)
        self.assert_code(run, MISUSE)
        self.assertIn("is a terminal", run.err)
        self.assertEqual(self.drain(terminal, bytearray()), "")
        os.close(terminal)
        self.assert_nothing_sent()

    def test_not_in_a_pipe(self):
        process = self.start_held("fox")
        self.server.release()
        self.assertEqual(self.finish(process).err, "")


class Misuse(case.Case):
    key = False

    # Arguments besides the prompt, what is said, and the field it is about.
    INVALID_REQUESTS = [
        (("--seed", "1e9"), "not a number for --seed", "seed"),
        (("--seed", "-5"), "not a number for --seed", "seed"),
        (("--seed", " 12"), "not a number for --seed", "seed"),
        (("--seed", "12 "), "not a number for --seed", "seed"),
        (("--seed", "+12"), "not a number for --seed", "seed"),
        (("--seed", "0x10"), "not a number for --seed", "seed"),
        (("--seed", ""), "not a number for --seed", "seed"),
        (("--seed", "12٣"), "not a number for --seed", "seed"),
        (("--seed", "4294967295"), "from 0 to 4294967294", "seed"),
        (("--seed", "9" * 400), "from 0 to 4294967294", "seed"),
        (("--count", "0"), "from 1 to 10", "count"),
        (("--count", "11"), "from 1 to 10", "count"),
        (("--count", "-1"), "from 1 to 10", "count"),
        (("--count", "2.5"), "not a number for --count", "count"),
        (("--guidance", "0"), "between 1 and 10", "guidance"),
        (("--guidance", "10.1"), "between 1 and 10", "guidance"),
        (("--guidance", "4,5"), "with a point", "guidance"),
        (("--guidance", "nan"), "with a point", "guidance"),
        (("--guidance", "inf"), "with a point", "guidance"),
        (("--guidance", "1e1"), "with a point", "guidance"),
        (("--guidance", "."), "with a point", "guidance"),
        (("--guidance", "5 "), "with a point", "guidance"),
        (("--guidance", "9" * 400), "with a point", "guidance"),
        (("--steps", "5"), "no steps to set", "steps"),
        (("--model", "sd9"), "There is no model “sd9”", "model"),
        (("--model", "core", "--guidance", "5"), "no guidance", "guidance"),
        (("--aspect", "16x9"), "no aspect ratio “16x9”", "aspect_ratio"),
        (("--style", "baroque"), "no style “baroque”", "style"),
        (("--format", "gif"), "“gif”", "format"),
        (("--negative", b"\xff"), "not valid UTF-8", "negative_prompt"),
        (("--model", b"\xff"), "not valid UTF-8", "model"),
        (("--style", b"\xc3"), "not valid UTF-8", "style"),
        (("--image", "/etc/passwd"), "not a picture", None),
        (("--image", "PICTURE", "--strength", "0,5"), "with a point", "strength"),
        (("--image", "PICTURE", "--strength", "1.5"), "between 0 and 1", "strength"),
        (("--image", "PICTURE", "--strength", "-1"), "with a point", "strength"),
        (("--image", "PICTURE", "--model", "core"), "cannot start from", "input"),
        (("--image", "CUT"), "", None),
        (("--image", "EMPTY"), "not a picture", None),
    ]

    def setUp(self):
        super().setUp()
        self.cli("key", "set", input=KEY.encode())
        png = self.png()
        self.files = {"PICTURE": self.write(self.path("picture.png"), png), "EMPTY": self.write(self.path("empty"), b""),
                      "CUT": self.write(self.path("cut.png"), png[:len(png) // 2])}

    def png(self):
        from server import opener
        import urllib.request
        form = "".join(f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in
                       (("prompt", "x"), ("model", "sd3.5-large"), ("mode", "text-to-image"), ("output_format", "png")))
        request = urllib.request.Request(
            self.server.url + "/v2beta/stable-image/generate/sd3", (form + "--b--\r\n").encode(),
            {"Authorization": "Bearer " + KEY, "Accept": "image/*", "Content-Type": "multipart/form-data; boundary=b"})
        with opener.open(request, timeout=20) as answer:
            png = answer.read()
        self.server.script(reset=True)
        return png

    def test_requests_no_model_takes(self):
        """Which is said before anybody is asked for a key."""
        no_keyring = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
        for arguments, said, field in self.INVALID_REQUESTS:
            arguments = [self.files.get(a, a) if isinstance(a, str) else a for a in arguments]
            with self.subTest(arguments):
                run = self.generate("fox", "--json", *arguments, env=no_keyring)
                self.assert_code(run, INVALID)
                self.assertEqual(set(run.error), ERROR_MEMBERS)
                self.assertIn(said, run.error["message"])
                self.assertEqual((run.error["code"], run.error["charge"]), ("invalid", "no"))
                if field:
                    self.assertEqual(run.error["field"], field)
        self.assert_nothing_sent()

    def test_prompts_no_model_takes(self):
        for prompt, said in (("", "prompt is empty"), (" \n\t", "prompt is empty"), ("x" * 10001, "10001 characters"),
                             (b"\xff\xfe", "not valid UTF-8")):
            with self.subTest(prompt[:10]):
                run = self.generate(prompt)
                self.assert_code(run, INVALID)
                self.assertIn(said, run.err)
        for text in (b"\xff", b"a\0b"):
            with self.subTest(text):
                self.assert_code(self.generate("-", input=text), INVALID)
        self.assert_nothing_sent()

    def test_command_lines_not_understood(self):
        for arguments, said in (((), "A prompt is missing"), (("a", "fox"), "in quotes"),
                                (("fox", "--strength", "0.5"), "needs --image"), (("fox", "--bogus"), "--bogus"),
                                (("fox", "--output", "-", "--count", "2"), "one picture only"),
                                (("fox", "--output", ""), "--output is empty"), (("fox", "-x"), "-x")):
            with self.subTest(arguments):
                run = self.generate(*arguments)
                self.assert_code(run, MISUSE)
                self.assertIn(said, run.err)
                self.assertEqual(run.out, "")
        run = self.generate("fox", "--output", "-", "--json")
        self.assert_code(run, MISUSE)
        self.assertEqual(run.error["code"], "misuse")
        self.assert_code(self.generate("fox", "--json", "--bogus"), MISUSE)
        self.assertIn("--seed", self.cli("generate", "fox", "--seed").err)
        self.assert_nothing_sent()

    def test_input_that_cannot_be_read(self):
        os.mkfifo(self.path("fifo"))
        for path in ("/", "/nonexistent.png", "/dev/zero", self.path("fifo"), self.path("picture.png/x")):
            with self.subTest(path):
                run = self.generate("fox", "--image", path)
                self.assert_code(run, STORAGE)
                self.assertIn("cannot be read", run.err)
        self.assert_nothing_sent()

    def test_addresses_a_key_is_not_sent_to(self):
        for url in ("http://example.com", "ftp://127.0.0.1", "https://user:word@example.com", "nonsense",
                    "https://example.com/?key=1"):
            with self.subTest(url):
                self.assert_code(self.cli("generate", "fox", "--url", url), INVALID)
        for url in ("", b"\xff"):
            with self.subTest(url):
                self.assert_code(self.cli("generate", "fox", "--url", url), MISUSE)


def current_umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


if __name__ == "__main__":
    main()
