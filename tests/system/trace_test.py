"""`millrace trace` as a user runs it: output that scripts read, exit codes, and conversions without loss."""

import gzip
import hashlib
import json
import math
import os
import unittest

from system_test import ROOT, System, read

# Keys that scripts rely on.
INFO_KEYS = {"duration_s", "mean_mbps", "min_mbps_1s", "max_mbps_1s", "p5_mbps_1s", "outage_share_1s",
             "format", "sha256"}
STEP_DOWN = "time_s,rate_mbit_per_s\n0,8\n2,0\n3,4\n4,end\n"  # 8 Mbit/s for 2 s, nothing for 1 s, 4 for 1 s


def mahimahi(seed):
    """Delivery opportunities of some 10 s as Mahimahi records them, made without our generators: pauses, and
    several in one millisecond."""
    lines, at = [], 0
    for n in range(2000):
        state = hashlib.sha256(f"{seed} {n}".encode()).digest()
        at += 0 if state[0] < 60 else 1 + state[1] % 8 if state[0] < 250 else 700
        lines.append(at)
    return "".join(f"{at}\n" for at in lines)


class Traces(System):
    def info(self, *arguments):
        return json.loads(self.millrace("trace", "info", *arguments, "--json").stdout)

    def test_info_says_what_can_be_reckoned_by_hand(self):
        found = self.info(self.write("t.csv", STEP_DOWN))
        self.assertLessEqual(INFO_KEYS, set(found))
        self.assertEqual(found["format"], "csv")
        self.assertEqual(found["sha256"], hashlib.sha256(STEP_DOWN.encode()).hexdigest())
        self.assertEqual((found["duration_s"], found["mean_mbps"]), (4, 5))
        self.assertEqual((found["min_mbps_1s"], found["max_mbps_1s"]), (0, 8))
        self.assertEqual(found["outage_share_1s"], 0.25)
        # Over 0, 4, 8, 8: the 5th percentile lies between the two lowest.
        self.assertTrue(0 <= found["p5_mbps_1s"] < 4)

    def test_info_reads_compressed_files_windows_lines_and_tables_told_their_columns(self):
        plain = self.info(self.write("t.csv", STEP_DOWN))
        with open(self.path("z.csv.gz"), "wb") as file:
            file.write(gzip.compress(STEP_DOWN.replace("\n", "\r\n").encode()))
        told = self.write("told.csv", "ms,kbps\n0,8000\n1000,8000\n2000,0\n3000,4000\n")
        columns = ["--rate-column", "kbps", "--rate-unit", "kbit/s", "--time-column", "ms",
                   "--time-unit", "ms"]
        for other in (self.info(self.path("z.csv.gz")), self.info(told, *columns)):
            for key in INFO_KEYS - {"format", "sha256"}:
                self.assertEqual(other[key], plain[key], key)

    def test_every_trace_of_the_tree_is_clean_and_has_a_rate(self):
        folder = os.path.join(ROOT, "traces")
        names = sorted(name for name in os.listdir(folder) if name.endswith(".csv"))
        self.assertGreater(len(names), 5)
        for name in names:
            file = os.path.join(folder, name)
            self.assertIn("no finding", self.millrace("trace", "lint", file).stdout)
            self.assertGreater(self.info(file)["mean_mbps"], 0, name)

    def test_lint_lists_each_finding_with_its_line_and_ends_with_code_3(self):
        bad = self.write("bad.csv", "time_s,rate_mbit_per_s\n0,5\n1,-3\n2,6\n3,7\n2.5,4\n4,5\n9,end\n")
        done = self.millrace("trace", "lint", bad, expect=3)
        self.assertIn("bad.csv:3: ", done.stdout)
        self.assertIn("bad.csv:6: ", done.stdout)
        for text in ("", "time_s,rate_mbit_per_s\n"):
            done = self.millrace("trace", "lint", self.write("bare.csv", text), expect=3)
            self.assertIn("bare.csv", done.stdout + done.stderr)
        self.millrace("trace", "info", bad, expect=3)
        self.millrace("trace", "info", self.path("nowhere.csv"), expect=3)
        self.millrace("trace", "lint", expect=2)

    def test_what_lint_repaired_has_no_finding_any_more(self):
        bad = self.write("bad.csv", "time_s,rate_mbit_per_s\n0,5\n1,-3\n2,6\n3,7\n2.5,4\n4,5\n5,end\n")
        done = self.millrace("trace", "lint", bad, "--repair", self.path("good.csv"))
        self.assertIn("bad.csv:3: ", done.stdout)
        self.assertIn(" -> ", done.stdout)
        self.assertIn("no finding", self.millrace("trace", "lint", self.path("good.csv")).stdout)

    def test_mahimahi_to_csv_and_back_is_the_same_file_byte_for_byte(self):
        for text in (mahimahi(1), mahimahi(2), "0\n0\n3\n3\n9\n"):  # opportunities at 0 ms have no rate
            first = self.write("a.down", text)
            self.millrace("trace", "convert", first, self.path("b.csv"))
            self.assertIn(b"time_ms,rate_mbit_per_s\n", read(self.folder, "b.csv"))
            self.millrace("trace", "convert", self.path("b.csv"), self.path("c.down"))
            self.assertEqual(read(self.folder, "c.down").decode(), text)
            self.assertEqual(self.info(self.path("b.csv"))["duration_s"], self.info(first)["duration_s"])

    def test_two_columns_keep_the_capacity(self):
        first = self.write("t.csv", STEP_DOWN)
        self.millrace("trace", "convert", first, self.path("t.log"))
        self.assertAlmostEqual(self.info(self.path("t.log"))["mean_mbps"], 5, places=6)
        self.millrace("trace", "convert", first, self.path("half.csv"), "--scale", "0.5", "--offset", "1")
        self.assertAlmostEqual(self.info(self.path("half.csv"))["mean_mbps"], 2.5, places=6)
        # The file name's ending does not give the format.
        self.assertIn("--to", self.millrace("trace", "convert", first, self.path("t.bin"), expect=2).stderr)
        self.assertFalse(os.path.exists(self.path("t.bin")))

    def test_synth_makes_the_same_trace_of_one_seed_and_others_of_others(self):
        made = {}
        for kind in ("lte", "3g"):
            for seed, name in ((7, "a"), (7, "b"), (8, "c")):
                out = self.path(f"{kind}-{name}.csv")
                self.millrace("trace", "synth", kind, "--seed", str(seed), "--duration", "60", out)
                made[kind, name] = read(self.folder, f"{kind}-{name}.csv")
                found = self.info(out)
                self.assertEqual(found["duration_s"], 60)
                self.assertTrue(found["mean_mbps"] > 0 and math.isfinite(found["mean_mbps"]))
                self.assertIn("no finding", self.millrace("trace", "lint", out).stdout)
            self.assertEqual(made[kind, "a"], made[kind, "b"])
            # The first line names the seed.
            self.assertNotEqual(made[kind, "a"].split(b"\n")[2:], made[kind, "c"].split(b"\n")[2:])
        self.assertGreater(self.info(self.path("lte-a.csv"))["mean_mbps"],
                           self.info(self.path("3g-a.csv"))["mean_mbps"])
        done = self.millrace("trace", "synth", "5g", self.path("no.csv"), expect=2)
        self.assertIn("5g", done.stderr)

    def test_a_generated_trace_drives_a_link(self):
        self.millrace("trace", "synth", "lte", "--seed", "3", "--duration", "60", self.path("lte.csv"))
        out = self.run_quickstart("run", "--mode", "simulate", "--set",
                                  f"network.links[1].trace={self.path('lte.csv')}")
        self.assertEqual(json.loads(read(out, "summary.json"))["microbatches"], 6)


if __name__ == "__main__":
    unittest.main(verbosity=2)
