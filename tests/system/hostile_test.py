"""Hostile messages from an agent to a host and from a host to an agent, and exhausted threads or memory on
either side: the message names the culprit, no other process is harmed, and the next run is served."""

import json
import os
import resource
import socket
import subprocess
import threading
import time
import unittest

from fleet import Fleet, Relay, field, frame
from system_test import LIMIT_S, MILLRACE, NODE, QUICKSTART, SMALL, read

HELLO, READY, SEND, TURN, MESSAGE, REPORT, LOG, FAREWELL = 1, 4, 8, 9, 10, 11, 16, 17
LINE = frame(LOG, field(1, 1) + field(2, b"a line that nobody asked for"))
MIB = 1 << 20
WEIGHTS = os.path.join(os.path.dirname(QUICKSTART), "models", "vit-mini.safetensors")


class Hostile(Fleet):
    """An agent that sends extra messages: they are inserted between its own."""

    def run_with(self, name, inject, *arguments, expect=0):
        relays = [Relay(agent.port, inject=inject if agent.name == "board-b" else lambda kind: b"")
                  for agent in self.agents]
        began = time.monotonic()
        out = self.path(name)
        done = self.millrace("run", QUICKSTART, "--mode", "deploy", "--out", out, *SMALL,
                             *self.inventory([relay.port for relay in relays]), *arguments, expect=expect)
        for relay in relays:
            relay.close()
        return out, done.stderr, time.monotonic() - began

    def setUp(self):
        super().setUp()
        self.agents = self.start()

    def test_a_line_of_a_log_may_come_before_every_word(self):
        calm = self.deploy("calm", [agent.port for agent in self.agents])
        said = []

        def inject(kind):
            said.append(kind)
            return b"" if kind == HELLO else LINE

        out, _, _ = self.run_with("lines", inject)
        self.assertEqual(read(out, "outputs.csv"), read(calm, "outputs.csv"))
        self.assertTrue({READY, REPORT, FAREWELL} <= set(said), said)
        self.assertIn(b"nobody asked for", read(out, os.path.join("agents", "board-b.log")))

    def test_a_flood_of_log_lines_is_dropped_and_counted_and_holds_up_nothing(self):
        flood = [LINE * 100_000]
        out, errors, took = self.run_with(
            "flood", lambda kind: flood.pop() if kind == REPORT and flood else b"")
        self.assertFalse(flood)
        self.assertLess(took, 30, errors)
        self.assertRegex(errors, r"warning: board-b: \d+ lines of this agent's log were dropped")
        self.assertEqual(errors.count("were dropped"), 1)
        self.assertTrue(json.loads(read(out, "summary.json"))["complete"])
        self.assertLess(os.path.getsize(os.path.join(out, "agents", "board-b.log")), 5 * MIB)

    def test_reports_that_cannot_be_are_refused_and_their_agent_is_named(self):
        zigzag = 2 * (2**62)
        instants = b"".join(field(3, zigzag) for _ in range(5))
        costs = b"".join(field(4, 0) for _ in range(3))
        hollow = field(5, b"") * 500_000
        stage = field(1, 0) + field(2, 4) + instants + costs + field(7, 2**62)
        now = b"\x11" + (1).to_bytes(8, "little")
        said = {"instants": field(1, 2) + now + field(3, field(1, stage)),
                "outputs": field(1, 2) + now + field(3, field(2, field(1, 0) + field(2, 4) + hollow)),
                "another-node": field(1, 1) + now,
                "nothing": field(1, 2) + now}
        for name, meta in said.items():
            with self.subTest(report=name):
                report = [frame(REPORT, meta)]
                out, errors, took = self.run_with(
                    name, lambda kind, report=report: report.pop() if kind == REPORT and report else b"",
                    expect=1)
                self.assertRegex(errors, "error: agent of board-b ")
                self.assertLess(took, 30)
                self.assertFalse(json.loads(read(out, "summary.json"))["complete"])
        self.deploy("after", [agent.port for agent in self.agents])

    def test_frames_out_of_place_end_the_run_and_name_their_agent(self):
        for kind in (SEND, TURN, READY, MESSAGE):
            with self.subTest(kind=kind):
                once = [frame(kind)]
                _, errors, _ = self.run_with(
                    f"frame-{kind}", lambda what, once=once: once.pop() if what == REPORT and once else b"",
                    expect=1)
                self.assertRegex(errors, "error: agent of board-b ")
        self.deploy("after", [agent.port for agent in self.agents])


# A sanitizer reserves terabytes of addresses for itself: a limit of address space kills it at the start.
LIMITED = unittest.skipIf(os.environ.get("MILLRACE_SANITIZE"), "a sanitizer needs all address space")


class Exhausted(Fleet):
    """Threads or memory run out."""

    def setUp(self):
        super().setUp()
        self.agents = []

    def fleet(self, *arguments):
        self.agents = self.start(*arguments)
        return [agent.port for agent in self.agents]

    def refused(self, name, ports, *settings):
        began = time.monotonic()
        done = self.millrace("run", QUICKSTART, "--mode", "deploy", "--out", self.path(name), *SMALL,
                             *self.inventory(ports), *settings, expect=1)
        self.assertLess(time.monotonic() - began, 60)
        self.assertEqual([agent.process.poll() for agent in self.agents], [None] * 4, done.stderr)
        return done.stderr

    def test_an_agent_refuses_what_is_beyond_its_limits(self):
        ports = self.fleet("--memory", "1 GiB")
        self.assertRegex(self.refused("threads", ports, "--set", "devices[1].threads=1024"),
                         r"error: agent of board-a .*1024 threads are asked for, .* gives a run \d+")
        self.deploy("after", ports)
        for agent in self.agents:
            agent.kill()
        ports = self.fleet("--memory", "64 KiB", "--threads", "1")
        self.assertRegex(self.refused("memory", ports),
                         r"at least .* MiB are needed .* and this agent gives a run 0.1 MiB; .*--memory")

    def test_threads_that_the_system_does_not_give_end_the_run_and_not_the_agent(self):
        ports = self.fleet("--threads", "4096", "--memory", "64 GiB")
        pid = self.agents[1].process.pid
        before = resource.prlimit(pid, resource.RLIMIT_AS)
        resource.prlimit(pid, resource.RLIMIT_AS, (memory_of(pid) + 300 * MIB, before[1]))
        errors = self.refused("threads", ports, "--set", "devices[1].threads=1024")
        self.assertRegex(errors, "error: agent of board-a .*(no further thread|memory has run out)")
        resource.prlimit(pid, resource.RLIMIT_AS, before)
        self.deploy("after", ports)

    @LIMITED
    def test_memory_that_ends_ends_the_run_and_not_the_agent(self):
        ports = self.fleet("--memory", "64 GiB")
        pid = self.agents[2].process.pid
        before = resource.prlimit(pid, resource.RLIMIT_AS)
        self.deploy("before", ports)
        for spare in (0, 4, 20):
            with self.subTest(spare=spare):
                resource.prlimit(pid, resource.RLIMIT_AS, (memory_of(pid) + spare * MIB, before[1]))
                errors = self.refused(f"spare-{spare}", ports, "--set", "model.name=vit-base", "--set",
                                      "model.weights=random", "--set", "workload.dataset=synthetic")
                self.assertRegex(errors, "error: agent of board-b .*(no further thread|memory has run out)")
                resource.prlimit(pid, resource.RLIMIT_AS, before)
        self.deploy("after", ports)

    @LIMITED
    def test_a_local_run_ends_at_once_wherever_memory_ends(self):
        """With limits from less than the programs themselves need up to enough memory."""
        for limit in (300, 450, 600, 800, 1000, 1200, 1600):
            with self.subTest(limit=limit):
                began = time.monotonic()
                done = subprocess.run(
                    [MILLRACE, "run", QUICKSTART, "--out", self.path(f"local-{limit}"), *SMALL, "--set",
                     "network.kind=fluid", "--set", "run.timeout=60 s"],
                    capture_output=True, text=True, timeout=LIMIT_S,
                    preexec_fn=lambda limit=limit: resource.setrlimit(resource.RLIMIT_AS,
                                                                      (limit * MIB, limit * MIB)))
                self.assertIn(done.returncode, (0, 1, 6, 127), done.stderr)
                self.assertLess(time.monotonic() - began, 40, done.stderr)
                self.assertNotIn("terminate called", done.stderr)

    @LIMITED
    def test_eval_says_that_memory_has_run_out(self):
        """With limits from the least with which the program's libraries start."""
        command = ["eval", "--model", "vit-mini", "--weights", WEIGHTS, "--dataset", "shapes",
                   "--images", "2", "--threads", "16", "--codec", "naive", "--bits", "4",
                   "--out", self.path("accuracy.csv")]
        ran_out = 0
        for limit in range(500, 900, 20):
            if not starts(limit):
                continue
            done = within(limit, *command)
            with self.subTest(limit=limit):
                self.assertIn(done.returncode, (0, 1), done.stderr)
                self.assertNotIn("terminate called", done.stderr)
                if done.returncode == 1:
                    self.assertRegex(done.stderr, "memory has run out|no further thread")
                    ran_out += 1
            if done.returncode == 0:
                break
        self.assertGreater(ran_out, 0)


def starts(limit):
    """Whether the libraries start under this limit, before main(): else LibTorch aborts, or OpenBLAS retries
    for ever."""
    try:
        return within(limit, "--version", timeout_s=5).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def within(limit, *arguments, timeout_s=LIMIT_S):
    """Runs millrace-node with `limit` MiB of address space."""
    both = (limit * MIB, limit * MIB)
    return subprocess.run([NODE, *arguments], capture_output=True, text=True, timeout=timeout_s,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, both))


def memory_of(pid):
    """Bytes of its address space."""
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


class Gone(Fleet):
    """A peer that disconnects while connections are being agreed is reported as lost at once."""

    def rude(self, words):
        """Accepts one connection for each of `words`, sends it that word and closes it; then stops
        listening."""
        listening = socket.create_server(("127.0.0.1", 0))

        def serve():
            for word in words:
                peer, _ = listening.accept()
                peer.sendall(word)
                peer.close()
            listening.close()

        threading.Thread(target=serve, daemon=True).start()
        return listening.getsockname()[1]

    def lost(self, port, *arguments):
        began = time.monotonic()
        done = self.millrace("run", QUICKSTART, "--mode", "deploy", "--out", self.path("lost"), *SMALL,
                             *self.inventory([port] * 4), *arguments, expect=6)
        self.assertLess(time.monotonic() - began, 3, done.stderr)
        self.assertIn("error: agent of camera", done.stderr)

    def test_before_it_has_said_anything(self):
        self.lost(self.rude([b""]))

    def test_in_the_handshake(self):
        self.millrace("keys", self.path("fleet"), "--scenario", QUICKSTART)
        host = os.path.join(self.path("fleet"), "host")
        self.lost(self.rude([b""]), "--keys", host)
        self.lost(self.rude([b""] * 20), "--keys", host)
        self.lost(self.rude([b"\x16\x03\x03\x00"]), "--keys", host)


if __name__ == "__main__":
    unittest.main(verbosity=2)
