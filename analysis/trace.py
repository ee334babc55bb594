#!/usr/bin/env python3
"""Draws bandwidth traces: rate over time, distribution, autocorrelation. `millrace trace plot` calls it.

    analysis/trace.py [--millrace PROGRAM] OUT.png FILE...

Files of any format that `millrace trace convert` reads without further options. Exit code 3 where one cannot
be read.
"""
import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import style
from output import is_standard_output


MAX_LAG_S = 60


def read(program, path):
    """Times of the steps and rates between them, through the program's own readers."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "trace.csv"
        done = subprocess.run([program, "trace", "convert", str(path), str(out)], stderr=subprocess.PIPE,
                              text=True)
        if done.returncode:
            sys.stderr.write(done.stderr)
            sys.exit(3)
        lines = [line for line in out.read_text().splitlines() if not line.startswith("#")]
    unit = {"time_ms": 1e-3, "time_ns": 1e-9}[lines[0].split(",")[0]]
    rows = [line.split(",") for line in lines[1:]]
    return np.array([float(row[0]) * unit for row in rows]), np.array([float(row[1]) for row in rows[:-1]])


def per_second(times, rates):
    total = np.concatenate([[0], np.cumsum(rates * np.diff(times))])
    whole = np.arange(0, max(int(times[-1] + 1e-9), 1) + 1)
    return np.diff(np.interp(whole, times, total))


def autocorrelation(values):
    x = values - values.mean()
    power = (x * x).mean()
    lags = np.arange(0, min(MAX_LAG_S, len(x) // 2) + 1)
    if power == 0:
        return lags, np.zeros(len(lags))
    return lags, np.array([(x[: len(x) - lag] * x[lag:]).mean() / power for lag in lags])


def draw(traces, out):
    figure = style.new_figure(3.5 + 2.4 * len(traces))
    figure.set_layout_engine("constrained")
    grid = figure.add_gridspec(len(traces) + 1, 2, height_ratios=[1] * len(traces) + [1.3])
    spread, memory = figure.add_subplot(grid[-1, 0]), figure.add_subplot(grid[-1, 1])
    for i, (name, (times, rates)) in enumerate(traces):
        seconds = per_second(times, rates)
        colour = style.CYCLE[i % len(style.CYCLE)]
        rate = figure.add_subplot(grid[i, :])
        rate.stairs(seconds, np.arange(len(seconds) + 1), color=colour, linewidth=0.9, baseline=None)
        for second in np.nonzero(seconds < 0.012)[0]:
            rate.axvspan(second, second + 1, color="0.85", linewidth=0)
        rate.set(title=f"{name}: mean {seconds.mean():.3g} Mbit/s over 1 s bins; grey: outages", xlabel="s",
                 ylabel="Mbit/s", xlim=(0, len(seconds)), ylim=(0, None))
        spread.step(np.sort(seconds), np.linspace(0, 1, len(seconds)), color=colour, label=name)
        memory.plot(*autocorrelation(seconds), color=colour)
    spread.set(xlabel="Mbit/s over 1 s", ylabel="share of seconds below", ylim=(0, 1))
    if max(per_second(*trace).max() for _, trace in traces) > 30 * max(
            min(np.median(per_second(*trace)) for _, trace in traces), 0.01):
        spread.set_xscale("symlog", linthresh=0.1)
    spread.set_xlim(left=0)
    spread.legend(fontsize="small")
    memory.axhline(0, color="0.6", linewidth=0.6)
    memory.set(xlabel="lag, s", ylabel="autocorrelation")
    style.save(figure, out)


def main():
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--millrace", default="millrace", help="the program whose readers are used")
    parser.add_argument("out")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    draw([(Path(path).name, read(options.millrace, path)) for path in options.files], options.out)
    if not is_standard_output(options.out):
        print(options.out)


if __name__ == "__main__":
    main()
