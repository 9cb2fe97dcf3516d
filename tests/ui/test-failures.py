#!/usr/bin/env python3
# What a service, a network or an account can do to a picture: the person is told in place what happened, whether it
# cost money and what to do; the words stay where they were, and nothing is sent twice.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import glob
import os
import re

import stage
from acts import GENERATE, cell, generate, go_to_gallery, see_picture
from ear import Ear

PROMPT = "a red fox in snow"


def fails_with(s, title, charge, prompt=PROMPT):
    """Generates and sees the failure; the prompt is untouched and the form usable."""
    app = s.start_ready()
    generate(app, prompt)
    app.see(title)
    app.see(charge)
    assert app.find("text", "Prompt").text == prompt
    app.find("button", GENERATE, "sensitive")
    return app


def test_no_credits(s):
    s.server.script(credits=3)
    app = fails_with(s, "Not Enough Credits", "Not charged")
    app.find("button", "Buy Credits")
    assert s.server.log()["bill"] == 0


def test_moderation(s):
    app = fails_with(s, "Declined by Moderation", "Not charged", PROMPT + " #moderated")
    app.click("button", "Edit Prompt")
    app.find("text", "Prompt", "focused")
    app.desktop.keys("ctrl+End", *["BackSpace"] * len(" #moderated"))
    app.desktop.keys("ctrl+Return")
    see_picture(app, PROMPT)
    assert s.server.log()["accepted"] == 1


def test_what_went_wrong_is_said_aloud(s):
    """With what it may have cost, and nothing that is blurred is said to be ready."""
    app = s.start_ready()
    app.find("text", "Prompt")
    with Ear(s) as ear:
        generate(app, PROMPT + " #filtered")
        ear.hear(re.compile(r"^Picture Filtered\. .*It may have been charged\."))
        generate(app, PROMPT + " #moderated")
        ear.hear(re.compile(r"^Declined by Moderation\. .*Nothing was charged\."))
        s.server.script(dict(fault="hold", where="request"))
        generate(app, PROMPT)
        s.server.wait(3)
        app.see(re.compile("^Making"))
        app.desktop.keys("ctrl+shift+e")
        ear.hear(re.compile(r"^Stopped\. .*It may have been charged:"))
        assert "Picture ready" not in ear.heard()


def test_what_the_service_names_is_marked_and_led_to(s):
    s.server.script(dict(status=400, body={"id": "1", "name": "bad_request", "errors": [
        "style_preset: invalid enum value", "seed: must be odd"]}))
    app = fails_with(s, "Request Not Accepted", "Not charged")
    app.see("seed: must be odd")
    app.find("combo box", "Style", "invalid-entry")
    assert not app.find("combo box", "Shape").has("invalid-entry")
    app.click("button", "Show")
    app.find("text", "Seed", "focused")
    app.find("text", "Seed", "invalid-entry")
    app.fill("text", "Seed", "7")
    app.find("text", "Seed", "-invalid-entry")
    app.find("combo box", "Style", "invalid-entry")


def test_a_long_message_leaves_what_can_be_done_in_view(s):
    styles = ", ".join(f"style-{n}" for n in range(60))
    s.server.script(dict(status=400, body={"id": "1", "name": "bad_request", "errors": [
        f"style_preset: invalid enum value, expected one of {styles}"]}))
    s.change_settings({"window-width": 370, "window-height": 650})
    app = fails_with(s, "Request Not Accepted", "Not charged")
    app.see(re.compile(r"Change the prompt or the settings\.$"))
    assert not app.find_now(None, re.compile("style-30"))
    _, y, _, height = app.find("button", "Show").extents
    prompt = app.find("text", "Prompt").extents[1]
    assert y + height <= prompt, f"the button ends at {y + height}, the prompt begins at {prompt}"
    app.click("button", "Details")
    app.see(re.compile("style-30.*\n.*\nhost: ", re.DOTALL))


def test_a_setting_in_a_closed_pane_is_opened_for_what_it_did_wrong(s):
    s.server.script(dict(status=400, body={"id": "1", "name": "bad_request", "errors": ["cfg_scale: must be at most 7"]}))
    s.change_settings({"window-width": 370, "window-height": 650})
    app = fails_with(s, "Request Not Accepted", "Not charged")
    app.click("button", "Show")
    app.find("spin button", "Guidance", "focused")
    app.find("spin button", "Guidance", "invalid-entry")


def test_a_prompt_that_is_refused_is_marked_until_it_is_changed(s):
    s.server.script(dict(status=400, body={"id": "1", "name": "bad_request", "errors": ["prompt: is not allowed"]}))
    app = fails_with(s, "Request Not Accepted", "Not charged")
    app.find("text", "Seed").focus()
    app.click("button", "Show")
    app.find("text", "Prompt", "focused")
    app.find("text", "Prompt", "invalid-entry")
    app.desktop.type("!")
    app.find("text", "Prompt", "-invalid-entry")


def test_a_seed_that_is_no_number_is_marked(s):
    app = s.start_ready()
    app.fill("text", "Prompt", PROMPT)
    app.fill("text", "Seed", "4294967295")
    app.find("text", "Seed", "invalid-entry")
    app.see("The seed must be between 0 and 4294967294.")
    app.fill("text", "Seed", "4294967294")
    app.find("text", "Seed", "-invalid-entry")


def test_a_filtered_picture_is_kept_hidden_and_said_to_cost(s):
    app = s.start_ready()
    generate(app, PROMPT + " #filtered")
    app.see("Picture Filtered")
    assert len(s.pictures()) == 1
    go_to_gallery(app)
    assert app.find("table cell", cell(PROMPT)).description == "Hidden, because the service filtered it"


def test_the_server_is_gone_and_comes_back(s):
    app = s.start_ready()
    s.server.stop()
    generate(app, PROMPT)
    app.see("Not charged")
    assert app.find("text", "Prompt").text == PROMPT
    s.server.start()
    app.click("button", re.compile("Try Again"))
    see_picture(app, PROMPT)
    assert s.server.log()["posts"] == 1


def test_a_cable_that_breaks_while_the_picture_is_made_may_have_cost(s):
    s.server.script(dict(fault="close", where="request"))
    app = s.start_ready()
    generate(app, PROMPT)
    app.see(re.compile("Maybe charged: 6.5"))
    log = s.server.log()
    assert log["posts"] == 1, "it was sent again without being asked"


def test_a_broken_picture_is_told_from_a_whole_one(s):
    s.server.script(dict(fault="close", where="answer-body", at=2000))
    app = s.start_ready()
    generate(app, PROMPT)
    app.see(re.compile("Maybe charged: 6.5|Charged: 6.5"))
    assert s.pictures() == []
    assert s.server.log()["posts"] == 1


def test_what_arrived_of_a_picture_is_shown_and_can_be_deleted(s):
    s.server.script(dict(fault="close", where="answer-body", at=2000))
    app = s.start_ready()
    generate(app, PROMPT)
    app.see(re.compile("What arrived is kept for 30 days"))
    app.desktop.keys("ctrl+comma")
    app.click("page tab", "Pictures")
    app.see(re.compile("^1 picture broke off on its way: .* kept for 30 days"))
    app.click("button", "Move Incomplete Pictures to the Trash")
    app.gone("button", "Move Incomplete Pictures to the Trash")
    assert glob.glob(os.path.join(s.home, ".local/share/sfumato-devel/incomplete/*")) == []
    assert len(glob.glob(os.path.join(s.home, ".local/share/Trash/files/*"))) == 1
    app.see("Moved to the trash")
    # The keyboard is still in the dialog, and nothing takes the key away from it.
    app.desktop.keys("Escape")
    app.gone("page tab", "Pictures")


def test_a_web_page_in_between(s):
    s.server.script(dict(headers={"Content-Type": "text/html", "x-request-id": None, "seed": None,
                                  "finish-reason": None}, body="<html>Sign in to the café’s network</html>",
                         status=200, billed=False))
    app = s.start_ready()
    generate(app, PROMPT)
    app.see("Another Page Answered")
    assert s.pictures() == []


def test_answers_as_json_can_be_asked_for(s):
    app = s.start_ready()
    app.desktop.keys("ctrl+comma")
    app.find("check box", "Answers as JSON").mouse()
    app.find("check box", "Answers as JSON", "checked")
    app.desktop.keys("Escape")
    app.gone("check box", "Answers as JSON")
    generate(app, PROMPT)
    see_picture(app, PROMPT)
    asked = [r["headers"] for r in s.server.log()["requests"] if r["method"] == "POST"]
    assert [h["accept"] for h in asked] == ["application/json"], asked
    assert s.setting("stability-json") == "true"


def test_details_can_be_copied_and_hold_no_key(s):
    app = fails_with(s, re.compile("Service Failed"), re.compile("charged", re.I), PROMPT + " #500")
    app.click("button", "Details")
    details = app.see("500")
    assert "sk-" not in details.text + details.name
    app.click("button", "Copy the Details")
    app.see("Details copied")
    app.desktop.keys("ctrl+j")
    app.see(re.compile("^Service Failed · SD 3.5 Large · "))  # and not that it failed twice


def test_asked_to_wait_it_waits_and_goes_on(s):
    s.server.script(dict(status=429, headers={"Retry-After": "3"},
                         body={"id": "1", "name": "rate_limit_exceeded", "errors": ["slow down"]}))
    app = s.start_ready()
    generate(app, PROMPT)
    app.see(re.compile("Too many requests"))
    see_picture(app, PROMPT)
    assert s.server.log()["accepted"] == 1


stage.run(globals())
