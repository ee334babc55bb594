#!/usr/bin/env python3
"""Fits the generators of `millrace trace synth` to recordings, and prints each fit.

    traces/fit_synth.py MILLRACE RECORDINGS_DIR [-o sim/trace/synth_kinds.cpp]

RECORDINGS_DIR holds the files named in KINDS below (collections: traces/README.md). `millrace trace convert`
takes the 1 s means of each recording. Their quantiles become the marginal distribution, and the hidden
process is chosen to match their autocorrelations at 1, 5 and 20 s: a rate is Q(Phi(z)), so a correlation r of
z becomes c(r) of the rates, which is computed by integration and inverted; a search then gives the variances
and time constants of the three parts of z.
"""
import argparse
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

KINDS = [  # name, recording, further arguments for the reader, words for the table
    ("3g", "mahimahi/TMobile-UMTS-driving.down", [], "3G UMTS, driving, US (Mahimahi, T-Mobile, 928 s)"),
    ("lte", "mahimahi/ATT-LTE-driving-2016.down", [], "LTE, driving, US (Mahimahi, AT&T, 120 s)"),
    ("5g-mmwave", "lumos5g/5g_trace_92_walking", [], "5G mmWave, walking, Minneapolis (Lumos5G, 797 s)"),
    ("wifi", "solis-wifi/wifi_campus_231115-194233.txt", ["--rows", "starting"],
     "Wi-Fi 5, indoors, campus (Solis, 200 s)"),
    ("starlink", "leocc-starlink/bw_example.txt", ["--format", "mahimahi"], "Starlink (LeoCC, 120 s)"),
    ("broadband", "sabre/fcc_hd_fs_trace0899.json", [], "fixed broadband, US (FCC through Sabre, 180 s)"),
]
SHARES = [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97, 1]
LAGS = [1, 5, 20]


def bins(millrace, path, arguments):
    """The 1 s means of a recording, Mbit/s."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "trace.csv"
        subprocess.run([millrace, "trace", "convert", str(path), str(out), *arguments], check=True)
        lines = [line.strip() for line in out.read_text().splitlines() if not line.startswith("#")]
    unit = {"time_ms": 1e-3, "time_ns": 1e-9}[lines[0].split(",")[0]]
    rows = [line.split(",") for line in lines[1:]]
    times = np.array([float(row[0]) * unit for row in rows])
    rates = np.array([float(row[1]) for row in rows[:-1]])
    total = np.concatenate([[0], np.cumsum(rates * np.diff(times))])
    whole = np.arange(0, math.floor(times[-1] + 1e-9) + 1)
    return np.diff(np.interp(whole, times, total))


def autocorrelation(values, lag):
    x = values - values.mean()
    return float((x[:-lag] * x[lag:]).mean() / (x * x).mean())


def quantile_function(quantiles, outage):
    def at(share):
        rate = np.interp(share, SHARES, quantiles)
        return np.where(share < outage, 0.0, rate)
    return at


def share_of(z):
    return 0.5 * (1 + np.vectorize(math.erf)(z / math.sqrt(2)))


def rate_correlations(rate_of, grid):
    """c(r): the correlation of the rates for correlations r of z, by a grid over the normal square."""
    z, weight = np.polynomial.hermite_e.hermegauss(96)
    weight = weight / weight.sum()
    rate = rate_of(share_of(z))
    mean = (weight * rate).sum()
    variance = (weight * rate * rate).sum() - mean * mean
    result = []
    for r in grid:
        other = rate_of(share_of(r * z[:, None] + math.sqrt(1 - r * r) * z[None, :]))
        both = (weight[:, None] * weight[None, :] * rate[:, None] * other).sum()
        result.append((both - mean * mean) / variance)
    return np.array(result)


def parts(wanted):
    """Variances and time constants of the hidden process whose correlations at LAGS come nearest."""
    best = None
    for fast_s in (1.5, 2.5, 4, 6, 9):
        for slow_s in (12, 20, 35, 60, 120, 250):
            decay = np.array([[math.exp(-lag / tau) for tau in (fast_s, slow_s)] for lag in LAGS])
            for slow in np.linspace(0, 1, 41):
                for fast in np.linspace(0, 1 - slow, 21):
                    error = float(((decay @ np.array([fast, slow]) - wanted) ** 2).sum())
                    if best is None or error < best[0] - 1e-9:
                        best = (error, 1 - fast - slow, fast, fast_s, slow, slow_s)
    return best[1:]


def fit(millrace, folder, kind):
    name, recording, arguments, words = kind
    seconds = bins(millrace, folder / recording, arguments)
    outage = float((seconds <= 0).mean())
    quantiles = np.quantile(seconds, SHARES)
    rate_of = quantile_function(quantiles, outage)
    grid = np.linspace(0, 0.999, 60)
    found = rate_correlations(rate_of, grid)
    acf = [autocorrelation(seconds, lag) for lag in LAGS]
    wanted = np.array([float(np.interp(max(c, 0), found, grid)) for c in acf])
    return dict(name=name, words=words, quantiles=quantiles, outage=outage, parts=parts(wanted),
                mean=float(seconds.mean()), p5=float(np.quantile(seconds, 0.05)), acf=acf)


def row(kind):
    number = lambda values: ", ".join(f"{value:.4g}" for value in values)
    white, fast, fast_s, slow, slow_s = kind["parts"]
    white = max(round(white, 6), 0)
    return (f'    SynthKind{{.name = "{kind["name"]}",\n       .fitted_to = "{kind["words"]}",\n'
            f'       .mbit_per_s = {{{number(kind["quantiles"])}}},\n'
            f'       .outage_share = {kind["outage"]:.4g},\n'
            f'       .white = {white:.4g},\n       .fast = {fast:.4g},\n       .fast_s = {fast_s:g},\n'
            f'       .slow = {slow:.4g},\n       .slow_s = {slow_s:g},\n'
            f'       .mean_mbit_per_s = {kind["mean"]:.4g},\n       .p5_mbit_per_s = {kind["p5"]:.4g},\n'
            f'       .autocorrelation = {{{number(kind["acf"])}}}}},\n')


def main():
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("millrace")
    parser.add_argument("recordings", type=Path)
    parser.add_argument("-o", "--out", type=Path)
    options = parser.parse_args()
    kinds = [fit(options.millrace, options.recordings, kind) for kind in KINDS]
    text = ("// Made by traces/fit_synth.py from recordings that are not in this tree; do not edit by hand.\n"
            '#include "sim/trace/trace_synth.hpp"\n\nnamespace millrace {\nnamespace {\n\n'
            "constexpr std::array kKinds{\n" + "".join(row(kind) for kind in kinds)
            + "};\n\n}  // namespace\n\n"
            "std::span<const SynthKind> synth_kinds() { return kKinds; }\n\n}  // namespace millrace\n")
    if options.out:
        options.out.write_text(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
