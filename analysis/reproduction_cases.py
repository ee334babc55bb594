"""The cases of REPRODUCTIONS.md: clusters as scenarios, for `millrace plan` and `millrace run`."""

import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

PROFILES = Path(__file__).resolve().parent.parent / "scenarios" / "profiles"
IMAGES = 8  # of a microbatch
MEGA = 1024 * 1024  # PipeEdge's "Mbps"
HOST_RATE = 1000
QUEUE_S = 0.02  # as the testbed's tbf
E3845, C2558 = "minnowboard-e3845", "rcc-ve-c2558"
NETWORKS = ("fluid", "ns3")
FLUID_MICROBATCHES = 200


@dataclass(frozen=True)
class Board:
    profile: str = E3845
    send: int = HOST_RATE  # Mbit/s
    receive: int = HOST_RATE
    times: int = 1  # slowdown against the profile


@dataclass(frozen=True)
class Case:
    model: str
    boards: tuple
    codec: str = "fp32"
    bits: float = 32
    algorithm: str = "optimal"
    packet_level: int = 24  # microbatches on ns-3; 0: not run there


def homogeneous(model, boards, rate=HOST_RATE, **more):
    return Case(model, (Board(send=rate),) * boards, **more)


def profile(board, folder):
    """The board's profile; for a board that is `times` slower, a scaled copy written into the folder."""
    text = (PROFILES / f"{board.profile}.yaml").read_text(encoding="utf-8")
    lines = [re.sub(r"\d+\.\d+", lambda found: f"{float(found[0]) * board.times:.6f}", line)
             if "seconds:" in line else line for line in text.split("\n")]
    file = folder / f"{board.profile}-{board.times}.yaml"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def scenario(case, folder):
    """Boards around the host, which is source, sink and switch; each has a link there and one back."""
    devices, links = "", ""
    for i, board in enumerate(case.boards):
        name = f"board-{i + 1}"
        devices += f"  - {{name: {name}, profile: {profile(board, folder)}}}\n"
        for ends, rate in ((f"from: {name}, to: host", board.send),
                           (f"from: host, to: {name}", board.receive)):
            queue = round(rate * MEGA / 8 * QUEUE_S)
            links += f"    - {{{ends}, rate: {rate * MEGA} bit/s, delay: 0.1 ms, queue: {queue} B}}\n"
    fast = all(min(board.send, board.receive) >= HOST_RATE for board in case.boards)
    return (f"millrace: 1\nname: reproduction\n"
            f"model: {{name: {case.model}, weights: random, microbatch: {IMAGES}}}\n"
            f"workload: {{dataset: synthetic, microbatches: {FLUID_MICROBATCHES}}}\n"
            f"devices:\n  - {{name: host, runs: [source, sink]}}\n{devices}"
            f"network:\n  kind: fluid\n  mtu: {9000 if fast else 1500} B\n  links:\n{links}policy:\n"
            f"  partition: {{kind: {case.algorithm}}}\n"
            f"  quantization: {{kind: fixed, codec: {case.codec}, bits: {case.bits}}}\n"
            "run: {mode: simulate, seed: 1, compute: profile}\n")


def steady(folder):
    """Images per second between the first and the last quarter of the results."""
    with open(folder / "microbatches.csv", newline="", encoding="utf-8") as file:
        done = sorted(int(row["completed_ns"]) for row in csv.DictReader(file))
    first, last = len(done) // 4, 3 * len(done) // 4
    return (last - first) * IMAGES * 1e9 / (done[last] - done[first])


class Bench:
    """Plans and runs cases, as many at once as there are processors; each plan once per network. Results are
    kept in the folder `kept`, by the hash of the program and of its inputs: a second call resumes an
    interrupted one."""

    def __init__(self, millrace, folder, kept):
        self.millrace, self.folder, self.kept = millrace, Path(folder), Path(kept)
        self.kept.mkdir(parents=True, exist_ok=True)
        self.program = hashlib.sha256(Path(millrace).read_bytes()).hexdigest()
        self.pool = ThreadPoolExecutor(os.cpu_count())
        self.plans, self.runs = {}, {}
        self.started = self.finished = 0
        self.shown = time.monotonic()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.pool.shutdown(cancel_futures=True)  # after a failed run the others do not start

    def ask(self, *arguments):
        command = [str(word) for word in (self.millrace, *arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
        return json.loads(done.stdout)

    def plan(self, case):
        if case not in self.plans:
            folder = self.folder / f"plan-{len(self.plans)}"
            folder.mkdir()
            file = folder / "scenario.yaml"
            file.write_text(scenario(case, folder), encoding="utf-8")
            plan = self.ask("plan", file, "--json")
            self.plans[case] = {"file": file, "planned": plan["throughput_images_per_s"],
                                "exact": plan["exact"],
                                "cuts": tuple(stage["layers"][1] for stage in plan["stages"][:-1]),
                                "devices": tuple(stage["device"] for stage in plan["stages"])}
        return self.plans[case]

    def start(self, cases):
        """Starts what has not been started. Plans are made here, so that equal plans are run once."""
        for case in cases:
            plan = self.plan(case)
            for network in NETWORKS[:2 if case.packet_level else 1]:
                key = (replace(case, algorithm=""), plan["cuts"], plan["devices"], network)
                if key not in self.runs:
                    folder = self.folder / f"run-{len(self.runs)}"
                    self.started += 1
                    count = case.packet_level if network == "ns3" else FLUID_MICROBATCHES
                    self.runs[key] = self.pool.submit(self.run, plan["file"], (network, count), folder)
                plan[network] = self.runs[key]

    def run(self, scenario, options, folder):
        hashed = hashlib.sha256(repr((self.program, options)).encode())
        for file in sorted(scenario.parent.iterdir()):  # the scenario and its profiles
            text = file.read_text(encoding="utf-8").replace(str(file.parent), "")
            hashed.update(f"{file.name}\n{len(text)}\n{text}".encode())
        kept = self.kept / f"{hashed.hexdigest()}.json"
        if not kept.exists():
            found = self.simulate(scenario, options, folder)
            partial = kept.with_suffix(f".{folder.name}")
            partial.write_text(json.dumps(found), encoding="utf-8")
            partial.rename(kept)
        self.finished += 1
        if time.monotonic() - self.shown > 5:
            self.shown = time.monotonic()
            print(f"reproduce: {self.finished} of {self.started} runs", file=sys.stderr)
        return json.loads(kept.read_text(encoding="utf-8"))

    def simulate(self, scenario, options, folder):
        network, microbatches = options
        summary = self.ask("run", scenario, "--quiet", "--json", "--out", folder, "--set",
                           f"network.kind={network}", "--set", f"workload.microbatches={microbatches}")
        found = {"whole": summary["throughput_images_per_s"], "steady": steady(folder)}
        shutil.rmtree(folder)
        return found

    def result(self, case):
        """Images per second: `planned`, and of each network it ran on `whole` (fill and drain counted) and
        `steady`."""
        plan = self.plan(case)
        return {"planned": plan["planned"], "exact": plan["exact"], "stages": len(plan["devices"]),
                **{network: plan[network].result() for network in NETWORKS if network in plan}}
