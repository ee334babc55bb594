"""`millrace sweep` as a user runs it: only missing cells run; crashes, Ctrl-C, batch systems. Whole
processes; every wait has a limit. Run by ctest with MILLRACE_BIN naming the folder of the binaries."""

import csv
import fcntl
import os
import shlex
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

MILLRACE = os.path.join(os.environ["MILLRACE_BIN"], "millrace")
LIMIT_S = 60
SCENARIO = """millrace: 1
name: small
model: {{name: vit-tiny, microbatch: 2}}
workload: {{images: {images}}}
devices:
  - {{name: a, runs: [source, stage], speed: 8 GFLOP/s}}
  - {{name: b, runs: [stage, sink], speed: 8 GFLOP/s}}
network: {{links: [{{between: [a, b], {link}}}]}}
run: {{mode: simulate}}
sweep:
{block}
"""
GRID = "  grid:\n    run.window: [1, 2, 3]\n    policy.quantization.codec: [fp32, fp16]"


class Sweeps(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="millrace-sweep-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.out = self.path("out")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def scenario(self, block=GRID, images=4, link="rate: 10 Mbit/s"):
        return self.write("s.yaml", SCENARIO.format(block=block, images=images, link=link))

    def millrace(self, *arguments, expect=0):
        done = subprocess.run([MILLRACE, *arguments], capture_output=True, text=True, timeout=LIMIT_S,
                              cwd=self.folder)
        self.assertEqual(done.returncode, expect, done.stderr)
        return done

    def sweep(self, file, *arguments, expect=0):
        return self.millrace("sweep", file, "--out", self.out, *arguments, expect=expect)

    def cells(self):
        with open(os.path.join(self.out, "cells.csv"), newline="") as file:
            return list(csv.DictReader(file))

    def query(self, sql):
        database = os.path.join(self.out, "sweep.sqlite")
        if not os.path.exists(database):
            return []
        connection = sqlite3.connect(database, timeout=LIMIT_S)
        try:
            return connection.execute(sql).fetchall()
        except sqlite3.OperationalError:  # its tables are being made
            return []
        finally:
            connection.close()

    def finished(self):
        """cell_key -> time and place of its run."""
        return {key: rest for key, *rest in self.query(
            "SELECT cell_key, finished_utc, wall_s, run_directory FROM result")}

    def wait_for(self, condition, what):
        end = time.monotonic() + LIMIT_S
        while not condition():
            self.assertLess(time.monotonic(), end, f"waited {LIMIT_S} s for {what}")
            time.sleep(0.01)


class Sweeping(Sweeps):
    def test_every_cell_is_what_its_command_gives(self):
        file = self.scenario()
        self.sweep(file)
        cells = self.cells()
        self.assertEqual([cell["status"] for cell in cells], ["finished"] * 6)
        self.assertEqual(cells[3]["name"], "window=2, codec=fp16")
        listed = self.sweep(file, "--list").stdout.splitlines()
        self.assertEqual(len(listed), 6)
        words = shlex.split(listed[3])
        words[words.index("--out") + 1] = self.path("alone")
        subprocess.run(words, check=True, timeout=LIMIT_S, cwd=self.folder, capture_output=True)
        for name in ("summary.json", "microbatches.csv", "transfers.csv"):
            with open(os.path.join(self.path("alone"), name), "rb") as one, \
                    open(os.path.join(cells[3]["run_directory"], name), "rb") as other:
                self.assertEqual(one.read(), other.read(), name)

    def test_a_second_time_nothing_runs_and_a_new_value_runs_alone(self):
        self.sweep(self.scenario())
        before = self.finished()
        self.sweep(self.scenario())
        self.assertEqual(self.finished(), before)
        self.sweep(self.scenario(GRID.replace("[1, 2, 3]", "[3, 4]")))
        after = self.finished()
        self.assertEqual({key: after[key] for key in before}, before)
        self.assertEqual(len(after), 8)
        self.assertEqual(len(self.cells()), 4)

    def test_a_trace_with_other_content_runs_its_cells_again(self):
        self.write("t.csv", "time_s,rate_mbit_per_s\n0,5\n10,end\n")
        file = self.scenario(link="trace: t.csv")
        self.sweep(file)
        first = [cell["throughput_images_per_s"] for cell in self.cells()]
        self.write("t.csv", "time_s,rate_mbit_per_s\n0,2\n10,end\n")
        self.assertEqual(len(self.sweep(file, "--list", "--missing").stdout.splitlines()), 6)
        self.sweep(file)
        second = [cell["throughput_images_per_s"] for cell in self.cells()]
        for one, other in zip(first, second, strict=True):
            self.assertGreater(float(one), float(other))

    def test_a_cell_that_fails_harms_no_other_and_is_tried_again(self):
        block = "  grid:\n    model.microbatch: [2, 4096]"
        done = self.sweep(self.scenario(block, images=5000), expect=1)
        cells = self.cells()
        self.assertEqual([cell["status"] for cell in cells], ["finished", "failed"])
        self.assertIn("too many", cells[1]["error"])
        self.assertEqual(cells[1]["exit_code"], "3")
        self.assertIn("cell 2 (microbatch=4096)", done.stderr)
        self.sweep(self.scenario(block, images=5000), expect=1)
        self.assertEqual(self.query("SELECT attempts FROM failure"), [(2,)])

    def test_two_scenarios_of_one_name_do_not_share_a_folder(self):
        self.sweep(self.scenario())
        before = self.cells()
        other = self.write("other.yaml", SCENARIO.format(block="  grid:\n    run.window: [7]", images=4,
                                                         link="rate: 10 Mbit/s"))
        for option in ([], ["--csv"], ["--dry-run"], ["--list"]):
            done = self.sweep(other, *option, expect=2)
            self.assertIn("s.yaml, whose tables that of", done.stderr)
            self.assertIn("--take-over", done.stderr)
        self.assertEqual(self.cells(), before)
        os.rename(self.path("s.yaml"), self.path("moved.yaml"))
        self.assertEqual(self.sweep(self.path("moved.yaml"), "--list", "--missing").stdout, "")
        self.sweep(self.path("moved.yaml"))
        self.sweep(other, "--take-over")
        self.assertEqual(len(self.cells()), 1)

    def test_expectations_that_are_not_met_are_results(self):
        file = self.scenario(GRID + '\nexpect: {throughput: ">= 1000 /s"}')
        self.sweep(file, expect=5)
        self.assertEqual({cell["exit_code"] for cell in self.cells()}, {"5"})
        before = self.finished()
        self.sweep(file, expect=5)
        self.assertEqual(self.finished(), before)

    def test_problems_of_all_cells_are_listed_at_once_by_validate_too(self):
        file = self.scenario("  grid:\n    run.window: [1, 0]\n    model.microbatch: [1, x]")
        for arguments in (["sweep", file, "--out", self.out], ["validate", file]):
            said = self.millrace(*arguments, expect=3).stderr
            self.assertIn("s.yaml:12:21: run.window must be", said)
            self.assertIn("s.yaml:13:27: model.microbatch must be", said)
        self.assertFalse(os.path.exists(self.out))

    def test_run_leaves_the_block_aside_and_says_so(self):
        done = self.millrace("run", self.scenario(), "--out", self.path("run"))
        self.assertIn("runs its 6 cells", done.stderr)

    def test_dry_run_makes_nothing(self):
        done = self.sweep(self.scenario(), "--dry-run")
        self.assertIn("6 of 6 cells are missing", done.stdout)
        self.assertFalse(os.path.exists(self.out))

    def test_discarded_runs_leave_their_figures(self):
        self.sweep(self.scenario(), "--discard-runs")
        self.assertEqual(os.listdir(os.path.join(self.out, "runs")), [])
        self.assertTrue(all(cell["throughput_images_per_s"] for cell in self.cells()))


class Crashes(Sweeps):
    BLOCK = "  grid:\n    run.window: [1, 2, 3, 4, 5, 6, 7, 8]\n    policy.quantization.bits: [2, 4, 8]"

    def start(self, file):
        sweep = subprocess.Popen([MILLRACE, "sweep", file, "--out", self.out, "-j", "2", "--set",
                                  "policy.quantization.codec=uniform", "--set", "policy.quantization.bits=8"],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                 cwd=self.folder)
        self.addCleanup(lambda: (sweep.kill(), sweep.communicate()))
        return sweep

    def long_scenario(self):
        return self.scenario(self.BLOCK, images=6_000)

    def again(self, file):
        return self.sweep(file, "--set", "policy.quantization.codec=uniform", "--set",
                          "policy.quantization.bits=8")

    def test_kill_in_the_middle_loses_no_finished_cell(self):
        file = self.long_scenario()
        sweep = self.start(file)
        self.wait_for(lambda: len(self.finished()) >= 3, "three cells")
        self.assertIsNone(sweep.poll(), "it ended before it could be killed")
        sweep.send_signal(signal.SIGKILL)
        sweep.wait(timeout=LIMIT_S)
        before = self.finished()
        self.assertLess(len(before), 24)
        self.again(file)
        after = self.finished()
        self.assertEqual({key: after[key] for key in before}, before, "a finished cell was run again")
        self.assertEqual(len(after), 24)
        self.assertEqual([cell["status"] for cell in self.cells()], ["finished"] * 24)

    def test_interrupt_keeps_what_finished_and_says_how_to_go_on(self):
        file = self.long_scenario()
        sweep = self.start(file)
        self.wait_for(lambda: len(self.finished()) >= 2, "two cells")
        sweep.send_signal(signal.SIGINT)
        _, said = sweep.communicate(timeout=LIMIT_S)
        self.assertEqual(sweep.returncode, -signal.SIGINT, said)
        self.assertIn("are missing; this runs them: ", said)
        before = self.finished()
        self.assertEqual(self.query("SELECT count(*) FROM failure"), [(0,)], "interrupted is not failed")
        self.assertEqual(sum(cell["status"] == "finished" for cell in self.cells()), len(before))
        command = said.split("this runs them: ")[1].splitlines()[0]
        subprocess.run(shlex.split(command), check=True, timeout=LIMIT_S, cwd=self.folder,
                       capture_output=True)
        after = self.finished()
        self.assertEqual(({key: after[key] for key in before}, len(after)), (before, 24))

    def test_two_sweeps_do_not_write_in_one_folder(self):
        os.makedirs(self.out)
        with open(os.path.join(self.out, "sweep.lock"), "w") as lock:
            lock.write("process 4711 on elsewhere\n")
            lock.flush()
            fcntl.flock(lock, fcntl.LOCK_EX)
            done = self.sweep(self.scenario(), expect=2)
        self.assertIn("process 4711 on elsewhere is sweeping here", done.stderr)
        self.sweep(self.scenario())

    def test_a_crashed_cell_harms_no_other(self):
        sweep = self.start(self.scenario("  grid:\n    run.window: [1, 2, 3]", images=40_000))
        children = f"/proc/{sweep.pid}/task/{sweep.pid}/children"

        def a_child():
            with open(children) as listed:
                return [int(pid) for pid in listed.read().split()]
        self.wait_for(a_child, "a cell")
        os.kill(a_child()[0], signal.SIGKILL)
        _, said = sweep.communicate(timeout=LIMIT_S)
        self.assertEqual(sweep.returncode, 1, said)
        self.assertIn("ended by signal 9", said)
        self.assertEqual([len(self.finished()), self.query("SELECT count(*), signal FROM failure")],
                         [2, [(1, 9)]])


class Batch(Sweeps):
    def test_commands_run_by_a_batch_system_are_taken_in(self):
        file = self.scenario()
        listed = self.sweep(file, "--list").stdout.splitlines()
        for line in listed[:4]:
            subprocess.run(["sh", "-c", line], check=True, timeout=LIMIT_S, cwd=self.folder,
                           capture_output=True)
        done = self.sweep(file, "--csv")
        self.assertIn("4 finished runs taken in", done.stderr)
        self.assertEqual([cell["status"] for cell in self.cells()], ["finished"] * 4 + ["missing"] * 2)
        self.assertEqual(self.sweep(file, "--list", "--missing").stdout.splitlines(), listed[4:])
        before = self.finished()
        self.sweep(file)
        after = self.finished()
        self.assertEqual(({key: after[key] for key in before}, len(after)), (before, 6))

    def test_runs_from_elsewhere_are_imported_and_strangers_refused(self):
        self.write("t.csv", "time_s,rate_mbit_per_s\n0,5\n10,end\n")
        file = self.scenario(link="trace: t.csv")
        # The same cell in another folder: other paths, the same contents.
        other = self.path("other")
        os.makedirs(other)
        for name in ("s.yaml", "t.csv"):
            shutil.copy(self.path(name), other)
        run = ["run", os.path.join(other, "s.yaml"), "--set", "policy.quantization.codec=fp16", "--out"]
        self.millrace(*run, self.path("good"), "--set", "run.window=2")
        self.millrace(*run, self.path("bad"), "--set", "run.window=9")
        self.sweep(file, "--import", self.path("good"))
        self.assertEqual([cell["status"] for cell in self.cells()].index("finished"), 3)
        done = self.sweep(file, "--import", self.path("bad"), self.folder, expect=3)
        self.assertIn("is the run of no cell of this sweep", done.stderr)
        self.assertIn("manifest.json", done.stderr)
        self.assertEqual(len(self.finished()), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
