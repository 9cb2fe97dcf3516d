#!/usr/bin/env python3
# The keyboard: it is never nowhere, whatever had it goes; and the shortcuts work from wherever they make sense.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import re

import stage
from acts import GENERATE, WELCOME, cell, generate, go_to_gallery, see_picture, wait_for_pictures
from ear import Ear
from session import wait_for

FOX, LIGHTHOUSE = "a red fox in snow", "a lighthouse at dusk"
HELD = dict(fault="hold", where="request")
STARTER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support", "fixtures", "starter")


def start_with(s, *prompts):
    """The window on its gallery with these pictures; the last one comes first."""
    s.make_ready()
    for prompt in prompts:
        s.cli("generate", prompt)
    app = s.start()
    app.find("text", "Prompt")
    go_to_gallery(app)
    for prompt in prompts:
        app.find("table cell", cell(prompt))
    return app


def select(app, prompt):
    app.find("table cell", cell(prompt)).mouse()
    app.find("table cell", cell(prompt), "selected")


def test_ctrl_q_quits_over_a_dialog(s):
    app = s.start_ready()
    app.find("text", "Prompt")
    app.desktop.keys("ctrl+comma")
    app.find("button", "Forget Key…")
    app.desktop.keys("ctrl+q")
    app.await_end()


def test_ctrl_q_quits_from_a_menu(s):
    app = s.start_ready()
    app.find("text", "Prompt")
    app.desktop.keys("F10")
    app.find("menu item", state="focused")
    app.desktop.keys("ctrl+q")
    app.await_end()


def test_the_overview_of_shortcuts_is_left_like_everything_else(s):
    app = s.start_ready()
    app.find("text", "Prompt", "focused")
    app.desktop.keys("ctrl+question")
    app.see("Go to the prompt")
    app.desktop.keys("ctrl+w")
    app.gone(None, "Go to the prompt")
    s.server.script(HELD)
    generate(app, FOX)
    s.server.wait(1)
    app.desktop.keys("ctrl+question")
    app.see("Go to the prompt")
    app.desktop.keys("ctrl+q")
    app.click("button", "Keep Open")  # which would be below the overview
    assert not app.find_now(None, "Go to the prompt")
    s.server.release()
    see_picture(app, FOX)
    app.desktop.keys("ctrl+question")
    app.see("Go to the prompt")
    app.desktop.keys("ctrl+q")
    app.await_end()


def test_ctrl_q_quits_from_the_words_of_a_model(s):
    s.env["SFUMATO_STARTER_MODEL"] = STARTER
    s.change_settings({"service": "local", "welcomed": True})
    app = s.start()
    app.click("toggle button", "Words This Model Knows")
    app.find("button", "fir tree")
    app.desktop.keys("ctrl+q")
    app.await_end()


def test_ctrl_q_asks_once_where_something_would_be_lost(s):
    app = s.start_ready()
    s.server.script(HELD)
    generate(app, FOX)
    s.server.wait(1)
    app.desktop.keys("ctrl+comma")
    app.find("button", "Forget Key…")
    app.desktop.keys("ctrl+q")
    app.find("button", "Keep Open")
    app.desktop.keys("ctrl+q")
    app.click("button", "Keep Open")
    app.gone("button", "Keep Open")
    s.server.release()
    app.desktop.keys("Escape")
    app.gone("button", "Forget Key…")
    see_picture(app, FOX)


def test_the_prompt_gets_the_keyboard_of_a_button_that_goes(s):
    app = s.start_ready()
    s.server.script(HELD, HELD)
    generate(app, FOX)
    s.server.wait(1)
    app.tab_to("button", "Cancel")
    app.desktop.keys("space")
    app.gone("button", "Cancel")
    app.find("text", "Prompt", "focused")
    app.desktop.keys("ctrl+Return")
    s.server.wait(2)
    app.tab_to("button", "Cancel")
    s.server.release()
    see_picture(app, FOX)
    app.find("text", "Prompt", "focused")


def test_the_gallery_has_the_keyboard_when_its_last_picture_goes(s):
    app = start_with(s, FOX, LIGHTHOUSE)
    select(app, FOX)
    app.desktop.keys("ctrl+d")
    app.find("table cell", re.compile(re.escape(FOX) + ", favorite"))
    app.click("toggle button", "Favorites Only")
    app.gone("table cell", cell(LIGHTHOUSE))
    select(app, FOX)
    app.desktop.keys("ctrl+d")
    app.find("button", "Show All Pictures", "focused")


def test_the_gallery_has_the_keyboard_when_it_is_emptied_from_a_picture(s):
    app = start_with(s, FOX)
    select(app, FOX)
    app.desktop.keys("Return")
    app.find("button", "Zoom In")
    app.desktop.keys("Delete")
    app.find("button", "Create a Picture", "focused")
    app.desktop.keys("ctrl+z")
    app.find("table cell", cell(FOX), "focused")


def test_selecting_ends_with_the_last_picture_and_with_escape_from_anywhere(s):
    app = start_with(s, FOX, LIGHTHOUSE)
    app.click("toggle button", "Select Pictures")
    app.tab_to("button", "Select All")
    app.desktop.keys("space")
    app.see("2 selected")
    app.desktop.keys("Escape")
    app.find("toggle button", "Select Pictures", "-pressed")
    app.click("toggle button", "Select Pictures")
    app.click("button", "Select All")
    app.click("button", "Delete")
    app.see("No Pictures Yet")
    app.gone("button", "Select All")
    app.desktop.keys("ctrl+z")
    app.find("table cell", cell(FOX))
    app.find("toggle button", "Select Pictures", "-pressed")


def test_the_gallery_has_the_keyboard_it_was_opened_with(s):
    app = start_with(s, FOX)
    app.desktop.keys("ctrl+Page_Up")
    app.tab_to("toggle button", "Settings")
    go_to_gallery(app)
    app.find("table cell", cell(FOX), "focused")


def test_the_queue_opens_on_a_row_also_from_a_picture(s):
    app = start_with(s, FOX)
    select(app, FOX)
    app.desktop.keys("Return")
    app.find("button", "Zoom In")
    app.desktop.keys("ctrl+j")
    app.see("Nothing Waiting")
    app.desktop.keys("Escape", "ctrl+Page_Up")
    s.server.script(HELD)
    generate(app, LIGHTHOUSE)
    s.server.wait(1)
    app.desktop.keys("ctrl+j")
    app.find("list item", re.compile(LIGHTHOUSE), "focused")  # and not the button that cancels it
    s.server.release()
    wait_for_pictures(s, 2)


def test_the_prompt_has_the_keyboard_after_the_queue_that_was_opened_from_below_it(s):
    s.change_settings({"window-width": 360 + 10, "window-height": 640 + 10})
    s.server.script(dict(fault="close", where="request"))
    app = s.start_ready()
    generate(app, FOX)
    app.see("Connection Lost")
    app.tab_to("page tab", "Create")  # lies below what the queue covers
    app.desktop.keys("ctrl+j")
    app.find("list item", re.compile(FOX), "focused")
    app.desktop.keys("Return")
    app.find("text", "Prompt", "focused")


def test_ctrl_return_says_why_nothing_is_made(s):
    app = s.start_ready()
    app.fill("text", "Prompt", FOX)
    app.fill("text", "Seed", "4294967295")
    app.find("text", "Prompt").focus()
    with Ear(s) as ear:
        app.desktop.keys("ctrl+Return")
        ear.hear("The seed must be between 0 and 4294967294.")
    assert app.find("text", "Prompt").text == FOX


def test_ctrl_z_takes_back_what_was_done_to_the_form(s):
    app = s.start_ready()
    app.fill("text", "Prompt", FOX)
    app.desktop.keys("ctrl+shift+n")
    wait_for(lambda: app.find("text", "Prompt").text == "", "the empty form")
    app.tab_to("toggle button", "Exclude…")  # the prompt has an undo of its own
    app.desktop.keys("ctrl+z")
    wait_for(lambda: app.find("text", "Prompt").text == FOX, "the form of before")


def test_deletions_on_two_pages_come_back(s):
    app = start_with(s, FOX)
    app.desktop.keys("ctrl+Page_Up")
    generate(app, LIGHTHOUSE)
    see_picture(app, LIGHTHOUSE)
    go_to_gallery(app)
    select(app, FOX)
    app.desktop.keys("Delete")
    app.see("Picture deleted")
    app.desktop.keys("ctrl+Page_Up")
    app.click("button", "Delete")
    wait_for_pictures(s, 0)
    app.see(re.compile("deleted$"))
    go_to_gallery(app)
    app.find("button", "Create a Picture")
    app.desktop.keys("ctrl+z", "ctrl+z")  # one step, or two where the machine was slow
    wait_for_pictures(s, 2)


def test_escape_leaves_the_full_screen_before_the_picture(s):
    app = start_with(s, FOX)
    select(app, FOX)
    app.desktop.keys("Return")
    app.find("image", cell(FOX), "focused")

    def height():
        place = s.desktop.tool("xdotool", "getwindowgeometry", "--shell", app.window_id())
        return int(re.search(r"HEIGHT=(\d+)", place).group(1))
    before = height()
    app.desktop.keys("F11")
    wait_for(lambda: height() == 900, "the window as high as the screen")
    app.desktop.keys("Escape")
    wait_for(lambda: height() == before, "the window as high as before")
    app.find("image", cell(FOX), "focused")
    app.desktop.keys("Escape")
    app.find("table cell", cell(FOX), "focused")


def test_an_empty_gallery_has_nothing_to_search_and_new_is_said_above_the_prompt(s):
    app = s.start_ready()
    app.fill("text", "Prompt", FOX)
    app.desktop.keys("ctrl+f")
    app.find("button", "Create a Picture", "focused")
    app.desktop.keys("ctrl+shift+n")
    prompt = app.find("text", "Prompt", "focused").extents[1]

    def lies_above():
        _, y, _, height = app.see("Form cleared").extents
        return y + height <= prompt
    wait_for(lies_above, "what is announced above the form, once it has moved in", 4)


def test_a_finished_picture_is_within_reach_of_the_prompt(s):
    app = s.start_ready()
    generate(app, FOX)
    see_picture(app, FOX)
    app.find("text", "Prompt", "focused")
    app.desktop.keys("ctrl+d")
    app.find("button", "Remove from Favorites")
    app.desktop.keys("ctrl+shift+c")
    app.see("Prompt copied")
    app.desktop.keys("ctrl+i")
    app.find("slider", "Strength")
    app.find("text", "Prompt").focus()
    app.desktop.keys("ctrl+a", "Delete")
    wait_for(lambda: app.find("text", "Prompt").text == "", "the empty prompt")
    assert len(s.pictures()) == 1, "what has no text to delete deletes the picture"


def test_the_first_choice_is_not_passed_by(s):
    app = s.start()
    app.see(WELCOME)
    app.desktop.keys("ctrl+f", "ctrl+Page_Down", "ctrl+j", "ctrl+l", "ctrl+shift+n")
    app.click("button", "Look Around First")
    app.find("button", GENERATE)
    app.desktop.keys("ctrl+f")
    app.see("No Pictures Yet")


stage.run(globals())
