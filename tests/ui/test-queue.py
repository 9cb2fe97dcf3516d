#!/usr/bin/env python3
# Pictures on their way: they can be cancelled, and a crash or a hasty end loses neither a word nor a picture and
# never asks for one twice.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import re
import signal
import subprocess
import time

import stage
from acts import GENERATE, cell, generate, go_to_gallery, see_picture, wait_for_pictures
from ear import Ear
from session import wait_for

PROMPT = "a red fox in snow"
ATTENTION = re.compile("1 picture needs your attention")
# The service is at work until it is told to go on.
HELD = dict(fault="hold", where="request")


def set_count(app, number):
    app.fill("spin button", "Pictures", str(number))
    app.desktop.keys("Tab")


def open_queue(app):
    app.desktop.keys("ctrl+j")
    app.find("list", "Queue")


def crash_while_it_is_made(s):
    app = s.start_ready()
    s.server.script(HELD)
    generate(app, PROMPT)
    s.server.wait(1)
    app.kill()
    s.server.release()


def test_the_words_say_what_is_happening(s):
    app = s.start_ready()
    s.server.script(HELD)
    generate(app, PROMPT)
    app.see(re.compile("^Making"))
    app.see("Cancelling now may not save the price: the service is already at work.")
    app.see(re.compile(r"^0:0[1-9]$"))
    s.server.release()
    see_picture(app, PROMPT)
    app.gone("button", "Cancel")


def test_the_computer_stays_awake_while_a_picture_is_made(s):
    asked = s.follow_sleep()
    app = s.start_ready()
    s.server.script(HELD)
    assert asked() == []
    generate(app, PROMPT)
    s.server.wait(1)
    wait_for(asked, "a word to the desktop")
    assert asked() == ["awake: A picture is being made"]
    s.server.release()
    see_picture(app, PROMPT)
    wait_for(lambda: asked()[1:] == ["asleep"], "leave to sleep again")


def test_a_sent_picture_can_be_cancelled_and_may_cost(s):
    app = s.start_ready()
    s.server.script(HELD)
    generate(app, PROMPT)
    s.server.wait(1)
    app.click("button", "Cancel")
    app.see(re.compile("Maybe charged: 6.5"))
    assert app.find("text", "Prompt").text == PROMPT
    app.find("button", GENERATE, "sensitive").click()
    see_picture(app, PROMPT)
    assert s.server.log()["posts"] == 2


def test_a_waiting_picture_is_cancelled_for_nothing(s):
    app = s.start_ready()
    s.server.script(*[HELD] * 4)  # as many as are asked for at once
    set_count(app, 5)
    app.find("button", GENERATE)
    generate(app, PROMPT)
    s.server.wait(4)
    open_queue(app)
    app.see(re.compile("^Waiting"))
    app.click("button", "Remove")
    app.gone("label", re.compile("^Waiting"))
    s.server.release()
    wait_for_pictures(s, 4)
    app.gone("label", re.compile("^(Making|Receiving)"))
    assert s.server.log()["posts"] == 4


def test_the_keyboard_stays_with_a_picture_that_moves(s):
    app = s.start_ready()
    s.server.script(*[HELD] * 4)  # as many as are asked for at once
    set_count(app, 4)
    generate(app, PROMPT)
    s.server.wait(4)
    set_count(app, 1)
    for prompt in ("first", "second", "third"):
        generate(app, prompt)

    def waiting():
        return [n.name for n in app.find("list", "Queue").inside() if n.role == "list item" and n.name != PROMPT]
    with Ear(s) as ear:
        open_queue(app)
        wait_for(lambda: waiting() == ["first", "second", "third"], "the queue as it was made")
        app.desktop.keys("End")
        app.find("list item", "third", "focused")
        app.desktop.keys("alt+Up")
        wait_for(lambda: waiting() == ["first", "third", "second"], "the third one to move up")
        app.find("list item", "third", "focused")
        ear.hear("5 pictures come first.")
        app.desktop.keys("alt+Up")
        wait_for(lambda: waiting() == ["third", "first", "second"], "the third one to move up again")
        ear.hear("4 pictures come first.")
        app.desktop.keys("Delete")
        wait_for(lambda: waiting() == ["first", "second"], "the end of the third one")
        app.find("list item", "first", "focused")
        app.desktop.keys("ctrl+z")
        wait_for(lambda: waiting() == ["third", "first", "second"], "the third one to come back")
        app.find("list item", "third", "focused")
    s.server.release()
    wait_for_pictures(s, 7)
    app.gone("label", re.compile("^(Sending|Making|Receiving|Waiting)"))


def test_the_queue_opens_while_its_bar_goes(s):
    """Also where the program was too busy to draw meanwhile, so that both movements meet in one frame."""
    app = s.start_ready()
    s.server.script(HELD)
    generate(app, PROMPT)
    s.server.wait(1)
    for _ in range(3):
        go_to_gallery(app)
        app.see(re.compile("^Making"))
        app.desktop.keys("ctrl+Page_Up")
        app.find("text", "Prompt")
        app.process.send_signal(signal.SIGSTOP)
        app.desktop.tool("xdotool", "key", "ctrl+j")
        time.sleep(0.4)  # longer than the bar takes
        app.process.send_signal(signal.SIGCONT)
        app.find("list", "Queue")
        app.desktop.keys("Escape")
        app.gone("list", "Queue")
    s.server.release()
    see_picture(app, PROMPT)


def test_a_crash_while_a_picture_is_made_asks_before_it_costs_again(s):
    crash_while_it_is_made(s)
    app = s.start()
    app.see(ATTENTION)
    assert app.find("text", "Prompt").text == PROMPT, "the draft is lost"
    app.click("button", "Show")
    app.see(re.compile("It may have been charged"))
    assert s.server.log()["posts"] == 1, "it was sent again without being asked"
    app.click("button", re.compile("Send Again · 6.5 credits"))
    wait_for_pictures(s, 1)
    app.gone("label", ATTENTION)
    assert s.server.log()["posts"] == 2


def test_what_was_waiting_at_a_crash_waits_for_a_word(s):
    app = s.start_ready()
    s.server.script(*[HELD] * 4)
    set_count(app, 6)
    generate(app, PROMPT)
    s.server.wait(4)
    app.kill()
    s.server.release()
    app = s.start()
    app.see("4 pictures need your attention")
    open_queue(app)
    app.see(re.compile("2 pictures .* waiting"))
    assert s.server.log()["posts"] == 4
    app.click("button", "Continue")
    wait_for_pictures(s, 2)
    app.gone("label", re.compile("^(Waiting|Making|Receiving|Sending)"))
    assert s.server.log()["posts"] == 6


def test_a_damaged_record_of_the_queue_is_told(s):
    crash_while_it_is_made(s)
    folder = os.path.join(s.home, ".local/share/sfumato-devel")
    for name in ("queue.db-wal", "queue.db-shm"):
        os.unlink(os.path.join(folder, name))
    with open(os.path.join(folder, "queue.db"), "w", encoding="utf-8") as f:
        f.write("no database" * 1000)
    app = s.start()
    app.see(re.compile("^The record of the queue and of what was spent was damaged.*" + re.escape(folder)))
    app.desktop.keys("Escape")
    app.gone("label", re.compile("^The record of the queue"))
    app.desktop.keys("ctrl+Return")
    see_picture(app, PROMPT)


def test_an_unfinished_prompt_survives_a_crash(s):
    app = s.start_ready()
    app.fill("text", "Prompt", "half a sentence, and th")
    wait_for(lambda: subprocess.run(["grep", "-rqF", "--include=draft.json", "half a sentence, and th", s.home]).returncode == 0, "the draft")
    app.kill()
    app = s.start()
    assert app.find("text", "Prompt").text == "half a sentence, and th"


def test_closing_while_a_picture_is_made_asks_first(s):
    app = s.start_ready()
    s.server.script(HELD)
    generate(app, PROMPT)
    s.server.wait(1)
    app.desktop.keys("ctrl+q")
    app.click("button", "Keep Open")
    app.gone("button", "Keep Open")
    app.desktop.keys("ctrl+q")
    app.click("button", "Finish in the Background")
    s.server.release()
    app.await_end()
    assert len(s.pictures()) == 1
    s.server.script(HELD)
    app = s.start()
    app.find("text", "Prompt")
    app.desktop.keys("ctrl+Return")
    s.server.wait(2)
    app.desktop.keys("ctrl+q")
    app.click("button", "Close Now")
    app.await_end()
    s.server.release()
    app = s.start()
    app.see(ATTENTION)
    assert s.server.log()["posts"] == 2


def test_several_pictures_of_one_request(s):
    app = s.start_ready()
    set_count(app, 3)
    app.see("Generate 3 · 19.5 credits")
    generate(app, PROMPT)
    wait_for_pictures(s, 3)
    go_to_gallery(app)
    wait_for(lambda: sum(1 for n in app.nodes() if n.matches("table cell", cell(PROMPT))) == 3, "three cells")
    app.gone("button", "Cancel")
    assert s.server.log()["bill"] == 1950


stage.run(globals())
