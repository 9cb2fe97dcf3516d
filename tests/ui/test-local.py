#!/usr/bin/env python3
# Pictures made on this computer, from an empty list of models to a picture that forms before one's eyes. The engine is a
# stand-in.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import re

import stage
from acts import WELCOME, cell, generate, go_to_gallery, see_picture
from ear import Ear
from session import TimeOut, wait_for

FREE = re.compile(r"8\.0.GiB of 16\.0.GiB")
MODEL = re.compile(r"5\.4.GB on disk · needs 6\.0.GiB of memory · without T5")
STEP = re.compile(r"Step (\d+) of 28 · about \d+ s left")


def open_models(app):
    app.desktop.keys("ctrl+comma")
    app.click("page tab", "Computer")
    app.find("button", "Add Model Files…")


def close_preferences(app):
    """Escape takes a toast away first."""
    def close():
        app.desktop.keys("Escape")
        try:
            app.gone("button", "Add Model Files…", 3)
            return True
        except TimeOut:
            return False
    wait_for(close, "the end of the preferences")


def test_choosing_files(s):
    """By itself, because leaks are not looked for beside GTK's dialog."""
    s.answer_files(s.write_model())
    app = s.start_ready(service="local")
    open_models(app)
    app.see("No Models Installed")
    app.click("button", "Add Model Files…")
    app.see(MODEL)
    app.gone("label", "No Models Installed")
    close_preferences(app)
    app.quit()
    assert [m["id"] for m in s.models() if m["service"] == "local"] == ["local-sd-3.5-medium"]


def test_from_no_model_to_a_picture(s):
    app = s.start()
    app.see(WELCOME)
    app.see("Private and free")
    app.click("list item", "On This Computer")
    app.see("No Models Installed")
    s.add_model()
    app.see(MODEL)
    app.gone("label", "No Models Installed")
    app.see(FREE)
    close_preferences(app)
    app.fill("text", "Prompt", "a fox")
    app.see("Free. Nothing leaves this computer.")
    assert s.setting("service") == "'local'"
    generate(app, "slow fox in the snow")
    app.see(STEP)
    app.find("image", "The picture as it forms")
    first = int(STEP.search(app.see(STEP).name).group(1))
    wait_for(lambda: int(STEP.search(app.see(STEP).name).group(1)) > first, "another step")
    see_picture(app, "slow fox in the snow")
    app.gone("image", "The picture as it forms")
    assert len(s.pictures()) == 1
    app.quit()
    assert s.server.log()["requests"] == [], "something was sent"
    assert [m["id"] for m in s.models() if m["service"] == "local"] == ["local-sd-3.5-medium"]


def test_how_far_a_picture_is_is_said_aloud(s):
    s.add_model()
    app = s.start_ready(service="local")
    app.find("text", "Prompt")
    with Ear(s) as ear:
        generate(app, "slow fox in the snow")
        ear.hear(STEP)
        ear.hear("Picture ready")
        said = [int(STEP.search(h).group(1)) for h in ear.heard() if STEP.search(h)]
    assert len(said) <= 3 and all(7 <= step < 28 for step in said), f"steps were said: {said}"


def test_what_the_model_offers(s):
    s.add_model()
    app = s.start_ready(service="local")
    app.find("text", "Prompt")
    app.click("button", "Advanced") if app.find_now("button", "Advanced") else app.click("list item", "Advanced")
    assert app.find("spin button", "Steps").value == 28
    app.find("spin button", "Steps").focus()
    app.desktop.keys("ctrl+a")
    app.desktop.type("12")
    app.desktop.keys("Tab")
    assert app.find("spin button", "Guidance").value == 4.5
    app.see("1024 × 1024 pixels")
    generate(app, "a red fox")
    see_picture(app, "a red fox")
    go_to_gallery(app)
    app.find("table cell", cell("a red fox")).mouse(times=2)
    app.find("button", "Zoom In")
    [made] = s.list()
    assert (made["steps"], made["sampler"], made["price"], made["charge"]) == (12, "euler", 0, "no")
    assert (made["width"], made["height"]) == (1024, 1024)


def test_removing_is_undone(s):
    s.cli("models", "add", s.write_model("large.safetensors", '{"variant":"sd3.5-large","may_be_turbo":true}'), "--turbo")
    app = s.start_ready(service="local")
    open_models(app)
    app.click("button", "Remove SD 3.5 Large Turbo From the List")
    app.see("No Models Installed")
    app.click("button", "Undo")
    app.gone("label", "No Models Installed")
    app.find("button", "Remove SD 3.5 Large Turbo From the List")
    close_preferences(app)
    app.quit()
    [model] = [m for m in s.models() if m["service"] == "local"]
    assert (model["name"], model["steps"]["default"], model["negative_prompt"]) == ("SD 3.5 Large Turbo", 4, False)


def test_failures_are_one_sentence_each(s):
    s.add_model()
    app = s.start_ready(service="local")
    for prompt, title in (("crash", "The Engine Stopped"), ("garbage", "The Engine Stopped"), ("memory", "Not Enough Memory")):
        generate(app, prompt)
        app.see(title)
        app.find("button", "Try Again")
        assert not app.find_now(None, re.compile("charged"))
        generate(app, f"a fox after {prompt}")
        see_picture(app, f"a fox after {prompt}")


def test_cancelling(s):
    s.add_model()
    app = s.start_ready(service="local")
    generate(app, "wait for it")
    app.see(re.compile("Step 1 of 28"))
    app.click("button", "Cancel")
    app.see("Cancelled")
    generate(app, "a red fox")
    see_picture(app, "a red fox")


def test_a_cut_prompt_is_said(s):
    s.add_model()
    app = s.start_ready(service="local")
    generate(app, "clip")
    app.see("its end was left out (12 tokens)")


def test_a_model_from_outside_is_noticed(s):
    app = s.start_ready(service="local")
    app.see("There is no model yet.")
    s.add_model()
    app.gone("button", "Add a Model…")
    generate(app, "a red fox")
    see_picture(app, "a red fox")


if __name__ == "__main__":
    stage.run(globals())
