"""`millrace-node eval` as a user runs it: against a run of the same model, interrupted, given nonsense."""

import hashlib
import json
import os
import signal
import subprocess
import unittest

from system_test import LIMIT_S, NODE, SHARED, System, read, rows


@unittest.skipUnless(os.path.exists(SHARED), "needs ../shared (pretrained weights and labelled images)")
class Evaluation(System):
    def node_eval(self, *arguments, images=16):
        weights = os.path.join(SHARED, "models", "vit_tiny", "vit_tiny_fp32.safetensors")
        labels = os.path.join(SHARED, "data", "imagenet_val_650", "labels.csv")
        return [NODE, "eval", "--model", "vit-tiny", "--weights", weights, "--dataset",
                f"image-folder:{labels}", "--images", str(images), *arguments]

    def evaluate(self, *arguments, images=16):
        done = subprocess.run(self.node_eval(*arguments, images=images), capture_output=True, text=True,
                              timeout=LIMIT_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_an_evaluation_says_what_a_run_says(self):
        out, details = self.path("eval.csv"), self.path("eval.json")
        shown = self.evaluate("--codec", "aciq", "--bits", "4", "--cuts", "24,16+32", "--microbatch", "4",
                              "--out", out, "--json", details)
        self.assertIn("95 % interval", shown)
        table = {row["cuts"]: row for row in rows(self.folder, "eval.csv")}
        self.assertEqual(list(table), ["none", "16+32", "24"])
        facts = json.loads(read(self.folder, "eval.json"))
        with open(facts["weights"]["file"], "rb") as file:
            self.assertEqual(facts["weights"]["sha256"], hashlib.sha256(file.read()).hexdigest())
        ran = self.run_quickstart(
            "run", "--set", "model.name=vit-tiny", "--set", "workload.images=16", "--set",
            f"model.weights={facts['weights']['file']}", "--set",
            f"workload.dataset={facts['dataset']['name']}", "--set", "network.kind=fluid", "--set",
            "policy.quantization.codec=aciq", "--set", "policy.quantization.bits=4")
        summary = json.loads(read(ran, "summary.json"))
        self.assertEqual([stage["layers"][1] for stage in summary["stages"]], [16, 32, 48])
        accuracy, row = summary["accuracy"], facts["rows"][1]
        self.assertEqual((row["correct"], row["count"], row["top5_correct"]),
                         (accuracy["top1_correct"], accuracy["count"], accuracy["top5_correct"]))
        self.assertLess(row["correct"], facts["rows"][0]["correct"])  # or the comparison would prove little

    def test_an_interrupted_evaluation_keeps_the_rows_that_were_complete(self):
        out = self.path("eval.csv")
        command = self.node_eval("--codec", "naive", "--cuts", "all", "--out", out, images=8)
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3):  # the header of the table and two rows
            process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=LIMIT_S)
        self.assertEqual(process.returncode, -signal.SIGINT, errors)
        self.assertIn("interrupted: ", errors)
        kept = rows(self.folder, "eval.csv")
        self.assertIn(f"the {len(kept)} rows that were complete", errors)
        self.assertTrue(2 <= len(kept) < 150)
        self.assertTrue(all(row["count"] == "8" for row in kept))

    def test_an_evaluation_says_what_is_wrong_and_leaves_results_alone(self):
        out = self.write("eval.csv", "precious\n")
        for arguments, code, sentence in ((["--codec", "zip"], 3, '"zip" is not known, known are fp32, fp16'),
                                          (["--codec", "naive", "--cuts", "48"], 3,
                                           "cut 48 is out of range: vit-tiny has cuts 1 to 47"),
                                          (["--codec", "naive", "--cuts", "x"], 3, 'got "x"'),
                                          (["--codec", "naive", "--bits", "0"], 3, "0.01 to 32, got 0"),
                                          (["--scope", "block"], 3, "known are image, token, tensor"),
                                          (["--bits", "two"], 2, "--bits")):
            done = subprocess.run(self.node_eval(*arguments, "--out", out), capture_output=True, text=True,
                                  timeout=LIMIT_S)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(sentence, done.stderr)
            self.assertEqual(read(self.folder, "eval.csv"), b"precious\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
