#!/usr/bin/env python3
"""Throughput over the last seconds, the bandwidth of the links and the bit width of the stages, over time."""

import sys

import numpy as np

import style
from millrace import reduction

NAME = "throughput.png"
HEIGHT = 5.6
MOST_LINKS = 3
MAX_POINTS = 1200  # one per pixel column; a denser trace is its mean with a band from min to max


def draw(figure, cell, run):
    """Three axes over one time axis, in the cell of a grid."""
    grid = cell.subgridspec(3, 1, height_ratios=[1.5, 1.1, 0.9], hspace=0.16)
    top = figure.add_subplot(grid[0])
    middle, bottom = (figure.add_subplot(grid[row], sharex=top) for row in (1, 2))
    factor, unit = style.time_unit(run.duration)
    links = shown_links(run)
    colours = {link: run.colour_of(link) for link in links}
    draw_throughput(top, run, factor)
    draw_bandwidth(middle, run, colours, factor)
    draw_bits(bottom, run, colours, factor)
    for axes in (top, middle, bottom):
        axes.grid(True, axis="both")
        axes.yaxis.set_label_coords(-0.045, 0.5)
    for axes in (top, middle):
        axes.tick_params(labelbottom=False, bottom=False)
    top.set_xlim(0, run.duration * factor or 1)
    bottom.set_xlabel(f"scenario time ({unit})")
    top.set_title("Throughput, bandwidth and bit width")


def window_of(run):
    return reduction.window_of(run.microbatches["completed"], run.duration)


def draw_throughput(axes, run, factor):
    axes.set_ylabel("images/s")
    if len(run.microbatches) == 0 or run.duration == 0:
        axes.set_ylim(0, 1)
        return style.say_empty(axes, "no microbatch was completed")
    window = window_of(run)
    at, rate = reduction.causal_rate(run.microbatches["completed"], run.microbatches["images"], window)
    highest = rate.max()
    at, rate, *_ = reduction.reduced_samples(at, rate, MAX_POINTS, run.duration)
    mean = run.microbatches["images"].sum() / run.duration
    axes.fill_between(at * factor, rate, color=style.BLUE, alpha=0.12, linewidth=0)
    axes.plot(at * factor, rate, color=style.BLUE, linewidth=1.8,
              label=f"over the last {style.duration_text(window)}")
    axes.axhline(mean, color=style.INK, linewidth=1, linestyle=(0, (5, 4)),
                 label=f"whole run, {style.significant(mean)} images/s")
    axes.set_ylim(0, max(highest, mean) * 1.1)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 0.99), ncols=2, borderaxespad=0.2)


def shown_links(run):
    """Of the links that carry activations, those whose bandwidth changes, else the slowest."""
    carrying = run.active_links or dict.fromkeys(zip(run.bandwidth["from"], run.bandwidth["to"]))
    rates = {link: link_rate(run, link)[1] for link in carrying}
    rates = {link: rate for link, rate in rates.items() if len(rate)}
    slowest_first = sorted(rates, key=lambda link: rates[link].mean())
    changing = [link for link in slowest_first if np.ptp(rates[link]) > 0]
    return (changing or slowest_first[:1])[:MOST_LINKS]


def link_rate(run, link):
    mask = (run.bandwidth["from"] == link[0]) & (run.bandwidth["to"] == link[1])
    order = np.argsort(run.bandwidth["time"][mask], kind="stable")
    return run.bandwidth["time"][mask][order], run.bandwidth["rate_mbit_per_s"][mask][order]


def draw_bandwidth(axes, run, colours, factor):
    axes.set_ylabel("Mbit/s")
    if not colours or run.duration == 0:
        axes.set_ylim(0, 1)
        return style.say_empty(axes, "the links' bandwidth is not known")
    everything = []
    for link, colour in colours.items():
        time, rate = link_rate(run, link)
        label = f"bandwidth {link[0]} → {link[1]}"
        if len(time) > MAX_POINTS:
            time, rate, low, high = reduction.reduced_steps(time, rate, MAX_POINTS, run.duration)
            edges = np.append(time, run.duration)
            axes.fill_between(edges * factor, np.append(low, low[-1]), np.append(high, high[-1]), step="post",
                              color=colour, alpha=0.2, linewidth=0)
        time, rate = np.append(time, max(run.duration, time[-1])), np.append(rate, rate[-1])
        axes.step(time * factor, rate, where="post", color=colour, linewidth=1.6, label=label)
        axes.fill_between(time * factor, rate, step="post", color=colour, alpha=0.07, linewidth=0)
        everything.append(rate)
    scale_rates(axes, np.concatenate(everything))
    axes.legend(loc="lower right", bbox_to_anchor=(1, 0.97), ncols=len(colours), borderaxespad=0.2)


def scale_rates(axes, rates):
    """Logarithmic where the largest rate would flatten the others; outages lie on the axis."""
    positive = rates[rates > 0]
    if len(positive) == 0 or positive.max() <= 25 * np.percentile(positive, 10):
        axes.set_ylim(0, (rates.max() or 1) * 1.12)
        return
    lowest = max(positive.min(), positive.max() / 1e4)
    decades = 10.0 ** np.arange(np.ceil(np.log10(lowest)), np.log10(positive.max()) + 0.01)
    if (rates < lowest).any():
        axes.set_yscale("symlog", linthresh=lowest, linscale=0.5)
        axes.set_ylim(0, positive.max() * 1.8)
        decades = np.append(0, decades)
    else:
        axes.set_yscale("log")
        axes.set_ylim(lowest / 1.8, positive.max() * 1.8)
    axes.set_yticks(decades, [f"{value:g}" for value in decades])
    axes.minorticks_off()


def draw_bits(axes, run, colours, factor):
    """The stages that send into the links shown, or all stages where no link is shown."""
    axes.set_ylabel("bits/value")
    axes.set_ylim(0, 34)
    devices = {link[0]: colour for link, colour in colours.items()}
    senders = [stage for stage in run.stage_numbers() if run.device_of(stage) in devices]
    senders = senders or run.stage_numbers()[:len(style.CYCLE)]
    if not senders:
        return style.say_empty(axes, "no stage had finished a microbatch")
    for stage, other in zip(senders, style.CYCLE):
        device = run.device_of(stage)
        rows = run.work_of(stage)
        colour = devices.get(device, other)
        end = np.append(rows["encoded"], run.duration) * factor
        axes.step(end, np.append(rows["bit_width"], rows["bit_width"][-1]), where="post", color=colour,
                  linewidth=1.6, label=f"bit width stage {stage} ({device})")
    widest = run.stages["bit_width"][np.isin(run.stages["stage"], senders)].max()
    axes.set_ylim(0, max(4.0, widest) * 1.15)
    axes.set_yticks(range(0, 9, 2) if widest <= 9 else range(0, 17, 4) if widest <= 17 else range(0, 33, 8))
    axes.legend(loc="lower right", bbox_to_anchor=(1, 0.96), ncols=3, borderaxespad=0.2)
    return None


def make(run):
    figure = style.new_figure(HEIGHT)
    grid = figure.add_gridspec(1, 1, left=0.065, right=0.985, top=0.93, bottom=0.09)
    draw(figure, grid[0], run)
    return figure


if __name__ == "__main__":
    sys.exit(style.figure_main(make, NAME))
