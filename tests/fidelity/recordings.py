"""Mean rate and length of a recorded trace, for the comparisons in this folder."""


def mean_and_length(path):
    """(bit/s, s) of a mahimahi or a two-column trace."""
    rows = [line.split() for line in path.read_text().splitlines() if line.strip()]
    if len(rows[0]) == 1:
        length = int(rows[-1][0]) / 1e3
        return len(rows) * 12_000 / length, length
    times, rates = [float(row[0]) for row in rows], [float(row[1]) * 1e6 for row in rows]
    bits = sum(rate * (b - a) for a, b, rate in zip(times, times[1:], rates[1:]))
    return bits / (times[-1] - times[0]), times[-1] - times[0]
