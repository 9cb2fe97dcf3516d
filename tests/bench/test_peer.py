#!/usr/bin/env python3
# What the bench reads from a peer's log: its own times, also where the first step reads the weights.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "support")]
import engine
import tap

LOG = r"""
printf '[INFO ] get_learned_condition completed, taking 2.34s\n'
printf '\r  |====>      | 1/3 - 9.50s/it\r  |=======>   | 2/3 - 1.25s/it\r  |==========>| 3/3 - %s\n'
printf '[INFO ] sampling completed, taking 12.00s\n'
printf '\r  |==>        | 2/3 - 77.00s/it\n'
printf '[INFO ] decode_first_stage completed, taking 36.65s\n'
"""


def run(last, steps=3):
    with tempfile.TemporaryDirectory() as folder:
        peer = os.path.join(folder, "peer")
        with open(peer, "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\n" + LOG.replace("%s", last))
        os.chmod(peer, 0o755)
        return engine.run_peer(peer, "", "model", 512, steps)


def test_its_own_steps_count():
    assert run("1.75s/it")["step"] == 1.5


def test_fast_steps_are_given_the_other_way_round():
    assert run("4.00it/s")["step"] == 0.75


def test_one_step_has_no_time_of_its_own():
    assert engine.cell(run("1.75s/it", 1)["step"], "s") == "–"


def test_the_other_times():
    result = run("1.75s/it")
    assert (result["text"], result["vae"]) == (2.34, 36.65), result


tap.run(globals())
