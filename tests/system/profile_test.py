"""`millrace-node profile` as a user runs it; whole processes, with MILLRACE_BIN as for system_test.py."""

import os
import signal
import subprocess
import unittest

from system_test import LIMIT_S, NODE, QUICKSTART, System as Base, rows


class Profiles(Base):
    boards = [(1, "board-a"), (2, "board-b"), (3, "board-c")]

    def profile(self, *arguments, expect=0):
        done = subprocess.run([NODE, "profile", *arguments], capture_output=True, text=True, timeout=LIMIT_S)
        self.assertEqual(done.returncode, expect, done.stderr)
        return done

    def test_this_machine_measured_is_a_device_of_a_scenario(self):
        profile = self.path("here.yaml")
        done = self.profile("--model", "vit-tiny", "--microbatch", "1,2", "--repeats", "1", "--codecs",
                            "uniform,fp32", "--device", "here", "--out", profile)
        self.assertIn("vit-tiny on here", done.stdout)
        self.assertIn("sub-layer", done.stderr)
        out = self.path("run")
        self.millrace("run", QUICKSTART, "--mode", "simulate", "--out", out, "--set", "workload.images=16",
                      *(argument for board, name in self.boards for argument in
                        ("--set", f"devices[{board}]={{name: {name}, profile: {profile}}}")))
        self.assertEqual({row["device"] for row in rows(out, "stages.csv")},
                         {"board-a", "board-b", "board-c"})
        for row in rows(out, "stages.csv"):
            self.assertGreater(int(row["compute_ns"]), 0)
            self.assertGreater(int(row["encode_ns"]), 0)

    def test_faults_are_sentences_and_leave_no_file(self):
        out = self.path("p.yaml")
        self.assertIn("vit-base", self.profile("--model", "nothing", "--out", out, expect=3).stderr)
        self.assertIn("1 to 4096", self.profile("--microbatch", "0", "--out", out, expect=2).stderr)
        self.assertIn("cannot be written",
                      self.profile("--out", self.path("no/such/p.yaml"), expect=2).stderr)
        self.assertEqual(os.listdir(self.folder), [])

    def test_interruption_leaves_no_half_a_profile(self):
        process = subprocess.Popen([NODE, "profile", "--model", "vit-base", "--repeats", "1000", "--out",
                                    self.path("p.yaml")], stderr=subprocess.PIPE, text=True)
        self.assertTrue(any("sub-layer" in line for line in iter(process.stderr.readline, "")))
        process.send_signal(signal.SIGINT)
        self.assertIn("interrupted", process.communicate(timeout=LIMIT_S)[1])
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.assertEqual(os.listdir(self.folder), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
