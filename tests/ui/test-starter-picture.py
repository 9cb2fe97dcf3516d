#!/usr/bin/env python3
# The window, the real engine and the model that comes with Sfumato: from the first start to the first picture.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import os

import stage
from acts import WELCOME, cell, go_to_gallery, see_picture


def test_from_the_first_start_to_a_picture(s):
    s.env |= {"SFUMATO_ENGINE": os.environ["STARTER_ENGINE"], "SFUMATO_STARTER_MODEL": os.environ["STARTER_MODEL"]}
    app = s.start()
    app.see(WELCOME)
    app.click("list item", "Try It Now")
    prompt = app.find("text", "Prompt").text
    see_picture(app, prompt)
    go_to_gallery(app)
    app.find("table cell", cell(prompt))
    app.quit()
    [made] = s.list()
    assert (made["model"], made["finish_word"]) == ("starter", None)
    assert s.server.log()["requests"] == [], "something was sent"


if __name__ == "__main__":
    stage.run(globals())
