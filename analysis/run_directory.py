"""Reads a run directory. A run that was killed is a run: a last line that was cut off is dropped, a file that
was never written is an empty table. Times become seconds of scenario time, everything else keeps its unit."""

import json
from pathlib import Path

import numpy as np

from millrace import colours, passes
from millrace.tables import RunError, whole_table

# The columns each table is read for; `text` ones stay strings, the others become floats (empty: NaN).
COLUMNS = {
    "microbatches": ["microbatch", "images", "created_ns", "completed_ns", "latency_ms"],
    "stages": ["stage", "device", "microbatch", "images", "arrived_ns", "started_ns", "computed_ns",
               "encoded_ns", "sent_ns", "decode_ns", "compute_ns", "encode_ns", "bit_width", "values",
               "bytes"],
    "transfers": ["from", "to", "kind", "microbatch", "bytes", "submitted_ns", "delivered_ns", "queued_ns",
                  "wire_ns", "propagation_ns"],
    "decisions": ["time_ns", "from", "to", "microbatch", "policy", "bits_per_value"],
    "outputs": ["microbatch", "label_rank"],
    "bandwidth": ["from", "to", "time_ns", "rate_mbit_per_s"],
    "links": ["from", "to", "time_ns", "interval_ns", "offered_bytes", "delivered_bytes", "queued_bytes",
              "dropped_bytes", "lost_bytes", "capacity_bytes"],
}
TEXT = {"device", "from", "to", "kind", "policy"}


class Table:
    """Columns of equal length; `*_ns` columns are in seconds under the name without the unit."""

    def __init__(self, columns):
        self._columns = columns

    def __getitem__(self, name):
        return self._columns[name]

    def __len__(self):
        return len(next(iter(self._columns.values())))

    def where(self, mask):
        return Table({name: values[mask] for name, values in self._columns.items()})


class RunDirectory:
    def __init__(self, path):
        self.path = Path(path)
        manifest = self.path / "manifest.json"
        if not manifest.is_file():
            raise RunError(f"reading {self.path}: not a run directory, there is no manifest.json in it")
        self.manifest = _read_json(manifest)
        self.summary = _summary(self.path / "summary.json")
        self.microbatches = self._table("microbatches")
        self.stages = self._table("stages")
        self._by_link, self._by_stage = None, {}
        self.activations = self._table("transfers", _are_activations)
        self.bandwidth = self._table("bandwidth")
        self.decisions = self._table("decisions")
        self.links = self._table("links")

    @property
    def label_ranks(self):
        """One row per image with a label; empty where the run ranked no labels. Read on first use."""
        path = self.path / "outputs.csv"
        if not path.is_file():
            return _empty("outputs")
        with open(path, encoding="utf-8", errors="replace") as file:
            ranked = "label_rank" in file.readline().strip().split(",")
        return self._table("outputs") if ranked else _empty("outputs")

    @property
    def finished(self):
        return self.summary is not None

    @property
    def duration(self):
        """Seconds from 0 to the end of the run, or to the last record of a killed run."""
        if self.summary and self.summary.get("duration_s"):
            return float(self.summary["duration_s"])
        instants = [self.microbatches["completed"], self.stages["sent"], self.activations["delivered"]]
        known = np.concatenate(instants)
        known = known[np.isfinite(known)]
        return float(known.max()) if len(known) else 0.0

    @property
    def caveats(self):
        """[(id, text)] of the caveats; of a killed run, those known before it ran."""
        rows = (self.summary or self.manifest).get("caveats")
        return [(str(row.get("id", "")), str(row.get("text", "")))
                for row in rows or [] if isinstance(row, dict)]

    @property
    def conditions(self):
        """How the figures were obtained, beyond mode and network: a list of words."""
        facts = self.summary or self.manifest
        words = {"imitated": "compute imitated", "measured": "compute measured",
                 "not applied": "links not applied"}
        return [words[facts[key]] for key in ("compute", "link_conditions") if facts.get(key) in words]

    @property
    def caption(self):
        """The caption of a figure that stands alone: a short form of what report.png says in full."""
        incomplete = not self.finished or any(name == "incomplete" for name, _ in self.caveats)
        words = ["INCOMPLETE"] if incomplete else []
        return "  ·  ".join(words + [word for word in self.conditions if word != "compute measured"])

    def activations_of(self, link):
        """The activations of one link; an empty table where it carried none."""
        if self._by_link is None:
            numbers = {}
            number = np.array([numbers.setdefault(pair, len(numbers)) for pair in
                               zip(self.activations["from"], self.activations["to"])], dtype=int)
            order = np.argsort(number, kind="stable")
            ends = np.cumsum(np.bincount(number, minlength=len(numbers)))
            self._by_link = {pair: order[end - count:end] for pair, end, count in
                             zip(numbers, ends, np.diff(np.append(0, ends)))}
        return self.activations.where(self._by_link.get(link, np.zeros(0, dtype=int)))

    @property
    def active_links(self):
        """[(from, to)] in the order in which the table meets them."""
        self.activations_of(None)
        return list(self._by_link)

    def colour_of(self, link):
        """The link's colour, the same in every figure and on the page of `millrace report`."""
        devices = self.manifest.get("devices") or list(dict.fromkeys(name for pair in self.active_links
                                                                     for name in pair))
        return colours.of_devices(devices, [link])[f"{link[0]}>{link[1]}"][0]

    def work_of(self, stage):
        """The rows of one stage."""
        if stage not in self._by_stage:
            self._by_stage[stage] = self.stages.where(self.stages["stage"] == stage)
        return self._by_stage[stage]

    def stage_numbers(self):
        return [int(stage) for stage in np.unique(self.stages["stage"])]

    def device_of(self, stage):
        return self.work_of(stage)["device"][0]

    def _table(self, name, kept=None):
        columns = COLUMNS[name]
        read = whole_table(self.path / f"{name}.csv", columns, TEXT, passes.LIMITS.get(name), kept)
        table = {}
        for column in columns:
            values = read.pop(column)
            seconds = column.endswith("_ns")
            table[column.removesuffix("_ns")] = values * 1e-9 if seconds else values
        return Table(table)


def _are_activations(rows):
    kind, kinds = rows.texts("kind")
    return kind == (kinds.index("activation") if "activation" in kinds else -1)


def _empty(name):
    return Table({column: np.zeros(0) for column in COLUMNS[name]})


def _read_json(path):
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise RunError(f"reading {path}: {error}") from error
    if not isinstance(content, dict):
        raise RunError(f"reading {path}: not an object")
    return content


def _summary(path):
    """None where the run was killed before or while it wrote its summary."""
    try:
        return _read_json(path) if path.is_file() else None
    except RunError:
        return None
