#!/usr/bin/env python3
# The keyring room against real keyrings, and against the ones that do not do what they should.
#
#   test_keyring.py DRIVER
#
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import secrets
import shutil
import signal
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import tap
from session import Session, wait_for

DRIVER = os.path.abspath(sys.argv.pop(1))
APP_ID = "io.github.sfumato_app.Sfumato.Devel"
ANSWER_LIMIT = 10.0


class Driver:
    """The driver in a session; ask() gives its word, its text and the seconds it took."""

    def __init__(self, session, wrapper=(), **env):
        self.process = session.helper(*wrapper, DRIVER, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      env={**session.env, **env}, text=True)

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def answer(self):
        line = self.process.stdout.readline()
        assert line, f"the driver ended: {self.process.wait()}"
        took, word, *text = line.rstrip("\n").split(" ", 2) + [""]
        return word, text[0], int(took) / 1000

    def ask(self, line):
        self.tell(line)
        return self.answer()

    def word(self, line):
        return self.ask(line)[0]

    def end(self):
        """Its exit status: the sanitizers report leaks with it."""
        self.process.stdin.close()
        status = self.process.wait(20)
        self.process.stdout.close()
        return status


class KeyringCase(unittest.TestCase):
    def session(self, keyring="unlocked"):
        session = Session(keyring)
        self.addCleanup(session.close)
        return session

    def driver(self, session, **options):
        driver = Driver(session, **options)
        self.addCleanup(self.assert_clean_end, driver)
        return driver

    def assert_clean_end(self, driver):
        if driver.process.poll() is None:
            self.assertEqual(driver.end(), 0)

    def pretend(self, mode):
        """A session whose keyring is secret_service.py."""
        session = self.session("none")
        service = session.helper(sys.executable, os.path.join(HERE, "secret_service.py"), mode,
                                 stdout=subprocess.PIPE, text=True)
        self.addCleanup(service.stdout.close)
        self.assertEqual(service.stdout.readline(), "ready\n")
        return session, service

    def assert_says(self, answer, word, text=""):
        self.assertEqual(answer[0], word, answer)
        if text:
            self.assertIn(text, answer[1])


class RealKeyring(KeyringCase):
    def test_store_look_up_replace_forget(self):
        driver = self.driver(self.session())
        self.assertEqual(driver.word("lookup stability"), "none")
        self.assertEqual(driver.word("store stability sk-first"), "ok")
        self.assertEqual(driver.ask("lookup stability")[:2], ("key", "sk-first"))
        self.assertEqual(driver.word("lookup other"), "none")
        self.assertEqual(driver.word("store stability sk-second"), "ok")
        self.assertEqual(driver.ask("peek stability")[:2], ("key", "sk-second"))
        self.assertEqual(driver.word("forget stability"), "ok")
        self.assertEqual(driver.word("lookup stability"), "none")
        self.assertEqual(driver.word("forget stability"), "ok")

    def test_many_threads(self):
        session = self.session()
        self.driver(session).ask("store stability sk-for-all")
        for _ in range(10):
            driver = self.driver(session)
            for _ in range(2):
                self.assertEqual(driver.ask("crowd stability 20")[:2], ("key", "sk-for-all"))
            self.assert_clean_end(driver)

    def test_what_other_programs_see(self):
        session = self.session()
        driver = self.driver(session)
        driver.ask("store stability sk-visible")
        found = subprocess.run(["secret-tool", "search", "--all", "--unlock", "application", APP_ID], env=session.env,
                               capture_output=True, text=True, timeout=20)
        everything = found.stdout + found.stderr
        self.assertIn("label = Sfumato: a test’s key", everything)
        self.assertIn("secret = sk-visible", everything)
        self.assertIn(f"schema = {APP_ID}", everything)
        self.assertIn("attribute.service = stability", everything)
        self.assertEqual(everything.count("secret ="), 1)

    def test_deleted_behind_our_back(self):
        session = self.session()
        driver = self.driver(session)
        driver.ask("store stability sk-there")
        subprocess.run(["secret-tool", "clear", "application", APP_ID], env=session.env, check=True, timeout=20)
        self.assertEqual(driver.word("lookup stability"), "none")
        self.assertEqual(driver.word("forget stability"), "ok")
        self.assertEqual(driver.word("store stability sk-again"), "ok")
        self.assertEqual(driver.ask("lookup stability")[:2], ("key", "sk-again"))

    def test_two_processes(self):
        session = self.session()
        one, two = self.driver(session), self.driver(session)
        one.ask("store stability sk-from-one")
        self.assertEqual(two.ask("lookup stability")[:2], ("key", "sk-from-one"))
        two.ask("store stability sk-from-two")
        self.assertEqual(one.ask("lookup stability")[:2], ("key", "sk-from-two"))
        one.tell("burst stability 20")
        two.tell("burst stability 20")
        self.assertEqual((one.answer()[0], two.answer()[0]), ("ok", "ok"))
        one.ask("forget stability")
        self.assertEqual(two.word("lookup stability"), "none")

    def test_keyring_starts_again(self):
        session = self.session()
        driver = self.driver(session)
        driver.ask("store stability sk-lasting")
        session.stop_keyring()
        self.assert_says(driver.ask("lookup stability"), "missing", "There is no keyring")
        session.start_keyring()
        self.assertEqual(driver.ask("lookup stability")[:2], ("key", "sk-lasting"))

    def test_locked_and_nobody_there(self):
        session = self.session()
        driver = self.driver(session)
        driver.ask("store stability sk-locked-up")
        session.lock_keyring()
        for line in ("lookup stability", "peek stability", "store stability sk-new", "forget stability"):
            with self.subTest(line):
                answer = driver.ask(line)
                self.assert_says(answer, "locked", "The keyring is locked")
                self.assertLess(answer[2], ANSWER_LIMIT)
        session.stop_keyring()
        session.start_keyring()
        self.assertEqual(driver.ask("lookup stability")[:2], ("key", "sk-locked-up"))

    def test_never_unlocked(self):
        """As after a login without a password: the keyring seems to be empty."""
        session = self.session()
        driver = self.driver(session)
        driver.ask("store stability sk-behind-the-door")
        session.stop_keyring()
        session.start_keyring("shut")
        for line in ("lookup stability", "peek stability", "store stability sk-new", "forget stability"):
            with self.subTest(line):
                self.assert_says(driver.ask(line), "locked", "The keyring is locked")
        session.stop_keyring()
        session.start_keyring()
        self.assertEqual(driver.ask("lookup stability")[:2], ("key", "sk-behind-the-door"))

    def test_no_keyring(self):
        driver = self.driver(self.session("none"))
        for line in ("lookup stability", "peek stability", "store stability sk-new", "forget stability"):
            with self.subTest(line):
                self.assert_says(driver.ask(line), "missing", "There is no keyring on this desktop.")

    def test_no_bus(self):
        session = self.session("none")
        session.stop_bus()
        driver = self.driver(session)
        for line in ("lookup stability", "store stability sk-new", "forget stability"):
            with self.subTest(line):
                self.assert_says(driver.ask(line), "missing", "There is no keyring on this desktop.")

    def test_bus_goes_away(self):
        """GIO would end the whole process."""
        session = self.session("silent")
        before = self.connections(session)
        # Not fatal: GIO itself complains where it was just asking that bus who owns a name.
        driver = self.driver(session, G_DEBUG="")
        driver.tell("lookup stability")
        wait_for(lambda: self.connections(session) > before, "the driver on the bus")
        session.stop_bus()
        self.assertIn(driver.answer()[0], ("missing", "failed"))
        self.assertEqual(driver.word("hold stability sk-held"), "ok")
        self.assertEqual(driver.ask("lookup stability")[:2], ("key", "sk-held"))
        self.assert_clean_end(driver)

    def connections(self, session):
        return session.call("org.freedesktop.DBus", "/", "org.freedesktop.DBus.ListNames").count("':1.")


class Silence(KeyringCase):
    def assert_limit(self, answer):
        self.assert_says(answer, "silent", "The keyring did not answer.")
        self.assertGreater(answer[2], ANSWER_LIMIT - 1)
        self.assertLess(answer[2], ANSWER_LIMIT + 2)

    def test_service_never_answers(self):
        session = self.session()
        drivers = [self.driver(session) for _ in range(3)]
        drivers[0].ask("store stability sk-deep-inside")
        session.keyring.send_signal(signal.SIGSTOP)
        for driver, line in zip(drivers, ("lookup stability", "store stability sk-new", "forget stability")):
            driver.tell(line)
        for driver in drivers:
            self.assert_limit(driver.answer())
        session.keyring.send_signal(signal.SIGCONT)
        self.assertEqual(drivers[0].ask("lookup stability")[:2], ("key", "sk-deep-inside"))

    def test_bus_never_answers(self):
        session = self.session("none")
        session.bus.send_signal(signal.SIGSTOP)
        driver = self.driver(session)
        self.assert_limit(driver.ask("lookup stability"))
        driver.ask("hold stability sk-held")
        self.assertEqual(driver.ask("lookup stability")[:2], ("key", "sk-held"))
        self.assert_clean_end(driver)

    def test_cancelled_while_waiting(self):
        driver = self.driver(self.session("silent"))
        driver.tell("cancel 200")
        word, _, took = driver.ask("lookup stability")
        self.assertEqual(word, "cancelled")
        self.assertLess(took, 3)

    def test_cancelled_before(self):
        driver = self.driver(self.session())
        driver.tell("cancel 0")
        self.assertIn(driver.word("lookup stability"), ("cancelled", "none"))
        self.assertEqual(driver.word("lookup stability"), "none")


class Prompts(KeyringCase):
    def test_accepted(self):
        session, service = self.pretend("accept")
        driver = self.driver(session)
        self.assert_says(driver.ask("peek stability"), "locked")
        self.assertEqual(driver.ask("lookup stability")[:2], ("key", "sk-unlocked"))
        self.assertEqual(service.stdout.readline(), "prompted\n")
        self.assertEqual(driver.word("store stability sk-new"), "ok")

    def test_accepted_to_store(self):
        session, service = self.pretend("accept")
        self.assertEqual(self.driver(session).word("store stability sk-new"), "ok")
        self.assertEqual(service.stdout.readline(), "prompted\n")

    def test_accepted_to_forget(self):
        session, service = self.pretend("accept")
        driver = self.driver(session)
        self.assertEqual(driver.word("forget stability"), "ok")
        self.assertEqual(service.stdout.readline(), "prompted\n")
        self.assertEqual(driver.word("lookup stability"), "none")

    def test_dismissed(self):
        session, _ = self.pretend("dismiss")
        driver = self.driver(session)
        for line in ("lookup stability", "store stability sk-new", "forget stability"):
            with self.subTest(line):
                self.assert_says(driver.ask(line), "locked", "it was not unlocked")

    def test_failing(self):
        session, _ = self.pretend("fail")
        driver = self.driver(session)
        for line in ("lookup stability", "store stability sk-new", "forget stability"):
            with self.subTest(line):
                self.assertIn(driver.word(line), ("locked", "failed"))

    def test_nobody_types_cancelled(self):
        """A prompt may stay for longer than a keyring may be silent; the caller can still stop it, and it goes away."""
        session, service = self.pretend("hang")
        driver = self.driver(session)
        driver.tell("cancel 500")
        word, _, took = driver.ask("lookup stability")
        self.assertEqual(word, "cancelled")
        self.assertLess(took, 3)
        self.assertEqual([service.stdout.readline() for _ in range(2)], ["prompted\n", "dismissed\n"])

    def test_nobody_types_longer_than_the_short_limit(self):
        session, service = self.pretend("hang")
        driver = self.driver(session)
        driver.tell(f"cancel {int(ANSWER_LIMIT * 1000) + 1500}")
        self.assertEqual(driver.word("lookup stability"), "cancelled")

    def test_seemingly_empty_until_unlocked(self):
        session, service = self.pretend("hidden")
        driver = self.driver(session)
        self.assert_says(driver.ask("peek stability"), "locked")
        self.assertEqual(driver.ask("lookup stability")[:2], ("key", "sk-unlocked"))
        self.assertEqual(service.stdout.readline(), "prompted\n")

    def test_no_default_collection(self):
        session, _ = self.pretend("empty")
        driver = self.driver(session)
        self.assertEqual(driver.word("lookup stability"), "none")
        self.assertIn(driver.word("store stability sk-new"), ("locked", "failed"))

    def test_not_a_key(self):
        session, _ = self.pretend("damaged")
        self.assert_says(self.driver(session).ask("lookup stability"), "failed", "is not a key")


class Held(KeyringCase):
    def test_held_without_a_keyring(self):
        driver = self.driver(self.session("none"))
        self.assertEqual(driver.word("held stability"), "no")
        driver.ask("hold stability sk-for-this-run")
        self.assertEqual(driver.word("held stability"), "yes")
        self.assertEqual(driver.ask("peek stability")[:2], ("key", "sk-for-this-run"))
        self.assertEqual(driver.word("forget stability"), "ok")
        self.assertEqual(driver.word("held stability"), "no")

    def test_held_comes_first_and_is_replaced(self):
        driver = self.driver(self.session())
        driver.ask("store stability sk-stored")
        driver.ask("hold stability sk-held")
        self.assertEqual(driver.ask("lookup stability")[:2], ("key", "sk-held"))
        driver.ask("store stability sk-newer")
        self.assertEqual(driver.word("held stability"), "no")
        self.assertEqual(driver.ask("lookup stability")[:2], ("key", "sk-newer"))
        driver.ask("hold stability sk-held")
        self.assertEqual(driver.word("forget stability"), "ok")
        self.assertEqual(driver.word("lookup stability"), "none")

    def test_held_is_not_kept(self):
        driver = self.driver(self.session())
        driver.ask("hold stability sk-held")
        driver.tell("fresh")
        self.assertEqual(driver.word("lookup stability"), "none")


class FileBackend(KeyringCase):
    """libsecret's own file, which a sandboxed application gets."""

    def setUp(self):
        self.desktop = self.session("none")
        self.folder = os.path.join(self.desktop.folder, "keyrings")
        os.mkdir(self.folder)
        self.file = os.path.join(self.folder, "default.keyring")
        self.env = {"SECRET_BACKEND": "file", "SECRET_FILE_TEST_PATH": self.file,
                    "SECRET_FILE_TEST_PASSWORD": "the portal's secret"}

    def file_driver(self, **env):
        return self.driver(self.desktop, **{**self.env, **env})

    def leaky_driver(self):
        """libsecret leaks where it cannot make sense of the file."""
        return self.file_driver(ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")

    def files(self):
        return [name for name in os.listdir(self.folder) if not name.endswith(".lock")]

    def content(self):
        with open(self.file, "rb") as file:
            return file.read()

    def put(self, content):
        with open(self.file, "wb") as file:
            file.write(content)

    def test_store_look_up_forget(self):
        driver = self.file_driver()
        self.assertEqual(driver.word("lookup stability"), "none")
        self.assertEqual(driver.word("store stability sk-in-a-file"), "ok")
        self.assertEqual(driver.ask("lookup stability")[:2], ("key", "sk-in-a-file"))
        self.assertNotIn(b"sk-in-a-file", self.content())
        self.assertEqual(driver.word("store stability sk-replaced"), "ok")
        self.assertEqual(driver.ask("peek stability")[:2], ("key", "sk-replaced"))
        self.assertEqual(driver.word("forget stability"), "ok")
        self.assertEqual(driver.word("lookup stability"), "none")

    def test_many_threads(self):
        driver = self.file_driver()
        driver.ask("store stability sk-for-all")
        self.assertEqual(driver.ask("crowd stability 10")[:2], ("key", "sk-for-all"))

    def test_no_old_copy_stays(self):
        driver = self.file_driver()
        driver.ask("store stability sk-in-a-file")
        with_key = self.content()
        driver.ask("store stability sk-replaced")
        self.assertEqual(self.files(), ["default.keyring"])
        driver.ask("forget stability")
        self.assertEqual(self.files(), ["default.keyring"])
        self.assertLess(len(self.content()), len(with_key))

    def test_old_copy_of_an_earlier_program(self):
        driver = self.file_driver()
        driver.ask("store stability sk-in-a-file")
        shutil.copy(self.file, self.file + "~")
        self.assertEqual(driver.word("forget other"), "ok")
        self.assertEqual(self.files(), ["default.keyring"])

    def test_two_processes(self):
        """libsecret takes another's write within the same second for a conflict."""
        one, two = self.file_driver(), self.file_driver()
        for _ in range(3):
            one.ask("store stability sk-from-one")
            self.assertEqual(two.ask("lookup stability")[:2], ("key", "sk-from-one"))
            two.ask("store stability sk-from-two")
            self.assertEqual(one.ask("lookup stability")[:2], ("key", "sk-from-two"))
        one.tell("burst stability 50")
        two.tell("burst stability 50")
        self.assert_says(one.answer(), "ok")
        self.assert_says(two.answer(), "ok")
        self.assertEqual(one.ask("lookup stability")[:2], ("key", "sk-burst"))

    def test_damaged(self):
        driver = self.file_driver()
        driver.ask("store stability sk-in-a-file")
        whole = self.content()
        salt_length = 18 + whole[18:].index(b"\x20\0\0\0")
        damages = {
            "empty": b"",
            "zeros": bytes(len(whole)),
            "a byte": b"G",
            "heading only": whole[:16],
            "version only": whole[:18],
            "another version": whole[:16] + b"\2\0" + whole[18:],
            "salt length": whole[:salt_length] + b"\x1f" + whole[salt_length + 1:],
            "a text": b"hello\n" * 100,
        }
        for cut in range(19, len(whole), 11):
            damages[f"cut at {cut}"] = whole[:cut]
        for name, content in damages.items():
            with self.subTest(name):
                self.put(content)
                word, text, _ = driver.ask("lookup stability")
                self.assertEqual((word, "is damaged" in text), ("failed", True), text)
                self.assertIn(self.file, text)
                self.assertIn("Forget the key", text)
                self.assertEqual(driver.word("store stability sk-new"), "failed")
                self.assertEqual(self.content(), content)
        self.assertEqual(driver.word("forget stability"), "ok")
        self.assertEqual(self.files(), [])
        self.assertEqual(driver.word("store stability sk-new"), "ok")
        self.assertEqual(driver.ask("lookup stability")[:2], ("key", "sk-new"))

    def test_flipped_bits_end_nothing(self):
        driver = self.leaky_driver()
        driver.ask("store stability sk-in-a-file")
        whole = self.content()
        for at in range(18, len(whole), 5):
            if 18 + 4 <= at < 18 + 4 + 40:
                continue   # the salt and the count of rounds, which may only make it slow
            damaged = bytearray(whole)
            damaged[at] ^= 0x55
            self.put(bytes(damaged))
            with self.subTest(at=at):
                self.assertIn(driver.word("lookup stability"), ("key", "none", "failed"))

    def test_another_master_secret(self):
        """The key is lost, but the person is not: they can enter it again."""
        self.file_driver().ask("store stability sk-in-a-file")
        driver = self.file_driver(SECRET_FILE_TEST_PASSWORD="another secret")
        self.assertEqual(driver.word("lookup stability"), "none")
        self.assertEqual(driver.word("store stability sk-new"), "ok")
        self.assertEqual(driver.ask("lookup stability")[:2], ("key", "sk-new"))

    def test_not_readable(self):
        os.mkdir(self.file)
        driver = self.file_driver()
        self.assert_says(driver.ask("lookup stability"), "failed", "cannot be read")
        self.assertEqual(driver.word("store stability sk-new"), "failed")

    def test_folder_is_a_file(self):
        shutil.rmtree(self.folder)
        with open(self.folder, "w", encoding="utf-8"):
            pass
        driver = self.file_driver()
        self.assertEqual(driver.word("store stability sk-new"), "failed")
        self.assertIn(driver.word("forget stability"), ("ok", "failed"))


class Process(KeyringCase):
    def test_no_locked_memory(self):
        """Where no memory may be locked, keys work all the same."""
        wrapper = ["prlimit", "--memlock=0:0"]
        if os.geteuid() == 0:
            wrapper = ["setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock"] + wrapper
        driver = self.driver(self.session(), wrapper=wrapper)
        self.assertEqual(driver.word("store stability sk-in-ordinary-memory"), "ok")
        self.assertEqual(driver.ask("lookup stability")[:2], ("key", "sk-in-ordinary-memory"))

    def test_a_crash_leaves_nothing(self):
        session = self.session()
        driver = self.driver(session, wrapper=["prlimit", "--core=unlimited:unlimited"])
        key = "sk-" + secrets.token_hex(20)
        driver.ask(f"hold stability {key}")
        pid = driver.process.pid
        with open(f"/proc/{pid}/limits", encoding="utf-8") as file:
            limit = [line for line in file if line.startswith("Max core file size")][0].split()
        self.assertEqual(limit[4], "0")
        with open(f"/proc/{pid}/coredump_filter", encoding="utf-8") as file:
            self.assertEqual(int(file.read(), 16), 0x10)
        self.assertEqual(self.count_in_core(session, pid, key), 0)
        driver.tell("abort")
        self.assertEqual(driver.process.wait(20), -signal.SIGABRT)

    def count_in_core(self, session, pid, key):
        """A core as a crash reporter would take it, whatever the limit on its size says."""
        if not shutil.which("gcore") or "asan" in os.environ.get("MESON_BUILD_ROOT", ""):
            return 0
        core = os.path.join(session.folder, "core")
        subprocess.run(["gcore", "-o", core, str(pid)], check=True, capture_output=True, timeout=60)
        with open(f"{core}.{pid}", "rb") as file:
            return file.read().count(key.encode())


if __name__ == "__main__":
    tap.run(tap.cases(globals()), sys.argv[1:])
