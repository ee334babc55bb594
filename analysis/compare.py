#!/usr/bin/env python3
"""Draws the errors between runs: throughput, latency, bits and where time went. `millrace compare` calls it.

    analysis/compare.py [--millrace PROGRAM] [--reference RUN] OUT.png RUN RUN...

The figures are those of `millrace compare --json`. Exit code 3 where a run cannot be read."""

import argparse
import json
import subprocess
import sys

import numpy as np

import style

PARTS = ["compute", "encode", "decode", "blocked", "idle"]
PART_COLOURS = [style.BLUE, style.GREEN, style.SKY, style.VERMILLION, style.FAINT]
MAX_STAGES = 8  # more are drawn as one, their worst


def comparison_of(program, runs, reference=None):
    words = ["--reference", reference] if reference else []
    done = subprocess.run([program, "compare", "--json", *runs, *words], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.returncode)
    return json.loads(done.stdout)


def label(run):
    return run["label"]


def caveats_of(group):
    """The caveats of the runs, wrapped at words to the width of the picture."""
    lines = []
    for run in group["runs"]:
        for caveat in run["caveats"]:
            incomplete = "INCOMPLETE: " if caveat["id"] == "incomplete" else ""
            lines += style.wrapped(f"{label(run)}: {incomplete}{caveat['text']}")
        if run["differences_by_links_not_applied"]:
            lines += style.wrapped(f"{label(run)}: links were applied in one only of this and the reference; "
                                   "that is what differs, and no error of simulation")
    return lines


def title_of(group):
    if group["scenario"] is None:
        return "runs of different scenarios"
    reference = next(run for run in group["runs"] if run["reference"])
    return f"{group['scenario']}: {reference['policy']}"


def annotate(axes, x, value, error, text):
    axes.text(x, value, text if error is None else f"{text}\n{100 * error:+.1f} %", ha="center", va="bottom",
              fontsize=8, color=style.INK)


def draw_bars(axes, group, pick, pick_error, unit, title):
    runs = group["runs"]
    values = [pick(run) for run in runs]
    axes.set_title(title)
    axes.set_ylabel(unit)
    if all(value is None for value in values):
        style.say_empty(axes, "no run has this figure")
        return
    for x, (run, value) in enumerate(zip(runs, values, strict=True)):
        if value is None:
            continue
        axes.bar(x, value, 0.6, color=style.QUIET if run["reference"] else style.CYCLE[x % len(style.CYCLE)])
        annotate(axes, x, value, pick_error(run["errors"]) if run["errors"] else None,
                 style.significant(value))
    axes.set_xticks(range(len(runs)), [label(run) for run in runs], rotation=15, ha="right")
    axes.set_ylim(0, 1.25 * max(value for value in values if value is not None) or 1)


def draw_attribution(axes, group):
    axes.set_title("where the stages' time went, % of the run")
    rows = [(f"{stage + 1} {shares['device']}  {label(run)}", shares)
            for stage in range(MAX_STAGES) for run in group["runs"] if stage < len(run["attribution"])
            for shares in [run["attribution"][stage]]]
    if not rows:
        style.say_empty(axes, "no run says where time went")
        return
    left = np.zeros(len(rows))
    for part, colour in zip(PARTS, PART_COLOURS, strict=True):
        width = np.array([100 * (shares[part] or 0) for _, shares in rows])
        axes.barh(range(len(rows)), width, 0.75, left=left, color=colour, label=part)
        left += width
    axes.set_yticks(range(len(rows)), [style.short(name, 40) for name, _ in rows], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.legend(ncols=len(PARTS), loc="upper left", bbox_to_anchor=(0, -0.12))


def attribution_rows(group):
    return sum(min(len(run["attribution"]), MAX_STAGES) for run in group["runs"])


def draw(comparison):
    groups = comparison["groups"]
    caveats = [caveats_of(group) for group in groups]
    heights = [3.4 + 0.22 * attribution_rows(group) + 0.2 * len(lines)
               for group, lines in zip(groups, caveats, strict=True)]
    figure = style.new_figure(sum(heights) + 0.6)
    figure.set_layout_engine("constrained")
    parts = figure.subfigures(len(groups), 1, height_ratios=heights, squeeze=False)[:, 0]
    for part, group, lines in zip(parts, groups, caveats, strict=True):
        part.suptitle(title_of(group), x=0.01, ha="left", fontsize=13, fontweight="bold")
        if lines:
            part.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=9, color=style.VERMILLION)
        grid = part.add_gridspec(2, 3, height_ratios=[2.6, 0.4 + 0.22 * attribution_rows(group)])
        draw_bars(part.add_subplot(grid[0, 0]), group, lambda run: run["throughput_images_per_s"],
                  lambda errors: errors["throughput"], "images/s", "throughput")
        draw_bars(part.add_subplot(grid[0, 1]), group, lambda run: run["latency_ms"]["p50"],
                  lambda errors: errors["p50"], "ms", "latency, p50")
        draw_bars(part.add_subplot(grid[0, 2]), group, lambda run: run["bits_per_value_mean"],
                  lambda errors: None, "bits", "bits per value")
        draw_attribution(part.add_subplot(grid[1, :]), group)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--millrace", default="millrace")
    parser.add_argument("--reference")
    parser.add_argument("out")
    parser.add_argument("runs", nargs="+")
    arguments = parser.parse_args()
    style.save(draw(comparison_of(arguments.millrace, arguments.runs, arguments.reference)), arguments.out)
    print(f"picture: {arguments.out}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
