"""Which parts of a run a page keeps microbatch by microbatch, where it cannot keep all of it."""

import numpy as np

AROUND = 48  # microbatches that a window holds


class Windows:
    """Spans of time, sorted and apart from each other, each with the reason why it is kept."""

    def __init__(self, spans):
        self.spans = spans  # [(begin, end, why)]
        self._begins = np.array([span[0] for span in spans])
        self._ends = np.array([span[1] for span in spans])

    def overlapping(self, begin, end):
        """A mask: which intervals touch a window."""
        if not self.spans:
            return np.zeros(len(begin), dtype=bool)
        at = np.searchsorted(self._ends, begin, side="right")
        inside = at < len(self.spans)
        return inside & (self._begins[np.minimum(at, len(self.spans) - 1)] < end)


def whole(duration):
    return Windows([(0.0, max(duration, 1e-9) * 1.01, "all")])


def chosen_windows(created, completed, duration, changes, most, wanted=()):
    """At most `most` windows: those `wanted` [(begin, end)], the start, the end, the worst latencies,
    changes of bits, mid-run; in this order until there are enough. `changes`: instants."""
    if len(completed) == 0:
        return Windows([(0.0, duration, "start")])
    order = np.argsort(completed, kind="stable")
    created, completed = created[order], completed[order]
    taken = []

    def take(begin, end, why):
        begin, end = max(0.0, float(begin)), min(duration, float(end))
        if end <= begin or len(taken) >= most:
            return
        if any(begin < other[1] and end > other[0] for other in taken):
            return
        taken.append((begin, end, why))

    def around(at, why):
        first, last = max(0, at - AROUND // 2), min(len(completed) - 1, at + AROUND // 2)
        take(min(completed[first], created[at]), completed[last], why)

    for begin, end in wanted:
        take(begin, end, "asked for")
    take(0, completed[min(AROUND, len(completed) - 1)], "start")
    take(completed[max(0, len(completed) - AROUND)], duration, "end")
    around(len(completed) // 2, "mid-run")
    slow = iter(np.argsort(created - completed, kind="stable")[: 4 * most])
    switched = iter(_spread(changes, 2 * most))
    left = True
    while left and len(taken) < most:
        left = False
        worst = next(slow, None)
        if worst is not None:
            around(int(worst), f"slow at {created[worst]:.4g} s")
            left = True
        change = next(switched, None)
        if change is not None:
            at = min(int(np.searchsorted(completed, change)), len(completed) - 1)
            around(at, f"bits change at {change:.4g} s")
            left = True
    return Windows(sorted(taken))


def _spread(instants, most):
    """At most `most` of the instants, spread over them, the outermost first."""
    instants = np.unique(instants)
    if len(instants) > most:
        instants = instants[np.linspace(0, len(instants) - 1, most).astype(int)]
    return list(instants)
