#!/usr/bin/env python3
# sfumato-cli generate when something goes wrong: what is said, what it cost, and what is left behind.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import shutil
import signal
import subprocess
import time

import case
from case import *

HOMES = ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")
HTML = {"status": 200, "headers": {"content-type": "text/html"}, "body": "<html><b>Sign in</b></html>"}
LOST = {"fault": "close", "where": "request"}
CONCURRENT = 4  # pictures that are made at once
CUT = {"fault": "close", "where": "answer-body", "at": 100}


def refusal(status, name):
    return {"status": status, "body": {"id": "x", "name": name, "errors": ["told by the service"]}}


class Errors(case.Case):
    # Name, orders, exit status, code, charge, POSTs.
    TABLE = [
        ("not authorised", [refusal(401, "unauthorized")], UNAUTHORISED, "unauthorised", "no", 1),
        ("no credits", [refusal(402, "payment_required")], PAYMENT, "payment", "no", 1),
        ("moderated", [refusal(403, "content_moderation")], REFUSED, "refused", "no", 1),
        ("bad request", [refusal(400, "bad_request")], INVALID, "invalid", "no", 1),
        ("language", [refusal(422, "invalid_language")], None, None, "no", 1),
        ("too large", [refusal(413, "payload_too_large")], INVALID, "invalid", "no", 1),
        ("service error", [refusal(500, "internal_error")], SERVICE, "service", "no", 1),
        ("bad gateway", [{"status": 502, "body": "<html>no</html>"}], SERVICE, "service", "maybe", 1),
        ("lost", [LOST], NETWORK, "network", "maybe", 1),
        ("cut picture", [CUT], None, None, "maybe", 1),
        ("sign-in page", [HTML], None, None, None, 1),
        ("not a picture", [{"status": 200, "headers": {"content-type": "image/png"}, "body": "no"}], SERVICE, "service",
         "maybe", 1),
    ]

    def test_each_class(self):
        for name, orders, code, word, charge, posts in self.TABLE:
            with self.subTest(name):
                self.server.script(*orders, reset=True)
                run = self.generate("fox", "--json")
                error = run.error
                self.assertEqual(run.err, "")
                self.assertEqual(run.json["pictures"], [])
                self.assertNotEqual(run.code, DONE)
                if code is not None:
                    self.assertEqual((run.code, error["code"]), (code, word), run)
                if charge is not None:
                    self.assertEqual((error["charge"], error["may_have_been_charged"]), (charge, charge == "maybe"), run)
                self.assertTrue(error["message"].endswith("."), run)
                self.assertNotIn("<", error["message"])
                self.assert_posts(posts)
                self.assertEqual(self.queue(), [])
        self.assertEqual(self.pictures(), [])

    def test_in_words(self):
        self.server.script(LOST)
        run = self.generate("fox")
        self.assert_code(run, NETWORK)
        self.assertEqual(run.out, "")
        self.assertIn("may have been charged", run.err)

    def test_what_to_do(self):
        wait = {"status": 429, "headers": {"retry-after": "1"}, "times": -1}
        for order, said in ((refusal(400, "bad_request"), "Change the prompt or the settings."),
                            (refusal(403, "permission_denied"), "Use another key."),
                            (refusal(403, "something_new"), "look into your account"),
                            (refusal(418, "teapot"), "check the address"), ({"status": 504}, "Try again later."),
                            ({"status": 503, "headers": {"retry-after": "7"}}, "Wait 7 seconds, then try again."),
                            (wait, "Wait 1 second, then try again."),
                            ({"status": 302, "headers": {"location": "http://127.0.0.1:9/x"}}, "to http://127.0.0.1:9.")):
            with self.subTest(said):
                self.server.script(order, reset=True)
                self.assertIn(said, self.generate("fox", "--json").error["message"])

    def test_nobody_there(self):
        self.server.stop()
        run = self.generate("fox", "--json")
        self.assert_code(run, NETWORK)
        self.assertEqual((run.error["code"], run.error["charge"]), ("network", "no"))

    def test_a_pause_that_was_asked_for(self):
        pause = {"status": 429, "headers": {"retry-after": "1"}, "body": {"id": "rate_limit_exceeded",
                 "name": "rate_limit_exceeded", "errors": ["too many"]}}
        self.server.script(pause)
        began = time.monotonic()
        self.assert_code(self.generate("fox"), DONE)
        self.assertGreater(time.monotonic() - began, 1)
        self.assert_posts(2)
        self.server.script(pause, pause, pause, reset=True)
        run = self.generate("fox", "--json")
        self.assert_code(run, RATE)
        self.assertEqual((run.error["code"], run.error["charge"], run.error["retry_after"]), ("rate", "no", 1))
        self.assert_posts(2)

    def test_a_negative_length_is_the_servers_mistake(self):
        self.server.script({"raw": "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabc"})
        run = self.generate("fox", "--json", env={"G_DEBUG": ""})
        self.assertNotEqual(run.code, DONE)
        self.assertEqual(run.error["charge"], "maybe")
        self.assertEqual(run.err, "")

    def test_blurred(self):
        run = self.generate("#filtered fox", "--json")
        self.assert_code(run, REFUSED)
        self.assertEqual((run.json["finish"], run.error["code"]), ("filtered", "refused"))
        self.assertEqual(run.json["file"], self.pictures()[0])
        self.assertEqual(run.error["charge"], run.json["charge"])

    def test_some_of_several(self):
        self.server.script({}, refusal(500, "internal_error"), {})
        run = self.generate("fox", "--count", "3", "--json")
        self.assert_code(run, SERVICE)
        self.assertEqual(len(run.json["pictures"]), 2)
        self.assertEqual(run.error["code"], "service")
        self.assert_posts(3)

    def test_some_of_several_may_have_been_charged(self):
        self.server.script(refusal(403, "content_moderation"), LOST, {})
        run = self.generate("fox", "--count", "3", "--json")
        self.assert_code(run, NETWORK)
        self.assertTrue(run.error["may_have_been_charged"])
        self.assertEqual(sorted((e["code"], e["charge"]) for e in run.json["errors"]), [("network", "maybe"), ("refused", "no")])
        self.assertEqual(len(run.json["pictures"]), 1)

    def test_refused_account_is_asked_and_told_once(self):
        for status, code, name in ((401, UNAUTHORISED, "unauthorized"), (402, PAYMENT, "payment_required")):
            with self.subTest(status):
                self.server.script(*[refusal(status, name)] * 10, reset=True)
                run = self.generate("fox", "--count", "10", "--json")
                self.assert_code(run, code)
                self.assertEqual([e["charge"] for e in run.json["errors"]], ["no"] * 10)
                self.assertLessEqual(self.server.log()["posts"], CONCURRENT)
                said = self.generate("fox", "--count", "10").err.splitlines()
                self.assertEqual(len(said), len(set(said)), said)

    def test_server_text_commands_no_terminal(self):
        self.server.script(refusal(500, "internal_error") | {"body": {"id": "x", "name": "internal_error",
                           "errors": ["a\x1b[31mred\x07\u202e"]}})
        run = self.generate("fox")
        self.assertFalse(set(run.err) & set("\x1b\x07\u202e"), run)


class Keys(case.Case):
    key = False

    def test_none(self):
        run = self.generate("fox", "--json")
        self.assert_code(run, UNAUTHORISED)
        self.assertIn("Nothing was sent", run.error["message"])
        self.assert_nothing_sent()

    def test_keyring_states(self):
        self.cli("key", "set", input=KEY.encode())
        for change, said in ((self.session.lock_keyring, "Unlock"), (self.session.stop_keyring, "no keyring")):
            with self.subTest(said):
                change()
                for arguments in (("generate", "fox"), ("key", "check"), ("balance",)):
                    run = self.cli(*arguments, "--url", self.server.url, "--json")
                    self.assert_code(run, UNAUTHORISED)
                    self.assertIn(said, run.error["message"])
                run = self.cli("key", "set", input=b"sk-new")
                self.assert_code(run, UNAUTHORISED)
                self.assertIn("eyring", run.err)
                self.assert_code(self.cli("list"), DONE)
        self.assert_nothing_sent()

    def test_for_one_run_from_standard_input(self):
        for state in ("unlocked", "locked", "none"):
            with self.subTest(state):
                self.session.set_keyring(state)
                run = self.generate("fox", "--key-stdin", "--json", input=KEY.encode() + b"\n")
                self.assert_code(run, DONE)
                self.assert_code(self.cli("balance", "--url", self.server.url, "--key-stdin", input=KEY.encode()), DONE)
                self.assert_code(self.cli("key", "check", "--url", self.server.url, "--key-stdin", input=b"sk-wrong"),
                                 UNAUTHORISED)
                self.assert_code(self.cli("key", "check", "--url", self.server.url), UNAUTHORISED)
        self.assert_posts(3)

    def test_without_a_keyring_the_way_out_is_said(self):
        self.session.set_keyring("none")
        run = self.generate("fox", "--json")
        self.assert_code(run, UNAUTHORISED)
        self.assertIn("--key-stdin", run.error["message"])
        self.assertEqual(self.queue(), [])
        for arguments in (("key", "set"), ("key", "forget")):
            self.assert_code(self.cli(*arguments, "--key-stdin", input=KEY.encode()), MISUSE)
        self.assert_code(self.generate("-", "--key-stdin", input=KEY.encode()), MISUSE)
        for unusable in (b"two words", b"", b"sk-\0ey", b"sk-\xff"):
            self.assert_code(self.generate("fox", "--key-stdin", input=unusable), UNAUTHORISED)
        self.assert_nothing_sent()

    def test_sent_again_with_a_key_for_one_run(self):
        self.session.set_keyring("none")
        with open(self.write(self.path("key"), KEY.encode()), "rb") as key:
            process = self.start_held("fox", "--key-stdin", stdin=key)
        process.kill()
        process.wait()
        self.server.release()
        self.server.script(reset=True)
        run = self.cli("queue", "send-again", self.queue()[0]["id"], "--url", self.server.url, "--key-stdin",
                       input=KEY.encode())
        self.assert_code(run, DONE)
        self.assertEqual(len(self.pictures()), 1)

    def test_keyring_that_never_answers(self):
        self.session.set_keyring("silent")
        began = time.monotonic()
        run = self.generate("fox", "--json")
        self.assert_code(run, UNAUTHORISED)
        self.assertLess(time.monotonic() - began, 20)
        self.assertIn("did not answer", run.error["message"])
        self.assert_nothing_sent()

    def test_no_bus(self):
        self.session.stop_bus()
        run = self.generate("fox")
        self.assert_code(run, UNAUTHORISED)
        self.assertIn("no keyring", run.err)
        self.assert_code(self.cli("list"), DONE)
        self.assert_nothing_sent()

    def test_bus_that_never_answers(self):
        self.session.bus.send_signal(signal.SIGSTOP)
        self.assert_code(self.cli("list", seconds=20), DONE)
        run = self.generate("fox", seconds=30)
        self.session.bus.send_signal(signal.SIGCONT)
        self.assert_code(run, UNAUTHORISED)
        self.assertIn("did not answer", run.err)


class Interruptions(case.Case):
    def interrupt(self, process, how=signal.SIGINT):
        process.send_signal(how)
        return self.finish(process, 20)

    def test_while_the_picture_is_made(self):
        for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(how):
                self.server.script(reset=True)
                run = self.interrupt(self.start_held("fox", "--json"), how)
                self.assert_code(run, CANCELLED)
                self.assertEqual((run.error["code"], run.error["charge"]), ("cancelled", "maybe"))
                self.assert_posts(1)
                self.assertEqual(self.queue(), [])
        self.assertEqual(self.pictures(), [])

    def test_signals_that_are_not_meant_for_it(self):
        """nohup."""
        process = self.start_held("fox", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        process.send_signal(signal.SIGHUP)
        self.server.release()
        self.assert_code(self.finish(process), DONE)

    def test_asleep_while_the_picture_is_made(self):
        """What was answered while the computer slept is there when it wakes; what broke off meanwhile is told."""
        for order, code in (({"fault": "hold"}, DONE), ({"fault": "hold", "where": "answer-body", "at": 50}, DONE),
                            ({"fault": "hold", "raw": "HTTP/1.1 200 OK\r\n"}, SERVICE)):
            with self.subTest(order):
                self.server.script(reset=True)
                process = self.start_held("fox", "--json", order=order)
                process.send_signal(signal.SIGSTOP)
                self.server.release()
                time.sleep(0.5)
                process.send_signal(signal.SIGCONT)
                run = self.finish(process, 20)
                self.assertIn(run.code, (code, NETWORK) if code else (DONE,), run)
                if run.code:
                    self.assertEqual(run.error["charge"], "maybe")
                self.assert_posts(1)

    def test_while_the_picture_arrives(self):
        order = {"fault": "hold", "where": "answer-body", "at": 50}
        run = self.interrupt(self.start_held("fox", order=order))
        self.assert_code(run, CANCELLED)
        self.assertIn("charged", run.err)
        self.assertEqual(run.out, "")

    def test_before_anything_is_sent(self):
        self.session.keyring.send_signal(signal.SIGSTOP)
        process = self.start("generate", "fox", "--json", "--url", self.server.url)
        wait_for(lambda: "keyring" in self.thread_names(process.pid), "the question for the key")
        run = self.interrupt(process)
        self.assert_code(run, CANCELLED)
        self.assertEqual(run.error["charge"], "no")
        self.assert_nothing_sent()

    def thread_names(self, pid):
        try:
            return [self.read(f"/proc/{pid}/task/{t}/comm").decode().strip() for t in os.listdir(f"/proc/{pid}/task")]
        except OSError:
            return []

    def test_several(self):
        run = self.interrupt(self.start_held("fox", "--count", "5", "--json"))
        self.assert_code(run, CANCELLED)
        self.assertEqual(run.json["pictures"], [])
        self.assertLessEqual(self.server.log()["posts"], 5)
        self.assertEqual(self.queue(), [])

    def test_bus_goes_away(self):
        process = self.start_held("fox")
        self.session.stop_bus()
        self.server.release()
        run = self.finish(process)
        self.assert_code(run, DONE)
        self.assertEqual(run.out, self.pictures()[0] + "\n")


class Killed(case.Case):
    def kill_held(self, *arguments, posts=1):
        process = self.start_held("a red fox", *arguments, posts=posts)
        process.kill()
        process.wait()
        self.server.release()
        self.server.script(reset=True)

    def test_sent_is_never_sent_again_by_itself(self):
        self.kill_held()
        for _ in range(2):
            jobs = self.queue()
            self.assertEqual([(j["state"], j["prompt"], j["charge"], j["may_have_been_charged"], j["price"])
                              for j in jobs], [("unknown", "a red fox", "maybe", True, 6.5)])
        self.assertIn("may have been charged", self.cli("queue").out)
        self.assert_posts(0)
        self.assertEqual(self.pictures(), [])

    def test_remove(self):
        self.kill_held()
        job = self.queue()[0]["id"]
        run = self.cli("queue", "remove", job, "--json")
        self.assertEqual([j["id"] for j in run.json["removed"]], [job])
        self.assertEqual(self.queue(), [])
        self.assert_code(self.cli("queue", "remove", job), STORAGE)
        self.assert_posts(0)

    def test_send_again(self):
        self.kill_held("--seed", "7")
        job = self.queue()[0]["id"]
        run = self.cli("queue", "send-again", job, "--url", self.server.url, "--json")
        self.assert_code(run, DONE)
        self.assertEqual((run.json["prompt"], run.json["seed_used"]), ("a red fox", 7))
        self.assertEqual(self.queue(), [])
        self.assert_posts(1)

    def test_waiting_ones_wait_for_a_person(self):
        """Not all of them can be sent at once; what was not sent costs nothing, and is sent one by one."""
        self.kill_held("--count", "10", posts=4)
        waiting = [j for j in self.queue() if j["state"] == "waiting"]
        self.assertEqual(len(waiting), 6)
        self.assertEqual({j["charge"] for j in waiting}, {"no"})
        self.assert_posts(0)
        run = self.cli("queue", "send-again", waiting[-1]["id"], "--url", self.server.url)
        self.assert_code(run, DONE)
        self.assert_posts(1)
        self.assertEqual(len(self.queue()), 9)

    def test_with_an_input_picture(self):
        picture = self.generate("fox").out.rstrip("\n")
        self.server.script(reset=True)
        self.kill_held("--image", picture)
        os.unlink(picture)
        run = self.cli("queue", "send-again", self.queue()[0]["id"], "--url", self.server.url)
        self.assert_code(run, DONE)
        self.assertIn("image", [p["name"] for p in self.server.log()["requests"][0]["parts"]])

    def test_another_generation_has_no_business_with_them(self):
        self.kill_held()
        self.assert_code(self.generate("a blue fox"), DONE)
        self.assert_posts(1)
        self.assertEqual(len(self.queue()), 1)


class Storage(case.Case):
    def test_damaged_queue(self):
        self.assert_code(self.generate("fox"), DONE)
        path = os.path.join(self.env["XDG_DATA_HOME"], "sfumato-devel", "queue.db")
        self.write(path)
        run = self.cli("queue")
        self.assert_code(run, DONE)
        self.assertIn("what was spent was damaged", run.err)
        self.assertIn(os.path.dirname(path), run.err)
        self.assertNotIn("damaged", self.cli("queue").err)
        self.assertEqual(len(self.cli("list", "--json").json["pictures"]), 1)

    def block_gallery(self):
        """A file where the folder should be stops even root."""
        shutil.rmtree(self.gallery, ignore_errors=True)
        self.write(self.gallery)

    def test_gallery_away_before(self):
        self.block_gallery()
        run = self.generate("fox", "--json")
        self.assert_code(run, STORAGE)
        self.assertEqual((run.error["code"], run.error["charge"]), ("storage", "no"))
        self.assert_nothing_sent()

    def test_gallery_away_while_it_is_made(self):
        process = self.start_held("fox", "--json")
        self.block_gallery()
        self.server.release()
        run = self.finish(process)
        self.assert_code(run, STORAGE)
        self.assertEqual((run.error["code"], run.error["charge"]), ("storage", "yes"))
        path = run.json["pictures"][0]["output"]
        self.assertTrue(path.startswith(self.env["TMPDIR"]), run)
        self.assertEqual(self.read(path)[:4], b"\x89PNG")
        self.assertIn(path, run.error["message"])
        job = self.queue()[0]
        self.assertEqual((job["state"], job["charge"]), ("unsaved", "yes"))
        self.assert_code(self.cli("queue", "send-again", job["id"]), INVALID)
        os.unlink(self.gallery)
        run = self.cli("queue", "save-again", job["id"])
        self.assert_code(run, DONE)
        self.assertEqual(self.read(run.out.rstrip("\n")), self.read(path))
        self.assertEqual(self.queue(), [])
        self.assert_posts(1)

    def test_output_is_written_all_the_same(self):
        process = self.start_held("fox", "--output", self.path("fox.png"))
        self.block_gallery()
        self.server.release()
        run = self.finish(process)
        self.assert_code(run, STORAGE)
        self.assertEqual(run.out, self.path("fox.png") + "\n")
        self.assertEqual(self.read(self.path("fox.png"))[:4], b"\x89PNG")
        self.assertEqual(os.listdir(self.env["TMPDIR"]), [])

    def test_home_that_cannot_be_written(self):
        blocked = self.write(self.path("blocked"))
        nowhere = {name: "/proc/nothing" for name in HOMES} | {"GSETTINGS_BACKEND": "memory"}
        for variables in ({"XDG_DATA_HOME": blocked}, {"XDG_DATA_HOME": "/proc/nothing"}, nowhere):
            for arguments in (("generate", "fox"), ("list",), ("queue",), ("models",)):
                with self.subTest(variables=variables, arguments=arguments):
                    run = self.cli(*arguments, "--json", env=variables)
                    self.assert_code(run, STORAGE)
                    self.assertEqual(run.error["code"], "storage")
        self.assert_nothing_sent()

    def test_no_home(self):
        argv = ["env", *(a for n in HOMES for a in ("-u", n)), case.CLI, "--version"]
        self.assertEqual(subprocess.run(argv, env=self.env, capture_output=True, timeout=20).returncode, 0)

    def test_not_installed(self):
        run = self.cli("list", env={"GSETTINGS_SCHEMA_DIR": "/nonexistent", "XDG_DATA_DIRS": "/nonexistent"})
        self.assert_code(run, STORAGE)
        self.assertIn("not installed as a whole", run.err)


if __name__ == "__main__":
    main()
