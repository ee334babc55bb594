"""Runs and sweeps for scripts and notebooks; tables are pandas frames. `import millrace` offers all of it.

Columns are named as in the files of a run directory (sim/run/README.md), with their unit: `created_ns`
is in ns of scenario time, `bytes` in bytes, `rate_mbit_per_s` in 10^6 bit/s. Numbers are numbers; names
are categories."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from .digest import ROWS, Digest, read_json
from .sweep_results import FIGURES, SweepResults, is_sweep
from .tables import RunError, Table

NAMES = {"device", "from", "to", "kind", "policy"}
LONG_TEXTS = {"seen", "logits_sha256"}
UNITS = {"bit/s": "bit_per_s", "s": "s", "B": "bytes", "FLOP/s": "flop_per_s", "/s": "per_s"}


def _pandas():
    try:
        import pandas
    except ImportError as error:
        raise ImportError(
            "frames need pandas, which is missing. As root: apt-get install python3-pandas"
        ) from error
    return pandas


def read_frame(path):
    """All rows of a CSV file of a run as a frame. A last line that was cut off is not a row; whole numbers
    are int64, or Int64 where cells are empty. A file that is absent is an empty frame."""
    pandas = _pandas()
    table = Table(path)
    parts = {name: [] for name in table.names}
    for rows in table.pieces():
        for name in table.names:
            if name in LONG_TEXTS:
                parts[name].append(np.array(rows.strings(name), dtype=object))
            else:
                parts[name].append(rows.texts(name)[0] if name in NAMES else rows.numbers(name))
    columns = {}
    for name, pieces in parts.items():
        values = np.concatenate(pieces) if pieces else np.zeros(0)
        if name in NAMES:
            names = table.texts.get(name, ([], []))[1]
            columns[name] = pandas.Categorical.from_codes(values.astype(int), categories=names)
        else:
            columns[name] = values if name in LONG_TEXTS else _whole_where_whole(pandas, values)
    return pandas.DataFrame(columns)


def _whole_where_whole(pandas, values):
    known = values[np.isfinite(values)]
    if len(known) == 0 or (known != np.floor(known)).any() or np.abs(known).max() > 2**53:
        return values
    if len(known) == len(values):
        return values.astype(np.int64)
    missing = ~np.isfinite(values)
    return pandas.arrays.IntegerArray(np.where(missing, 0, values).astype(np.int64), missing)


class Run:
    """A run directory: `Run("runs/x")`. Frames are read when they are first used.

    manifest, summary   dicts, as in manifest.json and summary.json (None: the run was killed)
    microbatches        microbatch, images, created_ns, completed_ns, latency_ms
    stages              a row per stage and microbatch: *_ns instants and durations, bit_width, values, bytes
    transfers           a row per message: from, to, kind, bytes, submitted_ns, delivered_ns, queued_ns, …
    decisions           a row per decision of a policy: time_ns, bits_per_value, observed_mbit_per_s, …
    outputs             a row per image: predicted, label_rank (0: right)
    links               traffic of the links per interval, in bytes of packets
    bandwidth           rate_mbit_per_s of each link from time_ns on"""

    TABLES = ("microbatches", "stages", "transfers", "decisions", "outputs", "links", "bandwidth")

    def __init__(self, path):
        self.path = Path(path)
        if not (self.path / "manifest.json").is_file():
            raise RunError(f"reading {self.path}: not a run directory, there is no manifest.json in it")
        self.manifest = read_json(self.path / "manifest.json")
        summary = self.path / "summary.json"
        self.summary = read_json(summary) if summary.is_file() else None
        self._frames = {}

    def __repr__(self):
        return f"millrace.Run({str(self.path)!r})"

    def __getattr__(self, name):
        if name not in Run.TABLES:
            raise AttributeError(f"a run has no {name!r}; its tables: {', '.join(Run.TABLES)}")
        if name not in self._frames:
            self._frames[name] = read_frame(self.path / f"{name}.csv")
        return self._frames[name]

    def __dir__(self):
        return [*super().__dir__(), *Run.TABLES]

    @property
    def throughput_images_per_s(self):
        return (
            Digest(self.path).throughput if self.summary is None else self.summary["throughput_images_per_s"]
        )

    @property
    def caveats(self):
        """What limits the truth of the figures: sentences."""
        return [row["text"] for row in (self.summary or self.manifest).get("caveats") or []]


class Sweep:
    """A sweep's folder: `Sweep("sweeps/x").cells` is a frame with a row per cell: name, status, variant,
    seed, figures with their units, run_directory, and for each swept key K the text as written in `K`
    and, where it is a number, the number in its base unit in `K_UNIT`:
    `network.links[1].rate_bit_per_s`."""

    def __init__(self, path):
        self._results = SweepResults(path)
        self.path, self.name, self.keys = self._results.folder, self._results.name, self._results.keys
        self._cells = None

    def __repr__(self):
        return f"millrace.Sweep({str(self.path)!r})"

    @property
    def cells(self):
        if self._cells is None:
            pandas, results = _pandas(), self._results
            frame = pandas.DataFrame(results.cells).drop(columns=["finished"], errors="ignore")
            for key in self.keys:
                texts, numbers, unit = results.column(key)
                frame[key] = texts
                if any(number is not None for number in numbers):
                    frame[f"{key}_{UNITS.get(unit, 'number')}"] = pandas.array(
                        numbers, dtype="Float64"
                    ).to_numpy(dtype=float, na_value=np.nan)
            for column, *_ in FIGURES:
                if column in frame:
                    frame[column] = frame[column].astype(float)
            self._cells = frame
        return self._cells

    def run(self, position):
        """The run of a cell, by its position in the block."""
        folder = self._results.cells[position].get("run_directory")
        if not folder:
            raise RunError(f"{self.path}: cell {position} has no run")
        return Run(folder if os.path.isabs(folder) else self.path / folder)


def program():
    """The path of `millrace`: $MILLRACE, that of this checkout, or the installed one."""
    beside = Path(__file__).resolve().parents[2] / "build" / "release" / "bin" / "millrace"
    found = os.environ.get("MILLRACE") or (str(beside) if beside.is_file() else shutil.which("millrace"))
    if not found:
        raise RunError(
            "there is no program millrace: build it with ./dev build, or set $MILLRACE to its path"
        )
    return found


def _words(scenario, settings, mode, seed):
    words = [str(scenario)]
    for key, value in (settings or {}).items():
        words += ["--set", f"{key}={json.dumps(value) if isinstance(value, (list, dict, bool)) else value}"]
    return words + (["--mode", mode] if mode else []) + ([] if seed is None else ["--seed", str(seed)])


def _call(words):
    done = subprocess.run([program(), *words], capture_output=True, text=True, check=False)
    return done, (done.stderr.strip() or f"it ended with code {done.returncode}")


def run(scenario, set=None, mode=None, seed=None, out=None):  # noqa: A002 (the name of the option)
    """Runs a scenario file and returns its Run. `set`: {key: value} as of --set, values with their units
    as text: {"network.links[1].rate": "10 Mbit/s"}; `out`: the run directory (default:
    runs/NAME-MODE-TIME). Raises RunError with what millrace said if it failed; a run whose `expect` was
    not met is returned."""
    with tempfile.TemporaryDirectory() as folder:
        note = Path(folder) / "directory"
        words = ["run", *_words(scenario, set, mode, seed), "--quiet", "--directory-file", str(note)]
        done, said = _call(words + (["--out", str(out)] if out else []))
        if done.returncode not in (0, 5):
            raise RunError(f"millrace run {scenario}: {said}")
        return Run(note.read_text(encoding="utf-8").strip())


def plan(scenario, set=None, mode=None, seed=None):  # noqa: A002
    """The best partition of a scenario as a dict: stages with devices and layers, throughput_images_per_s,
    latency_s, …, as `millrace plan --json` prints it. `set` as of run()."""
    done, said = _call(["plan", *_words(scenario, set, mode, seed), "--json"])
    if done.returncode:
        raise RunError(f"millrace plan {scenario}: {said}")
    return json.loads(done.stdout)


def figure(name, *paths, over=None, width="column"):
    """A figure for papers as a matplotlib figure: `.savefig("x.pdf")` writes it. Of runs: "throughput",
    "latency" (several are overlaid), "links", "attribution", "gantt". Of a sweep's folder:
    "throughput", "latency", "accuracy", "bits" over the key `over` with 95 % confidence intervals,
    "accuracy-against-rate". `width`: column, page, or inches."""
    from . import figures, sweep_figures

    inches = figures.WIDTHS.get(width) or float(width)
    if is_sweep(paths[0]):
        made = sweep_figures.of_sweep(SweepResults(paths[0]), over, inches)
    else:
        digests = [Digest(getattr(path, "path", path), ROWS // len(paths)) for path in paths]
        labels = [run.path.resolve().name for run in digests]
        draw = {"throughput": figures.throughput, "latency": figures.latency}.get(name)
        one = {"links": figures.links, "attribution": figures.attribution, "gantt": figures.gantt}.get(name)
        made = (
            {name: draw(digests, labels, inches)} if draw else {name: one(digests[0], inches)} if one else {}
        )
    if name not in made:
        raise RunError(
            f"there is no figure {name!r} here" + (f"; there are {', '.join(made)}" if made else "")
        )
    return made[name]
