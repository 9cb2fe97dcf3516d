# The installed Flatpak on a private desktop, with real portals: what tests/support/stage.py is to the program itself.
#
# Arguments of such a test: the application's id, the stand-in for the service, a command that runs another one with Sfumato
# outside the sandbox, a folder for the evidence, and parts of names of the tests to run. FLATPAK_USER_DIR says where the application is installed. XDG_RUNTIME_DIR has to be this process's
# alone, in the place where flatpak expects it.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import functools
import glob
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "../support"), os.path.join(HERE, "../ui")]
ID, STAND_IN, HOST, EVIDENCE = sys.argv[1:5]
sys.argv[1:] = [ID, "flatpak", "flatpak", STAND_IN, EVIDENCE, *sys.argv[5:]]  # what stage.py reads

import session
import stage
import tap
from desktop import Desktop, Program
from session import wait_for

RUNTIME = os.environ["XDG_RUNTIME_DIR"]
LIBEXEC = "/usr/libexec"
session.ACTIVATABLE += ("org.freedesktop.Flatpak", "org.freedesktop.portal.Flatpak")


class SandboxDesktop(Desktop):
    """With a keyring that answers to the Secret portal, and a dialog for files that is answered by test-portal.py."""

    def __init__(self):
        super().__init__()
        self.env |= {"XDG_RUNTIME_DIR": RUNTIME, "DBUS_SYSTEM_BUS_ADDRESS": self.env["DBUS_SESSION_BUS_ADDRESS"],
                     "FLATPAK_USER_DIR": os.environ["FLATPAK_USER_DIR"]}
        self.portals = []
        # The sandbox has to read what the dialog for files would give.
        self.answers = os.path.join(self.folder, "answers")
        self.write_answers()

    def write_answers(self, *paths):
        with open(self.answers, "w", encoding="utf-8") as f:
            f.write("\n".join(paths))

    def start_portals(self):
        folder = os.path.join(self.folder, "portals")
        os.makedirs(folder, exist_ok=True)
        for name, implementation, interfaces in (("test", "test", "FileChooser;OpenURI;Notification;Inhibit;Lockdown;Settings"),
                                                 ("secret", None, "Secret")):
            with open(os.path.join(folder, name + ".portal"), "w", encoding="utf-8") as f:
                bus_name = f"org.freedesktop.impl.portal.desktop.{implementation}" if implementation else "org.freedesktop.secrets"
                wanted = "".join(f"org.freedesktop.impl.portal.{i};" for i in interfaces.split(";"))
                f.write(f"[portal]\nDBusName={bus_name}\nInterfaces={wanted}\nUseIn=gnome\n")
        env = {k: v for k, v in self.env.items() if k not in session.ONLY_TESTED} | {"XDG_DESKTOP_PORTAL_DIR": folder}
        for name, argv in (("org.freedesktop.impl.portal.PermissionStore", [f"{LIBEXEC}/xdg-permission-store"]),
                           ("org.freedesktop.portal.Documents", [f"{LIBEXEC}/xdg-document-portal"]),
                           ("org.freedesktop.impl.portal.desktop.test",
                            [sys.executable, os.path.join(HERE, "test-portal.py"), self.answers]),
                           ("org.freedesktop.portal.Desktop", [f"{LIBEXEC}/xdg-desktop-portal"])):
            self.portals.append(self.helper(*argv, env=env))
            wait_for(lambda n=name: self._has_owner(n), name)

    def start_wayland(self):
        """A compositor without a screen; returns what a program needs to find it."""
        self.helper("weston", "--backend=headless-backend.so", "--socket=wayland-test", "--idle-time=0")
        wait_for(lambda: os.path.exists(os.path.join(RUNTIME, "wayland-test")), "a compositor")
        return {"WAYLAND_DISPLAY": "wayland-test", "GDK_BACKEND": "wayland"}

    def stop_portals(self):
        while self.portals:
            self._end(self.portals.pop())
        subprocess.run(["fusermount3", "-quz", os.path.join(RUNTIME, "doc")], check=False)


class SandboxedProgram(Program):
    """Its process on this side is flatpak's, and on the accessibility bus it speaks through a proxy."""

    def _find_root(self):
        self._check_alive()
        desktop = self.desktop.atspi.get_desktop(0)
        desktop.clear_cache()
        for at in range(desktop.get_child_count()):
            try:
                child = desktop.get_child_at_index(at)
                if child is not None and child.get_child_count() and child.get_name() in ("sfumato", ID):
                    return child
            except self.desktop.error:
                pass
        return None

    def kill(self):
        subprocess.run(["flatpak", "kill", ID], env=self.desktop.env, check=False)
        self.process.wait(20)

    def window_id(self):
        search = ["xdotool", "search", "--onlyvisible", "--class", "sfumato"]
        return wait_for(lambda: subprocess.run(search, env=self.desktop.env, capture_output=True, text=True).stdout,
                        "the window on the screen").split()[-1]


class SandboxStage(stage.Stage):
    def __init__(self, desktop, name):
        super().__init__(desktop, name)
        self.data = os.path.join(self.home, ".var/app", ID)
        self.options = []
        self.settings_file = os.path.join(self.data, "config/glib-2.0/settings/keyfile")
        self.change_settings({"stability-url": self.server.url})

    def command(self, program="sfumato", options=()):
        passed = [f"--env={k}={self.env[k]}" for k in ("GSK_RENDERER", "GDK_DISABLE", "GTK_A11Y", "GSETTINGS_BACKEND", "LC_ALL",
                                                       "GDK_BACKEND") if k in self.env]
        return ["flatpak", "run", "--user", *passed, *self.options, *options, f"--command={program}", ID]

    def start(self, *arguments):
        self.app = SandboxedProgram(self.desktop, [*self.command(), *arguments], self.env)
        return self.app

    def run(self, program, *arguments, options=(), input=None):
        return subprocess.run([*self.command(program, options), *arguments], env=self.env, text=True, capture_output=True,
                              timeout=120, input=input)

    def cli(self, *arguments, **options):
        run = self.run("sfumato-cli", *arguments, **options)
        assert run.returncode == 0, f"sfumato-cli {arguments[0]}: {run.returncode}\n{run.stdout}{run.stderr}"
        return run.stdout

    def outside(self, *arguments):
        """sfumato-cli of this machine, not of the sandbox, in the same home."""
        home = [f"{key}={self.env[key]}" for key in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME",
                                                     "XDG_CACHE_HOME", "GSETTINGS_BACKEND")]
        return [HOST, *home, "sfumato-cli", *arguments]

    def check_outside(self, *arguments, input=None):
        run = subprocess.run(self.outside(*arguments), env=self.env, text=True, capture_output=True, timeout=120, input=input)
        assert run.returncode == 0, f"sfumato-cli {arguments[0]}, outside: {run.returncode}\n{run.stdout}{run.stderr}"
        return run.stdout

    def pictures(self, folder=None):
        folder = folder or os.path.join(self.data, "data", NAME, "pictures")
        found = glob.glob(os.path.join(glob.escape(folder), "**", "*"), recursive=True)
        return sorted(p for p in found if p.endswith((".png", ".jpeg", ".jpg", ".webp")))

    def listed(self):
        return sorted(p["prompt"] for p in json.loads(self.cli("list", "--json"))["pictures"])

    def flatpak(self, *arguments):
        run = subprocess.run(["flatpak", arguments[0], "--user", "-y", "--noninteractive", *arguments[1:]], env=self.env, text=True,
                             capture_output=True, timeout=120)
        assert run.returncode == 0, f"flatpak {arguments}: {run.stdout}{run.stderr}"

    def versions(self):
        """The commits the application's remote has, the newest first."""
        log = subprocess.run(["flatpak", "remote-info", "--user", "--log", "sfumato-here", ID], env=self.env, check=True, text=True,
                             capture_output=True, timeout=60).stdout
        return re.findall(r"^\s*Commit:\s+(\w+)", log, re.MULTILINE)

    def choose_files(self, *paths):
        """What a person chooses in the next dialog for files."""
        self.desktop.write_answers(*paths)


NAME = "sfumato-devel" if ID.endswith(".Devel") else "sfumato"


def play(desktop, name, test):
    desktop.set_keyring(getattr(test, "keyring", "unlocked"))
    if getattr(test, "portals", True):
        desktop.start_portals()
    made = SandboxStage(desktop, name)
    try:
        test(made)
        made.finish()
    except BaseException:
        made.keep_evidence()
        raise
    finally:
        made.close()
        desktop.stop_portals()


def without_portals(test):
    test.portals = False
    return test


def run(tests):
    """tests: a module's globals()."""
    functions = {name: f for name, f in tests.items() if name.startswith("test_")}
    with SandboxDesktop() as desktop:
        tap.run({name: functools.partial(play, desktop, name, f) for name, f in functions.items()}, sys.argv[6:])
