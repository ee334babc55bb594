#!/usr/bin/env python3
"""Writes a plausible run directory: a small pipeline over a link whose rate changes, computed by recurrences.
For tests of the analysis only; no number in it was measured."""

import argparse
import csv
import json
from pathlib import Path

NS = 1_000_000_000
PHASES = [(0.0, 1000.0), (0.15, 60.0), (0.4, 8.0), (0.65, 30.0), (0.85, 1000.0)]  # (share of the run, Mbit/s)
WIDTHS = [32, 16, 8, 6, 4, 3, 2]
WINDOW = 2
HEADERS = {
    "microbatches": "microbatch,images,created_ns,completed_ns,latency_ms",
    "stages": "stage,device,microbatch,images,arrived_ns,started_ns,computed_ns,encoded_ns,sent_ns,decode_ns,"
              "compute_ns,encode_ns,bit_width,values,bytes",
    "transfers": "transfer,from,to,kind,microbatch,bytes,submitted_ns,delivered_ns,queued_ns,wire_ns,"
                 "propagation_ns",
    "bandwidth": "from,to,time_ns,rate_mbit_per_s",
    "links": "from,to,time_ns,interval_ns,offered_bytes,delivered_bytes,queued_bytes,dropped_bytes,"
             "lost_bytes,capacity_bytes,utilisation",
    "decisions": "time_ns,from,to,microbatch,policy,bits_per_value,observed_mbit_per_s",
    "outputs": "microbatch,image,predicted,logits_sha256,label_rank",
}


class Pipeline:
    """A source, `stages` stages and a sink in a row; the link behind the first stage follows PHASES."""

    def __init__(self, stages, microbatches, images=8, values=37_824):
        self.stages, self.microbatches, self.images, self.values = stages, microbatches, images, values
        self.devices = ["camera"] + [f"board-{chr(ord('a') + stage)}" for stage in range(stages)]
        self.span = microbatches * 0.22 + 1  # seconds, about the length of the run
        self.rows = {name: [] for name in HEADERS}
        self.free = [0.0] * (stages + 1)       # stage 0 is the source
        self.link_free = [0.0] * (stages + 1)
        self.started = [[] for _ in range(stages + 2)]  # by node, the sink last

    def device(self, node):
        return self.devices[node % len(self.devices)]

    def rate(self, link, time):
        if link != 1:
            return 1000.0
        return [rate for share, rate in PHASES if share * self.span <= time][-1]

    def wire(self, link, begin, size):
        """Seconds that `size` bytes take from `begin` on, with all changes of the rate."""
        time, bits = begin, size * 8
        changes = [share * self.span for share, _ in PHASES if link == 1 and share * self.span > begin]
        for end in changes + [float("inf")]:
            rate = self.rate(link, time) * 1e6
            if bits <= rate * (end - time):
                return time + bits / rate - begin
            bits -= rate * (end - time)
            time = end
        raise AssertionError

    def credit(self, node, microbatch):
        before = self.started[node]
        return before[microbatch - WINDOW] if microbatch >= WINDOW else 0.0

    def send(self, node, microbatch, when, size):
        begin = max(when, self.link_free[node])
        wire = self.wire(node, begin, size)
        self.link_free[node] = begin + wire
        delay = 0.005 if node == 1 else 0.0004
        here, there, delivered = self.device(node), self.device(node + 1), begin + wire + delay
        rows = self.rows["transfers"]
        rows.append([len(rows), here, there, "activation", microbatch, size, ns(when), ns(delivered),
                     ns(begin - when), ns(wire), ns(delay)])
        rows.append([len(rows), there, here, "feedback", microbatch if microbatch % 2 else "", 24,
                     ns(delivered), ns(delivered + delay), 0, 0, ns(delay)])
        return delivered

    def width(self, node, when):
        """The widest width whose transfer keeps up with the slowest stage."""
        if node != 1:
            return 32
        allowed = self.rate(1, when) * 1e6 * 0.19 / (self.values * self.images)
        return next((width for width in WIDTHS if width <= allowed), WIDTHS[-1])

    def stage(self, node, microbatch, arrived):
        started = max(arrived, self.free[node])
        self.started[node].append(started)
        decode, encode = 0.004, 0.006
        compute = 0.12 + 0.045 * ((node * 7) % 3) + 0.004 * ((microbatch * 5 + node) % 4)
        computed = started + decode + compute
        ready = max(computed, self.credit(node + 1, microbatch))
        encoded = ready + encode
        self.free[node] = encoded
        bits = self.width(node, ready)
        values = self.values * self.images if node < self.stages else 1000 * self.images
        size = 24 + values * bits // 8
        self.rows["stages"].append([node, self.device(node), microbatch, self.images, *map(ns, (
            arrived, started, computed, encoded, encoded, decode, compute, encode)), bits, values, size])
        self.rows["decisions"].append([ns(ready), self.device(node), self.device(node + 1), microbatch,
                                       "heuristic", bits, f"{self.rate(node, ready):.3f}"])
        return self.send(node, microbatch, encoded, size)

    def run(self):
        for microbatch in range(self.microbatches):
            created = max(self.free[0], self.credit(1, microbatch))
            self.free[0] = created + 0.002
            at = self.send(0, microbatch, created + 0.002, 24 + self.images * 150_528)
            for node in range(1, self.stages + 1):
                at = self.stage(node, microbatch, at)
            self.started[self.stages + 1].append(at)
            self.rows["microbatches"].append([microbatch, self.images, ns(created), ns(at),
                                              f"{(at - created) * 1e3:.6f}"])
            for image in range(self.images):
                number = microbatch * self.images + image
                rank = 0 if number % 6 else 3
                self.rows["outputs"].append([microbatch, number, number * 31 % 1000, "00" * 32, rank])
        for link in range(self.stages + 1):
            for share, rate in PHASES if link == 1 else [(0, 1000.0)]:
                self.rows["bandwidth"].append([self.device(link), self.device(link + 1),
                                               ns(share * self.span), rate])
            self.rows["links"] += self.link_rows(link)
        return self

    def link_rows(self, link):
        """Per second: each message is offered when it is submitted and delivered when its last bit has left;
        on the link that changes, a tenth as much as is delivered in its third phase is also dropped."""
        here, there = self.device(link), self.device(link + 1)
        sent = [row for row in self.rows["transfers"] if row[1:4] == [here, there, "activation"]]
        rows, waiting, end = [], 0, self.rows["microbatches"][-1][3]
        for begin in range(0, end, NS):
            until = min(end, begin + NS)
            offered = sum(row[5] for row in sent if begin <= row[6] < until)
            delivered = sum(row[5] for row in sent if begin <= row[7] - row[10] < until)
            slow = link == 1 and 0.4 * self.span <= begin / NS < 0.65 * self.span
            dropped = delivered // 10 if slow else 0
            waiting += offered - delivered
            capacity = round((until - begin) / 8e3 * self.rate(link, begin / NS))
            rows.append([here, there, begin, until - begin, offered + dropped, delivered, waiting, dropped, 0,
                         capacity, f"{min(1.0, delivered / capacity):.6f}"])
        return rows

    def manifest(self):
        return {"millrace": "0.1.0", "scenario": {"name": "synthetic-phases", "sha256": "00" * 32},
                "mode": "cosim", "seed": 1, "network": {"kind": "ns3", "transport": "tcp"},
                "devices": self.devices, "command": ["millrace", "run"]}

    def summary(self):
        completed = [row[3] / NS for row in self.rows["microbatches"]]
        latency = sorted(float(row[4]) for row in self.rows["microbatches"])
        duration = completed[-1]
        images = self.microbatches * self.images
        stages = []
        for node in range(1, self.stages + 1):
            rows = [row for row in self.rows["stages"] if row[0] == node]
            parts = {"decode": sum(row[9] for row in rows) / NS, "compute": sum(row[10] for row in rows) / NS,
                     "encode": sum(row[11] for row in rows) / NS,
                     "blocked": sum(row[7] - row[11] - row[6] for row in rows) / NS}
            parts["idle"] = duration - sum(parts.values())
            parts["queue"] = sum(row[5] - row[4] for row in rows) / NS
            stages.append({"device": self.device(node), "layers": [node * 4 - 3, node * 4],
                           "attribution_s": parts})
        last = len(latency) - 1
        return {"throughput_images_per_s": images / duration, "duration_s": duration,
                "latency_ms": {f"p{share}": latency[round(last * share / 100)] for share in (50, 95, 99)},
                "microbatches": self.microbatches, "images": images,
                "accuracy": {"top1_correct": images * 5 // 6, "count": images}, "stages": stages, "links": []}


def ns(seconds):
    return round(seconds * NS)


def write(path, stages=3, microbatches=120):
    """A finished run of at least one microbatch."""
    path = Path(path)
    path.mkdir(parents=True, exist_ok=True)
    pipeline = Pipeline(stages, microbatches).run()
    (path / "manifest.json").write_text(json.dumps(pipeline.manifest()), encoding="utf-8")
    for name, header in HEADERS.items():
        with open(path / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
            file.write(header + "\n")
            csv.writer(file, lineterminator="\n").writerows(pipeline.rows[name])
    (path / "summary.json").write_text(json.dumps(pipeline.summary(), indent=1), encoding="utf-8")
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path")
    parser.add_argument("--stages", type=int, default=3)
    parser.add_argument("--microbatches", type=int, default=120)
    arguments = parser.parse_args()
    print(write(arguments.path, arguments.stages, arguments.microbatches))
