#!/usr/bin/env python3
"""Tests of the page that `millrace report` makes: what is in it, that it is bounded and asks no network.
With --big also a run of 100,000 microbatches over 16 stages."""

import base64
import json
import re
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
VERB = HERE.parents[1] / "analysis" / "report_verb.py"
sys.path[:0] = [str(HERE), str(VERB.parent)]

import large_run  # noqa: E402
import synthetic_run  # noqa: E402
from millrace.page.html import LARGEST  # noqa: E402

BIG = "--big" in sys.argv
GIBIBYTE_IN_KIB = 1 << 20


def array(packed):
    if isinstance(packed, list):
        return np.array(packed)
    if "step" in packed:
        return np.arange(packed["n"]) * packed["step"]
    kind = {"f8": "<f8", "f4": "<f4", "i4": "<i4", "u1": "u1"}[packed["k"]]
    return np.frombuffer(base64.b64decode(packed["b"]), dtype=kind)


def data_of(page):
    return json.loads(
        re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S).group(1)
    )


class PageCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def report(self, *arguments, expect=0):
        done = subprocess.run(
            ["/usr/bin/python3", "-B", VERB, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=300,
            cwd=self.folder,
            check=False,
        )
        self.assertEqual(done.returncode, expect, done.stderr)
        return done

    def page(self, *runs, options=()):
        target = self.folder / "page.html"
        self.report(*runs, "--html", target, *options)
        return target.read_text(encoding="utf-8")


class OneRun(PageCase):
    def setUp(self):
        super().setUp()
        self.run_path = synthetic_run.write(self.folder / "run", microbatches=60)

    def edit(self, name, change):
        path = self.run_path / name
        content = json.loads(path.read_text(encoding="utf-8"))
        change(content)
        path.write_text(json.dumps(content), encoding="utf-8")

    def test_stands_alone_in_the_runs_folder(self):
        said = self.report(self.run_path).stderr
        page = (self.run_path / "report.html").read_text(encoding="utf-8")
        self.assertIn("report.html", said)
        self.assertEqual(
            re.findall(r'(?:src|href)\s*=\s*"([^"]*)"', page.split("<script>")[0]), ["data:,", "#page"]
        )
        self.assertIn("default-src 'none'", page)
        self.assertNotRegex(page.replace("http://www.w3.org/2000/svg", ""), r"https?://")
        self.assertNotRegex(page, r"\bfetch\(|XMLHttpRequest|\bimport\(|innerHTML|\beval\(")

    def test_has_every_microbatch_where_the_tables_have_it(self):
        run = data_of(self.page(self.run_path))["runs"][0]
        gantt = run["gantt"]
        self.assertTrue(gantt["whole"])
        stage = {name: array(values) for name, values in gantt["stage"].items()}
        self.assertEqual(len(stage["row"]), 180)
        names = [row["name"] for row in gantt["rows"]]
        self.assertEqual(names[:3], ["camera → board-a", "stage 1 · board-a", "board-a → board-b"])
        row = (self.run_path / "stages.csv").read_text(encoding="utf-8").splitlines()[1].split(",")
        first = np.flatnonzero((stage["row"] == 1) & (stage["microbatch"] == int(row[2])))[0]
        self.assertAlmostEqual(stage["arrived"][first], int(row[4]) / 1e9, places=9)
        ends = stage["arrived"][first] + sum(
            stage[part][first] for part in ("wait", "decode", "compute", "blocked", "encode", "send")
        )
        self.assertAlmostEqual(ends, int(row[8]) / 1e9, places=6)
        self.assertEqual(len(array(gantt["link"]["row"])), 240)

    def test_says_the_figures_and_the_caveats(self):
        self.edit(
            "summary.json",
            lambda summary: summary.update(
                {
                    "caveats": [{"id": "links_not_applied", "text": "links had no effect"}],
                    "compute": "imitated",
                    "policy": {
                        "target_images_per_s": 40.0,
                        "share_meeting_target": 0.5,
                        "bits_per_value_mean": 6.25,
                    },
                }
            ),
        )
        run = data_of(self.page(self.run_path))["runs"][0]
        said = json.dumps([run["merits"], run["describe"]])
        for text in ("images/s", "83.3 %", "6.25", "50.0 %", "target 40.0", "compute imitated"):
            self.assertIn(text, said)
        self.assertEqual(run["caveats"], [["links_not_applied", "links had no effect"]])
        self.assertIn({"v": 40.0, "name": "target"}, run["lines"])

    def test_quantiles_are_those_of_the_table(self):
        latency = data_of(self.page(self.run_path))["runs"][0]["latency"]
        rows = (self.run_path / "microbatches.csv").read_text(encoding="utf-8").splitlines()[1:]
        sorted_s = sorted((int(row.split(",")[3]) - int(row.split(",")[2])) / 1e9 for row in rows)
        self.assertAlmostEqual(latency["quantiles"][0], sorted_s[29], places=9)
        self.assertAlmostEqual(latency["quantiles"][2], sorted_s[56], places=9)
        self.assertAlmostEqual(array(latency["v"])[-1], sorted_s[-1], places=9)

    def test_feedback_is_counted_apart_from_activations(self):
        links = {
            (link["from"], link["to"]): link
            for link in data_of(self.page(self.run_path))["runs"][0]["network"]["links"]
        }
        there, back = links["board-a", "board-b"], links["board-b", "board-a"]
        self.assertEqual((there["activations"], there["feedback"]), (60, 0))
        self.assertEqual((back["activations"], back["feedback"], back["feedback_bytes"]), (0, 60, 60 * 24))
        self.assertTrue(0 < there["load"] <= 1)

    def test_any_cut_of_the_tables_is_a_page(self):
        (self.run_path / "summary.json").unlink()
        sizes = {name: (self.run_path / f"{name}.csv").stat().st_size for name in synthetic_run.HEADERS}
        for share in (0.9, 0.4, 0.05, 0.0):
            for name, size in sizes.items():
                path = self.run_path / f"{name}.csv"
                path.write_bytes(path.read_bytes()[: int(size * share)])
            run = data_of(self.page(self.run_path))["runs"][0]
            self.assertEqual(run["caveats"][0][0], "incomplete", share)
        for name in sizes:
            (self.run_path / f"{name}.csv").unlink()
        self.assertEqual(data_of(self.page(self.run_path))["runs"][0]["gantt"]["rows"], [])

    def test_names_are_text_and_never_markup(self):
        hostile = "</script><script>alert(1)</script>"
        self.edit("manifest.json", lambda manifest: manifest["scenario"].update(name=hostile))
        page = self.page(self.run_path)
        self.assertNotIn("<script>alert", page)
        self.assertEqual(data_of(page)["title"], hostile)

    def test_what_cannot_be_read_is_one_sentence(self):
        done = self.report(self.folder, expect=3)
        self.assertRegex(
            done.stderr, r"^error: reading .*: not a run directory, there is no manifest\.json in it\n$"
        )
        (self.run_path / "stages.csv").write_text("stage\n1\n", encoding="utf-8")
        self.assertRegex(
            self.report(self.run_path, expect=3).stderr, r"^error: reading .*stages\.csv: no column "
        )

    def test_a_page_that_cannot_be_written_is_one_sentence(self):
        done = self.report(self.run_path, "--html", self.folder / "absent" / "x.html", expect=1)
        self.assertRegex(done.stderr, r"^error: writing .*x\.html: No such file or directory\n$")


class SeveralRuns(PageCase):
    def test_are_overlaid_with_what_differs(self):
        paths = [
            synthetic_run.write(self.folder / name, microbatches=count)
            for name, count in (("a", 30), ("b", 50))
        ]
        for path, rate in zip(paths, (1, 9)):
            (path / "scenario.resolved.yaml").write_text(
                f"name: x\nnetwork:\n  links:\n    - rate: {rate} Mbit/s\n", encoding="utf-8"
            )
        data = data_of(self.page(*paths))
        self.assertEqual([run["label"] for run in data["runs"]], ["a", "b"])
        self.assertEqual(data["differences"], [["network.links[0].rate", ["1 Mbit/s", "9 Mbit/s"]]])
        figures = {row[0]: row[2] for row in data["figures"]}
        self.assertEqual(figures["microbatches"], [30, 50])
        self.assertEqual(len({run["colour"] for run in data["runs"]}), 2)

    def test_folders_of_one_name_have_different_labels(self):
        paths = [synthetic_run.write(self.folder / name / "run", microbatches=3) for name in ("a", "b")]
        self.assertEqual([run["label"] for run in data_of(self.page(*paths))["runs"]], ["a/run", "b/run"])


class Sweeps(PageCase):
    FIGURES = ["throughput_images_per_s", "latency_p50_ms", "accuracy"]

    def write(self, cells):
        connection = sqlite3.connect(self.folder / "sweep.sqlite")
        connection.executescript(
            f"""
            PRAGMA user_version = 1;
            CREATE TABLE meta (key TEXT, value TEXT); INSERT INTO meta VALUES ('name', 'synthetic');
            CREATE TABLE setting (position INTEGER, key TEXT, value TEXT, number REAL, unit TEXT);
            CREATE TABLE failure (cell_key TEXT, message TEXT); INSERT INTO failure VALUES ('k1', 'killed');
            CREATE TABLE cells (position INTEGER, name TEXT, grp TEXT, variant TEXT, seed INTEGER,
            cell_key TEXT,
            {' REAL, '.join(self.FIGURES)} REAL, run_directory TEXT, summary TEXT);"""
        )
        for position, (rate, seed, figures) in enumerate(cells):
            connection.execute(
                "INSERT INTO cells VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                [
                    position,
                    f"cell-{position}",
                    f"g{rate}",
                    None,
                    seed,
                    f"k{position}",
                    *(figures or [None] * 3),
                    f"runs/{position}",
                    json.dumps({"caveats": [{"id": "x", "text": "a doubt"}]}) if figures else None,
                ],
            )
            connection.execute(
                "INSERT INTO setting VALUES (?,?,?,?,?)",
                [position, "network.links[0].rate", f"{rate} Mbit/s", rate * 1e6, "bit/s"],
            )
        connection.commit()
        connection.close()

    def test_has_keys_as_numbers_and_text_and_links_to_runs(self):
        self.write(
            [
                (rate, seed, None if (rate, seed) in ((1, 1), (2, 0)) else [rate * 10 + seed, 5, 0.9])
                for rate in (1, 2, 50)
                for seed in (0, 1)
            ]
        )
        (self.folder / "runs" / "0").mkdir(parents=True)
        (self.folder / "runs" / "4").mkdir()
        (self.folder / "runs" / "4" / "report.html").write_text("x", encoding="utf-8")
        self.report(self.folder)
        data = data_of((self.folder / "report.html").read_text(encoding="utf-8"))
        self.assertEqual(data["axes"][0]["numbers"], [1, 1, 2, 2, 50, 50])
        self.assertEqual(data["axes"][0]["unit"], "Mbit/s")
        self.assertEqual(data["axes"][0]["texts"][4], "50 Mbit/s")
        self.assertEqual(
            data["cells"]["status"], ["finished", "failed", "missing", "finished", "finished", "finished"]
        )
        self.assertEqual(data["cells"]["folder"], ["runs/0", None, None, None, "runs/4/report.html", None])
        self.assertEqual(data["caveats"], [["a doubt", 4]])
        self.assertEqual(data["figures"][0]["values"], [10, None, None, 21, 500, 501])

    def test_is_reported_alone(self):
        self.write([(1, 0, [1, 1, 1])])
        self.assertIn("a sweep is reported alone", self.report(self.folder, self.folder, expect=2).stderr)

    def test_ten_thousand_cells_are_a_small_page(self):
        self.write([(rate, seed, [rate, seed, 0.5]) for rate in range(1, 101) for seed in range(100)])
        begun = time.monotonic()
        self.report(self.folder)
        self.assertLess(time.monotonic() - begun, 15)
        self.assertLess((self.folder / "report.html").stat().st_size, LARGEST / 5)


class Bounds(PageCase):
    def check(self, microbatches, seconds):
        path = large_run.write(self.folder / "large", 16, microbatches)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        page = self.page(path, options=["--span", "50.5,51"])
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self.assertLess(spent, seconds)  # processor time: other work on the machine does not count
        self.assertLess(after.ru_maxrss, GIBIBYTE_IN_KIB)
        self.assertLess(len(page.encode()), LARGEST)
        return data_of(page)["runs"][0]

    def test_a_large_run_keeps_what_matters(self):
        run = self.check(10_000, 8)
        gantt = run["gantt"]
        self.assertFalse(gantt["whole"])
        self.assertTrue(any("too large" in note for note in run["notes"]))
        spans = [span for span in gantt["windows"] if span[2] == "asked for"]
        self.assertEqual(spans, [[50.5, 51.0, "asked for"]])
        kept = set(array(gantt["stage"]["microbatch"]).tolist())
        self.assertIn(4000, kept)  # the slowest
        self.assertTrue({0, 9999, 2500} <= kept)  # the start, the end, a change of bits
        self.assertEqual(run["worst"][0], 4000)
        busy = array(gantt["density"][1]) / 255
        self.assertAlmostEqual(float(np.median(busy)), large_run.COMPUTE / large_run.PERIOD, delta=0.02)

    @unittest.skipUnless(BIG, "takes a minute; with --big")
    def test_100000_microbatches_over_16_stages(self):
        self.check(100_000, 30)  # two processes side by side: 15 s


if __name__ == "__main__":
    unittest.main(argv=[each for each in sys.argv if each != "--big"])
