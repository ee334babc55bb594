"""Networks beyond links, as whole programs: the shipped scenarios in both networks; see system_test.py."""

import json
import os
import unittest

from system_test import ROOT, System, read, rows


class Topologies(System):
    def throughput(self, scenario, network):
        out = self.path(f"{scenario}-{network}")
        self.millrace("run", os.path.join(ROOT, "scenarios", scenario + ".yaml"), "--mode", "simulate",
                      "--out", out, "--set", f"network.kind={network}")
        return out, json.loads(read(out, "summary.json"))["throughput_images_per_s"]

    def test_both_networks_agree_on_the_shipped_scenarios(self):
        # The fluid network does not model the CSMA segment's back-off or CUBIC's recovery from drops at the
        # base station and at the router, nor that a flow that pauses gets less beside one that never does.
        for scenario, bound, link in (("star-lte", 0.10, ("base-station", "board-b")),
                                      ("csma-lab", 0.15, ("board-a", "board-b")),
                                      ("routed-cross-traffic", 0.16, ("west", "east"))):
            fluid_run, fluid = self.throughput(scenario, "fluid")
            ns3_run, ns3 = self.throughput(scenario, "ns3")
            self.assertLess(abs(fluid / ns3 - 1), bound, f"{scenario}: {fluid} and {ns3} images/s")
            for run in (fluid_run, ns3_run):
                passed = sum(int(row["delivered_bytes"]) for row in rows(run, "links.csv")
                             if (row["from"], row["to"]) == link)
                self.assertGreater(passed, 1_000_000, f"{scenario}: {link}")

    def test_shared_wifi_runs_in_ns3_and_the_fluid_network_says_what_to_do(self):
        scenario = os.path.join(ROOT, "scenarios", "wifi-home.yaml")
        out = self.path("wifi")
        self.millrace("run", scenario, "--out", out, "--set", "run.pcap=[camera-router]")
        self.assertTrue(json.loads(read(out, "summary.json"))["complete"])
        self.assertGreater(os.path.getsize(os.path.join(out, "camera+router.pcap")), 1000)
        passed = {(row["from"], row["to"]): 0 for row in rows(out, "links.csv")}
        for row in rows(out, "links.csv"):
            passed[row["from"], row["to"]] += int(row["delivered_bytes"])
        self.assertGreater(passed["camera", "board-a"], 12 * 8 * 224 * 224 * 3 // 16)
        done = self.millrace("run", scenario, "--out", self.path("fluid"), "--set", "network.kind=fluid",
                             expect=3)
        self.assertIn("set network.kind to ns3", done.stderr)

    def test_beacons_while_nothing_happens_to_the_pipeline_end_in_a_time_out(self):
        # This device needs years for an image, and meanwhile the access point sends beacons.
        slow = self.path("slow.yaml")
        with open(os.path.join(ROOT, "scenarios", "wifi-home.yaml")) as shipped, open(slow, "w") as file:
            file.write(shipped.read().replace("speed: 50 GFLOP/s", "speed: 2 FLOP/s", 1))
        done = self.millrace("run", slow, "--mode", "simulate", "--out", self.path("beacons"), "--set",
                             "run.timeout=1 s", expect=7)
        self.assertRegex(done.stderr, r"error: nothing arrived .* in 1 s of the wall clock.*run\.timeout")

    def test_a_key_of_another_kind_of_segment_is_refused(self):
        scenario = os.path.join(ROOT, "scenarios", "csma-lab.yaml")
        done = self.millrace("run", scenario, "--out", self.path("star"), "--set",
                             "network.segments[0].hub=camera", expect=3)
        self.assertIn("has no effect with kind: csma", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
