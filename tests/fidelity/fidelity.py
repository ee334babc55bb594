#!/usr/bin/env python3
"""The error between simulation and reality: every scenario below in simulate (fluid), cosim (ns-3, TCP) and
deploy (real links between network namespaces). `./dev fidelity` calls it.

    tests/fidelity/fidelity.py BIN [--only TEXT] [--keep FOLDER] [--dry]

First the scenarios below, without delay and loss; then the paths of hard_paths.py.

Writes fidelity.json and README.md beside this file (not with --only or --dry). Needs root. The errors are
those of `millrace compare`; none is computed a second time. Exit code 4 where a bar is missed."""

import argparse
import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import hard_paths

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TRACES = ROOT / "traces"
WORLDS = [("simulate", "fluid"), ("cosim", "ns3"), ("deploy", "netns")]
BARS = {"throughput_error_mean": 0.03, "throughput_error_worst": 0.08, "p50_error_mean": 0.05,
        "bits_error_worst": 0.5, "ranking_agreement": 0.95}
ATTEMPTS = 3  # of a real run that ends with exit code 4 (machine too busy); each is counted

# Large activations for little arithmetic: a microbatch is 133,120 values at every cut (532 kB as fp32), a
# board takes tens of milliseconds of imitated time for work that this machine does in a few.
MODEL = "{name: vit-mini, weights: random, blocks: 2, width: 32, heads: 2, mlp_width: 32, microbatch: 64}"
BOARD_GFLOPS = [1.5, 1.0, 1.2, 0.9, 1.6, 1.1, 1.4, 1.3]

FP32, EIGHT, FOUR = (("fp32", "fp32", 32, 0), ("uniform-8", "uniform", 8, 0), ("uniform-4", "uniform", 4, 0))


def adaptive(target):
    return [(kind, "ds-aciq", None, target) for kind in ("heuristic", "max-fit", "deadline")]


def constant(rate):
    return f"rate: {rate} Mbit/s"


def trace(name, offset=0, scale=1):
    return f"trace: {TRACES / name}, trace_offset: {offset} s, trace_scale: {scale}"


# name, links between the stages (one less than stages), microbatches, policies (name, codec, bits, target)
PROBLEMS = [
    ("static-2", [constant(20)], 60, [FP32, EIGHT, FOUR]),
    ("static-4", [constant(30), constant(15), constant(40)], 60, [FP32, EIGHT, FOUR]),
    ("static-8", [constant(rate) for rate in (50, 40, 30, 40, 50, 30, 40)], 50, [FP32, EIGHT, FOUR]),
    ("step-2", [trace("step-down.csv", offset=5, scale=0.5)], 120, [EIGHT, *adaptive(600)]),
    ("lte-3", [trace("lte-drive.csv"), constant(40)], 120, [EIGHT, *adaptive(700)]),
    ("wifi-6", [constant(50), trace("synth-wifi.csv", offset=10, scale=0.5), constant(40), constant(50),
                constant(40)], 100, [EIGHT, *adaptive(600)]),
]


def scenario_text(name, links, microbatches, policy, tcp):
    kind, codec, bits, target = policy
    boards = [f"board-{i}" for i in range(1, len(links) + 2)]
    devices = "".join(f"  - {{name: {board}, speed: {BOARD_GFLOPS[i]} GFLOP/s}}\n"
                      for i, board in enumerate(boards))
    ends = [("source", boards[0], constant(100)), (boards[-1], "source", constant(100))]
    between = list(zip(boards[:-1], boards[1:], links, strict=True))
    lines = "".join(f"    - {{between: [{a}, {b}], {link}}}\n" for a, b, link in [ends[0], *between, ends[1]])
    quantization = f"{{kind: fixed, codec: {codec}, bits: {bits}}}" if bits else \
        f"{{kind: {kind}, codec: {codec}, target_rate: {target} /s}}"
    return f"""millrace: 1
name: {name}
model: {MODEL}
workload: {{dataset: synthetic, images: {64 * microbatches}}}
devices:
  - {{name: source, runs: [source, sink]}}
{devices}network:
  tcp: {tcp}
  links:
{lines}policy:
  partition: {{kind: even}}
  quantization: {quantization}
run: {{mode: simulate, links: netns, compute: profile, seed: 1}}
"""


def is_complete(run):
    """Whether the folder has a whole run, of an earlier call with the same --keep."""
    try:
        return json.loads((run / "summary.json").read_text())["complete"]
    except (OSError, ValueError, KeyError):
        return False


class Suite:
    def __init__(self, binaries, folder):
        self.millrace = str(Path(binaries) / "millrace")
        self.folder = Path(folder)
        self.tcp = "reno"  # allowed in a namespace by every kernel
        self.attempts = {}

    def run(self, name, mode, kind, scenario, seed=1):
        out = self.folder / name / f"{mode}-{seed}"
        if is_complete(out):
            self.attempts.setdefault(name, 1)
            return str(out)
        command = [self.millrace, "run", str(scenario), "--mode", mode, "--out", str(out), "--overwrite",
                   "--quiet", "--set", f"run.seed={seed}"]
        if mode != "deploy":
            command += ["--set", f"network.kind={kind}"]
        for attempt in range(1, ATTEMPTS + 1):
            done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            self.attempts[name] = max(attempt, self.attempts.get(name, 0))
            if done.returncode != 4:
                break
        if done.returncode:
            sys.exit(f"{name}, {mode}: exit code {done.returncode}\n{done.stderr}")
        return str(out)

    def scenario(self, problem, policy):
        name = f"{problem[0]}-{policy[0]}"
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "scenario.yaml"
        # One name per problem: its policies are then ranked against each other.
        file.write_text(scenario_text(problem[0], problem[1], problem[2], policy, self.tcp))
        runs = [self.run(name, mode, kind, file) for mode, kind in WORLDS]
        print(f"{name}: {self.attempts[name]} attempt(s)", file=sys.stderr, flush=True)
        return name, runs

    def path(self, path):
        """An entry of fidelity.json: the path in all worlds, and where packets are lost in several seeds."""
        file = self.folder / path.name / "scenario.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path.scenario_text(MODEL))
        seeds = []
        for seed in range(1, path.seeds + 1):
            runs = {}
            for mode, kind in WORLDS:
                folder = Path(self.run(path.name, mode, kind, file, seed))
                summary = json.loads((folder / "summary.json").read_text())
                runs[mode] = {"throughput": summary["throughput_images_per_s"],
                              "p50": summary["latency_ms"]["p50"]}
            seeds.append(runs)
        result = hard_paths.measure(path, seeds) | {"attempts": self.attempts[path.name]}
        simulate, cosim = (100 * result[mode]["throughput"] for mode in ("simulate", "cosim"))
        print(f"{path.name}: {result['deploy']['throughput_images_per_s']:.1f} images/s, "
              f"simulate {simulate:+.1f} %, cosim {cosim:+.1f} %", file=sys.stderr, flush=True)
        return result

    def compare(self, runs):
        done = subprocess.run([self.millrace, "compare", "--json", *runs], stdout=subprocess.PIPE, text=True,
                              check=True)
        return json.loads(done.stdout)


def entry(name, group, attempts):
    by_mode = {run["mode"]: run for run in group["runs"]}
    real = by_mode["deploy"]
    result = {"scenario": name, "policy": real["policy"], "stages": len(real["attribution"]),
              "attempts": attempts, "loss": 0, "delay_ms": 0, "tcp": "reno", "real_spread": None,
              "deploy": {"throughput_images_per_s": real["throughput_images_per_s"],
                         "p50_ms": real["latency_ms"]["p50"], "bits": real["bits_per_value_mean"]}}
    for mode in ("simulate", "cosim"):
        errors = by_mode[mode]["errors"]
        result[mode] = {key: errors[key] for key in ("throughput", "p50", "p95", "p99", "attribution_worst")}
        result[mode]["bits"] = errors["bits_per_value_mean"]
    return result


def total(entries, rankings):
    def sizes(key):
        return [abs(one[mode][key]) for one in entries for mode in ("simulate", "cosim")]
    pairs = sum(ranking["pairs"] for ranking in rankings)
    return {"throughput_error_mean": sum(sizes("throughput")) / len(sizes("throughput")),
            "throughput_error_worst": max(sizes("throughput")),
            "p50_error_mean": sum(sizes("p50")) / len(sizes("p50")),
            "p50_error_worst": max(sizes("p50")),
            "bits_error_worst": max(sizes("bits")),
            "ranking_pairs": pairs,
            "ranking_agreement": sum(ranking["agreeing"] for ranking in rankings) / pairs if pairs else None}


def environment(suite):
    def said(*command):
        done = subprocess.run(command, capture_output=True, text=True)
        return done.stdout.strip().split("\n")[0] if done.returncode == 0 else "unknown"
    return {"date": datetime.date.today().isoformat(), "millrace": said(suite.millrace, "--version"),
            "commit": said("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"),
            "kernel": platform.release(), "iproute2": said("ip", "-V"),
            "ns3": said("dpkg-query", "-W", "-f", "${Version}", "libns3-dev"),
            "libtorch": said("dpkg-query", "-W", "-f", "${Version}", "libtorch-dev"),
            "processors": os.cpu_count(), "load_average": round(os.getloadavg()[1], 1),
            "congestion_control": suite.tcp}


def missed(figures):
    return [f"{key} is {figures[key]:.4f}, the bar is {bar}" for key, bar in BARS.items()
            if figures[key] is None or (figures[key] < bar if key == "ranking_agreement"
                                        else figures[key] > bar)]


def table(entries):
    lines = ["| scenario | stages | images/s | simulate | cosim | p50 ms | simulate | cosim | bits "
             "| simulate | cosim |", "|---|---|---|---|---|---|---|---|---|---|---|"]
    for one in entries:
        real, sim, cosim = one["deploy"], one["simulate"], one["cosim"]
        lines.append(
            f"| {one['scenario']} | {one['stages']} | {real['throughput_images_per_s']:.1f} "
            f"| {100 * sim['throughput']:+.2f} % | {100 * cosim['throughput']:+.2f} % "
            f"| {real['p50_ms']:.0f} | {100 * sim['p50']:+.2f} % | {100 * cosim['p50']:+.2f} % "
            f"| {real['bits']:.2f} | {sim['bits']:+.2f} | {cosim['bits']:+.2f} |")
    return "\n".join(lines)


def page(result):
    template = (HERE / "page.md").read_text()
    figures, where = result["figures"], result["environment"]
    rows = [("throughput, mean error", "throughput_error_mean", "3 %"),
            ("throughput, worst", "throughput_error_worst", "8 %"),
            ("latency p50, mean error", "p50_error_mean", "5 %")]
    summary = ["| figure | bar | measured |", "|---|---|---|"]
    summary += [f"| {text} | {bar} | {100 * figures[key]:.2f} % |" for text, key, bar in rows]
    summary += [f"| mean bits, worst difference | 0.5 | {figures['bits_error_worst']:.2f} |",
                f"| pairs of policies ranked alike | 95 % | {100 * figures['ranking_agreement']:.1f} % of "
                f"{figures['ranking_pairs']} |"]
    facts = (f"{where['date']}, {where['millrace']} ({where['commit']}), Linux {where['kernel']}, "
             f"ns-3 {where['ns3']}, LibTorch {where['libtorch']}, TCP {where['congestion_control']}, "
             f"{where['processors']} processors, load average {where['load_average']} at the end")
    texts = {"facts": textwrap.fill(facts + ".", 110), "summary": "\n".join(summary),
             "table": table([one for one in result["scenarios"] if "group" not in one]),
             "totals": hard_paths.totals_table(result),
             "paths": hard_paths.table([one for one in result["scenarios"] if "group" in one]),
             "best": hard_paths.best_table([one for one in result["scenarios"] if "group" in one]),
             "lacking": textwrap.fill(hard_paths.not_measured(result["scenarios"]), 110,
                                      break_on_hyphens=False)}
    for name, text in texts.items():
        template = template.replace("{{" + name + "}}", text)
    return template


def report(misses, folder, keep):
    """Says which bars are missed. Returns the exit code."""
    for miss in misses:
        print(f"fidelity: {miss}", file=sys.stderr)
    if misses:
        print(f"fidelity: the runs are in {folder}", file=sys.stderr)
    elif not keep:
        shutil.rmtree(folder)
    return 4 if misses else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binaries")
    parser.add_argument("--only", default="", help="scenarios whose name holds this text")
    parser.add_argument("--keep", help="leave the runs in this folder, and do not repeat those that it has "
                        "(without it they are left where a bar is missed)")
    parser.add_argument("--dry", action="store_true", help="print, and write nothing into the tree")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("fidelity: real links between network namespaces need root")
    folder = arguments.keep or tempfile.mkdtemp(prefix="millrace-fidelity-")
    suite = Suite(arguments.binaries, folder)
    entries, every = [], []
    for problem in PROBLEMS:
        for policy in problem[3]:
            if arguments.only not in f"{problem[0]}-{policy[0]}":
                continue
            name, runs = suite.scenario(problem, policy)
            entries.append(entry(name, suite.compare(runs)["groups"][0], suite.attempts[name]))
            every += runs
    paths = [suite.path(path) for path in hard_paths.PATHS if arguments.only in path.name]
    if not entries and not paths:
        sys.exit(f"fidelity: no scenario's name holds \"{arguments.only}\"")
    totals = hard_paths.group_totals(paths, entries)
    print(hard_paths.table(paths), hard_paths.totals_table(totals), sep="\n\n")
    if not entries:
        return report(hard_paths.missed(totals), folder, arguments.keep)
    figures = total(entries, suite.compare(every)["rankings"])
    result = {**{key: figures[key] for key in list(BARS)}, **totals, "figures": figures,
              "environment": environment(suite), "scenarios": entries + paths}
    print(table(entries))
    print(json.dumps(figures, indent=2))
    if not arguments.only and not arguments.dry:
        (HERE / "fidelity.json").write_text(json.dumps(result, indent=2) + "\n")
        (HERE / "README.md").write_text(page(result))
    return report(missed(figures) + hard_paths.missed(totals), folder, arguments.keep)


if __name__ == "__main__":
    sys.exit(main())
