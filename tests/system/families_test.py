"""Models whose inputs are not images, in whole programs; see system_test.py."""

import json
import os
import unittest

from system_test import ROOT, SHARED, System, read, rows


class Families(System):
    EXACT = ["--set", "policy.quantization.codec=fp32", "--set", "policy.quantization.bits=32"]
    SMALL_BERT = [f"--set=model.{key}={value}" for key, value in
                  {"blocks": 3, "width": 64, "heads": 4, "mlp_width": 128, "vocabulary": 1000,
                   "sequence": 24}.items()]

    def run_scenario(self, scenario, name, *arguments, images):
        out = self.path(name)
        path = os.path.join(ROOT, "scenarios", scenario + ".yaml")
        self.millrace("run", path, "--out", out, "--set", f"workload.images={images}", *arguments)
        return out

    def test_every_mode_runs_them_and_the_sizes_are_the_same(self):
        for scenario, small in (("keyword-spotting", []), ("bert", self.SMALL_BERT)):
            run = {mode: self.run_scenario(scenario, scenario + mode, "--mode", mode, *small, "--set",
                                           "network.kind=ns3", images=10)
                   for mode in ("simulate", "cosim", "deploy")}
            self.assertEqual(read(run["cosim"], "outputs.csv"), read(run["deploy"], "outputs.csv"))
            for name in ("microbatches.csv", "transfers.csv", "decisions.csv"):
                self.assertEqual(read(run["simulate"], name), read(run["cosim"], name), f"{scenario}: {name}")
            hashes = {row["logits_sha256"] for row in rows(run["cosim"], "outputs.csv")}
            self.assertEqual(len(hashes), 10, "images must have logits of their own")

    def test_partition_does_not_change_fp32_logits(self):
        for scenario, small, cuts in (("keyword-spotting", [], "[5, 39]"),
                                      ("bert", self.SMALL_BERT, "[1, 2, 7]")):
            even = self.run_scenario(scenario, scenario + "even", *small, *self.EXACT, "--set",
                                     "policy.partition={kind: even}", images=6)
            other = self.run_scenario(scenario, scenario + "other", *small, *self.EXACT, "--set",
                                      f"policy.partition={{kind: fixed, cuts: {cuts}}}", images=6)
            self.assertEqual(read(even, "outputs.csv"), read(other, "outputs.csv"))

    def test_pretrained_kwt_in_three_stages_is_as_accurate_as_in_one(self):
        weights = os.path.join(SHARED, "models", "kwt1", "kwt1_fp32.safetensors")
        clips = os.path.join(SHARED, "data", "speech_commands", "kwt_mfcc_test1320_fp16.safetensors")
        if not (os.path.exists(weights) and os.path.exists(clips)):
            self.skipTest("needs ../shared (pretrained weights)")
        data = ["--set", f"model.weights={weights}", "--set", f"workload.dataset=features:{clips}",
                "--set", "network.kind=fluid"]
        one = ["--set", "policy.partition={kind: even, devices: [node-a]}", "--set",
               "network.links[3].between=[node-a, microphone]", "--set",
               "network.links[0]={from: microphone, to: node-b, rate: 1 Mbit/s}"]
        three = self.run_scenario("keyword-spotting", "three", *data, *self.EXACT, images=132)
        whole = self.run_scenario("keyword-spotting", "whole", *data, *self.EXACT, *one, images=132)
        eight = self.run_scenario("keyword-spotting", "eight", *data, images=132)
        accuracy = [json.loads(read(run, "summary.json"))["accuracy"] for run in (three, whole, eight)]
        self.assertEqual([a["count"] for a in accuracy], [132] * 3)
        self.assertEqual(accuracy[0]["top1_correct"], 125)  # tests/stage/pretrained_kwt_test.cpp
        self.assertEqual(read(three, "outputs.csv"), read(whole, "outputs.csv"))
        self.assertGreaterEqual(accuracy[2]["top1_correct"], 123)  # 8 bits cost almost no accuracy


if __name__ == "__main__":
    unittest.main(verbosity=2)
