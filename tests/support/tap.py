# Runs the test_* functions of a module and prints the results as Meson reads them (TAP).
#
# SPDX-License-Identifier: GPL-3.0-or-later
import sys
import traceback
import unittest

AGAIN = " (when tried again)"  # the note of a test that failed at first


def run(tests, wanted=()):
    """tests: a module's globals(), or a dictionary of names and functions; what a function returns is added to its
    test's name. wanted: parts of names; all where empty. Does not return."""
    chosen = {name: function for name, function in tests.items() if name.startswith("test_") and callable(function)
              and (not wanted or any(w in name for w in wanted))}
    print(f"TAP version 14\n1..{len(chosen)}", flush=True)
    failed = False
    for number, (name, function) in enumerate(chosen.items(), 1):
        try:
            note = function()
            print(f"ok {number} {name[5:].replace('_', ' ')}{note or ''}", flush=True)
        except Exception:  # whatever went wrong is this test's result
            failed = True
            print(f"not ok {number} {name[5:].replace('_', ' ')}", flush=True)
            traceback.print_exc()
    sys.exit(1 if failed else 0)


def cases(module):
    """The unittest cases of a module's globals(), as run() takes them."""
    return {f"test_{case.id().split('.', 1)[1]}": lambda case=case: run_case(case)
            for found in module.values() if isinstance(found, type) and issubclass(found, unittest.TestCase)
            for case in unittest.defaultTestLoader.loadTestsFromTestCase(found)}


def run_case(case):
    result = unittest.TestResult()
    case.run(result)
    if not result.wasSuccessful():
        raise AssertionError("\n".join(f"{which}\n{text}" for which, text in result.failures + result.errors))
