#!/usr/bin/env python3
"""Accuracy over bits per value, a line for each codec: from the tables that `millrace-node eval` writes.

    analysis/accuracy.py EVAL.csv... [-o PICTURE.png]

Several tables are drawn as one, so they should be of the same model and images. Left: the mean over the cuts
that all tables have; right: the worst cut. The bands are Wilson's 95 % interval for that number of images."""

import argparse
import csv
import math
import sys
from collections import defaultdict
from pathlib import Path

import style
from output import is_standard_output

COLUMNS = ["codec", "scope", "bits", "cuts", "correct", "count", "bits_per_value"]
Z = 1.959963984540054  # the 97.5 % point of the normal distribution
MARKERS = {"image": "o", "token": "s", "tensor": "^", "none": "D"}
LINES = {"image": "-", "token": (0, (5, 2)), "tensor": (0, (1, 1.5)), "none": "-"}
COLOURS = style.CYCLE + ["#7f3f98", "#8c6d31", "#4d4d4d", "#17a2b8"]


class TableError(Exception):
    """A table that cannot be drawn, as a sentence."""


def wilson(share, count):
    """Wilson's 95 % interval of a share of so many."""
    middle = share + Z * Z / (2 * count)
    half = Z * math.sqrt(share * (1 - share) / count + Z * Z / (4 * count * count))
    norm = 1 + Z * Z / count
    return max(0.0, (middle - half) / norm), min(1.0, (middle + half) / norm)


def read_table(path):
    """Rows with numbers as numbers. A last line that was cut short is dropped."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(f"{path}: {error}") from error
    lines = text[:text.rfind("\n") + 1].splitlines()
    if not lines or lines[0] != ",".join(COLUMNS):
        raise TableError(f"{path}: the first line must be {','.join(COLUMNS)}")
    rows = []
    for number, fields in enumerate(csv.reader(lines[1:]), 2):
        try:
            row = dict(zip(COLUMNS, fields, strict=True))
            row.update(bits=float(row["bits"]), correct=int(row["correct"]), count=int(row["count"]),
                       bits_per_value=float(row["bits_per_value"]))
        except ValueError as error:
            raise TableError(f"{path}:{number}: {error}") from error
        sound = math.isfinite(row["bits_per_value"]) and row["bits_per_value"] > 0
        if not (row["count"] > 0 and 0 <= row["correct"] <= row["count"] and sound):
            raise TableError(f"{path}:{number}: {row['correct']} of {row['count']} at "
                             f"{row['bits_per_value']} bits cannot be")
        if row["scope"] not in MARKERS:
            raise TableError(f"{path}:{number}: scope \"{row['scope']}\" is not known")
        rows.append(row)
    return rows


def read_tables(paths):
    """All rows, each combination once; the last one read counts."""
    rows = {}
    for path in paths:
        for row in read_table(path):
            rows[row["codec"], row["scope"], row["bits"], row["cuts"]] = row
    counts = {row["count"] for row in rows.values()}
    if len(counts) > 1:
        raise TableError(f"the tables are of different numbers of images: {sorted(counts)}")
    return list(rows.values())


def shared_cuts(rows):
    """The cuts that every codec, scope and width has been evaluated at: means compare only there."""
    groups = defaultdict(set)
    for row in rows:
        if row["codec"] != "none":
            groups[row["codec"], row["scope"], row["bits"]].add(row["cuts"])
    shared = set.intersection(*groups.values()) if groups else set()
    if groups and not shared:
        raise TableError("the codecs have no cut in common: evaluate them at the same ones")
    return shared


def curves(rows, cuts):
    """{(codec, scope): [(bits per value, mean share, lowest), ...]} over these cuts, in the order of bits."""
    groups = defaultdict(list)
    for row in rows:
        if row["cuts"] in cuts:
            groups[row["codec"], row["scope"], row["bits"]].append(row)
    found = defaultdict(list)
    for (codec, scope, _), group in groups.items():
        shares = [row["correct"] / row["count"] for row in group]
        bits = sum(row["bits_per_value"] for row in group) / len(group)
        found[codec, scope].append((bits, sum(shares) / len(shares), min(shares)))
    return {key: sorted(points) for key, points in found.items()}


def scale_bits(axes, lines):
    """Logarithmic where 16 bits and more would squeeze the narrow widths together."""
    bits = [point[0] for points in lines.values() for point in points]
    if bits and max(bits) > 10:
        axes.set_xscale("log", base=2)
        shown = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
        low, high = min(bits) / 1.3, max(bits) * 1.3
        ticks = [tick for tick in shown if low < tick < high]
        axes.set_xticks(ticks, [str(tick) for tick in ticks])
        axes.minorticks_off()


def draw(axes, lines, choose, rows, title):
    colours = {codec: COLOURS[place % len(COLOURS)]
               for place, codec in enumerate(dict.fromkeys(codec for codec, _ in lines))}
    count = rows[0]["count"]
    for (codec, scope), points in lines.items():
        bits, shares = [point[0] for point in points], [choose(point) for point in points]
        label = codec if scope == "none" else f"{codec}, per {scope}"
        axes.plot(bits, [100 * share for share in shares], color=colours[codec], linestyle=LINES[scope],
                  marker=MARKERS[scope], markersize=5, linewidth=1.6, label=label)
        low, high = zip(*(wilson(share, count) for share in shares))
        low, high = [100 * share for share in low], [100 * share for share in high]
        if len(points) > 1:
            axes.fill_between(bits, low, high, color=colours[codec], alpha=0.1, linewidth=0)
        else:
            axes.errorbar(bits, [100 * shares[0]], [[100 * shares[0] - low[0]], [high[0] - 100 * shares[0]]],
                          color=colours[codec], alpha=0.5, capsize=3, linewidth=1)
    for row in rows:
        if row["codec"] == "none":
            share = row["correct"] / row["count"]
            low, high = wilson(share, row["count"])
            axes.axhspan(100 * low, 100 * high, color=style.INK, alpha=0.06, linewidth=0)
            axes.axhline(100 * share, color=style.INK, linewidth=1, linestyle=(0, (5, 4)),
                         label=f"fp32, {100 * share:.2f} %")
    axes.set_title(title)
    axes.set_xlabel("bits per value, everything counted")
    axes.set_ylabel("top-1 (%)")
    axes.set_ylim(0, 100)
    scale_bits(axes, lines)
    axes.grid(True)
    if not lines:
        style.say_empty(axes, "no quantized cut was evaluated")


def make(rows):
    figure = style.new_figure(6.4)
    cuts = shared_cuts(rows)
    lines = curves(rows, cuts)
    several = len(cuts) > 1
    grid = figure.add_gridspec(1, 2 if several else 1, left=0.055, right=0.83, top=0.9, bottom=0.1,
                               wspace=0.16)
    where = f"Mean over {len(cuts)} cuts" if several else f"Cut {' '.join(cuts) or 'none'}"
    left = figure.add_subplot(grid[0])
    draw(left, lines, lambda point: point[1], rows, f"{where}, {rows[0]['count']} images")
    if several:
        draw(figure.add_subplot(grid[1]), lines, lambda point: point[2], rows, "Worst of these cuts")
    figure.legend(*left.get_legend_handles_labels(), loc="upper left", bbox_to_anchor=(0.835, 0.91))
    return figure


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("tables", nargs="+", metavar="EVAL.csv", help="written by millrace-node eval")
    parser.add_argument("-o", "--out", metavar="PICTURE.png", help="without it beside the first table")
    given = parser.parse_args(arguments)
    try:
        rows = read_tables(given.tables)
        if not rows:
            raise TableError(f"{given.tables[0]}: holds no complete row")
        figure = make(rows)
    except TableError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    out = given.out or Path(given.tables[0]).with_suffix(".png")
    style.save(figure, out)
    if not is_standard_output(out):
        print(out)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
