#!/usr/bin/env python3
"""The pipeline as a Gantt chart: what every stage and link did, at the start and in the middle of the run."""

import sys

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

import style

NAME = "pipeline.png"
FIRST = 8             # microbatches that the left half shows from their creation to their completion
STAGE_HALF, LINK_HALF = 0.38, 0.2  # half the height of a bar, in rows


def rows_of(run):
    """[(first instant, kind, key)]: stages and links in the order in which the first microbatch met them."""
    rows = []
    for stage in run.stage_numbers():
        rows.append((run.work_of(stage)["started"].min(), "stage", stage))
    rows += [(run.activations_of(link)["submitted"].min(), "link", link) for link in run.active_links]
    return sorted(rows, key=lambda row: row[0])


def height(run):
    return 1.5 + 0.36 * max(3, len(rows_of(run)))


def windows(run):
    """[(title, begin, end)] in seconds: the start, and an equally long span around the middle microbatch."""
    completed = np.sort(run.microbatches["completed"])
    if len(completed) == 0:
        return [("Pipeline until the run ended", 0.0, run.duration)]
    end = float(completed[min(FIRST, len(completed)) - 1])
    start = ("Pipeline at the start", 0.0, end * 1.02)
    if len(completed) < 3 * FIRST:
        return [start]
    middle = float(completed[len(completed) // 2])
    begin = max(end, middle - end / 2)
    return [start, ("in mid-run", begin, begin + end * 1.02)]


def draw(figure, cell, run):
    rows = rows_of(run)
    spans = windows(run)
    grid = cell.subgridspec(1, len(spans), wspace=0.03)
    for column, (title, begin, end) in enumerate(spans):
        axes = figure.add_subplot(grid[column])
        axes.set_title(title)
        prepare(axes, run, rows, (begin, end), labels=column == 0)
        if not rows or end <= begin:
            style.say_empty(axes, "no stage had started")
            continue
        for position, (_, kind, key) in enumerate(rows):
            shapes_of = stage_shapes if kind == "stage" else link_shapes
            paint(axes, position, shapes_of(run, key, (begin, end)), (begin, end))
        if column == len(spans) - 1:
            legend(axes)


def stage_name(run, stage):
    return f"stage {stage} · {style.short(run.device_of(stage), 14)}"


def link_name(link):
    return f"{style.short(link[0], 11)} → {style.short(link[1], 11)}"


def prepare(axes, run, rows, span, labels):
    factor, unit = style.time_unit(span[1])
    axes.set_xlim(span[0] * factor, (span[1] or 1) * factor)
    axes.set_ylim(max(len(rows), 1) - 0.4, -0.6)
    axes.set_xlabel(f"scenario time ({unit})")
    axes.set_yticks(range(len(rows)))
    axes.tick_params(axis="y", length=0)
    axes.grid(True, axis="x")
    names = [stage_name(run, key) if kind == "stage" else link_name(key) for _, kind, key in rows]
    axes.set_yticklabels(names if labels else [])
    for label, (_, kind, _) in zip(axes.get_yticklabels(), rows):
        label.set_color(style.INK if kind == "stage" else style.QUIET)
        label.set_fontweight("bold" if kind == "stage" else "normal")
    for position, (_, kind, _) in enumerate(rows):
        if kind == "stage":
            axes.axhspan(position - 0.5, position + 0.5, color="#f4f5f7", zorder=0, linewidth=0)


def stage_shapes(run, stage, span):
    """(bars [(begin, end, microbatch, part)], waits [(begin, end)], half height) in seconds, within the
    span."""
    work = run.work_of(stage)
    work = work.where((work["started"] < span[1]) & (work["sent"] > span[0]))
    bars, waits = [], []
    for index in range(len(work)):
        microbatch, started, computed = (work[name][index] for name in ("microbatch", "started", "computed"))
        decoded = started + work["decode"][index]
        encoded, sent = work["encoded"][index], work["sent"][index]
        bars.append((started, decoded, microbatch, "decode"))
        bars.append((decoded, computed, microbatch, "compute"))
        bars.append((encoded - work["encode"][index], encoded, microbatch, "encode"))
        waits.append((computed, sent))
    return bars, waits, STAGE_HALF


def link_shapes(run, link, span):
    """The time on the wire as bars; waiting in the queue before and propagation after as lines."""
    moves = run.activations_of(link)
    moves = moves.where((moves["submitted"] < span[1]) & (moves["delivered"] > span[0]))
    bars, waits = [], []
    for index in range(len(moves)):
        submitted, delivered = moves["submitted"][index], moves["delivered"][index]
        wire = submitted + moves["queued"][index]
        bars.append((wire, wire + moves["wire"][index], moves["microbatch"][index], "wire"))
        waits.append((submitted, delivered))
    return bars, waits, LINK_HALF


def shade(microbatch, part):
    colour = style.CYCLE[int(microbatch) % len(style.CYCLE)] if np.isfinite(microbatch) else style.QUIET
    mixes = {"decode": ("black", 0.4), "encode": ("white", 0.55)}
    return style.mix(colour, *mixes[part]) if part in mixes else colour


def paint(axes, position, shapes, span):
    bars, waits, half = shapes
    factor, _ = style.time_unit(span[1])
    seen = [(max(a, span[0]), min(b, span[1]), *rest) for a, b, *rest in bars
            if a < span[1] and b > span[0] and b > a]
    lines = [[(a * factor, position), (b * factor, position)] for a, b in waits if b > a]
    axes.add_collection(LineCollection(lines, colors="#8a8f98", linewidths=1.3, zorder=2), autolim=False)
    boxes = [[(x * factor, position + y) for x, y in ((a, -half), (a, half), (b, half), (b, -half))]
             for a, b, _, _ in seen]
    # A sliver with a white edge would be white all over.
    edges = ["white" if (b - a) / (span[1] - span[0]) > 0.006 else shade(m, part) for a, b, m, part in seen]
    axes.add_collection(PolyCollection(boxes, facecolors=[shade(m, part) for _, _, m, part in seen],
                                       edgecolors=edges, linewidths=0.5, zorder=3), autolim=False)
    for a, b, microbatch, part in seen:
        text = f"{microbatch:.0f}"
        if part in ("compute", "wire") and (b - a) / (span[1] - span[0]) > 0.012 + 0.011 * len(text):
            axes.text((a + b) / 2 * factor, position, text, ha="center", va="center", zorder=4, clip_on=True,
                      fontsize=8 if part == "compute" else 7, color=style.ink_on(shade(microbatch, part)))


def legend(axes):
    grey = "#7d828b"
    entries = [Patch(color=style.mix(grey, "black", 0.4), label="decode"),
               Patch(color=grey, label="compute, wire"),
               Patch(color=style.mix(grey, "white", 0.55), label="encode"),
               Line2D([], [], color="#8a8f98", linewidth=1.3, label="waiting, propagation")]
    axes.legend(handles=entries, loc="lower right", bbox_to_anchor=(1, 1.0), ncols=4, borderaxespad=0.2,
                handlelength=1.2, columnspacing=1.2)


def make(run):
    figure, cell = style.single(height(run) + 0.3, left=0.135, right=0.985, above=0.5, below=0.6)
    draw(figure, cell, run)
    return figure


if __name__ == "__main__":
    sys.exit(style.figure_main(make, NAME))
