#!/usr/bin/env python3
"""Where each stage's time went: decoding, computing, encoding, blocked (its output waits to leave and it has
no other work), idle (no input), as shares of the run."""

import sys

import numpy as np

import style
from pipeline import stage_name

NAME = "attribution.png"
PARTS = {"decode": style.SKY, "compute": style.BLUE, "encode": style.ORANGE, "blocked": style.VERMILLION,
         "idle": "#dfe2e6"}


def height(run):
    return 1.35 + 0.42 * max(2, len(run.stage_numbers()))


def seconds_of(run, stage):
    """From the summary; from stages.csv where the run was killed before it wrote one."""
    summary = (run.summary or {}).get("stages") or []
    if 0 < stage <= len(summary):
        written = summary[stage - 1].get("attribution_s", {})
        return {part: float(written.get(part, 0.0)) for part in PARTS}
    return reckoned(run.work_of(stage), run.duration)


def reckoned(work, duration):
    """Blocked is the time a result waited to leave while the stage did nothing else."""
    busy = {part: float(work[part].sum()) for part in ("decode", "compute", "encode")}
    working = np.concatenate([np.stack([work["started"], work["computed"]], axis=1),
                              np.stack([work["encoded"] - work["encode"], work["encoded"]], axis=1)])
    waiting = np.stack([work["computed"], work["sent"]], axis=1)
    covered = covered_seconds(np.concatenate([working, waiting]))
    blocked = max(0.0, covered - covered_seconds(working))
    return busy | {"blocked": blocked, "idle": max(0.0, duration - sum(busy.values()) - blocked)}


def covered_seconds(intervals):
    """The length of the union of [begin, end) rows."""
    total, reached = 0.0, -np.inf
    for begin, end in intervals[np.argsort(intervals[:, 0])]:
        total += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return float(total)


def draw(figure, cell, run):
    axes = figure.add_subplot(cell)
    stages = run.stage_numbers()
    axes.set_title("Where each stage's time went")
    axes.set_xlim(0, 100)
    axes.set_xlabel("share of the run (%)")
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(max(len(stages), 1) - 0.4, -0.6)
    if not stages or run.duration == 0:
        axes.set_yticks([])
        return style.say_empty(axes, "no stage had finished a microbatch")
    for position, stage in enumerate(stages):
        bar(axes, position, seconds_of(run, stage), run.duration)
        waited = run.work_of(stage)
        median = float(np.median(waited["started"] - waited["arrived"]))
        axes.text(101, position, f"input waits {style.duration_text(median)}", va="center", fontsize=9,
                  color=style.QUIET)
    axes.set_yticks(range(len(stages)))
    axes.set_yticklabels([stage_name(run, stage) for stage in stages], color=style.INK, fontweight="bold")
    handles = [axes.barh(0, 0, color=colour, label=part) for part, colour in PARTS.items()]
    axes.legend(handles=handles, loc="lower right", bbox_to_anchor=(1, 1.0), ncols=len(PARTS),
                borderaxespad=0.2, handlelength=1.2, columnspacing=1.2)
    return axes


def bar(axes, position, seconds, duration):
    whole = max(duration, sum(seconds.values()))
    left = 0.0
    for part, colour in PARTS.items():
        share = 100 * seconds[part] / whole
        axes.barh(position, share, left=left, height=0.68, color=colour, edgecolor="white", linewidth=0.7)
        if share >= 4:
            text = f"{share:.0f} %" if share < 9 else f"{share:.0f} %  ({style.duration_text(seconds[part])})"
            text = text if share >= 14 else f"{share:.0f} %"
            axes.text(left + share / 2, position, text, ha="center", va="center", fontsize=9,
                      color=style.ink_on(colour))
        left += share


def make(run):
    figure, cell = style.single(height(run), left=0.135, right=0.87, above=0.45, below=0.55)
    draw(figure, cell, run)
    return figure


if __name__ == "__main__":
    sys.exit(style.figure_main(make, NAME))
