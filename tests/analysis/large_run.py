#!/usr/bin/env python3
"""Writes a run directory of any size in little time: a steady pipeline whose first link changes its bits. For
tests of bounds; no number in it was measured."""

import argparse
import json
from pathlib import Path

import numpy as np

import synthetic_run

PERIOD, COMPUTE, WIRE, DELAY = 10_000_000, 6_000_000, 2_500_000, 1_000_000  # ns
BLOCK = 20_000  # microbatches written at once


def device(node, stages):
    return "camera" if node in (0, stages + 1) else f"board-{node:02d}"


def lines(columns):
    """Rows of integers and texts as CSV text."""
    cells = [column if isinstance(column, list) else column.astype(str).tolist() for column in columns]
    return "\n".join(map(",".join, zip(*cells))) + "\n"


def write_block(files, first, last, stages):
    microbatch = np.arange(first, last)
    count = len(microbatch)
    slow = np.where(microbatch % 5000 == 4000, 40 * PERIOD, 0)
    created = microbatch * PERIOD
    bits = np.where(microbatch // 2500 % 2, 4, 8)
    at = created
    for node in range(stages + 1):
        here, there = device(node, stages), device(node + 1, stages)
        size = 24 + 37_824 * (bits if node == 1 else np.full(count, 8)) // 8
        if node:
            arrived, started = at, at + 2000
            computed = started + COMPUTE + (slow if node == 1 else 0)
            encoded = computed + 1000
            files["stages"].write(
                lines(
                    [
                        [str(node)] * count,
                        [here] * count,
                        microbatch,
                        [str(4)] * count,
                        arrived,
                        started,
                        computed,
                        encoded,
                        encoded,
                        [str(500)] * count,
                        [str(COMPUTE - 500)] * count,
                        [str(1000)] * count,
                        bits if node == 1 else np.full(count, 8),
                        [str(37_824)] * count,
                        size,
                    ]
                )
            )
            files["decisions"].write(
                lines(
                    [
                        computed,
                        [here] * count,
                        [there] * count,
                        microbatch,
                        ["heuristic"] * count,
                        bits if node == 1 else np.full(count, 8),
                        ["12.500000"] * count,
                    ]
                )
            )
            at = encoded
        number = microbatch * 2 * (stages + 1) + 2 * node
        sent = at + WIRE + DELAY
        files["transfers"].write(
            lines(
                [
                    number,
                    [here] * count,
                    [there] * count,
                    ["activation"] * count,
                    microbatch,
                    size,
                    at,
                    sent,
                    [str(0)] * count,
                    [str(WIRE)] * count,
                    [str(DELAY)] * count,
                ]
            )
        )
        files["transfers"].write(
            lines(
                [
                    number + 1,
                    [there] * count,
                    [here] * count,
                    ["feedback"] * count,
                    [""] * count,
                    [str(24)] * count,
                    sent,
                    sent + DELAY,
                    [str(0)] * count,
                    [str(0)] * count,
                    [str(DELAY)] * count,
                ]
            )
        )
        at = sent
    files["microbatches"].write(
        lines(
            [
                microbatch,
                [str(4)] * count,
                created,
                at,
                [f"{each / 1e6:.6f}" for each in (at - created).tolist()],
            ]
        )
    )
    return int(at[-1])


def write(path, stages, microbatches):
    path = Path(path)
    path.mkdir(parents=True, exist_ok=True)
    names = [device(node, stages) for node in range(stages + 1)]
    manifest = {
        "millrace": "0.1.0",
        "scenario": {"name": "large", "sha256": "00" * 32},
        "mode": "simulate",
        "seed": 1,
        "network": {"kind": "fluid", "transport": "tcp"},
        "devices": names,
        "caveats": [],
    }
    (path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    files = {name: open(path / f"{name}.csv", "w", encoding="utf-8") for name in synthetic_run.HEADERS}
    for name, file in files.items():
        file.write(synthetic_run.HEADERS[name] + "\n")
    end = 0
    for first in range(0, microbatches, BLOCK):
        end = write_block(files, first, min(microbatches, first + BLOCK), stages)
    for file in files.values():
        file.close()
    summary = {
        "complete": True,
        "duration_s": end / 1e9,
        "throughput_images_per_s": 4e9 * microbatches / end,
        "caveats": [],
        "stages": [
            {"device": name, "attribution_s": {"compute": COMPUTE * microbatches / 1e9}} for name in names[1:]
        ],
    }
    (path / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path")
    parser.add_argument("--stages", type=int, default=16)
    parser.add_argument("--microbatches", type=int, default=100_000)
    arguments = parser.parse_args()
    print(write(arguments.path, arguments.stages, arguments.microbatches))
