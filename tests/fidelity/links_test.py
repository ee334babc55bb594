"""Whole programs on real links: `run.links: netns`, `millrace shape`, `millrace clean`, and that nothing is
left behind. Needs root; without it every test is skipped."""

import csv
import json
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest
import unittest.mock

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ["MILLRACE_BIN"]
MILLRACE = os.path.join(BIN, "millrace")
NODE = os.path.join(BIN, "millrace-node")
LIMIT_S = 120
SCENARIO = """
millrace: 1
name: two-boards
model: {{name: vit-mini, weights: random, microbatch: 8}}
workload: {{dataset: synthetic, images: {images}}}
devices:
  - {{name: camera, runs: [source, sink]}}
  - {{name: board-a, speed: 20 GFLOP/s}}
  - {{name: board-b, speed: 20 GFLOP/s}}
network:
  tcp: reno
  links:
    - {{between: [camera, board-a],  rate: 100 Mbit/s}}
    - {{between: [board-a, board-b], rate: {rate}}}
    - {{between: [board-b, camera],  rate: 100 Mbit/s}}
policy:
  partition: {{kind: even}}
  quantization: {{kind: fixed, codec: uniform, bits: 8}}
run: {{mode: deploy, links: netns}}
"""


def network_namespaces():
    listed = subprocess.run(["lsns", "-t", "net", "-n", "-o", "NS"], capture_output=True, text=True)
    return set(listed.stdout.split())


def processes_of(parent):
    return subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True).stdout.split()


def wait_until(true, seconds):
    give_up = time.monotonic() + seconds
    while not true():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.02)
    return True


class Netns(unittest.TestCase):
    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("network namespaces need root")
        if subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode:
            self.skipTest("this system lets nobody make a network namespace")
        self.folder = tempfile.mkdtemp(prefix="millrace-netns-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        # A folder of its own for temporary files, so that other programs' files are not seen.
        os.mkdir(self.path("tmp"))
        os.chmod(self.path("tmp"), 0o1777)
        temporary = unittest.mock.patch.dict(os.environ, TMPDIR=self.path("tmp"))
        temporary.start()
        self.addCleanup(temporary.stop)

    def path(self, name):
        return os.path.join(self.folder, name)

    def scenario(self, rate="20 Mbit/s", images=64):
        with open(self.path("scenario.yaml"), "w") as file:
            file.write(SCENARIO.format(rate=rate, images=images))
        return self.path("scenario.yaml")

    def millrace(self, *arguments, expect=0, **more):
        done = subprocess.run([MILLRACE, *arguments], capture_output=True, text=True, timeout=LIMIT_S, **more)
        self.assertEqual(done.returncode, expect, done.stderr)
        return done


class Deployed(Netns):
    def test_the_same_logits_as_in_virtual_time_and_links_as_asked(self):
        self.millrace("run", self.scenario(), "--out", self.path("deploy"))
        self.millrace("run", self.scenario(), "--out", self.path("cosim"), "--mode", "cosim")
        outputs = []
        for run in ("deploy", "cosim"):
            with open(self.path(run) + "/outputs.csv", "rb") as file:
                outputs.append(file.read())
        self.assertEqual(*outputs)
        with open(self.path("deploy/probe.csv"), newline="") as file:
            links = list(csv.DictReader(file))
        self.assertEqual([(link["from"], link["to"]) for link in links],
                         [("camera", "board-a"), ("board-a", "board-b"), ("board-b", "camera")])
        for link in links:
            ratio = float(link["measured_mbit_per_s"]) / float(link["asked_mbit_per_s"])
            self.assertLess(abs(ratio - 1), 0.05)

    def test_a_link_that_cannot_carry_its_rate_ends_the_run_with_exit_code_4(self):
        done = self.millrace("run", self.scenario(rate="900 Gbit/s"), "--out", self.path("run"), expect=4)
        self.assertRegex(done.stderr, r"link board-a -> board-b: asked 9e\+05 Mbit/s, measured [\d.]+")

    def test_every_queue_discipline_is_carried(self):
        for discipline in ("codel", "fq-codel", "pie"):
            self.millrace("run", self.scenario(), "--out", self.path(discipline), "--set",
                          f"network.links[1].queue_discipline={discipline}")
            with open(os.path.join(self.path(discipline), "summary.json")) as file:
                self.assertTrue(json.load(file)["complete"])

    def test_delay_and_loss_are_carried_and_measured_before_the_run(self):
        done = self.millrace("run", self.scenario(), "--out", self.path("run"), "--set",
                             "network.links[1].delay=5 ms", "--set", "network.links[1].loss=0.01")
        self.assertRegex(done.stderr,
                         r"link board-a -> board-b: asked 20 Mbit/s, .*; delay 5 ms, measured 5\.\d+; "
                         r"loss 1 %, \d+ of \d+ packets did not come")
        with open(os.path.join(self.path("run"), "wall.json")) as file:
            wall = json.load(file)
        self.assertGreater(wall["links_lateness_ms"]["count"], 0)

    def test_captures_of_its_links_are_made_and_not_warned_of(self):
        done = self.millrace("run", self.scenario(), "--out", self.path("run"), "--set",
                             "run.pcap=[board-a->board-b]")
        self.assertNotIn("run.pcap", done.stderr)
        captures = [name for name in os.listdir(self.path("run")) if name.endswith(".pcap")]
        self.assertEqual(captures, ["board-a+board-b.pcap"])
        with open(os.path.join(self.path("run"), captures[0]), "rb") as file:
            content = file.read()
        self.assertEqual(content[:4].hex(), "4d3cb2a1")
        at, packets = 24, 0
        while at < len(content):
            captured, = struct.unpack_from("<I", content, at + 8)
            at += 16 + captured
            packets += 1
        self.assertEqual(at, len(content))
        self.assertGreater(packets, 100)

    def test_without_root_it_says_what_is_needed(self):
        scenario = self.scenario()
        os.chmod(self.folder, 0o777)
        done = self.millrace("run", scenario, "--out", self.path("run"), expect=1, user=65534, group=65534)
        self.assertIn("links between network namespaces (run.links: netns) need root", done.stderr)

    def test_a_killed_host_leaves_no_process_and_no_namespace(self):
        host = subprocess.Popen([MILLRACE, "run", self.scenario(images=80000), "--out", self.path("run")],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(host.kill)
        table = self.path("run/microbatches.csv")
        self.assertTrue(wait_until(lambda: os.path.exists(table) and os.path.getsize(table) > 200, 60))
        agents = processes_of(host.pid)
        self.assertEqual(len(agents), 3)
        theirs = {os.readlink(f"/proc/{pid}/ns/net").strip("net:[]") for pid in [*agents, host.pid]}
        self.assertEqual(len(theirs), 4, "each device and the host have one of their own")
        self.assertLessEqual(theirs, network_namespaces())
        self.assertIn("nothing was left behind", self.millrace("clean").stdout)
        host.kill()
        host.wait()
        self.assertTrue(wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in agents), 5))
        self.assertTrue(wait_until(lambda: not network_namespaces() & theirs, 5))
        self.assertEqual(len(os.listdir(self.path("tmp"))), 1, "the keys, which are secret")
        self.assertIn("keys of a run that was killed, removed", self.millrace("clean").stdout)
        self.assertEqual(os.listdir(self.path("tmp")), [])
        self.assertIn("nothing was left behind", self.millrace("clean").stdout)


class Slow(Netns):
    """Links on which a full packet takes a second: ARP, probe and greetings must not lose patience."""

    def duration_s_of(self, *arguments):
        out = self.path(f"run{len(os.listdir(self.folder))}")
        self.millrace("run", self.scenario(images=6), "--out", out, "--set", "model.microbatch=1", "--set",
                      "run.timeout=100 s", *arguments)
        with open(out + "/summary.json") as file:
            return json.load(file)["duration_s"]

    def test_two_hops_of_12_kbit_per_s_carry_what_the_model_says(self):
        """Camera and board-b are not joined: board-b's answers cross both slow links."""
        links = ("network.links=[{between: [camera, board-a], rate: 12 kbit/s}, "
                 "{between: [board-a, board-b], rate: 12 kbit/s}]")
        real = self.duration_s_of("--set", links)
        modelled = self.duration_s_of("--set", links, "--mode", "simulate")
        # A token bucket starts full (two packets, of a second each); TLS and acknowledgements cost more.
        self.assertLess(abs(real / modelled - 1), 0.15, f"{real} s, simulated {modelled} s")

    def test_a_slow_phase_in_a_trace_is_passed(self):
        with open(self.path("phase.csv"), "w") as file:
            file.write("time_s,rate_mbit_per_s\n0,20\n0.5,0.008\n6,20\n600,end\n")
        # Data under way when the phase begins may differ by a packet, which takes 1.5 s in the phase.
        link = f"network.links[1]={{between: [board-a, board-b], trace: {self.path('phase.csv')}}}"
        self.assertLess(abs(self.duration_s_of("--set", link, "--set", "workload.images=64") -
                            self.duration_s_of("--set", link, "--set", "workload.images=64", "--mode",
                                               "simulate")), 2)

    def test_what_is_slower_than_1_kbit_per_s_is_refused_before_anything_starts(self):
        done = self.millrace("run", self.scenario(), "--out", self.path("run"), "--set",
                             "network.links[1].rate=900 bit/s", expect=3)
        self.assertIn("link board-a -> board-b: 900 bit/s is too slow for a real link", done.stderr)


class InANamespace(Netns):
    """A namespace with an interface x0, so that the machine's own are left alone."""

    def setUp(self):
        super().setUp()
        self.name = f"millrace-test-{os.getpid()}"
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        self.addCleanup(subprocess.run, ["ip", "netns", "del", self.name])
        for command in ("link add x0 type veth peer name x1", "link set x0 up", "link set x1 up"):
            subprocess.run(["ip", "-n", self.name, *command.split()], check=True)

    def inside(self, *command, **more):
        return subprocess.run(["ip", "netns", "exec", self.name, *command], capture_output=True, text=True,
                              timeout=LIMIT_S, **more)

    def shaping(self, interface="x0"):
        return self.inside("tc", "qdisc", "show", "dev", interface, "root").stdout

    def start(self, *arguments, program=MILLRACE):
        started = subprocess.Popen(["ip", "netns", "exec", self.name, program, "shape", "x0", *arguments],
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(started.stderr.close)
        self.addCleanup(started.kill)
        self.assertTrue(wait_until(lambda: "tbf" in self.shaping(), 10), self.shaping())
        return started


class Shape(InANamespace):
    def test_ctrl_c_leaves_the_interface_as_it_was(self):
        before = self.shaping()
        for stop in (signal.SIGINT, signal.SIGTERM):
            shape = self.start("--rate", "12 Mbit/s", "--queue", "64 KiB")
            self.assertIn("rate 12112Kbit", self.shaping())  # 12 Mbit/s and 14 bytes per 1500
            shape.send_signal(stop)
            ended = -signal.SIGINT if stop == signal.SIGINT else 0
            self.assertEqual(shape.wait(timeout=10), ended, shape.stderr.read())
            self.assertEqual(self.shaping(), before)

    def test_a_trace_is_followed_and_time_ends_it(self):
        trace = self.path("steps.csv")
        with open(trace, "w") as file:
            file.write("time_s,rate_mbit_per_s\n0,12\n0.8,24\n1.6,12\n60,end\n")
        shape = self.start("--trace", trace, "--for", "3 s")
        self.assertIn("rate 12112Kbit", self.shaping())
        self.assertTrue(wait_until(lambda: "rate 24224Kbit" in self.shaping(), 3))
        self.assertTrue(wait_until(lambda: "rate 12112Kbit" in self.shaping(), 3))
        self.assertEqual(shape.wait(timeout=10), 0)
        self.assertNotIn("tbf", self.shaping())

    def test_the_link_of_a_scenario_is_taken_with_its_events(self):
        scenario = self.scenario(rate="24 Mbit/s")
        with open(scenario, "a") as file:
            file.write("events: [{at: 0.8 s, link: board-a-board-b, rate: 12 Mbit/s}]\n")
        self.start("--scenario", scenario, "--link", "board-a", "board-b")
        self.assertIn("rate 24224Kbit", self.shaping())
        self.assertTrue(wait_until(lambda: "rate 12112Kbit" in self.shaping(), 3))

    def test_what_somebody_else_shapes_is_left_alone(self):
        self.inside("tc", "qdisc", "add", "dev", "x0", "root", "tbf", "rate", "1mbit", "burst", "5kb",
                    "limit", "50kb")
        mine = self.shaping()
        done = self.inside(MILLRACE, "shape", "x0", "--rate", "12 Mbit/s")
        self.assertEqual(done.returncode, 1)
        self.assertIn("it has a queueing discipline already", done.stderr)
        self.assertEqual(self.shaping(), mine)

    def test_two_cannot_shape_one_interface(self):
        self.start("--rate", "12 Mbit/s")
        done = self.inside(MILLRACE, "shape", "x0", "--rate", "24 Mbit/s")
        self.assertEqual(done.returncode, 1)
        self.assertIn("another millrace shapes it", done.stderr)
        self.assertIn("rate 12112Kbit", self.shaping())

    def test_a_device_shapes_with_what_is_installed_on_it(self):
        before = self.shaping()
        trace = self.path("steps.csv")
        with open(trace, "w") as file:
            file.write("time_s,rate_mbit_per_s\n0,12\n0.8,24\n60,end\n")
        shape = self.start("--trace", trace, program=NODE)
        self.assertIn("rate 12112Kbit", self.shaping())
        self.assertTrue(wait_until(lambda: "rate 24224Kbit" in self.shaping(), 3))
        shape.send_signal(signal.SIGINT)  # the started process itself does the shaping
        self.assertEqual(shape.wait(timeout=10), -signal.SIGINT, shape.stderr.read())
        self.assertEqual(self.shaping(), before)
        shape = self.start("--rate", "12 Mbit/s", program=NODE)
        shape.kill()
        shape.wait()
        done = self.inside(NODE, "clean")
        self.assertEqual((done.returncode, done.stdout), (0, "x0: no longer shaped\n"), done.stderr)

    def test_both_programs_say_the_same_of_it(self):
        for verb in ("shape", "clean"):
            said = [subprocess.run([program, verb, "--help"], capture_output=True, text=True, check=True,
                                   timeout=LIMIT_S).stdout.replace(os.path.basename(program), "millrace")
                    for program in (MILLRACE, NODE)]
            self.assertEqual(said[0], said[1])

    def test_usage(self):
        for arguments, sentence in ((["nowhere", "--rate", "1 Mbit/s"], "there is no such interface"),
                                    (["x0"], "give one of --rate, --trace and --scenario"),
                                    (["x0", "--rate", "20"], "--rate needs a unit")):
            for program in (MILLRACE, NODE):
                done = self.inside(program, "shape", *arguments)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(sentence, done.stderr)


class Clean(InANamespace):
    def test_removes_the_shaping_of_a_killed_process_and_nothing_in_use(self):
        before = self.shaping()
        shape = self.start("--rate", "12 Mbit/s")
        done = self.inside(MILLRACE, "clean")
        self.assertEqual((done.returncode, done.stdout), (0, "nothing was left behind\n"), done.stderr)
        shape.kill()
        shape.wait()
        self.assertIn("tbf", self.shaping(), "what kill -9 leaves is what this test is about")
        done = self.inside(MILLRACE, "clean")
        self.assertEqual((done.returncode, done.stdout), (0, "x0: no longer shaped\n"), done.stderr)
        self.assertEqual(self.shaping(), before)

    def test_ends_an_agent_whose_host_has_gone(self):
        # Started through a shell that ends at once, so that its parent is not millrace.
        script = (f"{BIN}/millrace-node agent --local --connect 198.18.9.9:9 --device a --timeout 100"
                  " >/dev/null 2>&1 & echo $!")
        agent = int(subprocess.run(["sh", "-c", script], stdout=subprocess.PIPE, text=True,
                                   timeout=LIMIT_S).stdout)
        self.addCleanup(subprocess.run, ["kill", "-9", str(agent)], stderr=subprocess.DEVNULL)
        done = self.inside(MILLRACE, "clean")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"process {agent}: an agent whose host has gone, ended", done.stdout)
        self.assertTrue(wait_until(lambda: not os.path.exists(f"/proc/{agent}") or self.zombie(agent), 5))

    @staticmethod
    def zombie(pid):
        try:
            with open(f"/proc/{pid}/stat") as file:
                return file.read().rsplit(")", 1)[1].split()[0] == "Z"
        except OSError:
            return True


if __name__ == "__main__":
    unittest.main()
