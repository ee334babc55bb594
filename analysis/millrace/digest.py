"""A run reduced to what a report shows, in bounded time and memory however long the run was."""

import json
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from . import passes, windows
from .reduction import causal_rate, reduced_samples, reduced_steps, window_of
from .tables import RunError, Table, size_of, whole_table

ROWS = 150_000  # stage and link rows that are kept one by one, of all runs of a report together
BINS = 1500


def read_json(path):
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise RunError(f"reading {path}: {error}") from error
    if not isinstance(content, dict):
        raise RunError(f"reading {path}: not an object")
    return content


def _run_pass(name, arguments, told):
    """In a process of its own: tables are read side by side."""
    made = {"stages": passes.StagePass, "transfers": passes.TransferPass, "decisions": passes.DecisionPass}[
        name
    ]
    done = made(*arguments).run(told)
    return done


class Digest:
    """`rows`: how many rows are kept one by one. `wanted`: [(begin, end)] in s to be kept in any case.
    `told(text)` is called while tables are read."""

    def __init__(self, path, rows=ROWS, bins=BINS, wanted=(), told=None):
        self.path, self.bins, self._rows, self._wanted = Path(path), bins, rows, wanted
        self._told = told or (lambda text: None)
        if not (self.path / "manifest.json").is_file():
            raise RunError(f"reading {self.path}: not a run directory, there is no manifest.json in it")
        self.manifest = read_json(self.path / "manifest.json")
        self.summary = self._summary()
        self._read_microbatches()
        self._read_decisions()
        self._choose_windows()
        self._read_large_tables()
        self._read_links()

    @property
    def is_small(self):
        return self._rows < 500

    def smaller(self):
        """The same run with fewer rows and bins."""
        return Digest(self.path, self._rows // 3, max(100, self.bins // 2), self._wanted, self._told)

    # --- facts

    def _summary(self):
        """None where the run was killed before or while it wrote its summary."""
        try:
            return read_json(self.path / "summary.json") if (self.path / "summary.json").is_file() else None
        except RunError:
            return None

    @property
    def facts(self):
        return self.summary or self.manifest

    @property
    def name(self):
        return (self.manifest.get("scenario") or {}).get("name") or self.path.resolve().name

    @property
    def caveats(self):
        rows = [
            (str(row.get("id", "")), str(row.get("text", "")))
            for row in self.facts.get("caveats") or []
            if isinstance(row, dict)
        ]
        if self.summary is None:
            rows.insert(0, ("incomplete", "the run was killed; this is what it wrote until then."))
        return rows

    @property
    def scenario(self):
        path = self.path / "scenario.resolved.yaml"
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""

    @property
    def target(self):
        return (self.facts.get("policy") or {}).get("target_images_per_s")

    @property
    def throughput(self):
        written = (self.summary or {}).get("throughput_images_per_s")
        if written is not None:
            return float(written)
        return float(self.images.sum()) / self.duration if self.duration else 0.0

    def latency(self, share):
        """Seconds; nearest rank, as summary.json has it."""
        if len(self.latencies) == 0:
            return None
        return float(self.latencies[max(0, int(np.ceil(share * len(self.latencies) - 1e-9)) - 1)])

    # --- reading

    def _read_microbatches(self):
        self._told("microbatches.csv")
        columns = ["microbatch", "images", "created_ns", "completed_ns", "latency_ms"]
        table = whole_table(self.path / "microbatches.csv", columns, limit=passes.LIMITS["microbatches"])
        self.microbatch, self.images = table["microbatch"], table["images"]
        self.created, self.completed = table["created_ns"] * 1e-9, table["completed_ns"] * 1e-9
        self.latencies = np.sort(self.completed - self.created)
        known = (self.summary or {}).get("duration_s")
        self.duration = float(known) if known else self._last_instant()

    def _last_instant(self):
        """Of a killed run: the latest instant at the end of its tables."""
        latest = float(self.completed.max()) if len(self.completed) else 0.0
        for name, column in (("stages", "sent_ns"), ("transfers", "delivered_ns")):
            table = Table(self.path / f"{name}.csv", [column])
            for rows in table.last_pieces():
                values = rows.numbers(column)
                if len(values):
                    latest = max(latest, float(np.nanmax(values)) * 1e-9)
        return latest

    def _read_decisions(self):
        self._told("decisions.csv")
        self.decisions = passes.DecisionPass(self.path).run()

    def _choose_windows(self):
        stages, transfers = (size_of(self.path / f"{name}.csv") for name in ("stages", "transfers"))
        estimate = stages / 110 + transfers / 150  # rows: every other transfer is an activation
        self.whole = estimate <= self._rows
        if self.whole:
            self.windows = windows.whole(self.duration)
            return
        per_microbatch = estimate / max(1, len(self.microbatch))
        flying = (
            max(1.0, float(np.median(self.latencies)) * len(self.completed) / max(self.duration, 1e-9))
            if len(self.latencies)
            else 1.0
        )
        most = int(self._rows / (per_microbatch * (windows.AROUND + flying)))
        self.windows = windows.chosen_windows(
            self.created, self.completed, self.duration, self.decisions.changes, max(3, most), self._wanted
        )

    def _read_large_tables(self):
        shared = (self.path, self.duration, self.windows, self.bins, 2 * self._rows)
        large = size_of(self.path / "stages.csv") + size_of(self.path / "transfers.csv") > 30 << 20
        if large and (os.cpu_count() or 1) > 1:
            self._told("stages.csv and transfers.csv")
            with ProcessPoolExecutor(2) as pool:
                waiting = [pool.submit(_run_pass, name, shared, None) for name in ("stages", "transfers")]
                self.stages, self.transfers = (each.result() for each in waiting)
        else:
            self._told("stages.csv")
            self.stages = _run_pass("stages", shared, None)
            self._told("transfers.csv")
            self.transfers = _run_pass("transfers", shared, None)

    def _read_links(self):
        self._told("links.csv")
        columns = [
            "from",
            "to",
            "time_ns",
            "interval_ns",
            "delivered_bytes",
            "queued_bytes",
            "dropped_bytes",
            "lost_bytes",
            "capacity_bytes",
        ]
        self.traffic = self._by_link("links", columns)
        self.rates = self._by_link("bandwidth", ["from", "to", "time_ns", "rate_mbit_per_s"])

    def _by_link(self, name, columns):
        """{(from, to): {column: values}}, in order of time, in s."""
        table = whole_table(self.path / f"{name}.csv", columns, ("from", "to"), passes.LIMITS[name])
        links = {}
        if len(table["from"]) == 0:
            return links
        numbers, pairs = {}, list(zip(table["from"], table["to"]))
        number = np.array([numbers.setdefault(pair, len(numbers)) for pair in pairs])
        for pair, own in numbers.items():
            rows = np.flatnonzero(number == own)
            rows = rows[np.argsort(table["time_ns"][rows], kind="stable")]
            links[pair] = {
                column.removesuffix("_ns"): table[column][rows] * (1e-9 if column.endswith("_ns") else 1)
                for column in columns[2:]
            }
        return links

    # --- what follows from the tables

    @property
    def stage_numbers(self):
        return sorted(self.stages.devices)

    @property
    def active_links(self):
        """[(from, to)] of the links that activations crossed, in the order of their first one."""
        numbers = sorted(self.transfers.first, key=self.transfers.first.get)
        names = {number: pair for pair, number in self.transfers.links.items()}
        return [names[number] for number in numbers]

    @property
    def devices(self):
        listed = [str(device) for device in self.manifest.get("devices") or []]
        more = [
            *self.stages.devices.values(),
            *(name for pair in self.transfers.links for name in pair),
            *(name for pair in self.rates for name in pair),
        ]
        return list(dict.fromkeys([*listed, *more]))

    def rows_in_order(self):
        """[(kind, stage number or (from, to))]: in the order in which the first microbatch met them."""
        rows = [(self.stages.first[stage], 1, "stage", stage) for stage in self.stage_numbers]
        names = {number: pair for pair, number in self.transfers.links.items()}
        rows += [(first, 0, "link", names[number]) for number, first in self.transfers.first.items()]
        return [(kind, key) for _, _, kind, key in sorted(rows, key=lambda row: row[:2])]

    def attribution(self, stage):
        """Seconds of a stage's time, from the summary; of a killed run from the rows, where waiting beside
        other work counts as blocked too."""
        written = (self.summary or {}).get("stages") or []
        parts = ("decode", "compute", "encode", "blocked", "idle")
        if 0 < stage <= len(written):
            own = written[stage - 1].get("attribution_s", {})
            return {part: float(own.get(part) or 0.0) for part in parts}
        sums = {part: value / self.stages.table.share for part, value in self.stages.sums[stage].items()}
        busy = sum(sums[part] for part in ("decode", "compute", "encode"))
        blocked = min(sums["blocked"], max(0.0, self.duration - busy))
        return {
            **{part: sums[part] for part in parts[:3]},
            "blocked": blocked,
            "idle": max(0.0, self.duration - busy - blocked),
        }

    @property
    def window(self):
        return window_of(self.completed, self.duration)

    def throughput_series(self):
        """(time, images/s, low, high) over the last `window` seconds."""
        if len(self.completed) == 0 or self.duration == 0:
            return np.zeros(0), np.zeros(0), None, None
        at, rate = causal_rate(self.completed, self.images, self.window)
        return reduced_samples(at, rate, self.bins, self.duration)

    def capacity_series(self, link):
        """(time, Mbit/s, low, high), or nothing where the link's rate is not known."""
        own = self.rates.get(link)
        if own is None or len(own["time"]) == 0:
            return None
        inside = own["time"] <= self.duration
        inside[0] = True
        return reduced_steps(own["time"][inside], own["rate_mbit_per_s"][inside], self.bins, self.duration)

    def bin_times(self):
        return np.arange(self.bins) * (self.duration / self.bins)

    def notes(self):
        """Sentences on what the report could not hold."""
        said = []
        for name, each in (
            ("stages.csv", self.stages),
            ("transfers.csv", self.transfers),
            ("decisions.csv", self.decisions),
        ):
            if each.table.share < 1:
                said.append(
                    f"{name} is so large that {100 * each.table.share:.3g} % of it was read, in blocks "
                    "spread over the run."
                )
        if not self.whole:
            said.append(
                f"The run is too large for one page: {len(self.windows.spans)} parts of it are kept "
                "microbatch by microbatch, the rest as shares and extremes."
            )
        return said
