#!/usr/bin/env python3
"""Tests of analysis/: `/usr/bin/python3 tests/analysis/test_report.py` from anywhere."""

import contextlib
import io
import json
import struct
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "analysis")]

import attribution  # noqa: E402
import pipeline  # noqa: E402
import policies  # noqa: E402
import quantpipe  # noqa: E402
import report  # noqa: E402
import style  # noqa: E402
import synthetic_run  # noqa: E402
import throughput  # noqa: E402
from millrace import reduction  # noqa: E402
from run_directory import RunDirectory, RunError, Table  # noqa: E402

PICTURES = {"report.png", "throughput.png", "pipeline.png", "attribution.png", "quantpipe.png", "links.png"}


def quietly(path):
    """(exit code, stderr) of report.py."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        return report.main([str(path)]), said.getvalue()


def texts(figure):
    """Every string that a figure shows."""
    import matplotlib.text

    return " | ".join(text.get_text() for text in figure.findobj(matplotlib.text.Text) if text.get_visible())


class RunCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "run"

    def write(self, **options):
        return synthetic_run.write(self.path, **options)

    def keep_bytes(self, name, count):
        file = self.path / f"{name}.csv"
        file.write_bytes(file.read_bytes()[:count])

    def edit(self, name, old, new):
        file = self.path / name
        text = file.read_text(encoding="utf-8")
        self.assertIn(old, text)
        file.write_text(text.replace(old, new, 1), encoding="utf-8")


class Reports(RunCase):
    def test_writes_the_pictures_and_nothing_else(self):
        self.write()
        before = {file.name: file.read_bytes() for file in self.path.iterdir()}
        self.assertEqual(quietly(self.path), (0, ""))
        after = {file.name: file.read_bytes() for file in self.path.iterdir()}
        self.assertEqual(set(after) - set(before), PICTURES)
        self.assertEqual({name: after[name] for name in before}, before)
        for name in PICTURES:
            self.assertEqual(after[name][:8], b"\x89PNG\r\n\x1a\n")
            width, _ = struct.unpack(">II", after[name][16:24])
            self.assertEqual(width, style.WIDTH_INCHES * style.DPI)

    def test_headline_says_what_the_summary_says(self):
        self.write()
        summary = json.loads((self.path / "summary.json").read_text(encoding="utf-8"))
        shown = texts(report.make(RunDirectory(self.path)))
        self.assertIn("synthetic-phases", shown)
        self.assertIn("cosim", shown)
        self.assertIn(style.significant(summary["throughput_images_per_s"]), shown)
        self.assertIn(style.duration_text(summary["latency_ms"]["p50"] / 1e3), shown)
        self.assertIn("83.3 %", shown)
        self.assertNotIn("INCOMPLETE", shown)

    def test_without_labels_no_accuracy_is_claimed(self):
        self.write(microbatches=4)
        summary = json.loads((self.path / "summary.json").read_text(encoding="utf-8"))
        summary["accuracy"] = None
        (self.path / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
        self.assertNotIn("right", texts(report.make(RunDirectory(self.path))))

    def test_one_stage_and_one_microbatch(self):
        self.write(stages=1, microbatches=1)
        self.assertEqual(quietly(self.path), (0, ""))
        self.assertIn("1 stage  ·  1 microbatch  ·  8 images", texts(report.make(RunDirectory(self.path))))

    def test_a_run_on_hardware_has_no_bandwidth_file(self):
        self.write(microbatches=10)
        (self.path / "bandwidth.csv").unlink()
        self.assertEqual(quietly(self.path)[0], 0)
        self.assertIn("bandwidth is not known", texts(throughput.make(RunDirectory(self.path))))


class Policies(RunCase):
    def with_target(self, images_per_s, **options):
        self.write(**options)
        summary = json.loads((self.path / "summary.json").read_text(encoding="utf-8"))
        summary["policy"] = {"target_images_per_s": images_per_s, "share_meeting_target": 0.75,
                             "bits_per_value_mean": 4.5}
        (self.path / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
        return RunDirectory(self.path)

    def test_fixed_bits_are_no_picture_of_a_policy(self):
        self.write(microbatches=6)
        file = self.path / "decisions.csv"
        file.write_text(file.read_text(encoding="utf-8").replace("heuristic", "fixed"), encoding="utf-8")
        self.assertEqual(quietly(self.path), (0, ""))
        self.assertFalse((self.path / "quantpipe.png").exists())

    def test_the_bandwidth_met_is_the_links_mean_between_decisions(self):
        run = self.with_target(40.0)
        link = quantpipe.adaptive(run)[0]
        self.assertEqual(link, ("board-a", "board-b"))
        _, rate = quantpipe.bandwidth_met(run, link)
        self.assertAlmostEqual(rate.max(), 1000)
        self.assertAlmostEqual(rate.min(), 8)

    def test_late_is_who_is_waited_for(self):
        met = quantpipe.on_time(np.array([0.1, 0.2, 0.6, 0.7, 1.0]), np.full(5, 4.0), 40.0)
        self.assertEqual(list(met), [True, True, False, True, False])

    def test_the_phases_table_is_of_the_steady_part(self):
        run = self.with_target(40.0, microbatches=60)
        rows = quantpipe.phases_of(run, [20, 40])
        self.assertEqual([(row[0], row[1]) for row in rows], [(0, 20), (20, 40), (40, 60)])
        done = run.microbatches
        self.assertAlmostEqual(rows[1][2], 8 * 4 / (done["completed"][34] - done["completed"][30]))
        self.assertAlmostEqual(rows[1][4], 0.83, delta=0.01)

    def test_accuracy_is_the_share_of_labels_in_front(self):
        ranks = Table({"microbatch": np.array([0, 0, 1, 1]), "label_rank": np.array([0, 3, 0, np.nan])})
        self.assertEqual(quantpipe.accuracy_of(ranks, 0, 1), 0.5)
        self.assertEqual(quantpipe.accuracy_of(ranks, 0, 2), 2 / 3)
        self.assertIsNone(quantpipe.accuracy_of(ranks, 5, 9))

    def test_the_comparison_has_a_row_per_trace_and_ours_last(self):
        folder = self.path.parent / "all"
        for trace in ("lte", "wifi"):
            for policy in ("deadline", "heuristic"):
                self.path = folder / trace / policy
                self.with_target(40.0, microbatches=8)
        table = policies.read(folder)
        lines = policies.markdown(table).splitlines()
        self.assertEqual(lines[0], "| trace | heuristic | deadline |")
        self.assertTrue(lines[2].startswith("| lte | 75.0 %, 4.50, "))
        self.assertTrue(lines[-1].startswith("| **mean** | 75.0 %, 4.50, "))
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(policies.main([str(folder)]), 0)
            self.assertEqual(policies.main([str(folder / "lte")]), 3)
        self.assertTrue((folder / "policies.png").is_file())


class KilledRuns(RunCase):
    def test_any_cut_of_the_tables_is_drawn(self):
        self.write(microbatches=12)
        (self.path / "summary.json").unlink()
        names = ("microbatches", "stages", "transfers")
        sizes = {name: (self.path / f"{name}.csv").stat().st_size for name in names}
        for share in (0.9, 0.71, 0.43, 0.12, 0.05, 0.0):
            for name, size in sizes.items():
                self.keep_bytes(name, int(size * share))
            self.assertEqual(quietly(self.path), (0, ""), f"cut at {share}")
        self.assertEqual(len(RunDirectory(self.path).microbatches), 0)

    def test_a_cut_line_is_not_read_even_where_its_fields_are_complete(self):
        self.write(microbatches=5)
        size = (self.path / "microbatches.csv").stat().st_size
        self.keep_bytes("microbatches", size - 2)  # the line break and one digit of the last latency
        self.assertEqual(list(RunDirectory(self.path).microbatches["microbatch"]), [0, 1, 2, 3])

    def test_numbers_come_from_the_tables_and_the_reader_is_told(self):
        self.write()
        summary = json.loads((self.path / "summary.json").read_text(encoding="utf-8"))
        (self.path / "summary.json").write_text('{"throughput_', encoding="utf-8")
        run = RunDirectory(self.path)
        self.assertFalse(run.finished)
        self.assertIn("INCOMPLETE: the run was killed", texts(report.make(run)))
        self.assertAlmostEqual(report.images_per_s(run), summary["throughput_images_per_s"], delta=0.3)
        self.assertAlmostEqual(report.latency_ms(run, 50), summary["latency_ms"]["p50"], delta=5)

    def test_nothing_completed(self):
        self.write()
        (self.path / "summary.json").unlink()
        for name in ("microbatches", "stages", "transfers", "decisions"):
            (self.path / f"{name}.csv").unlink()
        self.assertEqual(quietly(self.path), (0, ""))
        shown = texts(report.make(RunDirectory(self.path)))
        self.assertIn("no microbatch was completed", shown)
        self.assertIn("no stage had started", shown)


class Refusals(RunCase):
    def test_a_folder_that_is_no_run(self):
        self.path.mkdir()
        code, said = quietly(self.path)
        self.assertEqual(code, 3)
        self.assertIn("not a run directory", said)
        self.assertIn(str(self.path), said)
        self.assertEqual(list(self.path.iterdir()), [])
        self.assertEqual(quietly(self.path / "absent")[0], 3)

    def test_a_manifest_that_is_no_json(self):
        self.write(microbatches=1)
        (self.path / "manifest.json").write_text("{", encoding="utf-8")
        code, said = quietly(self.path)
        self.assertEqual(code, 3)
        self.assertIn("manifest.json", said)

    def test_a_missing_column_is_named(self):
        self.write(microbatches=1)
        self.edit("stages.csv", "bit_width", "bits")
        with self.assertRaisesRegex(RunError, r"stages\.csv: no column bit_width"):
            RunDirectory(self.path)

    def test_a_damaged_line_in_the_middle_is_not_passed_over(self):
        self.write(microbatches=3)
        self.edit("microbatches.csv", "\n1,8,", "\n1,eight,")
        with self.assertRaisesRegex(RunError, r"microbatches\.csv: column images"):
            RunDirectory(self.path)
        self.edit("microbatches.csv", "\n1,eight,", "\n1,")
        with self.assertRaisesRegex(RunError, r"microbatches\.csv:3: 4 fields"):
            RunDirectory(self.path)


class Arithmetic(RunCase):
    def test_times_are_read_in_seconds(self):
        self.write(microbatches=1)
        row = (self.path / "microbatches.csv").read_text(encoding="utf-8").splitlines()[1].split(",")
        read = RunDirectory(self.path).microbatches["completed"][0]
        self.assertAlmostEqual(read, int(row[3]) / 1e9, places=12)

    def test_the_window_stays_within_the_run(self):
        self.write(microbatches=2)
        run = RunDirectory(self.path)
        self.assertLessEqual(throughput.window_of(run), run.duration / 3)

    def test_binning_a_dense_trace_keeps_its_integral(self):
        random = np.random.default_rng(1)
        time = np.concatenate([[0], np.sort(random.uniform(0, 60, 5000))])
        rate = random.uniform(0, 50, 5001)
        edges, mean, low, high = reduction.reduced_steps(time, rate, throughput.MAX_POINTS, 60.0)
        edges = np.append(edges, 60.0)
        exact = np.sum(rate * np.diff(np.append(time, 60.0)))
        self.assertAlmostEqual(np.sum(mean * np.diff(edges)), exact, delta=1e-6 * exact)
        self.assertTrue(np.all(low <= mean + 1e-9) and np.all(mean <= high + 1e-9))
        dense = np.linspace(edges[700], edges[701], 2000, endpoint=False)
        brute = rate[np.searchsorted(time, dense, side="right") - 1]
        self.assertAlmostEqual(mean[700], brute.mean(), delta=0.2)
        self.assertEqual((low[700], high[700]), (brute.min(), brute.max()))

    def test_only_the_link_that_changes_is_shown(self):
        self.write()
        self.assertEqual(throughput.shown_links(RunDirectory(self.path)), [("board-a", "board-b")])

    def test_time_attribution_from_the_tables_is_that_of_the_summary(self):
        self.write()
        run = RunDirectory(self.path)
        for stage in (1, 2, 3):
            reckoned = attribution.reckoned(run.stages.where(run.stages["stage"] == stage), run.duration)
            for part, seconds in attribution.seconds_of(run, stage).items():
                self.assertAlmostEqual(reckoned[part], seconds, places=4, msg=f"{part} of stage {stage}")
        self.assertGreater(attribution.seconds_of(run, 1)["blocked"], 1)

    def test_waiting_beside_other_work_is_not_blocked_time(self):
        # One result waits from 2 to 6 while the next is computed from 2 to 5: blocked for 1 s.
        columns = {"started": [0, 2], "computed": [2, 5], "encoded": [2, 5], "sent": [6, 6],
                   "decode": [0, 0], "compute": [2, 3], "encode": [0, 0]}
        work = Table({name: np.array(values, dtype=float) for name, values in columns.items()})
        self.assertEqual(attribution.reckoned(work, 10.0),
                         {"decode": 0, "compute": 5, "encode": 0, "blocked": 1, "idle": 4})

    def test_gantt_bars_stand_where_the_table_says(self):
        self.write()
        run = RunDirectory(self.path)
        bars, waits, _ = pipeline.stage_shapes(run, 1, (0.0, run.duration))
        first = {part: (begin, end) for begin, end, microbatch, part in bars if microbatch == 0}
        started, computed, encoded = (run.stages[name][0] for name in ("started", "computed", "encoded"))
        self.assertAlmostEqual(first["decode"][0], started)
        self.assertAlmostEqual(first["compute"][1], computed)
        self.assertAlmostEqual(first["compute"][0], started + 0.004)
        self.assertAlmostEqual(first["encode"][1], encoded)
        self.assertEqual(len(waits), 120)

    def test_gantt_rows_follow_the_first_microbatch(self):
        self.write()
        keys = [key for _, _, key in pipeline.rows_of(RunDirectory(self.path))]
        self.assertEqual(keys, [("camera", "board-a"), 1, ("board-a", "board-b"), 2, ("board-b", "board-c"),
                                3, ("board-c", "camera")])

    def test_axes_have_units_that_fit(self):
        self.assertEqual([style.duration_text(seconds) for seconds in (0, 5e-6, 0.0123, 1.5, 59, 1200)],
                         ["0 s", "5.00 µs", "12.3 ms", "1.50 s", "59.0 s", "20.0 min"])
        self.assertEqual(style.short("raspberry-pi-in-the-kitchen", 11), "raspb…tchen")


if __name__ == "__main__":
    unittest.main()
