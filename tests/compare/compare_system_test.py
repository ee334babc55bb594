"""`millrace compare` on real runs: one scenario in two modes, two policies, unreadable runs."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MILLRACE = os.path.join(os.environ["MILLRACE_BIN"], "millrace")
QUICKSTART = os.path.join(ROOT, "scenarios", "quickstart.yaml")
LIMIT_S = 100


class Compare(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="millrace-compare-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def millrace(self, *arguments, expect=0):
        done = subprocess.run([MILLRACE, *arguments], capture_output=True, text=True, timeout=LIMIT_S)
        self.assertEqual(done.returncode, expect, done.stderr)
        return done

    def simulate(self, name, kind, *arguments):
        out = os.path.join(self.folder, name)
        mode = [] if "--mode" in arguments else ["--mode", "simulate"]
        self.millrace("run", QUICKSTART, "--out", out, *mode, "--set", f"network.kind={kind}",
                      "--set", "workload.images=64", "--quiet", *arguments)
        return out

    def throughput(self, run):
        with open(os.path.join(run, "summary.json")) as file:
            return json.load(file)["throughput_images_per_s"]

    def test_the_error_between_two_networks_is_that_of_their_summaries(self):
        fluid, packets = self.simulate("fluid", "fluid"), self.simulate("packets", "ns3")
        groups = json.loads(self.millrace("compare", fluid, packets, "--json").stdout)["groups"]
        self.assertEqual(len(groups), 1, "one scenario on two networks is one experiment")
        error = groups[0]["runs"][1]["errors"]["throughput"]
        real = self.throughput(fluid)
        self.assertAlmostEqual(error, (self.throughput(packets) - real) / real, places=12)
        self.assertNotEqual(error, 0)
        table = self.millrace("compare", fluid, packets).stdout
        self.assertIn("simulate/ns3", table)
        self.assertIn(f"{100 * error:+.2f} %", table)

    def test_policies_are_ranked_between_worlds(self):
        runs = [self.simulate(f"{kind}-{bits}", kind, "--set", f"policy.quantization.bits={bits}")
                for kind in ("fluid", "ns3") for bits in (2, 8)]
        rankings = json.loads(self.millrace("compare", *runs, "--json").stdout)["rankings"]
        self.assertEqual([(r["world"], r["pairs"], r["agreeing"]) for r in rankings],
                         [("simulate/ns3", 1, 1)])
        self.assertEqual(rankings[0]["list"][0]["faster"], runs[0], "two bits are faster than eight")

    def test_deploy_without_its_links_is_no_reality_and_the_reference_can_be_chosen(self):
        fluid, packets = self.simulate("fluid", "fluid"), self.simulate("packets", "ns3")
        local = self.simulate("local", "fluid", "--mode", "deploy")
        runs = json.loads(self.millrace("compare", local, fluid, "--json").stdout)["groups"][0]["runs"]
        self.assertEqual([run["reference"] for run in runs], [False, True])
        self.assertIsNone(runs[0]["errors"])
        self.assertEqual([caveat["id"] for caveat in runs[0]["caveats"]
                          if caveat["id"] != "compute_overrun"],  # a busy machine
                         ["compute_imitated", "links_not_applied"])
        self.assertEqual((runs[0]["compute"], runs[0]["link_conditions"]), ("imitated", "not applied"))
        table = self.millrace("compare", local, fluid).stdout
        self.assertIn("this is the difference of the links, not an error of simulation", table)
        chosen = json.loads(self.millrace("compare", fluid, packets, "--reference", packets + "/",
                                          "--json").stdout)["groups"][0]
        self.assertEqual([run["reference"] for run in chosen["runs"]], [False, True])

    def test_the_picture_is_drawn_beside_the_table(self):
        fluid, packets = self.simulate("fluid", "fluid"), self.simulate("packets", "ns3")
        picture = os.path.join(self.folder, "error.png")
        done = self.millrace("compare", fluid, packets, "--json", "--picture", picture)
        json.loads(done.stdout)  # stdout holds nothing else
        with open(picture, "rb") as file:
            self.assertEqual(file.read(8), b"\x89PNG\r\n\x1a\n")
        self.assertGreater(os.path.getsize(picture), 20_000)

    def test_what_is_no_run_is_named_with_exit_code_3(self):
        fluid = self.simulate("fluid", "fluid")
        done = self.millrace("compare", fluid, self.folder, expect=3)
        self.assertIn(os.path.join(self.folder, "manifest.json"), done.stderr)
        self.assertEqual(done.stdout, "")
        with open(os.path.join(fluid, "summary.json"), "w") as file:
            file.write('{"complete": true')
        done = self.millrace("compare", fluid, fluid, expect=3)
        self.assertIn("summary.json: is no whole JSON object", done.stderr)
        os.remove(os.path.join(fluid, "summary.json"))
        done = self.millrace("compare", fluid, fluid, expect=3)
        self.assertIn("this run is under way, or was killed", done.stderr)

    def test_a_run_from_elsewhere_does_not_drive_the_terminal(self):
        fluid = self.simulate("fluid", "fluid")
        with open(os.path.join(fluid, "manifest.json")) as file:
            manifest = json.load(file)
        with open(os.path.join(fluid, "manifest.json"), "w") as file:
            json.dump({**manifest, "mode": "sim\x1b[2J"}, file)
        self.assertIn("sim?[2J/fluid", self.millrace("compare", fluid, fluid).stdout)

    def test_a_picture_that_cannot_be_written_is_a_sentence(self):
        fluid = self.simulate("fluid", "fluid")
        done = self.millrace("compare", fluid, fluid, "--picture", os.path.join(self.folder, "no/x.png"),
                             expect=1)
        self.assertIn("no/x.png: cannot be written: No such file or directory", done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def test_one_run_is_too_few(self):
        self.millrace("compare", self.folder, expect=2)


if __name__ == "__main__":
    unittest.main()
