#!/usr/bin/env python3
"""Tests of the Python package: frames hold what the files hold, and every example runs. With $MILLRACE, the
path of the program, also run() and plan(). Exit code 77, a skip, without pandas."""

import csv
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "analysis")]

try:
    import pandas
except ImportError:
    print("needs python3-pandas, which is not installed: skipped")
    sys.exit(77)

import millrace  # noqa: E402
import synthetic_run  # noqa: E402
import test_page  # noqa: E402

RATE = "network.links[0].rate"


class Frames(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.path = synthetic_run.write(self.folder / "run", microbatches=20)

    def test_a_table_is_what_the_csv_module_reads(self):
        run = millrace.Run(self.path)
        for name in ("microbatches", "stages", "transfers", "decisions", "links", "bandwidth", "outputs"):
            frame = getattr(run, name)
            with open(self.path / f"{name}.csv", encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
            self.assertEqual(list(frame.columns), list(rows[0]), name)
            self.assertEqual(len(frame), len(rows))
            for column in frame:
                for value, text in zip(frame[column], (row[column] for row in rows)):
                    if text == "":
                        self.assertTrue(pandas.isna(value), (name, column))
                    elif isinstance(value, str):
                        self.assertEqual(value, text)
                    else:
                        self.assertAlmostEqual(float(value), float(text), places=9)

    def test_whole_numbers_stay_whole_and_names_are_categories(self):
        run = millrace.Run(self.path)
        self.assertEqual(str(run.stages.arrived_ns.dtype), "int64")
        self.assertEqual(str(run.transfers.microbatch.dtype), "Int64")  # feedback may have none
        self.assertEqual(str(run.stages.device.dtype), "category")
        self.assertEqual(str(run.microbatches.latency_ms.dtype), "float64")
        self.assertIs(run.stages, run.stages)

    def test_a_killed_run_has_frames(self):
        (self.path / "summary.json").unlink()
        (self.path / "decisions.csv").unlink()
        file = self.path / "stages.csv"
        file.write_bytes(file.read_bytes()[:-3])
        run = millrace.Run(self.path)
        self.assertIsNone(run.summary)
        self.assertEqual(len(run.decisions), 0)
        self.assertEqual(len(run.stages), 59)
        self.assertGreater(run.throughput_images_per_s, 0)

    def test_what_is_not_there_is_said(self):
        with self.assertRaisesRegex(millrace.RunError, "not a run directory"):
            millrace.Run(self.folder)
        with self.assertRaisesRegex(AttributeError, "its tables: microbatches, stages"):
            _ = millrace.Run(self.path).nothing
        with self.assertRaisesRegex(millrace.RunError, "there is no figure 'x'"):
            millrace.figure("x", self.path)

    def write_sweep(self):
        case = test_page.Sweeps()
        case.folder = self.folder
        case.write([(rate, seed, [rate * 10 + seed, 5, 0.9]) for rate in (1, 2, 50) for seed in (0, 1, 2)])

    def test_swept_values_are_numbers_and_text(self):
        self.write_sweep()
        cells = millrace.Sweep(self.folder).cells
        self.assertEqual(list(cells[RATE])[::3], ["1 Mbit/s", "2 Mbit/s", "50 Mbit/s"])
        self.assertEqual(list(cells[f"{RATE}_bit_per_s"])[::3], [1e6, 2e6, 50e6])
        means = cells.groupby(RATE).throughput_images_per_s.mean()
        self.assertEqual(means["2 Mbit/s"], 21)
        self.assertEqual(set(cells.status), {"finished"})

    def test_every_example_runs(self):
        self.write_sweep()
        other = synthetic_run.write(self.folder / "other", microbatches=10)
        arguments = {
            "throughput_over_time": [self.path],
            "pipeline": [self.path],
            "bits_over_time": [self.path],
            "latency_of_two_runs": [self.path, other],
            "throughput_over_bandwidth": [self.folder, RATE],
        }
        scripts = sorted((ROOT / "analysis" / "examples").glob("*.py"))
        self.assertEqual({script.stem for script in scripts}, set(arguments))
        for script in scripts:
            out = self.folder / f"{script.stem}.pdf"
            done = subprocess.run(
                ["/usr/bin/python3", "-B", script, *arguments[script.stem], out],
                text=True,
                env=os.environ | {"PYTHONPATH": str(ROOT / "analysis")},
                capture_output=True,
                timeout=120,
                check=False,
            )
            self.assertEqual(done.returncode, 0, f"{script.name}: {done.stderr}")
            self.assertTrue(out.read_bytes().startswith(b"%PDF"))
            self.assertNotIn(b"/Type3", out.read_bytes())


@unittest.skipUnless(os.environ.get("MILLRACE"), "needs $MILLRACE, the path of the program")
class Programs(unittest.TestCase):
    SCENARIO = ROOT / "scenarios" / "quickstart.yaml"

    def test_a_run_is_started_from_python_and_its_keys_are_set(self):
        with tempfile.TemporaryDirectory() as folder:
            run = millrace.run(
                self.SCENARIO,
                set={"workload.images": 64, "network.links[1].delay": "7 ms"},
                mode="simulate",
                seed=5,
                out=Path(folder) / "run",
            )
            self.assertEqual(run.microbatches.images.sum(), 64)
            self.assertEqual(run.manifest["seed"], 5)
            self.assertIn("delay: 7 ms", (run.path / "scenario.resolved.yaml").read_text(encoding="utf-8"))

    def test_a_plan_is_a_dict(self):
        made = millrace.plan(self.SCENARIO, set={"policy.partition": {"kind": "optimal"}})
        self.assertEqual(len(made["stages"]), 3)
        self.assertGreater(made["throughput_images_per_s"], 0)

    def test_what_millrace_says_is_the_error(self):
        with self.assertRaisesRegex(millrace.RunError, "no_such_key"):
            millrace.run(self.SCENARIO, set={"no_such_key": 1})


if __name__ == "__main__":
    unittest.main()
