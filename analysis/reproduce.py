#!/usr/bin/env python3
"""Plans and simulates the published pipelines; writes REPRODUCTIONS.md and its pictures beside this file.

Only published figures are written here by hand, with their source; all others come from `millrace plan` and
the run directories of `millrace run`."""

import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import style

HERE = Path(__file__).resolve().parent
PROFILES = HERE.parent / "scenarios" / "profiles"
IMAGES = 8
MEGA = 1024 * 1024  # PipeEdge's "Mbps"
BOARDS = [1, 2, 4, 8, 16]
# arXiv 2110.14895, abstract: 16 devices against one.
PUBLISHED = {("vit-large", 16): 10.59, ("vit-huge", 16): 11.88, ("bert-large", 16): 12.78}


INTRODUCTION = [
    "Written by `./dev reproduce`; do not edit. Boards are MinnowBoards (Atom E3845, `scenarios/profiles`),",
    "each joined with each; published figures are those of the abstract of arXiv 2110.14895. ViT-Huge and",
    "BERT-Large (128 tokens) are scaled by operation count, not measured.",
    "",
    "One microbatch is 8 images; 200 microbatches at 1 Gbit/s, 1000 below it. \"Mbit/s\" is 1024² bit/s, as",
    "PipeEdge reckons; packets are 9000 bytes. The host's links always have 1 Gbit/s, because the published",
    "model has no input transfer. Memory is not limited here, so that one board is a baseline. Networks are",
    "fluid: ns-3 TCP, heterogeneous clusters and `pipedream` are not on this page yet.",
]


def scenario(model, boards, rate, codec, bits, microbatches):
    names = [f"board-{i + 1}" for i in range(boards)]
    devices = "".join(f"  - {{name: {name}, profile: {PROFILES}/minnowboard-e3845.yaml}}\n" for name in names)
    everyone = ["host", *names]
    # The published model has no input transfer: the host's own links are never the slow ones.
    links = "".join(f"    - {{between: [{a}, {b}], rate: {1000 * MEGA if i == 0 else rate * MEGA} bit/s, "
                    "delay: 0.2 ms}\n"
                    for i, a in enumerate(everyone) for b in everyone[i + 1:])
    return (f"millrace: 1\nname: edgepipe\nmodel: {{name: {model}, weights: random, microbatch: {IMAGES}}}\n"
            f"workload: {{dataset: synthetic, microbatches: {microbatches}}}\n"
            f"devices:\n  - {{name: host, runs: [source, sink]}}\n{devices}"
            f"network:\n  kind: fluid\n  mtu: 9000 B\n  links:\n{links}policy:\n"
            f"  quantization: {{kind: fixed, codec: {codec}, bits: {bits}}}\n"
            "run: {mode: simulate, seed: 1, compute: profile}\n")


def steady(folder):
    """Images per second between the first and the last quarter of what arrived."""
    with open(folder / "microbatches.csv", newline="", encoding="utf-8") as file:
        done = sorted(int(row["completed_ns"]) for row in csv.DictReader(file))
    first, last = len(done) // 4, 3 * len(done) // 4
    return (last - first) * IMAGES * 1e9 / (done[last] - done[first])


def case(millrace, folder, model, boards, rate=1000, codec="fp32", bits=32, microbatches=200):
    folder = Path(folder) / f"{model}-{boards}-{rate}-{bits}"
    folder.mkdir()
    file = folder / "scenario.yaml"
    file.write_text(scenario(model, boards, rate, codec, bits, microbatches), encoding="utf-8")
    planned = subprocess.run([millrace, "plan", file, "--algorithm", "optimal", "--json"],
                             capture_output=True, text=True, check=False)
    if planned.returncode:
        raise SystemExit(f"planning {folder.name} failed: {planned.stderr}")
    plan = json.loads(planned.stdout)
    cuts = ", ".join(str(stage["layers"][1]) for stage in plan["stages"][:-1])
    used = ", ".join(stage["device"] for stage in plan["stages"])
    ran = subprocess.run([millrace, "run", file, "--quiet", "--json", "--out", folder / "run", "--set",
                          f"policy.partition={{kind: fixed, cuts: [{cuts}], devices: [{used}]}}"],
                         capture_output=True, text=True, check=False)
    if ran.returncode:
        raise SystemExit(f"running {folder.name} failed: {ran.stderr}")
    return {"planned": plan["throughput_images_per_s"], "exact": plan["exact"], "stages": len(plan["stages"]),
            "whole": json.loads(ran.stdout)["throughput_images_per_s"], "steady": steady(folder / "run")}


def picture(name, title, series):
    figure = style.new_figure(4.5)
    axes = figure.add_subplot()
    axes.plot(BOARDS, BOARDS, color=style.QUIET, linestyle=":", label="one for one")
    for colour, (label, values) in zip(style.CYCLE, series):
        axes.plot(BOARDS, values, marker="o", color=colour, label=label)
    axes.set_xscale("log", base=2)
    axes.set_xticks(BOARDS, [str(boards) for boards in BOARDS])
    axes.set_xlabel("boards")
    axes.set_ylabel("speed-up over one board")
    axes.set_title(title)
    axes.legend()
    axes.grid(axis="y")
    style.save(figure, HERE / name)


def scaling(millrace, folder, model, **link):
    results = {boards: case(millrace, folder, model, boards, **link) for boards in BOARDS}
    one = results[1]
    rows = ["| boards | stages | published | exact planner | simulate, with fill and drain | "
            "simulate, steady state | steady / planner |", "|---|---|---|---|---|---|---|"]
    for boards, got in results.items():
        published = PUBLISHED.get((model, boards)) if link.get("rate", 1000) == 1000 else None
        rows.append(f"| {boards} | {got['stages']} | {f'{published}x' if published else '–'} | "
                    f"{got['planned'] / one['planned']:.2f}x{'' if got['exact'] else ' (not proven)'} | "
                    f"{got['whole'] / one['whole']:.2f}x | {got['steady'] / one['steady']:.2f}x | "
                    f"{100 * got['steady'] / got['planned']:.2f} % |")
    curves = {key: [results[b][key] / one[key] for b in BOARDS] for key in ("planned", "whole")}
    return rows, curves


def main(millrace):
    page = ["# Reproductions", "", *INTRODUCTION, ""]
    with tempfile.TemporaryDirectory() as folder:
        for model in ("vit-large", "vit-huge", "bert-large"):
            rows, curves = scaling(millrace, folder, model)
            name = f"reproduction-{model}.png"
            picture(name, f"{model}, 1 Gbit/s, fp32",
                    [("exact planner", curves["planned"]), ("simulate, fill and drain", curves["whole"])])
            if model == "vit-huge":
                ratios = [f"{curves[key][4] / curves[key][2]:.2f}x" for key in ("planned", "whole")]
                rows += ["", "16 boards against 4: published 3.93x, "
                         f"exact planner {ratios[0]}, simulate {ratios[1]}."]
            page += [f"## {model}, 1 Gbit/s", "", *rows, "", f"![{model}]({name})", ""]
            print(f"reproduce: {model}", file=sys.stderr)
        for model in ("vit-base", "vit-large"):
            for rate in (30, 10, 5):
                series = []
                for codec, bits in (("fp32", 32), ("uniform", 8), ("uniform", 4)):
                    rows, curves = scaling(millrace, folder, model, rate=rate, codec=codec, bits=bits,
                                           microbatches=1000)
                    page += [f"## {model}, {rate} Mbit/s, {bits}-bit links ({codec})", "", *rows, ""]
                    series.append((f"{bits} bit", curves["whole"]))
                name = f"reproduction-{model}-{rate}mbit.png"
                picture(name, f"{model}, {rate} Mbit/s, simulate with fill and drain", series)
                page += [f"![{model} at {rate} Mbit/s]({name})", ""]
                print(f"reproduce: {model} at {rate} Mbit/s", file=sys.stderr)
    (HERE / "REPRODUCTIONS.md").write_text("\n".join(page), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: reproduce.py MILLRACE")
    main(sys.argv[1])
