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

# What may be started on the private bus by its name, where the machine has it. All else of the machine's session (a
# keyring, portals, a file manager) stays out, so that a test meets the same desktop everywhere.
ACTIVATABLE = ("org.a11y.Bus", "ca.desrt.dconf")

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
    """Asks condition() until it returns something true, and returns that."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise TimeOut(f"{what} did not come true in {seconds:g} s")
        time.sleep(0.02)


class Session:
    """keyring: "unlocked", "locked" (it has a password and nobody is there to type it), "silent" (it is there and
    never answers) or "none"."""

    def __init__(self, keyring="unlocked"):
        self.folder = tempfile.mkdtemp(prefix="sfumato-test-")
        self.home = os.path.join(self.folder, "home")
        self.helpers = []
        self.env = self._make_environment()
        self._start_bus()
        if keyring != "none":
            self._start_keyring(keyring)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for process in reversed(self.helpers):
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in reversed(self.helpers):
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def helper(self, *argv, **options):
        """Starts a program that ends with the session."""
        env = {k: v for k, v in self.env.items() if k not in ONLY_TESTED}
        log = open(os.path.join(self.folder, os.path.basename(argv[0]) + ".log"), "ab")
        options = dict(stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env) | options
        process = subprocess.Popen(argv, **options)
        log.close()
        self.helpers.append(process)
        return process

    def name_has_owner(self, name):
        return self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner",
                         f"'{name}'") == "(true,)"

    def call(self, destination, path, method, *arguments):
        """A call on the private bus; the answer in GVariant's text form."""
        return subprocess.run(["gdbus", "call", "--session", "--dest", destination, "--object-path", path,
                               "--method", method, *arguments], env=self.env, check=True, capture_output=True,
                              text=True, timeout=20).stdout.strip()

    def _make_environment(self):
        env = {k: v for k, v in os.environ.items() if k not in FOREIGN}
        env["HOME"] = self.home
        for variable, folder in (("XDG_CONFIG_HOME", ".config"), ("XDG_DATA_HOME", ".local/share"),
                                 ("XDG_STATE_HOME", ".local/state"), ("XDG_CACHE_HOME", ".cache")):
            env[variable] = os.path.join(self.home, folder)
            os.makedirs(env[variable])
        os.mkdir(os.path.join(self.home, "Pictures"))
        with open(os.path.join(self.home, ".config/user-dirs.dirs"), "w", encoding="utf-8") as f:
            f.write('XDG_PICTURES_DIR="$HOME/Pictures"\n')
        env["XDG_RUNTIME_DIR"] = os.path.join(self.folder, "run")
        os.mkdir(env["XDG_RUNTIME_DIR"], 0o700)
        env["XDG_CURRENT_DESKTOP"] = "GNOME"
        env.setdefault("LC_ALL", "C.UTF-8")
        return env

    def _start_bus(self):
        services = os.path.join(self.folder, "services")
        os.mkdir(services)
        data_dirs = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
        for name in ACTIVATABLE:
            for found in [p for d in data_dirs.split(":") for p in glob.glob(f"{d}/dbus-1/services/{name}.service")][:1]:
                os.symlink(found, os.path.join(services, name + ".service"))
        config = os.path.join(self.folder, "bus.conf")
        with open(config, "w", encoding="utf-8") as f:
            f.write(BUS_CONFIG.format(folder=self.folder))
        self.env["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={self.folder}/bus"
        self.helper("dbus-daemon", f"--config-file={config}", "--nofork", "--nosyslog")
        wait_for(lambda: os.path.exists(f"{self.folder}/bus"), "a private bus")

    def _start_keyring(self, state):
        # Unlocking an empty home makes the keyring "login", which is then the default one.
        daemon = self.helper("gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets",
                             stdin=subprocess.PIPE)
        daemon.stdin.write(PASSWORD.encode())
        daemon.stdin.close()
        wait_for(lambda: self.name_has_owner("org.freedesktop.secrets"), "a keyring")
        wait_for(lambda: "login" in self.call("org.freedesktop.secrets", "/org/freedesktop/secrets",
                                              "org.freedesktop.Secret.Service.ReadAlias", "default"),
                 "the keyring's default collection")
        if state == "locked":
            self.lock_keyring()
        elif state == "silent":
            daemon.send_signal(signal.SIGSTOP)

    def lock_keyring(self):
        self.call("org.freedesktop.secrets", "/org/freedesktop/secrets", "org.freedesktop.Secret.Service.Lock",
                  "[objectpath '/org/freedesktop/secrets/collection/login']")
