"""Agents that listen: several runs in a row, every process killed in every phase, and attackers on the
agents' ports during an honest run."""

import json
import os
import random
import signal
import socket
import struct
import subprocess
import threading
import time
import unittest

from fleet import DEVICES, Agent, Fleet, Relay, free_port
from system_test import LIMIT_S, MILLRACE, NODE, QUICKSTART, SMALL, read, rows

HELLO, ASSIGN, PEERS, REPORT, STOP = 1, 3, 5, 11, 13
SWEPT = """millrace: 1
name: swept
model: {{name: vit-tiny, microbatch: 2}}
workload: {{images: 4}}
devices:
  - {{name: camera, runs: [source, stage], speed: 8 GFLOP/s, address: '127.0.0.1:{}'}}
  - {{name: board-a, runs: [stage, sink], speed: 8 GFLOP/s, address: '127.0.0.1:{}'}}
network: {{links: [{{between: [camera, board-a], rate: 10 Mbit/s}}]}}
run: {{mode: deploy}}
sweep: {{grid: {{run.window: [1, 2]}}}}
"""



class Deploy(Fleet):
    def test_agents_serve_run_after_run_with_the_logits_of_every_other_mode(self):
        agents = self.start()
        ports = [agent.port for agent in agents]
        runs = [self.deploy(f"run-{i}", ports) for i in range(2)]
        one_process = self.run_quickstart("one", "--set", "network.kind=fluid")
        isolated = self.run_quickstart("isolated", "--set", "network.kind=fluid", "--isolate")
        local = self.run_quickstart("local", "--mode", "deploy")
        for other in (runs[1], one_process, isolated, local):
            self.assertEqual(read(runs[0], "outputs.csv"), read(other, "outputs.csv"), other)
        for name in ("plan.yaml",):
            self.assertEqual(read(runs[0], name), read(isolated, name))
        self.assertEqual(set(os.listdir(isolated)) - set(os.listdir(runs[0])),
                         {"bandwidth.csv", "links.csv"})
        with open(os.path.join(runs[1], "agents", "board-a.prom")) as file:
            self.assertIn('millrace_images_total{device="board-a",node="stage-1"} 22\n', file.read())
        self.assertEqual([agent.end() for agent in agents], [0] * 4)

    def test_one_agent_may_be_all_devices(self):
        agent = Agent(self.folder, "all")
        self.deploy("run", [agent.port] * 4)
        self.assertEqual(agent.end(), 0)

    def test_weights_come_from_the_host_once(self):
        # /proc/self/cwd is another folder for the host than for the agents.
        here, there = self.path("here"), self.path("there")
        os.mkdir(here)
        os.mkdir(there)
        with open(os.path.join(os.path.dirname(QUICKSTART), "models", "vit-mini.safetensors"), "rb") as file:
            weights = file.read()
        with open(os.path.join(here, "w.safetensors"), "wb") as file:
            file.write(weights)
        agents = self.start(cwd=there)
        command = [MILLRACE, "run", QUICKSTART, "--mode", "deploy", *SMALL,
                   *self.inventory([agent.port for agent in agents]),
                   "--set", "model.weights=/proc/self/cwd/w.safetensors"]
        for i in range(2):
            done = subprocess.run([*command, "--out", self.path(f"run-{i}")], cwd=here, capture_output=True,
                                  text=True, timeout=LIMIT_S)
            self.assertEqual(done.returncode, 0, done.stderr)
        kept = [name for name in os.listdir(self.path("cache")) if len(name) == 64]
        self.assertEqual(len(kept), 1)
        self.assertEqual(os.path.getsize(os.path.join(self.path("cache"), kept[0])), len(weights))
        self.assertLessEqual(sum(agent.said().count("comes from the host") for agent in agents), 3)
        self.assertFalse(os.path.exists(os.path.join(self.path("run-1"), "agents", "board-a.log")))
        self.assertEqual(read(self.path("run-0"), "outputs.csv"), read(self.path("run-1"), "outputs.csv"))
        for agent in agents:
            agent.end()

    def test_an_agent_that_is_not_there_is_waited_for_and_named(self):
        done = subprocess.run([MILLRACE, "run", QUICKSTART, "--mode", "deploy", "--out", self.path("r"),
                               "--set", "run.timeout=1 s", *self.inventory([free_port()] * 4)],
                              capture_output=True, text=True, timeout=LIMIT_S)
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertIn("millrace-node agent --listen", done.stderr)

    def test_a_name_may_get_its_address_while_it_is_waited_for(self):
        names = [part for index in range(4)
                 for part in ("--set", f"devices[{index}].address=no-such-host.invalid:{7000 + index}")]
        done = subprocess.run([MILLRACE, "run", QUICKSTART, "--mode", "deploy", "--out", self.path("r"),
                               "--set", "run.timeout=1 s", *names],
                              capture_output=True, text=True, timeout=LIMIT_S)
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertIn("no-such-host.invalid:7000: this name has no address", done.stderr)
        self.assertIn("it was tried for 1.0 s", done.stderr)

    def test_a_busy_agent_is_waited_for(self):
        agent = Agent(self.folder, "all")
        long = subprocess.Popen([MILLRACE, "run", QUICKSTART, "--mode", "deploy", "--out", self.path("long"),
                                 *self.inventory([agent.port] * 4), "--set", "workload.images=100000"],
                                stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        deadline = time.monotonic() + LIMIT_S
        while "begins a run" not in agent.said() and time.monotonic() < deadline:
            time.sleep(0.05)
        done = subprocess.run([MILLRACE, "run", QUICKSTART, "--mode", "deploy", "--out", self.path("r"),
                               "--set", "run.timeout=1 s", *self.inventory([agent.port] * 4)],
                              capture_output=True, text=True, timeout=LIMIT_S)
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertIn("it serves another run", done.stderr)
        long.send_signal(signal.SIGINT)
        long.communicate(timeout=LIMIT_S)
        self.deploy("after", [agent.port] * 4)
        agent.end()


class Killed(Fleet):
    """One test per phase; in each, every process is killed once."""

    def kill_in(self, phase, kind, count=1, images="100000"):
        agents = self.start()
        for victim in [*range(4), "host"]:
            with self.subTest(phase=phase, victim=victim):
                self.kill_one(f"{phase}-{victim}", agents, victim, kind, count, images)
            if victim != "host":  # its connections close before the process ends
                agents[victim].process.wait(timeout=LIMIT_S)
                agents[victim] = Agent(self.folder, DEVICES[victim])
            self.assertEqual([agent.process.poll() for agent in agents], [None] * 4, "another one ended")
        # The surviving agents serve the next run, and so do the restarted ones.
        self.deploy(f"{phase}-after", [agent.port for agent in agents])

    def kill_one(self, name, agents, victim, kind, count, images, how=signal.SIGKILL):
        killed, lock, seen, host = [], threading.Lock(), [], []
        ready = threading.Event()

        def on_frame(what):
            with lock:
                seen.append(what)
                if killed or seen.count(kind) < count:
                    return
                ready.wait()
                os.kill(host[0].pid if victim == "host" else agents[victim].process.pid, how)
                killed.append(time.monotonic())

        relays = [Relay(agent.port, on_frame) for agent in agents]
        out = self.path(name)
        host.append(subprocess.Popen(
            [MILLRACE, "run", QUICKSTART, "--mode", "deploy", "--out", out, *SMALL,
             "--set", f"workload.images={images}", *self.inventory([relay.port for relay in relays])],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True))
        ready.set()
        _, errors = host[0].communicate(timeout=LIMIT_S)
        ended = time.monotonic()
        for relay in relays:
            relay.close()
        self.assertTrue(killed, f"the phase was not reached: {errors}")
        if victim != "host" and how == signal.SIGKILL:
            agents[victim].process.wait(timeout=LIMIT_S)  # its sockets close before the process ends
        json.loads(read(out, "manifest.json"))
        rows(out, "microbatches.csv")
        if victim == "host":
            self.assertEqual(host[0].returncode, -signal.SIGKILL)
            return
        self.assertEqual(host[0].returncode, 6, errors)
        self.assertLess(ended - killed[0], 5, errors)
        self.assertRegex(errors, f"error: agent of {DEVICES[victim]} ")
        self.assertFalse(json.loads(read(out, "summary.json"))["complete"])
        if kind == REPORT:
            for device, agent in zip(DEVICES, agents):
                if device != DEVICES[victim]:
                    self.says_that_it_failed(agent, DEVICES[victim])

    def says_that_it_failed(self, survivor, lost):
        sentence = f"ended: the run failed: agent of {lost} "
        deadline = time.monotonic() + LIMIT_S
        while sentence not in survivor.said() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertIn(sentence, survivor.said())

    def test_while_greeting(self):
        self.kill_in("greeting", HELLO)

    def test_while_placing(self):
        self.kill_in("placing", ASSIGN)

    def test_while_connecting(self):
        self.kill_in("connecting", PEERS)

    def test_while_streaming(self):
        self.kill_in("streaming", REPORT, count=20)

    def test_by_silence(self):
        """Stopped, not ended: its connections stay open."""
        agents = self.start()
        self.kill_one("silent", agents, 2, REPORT, 20, "100000", signal.SIGSTOP)
        agents[2].kill()

    def test_while_draining(self):
        self.kill_in("draining", STOP, images="22")


class Guarded(Fleet):
    def setUp(self):
        super().setUp()
        self.millrace("keys", self.path("fleet"), "--scenario", QUICKSTART)

    def keys(self, name):
        return os.path.join(self.path("fleet"), name)

    def guarded_fleet(self):
        agents = [Agent(self.folder, name, "--keys", self.keys(name)) for name in DEVICES]
        self.addCleanup(lambda: [agent.kill() for agent in agents])
        return agents

    def test_beyond_this_machine_nothing_goes_without_keys(self):
        done = subprocess.run([NODE, "agent", "--listen", "0.0.0.0:0"], capture_output=True, text=True,
                              timeout=LIMIT_S)
        self.assertEqual(done.returncode, 8, done.stderr)
        self.assertIn("give --keys DIR", done.stderr)
        elsewhere = [setting.replace("127.0.0.1", "192.0.2.1") for setting in self.inventory([7000] * 4)]
        done = self.millrace("run", QUICKSTART, "--mode", "deploy", "--out", self.path("r"), *elsewhere,
                             expect=8)
        self.assertIn("give --keys DIR", done.stderr)
        done = subprocess.run([NODE, "agent", "--listen", "127.0.0.1:0", "--metrics", "0.0.0.0:0"],
                              capture_output=True, text=True, timeout=LIMIT_S)
        self.assertEqual(done.returncode, 8, done.stderr)

    def test_keys_are_secret_and_never_overwritten(self):
        for name in ["host", *DEVICES]:
            self.assertEqual(os.stat(os.path.join(self.keys(name), "node.key")).st_mode & 0o777, 0o600)
        self.millrace("keys", self.path("fleet"), "camera", expect=2)
        self.assertIn("board-d", self.millrace("keys", self.path("fleet"), "board-d").stdout)

    def test_whoever_has_other_keys_is_refused_with_code_8(self):
        agents = self.guarded_fleet()
        ports = [agent.port for agent in agents]
        self.millrace("keys", self.path("others"), "camera")
        self.deploy("other-fleet", ports, "--keys", os.path.join(self.path("others"), "host"), expect=8)
        self.deploy("a-device", ports, "--keys", self.keys("board-a"), expect=8)
        swapped = [ports[0], ports[2], ports[1], ports[3]]
        self.deploy("swapped", swapped, "--keys", self.keys("host"), expect=8)
        self.deploy("honest", ports, "--keys", self.keys("host"))
        alone = self.millrace("run", QUICKSTART, "--out", self.path("alone"), "--keys", self.keys("host"),
                              expect=2)
        self.assertIn("--keys has no effect", alone.stderr)

    def test_cells_of_a_sweep_go_to_agents_with_keys_and_are_known_afterwards(self):
        agents = [Agent(self.folder, name, "--keys", self.keys(name)) for name in DEVICES[:2]]
        self.addCleanup(lambda: [agent.kill() for agent in agents])
        file = self.write("swept.yaml", SWEPT.format(*[agent.port for agent in agents]))
        command = ["sweep", file, "--out", self.path("swept")]
        self.assertIn("--keys has no effect", self.millrace(
            *command, "--mode", "simulate", "--keys", self.keys("host"), expect=2).stderr)
        self.millrace(*command, expect=1)  # agents with keys refuse peers without
        command += ["--keys", self.keys("host")]
        self.millrace(*command)
        cells = rows(self.path("swept"), "cells.csv")
        self.assertEqual([cell["status"] for cell in cells], ["finished"] * 2, cells)
        self.assertEqual(self.millrace(*command, "--list", "--missing").stdout, "")
        for line in self.millrace(*command, "--list").stdout.splitlines():
            self.assertIn(f" --keys {self.keys('host')} ", line)

    def test_the_honest_run_finishes_under_attack(self):
        agents = self.guarded_fleet()
        ports = [agent.port for agent in agents]
        over = threading.Event()
        thrown = [0, 0]
        threads = [threading.Thread(target=self.throw, args=(ports, over, thrown)),
                   threading.Thread(target=self.sit, args=(ports, over, thrown))]
        for thread in threads:
            thread.start()
        try:
            attacked = self.deploy("attacked", ports, "--keys", self.keys("host"),
                                   "--set", "workload.images=88")
        finally:
            over.set()
            for thread in threads:
                thread.join()
        self.assertGreater(min(thrown), 10)
        calm = self.deploy("calm", ports, "--keys", self.keys("host"), "--set", "workload.images=88")
        self.assertEqual(read(attacked, "outputs.csv"), read(calm, "outputs.csv"))
        self.assertEqual([agent.end() for agent in agents], [0] * 4)

    @staticmethod
    def throw(ports, over, thrown):
        """Random headers with any type and length, random bytes, and a false TLS record."""
        noise = random.Random(7)
        while not over.is_set():
            header = struct.pack("<4sHHII", b"MRF1", 2, noise.randrange(20), noise.randrange(2**32),
                                 noise.randrange(2**32))
            for message in (header, noise.randbytes(300), b"\x16\x03\x01\xff\xff" + noise.randbytes(200)):
                try:
                    with socket.create_connection(("127.0.0.1", noise.choice(ports)), timeout=1) as peer:
                        peer.sendall(message)
                        thrown[0] += 1
                except OSError:
                    pass
            time.sleep(0.002)

    @staticmethod
    def sit(ports, over, thrown):
        """Slow-loris: as many connections as possible, each sending a byte now and then."""
        sitting = []
        while not over.is_set():
            for port in ports:
                try:
                    sitting.append(socket.create_connection(("127.0.0.1", port), timeout=1))
                    thrown[1] += 1
                except OSError:
                    pass
            for peer in sitting:
                try:
                    peer.send(b"\x16")
                except OSError:
                    pass
            for peer in sitting[:-400]:
                peer.close()
            sitting = sitting[-400:]
            time.sleep(0.02)
        for peer in sitting:
            peer.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
