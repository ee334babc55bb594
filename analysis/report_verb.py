#!/usr/bin/env python3
"""Reports of runs and sweeps: one HTML page that works offline, and figures for papers. `millrace report`
calls it."""

import argparse
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

try:
    import numpy  # noqa: F401
except ImportError:
    sys.exit(
        "error: drawing reports needs numpy, which is not installed. As root: apt-get install python3-numpy"
    )

from millrace.page.run_page import digests_of, labels_of, page_of  # noqa: E402
from millrace.page.sweep_page import sweep_page  # noqa: E402
from millrace.sweep_results import SweepResults, is_sweep  # noqa: E402
from millrace.tables import RunError  # noqa: E402
from output import is_standard_output, write_output  # noqa: E402


FORMATS = ("pdf", "svg", "png")


class Progress:
    """What is being read, on stderr: on a terminal one line that changes, else a line when it takes long."""

    def __init__(self):
        self._terminal, self._begun, self._shown = sys.stderr.isatty(), time.monotonic(), False

    def __call__(self, text):
        spent = time.monotonic() - self._begun
        if self._terminal:
            print(f"\r\x1b[K{text} … {spent:.0f} s", end="", file=sys.stderr, flush=True)
            self._shown = True
        elif spent > 2:
            print(f"{text} … {spent:.0f} s", file=sys.stderr, flush=True)

    def end(self):
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def parse(arguments):
    parser = argparse.ArgumentParser(prog="millrace report", description=__doc__)
    parser.add_argument("--millrace", help=argparse.SUPPRESS)
    parser.add_argument("runs", metavar="RUN", nargs="+", help="run directories, or one sweep's folder")
    parser.add_argument("--html", metavar="FILE")
    for form in FORMATS:
        parser.add_argument(f"--{form}", metavar="DIR", help=f"figures for papers as {form.upper()}")
    parser.add_argument("--width", default="column", help="column, page, or inches")
    parser.add_argument("--over", metavar="KEY", help="of a sweep's figures")
    parser.add_argument("--span", metavar="BEGIN,END", action="append", default=[])
    return parser.parse_args(arguments)


def spans_of(texts):
    spans = []
    for text in texts:
        try:
            begin, end = (float(part) for part in text.split(","))
        except ValueError:
            begin, end = 0.0, -1.0
        if not 0 <= begin < end:
            print(f"error: --span {text}: expected two instants in s, 10.5,12 for instance", file=sys.stderr)
            sys.exit(2)
        spans.append((begin, end))
    return spans


def width_of(text):
    """Inches."""
    try:
        inches = figures().WIDTHS.get(text) or float(text)
    except ValueError:
        inches = 0.0
    if not 1.5 <= inches <= 40:
        print(f"error: --width {text}: expected column, page, or inches from 1.5 to 40", file=sys.stderr)
        sys.exit(2)
    return inches


def figures():
    """The module that draws figures; only they need matplotlib."""
    try:
        from millrace import figures as module
    except ImportError as error:
        print(
            f"error: drawing figures needs matplotlib: {error}. As root: apt-get install python3-matplotlib",
            file=sys.stderr,
        )
        sys.exit(1)
    return module


def write_figures(options, digests, told):
    """Every figure in every format that was asked for."""
    module, width = figures(), width_of(options.width)
    if is_sweep(options.runs[0]):
        from millrace import sweep_figures

        drawn = sweep_figures.of_sweep(SweepResults(options.runs[0]), options.over, width)
    else:
        drawn = module.of_runs(digests, labels_of(digests), width)
    for form in FORMATS:
        folder = getattr(options, form)
        if not folder:
            continue
        os.makedirs(folder, exist_ok=True)
        for name, figure in drawn.items():
            told(f"{name}.{form}")
            write_output(os.path.join(folder, f"{name}.{form}"), module.saved(figure, form))
        told.end()
        print(f"figures: {folder}: {', '.join(f'{name}.{form}' for name in drawn)}", file=sys.stderr)


def write_page(options, digests, target):
    page = sweep_page(options.runs[0], target) if is_sweep(options.runs[0]) else page_of(digests)
    write_output(target, page.encode("utf-8"))
    if not is_standard_output(target):
        print(f"report: {target} ({os.path.getsize(target) / 1e6:.1f} MB)", file=sys.stderr)


def usual_file(runs):
    return str(Path(runs[0]) / "report.html") if len(runs) == 1 else "report.html"


def main(arguments):
    options = parse(arguments)
    drawing = any(getattr(options, form) for form in FORMATS)
    several_sweeps = len(options.runs) > 1 and any(is_sweep(path) for path in options.runs)
    if several_sweeps or (options.over and not is_sweep(options.runs[0])):
        print(
            "error: a sweep is reported alone; name one sweep's folder, or run directories"
            if several_sweeps
            else "error: --over is for a sweep's folder",
            file=sys.stderr,
        )
        return 2
    told = Progress()
    target = options.html or (None if drawing else usual_file(options.runs))
    spans = spans_of(options.span)
    try:
        digests = [] if is_sweep(options.runs[0]) else digests_of(options.runs, spans, told)
        told.end()
        if target:
            write_page(options, digests, target)
        if drawing:
            write_figures(options, digests, told)
    except RunError as error:
        told.end()
        print(f"error: {error}", file=sys.stderr)
        return 3
    except OSError as error:
        told.end()
        print(f"error: writing {error.filename or target}: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
