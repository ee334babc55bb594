"""The time series of a run, as the page's panels take them. A panel has at most a dozen series that can be
told apart; those with the most to see are shown first, the others can be switched on."""

import numpy as np

from ..reduction import reduced_samples
from ..words import duration_text
from .html import evenly, packed

PANELS = [
    ["throughput", "Throughput", "images/s", 180],
    ["rate", "Links: capacity and what activations use", "Mbit/s", 190],
    ["bits", "Bits", "bits per value", 150],
    ["inputs", "Inputs waiting in front of stages", "microbatches", 140],
    ["bytes", "Waiting at links' sending ends", "kB", 140],
    ["lost", "Dropped and lost on links", "kB/s", 120],
]
MOST_SERIES, MOST_SHOWN, RUNS = 24, 6, 3  # beyond three runs each has fewer series


def _series(panel, name, colour, points, step, hidden=False, dash=0):
    time, value, low, high = points
    made = {
        "panel": panel,
        "name": name,
        "colour": colour,
        "step": step,
        "hidden": hidden,
        "dash": dash,
        "t": time if isinstance(time, dict) else packed(time, "f8"),
        "v": packed(value, "f4"),
    }
    if low is not None:
        made |= {"lo": packed(low, "f4"), "hi": packed(high, "f4")}
    return made


def link_name(link):
    return f"{link[0]} → {link[1]}"


def of_run(run, colour, runs=1):
    most = MOST_SERIES if runs <= RUNS else MOST_SERIES // 3
    series = [
        _series(
            "throughput", f"over the last {duration_text(run.window)}", colour, run.throughput_series(), False
        )
    ]
    series += _rates(run, most) + _bits(run, most) + _inputs(run, most) + _bytes(run, most)
    return series


def _even(run, values):
    return evenly(run.duration / run.bins, run.bins), values, None, None


def _rates(run, most):
    """The capacity of each link in use, and what its activations take of it."""
    numbers = run.transfers.links
    links = run.active_links[: most // 2]
    capacity = {link: run.capacity_series(link) for link in links}
    known = {link: points for link, points in capacity.items() if points is not None}
    changing = [link for link, points in known.items() if np.ptp(points[1]) > 0]
    slowest = sorted(known, key=lambda link: known[link][1].mean())[:1]
    shown = set((changing or slowest or links)[:3])
    carried = run.transfers.carried.result() * 8e-6
    series = []
    for link in links:
        colour = f"{link[0]}>{link[1]}"
        if link in known:
            series.append(
                _series(
                    "rate", f"capacity {link_name(link)}", colour, known[link], True, link not in shown, 1
                )
            )
        series.append(
            _series(
                "rate",
                f"used {link_name(link)}",
                colour,
                _even(run, carried[numbers[link]]),
                True,
                link not in shown,
            )
        )
    return series


def _bits(run, most):
    """All bits sent over the values, headers included, of each stage that sends to another."""
    found = []
    for stage in run.stage_numbers:
        points = run.stages.bits.series(stage)
        if len(points[0]):
            found.append((float(np.ptp(points[1])), stage, points))
    last = run.stage_numbers[-1] if run.stage_numbers else 0
    ranked = sorted(found, key=lambda each: (each[1] == last and len(found) > 1, -each[0], each[1]))[:most]
    return [
        _series(
            "bits",
            f"stage {stage} ({run.stages.devices[stage]})",
            run.stages.devices[stage],
            points,
            True,
            at >= MOST_SHOWN or (stage == last and len(found) > 1),
        )
        for at, (_, stage, points) in enumerate(ranked)
    ]


def _inputs(run, most):
    waiting = run.stages.waiting.result()
    ranked = sorted(run.stage_numbers, key=lambda stage: -waiting[stage].sum())[:most]
    return [
        _series(
            "inputs",
            f"stage {stage} ({run.stages.devices[stage]})",
            run.stages.devices[stage],
            _even(run, waiting[stage]),
            True,
            at >= MOST_SHOWN,
        )
        for at, stage in enumerate(ranked)
    ]


def _bytes(run, most):
    series = []
    used = [link for link in run.traffic if run.traffic[link]["queued_bytes"].max(initial=0) > 0]
    ranked = sorted(used, key=lambda link: -run.traffic[link]["queued_bytes"].mean())[:most]
    for at, link in enumerate(ranked):
        own = run.traffic[link]
        series.append(
            _series(
                "bytes",
                link_name(link),
                f"{link[0]}>{link[1]}",
                _limited(own["time"] + own["interval"], own["queued_bytes"] / 1e3, run),
                False,
                at >= MOST_SHOWN,
            )
        )
    for column, word, dash in (("dropped_bytes", "dropped", 0), ("lost_bytes", "lost", 1)):
        for link, own in run.traffic.items():
            if own[column].sum() > 0 and len(series) < 3 * most:
                rate = own[column] / np.maximum(own["interval"], 1e-12) / 1e3
                series.append(
                    _series(
                        "lost",
                        f"{word} {link_name(link)}",
                        f"{link[0]}>{link[1]}",
                        _limited(own["time"], rate, run),
                        True,
                        False,
                        dash,
                    )
                )
    return series


def _limited(time, value, run):
    return reduced_samples(time, value, run.bins, run.duration)
