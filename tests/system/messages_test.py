"""Mistakes of users and their error messages: what is wrong, and what to do."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
import unittest

from fleet import Agent, Fleet, free_port
from system_test import LIMIT_S, MILLRACE, NODE, QUICKSTART, ROOT, SMALL, System

NOBODY = 65534
SCENARIO = """millrace: 1
name: mistaken
model: {{name: vit-tiny, microbatch: {microbatch}}}
workload: {{microbatches: 3}}
devices:
  - {{name: camera, runs: [source, sink]}}
  - {{name: board-a, speed: 8 GFLOP/s}}
network:
  links:
    - {{between: [camera, board-a], {link}}}
policy:
  partition: {{kind: {kind}}}
events: {events}
run: {{mode: simulate}}
"""


class Mistakes(System):
    def scenario(self, microbatch=8, link="rate: 10 Mbit/s", kind="even", events="[]"):
        path = self.path("my.yaml")
        with open(path, "w") as file:
            file.write(SCENARIO.format(microbatch=microbatch, link=link, kind=kind, events=events))
        return path

    def refused_by(self, verb, *arguments, expect=3):
        where = ["--out", self.path("run")] if verb == "run" else []
        return self.millrace(verb, *arguments, *where, expect=expect).stderr

    def test_a_mode_that_does_not_exist_is_told_under_the_option_that_named_it(self):
        for verb in ("run", "validate", "plan", "sweep"):
            said = self.refused_by(verb, QUICKSTART, "--mode", "sim")
            self.assertIn("--mode: ", said)
            self.assertNotIn("--set", said)
            self.assertIn("simulate, cosim, emulate, deploy", said)
            self.assertIn('did you mean "simulate"?', said)
        said = self.refused_by("run", QUICKSTART, "--seed", "seven")
        self.assertIn("--seed: ", said)
        self.assertNotIn("--set", said)
        self.assertIn("--set run.mode: ", self.refused_by("run", QUICKSTART, "--set", "run.mode=sim"))

    def test_a_trace_whose_columns_are_not_known_is_told_at_its_key_with_what_to_do(self):
        with open(self.path("log.csv"), "w") as file:
            file.write("when,kbps\n0,1000\n1,2000\n")
        for kind in ("even", "optimal"):
            file = self.scenario(link="trace: log.csv, trace_format: table", kind=kind)
            for verb in ("validate", "run", "plan"):
                said = self.refused_by(verb, file)
                self.assertIn(f"{file}:10:43: network.links[0].trace: {self.path('log.csv')}", said)
                self.assertIn("it has: ", said)
                self.assertIn("millrace trace convert FILE trace.csv --rate-column NAME", said)
                self.assertNotIn("policy.partition", said)

    def test_a_microbatch_that_no_tensor_holds_is_told_at_its_line(self):
        for verb in ("validate", "run"):
            said = self.refused_by(verb, self.scenario(microbatch=4096))
            self.assertIn(f"{self.path('my.yaml')}:3:", said)
            self.assertIn("model.microbatch: 4096 images", said)
            self.assertIn("make it smaller", said)
        for kind in ("optimal", "pipedream"):
            self.assertIn("model.microbatch: 4096 images",
                          self.refused_by("plan", self.scenario(microbatch=4096, kind=kind)))
        said = self.refused_by("run", QUICKSTART, "--set", "model.microbatch=65536")
        self.assertIn("--set model.microbatch: ", said)

    def test_a_standstill_names_the_link_and_its_cause(self):
        file = self.scenario(events="[{at: 10 ms, link: camera-board-a, state: down}]")
        for network in ("fluid", "ns3"):
            said = self.refused_by("run", file, "--set", f"network.kind={network}", expect=1)
            self.assertIn("the pipeline is stuck at ", said)
            self.assertIn("microbatch 0 from source to stage 1, under way since 0.000 s, never arrives: "
                          "an event took link camera -> board-a down at 0.01 s, and none brings it", said)
            shutil.rmtree(self.path("run"))

    @staticmethod
    def as_nobody(command, **how):
        """Runs it as a user who owns no file here, because root may write everywhere."""
        if os.geteuid() == 0:
            command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]
        return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, **how)

    def test_a_checkout_that_cannot_be_written_is_told_before_anything_is_built(self):
        checkout = self.path("checkout")
        os.makedirs(os.path.join(checkout, "build", "log"))
        shutil.copy(os.path.join(ROOT, "dev"), checkout)
        os.chmod(self.folder, 0o755)
        os.chmod(os.path.join(checkout, "build"), 0o555)
        done = self.as_nobody([os.path.join(checkout, "dev"), "run", "my.yaml"])
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn(f"{checkout}/build cannot be written by ", done.stderr)
        self.assertIn(f"work in a copy of your own: cp -r '{checkout}'", done.stderr)

    def test_a_folder_for_runs_that_cannot_be_written_is_told_with_the_option(self):
        os.makedirs(self.path("locked"))
        os.chmod(self.folder, 0o755)
        os.chmod(self.path("locked"), 0o555)
        file = self.scenario()
        done = self.as_nobody([MILLRACE, "run", file], cwd=self.path("locked"))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("--out DIR writes the run somewhere else", done.stderr)


class Keys(Fleet):
    def setUp(self):
        super().setUp()
        self.millrace("keys", self.path("fleet"), "--scenario", QUICKSTART, "--scraper")

    def keys(self, name):
        return os.path.join(self.path("fleet"), name)

    def deployed(self, agents, *arguments):
        return self.millrace("run", QUICKSTART, "--mode", "deploy", "--out", self.path("run"), *SMALL,
                             *self.inventory([agent.port for agent in agents]), *arguments, expect=8)

    def test_who_lacks_keys_is_told_so_at_once_on_either_side(self):
        began = time.monotonic()
        with_keys = Agent(self.folder, "camera", "--keys", self.keys("camera"))
        without = Agent(self.folder, "camera")
        self.addCleanup(with_keys.kill)
        self.addCleanup(without.kill)
        said = self.deployed([with_keys] * 4).stderr
        self.assertIn("it was started with keys and speaks TLS only; give --keys DIR here too", said)
        self.assertIn("it speaks no TLS: it was started without --keys", with_keys.said())
        shutil.rmtree(self.path("run"))
        said = self.deployed([without] * 4, "--keys", self.keys("host")).stderr
        self.assertIn("it speaks no TLS: it was started without keys; start it with --keys", said)
        self.assertIn("the peer speaks TLS, and here no keys were given; give --keys DIR", without.said())
        self.assertLess(time.monotonic() - began, LIMIT_S / 2, "nobody waited for run.timeout")

    def test_the_keys_of_somebody_else_are_refused_at_the_start(self):
        for whose, owner in (("host", "the host"), ("scraper", "a scraper of figures")):
            done = subprocess.run([NODE, "agent", "--listen", "127.0.0.1:0", "--keys", self.keys(whose)],
                                  capture_output=True, text=True, timeout=LIMIT_S)
            self.assertEqual(done.returncode, 8, done.stderr)
            self.assertIn(f"these are the keys of {owner}, and an agent takes the folder of its device",
                          done.stderr)
        for whose, owner in (("board-a", "device board-a"), ("scraper", "a scraper of figures")):
            done = self.millrace("run", QUICKSTART, "--mode", "deploy", "--out", self.path("run"),
                                 *self.inventory([free_port()] * 4), "--keys", self.keys(whose), expect=8)
            self.assertIn(f"these are the keys of {owner}, and a host takes the folder host/", done.stderr)
            self.assertFalse(os.path.exists(self.path("run")), "a run began")

    def test_a_busy_agent_says_with_which_run_and_nobody_is_told_to_start_it(self):
        agent = Agent(self.folder, "all")
        self.addCleanup(agent.kill)
        there = self.inventory([agent.port] * 4)
        long = subprocess.Popen([MILLRACE, "run", QUICKSTART, "--mode", "deploy", "--out", self.path("long"),
                                 *there, "--set", "workload.images=100000"],
                                stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + LIMIT_S
        while "begins a run" not in agent.said() and time.monotonic() < deadline:
            time.sleep(0.05)
        said = self.millrace("run", QUICKSTART, "--mode", "deploy", "--out", self.path("run"), *there,
                             "--set", "run.timeout=1 s", expect=7).stderr
        long.send_signal(signal.SIGINT)
        long.wait(timeout=LIMIT_S)
        self.assertRegex(said, r"it serves another run, from 127\.0\.0\.1:\d+ for \d+ s "
                               r"\(scenario [0-9a-f]{12}\)")
        self.assertIn("Wait until that run is over, end it, or give a larger run.timeout", said)
        self.assertNotIn("Start it with", said)

    def figures(self, port, name):
        """The metrics page's answer to a client with these keys, asked as Prometheus does: (status, text)."""
        ca, own, key = (os.path.join(self.keys(name), file) for file in ("ca.crt", "node.crt", "node.key"))
        context = ssl.create_default_context(cafile=ca)
        context.load_cert_chain(own, key)
        with context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S),
                                 server_hostname="millrace-agent") as stream:
            stream.sendall(b"GET /metrics HTTP/1.1\r\nHost: millrace-agent\r\n\r\n")
            answer = b""
            while piece := stream.recv(4096):
                answer += piece
        head, _, body = answer.decode().partition("\r\n\r\n")
        return int(head.split()[1]), body

    def test_prometheus_has_keys_that_read_figures_and_nothing_else(self):
        page = free_port()
        agent = Agent(self.folder, "camera", "--keys", self.keys("camera"), "--metrics", f"127.0.0.1:{page}")
        self.addCleanup(agent.kill)
        for name in ("scraper", "host"):
            status, text = self.figures(page, name)
            self.assertEqual(status, 200, text)
            self.assertIn("millrace_run_in_progress 0\n", text)
        status, text = self.figures(page, "board-a")
        self.assertEqual(status, 403)
        self.assertIn("the certificate is that of device board-a, not of the host or a scraper", text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
