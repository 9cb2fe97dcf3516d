#!/usr/bin/env python3
# Pictures that are there: finding, opening, marking, deleting and getting back, and beginning the next one from them.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import glob
import os
import re
import shutil

import stage
from acts import cell, generate, go_to_gallery, see_picture, wait_for_pictures
from ear import Ear
from session import wait_for

FOX, LIGHTHOUSE, HARBOUR = "a red fox in snow", "a lighthouse at dusk", "a harbour in fog"


def start_with(s, *prompts):
    """The window on its gallery with these pictures, made by the command line; the last one comes first."""
    s.make_ready()
    for number, prompt in enumerate(prompts, 1):
        s.cli("generate", prompt, "--seed", str(number), "--aspect", "3:2")
    app = s.start()
    app.find("text", "Prompt")
    go_to_gallery(app)
    for prompt in prompts:
        app.find("table cell", cell(prompt))
    return app


def cells(app):
    return [node.name for node in app.nodes() if node.role == "table cell"]


def select(app, prompt):
    """Gives a picture the focus and makes it the selected one."""
    node = app.find("table cell", cell(prompt))
    node.mouse()
    app.find("table cell", cell(prompt), "selected")


def open_picture(app, prompt):
    select(app, prompt)
    app.desktop.keys("Return")
    app.find("button", "Zoom In")


def requests(s):
    """The parts of each request for a picture."""
    return [r["parts"] for r in s.server.log()["requests"] if r["parts"]]


def trashed(s):
    return glob.glob(os.path.join(s.home, ".local/share/Trash/files/*.png"))


def test_search(s):
    app = start_with(s, FOX, LIGHTHOUSE, HARBOUR)
    app.desktop.keys("ctrl+f")
    app.desktop.type("light")
    app.gone("table cell", cell(FOX))
    app.find("table cell", cell(LIGHTHOUSE))
    assert len(cells(app)) == 1
    app.desktop.keys("ctrl+a")
    app.desktop.type("seed:1")
    app.gone("table cell", cell(LIGHTHOUSE))
    app.find("table cell", cell(FOX))
    app.desktop.keys("ctrl+a")
    app.desktop.type("nothing like it")
    app.see("No Pictures Found")
    app.see("No prompt contains “nothing like it”.")
    app.click("button", "Clear Search")
    app.find("table cell", cell(HARBOUR))
    assert len(cells(app)) == 3


def test_favorites(s):
    app = start_with(s, FOX, LIGHTHOUSE)
    app.click("toggle button", "Favorites Only")
    app.see("No Favorites")
    app.click("button", "Show All Pictures")
    select(app, FOX)
    app.desktop.keys("ctrl+d")
    app.find("table cell", re.compile(re.escape(FOX) + ", favorite"))
    app.click("toggle button", "Favorites Only")
    app.gone("table cell", cell(LIGHTHOUSE))
    app.quit()
    app = s.start()
    app.find("text", "Prompt")
    go_to_gallery(app)
    app.find("table cell", re.compile(re.escape(FOX) + ", favorite"))


def test_delete_and_undo(s):
    app = start_with(s, FOX, LIGHTHOUSE)
    select(app, FOX)
    app.desktop.keys("Delete")
    app.gone("table cell", cell(FOX))
    wait_for(lambda: len(trashed(s)) == 1, "the file in the trash")
    wait_for_pictures(s, 1)
    app.click("button", "Undo")
    app.find("table cell", cell(FOX))
    wait_for_pictures(s, 2)
    assert trashed(s) == []


def test_several_are_deleted_and_come_back_together(s):
    app = start_with(s, FOX, LIGHTHOUSE, HARBOUR)
    app.click("toggle button", "Select Pictures")
    app.click("button", "Select All")
    app.see(re.compile("^3 "))
    app.click("button", "Delete")
    app.see("No Pictures Yet")
    wait_for_pictures(s, 0)
    app.click("button", "Undo")
    for prompt in (FOX, LIGHTHOUSE, HARBOUR):
        app.find("table cell", cell(prompt))
    wait_for_pictures(s, 3)


def test_walking_through_the_pictures(s):
    app = start_with(s, FOX, LIGHTHOUSE, HARBOUR)
    open_picture(app, HARBOUR)
    app.find("image", cell(HARBOUR))
    app.desktop.keys("Right")
    app.find("image", cell(LIGHTHOUSE))
    app.desktop.keys("End")
    app.find("image", cell(FOX))
    app.gone("button", "Next Picture")
    app.desktop.keys("Home")
    app.find("image", cell(HARBOUR))
    app.desktop.keys("Escape")
    app.gone("button", "Zoom In")
    app.find("table cell", cell(HARBOUR), "focused")


def test_the_keys_go_on_from_a_picture_that_is_hidden(s):
    s.make_ready()
    s.cli("generate", FOX)
    s.cli("generate", HARBOUR + " #filtered", status=6)
    s.cli("generate", LIGHTHOUSE)
    app = s.start()
    app.find("text", "Prompt")
    go_to_gallery(app)
    open_picture(app, LIGHTHOUSE)
    app.desktop.keys("Right")
    app.see("Picture Filtered")
    app.find("button", "Zoom In", "-sensitive")
    app.desktop.keys("Right")
    app.find("image", cell(FOX), "focused")
    app.desktop.keys("Left")
    app.see("Picture Filtered")
    app.click("button", "Show")
    app.find("image", cell(HARBOUR), "focused")
    app.desktop.keys("Left")
    app.find("image", cell(LIGHTHOUSE), "focused")


def test_details_tell_everything_of_a_picture(s):
    app = start_with(s, FOX)
    open_picture(app, FOX)
    if not app.find("toggle button", "Details").has("pressed"):
        app.click("toggle button", "Details")
    for text in (FOX, "SD 3.5 Large", "Stability AI", "6.5 credits", "PNG"):
        app.see(text)
    app.find("list item", re.compile("^Seed"))
    app.see(os.path.basename(s.pictures()[0]))


ALL, PROMPT, SEED, ALL_BUT_SEED = range(4)


def test_reuse_settings(s):
    app = start_with(s, FOX)
    open_picture(app, FOX)
    app.choose("Reuse Settings", ALL)
    wait_for(lambda: app.find("text", "Prompt").text == FOX, "the prompt")
    assert app.find("text", "Seed").text == "1"
    app.see("Settings taken over")
    app.desktop.keys("ctrl+Return")
    see_picture(app, FOX)
    first, second = [{p["name"]: p.get("text") for p in parts} for parts in requests(s)]
    assert first["aspect_ratio"] == "3:2" and first["seed"] == "1"
    assert first.items() <= second.items()  # the window says the model's own guidance, too


def test_reuse_all_but_the_seed_and_take_it_back(s):
    app = start_with(s, FOX)
    app.desktop.keys("ctrl+Page_Up")
    app.fill("text", "Prompt", "something else")
    go_to_gallery(app)
    open_picture(app, FOX)
    app.choose("Reuse Settings", ALL_BUT_SEED)
    wait_for(lambda: app.find("text", "Prompt").text == FOX, "the prompt")
    assert app.find("text", "Seed").text == ""
    app.click("button", "Undo")
    wait_for(lambda: app.find("text", "Prompt").text == "something else", "the prompt of before")


def test_a_picture_begins_the_next_one(s):
    app = start_with(s, FOX)
    select(app, FOX)
    with Ear(s) as ear:
        app.desktop.keys("ctrl+i")
        ear.hear(re.compile("^Reference picture: .*" + FOX))
    app.find("slider", "Strength")
    app.see(re.compile("Reference picture"))
    generate(app, "the fox turns round")
    see_picture(app, "the fox turns round")
    parts = {p["name"]: p for p in requests(s)[-1]}
    assert parts["mode"]["text"] == "image-to-image" and 0 < float(parts["strength"]["text"]) < 1
    assert parts["image"]["size"] == os.path.getsize(s.pictures()[0])
    assert "aspect_ratio" not in parts
    app.click("button", "Remove the Reference Picture")
    app.gone("slider", "Strength")


def test_a_folder_that_was_deleted_on_purpose_is_made_again(s):
    app = s.start_ready()
    generate(app, FOX)
    see_picture(app, FOX)
    shutil.rmtree(os.path.join(s.home, "Pictures", "Sfumato"))
    go_to_gallery(app)
    app.see("Picture Folder Not Found")
    app.click("button", "Create Folder Again")
    app.gone("label", "Picture Folder Not Found")
    app.desktop.keys("ctrl+Page_Up")
    generate(app, HARBOUR)
    see_picture(app, HARBOUR)
    assert len(s.pictures()) == 1


def test_what_changes_outside_is_noticed(s):
    app = start_with(s, FOX, LIGHTHOUSE)
    fox = next(p for p in s.pictures() if FOX in p)
    os.remove(fox)
    app.gone("table cell", cell(FOX))
    s.cli("generate", HARBOUR)
    app.find("table cell", cell(HARBOUR))


stage.run(globals())
