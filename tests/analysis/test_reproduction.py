"""The page of reproductions, made with a stand-in for millrace: a planner and simulator with known figures
that answers at once, so that tables can be checked."""

import os
import stat
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "analysis"))

try:
    import reproduce
    import reproduction_cases as cases
except ModuleNotFoundError as missing:  # matplotlib
    raise unittest.SkipTest(str(missing)) from missing

# One stage per board, 1 image/s each; with pipedream half of that. A run is as fast as planned on fluid, a
# tenth slower on ns-3, and takes 16 s before its first result. Calls are recorded.
PROGRAM = """#!/usr/bin/python3
import json, os, re, sys
arguments = sys.argv[1:]
text = open(arguments[1]).read()
boards = text.count("profile:")
rate = boards / (2 if "kind: pipedream" in text else 1)
with open(os.environ["CALLS"], "a") as calls:
    calls.write(" ".join([arguments[0], *arguments[arguments.index("--set"):]] if "--set" in arguments
                         else arguments[:1]) + "\\n")
if arguments[0] == "plan":
    stages = [{"layers": [i + 1, i + 1 + ("kind: pipedream" in text)], "device": f"board-{i + 1}"}
              for i in range(boards)]
    print(json.dumps({"throughput_images_per_s": rate, "exact": True, "stages": stages}))
else:
    settings = " ".join(arguments)
    count = int(re.search(r"microbatches=(\\d+)", settings)[1])
    steady = rate * (0.9 if "kind=ns3" in settings else 1)
    out = arguments[arguments.index("--out") + 1]
    os.makedirs(out)
    done = [int((16 + 8 * (i + 1) / steady) * 1e9) for i in range(count)]
    with open(os.path.join(out, "microbatches.csv"), "w") as file:
        file.write("microbatch,completed_ns\\n" + "".join(f"{i},{at}\\n" for i, at in enumerate(done)))
    print(json.dumps({"throughput_images_per_s": 8 * count * 1e9 / done[-1]}))
"""


class Reproduction(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)
        cls.program = cls.folder / "millrace"
        cls.program.write_text(PROGRAM, encoding="utf-8")
        cls.program.chmod(cls.program.stat().st_mode | stat.S_IXUSR)
        os.environ["CALLS"] = str(cls.folder / "calls")

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def calls(self, verb):
        with open(self.folder / "calls", encoding="utf-8") as file:
            return [line for line in file if line.startswith(verb)]

    def bench(self, kept="kept"):
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        return cases.Bench(self.program, folder, self.folder / kept)

    def test_speedups_are_those_of_the_program_and_pictures_are_drawn(self):
        with self.bench("headline") as bench:
            bench.start(reproduce.headline_cases("vit-huge").values())
            page = reproduce.headline_table(bench, "vit-huge", self.folder)
        table = {line.split(" | ")[0]: line for line in page if line.startswith("| ")}
        self.assertEqual(table["| 1"], "| 1 | 1 | – | 1.00x | 1.00x | 1.00x | 1.00x | 100.00 %, 90.00 % |")
        # 200 microbatches of 8 images: 16 + 1600 s on one board, 16 + 100 s on 16.
        self.assertEqual(table["| 16"], "| 16 | 16 | 11.88x | 16.00x | 13.93x | 16.00x | 16.00x | "
                         "100.00 %, 90.00 % |")
        self.assertIn("16 boards against 4: published 3.93x, exact planner 4.00x, fluid 4.00x steady and "
                      "3.59x whole, ns-3 TCP 4.00x steady.", page)
        self.assertTrue((self.folder / "reproduction-vit-huge.png").read_bytes().startswith(b"\x89PNG"))

    def test_the_heterogeneous_table_compares_with_the_better_order(self):
        example = next(reproduce.all_clusters())
        with mock.patch.object(reproduce, "all_clusters", lambda: [example]), self.bench("c") as bench:
            for _, model, kinds, boards in reproduce.all_clusters():
                bench.start(reproduce.cluster_cases(bench, model, kinds, boards).values())
            page = reproduce.cluster_table(bench, self.folder)
        rows = [line for line in page if line.startswith("| PipeEdge")]
        self.assertEqual(rows, ["| PipeEdge's example: 4 and 4 | vit-base | 8.000 / 8.000 / 7.200 | "
                                "4.000 / 4.000 / 3.600 | 8.000 / 8.000 / 7.200 (8) | 2.00x, 2.00x, 2.00x | "
                                "1.00x |"])
        self.assertTrue((self.folder / "reproduction-clusters.png").exists())

    def test_what_is_finished_is_not_run_again_and_equal_plans_run_once(self):
        kinds = (cases.Board(), cases.Board(cases.C2558))
        both = [cases.Case("vit-base", kinds, algorithm=algorithm) for algorithm in ("optimal", "even")]
        before = len(self.calls("run")) if (self.folder / "calls").exists() else 0
        for _ in range(2):
            with self.bench() as bench:
                bench.start(both)
                results = [bench.result(case) for case in both]
            self.assertEqual(results[0], results[1])
            self.assertEqual(len(self.calls("run")) - before, 2)  # fluid and ns-3, once each
        with self.bench() as bench:
            slower = cases.Case("vit-base", (cases.Board(times=4), kinds[1]))
            bench.start([slower])
            bench.result(slower)
        self.assertEqual(len(self.calls("run")) - before, 4)

    def test_a_board_that_is_slower_has_all_times_of_its_profile_times_as_long(self):
        slow = cases.profile(cases.Board(times=4), self.folder).read_text(encoding="utf-8")
        self.assertIn("{attention: 1.360000, attention_output: 0.330000, mlp_up: 1.415200", slow)
        self.assertIn("codec_ns_per_value: {encode: 0.46, decode: 0.46}", slow)
        self.assertEqual(slow.count("seconds:"), 5)

    def test_a_run_that_fails_ends_it_with_what_was_said(self):
        broken = self.folder / "broken"
        broken.write_text("#!/bin/sh\necho 'error: no' >&2\nexit 3\n", encoding="utf-8")
        broken.chmod(0o755)
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        with cases.Bench(broken, folder, folder / "kept") as bench:
            with self.assertRaisesRegex(SystemExit, "error: no"):
                bench.plan(cases.homogeneous("vit-base", 2))


if __name__ == "__main__":
    unittest.main(verbosity=2)
