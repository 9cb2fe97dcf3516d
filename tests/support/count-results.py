#!/usr/bin/env python3
# Adds up the results of Meson's test runs, each subtest counted. Arguments: junit files as Meson writes them. Prints
# what failed, what was skipped, what passed only when tried again, and a line a run; the last line is "N passed, N
# failed, N skipped". Exits with 1 where a test failed or none ran.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import json
import os
import sys
import xml.etree.ElementTree as xml

from tap import AGAIN

BAD = ("FAIL", "ERROR", "TIMEOUT", "INTERRUPT", "UNEXPECTEDPASS")


def outcome(case):
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    return "skipped" if case.find("skipped") is not None else "passed"


def short(name):
    """Meson's "project.project:suite / program", or "project.program", as the program."""
    return name.split(" / ")[-1].split(".")[-1]


def cases_of(junit):
    """(program, case, outcome) of every subtest. A program without subtests is a case of its project's suite."""
    for suite in xml.parse(junit).getroot().iter("testsuite"):
        for case in suite.iter("testcase"):
            yield short(suite.get("name")), case.get("name").split(" / ")[-1], outcome(case)


def broken_programs(junit):
    """Programs that failed as a whole, for example by a crash after their last "ok": only Meson's other log says so."""
    log = os.path.join(os.path.dirname(junit), "testlog.json")
    if not os.path.exists(log):
        return
    with open(log, encoding="utf-8") as lines:
        for run in map(json.loads, lines):
            if run["result"] in BAD:
                yield short(run["name"]), run["result"]


def count(junit):
    results = list(cases_of(junit))
    failed = {name for program, case, how in results if how == "failed" for name in (program, case)}
    results += [(name, f"the program as a whole: {how}", "failed") for name, how in broken_programs(junit)
                if name not in failed]
    for program, name, how in results:
        if how != "passed" or name.endswith(AGAIN):
            print(f"{how}: {program} / {name}")
    return {how: sum(1 for r in results if r[2] == how) for how in ("passed", "failed", "skipped")}


def main(files):
    total = dict(passed=0, failed=0, skipped=0)
    for junit in files:
        if not os.path.exists(junit):
            print(f"failed: there are no results in {junit}")
            counted = dict(passed=0, failed=1, skipped=0)
        else:
            counted = count(junit)
        print(f"{os.path.basename(os.path.dirname(os.path.dirname(os.path.abspath(junit))))}: "
              + ", ".join(f"{n} {how}" for how, n in counted.items()))
        total = {how: total[how] + counted[how] for how in total}
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
