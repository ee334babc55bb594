"""`millrace plan` as a user runs it; whole processes, with MILLRACE_BIN as for system_test.py."""

import json
import os
import subprocess
import unittest

from system_test import LIMIT_S, MILLRACE, QUICKSTART, ROOT, SHARED, System as Base, rows

JOINT = os.path.join(ROOT, "scenarios", "joint.yaml")
EXAMPLE = os.path.join(SHARED, "reference", "pipeedge-example")
MODELS = "m:\n  layers: 4\n  mem_MB: [1, 1, 1, 1]\n  parameters_in: 1048576\n" \
         "  parameters_out: [1048576, 1048576, 1048576, 1048576]\n"
TYPES = "t:\n  bw_Mbps: 32\n  mem_MB: 1024\n  model_profiles:\n    m:\n" \
        "    - {dtype: torch.float32, batch_size: 1, time_s: [0.5, 0.5, 0.5, 0.5]}\n"
DEVICES = "t: [a, b]\n"


class Plans(Base):
    def plan(self, *arguments, expect=0):
        return self.millrace("plan", *arguments, expect=expect)

    def plan_json(self, *arguments):
        done = self.plan(*arguments, "--json")
        return json.loads(done.stdout)

    def pipeedge(self):
        return ",".join([self.write("models.yml", MODELS), self.write("types.yml", TYPES),
                         self.write("devices.yml", DEVICES)])

    def test_json_has_the_fields_scripts_rely_on(self):
        steady = ["--set", "network.links[1]={between: [board-a, board-b], rate: 20 Mbit/s, delay: 20 ms}"]
        self.assertIs(self.plan_json(QUICKSTART, "--algorithm", "optimal")["exact"], False)  # traced link
        plan = self.plan_json(QUICKSTART, "--algorithm", "optimal", *steady)
        for field in ("bottleneck_s", "throughput_images_per_s", "planning_s", "latency_s", "lower_bound_s"):
            self.assertGreater(plan[field], 0, field)
        self.assertEqual(plan["algorithm"], "optimal")
        self.assertIs(plan["exact"], True)
        self.assertAlmostEqual(plan["throughput_images_per_s"], 16 / plan["bottleneck_s"], places=6)
        first = 1
        for stage in plan["stages"]:
            self.assertIn(stage["device"], ("board-a", "board-b", "board-c"))
            self.assertEqual(stage["layers"][0], first)
            first = stage["layers"][1] + 1
            for field in ("compute_s", "transfer_s", "memory_mib"):
                self.assertGreater(stage[field], 0, field)
        self.assertEqual(first, 25)
        self.assertEqual({other["algorithm"] for other in plan["alternatives"]}, {"even", "pipedream"})

    # The mean of the trace is 301 Mbit/s, but the run sees only 2 Mbit/s.
    def lying_trace(self):
        trace = self.write("lies.csv", "time_s,rate_mbit_per_s\n0,2\n600,600\n1200,end\n")
        return ["--set", f"network.links[1]={{between: [board-a, board-b], trace: '{trace}', delay: 2 ms}}",
                "--set", f"network.links[2]={{between: [board-b, board-c], trace: '{trace}', delay: 2 ms}}",
                "--set", "policy.partition.kind=optimal"]

    def test_a_plan_under_a_trace_is_tried_and_says_what_the_run_then_has(self):
        lies = self.lying_trace()
        plan = self.plan_json(QUICKSTART, *lies)
        self.assertIs(plan["exact"], False)
        self.assertIn("link board-a -> board-b", plan["changing"])
        self.assertGreaterEqual(len(plan["candidates"]), 2)
        self.assertEqual([row["chosen"] for row in plan["candidates"]].count(True), 1)
        simulated = plan["simulated"]["throughput_images_per_s"]
        self.assertEqual(simulated, max(row["simulated_images_per_s"] for row in plan["candidates"]))
        self.assertLessEqual(simulated, plan["bound_images_per_s"])
        self.assertAlmostEqual(plan["gap"], 1 - simulated / plan["bound_images_per_s"], places=9)
        run = self.millrace("run", QUICKSTART, *lies, "--mode", "simulate", "--out", self.path("run"),
                            "--json")
        self.assertEqual(json.loads(run.stdout)["throughput_images_per_s"], simulated)
        self.assertIn("% below the bound of", run.stderr)
        table = self.plan(QUICKSTART, *lies).stdout
        self.assertIn("not exact: the model knows only the mean of link board-a -> board-b", table)
        self.assertNotIn("exact: no better plan", table.replace("not exact", ""))

    def test_bits_that_a_policy_chooses_are_a_range(self):
        adaptive = ["--set", "policy.quantization={kind: max-fit, codec: ds-aciq, target_rate: 100 /s}"]
        plan = self.plan_json(QUICKSTART, *adaptive)
        self.assertEqual((plan["bits_range"]["fewest"], plan["bits_range"]["most"]), (2, 32))
        fast, slow = plan["bits_range"]["throughput_images_per_s"]
        self.assertGreaterEqual(fast, slow)
        self.assertIs(plan["exact"], False)
        self.assertIn("with 2 to 32 bits per value:", self.plan(QUICKSTART, *adaptive).stdout)
        self.assertIsNone(self.plan_json(QUICKSTART)["bits_range"])

    def test_the_scenario_says_the_algorithm_and_the_command_line_another(self):
        kind = ["--set", "policy.partition.kind=pipedream"]
        self.assertEqual(self.plan_json(QUICKSTART)["algorithm"], "even")
        self.assertEqual(self.plan_json(QUICKSTART, *kind)["algorithm"], "pipedream")
        self.assertEqual(self.plan_json(QUICKSTART, *kind, "--algorithm", "optimal")["algorithm"], "optimal")
        fixed = self.plan_json(QUICKSTART, "--algorithm", "fixed", "--cuts", "4,9")
        self.assertEqual(fixed["stages"][1]["layers"], [5, 9])
        latency = self.plan_json(QUICKSTART, "--algorithm", "optimal", "--objective", "latency")
        throughput = self.plan_json(QUICKSTART, "--algorithm", "optimal")
        self.assertLess(latency["latency_s"], throughput["latency_s"])

    def test_a_run_takes_the_plan_that_plan_prints(self):
        chosen = ["--set", "policy.partition.kind=optimal", "--set", "workload.images=64"]
        plan = self.plan_json(QUICKSTART, *chosen)
        for mode in ("simulate", "cosim"):
            out = self.path(mode)
            self.millrace("run", QUICKSTART, *chosen, "--mode", mode, "--out", out,
                          "--set", "network.kind=fluid")
            used = {row["stage"]: row["device"] for row in rows(out, "stages.csv")}
            self.assertEqual([used[str(s + 1)] for s in range(len(used))],
                             [stage["device"] for stage in plan["stages"]])

    def test_infeasible_says_what_is_missing_and_ends_with_code_1(self):
        small = [argument for board in (1, 2, 3)
                 for argument in ("--set", f"devices[{board}].memory=100 KiB")]
        done = self.plan(QUICKSTART, "--algorithm", "optimal", *small, expect=1)
        self.assertEqual(done.stdout, "")
        self.assertRegex(done.stderr, r"infeasible: .*; vit-mini needs \d+\.\d MiB on one of: board-a")
        done = self.millrace("run", QUICKSTART, "--mode", "simulate", "--set",
                             "policy.partition.kind=optimal", *small, "--out", self.path("r"), expect=1)
        self.assertIn("vit-mini needs", done.stderr)
        self.assertFalse(os.path.exists(self.path("r")))
        done = self.plan(QUICKSTART, "--algorithm", "optimal", "--rate", "1000000", expect=1)
        self.assertIn("the fastest plan reaches", done.stderr)

    def test_joint_plans_bits_for_a_rate_or_an_accuracy(self):
        at_rate = self.plan_json(JOINT)
        self.assertGreaterEqual(at_rate["throughput_images_per_s"], 250)
        at_accuracy = self.plan_json(JOINT, "--accuracy-floor", "0.93")
        self.assertGreaterEqual(at_accuracy["accuracy"], 0.93)
        self.assertGreater(at_accuracy["throughput_images_per_s"], at_rate["throughput_images_per_s"])
        self.assertGreater(at_rate["accuracy"], at_accuracy["accuracy"])
        self.assertIn("exit code", self.plan("--help").stdout.lower())
        self.plan(QUICKSTART, "--algorithm", "joint", expect=2)
        self.plan(QUICKSTART, "--algorithm", "joint", "--rate", "3", expect=2)

    def test_pipeedge_files_in_both_units_and_its_schedule_out(self):
        # One cut of 2^20 floats: 32 Mbit, over 32 Mbit/s of 1024^2 bits 1 s, of 10^6 bits 1.048576 s.
        schedule = self.path("schedule.yml")
        files = ["--pipeedge", self.pipeedge(), "--model", "m", "--microbatch", "1"]
        plan = self.plan_json(*files, "--schedule", schedule)
        self.assertAlmostEqual(plan["bottleneck_s"], 1, places=9)
        with open(schedule, encoding="utf-8") as file:
            text = file.read()
        for stage in plan["stages"]:
            first, last = stage["layers"]
            self.assertRegex(text, rf'- "?{stage["device"]}"?: \[{first}, {last}\]')
        cut = self.plan_json(*files, "--units", "1000", "--algorithm", "fixed", "--cuts", "2")
        self.assertAlmostEqual(cut["bottleneck_s"], 1.048576, places=9)
        self.plan(*files, "--units", "10", expect=2)
        self.plan("--pipeedge", "a,b", expect=2)
        self.plan(QUICKSTART, *files, expect=2)
        self.plan(expect=2)
        self.plan("--pipeedge", "a,b,c", expect=3)

    def test_the_example_of_pipeedges_readme(self):
        if not os.path.isdir(EXAMPLE):
            self.skipTest("needs ../shared (reference data)")
        files = ",".join(os.path.join(EXAMPLE, name)
                         for name in ("models.yml", "device_types.yml", "devices.yml"))
        name = "google/vit-base-patch16-224"
        with open(os.path.join(EXAMPLE, "models.yml"), encoding="utf-8") as file:
            if name not in file.read():
                name = "vit-base"
        plan = self.plan_json("--pipeedge", files, "--model", name, "--microbatch", "8")
        self.assertAlmostEqual(plan["bottleneck_s"], 1.54876, places=5)
        self.assertIs(plan["exact"], True)

    def test_a_reader_that_has_gone_is_a_failure(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([MILLRACE, "plan", QUICKSTART], stdout=full, stderr=subprocess.PIPE,
                                  text=True, timeout=LIMIT_S)
        self.assertEqual(done.returncode, 1)
        self.assertIn("standard output cannot be written", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
