"""Messages of the programs for unknown and missing verbs."""

import os
import subprocess
import unittest

BIN = os.environ["MILLRACE_BIN"]
LIMIT_S = 60
VERBS = {"millrace": "sweep", "millrace-node": "agent", "millrace-links": "shape"}


def said_by(name, *arguments):
    return subprocess.run([os.path.join(BIN, name), *arguments], capture_output=True, text=True,
                          timeout=LIMIT_S)


class CommandLine(unittest.TestCase):
    def test_without_a_verb_the_help_is_printed_as_an_error(self):
        for name in VERBS:
            done = said_by(name)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertEqual(done.stderr, said_by(name, "--help").stdout)
            self.assertIn(f"Usage: {name} [OPTIONS]", done.stderr)

    def test_a_verb_that_does_not_exist_is_named_with_those_that_do(self):
        for name, verb in VERBS.items():
            done = said_by(name, "rnu", "scenario.yaml")
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn('there is no verb "rnu"', done.stderr)
            self.assertIn(verb, done.stderr)

    def test_options_alone_are_an_error_too(self):
        for name in VERBS:
            self.assertEqual(said_by(name, "--quiet").returncode, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
