"""Every command that writes a file writes into devices and FIFOs, through links, and to standard output."""

import os
import stat
import subprocess
import threading

from plan_test import Plans
from system_test import LIMIT_S, MILLRACE, NODE, QUICKSTART, ROOT, SMALL, System

WEIGHTS = os.path.join(ROOT, "scenarios", "models", "vit-mini.safetensors")
EVAL = [NODE, "eval", "--model", "vit-mini", "--weights", WEIGHTS, "--dataset", "shapes", "--images", "8",
        "--codec", "naive", "--bits", "4", "--cuts", "8"]
PROFILE = [NODE, "profile", "--model", "vit-mini", "--microbatch", "1", "--repeats", "1", "--codecs", "fp16",
           "--quiet"]


class WrittenFiles(System):
    def commands(self):
        """For each: a function from the output path to the command, and the first characters of the file."""
        pipeedge = Plans.pipeedge(self)
        trace = os.path.join(ROOT, "traces", "lte-drive.csv")
        bad = self.write("bad.csv", "time_s,rate_mbit_per_s\n0,8\n1,-3\n2,4\n4,end\n")
        return {
            "synth": (lambda out: [MILLRACE, "trace", "synth", "lte", "--duration", "5", out], "#"),
            "convert": (lambda out: [MILLRACE, "trace", "convert", trace, out, "--to", "csv"], ""),
            "plan": (lambda out: [MILLRACE, "plan", "--pipeedge", pipeedge, "--model", "m", "--microbatch",
                                  "1", "--schedule", out], ""),
            "run": (lambda out: [MILLRACE, "run", QUICKSTART, "--mode", "simulate", *SMALL, "--quiet",
                                 "--out", self.path("run"), "--directory-file", out], self.path("run")),
            "eval": (lambda out: [*EVAL, "--quiet", "--out", out], "codec"),
            "eval --json": (lambda out: [*EVAL, "--quiet", "--out", self.path("e.csv"), "--json", out], "{"),
            "profile": (lambda out: [*PROFILE, "--out", out], ""),
            "lint": (lambda out: [MILLRACE, "trace", "lint", bad, "--repair", out], ""),
        }

    def write_with(self, command, expect=0):
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S)
        self.assertEqual(done.returncode, expect, f"{command}: {done.stderr}")
        return done

    def test_a_link_stays_a_link_and_its_target_gets_the_text(self):
        for name, (command, begins) in self.commands().items():
            if name == "lint":
                continue  # the name's ending decides its format
            with self.subTest(name):
                link, target = self.path("link"), self.write("target.csv", "old\n")
                if not os.path.islink(link):
                    os.symlink("target.csv", link)
                self.write_with(command(link))
                self.assertTrue(os.path.islink(link))
                with open(target) as file:
                    text = file.read()
                self.assertNotIn("old", text)
                self.assertTrue(text.startswith(begins), text[:80])

    def test_a_fifo_is_written_into(self):
        for name, (command, begins) in self.commands().items():
            if name == "lint":
                continue
            with self.subTest(name):
                fifo = self.path("fifo-" + name.replace(" ", ""))
                os.mkfifo(fifo)
                got = []
                reader = threading.Thread(target=lambda: got.append(open(fifo).read()))
                reader.start()
                self.write_with(command(fifo))
                reader.join(timeout=LIMIT_S)
                self.assertTrue(got[0] and got[0].startswith(begins), got)
                self.assertTrue(stat.S_ISFIFO(os.stat(fifo).st_mode))

    def test_standard_output_gets_it_and_nothing_else(self):
        for name, (command, begins) in self.commands().items():
            for out in ("-", "/dev/stdout"):
                with self.subTest(f"{name} {out}"):
                    if name == "run":
                        continue  # stdout also has its table
                    text = self.write_with(command(out)).stdout
                    self.assertTrue(text.strip() and text.startswith(begins), text[:80])
                    self.assertNotIn(" -> ", text)
        self.assertFalse(os.path.exists("-"))

    def test_a_device_stays_one_and_a_full_one_is_said(self):
        full, null = self.path("full"), self.path("null")
        try:
            os.mknod(full, 0o666 | stat.S_IFCHR, os.makedev(1, 7))
            os.mknod(null, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        except PermissionError:
            full, null = "/dev/full", "/dev/null"
        for name, (command, _) in self.commands().items():
            if name == "lint":
                continue
            with self.subTest(name):
                self.write_with(command(null))
                done = subprocess.run(command(full), capture_output=True, text=True, timeout=LIMIT_S)
                self.assertIn(done.returncode, (1, 2), done.stderr)
                self.assertIn(full + ": cannot be written: No space left on device", done.stderr)
                for device in (full, null):
                    self.assertTrue(stat.S_ISCHR(os.stat(device).st_mode))


if __name__ == "__main__":
    import unittest
    unittest.main()
