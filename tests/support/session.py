# A private session for a test: its own home, XDG folders, D-Bus and, if wanted, a real gnome-keyring. Nothing of the
# person who runs the tests is read or written, and any number of sessions run side by side.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import glob
import os
import shutil
import signal
import subprocess
import tempfile
import time

PASSWORD = "the test keyring's password"
SECRETS = ("org.freedesktop.secrets", "/org/freedesktop/secrets")
LOGIN = "/org/freedesktop/secrets/collection/login"

# What may be started on the private bus by its name, where the machine has it. All else of the machine's session (a
# keyring, portals, a file manager) stays out, so that a test meets the same desktop everywhere.
ACTIVATABLE = ("org.a11y.Bus",)

BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={folder}/bus</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{folder}/services</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""

# What must not reach the program under test, and what only it should get.
FOREIGN = ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS", "AT_SPI_BUS_ADDRESS",
           "GNOME_KEYRING_CONTROL", "SSH_AUTH_SOCK", "XDG_SESSION_ID", "LANGUAGE", "GTK_THEME", "GTK_IM_MODULE",
           "http_proxy", "https_proxy", "all_proxy", "no_proxy",
           "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
ONLY_TESTED = ("G_DEBUG", "G_MESSAGES_DEBUG", "MALLOC_PERTURB_", "GTK_A11Y")


class TimeOut(Exception):
    pass


def wait_for(condition, what, seconds=20.0):
    """Asks condition() until it returns something true, and returns that. A program it runs may fail meanwhile."""
    end = time.monotonic() + seconds
    while True:
        try:
            found, failure = condition(), None
        except subprocess.CalledProcessError as error:
            found, failure = None, error
        if found:
            return found
        if time.monotonic() > end:
            raise TimeOut(f"{what}: not within {seconds:g} s" + (f"; {failure}: {failure.stderr}" if failure else ""))
        time.sleep(0.02)


def make_home(folder):
    """A fresh home; returns the environment that leads to it. Settings are kept in a file of it, because the service
    that usually keeps them serves one home only."""
    env = {"HOME": folder, "GSETTINGS_BACKEND": "keyfile"}
    for variable, name in (("XDG_CONFIG_HOME", ".config"), ("XDG_DATA_HOME", ".local/share"),
                           ("XDG_STATE_HOME", ".local/state"), ("XDG_CACHE_HOME", ".cache")):
        env[variable] = os.path.join(folder, name)
        os.makedirs(env[variable])
    os.mkdir(os.path.join(folder, "Pictures"))
    with open(os.path.join(folder, ".config/user-dirs.dirs"), "w", encoding="utf-8") as f:
        f.write('XDG_PICTURES_DIR="$HOME/Pictures"\n')
    return env


class Session:
    """keyring: "unlocked", "locked" (it has a password and nobody is there to type it), "silent" (it is there and
    never answers) or "none"."""

    def __init__(self, keyring="unlocked"):
        self.folder = tempfile.mkdtemp(prefix="sfumato-test-")
        self.helpers = []
        self.keyring = None
        self.env = {k: v for k, v in os.environ.items() if k not in FOREIGN}
        self.env |= make_home(os.path.join(self.folder, "home"))
        self.env |= {"XDG_RUNTIME_DIR": os.path.join(self.folder, "run"), "XDG_CURRENT_DESKTOP": "GNOME"}
        self.env.setdefault("LC_ALL", "C.UTF-8")
        os.mkdir(self.env["XDG_RUNTIME_DIR"], 0o700)
        try:
            self._start_bus()
            self.set_keyring(keyring)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for process in reversed(self.helpers):
            self._end(process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def helper(self, *argv, **options):
        """Starts a program that ends with the session."""
        env = {k: v for k, v in self.env.items() if k not in ONLY_TESTED}
        with open(os.path.join(self.folder, os.path.basename(argv[0]) + ".log"), "ab") as log:
            options = dict(stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env) | options
            process = subprocess.Popen(argv, **options)
        self.helpers.append(process)
        return process

    def set_keyring(self, state):
        """A new, empty keyring in the given state, instead of the one before."""
        if self.keyring:
            self.stop_keyring()
            shutil.rmtree(os.path.join(self.env["XDG_DATA_HOME"], "keyrings"))
        if state != "none":
            self.start_keyring(state)

    def stop_keyring(self):
        self._end(self.keyring)
        self.keyring = None
        wait_for(lambda: not self._has_owner(SECRETS[0]), "the end of the keyring")

    def start_keyring(self, state="unlocked"):
        """With what was in it when it was stopped. "shut": nobody typed the password since the keyring started; it
        then does not even say what is in it."""
        # Unlocking an empty home makes the keyring "login", which is then the default one.
        self.keyring = self.helper("gnome-keyring-daemon", "--foreground", "--components=secrets",
                                   *([] if state == "shut" else ["--unlock"]), stdin=subprocess.PIPE)
        self.keyring.stdin.write(PASSWORD.encode())
        self.keyring.stdin.close()
        wait_for(lambda: self._has_owner(SECRETS[0]), "a keyring")
        wait_for(lambda: LOGIN in self.call(*SECRETS, "org.freedesktop.Secret.Service.ReadAlias", "default"),
                 "the keyring's default collection")
        if state == "locked":
            self.lock_keyring()
        elif state == "silent":
            self.silence_keyring()

    def silence_keyring(self):
        self.keyring.send_signal(signal.SIGSTOP)

    def stop_bus(self):
        self.bus.kill()
        self.bus.wait()

    def lock_keyring(self):
        self.call(*SECRETS, "org.freedesktop.Secret.Service.Lock", f"[objectpath '{LOGIN}']")

    def call(self, destination, path, method, *arguments):
        """A call on the private bus; the answer in GVariant's text form."""
        return subprocess.run(["gdbus", "call", "--session", "--dest", destination, "--object-path", path,
                               "--method", method, *arguments], env=self.env, check=True, capture_output=True,
                              text=True, timeout=20).stdout.strip()

    def _has_owner(self, name):
        return self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner",
                         f"'{name}'") == "(true,)"

    def _start_bus(self):
        services = os.path.join(self.folder, "services")
        os.mkdir(services)
        data_dirs = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
        for name in ACTIVATABLE:
            found = [p for d in data_dirs.split(":") for p in glob.glob(f"{d}/dbus-1/services/{name}.service")]
            if found:
                os.symlink(found[0], os.path.join(services, name + ".service"))
        config = os.path.join(self.folder, "bus.conf")
        with open(config, "w", encoding="utf-8") as f:
            f.write(BUS_CONFIG.format(folder=self.folder))
        self.env["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={self.folder}/bus"
        self.bus = self.helper("dbus-daemon", f"--config-file={config}", "--nofork", "--nosyslog")
        wait_for(lambda: os.path.exists(f"{self.folder}/bus"), "a private bus")

    def _end(self, process):
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
