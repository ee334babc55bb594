"""The recorded traces that are there, mean rate and length of each, for the comparisons in this folder."""

import sys


def recordings(folder, traces, only=None):
    """(name, path) of the recordings that are in the folder. `traces`: name -> path in it; `only`: a part of
    the names wanted. Ends the program where none is there."""
    found = 0
    for name, relative in traces.items():
        path = (folder / relative).resolve()
        if only and only not in name:
            continue
        if not path.is_file():
            print(f"left out: {name}, there is no {path}", file=sys.stderr)
            continue
        found += 1
        yield name, path
    if found == 0:
        sys.exit(f"{folder}: none of the recordings is there")


def mean_and_length(path):
    """(bit/s, s) of a mahimahi or a two-column trace."""
    rows = [line.split() for line in path.read_text().splitlines() if line.strip()]
    if len(rows[0]) == 1:
        length = int(rows[-1][0]) / 1e3
        return len(rows) * 12_000 / length, length
    times, rates = [float(row[0]) for row in rows], [float(row[1]) * 1e6 for row in rows]
    bits = sum(rate * (b - a) for a, b, rate in zip(times, times[1:], rates[1:]))
    return bits / (times[-1] - times[0]), times[-1] - times[0]
