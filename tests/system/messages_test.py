"""Mistakes that people make, and the sentences that they get: what is in the way, and what to do."""

import os
import shutil
import subprocess
import unittest

from system_test import LIMIT_S, MILLRACE, QUICKSTART, ROOT, System

NOBODY = 65534
SCENARIO = """millrace: 1
name: mistaken
model: {{name: vit-tiny, microbatch: {microbatch}}}
workload: {{microbatches: 3}}
devices:
  - {{name: camera, runs: [source, sink]}}
  - {{name: board-a, speed: 8 GFLOP/s}}
network:
  links:
    - {{between: [camera, board-a], {link}}}
policy:
  partition: {{kind: {kind}}}
events: {events}
run: {{mode: simulate}}
"""


class Mistakes(System):
    def scenario(self, microbatch=8, link="rate: 10 Mbit/s", kind="even", events="[]"):
        path = self.path("my.yaml")
        with open(path, "w") as file:
            file.write(SCENARIO.format(microbatch=microbatch, link=link, kind=kind, events=events))
        return path

    def refused_by(self, verb, *arguments, expect=3):
        where = ["--out", self.path("run")] if verb == "run" else []
        return self.millrace(verb, *arguments, *where, expect=expect).stderr

    def test_a_mode_that_does_not_exist_is_told_under_the_option_that_named_it(self):
        for verb in ("run", "validate"):
            said = self.refused_by(verb, QUICKSTART, "--mode", "sim")
            self.assertIn("--mode: ", said)
            self.assertNotIn("--set", said)
            self.assertIn("simulate, cosim, emulate, deploy", said)
            self.assertIn('did you mean "simulate"?', said)
        said = self.refused_by("run", QUICKSTART, "--seed", "seven")
        self.assertIn("--seed: ", said)
        self.assertNotIn("--set", said)
        self.assertIn("--set run.mode: ", self.refused_by("run", QUICKSTART, "--set", "run.mode=sim"))

    def test_a_trace_whose_columns_are_not_known_is_told_at_its_key_with_what_to_do(self):
        with open(self.path("log.csv"), "w") as file:
            file.write("when,kbps\n0,1000\n1,2000\n")
        for kind in ("even", "optimal"):
            file = self.scenario(link="trace: log.csv, trace_format: table", kind=kind)
            for verb in ("validate", "run", "plan"):
                said = self.refused_by(verb, file)
                self.assertIn(f"{file}:10:43: network.links[0].trace: {self.path('log.csv')}", said)
                self.assertIn("it has: ", said)
                self.assertIn("millrace trace convert FILE trace.csv --rate-column NAME", said)
                self.assertNotIn("policy.partition", said)

    def test_a_microbatch_that_no_tensor_holds_is_told_at_its_line(self):
        for verb in ("validate", "run"):
            said = self.refused_by(verb, self.scenario(microbatch=4096))
            self.assertIn(f"{self.path('my.yaml')}:3:", said)
            self.assertIn("model.microbatch: 4096 images", said)
            self.assertIn("make it smaller", said)
        for kind in ("optimal", "pipedream"):
            self.assertIn("model.microbatch: 4096 images",
                          self.refused_by("plan", self.scenario(microbatch=4096, kind=kind)))

    def test_a_standstill_names_the_link_and_its_cause(self):
        file = self.scenario(events="[{at: 10 ms, link: camera-board-a, state: down}]")
        for network in ("fluid", "ns3"):
            said = self.refused_by("run", file, "--set", f"network.kind={network}", expect=1)
            self.assertIn("the pipeline is stuck at ", said)
            self.assertIn("microbatch 0 from source to stage 1, under way since 0.000 s, never arrives: "
                          "an event took link camera -> board-a down at 0.01 s, and none brings it", said)
            shutil.rmtree(self.path("run"))

    @staticmethod
    def as_nobody(command, **how):
        """Runs it as a user who owns nothing here: root may write everywhere."""
        if os.geteuid() == 0:
            command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]
        return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, **how)

    def test_a_checkout_that_cannot_be_written_is_told_before_anything_is_built(self):
        checkout = self.path("checkout")
        os.makedirs(os.path.join(checkout, "build", "log"))
        shutil.copy(os.path.join(ROOT, "dev"), checkout)
        os.chmod(self.folder, 0o755)
        os.chmod(os.path.join(checkout, "build"), 0o555)
        done = self.as_nobody([os.path.join(checkout, "dev"), "run", "my.yaml"])
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn(f"{checkout}/build cannot be written by ", done.stderr)
        self.assertIn(f"work in a copy of your own: cp -r '{checkout}'", done.stderr)

    def test_a_folder_for_runs_that_cannot_be_written_is_told_with_the_option(self):
        os.makedirs(self.path("locked"))
        os.chmod(self.folder, 0o755)
        os.chmod(self.path("locked"), 0o555)
        file = self.scenario()
        done = self.as_nobody([MILLRACE, "run", file], cwd=self.path("locked"))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("--out DIR writes the run somewhere else", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
