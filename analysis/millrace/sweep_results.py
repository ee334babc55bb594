"""The results of a sweep, from its sweep.sqlite: a column per swept key and per figure. The tables are
described in sim/sweep/store.hpp."""

import json
import math
import sqlite3
from pathlib import Path

from .tables import RunError

# [column of the view `cells`, name, unit, factor to that unit]
FIGURES = [
    ("throughput_images_per_s", "throughput", "images/s", 1),
    ("latency_p50_ms", "latency p50", "ms", 1),
    ("latency_p95_ms", "latency p95", "ms", 1),
    ("latency_p99_ms", "latency p99", "ms", 1),
    ("accuracy", "top-1 accuracy", "%", 100),
    ("bits_per_value_mean", "bits per value", "bits", 1),
    ("megabytes", "sent over links", "MB", 1),
    ("duration_s", "duration", "s", 1),
    ("images", "images", "", 1),
    ("microbatches", "microbatches", "", 1),
]
SCALES = {
    "bit/s": [(1e9, "Gbit/s"), (1e6, "Mbit/s"), (1e3, "kbit/s"), (1, "bit/s")],
    "s": [(60, "min"), (1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")],
    "B": [(2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B")],
    "FLOP/s": [(1e12, "TFLOP/s"), (1e9, "GFLOP/s"), (1e6, "MFLOP/s"), (1, "FLOP/s")],
}
# Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom; beyond, the expansion in 1/df.
STUDENT_T = [
    12.706205,
    4.302653,
    3.182446,
    2.776445,
    2.570582,
    2.446912,
    2.364624,
    2.306004,
    2.262157,
    2.228139,
    2.200985,
    2.178813,
    2.160369,
    2.144787,
    2.131450,
    2.119905,
    2.109816,
    2.100922,
    2.093024,
    2.085963,
    2.079614,
    2.073873,
    2.068658,
    2.063899,
    2.059539,
    2.055529,
    2.051831,
    2.048407,
    2.045230,
    2.042272,
]


def student_t(degrees):
    if degrees <= len(STUDENT_T):
        return STUDENT_T[degrees - 1]
    z = 1.959964
    return z + (z**3 + z) / (4 * degrees) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)


def is_sweep(path):
    return (Path(path) / "sweep.sqlite").is_file()


class SweepResults:
    """`cells`: a dict per cell of the block, in its order: columns of the view `cells`, without the summary.
    `settings[position][key]`: (value as written, number or None, unit)."""

    def __init__(self, path):
        path = Path(path)
        self.database = path / "sweep.sqlite" if path.is_dir() else path
        self.folder = self.database.parent
        if not self.database.is_file():
            raise RunError(f"reading {path}: not a sweep, there is no sweep.sqlite in it")
        try:
            self._read()
        except sqlite3.Error as error:
            raise RunError(f"reading {self.database}: {error}") from error

    def _read(self):
        connection = sqlite3.connect(f"{self.database.resolve().as_uri()}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version != 1:
                raise RunError(f"reading {self.database}: version {version}, this program reads version 1")
            found = connection.execute("SELECT value FROM meta WHERE key = 'name'").fetchone()
            self.name = found[0] if found else self.folder.name
            self.settings, self.keys = {}, {}
            for row in connection.execute("SELECT * FROM setting ORDER BY position, rowid"):
                self.settings.setdefault(row["position"], {})[row["key"]] = (
                    row["value"],
                    row["number"],
                    row["unit"],
                )
                self.keys[row["key"]] = None
            self.keys = list(self.keys)
            self.cells, self.caveats = [], {}
            failures = self._failures(connection)
            for row in connection.execute("SELECT * FROM cells ORDER BY position"):
                cell = dict(row)
                self._take_summary(cell, cell.pop("summary", None))
                cell["error"] = failures.get(cell.get("cell_key")) if not cell["finished"] else None
                cell["status"] = (
                    "finished" if cell["finished"] else "missing" if cell["error"] is None else "failed"
                )
                self.cells.append(cell)
        finally:
            connection.close()

    @staticmethod
    def _failures(connection):
        """{key of a cell: why it failed}"""
        try:
            return {
                row["cell_key"]: row["message"] or "failed"
                for row in connection.execute("SELECT cell_key, message FROM failure")
            }
        except sqlite3.OperationalError:  # a file of results alone
            return {}

    def _take_summary(self, cell, text):
        cell["finished"] = text is not None
        try:
            summary = json.loads(text) if text else {}
        except ValueError:
            summary = {}
        for caveat in summary.get("caveats") or []:
            identity = str(caveat.get("id", ""))
            self.caveats.setdefault(identity, [str(caveat.get("text", "")), 0])[1] += 1

    def column(self, key):
        """(texts, numbers, unit) of a key over all cells; a number is None where the value is none."""
        rows = [self.settings.get(cell["position"], {}).get(key) for cell in self.cells]
        units = [row[2] for row in rows if row and row[2]]
        return (
            [row[0] if row else None for row in rows],
            [row[1] if row else None for row in rows],
            (units[0] if units else ""),
        )

    def scaled(self, key):
        """(texts, numbers in a readable unit, unit); numbers are None unless all cells with the key have
        one."""
        texts, numbers, unit = self.column(key)
        if any(text is not None and number is None for text, number in zip(texts, numbers)):
            return texts, None, ""
        least = min((abs(number) for number in numbers if number), default=1)
        factor, name = next(((f, n) for f, n in SCALES.get(unit, []) if f <= least), (1, unit))
        return texts, [None if number is None else number / factor for number in numbers], name

    def figure(self, column, factor=1):
        return [
            None if cell.get(column) is None or not math.isfinite(cell[column]) else cell[column] * factor
            for cell in self.cells
        ]
