"""Series reduced to what an eye can see: the mean, the lowest and the highest value per bin of time; and how
much of each bin intervals cover. Exact, and additive over pieces of a table."""

import numpy as np


class Coverage:
    """The covered part of each bin, for several rows at once; where intervals overlap they add up."""

    def __init__(self, rows, bins, duration):
        self.bins, self.width = bins, max(duration, 1e-12) / bins
        self._covered = np.zeros((rows, bins + 2))
        self._counted = np.zeros((rows, bins + 2))

    def grow(self, rows):
        more = rows - len(self._covered)
        if more > 0:
            self._covered, self._counted = (
                np.pad(each, ((0, more), (0, 0))) for each in (self._covered, self._counted)
            )

    def add(self, row, begin, end, weight=None):
        """Intervals [begin, end) in s of the rows `row`; `weight`: what a covered second counts."""
        weight = np.ones(len(begin)) if weight is None else weight
        for instants, sign in ((begin, 1.0), (end, -1.0)):
            at = np.clip(np.nan_to_num(instants) / self.width, 0, self.bins)
            bin_of = at.astype(np.int64)
            place = row * (self.bins + 2) + bin_of
            size = self._covered.size
            shape = self._covered.shape
            self._covered += np.bincount(place, sign * weight * (1 - (at - bin_of)), size).reshape(shape)
            self._counted += np.bincount(place + 1, sign * weight, size).reshape(shape)

    def result(self):
        """(rows, bins): what covers each bin in the mean."""
        return (self._covered + np.cumsum(self._counted, axis=1))[:, : self.bins]


class Extremes:
    """Of samples: count, sum, lowest and highest per row and bin."""

    def __init__(self, rows, bins, duration):
        self.bins, self.width = bins, max(duration, 1e-12) / bins
        self.count = np.zeros((rows, bins))
        self.total = np.zeros((rows, bins))
        self.low = np.full((rows, bins), np.inf)
        self.high = np.full((rows, bins), -np.inf)

    def grow(self, rows):
        more = rows - len(self.count)
        if more > 0:
            self.count, self.total, self.low, self.high = (
                np.pad(each, ((0, more), (0, 0)), constant_values=filler)
                for each, filler in (
                    (self.count, 0),
                    (self.total, 0),
                    (self.low, np.inf),
                    (self.high, -np.inf),
                )
            )

    def add(self, row, time, value):
        known = np.isfinite(value) & np.isfinite(time)
        row, time, value = row[known], time[known], value[known]
        if len(value) == 0:
            return
        place = row * self.bins + np.clip((time / self.width).astype(np.int64), 0, self.bins - 1)
        size = self.count.size
        self.count += np.bincount(place, minlength=size).reshape(self.count.shape)
        self.total += np.bincount(place, value, size).reshape(self.count.shape)
        order = np.argsort(place, kind="stable")
        place, value = place[order], value[order]
        first = np.flatnonzero(np.append(True, np.diff(place) > 0))
        flat_low, flat_high = self.low.reshape(-1), self.high.reshape(-1)
        flat_low[place[first]] = np.minimum(flat_low[place[first]], np.minimum.reduceat(value, first))
        flat_high[place[first]] = np.maximum(flat_high[place[first]], np.maximum.reduceat(value, first))

    def series(self, row):
        """(time of the bin's begin, mean, low, high) of the bins that have samples."""
        known = np.flatnonzero(self.count[row])
        return (
            known * self.width,
            self.total[row, known] / self.count[row, known],
            self.low[row, known],
            self.high[row, known],
        )


def reduced_samples(time, value, most, duration):
    """(time, value, low, high) of samples: as they are, or per bin where they are more than `most`; low and
    high are None in the first case."""
    if len(time) <= most:
        return time, value, None, None
    extremes = Extremes(1, most, duration)
    extremes.add(np.zeros(len(time), dtype=np.int64), time, value)
    return extremes.series(0)


def reduced_steps(time, value, most, duration):
    """The same of a step function: means are over time, exact."""
    if len(time) <= most:
        return time, value, None, None
    edges = np.linspace(0, duration, most + 1)
    steps = np.append(time, max(duration, time[-1]))
    integral = np.concatenate([[0], np.cumsum(value * np.diff(steps))])
    mean = np.diff(np.interp(edges, steps, integral)) / np.diff(edges)
    first = np.clip(np.searchsorted(time, edges[:-1], side="right") - 1, 0, None)
    last = np.clip(np.searchsorted(time, edges[1:], side="left") - 1, 0, None)
    low = np.array([value[a : b + 1].min() for a, b in zip(first, last)])
    high = np.array([value[a : b + 1].max() for a, b in zip(first, last)])
    return edges[:-1], mean, low, high


def usual_gap(completed):
    return float(np.median(np.diff(np.sort(completed)))) if len(completed) > 1 else 0.0


def window_of(completed, duration):
    """Seconds: a thirtieth of the run, but four microbatches at least, and a third of the run at most."""
    return min(max(duration / 30, 4 * usual_gap(completed)), duration / 3)


def causal_rate(completed, images, window):
    """(time, images/s of the `window` seconds up to it), at completions and within pauses. Only what was
    completed by then counts. Before `window` has passed, it is the rate since 0. Where the window begins
    between two completions, the later one counts with the part that lies within."""
    order = np.argsort(completed, kind="stable")
    instants = np.concatenate([[0.0], completed[order]])
    total = np.concatenate([[0.0], np.cumsum(images[order])])
    at = instants[1:]
    gap = usual_gap(completed)
    pauses = np.flatnonzero(np.diff(instants) > max(2 * gap, window / 4))[:2000]
    within = [np.linspace(instants[k], instants[k + 1], 26)[1:-1] for k in pauses]
    at = np.unique(
        np.concatenate([at, *[part[part > instants[k] + 1.5 * gap] for k, part in zip(pauses, within)]])
    )
    done = total[np.searchsorted(instants, at, side="right") - 1]
    before = np.interp(at - window, instants, total)
    return at, (done - np.minimum(before, done)) / np.minimum(window, np.maximum(at, 1e-12))
