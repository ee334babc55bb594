"""Figures of a sweep for papers: each figure of merit over the swept key, with 95 % confidence intervals, and
accuracy against throughput."""

import math

from . import colours
from .figures import DASHES, legend_above, new_figure, styled
from .sweep_results import FIGURES, student_t
from .tables import RunError

MARKERS = "osD^vP"
PANELS = ["throughput_images_per_s", "latency_p95_ms", "accuracy", "bits_per_value_mean"]


def mean_ci(values):
    """(mean, half the 95 % confidence interval, 0 of one value)"""
    mean = math.fsum(values) / len(values)
    if len(values) < 2:
        return mean, 0.0
    variance = math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return mean, student_t(len(values) - 1) * math.sqrt(variance / len(values))


def usual_key(sweep):
    """The key that is a number in every cell and has the most values."""
    numbers = {key: sweep.column(key)[1] for key in sweep.keys}
    whole = [key for key, values in numbers.items() if values and None not in values]
    if not whole:
        raise RunError(
            f"reading {sweep.database}: no swept key is a number in every cell; nothing to draw over"
        )
    return max(whole, key=lambda key: len(set(numbers[key])))


def groups_of(sweep, key):
    """{label: [cell number]}: what differs beside `key` and the seed: the variant, else the other keys."""
    labels = {}
    varying = [other for other in sweep.keys if other != key and len(set(sweep.column(other)[0])) > 1]
    texts = {other: sweep.column(other)[0] for other in varying}
    for number, cell in enumerate(sweep.cells):
        variant = cell.get("variant")
        own = [other for other in varying if not _follows(sweep, texts[other])]
        parts = ([variant] if variant else []) + [
            f"{other.rsplit('.', 1)[-1]} {texts[other][number]}" for other in own
        ]
        labels.setdefault(", ".join(parts) or "all", []).append(number)
    return labels


def _follows(sweep, texts):
    """Whether the variant decides the value."""
    seen = {}
    return all(seen.setdefault(cell.get("variant"), text) == text and cell.get("variant")
               for cell, text in zip(sweep.cells, texts))  # fmt: skip


def points_of(numbers, values, cells):
    """[(x, mean, half)] in order of x; `cells`: which."""
    at = {}
    for cell in cells:
        if values[cell] is not None and numbers[cell] is not None:
            at.setdefault(numbers[cell], []).append(values[cell])
    return sorted((x, *mean_ci(own)) for x, own in at.items())


@styled
def over(sweep, key, column, width):
    """A figure of merit over a key, a line for each variant. None where no cell has it."""
    _, numbers, unit = sweep.scaled(key)
    name, what, factor = next((name, unit, factor) for each, name, unit, factor in FIGURES if each == column)
    values = sweep.figure(column, factor)
    if numbers is None:
        raise RunError(f"--over {key}: not a number in every cell")
    if all(value is None for value in values):
        return None
    figure = new_figure(width, 0.25 * width + 1.4)
    axes = figure.add_subplot()
    for place, (label, cells) in enumerate(groups_of(sweep, key).items()):
        points = points_of(numbers, values, cells)
        if points:
            x, mean, half = zip(*points)
            _draw(axes, place, label, x, mean, half)
    axes.set_xlabel(f"{key} ({unit})" if unit else key)
    axes.set_ylabel(f"{name} ({what})" if what else name)
    known = [number for number in numbers if number is not None]
    if min(known) > 0 and max(known) / min(known) >= 8:
        axes.set_xscale("log")
        ticks = sorted(set(known))
        if len(ticks) <= 8:
            axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
            axes.set_xticks([], minor=True)
    positive = [value for value in values if value is not None and value > 0]
    if column.startswith("latency") and positive and max(positive) > 25 * min(positive):
        axes.set_yscale("log")
    elif column != "accuracy":
        axes.set_ylim(bottom=0)
    legend_above(axes, 3 if width < 5 else 5)
    return figure


def _draw(axes, place, label, x, mean, half):
    colour = colours.DEVICES[1 + place % (len(colours.DEVICES) - 1)][0]
    marker, dashes = MARKERS[place % len(MARKERS)], DASHES[place // 6 % len(DASHES)]
    axes.errorbar(x, mean, yerr=half if any(half) else None, color=colour, marker=marker, markersize=3,
                  linestyle=dashes, capsize=2, elinewidth=0.7, label=label)  # fmt: skip


@styled
def accuracy_against_rate(sweep, key, width):
    """Accuracy over throughput, a point for each group of replications. None without accuracies."""
    rate, accuracy = sweep.figure("throughput_images_per_s"), sweep.figure("accuracy", 100)
    if all(value is None for value in accuracy):
        return None
    texts = sweep.column(key)[0]
    figure = new_figure(width, 0.25 * width + 1.4)
    axes = figure.add_subplot()
    for place, (label, cells) in enumerate(groups_of(sweep, key).items()):
        at = {}
        for cell in cells:
            if rate[cell] is not None and accuracy[cell] is not None:
                at.setdefault(texts[cell], []).append(cell)
        points = sorted((mean_ci([rate[cell] for cell in own])[0], *mean_ci([accuracy[cell] for cell in own]))
                        for own in at.values())  # fmt: skip
        if points:
            _draw(axes, place, label, *zip(*points))
    axes.set_xlabel("throughput (images/s)")
    axes.set_ylabel("top-1 accuracy (%)")
    legend_above(axes, 3 if width < 5 else 5)
    return figure


def of_sweep(sweep, key, width):
    """{name: figure}"""
    if not any(cell["finished"] for cell in sweep.cells):
        raise RunError(f"reading {sweep.database}: no cell has finished")
    if key and key not in sweep.keys:
        raise RunError(f"--over: {key} is not swept here; these are: {', '.join(sweep.keys)}")
    key = key or usual_key(sweep)
    names = {"throughput_images_per_s": "throughput", "latency_p95_ms": "latency", "accuracy": "accuracy",
             "bits_per_value_mean": "bits"}  # fmt: skip
    made = {names[column]: over(sweep, key, column, width) for column in PANELS}
    made["accuracy-against-rate"] = accuracy_against_rate(sweep, key, width)
    return {name: figure for name, figure in made.items() if figure is not None}
