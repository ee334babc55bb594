"""Other results of a run than its tables, and its messages about them: the agents' logs, the folder's name
for scripts, the warning about captures, pictures of traces."""

import glob
import os
import struct
import unittest

from system_test import QUICKSTART, SMALL, System, read

SWEEP = """
sweep:
  grid:
    workload.images: [8, 12]
"""


class Outputs(System):
    def agent_logs(self, out):
        logs = glob.glob(os.path.join(out, "agents", "*.log"))
        return {os.path.basename(log): read(*os.path.split(log)).decode() for log in logs}

    def test_what_an_agent_warns_of_is_in_the_run_directory(self):
        nothing = self.path("nothing-learnt")
        os.mkdir(nothing)
        klt = ["--set", "policy.quantization.codec=klt",
               "--set", f"policy.quantization.calibration={nothing}"]
        for mode in ("cosim", "deploy"):
            out = self.run_quickstart(mode, "--mode", mode, *klt)
            logs = self.agent_logs(out)
            self.assertEqual(list(logs), ["camera+board-a+board-b+board-c.log"], mode)
            lines = logs.popitem()[1].splitlines()
            warnings = [line for line in lines if line.startswith("warning: ")]
            self.assertEqual(len(warnings), 2, lines)  # three stages, two cuts between them
            for cut, warning in zip(("8", "16"), sorted(warnings, key=len), strict=True):
                self.assertIn(f"{nothing} has no ", warning)
                self.assertIn(f"cut {cut} is encoded without a calibration", warning)

    def test_an_agent_that_says_nothing_leaves_no_log_and_none_of_an_earlier_run_stays(self):
        out = self.run_quickstart("run", "--mode", "cosim", "--set", "network.kind=fluid")
        self.assertEqual(self.agent_logs(out), {})
        os.makedirs(os.path.join(out, "agents"), exist_ok=True)
        with open(os.path.join(out, "agents", "board-a.log"), "w") as file:
            file.write("note: of an earlier run\n")
        self.run_quickstart("run", "--mode", "cosim", "--set", "network.kind=fluid")
        self.assertEqual(self.agent_logs(out), {})

    def test_the_directory_file_holds_the_folder_of_the_run(self):
        note = self.path("note")
        out = self.run_quickstart("run", "--mode", "simulate", "--directory-file", note)
        self.assertEqual(read(self.folder, "note").decode(), out + "\n")
        self.assertIn("summary.json", os.listdir(out))

    def test_the_directory_file_of_a_run_whose_expectation_failed_is_written_too(self):
        note = self.path("note")
        out = self.run_quickstart("run", "--mode", "simulate", "--directory-file", note, "--set",
                                  'expect.throughput=">= 100000 /s"', expect=5)
        self.assertEqual(read(self.folder, "note").decode(), out + "\n")

    def test_a_directory_file_that_cannot_be_written_is_said_and_is_an_error(self):
        note = os.path.join(self.folder, "no", "such", "folder", "note")
        done = self.millrace("run", QUICKSTART, "--mode", "simulate", "--out", self.path("run"), *SMALL,
                             "--directory-file", note, expect=1)
        self.assertIn("--directory-file", done.stderr)
        self.assertIn(note, done.stderr)
        self.assertIn("summary.json", os.listdir(self.path("run")))

    def test_the_directory_file_of_a_sweep_holds_its_folder(self):
        with open(QUICKSTART) as file:
            text = file.read()
        home = os.path.dirname(QUICKSTART)
        text = text.replace("models/", f"{home}/models/").replace("../traces/", f"{home}/../traces/")
        scenario, out = self.write("s.yaml", text + SWEEP), self.path("sweep")
        self.millrace("sweep", scenario, "--set", "run.mode=simulate", "--out", out, "--directory-file",
                      self.path("note"))
        self.assertEqual(read(self.folder, "note").decode(), out + "\n")
        self.assertIn("sweep.sqlite", os.listdir(out))

    def captures(self, *arguments):
        """The messages of a run with captures about them, and the capture files it made."""
        out = self.path("-".join(a.partition("=")[2] or a for a in arguments[1:]).replace("-", ""))
        done = self.millrace("run", QUICKSTART, "--out", out, *SMALL, *arguments, "--set",
                             "run.pcap=[camera->board-a]")
        return done.stderr, [name for name in os.listdir(out) if name.endswith(".pcap")]

    def test_captures_of_a_network_without_packets_are_warned_of(self):
        for mode, network in (("simulate", "fluid"), ("cosim", "fluid"), ("deploy", "real")):
            kind = [] if mode == "deploy" else ["--set", f"network.kind={network}"]
            said, made = self.captures("--mode", mode, *kind)
            self.assertIn(f"run.pcap: a {network} network has no packets to capture", said)
            self.assertIn("set network.kind to ns3", said)
            self.assertEqual(made, [])

    def test_captures_of_ns3_are_made_and_not_warned_of(self):
        said, made = self.captures("--mode", "simulate", "--set", "network.kind=ns3")
        self.assertNotIn("run.pcap", said)
        self.assertEqual(made, ["camera+board-a.pcap"])


@unittest.skipUnless(os.path.exists("/usr/lib/python3/dist-packages/matplotlib"), "needs python3-matplotlib")
class TracePictures(System):
    def test_traces_are_drawn(self):
        step = self.write("step.csv", "time_s,rate_mbit_per_s\n0,8\n2,0\n3,4\n90,end\n")
        opportunities = self.write("line.down", "".join(f"{at}\n" for at in range(1, 9000, 3)))
        sizes = []
        for files in ([step], [step, opportunities]):
            self.millrace("trace", "plot", self.path("p.png"), *files)
            picture = read(self.folder, "p.png")
            self.assertTrue(picture.startswith(b"\x89PNG\r\n\x1a\n"))
            self.assertGreater(min(struct.unpack(">II", picture[16:24])), 300)
            sizes.append(picture)
        self.assertNotEqual(*sizes, "the second trace is in the picture too")

    def test_a_trace_that_cannot_be_read_is_named_and_nothing_is_drawn(self):
        good = self.write("good.csv", "time_s,rate_mbit_per_s\n0,8\n5,end\n")
        bad = self.write("bad.csv", "time_s,rate_mbit_per_s\n0,5\n1,-3\n2,end\n")
        for files in ([bad], [good, bad], [self.path("nowhere.csv")]):
            done = self.millrace("trace", "plot", self.path("p.png"), *files, expect=3)
            self.assertIn(os.path.basename(files[-1]), done.stderr)
            self.assertNotIn("Traceback", done.stderr)
            self.assertFalse(os.path.exists(self.path("p.png")))
        self.millrace("trace", "plot", self.path("p.png"), expect=2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
