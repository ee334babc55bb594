"""One pass over each large table of a run: everything that a report needs of it, in bounded memory. The
passes do not depend on each other and run side by side."""

import numpy as np

from .reduction import Coverage, Extremes
from .tables import Table

LIMITS = {
    "stages": 500 << 20,
    "transfers": 600 << 20,
    "decisions": 400 << 20,
    "links": 64 << 20,
    "bandwidth": 64 << 20,
    "microbatches": 256 << 20,
}
STAGE_COLUMNS = [
    "stage",
    "device",
    "microbatch",
    "arrived_ns",
    "started_ns",
    "computed_ns",
    "encoded_ns",
    "sent_ns",
    "decode_ns",
    "encode_ns",
    "bit_width",
    "values",
    "bytes",
]
TRANSFER_COLUMNS = [
    "from",
    "to",
    "kind",
    "microbatch",
    "bytes",
    "submitted_ns",
    "delivered_ns",
    "queued_ns",
    "wire_ns",
    "propagation_ns",
]
MOST_CHANGES, MOST_DECISIONS = 4000, 12_000
SEEN = ["waiting", "in_flight", "in_flight_bytes", "oldest_sent_ns", "ready", "ready_bytes"]


def seconds(rows, name):
    return rows.numbers(name) * 1e-9


class Kept:
    """Rows that are kept as they are, up to a limit."""

    def __init__(self, most):
        self._left, self._parts = most, []

    def add(self, columns):
        count = len(next(iter(columns.values())))
        if count > self._left:
            columns = {name: values[: self._left] for name, values in columns.items()}
        self._left -= min(count, self._left)
        if len(next(iter(columns.values()))):
            self._parts.append(columns)

    def result(self, names):
        return {
            name: np.concatenate([part[name] for part in self._parts]) if self._parts else np.zeros(0)
            for name in names
        }


def link_numbers(rows, links):
    """The number of each row's link in `links` {(from, to): number}, which grows."""
    source, names = rows.texts("from")
    to, others = rows.texts("to")
    pair = source.astype(np.int64) * len(others) + to
    table = np.zeros(len(names) * len(others), dtype=np.int64)
    for each in np.flatnonzero(np.bincount(pair, minlength=len(table))):
        table[each] = links.setdefault((names[each // len(others)], others[each % len(others)]), len(links))
    return table[pair]


class Pass:
    """Once over a table, piece by piece; what one takes from a piece is its _take()."""

    def run(self, told=None):
        for rows in self.table.pieces(told):
            if len(rows):
                self._take(rows)
        return self


class StagePass(Pass):
    """stages.csv: how busy each stage was, how much waited, the bits, and the kept rows."""

    NAMES = [
        "row",
        "microbatch",
        "arrived",
        "started",
        "decode",
        "computed",
        "encode",
        "encoded",
        "sent",
        "bits",
        "bytes",
    ]

    def __init__(self, path, duration, windows, bins, most):
        self.table = Table(path / "stages.csv", STAGE_COLUMNS, LIMITS["stages"])
        self.windows, self.kept = windows, Kept(most)
        self.devices, self.first = {}, {}
        self.busy, self.waiting = (Coverage(1, bins, duration) for _ in range(2))
        self.bits, self.width = (Extremes(1, bins, duration) for _ in range(2))
        self.sums = {}

    def _take(self, rows):
        stage = rows.numbers("stage").astype(np.int64)
        for each in (self.busy, self.waiting, self.bits, self.width):
            each.grow(int(stage.max()) + 1)
        for number in np.flatnonzero(np.bincount(stage)):
            if number not in self.devices:
                self.devices[int(number)] = rows.where(np.flatnonzero(stage == number)[:1]).strings("device")[
                    0
                ]
        at = {
            name: seconds(rows, f"{name}_ns")
            for name in ("arrived", "started", "computed", "encoded", "sent", "decode", "encode")
        }
        begun = at["encoded"] - at["encode"]
        self.busy.add(stage, at["started"], at["computed"])
        self.busy.add(stage, begun, at["encoded"])
        self.waiting.add(stage, at["arrived"], at["started"])
        values, size, width = rows.numbers("values"), rows.numbers("bytes"), rows.numbers("bit_width")
        self.bits.add(stage, at["encoded"], 8 * size / np.where(values > 0, values, np.nan))
        self.width.add(stage, at["encoded"], width)
        parts = {
            "decode": at["decode"],
            "compute": at["computed"] - at["started"] - at["decode"],
            "encode": at["encode"],
            "blocked": np.maximum(0, begun - at["computed"]) + at["sent"] - at["encoded"],
            "queue": at["started"] - at["arrived"],
        }
        for name, spent in parts.items():
            for number, total in enumerate(np.bincount(stage, spent)):
                own = self.sums.setdefault(number, dict.fromkeys(parts, 0.0))
                own[name] += float(total)
        for number in self.devices:
            if number not in self.first and (stage == number).any():
                self.first[number] = float(at["started"][stage == number].min())
        inside = self.windows.overlapping(at["arrived"], at["sent"])
        self.kept.add(
            {
                "row": stage[inside],
                "microbatch": rows.where(inside).numbers("microbatch"),
                "bits": width[inside],
                "bytes": size[inside],
                **{name: each[inside] for name, each in at.items()},
            }
        )


class TransferPass(Pass):
    """transfers.csv: activations and feedback of each link apart; kept rows are activations."""

    NAMES = ["row", "microbatch", "bytes", "submitted", "queued", "wire", "propagation"]

    def __init__(self, path, duration, windows, bins, most):
        self.table = Table(path / "transfers.csv", TRANSFER_COLUMNS, LIMITS["transfers"])
        self.windows, self.kept = windows, Kept(most)
        self.links, self.first = {}, {}  # (from, to) -> its number; number -> first submitted
        self.busy, self.queue, self.carried = (Coverage(1, bins, duration) for _ in range(3))
        self.sums = {}

    def _take(self, rows):
        link, size = link_numbers(rows, self.links), rows.numbers("bytes")
        kind, kinds = rows.texts("kind")
        moves = kind == (kinds.index("activation") if "activation" in kinds else -1)
        for which, mask in (("activation", moves), ("feedback", ~moves)):
            counts, totals = np.bincount(link[mask]), np.bincount(link[mask], size[mask])
            for number in np.flatnonzero(counts):
                own = self.sums.setdefault(int(number), {})
                own[f"{which}s"] = own.get(f"{which}s", 0) + int(counts[number])
                own[f"{which}_bytes"] = own.get(f"{which}_bytes", 0.0) + float(totals[number])
        rows, link, size = rows.where(moves), link[moves], size[moves]
        if len(rows) == 0:
            return
        for each in (self.busy, self.queue, self.carried):
            each.grow(len(self.links))
        at = {
            name: seconds(rows, f"{name}_ns")
            for name in ("submitted", "delivered", "queued", "wire", "propagation")
        }
        begun = at["submitted"] + at["queued"]
        wire = np.maximum(at["wire"], 1e-9)
        self.busy.add(link, begun, begun + at["wire"])
        self.queue.add(link, at["submitted"], begun)
        self.carried.add(link, begun, begun + wire, size / wire)
        for part in ("queued", "wire", "propagation"):
            for number, total in enumerate(np.bincount(link, at[part])):
                own = self.sums.setdefault(number, {})
                own[part] = own.get(part, 0.0) + float(total)
        for number in np.flatnonzero(np.bincount(link)):
            first = float(at["submitted"][link == number].min())
            self.first[int(number)] = min(first, self.first.get(int(number), first))
        inside = self.windows.overlapping(at["submitted"], at["delivered"])
        self.kept.add(
            {
                "row": link[inside],
                "microbatch": rows.where(inside).numbers("microbatch"),
                "bytes": size[inside],
                **{name: at[name][inside] for name in ("submitted", "queued", "wire", "propagation")},
            }
        )


class DecisionPass(Pass):
    """decisions.csv: every decision of a small run, else the changes of bits and an even sample."""

    NAMES = ["time", "link", "microbatch", "policy", "bits", "observed", "changed", "seen", *SEEN]

    def __init__(self, path):
        self.table = Table(
            path / "decisions.csv",
            ["time_ns", "from", "to", "microbatch", "policy", "bits_per_value"],
            LIMITS["decisions"],
        )
        self.links, self.policies, self.count, self.changed = {}, {}, 0, 0
        self._before, self._every = {}, 1
        self.changes, self.kept = [], Kept(MOST_DECISIONS)
        self._step = None

    def _take(self, rows):
        link = link_numbers(rows, self.links)
        time, bits = seconds(rows, "time_ns"), rows.numbers("bits_per_value")
        changed = self._changed(link, bits)
        self._note_changes(time[changed])
        if self._step is None:
            total = max(1, self.table.size * len(rows) // max(1, rows.bytes_read()))
            self._step = max(1, -(-total // (MOST_DECISIONS // 2)))
        wanted = np.arange(self.count, self.count + len(rows)) % self._step == 0
        room = MOST_DECISIONS // 3
        wanted |= changed & (np.cumsum(changed) + self.changed <= room)
        self.count += len(rows)
        self.changed += int(changed.sum())
        rows = rows.where(wanted)
        policy, policies = rows.texts("policy")
        columns = {
            "time": time[wanted],
            "link": link[wanted],
            "microbatch": rows.numbers("microbatch"),
            "policy": policy,
            "bits": bits[wanted],
            "changed": changed[wanted].astype(float),
        }
        self.policies = policies
        empty = np.full(len(rows), np.nan)
        columns["observed"] = (
            rows.numbers("observed_mbit_per_s") if rows.has("observed_mbit_per_s") else empty
        )
        for name in SEEN:
            columns[name] = rows.numbers(name) if rows.has(name) else empty
        seen = rows.strings("seen") if rows.has("seen") else []
        columns["seen"] = np.array([len(each.split()) for each in seen], dtype=float) if seen else empty
        self.kept.add(columns)

    def _note_changes(self, instants):
        """Keeps an even sample of all instants, whose number is not known beforehand."""
        first = -self.changed % self._every
        self.changes.extend(instants[first :: self._every])
        while len(self.changes) > MOST_CHANGES:
            self.changes = self.changes[::2]
            self._every *= 2

    def _changed(self, link, bits):
        """Which decisions differ from the one before on their link."""
        changed = np.zeros(len(link), dtype=bool)
        for number in np.flatnonzero(np.bincount(link)):
            own = np.flatnonzero(link == number)
            values = bits[own]
            before = np.append(self._before.get(number, values[0]), values[:-1])
            changed[own] = values != before
            self._before[number] = values[-1]
        return changed
