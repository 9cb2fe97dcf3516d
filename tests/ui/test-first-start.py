#!/usr/bin/env python3
# From the first start to the first picture: nothing is sent before a choice, the key is checked and kept, and the
# picture is there. Then the ways in which a key can be wrong or not be kept.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import re
import subprocess

import stage
from acts import GENERATE, WELCOME, cell, choose_service, enter_key, generate, go_to_gallery, see_picture, wait_for_pictures
from ear import Ear
from server import KEY
from session import wait_for


def holds(folder, secret):
    """Files below a folder that hold the secret; a keyring's own files are encrypted."""
    found = subprocess.run(["grep", "-rlaF", secret, folder], capture_output=True, text=True)
    return found.stdout.split()


def test_from_the_first_start_to_the_first_picture(s):
    app = s.start()
    choose_service(app)
    app.see("No key yet")
    assert s.server.log()["connections"] <= 1, "something was sent before the person pressed Check"  # this question
    enter_key(app, KEY)
    app.see(re.compile(r"Key works\. Balance: 1,?000"))
    app.click("button", "Start")
    assert "6.5 credits" in app.find("button", GENERATE).description
    generate(app, "a red fox in snow")
    see_picture(app, "a red fox in snow")
    assert len(s.pictures()) == 1
    assert "a red fox in snow" in os.path.basename(s.pictures()[0])
    assert s.server.log()["accepted"] == 1
    assert s.setting("service") == "'stability'"
    app.quit()
    assert s.stored_key() == KEY
    assert not holds(s.home, KEY), "the key was written to disk"
    # The second start goes straight to work, with the picture in the gallery.
    app = s.start()
    app.find("text", "Prompt")
    assert not app.find_now(None, WELCOME)
    go_to_gallery(app)
    app.find("table cell", cell("a red fox in snow"))


def test_what_was_found_about_a_key_is_in_view_at_360_pixels(s):
    def fits(node):
        _, y, _, height = node.extents
        return 0 < y and y + height <= app.find("frame").extents[3]
    s.change_settings({"window-width": 360 + 10, "window-height": 640 + 10})
    app = s.start()
    choose_service(app)
    wait_for(lambda: fits(app.see("No key yet")), "the state of the key in view")
    app.find("list item", "With Stability AI", "selected")
    enter_key(app, "sk-wrong")
    wait_for(lambda: fits(app.see("Key Not Accepted")), "what was found in view")
    assert fits(app.find("text", "Key")) and fits(app.find("button", "Start"))


def test_looking_around_first_sends_nothing(s):
    app = s.start()
    app.click("button", "Look Around First")
    app.find("text", "Prompt")
    app.desktop.keys("ctrl+Return")
    app.find("button", re.compile("Generate"), "-sensitive")
    app.see("Choose where pictures are made.")
    for _ in range(2):  # to the same choice, and back without one
        app.click("button", "Set Up…")
        app.see(WELCOME)
        app.desktop.keys("Escape")
        app.gone(None, WELCOME)
    go_to_gallery(app)
    app.see("No Pictures Yet")
    app.quit()
    assert s.server.log()["connections"] <= 1, "something was sent"
    assert s.server.log()["requests"] == []


def test_a_wrong_key_is_told_and_not_kept(s):
    app = s.start()
    choose_service(app)
    enter_key(app, "sk-wrong")
    app.see("Key Not Accepted")
    app.find("button", "Start", "-sensitive")
    app.quit()
    assert s.stored_key() == ""


def test_a_key_that_went_bad_can_be_changed(s):
    s.server.script(key="sk-another")
    app = s.start_ready()
    generate(app, "a red fox in snow")
    app.see("Key Not Accepted")
    app.see("Not charged")
    app.click("button", "Enter Key…")
    enter_key(app, "sk-another")
    app.see(re.compile("Key works"))
    app.desktop.keys("Escape")
    app.gone("text", "Key")
    assert app.find("text", "Prompt").text == "a red fox in snow"
    app.click("button", re.compile("Try Again"))
    see_picture(app, "a red fox in snow")


def test_keyboard_alone_is_enough(s):
    app = s.start()
    app.see(WELCOME)
    press = app.desktop.keys
    app.find("list item", "With Stability AI", "focused")
    press("Return")
    app.find("text", "Key", "focused")
    app.desktop.type(KEY)
    with Ear(s) as ear:
        press("Return")
        ear.hear(re.compile(r"^Key works\. Balance: 1,?000 credits\. Kept in your keyring\.$"))
    app.find("button", "Start", "focused")
    press("Return")
    app.find("text", "Prompt", "focused")
    app.desktop.type("a red fox in snow")
    press("Tab")
    assert not app.find("text", "Prompt").has("focused"), "Tab does not leave the prompt"
    app.tab_to("text", "Seed")
    app.desktop.type("42")
    press("ctrl+Return")
    see_picture(app, "a red fox in snow")
    assert "42" in os.path.basename(s.pictures()[0])
    go_to_gallery(app)
    app.tab_to("table cell", cell("a red fox in snow"))
    press("Return")
    app.find("button", "Zoom In")
    press("plus")
    press("ctrl+d")
    app.find("toggle button", "Favorite", "pressed")
    press("Delete")
    wait_for_pictures(s, 0)
    app.see("Picture deleted")  # which is when it can be taken back
    press("ctrl+z")
    wait_for_pictures(s, 1)


stage.run(globals())
