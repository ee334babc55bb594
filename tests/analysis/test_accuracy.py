#!/usr/bin/env python3
"""Tests of analysis/accuracy.py: `/usr/bin/python3 tests/analysis/test_accuracy.py` from anywhere."""

import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "analysis"))

import accuracy  # noqa: E402

HEADER = "codec,scope,bits,cuts,correct,count,bits_per_value\n"
TABLE = HEADER + """none,none,32,none,90,100,32
naive,image,2,4,10,100,2.002
naive,image,2,8,30,100,2.002
naive,image,4,4,60,100,4.002
naive,image,4,8,80,100,4.002
fp16,none,16,4,90,100,16.001
fp16,none,16,8,89,100,16.001
"""


class Accuracy(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, text, name="eval.csv"):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def run_main(self, *arguments):
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            return accuracy.main(list(arguments)), said.getvalue()

    def test_draws_a_picture_beside_the_table(self):
        self.assertEqual(self.run_main(self.write(TABLE)), (0, ""))
        self.assertEqual((self.folder / "eval.png").read_bytes()[:4], b"\x89PNG")

    def test_a_curve_is_mean_and_worst_over_the_cuts(self):
        rows = accuracy.read_tables([self.write(TABLE)])
        lines = accuracy.curves(rows, accuracy.shared_cuts(rows))
        self.assertEqual(list(lines), [("naive", "image"), ("fp16", "none")])
        for found, expected in zip(lines["naive", "image"], [(2.002, 0.2, 0.1), (4.002, 0.7, 0.6)]):
            for value, wanted in zip(found, expected):
                self.assertAlmostEqual(value, wanted)

    def test_what_is_drawn_is_what_the_curves_say(self):
        figure = accuracy.make(accuracy.read_tables([self.write(TABLE)]))
        left, right = figure.axes
        for axes, expected in ((left, [20, 70]), (right, [10, 60])):
            line = next(line for line in axes.get_lines() if line.get_label() == "naive, per image")
            self.assertEqual([round(value, 9) for value in line.get_ydata()], expected)
        self.assertIn("fp32, 90.00 %", [line.get_label() for line in left.get_lines()])

    def test_only_cuts_that_all_have_are_compared(self):
        more = self.write(HEADER + "aciq,image,2,8,50,100,2.002\naciq,image,2,12,9,100,2.002\n", "more.csv")
        rows = accuracy.read_tables([self.write(TABLE), more])
        self.assertEqual(accuracy.shared_cuts(rows), {"8"})
        self.assertEqual(accuracy.curves(rows, {"8"})["naive", "image"][0][1], 0.3)
        none = self.write(HEADER + "aciq,image,2,12,9,100,2.002\n", "none.csv")
        code, said = self.run_main(self.write(TABLE), none)
        self.assertEqual(code, 3)
        self.assertIn("no cut in common", said)

    def test_a_table_that_was_interrupted_is_drawn(self):
        for length in range(len(HEADER), len(TABLE)):
            code, said = self.run_main(self.write(TABLE[:length])) if length % 23 == 0 else (0, "")
            self.assertIn(code, (0, 3), said)
        self.assertEqual(len(accuracy.read_table(self.write(TABLE[:-3]))), 6)
        self.assertEqual(self.run_main(self.write(HEADER + "none,none,32,none,90,100,32\n"))[0], 0)

    def test_a_damaged_table_is_named_with_its_line(self):
        for text, sentence in ((TABLE.replace("30,100", "300,100"), "eval.csv:4: 300 of 100"),
                               (TABLE.replace("30,100", "x,100"), "eval.csv:4: "),
                               (TABLE.replace("30,100", "30"), "eval.csv:4: "),
                               (TABLE.replace("image", "room", 1), "scope \"room\" is not known"),
                               (TABLE.replace("2.002", "nan", 1), "eval.csv:3: "),
                               ("a,b\n", "the first line must be codec,scope,"),
                               (HEADER, "holds no complete row")):
            code, said = self.run_main(self.write(text))
            self.assertEqual(code, 3, text)
            self.assertIn(sentence, said)
        other = self.write(HEADER + "aciq,image,2,8,5,10,2.002\n", "other.csv")
        self.assertIn("different numbers of images", self.run_main(self.write(TABLE), other)[1])

    def test_wilsons_interval_is_the_one_of_the_tables(self):
        low, high = accuracy.wilson(30 / 40, 40)
        self.assertAlmostEqual(low, 0.59806, places=5)
        self.assertAlmostEqual(high, 0.85813, places=5)
        self.assertEqual(accuracy.wilson(0.0, 40)[0], 0.0)


if __name__ == "__main__":
    unittest.main()
