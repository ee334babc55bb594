"""Figures for papers: vector graphics at the width of a column or a page, fonts embedded, no bitmap."""

import io

import matplotlib

matplotlib.use("Agg")
import numpy as np  # noqa: E402
from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402
from matplotlib.collections import PolyCollection  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.patches import Patch  # noqa: E402

from . import colours  # noqa: E402
from .words import duration_text, significant  # noqa: E402

WIDTHS = {"column": 3.5, "page": 7.16}  # inches, as IEEE and ACM have them
QUIET, INK = "#59636e", "#1b1f24"
STYLE = {
    "font.family": "DejaVu Sans", "font.size": 7.5, "axes.labelsize": 7.5, "axes.titlesize": 8,
    "xtick.labelsize": 7, "ytick.labelsize": 7, "legend.fontsize": 6.5, "legend.frameon": False,
    "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.6, "lines.linewidth": 1.1,
    "grid.color": "#e6e9ed", "grid.linewidth": 0.5, "axes.grid": True, "axes.axisbelow": True,
    "pdf.fonttype": 42, "ps.fonttype": 42, "svg.fonttype": "path", "svg.hashsalt": "millrace",
}  # fmt: skip
# These matter when a figure is saved, by whomever.
matplotlib.rcParams.update(
    {name: value for name, value in STYLE.items() if name.endswith(("fonttype", "hashsalt"))}
)
DASHES = ["-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 1.5, 1, 1.5))]
FIRST = 8  # microbatches that the Gantt chart shows


def new_figure(width, height):
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def saved(figure, form):
    """The bytes of a figure. Nothing in it depends on when it was made."""
    data = io.BytesIO()
    when = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}[form]
    with matplotlib.rc_context(STYLE):
        figure.savefig(data, format=form, dpi=300, metadata=when)
    return data.getvalue()


def styled(draw):
    """A figure's function, drawn in this module's style."""

    def drawn(*arguments, **options):
        with matplotlib.rc_context(STYLE):
            return draw(*arguments, **options)

    drawn.__doc__ = draw.__doc__
    return drawn


def colour_of_run(number):
    return colours.RUNS[number % len(colours.RUNS)][0]


def legend_above(axes, columns, handles=None):
    handles = handles or axes.get_legend_handles_labels()[0]
    if handles:
        axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=columns,
                    borderaxespad=0.1, handlelength=1.6, columnspacing=1, labelspacing=0.2)  # fmt: skip


def time_axis(axes, duration):
    """(factor, unit) of the seconds on the horizontal axis."""
    factor, unit = (1e3, "ms") if 0 < duration < 1 else (1, "s") if duration < 1200 else (1 / 60, "min")
    axes.set_xlabel(f"scenario time ({unit})")
    axes.set_xlim(0, duration * factor or 1)
    return factor


@styled
def throughput(runs, labels, width):
    """Throughput over time, of the window that its legend names, with the target."""
    figure = new_figure(width, 0.25 * width + 1.1)
    axes = figure.add_subplot()
    factor = time_axis(axes, max(run.duration for run in runs))
    for number, (run, label) in enumerate(zip(runs, labels)):
        time, rate, low, high = run.throughput_series()
        window = f"last {duration_text(run.window)}"
        axes.plot(time * factor, rate, color=colour_of_run(number), linestyle=DASHES[number % len(DASHES)],
                  label=f"{label}, {window}" if len(runs) > 1 else f"over the {window}")  # fmt: skip
        if low is not None:
            axes.fill_between(time * factor, low, high, color=colour_of_run(number), alpha=0.15, linewidth=0)
    for target in sorted({run.target for run in runs if run.target}):
        axes.axhline(target, color=INK, linewidth=0.8, linestyle=(0, (4, 3)),
                     label=f"target, {significant(target)} images/s")  # fmt: skip
    axes.set_ylabel("images/s")
    axes.set_ylim(bottom=0)
    legend_above(axes, 1 if width < 5 else 3)
    return figure


@styled
def latency(runs, labels, width):
    """The distribution of latency."""
    figure = new_figure(width, 0.2 * width + 1.5)
    axes = figure.add_subplot()
    most = max((run.latency(1.0) or 0 for run in runs), default=0)
    least = min((run.latency(0.01) for run in runs if run.latency(0.01)), default=0)
    factor, unit = (1e3, "ms") if most < 1 else (1, "s")
    for number, (run, label) in enumerate(zip(runs, labels)):
        count = len(run.latencies)
        if count == 0:
            continue
        ranks = np.unique(np.linspace(0, count - 1, 2000).astype(int))
        share, dashes = 100 * (ranks + 1) / count, DASHES[number % len(DASHES)]
        axes.step(run.latencies[ranks] * factor, share, where="post", color=colour_of_run(number),
                  linestyle=dashes, label=label)  # fmt: skip
    if least and most / least > 30:
        axes.set_xscale("log")
    else:
        axes.set_xlim(left=0)
    axes.set_xlabel(f"latency of a microbatch ({unit})")
    axes.set_ylabel("microbatches (%)")
    axes.set_ylim(0, 101)
    if len(runs) > 1:
        axes.legend(loc="lower right")
    return figure


@styled
def links(run, width):
    """Capacity of the links that change, or of the slowest, what activations use of it, and the bits."""
    shown = _shown_links(run)
    palette = colours.of_devices(run.devices, run.active_links)
    figure = new_figure(width, 0.25 * width + 2.0)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[1.4, 1])
    carried = run.transfers.carried.result() * 8e-6
    factor = time_axis(bottom, run.duration)
    for link in shown:
        colour = palette[f"{link[0]}>{link[1]}"][0]
        points = run.capacity_series(link)
        if points is not None:
            end = np.append(points[0], max(run.duration, points[0][-1])) * factor
            top.step(end, np.append(points[1], points[1][-1]), where="post", color=colour,
                     label=f"{link[0]} → {link[1]}, capacity")  # fmt: skip
        used = _coarser(carried[run.transfers.links[link]], 300)
        edges = np.linspace(0, run.duration * factor, len(used) + 1)
        top.stairs(used, edges, fill=True, color=colour, alpha=0.3, linewidth=0, label="used by activations")
    top.set_ylabel("Mbit/s")
    top.set_ylim(bottom=0)
    for stage in [
        stage for stage in run.stage_numbers if run.stages.devices[stage] in {link[0] for link in shown}
    ]:
        time, mean, low, high = run.stages.bits.series(stage)
        colour = palette[run.stages.devices[stage]][0]
        bottom.step(time * factor, mean, where="post", color=colour)
        bottom.fill_between(time * factor, low, high, step="post", color=colour, alpha=0.2, linewidth=0)
    bottom.set_ylabel("bits/value")
    bottom.set_ylim(bottom=0)
    legend_above(top, 2)
    return figure


def _shown_links(run):
    known = {link: run.capacity_series(link) for link in run.active_links}
    known = {link: points for link, points in known.items() if points is not None}
    changing = [link for link, points in known.items() if np.ptp(points[1]) > 0]
    return (changing or sorted(known, key=lambda link: known[link][1].mean()) or run.active_links)[:2]


def _coarser(values, most):
    wide = -(-len(values) // most)
    return np.add.reduceat(values, np.arange(0, len(values), wide)) / wide


@styled
def attribution(run, width):
    """Where each stage's time went, as shares of the run."""
    parts = ["decode", "compute", "encode", "blocked", "idle"]
    figure = new_figure(width, 0.75 + 0.17 * max(2, len(run.stage_numbers)))
    axes = figure.add_subplot()
    for place, stage in enumerate(run.stage_numbers):
        seconds = run.attribution(stage)
        whole = max(run.duration, sum(seconds.values())) or 1
        left = 0.0
        for part in parts:
            share = 100 * seconds[part] / whole
            axes.barh(place, share, left=left, height=0.7, color=colours.PARTS[part][0], linewidth=0)
            left += share
    axes.set_yticks(range(len(run.stage_numbers)),
                    [f"{stage} · {run.stages.devices[stage]}" for stage in run.stage_numbers])  # fmt: skip
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("share of the run (%)")
    axes.grid(False, axis="y")
    legend_above(
        axes, 3 if width < 5 else 5, [Patch(color=colours.PARTS[part][0], label=part) for part in parts]
    )
    return figure


@styled
def gantt(run, width):
    """The first microbatches through all stages and links. Messages that are under way side by side on one
    link have lanes of their own."""
    rows = run.rows_in_order()
    figure = new_figure(width, 0.6 + 0.19 * max(3, len(rows)))
    axes = figure.add_subplot()
    done = np.sort(run.completed)
    end = float(done[min(FIRST, len(done)) - 1]) * 1.02 if len(done) else run.duration
    factor = time_axis(axes, end)
    palette = colours.of_devices(run.devices, run.active_links)
    stages = run.stages.kept.result(run.stages.NAMES)
    moves = run.transfers.kept.result(run.transfers.NAMES)
    for place, (kind, key) in enumerate(rows):
        if kind == "stage":
            own = {
                name: values[(stages["row"] == key) & (stages["started"] < end)]
                for name, values in stages.items()
            }
            spans = [(own["started"], own["computed"]), (own["encoded"] - own["encode"], own["encoded"])]
            begin, stop = (np.concatenate([span[side] for span in spans]) for side in (0, 1))
            microbatch, colour = np.tile(own["microbatch"], 2), palette[run.stages.devices[key]][0]
            lanes, half = np.zeros(len(begin)), 0.38
        else:
            mask = (moves["row"] == run.transfers.links[key]) & (moves["submitted"] < end)
            own = {name: values[mask] for name, values in moves.items()}
            begin = own["submitted"] + own["queued"]
            stop, microbatch, colour = (
                begin + own["wire"],
                own["microbatch"],
                palette[f"{key[0]}>{key[1]}"][0],
            )
            lanes, half = lanes_of(begin, stop), 0.26
        _bars(axes, place, (begin * factor, stop * factor, microbatch, lanes), half, colour)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    names = [f"{key} · {run.stages.devices[key]}" if kind == "stage" else f"→ {key[1]}" for kind, key in rows]
    axes.set_yticks(range(len(rows)), names)
    axes.grid(False, axis="y")
    axes.set_xlim(0, end * factor or 1)
    return figure


def lanes_of(begin, stop):
    """The lane of each interval, so that none overlap within a lane."""
    lanes, free = np.zeros(len(begin)), []
    for number in np.argsort(begin, kind="stable"):
        lane = next((at for at, end in enumerate(free) if end <= begin[number] + 1e-9), len(free))
        if lane == len(free):
            free.append(0.0)
        free[lane] = stop[number]
        lanes[number] = lane
    return lanes


def _bars(axes, place, intervals, half, colour):
    """Boxes of a row; every other microbatch is lighter, so that neighbours can be told apart."""
    begin, stop, microbatch, lanes = intervals
    tall = 2 * half / (lanes.max(initial=0) + 1)
    light = tuple(0.45 + 0.55 * int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    for shade, odd in ((colour, 0), (light, 1)):
        own = np.flatnonzero((microbatch.astype(int) % 2 == odd) & (stop > begin))
        boxes = [[(x, place - half + tall * (lanes[k] + up)) for x, up in
                  ((begin[k], 0), (begin[k], 0.92), (stop[k], 0.92), (stop[k], 0))] for k in own]  # fmt: skip
        axes.add_collection(PolyCollection(boxes, facecolors=[shade], linewidths=0), autolim=False)


def of_runs(runs, labels, width):
    """{name: figure} of one run, or of several overlaid."""
    made = {"throughput": throughput(runs, labels, width), "latency": latency(runs, labels, width)}
    for run, label in zip(runs, labels):
        prefix = "" if len(runs) == 1 else label.replace("/", "-") + "-"
        made |= {f"{prefix}links": links(run, width), f"{prefix}attribution": attribution(run, width),
                 f"{prefix}gantt": gantt(run, width)}  # fmt: skip
    return made
