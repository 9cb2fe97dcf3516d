# What the tests of the window do again and again.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import re

from session import wait_for

WELCOME = "Make Pictures From Words"
GENERATE = re.compile("^Generate")


def choose_service(app):
    app.see(WELCOME)
    app.click("list item", "With Stability AI")


def enter_key(app, key):
    app.find("text", "Key").focus()
    app.desktop.type(key)
    wait_for(lambda: len(app.find("text", "Key").text) == len(key), "the whole key")
    assert app.find("text", "Key").text != key, "the key is read aloud"
    app.click("button", "Check")


def generate(app, prompt):
    app.fill("text", "Prompt", prompt)
    app.desktop.keys("ctrl+Return")


def go_to_gallery(app):
    app.desktop.keys("ctrl+Page_Down")


def cell(prompt):
    """The name of a picture in the gallery."""
    return re.compile("^Generated picture: " + re.escape(prompt))


def see_picture(app, prompt):
    """The job is over and its picture in the result area."""
    return app.find("image", cell(prompt))


def wait_for_pictures(s, number):
    wait_for(lambda: len(s.pictures()) == number, f"{number} pictures in the folder (there are {len(s.pictures())})", 60)
