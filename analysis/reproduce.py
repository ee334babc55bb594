#!/usr/bin/env python3
"""Plans and simulates the published pipelines; writes REPRODUCTIONS.md and its pictures.

Only published figures are written here by hand, with their source; all others come from `millrace plan` and
the run directories of `millrace run`."""

import argparse
import tempfile
from pathlib import Path

import reproduction_pictures as pictures
from reproduction_cases import C2558, FLUID_MICROBATCHES, NETWORKS, Bench, Board, Case, homogeneous

HERE = Path(__file__).resolve().parent
HEADLINE_PACKETS = 48  # microbatches on ns-3
PACKET_BOARDS = (4, 16)  # of the tables of bandwidths
BOARDS = [1, 2, 4, 8, 16]
# arXiv 2110.14895, abstract: 16 devices against one; ViT-Huge on 16 against 4; against PipeDream's partition.
PUBLISHED = {"vit-large": 10.59, "vit-huge": 11.88, "bert-large": 12.78}
PUBLISHED_HUGE_16_TO_4 = 3.93
PUBLISHED_PIPEDREAM = 4.16
RATES = [1000, 30, 10, 5]
CODINGS = {"fp32": ("fp32", 32), "8 bits": ("uniform", 8), "4 bits": ("uniform", 4), "klt 3.1": ("klt", 3.1)}
# Heterogeneous clusters: the kinds of boards, equally many of each.
SLOW, SLOW_LINK = 4, 10
CLUSTERS = {
    "both boards": [Board(), Board(C2558)],
    "half at a quarter of the speed": [Board(), Board(times=SLOW)],
    "links of 1000, 100, 30, 10 Mbit/s": [Board(send=rate, receive=rate) for rate in (1000, 100, 30, 10)],
    "both boards, speeds, links": [Board(), Board(C2558, SLOW_LINK, SLOW_LINK), Board(times=SLOW),
                                   Board(C2558, SLOW_LINK, SLOW_LINK, SLOW)],
}

INTRODUCTION = f"""\
# Reproductions

Written by `./dev reproduce`; do not edit. EdgePipe's published figures (arXiv 2110.14895), those of
the exact planner (`millrace plan`), and those of `simulate` on the fluid network and on ns-3 with TCP CUBIC.

* **Published** are the figures of the paper's abstract; most rows have none.
* **Boards** are MinnowBoards (Atom E3845) unless said otherwise, from `scenarios/profiles`: the published
  mean times per sub-layer kind. ViT-Huge and BERT-Large (128 tokens) are scaled by operation count, not
  measured.
* **Network**: each board has a link to and one from a switch, 0.1 ms each; the host, source and sink, is at
  the switch. A slower "bandwidth" limits only what boards send, as in the testbed; they receive
  everything, input included, at 1000 Mbit/s. "Mbit/s" is 1024² bit/s, as in PipeEdge.
  Queues hold 20 ms, as the testbed's did. Packets are of 9000 bytes where all links have 1000 Mbit/s, else of
  1500, of which headers take 3.5 %; PipeEdge's model has none (fp32 at 5 Mbit/s: 1.77x there).
* **A microbatch** is 8 images. Runs have {FLUID_MICROBATCHES} of them on the fluid network; on ns-3, which
  takes a hundred times as long, {HEADLINE_PACKETS} in the first three tables and {Case.packet_level} in the
  others. Memory is not limited, so that one board is a baseline.
* **Steady** is the rate between the first and the last quarter of the results; *whole* counts fill and
  drain.
* **Codecs** are charged to the boards as their profiles say, which is assumed, not measured: 0.46 ns per
  value each way for fp32 and uniform, 100 ns and 51 ns for klt (that is 1.4 % of the whole model's time per
  cut, its share on x86). klt's sizes are those it promises not to exceed; it misses them by 3 % at most. No
  accuracy is claimed on this page.
"""

CLUSTERS_TEXT = f"""\
16 boards (8 in PipeEdge's example), 1000 Mbit/s unless said otherwise, fp32. The abstract does not describe
the paper's clusters or how it used PipeDream, so these are ours: `even` gives every board the same number
of sub-layers; `pipedream` is PipeDream's dynamic program without replication, which treats each board as
the mean board and each link as the mean link. Both take the boards in a given order: the better of two,
alternating and grouped by kind. `optimal` orders the boards itself and may leave some out. Slower links are
slow in both directions; a board at a quarter of the speed is the E3845 or C2558 with all times of its
profile times four.

Published: up to {PUBLISHED_PIPEDREAM}x PipeDream's partition. Rates in images/s, steady: planner / fluid /
ns-3 TCP.
"""


def times(value):
    return f"{value:.2f}x"


def headline_cases(model):
    return {number: homogeneous(model, number, packet_level=HEADLINE_PACKETS) for number in BOARDS}


def headline_table(bench, model, out):
    cases = headline_cases(model)
    results = {number: bench.result(case) for number, case in cases.items()}
    one = results[1]
    rows = ["| boards | stages | published | exact planner | fluid, whole | fluid, steady | "
            "ns-3 TCP, steady | steady / planner: fluid, ns-3 |",
            "|---" * 8 + "|"]
    curves = {"planned": {}, "whole": {}, "fluid": {}, "ns3": {}}
    for number, got in results.items():
        speedup = {"planned": got["planned"] / one["planned"]}
        for network, key in (("fluid", "whole"), ("fluid", "steady"), ("ns3", "steady")):
            speedup[network, key] = got[network][key] / one[network][key]
        for network in NETWORKS:
            curves[network][number] = speedup[network, "steady"]
        curves["planned"][number], curves["whole"][number] = speedup["planned"], speedup["fluid", "whole"]
        ratios = ", ".join(f"{100 * got[network]['steady'] / got['planned']:.2f} %" for network in NETWORKS)
        published = times(PUBLISHED[model]) if number == BOARDS[-1] else "–"
        proven = "" if got["exact"] else " (not proven)"
        planned = times(speedup.pop("planned"))
        rows.append(f"| {number} | {got['stages']} | {published} | {planned}{proven} | " +
                    " | ".join(times(value) for value in speedup.values()) + f" | {ratios} |")
    if model == "vit-huge":
        ratio = {key: curve[16] / curve[4] for key, curve in curves.items()}
        rows += ["", f"16 boards against 4: published {times(PUBLISHED_HUGE_16_TO_4)}, exact planner "
                 f"{times(ratio['planned'])}, fluid {times(ratio['fluid'])} steady and "
                 f"{times(ratio['whole'])} whole, ns-3 TCP {times(ratio['ns3'])} steady."]
    name = f"reproduction-{model}.png"
    pictures.scaling(out / name, f"{model}, 1000 Mbit/s, fp32", {"": curves}, {16: PUBLISHED[model]})
    base = f"One board: {one['planned']:.4g} images/s planned, {one['fluid']['steady']:.4g} simulated."
    return [f"## {model}, 1000 Mbit/s, fp32", "", base, "", *rows, "",
            f"![{model}]({name})", ""]


def bandwidth_cases(model, rate):
    def case(label, number):
        codec, bits = CODINGS[label]
        packets = Case.packet_level if number in PACKET_BOARDS or (label, number) == ("fp32", 1) else 0
        return homogeneous(model, number, rate, codec=codec, bits=bits, packet_level=packets)

    return {label: {number: case(label, number) for number in BOARDS} for label in CODINGS}


def bandwidth_table(bench, model, rate, out):
    results = {label: {number: bench.result(case) for number, case in cases.items()}
               for label, cases in bandwidth_cases(model, rate).items()}
    one = results["fp32"][1]
    base = {"planned": one["planned"], **{network: one[network]["steady"] for network in NETWORKS}}
    curves = {label: {"planned": {n: got["planned"] / base["planned"] for n, got in row.items()},
                      **{network: {n: got[network]["steady"] / base[network] for n, got in row.items()
                                   if network in got}
                         for network in NETWORKS}} for label, row in results.items()}
    rows = ["| boards | " + " | ".join(f"{label} (stages)" for label in CODINGS) + " |",
            "|---" * (1 + len(CODINGS)) + "|"]
    for number in BOARDS:
        cells = [" / ".join(f"{curves[label][key][number]:.2f}" for key in ("planned", *NETWORKS)
                            if number in curves[label][key]) +
                 f" ({results[label][number]['stages']})" for label in CODINGS]
        rows.append(f"| {number} | " + " | ".join(cells) + " |")
    unproven = sum(not got["exact"] for row in results.values() for got in row.values())
    if unproven:
        rows += ["", f"{unproven} of these plans are not proven to be the best."]
    name = f"reproduction-{model}-{rate}mbit.png"
    pictures.scaling(out / name, f"{model}, boards send at {rate} Mbit/s", curves)
    return [f"### {model}, {rate} Mbit/s", "", *rows, "", f"![{model} at {rate} Mbit/s]({name})", ""]


def cluster_cases(bench, model, kinds, boards):
    """A case per algorithm, with the better of its two orders of boards."""
    each = boards // len(kinds)
    alternating, grouped = tuple(kinds) * each, tuple(board for board in kinds for _ in range(each))
    orders = {"optimal": [grouped], "pipedream": [alternating, grouped], "even": [alternating, grouped]}
    cases = {algorithm: [Case(model, order, algorithm=algorithm) for order in some]
             for algorithm, some in orders.items()}
    return {algorithm: max(some, key=lambda case: bench.plan(case)["planned"])
            for algorithm, some in cases.items()}


def all_clusters():
    example = ("vit-base", [Board(), Board(C2558)], 8)
    yield "PipeEdge's example: 4 and 4", *example
    for model in ("vit-base", "vit-large"):
        for name, kinds in CLUSTERS.items():
            yield name, model, kinds, 16


def cluster_table(bench, out):
    rows = ["| cluster | model | even | pipedream | optimal (stages) | "
            "optimal / pipedream: planner, fluid, ns-3 | optimal / even: planner |", "|---" * 7 + "|"]
    drawn = []
    for name, model, kinds, boards in all_clusters():
        best = {}
        for algorithm, case in cluster_cases(bench, model, kinds, boards).items():
            got = bench.result(case)
            best[algorithm] = {"planned": got["planned"], "stages": got["stages"],
                               **{network: got[network]["steady"] for network in NETWORKS}}
        cells = {algorithm: " / ".join(f"{got[key]:.3f}" for key in ("planned", *NETWORKS))
                 for algorithm, got in best.items()}
        optimal = best["optimal"]
        ratios = ", ".join(times(optimal[key] / best["pipedream"][key]) for key in ("planned", *NETWORKS))
        rows.append(f"| {name} | {model} | {cells['even']} | {cells['pipedream']} | {cells['optimal']} "
                    f"({optimal['stages']}) | {ratios} | "
                    f"{times(optimal['planned'] / best['even']['planned'])} |")
        drawn.append((f"{name}, {model}", best))
    pictures.clusters(out / "reproduction-clusters.png", "Heterogeneous clusters", drawn)
    return ["## Heterogeneous clusters", "", CLUSTERS_TEXT, *rows, "",
            "![heterogeneous clusters](reproduction-clusters.png)", ""]


def everything(bench):
    for model in PUBLISHED:
        yield from headline_cases(model).values()
    for _, model, kinds, boards in all_clusters():
        yield from cluster_cases(bench, model, kinds, boards).values()
    for model in ("vit-base", "vit-large"):
        for rate in RATES:
            for cases in bandwidth_cases(model, rate).values():
                yield from cases.values()


def write_page(millrace, out, kept):
    with tempfile.TemporaryDirectory() as folder, Bench(millrace, folder, kept) as bench:
        bench.start(everything(bench))
        page = [INTRODUCTION]
        for model in PUBLISHED:
            page += headline_table(bench, model, out)
        page += cluster_table(bench, out)
        page += ["## Bandwidth and bits per value", "",
                 "Speed-up over one board with fp32, steady: planner / fluid / ns-3 TCP (that on "
                 f"{' and '.join(map(str, PACKET_BOARDS))} boards, and fp32 on one); in",
                 "brackets the stages that the exact planner uses. 8 and 4 bits are codec `uniform`. No",
                 "published figure is known.", ""]
        for model in ("vit-base", "vit-large"):
            for rate in RATES:
                page += bandwidth_table(bench, model, rate, out)
    (out / "REPRODUCTIONS.md").write_text("\n".join(page), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("millrace", metavar="MILLRACE", help="the program")
    parser.add_argument("--out", metavar="FOLDER", type=Path, default=HERE, help="for page and pictures")
    parser.add_argument("--kept", metavar="FOLDER", type=Path, default=HERE.parent / "build" / "reproduce",
                        help="results of earlier calls, which need not be run again")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_page(arguments.millrace, arguments.out, arguments.kept)


if __name__ == "__main__":
    main()
