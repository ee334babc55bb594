"""Reads a run directory. A run that was killed is a run: a last line that was cut off is dropped, a file that
was never written is an empty table. Times become seconds of scenario time, everything else keeps its unit."""

import csv
import json
from pathlib import Path

import numpy as np

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


class RunError(Exception):
    """The directory is not a run directory, or a file in it is not as a run writes it."""


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
        self.transfers = self._table("transfers")
        self.activations = self.transfers.where(self.transfers["kind"] == "activation")
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
        instants = [self.microbatches["completed"], self.stages["sent"], self.transfers["delivered"]]
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

    def stage_numbers(self):
        return [int(stage) for stage in np.unique(self.stages["stage"])]

    def device_of(self, stage):
        return self.stages["device"][self.stages["stage"] == stage][0]

    def _table(self, name):
        path = self.path / f"{name}.csv"
        columns = COLUMNS[name]
        rows = _rows(path, columns) if path.is_file() else []
        table = {}
        for index, column in enumerate(columns):
            cells = [row[index] for row in rows]
            if column in TEXT:
                table[column] = np.array(cells, dtype=object)
            else:
                values = _numbers(path, column, cells)
                seconds = column.endswith("_ns")
                table[column.removesuffix("_ns")] = values * 1e-9 if seconds else values
        return Table(table)


def _empty(name):
    return Table({column: np.zeros(0) for column in COLUMNS[name]})


def _rows(path, columns):
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = text.split("\n")[:-1]  # the rest after the last line break is cut off or empty
    if not lines:
        return []
    reader = csv.reader(lines)
    header = next(reader)
    missing = [column for column in columns if column not in header]
    if missing:
        raise RunError(f"reading {path}: no column {', '.join(missing)}")
    order = [header.index(column) for column in columns]
    rows = []
    for row in reader:
        if len(row) != len(header):
            raise RunError(f"{path}:{reader.line_num}: {len(row)} fields, the header has {len(header)}")
        rows.append([row[index] for index in order])
    return rows


def _numbers(path, column, cells):
    try:
        return np.array([cell if cell else "nan" for cell in cells], dtype=str).astype(float)
    except ValueError as error:
        raise RunError(f"reading {path}: column {column}: {error}") from error


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
