#!/usr/bin/env python3
"""Tests of analysis/millrace: reading in pieces, against the csv module; reductions, against brute force."""

import csv
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "analysis")]

from millrace import colours, passes, reduction, scenario_text, tables, windows  # noqa: E402
from millrace.tables import RunError, Table, whole_table  # noqa: E402

HEADER = "name,whole,decimal,mixed,some"


def random_rows(count, seed):
    random = np.random.default_rng(seed)
    names = ["a", "board-a", "a-device-with-a-long-name", "a-device-with-a-long-nam3", "ü", ""]
    rows = []
    for _ in range(count):
        whole = int(random.integers(0, 10 ** int(random.integers(1, 16))))
        rows.append(
            [
                names[random.integers(len(names))],
                str(whole),
                f"{random.uniform(0, 1e6):.6f}",
                ["-3", "1e-5", "nan", "7", "0.25"][random.integers(5)],
                "" if random.uniform() < 0.3 else "12",
            ]
        )
    return rows


class Tables(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "table.csv"

    def write(self, rows, end="\n"):
        text = "\n".join([HEADER, *(",".join(row) for row in rows)]) + end
        self.path.write_text(text, encoding="utf-8")

    def test_reads_what_the_csv_module_reads_whatever_the_pieces(self):
        for seed, piece in enumerate((64, 100, 777, 1 << 20)):
            rows = random_rows(400, seed)
            self.write(rows)
            with mock.patch.object(tables, "PIECE", piece):
                read = whole_table(self.path, HEADER.split(","), ("name",))
            with open(self.path, encoding="utf-8", newline="") as file:
                expected = list(csv.DictReader(file))
            self.assertEqual(list(read["name"]), [row["name"] for row in expected])
            for column in ("whole", "decimal", "mixed", "some"):
                wanted = [float(row[column] or "nan") for row in expected]
                np.testing.assert_allclose(read[column], wanted, rtol=3e-16, err_msg=f"{column}, {piece}")

    def test_whole_numbers_are_exact(self):
        numbers = [0, 9, 99_999_999, 100_000_000, 2**53, 1234567890123456]
        self.write([["a", str(number), "0", "0", ""] for number in numbers])
        self.assertEqual([int(each) for each in whole_table(self.path, ["whole"])["whole"]], numbers)

    def test_quoted_cells_are_read(self):
        self.write([['"a, ""b"""', "1", "2", "3", ""]])
        read = whole_table(self.path, ["name", "whole"], ("name",))
        self.assertEqual((read["name"][0], read["whole"][0]), ('a; "b"', 1))

    def test_a_line_that_was_cut_off_is_no_row(self):
        self.write([["a", "1", "2", "3", "4"], ["b", "1", "2", "3", "4"]], end="")
        self.assertEqual(list(whole_table(self.path, ["name"], ("name",))["name"]), ["a"])

    def test_faults_are_named_with_their_place(self):
        self.write([["a", "1", "2", "3", ""], ["b", "x", "2", "3", ""]])
        with self.assertRaisesRegex(RunError, r"table\.csv: column whole"):
            whole_table(self.path, ["whole"])
        self.write([["a", "1", "2", "3", ""]] * 300 + [["b", "1"]])
        with mock.patch.object(tables, "PIECE", 200), self.assertRaisesRegex(
            RunError, r"table\.csv:302: 2 fields"
        ):
            whole_table(self.path, ["whole"])
        with self.assertRaisesRegex(RunError, r"no column absent"):
            Table(self.path, ["absent"])

    def test_a_table_beyond_its_limit_is_read_in_blocks_over_all_of_it(self):
        self.write([["a", str(number), "0", "0", ""] for number in range(50_000)])
        size = self.path.stat().st_size
        with mock.patch.object(tables, "PIECE", 4000):
            table = Table(self.path, ["whole"], size // 5)
            read = np.concatenate([rows.numbers("whole") for rows in table.pieces()])
        self.assertAlmostEqual(table.share, 0.2, delta=0.01)
        self.assertAlmostEqual(len(read) / 50_000, 0.2, delta=0.02)
        self.assertEqual((read[0], read[-1]), (0, 49_999))
        self.assertLess(np.diff(read).max(), 6000)
        self.assertTrue((np.diff(read) > 0).all())


class Reductions(unittest.TestCase):
    def test_coverage_is_what_intervals_cover(self):
        random = np.random.default_rng(5)
        begin = random.uniform(0, 9, 200)
        end = begin + random.uniform(0, 1, 200)
        row, weight = random.integers(0, 3, 200), random.uniform(0, 4, 200)
        coverage = reduction.Coverage(1, 40, 10.0)
        coverage.grow(3)
        for part in (slice(0, 70), slice(70, 200)):
            coverage.add(row[part], begin[part], end[part], weight[part])
        edges = np.linspace(0, 10, 41)
        for number in range(3):
            own = row == number
            overlap = np.minimum(end[own, None], edges[1:]) - np.maximum(begin[own, None], edges[:-1])
            exact = (weight[own, None] * np.maximum(0, overlap)).sum(axis=0) / 0.25
            np.testing.assert_allclose(coverage.result()[number], exact, atol=1e-9)

    def test_extremes_are_those_of_each_bin(self):
        random = np.random.default_rng(6)
        time, value = random.uniform(0, 10, 500), random.normal(size=500)
        extremes = reduction.Extremes(2, 20, 10.0)
        for part in (slice(0, 100), slice(100, 500)):
            extremes.add(np.ones(len(time[part]), dtype=int), time[part], value[part])
        at, mean, low, high = extremes.series(1)
        for number, begin in enumerate(at):
            own = value[(time >= begin) & (time < begin + 0.5)]
            self.assertAlmostEqual(mean[number], own.mean())
            self.assertEqual((low[number], high[number]), (own.min(), own.max()))
        self.assertEqual(len(extremes.series(0)[0]), 0)

    def test_the_rate_knows_only_what_was_completed(self):
        completed = np.concatenate([np.arange(1, 21) * 0.5, 30 + np.arange(1, 21) * 0.5])
        images = np.full(40, 8.0)
        at, rate = reduction.causal_rate(completed, images, 2.0)
        early = completed < 35
        upto, seen = reduction.causal_rate(completed[early], images[early], 2.0)
        shared = np.isin(at, upto) & (at <= completed[early].max())
        np.testing.assert_allclose(rate[shared], seen[np.isin(upto, at[shared])], atol=1e-9)
        np.testing.assert_allclose(rate[(at >= 2) & (at <= 10)], 16)
        self.assertLess(rate[(at > 13) & (at < 29)].max(), 1)

    def test_windows_are_apart_and_hold_what_is_asked_for(self):
        completed = np.arange(1, 20_001) * 0.1
        latency = np.full(20_000, 1.0)
        latency[[7000, 12_345]] = 30.0
        made = windows.chosen_windows(
            completed - latency, completed, 2000.0, [500.0, 1500.0], 12, [(777.0, 779.0)]
        )
        spans = made.spans
        self.assertLessEqual(len(spans), 12)
        self.assertTrue(all(one[1] <= other[0] for one, other in zip(spans, spans[1:])))
        for at in (0.5, 500.0, 700.0, 777.5, 1234.0, 1500.0, 1999.5):
            self.assertTrue(made.overlapping(np.array([at]), np.array([at + 0.01]))[0], at)
        self.assertFalse(made.overlapping(np.array([300.0]), np.array([310.0]))[0])

    def test_changes_are_sampled_over_the_whole_run(self):
        made = passes.DecisionPass(Path("/nonexistent"))
        with mock.patch.object(passes, "MOST_CHANGES", 50):
            for begin in range(0, 1000, 10):
                made._note_changes(np.arange(begin, begin + 10, dtype=float))
                made.changed += 10
        self.assertLessEqual(len(made.changes), 50)
        self.assertGreater(max(made.changes), 950)
        self.assertLess(max(np.diff(made.changes)), 70)


class Texts(unittest.TestCase):
    ONE = (
        "millrace: 1\nname: a\nmodel:\n  name: vit\n  cuts: [1, 2]\n"
        "devices:\n  - name: host\n    runs: [source]\n"
        '    torch_device: "cpu"\n  - name: "b: c"\n'
        "network:\n  links:\n    - between: [a, b]\n      rate: 1 Mbit/s\n"
        '    - between: [b, a]\n      rate: ">= 2"\nlist:\n  - plain\n  - 3\n'
    )

    def test_a_resolved_scenario_is_read_as_yaml_reads_it(self):
        self.assertEqual(
            scenario_text.keys_of(self.ONE),
            {
                "millrace": "1",
                "name": "a",
                "model.name": "vit",
                "model.cuts": "[1, 2]",
                "devices[0].name": "host",
                "devices[0].runs": "[source]",
                "devices[0].torch_device": "cpu",
                "devices[1].name": "b: c",
                "network.links[0].between": "[a, b]",
                "network.links[0].rate": "1 Mbit/s",
                "network.links[1].between": "[b, a]",
                "network.links[1].rate": ">= 2",
                "list[0]": "plain",
                "list[1]": "3",
            },
        )

    def test_only_what_differs_is_listed(self):
        other = self.ONE.replace("1 Mbit/s", "9 Mbit/s") + "extra: 5\n"
        self.assertEqual(
            scenario_text.differences([self.ONE, other]),
            [("network.links[0].rate", ["1 Mbit/s", "9 Mbit/s"]), ("extra", [None, "5"])],
        )

    def test_colours_stand_out_from_their_ground(self):
        for pairs in (colours.DEVICES, colours.RUNS, list(colours.PARTS.values())):
            for light, dark in pairs:
                self.assertGreaterEqual(colours.contrast(light, colours.LIGHT_GROUND), 3, light)
                self.assertGreaterEqual(colours.contrast(dark, colours.DARK_GROUND), 3, dark)

    def test_a_device_and_its_link_have_one_colour(self):
        made = colours.of_devices(["a", "b"], [("a", "b"), ("b", "a")])
        self.assertEqual(made["a>b"], made["a"])
        self.assertNotEqual(made["a"], made["b"])


if __name__ == "__main__":
    unittest.main()
