"""Each call that writes a file fails once: every command ends with a code of its `--help` and a sentence that
names the file and the reason, what it leaves under a final name is the old or the whole file, and the same
command succeeds afterwards.

failing_calls.cpp, loaded before the C library, counts the calls and makes one fail. A command runs once to
learn how many calls of each kind it makes, then for a spread of their numbers; for all of them with
MILLRACE_EVERY_CALL=1 in the environment, which takes minutes."""

import errno
import json
import mmap
import os
import re
import shutil
import struct
import subprocess
import unittest
from unittest import mock

from fleet import Agent, Fleet
from plan_test import Plans
from system_test import LIMIT_S, MILLRACE, NODE, QUICKSTART, ROOT, SMALL, TRAIN, System
from written_files_test import EVAL, PROFILE, WEIGHTS

LIBRARY = os.path.join(os.environ["MILLRACE_BIN"], "failing_calls.so")
KINDS = ["open", "write", "sync", "rename", "close", "mkdir"]
PATH_MAX = 4096
SIZE = 8 * len(KINDS) + PATH_MAX
# What is said of it -> the kind of call, the reason, and whether all later writes fail too.
FAILURES = {"open": ("open", errno.EACCES, False), "write": ("write", errno.EIO, False),
            "full": ("write", errno.ENOSPC, True), "sync": ("sync", errno.EIO, False),
            "rename": ("rename", errno.EIO, False), "close": ("close", errno.EDQUOT, False),
            "mkdir": ("mkdir", errno.ENOSPC, False)}
REPLACED = "of an earlier time\n"
# Files that grow as the work goes and are cut where it ends: a run without a whole summary.json has failed.
GROWS = re.compile(r"\.(pcap|perfetto-trace|log|prom|sqlite|sqlite-journal|lock)$|"
                   r"/(microbatches|stages|transfers|decisions|outputs|bandwidth|links|e)\.csv$")
SQLITE = ["disk I/O error", "disk is full", "unable to open database file", "readonly database"]
QUICK = [QUICKSTART, *SMALL, "--quiet"]


def spread(count, most):
    """At most so many of 1 to `count`, the first and the last among them."""
    if count <= most or os.environ.get("MILLRACE_EVERY_CALL"):
        return range(1, count + 1)
    return sorted({count - round(i * (count - 1) / max(most - 1, 1)) for i in range(most)})


class Injector:
    """The environment of one command, and what it shares with the library."""

    def __init__(self, folder, below, kind="", at=0, number=0, onwards=False):
        self.name = os.path.join(folder, "calls")
        with open(self.name, "wb") as file:
            file.write(bytes(SIZE))
        self.environment = {**os.environ, "LD_PRELOAD": LIBRARY, "MILLRACE_FAIL_STATE": self.name,
                            "MILLRACE_FAIL_BELOW": below, "MILLRACE_FAIL_KIND": kind,
                            "MILLRACE_FAIL_AT": str(at), "MILLRACE_FAIL_ERRNO": str(number)}
        if onwards:
            self.environment["MILLRACE_FAIL_ONWARDS"] = "1"

    def state(self):
        """How many calls of each kind there were, and the path of the one that failed."""
        with open(self.name, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as memory:
            counts = struct.unpack_from(f"{len(KINDS)}q", memory)
            return dict(zip(KINDS, counts)), memory[8 * len(KINDS):].split(b"\0")[0].decode()


@unittest.skipIf(os.environ.get("MILLRACE_SANITIZE"), "a sanitizer's own library has to be the first one")
class FailingWrites(System):
    def setUp(self):
        super().setUp()
        self.out = self.path("out")

    def run_with(self, command, **failure):
        """The finished command, and the injector that it ran under."""
        injector = Injector(self.folder, failure.pop("below", self.out), **failure)
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S,
                              env=injector.environment)
        return done, injector

    def fresh(self, *replaced):
        shutil.rmtree(self.out, ignore_errors=True)
        os.mkdir(self.out)
        for name in replaced:
            with open(os.path.join(self.out, name), "w") as file:
                file.write(REPLACED)

    def files(self):
        found = {}
        for folder, _, names in os.walk(self.out):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    found[os.path.relpath(os.path.join(folder, name), self.out)] = file.read()
        return found

    def each_call_fails(self, command, replaced=(), most=3, codes=(1,), below=None, again=(),
                        only=tuple(FAILURES), forgiven="$^", counted="$^"):
        """`replaced`: files that are there already. `most`: calls of each kind that fail. `codes`: of
        `--help`. `again`: after these failures the same command ends well. `only`: these failures.
        `forgiven`: paths with the kind of call that nobody misses. `counted`: tables that have their rows,
        whatever is in them."""
        below = below or self.out
        self.fresh(*replaced)
        done, injector = self.run_with(command, below=below)
        self.assertEqual(done.returncode, 0, done.stderr)
        counts, whole = injector.state()[0], self.files()
        self.assertTrue(counts["open"] and counts["write"], counts)
        for failure, (kind, number, onwards) in FAILURES.items():
            for at in spread(counts[kind], most) if failure in only else ():
                with self.subTest(failure, at=at, of=counts[kind], reason=os.strerror(number)):
                    self.fresh(*replaced)
                    done, injector = self.run_with(command, below=below, kind=kind, at=at, number=number,
                                                   onwards=onwards)
                    _, path = injector.state()
                    if not path:  # a table reaches the disk with the clock: there were fewer this time
                        self.assertEqual(done.returncode, 0, done.stderr)
                        continue
                    if re.search(forgiven, f"{path} of {kind}"):
                        continue
                    self.is_said(done, path, os.strerror(number), codes)
                    self.is_old_or_whole(whole, counted)
                    if failure in again:
                        done, _ = self.run_with(command, below=below)
                        self.assertEqual(done.returncode, 0, f"again, after {path}: {done.stderr}")

    def is_said(self, done, path, reason, codes):
        self.assertIn(done.returncode, codes, f"{path}: {done.stderr}")
        # A file that is written beside its place is called by its place.
        name = re.sub(r"/\.(\w[^/]*)\.partial", r"/\1", re.sub(r"\.millrace-.*|-journal$", "", path))
        if reason == os.strerror(errno.ENOSPC) and "/sweep/runs/" in path:
            name = "/sweep/"  # the cell's log is lost too, so the sweep says which of its own files failed
        reasons = [reason, *SQLITE] if ".sqlite" in path or name == "/sweep/" else [reason]
        said = [line for line in done.stderr.splitlines() if line.startswith(("error: ", "report")) and
                name in line]
        self.assertTrue(any(text in line for line in said for text in reasons),
                        f"{path}, {reason}: {done.stderr}")
        self.assertNotIn("Traceback", done.stderr)

    def is_old_or_whole(self, whole, counted):
        for name, text in self.files().items():
            self.assertNotIn("partial", name)
            if GROWS.search("/" + name):
                if name.endswith(".csv"):
                    self.assertTrue(text.endswith(b"\n") or not text, f"{name} ends within a row")
                continue
            if text in (REPLACED.encode(), whole.get(name)):
                continue
            if re.search(counted, "/" + name):
                self.assertEqual(text.count(b"\n"), whole[name].count(b"\n"), name)
                continue
            self.assertTrue(name.endswith(".json"), f"{name} is neither the old nor the whole one")
            keys, expected = (set(json.loads(one)) - {"error"} for one in (text, whole[name]))
            self.assertEqual(keys, expected, name)

    def in_out(self, *names):
        return os.path.join(self.out, *names)

    def test_run(self):
        command = [MILLRACE, "run", *QUICK, "--mode", "simulate", "--out", self.in_out("run"),
                   "--directory-file", self.in_out("note")]
        self.each_call_fails(command, replaced=["note"], most=6, again=["open"])

    def test_captures(self):
        command = [MILLRACE, "run", *QUICK, "--mode", "simulate", "--out", self.in_out("run"), "--set",
                   "network.kind=ns3", "--set", "run.pcap=[camera-board-a]"]
        self.each_call_fails(command, only=["open", "write", "close"])

    def test_logs_and_figures_of_agents(self):
        nothing = self.path("nothing-learnt")
        os.mkdir(nothing)
        command = [MILLRACE, "run", *QUICK, "--mode", "deploy", "--out", self.in_out("run"),
                   "--set", "policy.quantization.codec=klt",
                   "--set", f"policy.quantization.calibration={nothing}"]
        self.each_call_fails(command, below=self.in_out("run", "agents"), most=2,
                             only=["open", "full"])

    def test_sweep(self):
        with open(QUICKSTART) as file:
            text = file.read()
        home = os.path.dirname(QUICKSTART)
        text = text.replace("models/", f"{home}/models/").replace("../traces/", f"{home}/../traces/")
        scenario = self.write("s.yaml", text + "\nsweep:\n  grid:\n    workload.images: [8, 12]\n")
        command = [MILLRACE, "sweep", scenario, "--set", "run.mode=simulate", "-j", "1", "--quiet", "--out",
                   self.in_out("sweep"), "--directory-file", self.in_out("note")]
        # Not missed: who has the lock, a line that a cell says to people, SQLite's closing.
        self.each_call_fails(command, again=["open"],
                             forgiven=r"\.lock of|/logs/.* of write$|\.sqlite.* of close$",
                             counted=r"/(cells|groups)\.csv$")

    def test_plan(self):
        command = [MILLRACE, "plan", "--pipeedge", Plans.pipeedge(self), "--model", "m", "--microbatch", "1",
                   "--schedule", self.in_out("schedule")]
        self.each_call_fails(command, replaced=["schedule"], again=FAILURES)
        self.each_call_fails(command)

    def test_traces(self):
        trace = os.path.join(ROOT, "traces", "lte-drive.csv")
        bad = self.write("bad.csv", "time_s,rate_mbit_per_s\n0,8\n1,-3\n2,4\n4,end\n")
        out = self.in_out("t.csv")
        for words in (["synth", "lte", "--duration", "5", out], ["convert", trace, out, "--to", "csv"],
                      ["lint", bad, "--repair", out]):
            with self.subTest(words[0]):
                self.each_call_fails([MILLRACE, "trace", *words], replaced=["t.csv"], again=["write"])

    @unittest.skipUnless(os.path.exists("/usr/lib/python3/dist-packages/matplotlib"),
                         "needs python3-matplotlib")
    def test_pictures(self):
        trace = os.path.join(ROOT, "traces", "lte-drive.csv")
        self.each_call_fails([MILLRACE, "trace", "plot", self.in_out("t.png"), trace],
                             replaced=["t.png"], most=1, only=["full"])
        run = self.run_quickstart("run", "--mode", "simulate")
        self.each_call_fails([MILLRACE, "compare", run, run, "--picture", self.in_out("c.png")], most=1,
                             only=["full"])

    def test_keys(self):
        self.each_call_fails([MILLRACE, "keys", self.in_out("fleet"), "board-a", "--scraper"], most=4,
                             again=["write"])

    def test_eval(self):
        command = [*EVAL, "--quiet", "--out", self.in_out("e.csv"), "--json",
                   self.in_out("e.json")]
        self.each_call_fails(command, replaced=["e.csv", "e.json"], most=2, codes=(1, 2),
                             only=["open", "full", "rename"])

    def test_profile(self):
        command = [*PROFILE, "--out", self.in_out("profile.yaml")]
        self.each_call_fails(command, replaced=["profile.yaml"], most=1, only=["full"])

    def test_calibrate(self):
        command = [NODE, "calibrate", "--model", "vit-mini", "--weights", WEIGHTS, "--dataset", "shapes",
                   "--images", "1", "--cuts", "4,8", "--out", self.in_out("klt")]
        self.each_call_fails(command, most=1, only=["full", "mkdir"])

    def test_trained_weights(self):
        command = [TRAIN, "--out", self.in_out("w.safetensors"), "--steps", "1", "--batch", "1",
                   "--validation", "1"]
        self.each_call_fails(command, replaced=["w.safetensors"], most=1, only=["full"])

    def test_schema(self):
        for name in ("README.md", "millrace.schema.json"):
            shutil.copy(os.path.join(ROOT, "scenarios", name), self.path(name))
        script = f'LD_PRELOAD= cp "$1"/README.md "$2" && exec "{os.path.dirname(NODE)}/millrace-schema" "$2"'
        command = ["sh", "-c", script, "sh", self.folder, self.out]
        self.each_call_fails(command, most=2)


@unittest.skipIf(os.environ.get("MILLRACE_SANITIZE"), "a sanitizer's own library has to be the first one")
class FailingCache(Fleet):
    """An agent that cannot keep the weights that the host sends: the run ends and says why, the agent keeps
    nothing, and it serves the next run."""

    def test_an_agent_that_cannot_keep_weights(self):
        here, there, cache = self.path("here"), self.path("there"), self.path("cache")
        os.mkdir(here)
        os.mkdir(there)
        shutil.copy(WEIGHTS, os.path.join(here, "w.safetensors"))
        # Not close: what was synchronized with the disk is there.
        for failure in ("open", "write", "full", "sync", "rename"):
            kind, number, onwards = FAILURES[failure]
            with self.subTest(failure, reason=os.strerror(number)):
                shutil.rmtree(cache, ignore_errors=True)
                injector = Injector(self.folder, cache, kind, 1, number, onwards)
                with mock.patch.dict(os.environ, injector.environment):
                    agent = Agent(self.folder, "all", cwd=there)
                self.addCleanup(agent.kill)
                command = [MILLRACE, "run", *QUICK, "--mode", "deploy", *self.inventory([agent.port] * 4),
                           "--set", "model.weights=/proc/self/cwd/w.safetensors"]
                done = [subprocess.run([*command, "--out", self.path(f"{failure}-{i}")], cwd=here,
                                       capture_output=True, text=True, timeout=LIMIT_S) for i in range(2)]
                self.assertTrue(injector.state()[1].startswith(cache), f"{injector.state()}")
                self.assertEqual(done[0].returncode, 1, done[0].stderr)
                self.assertRegex(done[0].stderr, f"error: .*{cache}.*: {os.strerror(number)}")
                self.assertEqual(done[1].returncode, 1 if onwards else 0, done[1].stderr)
                kept = os.listdir(cache) if os.path.isdir(cache) else []
                self.assertEqual([len(name) for name in kept], [] if onwards else [64])
                self.assertEqual(agent.end(), 0, agent.said())


if __name__ == "__main__":
    unittest.main()
