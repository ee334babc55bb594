#!/usr/bin/env python3
"""Tests of the picture of links.csv: `/usr/bin/python3 tests/analysis/test_links.py` from anywhere."""

import contextlib
import csv
import io
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "analysis")]

import links  # noqa: E402
import report  # noqa: E402
import synthetic_run  # noqa: E402
from run_directory import RunDirectory, RunError  # noqa: E402


def texts(figure):
    """Every string that a figure shows."""
    import matplotlib.text

    return " | ".join(text.get_text() for text in figure.findobj(matplotlib.text.Text) if text.get_visible())


class LinksCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = synthetic_run.write(Path(folder.name) / "run")

    def replace_rows(self, rows):
        """(from, to, second, offered, delivered, queued, dropped, lost, capacity) of one second each."""
        with open(self.path / "links.csv", "w", newline="", encoding="utf-8") as file:
            file.write(synthetic_run.HEADERS["links"] + "\n")
            writer = csv.writer(file, lineterminator="\n")
            for name, to, second, *amounts in rows:
                writer.writerow([name, to, second * 10**9, 10**9, *amounts, ""])
        return RunDirectory(self.path)


class Pictures(LinksCase):
    def test_a_link_has_its_name_its_share_and_its_drops(self):
        run = self.replace_rows([("a", "b", 0, 900, 600, 200, 100, 0, 1000),
                                 ("a", "b", 1, 100, 300, 0, 0, 0, 500)])
        shown = texts(links.make(run))
        self.assertIn("a → b", shown)
        self.assertIn("900 B delivered, 60.0 % of capacity, 10 % dropped", shown)
        self.assertNotIn("lost", shown.replace("lost, per interval", ""))

    def test_the_rates_drawn_are_bits_per_second(self):
        run = self.replace_rows([("a", "b", 0, 250_000, 250_000, 0, 0, 0, 1_250_000),
                                 ("a", "b", 1, 0, 0, 0, 0, 0, 0)])
        figure = links.make(run)
        rates = figure.axes[0]
        delivered, capacity = (patch.get_data().values for patch in rates.patches)
        np.testing.assert_allclose(delivered, [2, 0])
        np.testing.assert_allclose(capacity, [10, 0])
        self.assertEqual(rates.get_ylabel(), "Mbit/s")

    def test_the_queue_stands_at_the_end_of_its_interval(self):
        run = self.replace_rows([("a", "b", 0, 900, 600, 5000, 0, 0, 1000),
                                 ("a", "b", 1, 0, 0, 2000, 700, 0, 9)])
        waiting = links.make(run).axes[1]
        np.testing.assert_allclose(waiting.lines[0].get_xdata(), [1, 2])
        np.testing.assert_allclose(waiting.lines[0].get_ydata(), [5, 2])
        np.testing.assert_allclose(waiting.patches[0].get_data().values, [0, 0.7])

    def test_links_that_were_handed_nothing_are_left_out_and_the_fullest_comes_first(self):
        rows = [(f"n{k}", "sink", 0, k, k, 0, 0, 0, 100) for k in range(10)]
        run = self.replace_rows(rows)
        self.assertEqual(links.shown_links(run), [(f"n{k}", "sink") for k in (9, 8, 7, 6, 5, 4)])
        self.assertIn("the 6 of 9 with most of their capacity in use", texts(links.make(run)))

    def test_an_outage_from_beginning_to_end_is_drawn(self):
        run = self.replace_rows([("a", "b", 0, 10, 0, 10, 0, 0, 0)])
        self.assertIn("0 B delivered", texts(links.make(run)))

    def test_nothing_sent_is_said(self):
        run = self.replace_rows([("a", "b", 0, 0, 0, 0, 0, 0, 10)])
        self.assertIn("nothing was sent over a simulated link", texts(links.make(run)))

    def test_the_hardly_used_link_says_its_capacity(self):
        run = self.replace_rows([("a", "b", 0, 125, 125, 0, 0, 0, 125_000_000)])
        figure = links.make(run)
        self.assertIn("capacity 1000 Mbit/s", texts(figure))
        self.assertLess(figure.axes[0].get_ylim()[1], 0.01)


class Arithmetic(LinksCase):
    def test_intervals_put_together_keep_their_sums_and_the_longest_queue(self):
        random = np.random.default_rng(1)
        amounts = random.integers(0, 1000, size=(links.MAX_STEPS * 2 + 7, 6))
        run = self.replace_rows([("a", "b", second, *row) for second, row in enumerate(amounts.tolist())])
        steps = links.intervals_of(run, ("a", "b"))
        self.assertLessEqual(len(steps["begin"]), links.MAX_STEPS)
        for name, column in (("offered", 0), ("delivered", 1), ("dropped", 3), ("lost", 4), ("capacity", 5)):
            self.assertEqual(steps[name].sum(), amounts[:, column].sum())
        self.assertEqual(steps["queued"][0], amounts[:3, 2].max())
        np.testing.assert_allclose(steps["begin"][1:], steps["end"][:-1])
        self.assertEqual(steps["end"][-1], len(amounts))

    def test_what_the_synthetic_links_delivered_is_what_was_transferred(self):
        run = RunDirectory(self.path)
        sent = run.activations.where(run.activations["from"] == "board-a")["bytes"].sum()
        steps = links.intervals_of(run, ("board-a", "board-b"))
        self.assertEqual(steps["delivered"].sum(), sent)


class Reports(LinksCase):
    def draw(self):
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            return report.main([str(self.path)])

    def test_the_report_has_the_links(self):
        self.assertEqual(self.draw(), 0)
        self.assertTrue((self.path / "links.png").is_file())
        self.assertIn("board-a → board-b", texts(report.make(RunDirectory(self.path))))

    def test_a_run_on_hardware_and_one_that_was_killed_have_none(self):
        (self.path / "links.csv").unlink()
        self.assertEqual(self.draw(), 0)
        self.assertFalse((self.path / "links.png").exists())
        self.assertNotIn("of capacity", texts(report.make(RunDirectory(self.path))))

    def test_a_cut_table_is_drawn_as_far_as_it_goes(self):
        file = self.path / "links.csv"
        file.write_bytes(file.read_bytes()[:-3])
        self.assertEqual(self.draw(), 0)

    def test_a_missing_column_is_named(self):
        file = self.path / "links.csv"
        text = file.read_text(encoding="utf-8").replace("queued_bytes", "queue", 1)
        file.write_text(text, encoding="utf-8")
        with self.assertRaisesRegex(RunError, r"links\.csv: no column queued_bytes"):
            RunDirectory(self.path)
        self.assertEqual(self.draw(), 3)


if __name__ == "__main__":
    unittest.main()
