#!/usr/bin/env python3
# The model that comes with Sfumato: one press on the first start makes a picture, its words are where a person looks for
# them, and what it does not know it says. The engine is a stand-in, and the model is its description alone.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import re

import stage
from acts import WELCOME, cell, generate, go_to_gallery, see_picture
from session import wait_for

FIXTURE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support", "fixtures", "starter")
NAME = "Starter (picture-book scenes)"


def start(s):
    s.env["SFUMATO_STARTER_MODEL"] = FIXTURE
    app = s.start()
    app.see(WELCOME)
    return app


def test_a_picture_on_the_first_start(s):
    app = start(s)
    app.see(re.compile("such as “a red house”"))
    app.click("list item", "Try It Now")
    see_picture(app, "a red house")
    assert app.find("text", "Prompt").text == "a red house"
    app.see("Free. Nothing leaves this computer.")
    assert len(s.pictures()) == 1
    go_to_gallery(app)
    app.find("table cell", cell("a red house"))
    app.quit()
    assert (s.setting("service"), s.setting("model"), s.setting("welcomed")) == ("'local'", "'starter'", "true")
    assert s.server.log()["requests"] == [], "something was sent"
    [made] = s.list()
    assert (made["model"], made["width"], made["height"]) == ("starter", 128, 128)
    # The second start goes straight to work.
    app = s.start()
    app.find("text", "Prompt")
    assert not app.find_now(None, WELCOME)


def test_its_words(s):
    app = start(s)
    app.click("list item", "Try It Now")
    see_picture(app, "a red house")
    app.click("toggle button", "Words This Model Knows")
    app.see("Lettering")
    app.click("button", "fir tree")
    app.click("button", "green")
    wait_for(lambda: app.find("text", "Prompt").text == "a red house fir tree green", "the words in the prompt")
    app.desktop.keys("Escape")
    note = "The model does not know this word: castle"
    generate(app, "a red castle that says dragon")
    see_picture(app, "a red castle")
    app.find("label", note)
    assert s.list()[0]["finish_word"] == note
    generate(app, "a green house")
    see_picture(app, "a green house")
    app.gone("label", note)


def test_a_word_goes_where_the_cursor_is(s):
    app = start(s)
    app.click("list item", "Try It Now")
    see_picture(app, "a red house")
    app.fill("text", "Prompt", "a house, slow")
    app.desktop.keys("Home", "Right", "shift+End")  # all but the first letter
    app.click("toggle button", "Words This Model Knows")
    app.click("button", "fir tree")
    wait_for(lambda: app.find("text", "Prompt").text == "a fir tree", "the word in place of what was selected")
    app.desktop.keys("Escape")
    app.find("text", "Prompt").focus()
    app.desktop.keys("ctrl+z")
    wait_for(lambda: app.find("text", "Prompt").text == "a house, slow", "what was there before")
    app.desktop.keys("Home")
    app.click("toggle button", "Words This Model Knows")
    app.click("button", "green")
    wait_for(lambda: app.find("text", "Prompt").text == "green a house, slow", "a space behind the word")
    app.desktop.keys("Escape")


def test_keyboard(s):
    app = start(s)
    app.tab_to("list item", "Try It Now")
    app.desktop.keys("Return")
    see_picture(app, "a red house")
    app.find("text", "Prompt", "focused")


def test_real_models_beside_it(s):
    """Whoever chooses this computer wants a model of their own; the starter is not in the way of it."""
    app = start(s)
    app.see(re.compile("You need a model"))
    app.click("list item", "On This Computer")
    app.find("button", "Add Model Files…")
    app.see(NAME)
    app.see(re.compile("comes with Sfumato"))
    assert not app.find_now("button", f"Remove {NAME} From the List")
    app.desktop.keys("Escape")
    app.gone("button", "Add Model Files…")
    s.add_model()
    wait_for(lambda: len([m for m in s.models() if m["service"] == "local"]) == 2, "both models")
    app.fill("text", "Prompt", "a fox")
    wait_for(lambda: not app.find_now("toggle button", "Words This Model Knows"), "a model that takes any word")


if __name__ == "__main__":
    stage.run(globals())
