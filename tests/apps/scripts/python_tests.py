# Python's own test modules, named by the arguments: the outcome of each test in the order of their names, without times.
import importlib
import sys
import unittest

from test import support


class Outcomes(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.lines = []

    def note(self, test, what):
        self.lines.append(f"{test.id()}: {what}")

    def addSuccess(self, test):
        super().addSuccess(test)
        self.note(test, "passed")

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.note(test, "FAILED")

    def addError(self, test, error):
        super().addError(test, error)
        self.note(test, "ERROR")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.note(test, f"skipped, {reason}")

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self.note(subtest, "FAILED")


def run(suite):
    outcomes = Outcomes()
    suite.run(outcomes)
    print("\n".join(sorted(outcomes.lines)))
    print(f"{outcomes.testsRun} run, {len(outcomes.failures)} failures, {len(outcomes.errors)} errors")
    for test, text in outcomes.failures + outcomes.errors:
        print(text, file=sys.stderr)


# Modules that prepare their tests themselves hand them to this function.
support._run_suite = run
for name in sys.argv[1:]:
    module = importlib.import_module(f"test.{name}")
    if hasattr(module, "test_main"):
        module.test_main()
    else:
        run(unittest.defaultTestLoader.loadTestsFromModule(module))
