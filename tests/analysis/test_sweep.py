#!/usr/bin/env python3
"""The picture of a sweep, from synthetic results. The schema is that of sim/sweep/store.hpp; tests/sweep
draws whole sweeps."""

import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ANALYSIS = Path(__file__).resolve().parents[2] / "analysis"
sys.path.insert(0, str(ANALYSIS))

import sweep as picture  # noqa: E402
from run_directory import RunError  # noqa: E402

FIGURES = ["throughput_images_per_s", "latency_p95_ms", "accuracy", "bits_per_value_mean"]
RATE, WINDOW = "network.links[1].rate", "run.window"


class SweepPicture(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="millrace-sweep-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def write(self, cells, version=1):
        """`cells`: (variant, {key: (value, number, unit)}, figures or None)."""
        connection = sqlite3.connect(self.folder / "sweep.sqlite")
        connection.executescript(f"""
            PRAGMA user_version = {version};
            CREATE TABLE meta (key TEXT, value TEXT); INSERT INTO meta VALUES ('name', 'synthetic');
            CREATE TABLE setting (position INTEGER, key TEXT, value TEXT, number REAL, unit TEXT);
            CREATE TABLE cells (position INTEGER, variant TEXT, {' REAL, '.join(FIGURES)} REAL,
            summary TEXT);""")
        for position, (variant, settings, figures) in enumerate(cells):
            connection.execute("INSERT INTO cells VALUES (?, ?, ?, ?, ?, ?, ?)",
                               [position, variant, *(figures or [None] * 4), "{}" if figures else None])
            for key, setting in settings.items():
                connection.execute("INSERT INTO setting VALUES (?, ?, ?, ?, ?)", [position, key, *setting])
        connection.commit()
        connection.close()
        return self.folder

    def comparison(self, replications=3):
        return [(variant, {RATE: (f"{rate} Mbit/s", rate * 1e6, "bit/s")},
                 [rate * gain + seed, 500 / rate, 0.8, 32 / gain])
                for variant, gain in (("exact", 1), ("adaptive", 2)) for rate in (2, 10, 50)
                for seed in range(replications)]

    def draw(self, *arguments, expect=0):
        done = subprocess.run(["/usr/bin/python3", "-B", ANALYSIS / "sweep.py", self.folder, *arguments],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, expect, done.stderr)
        return done

    def test_has_a_line_per_variant_over_the_swept_number(self):
        sweep = picture.Sweep(self.write(self.comparison()))
        self.assertEqual(sweep.usual_axis(), RATE)
        figure = picture.make(sweep, RATE)
        self.assertEqual(len(figure.axes), 4)
        lines = figure.axes[0].get_lines()
        self.assertEqual([list(line.get_xdata()) for line in lines], [[2, 10, 50]] * 2)
        self.assertEqual(list(lines[1].get_ydata()), [5, 21, 101])  # the mean seed adds 1
        self.assertEqual([text.get_text() for text in figure.legends[0].get_texts()], ["exact", "adaptive"])
        self.assertIn("Mbit/s", figure.axes[0].get_xlabel())

    def test_bands_are_confidence_intervals(self):
        sweep = picture.Sweep(self.write(self.comparison()))
        mean, half = picture.estimate(sweep.cells[:3], FIGURES[0])
        # 2, 3, 4: s = 1, t(0.975, 2) / sqrt(3) = 2.484
        self.assertEqual(mean, 3)
        self.assertAlmostEqual(half, 2.4841, places=3)
        self.assertEqual(picture.estimate(sweep.cells[:1], FIGURES[0]), (2, 0))
        self.assertAlmostEqual(picture.student_t(60), 2.0003, places=3)

    def test_without_variants_the_other_swept_key_makes_the_lines(self):
        cells = [("", {WINDOW: (str(w), w, ""), RATE: (f"{r} Mbit/s", r * 1e6, "bit/s")},
                  [r * w, 1, None, None]) for w in (1, 2) for r in (1, 2, 3)]
        sweep = picture.Sweep(self.write(cells))
        self.assertEqual(list(picture.lines_of(sweep, RATE)), ["window 1", "window 2"])
        self.assertEqual(len(picture.make(sweep, RATE).axes), 2, "figures that no cell has need no panel")

    def test_words_have_their_order(self):
        cells = [("", {"network.tcp": (word, None, "")}, [1, 2, 3, 4]) for word in ("vegas", "cubic", "bbr")]
        sweep = picture.Sweep(self.write(cells))
        axes = picture.make(sweep, sweep.usual_axis()).axes[0]
        self.assertEqual([tick.get_text() for tick in axes.get_xticklabels()], ["vegas", "cubic", "bbr"])

    def test_missing_cells_are_gaps_and_counted(self):
        cells = self.comparison(1)
        cells[1] = (*cells[1][:2], None)
        sweep = picture.Sweep(self.write(cells))
        figure = picture.make(sweep, RATE)
        self.assertEqual(list(figure.axes[0].get_lines()[0].get_xdata()), [2, 50])
        self.assertTrue(any("5 of 6 cells" in text.get_text() for text in figure.texts))

    def test_writes_its_file_and_says_where(self):
        self.write(self.comparison())
        self.assertEqual(self.draw().stdout.strip(), str(self.folder / "sweep.png"))
        self.assertGreater((self.folder / "sweep.png").stat().st_size, 20_000)

    def test_what_is_no_sweep_is_exit_code_3_with_a_sentence(self):
        self.assertIn("there is no sweep.sqlite", self.draw(expect=3).stderr)
        (self.folder / "sweep.sqlite").write_bytes(b"x" * 5000)
        self.assertIn("not a database", self.draw(expect=3).stderr)
        (self.folder / "sweep.sqlite").unlink()
        self.write(self.comparison())
        self.assertIn("is not swept here", self.draw("--over", "run.seed", expect=3).stderr)

    def test_another_version_or_no_results_are_refused(self):
        with self.assertRaisesRegex(RunError, "version 2"):
            picture.Sweep(self.write(self.comparison(), version=2))
        (self.folder / "sweep.sqlite").unlink()
        with self.assertRaisesRegex(RunError, "no cell has finished"):
            picture.Sweep(self.write([("", {}, None)]))


if __name__ == "__main__":
    unittest.main(verbosity=2)
