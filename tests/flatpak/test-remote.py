#!/usr/bin/env python3
# How a person gets it from a web server: by the .flatpakref, signed; then an update; and never what nobody signed.
#
#   test-remote.py ID RESULTS [NAME …]
#
# SPDX-License-Identifier: GPL-3.0-or-later
import configparser
import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../support"))
import tap

ID, RESULTS = sys.argv[1:3]
APPS, SERVED = os.path.join(RESULTS, "apps"), os.path.join(RESULTS, "served")
REF_FILE = os.path.join(RESULTS, ID + ".flatpakref")


def run(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=300).stdout.strip()


REF = f"app/{ID}/{run('flatpak', '--default-arch')}/master"


def flatpak(*arguments):
    """As a person without anything yet; with a bus of its own, as flatpak/build has."""
    return subprocess.run(["dbus-run-session", "--", "sh", "-c", 'DBUS_SYSTEM_BUS_ADDRESS=$DBUS_SESSION_BUS_ADDRESS exec "$@"', "sh",
                           "flatpak", *arguments], capture_output=True, text=True, timeout=300)


def check_flatpak(*arguments):
    made = flatpak(*arguments)
    assert made.returncode == 0, f"flatpak {arguments}: {made.stdout}{made.stderr}"
    return made.stdout


def key():
    return run("gpg", "--list-keys", "--with-colons").split("fpr:::::::::")[1].split(":")[0]


def publish(commit):
    """Puts a version that was built on the server, as it was signed then."""
    if not os.path.exists(SERVED):
        run("ostree", "init", "--mode=archive-z2", f"--repo={SERVED}")
    run("ostree", "pull-local", f"--repo={SERVED}", APPS, commit)
    run("ostree", "refs", f"--repo={SERVED}", "--force", f"--create={REF}", commit)
    run("flatpak", "build-update-repo", f"--gpg-sign={key()}", SERVED)


def forge(*sign):
    """Makes a version of its own on the server; returns its commit."""
    run("flatpak", "build-commit-from", "--force", "--no-update-summary", *sign, f"--src-repo={APPS}", SERVED, REF)
    return run("ostree", "rev-parse", f"--repo={SERVED}", REF)


def versions():
    """The commits that were built, the newest first."""
    newest = run("ostree", "rev-parse", f"--repo={APPS}", REF)
    return newest, run("ostree", "rev-parse", f"--repo={APPS}", newest + "^")


def installed():
    return check_flatpak("info", "--user", "--show-commit", ID).strip()


def serve():
    reference = configparser.ConfigParser(interpolation=None)
    reference.read(REF_FILE, encoding="utf-8")
    url = urllib.parse.urlparse(reference["Flatpak Ref"]["Url"])

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer((url.hostname, url.port), functools.partial(Handler, directory=SERVED))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def test_installed_from_a_web_server_and_updated():
    newest, older = versions()
    shutil.rmtree(SERVED, ignore_errors=True)
    before, sign = installed(), f"--gpg-sign={key()}"
    check_flatpak("uninstall", "--user", "-y", "--noninteractive", ID)
    server = serve()
    try:
        publish(older)
        check_flatpak("install", "--user", "-y", "--noninteractive", "--from", REF_FILE)
        assert installed() == older
        publish(newest)
        check_flatpak("update", "--user", "-y", "--noninteractive", ID)
        assert installed() == newest
        # Whoever gets hold of the server, but not of the key, cannot give people another Sfumato.
        forge()
        run("flatpak", "build-update-repo", SERVED)
        flatpak("update", "--user", "-y", "--noninteractive", ID)
        assert installed() == newest, "a list that nobody signed was believed"
        run("flatpak", "build-update-repo", sign, SERVED)
        refused = flatpak("update", "--user", "-y", "--noninteractive", ID)
        assert refused.returncode != 0 and "GPG" in refused.stderr and installed() == newest, refused
        # Signed, the same is taken.
        signed = forge(sign)
        run("flatpak", "build-update-repo", sign, SERVED)
        check_flatpak("update", "--user", "-y", "--noninteractive", ID)
        assert installed() == signed
    finally:
        server.shutdown()
        check_flatpak("uninstall", "--user", "-y", "--noninteractive", ID)
        check_flatpak("install", "--user", "-y", "--noninteractive", "sfumato-here", ID)
    assert installed() == before


def test_installed_from_the_bundle():
    """The one file, where no remote is."""
    newest, _ = versions()
    check_flatpak("uninstall", "--user", "-y", "--noninteractive", ID)
    try:
        check_flatpak("install", "--user", "-y", "--noninteractive", os.path.join(RESULTS, ID + ".flatpak"))
        assert installed() == newest
    finally:
        check_flatpak("uninstall", "--user", "-y", "--noninteractive", ID)
        check_flatpak("install", "--user", "-y", "--noninteractive", "sfumato-here", ID)


tap.run(globals(), sys.argv[3:])
