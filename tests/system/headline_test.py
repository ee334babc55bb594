"""The headline of a run is true; and ./dev ends in the same way as the program that it ran."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MILLRACE = os.path.join(os.environ.get("MILLRACE_BIN", ""), "millrace")
QUICKSTART = os.path.join(ROOT, "scenarios", "quickstart.yaml")
LIMIT_S = 120


class InAFolder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="millrace-headline-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, text, *names):
        os.makedirs(os.path.dirname(self.path(*names)), exist_ok=True)
        with open(self.path(*names), "w") as file:
            file.write(text)
        os.chmod(self.path(*names), 0o755)


class Headline(InAFolder):
    def run_quickstart(self, mode, *arguments):
        out = self.path(mode)
        done = subprocess.run([MILLRACE, "run", QUICKSTART, "--mode", mode, "--out", out,
                               "--set", "workload.images=22", "--set", "model.microbatch=4", *arguments],
                              capture_output=True, text=True, timeout=LIMIT_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(os.path.join(out, "summary.json")) as file:
            summary = json.load(file)
        return done.stdout, summary

    def test_of_virtual_time_says_so_and_what_the_fluid_network_leaves_out(self):
        for mode in ("simulate", "cosim"):
            said, summary = self.run_quickstart(mode)
            self.assertRegex(said, r"^\n22 images in [\d.]+ s of virtual time: ")
            self.assertIn(f"\nmode {mode}: compute taken from speeds and profiles, links simulated (",
                          said)
            self.assertEqual((summary["compute"], summary["link_conditions"]), ("profile", "simulated"))
            # Its trace has outages.
            self.assertEqual([caveat["id"] for caveat in summary["caveats"]],
                             ["fluid_outage"] if mode == "simulate" else [])

    def test_of_a_local_deploy_says_what_is_imitated_and_what_was_not_applied(self):
        said, summary = self.run_quickstart("deploy")
        head = said.split("\nwhere the stages")[0]
        self.assertRegex(head, r"^\n22 images in [\d.]+ s: ")
        self.assertIn("\nmode deploy: compute imitated, links not applied\n", head)
        self.assertIn("--set run.compute=measured", head)
        self.assertIn("--set run.links=netns", head)
        self.assertEqual((summary["compute"], summary["link_conditions"]), ("imitated", "not applied"))
        # A busy machine, or one with sanitizers, may be slower than the imitated board; then there is this
        # caveat.
        self.assertEqual([caveat["id"] for caveat in summary["caveats"] if caveat["id"] != "compute_overrun"],
                         ["compute_imitated", "links_not_applied"])
        with open(self.path("deploy", "scenario.resolved.yaml")) as file:
            self.assertIn("\n  compute: profile\n", file.read())

    def test_what_is_measured_here_is_called_this_machine(self):
        said, summary = self.run_quickstart("deploy", "--set", "run.compute=measured")
        self.assertIn("\nmode deploy: compute measured, links not applied\n", said)
        self.assertEqual(summary["caveats"][0]["id"], "compute_shared")


class Dev(InAFolder):
    """./dev in a tree of stand-ins: nothing is installed or built, and millrace is a few lines."""

    def setUp(self):
        super().setUp()
        shutil.copy(os.path.join(ROOT, "dev"), self.path("dev"))
        self.write("", "build", "release", "build.ninja")
        self.write("#!/bin/bash\nfor p in \"${@:4}\"; do printf 'installed:%s ' \"$p\"; done\n", "bin",
                   "dpkg-query")
        for tool in ("ninja", "cmake"):
            self.write("#!/bin/bash\n", "bin", tool)
        # Like the real program: on Ctrl-C it writes its results and dies by the signal.
        self.write(f"""#!{sys.executable}
import os, signal, sys, time
folder = sys.argv[3] + ".run"
os.mkdir(folder)
open(folder + "/sweep.sqlite", "w").close()
with open(sys.argv[3], "w") as notes:
    notes.write(folder + "\\n")
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
open({self.path("ready")!r}, "w").close()
signal.sigwait([signal.SIGINT])
signal.signal(signal.SIGINT, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
os.kill(os.getpid(), signal.SIGINT)
""", "build", "release", "bin", "millrace")
        for script in ("report.py", "sweep.py"):
            self.write(f"open({self.path('drawn')!r}, 'w').close()\n", "analysis", script)

    def interrupted(self, verb):
        environment = {**os.environ, "TMPDIR": self.folder,
                       "PATH": self.path("bin") + ":" + os.environ["PATH"]}
        dev = subprocess.Popen(["/bin/bash", self.path("dev"), verb, "x.yaml"], env=environment,
                               stderr=subprocess.PIPE, text=True, start_new_session=True)
        deadline = time.monotonic() + LIMIT_S
        while not os.path.exists(self.path("ready")) and time.monotonic() < deadline and dev.poll() is None:
            time.sleep(0.02)
        os.killpg(dev.pid, signal.SIGINT)  # to the whole group, as a terminal does
        _, errors = dev.communicate(timeout=LIMIT_S)
        return dev.returncode, errors

    def test_run_and_sweep_that_are_interrupted_draw_and_end_by_the_signal(self):
        for verb in ("run", "sweep"):
            with self.subTest(verb=verb):
                code, errors = self.interrupted(verb)
                self.assertEqual(code, -signal.SIGINT, errors)
                self.assertTrue(os.path.exists(self.path("drawn")), errors)
                os.remove(self.path("drawn"))
                os.remove(self.path("ready"))
                left = [name for name in os.listdir(self.folder) if name.startswith("tmp.")]
                self.assertEqual([name for name in left if not name.endswith(".run")], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
