#!/usr/bin/env python3
# Every state of a keyring: the window opens, says what is the matter, and stays usable.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import re

import stage
from acts import WELCOME, choose_service, enter_key, generate, see_picture
from server import KEY
from session import wait_for

PROMPT = "a red fox in snow"


@stage.with_keyring("none")
def test_without_a_keyring_the_key_lives_for_this_run(s):
    app = s.start()
    choose_service(app)
    enter_key(app, KEY)
    app.see(re.compile("forgotten when Sfumato is closed"))
    app.click("button", "Start")
    app.see("No keyring: the key is kept for this run only")
    generate(app, PROMPT)
    see_picture(app, PROMPT)
    app.quit()
    app = s.start()
    app.find("text", "Prompt")
    assert not app.find_now(None, WELCOME)
    app.desktop.keys("ctrl+Return")
    app.see(re.compile("keyring", re.I))
    assert s.server.log()["accepted"] == 1


@stage.with_keyring("none")
def test_a_failure_for_want_of_a_keyring_leads_to_a_key_for_this_run(s):
    s.change_settings({"service": "stability", "welcomed": True, "window-width": 360 + 10, "window-height": 640 + 10})
    app = s.start()
    generate(app, PROMPT)
    app.see("No Keyring Found")
    app.click("button", "Enter Key…")
    app.see("A key that is entered here is kept until Sfumato is closed.")
    app.find("text", "Key", "focused")
    app.desktop.type(KEY)
    app.desktop.keys("Return")
    app.see(re.compile(r"^Key works\."))
    app.see("No Keyring Found: the key is forgotten when Sfumato is closed.")
    app.desktop.keys("Escape")
    app.gone("text", "Key")
    app.see("No keyring: the key is kept for this run only")
    app.click("button", re.compile("Try Again"))
    see_picture(app, PROMPT)
    app.desktop.keys("ctrl+comma")
    app.see("For this run only")
    app.click("button", "Forget Key…")
    app.click("button", "Forget Key")
    app.see("A key that is entered here is kept until Sfumato is closed.")


def test_a_locked_keyring_is_said_to_be_locked(s):
    s.make_ready()
    s.desktop.lock_keyring()  # and nobody is there to type its password
    app = s.start()
    app.fill("text", "Prompt", PROMPT)
    app.desktop.keys("ctrl+Return")
    app.see("Keyring Is Locked")
    app.click("button", "Unlock…")
    app.see("Unlock it to use the key in it.")
    app.find("button", "Unlock")
    app.desktop.keys("Escape")
    app.gone("button", "Unlock")
    assert app.find("text", "Prompt").text == PROMPT
    assert s.server.log()["posts"] == 0


def test_a_silent_keyring_freezes_nothing(s):
    s.make_ready()
    s.desktop.silence_keyring()
    app = s.start()
    app.fill("text", "Prompt", PROMPT)
    app.desktop.keys("ctrl+Page_Down")
    app.see("No Pictures Yet")
    app.desktop.keys("ctrl+Page_Up")
    app.desktop.keys("ctrl+Return")
    app.see(re.compile("keyring", re.I), wait=60)
    assert app.find("text", "Prompt").text == PROMPT
    assert s.server.log()["posts"] == 0


def test_what_is_typed_while_a_keyring_is_silent_is_not_lost(s):
    s.desktop.silence_keyring()
    app = s.start()
    choose_service(app)
    app.see("Looking in the keyring…")
    app.find("text", "Key").focus()
    app.desktop.type(KEY)
    wait_for(lambda: len(app.find("text", "Key").text) == len(KEY), "the whole key")
    app.desktop.keys("Return")
    app.see(re.compile(r"^Key works\."), wait=120)


def test_a_key_can_be_forgotten(s):
    app = s.start_ready()
    app.find("text", "Prompt")
    app.desktop.keys("ctrl+comma")
    app.click("button", "Forget Key…")
    app.click("button", "Forget Key")
    app.see("No key yet")
    assert s.stored_key() == ""
    app.desktop.keys("Escape")
    app.find("button", "Add Key…")


stage.run(globals())
