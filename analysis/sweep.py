#!/usr/bin/env python3
"""Compares the variants of a sweep over a swept key: one line each, with 95 % confidence bands where there
are replications. Reads the sweep's folder, or its sweep.sqlite."""

import argparse
import math
import sys
from collections import Counter

import numpy as np

import style
from millrace.sweep_results import SweepResults
from output import is_standard_output
from run_directory import RunError

NAME = "sweep.png"
PANELS = [("throughput_images_per_s", "throughput (images/s)", 1), ("latency_p95_ms", "latency p95", 1),
          ("accuracy", "top-1 accuracy (%)", 100),
          ("bits_per_value_mean", "bits per value between stages", 1)]
MAX_LINES = 12
MARKERS = "osD^vP"
# Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom; beyond, the expansion in 1/df.
STUDENT_T = [12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157,
             2.228139, 2.200985, 2.178813, 2.160369, 2.144787, 2.131450, 2.119905, 2.109816, 2.100922,
             2.093024, 2.085963, 2.079614, 2.073873, 2.068658, 2.063899, 2.059539, 2.055529, 2.051831,
             2.048407, 2.045230, 2.042272]
SCALES = {"bit/s": [(1e9, "Gbit/s"), (1e6, "Mbit/s"), (1e3, "kbit/s"), (1, "bit/s")],
          "s": [(60, "min"), (1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")],
          "B": [(2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B")],
          "FLOP/s": [(1e12, "TFLOP/s"), (1e9, "GFLOP/s"), (1e6, "MFLOP/s"), (1, "FLOP/s")]}


def student_t(degrees):
    if degrees <= len(STUDENT_T):
        return STUDENT_T[degrees - 1]
    z = 1.959964
    return z + (z**3 + z) / (4 * degrees) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)


class Cell:
    def __init__(self, row, settings):
        self.variant = row["variant"]
        self.figures = row
        self.settings = settings  # key -> (value as written, number or None, unit)

    def text(self, key):
        return self.settings[key][0] if key in self.settings else "-"


class Sweep:
    def __init__(self, path):
        results = SweepResults(path)
        self.database, self.folder, self.name = results.database, results.folder, results.name
        self.keys, self.count = results.keys, len(results.cells)
        self.cells = [Cell(row, results.settings.get(row["position"], {})) for row in results.cells
                      if row["finished"]]
        if not self.cells:
            raise RunError(f"reading {self.database}: no cell has finished")

    def values(self, key):
        return dict.fromkeys(cell.text(key) for cell in self.cells)

    def usual_axis(self):
        """The key that is a number in every cell and has the most values; a key set by variants only
        describes the variant and is taken last."""
        def rank(key):
            of_variants = any(cell.variant for cell in self.cells) and len(
                {(cell.variant, cell.text(key)) for cell in self.cells}) == len(
                    {cell.variant for cell in self.cells})
            return (not of_variants, len(self.values(key)))
        numeric = [key for key in self.keys
                   if all(key in cell.settings and cell.settings[key][1] is not None for cell in self.cells)]
        choice = max(numeric or self.keys, key=rank, default=None)
        if choice is None:
            raise RunError(f"reading {self.database}: no key is swept, so there is nothing to compare over")
        return choice


def label_of(sweep, cell, axis):
    """The variant, and the keys other than the axis that distinguish cells of one variant."""
    parts = [cell.variant] if cell.variant else []
    for key in sweep.keys:
        same_variant = {other.text(key) for other in sweep.cells if other.variant == cell.variant}
        if key != axis and len(same_variant) > 1:
            parts.append(f"{key.rsplit('.', 1)[-1]} {cell.text(key)}")
    return ", ".join(parts) or "all cells"


def lines_of(sweep, axis):
    """Label -> {value of the axis as written -> cells}; both in the order of the sweep."""
    lines = {}
    for cell in sweep.cells:
        lines.setdefault(label_of(sweep, cell, axis), {}).setdefault(cell.text(axis), []).append(cell)
    return lines


def estimate(cells, figure):
    """(mean, half the 95 % confidence interval or 0), or None where no cell has the figure."""
    values = [cell.figures[figure] for cell in cells if cell.figures[figure] is not None]
    if not values:
        return None
    mean = sum(values) / len(values)
    if len(values) < 2:
        return mean, 0.0
    deviation = math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
    return mean, student_t(len(values) - 1) * deviation / math.sqrt(len(values))


class Axis:
    """The swept key as positions: numbers in a readable unit, or words in their order."""

    def __init__(self, sweep, key):
        cells = [cell.settings[key] for cell in sweep.cells if key in cell.settings]
        numbers = [number for _, number, _ in cells]
        self.numeric = bool(cells) and len(cells) == len(sweep.cells) and None not in numbers
        self.words = list(sweep.values(key))
        self.label, self.log, self._number = key, False, {}
        if self.numeric:
            unit = cells[0][2]
            least = min((n for n in numbers if n > 0), default=1)
            factor, name = next(((f, n) for f, n in SCALES.get(unit, []) if f <= least), (1, unit))
            self._number = {text: number / factor for text, number, _ in cells}
            self.label = f"{key} ({name})" if name else key
            self.log = min(numbers) > 0 and max(numbers) / min(numbers) >= 8

    def at(self, text):
        return self._number[text] if self.numeric else self.words.index(text)

    def dress(self, axes):
        axes.set_xlabel(self.label)
        if self.log:
            axes.set_xscale("log")
        ticks = sorted({self.at(text): text for text in self.words}.items())
        if len(ticks) <= 12:
            axes.set_xticks([at for at, _ in ticks],
                            [f"{at:g}" if self.numeric else style.short(text, 16) for at, text in ticks])
            axes.set_xticks([], minor=True)


def draw_panel(axes, lines, axis, panel):
    figure, title, factor = panel
    axes.set_title(title)
    spread = []
    for number, points in enumerate(lines.values()):
        known = [(axis.at(text), estimate(cells, figure)) for text, cells in points.items()]
        known = sorted((at, *value) for at, value in known if value is not None)
        if not known:
            continue
        at, mean, half = (np.array(column, dtype=float) for column in zip(*known))
        colour = style.CYCLE[number % len(style.CYCLE)]
        dashes = "-" if number < len(style.CYCLE) else "--"
        axes.plot(at, mean * factor, dashes, color=colour, marker=MARKERS[number % len(MARKERS)],
                  markersize=5, linewidth=1.8)
        if half.any():
            axes.fill_between(at, (mean - half) * factor, (mean + half) * factor, color=colour, alpha=0.15,
                              linewidth=0)
        spread.extend(mean * factor)
    axes.grid(True)
    axis.dress(axes)
    if figure == "latency_p95_ms":
        unit_latency(axes, spread)
    elif figure != "accuracy":
        axes.set_ylim(bottom=0)


def unit_latency(axes, spread):
    """Latencies that span decades are drawn on a logarithmic axis; those of seconds in seconds."""
    positive = [value for value in spread if value > 0]
    if positive and max(positive) / min(positive) > 25:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    long = positive and max(positive) >= 10_000
    axes.yaxis.set_major_formatter(lambda value, _: f"{value / 1000 if long else value:g}")
    axes.set_title(f"latency p95 ({'s' if long else 'ms'})")


def make(sweep, key):
    axis = Axis(sweep, key)
    lines = lines_of(sweep, key)
    shown = dict(list(lines.items())[:MAX_LINES])
    panels = [panel for panel in PANELS
              if any(cell.figures[panel[0]] is not None for cell in sweep.cells)]
    columns = 3 if len(panels) == 3 else 2
    rows = -(-len(panels) // columns)
    figure = style.new_figure(1.5 + 4.1 * rows)
    height = 1.5 + 4.1 * rows
    grid = figure.add_gridspec(rows, columns, left=0.055, right=0.985, top=1 - 1.25 / height,
                               bottom=0.65 / height, hspace=0.36, wspace=0.14)
    first = None
    for number, panel in enumerate(panels):
        axes = figure.add_subplot(grid[number // columns, number % columns])
        draw_panel(axes, shown, axis, panel)
        first = first or axes
    seeds = Counter(len(cells) for points in lines.values() for cells in points.values())
    n = max(seeds)
    note = f"{len(sweep.cells)} of {sweep.count} cells"
    note += f", {n} replications; bands: 95 % confidence of the mean" if n > 1 else ""
    if len(lines) > len(shown):
        note += f"; {len(lines) - len(shown)} lines more are not drawn"
    figure.text(0.02, 1 - 0.32 / height, sweep.name, fontsize=15, fontweight="bold", va="center")
    figure.text(0.985, 1 - 0.32 / height, note, color=style.QUIET, ha="right", va="center")
    figure.legend(handles=first.get_lines(), labels=[style.short(label, 40) for label in shown],
                  loc="center left", bbox_to_anchor=(0.015, 1 - 0.72 / height), ncols=min(6, len(shown)),
                  borderaxespad=0)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sweep", metavar="SWEEP_DIR", help="a sweep's folder (sweeps/NAME)")
    parser.add_argument("--over", metavar="KEY", help="the swept key on the horizontal axis (default: the "
                        "number with the most values)")
    parser.add_argument("--out", metavar="FILE", help=f"default: SWEEP_DIR/{NAME}")
    arguments = parser.parse_args()
    try:
        sweep = Sweep(arguments.sweep)
        key = arguments.over or sweep.usual_axis()
        if key not in sweep.keys:
            raise RunError(f"--over: {key} is not swept here; these are: {', '.join(sweep.keys)}")
        out = arguments.out or sweep.folder / NAME
        style.save(make(sweep, key), out)
        if not is_standard_output(out):
            print(out)
    except RunError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
