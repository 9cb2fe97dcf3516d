#!/usr/bin/env python3
# sfumato-cli with the model that comes with Sfumato: used where nothing else is set up, and honest about its few words.
# The helper is a stand-in, and the model is its description alone.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import os

import case
from case import *
from server import KEY

SUPPORT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support")
SAYS = "The starter model makes it"


class Starter(case.Case):
    key = False

    def setUp(self):
        super().setUp()
        self.env["SFUMATO_ENGINE"] = os.path.join(SUPPORT, "engine-stand-in")
        self.env["SFUMATO_STARTER_MODEL"] = os.path.join(SUPPORT, "fixtures", "starter")

    def add(self):
        path = self.write(self.path("sd3.5_medium.safetensors"), b"{}")
        self.assert_code(self.cli("models", "add", path), DONE)

    def test_fresh_home(self):
        run = self.generate("a red house", "--json")
        self.assert_code(run, DONE)
        self.assertEqual((run.json["service"], run.json["model"]), ("local", "starter"))
        self.assertEqual((run.json["width"], run.json["height"], run.json["price"]), (128, 128, 0))
        self.assertEqual((run.json["unknown_words"], run.json["finish"]), ([], "success"))
        self.assertEqual(run.err.count(SAYS), 1)
        plain = self.generate("two green houses")
        self.assertEqual(plain.out.count("\n"), 1)
        self.assertTrue(os.path.exists(plain.out.strip()))
        self.assertEqual(len([line for line in plain.err.splitlines() if SAYS in line]), 1)
        self.assertNotIn("does not know", plain.err)
        self.assert_posts(0)

    def test_no_keyring(self):
        run = self.generate("a red house", env={"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"})
        self.assert_code(run, DONE)
        self.assertIn(SAYS, run.err)

    def test_unknown_words(self):
        run = self.generate("a Castle, two red houses and a sign that says \"dragon\"", "--negative", "fog", "--json")
        self.assert_code(run, DONE)
        self.assertEqual(run.json["unknown_words"], ["castle", "and", "fog"])
        self.assertEqual(run.json["finish_word"], "The model does not know these words: castle, and, fog")
        plain = self.generate("a red castle", "--count", "2")
        self.assert_code(plain, DONE)
        self.assertEqual(plain.err.count("The model does not know this word: castle"), 1)

    def test_another_model_comes_first(self):
        self.add()
        ids = [m["id"] for m in self.cli("models", "--json").json["models"] if m["service"] == "local"]
        self.assertEqual(ids, ["local-sd-3.5-medium", "starter"])
        run = self.generate("a fox", "--size", "512", "--json")
        self.assertEqual((run.json["model"], run.json["unknown_words"]), ("local-sd-3.5-medium", []))
        self.assertNotIn(SAYS, run.err)

    def test_a_key_comes_first(self):
        self.cli("key", "set", input=KEY.encode())
        run = self.generate("a fox", "--json")
        self.assert_code(run, DONE)
        self.assertEqual(run.json["service"], "stability")
        self.assert_posts(1)

    def test_a_chosen_service_comes_first(self):
        folder = os.path.join(self.env["XDG_CONFIG_HOME"], "glib-2.0", "settings")
        os.makedirs(folder, exist_ok=True)
        self.write(os.path.join(folder, "keyfile"), b"[io/github/sfumato_app/Sfumato/Devel]\nservice='stability'\n")
        run = self.generate("a fox")
        self.assert_code(run, UNAUTHORISED)
        self.assert_nothing_sent()

    def test_shapes(self):
        for size, aspect, pixels in (("128", "16:9", (176, 96)), ("128", "1:1", (128, 128)), ("128", "9:21", (80, 192))):
            run = self.generate("a red house", "--size", size, "--aspect", aspect, "--json")
            self.assert_code(run, DONE)
            self.assertEqual((run.json["width"], run.json["height"]), pixels)
        self.assert_code(self.generate("a red house", "--size", "256"), INVALID)

    def test_show(self):
        shown = self.cli("models", "show", "starter")
        self.assert_code(shown, DONE)
        for words in ("Starter (picture-book scenes)", "GPL-3.0-or-later", "Things: house, fir tree", "Colors: red, green",
                      "Lettering: a sign that says \"HELLO\"", "sfumato-cli generate --model starter \"a red house\""):
            self.assertIn(words, shown.out)
        self.assertNotIn("Stability", shown.out)
        json = self.cli("models", "show", "starter", "--json").json
        self.assertEqual((json["words"]["things"], json["example"]), (["house", "fir tree"], "a red house"))
        self.assertEqual((json["steps"]["default"], json["sizes"]), (20, [128]))

    def test_it_stays(self):
        run = self.cli("models", "remove", "starter", "--json")
        self.assert_code(run, INVALID)
        self.assertIn("part of Sfumato", run.error["message"])
        self.assert_code(self.cli("models", "show", "starter"), DONE)

    def test_it_is_not_written_down(self):
        """A list that another version reads names what a person added, and nothing else."""
        self.add()
        with open(os.path.join(self.env["XDG_DATA_HOME"], "sfumato-devel", "models.json"), encoding="utf-8") as f:
            self.assertNotIn("starter", f.read())


if __name__ == "__main__":
    main()
