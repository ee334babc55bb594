#!/usr/bin/env python3
"""Traffic of the simulated links over time: bytes delivered and capacity of each, and bytes that waited, were
dropped or were lost. From links.csv."""

import sys

import numpy as np

import style
from throughput import scale_rates

NAME = "links.png"
MAX_LINKS = 6
MAX_STEPS = 600  # more intervals than that are drawn as sums of several
ROW_INCHES = 1.5
HEAD_INCHES = 0.35  # space above the axes for the figure's title; in its usual place stands the first link's
BYTES = ["offered", "delivered", "dropped", "lost", "capacity"]


def height(run):
    return 1.35 + ROW_INCHES * max(1, len(shown_links(run)))


def rows_of(run, link):
    rows = run.links.where((run.links["from"] == link[0]) & (run.links["to"] == link[1]))
    return rows.where(np.argsort(rows["time"], kind="stable"))


def used_links(run):
    """[(from, to)] of the links that were offered any bytes, the most utilised first."""
    shares = {}
    for link in dict.fromkeys(zip(run.links["from"], run.links["to"])):
        rows = rows_of(run, link)
        if rows["offered_bytes"].sum() > 0:
            shares[link] = rows["delivered_bytes"].sum() / max(rows["capacity_bytes"].sum(), 1.0)
    return sorted(shares, key=lambda link: -shares[link])


def shown_links(run):
    return used_links(run)[:MAX_LINKS]


def intervals_of(run, link):
    """{"begin", "end" in s; "offered", "delivered", "dropped", "lost", "capacity", "queued" in bytes} of at
    most MAX_STEPS intervals; merged intervals have the sums, and the longest queue."""
    rows = rows_of(run, link)
    starts = np.arange(0, len(rows), -(-len(rows) // MAX_STEPS))
    end = rows["time"] + rows["interval"]
    merged = {"begin": rows["time"][starts], "end": end[np.append(starts[1:], len(rows)) - 1],
              "queued": np.maximum.reduceat(rows["queued_bytes"], starts)}
    return merged | {name: np.add.reduceat(rows[f"{name}_bytes"], starts) for name in BYTES}


def draw(figure, cell, run):
    links = shown_links(run)
    factor, unit = style.time_unit(run.duration)
    grid = cell.subgridspec(max(1, len(links)), 2, width_ratios=[1.7, 1], hspace=0.62, wspace=0.15)
    axes = [[figure.add_subplot(grid[row, column]) for column in (0, 1)] for row in range(max(1, len(links)))]
    for row, link in enumerate(links):
        steps = intervals_of(run, link)
        draw_rates(axes[row][0], steps, factor)
        draw_waiting(axes[row][1], steps, factor)
        axes[row][0].set_title(f"{style.short(link[0], 20)} → {style.short(link[1], 20)}", fontsize=10)
        axes[row][0].set_title(sentence(steps), loc="right", fontsize=9, color=style.QUIET,
                               fontweight="normal")
    if not links:
        for place in axes[0]:
            place.set_yticks([])
        style.say_empty(axes[0][0], "nothing was sent over a simulated link")
    for pair in axes:
        for place in pair:
            place.set_xlim(0, run.duration * factor or 1)
            place.grid(True, axis="both")
            place.yaxis.set_label_coords(-0.058 if place is pair[0] else -0.105, 0.5)
            place.tick_params(labelbottom=pair is axes[-1], bottom=pair is axes[-1])
    for place in axes[-1]:
        place.set_xlabel(f"scenario time ({unit})")
    head_and_legends(figure, cell, run, axes)


def head_and_legends(figure, cell, run, axes):
    box = cell.get_position(figure)
    inch = 1 / figure.get_size_inches()[1]
    used, shown = len(used_links(run)), len(shown_links(run))
    title = "Links" if used == shown else f"Links: the {shown} of {used} with most of their capacity in use"
    figure.text(box.x0, box.y1 + HEAD_INCHES * inch, title, fontsize=12, fontweight="bold", va="bottom")
    for column in zip(*axes):
        handles = {}
        for place in column:
            handles |= {label: handle for handle, label in zip(*place.get_legend_handles_labels())}
        if handles:
            figure.legend(handles=handles.values(), loc="lower right", ncols=len(handles), borderaxespad=0,
                          bbox_to_anchor=(column[0].get_position().x1, box.y1 + (HEAD_INCHES - 0.06) * inch),
                          handlelength=1.4)


def draw_rates(axes, steps, factor):
    """Mbit/s of each interval."""
    seconds = np.where(steps["end"] > steps["begin"], steps["end"] - steps["begin"], np.inf)
    capacity, delivered = (steps[name] * 8e-6 / seconds for name in ("capacity", "delivered"))
    edges = np.append(steps["begin"], steps["end"][-1]) * factor
    axes.stairs(delivered, edges, fill=True, color=style.BLUE, alpha=0.45, linewidth=0, label="delivered")
    axes.stairs(capacity, edges, baseline=None, color=style.INK, linewidth=1.1, label="capacity")
    axes.set_ylabel("Mbit/s")
    highest = max(capacity.max(), delivered.max())
    if delivered.max() >= 0.04 * highest or delivered.max() == 0:
        return scale_rates(axes, np.append(capacity, highest))
    # A link that was hardly used keeps its traffic visible; its capacity is then above the picture.
    axes.set_ylim(0, 2 * delivered.max())
    axes.text(0.995, 0.93, f"capacity {style.significant(capacity.max())} Mbit/s", ha="right", va="top",
              transform=axes.transAxes, fontsize=9, color=style.QUIET)
    return None


def draw_waiting(axes, steps, factor):
    """kB: what waited at the end of each interval, and what was dropped or lost within it."""
    edges = np.append(steps["begin"], steps["end"][-1]) * factor
    drawn = [steps["queued"].max()]
    axes.plot(steps["end"] * factor, steps["queued"] / 1e3, color=style.GREEN, linewidth=1.3, label="waiting")
    for name, colour in (("dropped", style.VERMILLION), ("lost", style.ORANGE)):
        if steps[name].max() == 0:
            continue
        label = f"{name}, per interval"
        axes.stairs(steps[name] / 1e3, edges, fill=True, color=colour, alpha=0.8, linewidth=0, label=label)
        drawn.append(steps[name].max())
    axes.set_ylim(0, max(drawn) / 1e3 * 1.12 or 1)
    axes.set_ylabel("kB")


def sentence(steps):
    capacity, offered = steps["capacity"].sum(), steps["offered"].sum()
    parts = [amount(steps["delivered"].sum()) + " delivered"]
    if capacity > 0:
        parts.append(f"{100 * steps['delivered'].sum() / capacity:.1f} % of capacity")
    for name in ("dropped", "lost"):
        if steps[name].sum() > 0:
            parts.append(f"{100 * steps[name].sum() / offered:.2g} % {name}")
    return ", ".join(parts)


def amount(count):
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= factor:
            return f"{style.significant(count / factor)} {unit}"
    return f"{count:.0f} B"


def make(run):
    figure, cell = style.single(height(run), left=0.065, right=0.985, above=0.75, below=0.5)
    draw(figure, cell, run)
    return figure


if __name__ == "__main__":
    sys.exit(style.figure_main(make, NAME))
