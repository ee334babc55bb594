#!/usr/bin/env python3
"""Tests of the figures for papers: vectors with their fonts, at the width asked for, of any run."""

import re
import sqlite3
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
VERB = HERE.parents[1] / "analysis" / "report_verb.py"
sys.path[:0] = [str(HERE), str(VERB.parent)]

import matplotlib.text  # noqa: E402
import synthetic_run  # noqa: E402
import test_page  # noqa: E402
from millrace import figures, sweep_figures  # noqa: E402
from millrace.digest import Digest  # noqa: E402
from millrace.sweep_results import SweepResults  # noqa: E402

RUN_FIGURES = ["attribution", "gantt", "latency", "links", "throughput"]


def texts(figure):
    return " | ".join(text.get_text() for text in figure.findobj(matplotlib.text.Text) if text.get_visible())


class Figures(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def report(self, *arguments, expect=0):
        done = subprocess.run(
            ["/usr/bin/python3", "-B", VERB, *map(str, arguments)],
            capture_output=True, text=True, timeout=120, check=False, cwd=self.folder,
        )  # fmt: skip
        self.assertEqual(done.returncode, expect, done.stderr)
        return done.stderr

    def names(self, folder):
        return sorted(path.name for path in (self.folder / folder).iterdir())

    def test_a_pdf_has_its_fonts_its_width_and_no_picture(self):
        run = synthetic_run.write(self.folder / "run", microbatches=40)
        for width, points in (("column", 252), ("4", 288)):
            self.report(run, "--pdf", "out", "--width", width)
            self.assertEqual(self.names("out"), [f"{name}.pdf" for name in RUN_FIGURES])
            for name in RUN_FIGURES:
                content = (self.folder / "out" / f"{name}.pdf").read_bytes()
                wide = float(re.search(rb"/MediaBox \[ ?0 0 ([\d.]+)", content).group(1))
                self.assertAlmostEqual(wide, points, delta=0.01)
                self.assertIn(b"/FontFile2", content)
                self.assertNotIn(b"/Subtype /Image", content)
                self.assertNotIn(b"/Type3", content)
        self.assertFalse((run / "report.html").exists())

    def test_an_svg_is_vectors_alone_and_the_same_every_time(self):
        run = synthetic_run.write(self.folder / "run", microbatches=20)
        self.report(run, "--svg", "one", "--png", "one", "--html", "page.html")
        self.report(run, "--svg", "two")
        self.assertTrue((self.folder / "page.html").is_file())
        for name in RUN_FIGURES:
            content = (self.folder / "one" / f"{name}.svg").read_text(encoding="utf-8")
            self.assertNotIn("<image", content)
            self.assertNotIn("<text", content)  # outlines: no font is needed to read it
            self.assertEqual(content, (self.folder / "two" / f"{name}.svg").read_text(encoding="utf-8"))
            self.assertTrue((self.folder / "one" / f"{name}.png").read_bytes().startswith(b"\x89PNG"))

    def test_the_throughput_says_its_window_and_target(self):
        run = Digest(synthetic_run.write(self.folder / "run", microbatches=30))
        run.summary["policy"] = {"target_images_per_s": 25.0}
        shown = texts(figures.throughput([run], ["run"], 3.5))
        self.assertRegex(shown, r"over the last [\d.]+ m?s")
        self.assertIn("target, 25.0 images/s", shown)

    def test_two_runs_are_overlaid(self):
        paths = [synthetic_run.write(self.folder / name, microbatches=12) for name in ("a", "b")]
        self.report(*paths, "--pdf", "out")
        self.assertIn("b-gantt.pdf", self.names("out"))
        shown = texts(figures.latency([Digest(path) for path in paths], ["a", "b"], 3.5))
        self.assertIn("a | b", shown)

    def test_bars_of_one_lane_never_overlap(self):
        random = np.random.default_rng(3)
        begin = random.uniform(0, 10, 200)
        stop = begin + random.uniform(0, 2, 200)
        lanes = figures.lanes_of(begin, stop)
        for lane in np.unique(lanes):
            order = np.argsort(begin[lanes == lane])
            first, last = begin[lanes == lane][order], stop[lanes == lane][order]
            self.assertTrue((first[1:] >= last[:-1] - 1e-9).all())
        most = max(((begin <= at) & (stop > at)).sum() for at in begin)
        self.assertEqual(len(np.unique(lanes)), most)
        self.assertEqual(set(figures.lanes_of(np.arange(5.0), np.arange(5.0) + 1)), {0})

    def test_a_run_that_was_killed_at_once_is_drawn(self):
        run = synthetic_run.write(self.folder / "run", microbatches=3)
        (run / "summary.json").unlink()
        for name in synthetic_run.HEADERS:
            (run / f"{name}.csv").unlink()
        self.report(run, "--pdf", "out")
        self.assertEqual(self.names("out"), [f"{name}.pdf" for name in RUN_FIGURES])

    def test_what_is_wrong_is_one_sentence(self):
        run = synthetic_run.write(self.folder / "run", microbatches=3)
        self.assertEqual(
            self.report(run, "--pdf", "out", "--width", "broad", expect=2),
            "error: --width broad: expected column, page, or inches from 1.5 to 40\n",
        )
        self.assertEqual(self.report(run, "--over", "x", expect=2), "error: --over is for a sweep's folder\n")
        (self.folder / "file").write_text("", encoding="utf-8")
        self.assertRegex(
            self.report(run, "--pdf", "file/out", expect=1), r"^error: writing .*: Not a directory\n$"
        )


class SweepFigures(test_page.PageCase):
    def cells(self):
        case = test_page.Sweeps()
        case.folder = self.folder
        case.write(
            [
                (rate, seed, [rate * 10 + seed, 5, 0.8 + rate / 1000])
                for rate in (1, 2, 50)
                for seed in (0, 1, 2)
            ]
        )

    def test_every_figure_over_the_key_and_accuracy_against_rate(self):
        self.cells()
        connection = sqlite3.connect(self.folder / "sweep.sqlite")
        connection.execute("DROP TABLE failure")
        connection.close()
        said = self.report(self.folder, "--pdf", "out").stderr
        self.assertEqual(
            sorted(path.name for path in (self.folder / "out").iterdir()),
            ["accuracy-against-rate.pdf", "accuracy.pdf", "throughput.pdf"],
        )
        self.assertIn("accuracy-against-rate.pdf", said)
        self.assertIn(
            "these are: network.links[0].rate",
            self.report(self.folder, "--pdf", "o", "--over", "x", expect=3).stderr,
        )

    def test_means_and_intervals_are_those_of_students_t(self):
        self.cells()
        sweep = SweepResults(self.folder)
        points = sweep_figures.points_of(
            sweep.scaled("network.links[0].rate")[1], sweep.figure("throughput_images_per_s"), range(9)
        )
        self.assertEqual([point[0] for point in points], [1, 2, 50])
        self.assertAlmostEqual(points[0][1], 11)
        self.assertAlmostEqual(points[0][2], 4.302653 / 3**0.5)


if __name__ == "__main__":
    unittest.main()
