# All a test of the window needs: a fresh home and keyring, the stand-in server, and the program on a private desktop.
# A test is a function that takes a Stage. When it ends, the program has to quit well and must have written nothing,
# and the server must have seen nothing a good client does not send. Of a test that fails, a picture of the screen,
# the accessibility tree and the server's log are kept.
#
# Arguments of such a test: APP_ID, the programs sfumato, sfumato-cli and stand-in, a folder for the evidence, and
# parts of names of the tests to run.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import configparser
import functools
import glob
import json
import os
import shutil
import subprocess
import sys
import traceback

import tap
from desktop import Desktop, Program
from server import KEY, Server
from session import make_home, wait_for

ENGINE, PORTAL, SESSION_MANAGER = (os.path.join(os.path.dirname(os.path.abspath(__file__)), n)
                                   for n in ("engine-stand-in", "portal.py", "session-manager.py"))
APP_ID, SFUMATO, SFUMATO_CLI, STAND_IN, EVIDENCE = sys.argv[1:6]


class Stage:
    def __init__(self, desktop, name):
        self.desktop, self.name = desktop, name
        self.home = os.path.join(desktop.folder, "homes", name)
        os.makedirs(self.home)
        self.env = desktop.env | make_home(self.home) | {"SFUMATO_ENGINE": ENGINE}
        self.settings_file = os.path.join(self.env["XDG_CONFIG_HOME"], "glib-2.0/settings/keyfile")
        self.server = Server(STAND_IN)
        self.app = self.session_manager = None
        # Where Sfumato looks for its service: the stand-in. All else is as on the first day.
        self.change_settings({"stability-url": self.server.url})
        self.gtk = {}
        if os.environ.get("SFUMATO_SANITIZED"):
            # A program that ends within a transition leaves what GTK drew of the page that goes, 10 KB of render nodes.
            self.set_gtk(gtk_enable_animations="false")

    def close(self):
        if self.app and self.app.process.poll() is None:
            self.app.kill()
        if self.server.process.poll() is None:
            self.server.stop()
        if self.session_manager:
            self.session_manager.terminate()
        shutil.rmtree(self.home, ignore_errors=True)

    def set_gtk(self, **settings):
        """The toolkit's own settings, from the next start on."""
        self.gtk |= settings
        folder = os.path.join(self.env["XDG_CONFIG_HOME"], "gtk-4.0")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "settings.ini"), "w", encoding="utf-8") as f:
            f.write("[Settings]\n" + "".join(f"{k.replace('_', '-')}={v}\n" for k, v in self.gtk.items()))

    def start(self, *arguments):
        self.app = Program(self.desktop, [SFUMATO, *arguments], self.env)
        return self.app

    def make_ready(self, **settings):
        """As on every day after the first: a service is chosen, its key is in the keyring."""
        self.change_settings({"service": "stability", "welcomed": True} | settings)
        self.store_key(KEY)

    def start_ready(self, **settings):
        self.make_ready(**settings)
        return self.start()

    def cli(self, *arguments, status=0):
        """What sfumato-cli prints."""
        run = subprocess.run([SFUMATO_CLI, *arguments], env=self.env, text=True, capture_output=True, timeout=120)
        assert run.returncode == status, f"sfumato-cli {arguments[0]}: {run.returncode}\n{run.stdout}{run.stderr}"
        return run.stdout

    def list(self):
        return json.loads(self.cli("list", "--json"))["pictures"]

    def models(self):
        return json.loads(self.cli("models", "--json"))["models"]

    def write_model(self, name="sd3.5_medium.safetensors", content="{}"):
        """What the engine's stand-in takes for a model; its path."""
        path = os.path.join(self.home, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(content)
        return path

    def answer_files(self, *paths):
        """What a person chooses in the next dialogs for files, which are the desktop's."""
        self.env["GDK_DEBUG"] = "portals"
        # GTK 4.18 makes a dialog of its own beside the desktop's, never shows it, and drops what it had asked of the root
        # folder: 210 bytes, in a thread of GIO's, where no function of GTK's could be named for lsan.supp.
        self.env["ASAN_OPTIONS"] = self.env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        self.desktop.helper(sys.executable, PORTAL, *paths)
        wait_for(lambda: self.desktop._has_owner("org.freedesktop.portal.Desktop"), "the desktop's dialog for files")

    def follow_sleep(self):
        """Has a desktop that is asked to keep the computer awake; returns a function that lists what it was asked."""
        path = os.path.join(self.home, "sleep")
        open(path, "w", encoding="utf-8").close()
        self.session_manager = self.desktop.helper(sys.executable, SESSION_MANAGER, path)
        wait_for(lambda: self.desktop._has_owner("org.gnome.SessionManager"), "the session manager")

        def asked():
            with open(path, encoding="utf-8") as f:
                return f.read().splitlines()
        return asked

    def add_model(self, *arguments):
        self.cli("models", "add", self.write_model(), *arguments)

    def store_key(self, key):
        subprocess.run(["secret-tool", "store", "--label=Sfumato", "xdg:schema", APP_ID, "application", APP_ID,
                        "service", "stability"], env=self.env, input=key, text=True, check=True, timeout=20)

    def stored_key(self):
        return subprocess.run(["secret-tool", "lookup", "application", APP_ID, "service", "stability"], env=self.env,
                              text=True, capture_output=True, timeout=20).stdout

    def finish(self):
        if self.app and self.app.process.poll() is None:
            self.app.quit()
        if self.server.process.poll() is None:
            violations = self.server.log()["violations"]
            assert not violations, f"no good client sends this: {violations}"

    def change_settings(self, values, schema=APP_ID):
        """Before the program starts: texts, booleans, numbers."""
        settings = self._read_settings()
        group = schema.replace(".", "/")
        if not settings.has_section(group):
            settings.add_section(group)
        for key, value in values.items():
            text = f"'{value}'" if isinstance(value, str) else str(value).lower()
            settings.set(group, key, text)
        os.makedirs(os.path.dirname(self.settings_file), exist_ok=True)
        with open(self.settings_file, "w", encoding="utf-8") as f:
            settings.write(f, space_around_delimiters=False)

    def setting(self, key):
        """As the program left it, in GVariant's text form; None where it was never set."""
        return self._read_settings().get(APP_ID.replace(".", "/"), key, fallback=None)

    def _read_settings(self):
        settings = configparser.ConfigParser(interpolation=None)
        settings.optionxform = str
        settings.read(self.settings_file, encoding="utf-8")
        return settings

    def pictures(self):
        """The picture files in the gallery's folder."""
        found = glob.glob(os.path.join(glob.escape(self.home), "Pictures", "Sfumato", "**", "*"), recursive=True)
        return sorted(p for p in found if p.endswith((".png", ".jpeg", ".jpg", ".webp")))

    def keep_evidence(self):
        path = os.path.join(EVIDENCE, self.name)
        os.makedirs(EVIDENCE, exist_ok=True)
        self.desktop.screenshot(path + ".png")
        # Where only the log of a run is kept, this is all there is to go by.
        tree = self.app.tree() if self.app else "(the window was never opened)"
        print(tree, file=sys.stderr, flush=True)
        with open(path + ".txt", "w", encoding="utf-8") as f:
            f.write(f"{tree}\n")
            if self.app:
                f.write(f"\nIt wrote:\n{self.app.output()}\n")
            if self.server.process.poll() is None:
                f.write("\nThe server:\n" + json.dumps(self.server.log(), indent=1))
        print(f"See {path}.png and {path}.txt", file=sys.stderr, flush=True)


def play(desktop, name, test):
    desktop.set_keyring(getattr(test, "keyring", "unlocked"))
    stage = Stage(desktop, name)
    try:
        test(stage)
        stage.finish()
    except BaseException:
        stage.keep_evidence()
        raise
    finally:
        stage.close()


def with_keyring(state):
    """A test that begins with its keyring in another state than unlocked."""
    def mark(test):
        test.keyring = state
        return test
    return mark


def run(tests):
    """tests: a module's globals(). On a busy machine a click or a key can go astray, so one test of a module that fails
    is played once more; its result says so."""
    functions = {name: f for name, f in tests.items() if name.startswith("test_")}
    again = []

    def attempt(desktop, name, test):
        try:
            play(desktop, name, test)
        except Exception:
            if again:
                raise
            again.append(name)
            traceback.print_exc()
            play(desktop, name + "_again", test)
            return tap.AGAIN
        return ""

    with Desktop() as desktop:
        tap.run({name: functools.partial(attempt, desktop, name, f) for name, f in functions.items()}, sys.argv[6:])
