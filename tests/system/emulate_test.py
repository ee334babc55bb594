"""Mode emulate and `millrace doctor`, as whole programs; see system_test.py."""

import json
import unittest

from system_test import QUICKSTART, SMALL, System, read, rows


class Emulate(System):
    # Dominated by its links, so that lateness of a busy machine, within the limit, hardly matters.
    SLOW = ["--set", "network.links[1].rate=2 Mbit/s", "--set", "run.lateness_limit=2 s"]

    def test_a_slow_link_emulates_within_the_limit_and_agrees_with_cosim(self):
        cosim = self.run_quickstart("cosim", "--mode", "cosim", *self.SLOW)
        emulate = self.run_quickstart("emulate", "--mode", "emulate", *self.SLOW)
        self.assertEqual(read(cosim, "outputs.csv"), read(emulate, "outputs.csv"), "the same logits")
        virtual, real = (json.loads(read(run, "summary.json")) for run in (cosim, emulate))
        self.assertEqual((real["compute"], real["link_conditions"]), ("imitated", "simulated"))
        self.assertIn("\nmode emulate: compute imitated, links simulated (ns3 in real time)\n",
                      self.last.stdout)
        self.assertGreaterEqual(real["duration_s"], 0.99 * virtual["duration_s"])
        self.assertLess(real["duration_s"], 1.3 * virtual["duration_s"] + 0.5)
        for there, back in zip(virtual["links"], real["links"], strict=True):
            # The end of the run may cut off a last acknowledgement, of 42 bytes.
            self.assertAlmostEqual(there["bytes"], back["bytes"], delta=64)
        emulation = real["emulation"]
        self.assertEqual(emulation["lateness_limit_ms"], 2000)
        for kind in ("network_events", "deliveries", "sends", "compute"):
            lateness = emulation["lateness_ms"][kind]
            self.assertGreater(lateness["count"], 0, kind)
            self.assertLessEqual(lateness["p50"], lateness["p99"])
            self.assertLessEqual(lateness["max"], 2000)
        self.assertTrue(rows(emulate, "links.csv"))

    def test_a_limit_that_cannot_be_kept_ends_with_exit_code_4_and_names_the_link(self):
        out = self.path("late")
        done = self.millrace("run", QUICKSTART, "--mode", "emulate", "--out", out, *SMALL,
                             "--set", "run.lateness_limit=1 ns", expect=4)
        self.assertRegex(done.stderr, "error: at .* link [a-z-]+ -> [a-z-]+ could not be kept up with")
        self.assertIn("run.lateness_limit is 1e-06 ms", done.stderr)
        summary = json.loads(read(out, "summary.json"))
        self.assertFalse(summary["complete"])
        self.assertIn("could not be kept up with", summary["error"])

    def test_agents_on_other_machines_take_part(self):
        self.run_with_agents("remote", ["camera", "board-a", "board-b", "board-c"], "--mode", "emulate",
                             *self.SLOW)

    def test_the_doctor_measures_this_machine(self):
        found = json.loads(self.millrace("doctor", "--json").stdout)
        self.assertGreater(found["processors"], 0)
        self.assertEqual({row["transport"] for row in found["ns3"]}, {"tcp", "raw"})
        self.assertTrue(all(row["mbps"] > 0 and row["events_per_s"] > 0 for row in found["ns3"]))
        self.assertNotIn("scenario", found)

    def test_the_doctor_says_beforehand_what_emulate_cannot_do(self):
        fast = ["--set", "network.links[0].rate=100 Gbit/s", "--set", "network.mtu=256 B"]
        done = self.millrace("doctor", QUICKSTART, "--json", *fast, expect=4)
        scenario = json.loads(done.stdout)["scenario"]
        self.assertEqual(scenario["emulate"], "no")
        self.assertRegex(" ".join(scenario["sentences"]), "link camera -> board-a can carry 1e\\+05 Mbit/s")
        table = self.millrace("doctor", QUICKSTART, *fast, expect=4).stdout
        self.assertIn("emulate quickstart: no", table)
        self.millrace("doctor", "no-such-file.yaml", expect=3)


if __name__ == "__main__":
    unittest.main(verbosity=2)
