#!/usr/bin/env python3
"""Compares quantization policies: a table and a picture from FOLDER/TRACE/POLICY, each a run directory.

    share    of the microbatches that a consumer at the target rate asks for, those that were there in time
    bits     mean bits per value of all microbatches (summary.json)
    on time  the same with late microbatches counted as 0"""

import sys
from pathlib import Path

import numpy as np

import style
from quantpipe import adaptive, bits_sent, on_time, target
from run_directory import RunDirectory, RunError

NAME = "policies.png"


def figures_of(run):
    """(share, bits, bits on time) of a finished run with a target."""
    policy = (run.summary or {}).get("policy") or {}
    if not target(run) or not adaptive(run):
        raise RunError(f"reading {run.path}: not a finished run of an adaptive policy")
    done = run.microbatches
    met = on_time(done["completed"], done["images"], target(run))
    number, bits = bits_sent(run, adaptive(run)[0])
    in_time = np.isin(number, done["microbatch"][met])
    return policy["share_meeting_target"], policy["bits_per_value_mean"], float((bits * in_time).mean())


def read(folder):
    """{trace: {policy: figures}}"""
    table = {}
    for manifest in sorted(Path(folder).glob("*/*/manifest.json")):
        trace, policy = manifest.parent.parent.name, manifest.parent.name
        table.setdefault(trace, {})[policy] = figures_of(RunDirectory(manifest.parent))
    if not table:
        raise RunError(f"reading {folder}: no TRACE/POLICY in it is a run directory")
    return table


def policies_of(table):
    """The policies that every trace has; `deadline`, ours, last."""
    common = set.intersection(*(set(row) for row in table.values()))
    return sorted(common, key=lambda name: (name == "deadline", name))


def markdown(table):
    policies = policies_of(table)
    lines = ["| trace | " + " | ".join(policies) + " |", "|---" * (len(policies) + 1) + "|"]
    rows = [(trace, [row[policy] for policy in policies]) for trace, row in table.items()]
    rows.append(("**mean**", [tuple(np.mean([row[policy] for row in table.values()], axis=0))
                              for policy in policies]))
    for trace, cells in rows:
        texts = [f"{100 * share:.1f} %, {bits:.2f}, {useful:.2f}" for share, bits, useful in cells]
        lines.append(f"| {trace} | " + " | ".join(texts) + " |")
    return "\n".join(lines)


def make(table):
    policies, traces = policies_of(table), list(table)
    figure = style.new_figure(2.2 + 0.42 * len(traces))
    titles = ["met the target (%)", "bits/value, all", "bits/value, late ones counted as 0"]
    place = np.arange(len(traces))
    for column, title in enumerate(titles):
        axes = figure.add_axes([0.17 + 0.275 * column, 0.1, 0.26, 0.78])
        looks = zip(policies, style.CYCLE[1:len(policies)] + [style.BLUE], "s^Dvo"[-len(policies):])
        for policy, colour, marker in looks:
            values = [table[trace][policy][column] * (100 if column == 0 else 1) for trace in traces]
            axes.plot(values, place, marker, color=colour, markersize=7, label=policy, linestyle="none")
        axes.set_title(title, fontsize=10.5)
        axes.set_yticks(place, traces if column == 0 else [""] * len(traces))
        axes.set_ylim(len(traces) - 0.5, -0.5)
        axes.grid(True)
    figure.legend(*axes.get_legend_handles_labels(), loc="upper left", ncols=len(policies),
                  bbox_to_anchor=(0.16, 0.995))
    return figure


def main(arguments):
    if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
        print("usage: policies.py FOLDER   (of run directories TRACE/POLICY; writes FOLDER/policies.png)",
              file=sys.stderr)
        return 0 if len(arguments) == 1 else 2
    try:
        table = read(arguments[0])
    except RunError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    print(markdown(table))
    print(style.save(make(table), Path(arguments[0]) / NAME))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
