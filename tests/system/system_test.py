"""The two programs as a user runs them: one scenario through three modes, determinism, exit codes, kills.

Whole processes on loopback; every wait has a limit. Run by ctest with MILLRACE_BIN naming the folder of the
binaries.
"""

import csv
import glob
import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ["MILLRACE_BIN"]
MILLRACE = os.path.join(BIN, "millrace")
NODE = os.path.join(BIN, "millrace-node")
TRAIN = os.path.join(BIN, "millrace-train")
QUICKSTART = os.path.join(ROOT, "scenarios", "quickstart.yaml")
SHARED = os.path.join(ROOT, "..", "shared")
CSVS = ["microbatches.csv", "stages.csv", "transfers.csv", "decisions.csv", "outputs.csv", "bandwidth.csv",
        "links.csv"]
LIMIT_S = 100
SMALL = ["--set", "model.microbatch=4", "--set", "workload.images=22"]  # six microbatches, the last of two


def rows(folder, name):
    with open(os.path.join(folder, name), newline="") as file:
        return list(csv.DictReader(file))


def read(folder, name):
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


class System(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="millrace-system-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def millrace(self, *arguments, expect=0):
        done = subprocess.run([MILLRACE, *arguments], capture_output=True, text=True, timeout=LIMIT_S)
        self.assertEqual(done.returncode, expect, done.stderr)
        return done

    def run_quickstart(self, name, *arguments, expect=0):
        out = self.path(name)
        self.last = self.millrace("run", QUICKSTART, "--out", out, *SMALL, *arguments, expect=expect)
        return out

    def run_with_agents(self, name, devices, *arguments):
        port = self.free_port()
        out = self.path(name)
        host = subprocess.Popen([MILLRACE, "run", QUICKSTART, "--out", out, "--agents", f"127.0.0.1:{port}",
                                 *SMALL, *arguments],
                                stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        agents = [subprocess.Popen([NODE, "agent", "--connect", f"127.0.0.1:{port}", "--device", device])
                  for device in devices]
        _, errors = host.communicate(timeout=LIMIT_S)
        self.assertEqual(host.returncode, 0, errors)
        self.assertEqual([agent.wait(timeout=20) for agent in agents], [0] * len(agents))
        return out

    @staticmethod
    def free_port():
        import socket
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)


class ThreeModes(System):
    def test_logits_of_cosim_and_deploy_are_identical_and_simulate_has_the_same_rows(self):
        cosim = self.run_quickstart("cosim", "--mode", "cosim")
        deploy = self.run_quickstart("deploy", "--mode", "deploy")
        simulate = self.run_quickstart("simulate", "--mode", "simulate")
        self.assertEqual(read(cosim, "outputs.csv"), read(deploy, "outputs.csv"))
        real = rows(cosim, "outputs.csv")
        self.assertEqual(len(real), 22)
        self.assertEqual([row["image"] for row in real], [str(i) for i in range(22)])
        hashes = {row["logits_sha256"] for row in real}
        self.assertGreater(len(hashes), 20, "images must have logits of their own")
        sized = rows(simulate, "outputs.csv")
        for one, other in zip(real, sized, strict=True):
            self.assertEqual((one["microbatch"], one["image"]), (other["microbatch"], other["image"]))
        self.assertEqual({r["logits_sha256"] for r in sized}, {""}, "simulate has no tensors and claims none")

    def test_simulate_and_cosim_on_one_network_have_the_same_instants(self):
        for kind in ("fluid", "ns3"):
            simulate = self.run_quickstart("s" + kind, "--mode", "simulate", "--set", f"network.kind={kind}")
            cosim = self.run_quickstart("c" + kind, "--mode", "cosim", "--set", f"network.kind={kind}")
            for name in ("microbatches.csv", "stages.csv", "transfers.csv", "decisions.csv", "bandwidth.csv"):
                self.assertEqual(read(simulate, name), read(cosim, name), f"{kind}: {name}")

    def test_partition_does_not_change_fp32_logits(self):
        exact = ["--set", "policy.quantization.codec=fp32", "--set", "policy.quantization.bits=32",
                 "--set", "network.kind=fluid"]
        three = self.run_quickstart("three", *exact)
        cuts = ["--set", "policy.partition.kind=fixed", "--set", "policy.partition.cuts=[5, 18]"]
        other = self.run_quickstart("other", *exact, *cuts)
        self.assertEqual(read(three, "outputs.csv"), read(other, "outputs.csv"))

    def test_fewer_bits_change_the_logits_and_the_bytes(self):
        eight = self.run_quickstart("eight", "--set", "network.kind=fluid")
        two = self.run_quickstart("two", "--set", "network.kind=fluid", "--set", "policy.quantization.bits=2")
        self.assertNotEqual(read(eight, "outputs.csv"), read(two, "outputs.csv"))
        bits = [json.loads(read(run, "summary.json"))["links"] for run in (eight, two)]
        means = [[link["bits_per_value_mean"] for link in links if link["from"] == "board-a"]
                 for links in bits]
        # A header and a range per image on top: 24 + 8 x 4 bytes for 4 x 65 x 64 values.
        self.assertAlmostEqual(max(m for m in means[0] if m), 8, delta=0.1)
        self.assertAlmostEqual(max(m for m in means[1] if m), 2, delta=0.1)


class Determinism(System):
    def test_cosim_twice_isolated_and_with_agents_in_another_order_gives_identical_files(self):
        first = self.run_quickstart("first")
        again = self.run_quickstart("again")
        isolated = self.run_quickstart("isolated", "--isolate")
        remote = self.run_with_agents("remote", ["board-c", "board-b", "camera", "board-a"])
        for name in CSVS + ["plan.yaml", "summary.json"]:
            for other in (again, isolated, remote):
                self.assertEqual(read(first, name), read(other, name), f"{other}: {name}")

    def test_another_seed_gives_other_logits(self):
        one = self.run_quickstart("one", "--set", "network.kind=fluid")
        two = self.run_quickstart("two", "--set", "network.kind=fluid", "--seed", "2")
        self.assertNotEqual(read(one, "outputs.csv"), read(two, "outputs.csv"))


class Interface(System):
    def test_json_is_alone_on_stdout_and_equals_the_file(self):
        out = self.path("run")
        done = self.millrace("run", QUICKSTART, "--mode", "simulate", "--json", "--out", out)
        self.assertEqual(json.loads(done.stdout), json.loads(read(out, "summary.json")))
        self.assertEqual(done.stdout, read(out, "summary.json").decode())

    def test_summary_has_the_fields_scripts_rely_on(self):
        out = self.run_quickstart("run", "--mode", "simulate")
        summary = json.loads(read(out, "summary.json"))
        for key in ("throughput_images_per_s", "duration_s", "latency_ms", "microbatches", "accuracy",
                    "stages", "links"):
            self.assertIn(key, summary)
        self.assertEqual(set(summary["latency_ms"]), {"p50", "p95", "p99"})
        self.assertIsNone(summary["accuracy"])
        self.assertEqual(summary["microbatches"], 6)
        stage = summary["stages"][1]
        self.assertEqual((stage["device"], stage["layers"]), ("board-b", [9, 16]))
        parts = stage["attribution_s"]
        self.assertEqual(set(parts), {"compute", "encode", "decode", "queue", "blocked", "idle"})
        whole = sum(parts[p] for p in ("compute", "encode", "decode", "blocked", "idle"))
        self.assertAlmostEqual(whole, summary["duration_s"], places=8)
        for link in summary["links"]:
            for key in ("from", "to", "bytes", "goodput_mbit_per_s", "bits_per_value_mean"):
                self.assertIn(key, link)

    def test_the_manifest_hashes_the_files_a_run_reads(self):
        trace = self.write("t.csv", "time_s,rate_mbit_per_s\n0,5\n10,end\n")
        out = self.run_quickstart("run", "--mode", "simulate", "--set", f"network.links[1].trace={trace}")
        with open(trace, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        inputs = json.loads(read(out, "manifest.json"))["inputs"]
        self.assertEqual(inputs, [{"file": trace, "sha256": digest}])

    def test_weights_beyond_a_devices_memory_end_the_run_and_estimates_are_warned_of(self):
        small = ["run", QUICKSTART, "--mode", "simulate", "--set", "workload.images=64", "--out"]
        done = self.millrace(*small, self.path("m"), "--set", "devices[2].memory=64 KiB", expect=1)
        self.assertIn("infeasible: the weights of stage 2 take", done.stderr)
        self.assertFalse(os.path.exists(self.path("m")))
        done = self.millrace(*small, self.path("n"), "--set", "devices[2].memory=1500 KiB")
        self.assertIn("warning: device board-b: stage 2 is estimated to need", done.stderr)

    def test_help_and_version(self):
        for program in (MILLRACE, NODE, TRAIN):
            for flag in ("--help", "--version"):
                done = subprocess.run([program, flag], capture_output=True, text=True, timeout=LIMIT_S)
                self.assertEqual(done.returncode, 0)
                self.assertIn("millrace", done.stdout)
        self.assertIn("--set", self.millrace("run", "--help").stdout)

    def test_exit_codes_of_usage_and_scenario_faults(self):
        self.millrace(expect=2)
        self.millrace("run", expect=2)
        self.assertIn("valid", self.millrace("validate", QUICKSTART).stdout)
        bad = self.write("bad.yaml",
                         "millrace: 1\nname: no\nmodel: {name: vit-tiny, weights: random}\nbogus: 3\n")
        done = self.millrace("validate", bad, expect=3)
        self.assertIn("bad.yaml:4:1: ", done.stderr)
        self.assertIn("bogus", done.stderr)
        trace = self.write("t.csv", "time_s,rate_mbit_per_s\n0,5\n1,-3\n2,end\n")
        done = self.millrace("run", QUICKSTART, "--mode", "simulate", "--out", self.path("t"),
                             "--set", f"network.links[1].trace={trace}", expect=3)
        self.assertIn("t.csv:3", done.stderr)

    def test_unmet_expectations_end_with_code_5(self):
        done = self.millrace("run", QUICKSTART, "--mode", "simulate", "--out", self.path("x"), "--set",
                             'expect.throughput=">= 100000 /s"', expect=5)
        self.assertIn("expected throughput >= 100000", done.stderr)

    def test_broken_weights_are_a_sentence_and_code_1_or_3(self):
        weights = self.write("w.safetensors", "\x10\x00\x00\x00")
        done = subprocess.run([MILLRACE, "run", QUICKSTART, "--out", self.path("w"),
                               "--set", f"model.weights={weights}"],
                              capture_output=True, text=True, timeout=LIMIT_S)
        self.assertIn(done.returncode, (1, 3))
        self.assertIn("w.safetensors", done.stderr)

    def test_a_foreign_folder_is_not_written_to(self):
        os.mkdir(self.path("mine"))
        self.write("mine/letter.txt", "dear")
        self.millrace("run", QUICKSTART, "--mode", "simulate", "--out", self.path("mine"), expect=2)
        self.assertEqual(os.listdir(self.path("mine")), ["letter.txt"])


class Failures(System):
    def start(self, out, *arguments):
        return subprocess.Popen([MILLRACE, "run", QUICKSTART, "--out", out, "--set", "workload.images=100000",
                                 *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def wait_for_rows(self, out, name="microbatches.csv", count=2):
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline:
            try:
                if len(rows(out, name)) >= count:
                    return
            except FileNotFoundError:
                pass
            time.sleep(0.05)
        self.fail(f"{out}/{name} did not grow")

    def children_of(self, pid):
        found = []
        for status in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(status) as file:
                    fields = file.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == pid:
                found.append(int(status.split("/")[2]))
        return found

    def assert_gone(self, pids):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            alive = [pid for pid in pids if os.path.exists(f"/proc/{pid}/exe") and self.state_of(pid) != "Z"]
            if not alive:
                return
            time.sleep(0.05)
        self.fail(f"left behind: {alive}")

    @staticmethod
    def state_of(pid):
        try:
            with open(f"/proc/{pid}/stat") as file:
                return file.read().rsplit(")", 1)[1].split()[0]
        except OSError:
            return "Z"

    def test_a_killed_agent_ends_the_run_with_code_6_and_a_readable_directory(self):
        for mode in ("cosim", "deploy"):
            out = self.path(mode)
            host = self.start(out, "--mode", mode, "--isolate")
            self.wait_for_rows(out)
            victims = self.children_of(host.pid)
            self.assertEqual(len(victims), 4)
            os.kill(victims[1], signal.SIGKILL)
            _, errors = host.communicate(timeout=LIMIT_S)
            self.assertEqual(host.returncode, 6, errors)
            self.assertRegex(errors, "board-|camera|node")
            self.assertFalse(json.loads(read(out, "summary.json"))["complete"])
            self.assert_gone(victims)

    def test_a_killed_host_leaves_whole_lines_and_no_agents(self):
        out = self.path("killed")
        host = self.start(out)
        self.wait_for_rows(out, count=3)
        agents = self.children_of(host.pid)
        self.assertEqual(len(agents), 1)
        host.kill()
        host.communicate(timeout=LIMIT_S)
        self.assert_gone(agents)
        for name in ("microbatches.csv", "stages.csv", "transfers.csv", "outputs.csv"):
            self.assertTrue(read(out, name).endswith(b"\n"), name)
        self.assertEqual(json.loads(read(out, "manifest.json"))["mode"], "cosim")

    def test_interruption_leaves_a_summary_of_what_was_done(self):
        out = self.path("stopped")
        host = self.start(out)
        self.wait_for_rows(out, count=3)
        host.send_signal(signal.SIGINT)
        said, errors = host.communicate(timeout=LIMIT_S)
        self.assertEqual(host.returncode, -signal.SIGINT, errors)
        self.assertIn("interrupted", errors)
        self.assertRegex(said, r"^\nINCOMPLETE: the run ended after [\d.]+ s with \d+ of \d+ images: ")
        summary = json.loads(read(out, "summary.json"))
        self.assertEqual((summary["complete"], summary["microbatches"] >= 3), (False, True))

    def test_interruption_does_not_wait_for_a_long_computation(self):
        out = self.path("long")
        host = self.start(out, "--set", "model.name=vit-base", "--set", "model.weights=random",
                          "--set", "workload.dataset=synthetic", "--set", "model.microbatch=256")
        self.wait_for_rows(out, name="transfers.csv", count=1)  # stage 1 now computes 256 images, some 25 s
        asked = time.monotonic()
        host.send_signal(signal.SIGINT)
        _, errors = host.communicate(timeout=LIMIT_S)
        self.assertEqual(host.returncode, -signal.SIGINT, errors)
        self.assertLess(time.monotonic() - asked, 15)  # agents are killed at once, or after at most 3 s

    def test_nobody_comes_ends_with_code_7_and_says_how_to_start_an_agent(self):
        done = self.millrace("run", QUICKSTART, "--out", self.path("alone"), "--agents", "127.0.0.1:0",
                             "--set", "run.timeout=1 s", expect=7)
        self.assertIn("millrace-node agent --connect", done.stderr)

    def test_an_agent_for_another_scenario_is_refused(self):
        port = Determinism.free_port()
        host = subprocess.Popen([MILLRACE, "run", QUICKSTART, "--out", self.path("h"),
                                 "--agents", f"127.0.0.1:{port}", "--set", "run.timeout=5 s"],
                                stderr=subprocess.PIPE, text=True, stdout=subprocess.DEVNULL)
        agent = subprocess.run([NODE, "agent", "--connect", f"127.0.0.1:{port}", "--device", "camera",
                                "--scenario-sha256", "0" * 64],
                               capture_output=True, text=True, timeout=LIMIT_S)
        self.assertEqual(agent.returncode, 3, agent.stderr)
        self.assertIn("another scenario", agent.stderr)
        _, errors = host.communicate(timeout=LIMIT_S)
        self.assertEqual(host.returncode, 7, errors)


class ShippedModel(System):
    def test_fewer_bits_cost_accuracy(self):
        right = {}
        for bits in (8, 2):
            out = self.run_quickstart(f"b{bits}", "--set", "network.kind=fluid", "--set",
                                      "workload.images=256", "--set", f"policy.quantization.bits={bits}")
            accuracy = json.loads(read(out, "summary.json"))["accuracy"]
            self.assertEqual(accuracy["count"], 256)
            right[bits] = accuracy["top1_correct"]
        self.assertGreater(right[8], 230)  # nine of ten
        self.assertLess(right[2], right[8] - 8)

    def test_interrupted_training_leaves_weights_that_can_be_used(self):
        weights = self.path("w.safetensors")
        trainer = subprocess.Popen([TRAIN, "--out", weights, "--batch", "16", "--look-every", "2",
                                    "--validation", "16"], stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + LIMIT_S
        while not os.path.exists(weights) and time.monotonic() < deadline:
            time.sleep(0.05)
        trainer.send_signal(signal.SIGINT)
        _, errors = trainer.communicate(timeout=LIMIT_S)
        self.assertEqual(trainer.returncode, -signal.SIGINT, errors)
        self.assertIn("the best weights so far are in " + weights, errors)
        self.run_quickstart("run", "--set", f"model.weights={weights}", "--set", "network.kind=fluid")


@unittest.skipUnless(os.path.exists(SHARED), "needs ../shared (pretrained weights and labelled images)")
class Pretrained(System):
    def test_accuracy_through_the_pipeline(self):
        weights = os.path.join(SHARED, "models", "vit_tiny", "vit_tiny_fp32.safetensors")
        labels = os.path.join(SHARED, "data", "imagenet_val_650", "labels.csv")
        data = ["--set", "model.name=vit-tiny", "--set", f"model.weights={weights}",
                "--set", f"workload.dataset=image-folder:{labels}", "--set", "workload.images=40",
                "--set", "policy.quantization.codec=fp32", "--set", "policy.quantization.bits=32"]
        cosim = self.run_quickstart("cosim", *data, "--set", "network.kind=fluid")
        deploy = self.run_quickstart("deploy", *data, "--mode", "deploy")
        self.assertEqual(read(cosim, "outputs.csv"), read(deploy, "outputs.csv"))
        accuracy = json.loads(read(cosim, "summary.json"))["accuracy"]
        self.assertEqual(accuracy["count"], 40)
        self.assertGreaterEqual(accuracy["top1_correct"], 28)  # 82 % of 650, less two standard errors of 40
        low, high = accuracy["top1_interval_95"]
        self.assertTrue(low < accuracy["top1"] < high < accuracy["top5"] + 0.1)
        ranks = [int(row["label_rank"]) for row in rows(cosim, "outputs.csv")]
        self.assertEqual(accuracy["top1_correct"], ranks.count(0))
        self.assertEqual(accuracy["top5_correct"], sum(rank < 5 for rank in ranks))


@unittest.skipUnless(os.path.exists("/usr/lib/python3/dist-packages/matplotlib"), "needs python3-matplotlib")
class Pictures(System):
    def test_report_is_drawn_from_a_real_run(self):
        out = self.run_quickstart("run", "--mode", "simulate")
        report = os.path.join(ROOT, "analysis", "report.py")
        subprocess.run(["/usr/bin/python3", report, out], check=True, capture_output=True, timeout=LIMIT_S)
        self.assertTrue(read(out, "report.png").startswith(b"\x89PNG"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
