#!/usr/bin/env python3
"""An adaptive quantization policy over the microbatches: the bandwidth of its link, the bits it sent and the
rate it reached. `quantpipe.py RUN_DIR --phases 100,300,500,700` also prints a table of the phases between
these microbatches: rate and bits of the steady part and, where images have labels, accuracy."""

import argparse
import sys

import numpy as np

import style
from run_directory import RunDirectory, RunError
from throughput import link_rate

NAME = "quantpipe.png"
HEIGHT = 6.2
WINDOW = 10  # microbatches over which the rate is taken
ON_THEIR_WAY = 5
STOCK = 3    # periods a consumer keeps in stock, as runtime/policy/paced_consumer.hpp
MOST_LINKS = 3


def adaptive(run):
    """[(from, to)] whose policy had something to choose."""
    rows = run.decisions.where(run.decisions["policy"] != "fixed")
    return list(dict.fromkeys(zip(rows["from"], rows["to"])))[:MOST_LINKS]


def target(run):
    return ((run.summary or {}).get("policy") or {}).get("target_images_per_s")


def decisions_of(run, link):
    rows = run.decisions
    return rows.where((rows["from"] == link[0]) & (rows["to"] == link[1]))


def bandwidth_met(run, link):
    """(microbatch, Mbit/s): the link's mean rate from each decision to the next."""
    rows = decisions_of(run, link)
    time, rate = link_rate(run, link)
    if len(rows) < 2 or len(time) == 0:
        return np.zeros(0), np.zeros(0)
    steps = np.append(time, max(time[-1], rows["time"][-1]) + 1)
    integral = np.concatenate([[0], np.cumsum(rate * np.diff(steps))])
    gaps = np.diff(rows["time"])
    sums = np.diff(np.interp(rows["time"], steps, integral))
    met = np.where(gaps > 0, sums / np.where(gaps > 0, gaps, 1), np.interp(rows["time"][:-1], time, rate))
    return rows["microbatch"][:-1], met


def bits_sent(run, link):
    """(microbatch, bits per value): all-in, headers and ranges included."""
    rows = run.stages.where(run.stages["device"] == link[0])
    known = np.isin(rows["microbatch"], decisions_of(run, link)["microbatch"]) & (rows["values"] > 0)
    rows = rows.where(known)
    stage = rows["stage"].min() if len(rows) else 0
    rows = rows.where(rows["stage"] == stage)
    return rows["microbatch"], 8 * rows["bytes"] / rows["values"]


def rate_over(completed, images, window=WINDOW):
    """Images/s of the `window` microbatches up to each, of fewer at the start; NaN for the first."""
    rate = np.full(len(completed), np.nan)
    total = np.cumsum(images)
    for k in range(1, len(completed)):
        first = max(0, k - window)
        span = completed[k] - completed[first]
        rate[k] = (total[k] - total[first]) / span if span > 0 else np.inf
    return rate


def on_time(completed, images, images_per_s):
    """Whether a consumer at the target rate finds the microbatch without waiting (PacedConsumer)."""
    met = np.ones(len(completed), dtype=bool)
    empty_at = None
    for k, at in enumerate(completed):
        period = images[k] / images_per_s
        empty_at = at + period * (STOCK - 1) if empty_at is None else empty_at
        met[k] = at <= empty_at + 5e-10  # instants are whole nanoseconds
        empty_at = min(max(at, empty_at) + period, at + period * STOCK)
    return met


def draw(figure, cell, run):
    grid = cell.subgridspec(3, 1, hspace=0.16)
    top = figure.add_subplot(grid[0])
    middle, bottom = (figure.add_subplot(grid[row], sharex=top) for row in (1, 2))
    links = adaptive(run)
    top.set_title("Bandwidth, bits and throughput over the microbatches")
    draw_bandwidth(top, run, links)
    draw_bits(middle, run, links)
    draw_rate(bottom, run)
    for axes in (top, middle, bottom):
        axes.grid(True, axis="both")
        axes.yaxis.set_label_coords(-0.045, 0.5)
    for axes in (top, middle):
        axes.tick_params(labelbottom=False, bottom=False)
    last = run.microbatches["microbatch"].max() if len(run.microbatches) else 1
    top.set_xlim(0, max(last, 1))
    bottom.set_xlabel("microbatch")


def draw_bandwidth(axes, run, links):
    axes.set_ylabel("Mbit/s")
    drawn = []
    for link in links:
        colour = run.colour_of(link)
        microbatch, rate = bandwidth_met(run, link)
        if len(rate) == 0:
            continue
        axes.step(microbatch, rate, where="post", color=colour, linewidth=1.6,
                  label=f"bandwidth {style.short(link[0], 14)} → {style.short(link[1], 14)}")
        drawn.append(rate)
    if not drawn:
        axes.set_ylim(0, 1)
        return style.say_empty(axes, "the links' bandwidth is not known")
    rates = np.concatenate(drawn)
    if rates.min() > 0 and rates.max() > 25 * rates.min():
        axes.set_yscale("log")
    else:
        axes.set_ylim(0, rates.max() * 1.15 or 1)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 0.97), ncols=len(links), borderaxespad=0.2)
    return None


def draw_bits(axes, run, links):
    axes.set_ylabel("bits/value")
    widest = 0.0
    for link in links:
        colour = run.colour_of(link)
        microbatch, bits = bits_sent(run, link)
        if len(bits) == 0:
            continue
        axes.step(microbatch, bits, where="post", color=colour, linewidth=1.4,
                  label=f"sent by {style.short(link[0], 14)} ({decisions_of(run, link)['policy'][0]})")
        widest = max(widest, bits.max())
    if widest == 0:
        axes.set_ylim(0, 1)
        return style.say_empty(axes, "no stage had sent a microbatch")
    axes.set_ylim(0, widest * 1.15)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 0.97), ncols=len(links), borderaxespad=0.2)
    return None


def draw_rate(axes, run):
    axes.set_ylabel("images/s")
    done = run.microbatches
    if len(done) < 2:
        axes.set_ylim(0, 1)
        return style.say_empty(axes, "no two microbatches were completed")
    rate = rate_over(done["completed"], done["images"])
    wanted = target(run)
    finite = rate[np.isfinite(rate)]
    most = np.percentile(finite, 99) if len(finite) else 1.0
    axes.plot(done["microbatch"], rate, color=style.BLUE, linewidth=1.5,
              label=f"rate of the {WINDOW} microbatches up to it")
    if wanted:
        axes.axhline(wanted, color=style.INK, linewidth=1, linestyle=(0, (5, 4)),
                     label=f"target, {style.significant(wanted)} images/s")
        late = ~on_time(done["completed"], done["images"], wanted)
        axes.plot(done["microbatch"][late], np.full(late.sum(), 0.03 * max(most, wanted)), "|",
                  color=style.VERMILLION, markersize=9,
                  label=f"late, {late.sum()} of {len(late)}")
    axes.set_ylim(0, max(most, wanted or 0) * 1.3)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 0.97), ncols=3, borderaxespad=0.2)
    return None


def phases_of(run, boundaries):
    """[(first, end, rate, bits, accuracy)] of the parts between the boundaries. Rate and bits are those of
    the steady part: without the first half, in which a policy may still react, and without the last few,
    which are on their way when the next phase begins. Accuracy is that of all; None without labels."""
    done, ranks = run.microbatches, run.label_ranks
    number, bits = bits_sent(run, adaptive(run)[0]) if adaptive(run) else (np.zeros(0), np.zeros(0))
    count = int(done["microbatch"].max()) + 1 if len(done) else 0
    edges = [0, *[b for b in boundaries if 0 < b < count], count]
    rows = []
    for first, end in zip(edges, edges[1:]):
        steady = range((first + end) // 2, max((first + end) // 2 + 2, end - ON_THEIR_WAY))
        inside = (done["microbatch"] >= steady.start) & (done["microbatch"] < steady.stop)
        completed, images = done["completed"][inside], done["images"][inside]
        span = completed[-1] - completed[0] if len(completed) > 1 else 0.0
        rate = images[1:].sum() / span if span > 0 else float("nan")
        sent = bits[(number >= steady.start) & (number < steady.stop)]
        rows.append((first, end, rate, sent.mean() if len(sent) else float("nan"),
                     accuracy_of(ranks, first, end)))
    return rows


def accuracy_of(ranks, first, end):
    """Share of images classified right, of a phase's every microbatch."""
    rank = ranks.where((ranks["microbatch"] >= first) & (ranks["microbatch"] < end))
    known = np.isfinite(rank["label_rank"])
    return float((rank["label_rank"][known] == 0).mean()) if known.any() else None


def print_phases(run, boundaries):
    wanted = target(run)
    print(f"{'microbatches':>14} {'images/s':>9} {'of target':>9} {'bits/value':>10} {'accuracy':>9}")
    for first, end, rate, bits, accuracy in phases_of(run, boundaries):
        share = f"{100 * rate / wanted:.1f} %" if wanted else "-"
        right = f"{100 * accuracy:.2f} %" if accuracy is not None else "-"
        print(f"{f'{first}..{end - 1}':>14} {rate:9.2f} {share:>9} {bits:10.3f} {right:>9}")


def make(run):
    figure = style.new_figure(HEIGHT)
    grid = figure.add_gridspec(1, 1, left=0.065, right=0.985, top=0.93, bottom=0.09)
    draw(figure, grid[0], run)
    return figure


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", metavar="RUN_DIR")
    parser.add_argument("--phases", help="microbatches at which phases begin, e.g. 100,300,500,700")
    options = parser.parse_args(arguments)
    try:
        run = RunDirectory(options.run)
        boundaries = [int(each) for each in options.phases.split(",")] if options.phases else None
    except (RunError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 3 if isinstance(error, RunError) else 2
    if boundaries is not None:
        print_phases(run, boundaries)
    print(style.save(make(run), run.path / NAME))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
